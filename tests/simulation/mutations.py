"""What careless changes might make of parts of the product: functions that take the place of its own.

What the product leaves to Postgres and Redis (locks, snapshots, atomic commands) is mutated where it stands in memory.
Not here: which of them are planted together, and where they are looked for (``planted``).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid5

from attrs import evolve

from adapters.memory.agenda import MemoryAgendaRound
from adapters.memory.database import MemoryDatabase, Writer
from adapters.memory.dead_letters import MemoryDeadLetters
from adapters.memory.notices import MemoryLetterTurn
from adapters.memory.rounds import MemoryRound
from adapters.memory.rows import RowLocks
from adapters.memory.store import MemoryIntake
from adapters.memory.streams import MemoryStreams, _Group
from adapters.memory.tasks import MemoryTasks
from application import interpreter, sender, settling
from application.botcalls import Verdict
from application.changes import Changes
from application.consumer import Consumer
from application.facts import Gatherer
from application.gateway import Gateway
from application.interpreter import Interpreter
from application.sender import Deliverer
from domain.errors import NoAnswer, NotSent, Refusal, Refused
from domain.retry import RetryPolicy
from domain.runtime_state import DEFAULT_MODE
from entrypoints.simulation.outside import RemoteStreams

# The edge


async def accept_before_commit(self: Gateway, updates: Sequence[object]) -> None:
    task = asyncio.ensure_future(_ACCEPT(self, updates))
    task.add_done_callback(lambda done: done.exception())
    await asyncio.sleep(0)


_ACCEPT = Gateway.accept


async def accept_again(self: MemoryIntake, arrivals: Any) -> list[bool]:
    for arrival in arrivals:
        self._database.tables.inbox.pop(arrival.key, None)
    return await _INTAKE(self, arrivals)


_INTAKE = MemoryIntake.accept


# Rows, lanes and rounds


def write_unchecked(self: Writer, changes: Changes) -> None:
    present = [each for each in changes.settled if (self._target, each) in self._tables.outbox]
    _WRITE(self, evolve(changes, settled=present))


_WRITE = Writer.write


_STALE: dict[int, tuple[MemoryDatabase, dict[tuple[str, str], Any]]] = {}


def rows_of_before(self: MemoryDatabase, target: str, lane: str) -> list[Any]:
    """Read from a snapshot of before: a lane that has no row any more still shows the one it had."""
    rows = _ROWS(self, target, lane)
    # With the database, so that no other can have its id.
    _, shown = _STALE.setdefault(id(self), (self, {}))
    if rows:
        shown[target, lane] = rows
        return rows
    return list(shown.pop((target, lane), []))


_ROWS = MemoryDatabase.rows


_READ = MemoryRound.read


def rows_unlocked(self: MemoryRound, lanes: Sequence[str], *, claims: bool) -> None:
    """Lock rows in place of lanes: what another has in hand is passed over, and the next row is taken."""
    locked = self._database.locked
    taken = {name for kind, name in locked if kind == "a row"}

    def others(database: MemoryDatabase, target: str, lane: str) -> list[Any]:
        return [row for row in _ROWS(database, target, lane) if str(row.head.event_id) not in taken]

    with patch.object(MemoryDatabase, "rows", others):
        _READ(self, lanes, claims=claims)
    locked.difference_update(self._locked)
    mine = {("a row", str(head.event_id)) for head in self.heads}
    locked.update(mine)
    self._locked = mine


def offered_early(self: MemoryRound, rows: Sequence[Any]) -> Any:
    """Take a row whose next attempt is not due yet, as a stale entry of an earlier attempt would have it."""
    found = _OFFERED(self, rows)
    if found is not None and found.available_at > self._now:
        return evolve(found, available_at=self._now)
    return found


_OFFERED = MemoryRound._offered


def poison_for_all(heads: Any, changes: Changes, report: Any) -> list[Any]:
    """Charge a death to every row of the round, as a counter of deliveries would."""
    if any(head.marked for head in heads):
        changes.deaths.extend(head.event_id for head in heads)
        report.busy.clear()
        report.waiting.update({head.lane: 0.01 for head in heads})
        return []
    return list(heads)


async def no_mark(self: MemoryRound, event_ids: Sequence[UUID]) -> None:
    return None


# Children and effects


_NUMBERS = count()


def random_child(parent: Any, name: str, *given: Any, **more: Any) -> Any:
    child = _DERIVE(parent, name, *given, **more)
    number = next(_NUMBERS)
    envelope = evolve(
        child.envelope, event_id=uuid5(child.event_id, str(number)),
        idempotency_key=f"{child.idempotency_key}:{number}"[:200],
    )  # fmt: skip
    return evolve(child, envelope=envelope)


_DERIVE = interpreter.derive


def effect_elsewhere(self: Interpreter, run: Any, decision: Any, changes: Changes) -> Any:
    before = len(changes.effects)
    found = _SUCCEED(self, run, decision, changes)
    if before:
        changes.effects[before:] = [
            evolve(each, scope=changes.effects[0].scope) for each in changes.effects[before:]
        ]
    return found


_SUCCEED = Interpreter.succeed


async def tasks_of_anybody(self: MemoryTasks, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    rows = self._tables.tasks.values()
    return {
        scope: {row.task.number: row.task for row in rows if row.task.number in numbers}
        for scope, numbers in wanted.items()
    }


async def settings_of_anybody(self: MemoryRound, scopes: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    everything = {name: value for (_, name), value in self._view.settings.items()}
    return dict.fromkeys(scopes, everything)


async def mode_by_default(self: Gatherer) -> Any:
    return await self.runtime.mode() or DEFAULT_MODE


def same_key_for_all_parts(emit: Any) -> list[Any]:
    return [evolve(part, key=None, name=emit.name) for part in _PARTS(emit)]


_PARTS = interpreter.parts_of


# Streams


def group_at_the_end(self: MemoryStreams, target: str) -> Any:
    stream = self._stream(target)
    if stream.group is None:
        stream.group = _Group(last=max(stream.entries, default=(0, 0)))
    return stream.group


async def ack_then_delete(self: RemoteStreams, target: str, entry_ids: Sequence[str]) -> None:
    """Acknowledge in one command and delete in another."""
    await self._redis.request()
    group = self._streams._stream(target).group
    for text in entry_ids:
        if group is not None:
            group.held.pop((int(text.partition("-")[0]), 0), None)
    await self._redis.answer()
    await asyncio.sleep(0.1)
    await self._redis.request()
    for text in entry_ids:
        self._streams.delete_entry(target, text)


async def only_of_others(self: Consumer) -> None:
    """Take over what others hold for long; what one holds oneself is believed to be in hand as long as one lives."""
    for each in self.streams._streams._group(self.target).held.values():
        if each.consumer == self.name:
            each.since_s = self.clock.steady()
    await self._take_in(
        await self.streams.claim(self.target, self.name, self.limits.abandoned_s, self.limits.read_max)
    )


async def no_sweep(self: Consumer) -> int:
    return 0


# Deliveries


async def settled_before_the_call(self: Deliverer, flight: Any) -> None:
    self._results.append(sender.Result(flight, {"message_id": 0}, None))
    if self._settler is None or self._settler.done():
        self._settler = asyncio.create_task(self._settle_all())
    await asyncio.shield(self._settler)
    await self._outcome(flight, formatted=True)


async def claim_always(self: MemoryRound, claims: Sequence[Any]) -> set[str]:
    """Claim chats that another has a live claim on."""
    for claim in claims:
        self._database.tables.claims.pop(claim.lane, None)
    return await _CLAIM(self, claims)


_CLAIM = MemoryRound.claim


def read_past_claims(self: MemoryRound, lanes: Sequence[str], *, claims: bool) -> None:
    _READ(self, lanes, claims=False)


async def release_by_lane(self: MemoryRound, tokens: Mapping[str, UUID]) -> set[str]:
    """Give up whatever claim a lane has, be it one's own or not."""
    claims = self._view.claims
    return await _RELEASE(self, {lane: claims[lane].token for lane in tokens if lane in claims})


