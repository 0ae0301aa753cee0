"""How bots change what stands: text, captions, buttons, files; how they delete, react, and answer button presses."""

from adapters.botworld import params as read
from adapters.botworld.accounts import Chat
from adapters.botworld.api_files import media_fields
from adapters.botworld.call import Call
from adapters.botworld.contents import CAPTIONED, kind_of
from adapters.botworld.keyboards import check_buttons, reply_markup
from adapters.botworld.values import ApiError, Json, bad_request

# After so long a button press can no longer be answered. Telegram publishes no figure.
QUERY_S_MAX = 900.0
# Messages of groups can be deleted for so long (https://core.telegram.org/bots/api#deletemessage).
DELETABLE_S = 48 * 3600
ANSWER_CHARS_MAX = 200
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)
QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
_UNDELETABLE = frozenset(
    {"supergroup_chat_created", "channel_chat_created", "migrate_from_chat_id", "migrate_to_chat_id"}
)


def _own(call: Call) -> tuple[Chat, Json]:
    """Return the chat and the message that the bot wants to edit. Raises ApiError."""
    if not read.words(call.params, "chat_id") and not read.whole(call.params, "message_id", 0):
        if not read.words(call.params, "inline_message_id"):
            raise bad_request("message identifier is not specified")
        raise bad_request("MESSAGE_ID_INVALID")
    chat = call.chat()
    message = call.message("message to edit", chat)
    if call.box(chat).authors.get(message["message_id"]) != call.bot.bot_id or "forward_origin" in message:
        raise bad_request("message can't be edited")
    return chat, message


def _changed(call: Call, chat: Chat, message: Json, fields: Json, names: tuple[str, ...]) -> Json:
    """Let ``fields`` take the place of those called ``names`` in the message. Raises ApiError."""
    check_buttons(fields)
    if fields == {name: message[name] for name in names if name in message}:
        raise bad_request(NOT_MODIFIED)
    call.limit(chat)
    for name in names:
        message.pop(name, None)
    message |= {"edit_date": int(call.world.now()), **fields}
    call.affected(chat.chat_id, message["message_id"])
    return message


def _edit_text(call: Call) -> object:
    text, entities = read.message_text(call.params)
    fields: Json = (
        {"text": text} | ({"entities": entities} if entities else {}) | read.link_preview(call.params)
    )
    fields |= reply_markup(call.params)
    chat, message = _own(call)
    if "text" not in message:
        raise bad_request("there is no text in the message to edit")
    return _changed(call, chat, message, fields, ("text", "entities", "link_preview_options", "reply_markup"))


def _edit_caption(call: Call) -> object:
    fields = reply_markup(call.params) | read.caption(call.params)
    chat, message = _own(call)
    if kind_of(message) not in CAPTIONED:
        raise bad_request("there is no caption in the message to edit")
    return _changed(call, chat, message, fields, ("caption", "caption_entities", "reply_markup"))


def _edit_markup(call: Call) -> object:
    fields = reply_markup(call.params)
    chat, message = _own(call)
    return _changed(call, chat, message, fields, ("reply_markup",))


def _edit_media(call: Call) -> object:
    read.needed(call.params, "media")
    item = read.structured(call.params, "media", "can't parse input media JSON object")
    fields = reply_markup(call.params)
    chat, message = _own(call)
    fields |= media_fields(call, item, for_album=False)
    kind = kind_of(message)
    names = (
        "text",
        "entities",
        "caption",
        "caption_entities",
        "reply_markup",
        "document",
        "has_media_spoiler",
    )
    return _changed(call, chat, message, fields, (*names, *([kind] if kind else [])))


def _delete(call: Call) -> object:
    if not read.words(call.params, "chat_id"):
        raise bad_request("chat identifier is not specified")
    if read.whole(call.params, "message_id", 0) <= 0:
        raise bad_request("message identifier is not specified")
    chat = call.chat()
    message = call.message("message to delete", chat)
    _check_deletable(call, chat, message)
    call.box(chat).drop(message["message_id"])
    call.affected(chat.chat_id, message["message_id"])
    return True


def _delete_many(call: Call) -> object:
    ids = read.message_ids(call.params)
    chat = call.chat()
    box = call.box(chat)
    found = [box.messages[one] for one in ids if one in box.messages]
    for message in found:
        _check_deletable(call, chat, message)
    for message in found:
        box.drop(message["message_id"])
        call.affected(chat.chat_id, message["message_id"])
    return True


def _check_deletable(call: Call, chat: Chat, message: Json) -> None:
    is_own = call.box(chat).authors.get(message["message_id"]) == call.bot.bot_id
    is_admin = chat.status(call.bot.bot_id).is_admin
    if not (is_own or is_admin or chat.is_private) or not _UNDELETABLE.isdisjoint(message):
        raise bad_request("message can't be deleted")
    is_old = call.world.now() - message["date"] > DELETABLE_S
    if is_old and (chat.is_private or not is_admin):
        raise bad_request("message can't be deleted for everyone")


def _answer_query(call: Call) -> object:
    query_id = read.words(call.params, "callback_query_id")
    query = call.world.queries.get(query_id)
    if query is None or query.bot_id != call.bot.bot_id or call.world.now() - query.asked_at > QUERY_S_MAX:
        raise bad_request(QUERY_TOO_OLD)
    if len(read.words(call.params, "text")) > ANSWER_CHARS_MAX:
        raise bad_request("MESSAGE_TOO_LONG")
    del call.world.queries[query_id]
    call.affected(query.chat_id)
    return True


def _react(call: Call) -> object:
    given = read.structured(call.params, "reaction", "can't parse reaction types JSON object") or []
    if not isinstance(given, list):
        raise bad_request("expected an Array of ReactionType")
    for one in given:
        if not isinstance(one, dict) or one.get("type") not in ("emoji", "custom_emoji", "paid"):
            raise bad_request("can't parse ReactionType: invalid reaction type specified")
        if one["type"] == "paid" or len(given) > 1:
            raise bad_request("REACTION_INVALID" if one["type"] == "paid" else "REACTIONS_TOO_MANY")
    chat = call.chat(to_read=True)
    message = call.message("message to react", chat)
    call.affected(chat.chat_id, message["message_id"])
    return True


def _inline(call: Call) -> object:
    # There is no inline mode and no shop here, so no query can ever be known.
    raise ApiError(400, f"Bad Request: {QUERY_TOO_OLD}")


METHODS = {
    "editMessageText": _edit_text,
    "editMessageCaption": _edit_caption,
    "editMessageReplyMarkup": _edit_markup,
    "editMessageMedia": _edit_media,
    "deleteMessage": _delete,
    "deleteMessages": _delete_many,
    "answerCallbackQuery": _answer_query,
    "setMessageReaction": _react,
    "answerInlineQuery": _inline,
    "answerPreCheckoutQuery": _inline,
    "answerShippingQuery": _inline,
}
