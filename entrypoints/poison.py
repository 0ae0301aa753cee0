"""Plants an event that ends or hangs its process, for tests that ask what becomes of it and of its neighbours.

``OPENCLAW_POISON=sender.decode:kill:WORD`` kills every sender that reads an event with WORD in it; several stand one
after the other, with commas. Places are ``brain.decode``, ``sender.decode``, ``sender.call`` and ``scheduler.encode``;
ways are ``kill``, ``hang``, which holds up its thread for ever, and ``wait``, for a call whose answer never comes.
Without the variable nothing is planted. Not here: deaths at a step of the protocol, whichever event it is (``crash``).
"""

import asyncio
import os
import signal
import threading
from collections.abc import Mapping

from attrs import frozen

from application.ports import Codec, Telegram
from domain.envelope import Event
from domain.errors import InvalidSettings

VARIABLE = "OPENCLAW_POISON"
CALL = "sender.call"
PLACES = ("brain.decode", "sender.decode", CALL, "scheduler.encode")
WAYS = ("kill", "hang", "wait")


@frozen
class Poison:
    """What ends a process: at which place, how, and the word by which the event is known."""

    place: str
    way: str
    word: str

    @property
    def is_known(self) -> bool:
        """Whether there is such a place and such a way."""
        fits = self.way != "wait" or self.place == CALL
        return self.place in PLACES and self.way in WAYS and bool(self.word) and fits

    def take(self) -> None:
        """Die, or stand still for ever."""
        if self.way == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        threading.Event().wait()


@frozen
class PoisonedCodec:
    """A codec that dies of one event at its place; anything else it leaves to the true one."""

    codec: Codec
    role: str
    poison: Poison

    def encode(self, event: Event) -> bytes:
        """See ``application.ports.Codec``."""
        return self._tasted("encode", self.codec.encode(event))

    def decode(self, raw: bytes) -> Event:
        """See ``application.ports.Codec``."""
        return self.codec.decode(self._tasted("decode", raw))

    def _tasted(self, way: str, raw: bytes) -> bytes:
        if self.poison.place == f"{self.role}.{way}" and self.poison.word.encode() in raw:
            self.poison.take()
        return raw


@frozen
class PoisonedTelegram:
    """A Bot API of which one call dies, or never ends."""

    telegram: Telegram
    poison: Poison

    async def call(self, method: str, params: Mapping[str, object], timeout_s: float) -> object:
        """See ``application.ports.Telegram``."""
        if self.poison.word in str(params.get("text")):
            if self.poison.way == "wait":
                await asyncio.Event().wait()
            self.poison.take()
        return await self.telegram.call(method, params, timeout_s)


def planted(environ: Mapping[str, str] = os.environ) -> tuple[Poison, ...]:
    """Return what is planted. Raises InvalidSettings for a place or a way that is none."""
    wanted = environ.get(VARIABLE, "")
    found = tuple(Poison(*(*each.split(":", 2), "", "")[:3]) for each in wanted.split(",") if each)
    if not all(each.is_known for each in found):
        raise InvalidSettings((f"{VARIABLE}: must be PLACE:WAY:WORD; places are {', '.join(PLACES)}",))
    return found


def poisoned_codec(codec: Codec, role: str) -> Codec:
    """Return the codec of a role, with what is planted in it."""
    for poison in planted():
        codec = PoisonedCodec(codec, role, poison)
    return codec


def poisoned_telegram(telegram: Telegram) -> Telegram:
    """Return the sender's way to the Bot API, with what is planted in it."""
    for poison in planted():
        if poison.place == CALL:
            telegram = PoisonedTelegram(telegram, poison)
    return telegram
