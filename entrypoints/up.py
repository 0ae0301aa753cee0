"""``openclaw up``: everything on one machine. Servers of our own or given ones, migrations, every role, supervised.

Without a bot token a simulated Telegram takes Telegram's place, and a chat opens in the terminal. Not here: keeping
processes (``supervisor``), the roles themselves (``roles``).
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import attrs
import click
import uvloop
from attrs import define, field

from adapters.embedded.files import free_port
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from adapters.logs import Redactor, set_up_logging
from adapters.postgres.clock import PostgresClock
from adapters.postgres.roles import SERVICES, role_of
from adapters.redis_streams.acl import RIGHTS, acl_file
from adapters.telegram.client import bot_id_of
from adapters.telegram.simulator import SimulatorServer
from domain.errors import OpenClawError
from domain.redaction import without_credentials
from domain.scope import Scope
from entrypoints.chat import CHAT_ID, USER_ID, chat
from entrypoints.containers import timing
from entrypoints.data_dir import DataDir, RunInfo, with_login
from entrypoints.database import prepare_database
from entrypoints.daylong import DaylongClock
from entrypoints.exits import Exit, exit_code_of
from entrypoints.faces import faces_of
from entrypoints.ownership import offer_ownership
from entrypoints.preparation import start_logging
from entrypoints.restarts import Restarts
from entrypoints.roles import ROLES, run_role
from entrypoints.settings import Settings
from entrypoints.settings_types import HostPort, Secret
from entrypoints.simulated import BOT_ID, BOT_NAME
from entrypoints.supervisor import Happening, RoleProcess, Server, Supervisor, SupervisorEvent
from entrypoints.version import version

log = logging.getLogger("openclaw.up")

# The name under which run.json tells the bot's id.
BOT = "bot"
TROUBLE = frozenset({Happening.DIED, Happening.START_FAILED, Happening.KILLED, Happening.STOP_FAILED})


@define
class Up:
    """One installation on this machine, from start to stop."""

    settings: Settings
    data: DataDir
    servers: list[Server] = field(factory=list)
    postgres: EmbeddedPostgres | None = None
    valkey: EmbeddedValkey | None = None
    simulator_url: str | None = None
    # Where each role tells its health and metrics.
    faces: dict[str, HostPort] = field(factory=dict)
    restarts: Restarts = field(factory=lambda: Restarts(()))
    # What died and was not started again yet.
    troubled: set[str] = field(factory=set)
    # What hides this installation's secrets in the log of the supervisor.
    redactor: Redactor = field(factory=Redactor)
    # Whether nothing was kept before, and nobody can have written to the bot.
    is_first: bool = True
    # To which instant the clock is moved at the start; empty where it is not.
    clock_phrase: str = ""
    daylong: DaylongClock = field(factory=lambda: DaylongClock(timing(), Scope(BOT_ID, CHAT_ID).key))

    def run(self) -> int:
        """Start everything, supervise it until the end, and return the exit code."""
        self.faces = faces_of(self.settings, tuple(ROLES))
        with self.data:
            try:
                self._keep_secrets()
                self._start_servers()
                self.redactor.add(*self.data.secrets())
                if (code := self._migrate()) != Exit.OK:
                    return code
                self._choose_telegram()
                if (code := self._set_clock()) != Exit.OK:
                    return code
                self._note()
                roles = self._roles()
                names = [server.name for server in self.servers] + [role.name for role in roles]
                self.restarts = Restarts(names)
                supervisor = Supervisor(
                    roles,
                    servers=self.servers,
                    on_event=self._tell,
                    stop_s=self.settings.stop_timeout_s + 5,
                )
                # Before there are processes whose log lines or chat would get in its way.
                click.echo(self._screen(), err=True)
                if self.simulator_url is None:
                    in_child(self._offer_ownership)
                supervisor.start()
                return supervisor.wait()
            finally:
                for server in reversed(self.servers):
                    if server.is_running():
                        server.stop()

    def _keep_secrets(self) -> None:
        """Make every secret before there are processes that could make it twice."""
        self._passwords()
        self._valkey_users()
        self._simulated_token()

    # Servers

    def _start_servers(self) -> None:
        if self.settings.postgres_url is None:
            self.postgres = EmbeddedPostgres(self.data.path)
            self.servers.append(self.postgres)
        if self.settings.redis_url is None:
            self.valkey = EmbeddedValkey(self.data.path, config=self._valkey_users())
            self.servers.append(self.valkey)
        self.is_first = self.postgres is not None and not (self.data.path / "postgres" / "cluster").exists()
        if self.is_first:
            click.echo(f"openclaw: first start in {self.data.path}, which takes some seconds more", err=True)
        for server in self.servers:
            server.start()

    def _admin_url(self) -> str:
        if self.postgres is not None:
            return self.postgres.admin_url
        assert self.settings.postgres_url is not None
        return self.settings.postgres_url.reveal()

    def _passwords(self) -> dict[str, str]:
        """Return each service's password on our own Postgres; none on an outside one, where the given user acts."""
        if self.settings.postgres_url is not None:
            return {}
        return {service: self.data.secret(f"postgres-{service}") for service in SERVICES}

    def _migrate(self) -> int:
        """Migrate in a process of its own, whose libraries then burden nobody; return its exit code."""
        return in_child(lambda: asyncio.run(prepare_database(self._admin_url(), self._passwords())))

    def _postgres_url(self, service: str) -> str:
        if self.postgres is None:
            return self._admin_url()
        return with_login(self.postgres.url(), role_of(service), self._passwords()[service])

    def _valkey_users(self) -> list[str]:
        """Return the users of our own Valkey, one a service, as lines of its configuration."""
        passwords = {service: self.data.secret(f"valkey-{service}") for service in RIGHTS}
        return [line for line in acl_file(passwords).splitlines() if not line.startswith("user default ")]

    def _redis_url(self, service: str) -> str:
        if self.valkey is not None:
            return self.valkey.url(service, self.data.secret(f"valkey-{service}"))
        assert self.settings.redis_url is not None
        return self.settings.redis_url.reveal()

    def _set_clock(self) -> int:
        """Take over how far the clock was moved, and move it on where that was asked for; return the exit code."""
        if self.postgres is None:
            return Exit.OK
        database, is_simulated = PostgresClock(self._admin_url()), self.simulator_url is not None
        return in_child(lambda: asyncio.run(self.daylong.begin(database, self.clock_phrase, is_simulated)))

    # Telegram

    def _choose_telegram(self) -> None:
        if self.settings.telegram_token is None:
            self.simulator_url = f"http://127.0.0.1:{free_port()}"

    def _role_settings(self, role: str) -> Settings:
        given = self.settings
        changed = attrs.evolve(
            given,
            postgres_url=Secret(self._postgres_url(role)),
            redis_url=Secret(self._redis_url(role)),
            health_listen=self.faces.get(role),
        )
        if self.simulator_url is None:
            return changed
        return attrs.evolve(
            changed,
            telegram_token=Secret(self._simulated_token()),
            telegram_api_url=self.simulator_url,
            bot_username=BOT_NAME,
            admins=given.admins | {USER_ID},
        )

    def _simulated_token(self) -> str:
        return f"{BOT_ID}:{self.data.secret('simulated-bot')}"

    def _offer_ownership(self) -> None:
        asyncio.run(offer_ownership(self._role_settings("operator"), partial(click.echo, err=True)))

    # Processes

    def _roles(self) -> list[RoleProcess]:
        roles = []
        if self.simulator_url is not None:
            roles.append(RoleProcess("telegram", self._run_simulator))
        for name in ROLES:
            roles.append(RoleProcess(name, self._runner(name)))
        if self.simulator_url is not None:
            roles.append(RoleProcess("chat", self._run_chat, foreground=True))
        return roles

    def _runner(self, name: str) -> Callable[[], int]:
        settings = self._role_settings(name)

        def run() -> int:
            # Each process is a replica of its own, whose name says which.
            own = attrs.evolve(settings, instance=f"{name}-{os.getpid()}")
            return run_role(
                name, own, restarts=self.restarts.read, log_file=self.log_file(name), clock=self.daylong.clock
            )

        return run

    def log_file(self, name: str) -> Path | None:
        """Return the log file of a process while the terminal belongs to the chat; else None."""
        if self.simulator_url is None:
            return None
        folder = self.data.path / "logs"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / f"{name}.log"

    def _run_simulator(self) -> int:
        set_up_logging(
            log_format="json", about={"role": "telegram"}, file=self.log_file("telegram"),
            secrets=(*self.settings.secret_texts(), *self.data.secrets()),
        )  # fmt: skip
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(self._simulate())

    async def _simulate(self) -> int:
        assert self.simulator_url is not None
        stopped = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
        server = SimulatorServer(port=int(self.simulator_url.rpartition(":")[2]), now=self.daylong.clock.now)
        server.world.add_bot(self._simulated_token(), BOT_NAME)
        if not self.is_first:
            server.world.meet(USER_ID)
        await server.start()
        await stopped.wait()
        await server.stop()
        return 0

    def _run_chat(self) -> int:
        assert self.simulator_url is not None
        with asyncio.Runner() as runner:
            if self.postgres is None:
                return runner.run(chat(self.simulator_url, sys.stdin, sys.stdout))
            database = PostgresClock(self._admin_url())
            passing, rest = partial(self.daylong.passing, database), partial(self.daylong.at_rest, database)
            return runner.run(chat(self.simulator_url, sys.stdin, sys.stdout, passing=passing, rest=rest))

    # Telling

    def _note(self) -> None:
        """Note where the servers are, so that the other commands find them."""
        token = self._role_settings("gateway").telegram_token
        bot = str(bot_id_of(token.reveal())) if token is not None else ""
        operator = {"telegram": self.simulator_url or self.settings.telegram_api_url, BOT: bot}
        database = self.postgres.url() if self.postgres is not None else ""
        redis = self.valkey.url() if self.valkey is not None else ""
        self.data.write_run(RunInfo(os.getpid(), database, redis, operator))

    def _screen(self) -> str:
        """Return what runs where, on one screen."""
        own = "of our own, in " + str(self.data.path)
        rows = {
            "postgres": own if self.postgres else "outside, as OPENCLAW_POSTGRES_URL says",
            "valkey": own if self.valkey else "outside, as OPENCLAW_REDIS_URL says",
            "telegram": f"simulated at {self.simulator_url}"
            if self.simulator_url
            else self.settings.telegram_api_url,
            "roles": ", ".join(ROLES),
            "logs": str(self.data.path / "logs") if self.simulator_url else "standard error",
        }
        if self.faces:
            rows["metrics"] = ", ".join(f"http://{face}/metrics" for face in self.faces.values())
        lines = [f"OpenClaw {version()}", *(f"  {name:<9} {where}" for name, where in rows.items())]
        if self.simulator_url:
            lines.append("No OPENCLAW_TELEGRAM_TOKEN is set, so this chat stands in for Telegram.")
            if self.daylong.ahead_s():
                lines.append(f"The clock is moved ahead and shows {self.daylong.shown()}.")
            lines.append("Type a message, or /help. Ctrl-D ends.")
        else:
            lines.append("Write to your bot in Telegram. Ctrl-C ends.")
        return "\n".join(lines)

    def _tell(self, event: SupervisorEvent) -> None:
        """Tell of what is not as it should be, and when it is so again."""
        if event.what is Happening.STARTED:
            self.restarts.started(event.name)
            if event.name in self.troubled:
                self.troubled.remove(event.name)
                self._say(logging.INFO, f"{event.name} runs again", event)
        if event.what in TROUBLE:
            again = f"; starting it again in {event.restart_s:.1f} s" if event.restart_s is not None else ""
            why = f" ({event.reason})" if event.reason else ""
            self._say(logging.WARNING, f"{event.name} {event.what}{why}{again}", event)
            self.troubled.add(event.name)

    def _say(self, level: int, sentence: str, event: SupervisorEvent) -> None:
        """Tell a person at the chat, or the log, which standard error is for otherwise."""
        if self.simulator_url is not None:
            click.echo(f"openclaw: {sentence}", err=True)
            return
        action = f"process_{event.what.replace(' ', '_')}"
        fields = {"action": action, "process_name": event.name, "exit_code": event.code}
        log.log(
            level, "%s", sentence, extra={name: value for name, value in fields.items() if value is not None}
        )


