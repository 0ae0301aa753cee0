"""Reading the time in the words of a command; where that is not possible, the question or the refusal.

What was asked is kept, so that one press or one ``/timezone`` answers it and nothing has to be written again.
Not here: understanding phrases (``application.ports.Calendar``).
"""

import json
from collections.abc import Mapping

from attrs import evolve, field, frozen

from domain.commands.base import Answer, Ask, Known, Mentioned
from domain.commands.views import PENDING, Reader
from domain.decisions import PutSetting
from domain.tasks.buttons import OnOption, written
from domain.tasks.policy import ZONE, policy_of
from domain.tasks.times import DOUBTS, NO_TIME, ZONE_NEEDED, Refused, Unclear, Understood
from domain.tasks.values import Task, Who
from domain.wording import Choice, Listed, Rows, Said, Value, in_rows

# One digit of a button's data tells which option it is, and one more is that there is no time.
OPTIONS_MAX = 9
# The commands whose text needs no time, so that what looks like one may be a part of the title.
EDIT = "edit"
_WITHOUT_TIME = ("task", EDIT)
# Commands that begin with a time, so that a lone number is an hour there.
TIME_FIRST = ("remind", "snooze", "digest")


@frozen
class Pending:
    """A command that waits for an answer: the zone, or one of ``options``; ``rest`` is its text without the time.

    ``by`` is who gave it, by the name ``by_name``; None for whoever writes in a chat's name. ``mentioned`` as in the
    question, which came at ``asked_at``.
    """

    token: str
    name: str
    args: str
    by: int | None = None
    options: tuple[str, ...] = ()
    rest: str = ""
    mentioned: tuple[Mentioned, ...] = ()
    by_name: str = ""
    asked_at: float = 0.0

    @property
    def text(self) -> str:
        """The value of the setting that holds it."""
        mentioned = [[each.who.user_id, each.who.name, each.from_end, each.length] for each in self.mentioned]
        held = [
            self.token, self.name, self.args, self.by, list(self.options), self.rest, mentioned, self.by_name,
            self.asked_at,
        ]  # fmt: skip
        return json.dumps(held)

    def again(self, ask: Ask) -> Ask:
        """Return the question anew, as whoever put it; somebody else may have answered what was asked back."""
        return evolve(ask, args=self.args, mentioned=self.mentioned, user_id=self.by, user_name=self.by_name)

    @classmethod
    def of_text(cls, text: str | None) -> "Pending | None":
        """Return what a setting holds; None for one that is empty or was written by another version."""
        try:
            token, name, args, by, options, rest, mentioned, by_name, asked_at = json.loads(text or "null")
            people = tuple(
                Mentioned(Who(user_id, who), begin, length) for user_id, who, begin, length in mentioned
            )
            return cls(
                str(token), str(name), str(args), by, tuple(options), str(rest), people, str(by_name),
                float(asked_at),
            )  # fmt: skip
        except (TypeError, ValueError):
            return None


@frozen
class Untimed:
    """All of the text is the title. ``doubt`` tells of words in it that look like a time, by the key of its wording.

    ``options`` are the times that they may be, in full.
    """

    doubt: str = ""
    values: Mapping[str, str] = field(factory=dict)
    options: tuple[str, ...] = ()


@frozen
class Offer:
    """What is said, done and shown beside a task that was made without a time, where it may have one."""

    said: Value = ""
    effects: tuple[PutSetting, ...] = ()
    buttons: Rows = ()


NO_OFFER = Offer()


def read_time(ask: Ask, known: Known, name: str, text: str) -> Understood | Untimed | Answer:
    """Return the time in ``text``, that there is none, or what to say where it cannot be taken.

    ``name`` is the command that is answered later, where the answer is a question.
    """
    if known.chosen is not None:
        return known.chosen if isinstance(known.chosen, Understood) else Untimed()
    zone = known.settings.get(ZONE)
    needed = name in TIME_FIRST
    found = known.calendar.understand(text, now=known.now, zone=zone, language=ask.language, needed=needed)
    is_doubtful = isinstance(found, Refused) and found.key in DOUBTS
    if needed and text[:1].isdigit() and not is_doubtful and not _is_clear(found, ask, known, text):
        # "5 min tea" is how long from now; "2 days before christmas" is not.
        span = known.calendar.understand(f"in {text}", now=known.now, zone=zone, language=ask.language)
        found = span if isinstance(span, Understood) else found
    if isinstance(found, Understood):
        return found
    if name in _WITHOUT_TIME and found.key in DOUBTS and found.rest:
        # The task is not lost over it, and nothing is guessed.
        options = found.options if isinstance(found, Unclear) else ()
        return Untimed(DOUBTS[found.key], found.values, options[:OPTIONS_MAX])
    token = known.fresh_id.hex[:8]
    if isinstance(found, Unclear):
        question = Said(f"when.{found.key}", found.values)
        if not found.options:
            return Answer("time.refused", {"why": question})
        options = found.options[:OPTIONS_MAX]
        pending = _pending(token, name, ask, known, options, found.rest)
        choices = tuple(Choice(option, data_of(token, n)) for n, option in enumerate(options))
        if name in _WITHOUT_TIME:
            choices = (*choices, Choice(Said("time.none"), data_of(token, len(options))))
        return Answer(
            "time.which", {"why": question}, (put(pending),), reason="a question about the time",
            buttons=in_rows(choices, 1),
        )  # fmt: skip
    if found.key == NO_TIME:
        return Untimed()
    if found.key == ZONE_NEEDED:
        pending = _pending(token, name, ask, known)
        return Answer("zone.needed", effects=(put(pending),), reason="the time zone is asked for")
    return Answer("time.refused", {"why": _why(found)})


