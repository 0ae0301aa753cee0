"""Targets on a real Postgres and a real Valkey: what the in-memory adapters take and the servers refuse.

Not here: the search for ways through our code, for which the in-memory house is faster (``chats``, ``stores``).
"""

import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

from adapters.postgres.sql import SQL
from adapters.postgres.tasks import _columns
from domain.updates import NotAnUpdate
from entrypoints.cli import main
from entrypoints.exits import Exit
from tests.fuzz.ground import Ground, ServerHouse
from tests.fuzz.house import ANN, BEN, lane_of, scope_key
from tests.fuzz.loop import NoCase, Target
from tests.fuzz.mutation import Json, as_bytes, as_int, as_list, as_object, as_said, as_text
from tests.fuzz.targets import chats, outside, rows, stores, tools
from tests.fuzz.watch import Unforeseen
from tests.fuzz.words import thought_of

# Set by whoever has servers.
GROUND: list[Ground] = []


def _ground() -> Ground:
    if not GROUND:
        raise NoCase
    return GROUND[-1]


def updates(value: Json) -> str:
    """Take updates in, and let everything come to rest."""
    given = as_list(value)[: chats.STEPS_MAX]
    if not given:
        raise NoCase

    async def step() -> str:
        house = ServerHouse(_ground())
        told = set()
        for update in given:
            try:
                await house.gateway.accept([update])
                told.add("taken in")
            except NotAnUpdate:
                told.add("refused")
        await house.gateway.finish()
        await house.settle()
        await house.neighbour_is_answered()
        await house.rest()
        return " ".join(sorted(told)) + f", {len(await house.check())} dead"

    return _ground().run(step)


def owed(value: Json) -> str:
    """Put rows into the outbox, and let the services work them off."""
    given = [as_object(each) for each in as_list(value)][: stores.ROWS_MAX]
    if not given:
        raise NoCase

    async def step() -> str:
        house = ServerHouse(_ground())
        for row in given:
            target, lane, raw, name = stores.row_of(row)
            await house.put_row(
                target,
                lane.replace("\0", "?"),
                raw,
                name,
                as_int(row.get("attempt"), 0, 2**31 - 1),
                as_int(row.get("deaths"), 0, 99),
            )
        for consumer in (house.brain, *(each.consumer for each in house.sendings)):
            await consumer.sweep()
        await house.neighbour_is_answered()
        await house.rest()
        return " | ".join(sorted({reason[:16] for reason in await house.check()})) or "done"

    return _ground().run(step)


def entries(value: Json) -> str:
    """Write entries into the streams, while somebody's message is under way."""
    given = [as_object(each) for each in as_list(value)][: stores.ROWS_MAX]
    if not given:
        raise NoCase

    async def step() -> str:
        house = ServerHouse(_ground())
        house.world.say(ANN, ANN, "one")
        await house.poller.once()
        await house.gateway.finish()
        ids = [str(row[0]) for row in await house.ground.admin.fetch("select event_id from openclaw.outbox")]
        known = {"ann": lane_of(ANN), "ben": lane_of(BEN)}
        for each in given:
            fields = [
                part
                for name, content in as_object(each.get("fields")).items()
                for part in (as_bytes(name)[:200], stores.field_of(content, known, ids))
            ]
            if fields:
                await house.put_entry(stores.TARGET_NAMES[as_int(each.get("target"), 0, 2)], fields)
        await house.settle()
        if house.texts(ANN) != ["one"]:
            raise Unforeseen("a message was not answered once")
        await house.neighbour_is_answered()
        await house.check()
        left = sum([(await house.ground.streams.depth(name)).length for name in stores.TARGET_NAMES])
        if left or await house.owed():
            raise Unforeseen(f"{left} entries and {await house.owed()} rows are left")
        return f"let go {house.brain.counters.let_go}"

    return _ground().run(step)


def answers(value: Json) -> str:
    """Answer the calls that deliver with anything."""
    given = as_list(value)[: outside.ANSWERS_MAX]
    if not given:
        raise NoCase

    async def step() -> str:
        house = ServerHouse(_ground())
        telegram = outside.Answering(house.telegram, list(given))
        telegram.bad_for = ANN
        house.sending_telegram = telegram
        house.restart()
        house.world.say(ANN, ANN, "one *bold*")
        await house.settle()
        await house.neighbour_is_answered()
        await house.rest()
        return " | ".join(sorted({reason[:16] for reason in await house.check()})) or "delivered"

    return _ground().run(step)


