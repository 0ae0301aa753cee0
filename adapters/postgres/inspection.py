"""What ``openclaw doctor`` asks of Postgres: catalogues, settings and sizes, never a row that belongs to somebody.

The statements stand in ``inspection.sql``. Each is asked by itself, so that one that is refused hides no other.
Not here: what the answers mean (``entrypoints.doctor``).
"""

import asyncio
import re
import ssl
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import asyncpg
from attrs import field, frozen

from adapters.postgres.schema import MIGRATIONS
from adapters.postgres.sql import load

SQL = load(Path(__file__).with_name("inspection.sql"))
CONNECT_S = 5.0
STATEMENT_S = 3.0
SETTINGS = (
    "fsync", "synchronous_commit", "full_page_writes", "autovacuum", "track_counts", "max_connections",
    "superuser_reserved_connections", "reserved_connections", "log_statement", "log_min_error_statement",
    "log_min_messages", "log_min_duration_statement", "log_parameter_max_length", "log_parameter_max_length_on_error",
)  # fmt: skip
_ARGUMENTS: Mapping[str, tuple[object, ...]] = {"settings": (list(SETTINGS),)}


class Trouble(StrEnum):
    """Why Postgres could not be asked."""

    UNREACHABLE = "unreachable"
    HANGS = "hangs"
    PASSWORD = "password"  # noqa: S105 - the name of a trouble
    NO_ROLE = "no_role"
    NO_DATABASE = "no_database"
    FULL = "full"
    STARTING = "starting"
    TLS = "tls"
    REFUSED = "refused"


@frozen
class Inspection:
    """What Postgres answered: rows by the name of the statement, and by name why another was not answered.

    ``known`` has besides ``version`` (numbers) and ``clock``: ours at the middle of the question, the server's, and
    how long the question took, in seconds. With ``trouble`` nothing else is known.
    """

    trouble: Trouble | None = None
    detail: str = ""
    known: Mapping[str, Any] = field(factory=dict)
    failed: Mapping[str, str] = field(factory=dict)


async def inspect(
    url: str,
    now_s: Callable[[], float] = time.time,
    connect_s: float = CONNECT_S,
    statement_s: float = STATEMENT_S,
) -> Inspection:
    """Ask the server at ``url`` everything, as the user in it; never raises for what a server may do.

    ``now_s`` is this machine's clock, in seconds since the epoch.
    """
    opened = await _connect(url, connect_s)
    if isinstance(opened, Inspection):
        return opened
    known: dict[str, Any] = {"version": tuple(opened.get_server_version()[:2])}
    failed: dict[str, str] = {}
    try:
        for name, sql in SQL.items():
            before_s, began_s = now_s(), time.monotonic()
            try:
                rows = await opened.fetch(sql, *_ARGUMENTS.get(name, ()), timeout=statement_s)
            except TimeoutError:
                return Inspection(
                    Trouble.HANGS, f"no answer within {statement_s:g} s", known=known, failed=failed
                )
            except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
                return Inspection(Trouble.UNREACHABLE, type(error).__name__, known=known, failed=failed)
            except asyncpg.PostgresError as error:
                failed[name] = f"Postgres refuses the question ({type(error).__name__})"
                continue
            known[name] = [dict(row) for row in rows]
            if name == "server" and rows:
                took_s = time.monotonic() - began_s
                known["clock"] = (before_s + took_s / 2, rows[0]["now_s"], took_s)
    finally:
        # Nothing is under way that a polite goodbye would save, and a server that hangs does not return one.
        opened.terminate()
    return Inspection(known=known, failed=failed)


async def trouble_of_login(url: str, connect_s: float = CONNECT_S) -> Trouble | None:
    """Return why the user in ``url`` cannot log in; None where it can."""
    opened = await _connect(url, connect_s)
    if isinstance(opened, Inspection):
        return opened.trouble
    opened.terminate()
    return None


