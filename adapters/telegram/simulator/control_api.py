"""The simulator's second face: what people and tests do, as JSON over HTTP.

Every endpoint takes a JSON object by POST and answers JSON; faults of the request are ``400 {"error": ...}``.
``bot_id`` may be left out while there is one bot. Served on loopback only, and only where it is enabled.

============================  =====================================================  ==============================
POST                          takes                                                  answers
============================  =====================================================  ==============================
/control/say                  chat_id, user_id, text; bot_id, thread_id, reply_to,   message_id, update_ids
                              anonymous, first_name, username, extra (fields that
                              the message has besides, such as a photo)
/control/edit                 chat_id, message_id, text; bot_id                      message_id, update_ids
/control/press                chat_id, user_id, message_id, data; bot_id             query_id, message_id, update_ids
/control/inject               update (raw; without update_id it gets one); bot_id    update_id
/control/bots                 token; username, first_name, reads_all                 bot_id
/control/groups               chat_id; title, kind (supergroup, group), is_forum,    chat_id
                              bots (ids; default all)
/control/block                chat_id; bot_id                                        {}
/control/unblock              chat_id; bot_id                                        {}
/control/migrate              chat_id, new_chat_id                                   {}
/control/faults               kind; method, chat_id, count (null: until cleared),    planned
                              code, description, retry_after_s,
                              migrate_to_chat_id, delay_s
/control/faults/clear         nothing                                                {}
/control/faults/release       nothing: drops the connections of hung calls           released
/control/rate_limits          per_bot_s, per_chat_s, chat_burst, per_group_min;      {}
                              or ``"off": true``
/control/webhooks             retry_s, retry_s_max, answer_s_max, deliveries (how    the policy
                              often each update is pushed; 1 is what Telegram does)
/control/record               chat_id; bot_id, method, after (a seq), timeout (s):   effects: seq, bot_id, chat_id,
                              with a timeout it waits for the first                  method, message_id,
                                                                                     received_at, params
/control/chats                nothing                                                chat_ids that anything reached
/control/message              chat_id, message_id; bot_id                            message, as it stands
/control/counters             nothing                                                calls, refused, effects,
                                                                                     in_flight, pending updates
============================  =====================================================  ==============================

Kinds of faults: ``adapters.botworld.values.FaultKind``. Not here: the rules of the world itself.
"""

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from adapters.asgi import HttpRefusal, Request, Response, Route, json_response
from adapters.botworld import Bell, Fault, FaultKind, RateLimits, Said, Topic, World, WorldError
from adapters.telegram.simulator.bot_api import BotApi
from adapters.telegram.simulator.webhooks import PushPolicy, WebhookPusher

