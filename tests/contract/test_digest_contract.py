"""What every TaskBook promises of the digest of the day, a task with the number 0: no list and no count has it.

And of the page that it shows: what is due before an instant. The other promises are in ``test_tasks_contract``.
"""

from attrs import evolve

from application.agenda import Tally
from domain.decisions import KeepOccasion, MoveData, PutTask
from domain.tasks.values import DIGEST_NUMBER, Kept, Occasion, Page, Status
from tests.contract.legs import Leg, ident
from tests.contract.test_tasks_contract import (
    ANN,
    BEN,
    GROUP,
    NOON,
    a_task,
    by_id,
    contact,
    given,
    kept,
    titles,
    when_done,
)

SUPERGROUP = "1:c-1007"


async def digests(leg: Leg, scope: str) -> list[str]:
    async with leg.store().round("brain", ()) as current:
        found = await current.tasks.by_numbers({scope: [DIGEST_NUMBER]})
    return [task.title for task in found[scope].values()]


async def tally(leg: Leg, scope: str = ANN) -> Tally:
    async with leg.store().round("brain", ()) as current:
        return (await current.tasks.tallies([scope]))[scope]


async def test_it_is_found_by_its_number_and_id_and_is_in_no_list_and_no_count(leg: Leg) -> None:
    await given(leg, a_task("digest", DIGEST_NUMBER, due_at=1.0))
    assert await tally(leg) == Tally(1, 0)
    await given(leg, a_task("a", 1, due_at=2.0))
    await given(leg, a_task("digest of ben", DIGEST_NUMBER), scope=BEN)
    assert await tally(leg) == Tally(2, 1)
    pages = (Page(), Page(None), Page(is_overdue=True), Page(due_before=NOON), Page(None, due_before=NOON))
    for page in pages:
        assert await titles(leg, page) == (["a"], 1)
    assert await titles(leg, Page(None, words="digest")) == ([], 0)
    assert await digests(leg, ANN) == ["digest"]
    found = await by_id(leg, ident("digest"))
    assert found is not None
    await when_done(leg, PutTask(evolve(found, status=Status.CANCELLED, closed_at=NOON)))
    assert await titles(leg, Page(Status.CANCELLED)) == ([], 0)


async def test_a_page_has_what_is_open_and_due_before_an_instant(leg: Leg) -> None:
    await given(
        leg,
        a_task("long ago", 1, due_at=1.0),
        a_task("just before", 2, due_at=NOON - 0.001),
        a_task("then", 3, due_at=NOON),
        a_task("without a time", 4),
        a_task("done", 5, due_at=1.0, status=Status.DONE, closed_at=2.0),
    )
    for status in (None, Status.OPEN):
        page = Page(status, due_before=NOON)
        assert await titles(leg, page) == (["long ago", "just before"], 2)
        assert await titles(leg, evolve(page, size=1, number=2)) == (["just before"], 2)
    assert await titles(leg, Page(Status.DONE, due_before=NOON)) == ([], 0)


async def test_pages_of_several_scopes_are_read_at_once(leg: Leg) -> None:
    """Ten thousand chats may want their digest at the same minute."""
    for n, scope in enumerate((ANN, BEN, GROUP)):
        await given(
            leg, a_task(f"first {n}", 1, due_at=2.0), a_task(f"second {n}", 2, due_at=1.0), scope=scope
        )
    wanted = {
        ANN: Page(due_before=NOON, size=1),
        BEN: Page(None),
        GROUP: Page(due_before=1.5),
        "1:u9": Page(),
    }
    async with leg.store().round("brain", ()) as current:
        found = await current.tasks.pages(wanted)
    assert {scope: ([task.title for task in tasks], total) for scope, (tasks, total) in found.items()} == {
        ANN: (["second 0"], 2), BEN: (["second 1", "first 1"], 2), GROUP: (["second 2"], 1), "1:u9": ([], 0),
    }  # fmt: skip


async def test_it_follows_a_group_and_keeps_its_number(leg: Leg) -> None:
    await given(leg, a_task("digest", DIGEST_NUMBER, is_paused=True), a_task("a", 1), scope=GROUP)
    await given(leg, a_task("there", 2), scope=SUPERGROUP)
    await when_done(leg, KeepOccasion(Occasion(ident("digest"), NOON, Kept.AMBIGUOUS)), scope=GROUP)
    await when_done(leg, MoveData(-1007), scope=GROUP)
    assert await digests(leg, SUPERGROUP) == ["digest"]
    assert await tally(leg, SUPERGROUP) == Tally(4, 2)
    found = await contact(leg, SUPERGROUP)
    assert ([task.title for task, _ in found.untold], found.has_paused) == (["digest"], True)


async def test_a_supergroup_that_has_one_keeps_it(leg: Leg) -> None:
    for name, scope in (("old", GROUP), ("new", SUPERGROUP)):
        await given(leg, a_task(name, DIGEST_NUMBER), scope=scope)
        await when_done(leg, KeepOccasion(Occasion(ident(name), NOON, Kept.FIRED)), scope=scope)
    await given(leg, a_task("a", 1), scope=GROUP)
    await when_done(leg, MoveData(-1007), scope=GROUP)
    assert await digests(leg, SUPERGROUP) == ["new"]
    assert await digests(leg, GROUP) == []
    assert len(await kept(leg, "new", SUPERGROUP)) == 1
    assert await by_id(leg, ident("old"), SUPERGROUP) is None
    assert (await titles(leg, Page(None), SUPERGROUP))[0] == ["a"]
