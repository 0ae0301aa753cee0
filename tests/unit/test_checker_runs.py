"""The checker finds nothing in runs in which every promise was kept, with faults and without, and people say enough."""

import pytest
from attrs import evolve

from adapters.botworld import Fault, FaultKind
from domain.tasks.values import Kept
from entrypoints.simulation.checker import violations
from entrypoints.simulation.history import Kind
from entrypoints.simulation.people import WEIGHTS, Action, People, plan, token_of, without
from tests.unit.checker_given import (
    EDITED,
    SCRIPT,
    Stage,
    a_fault,
    plain_run,
    rules_of,
    script_run,
    with_effects,
    with_standing,
)


@pytest.mark.parametrize("seed", range(4))
async def test_a_run_without_faults_keeps_every_promise(seed: int) -> None:
    history = await plain_run(seed)
    assert violations(history) == []


@pytest.mark.parametrize(
    "fault",
    [
        a_fault(FaultKind.RESET_AFTER), a_fault(FaultKind.RESET_BEFORE), a_fault(FaultKind.HANG_AFTER),
        a_fault(FaultKind.HANG_BEFORE, count=3), a_fault(FaultKind.NOT_SENT), a_fault(FaultKind.REFUSE),
        a_fault(FaultKind.REFUSE, code=429, description="Too Many Requests", retry_after_s=30, count=2),
        a_fault(FaultKind.REFUSE, code=400, description="Bad Request: of the test"),
        a_fault(FaultKind.REFUSE, code=403, description="Forbidden: of the test"),
        a_fault(FaultKind.GATEWAY, code=502, count=20), a_fault(FaultKind.RESET_AFTER, count=20),
    ],
    ids=lambda fault: f"{fault.kind.value}-{fault.code}-{fault.count}",
)  # fmt: skip
async def test_whatever_telegram_does_is_explained_by_the_history(fault: Fault) -> None:
    history = await script_run(3, fault)
    assert violations(history) == []


async def test_a_reminder_that_may_be_missing_is_told_and_so_is_one_that_is_not_told() -> None:
    stage = Stage(SCRIPT)
    await stage.act(13)
    stage.harness.world.faults.add(a_fault(FaultKind.RESET_AFTER))
    await stage.pass_time(100)
    await stage.do(13)
    history = await stage.history()
    assert violations(history) == []
    (occasion,) = history.standing.occasions
    assert (occasion.kept, occasion.told) == (Kept.AMBIGUOUS, True)
    assert rules_of(with_standing(history, occasions=[evolve(occasion, told=False)])) == {"doubted"}
    silent = [each for each in history.effects if "may not have reached" not in (each.text or "")]
    assert "doubted" in rules_of(with_effects(history, silent))


async def test_letters_that_are_redriven_come_once() -> None:
    stage = Stage(SCRIPT)
    stage.harness.world.faults.add(
        a_fault(FaultKind.REFUSE, code=400, description="Bad Request: of the test", count=3)
    )
    await stage.act()
    assert len(await stage.harness.dead_letters()) == 4
    await stage.harness.redrive()
    history = await stage.history()
    assert violations(history) == []
    assert history.letters == []


async def test_what_was_forgotten_is_not_judged() -> None:
    stage = Stage(SCRIPT)
    stage.harness.world.record.kept_max = 3
    await stage.act()
    assert "whole" in rules_of(await stage.history())


def test_a_plan_follows_from_its_seed_and_its_tokens_are_its_own() -> None:
    assert plan(7) == plan(7) != plan(8)
    tokens = [action.token for action in plan(7)]
    assert len(set(tokens)) == len(tokens)
    assert tokens[0] == token_of(1, plan(7)[0].place)


def test_everything_that_people_may_do_is_done_by_some_seed() -> None:
    actions = [action for seed in range(20) for action in plan(seed)]
    assert {action.kind for action in actions} == set(Kind)
    words = " ".join(action.what for action in actions)
    for name in ("/task", "/remind", "/done", "/timezone", "/tasks", "/api", "/status"):
        assert name in words
    assert {"burst", "hostile", "press_twice"} <= set(WEIGHTS)


def test_what_is_left_of_a_plan_is_done_at_the_times_it_had() -> None:
    def times(actions: list[Action]) -> dict[int, float]:
        found, at_s = {}, 0.0
        for action in actions:
            at_s += action.wait_s
            found[action.number] = round(at_s, 6)
        return found

    whole = plan(3)
    left = without(whole, {2, 3, 5, 8, 13, 21})
    assert times(left) == {n: at for n, at in times(whole).items() if n not in {2, 3, 5, 8, 13, 21}}


@pytest.mark.parametrize("kept", [1, 2])
async def test_a_plan_of_which_parts_are_missing_is_still_done(kept: int) -> None:
    stage = Stage([action for action in plan(5) if action.number % 3 == kept])
    await stage.act()
    assert violations(await stage.history()) == []


async def test_what_is_about_something_that_was_not_done_is_nothing() -> None:
    stage = Stage([action for action in SCRIPT if action.about is not None])
    people = People(stage.harness.world, stage.people.plan)
    assert [people.do(k) for k in range(len(people.plan))] == [None] * len(people.plan)
    assert stage.harness.world.record.chats() == []


async def test_only_what_was_told_twice_is_told_twice() -> None:
    history = await script_run()
    repeats = [deed for deed in history.deeds if deed.kind is Kind.REPEAT]
    assert [deed.about for deed in repeats] == [deed.token for deed in repeats] == ["m2c0"]
    assert all(deed.is_accepted for deed in history.deeds)
    assert EDITED in {deed.token for deed in history.deeds}
