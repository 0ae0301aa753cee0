"""What is known of who may talk, found out for the events of one round at once and only as far as it is needed.

What was decided about a chat comes with its row; who is undecided, who writes in a group, and codes are looked up.
Not here: what follows from it (``doorkeeper``).
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from attrs import define, evolve, field, frozen

from application.ports import AccessBook, Round, Tokens
from domain.access import (
    ASKING_MAX,
    CODE_BITS,
    STRANGER,
    AccessMode,
    Code,
    Person,
    Policy,
    Rights,
    Standing,
    Visit,
    code_of,
    hash_code,
    read_code,
    rights,
    subject_of,
)
from domain.commands.access import Wish, parse
from domain.commands.base import AccessKnown, Parsed, parse_command
from domain.envelope import Event
from domain.events.telegram import (
    CallbackReceived,
    ChatMember,
    ChatMigrated,
    ChatType,
    MessageKind,
    MessageReceived,
)

LISTED_MAX = 40


@frozen
class Door:
    """What is known of who may talk, for the events of one round."""

    policy: Policy = field(factory=Policy)
    people: Mapping[str, Person] = field(factory=dict)
    # What the code in an event stands for. Of several events with one code the first is named alone.
    codes: Mapping[UUID, Code] = field(factory=dict)
    listed: Mapping[int, Sequence[tuple[str, Person]]] = field(factory=dict)
    # A code that nobody knows yet, for each event that needs one. A stranger for whom there is no room has none.
    fresh: Mapping[UUID, str] = field(factory=dict)

    def rights(self, visit: Visit) -> Rights:
        """Return what somebody may do in a chat."""
        return rights(self.policy, self.people, visit)

    def known(self, event_id: UUID, bot_id: int) -> AccessKnown:
        """Return what ``/access`` needs to know."""
        policy = self.policy
        named = {who: policy.standing(who) for who in sorted(policy.named_admins | policy.allowed)}
        return AccessKnown(
            self.people, self.codes.get(event_id), self.listed.get(bot_id, ()),
            {subject_of(bot_id, who): standing for who, standing in named.items() if standing is not None},
            self.fresh.get(event_id, ""),
        )  # fmt: skip


def visit_of(payload: object) -> Visit | None:
    """Return who acts where in an event; None for events in which nobody of Telegram's does."""
    if isinstance(payload, MessageReceived):
        # A message in a chat's name (an anonymous group admin, a channel) has no user who could be an admin of ours.
        user = payload.user_id if payload.sender_chat_id is None else None
        return Visit(payload.bot_id, payload.chat_id, user)
    if isinstance(payload, CallbackReceived | ChatMember):
        return Visit(payload.bot_id, payload.chat_id, payload.user_id)
    return None


def command_of(message: MessageReceived) -> Parsed | None:
    """Return the command that a message is; what somebody merely passes on is none."""
    return None if message.forwarded else parse_command(message.text)


def code_in(message: MessageReceived) -> str | None:
    """Return the code with which somebody asks in private to be let in: ``/start CODE``, as it is shown, in two parts.

    What else may stand behind ``/start`` is what a link brought along, and no code.
    """
    parsed = command_of(message) if message.chat_id > 0 and message.kind is MessageKind.MESSAGE else None
    if parsed is None or parsed.name != "start" or len(parsed.args) != 11 or parsed.args[5] not in "- ":
        return None
    return read_code(parsed.args)


