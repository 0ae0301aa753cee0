"""The actions of people in the control interface: one row each, from a JSON object to an act of the world.

What each takes and answers is described, with an example, in ``docs/TELEGRAM_SIMULATOR.md``. Not here: the acts
themselves (``adapters.botworld``), and control of the simulator as a whole (``control_api``).
"""

from collections.abc import Callable
from typing import Any

from adapters.botworld import Said, World, WorldError
from adapters.telegram.simulator.control_fields import Action, Fields


def actions(world: World) -> dict[str, Action]:
    """Return the actions that people of ``world`` have, by name."""
    return {name: _bound(world, takes, act) for name, (takes, act) in _ACTS.items()}


def _bound(world: World, takes: str, act: Callable[[World, Fields], object]) -> Action:
    return Action(takes, lambda fields: act(world, fields))


def said_json(said: Said) -> dict[str, object]:
    """Return what became of an act as JSON."""
    return {"message_id": said.message_id, "update_ids": list(said.update_ids)}


def _user(world: World, fields: Fields) -> int:
    """Return the person who acts, under the names that the request gives them."""
    user_id = fields.whole("user_id")
    if user_id not in world.bots:
        more = {name: fields.maybe_text(name) for name in ("last_name", "language_code")}
        world.add_user(user_id, fields.maybe_text("first_name"), fields.maybe_text("username"), **more)
    return user_id


def _place(fields: Fields) -> tuple[int, int]:
    return fields.whole("chat_id"), fields.whole("message_id")


def _say(world: World, fields: Fields) -> object:
    user_id = _user(world, fields)
    has_more = any(fields.has(name) for name in ("kind", "extra"))
    said = world.say(
        fields.whole("chat_id"),
        user_id,
        fields.maybe_text("text") if has_more else fields.text("text"),
        bot_id=fields.maybe_whole("bot_id"),
        thread_id=fields.maybe_whole("thread_id"),
        reply_to=fields.maybe_whole("reply_to"),
        anonymous=fields.flag("anonymous"),
        as_chat=fields.maybe_whole("as_chat"),
        kind=fields.maybe_text("kind"),
        content=fields.maybe_object("content"),
        caption=fields.maybe_text("caption"),
        entities=fields.maybe_objects("entities"),
        extra=fields.maybe_object("extra"),
    )
    return said_json(said)


def _album(world: World, fields: Fields) -> object:
    place: dict[str, Any] = {
        "bot_id": fields.maybe_whole("bot_id"),
        "thread_id": fields.maybe_whole("thread_id"),
    }
    items = fields.maybe_objects("items") or []
    all_said = world.album(fields.whole("chat_id"), _user(world, fields), items, **place)
    return {
        "message_ids": [said.message_id for said in all_said],
        "update_ids": [update_id for said in all_said for update_id in said.update_ids],
    }


def _forward(world: World, fields: Fields) -> object:
    to_chat, source = fields.whole("chat_id"), (fields.whole("from_chat_id"), fields.whole("message_id"))
    bot_id, hidden = fields.maybe_whole("bot_id"), fields.flag("hidden")
    return said_json(world.forward(to_chat, _user(world, fields), *source, bot_id=bot_id, hidden=hidden))


def _edit(world: World, fields: Fields) -> object:
    caption, entities = fields.maybe_text("caption"), fields.maybe_objects("entities")
    text = fields.text("text") if caption is None else fields.maybe_text("text")
    bot_id = fields.maybe_whole("bot_id")
    return said_json(world.edit(*_place(fields), text, caption=caption, entities=entities, bot_id=bot_id))


def _press(world: World, fields: Fields) -> object:
    chat_id, message_id = _place(fields)
    data, bot_id = fields.text("data"), fields.maybe_whole("bot_id")
    query_id, said = world.press(chat_id, _user(world, fields), message_id, data, bot_id=bot_id)
    return {"query_id": query_id, **said_json(said)}


def _react(world: World, fields: Fields) -> object:
    chat_id, message_id = _place(fields)
    emoji = fields.raw("emoji")
    if not isinstance(emoji, list) or not all(isinstance(one, str) for one in emoji):
        raise WorldError("emoji: must be a list of strings")
    user_id, bot_id = _user(world, fields), fields.maybe_whole("bot_id")
    return said_json(world.react(chat_id, user_id, message_id, emoji, bot_id=bot_id))


def _vote(world: World, fields: Fields) -> object:
    chat_id, message_id = _place(fields)
    options, bot_id = fields.wholes("options"), fields.maybe_whole("bot_id")
    return said_json(world.vote(chat_id, _user(world, fields), message_id, options, bot_id=bot_id))


def _pay(world: World, fields: Fields) -> object:
    total, payload = fields.whole("total_amount"), fields.maybe_text("payload") or ""
    currency, bot_id = fields.maybe_text("currency") or "XTR", fields.maybe_whole("bot_id")
    chat_id = fields.whole("chat_id")
    return said_json(
        world.pay(chat_id, _user(world, fields), total, payload, currency=currency, bot_id=bot_id)
    )


def _block(world: World, fields: Fields) -> object:
    world.block(fields.whole("chat_id"), fields.maybe_whole("bot_id"))
    return {}


def _unblock(world: World, fields: Fields) -> object:
    world.unblock(fields.whole("chat_id"), fields.maybe_whole("bot_id"))
    return {}


def _deactivate(world: World, fields: Fields) -> object:
    world.deactivate(fields.whole("user_id"))
    return {}


