"""What contact with a chat is for, as the rows of a round say without being asked. Not here: the other promises."""

from application.agenda import Contact
from domain.decisions import KeepOccasion, MarkChat, ResumeTasks, ToldOccasions
from domain.tasks.values import Kept, Occasion, Status
from tests.contract.legs import Leg, given_owed, ident, owed
from tests.contract.test_tasks_contract import ANN, BEN, GROUP, NOON, a_task, contact, given, when_done


async def awaiting(leg: Leg) -> set[str]:
    """Return the lanes with a row that says that contact with their chat may be for something."""
    lanes = {"1:5": ANN, "1:6": BEN, "1:-7": GROUP}
    for lane in lanes:
        await given_owed(leg, owed(lane, lane))
    async with leg.store().round("brain", [*lanes, ""]) as current:
        return {head.lane for head in current.heads if head.awaits}


async def test_rows_say_nothing_of_contact_that_is_for_nothing(leg: Leg) -> None:
    await given(leg, a_task("a"), a_task("b", 2))
    await when_done(leg, KeepOccasion(Occasion(ident("a"), NOON, Kept.FIRED)))
    assert await awaiting(leg) == set()


async def test_rows_say_that_a_chat_was_not_told_of_an_ambiguous_occasion_until_it_is(leg: Leg) -> None:
    for name, scope in (("a", ANN), ("g", GROUP)):
        await given(leg, a_task(name), scope=scope)
        await when_done(leg, KeepOccasion(Occasion(ident(name), NOON, Kept.AMBIGUOUS)), scope=scope)
    assert await awaiting(leg) == {"1:5", "1:-7"}
    await when_done(leg, ToldOccasions((ident("a"),), (NOON,)))
    assert await awaiting(leg) == {"1:-7"}


async def test_rows_say_that_a_chat_could_not_be_reached_until_it_can(leg: Leg) -> None:
    await when_done(leg, MarkChat(False, "blocked"), scope=BEN)
    assert await awaiting(leg) == {"1:6"}
    await when_done(leg, MarkChat(True), scope=BEN)
    assert await awaiting(leg) == set()


async def test_rows_say_that_tasks_are_paused_even_where_the_chat_counts_as_one_that_can_be_reached(
    leg: Leg,
) -> None:
    """As after a group with paused tasks became a supergroup, or where a chat came back while one was being paused."""
    await given(leg, a_task("a", is_paused=True))
    await given(leg, a_task("b", is_paused=True, status=Status.CANCELLED), scope=BEN)
    await given(leg, a_task("c", is_paused=True), scope=GROUP)
    assert await awaiting(leg) == {"1:5", "1:-7"}
    await when_done(leg, ResumeTasks())
    assert await awaiting(leg) == {"1:-7"}


async def test_contact_with_a_chat_that_counts_as_unreachable_is_for_something_without_any_task(
    leg: Leg,
) -> None:
    await when_done(leg, MarkChat(False, "blocked"))
    assert await contact(leg) == Contact(is_unreachable=True)
    await when_done(leg, MarkChat(True))
    assert await contact(leg) == Contact()
