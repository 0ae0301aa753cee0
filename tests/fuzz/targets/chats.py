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

STEPS_MAX = 12
PEOPLE = (OWNER, ANN, BEN)
LANGUAGES = ("en", "de", "fr", "es", "it", "pt-br", "ru", "tr", "uk", None, "xx")
WORDS_OF_TIME = (
    "tomorrow", "at 9", "9am", "21:30", "every monday", "every 2 weeks", "in 10 minutes", "in 3 days", "on 31.12.", "31.12.2026",
    "2026-12-31", "12/31/26", "noon", "midnight", "next friday", "last day of the month", "every day at 8", "until 1 may",
    "3 times", "5x", "for 3 days", "morgen", "um 9", "übermorgen", "jeden Dienstag", "alle 2 Stunden", "halb 8", "viertel nach",
    "heute abend", "demain", "mañana", "domani", "amanhã", "завтра", "в 9", "yarın", "через час", "on the 5th", "the first monday",
    "quarter past", "Berlin", "UTC", "+05:30", "Europe/Berlin", "30 Feb", "29 Feb", "weekdays", "yearly", "1h30", "2,5 h", "now",
    "#tag", "!high", "!low", "@bob", "to call mum", "8-10", "9 or 10", "between 8 and 9", "since", "before", "minutes before",
)  # fmt: skip
WORDS_OF_COMMANDS = tuple(f"/{name}" for name in COMMANDS) + (
    f"@{BOT_NAME}", "all", "done", "today", "overdue", "off", "on", "list", "add", "admin", "invite", "remove", "allow", "revoke",
    "22:00-07:00", "1h,4h,1d", "none", "skip", "expire", "label", "custom", "auto", "#1", "1", "2", "1-3", "1,2", "*", "10m", "page 2",
    "search milk", "high", "low", "text", "title", "for @ben", "tag #a", "no time", "Berlin", "Springfield", "0", "99999999999999999999",
)  # fmt: skip


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
                chat, user, as_said(step["say"]), entities=_entities(step.get("entities")),
                thread_id=as_int(step.get("thread"), 0, 9) or None if chat == FORUM else None,
                reply_to=as_int(step.get("reply"), 0, 99) or None, anonymous=chat < 0 and step.get("anonymous") is True,
            ).message_id  # fmt: skip
        elif "edit" in step and (chat, user) in self.said:
            world.edit(chat, self.said[(chat, user)], as_said(step["edit"]), entities=_entities(step.get("entities")))
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
                "id": str(10**9 + self.count), "from": world.account(user), "chat_instance": "1", "data": which,
                "message": {"message_id": found[-1][0] if found else 1, "date": 1, "chat": world.chats[chat].as_json()},
            }  # fmt: skip
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
        return " ".join(sorted({_said_of(row.reason) for row in rows if row.outcome is not Outcome.ACCEPTED}))[:80]

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
    answer = timing.understand(text, now=now, zone=zone, language=language, needed=given.get("needed") is True)
    for place in (timing.find_zone(text).names if len(text) < 200 else ()):
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
    zone = {"say": "/timezone Berlin", "who": 0}
    one = [[{"say": f"/{name} {args}", "who": 0}] for name in COMMANDS for args in ("", "1")]
    return [
        *one,
        [zone, {"say": "/remind tomorrow at 9 water the plants #home !high", "who": 0}, {"wait": 90_000}, {"press": 0}, {"press": 1}],
        [zone, {"say": "/task milk", "who": 0}, {"say": "/tasks", "who": 0}, {"press": 0}, {"say": "/done 1", "who": 0}, {"say": "/undone 1"}],
        [zone, {"say": "/remind every monday at 8 run", "who": 0}, {"say": "/edit 1 every tuesday at 9", "who": 0}, {"say": "/why 1"}, {"say": "/cancel 1"}],
        [zone, {"say": "/remind at 7 rise", "who": 0}, {"press": 0}, {"press": 1}, {"say": "/snooze 1 2h"}, {"say": "/late 1 skip"}, {"wait": 200_000}],
        [zone, {"say": "/quiet 22:00-07:00", "who": 0}, {"say": "/escalation 1h,4h"}, {"say": "/remind in 5 minutes tea"}, {"wait": 100_000}],
        [zone, {"say": "/digest 8:00", "who": 0}, {"say": "/remind tomorrow at 10 x"}, {"wait": 100_000}, {"say": "/digest off"}],
        [{"say": "/timezone Springfield", "who": 1}, {"press": 0}, {"press": "z1:Europe/Berlin"}, {"press": "q1:00000000:0"}],
        [{"say": "/access", "who": 0}, {"say": "/access invite"}, {"say": "/access add 13"}, {"say": "/access remove 13"}, {"say": "/api custom"}, {"say": "/status"}],
        [{"say": "/timezone Tokyo", "who": 1, "where": 2}, {"say": "/remind tomorrow at 9 x for Ben", "who": 1, "where": 2, "entities": [{"type": "bot_command", "offset": 0, "length": 7}, {"type": "text_mention", "offset": 27, "length": 3, "user": {"id": 13, "is_bot": False, "first_name": "Ben"}}]}, {"wait": 90_000}, {"press": 0, "who": 2, "where": 2}],
        [{"say": "hello *bold* `code`", "who": 2}, {"edit": "hello **you**", "who": 2}, {"say": "/start", "who": 2, "where": 3, "thread": 3}],
        [{"press": "t1:done:AAAAAAAAAAAAAAAAAAAAAA:abc", "who": 1}, {"press": "d1:AAAAAAAAAAAAAAAAAAAAAA::1:open"}, {"press": "l1:2:open"}, {"press": "l1:9999:"}],
    ]  # fmt: skip


