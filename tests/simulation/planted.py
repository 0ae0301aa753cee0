"""Bugs planted into the product, each a mutation that a careless change might make; the campaign must find every one.

Not here: the mutations (``mutations``), and finding them (``test_planted_bugs``).
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from unittest.mock import patch

from attrs import frozen

from adapters.memory import agenda
from adapters.memory.agenda import MemoryAgendaRound
from adapters.memory.database import MemoryDatabase, Writer
from adapters.memory.dead_letters import MemoryDeadLetters
from adapters.memory.notices import MemoryLetterTurn
from adapters.memory.rounds import MemoryRound
from adapters.memory.rows import RowLocks
from adapters.memory.store import MemoryIntake
from adapters.memory.streams import MemoryStreams
from adapters.memory.tasks import MemoryTasks
from application import brain, interpreter, rounds, sender, settling
from application.consumer import Consumer
from application.facts import Gatherer
from application.gateway import Gateway
from application.interpreter import Interpreter
from application.sender import Deliverer
from domain.errors import Refused
from domain.retry import RetryPolicy
from domain.tasks.values import Kept
from entrypoints.simulation.outside import RemoteStreams
from entrypoints.simulation.running import POISONED_ONE_IN, STEPS, Scenario, scenario
from tests.simulation import mutations

Planting = Callable[[], AbstractContextManager[object]]


@frozen
class Planted:
    """One planted bug: its name, how it is planted, and in how many seeds, counted from 0, which rule must find it.

    What needs several faults at one moment is looked for in runs of ``steps`` with only these ``kinds``, and what needs
    poison in every fourth seed.
    """

    name: str
    plant: Planting
    by: str
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


UNCHECKED = ((Writer, "write", mutations.write_unchecked),)
STALE_READ = (MemoryDatabase, "rows", mutations.rows_of_before)

PLANTED = (
    Planted("dead at the first failure", _is_patched((RetryPolicy, "is_spent", mutations.spent_at_once)), by="causes"),
    Planted("a 429 taken for the end", _is_patched((settling, "judge", mutations.buried_if(429))), by="causes"),
    Planted("a 500 taken for the end", _is_patched((settling, "judge", mutations.buried_if(500))), by="causes"),
    Planted(
        "a refusal taken for a delivery", _is_patched((settling, "judge", mutations.settled_by_a_refusal)),
        by="answered",
    ),
    Planted(
        "acknowledged before the commit", _is_patched((Gateway, "accept", mutations.accept_before_commit)),
        by="answered",
    ),
    Planted(
        "an update's key is not kept", _is_patched((MemoryIntake, "accept", mutations.accept_again)),
        by="arrivals",
    ),
    Planted(
        "lane lock and head read in one statement, acting without the owed row", _is_patched(STALE_READ, *UNCHECKED),
        by="ends",
    ),
    Planted(
        "no lane order across replicas", _is_patched((MemoryRound, "read", mutations.rows_unlocked)),
        by="order of runs",
    ),
    Planted(
        "a stale attempt accepted", _is_patched((MemoryRound, "_offered", mutations.offered_early)),
        by="tried again",
    ),
    Planted(
        "child keys not derived from the parent", _is_patched((interpreter, "derive", mutations.random_child)),
        by="answered",
    ),
    Planted("group recreated at $", _is_patched((MemoryStreams, "_group", mutations.group_at_the_end)), by="at rest"),
    Planted(
        "acknowledge and delete not atomic", _is_patched((RemoteStreams, "ack", mutations.ack_then_delete)),
        by="at rest",
    ),
    Planted(
        "pending entries of a living consumer forgotten", _is_patched(
            (Consumer, "reconcile", mutations.only_of_others)
        ), by="at rest",
    ),
    Planted("no sweep", _is_patched((Consumer, "sweep", mutations.no_sweep)), by="answered"),
    Planted(
        "the ledger settled before the call", _is_patched((Deliverer, "_fly", mutations.settled_before_the_call)),
        by="once",
    ),
    Planted(
        "claims that nobody looks at",
        _is_patched((MemoryRound, "claim", mutations.claim_always), (MemoryRound, "read", mutations.read_past_claims)),
        by="once",
    ),
    Planted(
        "a claim without a token", _is_patched((MemoryRound, "release", mutations.release_by_lane), *UNCHECKED),
        by="once",
        steps=250, kinds=("a process paused", "Telegram: a slow answer", "Telegram: hangs after"),
    ),
    Planted(
        "a reminder resent when ambiguous",
        _is_patched((sender, "is_reminder", mutations.never_a_reminder)), by="fired",
    ),
    Planted(
        "part two before part one", _is_patched((Interpreter, "retry", mutations.out_of_order)), by="order of sends",
        kinds=("Telegram: 500",),
    ),
    Planted(
        "all parts under one key", _is_patched((interpreter, "parts_of", mutations.same_key_for_all_parts)),
        by="answered",
    ),
    Planted("retry_after clamped", _is_patched((Refused, "__init__", mutations.clamped)), by="obeyed"),
    Planted(
        "no answer taken for not sent", _is_patched((Deliverer, "_outcome", mutations.no_answer_is_not_sent)),
        by="once",
    ),
    Planted(
        "an unscoped read of tasks", _is_patched((MemoryTasks, "by_numbers", mutations.tasks_of_anybody)),
        by="in scope",
    ),
    Planted(
        "an unscoped read of settings", _is_patched((MemoryRound, "settings", mutations.settings_of_anybody)),
        by="zones",
    ),
    Planted(
        "an effect in another scope of the round", _is_patched((Interpreter, "succeed", mutations.effect_elsewhere)),
        by="in scope",
    ),
    Planted(
        "the mode read as default after a flush", _is_patched((Gatherer, "mode", mutations.mode_by_default)),
        by="mode",
        kinds=("Redis: wiped",),
    ),
    Planted(
        "poison charged to its neighbours", _is_patched((rounds, "without_poison", mutations.poison_for_all)),
        by="failures",
        steps=150, kinds=("a process paused", "Postgres: slow"), every=POISONED_ONE_IN,
    ),
    Planted("no mark of what runs", _is_patched((MemoryRound, "mark", mutations.no_mark)), by="at rest"),
    Planted(
        "a dead letter redriven twice", _is_patched((MemoryDeadLetters, "redrive", mutations.redrive_and_keep)),
        by="ends",
    ),
    Planted(
        "no locks on rows, and occasions that are written over",
        _is_patched(
            (agenda, "REVISABLE", frozenset(Kept)), (RowLocks, "take_free", mutations.take_anything),
            (RowLocks, "take", mutations.lock_nothing),
        ), by="once",
    ),
    Planted(
        "a task that fired is not moved on", _is_patched((MemoryAgendaRound, "_move_on", mutations.no_tasks_written)),
        by="failures",
    ),
    Planted(
        "dead letters told of again and again", _is_patched((MemoryLetterTurn, "tell", mutations.tell_again)),
        by="told",
    ),
    Planted("an edit that acts", _is_patched((brain, "correct", mutations.acts_on_an_edit)), by="edits"),
)  # fmt: skip
