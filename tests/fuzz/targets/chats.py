"""Targets: what people and Telegram bring about in a chat: updates of any shape, conversations, phrases of time.

Not here: what lies in the servers (``stores``).
"""

from typing import Any

import orjson

from adapters.botworld.values import WorldError
from application.timing import Timing
from domain.commands.table import COMMANDS
from domain.decisions import Outcome
from domain.tasks.times import Refused, Unclear, Understood
from domain.updates import NotAnUpdate
from entrypoints.harness import BOT_ID, BOT_NAME
from tests.corpus.cases import CASES
from tests.fuzz.house import ANN, BEN, CALENDAR, FORUM, GROUP, OWNER, House
from tests.fuzz.loop import NoCase, Target
from tests.fuzz.mutation import Json, as_int, as_list, as_object, as_said, as_text
from tests.fuzz.watch import Unforeseen, run
from tests.fuzz.words import WORDS, thought_of

STEPS_MAX = 12
PEOPLE = (OWNER, ANN, BEN)
LANGUAGES = ("en", "de", "fr", "es", "it", "pt-br", "ru", "tr", "uk", "xx")
WORDS_OF_COMMANDS = (*(f"/{name}" for name in COMMANDS), f"@{BOT_NAME}", *WORDS["commands"])


def updates(value: Json) -> str:
    """Take updates in, and let everything come to rest."""
    given = as_list(value)[:STEPS_MAX]
    if not given:
        raise NoCase

    async def step() -> str:
        house = House()
        taken_in, refused = 0, 0
        for update in given:
            try:
                await house.harness.gateway.accept([update])
                taken_in += 1
            except NotAnUpdate:
                refused += 1
        await house.harness.gateway.finish()
        await house.harness.settle()
        await house.neighbour_is_answered()
        await house.rest()
        await house.check()
        rows = await house.harness.audit(consumer="gateway")
        if len(rows) != taken_in + 1:
            raise Unforeseen(f"{taken_in} updates were acknowledged and {len(rows) - 1} are in the audit")
        kinds = sorted({f"{row.event_type or ''} {row.outcome.value}" for row in rows[:-1]})
        return ", ".join([*kinds, *(["refused"] if refused else [])])

    return run(step)


class Talk:
    """One conversation, step by step; what makes no sense to the simulated Telegram is left out."""

    def __init__(self) -> None:
        self.house = House()
        self.harness = self.house.harness
        self.said: dict[tuple[int, int], int] = {}
        self.count = 0

    async def step(self, step: dict[str, Json]) -> None:
        """Do one step and let the services answer it."""
        user = PEOPLE[as_int(step.get("who"), 0, 2)]
        chat = (user, user, GROUP, FORUM)[as_int(step.get("where"), 0, 3)]
        if "wait" in step:
            await self.harness.advance(as_int(step["wait"], 0, 40 * 86_400))
            return
        try:
            self._act(step, user, chat)
        except WorldError:
            return
        await self.harness.settle()
        self.count += 1

    def _act(self, step: dict[str, Json], user: int, chat: int) -> None:
        world = self.harness.world
        if "say" in step:
            self.said[(chat, user)] = world.say(
                chat,
                user,
                as_said(step["say"]),
                entities=_entities(step.get("entities")),
                thread_id=as_int(step.get("thread"), 0, 9) or None if chat == FORUM else None,
                reply_to=as_int(step.get("reply"), 0, 99) or None,
                anonymous=chat < 0 and step.get("anonymous") is True,
            ).message_id
        elif "edit" in step and (chat, user) in self.said:
            world.edit(
                chat, self.said[(chat, user)], as_said(step["edit"]), entities=_entities(step.get("entities"))
            )
        elif "press" in step:
            self._press(step["press"], user, chat)
        else:
            raise WorldError("nothing to do")

    def _press(self, which: Json, user: int, chat: int) -> None:
        """Press a button that there is, by its number, or one that carries anything."""
        world, found = self.harness.world, []
        for effect in self.harness.world.record.of_chat(chat):
            rows = as_object(effect.params.get("reply_markup")).get("inline_keyboard", [])
            found += [(effect.message_id, button["callback_data"]) for row in rows for button in row]
        if isinstance(which, int) and found:
            message_id, data = found[which % len(found)]
            world.press(chat, user, message_id, data)
        elif isinstance(which, str):
            body = {
                "id": str(10**9 + self.count),
                "from": world.account(user),
                "chat_instance": "1",
                "data": which,
                "message": {
                    "message_id": found[-1][0] if found else 1,
                    "date": 1,
                    "chat": world.chats[chat].as_json(),
                },
            }
            world.queues[BOT_ID].put("callback_query", chat, body)


