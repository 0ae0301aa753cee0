"""The simulated Telegram in one object: the state, and everything that its people do.

Each kind of act is a module of its own (``people_writing``, ``people_answering``, ``people_membership``,
``people_topics``); here are those that concern the world as a whole. Not here: what bots can do
(``adapters.botworld.methods``) and waiting for changes (``adapters.botworld.bell``).
"""

from adapters.botworld.people_answering import Answering
from adapters.botworld.people_topics import Topics
from adapters.botworld.people_writing import Writing
from adapters.botworld.privacy import chat_in
from adapters.botworld.state import Said, Topic
from adapters.botworld.values import Json, WorldError

__all__ = ["Said", "Topic", "World"]


class World(Writing, Answering, Topics):
    """A Telegram whose people write, answer, come and go."""

    def inject(self, update: Json, bot_id: int | None = None) -> int:
        """Queue a raw update as it is; return its id."""
        bot = self.one_bot(bot_id)
        update_id = self.queues[bot].inject(chat_in(update), update)
        self.announce("updates", bot)
        return update_id

    def pass_time(self, seconds: float) -> float:
        """Let this world's time run ahead by ``seconds``; return what time it is then."""
        if seconds < 0:
            raise WorldError("seconds: time does not go back")
        self.shift_s += seconds
        return self.now()
