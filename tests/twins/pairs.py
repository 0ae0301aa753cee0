"""Open transactions in pairs: one in memory and one in Postgres, that do the same and end in the same way.

Not here: what is done in them (``store_machine``, ``agenda_machine``).
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from enum import Enum
from typing import Any

import asyncpg
from attrs import define, field

from domain.errors import StoreUnavailable
from tests.twins.sides import Told, told, told_at_once
from tests.twins.stage import Stage


class End(Enum):
    """How a transaction ends."""

    COMMIT = "commit"
    ROLL_BACK = "roll back"
    KILL = "the process is killed"
    CUT = "the connection is cut before the commit"
    CUT_AFTER = "the connection is cut before the answer to the commit"


class Killed(BaseException):
    """The end of a process, as far as it can be had within one."""


@define
class Pair:
    """An open transaction on both sides. ``role`` and ``run`` name the process."""

    stage: Stage
    role: str
    run: str
    real: Any
    fake: Any
    _managers: tuple[AbstractAsyncContextManager[Any], AbstractAsyncContextManager[Any]]
    is_open: bool = True
    # What it did that decides about what it may do next.
    has_applied: bool = False
    has_marked: bool = False
    notes: dict[str, Any] = field(factory=dict)

    @property
    def _pid(self) -> int:
        pid: int = self.real._connection.get_server_pid()
        return pid

    def same(
        self,
        act: Callable[[Any], Awaitable[object]],
        normal: Callable[[Any], object] = lambda value: value,
        *,
        may_wait: bool = False,
    ) -> Told:
        """Do the same in both and return what came of it. An error or a wait ends the transaction. Raises Diverged.

        Of what both fails and waits one side may tell the one and one the other: which comes first, nobody says.
        ``may_wait``: Postgres may wait where the fake does not, as for the end of a row that is to be owed again.
        """
        run = self.stage.run
        real = run(told(act(self.real), normal))
        self.stage.count("in rounds", real)
        fake = run(told_at_once(act(self.fake), normal))
        is_excused = real.waits and (may_wait or fake.error)
        if not is_excused and not (real.error and fake.waits):
            self.stage.agreed(real, fake)
        if real.waits or real.error:
            self._close(StoreUnavailable("what it did failed"))
        return real

    def end(self, how: End) -> Told:
        """End both and return what came of it."""
        self.stage.seen[how.value] += 1
        match how:
            case End.COMMIT:
                return self._close(None)
            case End.ROLL_BACK:
                return self._close(ZeroDivisionError())
            case End.KILL:
                pid = self._pid
                came = self._close(Killed())
                self.stage.end_session(pid, is_over=True)
                return came
            case End.CUT:
                self.stage.end_session(self._pid)
                return self._close(None, StoreUnavailable("the connection was cut"))
            case End.CUT_AFTER:
                self.stage.run(self.real._connection.execute("commit"))
                self.stage.end_session(self._pid)
                self.fake.commit()
                return self._close(None, StoreUnavailable("the connection was cut"))

    def _close(self, real: BaseException | None, fake: BaseException | None = None) -> Told:
        """Leave both blocks with these errors; without one for the fake, with the same."""
        self.is_open = False
        came = self.stage.run(told(_left(self._managers[0], real), str))
        fakes = self.stage.run(told_at_once(_left(self._managers[1], fake or real), str))
        # Taking a mark back may wait, of which Postgres does not tell: it gives up, and the mark stays on both sides.
        if came.value and fakes.waits:
            return came
        return self.stage.agreed(came, fakes)


async def _left(manager: AbstractAsyncContextManager[Any], error: BaseException | None) -> str:
    """Leave a block and return the name of the error that comes out of it."""
    try:
        await manager.__aexit__(type(error) if error is not None else None, error, None)
    except (Exception, Killed) as found:  # noqa: BLE001 - whatever comes is compared
        return type(found).__name__
    return type(error).__name__ if error is not None else ""


def opened(
    stage: Stage,
    role: str,
    run: str,
    begin: Callable[[Any], AbstractAsyncContextManager[Any]],
    seen: Callable[[Any], object],
) -> Pair | None:
    """Open a transaction on both sides and compare what ``seen`` tells of them; None where Postgres waits."""
    managers = begin(stage.real), begin(stage.fake)
    try:
        real = stage.run(managers[0].__aenter__())
    except StoreUnavailable as error:
        if isinstance(error.__cause__, asyncpg.LockNotAvailableError):
            return None
        raise
    fake = stage.run(managers[1].__aenter__())
    pair = Pair(stage, role, run, real, fake, managers)
    stage.agreed(Told(seen(real)), Told(seen(fake)))
    return pair
