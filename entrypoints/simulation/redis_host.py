"""A real Redis or Valkey in the simulated network: nobody waits in it, and idle times are the simulation's.

A read that blocks is asked without blocking, and once more after whatever may bring it an answer, until its simulated
time is over. How long entries and consumers are idle is reckoned here, since the server's time hardly passes: what is
asked for entries that were idle for so long is answered with those that were, by simulated time. Not here: the
connections (``network``).
"""

from collections.abc import Callable, Sequence
from typing import Any

from attrs import define, field

from entrypoints.simulation.links import Server
from entrypoints.simulation.loop import SimulatedLoop
from entrypoints.simulation.network import Line
from entrypoints.simulation.wire import RedisDialog, answer, command

ANSWER_S_MAX = 30.0
CHUNK_BYTES = 1 << 18
PENDING_MAX = 10_000
Command = Sequence[bytes]


@define
class Waiting:
    """A read that waits: what it asks without blocking, of which stream, and the end of its patience."""

    line: Line
    asked: bytes
    key: bytes
    over: Any = None


@define(eq=False)
class RedisHost:
    """See ``network.Host``. ``control`` is the administrator's blocking client."""

    loop: SimulatedLoop
    server: Server
    path: str
    control: Any
    waiting: list[Waiting] = field(factory=list)
    # Since when entries are held, and when consumers were seen, in simulated seconds.
    _held: dict[tuple[bytes, bytes], float] = field(factory=dict)
    _seen: dict[tuple[bytes, bytes], float] = field(factory=dict)

    def opened(self, line: Line) -> None:
        """See ``network.Host``."""
        line.dialog = RedisDialog()
        line.socket.settimeout(ANSWER_S_MAX)

    def asked(self, line: Line, data: bytes) -> None:
        """See ``network.Host``. What is published may be refused, lost, or arrive twice."""
        commands = line.dialog.sent(data)
        names = {words[0].upper() for words in commands}
        if len(commands) == 1 and (special := self._special(commands[0])) is not None:
            special(line, commands[0])
        elif b"XADD" in names and line.process is not None:
            self._publish(line, data, commands)
        else:
            line.answered(self._exchange(line, data)[0])
        if names & {b"XADD", b"XGROUP"}:
            self.wake({words[1] for words in commands if words[0].upper() == b"XADD"})

    def closed(self, line: Line) -> None:
        """See ``network.Host``."""
        for each in [each for each in self.waiting if each.line is line]:
            each.over.cancel()
            self.waiting.remove(each)

    def wake(self, keys: set[bytes] | None = None) -> None:
        """Let those read who wait for one of these streams, or all."""
        for each in list(self.waiting):
            if each in self.waiting and (keys is None or each.key in keys):
                self._read_again(each)

    def wipe(self) -> None:
        """Lose everything."""
        self.control.flushall()
        self._held.clear()
        self._seen.clear()
        self.wake()

    # What the server does

    def _exchange(self, line: Line, data: bytes) -> tuple[bytes, list[Any]]:
        """Send, and return the answers as they came and as values."""
        line.socket.sendall(data)
        raw, answers = bytearray(), []
        while line.dialog.waits:
            found = line.socket.recv(CHUNK_BYTES)
            if not found:
                raise ConnectionResetError("Redis closed a connection")
            raw += found
            answers += line.dialog.received(found)
        return bytes(raw), answers

    def _publish(self, line: Line, data: bytes, commands: Sequence[Command]) -> None:
        is_full = self.server.loses("memory")
        if is_full:
            self.control.config_set("maxmemory", 1)
        raw, answers = self._exchange(line, data)
        if is_full:
            self.control.config_set("maxmemory", 0)
        elif self.server.loses("entry"):
            added = [
                (words[1], entry)
                for words, entry in zip(commands, answers, strict=True)
                if words[0].upper() == b"XADD"
            ]
            self.control.xdel(*added[-1])
        elif self.server.loses("once"):
            line.dialog.sent(data)
            self._exchange(line, data)
        line.answered(raw)

    # Reads that wait, and idle times

    def _special(self, words: Command) -> Callable[[Line, Command], None] | None:
        match [word.upper() for word in words[:2]]:
            case [b"XREADGROUP", _]:
                return self._read
            case [b"XPENDING", _] if len(words) > 3 and words[3].upper() == b"IDLE":
                return self._pending
            case [b"XCLAIM", _]:
                return self._claim
            case [b"XINFO", b"CONSUMERS"]:
                return self._consumers
        return None

    def _now_ms(self) -> float:
        return self.loop.time() * 1000

    def _read(self, line: Line, words: Command) -> None:
        asked, block_ms = list(words), 0.0
        if b"BLOCK" in words:
            at = list(words).index(b"BLOCK")
            block_ms = float(words[at + 1])
            del asked[at : at + 2]
        key = words[-2]
        self._seen[key, words[3]] = self._now_ms()
        raw, answers = self._exchange(line, command(*asked))
        self._deliver(line, raw, answers, Waiting(line, command(*asked), key) if block_ms else None, block_ms)

    def _deliver(
        self, line: Line, raw: bytes, answers: Sequence[Any], waiting: Waiting | None, block_ms: float
    ) -> None:
        if answers[0] is None and waiting is not None:
            over = self.loop.call_later(block_ms / 1000, self._give_up, waiting, context=self.loop.outside)
            waiting.over = over
            self.waiting.append(waiting)
            return
        if isinstance(answers[0], list):
            for key, entries in answers[0]:
                self._held |= {(key, entry[0]): self._now_ms() for entry in entries}
        line.answered(raw)

    def _read_again(self, waiting: Waiting) -> None:
        waiting.line.dialog.sent(waiting.asked)
        raw, answers = self._exchange(waiting.line, waiting.asked)
        if answers[0] is not None:
            waiting.over.cancel()
            self.waiting.remove(waiting)
            self._deliver(waiting.line, raw, answers, None, 0.0)

    def _give_up(self, waiting: Waiting) -> None:
        self.waiting.remove(waiting)
        waiting.line.answered(answer(None))

    def _pending(self, line: Line, words: Command) -> None:
        key, idle_ms, count = words[1], float(words[4]), int(words[7])
        asked = command(*words[:3], *words[5:7], b"%d" % PENDING_MAX, *words[8:])
        raw, (found,) = self._exchange(line, asked)
        if isinstance(found, list):
            idle = [row for row in found if self._idle_ms(key, row[0]) >= idle_ms][:count]
            raw = answer(
                [[entry, by, round(self._idle_ms(key, entry)), times] for entry, by, _, times in idle]
            )
        line.answered(raw)

    def _claim(self, line: Line, words: Command) -> None:
        key, idle_ms = words[1], float(words[4])
        entries = [word for word in words[5:] if b"-" in word]
        options = [word for word in words[5:] if b"-" not in word]
        idle = [entry for entry in entries if idle_ms <= 0 or self._idle_ms(key, entry) >= idle_ms]
        if not idle:
            line.dialog.received(answer([]))
            line.answered(answer([]))
            return
        raw, (claimed,) = self._exchange(line, command(*words[:4], b"0", *idle, *options))
        self._seen[key, words[3]] = self._now_ms()
        if isinstance(claimed, list):
            self._held |= {(key, entry): self._now_ms() for entry in claimed}
        line.answered(raw)

    def _idle_ms(self, key: bytes, entry: bytes) -> float:
        return self._now_ms() - self._held.get((key, entry), 0.0)

    def _consumers(self, line: Line, words: Command) -> None:
        raw, (found,) = self._exchange(line, command(*words))
        if isinstance(found, list):
            for row in found:
                named = dict(zip(row[::2], row[1::2], strict=True))
                seen_ms = self._seen.get((words[2], named[b"name"]), 0.0)
                named[b"idle"] = max(0, round(self._now_ms() - seen_ms))
                row[:] = [part for pair in named.items() for part in pair]
            raw = answer(found)
        line.answered(raw)
