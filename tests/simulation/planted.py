"""Bugs planted into the product, each a mutation that a careless change might make; the campaign must find every one.

What the product leaves to Postgres and Redis (locks, snapshots, atomic commands) is mutated where it stands in memory.
Not here: finding them (``test_planted_bugs``).
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import count
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid5

from attrs import evolve, frozen

from adapters.memory import agenda
from adapters.memory.agenda import MemoryAgendaRound
from adapters.memory.database import MemoryDatabase, Writer
from adapters.memory.dead_letters import MemoryDeadLetters
from adapters.memory.notices import MemoryLetterTurn
from adapters.memory.rounds import MemoryRound
from adapters.memory.rows import RowLocks
from adapters.memory.store import MemoryIntake
from adapters.memory.streams import MemoryStreams, _Group
from adapters.memory.tasks import MemoryTasks
from application import brain, interpreter, rounds, sender
from application.changes import Changes
from application.consumer import Consumer
from application.facts import Gatherer
from application.gateway import Gateway
from application.interpreter import Interpreter
from application.sender import Deliverer
from domain.errors import NoAnswer, NotSent, Refusal, Refused
from domain.runtime_state import DEFAULT_MODE
from domain.tasks.values import Kept
from entrypoints.simulation.outside import RemoteStreams
from entrypoints.simulation.running import POISONED_ONE_IN, STEPS, Scenario, scenario

Planting = Callable[[], AbstractContextManager[object]]


@frozen
class Planted:
    """One planted bug: its name, how it is planted, and in how many seeds, counted from 0, it must be found.

    What needs several faults at one moment is looked for in runs of ``steps`` with only these ``kinds``, and what needs
    poison in every fourth seed.
    """

    name: str
    plant: Planting
    seeds: int = 40
    steps: int = STEPS
    kinds: tuple[str, ...] = ()
    every: int = 1

    def scenario(self, seed: int) -> Scenario:
        """Return the scenario of a seed in which it is looked for."""
        return scenario(seed * self.every, self.steps, self.kinds)


def _is_patched(*patches: tuple[object, str, object]) -> Planting:
    @contextmanager
    def plant() -> Iterator[None]:
        with ExitStack() as stack:
            for owner, name, new in patches:
                stack.enter_context(patch.object(owner, name, new))
            yield

    return plant


# The edge


async def _accept_before_commit(self: Gateway, updates: Sequence[object]) -> None:
    task = asyncio.ensure_future(_ACCEPT(self, updates))
    task.add_done_callback(lambda done: done.exception())
    await asyncio.sleep(0)


_ACCEPT = Gateway.accept


async def _accept_again(self: MemoryIntake, arrivals: Any) -> list[bool]:
    for arrival in arrivals:
        self._database.tables.inbox.pop(arrival.key, None)
    return await _INTAKE(self, arrivals)


_INTAKE = MemoryIntake.accept


# Rows, lanes and rounds


def _write_unchecked(self: Writer, changes: Changes) -> None:
    present = [each for each in changes.settled if (self._target, each) in self._tables.outbox]
    _WRITE(self, evolve(changes, settled=present))


_WRITE = Writer.write


_STALE: dict[tuple[int, str, str], Any] = {}


def _rows_of_before(self: MemoryDatabase, target: str, lane: str) -> list[Any]:
    """Read from a snapshot of before: a lane that has no row any more still shows the one it had."""
    rows = _ROWS(self, target, lane)
    key = (id(self), target, lane)
    if rows:
        _STALE[key] = rows
        return rows
    return list(_STALE.pop(key, []))


_ROWS = MemoryDatabase.rows


_READ = MemoryRound.read


def _rows_unlocked(self: MemoryRound, lanes: Sequence[str], *, claims: bool) -> None:
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


def _offered_early(self: MemoryRound, rows: Sequence[Any]) -> Any:
    """Take a row whose next attempt is not due yet, as a stale entry of an earlier attempt would have it."""
    found = _OFFERED(self, rows)
    if found is not None and found.available_at > self._now:
        return evolve(found, available_at=self._now)
    return found


_OFFERED = MemoryRound._offered


def _poison_for_all(heads: Any, changes: Changes, report: Any) -> list[Any]:
    """Charge a death to every row of the round, as a counter of deliveries would."""
    if any(head.marked for head in heads):
        changes.deaths.extend(head.event_id for head in heads)
        report.busy.clear()
        report.waiting.update({head.lane: 0.01 for head in heads})
        return []
    return list(heads)


async def _no_mark(self: MemoryRound, event_ids: Sequence[UUID]) -> None:
    return None


# Children and effects


_NUMBERS = count()


def _random_child(parent: Any, name: str, *given: Any, **more: Any) -> Any:
    child = _DERIVE(parent, name, *given, **more)
    number = next(_NUMBERS)
    envelope = evolve(
        child.envelope, event_id=uuid5(child.event_id, str(number)),
        idempotency_key=f"{child.idempotency_key}:{number}"[:200],
    )  # fmt: skip
    return evolve(child, envelope=envelope)


_DERIVE = interpreter.derive


def _effect_elsewhere(self: Interpreter, run: Any, decision: Any, changes: Changes) -> Any:
    before = len(changes.effects)
    found = _SUCCEED(self, run, decision, changes)
    if before:
        changes.effects[before:] = [
            evolve(each, scope=changes.effects[0].scope) for each in changes.effects[before:]
        ]
    return found


_SUCCEED = Interpreter.succeed


async def _tasks_of_anybody(self: MemoryTasks, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    rows = self._tables.tasks.values()
    return {
        scope: {row.task.number: row.task for row in rows if row.task.number in numbers}
        for scope, numbers in wanted.items()
    }


async def _settings_of_anybody(self: MemoryRound, scopes: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    everything = {name: value for (_, name), value in self._view.settings.items()}
    return dict.fromkeys(scopes, everything)


async def _mode_by_default(self: Gatherer) -> Any:
    return await self.runtime.mode() or DEFAULT_MODE


def _same_key_for_all_parts(emit: Any) -> list[Any]:
    parts = _PARTS(emit)
    return (
        [evolve(part, name=f"{emit.name}.1") for part in parts[:1]]
        + [evolve(part, key=None, name=f"{emit.name}.1") for part in parts[1:]]
        if len(parts) > 1
        else parts
    )


_PARTS = interpreter.parts_of


# Streams


def _group_at_the_end(self: MemoryStreams, target: str) -> Any:
    stream = self._stream(target)
    if stream.group is None:
        stream.group = _Group(last=max(stream.entries, default=(0, 0)))
    return stream.group


async def _ack_then_delete(self: RemoteStreams, target: str, entry_ids: Sequence[str]) -> None:
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


async def _only_the_dead(self: Consumer) -> None:
    """Take over what others left for long, and never look at what oneself is believed to hold."""
    held = self.streams._streams._group(self.target).held
    gone = [entry for entry, each in held.items() if each.consumer != self.name]
    if gone:
        await self._take_in(await self.streams.claim(self.target, self.name, 1e9, self.limits.read_max))


async def _no_sweep(self: Consumer) -> int:
    return 0


# Deliveries


async def _settled_before_the_call(self: Deliverer, flight: Any) -> None:
    self._results.append(sender.Result(flight, {"message_id": 0}, None))
    if self._settler is None or self._settler.done():
        self._settler = asyncio.create_task(self._settle_all())
    await asyncio.shield(self._settler)
    await self._outcome(flight, formatted=True)


async def _claim_always(self: MemoryRound, claims: Sequence[Any]) -> set[str]:
    """Claim chats that another has a live claim on."""
    for claim in claims:
        self._database.tables.claims.pop(claim.lane, None)
    return await _CLAIM(self, claims)


_CLAIM = MemoryRound.claim


def _read_past_claims(self: MemoryRound, lanes: Sequence[str], *, claims: bool) -> None:
    _READ(self, lanes, claims=False)


async def _release_by_lane(self: MemoryRound, tokens: Mapping[str, UUID]) -> set[str]:
    """Give up whatever claim a lane has, be it one's own or not."""
    claims = self._view.claims
    return await _RELEASE(self, {lane: claims[lane].token for lane in tokens if lane in claims})


