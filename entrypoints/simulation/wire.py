"""What is said between a client and a real server, as far as it tells whether the server has answered.

The frontend/backend protocol of Postgres (https://www.postgresql.org/docs/current/protocol.html) and RESP 2
(https://redis.io/docs/latest/develop/reference/protocol-spec/). Not here: connections (``network``), and what the
drivers make of the bytes.
"""

from collections import deque
from collections.abc import Iterator
from typing import Any

import hiredis

CANCEL_REQUEST = 80877102
# A login in which the client has to say something more, by the code of the server's answer.
_CLIENTS_TURN = (3, 5, 7, 8, 10, 11)
_LOGGED_IN = 0
# By which answers each request of the extended protocol is over, as far as no error ends it.
_ENDS = {b"P": b"1", b"B": b"2", b"C": b"3", b"D": b"Tn", b"E": b"CIs"}
_UNFINISHED = object()


def messages(buffer: bytearray) -> Iterator[tuple[bytes, bytes]]:
    """Take every complete message, type and body, from the front of ``buffer``."""
    while len(buffer) >= 5:
        end = 1 + int.from_bytes(buffer[1:5], "big")
        if len(buffer) < end:
            return
        kind, body = bytes(buffer[:1]), bytes(buffer[5:end])
        del buffer[:end]
        yield kind, body


def values_of(row: bytes) -> tuple[str | None, ...]:
    """Return the values of a row of a simple query, as text."""
    values: list[str | None] = []
    at = 2
    for _ in range(int.from_bytes(row[:2], "big")):
        size = int.from_bytes(row[at : at + 4], "big", signed=True)
        at += 4
        values.append(None if size < 0 else row[at : at + size].decode())
        at += max(0, size)
    return tuple(values)


def command_of(statement: str) -> bytes:
    """Return the request to run a statement as it stands."""
    body = statement.encode() + b"\0"
    return b"Q" + (len(body) + 4).to_bytes(4, "big") + body


class PostgresDialog:
    """One connection's requests and answers. ``status`` is I, T or E: no transaction, an open one, a failed one.

    Empty before it has logged in. ``is_ready``: a new request may come between this one and the one before.
    """

    def __init__(self) -> None:
        self.status = b""
        self.is_ready = False
        self.pid = 0
        self.is_commit = False
        self._begun = False
        self._asked, self._answered = bytearray(), bytearray()
        # What ends each request that has no answer yet.
        self._due: deque[bytes] = deque()
        self._skips = False
        # Requests of the simulation's own: the client asked for nothing, and is told nothing.
        self._hidden = 0

    @property
    def waits(self) -> bool:
        """Whether the server has still to say something before the client can go on."""
        return bool(self._due)

    def hide(self) -> None:
        """Keep from the client what comes up to the end of the next simple query, which it does not know of."""
        self._hidden += 1

    def sent(self, data: bytes) -> None:
        """Take in what the client said."""
        self._asked += data
        self.is_commit = False
        if not self._begun and len(self._asked) >= 8:
            size = int.from_bytes(self._asked[:4], "big")
            is_cancel = int.from_bytes(self._asked[4:8], "big") == CANCEL_REQUEST
            # A request to cancel is answered by the end of its connection only.
            self._due.append(b"end" if is_cancel else b"R")
            self._begun = True
            del self._asked[:size]
        for kind, body in messages(self._asked):
            self._request(kind, body)

    def _request(self, kind: bytes, body: bytes) -> None:
        self.is_ready = False
        if kind in b"QS":
            self.is_commit = kind == b"Q" and body.rstrip(b"\0").strip().lower() == b"commit"
            self._skips = False
            self._due.append(b"Z")
        elif kind == b"p":
            self._due.append(b"R")
        elif kind == b"X":
            self._due.append(b"end")
        elif kind in _ENDS and not self._skips:
            self._due.append(_ENDS[kind])

    def received(self, data: bytes) -> bytes:
        """Take in what the server said; return what of it is for the client, as far as it is complete."""
        self._answered += data
        told = bytearray()
        for kind, body in messages(self._answered):
            if self._hidden:
                self._hidden -= kind == b"Z"
                continue
            told += kind + (len(body) + 4).to_bytes(4, "big") + body
            self._answer(kind, body)
        return bytes(told)

    def _answer(self, kind: bytes, body: bytes) -> None:
        if kind == b"K":
            self.pid = int.from_bytes(body[:4], "big")
        elif kind == b"R":
            self._login(int.from_bytes(body[:4], "big"))
        elif kind == b"E":
            # The server passes over everything up to the next request to synchronise.
            self._skips = not any(each == b"Z" for each in self._due)
            while self._due and self._due[0] != b"Z":
                self._due.popleft()
        elif kind == b"Z":
            self.status, self.is_ready = body[:1], True
            if self._due:
                self._due.popleft()
        elif self._due and kind in self._due[0] and self._due[0] != b"Z":
            self._due.popleft()

    def _login(self, code: int) -> None:
        if code in _CLIENTS_TURN:
            self._due.popleft()
        elif code == _LOGGED_IN:
            self._due[0] = b"Z"


class RedisDialog:
    """One connection's commands, and how many of them have no answer yet."""

    def __init__(self) -> None:
        self._asked = hiredis.Reader(notEnoughData=_UNFINISHED)
        self._answered = hiredis.Reader(notEnoughData=_UNFINISHED)
        self._due = 0

    @property
    def waits(self) -> bool:
        """Whether the server has still to say something before the client can go on."""
        return self._due > 0

    def sent(self, data: bytes) -> list[list[bytes]]:
        """Take in what the client said; return its commands."""
        self._asked.feed(data)
        commands = list(_complete(self._asked))
        self._due += len(commands)
        return commands

    def received(self, data: bytes) -> list[Any]:
        """Take in what the server said; return its answers."""
        self._answered.feed(data)
        answers = list(_complete(self._answered))
        self._due -= len(answers)
        return answers


def _complete(reader: hiredis.Reader) -> Iterator[Any]:
    while (found := reader.gets()) is not _UNFINISHED:
        yield found


def command(*words: bytes) -> bytes:
    """Return a command as it is sent."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def answer(value: Any) -> bytes:
    """Return an answer as it is sent: a number, a text, a list of answers, or none."""
    match value:
        case None:
            return b"*-1\r\n"
        case int():
            return b":%d\r\n" % value
        case bytes():
            return b"$%d\r\n%b\r\n" % (len(value), value)
        case _:
            return b"*%d\r\n" % len(value) + b"".join(answer(each) for each in value)
