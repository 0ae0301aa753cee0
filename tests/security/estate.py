"""A real ``openclaw up`` with a bot token, for the tests of this room: its folder, its ``.env``, and who writes to it.

Telegram is the simulator in the test's own event loop. Not here: what must hold (the test modules).
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from attrs import define, field

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.telegram.simulator import PushPolicy, SimulatorServer
from tests.acceptance.waiting import until
from tests.wiring.installation import OPEN_MATTERS, Done, environment

BOT_ID = 7123456789
TOKEN = f"{BOT_ID}:AAHplantedplantedplantedplanted_-x"
NEW_TOKEN = f"{BOT_ID}:AAHplantedagainandagainplanted__-y"
SOMEBODY = 424242
WAIT_S = 30.0
# A rotation restarts services, once. Longer than this nobody may wait for an answer meanwhile.
OUTAGE_S_MAX = 20.0


@define
class Talk:
    """Somebody who writes to the bot, and what comes back."""

    simulator: SimulatorServer
    who: int = SOMEBODY
    said: list[str] = field(factory=list)
    last_answer_s: float = 0.0

    def say(self, text: str) -> None:
        """Write something."""
        self.said.append(text)
        self.simulator.world.say(self.who, self.who, text)

    def answers(self) -> list[str]:
        """Return everything that was answered, in order."""
        found = self.simulator.world.record.of_chat(self.who, method="sendMessage")
        return [str(effect.text) for effect in found]

    async def answered(self) -> None:
        """Wait until all that was said is answered, each once and in order."""
        await until(lambda: len(self.answers()) >= len(self.said), f"{len(self.said)} answers", WAIT_S)
        assert self.answers() == self.said
        self.last_answer_s = time.monotonic()

    async def ask(self, text: str) -> None:
        """Write something and wait for the answer."""
        self.say(text)
        await self.answered()


@define
class House:
    """A folder with an ``.env`` and a data directory in it, and the ``up`` that may run there."""

    folder: Path
    simulator: SimulatorServer
    lines: dict[str, str]
    process: asyncio.subprocess.Process | None = None

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What ``up`` and its roles wrote to standard error, of all starts."""
        return self.folder / "up.log"

    def write_env(self, **changed: str | None) -> None:
        """Change lines of ``.env``; None takes one out."""
        self.lines |= {name: text for name, text in changed.items() if text is not None}
        for name in [name for name, text in changed.items() if text is None]:
            self.lines.pop(name, None)
        text = "".join(f"OPENCLAW_{name}={value}\n" for name, value in self.lines.items())
        path = self.folder / ".env"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)

    def environment(self) -> dict[str, str]:
        """Return the environment of a shell in the folder: all of ours is in ``.env``."""
        return {name: text for name, text in environment().items() if name != "OPENCLAW_ENV_FILE"}

    async def start(self) -> None:
        """Run ``openclaw up`` in the folder."""
        assert self.process is None
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "entrypoints.cli", "up",
                cwd=self.folder, env=self.environment(), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    async def stop(self) -> None:
        """End it as Ctrl-C does, which must go well."""
        assert self.process is not None
        process, self.process = self.process, None
        process.terminate()
        assert await asyncio.wait_for(process.wait(), WAIT_S) == 0, self.log.read_text("utf-8")

    async def openclaw(self, *arguments: str) -> Done:
        """Run a command in the folder to its end."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "entrypoints.cli", *arguments, cwd=self.folder, env=self.environment(),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(), WAIT_S)
        return Done(process.returncode or 0, out.decode(), err.decode())

    def family(self) -> list[psutil.Process]:
        """Return the supervisor and all that it started."""
        assert self.process is not None
        supervisor = psutil.Process(self.process.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Any]:
        """Lend a session of the administrator."""
        session = await asyncpg.connect(EmbeddedPostgres(self.data).admin_url)
        try:
            yield session
        finally:
            await session.close()

    async def settled(self) -> None:
        """Wait until nothing is owed and no call is under way."""
        async with self.database() as session:

            async def nothing_is_open() -> bool:
                return not await session.fetchval(OPEN_MATTERS)

            await until(nothing_is_open, "nothing to be owed", WAIT_S)


@asynccontextmanager
async def house_in(folder: Path, **lines: str) -> AsyncIterator[House]:
    """Lend a house whose ``up`` is not started yet, and end what runs in it."""
    simulator = SimulatorServer(push=PushPolicy(retry_s=0.05, retry_s_max=0.5))
    simulator.world.add_bot(TOKEN)
    simulator.world.add_user(SOMEBODY, "Ada")
    await simulator.start()
    usual = {
        "TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API_URL": simulator.base_url, "OWNER": str(SOMEBODY),
        "RATE_CHAT_PER_S": "0",
    }  # fmt: skip
    house = House(folder, simulator, usual)
    house.write_env(**lines)
    try:
        yield house
    finally:
        if house.process is not None:
            house.process.terminate()
            await asyncio.wait_for(house.process.wait(), WAIT_S)
        await simulator.stop()
