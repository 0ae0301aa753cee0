"""Who is in a chat: joining, leaving, throwing out, blocking, administrators; titles, pins, migration, linked channels.

Each act makes the service message and the ``my_chat_member`` and ``chat_member`` updates that Telegram makes of it.
"""

from collections.abc import Sequence

from adapters.botworld.accounts import ANONYMOUS_ADMIN, Chat, Status
from adapters.botworld.state import Said, State, quoted
from adapters.botworld.values import Json, WorldError


class Membership(State):
    """A world whose people come and go."""

    def block(self, chat_id: int, bot_id: int | None = None) -> None:
        """Let the user block the bot, or the group throw it out."""
        chat = self.known(chat_id)
        bot = self.one_bot(bot_id)
        if chat.is_private:
            self.becomes(chat, bot, Status.KICKED, self.account(chat_id))
        else:
            self.kick(chat_id, bot)

    def unblock(self, chat_id: int, bot_id: int | None = None) -> None:
        """Undo ``block``."""
        chat = self.known(chat_id)
        actor = self.account(chat_id) if chat.is_private else ANONYMOUS_ADMIN
        self.becomes(chat, self.one_bot(bot_id), Status.MEMBER, actor)

    def deactivate(self, user_id: int) -> None:
        """Let a person's account be deleted: nobody can write to them any more."""
        self.add_user(user_id).is_deactivated = True

    def join(self, chat_id: int, user_id: int) -> Said:
        """Let a person enter a group or channel by themselves."""
        return self.add(chat_id, user_id, [user_id])

    def add(self, chat_id: int, user_id: int, who: Sequence[int]) -> Said:
        """Let ``user_id`` add these people and bots to a group or channel."""
        chat = self.known_group(chat_id)
        if not who:
            raise WorldError("who: name at least one person or bot")
        actor = self.account(user_id)
        update_ids: tuple[int, ...] = ()
        for one in who:
            is_channel_bot = chat.is_channel and one in self.bots
            update_ids += self.becomes(
                chat, one, Status.ADMINISTRATOR if is_channel_bot else Status.MEMBER, actor
            )
        if chat.is_channel:
            return Said(0, update_ids)
        users = [self.account(one) for one in who]
        # The first two are what clients of old understand.
        old = {"new_chat_participant": users[0], "new_chat_member": users[0]}
        said = self.tell(chat, actor, old | {"new_chat_members": users})
        return Said(said.message_id, update_ids + said.update_ids)

    def leave(self, chat_id: int, user_id: int) -> Said:
        """Let a person leave a group or channel."""
        return self._goes(self.known_group(chat_id), user_id, Status.LEFT, self.account(user_id))

    def kick(self, chat_id: int, user_id: int, by: int | None = None) -> Said:
        """Let a person or bot be thrown out of a group or channel, by ``by`` or an anonymous administrator."""
        actor = ANONYMOUS_ADMIN if by is None else self.account(by)
        return self._goes(self.known_group(chat_id), user_id, Status.KICKED, actor)

    def _goes(self, chat: Chat, user_id: int, status: Status, actor: Json) -> Said:
        if not chat.status(user_id).is_in and user_id in self.bots:
            raise WorldError(f"bot {user_id} is not in chat {chat.chat_id}")
        update_ids = self.becomes(chat, user_id, status, actor)
        if chat.is_channel:
            return Said(0, update_ids)
        user = self.account(user_id)
        fields = {"left_chat_participant": user, "left_chat_member": user}
        # A bot that is gone is still shown the message about its own going, as the last.
        also = [user_id] if user_id in self.bots else []
        said = self.tell(chat, actor, fields, also)
        return Said(said.message_id, update_ids + said.update_ids)

    def set_status(self, chat_id: int, user_id: int, status: str, by: int | None = None) -> tuple[int, ...]:
        """Let somebody become ``creator``, ``administrator``, ``member`` or ``restricted`` without a message."""
        allowed = [one.value for one in Status if one.is_in]
        if status not in allowed:
            raise WorldError(f"status: must be one of {', '.join(allowed)}; to go is 'leave' or 'kick'")
        actor = ANONYMOUS_ADMIN if by is None else self.account(by)
        return self.becomes(self.known_group(chat_id), user_id, Status(status), actor)

    def ask_to_join(self, chat_id: int, user_id: int, bio: str | None = None) -> tuple[int, ...]:
        """Let a person ask to be let in; bots that are administrators are told by ``chat_join_request``."""
        chat = self.known_group(chat_id)
        body: Json = {"chat": chat.as_json(), "from": self.account(user_id), "user_chat_id": user_id}
        body |= {"date": int(self.now())} | ({"bio": bio} if bio else {})
        chat.requests.add(user_id)
        return self.show(self.bots_in(chat), chat, "chat_join_request", body)

    def retitle(self, chat_id: int, user_id: int, title: str) -> Said:
        """Let a person give a group or channel a new title."""
        chat = self.known_group(chat_id)
        chat.title = title
        return self.tell(chat, self.account(user_id), {"new_chat_title": title})

    def pin(self, chat_id: int, user_id: int, message_id: int, bot_id: int | None = None) -> Said:
        """Let a person pin a message."""
        chat = self.known(chat_id)
        bot = self.one_bot(bot_id) if chat.is_private else 0
        message = self.message(bot, chat_id, message_id)
        chat.pinned.append(message_id)
        return self.tell(chat, self.account(user_id), {"pinned_message": quoted(message)}, bot_id=bot)

    def migrate(self, chat_id: int, new_chat_id: int) -> None:
        """Turn the group into a supergroup with a new id, as Telegram does."""
        old = self.known(chat_id)
        if old.kind != "group" or old.migrated_to is not None:
            raise WorldError("only a group of kind 'group' becomes a supergroup, and only once")
        if new_chat_id in self.chats:
            raise WorldError(f"new_chat_id: chat {new_chat_id} exists already")
        new = self.add_group(new_chat_id, old.title, bots=())
        new.members.update(old.members)
        old.migrated_to = new_chat_id
        for chat, fields in (
            (old, {"migrate_to_chat_id": new_chat_id}),
            (new, {"migrate_from_chat_id": chat_id}),
        ):
            self.tell(chat, ANONYMOUS_ADMIN, {"sender_chat": chat.as_json()} | fields)

    def delete_group(self, chat_id: int) -> None:
        """Let a group be deleted."""
        self.known_group(chat_id).is_deleted = True

    def link(self, channel_id: int, group_id: int) -> None:
        """Let a supergroup be the discussion group of a channel: its posts are forwarded there."""
        channel, group = self.known(channel_id), self.known(group_id)
        if not channel.is_channel or group.kind != "supergroup":
            raise WorldError("a channel is linked to a supergroup")
        channel.linked, group.linked = group_id, channel_id

    def tell(self, chat: Chat, actor: Json, fields: Json, also: Sequence[int] = (), bot_id: int = 0) -> Said:
        """Make a service message by ``actor`` and show it to the chat's bots, and to those in ``also``."""
        box = self.box(bot_id, chat)
        sender = {"sender_chat": chat.as_json()} if chat.is_channel else {"from": actor}
        message = self.draft(chat, box, **sender) | fields
        bots = [bot_id] if chat.is_private else self.bots_in(chat)
        return self.publish([*bots, *also], chat, box, message)
