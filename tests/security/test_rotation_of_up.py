"""The rotation runbooks of ``openclaw up`` (docs/SECURITY.md), each followed to the letter while somebody writes.

Not here: services that run apart (``test_rotation_of_services``).
"""

import stat
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest
import redis.asyncio

from adapters.embedded.files import free_port
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from adapters.postgres.roles import SERVICES, role_of
from entrypoints.web import WEBHOOK_PATH
from tests.acceptance.waiting import until
from tests.security.estate import NEW_TOKEN, OUTAGE_S_MAX, TOKEN, WAIT_S, House, Talk, house_in
from tests.servers import short_dir

OLD_SECRET, NEW_SECRET = "planted-old-secret-of-the-webhook", "planted-new-secret-of-the-webhook"
SESSIONS = "select usename, application_name from pg_stat_activity where application_name like 'openclaw%'"
STRONG = (
    "select rolname from pg_roles where rolname like 'openclaw%' "
    "and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)"
)
MEMBERS = "select rolname from pg_auth_members join pg_roles on pg_roles.oid = member where rolname like 'openclaw%'"
ROLES = ("gateway", "brain", "sender", "scheduler")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder whose data directory all tests of this module use, one after the other."""
    with short_dir() as path:
        yield path


async def is_known(house: House, token: str) -> bool:
    """Tell whether Telegram takes a token."""
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{house.simulator.base_url}/bot{token}/getMe")
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


def postgres_urls(house: House) -> dict[str, str]:
    """Return the URL of each login with the password that is kept now."""
    server = EmbeddedPostgres(house.data)
    kept = {
        service: (house.data / "secrets" / f"postgres-{service}").read_text().strip() for service in SERVICES
    }
    return {"postgres": server.admin_url} | {
        service: server.url(role_of(service), password) for service, password in kept.items()
    }


def valkey_urls(house: House) -> dict[str, str]:
    """Return the URL of each user with the password that is kept now."""
    server = EmbeddedValkey(house.data)
    kept = {
        service: (house.data / "secrets" / f"valkey-{service}").read_text().strip() for service in SERVICES
    }
    return {"default": server.admin_url} | {
        service: server.url(service, password) for service, password in kept.items()
    }


async def postgres_takes(url: str) -> bool:
    """Tell whether Postgres lets somebody in."""
    try:
        connection = await asyncpg.connect(url)
    except asyncpg.InvalidPasswordError:
        return False
    await connection.close()
    return True


async def valkey_takes(url: str) -> bool:
    """Tell whether Valkey lets somebody in."""
    async with redis.asyncio.Redis.from_url(url) as client:
        try:
            return bool(await client.ping())
        except redis.ConnectionError as refusal:
            if "invalid username-password pair" not in str(refusal):
                raise
            return False


async def test_a_new_bot_token(folder: Path) -> None:
    async with house_in(folder) as house:
        talk = Talk(house.simulator)
        await house.start()
        await talk.ask("before")

        house.simulator.world.renew_token(NEW_TOKEN)
        await until(
            lambda: "401 Unauthorized" in house.log.read_text("utf-8"), "the old token to be refused", WAIT_S
        )
        talk.say("meanwhile")
        house.write_env(TELEGRAM_TOKEN=NEW_TOKEN)
        began_s = time.monotonic()
        await house.stop()
        await house.start()

        await talk.answered()
        assert time.monotonic() - began_s < OUTAGE_S_MAX
        await talk.ask("after")
        assert (await is_known(house, TOKEN), await is_known(house, NEW_TOKEN)) == (False, True)
        await house.settled()
        await house.stop()
        assert not any(token in house.log.read_text("utf-8") for token in (TOKEN, NEW_TOKEN))


async def test_new_passwords_of_the_services_and_the_administrators(folder: Path) -> None:
    async with house_in(folder) as house:
        talk = Talk(house.simulator)
        await house.start()
        await talk.ask("before")
        old = (postgres_urls(house), valkey_urls(house))

        await house.stop()
        for kept in (house.data / "secrets").iterdir():
            kept.unlink()
        talk.say("meanwhile")
        began_s = time.monotonic()
        await house.start()

        await talk.answered()
        assert time.monotonic() - began_s < OUTAGE_S_MAX
        new = (postgres_urls(house), valkey_urls(house))
        assert len(set(new[0].values()) | set(new[1].values())) == len(old[0]) + len(old[1])
        for takes, before, after in ((postgres_takes, old[0], new[0]), (valkey_takes, old[1], new[1])):
            assert before.keys() == after.keys()
            assert {who: await takes(url) for who, url in before.items()} == dict.fromkeys(before, False)
            assert {who: await takes(url) for who, url in after.items()} == dict.fromkeys(after, True)
        assert (await house.openclaw("status")).code == 0
        await talk.ask("after")
        await house.settled()
        await house.stop()


async def test_every_service_is_logged_in_as_itself_and_nobody_else_reads_its_files(folder: Path) -> None:
    async with house_in(folder) as house:
        await house.start()
        await Talk(house.simulator).ask("hello")
        async with house.database() as session:
            found = {tuple(row) for row in await session.fetch(SESSIONS)}
            assert {(role_of(role), role_of(role)) for role in ROLES} <= found
            assert all(user == name for user, name in found)
            assert await session.fetch(STRONG) == []
            assert await session.fetch(MEMBERS) == []
        async with redis.asyncio.Redis.from_url(EmbeddedValkey(house.data).admin_url) as admin:
            clients = {(row["name"], row["user"]) for row in await admin.client_list()}
        assert {(f"openclaw-{role}", role) for role in ROLES} <= clients
        assert {user for name, user in clients if name.startswith("openclaw-")} <= set(SERVICES)
        open_to_others = {
            str(path.relative_to(house.data))
            for path in [house.data, *house.data.rglob("*")]
            if not path.is_symlink() and stat.S_IMODE(path.lstat().st_mode) & 0o077
        }
        assert open_to_others == set()
        await house.settled()
        await house.stop()


async def test_a_new_webhook_secret_while_the_one_before_is_still_accepted(folder: Path) -> None:
    port = free_port()
    webhook = {
        "TELEGRAM_MODE": "webhook", "WEBHOOK_URL": f"http://127.0.0.1:{port}{WEBHOOK_PATH}",
        "WEBHOOK_LISTEN": f"127.0.0.1:{port}", "WEBHOOK_SECRET": OLD_SECRET,
    }  # fmt: skip

    async def answer_to(secret: str) -> int:
        async with httpx.AsyncClient() as client:
            headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
            answer = await client.post(webhook["WEBHOOK_URL"], json={}, headers=headers)
        # 400: the secret was taken, and an empty object is no update.
        return answer.status_code

    async with house_in(folder, **webhook) as house:
        talk = Talk(house.simulator)
        await house.start()
        await talk.ask("before")
        assert (await answer_to(OLD_SECRET), await answer_to(NEW_SECRET)) == (400, 401)

        house.write_env(WEBHOOK_SECRET=NEW_SECRET, WEBHOOK_SECRET_PREVIOUS=OLD_SECRET)
        await house.stop()
        talk.say("meanwhile")
        began_s = time.monotonic()
        await house.start()
        await talk.answered()
        assert time.monotonic() - began_s < OUTAGE_S_MAX
        assert (await answer_to(OLD_SECRET), await answer_to(NEW_SECRET)) == (400, 400)

        house.write_env(WEBHOOK_SECRET_PREVIOUS=None)
        await house.stop()
        await house.start()
        await talk.ask("after")
        assert (await answer_to(OLD_SECRET), await answer_to(NEW_SECRET)) == (401, 400)
        await house.settled()
        await house.stop()