def kept(value: Json) -> str:
    """Put settings, tasks and the API mode where an older version left them, and use the bot."""
    given = as_object(value)

    async def step() -> str:
        house = ServerHouse(_ground())
        admin = house.ground.admin
        chat = stores.CHATS[as_int(given.get("chat"), 0, 3)]
        for name, text in as_object(given.get("settings")).items():
            await admin.execute(
                "insert into openclaw.settings (scope, name, value) values ($1, $2, $3)",
                scope_key(chat),
                rows.stored(name)[:60],
                rows.stored(text)[:4000],
            )
        if "mode" in given:
            await house.ground.client.set("openclaw:api_mode", as_bytes(given["mode"]))

        made = [
            stores.task_of(as_object(each), number)
            for number, each in enumerate(as_list(given.get("tasks"))[:6])
        ]
        for task in made:
            await admin.execute(SQL["add_tasks"], *_columns([(scope_key(chat), task)]))
        user = chat if chat > 0 else ANN
        for command in [as_said(each)[:500] for each in as_list(given.get("say"))][:6]:
            house.world.say(chat, user, command.replace("\0", "?"))
            await house.settle()
        await house.settle()
        await house.neighbour_is_answered()
        letters = await house.check()
        if letters:
            raise Unforeseen(f"a dead letter: {letters[0]}")
        return f"{len(house.texts(chat))} said"

    return _ground().run(step)


def operators(value: Json) -> str:
    """Run a command line of an operator on the servers."""
    arguments = [as_text(each)[:2000].encode("utf-8", "replace").decode() for each in as_list(value)][:12]
    if any("\0" in each for each in arguments) or not arguments or arguments[0] not in OPERATORS:
        raise NoCase
    if any(each.startswith(("--w", "--f", "-f")) for each in arguments):
        raise NoCase
    ground = _ground()

    async def step() -> str:
        house = ServerHouse(ground)
        await house.put_row("sender", lane_of(ANN), b"{}", None, 0, 0)
        await house.put_row("sender", lane_of(BEN), json.dumps({"event_type": "x"}).encode(), None, 0, 0)
        for each in house.sendings:
            await each.consumer.sweep()
        await house.neighbour_is_answered()
        return ""

    ground.run(step)
    out, err = io.StringIO(), io.StringIO()
    with (
        tools.folder() as path,
        tools.inside(path),
        _urls(ground),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = main(arguments)
    if "openclaw: unexpected" in err.getvalue():
        raise Unforeseen(err.getvalue()[-300:])
    if code not in [*Exit] or (code != Exit.OK and not err.getvalue() + out.getvalue()):
        raise Unforeseen(f"it ended with {code} and said nothing")
    return f"{arguments[0]} {code}"


OPERATORS = frozenset({"status", "trace", "audit", "reminders", "dlq", "access"})


@contextmanager
def _urls(ground: Ground) -> Iterator[None]:
    os.environ["OPENCLAW_POSTGRES_URL"] = ground.postgres_url
    os.environ["OPENCLAW_REDIS_URL"] = ground.redis_url
    yield


def _operated() -> list[Json]:
    known = [each for each in tools.command_lines() if each[0] in OPERATORS and "--watch" not in each]
    return [*known, *thought_of("operator")]


_BY_NAME: dict[str, Any] = {
    target.name: target for target in (*chats.TARGETS, *stores.TARGETS, *outside.TARGETS, *tools.TARGETS)
}


def _on_servers(name: str, run: Any) -> Target:
    known: Target = _BY_NAME[name]
    return Target(
        f"{name}-on-servers",
        f"the same as for {name}",
        "the same, on Postgres and Valkey",
        run,
        known.seeds,
        known.words,
        servers=True,
    )


TARGETS = (
    _on_servers("update", updates),
    _on_servers("owed", owed),
    _on_servers("entry", entries),
    _on_servers("kept", kept),
    _on_servers("answer", answers),
    Target(
        "operator-on-servers",
        "the arguments of the commands that ask the servers",
        "an answer, or one sentence and an exit code",
        operators,
        _operated,
        _BY_NAME["arguments"].words,
        servers=True,
    ),
)
