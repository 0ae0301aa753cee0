"""What is done to the store outside of rounds: by the edge, by operators, and now and then.

Each function returns an act on a side. Not here: rounds (``store_machine``).
"""

from collections.abc import Awaitable, Callable, Sequence

from attrs import evolve
from hypothesis import strategies as st

from application.changes import Arrival, AuditRow, Changes, Owed
from application.letters import LetterFilter, Moved
from application.notices import Fallen
from application.retention import DAY_S, Kind
from domain.decisions import AccessEffect, Outcome
from tests.contract.legs import Leg, ident, when_applied
from tests.twins import given

Act = Callable[[Leg], Awaitable[object]]
LETTERS_MAX = 1_000


def owe(rows: Sequence[Owed]) -> Act:
    """Let a round that does nothing else owe events."""
    return lambda leg: when_applied(leg.store(run="else"), "brain", Changes(owed=list(rows)))


def accept(arrived: Sequence[tuple[str, bool]]) -> Act:
    """Let updates arrive: of each the event that it becomes, and whether it is ignored."""
    arrivals = [_arrival(name, is_ignored) for name, is_ignored in arrived]
    return lambda leg: leg.intake.accept(arrivals)


def _arrival(name: str, is_ignored: bool) -> Arrival:
    row = AuditRow(
        Outcome.ACCEPTED, ident(name), "message.received", "gateway", "brain", given.trace_of(name),
        given.key_of(name), scope=given.SCOPES[0],
    )  # fmt: skip
    if is_ignored:
        return Arrival(given.key_of(name), evolve(row, outcome=Outcome.IGNORED, reason="no use"))
    return Arrival(given.key_of(name), row, given.owed_of(name, "brain", 0.0, None))


def move_letters(places: set[int], is_redriven: bool) -> Act:
    """Redrive or discard the letters at these places."""

    async def move(leg: Leg) -> object:
        letters = await leg.letters.newest(LetterFilter(), LETTERS_MAX)
        ids = [letters[place].letter_id for place in sorted(places) if place < len(letters)]
        moved = await (leg.letters.redrive(ids) if is_redriven else leg.letters.discard(ids, "why not"))
        return Moved(*(tuple(map(ids.index, which)) for which in (moved.done, moved.owed_already)))

    return move


def decide(effects: Sequence[AccessEffect], name: str) -> Act:
    """Let an operator decide about access."""

    async def act(leg: Leg) -> None:
        async with leg.desk.decide() as deciding:
            await deciding.access.write(effects)
            await deciding.note([], [given.audit_of(name, Outcome.PROCESSED)])

    return act


def apply_mode(force: bool) -> Act:
    """Tell a committed API mode."""

    async def act(leg: Leg) -> object:
        told: list[str] = []

        async def tell(mode: str) -> None:
            told.append(mode)

        await leg.store().apply_mode(tell, force=force)
        return told

    return act


def forget(kind: Kind, days: float) -> Act:
    """Forget what is older than so many days and needed by nobody."""
    return lambda leg: leg.archive.forget(kind, days * DAY_S, 1_000)


def see(places: set[int]) -> Act:
    """Let somebody know of the letters at these places."""

    async def act(leg: Leg) -> None:
        letters = await leg.letters.newest(LetterFilter(), LETTERS_MAX)
        await leg.letters.seen([letters[place].letter_id for place in sorted(places) if place < len(letters)])

    return act


def tell_admins(name: str) -> Act:
    """Tell of the letters that nobody knows of."""

    async def act(leg: Leg) -> object:
        async with leg.watch.turn() as turn:
            fallen = sorted(map(_without_id, await turn.tell([1, 2])), key=repr)
            reachable = await turn.reachable(given.SCOPES[:1])
            if fallen:
                await turn.note(
                    [given.owed_of(name, "sender-bulk", 0.0, None)], [given.audit_of(name, Outcome.ACCEPTED)]
                )
        return (
            evolve(turn.state, fallen=tuple(sorted(map(_without_id, turn.state.fallen), key=repr))),
            fallen,
            reachable,
        )

    return act


def _without_id(fallen: Fallen) -> Fallen:
    return evolve(fallen, last_id=0)


bringing = st.one_of(
    st.builds(owe, st.lists(given.owed_rows, min_size=1, max_size=4)),
    st.builds(accept, st.lists(st.tuples(given.names, st.booleans()), min_size=1, max_size=3)),
)
operating = st.one_of(
    st.builds(move_letters, st.sets(st.integers(0, 3), min_size=1), st.booleans()),
    st.builds(decide, st.lists(given.access_effects, min_size=1, max_size=2), given.names),
    st.builds(apply_mode, st.booleans()),
    st.builds(
        forget, st.sampled_from([Kind.UPDATES, Kind.DELIVERIES, Kind.LEFTOVERS]), st.sampled_from([3.0, 8.0])
    ),
    st.builds(see, st.sets(st.integers(0, 3), max_size=2)),
    st.builds(tell_admins, given.names),
)
