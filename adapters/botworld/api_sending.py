"""How bots send: texts, files, albums, places, polls, dice; forwarding and copying.

Every kind of message comes through ``post``, which has the rules that all share: the topic, the reply, the rate.
"""

from collections.abc import Mapping
from typing import Any

from adapters.botworld import params as read
from adapters.botworld.accounts import Chat, Status
from adapters.botworld.api_files import album_item, file_content
from adapters.botworld.call import Call
from adapters.botworld.contents import CAPTIONED, DICE, content_fields, copied, kind_of, poll
from adapters.botworld.keyboards import check_buttons, reply_markup
from adapters.botworld.people_topics import GENERAL
from adapters.botworld.people_writing import origin_fields
from adapters.botworld.privacy import is_service
from adapters.botworld.state import quoted
from adapters.botworld.values import ApiError, Json, bad_request

ACTIONS = frozenset(
    {"typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "record_audio"}
    | {"upload_audio", "upload_document", "choose_sticker", "find_location", "record_video_note"}
    | {"upload_video_note", "cancel"}
)


def post(call: Call, content: Json, *, chat: Chat | None = None, markup: Json | None = None) -> Json:
    """Send a message with this content to the call's chat and return it. Raises ApiError."""
    markup = reply_markup(call.params) if markup is None else markup
    chat = call.chat() if chat is None else chat
    world = call.world
    box = call.box(chat)
    if chat.is_channel and not chat.status(call.bot.bot_id).is_admin:
        raise bad_request("need administrator rights in the channel chat")
    if chat.status(call.bot.bot_id) is Status.RESTRICTED:
        raise bad_request("not enough rights to send text messages to the chat")
    place = _thread(call, chat)
    place |= _replied(call, chat)
    check_buttons(markup)
    call.limit(chat)
    sender = {"sender_chat": chat.as_json()} if chat.is_channel else {"from": call.bot.as_user()}
    message = world.draft(chat, box, **sender) | place | content | markup
    if read.flag(call.params, "protect_content"):
        message["has_protected_content"] = True
    if effect := read.words(call.params, "message_effect_id"):
        message["effect_id"] = effect
    box.add(message, call.bot.bot_id)
    chat.last_bot = call.bot.bot_id
    call.affected(chat.chat_id, message["message_id"])
    return message


def _thread(call: Call, chat: Chat) -> Json:
    """Return the fields that the thread makes. In a forum a message without one is in General."""
    thread_id = max(read.whole(call.params, "message_thread_id", 0), 0)
    if not thread_id or not (chat.is_forum or chat.is_private):
        return {}
    topic = chat.topics.get(thread_id)
    if topic is None or thread_id == GENERAL:
        raise bad_request("message thread not found")
    if topic.is_closed and not chat.status(call.bot.bot_id).is_admin:
        raise bad_request("TOPIC_CLOSED")
    return {"message_thread_id": thread_id, "is_topic_message": True}


def _replied(call: Call, chat: Chat) -> Json:
    reply = read.structured(call.params, "reply_parameters", "can't parse reply parameters JSON object")
    if reply is None:
        names = {
            "message_id": "reply_to_message_id",
            "allow_sending_without_reply": "allow_sending_without_reply",
        }
        reply = {name: call.params.get(old) for name, old in names.items()}
        if not reply["message_id"]:
            return {}
    if not isinstance(reply, Mapping):
        raise bad_request("object expected as reply parameters")
    if not reply:
        return {}
    if reply.get("message_id") is None:
        raise bad_request('can\'t find field "message_id"')
    elsewhere = reply.get("chat_id")
    if elsewhere not in (None, "") and str(elsewhere) != str(call.params.get("chat_id")):
        return _replied_elsewhere(call, reply)
    message = call.box(chat).messages.get(read.whole(reply, "message_id", 0))
    if message is None:
        if read.flag(reply, "allow_sending_without_reply"):
            return {}
        raise bad_request("message to be replied not found")
    fields: Json = {"reply_to_message": quoted(message)} | _quote(reply, message)
    if chat.is_forum and "message_thread_id" in message and not call.params.get("message_thread_id"):
        fields |= {"message_thread_id": message["message_thread_id"], "is_topic_message": True}
    return fields


def _quote(reply: Mapping[str, Any], message: Json) -> Json:
    quote = read.words(reply, "quote")
    if not quote:
        return {}
    text, entities = read.formatted(reply, "quote", "quote_parse_mode", "quote_entities")
    position = str(message.get("text") or message.get("caption") or "").find(text)
    if position < 0:
        raise bad_request("QUOTE_TEXT_INVALID")
    fields: Json = {"text": text, "position": position, "is_manual": True}
    return {"quote": fields | ({"entities": entities} if entities else {})}


def _replied_elsewhere(call: Call, reply: Mapping[str, Any]) -> Json:
    """Return the fields of a reply to a message of another chat, which only groups and channels have."""
    other = call.over(chat_id=reply["chat_id"]).chat(to_read=True)
    message = call.box(other).messages.get(read.whole(reply, "message_id", 0))
    if message is None:
        if read.flag(reply, "allow_sending_without_reply"):
            return {}
        raise bad_request("message to be replied not found")
    origin = origin_fields(message, other)["forward_origin"]
    external: Json = {"origin": origin, "message_id": message["message_id"]}
    if not other.is_private:
        external["chat"] = other.as_json()
    kind = kind_of(message)
    if kind is not None:
        external[kind] = message[kind]
    return {"external_reply": external} | _quote(reply, message)


def _send_message(call: Call) -> object:
    text, entities = read.message_text(call.params)
    content: Json = {"text": text} | ({"entities": entities} if entities else {})
    return post(call, content | read.link_preview(call.params))


def _send_file(kind: str) -> Any:
    def send(call: Call) -> object:
        content = {kind: file_content(call, kind, call.params.get(kind))}
        if kind == "animation":
            content["document"] = {name: content[kind][name] for name in ("file_id", "file_unique_id")}
        if kind in CAPTIONED:
            content |= read.caption(call.params)
        if read.flag(call.params, "has_spoiler"):
            content["has_media_spoiler"] = True
        return post(call, content)

    return send


def _send_media_group(call: Call) -> object:
    read.needed(call.params, "media")
    given = read.structured(call.params, "media", "can't parse media JSON object")
    if not isinstance(given, list):
        raise bad_request("expected an Array of InputMedia")
    items = [album_item(call, item) for item in given]
    if not items:
        raise bad_request("there are no messages to send")
    if len(items) > 10:
        raise bad_request("too many messages to send as an album")
    kinds = {kind_of(item) for item in items}
    if len(kinds) > 1 and kinds & {"audio", "document"}:
        text = "documents" if "document" in kinds else "audio files"
        raise bad_request(f"{text} can't be mixed with other media types")
    chat = call.chat()
    group = {"media_group_id": call.world.number()} if len(items) > 1 else {}
    return [post(call, item | group, chat=chat, markup={}) for item in items]


def _send_location(call: Call) -> object:
    place: Json = {}
    for name in ("latitude", "longitude"):
        value = read.words(call.params, name).strip()
        if not value:
            raise bad_request(f"{name} is empty")
        try:
            place[name] = float(value)
        except ValueError:
            place[name] = 0.0
    if call.method.name == "sendLocation":
        return post(call, content_fields(call.world.files, "location", place))
    names = {name: read.words(call.params, name) for name in ("title", "address")}
    return post(call, content_fields(call.world.files, "venue", names | {"location": place}))


def _send_contact(call: Call) -> object:
    content = {name: read.needed(call.params, name) for name in ("phone_number", "first_name")}
    if last_name := read.words(call.params, "last_name"):
        content["last_name"] = last_name
    return post(call, {"contact": content})


def _send_dice(call: Call) -> object:
    emoji = read.words(call.params, "emoji") or "🎲"
    if emoji not in DICE:
        raise bad_request("can't send the emoji as a dice")
    return post(call, {"dice": {"emoji": emoji, "value": call.world.random.randint(1, DICE[emoji])}})


def _send_poll(call: Call) -> object:
    question, entities = read.formatted(call.params, "question", "question_parse_mode", "question_entities")
    options = read.structured(call.params, "options", "can't parse options JSON object")
    if not isinstance(options, list):
        raise bad_request("expected an Array of String as options")
    texts: list[str] = []
    for option in options:
        text = option.get("text") if isinstance(option, Mapping) else option
        if not isinstance(text, str):
            raise bad_request("expected an option to be of type String")
        texts.append(text.strip())
    if not question:
        raise bad_request("text must be non-empty")
    if not 2 <= len(texts) <= 12:
        raise bad_request(f"poll must have at {'least 2 option' if len(texts) < 2 else 'most 12 options'}")
    kind = read.words(call.params, "type") or "regular"
    if kind not in ("regular", "quiz"):
        raise bad_request("unsupported poll type specified")
    given: Json = {"question": question, "options": texts, "type": kind}
    given |= {"question_entities": entities} if entities else {}
    given["is_anonymous"] = read.flag(call.params, "is_anonymous", True)
    given["allows_multiple_answers"] = read.flag(call.params, "allows_multiple_answers")
    if kind == "quiz":
        right = read.whole(call.params, "correct_option_id", -1)
        if not 0 <= right < len(texts):
            raise bad_request("QUIZ_CORRECT_ANSWER_INVALID")
        given |= {"correct_option_id": right, "correct_option_ids": [right], "allows_revoting": False}
    return post(call, {"poll": poll(call.world.number(), given)})


def _stop_poll(call: Call) -> object:
    chat = call.chat()
    message = call.message("message with poll to stop", chat)
    if "poll" not in message or call.box(chat).authors.get(message["message_id"]) != call.bot.bot_id:
        raise bad_request("poll can't be stopped")
    if message["poll"]["is_closed"]:
        raise bad_request("poll has already been closed")
    message["poll"]["is_closed"] = True
    call.affected(chat.chat_id, message["message_id"])
    return message["poll"]


def _source(call: Call, what: str) -> tuple[Json, Chat]:
    read.needed(call.params, "from_chat_id")
    source_chat = call.chat("from_chat_id", to_read=True)
    source = call.message(what, source_chat)
    if is_service(source):
        raise bad_request("message can't be " + ("copied" if what.endswith("copy") else "forwarded"))
    if source.get("has_protected_content") and what.endswith("forward"):
        raise bad_request("message has protected content and can't be forwarded")
    return source, source_chat


def _forward_message(call: Call) -> object:
    source, chat = _source(call, "message to forward")
    return post(call, copied(source) | origin_fields(source, chat), markup={})


def _copy_message(call: Call) -> object:
    source, _ = _source(call, "message to copy")
    content = copied(source)
    if "caption" in call.params and kind_of(source) in CAPTIONED:
        for name in ("caption", "caption_entities"):
            content.pop(name, None)
        content |= read.caption(call.params)
    return {"message_id": post(call, content)["message_id"]}


def _many(call: Call, what: str) -> object:
    ids = read.message_ids(call.params)
    if ids != sorted(set(ids)):
        raise bad_request("message identifiers must be in a strictly increasing order")
    call.chat()
    sent: list[Json] = []
    for one in ids:
        single = call.over(message_id=one)
        try:
            source, chat = _source(single, what)
        except ApiError:
            # What is missing or cannot be sent on is passed over.
            continue
        fields = origin_fields(source, chat) if what.endswith("forward") else {}
        sent.append({"message_id": post(single, copied(source) | fields, markup={})["message_id"]})
    if not sent:
        raise bad_request("there are no messages to " + ("forward" if what.endswith("forward") else "copy"))
    return sent


def _send_chat_action(call: Call) -> object:
    if read.words(call.params, "action") not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat = call.chat()
    call.affected(chat.chat_id)
    return True


METHODS = {
    "sendMessage": _send_message,
    **{
        f"send{kind.title().replace('_', '')}": _send_file(kind)
        for kind in ("photo", "video", "animation", "audio", "document", "voice", "video_note", "sticker")
    },
    "sendMediaGroup": _send_media_group,
    "sendLocation": _send_location,
    "sendVenue": _send_location,
    "sendContact": _send_contact,
    "sendDice": _send_dice,
    "sendPoll": _send_poll,
    "stopPoll": _stop_poll,
    "forwardMessage": _forward_message,
    "forwardMessages": lambda call: _many(call, "message to forward"),
    "copyMessage": _copy_message,
    "copyMessages": lambda call: _many(call, "message to copy"),
    "sendChatAction": _send_chat_action,
}
