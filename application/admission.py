"""What an operator decides about access at the command line, with the same rules of codes as in the chat.

Each decision is one transaction: what is decided, its row of the audit, and the message to whom it concerns.
Not here: what admins decide in the chat (``domain.commands.access``), and the command line.
"""

from collections.abc import Sequence

from attrs import define, field, frozen

from application.changes import AuditRow, Owed
from application.interpreter import event_row
from application.messages import render
from application.ports import Clock, Codec, Desk, Tokens
from domain.access import (
    CODE_BITS,
    CODE_S,
    STRANGER,
    Person,
    Policy,
    Standing,
    code_of,
    hash_code,
    id_of,
    is_overruled,
    subject_of,
)
from domain.decisions import AddInvitation, Outcome, SetStanding
from domain.envelope import create, timestamp_of
from domain.errors import OpenClawError
from domain.events.telegram import TelegramSend
from domain.ids import trace_of
from domain.scope import Scope

SOURCE = "operator"


@frozen
class Decided:
    """What became of a decision: about whom, what stands now, and whether anything changed."""

    subject: str
    person: Person
    changed: bool


@define
class Admission:
    """Lets in, turns away and invites, for one bot."""

    bot_id: int
    desk: Desk
    codec: Codec
    clock: Clock
    tokens: Tokens
    policy: Policy = field(factory=Policy)

    async def people(self, limit: int) -> Sequence[tuple[str, Person]]:
        """Return who asks and who was decided about."""
        async with self.desk.decide() as deciding:
            return await deciding.access.listed(self.bot_id, limit)

    async def approve(self, who: int | str, standing: Standing) -> Decided | None:
        """Let in a user or chat by id, or whoever asks by a code; None where nobody asks by that code."""
        async with self.desk.decide() as deciding:
            if isinstance(who, str):
                found = (await deciding.access.codes([hash_code(self.bot_id, who)])).values()
                subjects = [code.subject for code in found if code.subject is not None]
                if not subjects:
                    return None
                subject = subjects[0]
            else:
                subject = subject_of(self.bot_id, who)
            person = (await deciding.access.people([subject])).get(subject, STRANGER)
            self._refuse(subject, person.standing, standing)
            if person.standing is standing:
                return Decided(subject, person, changed=False)
            await deciding.access.write([SetStanding(subject, standing, "", SOURCE)])
            owed, rows = [], [self._row(subject, f"{subject} became {standing.value}")]
            # Whoever never wrote to the bot cannot be written to.
            if person.standing is not Standing.STRANGER:
                key = "access.welcome_group" if id_of(subject) < 0 else f"access.invited_{standing.value}"
                message, row = self._message(subject, render(key, {}))
                owed, rows = [message], [*rows, row]
            await deciding.note(owed, rows)
        return Decided(subject, Person(standing, person.name), changed=True)

    async def revoke(self, who: int) -> Decided:
        """Turn away a user or chat, known or not, in every mode."""
        subject = subject_of(self.bot_id, who)
        async with self.desk.decide() as deciding:
            person = (await deciding.access.people([subject])).get(subject, STRANGER)
            self._refuse(subject, person.standing, Standing.REVOKED)
            if person.standing is Standing.REVOKED:
                return Decided(subject, person, changed=False)
            await deciding.access.write([SetStanding(subject, Standing.REVOKED, "", SOURCE)])
            await deciding.note([], [self._row(subject, f"{subject} became revoked")])
        return Decided(subject, Person(Standing.REVOKED, person.name), changed=True)

    async def invite(self, standing: Standing, lasts_s: float = CODE_S) -> str:
        """Return a code that lets in whoever sends it first; it is kept nowhere but as a hash."""
        code = code_of(self.tokens.token().int % 2**CODE_BITS)
        async with self.desk.decide() as deciding:
            invitation = AddInvitation(self.bot_id, hash_code(self.bot_id, code), standing, lasts_s)
            await deciding.access.write([invitation])
            await deciding.note(
                [], [AuditRow(Outcome.PROCESSED, source=SOURCE, reason=f"an invitation as {standing.value}")]
            )
        return code

    async def has_owner(self) -> bool:
        """Tell whether somebody owns the bot."""
        return any(person.standing is Standing.OWNER for _, person in await self.people(10_000))

    def _refuse(self, subject: str, known: Standing, wanted: Standing) -> None:
        """Raise OpenClawError for a decision that cannot be, or that the settings would leave without effect."""
        if id_of(subject) < 0 and wanted.is_admin:
            raise OpenClawError("a group or channel can only be let in as member; give the id of a user")
        named = self.policy.standing(id_of(subject))
        if named is not None and is_overruled(named, known, wanted):
            raise OpenClawError(
                f"{id_of(subject)} is {named.value} by the settings (OPENCLAW_OWNER, OPENCLAW_ADMINS, "
                "OPENCLAW_ALLOWED), which hold whatever is decided; change it there and start the services again"
            )

    def _message(self, subject: str, text: str) -> tuple[Owed, AuditRow]:
        """Return a message to owe to the subject's chat, and the row that says that it is owed."""
        key = f"access:{self.tokens.token()}"
        payload = TelegramSend(bot_id=self.bot_id, chat_id=id_of(subject), text=text)
        event = create(
            payload, source=SOURCE, key=key, trace_id=trace_of(key), timestamp=timestamp_of(self.clock.now())
        )
        owed = Owed(event.target, event.event_id, subject, None, self.codec.encode(event))
        return owed, event_row(event, Outcome.ACCEPTED)

    def _row(self, subject: str, reason: str) -> AuditRow:
        scope = Scope(self.bot_id, id_of(subject)).key
        return AuditRow(Outcome.PROCESSED, source=SOURCE, reason=reason, scope=scope)