_RELEASE = MemoryRound.release


def _never_a_reminder(run: Any) -> bool:
    return False


def _out_of_order(self: Interpreter, run: Any, reason: str, changes: Changes) -> Any:
    self.keeps_order = False
    return _RETRY(self, run, reason, changes)


_RETRY = Interpreter.retry


def _clamped(self: Refused, refusal: Refusal) -> None:
    wait_s = refusal.retry_after_s
    _REFUSED(self, evolve(refusal, retry_after_s=min(wait_s, 1) if wait_s is not None else None))


_REFUSED = Refused.__init__


async def _no_answer_is_not_sent(self: Deliverer, flight: Any, *, formatted: bool) -> Any:
    answer, error = await _OUTCOME(self, flight, formatted=formatted)
    return answer, NotSent(str(error)) if isinstance(error, NoAnswer) else error


_OUTCOME = Deliverer._outcome


# Reminders


def _take_anything(self: RowLocks, holder: object, rows: Sequence[Any], limit: int) -> list[Any]:
    return list(rows[:limit])


async def _lock_nothing(self: RowLocks, holder: object, rows: Any) -> bool:
    return False


def _no_tasks_written(self: MemoryAgendaRound, tables: Any, tasks: Any) -> None:
    """Write the event, and what comes next in a transaction that the process may not live to begin."""


