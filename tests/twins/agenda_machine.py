"""Tasks side by side: rounds of brains and of schedulers, in any order and interleaved, over the same few tasks.

Tasks never come due at the same instant, since in which order two such tasks are handed out nobody says. Not here:
owed rows (``store_machine``).
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from adapters.memory.clock import START_S
from application.agenda import AgendaChanges, DueTask, Firing
from application.changes import AuditRow, Changes, DeadLetter, Owed, ScopedEffect
from domain.decisions import (
    AddTask,
    ArrivedOccasion,
    KeepOccasion,
    MarkChat,
    MoveData,
    Outcome,
    PutSetting,
    PutTask,
    ResumeTasks,
    ToldOccasions,
)
from domain.tasks.keys import reminder_key
from domain.tasks.values import Kept, Occasion, Page, Priority, Status, Task, Who
from tests.contract.legs import Leg, ident, when_applied
from tests.twins import given
from tests.twins.looking import ALL, heads_of
from tests.twins.pairs import End, Pair, opened
from tests.twins.sides import Machine
from tests.twins.stage import STEP_S

SCOPES = given.SCOPES
TITLES = ("tea", "TEA and Straße", "water 🌱", "coffee", "milk", "bread")
IDS = tuple(ident(title) for title in TITLES)
OPEN_MAX, SCHEDULERS_MAX = 4, 2
ACTED = ("fired", "late", "paused", "skipped", "superseded", "ambiguous", "moved", "stopped", "left")
which = st.integers(0, OPEN_MAX - 1)


def instant(place: int, seconds: float | None) -> float | None:
    """Return an instant of a task's own: no other task has the same."""
    return None if seconds is None else START_S + seconds + place / 64


def task_of(
    place: int, number: int, due_s: float | None, remind_s: float | None, status: Status, priority: Priority,
    tags: list[str], is_paused: bool,
) -> Task:  # fmt: skip
    """Return the task at a place, as it may be put."""
    closed_at = None if status is Status.OPEN else instant(place, 1.0)
    return Task(
        IDS[place], number, TITLES[place], status, instant(place, due_s), instant(place, remind_s), "UTC", None,
        priority, tuple(tags), is_paused=is_paused, made_by=Who(5, "Ann"), created_at=START_S, closed_at=closed_at,
    )  # fmt: skip


places = st.integers(0, len(IDS) - 1)
# Mostly in the past, so that there is something to do.
soon_s = st.sampled_from([-30.0, -5.0, 5.0, 70.0])
seconds = st.one_of(soon_s, soon_s, soon_s, st.none())
tasks = st.builds(
    task_of, places, st.integers(0, 4), seconds, seconds, st.sampled_from([Status.OPEN] * 4 + list(Status)),
    st.sampled_from(Priority), st.lists(st.sampled_from(["home", "work"]), max_size=1), st.booleans(),
)  # fmt: skip


def _on(place: int, due_s: float) -> tuple[UUID, float]:
    """Return an occasion's task and bucket."""
    return IDS[place], instant(place, due_s) or 0.0


named = st.builds(_on, places, soon_s)
occasions = st.builds(lambda name, kept: Occasion(*name, kept, reason="why"), named, st.sampled_from(Kept))
effects = st.one_of(
    st.builds(AddTask, tasks),
    st.builds(AddTask, tasks),
    st.builds(PutTask, tasks),
    st.builds(KeepOccasion, occasions),
    st.builds(lambda name: ArrivedOccasion(*name), named),
    st.builds(lambda name: ToldOccasions(*zip(name, strict=True)), named),
    st.just(ResumeTasks()),
    st.builds(MarkChat, st.booleans(), st.just("gone")),
    st.builds(PutSetting, st.just("zone"), st.sampled_from(["x", "y"])),
)
_ordinary = st.builds(ScopedEffect, st.sampled_from(SCOPES[:3]), effects)
scoped = st.one_of(_ordinary, _ordinary, _ordinary, st.just(ScopedEffect("1:c-7", MoveData(-1007))))
PAGES = (
    Page(), Page(status=None, size=3), Page(status=None, number=2, size=3), Page(status=Status.DONE),
    Page(is_overdue=True), Page(due_before=START_S + 60), Page(status=None, tag="home"), Page(words="STRASSE tea"),
    Page(status=None, is_overdue=True),
)  # fmt: skip


