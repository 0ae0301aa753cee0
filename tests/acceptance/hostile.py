"""Hostile requests to the webhook as a table: what is sent, what it gets, and what it is counted as.

The tests hold a running gateway to it, and the table in ``docs/HOSTILE.md`` is made from it. Not here: sending them
(``wire``), and floods (``floods``).
"""

import gzip
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import count

import orjson
from attrs import frozen

from adapters.asgi import BODY_BYTES_MAX, Limits
from entrypoints.web import WEBHOOK_PATH

SECRET, PREVIOUS = "secret-of-the-webhook", "secret-before-that"
LIMITS = Limits()
# The updates of the table are numbered apart from those of others.
UPDATES = count(700_000)


def update(number: int, chat: int = 7, text: str = "hello") -> dict[str, object]:
    """Return an update: a text message in a private chat."""
    return {
        "update_id": number,
        "message": {
            "message_id": number, "date": int(time.time()), "text": text,
            "chat": {"id": chat, "type": "private", "first_name": "Ada"},
            "from": {"id": chat, "is_bot": False, "first_name": "Ada"},
        },
    }  # fmt: skip


def valid(padded_to: int = 0) -> bytes:
    """Return the body of a valid update, padded with white space."""
    return orjson.dumps(update(next(UPDATES))).ljust(padded_to)


def chunked(body: bytes, size: int = 65536, extension: bytes = b"", trailers: bytes = b"") -> bytes:
    """Return a body in chunks of ``size``."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return (
        b"".join(b"%x%s\r\n%s\r\n" % (len(p), extension, p) for p in pieces) + b"0\r\n" + trailers + b"\r\n"
    )


def post(
    body: bytes | None = None,
    *more: str | bytes,
    line: str = f"POST {WEBHOOK_PATH} HTTP/1.1",
    secret: str | None = SECRET,
    host: str | None = "bot.example.org",
    kind: str | None = "application/json",
    length: int | str | None = -1,
    raw: bytes | None = None,
) -> bytes:
    """Return the bytes of a request; what is not said is right. ``length`` None leaves the announcement out."""
    body = valid() if body is None else body
    lines: list[str | bytes] = [line]
    lines += [f"host: {host}"] if host is not None else []
    lines += [f"x-telegram-bot-api-secret-token: {secret}"] if secret is not None else []
    lines += [f"content-type: {kind}"] if kind is not None else []
    lines += [f"content-length: {len(body) if length == -1 else length}"] if length is not None else []
    head = b"\r\n".join(x if isinstance(x, bytes) else x.encode("latin-1") for x in (*lines, *more))
    return head + b"\r\n\r\n" + (body if raw is None else raw)


def get(target: str = "/healthz") -> bytes:
    """Return a request without a body."""
    return f"GET {target} HTTP/1.1\r\nhost: bot.example.org\r\n\r\n".encode()


Pieces = Callable[[], Iterator[bytes | float]]


@frozen
class Hostile:
    """One row. ``send`` makes the bytes, and pauses in seconds; ``gets`` are the statuses that come back, in order.

    ``ends`` says whether the connection ends with it, ``counted`` the reasons of ``openclaw_webhook_refused_total``.
    """

    group: str
    what: str
    send: Pieces
    gets: tuple[int, ...]
    counted: tuple[str, ...] = ()
    ends: bool = True
    slow: bool = False
    # The client closes its side after what it sent.
    hangs_up: bool = False
    bodiless: bool = False

    @property
    def name(self) -> str:
        """The row's name in the tests."""
        return f"{self.group}: {self.what}"

    @property
    def told(self) -> str:
        """What it gets, as the page says it."""
        if self.hangs_up:
            return "nothing is done"
        answers = ", ".join(str(status) for status in dict.fromkeys(self.gets)) or "no answer"
        return f"{answers}; {'the connection ends' if self.ends else 'the connection stays'}"


def _row(
    group: str, what: str, bytes_of: Callable[[], bytes | Iterable[bytes | float]], *gets: int, **more: object
) -> Hostile:
    def send() -> Iterator[bytes | float]:
        made = bytes_of()
        yield from [made] if isinstance(made, bytes) else made

    return Hostile(group, what, send, gets, **more)  # type: ignore[arg-type]


def _refused(
    group: str, reason: str, ends: bool, rows: Iterable[tuple[str, Callable[[], bytes], int]]
) -> list[Hostile]:
    return [_row(group, what, made, status, counted=(reason,), ends=ends) for what, made, status in rows]


def _at(target: str, method: str = "POST") -> Callable[[], bytes]:
    return lambda: post(line=f"{method} {target} HTTP/1.1")


def _body(text: bytes) -> Callable[[], bytes]:
    return lambda: post(text)


