"""The simulator's first face: the Bot API over HTTP, ``/bot<token>/<method>``, with its faults carried out.

Files are at ``/file/bot<token>/<file_path>``: as many bytes as the file has, none of them kept. Not here: what the
methods do (``adapters.botworld``), and how parameters come (``forms``).
"""

import asyncio

import orjson

from adapters.asgi import Aborted, Request, Response, Route
from adapters.botworld import ApiError, Bell, Call, Fault, FaultKind, World, receive, updates_request
from adapters.telegram.simulator.forms import parameters

_GATEWAY_PAGE = b"<html><head><title>Bad Gateway</title></head><body>nginx</body></html>"


class BotApi:
    """Answers the calls of every bot in ``world``."""

    def __init__(self, world: World, bell: Bell) -> None:
        self._world = world
        self._bell = bell
        self._hung: set[Request] = set()

    def routes(self) -> list[Route]:
        """Return this face's part of the route table."""
        return [
            Route("GET", "/bot*", self.answer),
            Route("POST", "/bot*", self.answer),
            Route("GET", "/file/bot*", self.download),
        ]

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
            if ":" not in token or not method:
                raise ApiError(404, "Not Found")
            params, files = await parameters(request)
            with receive(self._world, token, method, params, files) as call:
                if call.fault is not None and (response := await self._fail(call, call.fault, request)):
                    return response
                result = await self._perform(call)
            note = {"description": call.note} if call.note else {}
            return Response(200, orjson.dumps({"ok": True, "result": result} | note))
        except ApiError as error:
            return Response(error.code, orjson.dumps(error.as_json()))

    async def download(self, request: Request) -> Response:
        """Answer the download of a file that ``getFile`` named."""
        token, _, path = request.path.removeprefix("/file/bot").partition("/")
        file = self._world.files.find(path.rpartition("/")[2])
        if self._world.bot_of(token) is None or file is None:
            return Response(404, orjson.dumps(ApiError(404, "Not Found").as_json()))
        return Response(200, bytes(file.size), b"application/octet-stream")

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
