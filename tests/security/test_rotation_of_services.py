"""The rotation runbooks of services that run apart (docs/SECURITY.md), each followed while somebody writes.

Every service runs with the files that ``openclaw provision`` made, and is restarted as the runbook says and no
sooner. Not here: ``openclaw up`` (``test_rotation_of_up``).
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import redis.asyncio
from attrs import define, field

from adapters.embedded.postgres import EmbeddedPostgres, installed_programs
from adapters.embedded.valkey import EmbeddedValkey
from adapters.postgres.roles import SERVICES
from adapters.telegram.simulator import SimulatorServer
from tests.acceptance.fixtures import nursery
from tests.acceptance.processes import Nursery, Service
from tests.acceptance.waiting import until
from tests.security.estate import NEW_TOKEN, SOMEBODY, TOKEN, WAIT_S, Talk
from tests.servers import running, short_dir
from tests.wiring.installation import OPEN_MATTERS, openclaw

ADMIN_OF_VALKEY = "planted-password-of-valkey"
ADMIN = f"user admin on >{ADMIN_OF_VALKEY} ~* &* +@all\n"
ROLES = ("gateway", "brain", "sender", "scheduler")
# What the runbook has psql do inside the server's container; the password is on no command line.
TAKE_OVER = r"""set log_statement = 'none';
\set secret `cat %s/postgres_password`
alter role postgres password :'secret';
"""


@define
class Apart:
    """Servers, a folder of ``openclaw provision``, and services that run with what is in it."""

    folder: Path
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    nursery: Nursery
    simulator: SimulatorServer
    token: str = TOKEN
    services: dict[str, Service] = field(factory=dict)

    @property
    def secrets(self) -> Path:
        """Where the secrets are."""
        return self.folder / "secrets"

    def kept(self, holder: str, name: str) -> str:
        """Return what is in a file."""
        return (self.secrets / holder / name).read_text("utf-8").strip()

    def url(self, service: str, name: str) -> str:
        """Return a URL that a service is given now."""
        return self.kept(service, f"{name}_url")

    async def run(self, *arguments: str, **variables: str) -> str:
        """Run a command, which must go well, and return what it printed."""
        done = await asyncio.to_thread(openclaw, *arguments, cwd=self.folder, **variables)
        assert done.code == 0, done.err
        return done.out + done.err

    async def provision(self, *more: str) -> None:
        """Make what is missing, and what ``more`` asks for."""
        places = [f"127.0.0.1:{urlsplit(url).port}" for url in (self.postgres.url(), self.valkey.url())]
        arguments = ["provision", str(self.secrets), "--postgres", places[0], "--redis", places[1], *more]
        await self.run(*arguments, OPENCLAW_TELEGRAM_TOKEN=self.token)

    async def migrate(self) -> None:
        """Bring the schema up to date and let the services log in."""
        url = self.kept("postgres", "postgres_url")
        await self.run("migrate", "--logins", str(self.secrets), OPENCLAW_POSTGRES_URL=url)

    def write_users(self) -> None:
        """Put the services' users into the file of the server, beside its administrator."""
        ours = self.kept("valkey", "users.acl")
        (self.folder / "server.acl").write_text(f"{ours}\n{ADMIN}")

    async def load_users(self) -> None:
        """Have the server read its users, as its administrator."""
        self.write_users()
        async with redis.asyncio.Redis.from_url(self.valkey.url("admin", ADMIN_OF_VALKEY)) as admin:
            assert await admin.acl_load()

    def start(self, *roles: str) -> None:
        """Start services with the files of their own."""
        for role in roles:
            own = self.secrets / role
            given = {
                "ENV_FILE": own / "settings.env", "POSTGRES_URL_FILE": own / "postgres_url",
                "REDIS_URL_FILE": own / "redis_url", "TELEGRAM_API_URL": self.simulator.base_url, "OWNER": SOMEBODY,
                "SWEEP_GRACE_S": 0.3, "RATE_CHAT_PER_S": 0,
            }  # fmt: skip
            if role in ("gateway", "sender"):
                given["TELEGRAM_TOKEN_FILE"] = own / "telegram_token"
            env = {f"OPENCLAW_{name}": str(value) for name, value in given.items()}
            self.services[role] = self.nursery.start(role, [role], env, self.folder / f"{role}.log")

    async def stop(self, *roles: str) -> None:
        """Stop services, each of which must end well."""
        for role in roles:
            self.services[role].stop()
        for role in roles:
            assert await self.services.pop(role).end() == 0, self.log(role)

    async def restart(self, *roles: str) -> None:
        """Stop services and start them again with what is in their files now."""
        await self.stop(*roles)
        self.start(*roles)

    def log(self, *roles: str) -> str:
        """Return what services wrote."""
        return "".join((self.folder / f"{role}.log").read_text("utf-8") for role in roles or ROLES)

    async def admin(self, query: str) -> object:
        """Ask Postgres something as its administrator."""
        session = await asyncpg.connect(self.kept("postgres", "postgres_url"))
        try:
            return await session.fetchval(query)
        finally:
            await session.close()

    async def settled(self) -> None:
        """Wait until nothing is owed; nothing may have become a dead letter."""

        async def nothing_is_open() -> bool:
            return not await self.admin(OPEN_MATTERS)

        await until(nothing_is_open, "nothing to be owed", WAIT_S)
        assert await self.admin("select count(*) from openclaw.dead_letters") == 0


