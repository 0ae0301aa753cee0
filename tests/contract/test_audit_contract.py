"""What every Records promises of an audit that is read while it grows: ``MemoryRecords`` and ``PostgresRecords``.

Transactions that end in another order than they began are in ``tests/adapters/test_postgres_audit.py``.
"""

from application.changes import AuditRow, Changes
from application.records import AuditFilter, AuditMark
from domain.decisions import Outcome
from tests.contract.legs import Leg, ident, when_applied

ALL = AuditFilter(limit=3)


async def given(leg: Leg, *names: str, outcome: Outcome = Outcome.PROCESSED) -> None:
    """Write rows of the audit in one transaction."""
    rows = [AuditRow(outcome, ident(name), reason=name) for name in names]
    await when_applied(leg.store(), "brain", Changes(audit=rows))


async def news(leg: Leg, mark: AuditMark | None, wanted: AuditFilter = ALL) -> tuple[list[str], AuditMark]:
    entries, mark = await leg.records.audit_after(wanted, mark)
    return [entry.row.reason for entry in entries], mark


async def test_at_first_the_newest_rows_come_and_then_each_new_one_once(leg: Leg) -> None:
    await given(leg, "a", "b", "c", "d")
    found, mark = await news(leg, None)
    assert found == ["b", "c", "d"]
    found, mark = await news(leg, mark)
    assert found == []
    await given(leg, "e")
    await given(leg, "f")
    found, mark = await news(leg, mark)
    assert found == ["e", "f"]
    assert (await news(leg, mark))[0] == []


async def test_an_empty_audit_can_be_followed(leg: Leg) -> None:
    found, mark = await news(leg, None)
    assert found == []
    await given(leg, "a")
    assert (await news(leg, mark))[0] == ["a"]


async def test_more_rows_than_one_call_takes_come_with_the_next_ones(leg: Leg) -> None:
    _, mark = await news(leg, None)
    await given(leg, *"abcdefgh")
    pages = []
    for _ in range(4):
        found, mark = await news(leg, mark)
        pages.append("".join(found))
    assert pages == ["abc", "def", "gh", ""]


async def test_rows_that_come_while_others_are_still_read_come_once_too(leg: Leg) -> None:
    _, mark = await news(leg, None)
    await given(leg, *"abcd")
    first, mark = await news(leg, mark)
    await given(leg, *"ef")
    second, mark = await news(leg, mark)
    third, mark = await news(leg, mark)
    assert [*first, *second, *third] == list("abcdef")


async def test_only_matching_rows_come(leg: Leg) -> None:
    retried = AuditFilter(outcome="retried", limit=2)
    await given(leg, "a", outcome=Outcome.RETRIED)
    found, mark = await news(leg, None, retried)
    assert found == ["a"]
    await given(leg, "b", "c", "d")
    await given(leg, "e", "f", "g", outcome=Outcome.RETRIED)
    found, mark = await news(leg, mark, retried)
    assert found == ["e", "f"]
    found, mark = await news(leg, mark, retried)
    assert found == ["g"]
    assert (await news(leg, mark, retried))[0] == []
