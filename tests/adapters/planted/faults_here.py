"""Faults of settings, files and the machine."""

import fcntl
import os
import resource
import time
from collections.abc import Callable

from tests.adapters.planted.table import WARNING, Planted
from tests.adapters.planted.ward import Ward

WEBHOOK = {
    "OPENCLAW_TELEGRAM_MODE": "webhook",
    "OPENCLAW_WEBHOOK_SECRET": "planted-planted-planted",
    "OPENCLAW_WEBHOOK_URL": "https://bot.example.org/hook",
}
REGISTERED = {"url": WEBHOOK["OPENCLAW_WEBHOOK_URL"], "pending_update_count": 0}


def setting(**variables: str) -> Callable[[Ward], object]:
    return lambda ward: ward.variables.update(variables)


def env_file(text: str, mode: int = 0o600) -> Callable[[Ward], object]:
    def plant(ward: Ward) -> None:
        (ward.folder / ".env").write_text(text, encoding="utf-8")
        (ward.folder / ".env").chmod(mode)

    return plant


def open_secret(ward: Ward) -> None:
    path = ward.folder / "token"
    path.write_text(ward.variables.pop("OPENCLAW_TELEGRAM_TOKEN"), encoding="utf-8")
    path.chmod(0o644)
    ward.variables["OPENCLAW_TELEGRAM_TOKEN_FILE"] = "token"


def hooked(**changes: str) -> Callable[[Ward], object]:
    def plant(ward: Ward) -> None:
        ward.variables |= WEBHOOK | changes
        ward.telegram.answers["getWebhookInfo"] = REGISTERED

    return plant


def at_telegram(url: str) -> Callable[[Ward], object]:
    """Plant a webhook URL for Telegram itself, without a token, so that nobody calls the real one."""

    def plant(ward: Ward) -> None:
        del ward.variables["OPENCLAW_TELEGRAM_TOKEN"], ward.variables["OPENCLAW_TELEGRAM_API_URL"]
        ward.variables |= WEBHOOK | {"OPENCLAW_WEBHOOK_URL": url}

    return plant


def few_files(ward: Ward) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    ward.undo.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))


def free(mebibytes: int) -> Callable[[Ward], object]:
    return lambda ward: ward.change_machine(disk=lambda _: (mebibytes * 2**20, 10**13))


def not_a_directory(ward: Ward) -> None:
    (ward.folder / "file").touch()
    ward.variables["OPENCLAW_DATA_DIR"] = "file"


def foreign_files(ward: Ward) -> None:
    (ward.folder / "photos").mkdir(0o700)
    (ward.folder / "photos" / "cat.jpg").touch()
    ward.variables["OPENCLAW_DATA_DIR"] = "photos"


def open_password(ward: Ward) -> None:
    path = ward.folder / "data" / "secrets" / "postgres_password"
    path.write_text("planted", encoding="utf-8")
    path.chmod(0o640)


def data_of_postgres(major: int) -> Callable[[Ward], object]:
    def plant(ward: Ward) -> None:
        cluster = ward.folder / "data" / "postgres" / "cluster"
        (cluster / "PG_VERSION").write_text(f"{major}\n", encoding="ascii")

    return plant


def newer_arrangement(ward: Ward) -> None:
    (ward.folder / "data" / "format").write_text("99\n", encoding="ascii")


def held(ward: Ward) -> None:
    handle = os.open(ward.folder / "data" / "lock", os.O_RDWR)
    ward.undo.callback(os.close, handle)
    os.write(handle, b"4711\n")
    fcntl.flock(handle, fcntl.LOCK_EX)


NO_TOKEN = frozenset({"telegram.token"})