RECORD_WAIT_S_MAX = 60.0
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class Fields:
    """The JSON object of a control request, read field by field. Faults are WorldError, by field name."""

    def __init__(self, content: Any) -> None:
        if not isinstance(content, Mapping):
            raise WorldError("send a JSON object")
        self._content = content

    def raw(self, name: str) -> Any:
        """Return the field as it is, None when absent."""
        return self._content.get(name)

    def has(self, name: str) -> bool:
        """Whether the field is there, be it null."""
        return name in self._content

    def whole(self, name: str) -> int:
        """Return a field that must be an integer."""
        value = self.maybe_whole(name)
        if value is None:
            raise WorldError(f"{name}: missing")
        return value

    def maybe_whole(self, name: str) -> int | None:
        """Return a field that is an integer where given."""
        value = self._content.get(name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise WorldError(f"{name}: must be an integer")
        return value

    def number(self, name: str, default: float) -> float:
        """Return a field that is a number of at least 0 where given."""
        value = self._content.get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
            raise WorldError(f"{name}: must be a number, 0 or more")
        return float(value)

    def text(self, name: str) -> str:
        """Return a field that must be a string."""
        value = self.maybe_text(name)
        if value is None:
            raise WorldError(f"{name}: missing")
        return value

    def maybe_text(self, name: str) -> str | None:
        """Return a field that is a string where given."""
        value = self._content.get(name)
        if value is not None and not isinstance(value, str):
            raise WorldError(f"{name}: must be a string")
        return value


Action = Callable[[Fields], object]


class ControlApi:
    """Serves the table above for ``world``."""

    def __init__(self, world: World, bell: Bell, bot_api: BotApi, pusher: WebhookPusher) -> None:
        self._world = world
        self._bell = bell
        self._bot_api = bot_api
        self._pusher = pusher
        self._actions: dict[str, Action] = {
            "say": self._say,
            "edit": self._edit,
            "press": self._press,
            "inject": self._inject,
            "bots": self._add_bot,
            "groups": self._add_group,
            "block": self._block,
            "unblock": self._unblock,
            "migrate": self._migrate,
            "faults": self._add_fault,
            "faults/clear": self._clear_faults,
            "faults/release": lambda fields: {"released": self._bot_api.release()},
            "rate_limits": self._limit_rates,
            "webhooks": self._set_push_policy,
            "chats": lambda fields: {"chat_ids": self._world.record.chats()},
            "message": self._message,
            "counters": self._counters,
        }

    def routes(self) -> list[Route]:
        """Return this face's part of the route table."""
        return [Route("POST", "/control/record", self._record), Route("POST", "/control/*", self._act)]

    async def _fields(self, request: Request) -> Fields:
        # A web page that resolves its own name to this machine sends its own Host.
        host = (request.header(b"host") or b"").decode("ascii", "replace")
        name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
        if name not in LOOPBACK_HOSTS:
            raise HttpRefusal(403, "the control interface answers on loopback names only")
        return Fields(await request.json())

    async def _act(self, request: Request) -> Response:
        action = self._actions.get(request.path.removeprefix("/control/"))
        if action is None:
            raise HttpRefusal(404, f"there is no such action; there are: {', '.join(self._actions)}, record")
        try:
            return json_response(action(await self._fields(request)))
        except WorldError as error:
            raise HttpRefusal(400, str(error)) from None

    async def _record(self, request: Request) -> Response:
        try:
            fields = await self._fields(request)
            chat_id, after = fields.whole("chat_id"), fields.maybe_whole("after") or 0
            bot_id, method = fields.maybe_whole("bot_id"), fields.maybe_text("method")
            seconds = min(fields.number("timeout", 0.0), RECORD_WAIT_S_MAX)
        except WorldError as error:
            raise HttpRefusal(400, str(error)) from None
        record, now = self._world.record, self._world.now
        deadline = now() + seconds
        while True:
            effects = record.of_chat(chat_id, bot_id=bot_id, after=after, method=method)
            if effects or not await self._bell.wait(Topic("effects", chat_id), deadline - now()):
                return json_response({"effects": [effect.as_json() for effect in effects]})

    def _say(self, fields: Fields) -> object:
        user_id = fields.whole("user_id")
        first_name, username = fields.maybe_text("first_name"), fields.maybe_text("username")
        extra = fields.raw("extra")
        if extra is not None and not isinstance(extra, Mapping):
            raise WorldError("extra: must be an object of message fields")
        self._world.add_user(user_id, first_name, username)
        said = self._world.say(
            fields.whole("chat_id"),
            user_id,
            fields.text("text") if extra is None else fields.maybe_text("text"),
            bot_id=fields.maybe_whole("bot_id"),
            thread_id=fields.maybe_whole("thread_id"),
            reply_to=fields.maybe_whole("reply_to"),
            anonymous=fields.raw("anonymous") is True,
            extra=extra,
        )
        return _said(said)

    def _edit(self, fields: Fields) -> object:
        place = fields.whole("chat_id"), fields.whole("message_id")
        return _said(self._world.edit(*place, fields.text("text"), bot_id=fields.maybe_whole("bot_id")))

    def _press(self, fields: Fields) -> object:
        query_id, said = self._world.press(
            fields.whole("chat_id"),
            fields.whole("user_id"),
            fields.whole("message_id"),
            fields.text("data"),
            bot_id=fields.maybe_whole("bot_id"),
        )
        return {"query_id": query_id, **_said(said)}

    def _inject(self, fields: Fields) -> object:
        update = fields.raw("update")
        if not isinstance(update, dict):
            raise WorldError("update: must be an object")
        return {"update_id": self._world.inject(update, fields.maybe_whole("bot_id"))}

    def _add_bot(self, fields: Fields) -> object:
        bot = self._world.add_bot(
            fields.text("token"),
            fields.maybe_text("username") or "openclaw_bot",
            fields.maybe_text("first_name") or "OpenClaw",
            reads_all=fields.raw("reads_all") is not False,
        )
        return {"bot_id": bot.bot_id}

    def _add_group(self, fields: Fields) -> object:
        bots = fields.raw("bots")
        if bots is not None and not (isinstance(bots, list) and all(bot in self._world.bots for bot in bots)):
            raise WorldError("bots: must be a list of ids of bots that exist")
        chat = self._world.add_group(
            fields.whole("chat_id"),
            fields.maybe_text("title"),
            kind=fields.maybe_text("kind") or "supergroup",
            is_forum=fields.raw("is_forum") is True,
            bots=bots,
        )
        return {"chat_id": chat.chat_id}

    def _block(self, fields: Fields) -> object:
        self._world.block(fields.whole("chat_id"), fields.maybe_whole("bot_id"))
        return {}

    def _unblock(self, fields: Fields) -> object:
        self._world.unblock(fields.whole("chat_id"), fields.maybe_whole("bot_id"))
        return {}

    def _migrate(self, fields: Fields) -> object:
        self._world.migrate(fields.whole("chat_id"), fields.whole("new_chat_id"))
        return {}

    def _add_fault(self, fields: Fields) -> object:
        kinds = [kind.value for kind in FaultKind if kind is not FaultKind.NOT_SENT]
        if fields.text("kind") not in kinds:
            raise WorldError(f"kind: must be one of {', '.join(kinds)}")
        code = fields.maybe_whole("code")
        count = fields.maybe_whole("count")
        self._world.faults.add(
            Fault(
                FaultKind(fields.text("kind")),
                method=fields.maybe_text("method"),
                chat_id=fields.maybe_whole("chat_id"),
                count=count if fields.has("count") else 1,
                code=500 if code is None else code,
                description=fields.maybe_text("description") or "Internal Server Error",
                retry_after_s=fields.maybe_whole("retry_after_s"),
                migrate_to_chat_id=fields.maybe_whole("migrate_to_chat_id"),
                delay_s=fields.number("delay_s", 0.0),
            )
        )
        return {"planned": self._world.faults.as_json()}

    def _clear_faults(self, fields: Fields) -> object:
        self._world.faults.clear()
        return {}

    def _limit_rates(self, fields: Fields) -> object:
        usual = RateLimits()
        limits = RateLimits(
            per_bot_s=fields.number("per_bot_s", usual.per_bot_s),
            per_chat_s=fields.number("per_chat_s", usual.per_chat_s),
            chat_burst=fields.maybe_whole("chat_burst") or usual.chat_burst,
            per_group_min=fields.number("per_group_min", usual.per_group_min),
        )
        self._world.limit_rates(None if fields.raw("off") is True else limits)
        return {}

    def _set_push_policy(self, fields: Fields) -> object:
        current = self._pusher.policy
        self._pusher.policy = PushPolicy(
            retry_s=fields.number("retry_s", current.retry_s),
            retry_s_max=fields.number("retry_s_max", current.retry_s_max),
            answer_s_max=fields.number("answer_s_max", current.answer_s_max),
            deliveries=max(1, fields.maybe_whole("deliveries") or current.deliveries),
        )
        return attrs.asdict(self._pusher.policy)

    def _message(self, fields: Fields) -> object:
        chat_id, message_id = fields.whole("chat_id"), fields.whole("message_id")
        bot_id = fields.maybe_whole("bot_id")
        bot_id = next(iter(self._world.bots), 0) if bot_id is None else bot_id
        return {"message": self._world.message(bot_id, chat_id, message_id)}

    def _counters(self, fields: Fields) -> object:
        pending = {str(bot_id): len(queue) for bot_id, queue in self._world.queues.items()}
        return self._world.record.counters() | {"pending_updates": pending}


def _said(said: Said) -> dict[str, object]:
    return {"message_id": said.message_id, "update_ids": list(said.update_ids)}
