"""The load: what people do, as a plan that follows from a seed, and whoever does it in a simulated Telegram.

A plan is a list of values that may be cut down: an action that is about one that is not there any more does nothing,
and every other means the same without its neighbours. Not here: when the actions are done (whoever runs the plan waits
``wait_s`` before each), who answers, and whether the answers are right (``checker``).
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from random import Random

from attrs import define, evolve, field, frozen

from adapters.botworld import Effect, Said, World, WorldError
from adapters.botworld.values import Json
from domain.ids import update_key
from entrypoints.simulation.history import Deed, Kind

PRIVATE_BASE, GROUP_BASE, MEMBER_BASE = 1_000_000, 2_000_000, 3_000_000
GROUP_EVERY = 4
MEMBERS = 3
# Whoever may choose the API mode: the user of the first chat, which is private.
ADMIN = PRIVATE_BASE + 1
# With the zone of a chat, and more than one to choose from, it shows whose setting it is.
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "UTC", "Asia/Kolkata", "Australia/Sydney")
MODES = ("custom", "openai", "kimi")
# A message that people write has 4,096 characters at most, and one of the bot's has 100 entities: with so many in a
# paragraph, no two paragraphs share a message.
BOLD_WORDS = 90
PARTS_MAX = 4
TOKEN = re.compile(r"\bm([0-9]+)c([0-9]+)(?:p([0-9]+))?\b")
HOSTILE = (
    "*_~`[]()<b>&amp;</b>```", "' ; drop table openclaw.outbox; --", "\u202eevil\u202c \u0000 \ufeff", "{text} %s {0}",
    "a" * 900, "\U0001f468\u200d\U0001f469\u200d\U0001f467 " * 40, "/status", "@everyone #tag !high tomorrow 9",
    "```\nunclosed", "> quote\n1. list\n- item\n| a | b |\n|---|---|\n", "\n\n\n",
)  # fmt: skip


WEIGHTS: Mapping[str, int] = {
    "message": 30, "burst": 6, "long": 5, "task": 8, "remind": 8, "done": 4, "timezone": 2, "tasks": 3, "api": 3,
    "show_api": 3, "status": 1, "edit": 7, "repeat": 6, "press": 10, "press_twice": 2, "hostile": 4,
    "show_timezone": 2,
}  # fmt: skip
PLAIN: Mapping[str, int] = {"message": 1}


@frozen
class Action:
    """One thing that somebody does ``wait_s`` seconds after the one before it.

    ``number`` names it in every part of its plan, and with ``place``, the number of its chat, makes its token. ``who``
    is the number of a member of a group. ``what`` is what is written, with ``{token}`` for the token; of a press
    nothing. ``about`` is the number of the action that it edits, repeats, presses a button of, or closes the task of;
    ``pick`` chooses among several buttons.
    """

    number: int
    wait_s: float
    kind: Kind
    place: int
    what: str = ""
    who: int = 0
    about: int | None = None
    pick: int = 0
    parts: int = 1

    @property
    def token(self) -> str:
        """What stands in its text and in no other."""
        return token_of(self.number, self.place)


@frozen
class Scale:
    """How much is done: actions, in so many chats, ``mean_s`` seconds apart in the mean.

    ``kinds`` weighs what is done; what is not named is not done.
    """

    actions: int = 60
    chats: int = 6
    mean_s: float = 1.0
    kinds: Mapping[str, int] = WEIGHTS


def token_of(number: int, place: int) -> str:
    """Return the token of an action."""
    return f"m{number}c{place}"


def place_in(token: str) -> int:
    """Return the number of the chat in a token."""
    found = TOKEN.fullmatch(token)
    assert found is not None
    return int(found[2])


def chat_of(place: int) -> int:
    """Return the chat with this number; every fourth is a group."""
    return -(GROUP_BASE + place) if place % GROUP_EVERY == GROUP_EVERY - 1 else PRIVATE_BASE + 1 + place


def user_of(place: int, who: int) -> int:
    """Return who does something in a chat."""
    chat_id = chat_of(place)
    return chat_id if chat_id > 0 else MEMBER_BASE + place * MEMBERS + who % MEMBERS


def plan(seed: int, scale: Scale | None = None) -> list[Action]:
    """Return what people do: the same for the same seed and scale."""
    return _Planner(Random(seed), scale or Scale()).made()


def without(actions: Sequence[Action], numbers: Collection[int]) -> list[Action]:
    """Return a plan without the actions that have these numbers; all others are done at the times they had."""
    kept: list[Action] = []
    waited_s = 0.0
    for action in actions:
        waited_s += action.wait_s
        if action.number not in numbers:
            kept.append(evolve(action, wait_s=waited_s))
            waited_s = 0.0
    return kept


@define
class _Planner:
    """Draws actions one after the other."""

    random: Random
    scale: Scale
    actions: list[Action] = field(factory=list)

    def made(self) -> list[Action]:
        kinds, weights = list(self.scale.kinds), list(self.scale.kinds.values())
        while len(self.actions) < self.scale.actions:
            (name,) = self.random.choices(kinds, weights)
            self._draw(name, self.random.randrange(self.scale.chats))
        return self.actions[: self.scale.actions]

    def _draw(self, name: str, place: int) -> None:
        match name:
            case "message":
                self._add(Kind.MESSAGE, place, "{token} says hello")
            case "hostile":
                self._add(Kind.MESSAGE, place, "{token}\n\n" + _escaped(self.random.choice(HOSTILE)))
            case "burst":
                for n in range(self.random.randint(3, 6)):
                    self._add(Kind.MESSAGE, place, "{token} in a burst", wait=n == 0)
            case "long":
                self._add(Kind.LONG, place, parts=self.random.randint(2, PARTS_MAX))
            case "edit":
                self._edit(self._earlier(Kind.MESSAGE, Kind.COMMAND))
            case "repeat":
                self._about(Kind.REPEAT, self._earlier(Kind.MESSAGE, Kind.COMMAND, Kind.PRESS))
            case "press":
                self._press(1)
            case "press_twice":
                self._press(2)
            case _:
                self._command(name, place)

    def _command(self, name: str, place: int) -> None:
        draw = self.random
        match name:
            case "task":
                words = "/task {token} buy milk"
            case "remind":
                words = f"/remind {{token}} call mum in {draw.randint(1, 3)} min"
            case "tasks":
                words = "/tasks"
            case "timezone":
                words = f"/timezone {draw.choice(ZONES)}"
            case "show_timezone":
                words = "/timezone"
            case "api":
                place, words = 0, f"/api {draw.choice(MODES)}"
            case "show_api":
                words = "/api"
            case "done":
                made = self._earlier(Kind.COMMAND, begins=("/task ", "/remind "))
                self._about(Kind.COMMAND, made, "/done")
                return
            case "status":
                words = "/status"
            case _:
                raise ValueError(f"nobody knows how to do {name!r}; known are {', '.join(WEIGHTS)}")
        self._add(Kind.COMMAND, place, words)

    def _add(self, kind: Kind, place: int, what: str = "", *, wait: bool = True, parts: int = 1) -> None:
        number = len(self.actions) + 1
        self.actions.append(
            Action(number, self._wait_s() if wait else 0.0, kind, place, what, self._who(), parts=parts)
        )

    def _about(self, kind: Kind, earlier: Action | None, what: str = "", pick: int = 0) -> None:
        if earlier is None:
            return
        number = len(self.actions) + 1
        self.actions.append(
            Action(number, self._wait_s(), kind, earlier.place, what, earlier.who, earlier.number, pick)
        )

    def _edit(self, earlier: Action | None) -> None:
        """Mostly a text becomes another; now and then a text becomes a command, or a command a text."""
        words = self.random.choice(
            ("{token} says it better",) * 4 + ("/task {token} from an edit", "/api kimi")
        )
        self._about(Kind.EDIT, earlier, words)

    def _press(self, times: int) -> None:
        earlier = self._earlier(Kind.COMMAND, begins=("/remind ", "/task "))
        pick = self.random.randrange(12)
        for _ in range(times):
            self._about(Kind.PRESS, earlier, pick=pick)

    def _earlier(self, *kinds: Kind, begins: tuple[str, ...] = ("",)) -> Action | None:
        """Return one of the last actions of these kinds, a late one rather than an early one."""
        # From the end: a long plan is not read from its beginning for each of its actions.
        fitting = (
            each for each in reversed(self.actions) if each.kind in kinds and each.what.startswith(begins)
        )
        found = list(islice(fitting, 12))[::-1]
        return self.random.choice(found) if found else None

    def _who(self) -> int:
        return self.random.randrange(MEMBERS)

    def _wait_s(self) -> float:
        """Return a wait in milliseconds' steps; now and then a long one, in which reminders come."""
        waits_s = self.random.expovariate(1.0 / self.scale.mean_s) if self.scale.mean_s else 0.0
        if self.random.random() < 0.03:
            waits_s *= 40
        return round(waits_s, 3)


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


