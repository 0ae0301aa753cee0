"""When admins are told of dead letters, and by which words these died. Pure.

A notice counts letters that nobody knows of yet, each once. Not here: who is told and what it says
(``application.notices``), and the letters themselves.
"""

import re
from collections.abc import Sequence
from enum import StrEnum

from attrs import frozen

# By this a notice is known for one, also where it becomes a dead letter itself, of which nobody is told.
NOTICE_KEY = "notice:"


class Cause(StrEnum):
    """Why events died, as general as it can be said to somebody who may not see what people wrote."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    SPENT = "spent"
    UNKNOWN = "unknown"
    ENDED_PROCESS = "ended_process"
    UNREADABLE = "unreadable"
    UNHANDLED = "unhandled"
    RESTORED = "restored"
    OTHER = "other"


# How reasons begin, as docs/DEAD_LETTERS.md lists them; the first that fits counts.
_BEGINNINGS: Sequence[tuple[re.Pattern[str], Cause]] = tuple(
    (re.compile(pattern), cause)
    for pattern, cause in (
        (r"Telegram: (?:403\b|400 Bad Request: chat not found)", Cause.UNREACHABLE),
        (r"Telegram: ", Cause.REFUSED),
        (r"\d+ attempts failed, ", Cause.SPENT),
        (r"\d+ calls were made and ", Cause.UNKNOWN),
        (r"it ended its process", Cause.ENDED_PROCESS),
        (r"\S+ has no handler for ", Cause.UNHANDLED),
        (r"owed in the backup of ", Cause.RESTORED),
        # What validation says: a field and its fault.
        (r"[a-z_]+(?:\.[a-z_]+|\[\d+\])*: ", Cause.UNREADABLE),
    )
)


def cause_of(reason: str) -> Cause:
    """Return the cause that the first reason of a dead letter tells."""
    return next((cause for pattern, cause in _BEGINNINGS if pattern.match(reason)), Cause.OTHER)


@frozen
class NoticeRule:
    """When to tell: seconds.

    ``gather_s`` after the first death, so that those that die together are told together. Then again after ``gap_s`` at
    the earliest where somebody has looked or the queue was emptied meanwhile, else after ``every_s`` while it grows.
    ``every_s`` 0: never.
    """

    gather_s: float = 30.0
    gap_s: float = 600.0
    every_s: float = 21_600.0


def is_due(
    rule: NoticeRule,
    *,
    now: float,
    first_at: float,
    told_at: float | None,
    seen_at: float | None,
    is_known: bool,
) -> bool:
    """Tell whether admins are to be told of letters that nobody knows of, the first of which died at ``first_at``.

    ``told_at``: when they were told last. ``seen_at``: when somebody last looked at letters or moved some.
    ``is_known``: letters that somebody knows of are still there. An instant that lies ahead, as after a clock that was
    set back, holds nothing up.
    """
    if not rule.every_s or _is_within(rule.gather_s, first_at, now):
        return False
    if told_at is None:
        return True
    is_afresh = not is_known or (seen_at is not None and seen_at > told_at)
    return not _is_within(min(rule.gap_s, rule.every_s) if is_afresh else rule.every_s, told_at, now)


def _is_within(seconds: float, since: float, now: float) -> bool:
    return 0 <= now - since < seconds
