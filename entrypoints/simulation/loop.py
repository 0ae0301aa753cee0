"""An event loop without time and chance of its own: simulated processes, one of whose steps runs after the other.

Each process has a queue of steps (callbacks, in their order, as in any loop). Which process goes next is drawn from a
seed, so processes interleave as those of a machine may, while each sees the order that asyncio promises. Time passes
only when nobody has a step to do, and then at once to the next timer. A process that is killed does no further step:
nothing is unwound, no ``finally`` runs, as with ``kill -9``. One that is paused does them all later.

What runs outside of any process is the world: servers, Telegram, people. Not here: what the processes do (``system``).
"""

import asyncio
import contextvars
import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextlib import suppress
from contextvars import Context, ContextVar
from enum import StrEnum
from typing import Any, TypeVar

from attrs import define, field

T = TypeVar("T")

PROCESS: ContextVar["Process | None"] = ContextVar("PROCESS", default=None)


class State(StrEnum):
    """What a process does."""

    RUNNING = "running"
    PAUSED = "paused"
    DEAD = "dead"


class Killed(BaseException):
    """The process that raised this is dead: it goes no further, and nobody in it may catch this."""


class Stuck(RuntimeError):
    """The simulation has nothing left to do, but was to go on."""


@define(eq=False)
class Process:
    """A simulated process: the steps that it has still to do. What it leaves behind is kept until the end."""

    name: str
    state: State = State.RUNNING
    steps: deque["Step"] = field(factory=deque)
    tasks: list[asyncio.Task[Any]] = field(factory=list)
    # Whether it is among those that may go next.
    is_queued: bool = False


class Step(asyncio.Handle):
    """One callback of one process."""

    def __init__(
        self, callback: Callable[..., Any], args: tuple[Any, ...], loop: "SimulatedLoop", context: Context
    ) -> None:
        super().__init__(callback, args, loop, context)
        self.context = context
        self.work = (callback, args)
        self.process = context.get(PROCESS)


class Timer(Step):
    """A step that waits for its time."""

    def __init__(
        self,
        at_s: float,
        callback: Callable[..., Any],
        args: tuple[Any, ...],
        loop: "SimulatedLoop",
        context: Context,
    ) -> None:
        super().__init__(callback, args, loop, context)
        self.at_s = at_s

    def when(self) -> float:
        """Return the loop's time at which it is due."""
        return self.at_s


# Most of what a loop has (sockets, pipes, signals) nobody simulated asks for, so the type is not wholly one.
_Loop: Any = asyncio.AbstractEventLoop


