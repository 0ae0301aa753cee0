"""The simulator's first face: the Bot API over HTTP, ``/bot<token>/<method>``, with its faults carried out.

Parameters come in the query, as a form, or as JSON (https://core.telegram.org/bots/api#making-requests); uploads
are left out. Not here: what the methods do (``adapters.botworld``).
"""

import asyncio
from typing import Any
from urllib.parse import parse_qsl

import orjson

from adapters.asgi import JSON_TYPE, Aborted, Request, Response, Route
from adapters.botworld import ApiError, Bell, Call, Fault, FaultKind, World, receive, updates_request

_FORM_TYPE = b"application/x-www-form-urlencoded"
_GATEWAY_PAGE = b"<html><head><title>Bad Gateway</title></head><body>nginx</body></html>"


class BotApi:
    """Answers the calls of every bot in ``world``."""

    def __init__(self, world: World, bell: Bell) -> None:
        self._world = world
        self._bell = bell
        self._hung: set[Request] = set()

    def routes(self) -> list[Route]:
        """Return this face's part of the route table."""
        return [Route("GET", "/bot*", self.answer), Route("POST", "/bot*", self.answer)]

    def release(self) -> int:
        """Reset the connections of hung calls; return how many."""
        hung = list(self._hung)
        for request in hung:
            request.reset()
        return len(hung)

    async def answer(self, request: Request) -> Response:
        """Answer one call, or not, as its fault says."""
        token, _, method = request.path.removeprefix("/bot").partition("/")
        try:
            params = await _params(request)
            with receive(self._world, token, method, params) as call:
                if call.fault is not None and (response := await self._fail(call, call.fault, request)):
                    return response
                result = await self._perform(call)
            return Response(200, orjson.dumps({"ok": True, "result": result}))
        except ApiError as error:
            return Response(error.code, orjson.dumps(error.as_json()))

    async def _perform(self, call: Call) -> object:
        if call.method.name == "getUpdates":
            return await self._bell.get_updates(call.bot, updates_request(call.params))
        return call.perform()

    async def _fail(self, call: Call, fault: Fault, request: Request) -> Response | None:
        """Carry out ``fault``; None goes on as if nothing were wrong. Raises ApiError and Aborted."""
        match fault.kind:
            case FaultKind.REFUSE:
                raise fault.refusal()
            case FaultKind.GATEWAY:
                return Response(fault.code, _GATEWAY_PAGE, b"text/html")
            case FaultKind.SLOW:
                await asyncio.sleep(fault.delay_s)
                return None
            case FaultKind.HANG_BEFORE | FaultKind.RESET_BEFORE:
                pass
            case FaultKind.HANG_AFTER | FaultKind.RESET_AFTER:
                await self._perform_unanswered(call)
            case FaultKind.NOT_SENT:
                raise ApiError(500, "Internal Server Error: a server cannot make a request not leave")
        if fault.kind in (FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER):
            request.reset()
        await self._until_disconnected(request)
        raise Aborted

    async def _perform_unanswered(self, call: Call) -> None:
        try:
            await self._perform(call)
        except ApiError as error:
            self._world.record.refused[error.code] += 1

    async def _until_disconnected(self, request: Request) -> None:
        self._hung.add(request)
        try:
            await request.disconnected()
        finally:
            self._hung.discard(request)


async def _params(request: Request) -> dict[str, Any]:
    params: dict[str, Any] = dict(request.query())
    if request.method == "GET":
        return params
    body = await request.body()
    if not body:
        return params
    content_type = (request.header(b"content-type") or b"").partition(b";")[0].strip().lower()
    if content_type == JSON_TYPE:
        try:
            given = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise ApiError(400, "Bad Request: can't parse JSON body") from None
        if not isinstance(given, dict):
            raise ApiError(400, "Bad Request: object expected as JSON body")
        return params | given
    if content_type == _FORM_TYPE:
        return params | dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    raise ApiError(415, "Unsupported Media Type: send JSON or a URL-encoded form; uploads are not simulated")
