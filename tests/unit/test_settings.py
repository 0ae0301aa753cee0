"""Settings: where they come from, what is refused and how it is told, and that no secret shows."""

import re
from collections.abc import Mapping
from pathlib import Path

import attrs
import pytest

from domain.errors import InvalidSettings
from entrypoints.settings import FIELDS, SECRETS, Settings, load_settings
from entrypoints.settings_docs import ENV_EXAMPLE, TABLE, env_example, settings_table
from entrypoints.settings_together import BOUNDS, Bound
from entrypoints.settings_types import HostPort, LogLevel, Secret, TelegramMode

TOKEN = "123456789:AAplanted-token-of-the-tests_0123456789"


def load(folder: Path, variables: Mapping[str, str], required: tuple[str, ...] = ()) -> Settings:
    """Load with these variables, named without the prefix."""
    environ = {f"OPENCLAW_{name}": text for name, text in variables.items()}
    return load_settings(environ | {"PATH": "/bin", "HOME": "/"}, folder, required)


def faults_of(folder: Path, variables: Mapping[str, str], required: tuple[str, ...] = ()) -> tuple[str, ...]:
    with pytest.raises(InvalidSettings) as refusal:
        load(folder, variables, required)
    return refusal.value.reasons


def test_without_any_variable_the_defaults_stand(tmp_path: Path) -> None:
    settings = load(tmp_path, {})
    assert attrs.evolve(settings, instance="x") == Settings(instance="x")
    assert settings.telegram_api_url == "https://api.telegram.org"
    assert settings.telegram_mode is TelegramMode.POLLING
    assert re.fullmatch(r"[A-Za-z0-9._-]+-[0-9]+", settings.instance)


def test_every_type_is_read_from_text(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        {
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_MODE": "webhook",
            "WEBHOOK_URL": "https://bot.example.org/hook",
            "WEBHOOK_SECRET": "s3cret_-",
            "WEBHOOK_LISTEN": "[::1]:0",
            "HEALTH_LISTEN": " 0.0.0.0:9000 ",
            "ADMINS": "12, 34,",
            "RATE_CHAT_PER_S": "0.5",
            "RATE_BOT_PER_S": "0",
            "LOG_LEVEL": "debug",
            "DATA_DIR": "/var/lib/openclaw",
            "REDIS_URL": "unix:///run/valkey.sock?db=0",
        },
    )
    assert settings.telegram_token == Secret(TOKEN)
    assert settings.webhook_listen == HostPort("::1", 0)
    assert str(settings.webhook_listen) == "[::1]:0"
    assert settings.health_listen == HostPort("0.0.0.0", 9000)
    assert settings.admins == {12, 34}
    assert settings.rate_chat_per_s == 0.5
    assert settings.rate_bot_per_s == 0
    assert settings.log_level is LogLevel.DEBUG
    assert settings.data_dir == Path("/var/lib/openclaw")
    assert settings.redis_url is not None
    assert settings.redis_url.reveal() == "unix:///run/valkey.sock?db=0"


def test_environment_validation(tmp_path: Path) -> None:
    faults = faults_of(
        tmp_path,
        {
            "TELEGRAM_TOKEN": "my-token",
            "TELEGRAM_MODE": "carrier-pigeon",
            "WEBHOOK_SECRET": "with spaces",
            "WEBHOOK_LISTEN": "8080",
            "ADMINS": "@somebody",
            "ROUND_MAX": "0",
            "CLAIM_S": "soon",
            "STOP_TIMEOUT_S": "inf",
            "POSTGRES_URL": "mysql://u:pass@host/db",
            "DATA_DRI": "/tmp",
            "SOMETHING": "else",
        },
        required=("redis_url", "postgres_url"),
    )
    assert faults == (
        "OPENCLAW_DATA_DRI: unknown; did you mean OPENCLAW_DATA_DIR?",
        "OPENCLAW_SOMETHING: unknown; see .env.example for all names",
        "OPENCLAW_TELEGRAM_TOKEN: must be a bot token as @BotFather gives it: digits, a colon, letters and digits",
        "OPENCLAW_TELEGRAM_MODE: must be one of: polling, webhook",
        "OPENCLAW_WEBHOOK_SECRET: must be 1 to 256 characters of A-Z, a-z, 0-9, _ and -",
        "OPENCLAW_ADMINS: must be Telegram ids (numbers, not names) with commas between them",
        "OPENCLAW_POSTGRES_URL: must be a URL that starts with postgresql:// or postgres://",
        "OPENCLAW_WEBHOOK_LISTEN: must be host:port, such as 127.0.0.1:8080 or [::1]:8080",
        "OPENCLAW_CLAIM_S: must be a number",
        "OPENCLAW_STOP_TIMEOUT_S: must be a number",
        "OPENCLAW_ROUND_MAX: must be 1 or more",
        "OPENCLAW_REDIS_URL: missing",
    )


