"""How people answer what bots show them: buttons, reactions, votes, payments.

Not here: writing (``people_writing``).
"""

from collections.abc import Sequence

from adapters.botworld.state import Query, Said, State
from adapters.botworld.values import Json, WorldError

QUERIES_MAX = 10_000


class Answering(State):
    """A world whose people press, react, vote and pay."""

    def press(
        self, chat_id: int, user_id: int, message_id: int, data: str, *, bot_id: int | None = None
    ) -> tuple[str, Said]:
        """Let a person press the button that carries ``data``; return the id of the callback query, too."""
        chat = self.known(chat_id)
        box = self.box(self.one_bot(bot_id) if chat.is_private else 0, chat)
        message = box.messages.get(message_id)
        if message is None:
            raise WorldError(f"there is no message {message_id} in chat {chat_id}")
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        if not any(button.get("callback_data") == data for row in rows for button in row):
            raise WorldError(f"message {message_id} has no button with the data {data!r}")
        owner = box.authors[message_id]
        query_id = self.number()
        self.queries[query_id] = Query(owner, chat_id, self.now())
        if len(self.queries) > QUERIES_MAX:
            self.queries.popitem(last=False)
        body: Json = {
            "id": query_id,
            "from": self.account(user_id),
            "message": dict(message),
            "chat_instance": str(chat_id),
            "data": data,
        }
        return query_id, Said(message_id, self.show([owner], chat, "callback_query", body))

    def react(
        self, chat_id: int, user_id: int, message_id: int, emoji: Sequence[str], *, bot_id: int | None = None
    ) -> Said:
        """Let a person's reactions to a message be these; none takes them away.

        Bots learn of it in private chats, or as administrators, and only when they asked for ``message_reaction``.
        """
        chat = self.known(chat_id)
        bots = [self.one_bot(bot_id)] if chat.is_private else self.bots_in(chat)
        if message_id not in self.box(bots[0] if chat.is_private else 0, chat).messages:
            raise WorldError(f"there is no message {message_id} in chat {chat_id}")
        key = (chat_id, message_id, user_id)
        old, new = self.reactions.get(key, []), [{"type": "emoji", "emoji": one} for one in emoji]
        self.reactions[key] = new
        body: Json = {"chat": chat.as_json(), "message_id": message_id, "user": self.account(user_id)}
        body |= {"date": int(self.now()), "old_reaction": old, "new_reaction": new}
        return Said(message_id, self.show(bots, chat, "message_reaction", body))

    def vote(
        self,
        chat_id: int,
        user_id: int,
        message_id: int,
        options: Sequence[int],
        *,
        bot_id: int | None = None,
    ) -> Said:
        """Let a person vote in a bot's poll for the options at these places, counted from 0."""
        chat = self.known(chat_id)
        box = self.box(self.one_bot(bot_id) if chat.is_private else 0, chat)
        poll = box.messages.get(message_id, {}).get("poll")
        owner = box.authors.get(message_id)
        if poll is None or owner is None:
            raise WorldError(f"message {message_id} in chat {chat_id} is no poll of a bot")
        if poll["is_closed"] or not all(0 <= place < len(poll["options"]) for place in options):
            raise WorldError("options: the poll is closed or has no such option")
        for place in options:
            poll["options"][place]["voter_count"] += 1
        poll["total_voter_count"] += 1
        update_ids = self.show([owner], chat, "poll", dict(poll))
        if not poll["is_anonymous"]:
            answer: Json = {"poll_id": poll["id"], "user": self.account(user_id), "option_ids": list(options)}
            answer["option_persistent_ids"] = [poll["options"][place]["persistent_id"] for place in options]
            update_ids += self.show([owner], chat, "poll_answer", answer)
        return Said(message_id, update_ids)

    def pay(
        self,
        chat_id: int,
        user_id: int,
        total_amount: int,
        payload: str,
        *,
        currency: str = "XTR",
        bot_id: int | None = None,
    ) -> Said:
        """Let a person pay; the bot is told by the service message ``successful_payment``."""
        chat = self.known(chat_id)
        bot = self.one_bot(bot_id)
        box = self.box(bot, chat)
        charge = f"charge-{self.number()}"
        payment: Json = {"currency": currency, "total_amount": total_amount, "invoice_payload": payload}
        payment |= {"telegram_payment_charge_id": charge, "provider_payment_charge_id": charge}
        message = self.draft(chat, box, **{"from": self.account(user_id)}, successful_payment=payment)
        return self.publish([bot], chat, box, message)