class AgendaMachine(Machine):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self.stage.begin()
        self.open: list[Pair] = []
        self.begun = 0

    def teardown(self) -> None:
        for pair in list(self.open):
            self._end(pair, End.ROLL_BACK)
        if not self.has_diverged:
            self._look()
            self.stage.same(_look_at_all)

    @initialize(
        first=st.lists(
            st.tuples(st.sampled_from(SCOPES[:3]), tasks),
            min_size=3,
            max_size=6,
            unique_by=lambda each: each[1].task_id,
        )
    )
    def plan(self, first: list[tuple[str, Task]]) -> None:
        """Begin with a few tasks."""
        effects = [
            ScopedEffect(scope, AddTask(evolve(task, number=number)))
            for number, (scope, task) in enumerate(first)
        ]
        self.stage.same(lambda leg: when_applied(leg.store(run="first"), "brain", Changes(effects=effects)))

    # Brains

    @precondition(lambda self: sum(pair.role == "brain" for pair in self.open) < OPEN_MAX - SCHEDULERS_MAX)
    @rule(lanes=given.some_lanes)
    def begin(self, lanes: list[str]) -> None:
        self.begun += 1
        run = f"brain {self.begun}"
        self._open("brain", run, lambda leg: leg.store("brain", run).round("brain", lanes), heads_of)

    @precondition(lambda self: self._has("brain"))
    @rule(
        at=which,
        wanted=st.sampled_from(["ids", "numbers", "tallies", "page", "contacts"]),
        scope=st.sampled_from(SCOPES),
    )
    def read(self, at: int, wanted: str, scope: str) -> None:
        reads: dict[str, Callable[[Any], Awaitable[Any]]] = {
            "ids": lambda current: current.tasks.by_ids({scope: IDS[:3], SCOPES[0]: IDS[1:4]}),
            "numbers": lambda current: current.tasks.by_numbers({scope: [1, 2]}),
            "tallies": lambda current: current.tasks.tallies(SCOPES),
            "page": lambda current: current.tasks.pages(dict.fromkeys(SCOPES, PAGES[1])),
            "contacts": lambda current: current.tasks.contacts(SCOPES),
        }
        normal = _pages if wanted == "page" else _as_told
        self._do(self._pick(at, "brain"), reads[wanted], normal)

    @precondition(lambda self: self._has("brain"))
    @rule(
        at=which,
        effects=st.lists(scoped, min_size=1, max_size=3),
        buries=st.booleans(),
        ends=st.booleans(),
        end=given.ends,
    )
    def decide(self, at: int, effects: list[ScopedEffect], buries: bool, ends: bool, end: End) -> None:
        pair = self._pick(at, "brain")
        ids = [head.event_id for head in pair.real.heads]
        changes = Changes(effects=effects)
        if buries:
            changes.dead = [DeadLetter(event_id, ("why",)) for event_id in ids]
        else:
            changes.settled = ids
        self._apply(pair, lambda current: current.apply(changes), ends, end)

    # Schedulers

    @precondition(lambda self: sum(pair.role == "scheduler" for pair in self.open) < SCHEDULERS_MAX)
    @rule(limit=st.sampled_from([1, 2, ALL]))
    def look_for_due(self, limit: int) -> None:
        self._open("scheduler", "", lambda leg: leg.agenda.due(self._certain(limit)), _due)

    @precondition(lambda self: self._has("scheduler"))
    @rule(
        at=which, acts=st.lists(st.sampled_from(ACTED), min_size=1, max_size=3),
        later_s=st.sampled_from([0.25, 5.0, 3600.0]), stray=st.none() | tasks, ends=st.booleans(), end=given.ends,
    )  # fmt: skip
    def act(self, at: int, acts: list[str], later_s: float, stray: Task | None, ends: bool, end: End) -> None:
        pair = self._pick(at, "scheduler")
        changes = AgendaChanges()
        for due, how in zip(sorted(pair.real.due, key=_by_time), acts * ALL, strict=False):
            _act(due, how, later_s, changes)
        if stray is not None and pair.real.due and len(acts) == 3:
            changes.tasks.append(stray)
        self._apply(pair, lambda current: current.apply(changes), ends, end)

    # Both, and time

    @precondition(lambda self: self.open)
    @rule(at=which, how=given.ends)
    def end(self, at: int, how: End) -> None:
        self._end(self.open[at % len(self.open)], how)
        self._look()

    @rule(seconds=st.sampled_from([1.0, 10.0, 65.0, 3600.0]))
    def wait(self, seconds: float) -> None:
        self.stage.move(seconds if not self.open else min(seconds, 10.0))
        self._look()

    # What all of them need

    def _open(self, role: str, run: str, begin: Callable[[Leg], Any], seen: Callable[[Any], object]) -> None:
        self.stage.move(STEP_S)
        pair = opened(self.stage, role, run, begin, seen)
        if pair is not None:
            self.open.append(pair)

    def _has(self, role: str) -> bool:
        return any(pair.role == role and not pair.has_applied for pair in self.open)

    def _pick(self, at: int, role: str) -> Pair:
        found = [pair for pair in self.open if pair.role == role and not pair.has_applied]
        return found[at % len(found)]

    def _do(self, pair: Pair, act: Callable[[Any], Any], normal: Callable[[Any], object]) -> None:
        self.stage.move(STEP_S)
        pair.same(act, normal)
        if not pair.is_open:
            self.open.remove(pair)

    def _apply(self, pair: Pair, act: Callable[[Any], Any], ends: bool, end: End) -> None:
        self._do(pair, act, _as_told)
        pair.has_applied = True
        if ends and pair.is_open:
            self.end(self.open.index(pair), end)

    def _end(self, pair: Pair, how: End) -> None:
        self.stage.move(STEP_S)
        pair.end(how)
        self.open.remove(pair)

    def _certain(self, limit: int) -> int:
        """Return a limit by which the same tasks are handed out: all, where several are due since the same instant."""
        rows = self.stage.fake.database.tables.tasks.tasks.values()
        instants = [row.task.remind_at for row in rows if row.task.remind_at is not None]
        return limit if len(set(instants)) == len(instants) else ALL

    def _look(self) -> None:
        self.stage.same(_look_at_brain)
        self.stage.same(_look_at_records)


