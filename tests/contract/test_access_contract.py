"""What every AccessBook, Desk and Deciding promises: ``MemoryAccess``, ``MemoryDesk`` with ``MemoryDeciding``, and
``PostgresAccess``, ``PostgresDesk`` with ``PostgresDeciding``.

Within a round of the brain, and at the operator's desk. Not here: what is decided (``tests/unit``).
"""

import asyncio

import pytest

from adapters.memory.access import MemoryDesk
from adapters.postgres.access import PostgresDesk
from application.changes import AuditRow, Changes, ScopedEffect
from application.ports import Desk
from application.records import AuditFilter
from domain.access import Asking, Code, Person, Standing
from domain.decisions import (
    AccessEffect,
    AddInvitation,
    AskAccess,
    CountWrongCode,
    MoveData,
    Outcome,
    SetStanding,
    UseInvitation,
)
from tests.contract.legs import Leg, MemoryLeg, PostgresLeg, given_owed, offered, owed, when_applied

ANN, BEN, GROUP = "1:5", "1:6", "1:-7"


def desk_of(leg: Leg) -> Desk:
    if isinstance(leg, MemoryLeg):
        return MemoryDesk(leg.database)
    assert isinstance(leg, PostgresLeg)
    return PostgresDesk(leg.pools["operator"])


async def when_done(leg: Leg, *effects: AccessEffect | MoveData, scope: str = "1:u9") -> None:
    """Apply effects in one round of the brain."""
    await when_applied(leg.store(), "brain", Changes(effects=[ScopedEffect(scope, e) for e in effects]))


async def person(leg: Leg, subject: str) -> Person:
    async with leg.store().round("brain", ()) as current:
        return (await current.access.people([subject])).get(subject, Person())


async def codes(leg: Leg, *hashes: str) -> dict[str, Code]:
    async with leg.store().round("brain", ()) as current:
        return dict(await current.access.codes(hashes))


def asks(subject: str, code: str, name: str = "Ann", lasts_s: float = 60) -> AskAccess:
    return AskAccess(subject, name, code, lasts_s)


def stands(subject: str, standing: Standing, name: str = "") -> SetStanding:
    return SetStanding(subject, standing, name, "user 9")


async def test_whoever_asks_is_known_by_the_code_until_it_runs_out(leg: Leg) -> None:
    await when_done(leg, asks(ANN, "hash"))
    found = await person(leg, ANN)
    assert (found.standing, found.name) == (Standing.ASKED, "Ann")
    assert found.code_left_s == pytest.approx(60, abs=10)
    code = (await codes(leg, "hash", "another"))["hash"]
    assert (code.subject, code.name, code.standing) == (ANN, "Ann", None)
    await leg.elapse(61)
    assert await codes(leg, "hash") == {}
    assert (await person(leg, ANN)).code_left_s == 0
    await when_done(leg, asks(ANN, "new hash"))
    assert (await codes(leg, "new hash"))["new hash"].subject == ANN


async def test_who_was_decided_about_does_not_become_somebody_who_asks(leg: Leg) -> None:
    for standing in (Standing.MEMBER, Standing.ADMIN, Standing.OWNER, Standing.REVOKED):
        await when_done(leg, stands(ANN, standing), asks(ANN, "hash"))
        assert (await person(leg, ANN)).standing is standing
    assert await codes(leg, "hash") == {}


async def test_a_decision_ends_the_code_and_keeps_the_name(leg: Leg) -> None:
    await when_done(leg, asks(ANN, "hash"), CountWrongCode(ANN))
    await when_done(leg, stands(ANN, Standing.MEMBER))
    found = await person(leg, ANN)
    assert (found.standing, found.name, found.decided_by) == (Standing.MEMBER, "Ann", "user 9")
    assert (found.code_left_s, found.wrong_codes) == (0, 0)
    assert await codes(leg, "hash") == {}


async def test_an_invitation_serves_once_and_runs_out(leg: Leg) -> None:
    await when_done(
        leg, AddInvitation(1, "one", Standing.OWNER, 60), AddInvitation(1, "two", Standing.MEMBER, 60)
    )
    found = await codes(leg, "one", "two")
    assert (found["one"].standing, found["one"].subject) == (Standing.OWNER, None)
    await when_done(leg, UseInvitation("one"))
    assert list(await codes(leg, "one", "two")) == ["two"]
    await leg.elapse(61)
    assert await codes(leg, "two") == {}


async def test_of_two_who_send_one_invitation_at_once_one_is_let_in(leg: Leg) -> None:
    await when_done(leg, AddInvitation(1, "hash", Standing.ADMIN, 60))
    let_in: list[str] = []

    async def sends(subject: str) -> None:
        async with leg.store(run=subject).round("brain", ()) as current:
            found = await current.access.codes(["hash"])
            if "hash" in found:
                done = [UseInvitation("hash"), stands(subject, Standing.ADMIN)]
                await current.apply(Changes(effects=[ScopedEffect("1:u9", e) for e in done]))
        if "hash" in found:
            let_in.append(subject)

    await asyncio.gather(sends(ANN), sends(BEN), return_exceptions=True)
    standings = [(await person(leg, who)).standing for who in (ANN, BEN)]
    assert len(let_in) == 1
    assert sorted(standings) == [Standing.ADMIN, Standing.STRANGER]