FAULTS = (
    Planted("a typing error in a variable's name", "settings.unknown",
            "rename OPENCLAW_REDIS_ULR to OPENCLAW_REDIS_URL",
            setting(OPENCLAW_REDIS_ULR="redis://x")),
    Planted("a token that is none", "settings.values", "@BotFather", setting(OPENCLAW_TELEGRAM_TOKEN="planted")),
    Planted("a number that is none", "settings.values", "docs/SETTINGS.md", setting(OPENCLAW_ROUND_MAX="many")),
    Planted("a value out of bounds", "settings.values", "must be", setting(OPENCLAW_ATTEMPTS_MAX="0")),
    Planted("a line of .env that is none", "settings.file", "the line that is named", env_file("= nothing\n")),
    Planted("a file of settings that is not there", "settings.file", ".env.example",
            setting(OPENCLAW_ENV_FILE="nowhere.env")),
    Planted("webhook mode without URL", "settings.together", "OPENCLAW_TELEGRAM_MODE=polling",
            setting(OPENCLAW_TELEGRAM_MODE="webhook", OPENCLAW_WEBHOOK_SECRET="planted-planted-planted"),
            also=frozenset({"telegram.webhook"})),
    Planted("webhook mode without secret", "settings.together", "set OPENCLAW_WEBHOOK_SECRET",
            setting(OPENCLAW_TELEGRAM_MODE="webhook", OPENCLAW_WEBHOOK_URL="https://bot.example.org/hook"),
            also=frozenset({"telegram.webhook"})),
    Planted("a claim shorter than its call", "settings.together", "docs/SETTINGS.md",
            setting(OPENCLAW_CLAIM_S="20", OPENCLAW_CALL_TIMEOUT_S="30")),
    Planted(".env that others may read", "settings.env_private", "chmod 600 .env",
            env_file("OPENCLAW_LOG_LEVEL=info\n", 0o644), WARNING),
    Planted("a secret's file that others may read", "settings.secrets_private", "chmod 600 token", open_secret,
            WARNING),
    Planted("a webhook that is not https", "settings.webhook_url", "public https URL",
            at_telegram("http://bot.example.org/hook"), also=NO_TOKEN),
    Planted("a webhook at a port that Telegram does not call", "settings.webhook_url", "443, 80, 88 or 8443",
            at_telegram("https://bot.example.org:9443/hook"), also=NO_TOKEN),
    Planted("a webhook inside the house", "settings.webhook_url", "public",
            at_telegram("https://192.168.1.7/hook"), also=NO_TOKEN),
    Planted("a webhook secret that can be guessed", "settings.webhook_secret", "openssl rand -hex 32",
            hooked(OPENCLAW_WEBHOOK_SECRET="planted"), WARNING),
    Planted("a disk that is nearly full", "machine.disk", "free some space", free(100)),
    Planted("a disk that fills", "machine.disk", "OPENCLAW_DATA_DIR", free(800), WARNING),
    Planted("too few open files", "machine.open_files", "ulimit -n 4096", few_files),
    Planted("a data directory that is a file", "data.access", "as the user who owns it", not_a_directory),
    Planted("a data directory of another user", "data.access", "chown -R",
            lambda ward: ward.change_machine(user=lambda: os.geteuid() + 1)),
    Planted("a data directory with somebody's files", "data.foreign", "new or empty directory", foreign_files),
    Planted("a data directory that others may enter", "data.private", "chmod go-rwx ./data",
            lambda ward: (ward.folder / "data").chmod(0o755)),
    Planted("a password that others may read", "data.private", "chmod go-rwx ./data/secrets/postgres_password",
            open_password),
    Planted("data of a newer Postgres", "data.postgres_major", "run the newer OpenClaw", data_of_postgres(99)),
    Planted("data of an older Postgres", "data.postgres_major", "openclaw backup", data_of_postgres(9)),
    Planted("data arranged by a newer OpenClaw", "data.format", "run the newer OpenClaw", newer_arrangement),
    Planted("a data directory that something unknown holds", "data.lock", "kill 4711", held, WARNING),
    Planted("a clock that is wrong", "postgres.clock", "NTP",
            lambda ward: ward.change_machine(now_s=lambda: time.time() + 60), also=frozenset({"telegram.clock"})),
)  # fmt: skip
