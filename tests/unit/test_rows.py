"""Rows in memory: what a transaction sees of them, and who waits for whom."""

import asyncio

import pytest

from adapters.memory.rows import RowLocks, Rows
from domain.errors import StoreUnavailable

A, B = ("rows", "a"), ("rows", "b")


def test_a_view_shows_what_was_done_in_it_over_what_lies_under_it() -> None:
    under = {"kept": 1, "changed": 1, "gone": 1}
    view: Rows[str, int] = Rows(under)
    view["changed"], view["new"] = 2, 2
    del view["gone"]
    under["later"] = 3
    assert dict(view) == {"kept": 1, "changed": 2, "later": 3, "new": 2}
    assert (len(view), "gone" in view, sorted(view.written)) == (4, False, ["changed", "gone", "new"])
    assert under == {"kept": 1, "changed": 1, "gone": 1, "later": 3}
    view.publish()
    assert under == dict(view)


def test_what_was_deleted_can_be_written_again_and_what_is_not_there_cannot_be_deleted() -> None:
    view: Rows[str, int] = Rows({"a": 1})
    del view["a"]
    for missing in ("a", "b"):
        with pytest.raises(KeyError):
            del view[missing]
    view["a"] = 2
    assert dict(view) == {"a": 2}


async def test_who_wants_a_row_of_anothers_waits_until_that_one_lets_go() -> None:
    locks = RowLocks()
    assert not await locks.take("one", [A])
    assert not await locks.take("one", [A, B])
    await locks.take("two", [("rows", "d")])
    waiting = asyncio.ensure_future(locks.take("two", [A, ("rows", "d")]))
    await asyncio.sleep(0)
    assert not waiting.done()
    assert locks.take_free("three", [A, B, ("rows", "c")], 5) == [("rows", "c")]
    locks.free("one")
    assert await waiting
    assert not locks.is_free(A)


async def test_two_that_wait_for_each_other_do_not_wait_for_ever() -> None:
    locks = RowLocks()
    await locks.take("one", [A])
    await locks.take("two", [B])
    waiting = asyncio.ensure_future(locks.take("one", [B]))
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable):
        await locks.take("two", [A])
    locks.free("two")
    assert await waiting
