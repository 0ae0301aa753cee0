"""Transactions of simulated processes: a server ends them with their connection, their process, or when they take long.

What a fault does to a commit is here too: it may not arrive, or be done without anybody hearing of it. Not here: single
requests (``links``).
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from attrs import define, field

from adapters.memory.agenda import MemoryAgenda
from adapters.memory.notices import MemoryLetterWatch
from adapters.memory.store import MemoryStore
from domain.errors import StoreUnavailable
from entrypoints.simulation.links import Remote, Server
from entrypoints.simulation.loop import PROCESS, Process, SimulatedLoop

# What a transaction has that is asked for over the same connection.
NESTED = frozenset({"access", "tasks"})


class Locking(Protocol):
    """An open transaction that holds locks."""

    def unlock(self) -> None:
        """Let everything go that it has locked."""


@define(eq=False)
class Session:
    """One open transaction of a process. It is over when it ended in any way."""

    process: Process | None
    locking: Locking | None = None
    is_over: bool = False

    def check(self) -> None:
        """Raise StoreUnavailable where the server has ended it."""
        if self.is_over:
            raise StoreUnavailable("the simulated server has ended this session")

    def end(self) -> None:
        """Roll it back."""
        self.is_over = True
        if self.locking is not None:
            self.locking.unlock()


@define(eq=False)
class Sessions:
    """Every open transaction of one server. None stays open for longer than ``open_s_max`` seconds."""

    loop: SimulatedLoop
    server: Server
    open_s_max: float
    open: list[Session] = field(factory=list)
    timed_out: int = 0

    def end_of(self, process: Process) -> None:
        """Roll back what a process has open, as when it dies."""
        self._end([each for each in self.open if each.process is process])

    def end_all(self) -> None:
        """Roll back everything, as when the server goes."""
        self._end(list(self.open))

    def _end(self, sessions: Sequence[Session]) -> None:
        for session in sessions:
            session.end()
            self.open.remove(session)

    def _time_out(self, session: Session) -> None:
        if session in self.open:
            self.timed_out += 1
            self._end([session])

    @asynccontextmanager
    async def transaction(self, begin: Callable[[], AbstractAsyncContextManager[Any]]) -> AsyncIterator[Any]:
        """Open a transaction; leaving the block commits. Raises StoreUnavailable, and what ``begin`` raises."""
        server, session = self.server, Session(PROCESS.get())
        await server.request()
        self.open.append(session)
        bound = self.loop.call_later(self.open_s_max, self._time_out, session, context=self.loop.outside)
        try:
            async with begin() as current:
                session.locking = current
                await server.answer()
                yield Remote(current, server, NESTED, session.check)
                await server.request()
                session.check()
                server.lose("commit")
        finally:
            bound.cancel()
            session.is_over = True
            if session in self.open:
                self.open.remove(session)
        server.lose("answer to a commit")
        await server.answer()


class RemoteStore(Remote):
    """``application.ports.Store`` over the way to a server."""

    def __init__(self, store: MemoryStore, sessions: Sessions) -> None:
        super().__init__(store, sessions.server)
        self._store, self._sessions = store, sessions

    def round(self, target: str, lanes: Sequence[str]) -> AbstractAsyncContextManager[Any]:
        """See the port."""
        return self._sessions.transaction(lambda: self._store.round(target, lanes))


class RemoteAgenda:
    """``application.books.Agenda`` over the way to a server."""

    def __init__(self, agenda: MemoryAgenda, sessions: Sessions) -> None:
        self._agenda, self._sessions = agenda, sessions

    def due(self, limit: int) -> AbstractAsyncContextManager[Any]:
        """See the port."""
        return self._sessions.transaction(lambda: self._agenda.due(limit))


class RemoteLetterWatch:
    """``application.notices.LetterWatch`` over the way to a server."""

    def __init__(self, watch: MemoryLetterWatch, sessions: Sessions) -> None:
        self._watch, self._sessions = watch, sessions

    def turn(self) -> AbstractAsyncContextManager[Any]:
        """See the port."""
        return self._sessions.transaction(self._watch.turn)
