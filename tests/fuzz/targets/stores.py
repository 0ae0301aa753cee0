"""Targets: what may lie in Postgres and Redis although no service of this version put it there.

Owed rows of older versions and damaged ones, entries of streams that strangers wrote, settings, tasks, the API mode.
Not here: the file of a backup (``tools``).
"""

import json
from contextlib import suppress
from uuid import UUID

from adapters.codec import Codec
from adapters.memory.tasks import TaskRow
from domain.ids import event_id_of
from domain.runtime_state import KEY
from domain.tasks.values import Late, Priority, Status, Task, Who
from entrypoints.harness import BOT_ID
from tests.fuzz.house import ANN, BEN, FORUM, GROUP, OWNER, House, lane_of, scope_key
from tests.fuzz.loop import NoCase, Target
from tests.fuzz.mutation import Json, as_bytes, as_int, as_list, as_object, as_said, as_text
from tests.fuzz.watch import Unforeseen, run
from tests.fuzz.words import WORDS, thought_of
from tests.unit.event_examples import PAYLOADS, event_of

ROWS_MAX = 6
TARGET_NAMES = ("brain", "sender", "sender-bulk")
CHATS = (ANN, BEN, GROUP, FORUM, OWNER)
OWED_MAX = 60


def owed(value: Json) -> str:
    """Put rows into the outbox, and let the services work them off."""
    rows = [as_object(each) for each in as_list(value)][:ROWS_MAX]
    if not rows:
        raise NoCase

    async def step() -> str:
        house = House()
        names = [_put(house, row) for row in rows]
        for consumer in (house.harness.brain, *(each.consumer for each in house.harness.sendings)):
            await consumer.sweep()
        await house.neighbour_is_answered()
        await house.rest()
        letters = {letter.event_id: letter for letter in await house.harness.dead_letters()}
        audited = {row.event_id for row in await house.harness.audit()}
        for name in names:
            if name not in letters and name not in audited:
                raise Unforeseen("a row is gone without a trace")
        await house.check()
        words = [f"{letter.reasons[0].partition(':')[0][:16]}" for letter in letters.values()]
        return " | ".join(sorted(set(words))) or "done"

    return run(step)


def row_of(row: dict[str, Json]) -> tuple[str, str, bytes, UUID | None]:
    """Return target, lane and bytes of a row, and its name, which is that of its event unless told otherwise."""
    chat = CHATS[as_int(row.get("chat"), 0, len(CHATS) - 1)]
    lane = as_text(row["lane"])[:200] or "x" if "lane" in row else lane_of(chat)
    content = row.get("envelope")
    name = None
    if isinstance(content, dict) and row.get("id") is not True:
        with suppress(ValueError, TypeError, AttributeError):
            name = UUID(content.get("event_id"))
    raw = as_bytes(content) if isinstance(content, str) else json.dumps(content).encode("utf-8", "replace")
    return TARGET_NAMES[as_int(row.get("target"), 0, 2)], lane, raw, name


def _put(house: House, row: dict[str, Json]) -> UUID:
    target, lane, raw, name = row_of(row)
    return house.put_row(
        target,
        lane,
        raw,
        event_id=name,
        attempt=as_int(row.get("attempt"), 0, 2**31 - 1),
        deaths=as_int(row.get("deaths"), 0, 2**31 - 1),
        ordered=row.get("ordered") is not False,
        repeat=row.get("repeat") is True,
    )


def envelope(value: Json) -> str:
    """Read bytes as an event, and write what was read."""
    raw = (
        as_bytes(value)
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    )
    codec = Codec()
    from domain.errors import InvalidEvent

    try:
        event = codec.decode(raw)
    except InvalidEvent as error:
        again: tuple[str, ...] = ()
        try:
            codec.decode(raw)
        except InvalidEvent as other:
            again = other.reasons
        if (
            not error.reasons
            or again != error.reasons
            or not all(each.isprintable() for each in error.reasons)
        ):
            raise Unforeseen("a refusal without its reasons, or not the same twice") from error
        return error.reasons[0].split(":")[-1][:24]
    if codec.decode(codec.encode(event)) != event:
        raise Unforeseen("what was read is not what was written")
    return event.event_type


def entries(value: Json) -> str:
    """Write entries into the streams, while somebody's message is under way."""
    given = [as_object(each) for each in as_list(value)][:ROWS_MAX]
    if not given:
        raise NoCase

    async def step() -> str:
        house = House()
        harness = house.harness
        harness.world.say(ANN, ANN, "one")
        harness.world.say(BEN, BEN, "two")
        await harness.take_in()
        known = {"ann": lane_of(ANN), "ben": lane_of(BEN)}
        ids = [str(row.head.event_id) for row in harness.database.tables.outbox.values()]
        for each in given:
            fields = {
                as_bytes(name)[:200].decode("latin-1"): field_of(part, known, ids)
                for name, part in as_object(each.get("fields")).items()
            }
            harness.streams.add_raw(TARGET_NAMES[as_int(each.get("target"), 0, 2)], fields)
        await harness.settle()
        if (harness.texts(ANN), harness.texts(BEN)) != (["one"], ["two"]):
            raise Unforeseen("messages were not answered once each")
        await house.neighbour_is_answered()
        await house.check()
        left = sum([(await harness.streams.depth(name)).length for name in TARGET_NAMES])
        if left or harness.owed:
            raise Unforeseen(f"{left} entries and {harness.owed} rows are left")
        return f"let go {harness.brain.counters.let_go}"

    return run(step)


