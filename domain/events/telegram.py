"""What comes from Telegram and what goes to it.

Lengths of texts are Telegram's own limits (https://core.telegram.org/bots/api). Not here: Bot API calls.
"""

from enum import StrEnum

from attrs import field, frozen

from domain.events.spec import (
    ANSWER_CHARS_MAX,
    CALLBACK_BYTES_MAX,
    INSTANT,
    KEY,
    TEXT_UNITS_MAX,
    WORD,
    Spec,
    Unit,
    spec,
)

ENTITIES_MAX = 1000
# More of them are not kept.
MENTIONS_MAX = 10
BUTTON_ROWS_MAX = 100
BUTTONS_IN_ROW_MAX = 8

BOT = spec("The bot's own Telegram id.", 1)
CHAT = spec("The chat; groups and channels have negative ids.")
THREAD = spec("The forum topic, if any.", 1)
USER = spec("Who acted; none in channels and for anonymous admins.", 1)
USER_NAME = spec("The user's first name as Telegram shows it.", 0, 256)
LANGUAGE = spec("The IETF language tag of the user's client.", 1, 35)
_ENTITIES = spec("Formatting, in the order of the text.", 0, ENTITIES_MAX)
_BUTTONS = spec(
    "Rows of inline buttons.",
    0,
    BUTTON_ROWS_MAX,
    items=Spec("One row of buttons.", 1, BUTTONS_IN_ROW_MAX),
)


class ChatType(StrEnum):
    """Telegram's kinds of chat."""

    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"


class MessageKind(StrEnum):
    """Which kind of update brought a message."""

    MESSAGE = "message"
    EDITED_MESSAGE = "edited_message"
    CHANNEL_POST = "channel_post"
    EDITED_CHANNEL_POST = "edited_channel_post"


class MemberStatus(StrEnum):
    """What somebody is in a chat: https://core.telegram.org/bots/api#chatmember.

    In a private chat the bot is ``member``, or ``kicked`` while the user blocks it.
    """

    CREATOR = "creator"
    ADMINISTRATOR = "administrator"
    MEMBER = "member"
    RESTRICTED = "restricted"
    LEFT = "left"
    KICKED = "kicked"


class MessageClass(StrEnum):
    """What happens when nobody knows whether a send took effect: a reply is repeated, a reminder is not."""

    REPLY = "reply"
    REMINDER = "reminder"


@frozen
class Mention:
    """A person whom a text names by a link instead of a user name; offset and length in UTF-16 units.

    https://core.telegram.org/bots/api#messageentity, ``text_mention``
    """

    offset: int = field(metadata=spec("Where the words begin that name them, in UTF-16 units.", 0))
    length: int = field(metadata=spec("How long these are, in UTF-16 units.", 1))
    user_id: int = field(metadata=spec("Who is named.", 1))
    name: str = field(default="", metadata=USER_NAME)


@frozen(kw_only=True)
class MessageReceived:
    """A message or an edit that Telegram delivered."""

    bot_id: int = field(metadata=BOT)
    chat_id: int = field(metadata=CHAT)
    chat_type: ChatType = field(metadata=spec("The kind of chat."))
    message_id: int = field(metadata=spec("The message's id within its chat.", 0))
    thread_id: int | None = field(default=None, metadata=THREAD)
    user_id: int | None = field(default=None, metadata=USER)
    sender_chat_id: int | None = field(
        default=None, metadata=spec("The chat in whose name it was sent (channels, anonymous admins).")
    )
    user_name: str | None = field(default=None, metadata=USER_NAME)
    language: str | None = field(default=None, metadata=LANGUAGE)
    kind: MessageKind = field(metadata=spec("Which kind of update brought it."))
    content: str = field(metadata=spec("What the message carries: text, photo, sticker, …", form=WORD))
    text: str | None = field(
        default=None,
        # Telegram's own limit counts characters, of which one takes up to two units.
        metadata=spec("The text or caption as Telegram sent it.", 0, 2 * TEXT_UNITS_MAX, unit=Unit.UTF16),
    )
    reply_to_message_id: int | None = field(default=None, metadata=spec("The message it answers.", 0))
    sent_at: str = field(metadata=spec("When it was sent, or edited, by Telegram's clock.", form=INSTANT))
    addressed: bool = field(
        default=True,
        metadata=spec(
            "Whether it is meant for the bot: in private always; elsewhere a command (for it or for no named bot, "
            "and not forwarded), a mention of it in text or caption, a text_mention of it, or a reply to one of its "
            "messages."
        ),
    )
    forwarded: bool = field(
        default=False,
        metadata=spec(
            "Whether somebody else's words were passed on: a forward, or what another bot wrote for the sender. "
            "A command in it is not obeyed."
        ),
    )
    album: str | None = field(
        default=None, metadata=spec("The album that it is a part of, by Telegram's id.", form=KEY)
    )
    mentions: tuple[Mention, ...] = field(
        default=(), metadata=spec("People whom the text names by links, in its order.", 0, MENTIONS_MAX)
    )


@frozen(kw_only=True)
class CallbackReceived:
    """A press of an inline button."""

    bot_id: int = field(metadata=BOT)
    chat_id: int = field(metadata=CHAT)
    chat_type: ChatType = field(metadata=spec("The kind of chat."))
    message_id: int | None = field(default=None, metadata=spec("The message that has the button.", 0))
    thread_id: int | None = field(default=None, metadata=THREAD)
    user_id: int = field(metadata=spec("Who pressed.", 1))
    user_name: str | None = field(default=None, metadata=USER_NAME)
    language: str | None = field(default=None, metadata=LANGUAGE)
    callback_id: str = field(metadata=spec("Telegram's id of the press, to answer it by.", form=KEY))
    data: str = field(metadata=spec("What the button carries.", 0, CALLBACK_BYTES_MAX, unit=Unit.UTF8))


