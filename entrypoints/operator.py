"""What the operator's commands share: finding the servers, asking them as ``openclaw_operator``, telling faults.

Explicit settings win, then the ``openclaw up`` that runs in the data directory. Not here: the commands
(``commands``) and what they print (``views``).
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg
import attrs

from adapters.telegram.client import bot_id_of
from application.ports import Records
from application.records import AuditFilter
from domain.errors import OpenClawError, StoreUnavailable, Unavailable
from entrypoints.containers import OperatorContainer
from entrypoints.exits import NothingFound
from entrypoints.preparation import prepare
from entrypoints.settings import Settings
from entrypoints.settings_types import Secret
from entrypoints.up import running_bot, urls_of_running

Result = TypeVar("Result")

# How many of the newest rows are looked through for the bots that write them.
BOTS_SOUGHT_IN_ROWS = 500
# Schema, table, function or role is missing, or may not be used: not a database that was migrated to this version.
FOREIGN_DATABASE = (
    asyncpg.InvalidSchemaNameError,
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedFunctionError,
    asyncpg.UndefinedColumnError,
    asyncpg.InvalidParameterValueError,
    asyncpg.InsufficientPrivilegeError,
)


def operator_settings(data_dir: Path | None) -> Settings:
    """Return the settings with the URLs of both servers. Raises NothingFound where one is not known."""
    settings = prepare()
    if data_dir is not None:
        settings = attrs.evolve(settings, data_dir=data_dir)
    urls = {
        name: url for name in ("postgres_url", "redis_url") if (url := getattr(settings, name)) is not None
    }
    if len(urls) < 2:
        running = urls_of_running(settings)
        if not urls and not running:
            raise NothingFound(
                f"nothing runs in {shown_path(settings.data_dir)}; start it with `openclaw up`, or set "
                "OPENCLAW_POSTGRES_URL and OPENCLAW_REDIS_URL"
            )
        urls = {**running, **urls}
    for name in ("postgres_url", "redis_url"):
        if name not in urls:
            raise NothingFound(
                f"OPENCLAW_{name.upper()} is not set, and no `openclaw up` in {shown_path(settings.data_dir)} has "
                "such a server of its own; set it to the URL that the services use"
            )
    return attrs.evolve(settings, **urls)


def shown_path(path: Path) -> str:
    """Return a path as the reader knows it: below the current folder with ``./`` before it."""
    return str(path) if path.is_absolute() or str(path).startswith(".") else f"./{path}"


def place_of(url: Secret | None) -> str:
    """Return where a URL leads, without user, password and options."""
    if url is None:
        return "nowhere"
    parts = urlsplit(url.reveal())
    host = parts.netloc.rpartition("@")[2]
    return host or (parts.path if parts.scheme == "unix" else "a unix socket")


def ask(settings: Settings, question: Callable[[OperatorContainer], Awaitable[Result]]) -> Result:
    """Run ``question`` and close its connections.

    Raises StoreUnavailable and Unavailable with the place of the server, OpenClawError where the database is not ours.
    """

    async def run() -> Result:
        container = OperatorContainer(settings=settings)
        try:
            return await question(container)
        finally:
            await container.pool().close()
            await container.redis().aclose()

    try:
        return asyncio.run(run())
    except (StoreUnavailable, asyncpg.InvalidAuthorizationSpecificationError) as error:
        raise StoreUnavailable(postgres_fault(settings, error)) from error
    except Unavailable as error:
        raise Unavailable(redis_fault(settings, error)) from error
    except FOREIGN_DATABASE as error:
        raise OpenClawError(foreign_fault(settings, error)) from error


def postgres_fault(settings: Settings, error: Exception) -> str:
    """Return the sentence that says that Postgres cannot be reached."""
    return f"Postgres at {place_of(settings.postgres_url)} cannot be reached ({_kind(error)})"


def redis_fault(settings: Settings, error: Exception) -> str:
    """Return the sentence that says that Redis cannot be reached."""
    return f"Redis at {place_of(settings.redis_url)} cannot be reached ({_kind(error)})"


def foreign_fault(settings: Settings, error: Exception) -> str:
    """Return the sentence that says that the database is none of this version's."""
    return (
        f"the database at {place_of(settings.postgres_url)} is not one that this OpenClaw can read "
        f"({type(error).__name__}); run `openclaw migrate`, or check OPENCLAW_POSTGRES_URL"
    )


def _kind(error: Exception) -> str:
    """Return the name of the driver's error, which our own carries as its cause."""
    return type(error.__cause__ or error).__name__


async def bot_of(settings: Settings, records: Records, given: int | None) -> int:
    """Return the bot that is meant: the one given, that of the settings, else the only one that the audit knows.

    Raises NothingFound where the audit knows none, OpenClawError where it knows several.
    """
    if given is not None:
        return given
    if settings.telegram_token is not None:
        return bot_id_of(settings.telegram_token.reveal())
    if settings.bot_id is not None:
        return settings.bot_id
    running = running_bot(settings)
    if running is not None:
        return running
    rows: list[Any] = await records.audit(AuditFilter(limit=BOTS_SOUGHT_IN_ROWS))
    bots = {int(entry.row.scope.partition(":")[0]) for entry in rows if entry.row.scope}
    if not bots:
        raise NothingFound("no bot has received a message yet, so nothing can be found of one")
    if len(bots) > 1:
        raise OpenClawError(
            f"several bots are in the audit; name one with --bot: {', '.join(map(str, sorted(bots)))}"
        )
    return bots.pop()
