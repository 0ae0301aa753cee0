"""What people write: texts, pictures and the like, albums, posts in channels; how they edit and forward.

Not here: buttons and reactions (``people_answering``), and who is in a chat (``people_membership``).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.botworld.accounts import ANONYMOUS_ADMIN, CHANNEL_BOT, TELEGRAM, Chat, Status
from adapters.botworld.accounts import Topic as ForumTopic
from adapters.botworld.contents import CAPTIONED, caption_fields, content_fields, copied, kind_of
from adapters.botworld.entities import found_in
from adapters.botworld.state import Box, Said, State, quoted
from adapters.botworld.values import Json, WorldError

ALBUM_MAX = 10


class Writing(State):
    """A world whose people write."""

    def say(
        self,
        chat_id: int,
        user_id: int,
        text: str | None = None,
        *,
        bot_id: int | None = None,
        thread_id: int | None = None,
        reply_to: int | None = None,
        anonymous: bool = False,
        as_chat: int | None = None,
        kind: str | None = None,
        content: Mapping[str, Any] | None = None,
        caption: str | None = None,
        entities: list[Json] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Said:
        """Let a person write. The chat is made if it is new: a positive id is the private chat of that user.

        ``bot_id`` says which bot's private chat is meant where there are several. ``kind`` is a kind of content
        (``contents.KINDS``), ``content`` its fields where they are not the usual ones, ``caption`` what stands below;
        ``entities`` replace those that an app would find. ``anonymous`` writes as the group itself, ``as_chat`` in
        the name of a channel. ``extra`` adds raw fields. In a channel it is a post.
        """
        chat = self._chat_for(chat_id, user_id)
        bots = self._readers(chat, bot_id)
        box = self.box(bots[0], chat)
        message = self.draft(
            chat, box, **self._sender(chat, user_id, as_chat or (chat_id if anonymous else None))
        )
        message |= self._place(chat, box, thread_id, reply_to)
        if text is not None:
            marks = found_in(text) if entities is None else entities
            message |= {"text": text, "entities": marks} if marks else {"text": text}
        if kind is not None:
            message |= content_fields(self.files, kind, content or {})
        message |= dict(extra or {})
        if caption is None and "caption_entities" not in message:
            caption = message.get("caption")
        message |= caption_fields(caption, entities if text is None else None)
        said = self.publish(bots, chat, box, message)
        self._forward_to_group(chat, message)
        return said

    def album(
        self,
        chat_id: int,
        user_id: int,
        items: Sequence[Mapping[str, Any]],
        *,
        bot_id: int | None = None,
        thread_id: int | None = None,
    ) -> list[Said]:
        """Let a person send an album: messages of one ``media_group_id``, an update for each.

        An item has a ``kind``, and may have ``content`` and ``caption``.
        """
        if not 2 <= len(items) <= ALBUM_MAX:
            raise WorldError(f"items: an album has 2 to {ALBUM_MAX} items")
        group = {"media_group_id": self.number()}
        said: list[Said] = []
        for item in items:
            kind, content, caption = item.get("kind", "photo"), item.get("content"), item.get("caption")
            if not isinstance(kind, str) or kind not in CAPTIONED:
                raise WorldError(f"items: {kind!r} is no kind for an album")
            if not isinstance(content, Mapping | None) or not isinstance(caption, str | None):
                raise WorldError("items: content must be an object and caption a string")
            place: dict[str, Any] = {"bot_id": bot_id, "thread_id": thread_id, "extra": group}
            said.append(self.say(chat_id, user_id, kind=kind, content=content, caption=caption, **place))
        return said

    def forward(
        self,
        chat_id: int,
        user_id: int,
        from_chat_id: int,
        message_id: int,
        *,
        bot_id: int | None = None,
        hidden: bool = False,
    ) -> Said:
        """Let a person forward a message of another chat. ``hidden``: its writer does not want to be linked to."""
        source_chat = self.known(from_chat_id)
        bots = self._readers(self._chat_for(chat_id, user_id), bot_id)
        source = self.message(bots[0], from_chat_id, message_id)
        extra = copied(source) | origin_fields(source, source_chat, hidden=hidden)
        return self.say(chat_id, user_id, bot_id=bot_id, extra=extra)

    def edit(
        self,
        chat_id: int,
        message_id: int,
        text: str | None = None,
        *,
        caption: str | None = None,
        entities: list[Json] | None = None,
        bot_id: int | None = None,
    ) -> Said:
        """Let a person change the text or the caption of a message of theirs."""
        chat = self.known(chat_id)
        bots = self._readers(chat, bot_id)
        message = self.message(bots[0], chat_id, message_id)
        if message_id in self.box(bots[0], chat).authors:
            raise WorldError(f"message {message_id} is a bot's; people edit their own")
        has_caption = kind_of(message) in CAPTIONED
        if has_caption and caption is None:
            caption, text = text, None
        if (text if has_caption else caption) is not None or (not has_caption and "text" not in message):
            raise WorldError(
                f"message {message_id} has another content; give the text or the caption that it has"
            )
        if text is None and caption is None:
            raise WorldError("text: missing")
        for name in ("entities", "caption_entities"):
            message.pop(name, None)
        message["edit_date"] = int(self.now())
        if text is not None:
            marks = found_in(text) if entities is None else entities
            message |= {"text": text, "entities": marks} if marks else {"text": text}
        message |= caption_fields(caption, entities)
        kind = "edited_channel_post" if chat.is_channel else "edited_message"
        return Said(message_id, self.show(bots, chat, kind, message))

    # Behind them

    def meet(self, user_id: int, bot_id: int | None = None) -> None:
        """Let a person have started the bot already, as in an earlier run; the bot is told nothing."""
        self._chat_for(user_id, user_id).members[self.one_bot(bot_id)] = Status.MEMBER

    def _chat_for(self, chat_id: int, user_id: int) -> Chat:
        chat = self.chats.get(chat_id)
        if chat is None and chat_id > 0:
            if chat_id != user_id:
                raise WorldError(f"chat {chat_id} is the private chat of user {chat_id}, not of {user_id}")
            chat = self.chats[chat_id] = Chat(chat_id, "private", user=self.add_user(user_id))
        chat = chat if chat is not None else self.add_group(chat_id)
        if not chat.is_private:
            if chat.status(user_id) is Status.KICKED or chat.is_deleted or chat.migrated_to is not None:
                raise WorldError(
                    f"user {user_id} cannot write in chat {chat_id}: thrown out, or the chat is closed"
                )
            # Who writes in a group is in it, without a word about how they came.
            chat.members.setdefault(user_id, Status.ADMINISTRATOR if chat.is_channel else Status.MEMBER)
        return chat

    def _readers(self, chat: Chat, bot_id: int | None) -> list[int]:
        if chat.is_private:
            bot = self.one_bot(bot_id)
            if chat.status(bot) is Status.KICKED:
                # Who writes to a bot has it unblocked, which the bot learns first.
                self.becomes(chat, bot, Status.MEMBER, self.account(chat.chat_id))
            chat.members[bot] = Status.MEMBER
            return [bot]
        bots = self.bots_in(chat)
        if not bots:
            raise WorldError(f"no bot is in chat {chat.chat_id}")
        return bots

    def _sender(self, chat: Chat, user_id: int, as_chat: int | None) -> Json:
        if chat.is_channel:
            return {"sender_chat": chat.as_json()}
        if as_chat is None:
            return {"from": self.account(user_id)}
        if chat.is_private:
            raise WorldError("in a private chat people write as themselves")
        sender = self.known_group(as_chat).as_json()
        return {"from": ANONYMOUS_ADMIN if as_chat == chat.chat_id else CHANNEL_BOT, "sender_chat": sender}

    def _place(self, chat: Chat, box: Box, thread_id: int | None, reply_to: int | None) -> Json:
        fields: Json = {}
        if thread_id is not None:
            if not chat.is_forum and not chat.is_private:
                # Outside of forums threads are those of replies, which every supergroup has.
                fields["message_thread_id"] = thread_id
            else:
                chat.topics.setdefault(thread_id, ForumTopic(thread_id, f"Topic {thread_id}"))
                fields |= {"message_thread_id": thread_id, "is_topic_message": True}
        if reply_to is not None:
            answered = box.messages.get(reply_to)
            if answered is None:
                raise WorldError(f"there is no message {reply_to} in chat {chat.chat_id}")
            fields["reply_to_message"] = quoted(answered)
            if "message_thread_id" in answered:
                fields.setdefault("message_thread_id", answered["message_thread_id"])
                if "is_topic_message" in answered:
                    fields["is_topic_message"] = True
        elif thread_id is not None and thread_id in box.messages:
            # In a topic, whatever answers nothing else answers the message that made the topic.
            fields["reply_to_message"] = quoted(box.messages[thread_id])
        return fields

    def _forward_to_group(self, channel: Chat, post: Json) -> None:
        """Forward a channel's post to the group that is linked to it, as Telegram does by itself."""
        if not channel.is_channel or channel.linked is None:
            return
        group = self.known(channel.linked)
        box = self.box(0, group)
        message = self.draft(group, box, **{"from": TELEGRAM}, sender_chat=channel.as_json())
        message |= copied(post) | origin_fields(post, channel) | {"is_automatic_forward": True}
        self.publish(self.bots_in(group), group, box, message)


def origin_fields(source: Json, chat: Chat, *, hidden: bool = False) -> Json:
    """Return the fields that say where a forwarded message is from: today's, and those of old clients."""
    if "forward_origin" in source:
        names = ("forward_origin", "forward_from", "forward_from_chat", "forward_from_message_id")
        return {
            name: source[name] for name in (*names, "forward_sender_name", "forward_date") if name in source
        }
    date = source["date"]
    old: Json = {"forward_date": date}
    if chat.is_channel:
        origin: Json = {"type": "channel", "chat": chat.as_json(), "message_id": source["message_id"]}
        old |= {"forward_from_chat": chat.as_json(), "forward_from_message_id": source["message_id"]}
    elif "sender_chat" in source:
        origin = {"type": "chat", "sender_chat": source["sender_chat"]}
        old["forward_from_chat"] = source["sender_chat"]
    elif hidden:
        name = source["from"]["first_name"]
        origin = {"type": "hidden_user", "sender_user_name": name}
        old["forward_sender_name"] = name
    else:
        origin = {"type": "user", "sender_user": source["from"]}
        old["forward_from"] = source["from"]
    return {"forward_origin": origin | {"date": date}} | old