@pytest.mark.parametrize(
    ("variables", "fault"),
    [
        ({"TELEGRAM_MODE": "webhook", "WEBHOOK_SECRET": "x"}, "WEBHOOK_URL: missing; webhooks need it"),
        (
            {"TELEGRAM_MODE": "webhook", "WEBHOOK_URL": "https://x.org"},
            "WEBHOOK_SECRET: missing; webhooks need it",
        ),
        (
            {"WEBHOOK_SECRET_PREVIOUS": "x"},
            "WEBHOOK_SECRET_PREVIOUS: needs OPENCLAW_WEBHOOK_SECRET beside it",
        ),
        (
            {"CLAIM_S": "12", "CALL_TIMEOUT_S": "10"},
            "CLAIM_S: must be at least 3 more than OPENCLAW_CALL_TIMEOUT_S",
        ),
        (
            {"HANDLER_TIMEOUT_S": "30"},
            "HANDLER_TIMEOUT_S: must be less than OPENCLAW_CLAIM_S, which bounds the transaction around it",
        ),
        (
            {"RETRY_FIRST_S": "10", "RETRY_LONGEST_S": "9"},
            "RETRY_LONGEST_S: must not be less than OPENCLAW_RETRY_FIRST_S",
        ),
        ({"LANES_MAX": "99"}, "LANES_MAX: must not be less than OPENCLAW_ROUND_MAX"),
        (
            {"NOTICE_GATHER_S": "60", "NOTICE_EVERY_S": "59"},
            "NOTICE_EVERY_S: must not be less than OPENCLAW_NOTICE_GATHER_S, or be 0",
        ),
        ({"RETRY_LONGEST_S": "86401"}, "RETRY_LONGEST_S: must be from 0.01 to 86400"),
        ({"RETRY_FIRST_S": "0"}, "RETRY_FIRST_S: must be from 0.01 to 3600"),
        ({"SCHEDULER_TICK_S": "61"}, "SCHEDULER_TICK_S: must be from 0.05 to 60"),
        ({"SERVER_RETRY_LONGEST_S": "0.1"}, "SERVER_RETRY_LONGEST_S: must be from 0.2 to 3600"),
        ({"LANES_MAX": "0"}, "LANES_MAX: must be from 1 to 100000"),
        ({"NOTICE_GATHER_S": "-1"}, "NOTICE_GATHER_S: must be 0 or more"),
        (
            {"WEBHOOK_SECRET": "x" * 257},
            "WEBHOOK_SECRET: must be 1 to 256 characters of A-Z, a-z, 0-9, _ and -",
        ),
        (
            {"REDIS_URL": "redis://"},
            "REDIS_URL: must be a URL that starts with redis:// or rediss:// or unix://",
        ),
        (
            {"INSTANCE": "a b"},
            "INSTANCE: must be 1 to 64 characters of A-Z, a-z, 0-9, . _ -",
        ),
        ({"SWEEP_GRACE_S": "0"}, "SWEEP_GRACE_S: must be above 0"),
        ({"RATE_CHAT_PER_S": "-1"}, "RATE_CHAT_PER_S: must be 0 or more"),
        ({"RATE_BOT_PER_S": "1.5"}, "RATE_BOT_PER_S: must be a whole number"),
    ],
)
def test_one_fault_is_told_by_name_with_its_remedy(
    tmp_path: Path, variables: Mapping[str, str], fault: str
) -> None:
    assert faults_of(tmp_path, variables) == (f"OPENCLAW_{fault}",)


@pytest.mark.parametrize("bound", BOUNDS)
def test_every_bound_between_two_settings_holds_by_default_and_names_both(bound: Bound) -> None:
    assert bound.holds(Settings())
    assert bound.fault().startswith(f"OPENCLAW_{bound.name.upper()}: ")
    assert f"OPENCLAW_{bound.other.upper()}" in bound.fault()
    assert {bound.name, bound.other} <= {each.name for each in FIELDS}


def test_notices_that_are_switched_off_need_no_longer_time_than_they_gather(tmp_path: Path) -> None:
    assert load(tmp_path, {"NOTICE_EVERY_S": "0"}).notice_every_s == 0


def test_bounds_that_meet_are_fine(tmp_path: Path) -> None:
    load(tmp_path, {"RETRY_FIRST_S": "9", "RETRY_LONGEST_S": "9", "LANES_MAX": "100", "NOTICE_EVERY_S": "30"})


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    assert load(tmp_path, {"TELEGRAM_TOKEN": "", "ROUND_MAX": "  "}).telegram_token is None
    assert faults_of(tmp_path, {"REDIS_URL": ""}, ("redis_url",)) == ("OPENCLAW_REDIS_URL: missing",)


