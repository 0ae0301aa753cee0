"""The conversation: who does what, and what is seen of the otter and of OpenClaw.

Each row is a ``Step``: what it is about, the acts, what the otter makes of them, and, where it applies, what OpenClaw
makes of them. The otter stands twice, made with two foreign libraries, and both say the same.
"""

from adapters.botworld import Fault, FaultKind, http_500, rate_limited
from tests.foreign.script import Do, Edit, Fail, On, Press, Say, See, Step

BOT = 4242
ANN = 7
BO = 8
CAT = 9
PEOPLE = {ANN: "Ann", BO: "Bo"}
CROWD = -50
CROWD_MOVED = -1000050
CLUB = -1000060
FORUM = -1000070
NEWS = -1000080
TOPIC = 41
NOBODY = 5555
PARTY = -1000090
COUNTER = ("+1", "Again", "Lock", "Close")
ESSAY = "otter " * 800
ARABIC = "مرحبا 👋🏽 يا صديقي"


def stale_press(chat_id: int) -> Do:
    """A press whose query Telegram does not know any more, as after a long downtime."""
    ann = {"id": ANN, "is_bot": False, "first_name": "Ann"}
    chat = {"id": chat_id, "first_name": "Ann", "type": "private"}
    message = {"message_id": 1, "chat": chat, "date": 0}
    query = {"id": "31", "from": ann, "message": message, "chat_instance": "1", "data": "close"}
    return Do("inject", {"update": {"callback_query": query}})


