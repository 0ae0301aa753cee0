"""The conversation among others: privacy mode, mentions, topics, channels, coming and going, migration."""

from tests.foreign.conversation_private import COUNTER
from tests.foreign.places import ANN, BO, BOT, CAT, CLUB, CROWD, CROWD_MOVED, FORUM, NEWS, PARTY, TOPIC
from tests.foreign.script import NOTHING, Do, Edit, On, Press, Say, See, Step

# Telegram puts an answer into the topic of what it answers; asked for is more than relied on.
IN_TOPIC = {"message_thread_id": TOPIC}
IN_GENERAL = {"message_thread_id": None}

PRIVACY = (
    Step(
        "talk of others is not shown in privacy mode",
        Say(CLUB, ANN, "nice weather"),
        openclaw=NOTHING,
        hidden=True,
    ),
    Step("a command of the bot's own", Say(CLUB, ANN, "/where"), See(CLUB, "This is supergroup, no topic.")),
    Step(
        "a command that the bot does not know and that does not name it",
        Say(CLUB, ANN, "/nonsense"),
        openclaw=NOTHING,
    ),
    Step(
        "a command with the bot's name in a group",
        Say(CLUB, ANN, "/start@{bot}", name="club start"),
        See(CLUB, "Hello, Ann!", name="club hello"),
        openclaw=See(CLUB, name="club hello", reply_to="club start"),
    ),
    Step(
        "a command for another bot in a group",
        Say(CLUB, ANN, "/add@other_bot 3 4"),
        openclaw=NOTHING,
        hidden=True,
    ),
    Step(
        "an answer to the bot",
        Say(CLUB, BO, "thanks", reply_to="club hello", name="thanks"),
        See(CLUB, "You answer “Hello, Ann!”.", reply_to="thanks"),
        openclaw=See(CLUB, "thanks", reply_to="thanks"),
    ),
    Step("the command menu of groups", Say(CLUB, ANN, "/commands"), See(CLUB, "/where")),
    Step(
        "buttons in a group",
        Say(CLUB, ANN, "/menu"),
        See(CLUB, "Count: 0", name="group menu", buttons=COUNTER),
    ),
    Step(
        "anybody may press them",
        Press("group menu", BO, "+1"),
        (
            See(CLUB, "Count: 1", method="editMessageText", buttons=COUNTER),
            See(CLUB, method="answerCallbackQuery"),
        ),
    ),
    Step(
        "an anonymous administrator",
        Say(CLUB, ANN, "/start@{bot}", name="anonymous", more={"anonymous": True}),
        See(CLUB, "Hello, Group!"),
        openclaw=See(CLUB, reply_to="anonymous"),
    ),
    Step("the bot asks who is there", Say(CLUB, ANN, "/who"), See(CLUB, "Ann is member of 3 in Club.")),
    Step(
        "somebody joins",
        Do("join", {"chat_id": CLUB, "user_id": CAT, "first_name": "Cat"}),
        See(CLUB, "Welcome, Cat!", entities=("text_mention",)),
        openclaw=NOTHING,
    ),
    Step("the bot is thrown out", Do("block", {"chat_id": CLUB}), openclaw=NOTHING),
    Step("403: thrown out", Say(ANN, ANN, f"/tell {CLUB} hi"), See(ANN, f"{CLUB} does not let me in.")),
    Step(
        "the bot is added again",
        Do("add", {"chat_id": CLUB, "user_id": ANN, "who": [BOT]}),
        See(CLUB, "Thank you for having me in Club."),
        openclaw=NOTHING,
    ),
    Step(
        "and answers as before",
        Say(CLUB, ANN, "/start@{bot}", name="club again"),
        See(CLUB, "Hello, Ann!"),
        openclaw=See(CLUB, reply_to="club again"),
    ),
)

ADMINISTRATOR = (
    Step(
        "talk of others is shown to an administrator and ignored",
        Say(PARTY, ANN, "nice weather"),
        openclaw=NOTHING,
    ),
    Step(
        "a mention",
        Say(PARTY, ANN, "what do you say, @{bot}?", name="call"),
        See(PARTY, "At your service.", reply_to="call", name="service"),
        openclaw=See(PARTY, "what do you say, @{bot}?", reply_to="call", name="service"),
    ),
    Step(
        "an edited mention",
        Edit("call", "well, @{bot}?"),
        See(PARTY, "You made it “well, @{bot}?”.", reply_to="call"),
        openclaw=See(PARTY, "well, @{bot}?", method="editMessageText", reply_to="call"),
    ),
    Step(
        "a mention of somebody else",
        Say(PARTY, ANN, "what do you say, @bobby?", name="bobby"),
        openclaw=NOTHING,
    ),
    Step("an answer to somebody else", Say(PARTY, BO, "yes", reply_to="bobby"), openclaw=NOTHING),
    Step(
        "a caption that mentions the bot",
        Say(PARTY, ANN, None, name="party pic", more={"kind": "photo", "caption": "@{bot} look"}),
        See(PARTY, "A photo of 1280×960: @{bot} look", reply_to="party pic"),
        openclaw=See(PARTY, "@{bot} look", reply_to="party pic"),
    ),
    Step(
        "a reaction",
        On("react", "service", {"user_id": BO, "emoji": ["👍"]}),
        See(PARTY, "Thank you for 👍."),
        openclaw=NOTHING,
    ),
)

