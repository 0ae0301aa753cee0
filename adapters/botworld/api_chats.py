"""What bots learn of chats and their members, and how they administer them: pins, titles, leaving, banning.

Not here: topics (``api_topics``), and what people do in chats (``people_membership``).
"""

from collections.abc import Callable

from adapters.botworld import params as read
from adapters.botworld.accounts import Chat, Status, member_json
from adapters.botworld.call import Call
from adapters.botworld.state import quoted
from adapters.botworld.values import ApiError, Json, WorldError, bad_request

TITLE_CHARS_MAX = 128


def _get_chat(call: Call) -> object:
    chat = call.chat(to_read=True)
    body = chat.as_full_json()
    if chat.pinned:
        pinned = call.box(chat).messages.get(chat.pinned[-1])
        body |= {"pinned_message": quoted(pinned)} if pinned else {}
    return body


def _member(call: Call, chat: Chat, user_id: int) -> Json:
    if chat.is_private:
        status = Status.MEMBER if user_id in (chat.chat_id, call.bot.bot_id) else Status.LEFT
    else:
        status = chat.status(user_id)
    return member_json(call.world.account(user_id), status, chat.kind)


def _get_chat_member(call: Call) -> object:
    user_id = read.user_id(call.params)
    chat = call.chat(to_read=True)
    if user_id not in call.world.users and user_id not in call.world.bots:
        raise bad_request("PARTICIPANT_ID_INVALID" if chat.kind != "group" else "member not found")
    return _member(call, chat, user_id)


def _get_chat_member_count(call: Call) -> object:
    chat = call.chat(to_read=True)
    return 2 if chat.is_private else sum(status.is_in for status in chat.members.values())


def _get_chat_administrators(call: Call) -> object:
    chat = call.chat(to_read=True)
    if chat.is_private:
        raise bad_request("there are no administrators in the private chat")
    # Other bots are left out (https://core.telegram.org/bots/api#getchatadministrators).
    others = set(call.world.bots) - {call.bot.bot_id}
    admins = [one for one, status in chat.members.items() if status.is_admin and one not in others]
    return [_member(call, chat, one) for one in admins]


def _leave_chat(call: Call) -> object:
    chat = call.chat(to_read=True)
    if chat.is_private:
        raise bad_request("chat member status can't be changed in private chats")
    if chat.status(call.bot.bot_id).is_in:
        call.world.leave(chat.chat_id, call.bot.bot_id)
        call.affected(chat.chat_id)
    return True


def _pin(call: Call) -> object:
    chat = call.chat()
    message = call.message("message to pin", chat)
    call.needs_admin(chat, "not enough rights to manage pinned messages in the chat")
    call.world.pin(chat.chat_id, call.bot.bot_id, message["message_id"], call.bot.bot_id)
    call.affected(chat.chat_id, message["message_id"])
    return True


def _unpin(call: Call) -> object:
    chat = call.chat()
    call.needs_admin(chat, "not enough rights to manage pinned messages in the chat")
    message_id = read.whole(call.params, "message_id", 0) or (chat.pinned[-1] if chat.pinned else 0)
    if message_id not in chat.pinned:
        raise bad_request("message to unpin not found")
    chat.pinned.remove(message_id)
    call.affected(chat.chat_id, message_id)
    return True


def _unpin_all(call: Call) -> object:
    chat = call.chat()
    call.needs_admin(chat, "not enough rights to manage pinned messages in the chat")
    chat.pinned.clear()
    call.affected(chat.chat_id)
    return True


def _set_title(call: Call) -> object:
    chat = call.chat()
    title = read.words(call.params, "title").strip()
    if chat.is_private:
        raise bad_request("can't change private chat title")
    if not 1 <= len(title) <= TITLE_CHARS_MAX:
        raise bad_request("title can't be empty" if not title else "CHAT_TITLE_TOO_LONG")
    call.needs_admin(chat, "not enough rights to change chat title")
    if title == chat.title:
        raise bad_request("CHAT_NOT_MODIFIED")
    call.world.retitle(chat.chat_id, call.bot.bot_id, title)
    call.affected(chat.chat_id)
    return True


