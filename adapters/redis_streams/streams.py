"""The event streams on Redis Streams: one stream and one consumer group per target.

The hash tag in a key keeps all keys of a target in one cluster slot. Nothing is ever trimmed: settled entries are
deleted, so the length of a stream is its backlog. Not here: what makes an event true (Postgres).
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import redis
import redis.asyncio

from adapters.redis_streams.connect import translated
from adapters.redis_streams.reader import Reader
from application.ports import Depth, Entry, Wakeup
from domain.scope import is_lane

READ_MARGIN_S = 5.0
LENGTH_MAX = 10_000
PENDING_OF_REMOVED_MAX = 1000

Fields = dict[bytes, bytes]


def key_of(target: str) -> str:
    """Return the key of a target's stream."""
    return f"openclaw:{{{target}}}:events"


class RedisStreams:
    """``application.ports.Streams`` on a Redis or Valkey server; the client is the caller's, and speaks RESP2.

    Commands share the client's pool. Each consumer reads on a connection of its own, since a blocking read would
    hold up everything else.
    """

    def __init__(self, client: redis.asyncio.Redis, length_max: int = LENGTH_MAX) -> None:
        """``length_max``: a stream that is longer gets no wake-ups, so that Redis never holds a whole backlog."""
        self._client = client
        self._length_max = length_max
        # Targets whose stream was too long when it was looked at last.
        self._full: set[str] = set()
        self._readers: dict[tuple[str, str], Reader] = {}

    async def publish(self, wakeups: Sequence[Wakeup]) -> None:
        """Append each wake-up to the stream of its target, in order, in one round trip; none to one that is too long.

        How long a stream is comes back with the round trip; where one was too long, it is looked at before the next.
        """
        targets = list(dict.fromkeys(wakeup.target for wakeup in wakeups))
        with translated("publish"):
            for target in self._full.intersection(targets):
                self._measured(target, await self._client.xlen(key_of(target)))
            if self._full.issuperset(targets):
                return
            async with self._client.pipeline(transaction=False) as pipe:
                for wakeup in wakeups:
                    if wakeup.target not in self._full:
                        pipe.execute_command("XADD", key_of(wakeup.target), "*", *_fields(wakeup))
                for target in targets:
                    pipe.xlen(key_of(target))
                lengths = (await _answers(pipe))[-len(targets) :]
        for target, length in zip(targets, lengths, strict=True):
            self._measured(target, length)

    def _measured(self, target: str, length: int) -> None:
        if length >= self._length_max:
            self._full.add(target)
        else:
            self._full.discard(target)

    async def create_group(self, target: str) -> None:
        """Create stream and group, the group reading from the first entry; fine if they exist."""
        with translated("create the group"):
            await self._create_group(target)

    async def consume(self, target: str, consumer: str, count: int, block_s: float) -> list[Entry]:
        """Return up to ``count`` entries never delivered before, waiting up to ``block_s`` seconds for the first.

        A call that is cancelled leaves its read running, and the next call of that consumer returns what it brought.
        """
        block = ("BLOCK", max(1, round(block_s * 1000))) if block_s > 0 else ()
        command = (
            "XREADGROUP",
            "GROUP",
            target,
            consumer,
            "COUNT",
            count,
            *block,
            "STREAMS",
            key_of(target),
            ">",
        )
        reader = self._reader(target, consumer)
        with translated("consume"):
            try:
                answer = await reader.read(command, block_s + READ_MARGIN_S)
            except redis.ResponseError as error:
                if not _is_lost_group(error):
                    raise
                # The server lost its data, or somebody deleted the group. What is in the stream is not settled yet.
                await self._create_group(target)
                answer = await reader.read(command, block_s + READ_MARGIN_S)
        return [
            _entry(target, entry_id, fields) for _, entries in answer or () for entry_id, fields in entries
        ]

    async def ack(self, target: str, entry_ids: Sequence[str]) -> None:
        """Acknowledge and delete the entries, atomically; unknown ids are ignored."""
        if not entry_ids:
            return
        with translated("acknowledge"):
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.execute_command("XACK", key_of(target), target, *entry_ids)
                pipe.execute_command("XDEL", key_of(target), *entry_ids)
                await _answers(pipe)

    async def pending(self, target: str, consumer: str, count: int) -> list[str]:
        """Return up to ``count`` ids of entries delivered to ``consumer`` and not acknowledged, oldest first."""
        with translated("list what is pending"), _lost_group_is_fine():
            held = await self._client.xpending_range(
                key_of(target), target, "-", "+", count, consumername=consumer
            )
            return [_text(row["message_id"]) for row in held]
        return []

    async def claim(self, target: str, consumer: str, idle_s: float, count: int) -> list[Entry]:
        """Take over up to ``count`` entries that any consumer has held for ``idle_s`` seconds or longer.

        ``XCLAIM JUSTID`` checks the idle time once more, so that two claimers never take the same entry, and leaves
        the delivery count alone. Idle consumers that hold nothing are removed.
        """
        idle_ms = round(idle_s * 1000)
        key = key_of(target)
        with translated("claim"), _lost_group_is_fine():
            held = await self._client.xpending_range(key, target, "-", "+", count, idle=idle_ms)
            ids = [row["message_id"] for row in held]
            claimed = await self._take(target, consumer, idle_ms, ids)
            for name in await self._idle_consumers(target, consumer, idle_ms):
                claimed += await self._remove(target, name, consumer)
            return await self._entries(target, claimed)
        return []

    async def depth(self, target: str) -> Depth:
        """Return the size of the target's stream; zero when there is none."""
        with translated("measure the stream"):
            length = await self._client.xlen(key_of(target))
            pending = 0
            with _lost_group_is_fine():
                pending = (await self._client.xpending(key_of(target), target))["pending"]
            return Depth(length, pending)

    async def close(self) -> None:
        """Close the reading connections."""
        readers = list(self._readers.values())
        self._readers.clear()
        for reader in readers:
            await reader.close()

    def _reader(self, target: str, consumer: str) -> Reader:
        reader = self._readers.get((target, consumer))
        if reader is None:
            pool: Any = self._client.connection_pool
            reader = Reader(pool.make_connection())
            self._readers[target, consumer] = reader
        return reader

    async def _create_group(self, target: str) -> None:
        try:
            await self._client.xgroup_create(key_of(target), target, id="0", mkstream=True)
        except redis.ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def _take(self, target: str, consumer: str, idle_ms: int, ids: Sequence[Any]) -> list[Any]:
        if not ids:
            return []
        taken = await self._client.xclaim(key_of(target), target, consumer, idle_ms, list(ids), justid=True)
        return list(taken)

    async def _entries(self, target: str, ids: Sequence[Any]) -> list[Entry]:
        """Read the content of claimed entries, acknowledging those that were deleted meanwhile."""
        if not ids:
            return []
        async with self._client.pipeline(transaction=False) as pipe:
            for entry_id in ids:
                pipe.execute_command("XRANGE", key_of(target), entry_id, entry_id)
            answers = await _answers(pipe)
        entries, gone = [], []
        for entry_id, answer in zip(ids, answers, strict=True):
            if answer:
                entries.append(_entry(target, entry_id, answer[0][1]))
            else:
                gone.append(_text(entry_id))
        await self.ack(target, gone)
        return entries

    async def _idle_consumers(self, target: str, consumer: str, idle_ms: int) -> list[str]:
        consumers = await self._client.xinfo_consumers(key_of(target), target)
        names = [_text(row["name"]) for row in consumers if row["idle"] >= idle_ms and row["pending"] == 0]
        return [name for name in names if name != consumer]

    async def _remove(self, target: str, name: str, by: str) -> list[Any]:
        """Remove a consumer and return what it held after all, now held by the consumer ``by``.

        It held nothing when it was looked at, but it may have woken up since, and removing it would make its entries
        belong to nobody. The transaction tells which these are, and FORCE makes them pending again.
        """
        key = key_of(target)
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.xpending_range(key, target, "-", "+", PENDING_OF_REMOVED_MAX, consumername=name)
            pipe.xgroup_delconsumer(key, target, name)
            held, _ = await _answers(pipe)
        ids = [row["message_id"] for row in held]
        if not ids:
            return []
        return list(await self._client.xclaim(key, target, by, 0, ids, force=True, justid=True))


