"""What every TaskBook promises, and what the effects on tasks do: ``MemoryTasks`` and ``PostgresTasks``.

Within a round of the brain. What is due is in ``test_agenda_contract``; what a scope must not see, as Postgres itself
refuses it, in ``test_postgres_tasks``.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest
from attrs import evolve

from application.agenda import Contact, Tally
from application.changes import Changes, ScopedEffect
from domain.decisions import (
    AddTask,
    ArrivedOccasion,
    Effect,
    KeepOccasion,
    MoveData,
    PutSetting,
    PutTask,
    ResumeTasks,
    ToldOccasions,
)
from domain.errors import RowsGone
from domain.tasks.values import Kept, Late, Occasion, Page, Priority, Status, Task, Who
from tests.contract.legs import Leg, ident, when_applied

ANN, BEN, GROUP = "1:u5", "1:u6", "1:c-7"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
MICRO = 1e-6


def a_task(name: str, number: int = 1, **values: object) -> Task:
    return Task(ident(name), number, str(values.pop("title", name)), **values)


def whole(name: str = "whole", number: int = 4) -> Task:
    """Return a task with every field set."""
    return Task(
        ident(name), number, "Blumen gießen 🌱, 'quoted' \\ and %_", Status.OPEN, NOON, NOON + 0.25, "Europe/Berlin",
        "FREQ=WEEKLY;BYDAY=MO", Priority.HIGH, ("home", "garten"), Late.EXPIRE, 2, True, 33, Who(5, "Ann"),
        Who(6, "Ben"), Who(7, ""), "de", NOON - 86_400.5, NOON + 1,
    )  # fmt: skip


async def when_done(leg: Leg, *effects: Effect, scope: str = ANN) -> None:
    """Apply effects in one round of the brain."""
    await when_applied(leg.store(), "brain", Changes(effects=[ScopedEffect(scope, e) for e in effects]))


async def given(leg: Leg, *tasks: Task, scope: str = ANN) -> None:
    await when_done(leg, *map(AddTask, tasks), scope=scope)


async def by_id(leg: Leg, task_id: UUID, scope: str = ANN) -> Task | None:
    async with leg.store().round("brain", ()) as current:
        return (await current.tasks.by_ids({scope: [task_id]}))[scope].get(task_id)


async def titles(leg: Leg, page: Page, scope: str = ANN) -> tuple[list[str], int]:
    async with leg.store().round("brain", ()) as current:
        tasks, total = (await current.tasks.pages({scope: page}))[scope]
    return [task.title for task in tasks], total


async def contact(leg: Leg, scope: str = ANN) -> Contact:
    async with leg.store().round("brain", ()) as current:
        return (await current.tasks.contacts([scope, "1:u999"])).get(scope, Contact())


async def kept(leg: Leg, name: str, scope: str = ANN, limit: int = 10) -> Sequence[Occasion]:
    async with leg.store().round("brain", ()) as current:
        return await current.tasks.occasions(scope, ident(name), limit)


# Reading and writing


async def test_a_task_comes_back_as_it_was_put_in_field_by_field(leg: Leg) -> None:
    await given(leg, whole(), a_task("bare", 5))
    assert await by_id(leg, ident("whole")) == whole()
    assert await by_id(leg, ident("bare")) == a_task("bare", 5)


async def test_a_task_is_found_by_its_number_and_by_its_id_in_its_own_scope_alone(leg: Leg) -> None:
    await given(leg, a_task("a", 1), a_task("b", 2))
    await given(leg, a_task("c", 1), scope=BEN)
    async with leg.store().round("brain", ()) as current:
        found = await current.tasks.by_numbers({ANN: [1, 2, 3, 1], BEN: [1, 2], GROUP: [1]})
        assert {scope: [task.title for _, task in sorted(tasks.items())] for scope, tasks in found.items()} == {
            ANN: ["a", "b"], BEN: ["c"], GROUP: [],
        }  # fmt: skip
        by_ids = await current.tasks.by_ids({ANN: [ident("a"), ident("c"), ident("z")], GROUP: []})
        assert {scope: list(tasks) for scope, tasks in by_ids.items()} == {ANN: [ident("a")], GROUP: []}
        assert await current.tasks.by_numbers({}) == {}


async def test_putting_a_task_changes_all_but_its_number_and_who_made_it_when(leg: Leg) -> None:
    await given(leg, whole())
    put = Task(ident("whole"), 99, "new title", Status.DONE, created_at=NOON, made_by=Who(9, "Eve"))
    await when_done(leg, PutTask(put))
    first = whole()
    expected = evolve(put, number=4, made_by=first.made_by, created_at=first.created_at)
    assert await by_id(leg, ident("whole")) == expected
    assert (await titles(leg, Page(None, words="NEW")))[1] == 1, "and it is found by its new title"


async def test_the_last_of_several_changes_of_one_task_counts(leg: Leg) -> None:
    await when_done(
        leg, PutTask(a_task("a", title="two")), AddTask(a_task("a")), PutTask(a_task("a", title="three"))
    )
    assert await by_id(leg, ident("a")) == a_task("a", title="three")


async def test_another_scopes_task_is_neither_put_nor_kept_nor_told_about(leg: Leg) -> None:
    await given(leg, a_task("a", is_paused=True))
    occasion = Occasion(ident("a"), NOON, Kept.AMBIGUOUS)
    await when_done(leg, KeepOccasion(occasion))
    foreign = evolve(a_task("a"), title="taken", status=Status.CANCELLED)
    effects = (
        PutTask(foreign),
        KeepOccasion(evolve(occasion, kept=Kept.FIRED)),
        KeepOccasion(evolve(occasion, bucket=NOON + 1)),
        ToldOccasions((ident("a"),), (NOON,)),
        ResumeTasks(),
    )
    await when_done(leg, *effects, scope=BEN)
    assert await by_id(leg, ident("a")) == a_task("a", is_paused=True)
    assert await by_id(leg, ident("a"), BEN) is None
    assert [each.kept for each in await kept(leg, "a")] == [Kept.AMBIGUOUS]
    assert await kept(leg, "a", BEN) == []
    found = await contact(leg)
    assert ([task.title for task, _ in found.untold], found.has_paused) == (["a"], True)
    assert await contact(leg, BEN) == Contact()


async def test_a_number_is_given_once(leg: Leg) -> None:
    await given(leg, a_task("a", 1))
    with pytest.raises(RowsGone):
        await when_done(leg, AddTask(a_task("b", 1)), PutSetting("tone", "new"))
    assert await titles(leg, Page(None)) == (["a"], 1)
    async with leg.store().round("brain", ()) as current:
        assert await current.settings([ANN]) == {ANN: {}}, "the whole round failed"
    await given(leg, a_task("c", 1), scope=BEN)


async def test_the_next_number_follows_the_greatest_that_was_ever_given(leg: Leg) -> None:
    await given(leg, a_task("a", 1), a_task("b", 7, status=Status.CANCELLED), a_task("c", 3))
    async with leg.store().round("brain", ()) as current:
        assert await current.tasks.tallies([ANN, BEN]) == {ANN: Tally(8, 2), BEN: Tally(1, 0)}


async def test_instants_are_kept_to_the_microsecond(leg: Leg) -> None:
    at = 1_763_812_800.123_456_4
    await given(leg, a_task("a", due_at=at, remind_at=at))
    await when_done(leg, KeepOccasion(Occasion(ident("a"), at, Kept.FIRED)))
    found = await by_id(leg, ident("a"))
    assert found is not None
    assert (found.due_at, found.remind_at) == (1_763_812_800.123_456, 1_763_812_800.123_456)
    assert (await kept(leg, "a"))[0].bucket == found.due_at


# Lists


async def given_a_list(leg: Leg) -> None:
    now = leg.now()
    await given(
        leg,
        a_task("someday", 1),
        a_task("tomorrow", 2, due_at=now + 90_000, tags=("home", "work")),
        a_task("yesterday", 3, due_at=now - 90_000),
        a_task("low", 4, due_at=now - 99_000, priority=Priority.LOW),
        a_task("urgent", 5, due_at=now + 99_000, priority=Priority.HIGH, tags=("work",)),
        a_task("done first", 6, status=Status.DONE, closed_at=now - 9, due_at=now - 90_000),
        a_task("done last", 7, status=Status.DONE, closed_at=now - 1),
        a_task("given up", 8, status=Status.CANCELLED, closed_at=now - 5, tags=("work",)),
    )
    await given(leg, a_task("Ben's", 1, tags=("work",), due_at=now - 5), scope=BEN)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (Page(), "urgent, yesterday, tomorrow, someday, low"),
        (Page(Status.DONE), "done last, done first"),
        (Page(None), "urgent, yesterday, tomorrow, someday, low, done last, given up, done first"),
        (Page(is_overdue=True), "yesterday, low"),
        (Page(None, is_overdue=True), "yesterday, low"),
        (Page(tag="work"), "urgent, tomorrow"),
        (Page(None, tag="work"), "urgent, tomorrow, given up"),
        (Page(tag="wor"), ""),
        (Page(words="ORR to"), "tomorrow"),
        (Page(None, words="done"), "done last, done first"),
        (Page(Status.CANCELLED, words="up"), "given up"),
    ],
)
async def test_a_list_has_what_matches_the_urgent_and_the_soonest_first(
    leg: Leg, page: Page, expected: str
) -> None:
    await given_a_list(leg)
    names = expected.split(", ") if expected else []
    assert await titles(leg, page) == (names, len(names))


async def test_a_list_comes_in_pages_that_know_how_many_there_are_in_all(leg: Leg) -> None:
    await given(leg, *(a_task(f"task {n}", n) for n in range(1, 8)))
    assert await titles(leg, Page(number=1, size=3)) == (["task 1", "task 2", "task 3"], 7)
    assert await titles(leg, Page(number=3, size=3)) == (["task 7"], 7)
    assert await titles(leg, Page(number=4, size=3)) == ([], 7)
    assert await titles(leg, Page(), GROUP) == ([], 0)


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Ärzte anrufen", "äRZTE"),
        ("Straße fegen", "STRASSE"),
        ("100% of it_", "0% it_"),
        ("Позвонить маме", "МАМЕ позв"),
        ("cafe\u0301 besuchen", "CAFÉ"),
        ("it's", "'s"),
        ("back\\slash", "k\\s"),
    ],
)
async def test_words_are_found_whatever_their_case_and_every_sign_is_itself(
    leg: Leg, title: str, words: str
) -> None:
    await given(leg, a_task("a", title=title), a_task("other", 2, title="Zzz 100 percent"))
    assert await titles(leg, Page(words=words)) == ([title], 1)
    assert await titles(leg, Page(words=f"{words} besides")) == ([], 0)


# Occasions


async def test_the_latest_occasions_come_first_and_the_last_word_on_one_stands(leg: Leg) -> None:
    await given(leg, a_task("a"), a_task("b", 2))
    await when_done(
        leg,
        *(KeepOccasion(Occasion(ident("a"), NOON + n, Kept.FIRED)) for n in range(4)),
        KeepOccasion(Occasion(ident("b"), NOON, Kept.SKIPPED, reason="asked to")),
        KeepOccasion(Occasion(ident("a"), NOON + 2, Kept.LATE, reason="120 s")),
    )
    await when_done(leg, KeepOccasion(Occasion(ident("a"), NOON + 3, Kept.AMBIGUOUS, reason="no answer")))
    found = [(each.bucket - NOON, each.kept, each.reason) for each in await kept(leg, "a", limit=3)]
    assert found == [(3, Kept.AMBIGUOUS, "no answer"), (2, Kept.LATE, "120 s"), (1, Kept.FIRED, "")]
    (other,) = await kept(leg, "b")
    assert (other.kept, other.reason) == (Kept.SKIPPED, "asked to")
    assert other.at == pytest.approx(leg.now(), abs=30)


async def test_an_ambiguous_occasion_is_told_once_at_the_next_contact(leg: Leg) -> None:
    await given(leg, a_task("a"), a_task("b", 2))
    await when_done(
        leg,
        KeepOccasion(Occasion(ident("b"), NOON + 9, Kept.AMBIGUOUS)),
        KeepOccasion(Occasion(ident("a"), NOON + 5, Kept.FIRED)),
        KeepOccasion(Occasion(ident("a"), NOON, Kept.AMBIGUOUS)),
    )
    found = await contact(leg)
    assert [(task.title, occasion.bucket) for task, occasion in found.untold] == [
        ("a", NOON),
        ("b", NOON + 9),
    ]
    await when_done(leg, ToldOccasions((ident("a"), ident("z")), (NOON, NOON)))
    assert [task.title for task, _ in (await contact(leg)).untold] == ["b"]
    await when_done(leg, ToldOccasions((ident("b"),), (NOON + 9,)))
    assert await contact(leg) == Contact()
    await when_done(leg, KeepOccasion(Occasion(ident("a"), NOON + 5, Kept.AMBIGUOUS)))
    assert len((await contact(leg)).untold) == 1


async def test_an_occasion_that_was_not_said_and_arrived_after_all_stands_as_late_and_any_other_as_it_was(
    leg: Leg,
) -> None:
    await given(leg, a_task("a"), a_task("b", 2))
    kinds = (Kept.FIRED, Kept.AMBIGUOUS, Kept.SKIPPED, Kept.PAUSED, Kept.SUPERSEDED)
    await when_done(
        leg, *(KeepOccasion(Occasion(ident("a"), NOON + n, each)) for n, each in enumerate(kinds))
    )
    await when_done(leg, *(ArrivedOccasion(ident("a"), NOON + n) for n in range(6)), scope=BEN)
    assert len((await contact(leg)).untold) == 1
    await when_done(leg, *(ArrivedOccasion(ident("a"), NOON + n) for n in range(6)))
    found = [(each.kept, each.reason) for each in await kept(leg, "a")]
    late = (Kept.LATE, "it arrived after all")
    assert found == [late, late, (Kept.SKIPPED, ""), (Kept.LATE, "it arrived after all"), (Kept.FIRED, "")]
    assert await contact(leg) == Contact()


async def test_no_more_occasions_are_told_at_once_than_fit_a_message(leg: Leg) -> None:
    await given(leg, a_task("a"))
    await when_done(leg, *(KeepOccasion(Occasion(ident("a"), NOON + n, Kept.AMBIGUOUS)) for n in range(25)))
    assert [occasion.bucket - NOON for _, occasion in (await contact(leg)).untold] == list(range(20))


async def test_contact_lets_the_paused_tasks_that_are_open_remind_now(leg: Leg) -> None:
    await given(
        leg, a_task("a", is_paused=True), a_task("b", 2, is_paused=True, status=Status.DONE), a_task("c", 3)
    )
    assert (await contact(leg)).has_paused
    await when_done(leg, ResumeTasks())
    resumed = await by_id(leg, ident("a"))
    assert resumed is not None
    assert not resumed.is_paused
    assert resumed.remind_at == pytest.approx(leg.now(), abs=30)
    for name in "bc":
        untouched = await by_id(leg, ident(name))
        assert untouched is not None
        assert untouched.remind_at is None
    assert await contact(leg) == Contact()


async def test_resuming_beats_a_change_of_the_same_round_that_did_not_know_of_it(leg: Leg) -> None:
    paused = a_task("a", is_paused=True)
    await given(leg, paused)
    await when_done(leg, ResumeTasks(), PutTask(evolve(paused, title="edited")))
    found = await by_id(leg, ident("a"))
    assert found is not None
    assert (found.title, found.is_paused) == ("edited", False)
    assert found.remind_at is not None


# Groups that move


async def test_tasks_and_their_occasions_follow_a_group_with_numbers_behind_those_that_are_there(
    leg: Leg,
) -> None:
    await given(leg, a_task("a", 1), a_task("b", 3, is_paused=True), scope=GROUP)
    await given(leg, a_task("there", 2), scope="1:c-1007")
    await given(leg, a_task("neighbour", 1), scope="1:c-8")
    await when_done(leg, KeepOccasion(Occasion(ident("b"), NOON, Kept.AMBIGUOUS)), scope=GROUP)
    await when_done(leg, MoveData(-1007), scope=GROUP)
    async with leg.store().round("brain", ()) as current:
        wanted = {"1:c-1007": Page(), GROUP: Page(None), "1:c-8": Page()}
        pages = await current.tasks.pages(wanted)
        assert {task.title: task.number for task in pages["1:c-1007"][0]} == {"there": 2, "a": 3, "b": 5}
        assert [pages[scope][1] for scope in wanted] == [3, 0, 1]
    assert [each.kept for each in await kept(leg, "b", "1:c-1007")] == [Kept.AMBIGUOUS]
    assert await kept(leg, "b", GROUP) == []
    found = await contact(leg, "1:c-1007")
    assert ([task.number for task, _ in found.untold], found.has_paused) == ([5], True)


async def test_who_asks_by_the_group_that_was_is_told_where_its_tasks_are(leg: Leg) -> None:
    await given(leg, a_task("a", 1), scope=GROUP)
    async with leg.store().round("brain", ()) as current:
        assert await current.tasks.moved([GROUP, ANN]) == {}
        assert await current.tasks.moved([]) == {}
    for _ in range(2):
        await when_done(leg, MoveData(-1007), scope=GROUP)
    async with leg.store().round("brain", ()) as current:
        assert await current.tasks.moved([GROUP, ANN, "1:c-1007", "2:c-7"]) == {GROUP: "1:c-1007"}
