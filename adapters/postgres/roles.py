"""Gives each service role its login: a password of its own, and no more rights than the migrations granted.

The server is told a verifier and never the password, which a server that logs its statements would log.

Not here: making up passwords, and where they are kept (``entrypoints``).
"""

import hashlib
import hmac
import secrets
from base64 import b64encode
from collections.abc import Mapping

import asyncpg

from adapters.postgres.pool import hang_up
from domain.errors import StoreUnavailable

SERVICES = ("gateway", "brain", "sender", "scheduler", "operator")
# As Postgres itself makes verifiers (https://www.rfc-editor.org/rfc/rfc5803, scram_iterations).
SCRAM_ITERATIONS, SCRAM_SALT_BYTES = 4096, 16


def role_of(service: str) -> str:
    """Return the Postgres role of a service."""
    return f"openclaw_{service}"


async def allow_logins(url: str, passwords: Mapping[str, str]) -> None:
    """Let each named service log in with its password, over the administrator's ``url``.

    Raises StoreUnavailable where the server cannot be reached.
    """
    try:
        connection = await asyncpg.connect(url)
    except (OSError, asyncpg.PostgresError) as error:
        raise StoreUnavailable(f"cannot reach Postgres: {type(error).__name__}") from error
    try:
        for service, password in passwords.items():
            # ALTER ROLE takes no parameters; the server itself quotes the literal.
            statement = await connection.fetchval(
                "select format('alter role %I login password %L', $1::text, $2::text)",
                role_of(service),
                verifier_of(password),
            )
            await connection.execute(statement)
    finally:
        await hang_up(connection)


def verifier_of(password: str) -> str:
    """Return what a server needs to check a password of ASCII characters, as it keeps it in ``pg_authid``."""
    salt = secrets.token_bytes(SCRAM_SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, SCRAM_ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored, server = hashlib.sha256(client).digest(), hmac.digest(salted, b"Server Key", "sha256")
    texts = [b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{texts[0]}${texts[1]}:{texts[2]}"