async def _answers(pipe: Any) -> list[Any]:
    """Run a pipeline and return its answers, raising the first error as the server told it.

    The driver's own way repeats the failed command, and with it the text of messages, in the error.
    """
    answers: list[Any] = await pipe.execute(raise_on_error=False)
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers


@contextlib.contextmanager
def _lost_group_is_fine() -> Iterator[None]:
    """Swallow the errors that only say that stream or group do not exist."""
    try:
        yield
    except redis.ResponseError as error:
        if not _is_lost_group(error):
            raise


def _is_lost_group(error: redis.ResponseError) -> bool:
    # In this order: most commands; a blocked read on an older server; XINFO; XGROUP.
    text = str(error)
    return any(sign in text for sign in ("NOGROUP", "UNBLOCKED", "no such key", "requires the key to exist"))


def _fields(wakeup: Wakeup) -> tuple[object, ...]:
    return (
        *(b"lane", wakeup.lane, b"event_id", str(wakeup.event_id)),
        *(b"attempt", wakeup.attempt, b"event", wakeup.envelope),
    )


def _entry(target: str, entry_id: bytes | str, fields: Any) -> Entry:
    """Return the entry; its wake-up is None where the fields, a flat list or None, do not make one."""
    flat = list(fields or ())
    named: Fields = dict(zip(flat[::2], flat[1::2], strict=True)) if not isinstance(fields, dict) else fields
    try:
        wakeup = Wakeup(
            target=target,
            lane=named[b"lane"].decode(),
            event_id=UUID(named[b"event_id"].decode()),
            attempt=int(named[b"attempt"]),
            envelope=named[b"event"],
        )
    except (KeyError, ValueError):
        return Entry(_text(entry_id), None)
    return Entry(_text(entry_id), wakeup if is_lane(wakeup.lane) else None)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