TOPICS = (
    Step(
        "a topic knows where it is",
        Say(FORUM, ANN, "/where", thread=TOPIC),
        See(FORUM, f"This is supergroup, topic {TOPIC}.", thread=TOPIC),
    ),
    Step(
        "a command in a topic is answered in the topic",
        Say(FORUM, ANN, "/start@{bot}", thread=TOPIC, name="topic start"),
        See(FORUM, "Hello, Ann!", thread=TOPIC),
        openclaw=See(FORUM, thread=TOPIC, reply_to="topic start", params=IN_TOPIC),
    ),
    Step(
        "in General there is no topic",
        Say(FORUM, ANN, "/start@{bot}", name="general start"),
        See(FORUM, "Hello, Ann!"),
        openclaw=See(FORUM, reply_to="general start", params=IN_GENERAL),
    ),
    Step(
        "a mention in a topic",
        Say(FORUM, ANN, "hey @{bot}", thread=TOPIC, name="topic call"),
        See(FORUM, "At your service.", thread=TOPIC, reply_to="topic call"),
        openclaw=See(FORUM, "hey @{bot}", thread=TOPIC, reply_to="topic call", params=IN_TOPIC),
    ),
    Step(
        "an edit in a topic",
        Edit("topic call", "ho @{bot}"),
        See(FORUM, "You made it “ho @{bot}”.", thread=TOPIC, reply_to="topic call"),
        openclaw=See(FORUM, "ho @{bot}", method="editMessageText", thread=TOPIC, reply_to="topic call"),
    ),
    Step(
        "typing shows in the topic",
        Say(FORUM, ANN, "/think", thread=TOPIC),
        (See(FORUM, method="sendChatAction"), See(FORUM, "I thought about it.", thread=TOPIC)),
    ),
    Step(
        "buttons in a topic",
        Say(FORUM, ANN, "/menu", thread=TOPIC),
        See(FORUM, "Count: 0", thread=TOPIC, name="topic menu", buttons=COUNTER),
    ),
    Step(
        "what a button changes stays in its topic",
        Press("topic menu", ANN, "+1"),
        (
            See(FORUM, "Count: 1", method="editMessageText", thread=TOPIC, buttons=COUNTER),
            See(FORUM, method="answerCallbackQuery"),
        ),
    ),
)

CHANNEL = (
    Step(
        "a post in a channel",
        Say(NEWS, ANN, "fish is cheap", name="post"),
        See(NEWS, "Posted in News: fish is cheap"),
        openclaw=NOTHING,
    ),
    Step(
        "a post is corrected",
        Edit("post", "fish is dear"),
        See(NEWS, "Corrected in News: fish is dear"),
        openclaw=NOTHING,
    ),
)

MIGRATION = (
    Step(
        "a group",
        Say(CROWD, ANN, "/start@{bot}", name="crowd start"),
        See(CROWD, "Hello, Ann!"),
        openclaw=See(CROWD, reply_to="crowd start"),
    ),
    Step(
        "the group becomes a supergroup",
        Do("migrate", {"chat_id": CROWD, "new_chat_id": CROWD_MOVED}),
        See(CROWD_MOVED, f"I came along from {CROWD}."),
        openclaw=NOTHING,
    ),
    Step(
        "a message to the old group is refused with the new id, and follows",
        Say(ANN, ANN, f"/tell {CROWD} hi all"),
        (See(CROWD_MOVED, "hi all"), See(ANN, f"{CROWD} is {CROWD_MOVED} now.")),
    ),
    Step(
        "the supergroup",
        Say(CROWD_MOVED, ANN, "/start@{bot}", name="moved start"),
        See(CROWD_MOVED, "Hello, Ann!"),
        openclaw=See(CROWD_MOVED, reply_to="moved start"),
    ),
)

GROUPS = (*PRIVACY, *ADMINISTRATOR, *TOPICS, *CHANNEL, *MIGRATION)
