"""The secrets of services that run apart: made once, told to nobody, kept apart; and the logins made of them."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from adapters.postgres.roles import SERVICES, role_of
from domain.errors import OpenClawError
from entrypoints.cli import main
from entrypoints.data_dir import with_login
from entrypoints.exits import Exit
from entrypoints.provision import Places, Secrets, passwords_in, provision
from entrypoints.roles import ROLES
from entrypoints.settings import SECRETS, load_settings
from entrypoints.simulated import BOT_ID
from tests.servers import apart

PLACES = Places("postgres:5432", "redis:6379", "http://telegram:8081")
TOKEN = "7123456789:AAHplantedplantedplantedplanted_-x"


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_each_role_finds_what_it_needs_in_its_own_folder_and_settings_take_it(tmp_path: Path) -> None:
    provision(Secrets(tmp_path), PLACES, None)
    for role in ROLES.values():
        environ = {"OPENCLAW_ENV_FILE": str(tmp_path / role.name / "settings.env")}
        for name in set(role.required) & SECRETS:
            environ[f"OPENCLAW_{name.upper()}_FILE"] = str(tmp_path / role.name / name)
        settings = load_settings(environ, tmp_path, role.required)
        assert settings.telegram_api_url == "http://telegram:8081"
        assert settings.admins == {1}
        assert settings.postgres_url is not None
        assert urlsplit(settings.postgres_url.reveal()).username == role_of(role.name)


def test_only_their_owner_can_read_them_but_for_the_hashes_that_the_server_reads(tmp_path: Path) -> None:
    provision(Secrets(tmp_path), PLACES, TOKEN)
    open_to_others = {
        str(path.relative_to(tmp_path))
        for path in tmp_path.rglob("*")
        if path.is_file() and path.stat().st_mode & 0o077
    }
    assert open_to_others == {"valkey/users.acl"}


def test_no_secret_is_in_the_folder_of_another(tmp_path: Path) -> None:
    provision(Secrets(tmp_path), PLACES, None)
    found = files(tmp_path)
    for service, password in passwords_in(tmp_path).items():
        assert [name for name, text in found.items() if password in text] == [f"{service}/postgres_url"]


def test_a_second_run_changes_nothing_and_follows_servers_that_moved(tmp_path: Path) -> None:
    provision(Secrets(tmp_path), PLACES, None)
    before = files(tmp_path)
    provision(Secrets(tmp_path), PLACES, None)
    assert files(tmp_path) == before
    provision(Secrets(tmp_path), Places("db:1", "cache:2", "http://telegram:8081"), None)
    assert files(tmp_path)["brain/postgres_url"] == before["brain/postgres_url"].replace(
        "postgres:5432", "db:1"
    )
    assert files(tmp_path)["brain/redis_url"] == before["brain/redis_url"].replace("redis:6379", "cache:2")


def test_a_renewed_service_gets_new_passwords_and_the_others_keep_theirs(tmp_path: Path) -> None:
    provision(Secrets(tmp_path), PLACES, None)
    before = files(tmp_path)
    provision(Secrets(tmp_path, ["gateway"]), PLACES, None)
    changed = {name for name, text in files(tmp_path).items() if text != before[name]}
    assert changed == {"gateway/postgres_url", "gateway/redis_url", "valkey/users.acl"}


def known_secrets(folder: Path) -> tuple[str, str]:
    """Return the webhook secret and the one before it, as the gateway's settings take them from their files."""
    environ = {
        f"OPENCLAW_{name.upper()}_FILE": str(folder / "gateway" / name)
        for name in ("webhook_secret", "webhook_secret_previous")
    }
    settings = load_settings({**environ, "OPENCLAW_ENV_FILE": "/dev/null"}, folder)
    assert settings.webhook_secret is not None
    assert settings.webhook_secret_previous is not None
    return settings.webhook_secret.reveal(), settings.webhook_secret_previous.reveal()


