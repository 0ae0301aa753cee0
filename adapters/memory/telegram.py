"""The Bot API in memory: ``application.ports.Telegram`` on a simulated world, without a server.

Parameters and results are copied through JSON, so that nothing live passes between the bot and the world, and
what could not be sent over HTTP cannot be sent here. Waiting (long polls, faults that hang) is the clock's, so
that time can be simulated.
"""

import asyncio
from collections.abc import Mapping

import orjson

from adapters.botworld import ApiError, Bell, Call, Fault, FaultKind, World, receive, updates_request
from application.ports import Clock
from domain.errors import NoAnswer, NotSent, Refusal, Refused


class MemoryTelegram:
    """The Bot API as the bot with ``token`` sees it, in ``world``."""

    def __init__(self, world: World, token: str, clock: Clock) -> None:
        self._world = world
        self._token = token
        self._clock = clock
        self._bell = Bell(world, clock.sleep)

    async def aclose(self) -> None:
        """End long polls; listen to the world no more."""
        self._bell.close()

    async def call(self, method: str, params: Mapping[str, object], timeout_s: float) -> object:
        """Call ``method`` and return the result, the whole call bounded by ``timeout_s`` seconds.

        Raises NotSent, NoAnswer, Refused, as planned in the world's faults or as Telegram would.
        """
        if not (method.isascii() and method.isalnum()):
            raise ValueError(f"not a Bot API method: {method!r}")
        given = orjson.loads(
            orjson.dumps({name: value for name, value in params.items() if value is not None})
        )
        try:
            with receive(self._world, self._token, method, given) as call:
                if call.fault is not None:
                    await self._fail(call, call.fault, timeout_s)
                result = await self._perform(call, timeout_s)
        except ApiError as error:
            refusal = Refusal(error.code, error.description, error.retry_after_s, error.migrate_to_chat_id)
            raise Refused(refusal) from None
        copy: object = orjson.loads(orjson.dumps(result))
        return copy

    async def _perform(self, call: Call, timeout_s: float) -> object:
        if call.method.name != "getUpdates":
            return call.perform()
        poll = asyncio.ensure_future(self._bell.get_updates(call.bot, updates_request(call.params)))
        timer = asyncio.ensure_future(self._clock.sleep(timeout_s))
        try:
            await asyncio.wait({poll, timer}, return_when=asyncio.FIRST_COMPLETED)
            if not poll.done():
                raise NoAnswer(f"no complete answer within {timeout_s:g} s")
            return poll.result()
        finally:
            poll.cancel()
            timer.cancel()

    async def _fail(self, call: Call, fault: Fault, timeout_s: float) -> None:
        """Carry out ``fault``; returning goes on as if nothing were wrong."""
        match fault.kind:
            case FaultKind.NOT_SENT:
                raise NotSent("no connection: planned fault")
            case FaultKind.REFUSE:
                raise fault.refusal()
            case FaultKind.GATEWAY:
                raise ApiError(fault.code, f"HTTP status {fault.code}, not an answer of the Bot API")
            case FaultKind.SLOW if fault.delay_s < timeout_s:
                await self._clock.sleep(fault.delay_s)
                return
            case FaultKind.SLOW | FaultKind.HANG_AFTER | FaultKind.RESET_AFTER:
                await self._perform_unanswered(call, timeout_s)
            case FaultKind.HANG_BEFORE | FaultKind.RESET_BEFORE:
                pass
        if fault.kind in (FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER):
            raise NoAnswer("the request may have left, and no answer came: planned reset")
        await self._clock.sleep(timeout_s)
        raise NoAnswer(f"no complete answer within {timeout_s:g} s")

    async def _perform_unanswered(self, call: Call, timeout_s: float) -> None:
        try:
            await self._perform(call, timeout_s)
        except ApiError as error:
            self._world.record.refused[error.code] += 1