@frozen
class Entity:
    """Formatting of a part of a text; offset and length in UTF-16 units.

    https://core.telegram.org/bots/api#messageentity
    """

    type: str = field(metadata=spec("bold, pre, text_link, …", form=WORD))
    offset: int = field(metadata=spec("Where it begins, in UTF-16 units.", 0))
    length: int = field(metadata=spec("How long it is, in UTF-16 units.", 1))
    url: str | None = field(default=None, metadata=spec("Where a text_link leads.", 1, 2048))
    language: str | None = field(default=None, metadata=spec("The programming language of a pre.", 0, 64))
    custom_emoji_id: str | None = field(default=None, metadata=spec("The id of a custom_emoji.", 1, 64))
    user_id: int | None = field(default=None, metadata=spec("The user of a text_mention.", 1))


@frozen
class Button:
    """An inline button."""

    text: str = field(metadata=spec("Its label.", 1, 256))
    data: str = field(metadata=spec("What a press brings back.", 1, CALLBACK_BYTES_MAX, unit=Unit.UTF8))


@frozen(kw_only=True)
class TelegramSend:
    """One message to send; longer texts are split before they become events."""

    bot_id: int = field(metadata=BOT)
    chat_id: int = field(metadata=CHAT)
    thread_id: int | None = field(default=None, metadata=THREAD)
    text: str = field(metadata=spec("The text.", 1, TEXT_UNITS_MAX, unit=Unit.UTF16))
    entities: tuple[Entity, ...] = field(default=(), metadata=_ENTITIES)
    reply_to_message_id: int | None = field(default=None, metadata=spec("The message it answers.", 0))
    buttons: tuple[tuple[Button, ...], ...] = field(default=(), metadata=_BUTTONS)
    message_class: MessageClass = field(
        default=MessageClass.REPLY, metadata=spec("What happens when the outcome of a send is unknown.")
    )
    silent: bool = field(default=False, metadata=spec("Whether to send without a sound."))


@frozen(kw_only=True)
class TelegramEdit:
    """A new text for a message that was sent; exactly one of the two ways to name it is set."""

    bot_id: int = field(metadata=BOT)
    chat_id: int = field(metadata=CHAT)
    message_id: int | None = field(default=None, metadata=spec("The message, by Telegram's id.", 0))
    delivery_key: str | None = field(
        default=None, metadata=spec("The message, by the idempotency key of its telegram.send.", form=KEY)
    )
    text: str = field(metadata=spec("The new text.", 1, TEXT_UNITS_MAX, unit=Unit.UTF16))
    entities: tuple[Entity, ...] = field(default=(), metadata=_ENTITIES)
    buttons: tuple[tuple[Button, ...], ...] = field(default=(), metadata=_BUTTONS)


@frozen(kw_only=True)
class TelegramAnswer:
    """The answer to a press of a button, so that Telegram stops showing it as busy."""

    bot_id: int = field(metadata=BOT)
    chat_id: int = field(metadata=CHAT)
    callback_id: str = field(metadata=spec("Telegram's id of the press.", form=KEY))
    text: str | None = field(default=None, metadata=spec("A notice to show.", 0, ANSWER_CHARS_MAX))
    alert: bool = field(default=False, metadata=spec("Whether the notice must be dismissed."))


@frozen(kw_only=True)
class TelegramDelivered:
    """A delivery that Telegram confirmed."""

    bot_id: int = field(metadata=BOT)
    chat_id: int = field(metadata=CHAT)
    message_id: int | None = field(default=None, metadata=spec("The message, where the call made one.", 0))
    delivery_key: str = field(metadata=spec("The idempotency key of the delivery.", form=KEY))
    repeat: bool = field(metadata=spec("Whether it may have been delivered before."))
    method: str = field(metadata=spec("The Bot API method that was called, such as sendMessage.", 1, 64))


@frozen(kw_only=True)
class ChatMigrated:
    """A group became a supergroup and has a new id; what belongs to the old one moves along."""

    bot_id: int = field(metadata=BOT)
    chat_id: int = field(metadata=spec("The chat's old id."))
    new_chat_id: int = field(metadata=spec("The chat's new id."))


@frozen(kw_only=True)
class ChatMember:
    """The bot became something else in a chat: added, removed, promoted, restricted, blocked, unblocked."""

    bot_id: int = field(metadata=BOT)
    chat_id: int = field(metadata=CHAT)
    chat_type: ChatType = field(metadata=spec("The kind of chat."))
    user_id: int | None = field(
        default=None, metadata=spec("Who changed it; none where Telegram hides or does not tell who.", 1)
    )
    user_name: str | None = field(default=None, metadata=USER_NAME)
    language: str | None = field(default=None, metadata=LANGUAGE)
    before: MemberStatus = field(
        metadata=spec("What the bot was; restricted outside of the chat counts as left.")
    )
    after: MemberStatus = field(
        metadata=spec("What the bot is; restricted outside of the chat counts as left.")
    )
    changed_at: str = field(metadata=spec("When it changed, by Telegram's clock.", form=INSTANT))
