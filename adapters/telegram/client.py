"""The Bot API over HTTP: ``application.ports.Telegram`` for the real Telegram and for the simulator.

Requests are JSON POSTs to ``{base_url}/bot{token}/{method}``; the answer's shape is the one published at
https://core.telegram.org/bots/api#making-requests. The token is part of the URL, so no error here carries the
URL, nor any error of the libraries below.

Not here: what to do about a failure (the sender decides), what an update means (``domain.updates``), uploads.
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx
import orjson

from adapters.telegram.http import JSON_HEADERS, HttpAnswer, HttpCaller
from domain.errors import InvalidSettings, NoAnswer, Refusal, Refused
from domain.events.spec import INTEGER_MAX

BASE_URL = "https://api.telegram.org"
CONNECTIONS_MAX = 100
# What Telegram tells to wait for is waited for in full, but no clock reaches the end of what JSON can say.
WAIT_S_MAX = 366 * 86_400
# Telegram's own are a line.
DESCRIPTION_CHARS_MAX = 4_000


def bot_id_of(token: str) -> int:
    """Return the bot's user id, which a token starts with: ``{bot_id}:{secret}``.

    Raises InvalidSettings for text that is not a token; the text is never quoted.
    """
    bot_id, colon, secret = token.partition(":")
    well_formed = secret and all(char.isascii() and (char.isalnum() or char in "_-") for char in secret)
    if not (colon and bot_id.isascii() and bot_id.isdigit() and well_formed and int(bot_id) > 0):
        remedy = "copy it from @BotFather; it looks like 123456789:AAE..."
        raise InvalidSettings((f"the Telegram bot token is malformed: {remedy}",))
    return int(bot_id)


class HttpTelegram:
    """The Bot API as one bot sees it, over a pool of at most ``connections_max`` connections.

    A call that finds no free connection within its time was not sent. Belongs to one event loop; close it with
    ``aclose`` or use it in ``async with``.
    """

    def __init__(self, token: str, base_url: str = BASE_URL, connections_max: int = CONNECTIONS_MAX) -> None:
        self.bot_id = bot_id_of(token)
        self._prefix = f"{base_url.rstrip('/')}/bot{token}/"
        self._urls: dict[str, httpx.URL] = {}
        self._http = HttpCaller(connections_max, tls=base_url.startswith("https:"))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def call(self, method: str, params: Mapping[str, object], timeout_s: float) -> object:
        """Call ``method`` and return Telegram's ``result``, the whole call bounded by ``timeout_s`` seconds.

        Parameters that are None are left out. Raises NotSent, NoAnswer, Refused.
        """
        body = orjson.dumps({name: value for name, value in params.items() if value is not None})
        answer = await self._http.post(self._url(method), JSON_HEADERS, body, timeout_s)
        return _result(answer)

    def _url(self, method: str) -> httpx.URL:
        url = self._urls.get(method)
        if url is None:
            if not (method.isascii() and method.isalnum()):
                raise ValueError(f"not a Bot API method: {method!r}")
            url = self._urls[method] = httpx.URL(self._prefix + method)
        return url


def _result(answer: HttpAnswer) -> object:
    """Return the result in an answer. Raises Refused, or NoAnswer where the body says neither yes nor no."""
    try:
        content: Any = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        content = None
    if isinstance(content, dict) and content.get("ok") is True and "result" in content:
        return content["result"]
    if isinstance(content, dict) and content.get("ok") is False:
        raise Refused(_refusal(content, answer.status))
    if answer.status >= 300:
        # Something before the Bot API answered: a proxy, a gateway, or a wrong base URL.
        raise Refused(Refusal(answer.status, f"HTTP status {answer.status}, not an answer of the Bot API"))
    raise NoAnswer(f"HTTP status {answer.status} with a body that is not an answer of the Bot API")


def _refusal(content: dict[str, Any], status: int) -> Refusal:
    parameters = content.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    wait_s = _whole(parameters.get("retry_after"), 1)
    return Refusal(
        code=_whole(content.get("error_code"), 100, 999) or status,
        description=str(content.get("description", ""))[:DESCRIPTION_CHARS_MAX],
        retry_after_s=min(wait_s, WAIT_S_MAX) if wait_s is not None else None,
        migrate_to_chat_id=_whole(parameters.get("migrate_to_chat_id"), -INTEGER_MAX, -1),
    )


def _whole(value: object, low: int, high: int | None = None) -> int | None:
    """Return a whole number that lies within its bounds; None for what is none, or means nothing there."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if low <= value and (high is None or value <= high) else None