@define
class DoorBook:
    """Looks up, within a round, what the round's events need to know of who may talk."""

    policy: Policy
    tokens: Tokens

    async def open(self, current: Round, events: Sequence[Event]) -> Door:
        """Return who may talk."""
        visits = {e.event_id: visit for e in events if (visit := visit_of(e.payload)) is not None}
        wishes = {e.event_id: wish for e in events if (wish := _wish_of(e)) is not None}
        sent = {e.event_id: code for e in events if (code := _code_of(e)) is not None}
        people = await self._people(current, events, visits, wishes, sent)
        given = sent | {i: wish.code for i, wish in wishes.items() if wish.code is not None}
        hashes = {i: hash_code(visits[i].bot_id, code) for i, code in given.items()}
        found = await current.access.codes(list(hashes.values())) if hashes else {}
        codes = _first_uses(hashes, found)
        door = Door(self.policy, people, codes)
        lists = [visits[i] for i, wish in wishes.items() if wish.verb == "list"]
        bots = sorted({visit.bot_id for visit in lists if door.rights(visit).standing.is_admin})
        listed = {bot: await current.access.listed(bot, LISTED_MAX) for bot in bots}
        strangers = {
            e.event_id: visits[e.event_id]
            for e in events
            if e.event_id not in codes and _may_ask(e.payload, door)
        }
        needing = await _with_room(current.access, strangers)
        needing += [i for i, wish in wishes.items() if wish.verb == "invite"]
        fresh = {i: code_of(self.tokens.token().int % 2**CODE_BITS) for i in needing}
        return evolve(door, listed=listed, fresh=fresh)

    async def _people(
        self,
        current: Round,
        events: Sequence[Event],
        visits: Mapping[UUID, Visit],
        wishes: Mapping[UUID, Wish],
        sent: Mapping[UUID, str],
    ) -> dict[str, Person]:
        people = {h.lane: Person(Standing(h.standing)) for h in current.heads if h.standing is not None}
        unsure = {
            subject for event_id, visit in visits.items() for subject in visit.subjects
            if event_id in sent or subject not in people or not _is_decided(people[subject])
        }  # fmt: skip
        unsure |= {
            subject_of(visits[event_id].bot_id, wish.who)
            for event_id, wish in wishes.items() if wish.who is not None
        }  # fmt: skip
        moved = {
            subject_of(e.payload.bot_id, e.payload.new_chat_id): subject_of(e.payload.bot_id, e.payload.chat_id)
            for e in events if isinstance(e.payload, ChatMigrated)
        }  # fmt: skip
        unsure |= {old for old in moved.values() if old not in people}
        if unsure:
            people.update(await current.access.people(sorted(unsure)))
        for new, old in moved.items():
            # What moves along in this very round holds for its other events already.
            if old in people and _is_decided(people[old]) and not _is_decided(people.get(new, Person())):
                people[new] = people[old]
        return people


def _first_uses(hashes: Mapping[UUID, str], codes: Mapping[str, Code]) -> dict[UUID, Code]:
    """Return what each event's code brings; a code serves once, so the second event with it gets nothing."""
    used: set[str] = set()
    found: dict[UUID, Code] = {}
    for event_id, code_hash in hashes.items():
        if code_hash in codes and code_hash not in used:
            used.add(code_hash)
            found[event_id] = codes[code_hash]
    return found


def _may_ask(payload: object, door: Door) -> bool:
    """Tell whether whoever sent this is to be given a code, if there is room."""
    visit = visit_of(payload)
    if visit is None or not isinstance(payload, MessageReceived) or payload.kind is not MessageKind.MESSAGE:
        return False
    if door.policy.mode is not AccessMode.PAIRING or payload.chat_type is ChatType.CHANNEL:
        return False
    rights = door.rights(visit)
    is_asking = door.people.get(visit.subject, STRANGER).code_left_s > 0
    is_answered = bool(payload.text) and payload.addressed and not is_asking
    return is_answered and not rights.may_talk and rights.standing is not Standing.REVOKED


async def _with_room(access: AccessBook, strangers: Mapping[UUID, Visit]) -> list[UUID]:
    """Return the events of those strangers for whom there is room among those who ask, users and chats apart."""
    found: list[UUID] = []
    for bot_id in sorted({visit.bot_id for visit in strangers.values()}):
        asking = await access.asking(bot_id)
        room = {True: ASKING_MAX - asking.chats, False: ASKING_MAX - asking.users}
        seen: set[str] = set()
        for event_id, visit in strangers.items():
            is_chat = visit.chat_id < 0
            if visit.bot_id != bot_id or visit.subject in seen or room[is_chat] <= 0:
                continue
            seen.add(visit.subject)
            room[is_chat] -= 1
            found.append(event_id)
    return found


def _is_decided(person: Person) -> bool:
    return person.standing.may_talk or person.standing is Standing.REVOKED


def _wish_of(event: Event) -> Wish | None:
    message = event.payload
    parsed = command_of(message) if isinstance(message, MessageReceived) else None
    return parse(parsed.args) if parsed is not None and parsed.name == "access" else None


def _code_of(event: Event) -> str | None:
    return code_in(event.payload) if isinstance(event.payload, MessageReceived) else None
