"""What an operator decides at the command line: what is kept, who is told, what the audit says."""

import pytest

from adapters.codec import Codec
from adapters.memory.access import MemoryDesk
from adapters.memory.clock import ManualClock
from adapters.memory.database import MemoryDatabase
from adapters.system import SystemTokens
from application.admission import Admission, Decided
from application.messages import render
from domain.access import CODE_S, Person, Policy, Standing, hash_code
from domain.decisions import AskAccess
from domain.errors import OpenClawError
from domain.events.telegram import TelegramSend

BOT, ANN, GROUP = 1000, 7, -50
CODE = "AAAAA-BBBBB"


class Office:
    """An operator's desk over a database in memory."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.database = MemoryDatabase(self.clock)
        self.admission = Admission(BOT, MemoryDesk(self.database), Codec(), self.clock, SystemTokens())

    async def given_asking(self, who: int, code: str = CODE) -> None:
        async with MemoryDesk(self.database).decide() as deciding:
            await deciding.access.write([AskAccess(f"{BOT}:{who}", "Ann", hash_code(BOT, code), CODE_S)])

    def told(self) -> list[tuple[int, str]]:
        """Return the chats and texts that are owed."""
        events = [Codec().decode(row.head.envelope) for row in self.database.tables.outbox.values()]
        return [(e.payload.chat_id, e.payload.text) for e in events if isinstance(e.payload, TelegramSend)]

    def reasons(self) -> list[str]:
        return [e.row.reason for e in self.database.tables.audit if e.row.event_type is None]


@pytest.fixture
def office() -> Office:
    return Office()


async def test_whoever_asks_is_let_in_by_the_code_told_and_audited(office: Office) -> None:
    await office.given_asking(ANN)
    found = await office.admission.approve(CODE, Standing.MEMBER)
    assert found == Decided(f"{BOT}:{ANN}", Person(Standing.MEMBER, "Ann"), changed=True)
    assert office.told() == [(ANN, render("access.invited_member", {}))]
    assert office.reasons() == [f"{BOT}:{ANN} became member"]
    (told,) = [entry.row for entry in office.database.tables.audit if entry.row.event_type is not None]
    assert (told.event_type, told.scope) == ("telegram.send", f"{BOT}:u{ANN}")


async def test_a_code_that_nobody_asks_by_decides_nothing(office: Office) -> None:
    assert await office.admission.approve(CODE, Standing.MEMBER) is None
    invitation = await office.admission.invite(Standing.OWNER)
    assert await office.admission.approve(invitation, Standing.OWNER) is None
    assert office.database.tables.access == {}


async def test_whoever_never_wrote_is_let_in_and_not_told(office: Office) -> None:
    assert await office.admission.approve(GROUP, Standing.MEMBER) is not None
    assert office.told() == []


async def test_deciding_the_same_again_changes_and_tells_nothing(office: Office) -> None:
    await office.given_asking(ANN)
    for decide in (
        lambda: office.admission.approve(ANN, Standing.ADMIN),
        lambda: office.admission.revoke(ANN),
    ):
        first, second = await decide(), await decide()
        assert first is not None
        assert second is not None
        assert (first.changed, second.changed) == (True, False)
    assert len(office.told()) == 1
    assert office.reasons() == [f"{BOT}:{ANN} became admin", f"{BOT}:{ANN} became revoked"]


async def test_what_the_settings_would_overrule_is_refused(office: Office) -> None:
    office.admission.policy = Policy(owner=ANN, allowed=frozenset({8}))
    with pytest.raises(OpenClawError, match="is owner by the settings"):
        await office.admission.revoke(ANN)
    with pytest.raises(OpenClawError, match="is member by the settings"):
        await office.admission.revoke(8)
    assert await office.admission.approve(8, Standing.ADMIN) is not None
    with pytest.raises(OpenClawError, match="only be let in as member"):
        await office.admission.approve(GROUP, Standing.OWNER)


async def test_an_owner_is_seen_once_there_is_one(office: Office) -> None:
    assert not await office.admission.has_owner()
    await office.admission.approve(ANN, Standing.OWNER)
    assert await office.admission.has_owner()


async def test_no_invitation_is_kept_or_audited_as_it_is(office: Office) -> None:
    code = await office.admission.invite(Standing.ADMIN, 60)
    kept = f"{office.database.tables}"
    assert code not in kept
    assert hash_code(BOT, code) in kept
    assert office.reasons() == ["an invitation as admin"]