@define
class People:
    """Whoever does the actions of a plan in a world, and what they did."""

    world: World
    plan: Sequence[Action]
    deeds: list[Deed] = field(factory=list)
    _said: dict[int, Said] = field(factory=dict)
    _told: dict[int, tuple[Json, Deed]] = field(factory=dict)
    _counts: Counter[int] = field(factory=Counter)
    _names: dict[int, Action] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self._names = {action.number: action for action in self.plan}

    def do(self, k: int) -> Deed | None:
        """Do the ``k``-th action, counted from 0; None where there was nothing to be done."""
        action = self.plan[k]
        match action.kind:
            case Kind.EDIT:
                return self._edit(action)
            case Kind.PRESS:
                return self._press(action)
            case Kind.REPEAT:
                return self._repeat(action)
            case Kind.COMMAND if action.about is not None:
                number = self._task_number(action)
                return None if number is None else self._say(action, f"{action.what} {number}")
            case Kind.LONG:
                return self._say(action, _paragraphs(action))
            case _:
                return self._say(action, action.what.format(token=action.token))

    @property
    def bot_id(self) -> int:
        """The one bot of the world."""
        (bot_id,) = self.world.bots
        return bot_id

    def _say(self, action: Action, text: str) -> Deed:
        chat_id = chat_of(action.place)
        if chat_id < 0 and not text.startswith("/"):
            # In a group the bot answers what is meant for it.
            text = f"@{self.world.bots[self.bot_id].username} {text}"
        said = self.world.say(chat_id, user_of(action.place, action.who), text)
        self._said[action.number] = said
        return self._note(action, text, said)

    def _edit(self, action: Action) -> Deed | None:
        said = self._said.get(action.about or 0)
        if said is None:
            return None
        text = action.what.format(token=action.token)
        chat_id = chat_of(action.place)
        if chat_id < 0 and not text.startswith("/"):
            text = f"@{self.world.bots[self.bot_id].username} {text}"
        return self._note(action, text, self.world.edit(chat_id, said.message_id, text))

    def _press(self, action: Action) -> Deed | None:
        """Press a button of a message that came because of an earlier action, as it stands there now."""
        buttons = self._buttons(action)
        if not buttons:
            return None
        message_id, data = buttons[action.pick % len(buttons)]
        try:
            _, said = self.world.press(
                chat_of(action.place), user_of(action.place, action.who), message_id, data
            )
        except WorldError:
            return None
        return self._note(action, "", said)

    def _repeat(self, action: Action) -> Deed | None:
        """Let Telegram tell once more what it told, as it does when an answer of the bot's was lost."""
        told = self._told.get(action.about or 0)
        if told is None:
            return None
        update, first = told
        self.world.inject(dict(update))
        deed = evolve(first, at=self.world.now(), kind=Kind.REPEAT, about=first.token)
        self.deeds.append(deed)
        return deed

    def _note(self, action: Action, text: str, said: Said) -> Deed:
        chat_id = chat_of(action.place)
        self._counts[chat_id] += 1
        about = self._names.get(action.about or 0)
        command = re.match(r"/([a-z]+)", text)
        _, _, value = text.partition(" ")
        is_choice = command is not None and command[1] in ("api", "timezone") and action.kind is Kind.COMMAND
        deed = Deed(
            self.world.now(), chat_id, user_of(action.place, action.who), self._counts[chat_id], action.kind,
            action.token,
            key=update_key(self.bot_id, said.update_ids[0]) if said.update_ids else None,
            about=about.token if about is not None else None,
            command=command[1] if command is not None else None,
            value=value if is_choice and value else None,
            parts=action.parts,
        )  # fmt: skip
        self.deeds.append(deed)
        if said.update_ids:
            self._told[action.number] = (self.world.queues[self.bot_id].latest(), deed)
        return deed

    def _task_number(self, action: Action) -> int | None:
        """Return the number that the bot gave to the task of an earlier action; None where it did not answer yet."""
        about = self._names.get(action.about or 0)
        if about is None:
            return None
        for effect in self.world.record.of_chat(chat_of(action.place)):
            found = re.search(rf"Task ([0-9]+): {about.token}\b", effect.text or "")
            if found is not None:
                return int(found[1])
        return None

    def _buttons(self, action: Action) -> list[tuple[int, str]]:
        """Return the buttons below messages that speak of an earlier action: message and data, the last one first."""
        about, chat_id = self._names.get(action.about or 0), chat_of(action.place)
        found: list[tuple[int, str]] = []
        if about is None:
            return found
        for effect in reversed(self.world.record.of_chat(chat_id, method="sendMessage")):
            if effect.message_id is not None and _speaks_of(effect, about.token):
                shown = self.world.message(self.bot_id, chat_id, effect.message_id)
                rows = shown.get("reply_markup", {}).get("inline_keyboard", [])
                found += [(effect.message_id, str(button["callback_data"])) for row in rows for button in row]
        return found


def _speaks_of(effect: Effect, token: str) -> bool:
    return any(each[0] == token for each in TOKEN.finditer(effect.text or ""))


def _paragraphs(action: Action) -> str:
    """Return a text that is answered in so many parts, each beginning with its token."""
    words = " **so**" * BOLD_WORDS
    return "\n\n".join(f"{action.token}p{n}{words}" for n in range(1, action.parts + 1))