def _dribble(pieces: Iterable[bytes], every_s: float) -> Iterator[bytes | float]:
    for piece in pieces:
        yield piece
        yield every_s


WHO, PATH, WIRE = "who", "path and method", "framing"
KIND, SIZE, JSON, SLOW = "kind", "size", "content", "time"
BIG = 16 * BODY_BYTES_MAX
TE = "transfer-encoding: chunked"

SECRETS = _refused(WHO, "wrong_secret", True, [
    ("no secret", lambda: post(secret=None), 401),
    ("a wrong secret", lambda: post(secret="wrong"), 401),
    ("an empty secret", lambda: post(secret=""), 401),
    ("a secret of 8 KiB", lambda: post(secret="x" * 8192), 401),
    ("the secret with a letter too many", lambda: post(secret=f"{SECRET}x"), 401),
    ("the secret in other letters", lambda: post(secret=SECRET.upper()), 401),
    ("the secret and a wrong one", lambda: post(None, "X-Telegram-Bot-Api-Secret-Token: wrong"), 401),
    ("the secret twice", lambda: post(None, f"x-telegram-bot-api-secret-token: {SECRET}"), 401),
    ("the secret in the query", lambda: post(line=f"POST {WEBHOOK_PATH}?secret={SECRET} HTTP/1.1", secret=None), 401),
    ("the secret in a trailer", lambda: post(
        b"", TE, secret=None, length=None,
        raw=chunked(valid(), trailers=f"x-telegram-bot-api-secret-token: {SECRET}\r\n".encode()),
    ), 401),
    ("no secret, and 16 MiB that are really sent", lambda: post(b" " * BIG, secret=None), 401),
    ("no secret, 1 TiB announced, waiting to be told to go on", lambda: post(
        b"", "expect: 100-continue", secret=None, length=2**40), 401),
])  # fmt: skip

PATHS = [
    *_refused(PATH, "no_route", True, [
        ("the root", _at("/"), 404),
        ("a file that others forget", _at("/.env"), 404),
        ("a slash too many before it", _at(f"/{WEBHOOK_PATH}"), 404),
        ("a slash too many behind it", _at(f"{WEBHOOK_PATH}/"), 404),
        ("dots that lead back to it", _at(f"/x/..{WEBHOOK_PATH}"), 404),
        ("encoded dots", _at(f"/%2e%2e{WEBHOOK_PATH}"), 404),
        ("an encoded zero byte behind it", _at(f"{WEBHOOK_PATH}%00"), 404),
        ("PUT", _at(WEBHOOK_PATH, "PUT"), 405),
        ("DELETE", _at(WEBHOOK_PATH, "DELETE"), 405),
        ("PROPFIND", _at(WEBHOOK_PATH, "PROPFIND"), 405),
    ]),
    *_refused(PATH, "no_route", False, [
        ("GET", lambda: get(WEBHOOK_PATH), 405),
        ("OPTIONS of everything", lambda: get().replace(b"GET /healthz", b"OPTIONS *"), 404),
        ("the metrics", lambda: get("/metrics"), 404),
        ("whether it is ready", lambda: get("/readyz"), 404),
    ]),
    _row(PATH, "HEAD", lambda: get(WEBHOOK_PATH).replace(b"GET", b"HEAD"), 405,
         counted=("no_route",), ends=False, bodiless=True),
    *_refused(PATH, "malformed", True, [
        ("CONNECT", lambda: b"CONNECT evil.example:443 HTTP/1.1\r\nhost: x\r\n\r\n", 400),
        ("a method that nobody knows", _at(WEBHOOK_PATH, "SMUGGLE"), 400),
        ("bytes over 127 in the path", lambda: post(line=f"POST {WEBHOOK_PATH}\xe9 HTTP/1.1"), 400),
    ]),
    _row(PATH, "another host's address as the target", lambda: post(
        line=f"POST http://evil.example{WEBHOOK_PATH} HTTP/1.1"), 200, ends=False),
    _row(PATH, "the path with encoded letters", _at(WEBHOOK_PATH.replace("t", "%74")), 200, ends=False),
    _row(PATH, "a query", _at(f"{WEBHOOK_PATH}?a=1&a=2"), 200, ends=False),
]  # fmt: skip