def _act(due: DueTask, how: str, later_s: float, changes: AgendaChanges) -> None:
    """Add what a scheduler writes of a task that is due."""
    task = due.task
    if how == "left":
        return
    bucket = task.due_at if task.due_at is not None else START_S
    if how in frozenset(Kept):
        name = f"reminder of {task.title} at {bucket}"
        fields = {
            "event_type": "reminder.due",
            "source": "scheduler",
            "idempotency_key": reminder_key(task.task_id, bucket),
        }
        lane = given.LANES[SCOPES.index(due.scope)]
        row = AuditRow(Outcome.ACCEPTED, ident(name), "reminder.due", "scheduler", "brain", scope=due.scope)
        owed = Owed("brain", ident(name), lane, None, json.dumps(fields).encode())
        is_said = how in ("fired", "late")
        occasion = Occasion(task.task_id, bucket, Kept(how), reason=how)
        changes.firings.append(Firing(occasion, owed if is_said else None, row if is_said else None))
    later = None if how == "stopped" or task.remind_at is None else task.remind_at + later_s
    changes.tasks.append(
        evolve(
            task,
            remind_at=later,
            times_said=task.times_said + 1,
            is_paused=how == "paused",
            title="never written",
        )
    )


def _as_told(value: object) -> object:
    return value


def _by_time(due: DueTask) -> tuple[float, str]:
    return due.task.remind_at or 0.0, str(due.task.task_id)


def _due(current: Any) -> object:
    return current.now, sorted(current.due, key=_by_time)


def _pages(pages: Any) -> object:
    return {scope: (list(found), total) for scope, (found, total) in pages.items()}


async def _look_at_brain(leg: Leg) -> object:
    async with leg.store("brain", "looker").round("brain", given.LANES) as current:
        pages = [_pages(await current.tasks.pages(dict.fromkeys(SCOPES, page))) for page in PAGES[:3]]
        contacts = await current.tasks.contacts(SCOPES)
        return heads_of(current), pages, contacts, await current.tasks.tallies(SCOPES)


async def _look_at_records(leg: Leg) -> object:
    outlook = await leg.reminders.outlook(START_S, 3)
    ledgers = [await leg.reminders.ledger(task_id, 2) for task_id in IDS[:3]]
    # What is kept of nothing at all is not told.
    kept = {kind: count for kind, count in outlook.kept.items() if count}
    return evolve(outlook, kept=kept, coming=list(outlook.coming)), list(map(list, ledgers))


async def _look_at_all(leg: Leg) -> object:
    """Tell all that can be read when no round is open."""
    async with leg.store("brain", "looker").round("brain", ()) as current:
        book = current.tasks
        found = (
            await book.by_ids(dict.fromkeys(SCOPES, IDS)),
            await book.by_numbers(dict.fromkeys(SCOPES, range(9))),
        )
        pages = [_pages(await book.pages(dict.fromkeys(SCOPES, page))) for page in PAGES]
        ledger = [list(await book.occasions(scope, task_id, 2)) for scope in SCOPES for task_id in IDS]
        moved = await book.moved(SCOPES)
    states = [await leg.reminders.task(name) for name in (*IDS, ("1:u5", 1), ("1:c-1007", 2))]
    ledgers = [list(await leg.reminders.ledger(task_id, ALL)) for task_id in IDS]
    return found, pages, ledger, moved, states, ledgers
