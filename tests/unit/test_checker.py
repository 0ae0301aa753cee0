"""Each rule of the checker tells of what breaks it, and a history that keeps every rule is told of by none."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve

from adapters.botworld.record import End, MadeCall
from application.changes import Delivery
from application.records import AuditEntry
from domain.decisions import Outcome
from domain.tasks.keys import reminder_key
from domain.tasks.values import Kept, Status
from entrypoints.simulation.checker import RULES, violations
from entrypoints.simulation.copies import MARK
from entrypoints.simulation.history import History, Mishap, Size
from entrypoints.simulation.people import chat_of
from tests.unit.checker_given import (
    EDITED,
    FIRST,
    GROUP,
    LONG,
    REMIND,
    SECOND,
    TASK,
    a_foreign_row,
    a_row,
    deed,
    effect,
    key_of,
    lane_of,
    rows_of,
    rules_of,
    script_run,
    with_copy,
    with_deed,
    with_effects,
    with_rows,
    with_standing,
    without_effect,
    without_rows,
)

Spoil = Callable[[History], History]
Case = tuple[str, Spoil]


@pytest.fixture(scope="module")
def right() -> History:
    """A run in which every promise was kept."""
    return asyncio.run(script_run())


def without_key(history: History, key: str, consumer: str, event_type: str | None = None) -> History:
    gone = rows_of(history, key, consumer, event_type=event_type)
    return without_rows(history, lambda entry: entry in gone)


def reminder(history: History) -> str:
    (occasion,) = history.standing.occasions
    return reminder_key(occasion.task_id, occasion.bucket)


def without_delivery(history: History, key: str) -> History:
    left = [each for each in history.standing.deliveries if each.key != key]
    return with_standing(history, deliveries=left)


def with_delivery(history: History, key: str, **changes: Any) -> History:
    changed = [evolve(d, **changes) if d.key == key else d for d in history.standing.deliveries]
    return with_standing(history, deliveries=changed)


def with_more(history: History, key: str, consumer: str, outcome: Outcome, reason: str = "") -> History:
    return with_rows(history, a_row(rows_of(history, key, consumer)[-1], outcome, reason))


def with_task(history: History, token: str, **changes: Any) -> History:
    tasks = [evolve(t, **changes) if token in t.tokens else t for t in history.standing.tasks]
    return with_standing(history, tasks=tasks)


def with_occasion(history: History, **changes: Any) -> History:
    (occasion,) = history.standing.occasions
    return with_standing(history, occasions=[evolve(occasion, **changes)])


def text_of_another_chat(history: History) -> History:
    said = effect(history, GROUP)
    params = {**said.params, "text": f"{said.text} {FIRST}"}
    return with_effects(history, [evolve(e, params=params) if e is said else e for e in history.effects])


def answered_in_another_order(history: History) -> History:
    first, second = effect(history, FIRST), effect(history, SECOND)
    swapped = {first.seq: second, second.seq: first}
    return with_effects(history, [swapped.get(each.seq, each) for each in history.effects])


def parts_in_another_order(history: History) -> History:
    first, second = effect(history, f"{LONG}p1"), effect(history, f"{LONG}p2")
    swapped = {first.seq: second, second.seq: first}
    return with_effects(history, [swapped.get(each.seq, each) for each in history.effects])


def handled_in_another_order(history: History) -> History:
    (first,) = rows_of(history, key_of(history, FIRST), "brain")
    (second,) = rows_of(history, key_of(history, SECOND), "brain")
    swapped = {id(first): second, id(second): first}
    return evolve(history, audit=[swapped.get(id(entry), entry) for entry in history.audit])


def marked_without_a_row(history: History) -> History:
    said = effect(history, FIRST)
    marked = evolve(said, params={**said.params, "text": f"{said.text}{MARK}"})
    return with_effects(history, [marked if each is said else each for each in history.effects])


def acting(history: History, token: str) -> History:
    (end,) = rows_of(history, key_of(history, token), "brain", Outcome.PROCESSED)
    acted = evolve(end, row=evolve(end.row, reason="took effect"))
    return evolve(history, audit=[acted if entry is end else entry for entry in history.audit])


def dead_after(history: History, reason: str, role: str = "brain") -> History:
    """Let an event die for this reason while Postgres was away for a while."""
    key = key_of(history, FIRST) if role == "brain" else key_of(history, FIRST, "reply")
    at = rows_of(history, key, role)[-1].at
    history = evolve(history, mishaps=[Mishap("away", "postgres", at - 2, at)])
    return with_more(history, key, role, Outcome.DEAD_LETTERED, reason)


def refused_by(history: History, code: int) -> History:
    key = key_of(history, FIRST, "reply")
    at = rows_of(history, key, "sender")[-1].at
    call = MadeCall(
        900, 1000, "sendMessage", chat_of(0), at, at, End.REFUSED, code, text=effect(history, FIRST).text
    )
    history = with_more(history, key, "sender", Outcome.DEAD_LETTERED, f"Telegram: {code} something")
    return evolve(history, calls=[*history.calls, call])


def delivered_without_a_message(history: History) -> History:
    history = with_delivery(history, key_of(history, FIRST, "reply"), message_id=None)
    return without_effect(history, effect(history, FIRST))


def shown_another_zone(history: History) -> History:
    shown = next(
        each for each in history.effects if "Asia/Tokyo" in (each.text or "") and each.chat_id == chat_of(1)
    )
    params = {**shown.params, "text": str(shown.text).replace("Asia/Tokyo", "Europe/Berlin")}
    spoiled = [evolve(e, params=params) if "Asia/Tokyo" in (e.text or "") else e for e in history.effects]
    return with_effects(history, spoiled)


def a_notice(letters: int) -> AuditEntry:
    return a_foreign_row(
        "brain", Outcome.ACCEPTED, "notice:1000:7:1000001", f"tells of {letters} dead letters"
    )


def refused_and_called_again(history: History) -> History:
    """Telegram tells a chat to wait for 30 seconds, and somebody calls for it after two."""
    at = history.effects[0].received_at + 1_000
    call = MadeCall(900, 1000, "sendMessage", chat_of(0), at, at, End.REFUSED, 429, 30)
    later = evolve(call, number=901, began_at=at + 2, ended_at=at + 2, end=End.ANSWERED)
    return evolve(history, calls=[*history.calls, call, later])


def three_chats_are_to_wait(history: History) -> History:
    at = history.effects[0].received_at + 1_000
    calls = [
        MadeCall(900 + n, 1000, "sendMessage", chat_of(n), at, at, End.REFUSED, 429, 30) for n in range(3)
    ]
    other = MadeCall(910, 1000, "sendMessage", chat_of(4), at + 5, at + 5, End.ANSWERED)
    return evolve(history, calls=[*history.calls, *calls, other])


def shown_the_default(history: History) -> History:
    said = effect(history, "API mode: kimi")
    params = {**said.params, "text": "API mode: auto\nValid modes"}
    return with_effects(history, [evolve(e, params=params) if e is said else e for e in history.effects])


def due_without_an_occasion(history: History) -> History:
    return with_task(history, REMIND, due_at=history.rested_at - 60)


CASES: tuple[Case, ...] = (
    ("taken", lambda h: with_deed(h, FIRST, is_accepted=False)),
    ("answered", lambda h: without_key(h, key_of(h, FIRST), "brain")),
    ("answered", lambda h: without_delivery(h, key_of(h, FIRST, "reply"))),
    ("answered", lambda h: without_effect(h, effect(h, FIRST))),
    ("answered", lambda h: without_effect(h, effect(h, f"{LONG}p2"))),
    ("answered", lambda h: without_effect(h, effect(h, EDITED, "editMessageText"))),
    ("answered", lambda h: with_deed(h, LONG, parts=4)),
    ("answered", lambda h: with_delivery(h, key_of(h, FIRST, "reply"), outcome="ambiguous")),
    ("once", lambda h: with_copy(h, effect(h, FIRST))),
    ("once", lambda h: with_copy(h, effect(h, FIRST), marked=True)),
    ("once", lambda h: with_copy(h, effect(h, f"{LONG}p3"))),
    ("once", lambda h: with_copy(h, effect(h, f"⏰ {REMIND}"))),
    ("once", marked_without_a_row),
    ("once", lambda h: with_delivery(h, key_of(h, FIRST, "reply"), repeat=True)),
    ("idempotent", lambda h: with_effects(h, [*h.effects, effect(h, EDITED, "editMessageText")])),
    ("asked for", lambda h: with_copy(h, evolve(effect(h, FIRST), params={"text": "nobody asked"}))),
    ("order of runs", handled_in_another_order),
    ("order of sends", answered_in_another_order),
    ("order of sends", parts_in_another_order),
    ("in scope", text_of_another_chat),
    ("in scope", lambda h: with_task(h, TASK, scope="1000:u1000002")),
    ("in scope", lambda h: with_delivery(h, key_of(h, FIRST, "reply"), lane=lane_of(chat_of(1)))),
    ("zones", lambda h: with_standing(h, settings={("1000:u1000001", "zone"): "Asia/Tokyo"})),
    ("zones", shown_another_zone),
    ("edits", lambda h: with_task(h, TASK, tokens=(EDITED,))),
    ("effects once", lambda h: with_standing(h, tasks=[*h.standing.tasks, *h.standing.tasks])),
    ("effects once", lambda h: with_standing(h, tasks=[])),
    ("whole", lambda h: evolve(h, is_cut=True)),
    ("arrivals", lambda h: without_key(h, key_of(h, FIRST), "gateway")),
    ("arrivals", lambda h: with_more(h, key_of(h, FIRST), "gateway", Outcome.ACCEPTED)),
    ("arrivals", lambda h: with_more(h, key_of(h, FIRST), "gateway", Outcome.DUPLICATE)),
    ("ends", lambda h: with_more(h, key_of(h, FIRST), "brain", Outcome.PROCESSED)),
    ("ends", lambda h: without_key(h, reminder(h), "brain")),
    ("ends", lambda h: with_more(h, key_of(h, FIRST, "reply"), "sender", Outcome.DUPLICATE)),
    ("ends", lambda h: with_more(h, key_of(h, FIRST), "brain", Outcome.DEAD_LETTERED, "away")),
    ("delivered", lambda h: without_key(h, key_of(h, FIRST, "reply/delivered"), "sender")),
    ("delivered", lambda h: with_more(h, key_of(h, FIRST, "reply/delivered"), "sender", Outcome.ACCEPTED)),
    ("delivered", lambda h: without_delivery(h, key_of(h, FIRST, "reply"))),
    ("causes", lambda h: with_more(h, key_of(h, FIRST, "reply"), "sender", Outcome.AMBIGUOUS)),
    ("causes", lambda h: with_more(h, key_of(h, FIRST), "brain", Outcome.RETRIED, "away")),
    ("causes", lambda h: with_more(h, key_of(h, FIRST, "reply"), "sender", Outcome.RETRIED, "Telegram: 500")),
    ("causes", lambda h: with_more(h, key_of(h, FIRST), "brain", Outcome.DEAD_LETTERED, "it ended its process")),
    ("told", lambda h: with_more(h, key_of(h, FIRST), "brain", Outcome.DEAD_LETTERED, "away")),
    ("told", lambda h: with_rows(h, a_notice(2))),
    ("told", lambda h: evolve(with_standing(h, untold=1, is_admin_there=True), is_told=True)),
    ("causes", lambda h: dead_after(h, "1 attempts failed, the last one: KeyError in the handler")),
    ("causes", lambda h: dead_after(h, "1 calls were made and whether one took effect is unknown", "sender")),
    ("causes", lambda h: dead_after(h, "text: not storable")),
    ("causes", lambda h: refused_by(h, 429)),
    ("causes", lambda h: refused_by(h, 500)),
    ("answered", delivered_without_a_message),
    ("edits", lambda h: acting(h, EDITED)),
    ("known", lambda h: with_rows(h, a_foreign_row("brain", Outcome.PROCESSED, "tg:1000:999"))),
    ("at rest", lambda h: with_standing(h, left={"owed rows": 1})),
    ("bounded", lambda h: evolve(h, sizes={"entries in hand": Size(5, 4)})),
    ("mode", lambda h: with_standing(h, mode_in_force="auto")),
    ("mode", lambda h: with_standing(h, mode_committed="openai")),
    ("mode", shown_the_default),
    ("obeyed", refused_and_called_again),
    ("obeyed by bot", three_chats_are_to_wait),
    ("fired", lambda h: with_more(h, reminder(h), "scheduler", Outcome.ACCEPTED)),
    ("fired", lambda h: without_key(h, reminder(h), "scheduler")),
    ("fired", lambda h: with_standing(h, occasions=[])),
    ("fired", lambda h: without_effect(h, effect(h, f"⏰ {REMIND}"))),
    ("fired", lambda h: with_occasion(h, kept=Kept.SUPERSEDED, reason="of the test")),
    ("fired", lambda h: with_occasion(h, kept=Kept.PAUSED)),
    ("doubted", lambda h: with_occasion(h, kept=Kept.AMBIGUOUS)),
    ("none missing", due_without_an_occasion),
)  # fmt: skip


def test_what_is_right_is_told_of_by_no_rule(right: History) -> None:
    assert violations(right) == []


@pytest.mark.parametrize(("rule", "spoil"), CASES, ids=[f"{n}-{rule}" for n, (rule, _) in enumerate(CASES)])
def test_a_rule_tells_of_what_breaks_it(right: History, rule: str, spoil: Spoil) -> None:
    assert rule in rules_of(spoil(right))


def test_every_rule_has_a_history_that_breaks_it() -> None:
    assert {rule for rule, _ in CASES} | {"tried again"} == set(RULES)


def test_every_violation_of_a_message_names_it(right: History) -> None:
    told = violations(with_copy(right, effect(right, FIRST)))
    assert {(each.token, each.key) for each in told} == {(FIRST, key_of(right, FIRST, "reply"))}
    assert all(each.trace for each in told)


def doubtful(history: History, **mishap: Any) -> History:
    """Let the first answer have come again, marked, with its row; ``mishap`` is what went wrong meanwhile."""
    history = with_copy(history, effect(history, FIRST), marked=True)
    key = key_of(history, FIRST, "reply")
    (done,) = rows_of(history, key, "sender")
    at = rows_of(history, key, "sender")[0].at
    faults = [evolve(Mishap("a kill", "sender-1", at, at), **mishap)] if mishap else []
    place = history.audit.index(done)
    doubt = a_row(done, Outcome.AMBIGUOUS)
    return evolve(history, audit=[*history.audit[:place], doubt, *history.audit[place:]], mishaps=faults)


def test_a_repeat_is_excused_by_what_happened_to_it_and_by_nothing_else(right: History) -> None:
    at = rows_of(right, key_of(right, FIRST, "reply"), "sender")[0]
    event_id = at.row.event_id
    assert event_id is not None
    assert rules_of(doubtful(right, who="sender-2")) == set()
    assert rules_of(doubtful(right, claimed=frozenset({event_id}))) == set()
    assert rules_of(doubtful(right)) == {"causes"}
    assert rules_of(doubtful(right, who="brain-1")) == {"causes"}
    assert rules_of(doubtful(right, at=at.at + 60, until=at.at + 90)) == {"causes"}
    assert rules_of(doubtful(right, claimed=frozenset({UUID(int=1)}))) == {"causes"}


def test_a_retry_waits_for_as_long_as_planned(right: History) -> None:
    key = key_of(right, FIRST)
    (done,) = rows_of(right, key, "brain")
    assert done.row.event_id is not None
    place = right.audit.index(done)
    wait_s = right.policy.delay_s(1, done.row.event_id)
    mishap = Mishap("away", "postgres", done.at - 2, done.at)
    for waited_s, told in ((wait_s, set[str]()), (wait_s / 2, {"tried again"})):
        retried = a_row(done, Outcome.RETRIED, "away", at=done.at - waited_s)
        again = evolve(done, row=evolve(done.row, attempt=1))
        audit = [*right.audit[:place], retried, again, *right.audit[place + 1 :]]
        assert rules_of(evolve(right, audit=audit, mishaps=[mishap])) == told


def test_whoever_was_told_to_wait_and_died_cannot_pass_it_on(right: History) -> None:
    history = refused_and_called_again(right)
    call = history.calls[-1]
    death = Mishap("a kill", "sender-1", call.began_at - 1.5, call.began_at - 1.5)
    assert rules_of(evolve(history, mishaps=[death])) == set()
    assert rules_of(evolve(history, mishaps=[evolve(death, who="gateway-1")])) == {"obeyed"}


def test_a_task_that_is_closed_before_its_time_needs_no_occasion(right: History) -> None:
    closed_at = right.rested_at - 90
    closed = with_task(due_without_an_occasion(right), REMIND, status=Status.DONE, closed_at=closed_at)
    assert "none missing" not in rules_of(closed)


def test_two_deliveries_of_the_same_words_are_no_repeat(right: History) -> None:
    said = effect(right, FIRST)
    twin = evolve(said, message_id=9_001)
    delivery = Delivery(key_of(right, SECOND, "reply"), lane_of(chat_of(0)), "delivered", 9_001)
    others = [each for each in right.standing.deliveries if each.key != delivery.key]
    gone = effect(right, SECOND)
    effects = [twin if each is gone else each for each in right.effects]
    history = with_standing(with_effects(right, effects), deliveries=[*others, delivery])
    assert rules_of(history) == {"answered"}, "only that the second one was not answered"
    assert deed(right, SECOND).token == SECOND
