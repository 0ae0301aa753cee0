"""Telling admins of dead letters: one message about many, to each admin who can be reached in private.

Whoever looks does it in a transaction that no other has at the same time: what is told counts as known from then on,
and the messages are owed with it. So each letter is told of once, however many look and wherever they die. Not here:
when it is time (``domain.notices``), how letters are kept (``adapters``).
"""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable

from attrs import define, field, frozen

from application.changes import AuditRow, Owed
from application.crashpoints import CrashPoints
from application.interpreter import event_row
from application.journal import Journal
from application.messages import spoken
from application.ports import AccessBook, Clock, Codec, Streams, Wakeup
from application.rounds import place_of
from domain.access import Person, Policy, Visit, id_of, rights, subject_of
from domain.catalogue import BRAIN, SENDER_BULK
from domain.decisions import Outcome
from domain.envelope import Event, create, timestamp_of
from domain.errors import StoreUnavailable, Unavailable
from domain.events.telegram import TelegramSend
from domain.ids import trace_of
from domain.notices import NOTICE_KEY, NoticeRule, cause_of, is_due
from domain.scope import Scope
from domain.wording import Listed, Said, Value

log = logging.getLogger("openclaw.notices")

# Under this setting of a private chat stands the language of an admin's app.
LANGUAGE = "language"
# More admins are not told, and more lines not written.
ADMINS_MAX = 50
LINES_MAX = 6


@frozen
class Fallen:
    """Dead letters of one bot's chats that nobody knows of, alike in what they are and in their first reason.

    ``event_type`` is None where the bytes do not tell it. ``first_at``: when the first of them died, in seconds since
    the epoch; ``last_id``: the greatest id among them.
    """

    bot_id: int
    target: str
    event_type: str | None
    reason: str
    letters: int
    first_at: float
    last_id: int


@frozen
class LetterState:
    """What stands of dead letters at one moment, in seconds since the epoch by the store's clock.

    ``letters``: how many there are. ``is_known``: some of them somebody knows of. ``told_at`` and ``seen_at``: when
    admins were told and somebody looked last. Letters of notices are in none of these but the number.
    """

    now: float
    letters: int = 0
    is_known: bool = False
    told_at: float | None = None
    seen_at: float | None = None
    fallen: tuple[Fallen, ...] = ()


@runtime_checkable
class LetterWatch(Protocol):
    """Dead letters as whoever tells of them sees them."""

    def turn(self) -> AbstractAsyncContextManager["LetterTurn"]:
        """Open a transaction. One at a time has something to tell in it: while one does, others see nothing.

        Leaving the block commits, an exception rolls back. Raises StoreUnavailable.
        """


