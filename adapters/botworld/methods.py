"""What bots can do: the methods of the Bot API that this world has, and the life of one call.

A face (HTTP or memory) receives a call with ``receive``, looks at its fault, and performs it::

    with receive(world, token, "sendMessage", params) as call:
        if call.fault is None:
            result = call.perform()

Refusals are ApiError with Telegram's texts, as tdlib/telegram-bot-api has them. ``getUpdates`` waits, so its
second half is in ``adapters.botworld.bell``. Not here: HTTP.
"""

import re
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from attrs import frozen

from adapters.botworld import params as read
from adapters.botworld.record import InFlight
from adapters.botworld.shapes import quoted
from adapters.botworld.updates import BATCH_MAX, Webhook
from adapters.botworld.values import ApiError, Bot, Chat, Json, bad_request
from adapters.botworld.world import World

POLL_S_MAX = 50
QUERY_S_MAX = 900.0
COMMANDS_MAX = 100
WEBHOOK_CONNECTIONS = 40
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)
QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
Params = Mapping[str, Any]


@frozen
class UpdatesRequest:
    """The parameters of ``getUpdates``, checked. ``timeout_s`` in seconds."""

    offset: int
    limit: int
    timeout_s: float
    allowed_updates: list[str] | None


def updates_request(params: Params) -> UpdatesRequest:
    """Return the parameters of ``getUpdates``; out of range they are clamped, as Telegram does."""
    limit = read.whole(params, "limit", BATCH_MAX)
    return UpdatesRequest(
        offset=read.whole(params, "offset", 0),
        limit=limit if 1 <= limit <= BATCH_MAX else BATCH_MAX,
        timeout_s=float(min(max(read.whole(params, "timeout", 0), 0), POLL_S_MAX)),
        allowed_updates=_kinds(params),
    )


class Call:
    """One call while it runs: which bot's, what fault meets it, and its effect once performed."""

    def __init__(self, world: World, bot: Bot, name: str, params: Params) -> None:
        method = METHODS.get(name.lower())
        if method is None:
            raise ApiError(404, "Not Found: method not found")
        self.world = world
        self.bot = bot
        self.params = params
        self.method = method
        self.in_flight = InFlight(bot.bot_id, method.name, read.chat_of(params), world.now())
        self.fault = world.faults.take(method.name, self.in_flight.chat_id)

    def __enter__(self) -> Self:
        self._number = self.world.record.began(self.in_flight)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, ApiError):
            self.world.record.refused[error.code] += 1
        self.world.record.ended(self._number)

    def perform(self) -> object:
        """Do what the method does and return its result. Raises ApiError."""
        return self.method.run(self)

    def affected(self, chat_id: int, message_id: int | None = None) -> None:
        """Record that this call reached ``chat_id``."""
        self.world.record.took_effect(self.in_flight, chat_id, message_id, self.params)
        self.world.announce("effects", chat_id)

    def chat(self) -> Chat:
        """Return the chat that is written to, if the bot may write there. Raises ApiError."""
        chat = self.world.chats.get(read.required_chat(self.params))
        if chat is None:
            raise bad_request("chat not found")
        if chat.migrated_to is not None:
            text = "Bad Request: group chat was upgraded to a supergroup chat"
            raise ApiError(400, text, migrate_to_chat_id=chat.migrated_to)
        if self.bot.bot_id in chat.gone:
            raise ApiError(403, chat.gone[self.bot.bot_id])
        if self.bot.bot_id not in chat.bots:
            if chat.is_private:
                raise ApiError(403, "Forbidden: bot can't initiate conversation with a user")
            raise ApiError(403, f"Forbidden: bot is not a member of the {chat.kind} chat")
        return chat


def receive(world: World, token: str, name: str, params: Params) -> Call:
    """Take a call. Raises ApiError 401 for an unknown token, 404 for an unknown method."""
    bot = world.bot_of(token)
    if bot is None:
        raise ApiError(401, "Unauthorized")
    return Call(world, bot, name, params)