async def test_wrong_codes_are_counted_within_the_hour(leg: Leg) -> None:
    await when_done(leg, CountWrongCode(ANN), CountWrongCode(ANN))
    await when_done(leg, CountWrongCode(ANN))
    assert (await person(leg, ANN)).wrong_codes == 3
    assert (await person(leg, ANN)).standing is Standing.STRANGER
    await leg.elapse(3601)
    assert (await person(leg, ANN)).wrong_codes == 0
    await when_done(leg, CountWrongCode(ANN))
    assert (await person(leg, ANN)).wrong_codes == 1


async def test_who_is_listed_comes_with_the_wrong_codes_that_were_sent(leg: Leg) -> None:
    await when_done(leg, stands(ANN, Standing.MEMBER), CountWrongCode(ANN))
    async with leg.store().round("brain", ()) as current:
        ((_, listed),) = await current.access.listed(1, 10)
    assert listed == await person(leg, ANN)
    assert listed.wrong_codes == 1


async def test_who_asks_is_counted_and_listed_first_for_the_bot_alone(leg: Leg) -> None:
    await when_done(
        leg, asks(ANN, "a"), asks(GROUP, "g"), asks("11:5", "other bot"), stands(BEN, Standing.MEMBER, "Ben"),
        CountWrongCode("1:77"),
    )  # fmt: skip
    async with leg.store().round("brain", ()) as current:
        assert await current.access.asking(1) == Asking(users=1, chats=1)
        assert await current.access.asking(2) == Asking()
        listed = await current.access.listed(1, 10)
        assert sorted(subject for subject, _ in listed[:2]) == [GROUP, ANN]
        assert [subject for subject, _ in listed[2:]] == [BEN]
        assert len(await current.access.listed(1, 1)) == 2, "those who ask take no place of the others"
    await leg.elapse(61)
    async with leg.store().round("brain", ()) as current:
        assert await current.access.asking(1) == Asking()
        assert [subject for subject, _ in await current.access.listed(1, 10)] == [BEN]


async def test_however_many_are_let_in_owners_and_admins_stay_in_the_list(leg: Leg) -> None:
    await when_done(leg, stands("1:900", Standing.OWNER), stands("1:901", Standing.ADMIN))
    for user in range(3):
        await leg.elapse(1)
        await when_done(leg, stands(f"1:{user + 10}", Standing.MEMBER))
    async with leg.store().round("brain", ()) as current:
        listed = [subject for subject, _ in await current.access.listed(1, 3)]
    assert (sorted(listed[:2]), listed[2]) == (["1:900", "1:901"], "1:12")


async def test_what_was_decided_of_a_group_follows_it(leg: Leg) -> None:
    await when_done(leg, stands(GROUP, Standing.MEMBER), asks("1:-1007", "hash"))
    await when_done(leg, MoveData(-1007), scope="1:c-7")
    assert (await person(leg, "1:-1007")).standing is Standing.MEMBER
    assert await codes(leg, "hash") == {}, "nobody is let in by it any more"
    await when_done(leg, stands("1:-1008", Standing.REVOKED), stands("1:-8", Standing.MEMBER))
    await when_done(leg, MoveData(-1008), scope="1:c-8")
    assert (await person(leg, "1:-1008")).standing is Standing.REVOKED


async def test_what_was_decided_of_a_chat_comes_with_its_rows(leg: Leg) -> None:
    await given_owed(leg, owed("a", ANN), owed("b", BEN))
    await when_done(leg, stands(ANN, Standing.ADMIN))
    async with leg.store().round("brain", [ANN, BEN]) as current:
        assert {head.lane: head.standing for head in current.heads} == {ANN: "admin", BEN: None}


# The operator's desk


async def test_what_is_decided_at_the_desk_is_told_and_audited_with_it(leg: Leg) -> None:
    row = AuditRow(Outcome.PROCESSED, reason="1:5 became member")
    async with desk_of(leg).decide() as deciding:
        await deciding.access.write([stands(ANN, Standing.MEMBER)])
        await deciding.note([owed("welcome", ANN, "sender")], [row])
    assert (await person(leg, ANN)).standing is Standing.MEMBER
    assert await offered(leg.store("sender"), "sender", ANN) == ["welcome"]
    (entry,) = await leg.records.audit(AuditFilter(consumer="operator"))
    assert entry.row == row


async def test_a_decision_that_fails_leaves_nothing_behind(leg: Leg) -> None:
    async def fails() -> None:
        async with desk_of(leg).decide() as deciding:
            await deciding.access.write(
                [stands(ANN, Standing.MEMBER), AddInvitation(1, "x", Standing.OWNER, 9)]
            )
            await deciding.note([owed("welcome", ANN, "sender")], [AuditRow(Outcome.PROCESSED)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    assert await person(leg, ANN) == Person()
    assert await codes(leg, "x") == {}
    assert await leg.records.audit(AuditFilter(consumer="operator")) == []