PRIVATE = (
    Step("a greeting", (Say(ANN, ANN, "/start"),), (See(ANN, "Hello, Ann!"),)),
    Step(
        "a deep link brings its payload",
        (Say(ANN, ANN, "/start ref42"),),
        (See(ANN, "Hello, Ann! You came by ref42."),),
    ),
    Step("plain text", (Say(ANN, ANN, "hello"),), (See(ANN, "hello", entities=()),)),
    Step(
        "emoji and right-to-left text keep their link where it is",
        (Say(ANN, ANN, f"{ARABIC} https://example.org"),),
        (See(ANN, f"{ARABIC} https://example.org", entities=("url",)),),
    ),
    Step(
        "HTML",
        (Say(ANN, ANN, "/help"),),
        (
            See(
                ANN,
                "The otter can /add 1 2 & more: read on",
                entities=("bold", "code", "italic", "text_link"),
                params={"parse_mode": "HTML"},
            ),
        ),
    ),
    Step(
        "MarkdownV2",
        (Say(ANN, ANN, "/card"),),
        (See(ANN, "Otter costs 5.00 | pay now", entities=("bold", "code", "italic")),),
    ),
    Step(
        "entities of the bot's own, behind an emoji",
        (Say(ANN, ANN, "/built"),),
        (See(ANN, "Fish 🐟 and chips", entities=("bold", "italic")),),
    ),
    Step(
        "markup that cannot be parsed is sent again as it is",
        (Say(ANN, ANN, "/broken"),),
        (See(ANN, "<b>Never closed", entities=()),),
    ),
    Step(
        "a text that is too long goes in two parts",
        (Say(ANN, ANN, "/essay"),),
        (See(ANN, ESSAY[:4096].rstrip()), See(ANN, ESSAY[4096:].rstrip())),
    ),
    Step(
        "arguments, and an answer to the command",
        (Say(ANN, ANN, "/add 2 40", name="sum"),),
        (See(ANN, "42", reply_to="sum"),),
    ),
    Step("arguments that do not fit", (Say(ANN, ANN, "/add two"),), (See(ANN, "Usage: /add 1 2"),)),
    Step(
        "a command with the bot's name",
        (Say(ANN, ANN, "/add@{bot} 1 1"),),
        (See(ANN, "2"),),
    ),
    Step("a command for another bot", (Say(ANN, ANN, "/add@other_bot 1 1"),)),
    Step(
        "typing, then a silent message",
        (Say(ANN, ANN, "/think"),),
        (
            See(ANN, method="sendChatAction", params={"action": "typing"}),
            See(ANN, "I thought about it."),
        ),
    ),
    Step("the command menu of a private chat", (Say(ANN, ANN, "/commands"),), (See(ANN, "/add, /menu"),)),
    Step("a reply keyboard", (Say(ANN, ANN, "/keyboard"),), (See(ANN, "Fish or chips?"),)),
    Step("a question", (Say(ANN, ANN, "/name"),), (See(ANN, "What is your name?"),)),
    Step(
        "its answer removes the keyboard",
        (Say(ANN, ANN, "Annabel"),),
        (See(ANN, "Pleased to meet you, Annabel."),),
    ),
    Step("the question again", (Say(ANN, ANN, "/name"),), (See(ANN, "What is your name?"),)),
    Step("no answer", (Say(ANN, ANN, "/cancel"),), (See(ANN, "Never mind."),)),
    Step("the conversation is over", (Say(ANN, ANN, "Annabel"),), (See(ANN, "Annabel"),)),
    Step(
        "a photo with a caption",
        (Say(ANN, ANN, None, name="pic", more={"kind": "photo", "caption": "my fish"}),),
        (See(ANN, "A photo of 1280×960: my fish", reply_to="pic"),),
    ),
    Step(
        "a photo without a caption",
        (Say(ANN, ANN, None, more={"kind": "photo"}),),
        (See(ANN, "A photo of 1280×960: no caption"),),
    ),
    Step(
        "a photo is sent back, by its file id, with a caption in HTML",
        (Say(ANN, ANN, None, more={"kind": "photo", "caption": "/again"}),),
        (
            See(
                ANN,
                "Yours again",
                method="sendPhoto",
                entities=("bold",),
                params={"caption": "<b>Yours</b> again"},
            ),
        ),
    ),
    Step(
        "a document is uploaded",
        (Say(ANN, ANN, "/receipt"),),
        (See(ANN, "Your receipt", method="sendDocument"),),
    ),
    Step(
        "a message is sent and deleted",
        (Say(ANN, ANN, "/secret"),),
        (See(ANN, deleted=True), See(ANN, method="deleteMessage", deleted=True)),
    ),
    Step(
        "an album is an update for each of its pictures",
        (Do("album", {"chat_id": ANN, "user_id": ANN, "items": [{"caption": "fish"}, {}]}),),
        (See(ANN, "A photo of 1280×960: fish"), See(ANN, "A photo of 1280×960: no caption")),
    ),
    Step(
        "a sticker",
        (Say(ANN, ANN, None, more={"kind": "sticker"}),),
        (See(ANN, "I cannot read a sticker."),),
    ),
    Step(
        "a poll",
        (Say(ANN, ANN, "/vote"),),
        (See(ANN, method="sendPoll", name="poll"),),
    ),
    Step(
        "a vote",
        (On("vote", "poll", {"user_id": ANN, "options": [1]}),),
        (See(ANN, "You voted for number 1."),),
    ),
    Step("a message to be changed", (Say(ANN, ANN, "helo", name="typo"),), (See(ANN, "helo"),)),
    Step("an edited message", (Edit("typo", "hello"),), (See(ANN, "You made it “hello”.", reply_to="typo"),)),
)

BUTTONS = (
    Step(
        "an inline keyboard",
        (Say(ANN, ANN, "/menu"),),
        (See(ANN, "Count: 0", name="menu", buttons=COUNTER),),
    ),
    Step(
        "a button changes its message and is answered",
        (Press("menu", ANN, "+1"),),
        (
            See(ANN, "Count: 1", method="editMessageText", buttons=COUNTER),
            See(ANN, method="answerCallbackQuery", params={"text": "Counted."}),
        ),
    ),
    Step(
        "an edit that changes nothing is refused",
        (Press("menu", ANN, "Again"),),
        (See(ANN, method="answerCallbackQuery", params={"text": "Nothing has changed."}),),
    ),
    Step(
        "a button takes the buttons away and leaves the text",
        (Press("menu", ANN, "Lock"),),
        (
            See(ANN, "Count: 1", method="editMessageReplyMarkup"),
            See(ANN, method="answerCallbackQuery", params={"text": "Locked."}),
        ),
    ),
    Step(
        "another keyboard",
        (Say(ANN, ANN, "/menu"),),
        (See(ANN, "Count: 0", name="menu", buttons=COUNTER),),
    ),
    Step(
        "the last button takes the keyboard away",
        (Press("menu", ANN, "Close"),),
        (
            See(ANN, "Closed.", method="editMessageText"),
            See(ANN, method="answerCallbackQuery"),
        ),
    ),
    Step("a press that Telegram has forgotten cannot be answered", (stale_press(ANN),)),
)