async def _connect(url: str, connect_s: float) -> Any:
    """Return a connection, or an Inspection that says why there is none."""
    try:
        async with asyncio.timeout(connect_s):
            return await asyncpg.connect(
                url, timeout=connect_s, server_settings={"application_name": "openclaw_doctor"}
            )
    except Exception as error:  # noqa: BLE001 - whatever a server or a URL provokes is what the doctor is here to tell
        return Inspection(_trouble(error), type(error).__name__)


def _trouble(error: Exception) -> Trouble:
    kinds: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Trouble], ...] = (
        (TimeoutError, Trouble.HANGS),
        (ssl.SSLError, Trouble.TLS),
        (asyncpg.InvalidPasswordError, Trouble.PASSWORD),
        (asyncpg.InvalidAuthorizationSpecificationError, Trouble.NO_ROLE),
        (asyncpg.InvalidCatalogNameError, Trouble.NO_DATABASE),
        (asyncpg.TooManyConnectionsError, Trouble.FULL),
        (asyncpg.CannotConnectNowError, Trouble.STARTING),
        (OSError, Trouble.UNREACHABLE),
    )
    return next((trouble for kind, trouble in kinds if isinstance(error, kind)), Trouble.REFUSED)


# What pg_dump writes for each part of the schema, and how ``things`` names it.
_PARTS = (
    (re.compile(r"^CREATE TABLE openclaw\.(\w+)", re.MULTILINE), "table {0}"),
    (re.compile(r"^CREATE FUNCTION openclaw\.(\w+)\(", re.MULTILINE), "function {0}"),
    (re.compile(r"^CREATE (?:UNIQUE )?INDEX (\w+) ON", re.MULTILINE), "index {0}"),
    (re.compile(r"ADD CONSTRAINT (\w+) (?:PRIMARY KEY|UNIQUE)", re.MULTILINE), "index {0}"),
    (re.compile(r"^CREATE TRIGGER (\w+) .*? ON openclaw\.(\w+)", re.MULTILINE), "trigger {0} on {1}"),
    (re.compile(r"^CREATE POLICY (\w+) ON openclaw\.(\w+)", re.MULTILINE), "policy {0} on {1}"),
    (re.compile(r"^ALTER TABLE openclaw\.(\w+) ENABLE ROW", re.MULTILINE), "row security on {0}"),
    (re.compile(r"^ALTER TABLE ONLY openclaw\.(\w+) FORCE ROW", re.MULTILINE), "forced row security on {0}"),
)
_GRANT = re.compile(
    r"^GRANT (?P<rights>.+?) ON (?P<kind>TABLE|FUNCTION|SCHEMA) (?:openclaw\.)?(?P<name>\w+).* TO (?P<role>\w+);$",
    re.MULTILINE,
)
_RIGHT = re.compile(r"(\w+)(?:\((\w+)\))?")
# Each kind of thing that can be granted has one right only where pg_dump writes ALL, tables excepted.
_ALL = {"FUNCTION": "EXECUTE"}


def parts_of_schema(schema: str | None = None) -> frozenset[str]:
    """Return the parts that this version's schema consists of, as the statement ``things`` names them.

    They are read from ``migrations/schema.sql``, which the tests hold to what the migrations make; ``schema`` is its
    text where it is given.
    """
    text = schema if schema is not None else (MIGRATIONS / "schema.sql").read_text(encoding="utf-8")
    found = {form.format(*match.groups()) for pattern, form in _PARTS for match in pattern.finditer(text)}
    for match in _GRANT.finditer(text):
        kind, name, role = match["kind"].lower(), match["name"], match["role"]
        for right, column in _RIGHT.findall(match["rights"]):
            right = _ALL.get(match["kind"], right) if right == "ALL" else right
            thing = f"column {name}.{column}" if column else f"{kind} {name}"
            found.add(f"{right} on {thing} to {role.lower()}")
    return frozenset(found)
