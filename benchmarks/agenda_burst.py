"""Thousands of tasks that are due in the same minute: how late their reminders come, in which order, and how long a
reply takes meanwhile.

The product's own services, each a process, on real servers; the simulated Telegram enforces the limits that the sender
keeps. Not here: finding what is due (``agenda_scan``).
"""

import asyncio
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import count, cycle
from pathlib import Path
from typing import Any

import psutil
from attrs import define, field, frozen

from adapters.botworld import RateLimits, World
from adapters.botworld.accounts import Chat, Status
from tests.acceptance.cluster import TOKEN, Cluster, Servers, running_cluster
from tests.acceptance.floods import percentile
from tests.acceptance.processes import Nursery
from tests.acceptance.waiting import until

SERVICES = ("gateway-1", "brain-1", "sender-1", "scheduler-1")
MINUTE_S = 60.0
# Between writing the tasks and the beginning of their minute.
LEAD_S = 3.0
# What they are measured against: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
TELEGRAM_PER_S = 30
# Of a hundred tasks ten are those of one chat, which has many; the others are of chats that have one.
OF_ONE_CHAT, IN_EACH = 10, 100
CHATS_OF_MANY = 10
FIRST_OF_MANY, FIRST_OF_ONE = 20_000_000, 30_000_000
TALKERS, TALK_PER_S, CALM_S = range(40_000_000, 40_000_030), 3.0, 20.0
PATIENCE_S = 60.0

DUE = """
insert into openclaw.tasks (task_id, scope, number, title, folded, due_at, remind_at)
select gen_random_uuid(), '1000:u' || chat, number, 'due ' || n, 'due ' || n, at, at
from unnest($1::int[], $2::bigint[], $3::int[], $4::timestamptz[]) as x(n, chat, number, at)
"""


@frozen
class Leg:
    """One run: so many tasks that are due over so long, and the calls a second that the bot may make (0: any)."""

    due: int
    per_s: int = TELEGRAM_PER_S
    spread_s: float = MINUTE_S

    @property
    def settings(self) -> dict[str, object]:
        """What the services are told."""
        if self.per_s == 0:
            return {}
        return {"rate_bot_per_s": self.per_s, "rate_chat_per_s": 1, "rate_chat_burst": 3}


@frozen
class Burst:
    """What came of a run. ``late_s`` is in the order in which the tasks were due, by the chats that have one and many.

    ``ideal_s`` is how late they would be, served in that order at the rate that the bot may call. ``overtaken_s``: how
    much later than each another was due that came before it, both of chats that have one.
    """

    leg: Leg
    one_late_s: Sequence[float]
    many_late_s: Sequence[float]
    ideal_s: Sequence[float]
    overtaken_s: Sequence[float]
    took_s: float
    calm_s: Sequence[float]
    meanwhile_s: Sequence[float]
    refused: int
    cpu_s: Mapping[str, float]


@define
class Talk:
    """People who write, one after the other, at a steady rate, whether or not they are answered."""

    world: World
    said: dict[int, list[float]] = field(factory=dict)
    _who: Iterator[int] = field(factory=lambda: cycle(TALKERS))

    async def run(self, done: asyncio.Event) -> list[float]:
        """Write until ``done``; return how long each answer took, in seconds."""
        before = {chat: len(at) for chat, at in self.said.items()}
        began_s = time.time()
        for n in count():
            await _sleep_until(began_s + n / TALK_PER_S)
            if done.is_set():
                break
            chat = next(self._who)
            self.said.setdefault(chat, []).append(time.time())
            self.world.say(chat, chat, f"hello {n}")
        await until(self._is_answered, "every answer", PATIENCE_S)
        return [
            answer.received_at - said_s
            for chat, at in self.said.items()
            for said_s, answer in list(zip(at, self._answers(chat), strict=True))[before.get(chat, 0) :]
        ]

    async def run_for(self, seconds: float) -> list[float]:
        """Write for so long."""
        done = asyncio.Event()
        asyncio.get_running_loop().call_later(seconds, done.set)
        return await self.run(done)

    def _is_answered(self) -> bool:
        return all(len(self._answers(chat)) >= len(at) for chat, at in self.said.items())

    def _answers(self, chat: int) -> list[Any]:
        return self.world.record.of_chat(chat, method="sendMessage")


async def measure(nursery: Nursery, servers: Servers, folder: Path, leg: Leg) -> Burst:
    """Run a leg."""
    async with running_cluster(nursery, servers, folder, webhook=True, **leg.settings) as it:
        it.start(*SERVICES)
        await it.ready()
        if leg.per_s:
            # Calls of a chat that left in time may arrive closer together, so it is given one more at once.
            it.world.limit_rates(RateLimits(per_bot_s=float(leg.per_s), per_chat_s=1.0, chat_burst=4))
        talk = Talk(it.world)
        # The first messages open connections.
        await talk.run_for(3.0)
        calm_s = await talk.run_for(CALM_S)
        due = await _come_due(it, leg)
        used = _cpu_s(it)
        drained = asyncio.Event()
        talking = asyncio.create_task(talk.run(drained))
        said = await _said(it, leg, due)
        drained.set()
        meanwhile_s = await talking
        cpu_s = {name: after - used[name] for name, after in _cpu_s(it).items()}
        refused = it.world.record.refused[429]
        await it.stop()
        if logged := it.logs():
            print(logged, file=sys.stderr)
    return _burst(leg, due, said, calm_s, meanwhile_s, refused, cpu_s)


