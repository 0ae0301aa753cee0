"""How bots make, rename, close and reopen the topics of a forum.

Not here: the service messages that come of it (``people_topics``).
"""

from adapters.botworld import params as read
from adapters.botworld.accounts import TOPIC_COLOR, Chat
from adapters.botworld.accounts import Topic as ForumTopic
from adapters.botworld.call import Call
from adapters.botworld.people_topics import GENERAL
from adapters.botworld.values import Json, bad_request

NAME_CHARS_MAX = 128
# https://core.telegram.org/bots/api#createforumtopic
COLORS = frozenset({7322096, 16766590, 13338331, 9367192, 16749490, 16478047})


def _forum(call: Call) -> Chat:
    chat = call.chat()
    if chat.kind != "supergroup" or not chat.is_forum:
        raise bad_request(
            "the chat is not a forum" if chat.kind != "supergroup" else "the chat is not a supergroup forum"
        )
    return chat


def _topic(call: Call, chat: Chat) -> ForumTopic:
    call.needs_admin(chat, "not enough rights to edit the topic")
    topic = chat.topics.get(read.whole(call.params, "message_thread_id", 0))
    if topic is None or topic.thread_id == GENERAL:
        raise bad_request("TOPIC_ID_INVALID")
    return topic


def _create(call: Call) -> object:
    chat = _forum(call)
    call.needs_admin(chat, "not enough rights to create a topic")
    name = read.words(call.params, "name").strip()
    if not name:
        raise bad_request("TOPIC_TITLE_EMPTY")
    color = read.whole(call.params, "icon_color", 0) or TOPIC_COLOR
    if color not in COLORS:
        raise bad_request("invalid icon color specified")
    icon = read.words(call.params, "icon_custom_emoji_id") or None
    said = call.world.create_topic(chat.chat_id, call.bot.bot_id, name[:NAME_CHARS_MAX], color, icon)
    call.affected(chat.chat_id, said.message_id)
    body: Json = {"message_thread_id": said.message_id}
    return body | chat.topics[said.message_id].look()


def _edit(call: Call) -> object:
    chat = _forum(call)
    topic = _topic(call, chat)
    name = read.words(call.params, "name").strip()
    if name in ("", topic.name):
        raise bad_request("TOPIC_NOT_MODIFIED")
    call.world.edit_topic(chat.chat_id, call.bot.bot_id, topic.thread_id, name[:NAME_CHARS_MAX])
    call.affected(chat.chat_id)
    return True


def _close(call: Call) -> object:
    chat = _forum(call)
    topic = _topic(call, chat)
    if topic.is_closed:
        raise bad_request("TOPIC_NOT_MODIFIED")
    call.world.close_topic(chat.chat_id, call.bot.bot_id, topic.thread_id)
    call.affected(chat.chat_id)
    return True


def _reopen(call: Call) -> object:
    chat = _forum(call)
    topic = _topic(call, chat)
    if not topic.is_closed:
        raise bad_request("TOPIC_NOT_MODIFIED")
    call.world.reopen_topic(chat.chat_id, call.bot.bot_id, topic.thread_id)
    call.affected(chat.chat_id)
    return True


def _delete(call: Call) -> object:
    chat = _forum(call)
    topic = _topic(call, chat)
    box = call.box(chat)
    for message in list(box.messages.values()):
        if message.get("message_thread_id") == topic.thread_id:
            box.drop(message["message_id"])
    del chat.topics[topic.thread_id]
    call.affected(chat.chat_id)
    return True


METHODS = {
    "createForumTopic": _create,
    "editForumTopic": _edit,
    "closeForumTopic": _close,
    "reopenForumTopic": _reopen,
    "deleteForumTopic": _delete,
}
