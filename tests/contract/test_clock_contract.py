"""What every implementation of the Clock port promises: the machine's, and the one that is moved by hand."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.memory.clock import ManualClock
from adapters.system import SystemClock
from application.ports import Clock

Pass = Callable[[float], Awaitable[None]]
PATIENCE_S = 10.0


class ClockContract:
    """The promises of the port. ``pass_time`` lets that much time go by."""

    async def test_both_times_run_at_the_same_pace(self, clock: Clock, pass_time: Pass) -> None:
        now_s, steady_s = clock.now(), clock.steady()
        await pass_time(0.05)
        assert clock.now() - now_s == pytest.approx(clock.steady() - steady_s, abs=0.05)
        assert clock.steady() - steady_s >= 0.05
        assert isinstance(clock, Clock)

    async def test_a_sleep_ends_when_its_time_has_passed_and_not_before(
        self, clock: Clock, pass_time: Pass
    ) -> None:
        start_s = clock.steady()
        sleeping = asyncio.create_task(self._until_woken(clock, 0.05))
        await pass_time(0.06)
        assert await asyncio.wait_for(sleeping, PATIENCE_S) - start_s >= 0.05

    async def test_sleepers_wake_in_the_order_of_their_times(self, clock: Clock, pass_time: Pass) -> None:
        woken: list[float] = []

        async def note(seconds: float) -> None:
            await clock.sleep(seconds)
            woken.append(seconds)

        sleeping = asyncio.gather(note(0.09), note(0.03), note(0.06))
        await pass_time(0.1)
        await asyncio.wait_for(sleeping, PATIENCE_S)
        assert woken == [0.03, 0.06, 0.09]

    async def test_no_time_at_all_lets_others_run(self, clock: Clock) -> None:
        ran: list[int] = []
        asyncio.get_running_loop().call_soon(ran.append, 1)
        await clock.sleep(0)
        assert ran == [1]

    async def test_a_cancelled_sleeper_does_not_hold_up_the_others(
        self, clock: Clock, pass_time: Pass
    ) -> None:
        first = asyncio.create_task(clock.sleep(0.03))
        second = asyncio.create_task(clock.sleep(0.04))
        await clock.sleep(0)
        first.cancel()
        await pass_time(0.05)
        await asyncio.wait_for(second, PATIENCE_S)
        assert first.cancelled()

    async def _until_woken(self, clock: Clock, seconds: float) -> float:
        await clock.sleep(seconds)
        return clock.steady()


class TestManual(ClockContract):
    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    def pass_time(self, clock: ManualClock) -> Pass:
        return clock.advance

    async def test_it_stands_still_by_itself(self, clock: ManualClock) -> None:
        before = (clock.now(), clock.steady())
        await clock.sleep(0)
        assert (clock.now(), clock.steady()) == before

    async def test_a_sleeper_sees_its_own_time_even_when_the_clock_moves_far(
        self, clock: ManualClock
    ) -> None:
        sleeping = asyncio.create_task(self._until_woken(clock, 60.0))
        await clock.advance(3600.0)
        assert await sleeping == 60.0


class TestSystem(ClockContract):
    @pytest.fixture
    def clock(self) -> SystemClock:
        return SystemClock()

    @pytest.fixture
    def pass_time(self, clock: SystemClock) -> Pass:
        async def wait(seconds: float) -> None:
            end_s = clock.steady() + seconds
            while clock.steady() < end_s:
                await asyncio.sleep(0.001)

        return wait


class TestSystemMovedAhead(TestSystem):
    @pytest.fixture
    def clock(self) -> SystemClock:
        return SystemClock(lambda: 3600.0)

    async def test_it_shows_a_later_date_and_takes_no_longer(self) -> None:
        ahead_s = 0.0
        clock = SystemClock(lambda: ahead_s)
        now_s, steady_s = clock.now(), clock.steady()
        ahead_s = 3600.0
        assert clock.now() - now_s >= 3600.0
        assert clock.steady() - steady_s < 3600.0