def test_a_webhook_secret_is_rotated_with_both_known_until_the_old_one_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENCLAW_ENV_FILE", "/dev/null")
    run = ["provision", str(tmp_path / "secrets")]
    assert main(run) == Exit.OK
    before = files(tmp_path / "secrets")
    first, nobodys = known_secrets(tmp_path / "secrets")
    assert main([*run, "--renew", "webhook"]) == Exit.OK
    second, previous = known_secrets(tmp_path / "secrets")
    assert previous == first
    assert len({first, second, nobodys}) == 3
    # A start in the middle of a rotation changes nothing of it.
    assert main(run) == Exit.OK
    assert known_secrets(tmp_path / "secrets") == (second, first)
    assert main([*run, "--forget", "webhook"]) == Exit.OK
    third, forgotten = known_secrets(tmp_path / "secrets")
    assert third == second
    assert forgotten not in (first, second, nobodys)
    after = files(tmp_path / "secrets")
    changed = {name for name, text in after.items() if text != before[name]}
    assert changed == {"gateway/webhook_secret", "gateway/webhook_secret_previous"}
    printed = "".join(capsys.readouterr())
    assert not any(secret in printed for secret in (first, second, nobodys, forgotten))


def test_a_secret_is_not_renewed_and_forgotten_in_one_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    argv = ["provision", str(tmp_path / "secrets"), "--renew", "webhook", "--forget", "webhook"]
    assert main(argv) == Exit.USAGE
    assert "start the gateway again" in capsys.readouterr().err
    assert not (tmp_path / "secrets").exists()


def test_a_real_bot_token_goes_to_those_who_need_it_and_takes_the_simulation_away(tmp_path: Path) -> None:
    provision(Secrets(tmp_path), PLACES, None)
    provision(Secrets(tmp_path), PLACES, TOKEN)
    found = files(tmp_path)
    assert [name for name in sorted(found) if TOKEN in found[name]] == [
        "gateway/telegram_token", "sender/telegram_token",
    ]  # fmt: skip
    assert not any("telegram:8081" in text for text in found.values())


@pytest.mark.parametrize(("token", "bot_id"), [(TOKEN, 7123456789), (None, BOT_ID)])
def test_the_operator_knows_the_bot_by_its_id_and_not_by_its_token(
    tmp_path: Path, token: str | None, bot_id: int
) -> None:
    provision(Secrets(tmp_path), PLACES, token)
    settings = load_settings({"OPENCLAW_ENV_FILE": str(tmp_path / "operator" / "settings.env")}, tmp_path)
    assert (settings.bot_id, settings.telegram_token) == (bot_id, None)


def test_the_command_prints_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENCLAW_TELEGRAM_TOKEN", TOKEN)
    assert main(["provision", str(tmp_path / "secrets")]) == Exit.OK
    printed = "".join(capsys.readouterr())
    assert printed == f"the secrets are in {tmp_path / 'secrets'}, and the services talk to Telegram\n"


def test_a_folder_that_cannot_be_written_to_is_told_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "postgres").write_text("in the way")
    with pytest.raises(
        OpenClawError, match=r"the secrets in .* cannot be kept .* give the folder to the user"
    ):
        provision(Secrets(tmp_path), PLACES, None)


def test_a_url_without_a_password_is_told_and_not_repeated(tmp_path: Path) -> None:
    provision(Secrets(tmp_path), PLACES, None)
    (tmp_path / "brain" / "postgres_url").write_text("postgresql://hidden-host/db")
    with pytest.raises(OpenClawError, match="has no password") as told:
        provision(Secrets(tmp_path), PLACES, None)
    assert "hidden-host" not in str(told.value)


def test_migrate_lets_every_service_log_in_with_its_password(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    provision(Secrets(tmp_path / "secrets"), PLACES, None)
    monkeypatch.setenv("OPENCLAW_POSTGRES_URL", database)
    assert apart(lambda: main(["migrate", "--logins", str(tmp_path / "secrets")])) == Exit.OK
    assert capsys.readouterr().out.startswith("schema ")

    async def who(service: str, password: str) -> str:
        connection = await asyncpg.connect(with_login(database, role_of(service), password))
        try:
            return str(await connection.fetchval("select current_user"))
        finally:
            await connection.close()

    given = passwords_in(tmp_path / "secrets")
    assert list(given) == list(SERVICES)
    for service, password in given.items():
        assert apart(lambda: asyncio.run(who(service, password))) == role_of(service)  # noqa: B023


def test_migrate_says_what_to_do_when_the_secrets_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENCLAW_POSTGRES_URL", "postgresql://nobody@127.0.0.1:1/x")
    assert main(["migrate", "--logins", str(tmp_path)]) == Exit.FAILED
    assert "run `openclaw provision` first" in capsys.readouterr().err