def _managing(status: Status, needed: str) -> Callable[[Call], object]:
    """Return a method that gives a member of a group or channel this status."""

    def change(call: Call) -> object:
        user_id = read.user_id(call.params)
        chat = call.chat()
        if chat.is_private:
            raise bad_request("method is available for supergroup and channel chats only")
        if not chat.status(call.bot.bot_id).is_admin:
            raise bad_request(needed)
        if user_id not in call.world.users and user_id not in call.world.bots:
            raise bad_request("PARTICIPANT_ID_INVALID")
        if chat.status(user_id) is Status.CREATOR:
            raise bad_request("can't remove chat owner")
        if status is Status.KICKED and chat.status(user_id) is Status.ADMINISTRATOR:
            raise bad_request("user is an administrator of the chat")
        try:
            _become(call, chat, user_id, status)
        except WorldError as error:
            raise bad_request(str(error)) from None
        call.affected(chat.chat_id)
        return True

    return change


def _become(call: Call, chat: Chat, user_id: int, status: Status) -> None:
    world, bot_id = call.world, call.bot.bot_id
    old = chat.status(user_id)
    if status is Status.KICKED:
        if old is not Status.KICKED:
            world.kick(chat.chat_id, user_id, by=bot_id)
    elif status is Status.LEFT:
        # ``unbanChatMember`` throws out who is in, unless told to leave them.
        if old is Status.KICKED:
            world.becomes(chat, user_id, Status.LEFT, world.account(bot_id))
        elif old.is_in and not read.flag(call.params, "only_if_banned"):
            world.kick(chat.chat_id, user_id, by=bot_id)
            world.becomes(chat, user_id, Status.LEFT, world.account(bot_id))
    else:
        world.becomes(chat, user_id, status, world.account(bot_id))


def _answer_request(status: Status) -> Callable[[Call], object]:
    def answer(call: Call) -> object:
        user_id = read.user_id(call.params)
        chat = call.chat()
        if not chat.status(call.bot.bot_id).is_admin:
            raise bad_request("not enough rights to manage chat join requests")
        if user_id not in chat.requests:
            raise bad_request("HIDE_REQUESTER_MISSING")
        chat.requests.discard(user_id)
        if status is Status.MEMBER:
            call.world.join(chat.chat_id, user_id)
        call.affected(chat.chat_id)
        return True

    return answer


def _log_out(call: Call) -> object:
    raise ApiError(
        400, "Bad Request: the simulated Telegram is not moved between servers; logOut has no use here"
    )


METHODS = {
    "getChat": _get_chat,
    "getChatMember": _get_chat_member,
    "getChatMemberCount": _get_chat_member_count,
    "getChatMembersCount": _get_chat_member_count,
    "getChatAdministrators": _get_chat_administrators,
    "leaveChat": _leave_chat,
    "pinChatMessage": _pin,
    "unpinChatMessage": _unpin,
    "unpinAllChatMessages": _unpin_all,
    "setChatTitle": _set_title,
    "banChatMember": _managing(Status.KICKED, "not enough rights to restrict/unrestrict chat member"),
    "kickChatMember": _managing(Status.KICKED, "not enough rights to restrict/unrestrict chat member"),
    "unbanChatMember": _managing(Status.LEFT, "not enough rights to restrict/unrestrict chat member"),
    "restrictChatMember": _managing(
        Status.RESTRICTED, "not enough rights to restrict/unrestrict chat member"
    ),
    "promoteChatMember": _managing(Status.ADMINISTRATOR, "not enough rights"),
    "approveChatJoinRequest": _answer_request(Status.MEMBER),
    "declineChatJoinRequest": _answer_request(Status.LEFT),
    "logOut": _log_out,
    "close": _log_out,
}