REFUSALS = (
    Step("Bo writes, and so may be written to", (Say(BO, BO, "hi"),), (See(BO, "hi"),)),
    Step(
        "a message to somebody else",
        (Say(ANN, ANN, f"/tell {BO} fish at six"),),
        (See(BO, "fish at six"), See(ANN, "Told.")),
    ),
    Step("Bo blocks the bot", (Do("block", {"chat_id": BO}),)),
    Step(
        "403: blocked",
        (Say(ANN, ANN, f"/tell {BO} where are you?"),),
        (See(ANN, f"{BO} does not let me in."),),
    ),
    Step("Bo comes back", (Do("unblock", {"chat_id": BO}),), (See(BO, "Welcome back."),)),
    Step(
        "400: no such chat",
        (Say(ANN, ANN, f"/tell {NOBODY} hi"),),
        (See(ANN, None),),
    ),
    Step(
        "429: the bot waits as long as it is told",
        (Fail(rate_limited(1, "sendMessage", ANN)), Say(ANN, ANN, "/news")),
        (See(ANN, "No news is good news."),),
    ),
    Step(
        "500: the bot tries once more",
        (Fail(http_500("sendMessage", ANN)), Say(ANN, ANN, "/news")),
        (See(ANN, "No news is good news."),),
    ),
    Step(
        "a connection that is dropped is tried once more",
        (
            Fail(Fault(FaultKind.REFUSE, "sendMessage", ANN, code=502, description="Bad Gateway")),
            Say(ANN, ANN, "/news"),
        ),
        (See(ANN, "No news is good news."),),
    ),
    Step(
        "a mistake of the author's is told",
        (Say(ANN, ANN, "/oops"),),
        (See(ANN, "Something went wrong."),),
    ),
)

PRIVACY = (
    Step("talk of others is not shown in privacy mode", (Say(CLUB, ANN, "nice weather"),), hidden=True),
    Step(
        "a command in a group",
        (Say(CLUB, ANN, "/where", name="club"),),
        (See(CLUB, "This is supergroup, no topic.", name="club place"),),
    ),
    Step(
        "a command with the bot's name in a group",
        (Say(CLUB, ANN, "/add@{bot} 3 4", name="group sum"),),
        (See(CLUB, "7", reply_to="group sum"),),
    ),
    Step("a command for another bot in a group", (Say(CLUB, ANN, "/add@other_bot 3 4"),), hidden=True),
    Step(
        "an answer to the bot",
        (Say(CLUB, BO, "thanks", reply_to="club place", name="thanks"),),
        (See(CLUB, "You answer “This is supergroup, no topic.”.", reply_to="thanks"),),
    ),
    Step("the command menu of groups", (Say(CLUB, ANN, "/commands"),), (See(CLUB, "/where"),)),
    Step(
        "buttons in a group",
        (Say(CLUB, ANN, "/menu"),),
        (See(CLUB, "Count: 0", name="group menu", buttons=COUNTER),),
    ),
    Step(
        "anybody may press them",
        (Press("group menu", BO, "+1"),),
        (
            See(CLUB, "Count: 1", method="editMessageText", buttons=COUNTER),
            See(CLUB, method="answerCallbackQuery"),
        ),
    ),
    Step(
        "an anonymous administrator",
        (Say(CLUB, ANN, "/where", more={"anonymous": True}),),
        (See(CLUB, "This is supergroup, no topic."),),
    ),
    Step(
        "the bot asks who is there",
        (Say(CLUB, ANN, "/who"),),
        (See(CLUB, "Ann is member of 3 in Club."),),
    ),
    Step(
        "somebody joins",
        (Do("join", {"chat_id": CLUB, "user_id": CAT, "first_name": "Cat"}),),
        (See(CLUB, "Welcome, Cat!", entities=("text_mention",)),),
    ),
    Step("the bot is thrown out", (Do("block", {"chat_id": CLUB}),)),
    Step("403: thrown out", (Say(ANN, ANN, f"/tell {CLUB} hi"),), (See(ANN, f"{CLUB} does not let me in."),)),
    Step(
        "the bot is added again",
        (Do("add", {"chat_id": CLUB, "user_id": ANN, "who": [BOT]}),),
        (See(CLUB, "Thank you for having me in Club."),),
    ),
)

