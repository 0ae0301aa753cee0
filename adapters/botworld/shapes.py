"""Small rules about the shape of messages and updates: what a text carries, what a reply quotes, who is shown it."""

from collections.abc import Mapping

from adapters.botworld.entities import found_in
from adapters.botworld.values import Bot, Chat, Json


def text_fields(text: str | None) -> Json:
    """Return the fields that a text makes in a message of a person."""
    if text is None:
        return {}
    entities = found_in(text)
    return {"text": text, "entities": entities} if entities else {"text": text}


def quoted(message: Json) -> Json:
    """Return a message as it stands inside a reply: one level deep."""
    return {name: value for name, value in message.items() if name != "reply_to_message"}


def is_shown(bot: Bot, chat: Chat, kind: str, body: Json) -> bool:
    """Whether privacy mode lets the bot see it (https://core.telegram.org/bots/features#privacy-mode)."""
    if bot.reads_all or chat.is_private or kind not in {"message", "edited_message"}:
        return True
    text: str = body.get("text", "")
    name = f"@{bot.username}".lower()
    command = text.startswith("/") and ("@" not in text.split()[0] or name in text.split()[0].lower())
    replied_to = body.get("reply_to_message", {}).get("from", {}).get("id") == bot.bot_id
    return command or replied_to or name in text.lower()


def chat_in(update: Json) -> int:
    """Return the chat whose order an injected update belongs to; 0 where it has none."""
    for body in update.values():
        if isinstance(body, Mapping):
            holder = body if "chat" in body else body.get("message", {})
            chat = holder.get("chat") if isinstance(holder, Mapping) else None
            if isinstance(chat, Mapping) and isinstance(chat.get("id"), int):
                return int(chat["id"])
    return 0