FRAMING = [
    *_refused(WIRE, "malformed", True, [
        ("no HTTP at all", lambda: b"hello\r\n\r\n", 400),
        ("TLS", lambda: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(64)), 400),
        ("HTTP/2 from its first byte", lambda: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), 400),
        ("HTTP/2.0 in the first line", lambda: post(line=f"POST {WEBHOOK_PATH} HTTP/2.0"), 505),
        ("a change to HTTP/2", lambda: post(None, "connection: upgrade", "upgrade: h2c"), 400),
        ("a change to WebSocket", lambda: post(None, "connection: upgrade", "upgrade: websocket"), 400),
        ("a length and chunks", lambda: post(b"", TE, length=4, raw=chunked(valid())), 400),
        ("chunks and a length", lambda: post(b"", TE, "content-length: 4", length=None, raw=chunked(valid())), 400),
        ("two lengths", lambda: post(None, "content-length: 4"), 400),
        ("the same length twice", lambda: post(b"{}", "content-length: 2"), 400),
        ("a list of lengths", lambda: post(b"{}", length="2, 2"), 400),
        ("a length below zero", lambda: post(b"{}", length=-2), 400),
        ("a length with a sign", lambda: post(b"{}", length="+2"), 400),
        ("a length of 40 digits", lambda: post(b"{}", length="9" * 40), 400),
        ("chunks inside of gzip", lambda: post(
            b"", "transfer-encoding: gzip, chunked", length=None, raw=chunked(gzip.compress(valid()))), 501),
        ("chunks inside of chunks", lambda: post(b"", TE, TE, length=None, raw=chunked(valid())), 400),
        ("an unknown transfer encoding", lambda: post(None, "transfer-encoding: identity", length=None), 501),
        ("a space before the colon", lambda: post(
            b"", "transfer-encoding : chunked", length=None, raw=chunked(valid())), 400),
        ("a header that goes on in the next line", lambda: post(None, "x-a: b\r\n c"), 400),
        ("a zero byte in a header", lambda: post(None, "x-a: \x00"), 400),
        ("a header without a colon", lambda: post(None, "nonsense"), 400),
        ("lines that end in LF only", lambda: post(b"{}").replace(b"\r\n", b"\n"), 400),
        ("no host", lambda: post(host=None), 400),
        ("two hosts", lambda: post(None, "host: evil.example"), 400),
        ("chunks in HTTP/1.0", lambda: post(
            b"", TE, line=f"POST {WEBHOOK_PATH} HTTP/1.0", length=None, raw=chunked(valid())), 400),
        ("a chunk size that is none", lambda: post(b"", TE, length=None, raw=b"zz\r\n{}\r\n0\r\n\r\n"), 400),
        ("a body in chunks of one byte", lambda: post(
            b"", TE, length=None, raw=chunked(valid(512 * 1024), size=1)), 400),
        ("a chunk with an extension of 1 MiB", lambda: post(
            b"", TE, length=None, raw=chunked(valid(), extension=b";" + b"x" * 2**20)), 400),
        ("trailers of 1 MiB", lambda: post(
            b"", TE, length=None, raw=chunked(valid(), trailers=b"x-a: " + b"x" * 2**20 + b"\r\n")), 400),
    ]),
    _row(WIRE, "HTTP/1.0", lambda: post(line=f"POST {WEBHOOK_PATH} HTTP/1.0"), 200),
    _row(WIRE, "five requests at once", lambda: b"".join(post() for _ in range(5)), *[200] * 5, ends=False),
    _row(WIRE, "a thousand requests at once", lambda: b"".join(post() for _ in range(1000)), counted=("malformed",)),
    _row(WIRE, "a connection that is closed in the middle of the body", lambda: post()[:-20],
         counted=("incomplete",), hangs_up=True),
    _row(WIRE, "a connection that is closed in the middle of the head", lambda: post()[:60], hangs_up=True),
]  # fmt: skip

SIZES = [
    *_refused(SIZE, "too_large", True, [
        ("a header of 17 KiB", lambda: post(None, f"x-a: {'x' * 17 * 1024}"), 431),
        ("a header of 16 MiB", lambda: post(None, f"x-a: {'x' * BIG}"), 431),
        ("65 headers", lambda: post(None, *(f"x-{n}: a" for n in range(61))), 431),
        ("10,000 headers", lambda: post(None, *(f"x-{n}: a" for n in range(10_000))), 431),
        ("a path of 17 KiB", _at("/" + "x" * 17 * 1024), 431),
        ("one byte over 1 MiB", lambda: post(valid(BODY_BYTES_MAX + 1)), 413),
        ("one byte over 1 MiB, in chunks", lambda: post(
            b"", TE, length=None, raw=chunked(valid(BODY_BYTES_MAX + 1))), 413),
        ("16 MiB that are really sent", lambda: post(b" " * BIG), 413),
        ("16 MiB in chunks that are really sent", lambda: post(b"", TE, length=None, raw=chunked(b" " * BIG)), 413),
        ("1 TiB announced", lambda: post(b"{}", length=2**40), 413),
    ]),
    _row(SIZE, "exactly 1 MiB", lambda: post(valid(BODY_BYTES_MAX)), 200, ends=False),
    _row(SIZE, "exactly 1 MiB, in chunks", lambda: post(
        b"", TE, length=None, raw=chunked(valid(BODY_BYTES_MAX))), 200, ends=False),
]  # fmt: skip

