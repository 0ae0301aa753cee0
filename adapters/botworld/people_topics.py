"""The topics of a forum, as people make, rename, close and reopen them.

Not here: bots that do so (``api_topics``); both come to the same service messages.
"""

from adapters.botworld.accounts import TOPIC_COLOR, Chat
from adapters.botworld.accounts import Topic as ForumTopic
from adapters.botworld.people_membership import Membership
from adapters.botworld.state import Said
from adapters.botworld.values import Json, WorldError

GENERAL = 1


class Topics(Membership):
    """A world with forums."""

    def create_topic(
        self, chat_id: int, user_id: int, name: str, icon_color: int | None = None, icon: str | None = None
    ) -> Said:
        """Let a person or bot open a topic; its id is that of the message, which is returned."""
        chat = self._forum(chat_id)
        thread_id = self.box(0, chat).next_message_id
        topic = ForumTopic(thread_id, name, icon_color or TOPIC_COLOR, icon)
        chat.topics[thread_id] = topic
        return self._in_topic(chat, user_id, thread_id, {"forum_topic_created": topic.look()})

    def edit_topic(self, chat_id: int, user_id: int, thread_id: int, name: str) -> Said:
        """Let a topic have another name."""
        topic = self._topic(chat_id, thread_id)
        topic.name = name
        return self._in_topic(self.known(chat_id), user_id, thread_id, {"forum_topic_edited": {"name": name}})

    def close_topic(self, chat_id: int, user_id: int, thread_id: int) -> Said:
        """Let a topic be closed."""
        self._topic(chat_id, thread_id).is_closed = True
        return self._in_topic(self.known(chat_id), user_id, thread_id, {"forum_topic_closed": {}})

    def reopen_topic(self, chat_id: int, user_id: int, thread_id: int) -> Said:
        """Let a topic be open again."""
        self._topic(chat_id, thread_id).is_closed = False
        return self._in_topic(self.known(chat_id), user_id, thread_id, {"forum_topic_reopened": {}})

    def _forum(self, chat_id: int) -> Chat:
        chat = self.known(chat_id)
        if not chat.is_forum:
            raise WorldError(f"chat {chat_id} is no forum")
        return chat

    def _topic(self, chat_id: int, thread_id: int) -> ForumTopic:
        topic = self._forum(chat_id).topics.get(thread_id)
        if topic is None:
            raise WorldError(f"there is no topic {thread_id} in chat {chat_id}")
        return topic

    def _in_topic(self, chat: Chat, user_id: int, thread_id: int, fields: Json) -> Said:
        place = {"message_thread_id": thread_id, "is_topic_message": True}
        return self.tell(chat, self.account(user_id), place | fields)
