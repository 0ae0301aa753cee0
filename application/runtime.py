"""The single source of truth for the API mode, in one implementation for sync and async Redis clients.

Each method is written once, as a generator that yields what the client returned. With a sync client that is the
result and the method returns a value; with an async client it is an awaitable and the method returns one too.
Not here: Postgres. A missing key is told as None, and the brain restores it from the choice it has committed.
"""

from collections.abc import Awaitable, Callable, Generator
from inspect import isawaitable
from typing import Any, Generic, Protocol, TypeVar, cast, overload

from domain.errors import Unavailable
from domain.runtime_state import KEY, InvalidMode, Mode, parse_mode

Text = bytes | str | None


class SyncClient(Protocol):
    """The part of a blocking Redis client that runtime state needs; ``nx``: only where the key is missing."""

    def get(self, name: str, /) -> Text: ...

    def set(self, name: str, value: str, /, *, nx: bool = False) -> Text | bool: ...

    def delete(self, name: str, /) -> int: ...


class AsyncClient(Protocol):
    """The same of an asyncio Redis client."""

    def get(self, name: str, /) -> Awaitable[Text]: ...

    def set(self, name: str, value: str, /, *, nx: bool = False) -> Awaitable[Text | bool]: ...

    def delete(self, name: str, /) -> Awaitable[int]: ...


C_co = TypeVar("C_co", bound=SyncClient | AsyncClient, covariant=True)
T = TypeVar("T")
Steps = Generator[object, Any, T]
Report = Callable[[str], None]


def _ignore(fault: str) -> None:
    """Report to nobody."""


class RuntimeState(Generic[C_co]):
    """The API mode in Redis. Every method raises ``domain.errors.Unavailable`` when the server cannot be asked."""

    def __init__(self, client: C_co, report: Report = _ignore) -> None:
        """Use ``client``; ``report`` is told, in one sentence, of a stored value that is no mode."""
        self._client: Any = client
        self._report = report

    @overload
    def mode(self: "RuntimeState[SyncClient]") -> Mode | None: ...

    @overload
    def mode(self: "RuntimeState[AsyncClient]") -> Awaitable[Mode | None]: ...

    def mode(self) -> Mode | None | Awaitable[Mode | None]:
        """Return the stored mode; None when none is stored, or when the stored value is no mode (reported)."""
        return _perform(self._read())

    @overload
    def set_mode(self: "RuntimeState[SyncClient]", mode: Mode) -> None: ...

    @overload
    def set_mode(self: "RuntimeState[AsyncClient]", mode: Mode) -> Awaitable[None]: ...

    def set_mode(self, mode: Mode) -> None | Awaitable[None]:
        """Store ``mode``; it never expires."""
        return _perform(self._write(mode))

    @overload
    def restore(self: "RuntimeState[SyncClient]", mode: Mode) -> Mode: ...

    @overload
    def restore(self: "RuntimeState[AsyncClient]", mode: Mode) -> Awaitable[Mode]: ...

    def restore(self, mode: Mode) -> Mode | Awaitable[Mode]:
        """Store ``mode`` only where none stands, and return the one that stands then.

        A choice made by somebody else meanwhile is never overwritten.
        """
        return _perform(self._restore(mode))

    @overload
    def clear(self: "RuntimeState[SyncClient]") -> None: ...

    @overload
    def clear(self: "RuntimeState[AsyncClient]") -> Awaitable[None]: ...

    def clear(self) -> None | Awaitable[None]:
        """Forget the stored mode."""
        return _perform(self._delete())

    def _read(self) -> Steps[Mode | None]:
        stored = yield self._client.get(KEY)
        if stored is None:
            return None
        text = stored.decode(errors="replace") if isinstance(stored, bytes) else stored
        try:
            return parse_mode(text)
        except InvalidMode as error:
            self._report(f"the value stored under {KEY} is treated as missing: {error}")
            return None

    def _write(self, mode: Mode) -> Steps[None]:
        yield self._client.set(KEY, mode.value)

    def _restore(self, mode: Mode) -> Steps[Mode]:
        if (yield self._client.set(KEY, mode.value, nx=True)):
            return mode
        standing = yield from self._read()
        if standing is not None:
            return standing
        # What stands is no mode (or went away this moment), so there is no choice to respect.
        yield self._client.set(KEY, mode.value)
        return mode

    def _delete(self) -> Steps[None]:
        yield self._client.delete(KEY)


def _perform(steps: Steps[T]) -> T | Awaitable[T]:
    """Run ``steps`` to their end, or, from the first awaitable on, return an awaitable that does."""
    try:
        answer = next(steps)
        while not isawaitable(answer):
            answer = steps.send(answer)
    except StopIteration as end:
        return cast(T, end.value)
    except Exception as error:
        # The application does not know the client's library, so whatever it raises means: it could not be asked.
        raise _unavailable(error) from error
    return _finish(steps, answer)


async def _finish(steps: Steps[T], answer: Any) -> T:
    """Await every answer in turn."""
    try:
        while True:
            answer = steps.send(await answer)
    except StopIteration as end:
        return cast(T, end.value)
    except Exception as error:
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> Unavailable:
    return Unavailable(f"the API mode cannot be read or written in Redis ({type(error).__name__})")
