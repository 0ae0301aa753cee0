"""The words that a scripted conversation is written in: what people do, and what they then see of the bot.

Plain values. A message is called by a name that the step which brings it gives it (``name``), so that later steps can
answer, change and press it. ``{bot}`` in a text stands for the bot's username. Not here: carrying it out (``stage``).
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from attrs import Factory, field, frozen

from adapters.botworld import Fault

Json = Mapping[str, Any]


@frozen
class Say:
    """Somebody writes; in a private chat the chat's id is theirs."""

    place: int
    who: int
    text: str | None
    name: str = ""
    thread: int | None = None
    reply_to: str = ""
    more: Json = Factory(dict)


@frozen
class Edit:
    """The writer of a message changes it."""

    message: str
    text: str


@frozen
class Press:
    """Somebody presses the button of a message that has this label."""

    message: str
    who: int
    label: str


@frozen
class Do:
    """Any other action of the control interface, by its name there."""

    action: str
    fields: Json


@frozen
class On:
    """An action of the control interface upon a message that has a name."""

    action: str
    message: str
    fields: Json


@frozen
class Fail:
    """The next calls that fit go wrong."""

    fault: Fault


@frozen
class Left:
    """A message with a button that an earlier version of the bot left behind."""

    place: int
    text: str
    label: str


Act = Say | Edit | Press | Do | On | Fail | Left


@frozen
class See:
    """What reaches a chat: a call that took effect, and the message as it then stands.

    ``text``, of which a caption is one, may be None and is open then. ``entities`` are the kinds that the message
    has, in order. ``thread`` and ``buttons`` are compared always: none means none. ``reply_to`` names the message
    that it answers. ``params`` are some of what the bot sent. A message that is ``deleted`` meanwhile is not looked
    at.
    """

    place: int
    text: str | None = None
    method: str = "sendMessage"
    name: str = ""
    entities: tuple[str, ...] | None = None
    thread: int | None = None
    reply_to: str = ""
    buttons: tuple[str, ...] = ()
    params: Json = Factory(dict)
    deleted: bool = False


def _all(value: object) -> object:
    return value if isinstance(value, tuple) else (value,)


def _all_or_none(value: object) -> object:
    return value if value is None or value is SAME else _all(value)


class Same(Enum):
    """Stands for: OpenClaw does as the otter does."""

    SAME = "same"


SAME = Same.SAME
NOTHING: tuple[See, ...] = ()


@frozen
class Step:
    """One row: what it is about, who does what, and everything that is seen because of it.

    ``openclaw`` is what is seen where OpenClaw is the bot; None leaves the step out there. ``hidden`` says that the
    bot is not even sent an update. Not ``in_order``: what was done at once may be answered in any order. One act or
    sight may stand without a tuple around it.
    """

    what: str
    acts: tuple[Act, ...] = field(converter=_all)
    sees: tuple[See, ...] = field(converter=_all, default=NOTHING)
    openclaw: tuple[See, ...] | Same | None = field(converter=_all_or_none, default=None)
    hidden: bool = False
    in_order: bool = True

    def seen_of_openclaw(self) -> tuple[See, ...] | None:
        """Return what is seen where OpenClaw is the bot, None where the step does not apply."""
        return self.sees if self.openclaw is SAME else self.openclaw