def test_the_environment_wins_over_the_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "# comment\nexport OPENCLAW_INSTANCE='from file'\nOTHER=ignored\nOPENCLAW_ROUND_MAX=7\n"
        'OPENCLAW_POSTGRES_URL="postgresql://u:a$HOME@h/db #b"\n'
    )
    settings = load(tmp_path, {"INSTANCE": "from-environment"})
    assert settings.instance == "from-environment"
    assert settings.round_max == 7
    assert settings.postgres_url == Secret("postgresql://u:a$HOME@h/db #b")


def test_faults_of_the_env_file_are_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OPENCLAW_ROUND_MAX=1\nno assignment here at all\nOPENCLAW_ROUND_MIN=1\n")
    assert faults_of(tmp_path, {}) == (
        ".env, line 2: must be NAME=value",
        "OPENCLAW_ROUND_MIN: unknown; did you mean OPENCLAW_ROUND_MAX?",
    )


def test_another_env_file_can_be_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OPENCLAW_ROUND_MAX=1\n")
    (tmp_path / "other").write_text("OPENCLAW_ROUND_MAX=2\n")
    assert load(tmp_path, {"ENV_FILE": "other"}).round_max == 2
    assert load(tmp_path, {"ENV_FILE": str(tmp_path / "other")}).round_max == 2
    assert faults_of(tmp_path, {"ENV_FILE": "none"}) == (
        "OPENCLAW_ENV_FILE: names a file that does not exist",
    )


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    settings = load(tmp_path, {"TELEGRAM_TOKEN_FILE": str(tmp_path / "token")}, ("telegram_token",))
    assert settings.telegram_token == Secret(TOKEN)


def test_faults_of_secret_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    faults = faults_of(
        tmp_path,
        {
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_TOKEN_FILE": "empty",
            "REDIS_URL_FILE": "none",
            "POSTGRES_URL_FILE": "empty",
            "WEBHOOK_SECRET_FILE": "binary",
            "ROUND_MAX_FILE": "empty",
        },
        ("postgres_url",),
    )
    assert sorted(faults) == [
        "OPENCLAW_POSTGRES_URL: the file that OPENCLAW_POSTGRES_URL_FILE names is empty",
        "OPENCLAW_REDIS_URL: the file that OPENCLAW_REDIS_URL_FILE names cannot be read (no such file or directory)",
        "OPENCLAW_ROUND_MAX_FILE: unknown; did you mean OPENCLAW_ROUND_MAX?",
        "OPENCLAW_TELEGRAM_TOKEN: set twice, here and as OPENCLAW_TELEGRAM_TOKEN_FILE; keep one",
        "OPENCLAW_WEBHOOK_SECRET: the file that OPENCLAW_WEBHOOK_SECRET_FILE names cannot be read (not UTF-8 text)",
    ]


def test_no_secret_shows_in_a_text_of_the_settings_or_in_a_fault(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        {
            "TELEGRAM_TOKEN": TOKEN,
            "POSTGRES_URL": "postgresql://u:p%40ss-planted@h/db",
            "WEBHOOK_SECRET": "w",
        },
    )
    shown = f"{settings} {settings!r} {settings.telegram_token} {settings.postgres_url!s:>10}"
    assert "planted" not in shown
    assert "[hidden]" in shown
    planted = {name.upper(): "planted value" for name in {each.name for each in FIELDS}}
    assert not any("planted value" in fault for fault in faults_of(tmp_path, planted))


def test_all_secret_texts_are_known_passwords_of_urls_included(tmp_path: Path) -> None:
    settings = load(tmp_path, {"TELEGRAM_TOKEN": TOKEN, "POSTGRES_URL": "postgresql://u:p%40ss@h/db"})
    assert set(settings.secret_texts()) == {TOKEN, "postgresql://u:p%40ss@h/db", "p%40ss", "p@ss"}


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Settings().round_max = 1


def test_every_secret_is_typed_as_one() -> None:
    suspicious = {each.name for each in FIELDS if re.search(r"token|secret|password|_key", each.name)}
    assert suspicious <= SECRETS


def test_the_example_file_and_the_table_are_what_the_settings_say() -> None:
    remedy = "run: python -m entrypoints.settings_docs"
    assert ENV_EXAMPLE.read_text(encoding="utf-8") == env_example(), remedy
    assert TABLE.read_text(encoding="utf-8") == settings_table(), remedy


def test_the_example_file_is_valid_as_it_stands_and_with_every_line_put_into_force(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(env_example())
    assert attrs.evolve(load(tmp_path, {}), instance="x") == Settings(instance="x")
    (tmp_path / ".env").write_text(re.sub(r"(?m)^#(?=OPENCLAW_)", "", env_example()))
    assert attrs.evolve(load(tmp_path, {}), instance="x") == Settings(instance="x")