ADMINISTRATOR = (
    Step("talk of others is shown to an administrator and ignored", (Say(PARTY, ANN, "nice weather"),)),
    Step(
        "a mention",
        (Say(PARTY, ANN, "what do you say, @{bot}?", name="call"),),
        (See(PARTY, "At your service.", reply_to="call", name="service"),),
    ),
    Step("a mention of somebody else", (Say(PARTY, ANN, "what do you say, @bobby?", name="bobby"),)),
    Step("an answer to somebody else", (Say(PARTY, BO, "yes", reply_to="bobby"),)),
    Step(
        "a caption that mentions the bot",
        (Say(PARTY, ANN, None, name="pic", more={"kind": "photo", "caption": "@{bot} look"}),),
        (See(PARTY, None, reply_to="pic"),),
    ),
    Step(
        "a reaction",
        (On("react", "service", {"user_id": BO, "emoji": ["👍"]}),),
        (See(PARTY, "Thank you for 👍."),),
    ),
)

TOPICS = (
    Step(
        "a command in a topic is answered in the topic",
        (Say(FORUM, ANN, "/where", thread=TOPIC),),
        (See(FORUM, f"This is supergroup, topic {TOPIC}.", thread=TOPIC),),
    ),
    Step(
        "in General there is no topic",
        (Say(FORUM, ANN, "/where"),),
        (See(FORUM, "This is supergroup, no topic."),),
    ),
    Step(
        "a mention in a topic",
        (Say(FORUM, ANN, "@{bot}", thread=TOPIC, name="topic call"),),
        (See(FORUM, "At your service.", thread=TOPIC, reply_to="topic call"),),
    ),
    Step(
        "typing shows in the topic",
        (Say(FORUM, ANN, "/think", thread=TOPIC),),
        (
            See(FORUM, method="sendChatAction"),
            See(FORUM, "I thought about it.", thread=TOPIC),
        ),
    ),
    Step(
        "buttons in a topic",
        (Say(FORUM, ANN, "/menu", thread=TOPIC),),
        (See(FORUM, "Count: 0", thread=TOPIC, name="topic menu", buttons=COUNTER),),
    ),
    Step(
        "an edit stays in its topic",
        (Press("topic menu", ANN, "+1"),),
        (
            See(FORUM, "Count: 1", method="editMessageText", thread=TOPIC, buttons=COUNTER),
            See(FORUM, method="answerCallbackQuery"),
        ),
    ),
)

CHANNEL = (
    Step(
        "a post in a channel",
        (Say(NEWS, ANN, "fish is cheap", name="post"),),
        (See(NEWS, "Posted in News: fish is cheap"),),
    ),
    Step(
        "a post is corrected",
        (Edit("post", "fish is dear"),),
        (See(NEWS, "Corrected in News: fish is dear"),),
    ),
)

MIGRATION = (
    Step(
        "a group",
        (Say(CROWD, ANN, "/where"),),
        (See(CROWD, "This is group, no topic."),),
    ),
    Step(
        "the group becomes a supergroup",
        (Do("migrate", {"chat_id": CROWD, "new_chat_id": CROWD_MOVED}),),
        (See(CROWD_MOVED, f"I came along from {CROWD}."),),
    ),
    Step(
        "a message to the old group is refused with the new id, and follows",
        (Say(ANN, ANN, f"/tell {CROWD} hi all"),),
        (See(CROWD_MOVED, "hi all"), See(ANN, f"{CROWD} is {CROWD_MOVED} now.")),
    ),
    Step(
        "the supergroup",
        (Say(CROWD_MOVED, ANN, "/where"),),
        (See(CROWD_MOVED, "This is supergroup, no topic."),),
    ),
)

STEPS = (*PRIVATE, *BUTTONS, *REFUSALS, *PRIVACY, *ADMINISTRATOR, *TOPICS, *CHANNEL, *MIGRATION)