_RELEASE = MemoryRound.release


def never_a_reminder(run: Any) -> bool:
    return False


def out_of_order(self: Interpreter, run: Any, reason: str, changes: Changes, **more: Any) -> Any:
    return _RETRY(evolve(self, keeps_order=False), run, reason, changes, **more)


_RETRY = Interpreter.retry


def clamped(self: Refused, refusal: Refusal) -> None:
    wait_s = refusal.retry_after_s
    _REFUSED(self, evolve(refusal, retry_after_s=min(wait_s, 1) if wait_s is not None else None))


_REFUSED = Refused.__init__


async def no_answer_is_not_sent(self: Deliverer, flight: Any, *, formatted: bool) -> Any:
    answer, error = await _OUTCOME(self, flight, formatted=formatted)
    return answer, NotSent(str(error)) if isinstance(error, NoAnswer) else error


_OUTCOME = Deliverer._outcome


def buried_if(code: int) -> Callable[[Refusal], Verdict]:
    return lambda refusal: Verdict.PERMANENT if refusal.code == code else _JUDGE(refusal)


def settled_by_a_refusal(refusal: Refusal) -> Verdict:
    found = _JUDGE(refusal)
    return Verdict.SETTLED if found is Verdict.PERMANENT else found


_JUDGE = settling.judge


def spent_at_once(self: RetryPolicy, attempt: int) -> bool:
    return True


# Reminders


def take_anything(self: RowLocks, holder: object, rows: Sequence[Any], limit: int) -> list[Any]:
    return list(rows[:limit])


async def lock_nothing(self: RowLocks, holder: object, rows: Any) -> bool:
    return False


def no_tasks_written(self: MemoryAgendaRound, tables: Any, tasks: Any) -> None:
    """Write the event and not what comes next."""


# Dead letters


async def redrive_and_keep(self: MemoryDeadLetters, letter_ids: Sequence[int]) -> Any:
    letters = dict(self._database.tables.letters)
    moved = await _REDRIVE(self, letter_ids)
    self._database.tables.letters.update(letters)
    return moved


_REDRIVE = MemoryDeadLetters.redrive


async def tell_again(self: MemoryLetterTurn, bots: Any) -> Any:
    """Tell of letters, and of them again when it is time again."""
    known = dict(self._view.known_letters)
    told = await _TELL(self, bots)
    for letter_id in [each for each in self._view.known_letters if each not in known]:
        del self._view.known_letters[letter_id]
    return told


_TELL = MemoryLetterTurn.tell


def acts_on_an_edit(event: Any, facts: Any, answer: Any) -> Any:
    return answer(event, facts)