KINDS = [
    *_refused(KIND, "wrong_type", True, [
        ("no type", lambda: post(kind=None), 415),
        ("plain text", lambda: post(kind="text/plain"), 415),
        ("a form", lambda: post(b"update_id=1", kind="application/x-www-form-urlencoded"), 415),
        ("gzip", lambda: post(gzip.compress(valid()), "content-encoding: gzip"), 415),
        ("gzip that grows to 1 GiB", lambda: post(BOMB, "content-encoding: gzip"), 415),
        ("an unknown compression", lambda: post(None, "content-encoding: br"), 415),
    ]),
    _row(KIND, "JSON with its character set", lambda: post(kind="Application/JSON; charset=utf-8"), 200, ends=False),
]  # fmt: skip
# What a decompressor would be given; nothing ever opens it.
BOMB = gzip.compress(bytes(1024 * 1024), 9) * 16

_MESSAGE = b'"message": {"message_id": 1, "date": 1, "text": "x", "chat": {"id": 7, "type": "private"}}'
CONTENTS = [
    *_refused(JSON, "malformed", False, [
        ("nothing", _body(b""), 400),
        ("half an object", _body(b'{"update_id": 1'), 400),
        ("two objects", _body(b'{"update_id": 1}{"update_id": 2}'), 400),
        ("a list of updates", _body(b'[{"update_id": 1}]'), 400),
        ("a text", _body(b'"update"'), 400),
        ("null", _body(b"null"), 400),
        ("no update_id", _body(b"{%s}" % _MESSAGE), 400),
        ("an update_id that is a text", _body(b'{"update_id": "1"}'), 400),
        ("an update_id that is true", _body(b'{"update_id": true}'), 400),
        ("an update_id with a fraction", _body(b'{"update_id": 1.5}'), 400),
        ("an update_id of 2 to the power of 64", _body(b'{"update_id": %d}' % 2**64), 400),
        ("a number of 100,000 digits", _body(b'{"update_id": %s}' % (b"9" * 100_000)), 400),
        ("a number over the range", _body(b'{"update_id": 1e999}'), 400),
        ("NaN", _body(b'{"update_id": NaN}'), 400),
        ("100,000 open brackets", _body(b"[" * 100_000), 400),
        ("objects, 100,000 deep", _body(b'{"a":' * 100_000), 400),
        ("bytes that are no UTF-8", _body(b'{"update_id": 1, "x": "\xff\xfe"}'), 400),
        ("half of a surrogate pair", _body(b'{"update_id": 1, "x": "\\ud800"}'), 400),
        ("a byte order mark", lambda: post(b"\xef\xbb\xbf" + valid()), 400),
        ("UTF-16", lambda: post('{"update_id": 1}'.encode("utf-16")), 400),
    ]),
    _row(JSON, "the same name twice", lambda: post(b'{"update_id": 1, ' + valid()[1:]), 200, ends=False),
    _row(JSON, "a name that leads to Python's insides", lambda: post(
        valid()[:-1] + b', "__class__": {"__init__": 1}}'), 200, ends=False),
    _row(JSON, "lists, 1,000 deep, in a field of no use", lambda: post(
        valid()[:-1] + b', "x": ' + b"[" * 1000 + b"]" * 1000 + b"}"), 200, ends=False),
    _row(JSON, "a zero byte in the text", lambda: post(
        orjson.dumps(update(next(UPDATES), text="a\x00b"))), 200, ends=False),
    _row(JSON, "a text of 900 KiB", lambda: post(
        orjson.dumps(update(next(UPDATES), text="x" * 900 * 1024))), 200, ends=False),
    _row(JSON, "a chat id of 2 to the power of 63", lambda: post(
        orjson.dumps(update(next(UPDATES), chat=2**63))), 200, ends=False),
]  # fmt: skip

TIMES = [
    _row(SLOW, "nothing is ever said", lambda: [], counted=("too_slow",), slow=True),
    _row(SLOW, "a head, a byte a second", lambda: _dribble(
        (b"%c" % each for each in post()), 1.0), 408, counted=("too_slow",), slow=True),
    _row(SLOW, "a second request that stops in its head", lambda: post() + post()[:40], 200, 408,
         counted=("too_slow",), slow=True),
    _row(SLOW, "a body that stops", lambda: post()[:-20], 408, counted=("too_slow",), slow=True),
    _row(SLOW, "a body, a byte a second", lambda: _dribble(
        [post(valid(100))[:-90], *[b" "] * 90], 1.0), 408, counted=("too_slow",), slow=True),
]  # fmt: skip

ROWS = (*SECRETS, *PATHS, *FRAMING, *SIZES, *KINDS, *CONTENTS, *TIMES)
