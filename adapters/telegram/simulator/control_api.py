"""The simulator's second face: what people and tests do, as JSON over HTTP.

Every action is a POST of a JSON object to ``/control/<action>``, answered with JSON; faults of the request are
``400 {"error": ...}``. ``bot_id`` may be left out while there is one bot. Served on loopback only, and only where it
is enabled. What each action takes and answers is described, with an example, in ``docs/TELEGRAM_SIMULATOR.md``.

Here are the actions that concern the simulator as a whole: bots, time, faults, limits, the record. Not here: what
people do (``control_people``), and the rules of the world itself (``adapters.botworld``).
"""

import attrs

from adapters.asgi import HttpRefusal, Request, Response, Route, json_response
from adapters.botworld import Bell, Fault, FaultKind, RateLimits, Topic, World, WorldError
from adapters.botworld.api_profile import menu_shown
from adapters.telegram.simulator.bot_api import BotApi
from adapters.telegram.simulator.control_fields import Action, Fields
from adapters.telegram.simulator.control_people import actions as actions_of_people
from adapters.telegram.simulator.webhooks import PushPolicy, WebhookPusher

RECORD_WAIT_S_MAX = 60.0
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
RECORD_TAKES = "chat_id bot_id method after timeout"


class ControlApi:
    """Serves the control interface for ``world``."""

    def __init__(self, world: World, bell: Bell, bot_api: BotApi, pusher: WebhookPusher) -> None:
        self._world = world
        self._bell = bell
        self._pusher = pusher
        self.actions: dict[str, Action] = actions_of_people(world) | {
            "inject": Action("update bot_id", self._inject),
            "bots": Action("token username first_name reads_all", self._add_bot),
            "time": Action("seconds", lambda fields: {"now": world.pass_time(fields.number("seconds", 0.0))}),
            "update_ids": Action("restart", self._restart_update_ids),
            "faults": Action(" ".join(field.name for field in attrs.fields(Fault)), self._add_fault),
            "faults/clear": Action("", self._clear_faults),
            "faults/release": Action("", lambda fields: {"released": bot_api.release()}),
            "rate_limits": Action("per_bot_s per_chat_s chat_burst per_group_min off", self._limit_rates),
            "webhooks": Action("retry_s retry_s_max answer_s_max deliveries", self._set_push_policy),
            "chats": Action("", lambda fields: {"chat_ids": world.record.chats()}),
            "message": Action("chat_id message_id bot_id", self._message),
            "menu": Action("chat_id user_id language_code bot_id", self._menu),
            "counters": Action("", self._counters),
        }

    def routes(self) -> list[Route]:
        """Return this face's part of the route table."""
        return [Route("POST", "/control/record", self._record), Route("POST", "/control/*", self._act)]

    async def _fields(self, request: Request, takes: str) -> Fields:
        # A web page that resolves its own name to this machine sends its own Host.
        host = (request.header(b"host") or b"").decode("ascii", "replace")
        name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
        if name not in LOOPBACK_HOSTS:
            raise HttpRefusal(403, "the control interface answers on loopback names only")
        fields = Fields(await request.json())
        fields.check(request.path.removeprefix("/control/"), takes)
        return fields

    async def _act(self, request: Request) -> Response:
        action = self.actions.get(request.path.removeprefix("/control/"))
        if action is None:
            raise HttpRefusal(404, f"there is no such action; there are: {', '.join(self.actions)}, record")
        try:
            return json_response(action.run(await self._fields(request, action.takes)))
        except (WorldError, ValueError) as error:
            raise HttpRefusal(400, str(error)) from None

    async def _record(self, request: Request) -> Response:
        try:
            fields = await self._fields(request, RECORD_TAKES)
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

    def _inject(self, fields: Fields) -> object:
        update = fields.maybe_object("update")
        if update is None:
            raise WorldError("update: missing")
        return {"update_id": self._world.inject(update, fields.maybe_whole("bot_id"))}

    def _add_bot(self, fields: Fields) -> object:
        token, username = fields.text("token"), fields.maybe_text("username")
        first_name, reads_all = fields.maybe_text("first_name"), fields.flag("reads_all", True)
        is_new = self._world.bot_of(token) is None
        bot = self._world.add_bot(
            token, username or "openclaw_bot", first_name or "OpenClaw", reads_all=reads_all
        )
        if not is_new:
            bot.username, bot.first_name = username or bot.username, first_name or bot.first_name
            bot.reads_all = fields.flag("reads_all", bot.reads_all)
        return {"bot_id": bot.bot_id}

    def _restart_update_ids(self, fields: Fields) -> object:
        self._world.restart_update_ids(fields.flag("restart", True))
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
        self._world.limit_rates(None if fields.flag("off") else limits)
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

    def _menu(self, fields: Fields) -> object:
        chat, user_id = self._world.known(fields.whole("chat_id")), fields.whole("user_id")
        bot = self._world.bots[self._world.one_bot(fields.maybe_whole("bot_id"))]
        return {"commands": menu_shown(bot, chat, user_id, fields.maybe_text("language_code") or "")}

    def _counters(self, fields: Fields) -> object:
        pending = {str(bot_id): len(queue) for bot_id, queue in self._world.queues.items()}
        return self._world.record.counters() | {"pending_updates": pending}