@runtime_checkable
class LetterTurn(Protocol):
    """One open transaction. See ``LetterWatch``."""

    @property
    def state(self) -> LetterState:
        """What stands of dead letters."""

    @property
    def access(self) -> AccessBook:
        """Who was let in."""

    async def reachable(self, scopes: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """Return the settings of those private chats that exist and are not known to be out of reach.

        A chat exists, as far as is known, where something was set for it or somebody asked from it to be let in.
        """

    async def tell(self, bots: Collection[int]) -> Sequence[Fallen]:
        """Let all letters of these bots count as told from now on, and return those that nobody knew of."""

    async def note(self, owed: Sequence[Owed], audit: Sequence[AuditRow]) -> None:
        """Owe messages and write rows of the audit, with the transaction."""


@define
class NoticeCounters:
    """How many notices were owed, and of how many letters they told."""

    notices: int = 0
    letters: int = 0


@define
class Notifier:
    """Looks after dead letters now and then. Any number may: what one tells, no other does."""

    watch: LetterWatch
    streams: Streams
    codec: Codec
    clock: Clock
    policy: Policy
    rule: NoticeRule
    crash: CrashPoints
    journal: Journal
    counters: NoticeCounters = field(factory=NoticeCounters)

    async def chore(self) -> None:
        """Tell what is to be told. Whatever goes wrong with that, what it stands beside goes on."""
        try:
            await self.look()
        except StoreUnavailable as error:
            log.warning("admins are told of dead letters later: %s", error, extra={"action": "notice_later"})
        except Exception as error:  # noqa: BLE001 - a notice that cannot be made must not end the service
            where = f"{type(error).__name__} at {place_of(error)}"
            log.error("admins cannot be told of dead letters: %s", where, extra={"action": "notice_failed"})

    async def look(self) -> int:
        """Tell the admins of dead letters that nobody knows of, where it is time; return how many were told.

        Raises StoreUnavailable; then nobody was told, or the commit's answer was lost. Looking again is safe.
        """
        if not self.rule.every_s:
            return 0
        async with self.watch.turn() as turn:
            if not turn.state.fallen or not self._is_time(turn.state):
                return 0
            self.crash("notice.read")
            admins = {bot: await self._admins(turn, bot) for bot in _bots(turn.state.fallen)}
            told = await turn.tell([bot for bot, chats in admins.items() if chats])
            events = [e for bot in _bots(told) for e in self._events(turn.state, bot, admins[bot], told)]
            if not events:
                return 0
            owed = [_owed(event, self.codec) for event in events]
            rows = [event_row(event, Outcome.ACCEPTED, reason=_reason(told)) for event in events]
            await turn.note(owed, rows)
            self.crash("notice.noted")
        self.crash("notice.committed")
        self.counters.notices += len(owed)
        self.counters.letters += sum(each.letters for each in told)
        self.journal.tell(rows)
        await self._publish(owed)
        self.crash("notice.published")
        return len(owed)

    def _is_time(self, state: LetterState) -> bool:
        return is_due(
            self.rule, now=state.now, first_at=min(each.first_at for each in state.fallen), told_at=state.told_at,
            seen_at=state.seen_at, is_known=state.is_known,
        )  # fmt: skip

    async def _admins(self, turn: LetterTurn, bot_id: int) -> dict[int, str | None]:
        """Return the private chats of the bot's admins who can be reached, each with its language."""
        people = dict(await turn.access.listed(bot_id, 10 * ADMINS_MAX))
        named = [subject_of(bot_id, who) for who in sorted(self.policy.named_admins)]
        people |= await turn.access.people(named)
        who = sorted({id_of(subject) for subject in {*people, *named}})
        admins = [each for each in who if each > 0 and self._is_admin(people, bot_id, each)]
        scopes = {Scope(bot_id, each).key: each for each in admins}
        found = await turn.reachable(list(scopes)) if scopes else {}
        chats = {scopes[key]: settings.get(LANGUAGE) for key, settings in sorted(found.items())}
        return {chat: chats[chat] for chat in sorted(chats)[:ADMINS_MAX]}

    def _is_admin(self, people: Mapping[str, Person], bot_id: int, who: int) -> bool:
        return rights(self.policy, people, Visit(bot_id, who, who)).standing.is_admin

    def _events(
        self, state: LetterState, bot_id: int, admins: Mapping[int, str | None], told: Sequence[Fallen]
    ) -> Iterable[Event]:
        """Yield the message to each admin of a bot; its key follows from the last letter, which is told of once."""
        fallen = [each for each in told if each.bot_id == bot_id]
        about = f"{NOTICE_KEY}{bot_id}:{max(each.last_id for each in fallen)}"
        words = words_of(fallen, state.letters)
        for chat, language in admins.items():
            payload = TelegramSend(bot_id=bot_id, chat_id=chat, text=spoken(words, language))
            yield create(
                payload, source=BRAIN, key=f"{about}:{chat}", trace_id=trace_of(about),
                timestamp=timestamp_of(state.now), target=SENDER_BULK,
            )  # fmt: skip

    async def _publish(self, owed: Sequence[Owed]) -> None:
        """Wake the sender. A failure costs the grace of its sweep, no more."""
        try:
            await self.streams.publish([Wakeup(o.target, o.lane, o.event_id, 0, o.envelope) for o in owed])
        except Unavailable as error:
            log.warning("notice: %s", error, extra={"action": "publish_failed"})


def words_of(fallen: Sequence[Fallen], letters: int) -> Said:
    """Return what is said of letters that died: how many, since when, what they are and why, and what to type.

    ``letters`` is how many there are in all.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    for each in fallen:
        counts[(each.event_type or "", each.target, cause_of(each.reason).value)] += each.letters
    kinds = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = kinds if len(kinds) <= LINES_MAX else kinds[: LINES_MAX - 1]
    lines: list[Value] = [
        Said(
            "letters.line",
            {
                "number": str(number),
                "type": event_type or Said("letters.unreadable"),
                "target": target,
                "cause": cause,
            },
        )
        for (event_type, target, cause), number in shown
    ]
    if len(shown) < len(kinds):
        others = sum(number for _, number in kinds[len(shown) :])
        lines.append(Said("letters.others", {"number": str(others)}))
    first_at = min(each.first_at for each in fallen)
    return Said(
        "letters.told",
        {
            "new": str(sum(counts.values())),
            "all": str(letters),
            "since": timestamp_of(first_at)[:16].replace("T", " "),
            "lines": Listed(tuple(lines)),
        },
    )


def _bots(fallen: Sequence[Fallen]) -> list[int]:
    return sorted({each.bot_id for each in fallen})


def _owed(event: Event, codec: Codec) -> Owed:
    payload = event.payload
    assert isinstance(payload, TelegramSend)
    lane = Scope(payload.bot_id, payload.chat_id).lane
    return Owed(event.target, event.event_id, lane, None, codec.encode(event))


def _reason(told: Sequence[Fallen]) -> str:
    number = sum(each.letters for each in told)
    last = max(each.last_id for each in told)
    return f"tells of {number} dead letter{'' if number == 1 else 's'}, the last of them {last}"
