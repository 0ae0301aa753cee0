"""What the buttons of tasks carry, as text of at most 64 bytes and back.

A button names the occurrence that it is for, so that one of an occurrence that has passed does nothing any more.
Not here: what a press does (``domain.commands.presses``).
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from enum import StrEnum
from uuid import UUID

from attrs import frozen

from domain.events.spec import CALLBACK_BYTES_MAX

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
# A UUID takes 22 characters of base 64; seconds since the epoch take 7 of base 36 for the next thousands of years.
_ID, _BUCKET = r"([A-Za-z0-9_-]{22})", r"([0-9a-z]{0,9})"
_TASK = re.compile(rf"t1:([a-z0-9]{{1,8}}):{_ID}:{_BUCKET}")
_LISTED = re.compile(rf"d1:{_ID}:{_BUCKET}:([0-9]{{1,4}}):(.+)", re.DOTALL)
_PAGE = re.compile(r"l1:([0-9]{1,4}):(.+)", re.DOTALL)
_OPTION = re.compile(r"q1:([0-9a-f]{8}):([0-9])")
_ZONE = re.compile(r"z1:(.{1,60})")


class Action(StrEnum):
    """What a button of a reminder does to its task."""

    DONE = "done"
    UNDO = "undo"
    SNOOZE_10_MIN = "s10"
    SNOOZE_1_H = "s60"
    SNOOZE_TOMORROW = "stom"
    SKIP = "skip"
    STOP = "stop"


@frozen
class OnTask:
    """A button of a reminder. ``bucket`` is the occurrence's instant in whole seconds; None for one without a time."""

    action: Action
    task_id: UUID
    bucket: int | None = None


@frozen
class OnListed:
    """The button that says of a task in a list that it is done, and which page of which list it stands on."""

    task_id: UUID
    bucket: int | None
    page: int
    shown: str


@frozen
class OnPage:
    """A button that turns to a page of a list."""

    page: int
    shown: str


@frozen
class OnOption:
    """One of the answers to a question that was asked: which question, and which answer."""

    token: str
    index: int


@frozen
class OnZone:
    """One of the time zones to choose from."""

    zone: str


Button = OnTask | OnListed | OnPage | OnOption | OnZone


def written(button: Button) -> str | None:
    """Return what a button carries; None where it does not fit."""
    match button:
        case OnTask(action, task_id, bucket):
            text = f"t1:{action.value}:{_from_id(task_id)}:{_from_bucket(bucket)}"
        case OnListed(task_id, bucket, page, shown):
            text = f"d1:{_from_id(task_id)}:{_from_bucket(bucket)}:{page}:{shown}"
        case OnPage(page, shown):
            text = f"l1:{page}:{shown}"
        case OnOption(token, index):
            text = f"q1:{token}:{index}"
        case OnZone(zone):
            text = f"z1:{zone}"
    return text if len(text.encode()) <= CALLBACK_BYTES_MAX else None


def read(text: str) -> Button | None:
    """Return the button that carries ``text``; None for what none of ours does."""
    if (found := _TASK.fullmatch(text)) is not None:
        if found[1] not in list(Action):
            return None
        return OnTask(Action(found[1]), _to_id(found[2]), _to_bucket(found[3]))
    if (found := _LISTED.fullmatch(text)) is not None:
        return OnListed(_to_id(found[1]), _to_bucket(found[2]), int(found[3]), found[4])
    if (found := _PAGE.fullmatch(text)) is not None:
        return OnPage(int(found[1]), found[2])
    if (found := _OPTION.fullmatch(text)) is not None:
        return OnOption(found[1], int(found[2]))
    if (found := _ZONE.fullmatch(text)) is not None:
        return OnZone(found[1])
    return None


def bucket_of(due_at: float | None) -> int | None:
    """Return the occurrence as buttons name it."""
    return None if due_at is None else int(due_at)


def _from_id(task_id: UUID) -> str:
    return urlsafe_b64encode(task_id.bytes).decode().rstrip("=")


def _to_id(text: str) -> UUID:
    return UUID(bytes=urlsafe_b64decode(f"{text}=="))


def _from_bucket(bucket: int | None) -> str:
    if bucket is None:
        return ""
    digits, left = "", max(bucket, 0)
    while left or not digits:
        left, digit = divmod(left, 36)
        digits = _DIGITS[digit] + digits
    return digits


def _to_bucket(text: str) -> int | None:
    return int(text, 36) if text else None
