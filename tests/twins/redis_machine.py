"""What else is kept in Redis, side by side: the API mode as it stands, and which services run.

Not here: services that are forgotten after a silence, which takes real time (``tests/contract``).
"""

from collections.abc import Awaitable, Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from adapters.memory.clock import ManualClock
from adapters.memory.liveness import MemoryLiveness
from adapters.memory.redis import AsyncMemoryRedis, MemoryRedis
from adapters.redis_streams.connect import connect, connect_blocking
from adapters.redis_streams.liveness import RedisLiveness
from application.runtime import RuntimeState
from domain.runtime_state import KEY, Mode
from tests.twins.sides import Machine, Sides, Told, told

# Nobody is forgotten while a course runs.
EXPIRY_S = 3600.0
STRANGE = ("", "AUTO", "auto ", "🌱", "kimi")


class RedisStage(Sides):
    """A server and its fake. Runtime state and liveness are two fakes, which lose their data together."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.client, self.blocking = connect(url), connect_blocking(url)
        self.begin()

    def begin(self) -> None:
        """Begin anew, with nothing on either side."""
        self.has_diverged = False
        self.run(self.client.flushall())
        self.memory = MemoryRedis()
        self.liveness = RedisLiveness(self.client, EXPIRY_S), MemoryLiveness(ManualClock(), EXPIRY_S)
        # The fault of an unknown value is told, so what was told is compared, too.
        self.reports: tuple[list[str], list[str]] = [], []
        self.states = (
            RuntimeState(self.client, self.reports[0].append),
            RuntimeState(AsyncMemoryRedis(self.memory), self.reports[1].append),
        )
        self.blocking_states = (
            RuntimeState(self.blocking, self.reports[0].append),
            RuntimeState(self.memory, self.reports[1].append),
        )

    def end(self) -> None:
        """Let go of everything."""
        self.blocking.close()
        self.run(self.client.aclose())
        super().end()


modes = st.sampled_from(Mode)
services = st.tuples(st.sampled_from(["brain", "sender"]), st.sampled_from(["a", "b:1", "é"]))


class RedisMachine(Machine):
    """See the module."""

    stage: RedisStage

    def __init__(self) -> None:
        super().__init__()
        self.stage.begin()

    @rule(mode=modes, how=st.sampled_from(["set_mode", "restore"]), is_blocking=st.booleans())
    def choose(self, mode: Mode, how: str, is_blocking: bool) -> None:
        self._state(lambda state: getattr(state, how)(mode), is_blocking)

    @rule(how=st.sampled_from(["mode", "clear"]), is_blocking=st.booleans())
    def read_or_clear(self, how: str, is_blocking: bool) -> None:
        self._state(lambda state: getattr(state, how)(), is_blocking)

    @rule(value=st.sampled_from(STRANGE))
    def write_strange(self, value: str) -> None:
        self.stage.blocking.set(KEY, value)
        self.stage.memory.set(KEY, value)

    @rule()
    def flush(self) -> None:
        self.stage.blocking.flushall()
        self.stage.memory.wipe()
        self.stage.liveness[1].wipe()
        self._look()

    @rule(service=services, version=st.sampled_from(["0.1.0", "0.2.0"]))
    def announce(self, service: tuple[str, str], version: str) -> None:
        self._both(lambda liveness: liveness.announce(*service, version))

    @rule(service=services)
    def withdraw(self, service: tuple[str, str]) -> None:
        self._both(lambda liveness: liveness.withdraw(*service))

    def _both(self, act: Callable[[Any], Awaitable[object]]) -> None:
        stage = self.stage
        came = [stage.run(told(act(side), lambda value: value)) for side in stage.liveness]
        stage.count("operations", came[0])
        stage.agreed(*came)
        self._look()

    def _state(self, act: Callable[[Any], Any], is_blocking: bool) -> None:
        stage = self.stage
        if is_blocking:
            came = [Told(act(state)) for state in stage.blocking_states]
        else:
            came = [stage.run(told(act(state), lambda value: value)) for state in stage.states]
        stage.count("operations", came[0])
        stage.agreed(*came)
        stage.agreed(*(Told(list(reports)) for reports in stage.reports))

    def _look(self) -> None:
        seen = [self.stage.run(told(side.alive(), _names)) for side in self.stage.liveness]
        self.stage.agreed(*seen)


def _names(services: Any) -> object:
    return [(each.role, each.instance, each.version) for each in services]
