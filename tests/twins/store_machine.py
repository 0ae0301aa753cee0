"""The store side by side: what rounds, the edge, operators and tidying do to owed rows, in any order and interleaved.

What would wait in Postgres for a row that another open round has locked ends the round that would wait, on both sides,
or is left out where it is no round's. Not here: tasks (``agenda_machine``).
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from application.changes import (
    AuditRow,
    Changes,
    Claim,
    DeadLetter,
    Delivery,
    Head,
    Owed,
    RateState,
    Retry,
    ScopedEffect,
    Suspended,
)
from application.records import AuditFilter
from domain.decisions import Outcome
from tests.contract.legs import Leg, ident
from tests.twins import given, outside
from tests.twins.looking import (
    ALL,
    entries_of,
    heads_of,
    look_at_audit,
    look_at_brain,
    look_at_lanes,
    look_at_letters,
    look_at_records,
    look_at_sender,
)
from tests.twins.pairs import End, Pair, opened
from tests.twins.sides import Machine, Told
from tests.twins.stage import STEP_S, Stage

OPEN_MAX = 3
# Of one transaction no more than this goes by, as where Postgres ends what takes longer.
OPEN_S_MAX = 45.0
DAY_S = 24 * 3600.0
FATES = ("settle", "settle", "retry", "retry in order", "bury", "die", "leave")
which = st.integers(0, OPEN_MAX - 1)


class StoreMachine(Machine):
    """See the module. ``stage`` is given by whoever runs it."""

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.stage.begin()
        self.open: list[Pair] = []
        self.runs = {"brain": ["brain 1", "brain 2"], "sender": ["sender 1", "sender 2"]}
        self.deaths = 0
        self.opened_at = self.stage.fake.now()
        self.marks: list[Any] = [None, None]

    def teardown(self) -> None:
        for pair in list(self.open):
            self._end(pair, End.ROLL_BACK)
        if not self.has_diverged:
            self._look_at_all()

    @initialize(rows=st.lists(given.owed_rows, min_size=3, max_size=8))
    def plan(self, rows: list[Owed]) -> None:
        """Begin with a few owed rows."""
        self._all(outside.owe(rows))

    # Rounds

    @precondition(lambda self: len(self.open) < OPEN_MAX)
    @rule(target_=st.sampled_from(given.TARGETS), lanes=given.some_lanes)
    def begin(self, target_: str, lanes: list[str]) -> None:
        role = given.role_of(target_)
        # A process runs one round after the other.
        busy = {pair.run for pair in self.open}
        run = next((each for each in self.runs[role] if each not in busy), None)
        if run is None:
            return
        self._tick()
        pair = opened(self.stage, role, run, lambda leg: leg.store(role, run).round(target_, lanes), heads_of)
        if pair is not None:
            pair.notes = {"target": target_, "rates": {}, "released": []}
            self.opened_at = self.opened_at if self.open else self.stage.fake.now()
            self.open.append(pair)

    @precondition(lambda self: self._has("brain"))
    @rule(at=which)
    def mark(self, at: int) -> None:
        pair = self._pick(at, "brain")
        if pair.real.heads:
            ids = [head.event_id for head in pair.real.heads]
            self._do(pair, lambda current: current.mark(ids))
            pair.has_marked = True

    @precondition(lambda self: self._has("brain"))
    @rule(at=which, wanted=st.sampled_from(["settings", "first runs", "people", "codes", "asking", "behind"]))
    def read(self, at: int, wanted: str) -> None:
        pair = self._pick(at, "brain")
        reads: dict[str, Callable[[Any], Any]] = {
            "settings": lambda current: current.settings(given.SCOPES),
            "first runs": lambda current: current.first_runs(given.TRACES),
            "people": lambda current: current.access.people(given.SUBJECTS),
            "codes": lambda current: current.access.codes(given.HASHES),
            "asking": lambda current: current.access.asking(1),
            "behind": lambda current: current.behind_a_retry([ident(name) for name in given.NAMES]),
        }
        normal = set if wanted == "behind" else _as_told
        self._do(pair, reads[wanted], normal)

    @precondition(lambda self: self._has("sender"))
    @rule(
        at=which,
        buckets=st.just(list(given.BUCKETS))
        | st.lists(st.sampled_from(given.BUCKETS), min_size=1, unique=True),
    )
    def rates(self, at: int, buckets: list[str]) -> None:
        pair = self._pick(at, "sender")
        told = self._do(pair, lambda current: current.rates(buckets))
        if isinstance(told.value, dict):
            pair.notes["rates"].update(told.value)

    @precondition(lambda self: self._has("sender"))
    @rule(
        at=which,
        token=given.tokens,
        hold_s=st.sampled_from([5.0, 30.0]),
        lanes=given.some_lanes,
        other=st.none() | given.names,
    )
    def claim(self, at: int, token: str, hold_s: float, lanes: list[str], other: str | None) -> None:
        """Claim the chats of rows that are offered, and perhaps one for a row that is not."""
        pair = self._pick(at, "sender")
        events = {head.lane: head.event_id for head in pair.real.heads if head.lane in lanes}
        if other is not None:
            events[given.lane_of(other)] = ident(other)
        claims = [
            Claim(lane, event_id, given.token_of(token), given.key_of(_name(event_id)), hold_s)
            for lane, event_id in events.items()
        ]
        self._do(pair, lambda current: current.claim(claims), set)

    @precondition(lambda self: self._has("sender"))
    @rule(at=which, lanes=given.some_lanes, token=st.none() | given.tokens)
    def release(self, at: int, lanes: list[str], token: str | None) -> None:
        """Give claims up by the token that they have, or by some token."""
        pair = self._pick(at, "sender")
        claims = self.stage.fake.database.tables.claims
        standing = {lane: claims[lane].token for lane in lanes if lane in claims}
        tokens = standing if token is None else dict.fromkeys(lanes, given.token_of(token))
        told = self._do(pair, lambda current: current.release(tokens), set)
        if isinstance(told.value, set):
            pair.notes["released"] += sorted(told.value)

    @precondition(lambda self: self._has())
    @rule(
        at=which, fates=st.lists(st.sampled_from(FATES), max_size=3), delay_s=given.delays_s,
        stray=st.none() | given.names, owed=st.lists(given.owed_rows, max_size=2),
        audit=st.lists(given.audit_rows, max_size=2), effects=st.lists(given.scoped_effects, max_size=3),
        calls=st.lists(given.call_ends, max_size=2), end=given.ends, ends=st.sampled_from([False, False, True]),
    )  # fmt: skip
    def apply(self, at: int, end: End, ends: bool, **made: Any) -> None:
        pair = self._pick(at)
        changes = self._changes(pair, **made)
        self._do(pair, lambda current: current.apply(changes), may_wait=bool(changes.owed))
        pair.has_applied = True
        if ends and pair.is_open:
            self.end(self.open.index(pair), end)

    @precondition(lambda self: len(self.open) == OPEN_MAX or any(pair.has_applied for pair in self.open))
    @rule(at=which, how=given.ends)
    def end(self, at: int, how: End) -> None:
        pair = self.open[at % len(self.open)]
        # Whatever runs rows applies something, else the mark would stay.
        if pair.has_marked and not pair.has_applied and how is not End.KILL:
            how = End.ROLL_BACK
        self._end(pair, how)
        self._look()

    def _changes(
        self, pair: Pair, fates: list[str], delay_s: float, stray: str | None, owed: list[Owed], audit: list[AuditRow],
        effects: list[ScopedEffect], calls: list[str],
    ) -> Changes:  # fmt: skip
        is_brain = pair.role == "brain"
        changes = Changes(audit=list(audit))
        changes.owed = [row for row in owed if is_brain or row.target != "brain" or row.envelope]
        for head, fate in zip(pair.real.heads, fates, strict=False):
            self._decide(pair, head, fate, delay_s, changes)
        if stray is not None and ident(stray) not in {head.event_id for head in pair.real.heads}:
            changes.retries.append(Retry(ident(stray), 5, delay_s + given.apart_s(stray)))
        if is_brain:
            changes.effects = effects
        else:
            self._end_calls(pair, calls, changes)
        return changes

    def _decide(self, pair: Pair, head: Head, fate: str, delay_s: float, changes: Changes) -> None:
        name = _name(head.event_id)
        match fate:
            case "settle":
                changes.settled.append(head.event_id)
            case "retry" | "retry in order":
                delay_s += given.apart_s(name)
                changes.retries.append(
                    Retry(head.event_id, head.attempt + 1, delay_s, ordered=fate != "retry")
                )
            case "bury":
                changes.dead.append(DeadLetter(head.event_id, (f"why {name}", "and more"), head.repeat))
            case "die" if pair.role == "brain":
                changes.deaths.append(head.event_id)

    def _end_calls(self, pair: Pair, calls: list[str], changes: Changes) -> None:
        """Let calls end as the sender has them end: settled, or suspended where the claim was given up before."""
        for lane, end in zip(dict.fromkeys(pair.notes["released"]), calls, strict=False):
            name = next(n for n in given.NAMES if given.lane_of(n) == lane or lane == given.LANES[3])
            match end:
                case "delivered" | "ambiguous":
                    message_id = 1 + len(name) % 2 if end == "delivered" else None
                    changes.deliveries.append(Delivery(given.key_of(name), lane, end, message_id))
                    changes.audit.append(given.audit_of(name, Outcome.PROCESSED))
                case "suspended" | "unresolved":
                    changes.suspended.append(
                        Suspended(lane, ident(name), given.token_of("token 1"), end == "unresolved")
                    )
                case "unreachable":
                    changes.unreachable = [given.UNREACHABLE]
                case "moved":
                    changes.migrations = [given.MIGRATION]
        changes.rates = {
            bucket: RateState(max(0.0, state.full_in_s) + 2.0, state.blocked_for_s)
            for bucket, state in pair.notes["rates"].items()
        }

    # The edge, operators, time

    @rule(act=outside.bringing | outside.operating)
    def operate(self, act: outside.Act) -> None:
        self._all(act)

    @rule(follower=st.integers(0, 1))
    def follow(self, follower: int) -> None:
        marks: list[Any] = []

        async def read_on(leg: Leg) -> object:
            mark = self.marks[follower]
            place = 0 if leg is self.stage.real else 1
            entries, after = await leg.records.audit_after(
                AuditFilter(limit=ALL), None if mark is None else mark[place]
            )
            marks.append(after)
            return entries_of(entries)

        self.stage.same(read_on)
        self.marks[follower] = marks

    @rule(seconds=st.sampled_from([1.0, 6.0, 6.0, 31.0, 31.0, 61.0, 3601.0, DAY_S + 1, 5 * DAY_S + 1]))
    def wait(self, seconds: float) -> None:
        room_s = self.opened_at + OPEN_S_MAX - self.stage.fake.now() if self.open else seconds
        self.stage.move(min(seconds, max(STEP_S, room_s)))
        self._look()

    # What all of them need

    def _tick(self) -> None:
        self.stage.move(STEP_S)

    def _acting(self, role: str | None = None) -> list[Pair]:
        """Return the open rounds that have not applied anything yet."""
        return [pair for pair in self.open if not pair.has_applied and role in (None, pair.role)]

    def _has(self, role: str | None = None) -> bool:
        return bool(self._acting(role))

    def _pick(self, at: int, role: str | None = None) -> Pair:
        found = self._acting(role)
        return found[at % len(found)]

    def _do(
        self,
        pair: Pair,
        act: Callable[[Any], Any],
        normal: Callable[[Any], object] = lambda x: x,
        *,
        may_wait: bool = False,
    ) -> Told:
        self._tick()
        told = pair.same(act, normal, may_wait=may_wait)
        if not pair.is_open:
            self.open.remove(pair)
        return told

    def _end(self, pair: Pair, how: End) -> None:
        self._tick()
        pair.end(how)
        self.open.remove(pair)
        if how is End.KILL:
            self.deaths += 1
            runs = self.runs[pair.role]
            runs[runs.index(pair.run)] = f"{pair.role} {2 + self.deaths}"

    def _all(self, act: Callable[[Leg], Any]) -> None:
        self._tick()
        self.stage.same(act)
        self._look()

    def _look(self) -> None:
        """Compare what rounds and operators see now; lanes that open rounds have are in it as lost."""
        for target in given.TARGETS:
            self.stage.same(lambda leg, target=target: look_at_lanes(leg, target))  # type: ignore[misc]
        self.stage.same(look_at_records)

    def _look_at_all(self) -> None:
        """Compare all that can be read, where no round is open that has it locked."""
        self._tick()
        self._look()
        for look in (look_at_brain, look_at_sender, look_at_audit, look_at_letters):
            self.stage.same(look)


def _as_told(value: object) -> object:
    return value


def _name(event_id: UUID) -> str:
    return next(name for name in given.NAMES if ident(name) == event_id)
