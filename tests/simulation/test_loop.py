"""The simulated event loop: whose steps run when, what a death leaves, and that a seed says it all."""

import asyncio
from random import Random

import pytest

from entrypoints.simulation.loop import Killed, SimulatedLoop, State, Stuck


async def count(told: list[str], name: str, upto: int) -> None:
    for number in range(upto):
        told.append(f"{name}{number}")
        await asyncio.sleep(0)


def interleaved(seed: int) -> list[str]:
    loop, told = SimulatedLoop(Random(seed)), list[str]()
    tasks = [loop.spawn(loop.process(name), count(told, name, 5)) for name in "abc"]
    loop.run_until_complete(wait_for(tasks))
    loop.close()
    return told


async def wait_for(tasks: list["asyncio.Task[None]"]) -> None:
    await asyncio.wait(tasks)


def test_a_seed_says_how_processes_interleave_and_each_keeps_its_own_order() -> None:
    told = interleaved(1)
    assert told == interleaved(1)
    assert len({tuple(interleaved(seed)) for seed in range(10)}) > 5
    for name in "abc":
        assert [each for each in told if each[0] == name] == [f"{name}{n}" for n in range(5)]


def test_time_passes_only_when_nobody_has_anything_to_do() -> None:
    loop = SimulatedLoop(Random(1))
    seen: list[float] = []

    async def look() -> None:
        await asyncio.gather(*(count([], "busy", 100) for _ in range(3)))
        seen.append(loop.time())
        await asyncio.sleep(3600)
        seen.append(loop.time())

    loop.run_until_complete(look())
    loop.close()
    assert seen == [0.0, 3600.0]


def test_what_is_killed_does_nothing_more_and_unwinds_nothing() -> None:
    loop, told = SimulatedLoop(Random(1)), list[str]()
    process = loop.process("victim")

    async def work() -> None:
        try:
            await asyncio.sleep(1)
            told.append("worked on")
        finally:
            told.append("cleaned up")

    async def watch() -> None:
        loop.spawn(process, work())
        await asyncio.sleep(0.5)
        loop.kill(process)
        await asyncio.sleep(5)

    loop.run_until_complete(watch())
    assert (told, process.state) == ([], State.DEAD)
    loop.close()


def test_who_kills_itself_goes_no_further_and_takes_its_other_tasks_along() -> None:
    loop, told = SimulatedLoop(Random(1)), list[str]()
    process = loop.process("victim")

    async def other() -> None:
        await asyncio.sleep(1)
        told.append("the other task went on")

    async def work() -> None:
        helper = asyncio.ensure_future(other())
        await asyncio.sleep(0.5)
        assert not helper.done()
        loop.kill(process)
        raise Killed

    async def watch() -> None:
        loop.spawn(process, work())
        await asyncio.sleep(5)

    loop.run_until_complete(watch())
    loop.close()
    assert (told, loop.troubles) == ([], [])


def test_what_is_paused_goes_on_where_it_was_with_its_timers_long_past() -> None:
    loop, told = SimulatedLoop(Random(1)), list[float]()
    process = loop.process("sleeper")

    async def work() -> None:
        await asyncio.sleep(1)
        told.append(loop.time())

    async def watch() -> None:
        loop.spawn(process, work())
        await asyncio.sleep(0.5)
        loop.pause(process)
        await asyncio.sleep(9.5)
        loop.resume(process)
        await asyncio.sleep(1)

    loop.run_until_complete(watch())
    loop.close()
    assert told == [10.0]


def test_a_loop_with_nothing_left_to_do_says_so() -> None:
    loop = SimulatedLoop(Random(1))
    with pytest.raises(Stuck, match="nobody has anything left to do"):
        loop.run_until_complete(loop.create_future())
    loop.close()


def test_a_step_that_fails_is_noted_and_the_others_go_on() -> None:
    loop = SimulatedLoop(Random(1))

    async def watch() -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 // 0)
        await asyncio.sleep(1)

    loop.run_until_complete(watch())
    loop.close()
    assert loop.troubles == ["a step failed: ZeroDivisionError('integer division or modulo by zero')"]