# Dead letters


async def _redrive_and_keep(self: MemoryDeadLetters, letter_ids: Sequence[int]) -> Any:
    letters = dict(self._database.tables.letters)
    moved = await _REDRIVE(self, letter_ids)
    self._database.tables.letters.update(letters)
    return moved


_REDRIVE = MemoryDeadLetters.redrive


async def _tell_again(self: MemoryLetterTurn, bots: Any) -> Any:
    """Tell of letters, and of them again when it is time again."""
    known = dict(self._view.known_letters)
    told = await _TELL(self, bots)
    for letter_id in [each for each in self._view.known_letters if each not in known]:
        del self._view.known_letters[letter_id]
    return told


_TELL = MemoryLetterTurn.tell


def _acts_on_an_edit(event: Any, facts: Any, answer: Any) -> Any:
    return answer(event, facts)


UNCHECKED = ((Writer, "write", _write_unchecked),)
STALE_READ = (MemoryDatabase, "rows", _rows_of_before)

PLANTED = (
    Planted("acknowledged before the commit", _is_patched((Gateway, "accept", _accept_before_commit))),
    Planted("an update's key is not kept", _is_patched((MemoryIntake, "accept", _accept_again))),
    Planted(
        "lane lock and head read in one statement, acting without the owed row", _is_patched(STALE_READ, *UNCHECKED)
    ),
    Planted("no lane order across replicas", _is_patched((MemoryRound, "read", _rows_unlocked))),
    Planted("a stale attempt accepted", _is_patched((MemoryRound, "_offered", _offered_early))),
    Planted("child keys not derived from the parent", _is_patched((interpreter, "derive", _random_child))),
    Planted("group recreated at $", _is_patched((MemoryStreams, "_group", _group_at_the_end))),
    Planted(
        "acknowledge and delete not atomic", _is_patched((RemoteStreams, "ack", _ack_then_delete))
    ),
    Planted("pending entries of a living consumer forgotten", _is_patched((Consumer, "reconcile", _only_the_dead))),
    Planted("no sweep", _is_patched((Consumer, "sweep", _no_sweep))),
    Planted("the ledger settled before the call", _is_patched((Deliverer, "_fly", _settled_before_the_call))),
    Planted(
        "a chat claimed twice",
        _is_patched((MemoryRound, "claim", _claim_always), (MemoryRound, "read", _read_past_claims)),
    ),
    Planted(
        "a claim without a token", _is_patched((MemoryRound, "release", _release_by_lane), *UNCHECKED),
        steps=250, kinds=("a process paused", "Telegram: a slow answer", "Telegram: hangs after"),
    ),
    Planted(
        "a reminder resent when ambiguous",
        _is_patched((sender, "is_reminder", _never_a_reminder)),
    ),
    Planted("part two before part one", _is_patched((Interpreter, "retry", _out_of_order))),
    Planted("all parts under one key", _is_patched((interpreter, "parts_of", _same_key_for_all_parts))),
    Planted("retry_after clamped", _is_patched((Refused, "__init__", _clamped))),
    Planted("no answer taken for not sent", _is_patched((Deliverer, "_outcome", _no_answer_is_not_sent))),
    Planted("an unscoped read of tasks", _is_patched((MemoryTasks, "by_numbers", _tasks_of_anybody))),
    Planted("an unscoped read of settings", _is_patched((MemoryRound, "settings", _settings_of_anybody))),
    Planted("an effect in another scope of the round", _is_patched((Interpreter, "succeed", _effect_elsewhere))),
    Planted(
        "the mode read as default after a flush", _is_patched((Gatherer, "mode", _mode_by_default)),
        kinds=("Redis: wiped",),
    ),
    Planted(
        "poison charged to its neighbours", _is_patched((rounds, "without_poison", _poison_for_all)),
        steps=150, kinds=("a process paused", "Postgres: slow"), every=POISONED_ONE_IN,
    ),
    Planted("no mark of what runs", _is_patched((MemoryRound, "mark", _no_mark))),
    Planted("a dead letter redriven twice", _is_patched((MemoryDeadLetters, "redrive", _redrive_and_keep))),
    Planted(
        "an occasion that fires again",
        _is_patched(
            (agenda, "REVISABLE", frozenset(Kept)), (RowLocks, "take_free", _take_anything),
            (RowLocks, "take", _lock_nothing),
        ),
    ),
    Planted(
        "the next occurrence not in the transaction", _is_patched((MemoryAgendaRound, "_move_on", _no_tasks_written))
    ),
    Planted("dead letters told of again and again", _is_patched((MemoryLetterTurn, "tell", _tell_again))),
    Planted("an edit that acts", _is_patched((brain, "correct", _acts_on_an_edit))),
)  # fmt: skip