def in_child(work: Callable[[], object]) -> int:
    """Run ``work`` in a forked process and return its exit code; an OpenClawError is printed as its sentence."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        code = int(Exit.FAILED)
        try:
            work()
            code = Exit.OK
        except OpenClawError as error:
            print(f"openclaw: {without_credentials(str(error))}", file=sys.stderr)
            code = exit_code_of(error)
        except KeyboardInterrupt:
            code = Exit.INTERRUPTED
        except BaseException as error:  # noqa: BLE001 - what the process above would print is not this one's to print
            sys.excepthook(type(error), error, error.__traceback__)
        finally:
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def run_up(settings: Settings, *, clock: str = "") -> int:
    """Run everything until it ends; return the exit code. ``clock`` says to which instant the clock is moved first."""
    if clock and (settings.telegram_token is not None or settings.postgres_url is not None):
        raise OpenClawError(
            "--clock is for the simulated Telegram and a Postgres of our own; leave it out, or start without "
            "OPENCLAW_TELEGRAM_TOKEN and OPENCLAW_POSTGRES_URL and with another --data-dir"
        )
    redactor = start_logging(settings, "up")
    return Up(settings, DataDir(settings.data_dir), redactor=redactor, clock_phrase=clock).run()


def _running(settings: Settings) -> RunInfo | None:
    """Return what runs in the data directory; None where nothing does. The directory is not touched."""
    try:
        if not (settings.data_dir / "run.json").exists():
            return None
    except PermissionError:
        raise OpenClawError(
            f"{settings.data_dir} belongs to another user; do this as the user who started `openclaw up`"
        ) from None
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise OpenClawError(
            f"the data directory cannot be looked into ({reason}); check --data-dir"
        ) from error
    return DataDir(settings.data_dir).read_run()


def running_bot(settings: Settings) -> int | None:
    """Return the bot of the ``up`` that runs in the data directory; None without one."""
    info = _running(settings)
    bot = info.details.get(BOT, "") if info is not None else ""
    return int(bot) if bot.isdigit() else None


def urls_of_running(settings: Settings, service: str = "operator") -> Mapping[str, Secret]:
    """Return the servers' URLs, for a service, of the ``up`` that runs in the data directory; empty without one."""
    info = _running(settings)
    if info is None:
        return {}
    data = DataDir(settings.data_dir)
    found = {}
    if info.database_url:
        login = with_login(info.database_url, role_of(service), data.secret(f"postgres-{service}"))
        found["postgres_url"] = Secret(login)
    if info.redis_url:
        found["redis_url"] = Secret(EmbeddedValkey(data.path).url(service, data.secret(f"valkey-{service}")))
    return found
