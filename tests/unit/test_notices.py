"""When admins are told of dead letters, whom, and in which words.

Not here: how letters are kept and counted (``tests/contract/test_notices_contract.py``).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from adapters.codec import Codec
from adapters.memory.clock import ManualClock
from adapters.memory.database import AccessRow, MemoryDatabase, add_letter
from adapters.memory.notices import MemoryLetterTurn, MemoryLetterWatch
from adapters.memory.streams import MemoryStreams
from application.changes import DeadLetter, Head, Owed
from application.crashpoints import NOTICE_POINTS
from application.journal import Journal
from application.messages import spoken
from application.notices import ADMINS_MAX, LANGUAGE, LINES_MAX, Fallen, Notifier, words_of
from application.ports import Wakeup
from domain.access import Person, Policy, Standing
from domain.errors import Unavailable
from domain.events.telegram import TelegramSend
from domain.ids import event_id_of
from domain.notices import Cause, NoticeRule, cause_of, is_due
from domain.wording import Said

RULE = NoticeRule(gather_s=30, gap_s=600, every_s=3600)
NOW = 1_000_000.0

# By which words they died


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("Telegram: 403 Forbidden: bot was blocked by the user", Cause.UNREACHABLE),
        ("Telegram: 400 Bad Request: chat not found", Cause.UNREACHABLE),
        ("Telegram: 400 Bad Request: BUTTON_DATA_INVALID", Cause.REFUSED),
        ("6 attempts failed, the last one: Telegram: 502 Bad Gateway", Cause.SPENT),
        ("6 calls were made and whether one took effect is unknown", Cause.UNKNOWN),
        ("it ended its process", Cause.ENDED_PROCESS),
        ("trace_id: missing", Cause.UNREADABLE),
        ("payload.entities[3].type: must be a word", Cause.UNREADABLE),
        ("envelope: not JSON", Cause.UNREADABLE),
        ("brain has no handler for memory.added", Cause.UNHANDLED),
        ("owed in the backup of 2026-11-22T16:00:00Z; it may have been handled after that", Cause.RESTORED),
        ("the message it edits was never delivered", Cause.OTHER),
        ("its handler made an invalid event: payload.bot_id: must be 1 or more", Cause.OTHER),
        ("", Cause.OTHER),
    ],
)
def test_every_reason_has_a_cause_that_can_be_told_to_anybody(reason: str, cause: Cause) -> None:
    assert cause_of(reason) is cause


# When


def due(
    first_ago_s: float, told_ago_s: float | None = None, seen_ago_s: float | None = None, *, is_known: bool = True,
    rule: NoticeRule = RULE,
) -> bool:  # fmt: skip
    return is_due(
        rule, now=NOW, first_at=NOW - first_ago_s, is_known=is_known,
        told_at=None if told_ago_s is None else NOW - told_ago_s,
        seen_at=None if seen_ago_s is None else NOW - seen_ago_s,
    )  # fmt: skip


def test_letters_that_die_together_are_told_together() -> None:
    assert not due(29.9)
    assert due(30)


def test_while_nobody_looks_more_letters_are_told_of_after_hours() -> None:
    assert not due(3500, told_ago_s=3599)
    assert due(3500, told_ago_s=3600)
    assert not due(10, told_ago_s=99_999), "however long ago: what dies together is told together"


def test_once_somebody_looked_or_all_were_moved_more_letters_are_told_of_soon_but_not_in_a_row() -> None:
    assert not due(99, told_ago_s=599, seen_ago_s=100)
    assert due(99, told_ago_s=600, seen_ago_s=100)
    assert not due(99, told_ago_s=599, is_known=False)
    assert due(99, told_ago_s=600, is_known=False)
    assert not due(99, told_ago_s=700, seen_ago_s=701), "a look before they were told says nothing"


def test_the_pause_after_a_look_is_never_longer_than_the_one_without() -> None:
    rule = NoticeRule(gather_s=0, gap_s=600, every_s=60)
    assert due(1, told_ago_s=60, is_known=False, rule=rule)


def test_with_no_time_to_tell_nobody_is_told_ever() -> None:
    assert not due(99_999, rule=NoticeRule(every_s=0))


def test_a_clock_that_was_set_back_holds_nothing_up() -> None:
    assert due(-99_999)
    assert due(60, told_ago_s=-99_999)


# In which words


def fallen(letters: int = 1, reason: str = "Telegram: 400 Bad Request: odd", **more: Any) -> Fallen:
    given = {"bot_id": 1000, "target": "sender", "event_type": "telegram.send", "first_at": 0.0, "last_id": 1}
    return Fallen(**(given | more), reason=reason, letters=letters)


def test_a_notice_reads_as_agreed() -> None:
    kinds = [
        fallen(2, first_at=86_399.0),
        fallen(5, "6 attempts failed, the last one: Telegram: 502 Bad Gateway", first_at=90_061.0),
        fallen(3, "Telegram: 400 Bad Request: even", first_at=90_000.0),
        fallen(1, "trace_id: missing", target="brain", event_type=None, first_at=91_000.0),
    ]
    words = words_of(kinds, 40)
    assert spoken(words, "en") == (
        "Something could not be done. Dead letters: 11 new since 1970-01-01 23:59 UTC, 40 in all.\n"
        "5 × telegram.send (sender): Telegram refused it\n"
        "5 × telegram.send (sender): every attempt failed\n"
        "1 × unreadable (brain): it is no valid event\n"
        "They are kept, and nothing else waits for them. To see each with its reasons, and to decide what becomes of "
        "it, type on the machine that runs me:\n"
        "openclaw dlq list"
    )
    assert spoken(words, "de-CH") == (
        "Etwas ließ sich nicht erledigen. Dead letters: 11 neu seit 1970-01-01 23:59 UTC, 40 insgesamt.\n"
        "5 × telegram.send (sender): Telegram hat es abgelehnt\n"
        "5 × telegram.send (sender): alle Versuche sind gescheitert\n"
        "1 × unlesbar (brain): es ist kein gültiges Ereignis\n"
        "Nichts davon geht verloren, und nichts anderes wartet darauf. Um jedes mit seinen Gründen zu sehen und zu "
        "entscheiden, was daraus wird, gib auf der Maschine ein, auf der ich laufe:\n"
        "openclaw dlq list"
    )


def test_many_kinds_are_summed_up_and_none_of_their_number_is_lost() -> None:
    kinds = [fallen(n, target=f"t{n}") for n in range(1, LINES_MAX + 5)]
    lines = spoken(words_of(kinds, 99), None).splitlines()[1:-2]
    assert len(lines) == LINES_MAX
    assert sum(int(line.split()[0]) for line in lines) == sum(each.letters for each in kinds)
    assert lines[-1].endswith(" others")


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_cause_has_its_words(cause: Cause, language: str) -> None:
    assert f": {cause.value}" not in spoken(Said("letters.line", _values(cause)), language)


def test_no_notice_repeats_what_stands_in_a_reason() -> None:
    secret = "6 attempts failed, the last one: my secret diary"
    assert "diary" not in spoken(words_of([fallen(1, secret), fallen(1, "diary")], 2), None)


def _values(cause: Cause) -> Mapping[str, str]:
    return {"number": "1", "type": "telegram.send", "target": "sender", "cause": cause.value}


# Whom


class Office:
    """Somebody who tells of dead letters, on a database in memory."""

    def __init__(self, policy: Policy | None = None, **rule: float) -> None:
        self.clock = ManualClock()
        self.database = MemoryDatabase(self.clock)
        self.streams = MemoryStreams(self.clock)
        self.reached: list[str] = []
        self.notifier = Notifier(
            MemoryLetterWatch(self.database), self.streams, Codec(), self.clock, policy or Policy(owner=1),
            NoticeRule(**{"gather_s": 0, **rule}), self.reached.append,
            Journal(self.clock),
        )  # fmt: skip

    def letter(self, lane: str = "1000:9") -> None:
        tables = self.database.tables
        letter_id = next(self.database.letter_ids)
        event_id = event_id_of(f"letter {letter_id}")
        head = Head("sender", event_id, lane, 1, True, 0, 0, None, b"")
        add_letter(tables, head, DeadLetter(event_id, ("why",)), self.clock.now(), letter_id)

    def chat(self, user: int, bot: int = 1000, **settings: str) -> None:
        """Let somebody have written to the bot."""
        for name, value in {"greeted": "yes", **settings}.items():
            self.database.tables.settings[(f"{bot}:u{user}", name)] = value

    def person(self, user: int, standing: Standing, name: str = "") -> None:
        self.database.tables.access[f"1000:{user}"] = AccessRow(Person(standing, name))

    def told(self) -> dict[int, str]:
        """Return what is owed, by chat."""
        found = {}
        for row in self.database.tables.outbox.values():
            event = Codec().decode(row.head.envelope)
            assert isinstance(event.payload, TelegramSend)
            assert (event.target, row.head.lane) == (
                "sender-bulk",
                f"{event.payload.bot_id}:{event.payload.chat_id}",
            )
            found[event.payload.chat_id] = event.payload.text
        return found


async def test_owner_and_admins_are_told_by_settings_and_by_standing_each_in_their_language() -> None:
    office = Office(Policy(owner=1, admins=frozenset({2})))
    office.chat(1)
    office.chat(2, **{LANGUAGE: "de-AT"})
    for user, standing in (
        (3, Standing.ADMIN),
        (4, Standing.OWNER),
        (5, Standing.MEMBER),
        (6, Standing.REVOKED),
    ):
        office.person(user, standing)
        office.chat(user)
    office.letter()
    assert await office.notifier.look() == 4
    told = office.told()
    assert sorted(told) == [1, 2, 3, 4]
    assert told[2].startswith("Etwas")
    assert told[1] == told[3] == told[4]
    assert office.reached == list(NOTICE_POINTS)


async def test_who_never_wrote_to_the_bot_or_blocked_it_is_skipped() -> None:
    office = Office(Policy(owner=1, admins=frozenset({2, 3, 4})))
    office.person(2, Standing.ASKED, "Bea, who asked by a code")
    office.person(3, Standing.ADMIN)
    office.chat(4)
    office.database.tables.unreachable[(1000, 4)] = "blocked"
    office.letter()
    assert await office.notifier.look() == 1
    assert sorted(office.told()) == [2]


async def test_as_long_as_nobody_can_be_told_it_waits_for_somebody() -> None:
    office = Office()
    office.letter()
    assert [await office.notifier.look() for _ in range(3)] == [0, 0, 0]
    assert (office.database.tables.told_at, office.told()) == (None, {})
    office.chat(1)
    assert await office.notifier.look() == 1


async def test_each_bot_tells_its_own_admins_of_its_own_letters() -> None:
    office = Office()
    office.chat(1)
    office.chat(1, bot=2000)
    for lane in ("1000:9", "2000:9", "2000:8", "3000:9"):
        office.letter(lane)
    assert await office.notifier.look() == 2
    texts = {
        event.payload.bot_id: event.payload.text
        for row in office.database.tables.outbox.values()
        if isinstance((event := Codec().decode(row.head.envelope)).payload, TelegramSend)
    }
    assert "1 new" in texts[1000]
    assert "2 new" in texts[2000]


async def test_no_more_admins_are_told_than_the_bound() -> None:
    office = Office(Policy(admins=frozenset(range(1, ADMINS_MAX + 20))))
    for user in range(1, ADMINS_MAX + 20):
        office.chat(user)
    office.letter()
    assert await office.notifier.look() == ADMINS_MAX


async def test_what_is_owed_has_a_key_by_the_last_letter_that_it_is_about_and_is_published() -> None:
    office = Office()
    office.chat(1)
    office.letter()
    office.letter()
    await office.notifier.look()
    (row,) = office.database.tables.outbox.values()
    event = Codec().decode(row.head.envelope)
    assert event.idempotency_key == "notice:1000:2:1"
    assert event.event_id == event_id_of("notice:1000:2:1")
    (entry,) = await office.streams.consume("sender-bulk", "test", 10, 0)
    assert entry.wakeup is not None
    assert entry.wakeup.event_id == event.event_id
    assert office.notifier.journal.outcomes
    assert (office.notifier.counters.notices, office.notifier.counters.letters) == (1, 2)


async def test_with_no_time_to_tell_nothing_is_even_looked_at() -> None:
    office = Office(every_s=0)
    office.database.down = True
    assert await office.notifier.look() == 0


# What may go wrong


async def test_without_postgres_it_is_told_later(caplog: pytest.LogCaptureFixture) -> None:
    office = Office()
    office.chat(1)
    office.letter()
    office.database.down = True
    await office.notifier.chore()
    assert "told of dead letters later" in caplog.text
    office.database.down = False
    await office.notifier.chore()
    assert sorted(office.told()) == [1]


class Lost(MemoryStreams):
    async def publish(self, wakeups: Sequence[Wakeup]) -> None:
        raise Unavailable("Redis is away")


async def test_without_redis_it_is_owed_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    office = Office()
    office.notifier.streams = Lost(office.clock)
    office.chat(1)
    office.letter()
    await office.notifier.chore()
    assert sorted(office.told()) == [1]
    assert "Redis is away" in caplog.text


async def test_a_notice_that_cannot_be_made_ends_no_service_and_says_nothing_of_anybody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(self: MemoryLetterTurn, owed: Sequence[Owed], audit: Sequence[object]) -> None:
        raise ValueError("somebody's text")

    office = Office()
    office.chat(1)
    office.letter()
    monkeypatch.setattr(MemoryLetterTurn, "note", fails)
    await office.notifier.chore()
    assert "cannot be told of dead letters: ValueError" in caplog.text
    assert "somebody" not in caplog.text
    assert office.database.tables.told_at is None
