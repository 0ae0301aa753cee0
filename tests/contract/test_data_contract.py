"""What every Store promises of owned data, the API mode, the sweep and the figures: memory and Postgres.

``MemoryStore`` and ``PostgresStore``, as the brain. What a scope must not see is in ``test_postgres_isolation``.
"""

import pytest

from application.changes import Changes, DeadLetter, Retry, ScopedEffect
from application.ports import Store
from domain.decisions import Effect, MoveData, PutSetting, SetApiMode
from domain.errors import Unavailable
from domain.runtime_state import Mode
from tests.contract.legs import Leg, given_owed, ident, owed, when_applied, when_settled


async def when_done(leg: Leg, *effects: tuple[str, Effect]) -> None:
    """Apply effects, each with its scope, in one round."""
    await when_applied(leg.store(), "brain", Changes(effects=[ScopedEffect(*each) for each in effects]))


async def settings_of(leg: Leg, *scopes: str) -> dict[str, dict[str, str]]:
    async with leg.store().round("brain", ()) as current:
        return {scope: dict(names) for scope, names in (await current.settings(scopes)).items()}


class Told:
    """Notes which modes it is told; raises ``fault`` instead when there is one."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.modes: list[str] = []
        self._fault = fault

    async def __call__(self, mode: str) -> None:
        if self._fault is not None:
            raise self._fault
        self.modes.append(mode)


# Settings


async def test_settings_are_kept_by_scope_and_the_last_writer_wins(leg: Leg) -> None:
    await when_done(
        leg,
        ("1:u5", PutSetting("greeted", "once")),
        ("1:c-7", PutSetting("greeted", "group")),
        ("1:u5", PutSetting("greeted", "twice")),
        ("1:u5", PutSetting("tone", "short, 'dry'")),
    )
    assert await settings_of(leg, "1:u5") == {"1:u5": {"greeted": "twice", "tone": "short, 'dry'"}}
    await when_done(leg, ("1:u5", PutSetting("greeted", "thrice")))
    found = await settings_of(leg, "1:u5", "1:c-7", "1:u9")
    assert found["1:u5"]["greeted"] == "thrice"
    assert found["1:c-7"] == {"greeted": "group"}
    assert found["1:u9"] == {}


async def test_what_a_group_owns_follows_it_and_what_stands_there_already_stays(leg: Leg) -> None:
    await when_done(
        leg,
        ("1:c-7", PutSetting("greeted", "old")),
        ("1:c-7", PutSetting("tone", "old")),
        ("1:c-1007", PutSetting("tone", "new")),
        ("1:c-8", PutSetting("tone", "neighbour")),
    )
    await when_done(leg, ("1:c-7", MoveData(-1007)))
    found = await settings_of(leg, "1:c-7", "1:c-1007", "1:c-8")
    assert found == {
        "1:c-7": {},
        "1:c-1007": {"greeted": "old", "tone": "new"},
        "1:c-8": {"tone": "neighbour"},
    }


async def test_moving_twice_or_moving_nothing_is_harmless(leg: Leg) -> None:
    await when_done(leg, ("1:c-7", MoveData(-1007)))
    await when_done(leg, ("1:c-7", PutSetting("tone", "x")), ("1:c-7", MoveData(-1007)))
    await when_done(leg, ("1:c-7", MoveData(-1007)))
    assert await settings_of(leg, "1:c-1007") == {"1:c-1007": {"tone": "x"}}


# The API mode


async def test_no_mode_is_committed_until_one_is_chosen_and_the_last_choice_counts(leg: Leg) -> None:
    store = leg.store()
    assert await store.api_mode() is None
    await when_done(leg, ("1:u5", SetApiMode(Mode.KIMI)), ("1:u6", SetApiMode(Mode.OPENAI)))
    assert await store.api_mode() == "openai"


async def test_a_committed_mode_is_told_once(leg: Leg) -> None:
    store, told = leg.store(), Told()
    await store.apply_mode(told)
    assert told.modes == [], "nothing was chosen"
    await when_done(leg, ("1:u5", SetApiMode(Mode.KIMI)))
    await store.apply_mode(told)
    await store.apply_mode(told)
    assert told.modes == ["kimi"]
    await store.apply_mode(told, force=True)
    assert told.modes == ["kimi", "kimi"]
    await when_done(leg, ("1:u5", SetApiMode(Mode.AUTO)))
    await store.apply_mode(told)
    assert told.modes == ["kimi", "kimi", "auto"]


async def test_a_mode_that_could_not_be_told_is_told_later(leg: Leg) -> None:
    store, told = leg.store(), Told()
    await when_done(leg, ("1:u5", SetApiMode(Mode.KIMI)))
    with pytest.raises(Unavailable):
        await store.apply_mode(Told(Unavailable("away")))
    await store.apply_mode(told)
    assert told.modes == ["kimi"]


# The sweep


async def due(store: Store, after: str = "", limit: int = 10, grace_s: float = 1.0) -> list[str]:
    return list((await store.due_lanes("brain", after, limit, grace_s)).lanes)


async def test_lanes_are_due_when_their_row_has_been_for_the_grace(leg: Leg) -> None:
    await given_owed(leg, owed("now", "1:1"), owed("later", "1:2", delay_s=10), owed("s", "1:3", "sender"))
    assert await due(leg.store(), grace_s=5) == []
    await leg.elapse(6)
    assert await due(leg.store(), grace_s=5) == ["1:1"]
    await leg.elapse(10)
    assert await due(leg.store(), grace_s=5) == ["1:1", "1:2"]
    assert (await leg.store("sender").due_lanes("sender", "", 10, 5.0)).lanes == ("1:3",)


async def test_a_lane_is_named_once_however_many_rows_it_has(leg: Leg) -> None:
    await given_owed(leg, *(owed(f"flood {n}", "1:1") for n in range(30)), owed("calm", "1:2"))
    await leg.elapse(2)
    assert await due(leg.store()) == ["1:1", "1:2"]


async def test_the_sweep_goes_on_after_its_cursor_and_keeps_its_limit(leg: Leg) -> None:
    await given_owed(leg, *(owed(f"row {n}", f"1:{n}") for n in range(1, 8)))
    await leg.elapse(2)
    assert await due(leg.store(), limit=3) == ["1:1", "1:2", "1:3"]
    assert await due(leg.store(), after="1:3", limit=3) == ["1:4", "1:5", "1:6"]
    assert await due(leg.store(), after="1:6", limit=3) == ["1:7"]
    assert await due(leg.store(), after="1:7", limit=3) == []


async def test_a_lane_whose_ordered_head_waits_is_due_only_for_a_row_outside_the_order(leg: Leg) -> None:
    await given_owed(leg, owed("head", "1:1", delay_s=60), owed("behind", "1:1"))
    await leg.elapse(2)
    assert await due(leg.store()) == []
    await when_applied(leg.store(), "brain", Changes(retries=[Retry(ident("behind"), 1, 0.0)]))
    await leg.elapse(2)
    assert await due(leg.store()) == ["1:1"]


# Figures


async def test_the_figures_count_owed_rows_by_target_and_dead_letters(leg: Leg) -> None:
    assert (await leg.store().figures()).owed == {}
    await given_owed(leg, owed("a"), owed("b", "1:6"), owed("c", target="sender"), owed("d", delay_s=900))
    await when_applied(leg.store(), "brain", Changes(dead=[DeadLetter(ident("b"), ("why",))]))
    await leg.elapse(30)
    for figures in (await leg.store().figures(), await leg.records.figures()):
        assert dict(figures.owed) == {"brain": 2, "sender": 1}
        assert figures.dead_letters == 1
        assert figures.oldest_s == pytest.approx(30, abs=5)
        assert dict(figures.oldest_s_of) == pytest.approx({"brain": 30, "sender": 30}, abs=5)


async def test_nothing_due_has_no_age(leg: Leg) -> None:
    await given_owed(leg, owed("later", delay_s=60))
    assert (await leg.records.figures()).oldest_s == 0.0
    assert dict((await leg.records.figures()).oldest_s_of) == {"brain": 0.0}
    await leg.elapse(61)
    await when_settled(leg, "later")
    assert (await leg.records.figures()).oldest_s == 0.0