def field_of(part: Json, known: dict[str, str], ids: list[str]) -> bytes:
    """Return the bytes of a field; ``$ann`` and the like stand for what is known of others."""
    if isinstance(part, int) and not isinstance(part, bool):
        return ids[part % len(ids)].encode() if ids else b""
    text = as_text(part)
    return known[text[1:]].encode() if text[:1] == "$" and text[1:] in known else as_bytes(text)


def kept(value: Json) -> str:
    """Put settings, tasks and the API mode where an older version left them, and use the bot for some days."""
    given = as_object(value)

    async def step() -> str:
        house = House()
        harness = house.harness
        tables = harness.database.tables
        chat = CHATS[as_int(given.get("chat"), 0, 3)]
        for name, text in as_object(given.get("settings")).items():
            tables.settings[(scope_key(chat), name[:60])] = as_text(text)[:4000]
        for number, each in enumerate(as_list(given.get("tasks"))[:ROWS_MAX]):
            task = task_of(as_object(each), number)
            tables.tasks.tasks[task.task_id] = TaskRow(scope_key(chat), task)
        if "mode" in given:
            harness.redis.set(KEY, as_text(given["mode"]).encode("utf-8", "replace").decode())
        if "committed" in given:
            tables.runtime["api_mode"] = (as_text(given["committed"]), given.get("told") is True)
            await harness.brain.chore() if harness.brain.chore is not None else None  # type: ignore[func-returns-value]
        user = chat if chat > 0 else ANN
        said = []
        for command in [as_said(each)[:500] for each in as_list(given.get("say"))][:ROWS_MAX]:
            said += await harness.say(user, chat, command)
        for _ in range(as_int(given.get("days"), 0, 3)):
            await harness.advance(86_400)
        await house.neighbour_is_answered()
        letters = await house.check()
        if letters:
            raise Unforeseen(f"a dead letter: {letters[0]}")
        return f"{len(said)} answers, {len(harness.texts(chat)) - len(said)} reminders"[:40]

    return run(step)


def task_of(given: dict[str, Json], number: int) -> Task:
    """Return the task that an input describes, as far as a column can hold it."""

    def instant(name: str) -> float | None:
        at = given.get(name)
        # What the column of a database can hold.
        return (
            float(as_int(at, -62_100_000_000, 253_402_300_799))
            if isinstance(at, int | float) and not isinstance(at, bool)
            else None
        )

    rule, thread = given.get("rule"), given.get("thread")
    who = given.get("who")
    return Task(
        task_id=event_id_of(f"task:{number}"),
        number=as_int(given.get("number", number + 1), 0, 2**31 - 1),
        title=as_text(given.get("title", "x"))[:500].encode("utf-8", "replace").decode().replace("\0", "?")
        or "x",
        status=list(Status)[as_int(given.get("status"), 0, 2)],
        due_at=instant("due_at"),
        remind_at=instant("remind_at"),
        zone=as_text(given.get("zone", "UTC"))[:200],
        rule=as_text(rule)[:1000] if rule is not None else None,
        priority=list(Priority)[as_int(given.get("priority", 1), 0, 2)],
        tags=tuple(as_text(tag)[:32] for tag in as_list(given.get("tags"))[:10]),
        late=list(Late)[as_int(given.get("late"), 0, 2)],
        times_said=as_int(given.get("times_said"), 0, 2**31 - 1),
        is_paused=given.get("is_paused") is True,
        thread_id=as_int(thread, 1, 2**31) if thread is not None else None,
        made_by=Who(BEN, as_text(who)[:256]) if who is not None else None,
        assigned_to=Who(as_int(given.get("for"), 0, 2**52), "B") if "for" in given else None,
        language=as_text(given["language"])[:35] if "language" in given else None,
        created_at=instant("created_at") or 0.0,
    )


def _envelopes() -> list[Json]:
    return [json.loads(Codec().encode(event_of(name))) for name in PAYLOADS]


def _owed() -> list[Json]:
    found = []
    for number, event in enumerate(_envelopes()):
        event = json.loads(json.dumps(event).replace(": 7,", f": {BOT_ID},"))
        found.append([{"target": number % 3, "chat": number % 5, "envelope": event}])
        found.append(
            [
                {"target": int(event["target"] == "sender"), "chat": 2, "envelope": event},
                {"target": 1, "chat": 2, "envelope": "{"},
            ]
        )
    return [*found, *thought_of("owed")]


TARGETS = (
    Target(
        "envelope",
        "the bytes of an envelope, of whatever version or hand",
        "the event, which is written as it was read, or every reason why it is none, the same each time",
        envelope,
        _envelopes,
        (*WORDS["envelope"], *PAYLOADS),
    ),
    Target(
        "owed",
        "owed rows of any target: envelopes of others, of other targets, of older versions, damaged, tried before",
        "handled, or a dead letter with its reasons; an audit row each; a neighbour is answered; none stays owed",
        owed,
        _owed,
        (*WORDS["envelope"], *PAYLOADS, *WORDS["owed"]),
    ),
    Target(
        "entry",
        "entries in the streams that strangers wrote: any fields and bytes, rows and chats of others",
        "let go; what was owed is answered once; nothing is left in the streams",
        entries,
        lambda: thought_of("entry"),
        WORDS["entry"],
    ),
    Target(
        "kept",
        "settings of chats, tasks with rules and zones, API modes in Postgres and Redis, of other versions or damaged",
        "every command is answered, other tasks remind; no dead letter; a neighbour is answered",
        kept,
        lambda: thought_of("kept"),
        WORDS["kept"],
    ),
)