def _phrases() -> list[Json]:
    now = 1_790_000_000
    one = [{"text": word, "language": None, "zone": "Europe/Berlin", "now": now} for word in WORDS_OF_TIME]
    return [
        *one,
        {"text": "call mum every 2nd tuesday at 9 and 17 until 1 may", "language": "en", "zone": "America/New_York", "now": now},
        {"text": "jeden letzten Freitag im Monat um halb 8 Müll", "language": "de", "zone": "Europe/Berlin", "now": now},
        {"text": "in 10 minutes tea", "language": "en", "zone": None, "now": now},
        {"text": "at 2:30 x", "language": "en", "zone": "Europe/Berlin", "now": 1_774_700_000, "needed": True},
    ]


TARGETS = (
    Target(
        "update", "updates as Telegram, or who knows the secret, may send them: any JSON",
        "an event or ignored with its reason, each with its audit row; whatever is answered ends; a neighbour is answered",
        updates, _updates,
        ("message", "edited_message", "callback_query", "my_chat_member", "update_id", "chat", "from", "text", "caption", "entities", "private", "supergroup", "channel", "migrate_to_chat_id", "media_group_id", "message_thread_id", "is_topic_message", "reply_to_message", "sender_chat", "forward_origin", "via_bot", *WORDS_OF_COMMANDS[:14]),
    ),
    Target(
        "conversation", "every command with any words and entities, edits, presses of any button, by anybody, in private and in groups, over days",
        "an answer, or nothing where nobody is meant; no dead letter; nothing that Telegram refuses; a neighbour is answered",
        conversation, _conversations,
        ("say", "edit", "press", "wait", "who", "where", "entities", "text_mention", "reply", *WORDS_OF_COMMANDS, *WORDS_OF_TIME),
    ),
    Target(
        "phrase", "what people write about time, in any language and zone",
        "a time to come, a rule with its next times, a question, or a refusal",
        phrase, _phrases, (*WORDS_OF_TIME, *(each for each in LANGUAGES if each)),
    ),
)  # fmt: skip