class SimulatedLoop(_Loop):  # type: ignore[misc]
    """See the module. ``chance`` decides who goes next, and nothing else draws from it."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._now_s = 0.0
        self._world = Process("the world")
        self._processes: list[Process] = [self._world]
        self._queued: list[Process] = []
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()
        self._running = False
        self._closed = False
        self._stopping = False
        # What dead processes were about to do. Kept, since what is forgotten is unwound.
        self._graveyard: list[Step] = []
        # What the world does is done here, whoever caused it.
        self.outside = contextvars.copy_context()
        self.outside.run(PROCESS.set, None)
        self.steps = 0
        self.troubles: list[str] = []
        # Who makes connections to what is not simulated, where there is any of it.
        self.connect: Callable[[Callable[[], Any], str], Coroutine[Any, Any, Any]] | None = None

    # Processes

    def process(self, name: str) -> Process:
        """Return a new process, which has nothing to do yet."""
        process = Process(name)
        self._processes.append(process)
        return process

    def spawn(self, process: Process | None, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Let a process, or the world, do ``work`` from now on."""
        context = self.outside.copy()
        context.run(PROCESS.set, process)
        return self.create_task(work, context=context)

    def pause(self, process: Process) -> None:
        """Let a process do nothing until it is resumed."""
        if process.state is State.RUNNING:
            process.state = State.PAUSED
            self._unqueue(process)

    def resume(self, process: Process) -> None:
        """Let a paused process do all that it did not do meanwhile."""
        if process.state is State.PAUSED:
            process.state = State.RUNNING
            self._enqueue(process)

    def kill(self, process: Process) -> None:
        """End a process where it stands."""
        process.state = State.DEAD
        self._unqueue(process)
        self._graveyard.extend(process.steps)
        process.steps.clear()

    def _enqueue(self, process: Process) -> None:
        if process.steps and not process.is_queued and process.state is State.RUNNING:
            process.is_queued = True
            self._queued.append(process)

    def _unqueue(self, process: Process) -> None:
        if process.is_queued:
            process.is_queued = False
            self._queued.remove(process)

    # Steps

    def _add(self, step: Step) -> None:
        process = step.process or self._world
        if process.state is State.DEAD:
            self._graveyard.append(step)
            return
        process.steps.append(step)
        if not process.is_queued:
            self._enqueue(process)

    def _next(self) -> Step | None:
        while True:
            if not self._queued:
                if not self._timers:
                    return None
                self._now_s = max(self._now_s, self._timers[0][0])
            while self._timers and self._timers[0][0] <= self._now_s:
                timer = heapq.heappop(self._timers)[2]
                if not timer.cancelled():
                    self._add(timer)
            if not self._queued:
                continue
            place = int(self._chance.random() * len(self._queued)) if len(self._queued) > 1 else 0
            process = self._queued[place]
            step = process.steps.popleft()
            if not process.steps:
                process.is_queued = False
                self._queued[place] = self._queued[-1]
                self._queued.pop()
            if not step.cancelled():
                return step

    def _do(self, step: Step) -> None:
        self.steps += 1
        callback, args = step.work
        try:
            step.context.run(callback, *args)
        except Killed:
            return
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - as any loop does: told, and the others go on
            self.call_exception_handler({"message": "a step failed", "exception": error})

    def run_until_complete(self, future: Any) -> Any:
        """Run until ``future`` is done and return its result. Raises Stuck where that can never be."""
        if self._running:
            raise RuntimeError("this loop is running already")
        asyncio._set_running_loop(self)
        self._running = True
        try:
            task = asyncio.ensure_future(future, loop=self)
            while not task.done():
                step = self._next()
                if step is None:
                    raise Stuck("nobody has anything left to do")
                self._do(step)
            return task.result()
        finally:
            self._running = False
            asyncio._set_running_loop(None)

    def run_forever(self) -> None:
        """Not of use here: whoever runs a simulation waits for its end."""
        raise NotImplementedError

    # What asyncio asks of a loop

    def time(self) -> float:
        """Return simulated seconds since the loop was made."""
        return self._now_s

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> Any:
        """Let the process of ``context`` do this next, after what it has to do already."""
        step = Step(callback, args, self, context if context is not None else contextvars.copy_context())
        self._add(step)
        return step

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Context | None = None) -> Any:
        """The same: there are no threads."""
        return self.call_soon(callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Context | None = None) -> Any:
        """Let this be done at a time of the loop."""
        timer = Timer(
            when, callback, args, self, context if context is not None else contextvars.copy_context()
        )
        heapq.heappush(self._timers, (when, next(self._numbers), timer))
        return timer

    def call_later(self, delay: float, callback: Any, *args: Any, context: Context | None = None) -> Any:
        """Let this be done after so many seconds."""
        return self.call_at(self._now_s + max(0.0, delay), callback, *args, context=context)

    def create_future(self) -> asyncio.Future[Any]:
        """Return a future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Any, *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[Any]:
        """Return a task of this loop, and of the process in whose context it is made."""
        if self._closed:
            coro.close()
            raise RuntimeError("this loop is closed")
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, name=name, context=context)
        process = (context.get(PROCESS) if context is not None else PROCESS.get()) or self._world
        process.tasks.append(task)
        if len(process.tasks) > 1000:
            process.tasks = [each for each in process.tasks if not each.done()]
        return task

    async def create_unix_connection(self, protocol_factory: Any, path: Any = None, **more: Any) -> Any:
        """Return transport and protocol of a connection of the running process."""
        if self.connect is None:
            raise NotImplementedError("nothing outside of this simulation can be reached")
        return await self.connect(protocol_factory, str(path))

    def run_in_executor(self, executor: Executor | None, func: Any, *args: Any) -> Any:
        """Call ``func`` at once: what runs beside the loop takes one step here."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to whoever waits for it
            future.set_exception(error)
        return future

    def get_debug(self) -> bool:
        """Return False: what debugging adds here is another course of things."""
        return False

    def is_running(self) -> bool:
        """Return whether the loop runs."""
        return self._running

    def is_closed(self) -> bool:
        """Return whether the loop was closed."""
        return self._closed

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Note what nobody took care of; the end of a run looks at it."""
        error = context.get("exception")
        if not isinstance(error, Killed):
            self.troubles.append(f"{context['message']}: {error!r}")

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """The same."""
        self.default_exception_handler(context)

    def close(self) -> None:
        """End every process, dead or alive, and let nothing of it act any more. The loop cannot be used after that."""
        self._closed = True
        for process in self._processes:
            process.state = State.DEAD
            for task in process.tasks:
                if not task.done() and (work := task.get_coro()) is not None:
                    # What is in its ``finally`` finds a loop that begins nothing; nobody cares for what it says.
                    asyncio._set_running_loop(self)
                    with suppress(BaseException):
                        work.close()
                    asyncio._set_running_loop(None)
            process.tasks.clear()
            process.steps.clear()
        self._graveyard.clear()
        self._timers.clear()
        self._queued.clear()