OpenApart = Callable[[], AbstractAsyncContextManager[Apart]]


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Path, EmbeddedPostgres, EmbeddedValkey]]:
    """Servers for all tests of this module; Postgres writes every statement that it is told into its log."""
    with short_dir() as path:
        acl = path / "server.acl"
        acl.write_text(f"user default on nopass resetkeys resetchannels -@all +ping\n{ADMIN}")
        talkative = {"log_statement": "all", "log_min_messages": "warning"}
        postgres = EmbeddedPostgres(path / "pg", tcp=True, settings=talkative)
        valkey = EmbeddedValkey(path / "vk", tcp=True, config=[f'aclfile "{acl}"'])
        (path / "secrets" / "postgres").mkdir(parents=True)
        with running(postgres), running(valkey):
            # As the image of Postgres takes the password of the file that it is told of.
            kept = (path / "pg" / "secrets" / "postgres_password").read_text()
            (path / "secrets" / "postgres" / "postgres_password").write_text(kept)
            yield path, postgres, valkey


@pytest.fixture
def open_apart(servers: tuple[Path, EmbeddedPostgres, EmbeddedValkey], nursery: Nursery) -> OpenApart:
    """Open an installation on the servers: ``async with open_apart() as it``."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Apart]:
        simulator = SimulatorServer()
        simulator.world.add_bot(TOKEN)
        await simulator.start()
        it = Apart(*servers, nursery, simulator)
        await it.provision()
        await it.migrate()
        await it.load_users()
        it.start(*ROLES)
        try:
            yield it
            await it.settled()
            await it.stop(*ROLES)
        finally:
            for service in it.services.values():
                if service.code is None:
                    await service.kill()
            await simulator.stop()

    return opened


async def let_in(url: str) -> bool:
    """Tell whether a server takes the login of a URL."""
    if url.startswith("postgresql:"):
        try:
            session = await asyncpg.connect(url)
        except asyncpg.InvalidPasswordError:
            return False
        await session.close()
        return True
    async with redis.asyncio.Redis.from_url(url) as client:
        try:
            return bool(await client.ping())
        except redis.ConnectionError as refusal:
            if "invalid username-password pair" not in str(refusal):
                raise
            return False


async def test_new_passwords_of_services_hold_at_once_and_nothing_is_lost_until_they_are_restarted(
    open_apart: OpenApart,
) -> None:
    async with open_apart() as it:
        talk = Talk(it.simulator)
        await talk.ask("before")
        old = [it.url(service, name) for service in SERVICES for name in ("postgres", "redis")]

        await it.provision(*(word for service in SERVICES for word in ("--renew", service)))
        await it.migrate()
        await it.load_users()

        new = [it.url(service, name) for service in SERVICES for name in ("postgres", "redis")]
        assert not set(old) & set(new)
        assert [await let_in(url) for url in old] == [False] * len(old)
        assert [await let_in(url) for url in new] == [True] * len(new)
        # Sessions that are open stay so in Postgres; Valkey ended those of users that changed.
        await talk.ask("without Redis")
        await it.admin(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename like 'openclaw%'"
        )
        talk.say("with no server at all")
        await until(lambda: "InvalidPasswordError" in it.log("gateway"), "the gateway to be refused", WAIT_S)
        await it.restart(*ROLES)
        await talk.answered()
        await talk.ask("after")
        passwords = {urlsplit(url).password or "" for url in old + new} | {
            it.kept("postgres", "postgres_password")
        }
        told = it.log() + it.postgres.log.read_text("utf-8") + it.valkey.log.read_text("utf-8")
        assert "alter role" in told
        assert [password for password in passwords if password in told] == []


async def test_a_new_bot_token(open_apart: OpenApart) -> None:
    async with open_apart() as it:
        talk = Talk(it.simulator)
        await talk.ask("before")

        it.simulator.world.renew_token(NEW_TOKEN)
        await until(lambda: "401 Unauthorized" in it.log("gateway"), "the old token to be refused", WAIT_S)
        talk.say("meanwhile")
        it.token = NEW_TOKEN
        await it.provision()
        await it.restart("gateway", "sender")

        await talk.answered()
        await talk.ask("after")
        assert not any(token in it.log() for token in (TOKEN, NEW_TOKEN))


async def test_a_new_password_of_the_administrator_of_postgres(open_apart: OpenApart) -> None:
    async with open_apart() as it:
        talk = Talk(it.simulator)
        await talk.ask("before")
        old = it.kept("postgres", "postgres_url")

        await it.provision("--renew", "postgres")
        psql = [str(installed_programs() / "bin" / "psql"), "--no-psqlrc", "--quiet", "--dbname", old]
        await asyncio.to_thread(
            subprocess.run,
            psql,
            input=TAKE_OVER % (it.secrets / "postgres"),
            text=True,
            check=True,
            timeout=WAIT_S,
        )
        await it.migrate()

        assert it.kept("postgres", "postgres_password") not in it.postgres.log.read_text("utf-8")
        assert (await let_in(old), await let_in(it.kept("postgres", "postgres_url"))) == (False, True)
        await talk.ask("after")


__all__ = ["nursery"]