def _add_group(world: World, fields: Fields) -> object:
    bots = fields.wholes("bots") if fields.raw("bots") is not None else None
    if bots is not None and not all(bot in world.bots for bot in bots):
        raise WorldError("bots: must be a list of ids of bots that exist")
    chat = world.add_group(
        fields.whole("chat_id"),
        fields.maybe_text("title"),
        kind=fields.maybe_text("kind") or "supergroup",
        is_forum=fields.flag("is_forum"),
        bots=bots,
        username=fields.maybe_text("username"),
    )
    return {"chat_id": chat.chat_id}


def _join(world: World, fields: Fields) -> object:
    return said_json(world.join(fields.whole("chat_id"), _user(world, fields)))


def _add(world: World, fields: Fields) -> object:
    return said_json(world.add(fields.whole("chat_id"), _user(world, fields), fields.wholes("who")))


def _leave(world: World, fields: Fields) -> object:
    return said_json(world.leave(fields.whole("chat_id"), fields.whole("user_id")))


def _kick(world: World, fields: Fields) -> object:
    return said_json(world.kick(fields.whole("chat_id"), fields.whole("user_id"), fields.maybe_whole("by")))


def _status(world: World, fields: Fields) -> object:
    chat_id, user_id = fields.whole("chat_id"), fields.whole("user_id")
    return {"update_ids": world.set_status(chat_id, user_id, fields.text("status"), fields.maybe_whole("by"))}


def _ask_to_join(world: World, fields: Fields) -> object:
    bio = fields.maybe_text("bio")
    return {"update_ids": world.ask_to_join(fields.whole("chat_id"), _user(world, fields), bio)}


def _title(world: World, fields: Fields) -> object:
    return said_json(world.retitle(fields.whole("chat_id"), _user(world, fields), fields.text("title")))


def _pin(world: World, fields: Fields) -> object:
    chat_id, message_id = _place(fields)
    return said_json(world.pin(chat_id, _user(world, fields), message_id, fields.maybe_whole("bot_id")))


def _migrate(world: World, fields: Fields) -> object:
    world.migrate(fields.whole("chat_id"), fields.whole("new_chat_id"))
    return {}


def _link(world: World, fields: Fields) -> object:
    world.link(fields.whole("channel_id"), fields.whole("group_id"))
    return {}


def _delete_group(world: World, fields: Fields) -> object:
    world.delete_group(fields.whole("chat_id"))
    return {}


def _create_topic(world: World, fields: Fields) -> object:
    color, icon = fields.maybe_whole("icon_color"), fields.maybe_text("icon_custom_emoji_id")
    said = world.create_topic(fields.whole("chat_id"), _user(world, fields), fields.text("name"), color, icon)
    return {"thread_id": said.message_id, **said_json(said)}


def _topic(fields: Fields) -> tuple[int, int, int]:
    return fields.whole("chat_id"), fields.whole("user_id"), fields.whole("thread_id")


def _rename_topic(world: World, fields: Fields) -> object:
    return said_json(world.edit_topic(*_topic(fields), fields.text("name")))


def _close_topic(world: World, fields: Fields) -> object:
    return said_json(world.close_topic(*_topic(fields)))


def _reopen_topic(world: World, fields: Fields) -> object:
    return said_json(world.reopen_topic(*_topic(fields)))


_NAMES = "first_name last_name username language_code"
_ACTS: dict[str, tuple[str, Callable[[World, Fields], object]]] = {
    "say": (
        "chat_id user_id text bot_id thread_id reply_to anonymous as_chat kind content caption entities extra "
        + _NAMES,
        _say,
    ),
    "album": ("chat_id user_id items bot_id thread_id " + _NAMES, _album),
    "forward": ("chat_id user_id from_chat_id message_id hidden bot_id " + _NAMES, _forward),
    "edit": ("chat_id message_id text caption entities bot_id", _edit),
    "press": ("chat_id user_id message_id data bot_id " + _NAMES, _press),
    "react": ("chat_id user_id message_id emoji bot_id " + _NAMES, _react),
    "vote": ("chat_id user_id message_id options bot_id " + _NAMES, _vote),
    "pay": ("chat_id user_id total_amount payload currency bot_id " + _NAMES, _pay),
    "block": ("chat_id bot_id", _block),
    "unblock": ("chat_id bot_id", _unblock),
    "deactivate": ("user_id", _deactivate),
    "groups": ("chat_id title kind is_forum bots username", _add_group),
    "join": ("chat_id user_id " + _NAMES, _join),
    "add": ("chat_id user_id who " + _NAMES, _add),
    "leave": ("chat_id user_id", _leave),
    "kick": ("chat_id user_id by", _kick),
    "status": ("chat_id user_id status by", _status),
    "ask_to_join": ("chat_id user_id bio " + _NAMES, _ask_to_join),
    "title": ("chat_id user_id title " + _NAMES, _title),
    "pin": ("chat_id user_id message_id bot_id " + _NAMES, _pin),
    "migrate": ("chat_id new_chat_id", _migrate),
    "link": ("channel_id group_id", _link),
    "delete_group": ("chat_id", _delete_group),
    "topics/create": ("chat_id user_id name icon_color icon_custom_emoji_id " + _NAMES, _create_topic),
    "topics/rename": ("chat_id user_id thread_id name", _rename_topic),
    "topics/close": ("chat_id user_id thread_id", _close_topic),
    "topics/reopen": ("chat_id user_id thread_id", _reopen_topic),
}