def _is_clear(found: Understood | Unclear | Refused, ask: Ask, known: Known, text: str) -> bool:
    """Tell whether a time is understood, or would be in any zone, as "9:20 tea" is."""
    if isinstance(found, Refused) and found.key == ZONE_NEEDED:
        found = known.calendar.understand(text, now=known.now, zone="UTC", language=ask.language, needed=True)
    return isinstance(found, Understood)


def offer_of(ask: Ask, known: Known, number: int, found: Understood | Untimed) -> Offer:
    """Return what must be told of a doubt about the time of task ``number``; NO_OFFER where there is no doubt.

    A press on an option gives the task that time and leaves its title.
    """
    if isinstance(found, Understood) or not found.doubt:
        return NO_OFFER
    said = Said(found.doubt, {**found.values, "number": str(number)})
    if not found.options:
        return Offer(said)
    token = known.fresh_id.hex[:8]
    answers = evolve(ask, args=f"{number} {found.values['phrase']}", mentioned=())
    pending = _pending(token, EDIT, answers, known, found.options)
    choices = tuple(Choice(option, data_of(token, n)) for n, option in enumerate(found.options))
    return Offer(said, (put(pending),), in_rows(choices, 1))


def _pending(
    token: str, name: str, ask: Ask, known: Known, options: tuple[str, ...] = (), rest: str = ""
) -> Pending:
    return Pending(token, name, ask.args, ask.user_id, options, rest, ask.mentioned, ask.user_name, known.now)


def _why(found: Refused) -> Said:
    return Said(f"when.{found.key}", found.values)


def data_of(token: str, index: int) -> str:
    """Return what the button of an option carries."""
    data = written(OnOption(token, index))
    assert data is not None
    return data


def put(pending: Pending | None) -> PutSetting:
    """Return the effect by which a question is kept, or no question any more."""
    return PutSetting(PENDING, pending.text if pending is not None else "", is_choice=True)


def chosen(ask: Ask, known: Known, pending: Pending, index: int) -> Understood | Refused | None:
    """Return the time that an option stands for, with the text of the command; None where it is none any more.

    The option behind the others is that there is no time.
    """
    if index == len(pending.options) and pending.name in _WITHOUT_TIME:
        return Refused(NO_TIME)
    if index >= len(pending.options):
        return None
    found = known.calendar.understand(
        pending.options[index], now=known.now, zone=known.settings.get(ZONE), language=ask.language
    )
    return evolve(found, rest=pending.rest) if isinstance(found, Understood) else None


def with_note(
    shown: Value, found: Understood | None, task: Task, ask: Ask, known: Known, offer: Offer = NO_OFFER
) -> Value:
    """Return what is shown with what must be told beside a time that was just set, or beside the lack of one."""
    lines = [shown, *noted(found)]
    if found is not None and task.remind_at is not None:
        lines += quieted(task, task.remind_at, ask, known)
    if offer.said:
        lines.append(offer.said)
    return Listed(tuple(lines))


def noted(found: Understood | None) -> list[Value]:
    """Return what must be told of a time that was understood, such as which of two it is; mostly nothing."""
    return [Said(f"when.{found.note}", found.values)] if found is not None and found.note else []


def quieted(task: Task, at: float, ask: Ask, known: Known) -> list[Value]:
    """Return what must be told of a reminder at ``at`` that the quiet hours put off; nothing where they do not."""
    policy = policy_of(known.settings)
    until = policy.quiet_until(task, at, known.calendar)
    if until <= at or policy.quiet is None:
        return []
    shown = Reader.of(ask, known).moment(until, policy.zone or task.zone)
    return [Said("quiet.waits", {"hours": str(policy.quiet), "until": shown})]
