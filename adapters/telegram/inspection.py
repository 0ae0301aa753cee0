"""What ``openclaw doctor`` asks of the Bot API: who the bot is, its webhook, and what time it is there.

Two calls that change nothing; ``getUpdates`` is not among them, since it would end the poll of a gateway that runs.
Not here: what the answers mean (``entrypoints.doctor``).
"""

import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

import httpx
import orjson
from attrs import field, frozen

from adapters.telegram.http import JSON_HEADERS, HttpAnswer, HttpCaller
from domain.errors import NoAnswer, NotSent
from domain.redaction import without_quotes

TIMEOUT_S = 6.0


class Trouble(StrEnum):
    """Why the Bot API could not be asked."""

    UNREACHABLE = "unreachable"
    HANGS = "hangs"
    TOKEN = "token"  # noqa: S105 - the name of a trouble
    NOT_THE_API = "not_the_api"
    REFUSED = "refused"


@frozen
class Inspection:
    """What the Bot API answered: ``me``, ``webhook`` and ``clock`` (ours and Telegram's, in seconds).

    With ``trouble`` only ``clock`` may be known: whoever refuses tells the time too.
    """

    trouble: Trouble | None = None
    detail: str = ""
    known: Mapping[str, Any] = field(factory=dict)
    failed: Mapping[str, str] = field(factory=dict)


async def inspect(
    token: str, base_url: str, now_s: Callable[[], float] = time.time, timeout_s: float = TIMEOUT_S
) -> Inspection:
    """Ask the Bot API at ``base_url`` as the bot of ``token``, within ``timeout_s``; never raises for what it does.

    ``now_s`` is this machine's clock, in seconds since the epoch.
    """
    http = HttpCaller(1, tls=base_url.startswith("https:"))
    known: dict[str, Any] = {}
    deadline_s = time.monotonic() + timeout_s
    try:
        for name, method in (("me", "getMe"), ("webhook", "getWebhookInfo")):
            url = httpx.URL(f"{base_url.rstrip('/')}/bot{token}/{method}")
            try:
                answer = await http.post(url, JSON_HEADERS, b"{}", max(0.1, deadline_s - time.monotonic()))
            except NotSent as error:
                return Inspection(Trouble.UNREACHABLE, str(error), known)
            except NoAnswer as error:
                return Inspection(Trouble.HANGS, str(error), known)
            _tell_time(answer, now_s(), known)
            result = _result(answer)
            if isinstance(result, Inspection):
                return Inspection(result.trouble, result.detail, known)
            known[name] = result
    finally:
        await http.aclose()
    if "clock" in known:
        return Inspection(known=known)
    return Inspection(known=known, failed={"clock": "the Bot API does not tell the time"})


def _tell_time(answer: HttpAnswer, ours_s: float, known: dict[str, Any]) -> None:
    try:
        known["clock"] = (ours_s, parsedate_to_datetime(answer.date or "").timestamp())
    except ValueError:
        # No such header, or none of the form of RFC 9110, section 5.6.7.
        return


def _result(answer: HttpAnswer) -> Any:
    """Return the object that a call returned, or an Inspection that says why there is none."""
    try:
        content: Any = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        content = None
    if not isinstance(content, dict) or not isinstance(content.get("ok"), bool):
        return Inspection(Trouble.NOT_THE_API, f"HTTP status {answer.status}, and no JSON of the Bot API")
    if content["ok"] and isinstance(content.get("result"), dict):
        return content["result"]
    # Telegram says 401 to a token that it knows no more, and 404 to one that never was.
    trouble = Trouble.TOKEN if answer.status in (401, 404) else Trouble.REFUSED
    return Inspection(
        trouble, f"{answer.status} {without_quotes(str(content.get('description', '')))}".strip()
    )