def _get_me(call: Call) -> object:
    return call.bot.as_user() | {
        "can_join_groups": True,
        "can_read_all_group_messages": call.bot.reads_all,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def _send_message(call: Call) -> object:
    world, params = call.world, call.params
    chat = call.chat()
    text, entities = read.message_text(params)
    markup = read.reply_markup(params)
    box = world.box(call.bot.bot_id, chat)
    message: Json = {
        "message_id": box.next_message_id,
        "from": call.bot.as_user(),
        "chat": chat.as_json(),
        "date": int(world.now()),
    }
    thread_id = read.whole(params, "message_thread_id", 0)
    if thread_id:
        if thread_id not in chat.topics:
            raise bad_request("message thread not found")
        message |= {"message_thread_id": thread_id, "is_topic_message": True}
    message |= _replied(params, box.messages)
    message["text"] = text
    if entities:
        message["entities"] = entities
    if markup is not None and "inline_keyboard" in markup:
        message["reply_markup"] = markup
    if world.limiter is not None:
        world.limiter.check(call.bot.bot_id, chat.chat_id, world.now())
    box.add(message)
    call.affected(chat.chat_id, message["message_id"])
    return message


def _replied(params: Params, messages: Mapping[int, Json]) -> Json:
    reply = read.structured(params, "reply_parameters", "can't parse reply parameters JSON object")
    if not reply:
        return {}
    if not isinstance(reply, Mapping):
        raise bad_request("object expected as reply parameters")
    message = messages.get(read.whole(reply, "message_id", 0))
    if message is not None:
        return {"reply_to_message": quoted(message)}
    if read.flag(reply, "allow_sending_without_reply"):
        return {}
    raise bad_request("message to be replied not found")


def _edit_message_text(call: Call) -> object:
    world, params = call.world, call.params
    chat = call.chat()
    message = world.box(call.bot.bot_id, chat).messages.get(read.whole(params, "message_id", 0))
    if message is None:
        raise bad_request("message to edit not found")
    if message["from"]["id"] != call.bot.bot_id:
        raise bad_request("message can't be edited")
    text, entities = read.message_text(params)
    content = {"text": text, "entities": entities, "reply_markup": read.reply_markup(params)}
    given = {name: value for name, value in content.items() if value}
    if given == {name: message[name] for name in content if name in message}:
        raise bad_request(NOT_MODIFIED)
    if world.limiter is not None:
        world.limiter.check(call.bot.bot_id, chat.chat_id, world.now())
    for name in content:
        message.pop(name, None)
    message |= {"edit_date": int(world.now()), **given}
    call.affected(chat.chat_id, message["message_id"])
    return message


def _answer_callback_query(call: Call) -> object:
    query = call.world.queries.get(str(call.params.get("callback_query_id", "")))
    if query is None or query.bot_id != call.bot.bot_id or call.world.now() - query.asked_at > QUERY_S_MAX:
        raise bad_request(QUERY_TOO_OLD)
    call.affected(query.chat_id)
    return True


def _send_chat_action(call: Call) -> object:
    chat = call.chat()
    if not call.params.get("action"):
        raise bad_request("wrong parameter action in request")
    call.affected(chat.chat_id)
    return True


def _set_my_commands(call: Call) -> object:
    commands = read.structured(call.params, "commands", "can't parse commands JSON array")
    if not isinstance(commands, list):
        raise bad_request("can't parse commands: expected an Array of BotCommand")
    if len(commands) > COMMANDS_MAX:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    kept: list[Json] = []
    for entry in commands:
        if not isinstance(entry, Mapping) or not re.fullmatch(
            r"/?[a-z0-9_]{1,32}", str(entry.get("command"))
        ):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(str(entry.get("description") or "")) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        kept.append({"command": entry["command"].removeprefix("/"), "description": entry["description"]})
    call.bot.commands = kept
    return True


def _get_my_commands(call: Call) -> object:
    return call.bot.commands


def _kinds(params: Params) -> list[str] | None:
    kinds = read.structured(params, "allowed_updates", "can't parse allowed updates JSON array")
    if kinds is None:
        return None
    if not isinstance(kinds, list):
        raise bad_request("can't parse allowed updates: expected an Array of String")
    return [str(kind) for kind in kinds]


def _set_webhook(call: Call) -> object:
    url = str(call.params.get("url") or "")
    if not url:
        return _delete_webhook(call)
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    secret = str(call.params.get("secret_token") or "")
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad_request("secret token contains unallowed characters")
    connections = read.whole(call.params, "max_connections", WEBHOOK_CONNECTIONS)
    queue = call.world.queues[call.bot.bot_id]
    queue.allow(_kinds(call.params))
    if read.flag(call.params, "drop_pending_updates"):
        queue.drop_all()
    queue.set_webhook(Webhook(url, secret, min(max(connections, 1), 100)))
    call.world.announce("webhook", call.bot.bot_id)
    call.world.announce("updates", call.bot.bot_id)
    return True


def _delete_webhook(call: Call) -> object:
    queue = call.world.queues[call.bot.bot_id]
    if read.flag(call.params, "drop_pending_updates"):
        queue.drop_all()
    queue.set_webhook(None)
    call.world.announce("webhook", call.bot.bot_id)
    return True


def _get_webhook_info(call: Call) -> object:
    queue = call.world.queues[call.bot.bot_id]
    hook = queue.webhook
    info: Json = {
        "url": hook.url if hook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(queue),
    }
    if hook is not None:
        info["max_connections"] = hook.max_connections
        if hook.last_error_date is not None:
            info |= {"last_error_date": hook.last_error_date, "last_error_message": hook.last_error_message}
    if queue.allowed is not None:
        info["allowed_updates"] = sorted(queue.allowed)
    return info


def _get_updates(call: Call) -> object:
    raise RuntimeError("getUpdates waits; a face answers it with Bell.get_updates")


@frozen
class Method:
    """One method of the Bot API: its name as published, and what it does."""

    name: str
    run: Callable[[Call], object]


METHODS = {
    name.lower(): Method(name, run)
    for name, run in {
        "getMe": _get_me,
        "getUpdates": _get_updates,
        "setWebhook": _set_webhook,
        "deleteWebhook": _delete_webhook,
        "getWebhookInfo": _get_webhook_info,
        "sendMessage": _send_message,
        "editMessageText": _edit_message_text,
        "answerCallbackQuery": _answer_callback_query,
        "sendChatAction": _send_chat_action,
        "setMyCommands": _set_my_commands,
        "getMyCommands": _get_my_commands,
    }.items()
}