async def _come_due(it: Cluster, leg: Leg) -> dict[int, tuple[int, float]]:
    """Write the tasks; return the chat and the instant of each, by its number, in the order of the instants."""
    begin_s = time.time() + LEAD_S
    due = {n: (_chat_of(n), begin_s + n * leg.spread_s / leg.due) for n in range(leg.due)}
    numbers: dict[int, int] = {}
    rows = []
    for n, (chat, at) in due.items():
        numbers[chat] = numbers.get(chat, 0) + 1
        rows.append((n, chat, numbers[chat], at))
        _open(it.world, chat)
    number, chats, places, instants = zip(*rows, strict=True)
    moments = await it.database.fetchval(
        "select array(select to_timestamp(x) from unnest($1::float8[]) x)", instants
    )
    # The same chats as in a run before.
    await it.database.execute(
        "delete from openclaw.tasks where scope = any (array(select '1000:u' || c from unnest($1::bigint[]) c))",
        chats,
    )
    await it.database.execute(DUE, number, chats, places, moments)
    return due


def _chat_of(n: int) -> int:
    """Return the chat of a task: of each hundred the first ten are of chats that have many."""
    if n % IN_EACH < OF_ONE_CHAT:
        return FIRST_OF_MANY + n // IN_EACH % CHATS_OF_MANY
    return FIRST_OF_ONE + n


def _open(world: World, chat: int) -> None:
    """Let a person have written to the bot before, as Telegram asks for, without a message now."""
    known = world.chats.setdefault(chat, Chat(chat, "private", user=world.add_user(chat)))
    known.members[int(TOKEN.partition(":")[0])] = Status.MEMBER


async def _said(it: Cluster, leg: Leg, due: Mapping[int, tuple[int, float]]) -> dict[int, float]:
    """Return when each reminder reached its chat, by the number of its task, in the order of arrival."""
    chats = {chat for chat, _ in due.values()}
    rate = leg.per_s or 100
    bound_s = 2 * leg.due / rate + PATIENCE_S + leg.spread_s

    def there() -> int:
        return sum(len(it.world.record.of_chat(chat)) for chat in chats)

    began_s = time.time()
    while there() < leg.due:
        if time.time() > began_s + bound_s:
            raise TimeoutError(f"{there()} of {leg.due} reminders came within {bound_s:.0f} s\n{it.logs()}")
        await asyncio.sleep(0.5)
    found = {}
    for chat in chats:
        for effect in it.world.record.of_chat(chat):
            found[_number_in(str(effect.text))] = effect.received_at
    if len(found) != leg.due:
        raise RuntimeError(f"{len(found)} of {leg.due} tasks were reminded of, some of them twice")
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


def _number_in(text: str) -> int:
    _, _, rest = text.partition("due ")
    return int("".join(c for c in rest.split()[0] if c.isdigit()))


def _burst(
    leg: Leg, due: Mapping[int, tuple[int, float]], said: Mapping[int, float], calm_s: Sequence[float],
    meanwhile_s: Sequence[float], refused: int, cpu_s: Mapping[str, float],
) -> Burst:  # fmt: skip
    late_s = {n: said[n] - at for n, (_, at) in due.items()}
    free_at, ideal_s = 0.0, []
    for _, at in due.values():
        free_at = max(free_at, at) + (1 / leg.per_s if leg.per_s else 0.0)
        ideal_s.append(free_at - at)
    latest, overtaken_s = 0.0, []
    for at in (due[n][1] for n in said if due[n][0] >= FIRST_OF_ONE):
        overtaken_s.append(max(0.0, latest - at))
        latest = max(latest, at)
    one = [late_s[n] for n, (chat, _) in due.items() if chat >= FIRST_OF_ONE]
    many = [late_s[n] for n, (chat, _) in due.items() if chat < FIRST_OF_ONE]
    took_s = max(said.values()) - min(at for _, at in due.values())
    return Burst(leg, one, many, ideal_s, overtaken_s, took_s, calm_s, meanwhile_s, refused, cpu_s)


def _cpu_s(it: Cluster) -> dict[str, float]:
    used = {}
    for name, service in it.services.items():
        times = psutil.Process(service.pid).cpu_times()
        used[name.partition("-")[0]] = times.user + times.system
    return used


async def _sleep_until(at_s: float) -> None:
    await asyncio.sleep(max(0.0, at_s - time.time()))


def both(values: Sequence[float]) -> tuple[float, float]:
    """Return the p50 and the p99."""
    return percentile(list(values), 0.5), percentile(list(values), 0.99)
