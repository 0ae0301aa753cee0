"""What the tests of the checker begin with: histories of small runs on the in-memory harness, and ways to spoil them.

Not here: which rule tells of what (``test_checker*``).
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from attrs import evolve

from adapters.botworld import Effect, Fault, FaultKind
from application.changes import AuditRow
from application.facts import Gatherer
from application.records import AuditEntry
from application.rounds import Decider
from domain.decisions import Outcome
from domain.ids import event_id_of
from entrypoints.harness import BOT_ID, Harness
from entrypoints.simulation.checker import violations
from entrypoints.simulation.copies import MARK
from entrypoints.simulation.history import Deed, History, Kind, Mishap, gather
from entrypoints.simulation.people import ADMIN, Action, People, Scale, plan
from entrypoints.simulation.standing import of_memory

PIECE_S = 10.0
# Long enough for every reminder of a plan, and for every further attempt.
CALM_S = 250.0
FIRST, SECOND, LONG, TASK, REMIND, GROUP, EDITED = "m1c0", "m2c0", "m3c1", "m4c0", "m5c0", "m6c3", "m9c0"
SCRIPT = (
    Action(1, 0.0, Kind.MESSAGE, 0, "{token} one"),
    Action(2, 0.0, Kind.MESSAGE, 0, "{token} two"),
    Action(3, 1.0, Kind.LONG, 1, parts=3),
    Action(4, 0.5, Kind.COMMAND, 0, "/task {token} buy milk"),
    Action(5, 0.5, Kind.COMMAND, 0, "/remind {token} call mum in 1 min"),
    Action(6, 0.0, Kind.MESSAGE, 3, "{token} hello"),
    Action(7, 1.0, Kind.COMMAND, 1, "/timezone Asia/Tokyo"),
    Action(8, 1.0, Kind.COMMAND, 0, "/api kimi"),
    Action(9, 1.0, Kind.EDIT, 0, "{token} better", about=1),
    Action(10, 1.0, Kind.REPEAT, 0, about=2),
    Action(11, 1.0, Kind.COMMAND, 0, "/done", about=4),
    Action(12, 1.0, Kind.COMMAND, 1, "/api"),
    Action(13, 70.0, Kind.PRESS, 0, about=5),
    Action(14, 5.0, Kind.MESSAGE, 0, "{token} the end"),
    Action(15, 1.0, Kind.COMMAND, 1, "/timezone"),
)


class Stage:
    """A harness whose people follow a plan. ``faults`` are planned before the action with that number."""

    def __init__(self, actions: Sequence[Action], **settings: Any) -> None:
        self.harness = Harness(admins=[ADMIN], **settings)
        self.people = People(self.harness.world, actions)
        self.mishaps: list[Mishap] = []

    def mishap(self, kind: str, who: str, lasting_s: float = 0.0) -> None:
        """Note that something went wrong now."""
        now = self.harness.world.now()
        self.mishaps.append(Mishap(kind, who, now, now + lasting_s))

    async def act(self, upto: int | None = None) -> None:
        """Do the actions of the plan that have lower numbers, and what comes of them."""
        for k, action in enumerate(self.people.plan):
            if upto is None or action.number < upto:
                await self.do(k)

    async def do(self, k: int) -> None:
        """Wait for one action's time, and do it."""
        await self.pass_time(self.people.plan[k].wait_s)
        self.people.do(k)
        await self.harness.settle()

    async def pass_time(self, seconds: float) -> None:
        """Let time pass in pieces, sweeping as services do."""
        while seconds > 0:
            await self.harness.advance(min(seconds, PIECE_S))
            seconds -= PIECE_S

    async def history(self) -> History:
        """Return what is recorded when everything has come to rest."""
        await self.pass_time(CALM_S)
        it = self.harness
        decider = it.brain.runner
        assert isinstance(decider, Decider)
        gatherer = decider.gather
        assert isinstance(gatherer, Gatherer)
        standing = await of_memory(it.database, it.streams, mode_in_force=(await gatherer.mode()).value)
        return await gather(
            it.world, self.people.deeds, it.records, it.letters, standing, rested_at=it.clock.now(),
            mishaps=self.mishaps,
        )  # fmt: skip