def _entities(value: Json) -> list[dict[str, Any]] | None:
    found = [dict(each) for each in as_list(value) if isinstance(each, dict)]
    try:
        orjson.dumps(found)
    except TypeError:
        # No JSON of Telegram's.
        raise NoCase from None
    return found or None


def conversation(value: Json) -> str:
    """Have a conversation of some steps."""
    steps = [as_object(each) for each in as_list(value)][:STEPS_MAX]

    async def step() -> str:
        talk = Talk()
        for each in steps:
            await talk.step(each)
        if not talk.count:
            raise NoCase
        await talk.house.neighbour_is_answered()
        await talk.house.rest()
        letters = await talk.house.check()
        if letters:
            raise Unforeseen(f"a dead letter: {letters[0]}")
        rows = await talk.harness.audit(consumer="brain")
        return " ".join(
            sorted({_said_of(row.reason) for row in rows if row.outcome is not Outcome.ACCEPTED})
        )[:80]

    return run(step)


def _said_of(reason: str) -> str:
    return reason.partition(";")[0].partition(" ")[0][:12]


def phrase(value: Json) -> str:
    """Read a phrase of time, and reckon with what it means."""
    given = as_object(value)
    text, language = as_text(given.get("text"))[:4096], given.get("language")
    language = language if isinstance(language, str) else None
    now = float(as_int(given.get("now"), 0, 4_000_000_000))
    zone = given.get("zone") if isinstance(given.get("zone"), str) else None
    timing: Timing = CALENDAR
    answer = timing.understand(
        text, now=now, zone=zone, language=language, needed=given.get("needed") is True
    )
    for place in timing.find_zone(text).names if len(text) < 200 else ():
        timing.wall(now, place)
    match answer:
        case Understood():
            timing.echo(answer.at, answer.rule, answer.zone, language)
            if answer.rule is not None:
                after: float | None = answer.at
                for _ in range(5):
                    after = timing.next_after(answer.rule, answer.zone, after) if after is not None else None
                return "a rule"
            if answer.at <= now:
                raise Unforeseen("a time that has passed was understood")
            return "a time"
        case Unclear():
            return answer.key
        case Refused():
            return answer.key


def _updates() -> list[Json]:
    return [[case.update] for case in CASES[::5] if len(str(case.update)) < 3000]


def _conversations() -> list[Json]:
    one = [[{"say": f"/{name} {args}", "who": 0}] for name in COMMANDS for args in ("", "1")]
    return [*one, *thought_of("conversation")]


def _phrases() -> list[Json]:
    one = [
        {"text": word, "language": None, "zone": "Europe/Berlin", "now": 1_790_000_000}
        for word in WORDS["time"]
    ]
    return [*one, *thought_of("phrase")]


TARGETS = (
    Target(
        "update",
        "updates as Telegram, or who knows the secret, may send them: any JSON",
        "an event, or ignored with its reason, each with its audit row; all of it ends; a neighbour is answered",
        updates,
        _updates,
        (*WORDS["update"], *WORDS_OF_COMMANDS),
    ),
    Target(
        "conversation",
        "every command with any words and entities, edits, presses of any button, by anybody, anywhere, over days",
        "an answer, or none where nobody is meant; no dead letter; a neighbour is answered",
        conversation,
        _conversations,
        (*WORDS["conversation"], *WORDS_OF_COMMANDS, *WORDS["time"]),
    ),
    Target(
        "phrase",
        "what people write about time, in any language and zone",
        "a time to come, a rule with its next times, a question, or a refusal",
        phrase,
        _phrases,
        (*WORDS["time"], *LANGUAGES),
    ),
)
