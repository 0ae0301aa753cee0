"""Who and what exists in the simulated Telegram: people, bots, chats, their members and topics.

Each knows how the Bot API shows it. Not here: messages (``adapters.botworld.state``) and any behaviour.
"""

from enum import StrEnum

from attrs import Factory, define, field

from adapters.botworld.values import Json

# The account that stands for an administrator who writes anonymously, the one for people who write as a channel,
# and the one that forwards a channel's posts to its group (https://core.telegram.org/bots/api#message, ``from``).
ANONYMOUS_ADMIN: Json = {
    "id": 1087968824,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}
CHANNEL_BOT: Json = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}
TELEGRAM: Json = {"id": 777000, "is_bot": False, "first_name": "Telegram"}

TOPIC_COLOR = 7322096
_PERMISSIONS = (
    *("can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos"),
    *("can_send_video_notes", "can_send_voice_notes", "can_send_polls", "can_send_other_messages"),
    *("can_add_web_page_previews", "can_react_to_messages", "can_edit_tag", "can_change_info"),
    *("can_invite_users", "can_pin_messages", "can_manage_topics"),
)
_RIGHTS = (
    *(
        "can_manage_chat",
        "can_change_info",
        "can_delete_messages",
        "can_invite_users",
        "can_restrict_members",
    ),
    *("can_pin_messages", "can_manage_topics", "can_promote_members", "can_manage_video_chats"),
    *("can_post_stories", "can_edit_stories", "can_delete_stories", "can_manage_tags"),
    *("can_send_welcome_messages",),
)
_CHANNEL_RIGHTS = ("can_post_messages", "can_edit_messages", "can_manage_direct_messages")


class Status(StrEnum):
    """How somebody stands to a chat (https://core.telegram.org/bots/api#chatmember)."""

    CREATOR = "creator"
    ADMINISTRATOR = "administrator"
    MEMBER = "member"
    RESTRICTED = "restricted"
    LEFT = "left"
    KICKED = "kicked"

    @property
    def is_in(self) -> bool:
        """Whether somebody who stands so is in the chat."""
        return self not in (Status.LEFT, Status.KICKED)

    @property
    def is_admin(self) -> bool:
        """Whether somebody who stands so administers the chat."""
        return self in (Status.CREATOR, Status.ADMINISTRATOR)


@define
class User:
    """A person. A deactivated account stays known and can no longer be written to."""

    user_id: int
    first_name: str
    username: str | None = None
    language_code: str = "en"
    last_name: str | None = None
    is_deactivated: bool = False

    def as_json(self) -> Json:
        """Return the Bot API's ``User``."""
        body: Json = {"id": self.user_id, "is_bot": False, "first_name": self.first_name}
        if self.last_name:
            body["last_name"] = self.last_name
        if self.username:
            body["username"] = self.username
        return body | {"language_code": self.language_code}


@define
class Bot:
    """A bot account. ``reads_all`` False is Telegram's privacy mode: groups show it only what is meant for it.

    ``menus`` are its lists of commands by scope and language, ``texts`` its name and descriptions by kind and
    language.
    """

    token: str = field(repr=False)
    bot_id: int
    username: str
    first_name: str
    reads_all: bool = True
    menus: dict[tuple[str, int, int, str], list[Json]] = Factory(dict)
    texts: dict[tuple[str, str], str] = Factory(dict)

    def as_user(self) -> Json:
        """Return the Bot API's ``User`` as others see it."""
        return {"id": self.bot_id, "is_bot": True, "first_name": self.first_name, "username": self.username}


@define
class Topic:
    """A topic of a forum. Its id is the id of the message that made it."""

    thread_id: int
    name: str
    icon_color: int = TOPIC_COLOR
    icon_custom_emoji_id: str | None = None
    is_closed: bool = False

    def look(self) -> Json:
        """Return name and icon, as messages about topics carry them."""
        body: Json = {"name": self.name, "icon_color": self.icon_color}
        if self.icon_custom_emoji_id:
            body["icon_custom_emoji_id"] = self.icon_custom_emoji_id
        return body


@define
class Chat:
    """A chat: private (its id is the user's), ``group``, ``supergroup`` or ``channel``.

    ``members`` holds people and bots, also those who left or were thrown out. In a private chat it holds the bots that
    the user has started (``member``) or blocked (``kicked``). ``linked`` is the group of a channel or the channel of
    a group; ``requests`` who asked to be let in; ``last_bot`` the bot that wrote last.
    """

    chat_id: int
    kind: str
    title: str | None = None
    is_forum: bool = False
    user: User | None = None
    username: str | None = None
    members: dict[int, Status] = Factory(dict)
    topics: dict[int, Topic] = Factory(dict)
    pinned: list[int] = Factory(list)
    requests: set[int] = Factory(set)
    migrated_to: int | None = None
    linked: int | None = None
    is_deleted: bool = False
    last_bot: int | None = None

    @property
    def is_private(self) -> bool:
        """Whether this is the chat of one user with a bot."""
        return self.kind == "private"

    @property
    def is_channel(self) -> bool:
        """Whether only administrators write here, in the chat's name."""
        return self.kind == "channel"

    def status(self, user_id: int) -> Status:
        """Return how somebody stands to this chat; ``left`` for strangers."""
        return self.members.get(user_id, Status.LEFT)

    def as_json(self) -> Json:
        """Return the Bot API's ``Chat``."""
        body: Json = {"id": self.chat_id}
        if self.user is not None:
            person = self.user.as_json()
            names = ("first_name", "last_name", "username")
            body |= {name: person[name] for name in names if name in person}
        else:
            body["title"] = self.title or f"Chat {self.chat_id}"
            if self.username:
                body["username"] = self.username
        body["type"] = self.kind
        return body | {"is_forum": True} if self.is_forum else body

    def as_full_json(self) -> Json:
        """Return the Bot API's ``ChatFullInfo``, without the pinned message."""
        names = (
            "unlimited_gifts",
            "limited_gifts",
            "unique_gifts",
            "premium_subscription",
            "gifts_from_channels",
        )
        body = self.as_json() | {"accent_color_id": abs(self.chat_id) % 7, "max_reaction_count": 11}
        body["accepted_gift_types"] = dict.fromkeys(names, self.is_private)
        if self.username or (self.user is not None and self.user.username):
            body["active_usernames"] = [body["username"]]
        if self.kind in ("group", "supergroup"):
            body["permissions"] = permissions()
        if self.kind == "supergroup":
            body["has_visible_history"] = True
        if self.linked is not None:
            body["linked_chat_id"] = self.linked
        return body


def permissions() -> Json:
    """Return the Bot API's ``ChatPermissions`` of a member without restrictions."""
    return dict.fromkeys(_PERMISSIONS, True)


def member_json(user: Json, status: Status, kind: str) -> Json:
    """Return the Bot API's ``ChatMember`` of ``user`` in a chat of this kind, with all required fields."""
    body: Json = {"user": user, "status": status.value}
    match status:
        case Status.CREATOR:
            body["is_anonymous"] = False
        case Status.ADMINISTRATOR:
            body |= {"can_be_edited": False, "is_anonymous": False} | dict.fromkeys(_RIGHTS, True)
            if kind == "channel":
                body |= dict.fromkeys(_CHANNEL_RIGHTS, True)
        case Status.RESTRICTED:
            body |= dict.fromkeys(_PERMISSIONS, False) | {"is_member": True, "until_date": 0}
        case Status.KICKED:
            body["until_date"] = 0
        case Status.MEMBER | Status.LEFT:
            pass
    return body