async def plain_run(seed: int) -> History:
    """Return the history of a run of a seed in which nothing goes wrong."""
    stage = Stage(plan(seed, Scale(40, 5)))
    await stage.act()
    return await stage.history()


async def script_run(number: int = 0, fault: Fault | None = None) -> History:
    """Return the history of the script; ``fault`` meets what follows from the action with this number."""
    stage = Stage(SCRIPT)
    for k, action in enumerate(SCRIPT):
        if fault is not None and action.number == number:
            stage.harness.world.faults.add(fault)
        await stage.do(k)
    return await stage.history()


def a_fault(kind: FaultKind, **more: Any) -> Fault:
    """Return a fault of sending."""
    return Fault(kind, "sendMessage", **more)


def rules_of(history: History) -> set[str]:
    """Return the rules that a history breaks."""
    return {violation.rule for violation in violations(history)}


# Finding, and spoiling


def deed(history: History, token: str) -> Deed:
    """Return what somebody did."""
    return next(each for each in history.deeds if each.token == token)


def key_of(history: History, token: str, child: str = "") -> str:
    """Return the key of the update of a deed, or of what came of it."""
    key = deed(history, token).key
    return f"{key}/{child}" if child else str(key)


def with_deed(history: History, token: str, **changes: Any) -> History:
    """Return the history with one deed changed."""
    deeds = [evolve(each, **changes) if each.token == token else each for each in history.deeds]
    return evolve(history, deeds=deeds)


def effect(history: History, token: str, method: str = "sendMessage") -> Effect:
    """Return the first effect in which a token stands."""
    return next(each for each in history.effects if token in (each.text or "") and each.method == method)


def with_effects(history: History, effects: Iterable[Effect]) -> History:
    """Return the history with these effects, numbered anew in this order."""
    return evolve(history, effects=[evolve(each, seq=n) for n, each in enumerate(effects, 1)])


def without_effect(history: History, gone: Effect) -> History:
    """Return the history without an effect."""
    return with_effects(history, [each for each in history.effects if each is not gone])


def with_copy(history: History, of: Effect, *, marked: bool = False, **changes: Any) -> History:
    """Return the history with one more message that says the same, behind all others."""
    text = f"{of.text}{MARK}" if marked else of.text
    more = evolve(of, message_id=9_000, params={**of.params, "text": text}, **changes)
    return with_effects(history, [*history.effects, more])


def with_rows(history: History, *rows: AuditEntry) -> History:
    """Return the history with these rows behind all others."""
    return evolve(history, audit=[*history.audit, *rows])


def without_rows(history: History, is_gone: Callable[[AuditEntry], bool]) -> History:
    """Return the history without some rows of the audit."""
    return evolve(history, audit=[entry for entry in history.audit if not is_gone(entry)])


def rows_of(
    history: History, key: str, consumer: str, *outcomes: Outcome, event_type: str | None = None
) -> list[AuditEntry]:
    """Return the rows of a key that a consumer wrote."""
    return [
        entry for entry in history.audit
        if entry.row.idempotency_key == key and entry.consumer == consumer
        and (not outcomes or entry.row.outcome in outcomes)
        and event_type in (None, entry.row.event_type)
    ]  # fmt: skip


def a_row(of: AuditEntry, outcome: Outcome, reason: str = "", **more: Any) -> AuditEntry:
    """Return a row like another, with another outcome."""
    return evolve(of, row=evolve(of.row, outcome=outcome, reason=reason), **more)


def a_foreign_row(consumer: str, outcome: Outcome, key: str, reason: str = "") -> AuditEntry:
    """Return a row of something that nobody did."""
    row = AuditRow(
        outcome, event_id_of(key), "message.received", idempotency_key=key, target="brain", reason=reason
    )
    return AuditEntry(0.0, consumer, row)


def with_standing(history: History, **changes: Any) -> History:
    """Return the history with something else at its end."""
    return evolve(history, standing=evolve(history.standing, **changes))


@cache
def lane_of(chat_id: int) -> str:
    """Return the lane of a chat."""
    return f"{BOT_ID}:{chat_id}"
