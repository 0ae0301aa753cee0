"""Gives each service role its login: a password of its own, and no more rights than the migrations granted.

Not here: making up passwords, and where they are kept (``entrypoints``).
"""

from collections.abc import Mapping

import asyncpg

from domain.errors import StoreUnavailable

SERVICES = ("gateway", "brain", "sender", "operator")


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
                password,
            )
            await connection.execute(statement)
    finally:
        await connection.close()
