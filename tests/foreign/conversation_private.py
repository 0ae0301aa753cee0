"""The conversation in private: texts, commands, pictures, edits, buttons, and what Telegram refuses."""

from adapters.botworld import Fault, FaultKind, http_500, rate_limited
from tests.foreign.places import ANN, BO, NOBODY
from tests.foreign.script import NOTHING, SAME, Do, Edit, Fail, Left, On, Press, Say, See, Step

COUNTER = ("+1", "Again", "Lock", "Close")
ESSAY = "otter " * 800
FULL = "fish and chips and " * 210
ARABIC = "مرحبا 👋🏽 يا صديقي https://example.org"
STALE = "This button does nothing any more."


def stale_press() -> Do:
    """A press whose query Telegram does not know any more, as after a long downtime."""
    ann = {"id": ANN, "is_bot": False, "first_name": "Ann"}
    message = {"message_id": 1, "chat": {"id": ANN, "first_name": "Ann", "type": "private"}, "date": 0}
    query = {"id": "31", "from": ann, "message": message, "chat_instance": "1", "data": "close"}
    return Do("inject", {"update": {"callback_query": query}})


TEXTS = (
    Step("a greeting", Say(ANN, ANN, "/start"), See(ANN, "Hello, Ann!"), openclaw=See(ANN)),
    Step(
        "a deep link brings its payload",
        Say(ANN, ANN, "/start ref42"),
        See(ANN, "Hello, Ann! You came by ref42."),
        openclaw=See(ANN),
    ),
    Step("plain text", Say(ANN, ANN, "hello"), See(ANN, "hello", entities=()), openclaw=SAME),
    Step(
        "emoji and right-to-left text keep their link where it is",
        Say(ANN, ANN, ARABIC),
        See(ANN, ARABIC, entities=("url",)),
        openclaw=SAME,
    ),
    Step(
        "a text of some 4,000 characters",
        Say(ANN, ANN, FULL),
        See(ANN, FULL.rstrip(), entities=()),
        openclaw=SAME,
    ),
    Step(
        "HTML",
        Say(ANN, ANN, "/help"),
        See(
            ANN,
            "The otter can /add 1 2 & more: read on",
            entities=("bold", "code", "italic", "text_link"),
            params={"parse_mode": "HTML"},
        ),
        openclaw=See(ANN),
    ),
    Step(
        "MarkdownV2",
        Say(ANN, ANN, "/card"),
        See(ANN, "Otter costs 5.00 | pay now", entities=("bold", "code", "italic")),
    ),
    Step(
        "entities of the bot's own, behind an emoji",
        Say(ANN, ANN, "/built"),
        See(ANN, "Fish 🐟 and chips", entities=("bold", "italic")),
    ),
    Step(
        "markup that cannot be parsed is sent again as it is",
        Say(ANN, ANN, "/broken"),
        See(ANN, "<b>Never closed", entities=()),
    ),
    Step(
        "a text that is too long goes in two parts",
        Say(ANN, ANN, "/essay"),
        (See(ANN, ESSAY[:4096].rstrip()), See(ANN, ESSAY[4096:].rstrip())),
    ),
    Step(
        "arguments, and an answer to the command",
        Say(ANN, ANN, "/add 2 40", name="sum"),
        See(ANN, "42", reply_to="sum"),
        openclaw=See(ANN),
    ),
    Step("arguments that do not fit", Say(ANN, ANN, "/add two"), See(ANN, "Usage: /add 1 2")),
    Step(
        "a command with the bot's name",
        Say(ANN, ANN, "/start@{bot}"),
        See(ANN, "Hello, Ann!"),
        openclaw=See(ANN),
    ),
    Step("a command for another bot", Say(ANN, ANN, "/add@other_bot 1 1"), openclaw=NOTHING),
    Step(
        "typing, then a silent message",
        Say(ANN, ANN, "/think"),
        (See(ANN, method="sendChatAction", params={"action": "typing"}), See(ANN, "I thought about it.")),
    ),
    Step("the command menu of a private chat", Say(ANN, ANN, "/commands"), See(ANN, "/add, /menu")),
    Step("a reply keyboard", Say(ANN, ANN, "/keyboard"), See(ANN, "Fish or chips?")),
    Step("a question", Say(ANN, ANN, "/name"), See(ANN, "What is your name?")),
    Step(
        "its answer removes the keyboard",
        Say(ANN, ANN, "Annabel"),
        See(ANN, "Pleased to meet you, Annabel."),
    ),
    Step("the question again", Say(ANN, ANN, "/name"), See(ANN, "What is your name?")),
    Step("no answer", Say(ANN, ANN, "/cancel"), See(ANN, "Never mind.")),
    Step("the question is over", Say(ANN, ANN, "Annabel"), See(ANN, "Annabel"), openclaw=SAME),
    Step("a message to be changed", Say(ANN, ANN, "helo", name="typo"), See(ANN, "helo"), openclaw=SAME),
    Step(
        "an edited message",
        Edit("typo", "hello"),
        See(ANN, "You made it “hello”.", reply_to="typo"),
        openclaw=See(ANN, "hello", method="editMessageText"),
    ),
)

PICTURES = (
    Step(
        "a photo with a caption",
        Say(ANN, ANN, None, name="pic", more={"kind": "photo", "caption": "my fish"}),
        See(ANN, "A photo of 1280×960: my fish", reply_to="pic"),
        openclaw=See(ANN, "my fish"),
    ),
    Step(
        "a photo without a caption",
        Say(ANN, ANN, None, more={"kind": "photo"}),
        See(ANN, "A photo of 1280×960: no caption"),
        openclaw=NOTHING,
    ),
    Step(
        "a photo is sent back, by its file id, with a caption in HTML",
        Say(ANN, ANN, None, more={"kind": "photo", "caption": "/again"}),
        See(
            ANN,
            "Yours again",
            method="sendPhoto",
            entities=("bold",),
            params={"caption": "<b>Yours</b> again"},
        ),
    ),
    Step(
        "a photo is downloaded",
        Say(ANN, ANN, None, name="heavy", more={"kind": "photo", "caption": "/weigh"}),
        See(ANN, "It weighs 4096 bytes.", reply_to="heavy"),
    ),
    Step(
        "a document is uploaded",
        Say(ANN, ANN, "/receipt"),
        See(ANN, "Your receipt", method="sendDocument"),
    ),
    Step(
        "a message is sent and deleted",
        Say(ANN, ANN, "/secret"),
        (See(ANN, deleted=True), See(ANN, method="deleteMessage", deleted=True)),
    ),
    Step(
        "an album is an update for each of its pictures",
        Do("album", {"chat_id": ANN, "user_id": ANN, "items": [{"caption": "fish"}, {"caption": "chips"}]}),
        (See(ANN, "A photo of 1280×960: fish"), See(ANN, "A photo of 1280×960: chips")),
        openclaw=See(ANN, "fish"),
        in_order=False,
    ),
    Step(
        "a sticker",
        Say(ANN, ANN, None, more={"kind": "sticker"}),
        See(ANN, "I cannot read a sticker."),
        openclaw=NOTHING,
    ),
    Step("a poll", Say(ANN, ANN, "/vote"), See(ANN, method="sendPoll", name="poll")),
    Step(
        "a vote",
        On("vote", "poll", {"user_id": ANN, "options": [1]}),
        See(ANN, "You voted for number 1."),
    ),
)

BUTTONS = (
    Step("an inline keyboard", Say(ANN, ANN, "/menu"), See(ANN, "Count: 0", name="menu", buttons=COUNTER)),
    Step(
        "a button changes its message and is answered",
        Press("menu", ANN, "+1"),
        (
            See(ANN, "Count: 1", method="editMessageText", buttons=COUNTER),
            See(ANN, method="answerCallbackQuery", params={"text": "Counted."}),
        ),
    ),
    Step(
        "an edit that changes nothing is refused",
        Press("menu", ANN, "Again"),
        See(ANN, method="answerCallbackQuery", params={"text": "Nothing has changed."}),
    ),
    Step(
        "a button takes the buttons away and leaves the text",
        Press("menu", ANN, "Lock"),
        (
            See(ANN, "Count: 1", method="editMessageReplyMarkup"),
            See(ANN, method="answerCallbackQuery", params={"text": "Locked."}),
        ),
    ),
    Step("another keyboard", Say(ANN, ANN, "/menu"), See(ANN, "Count: 0", name="menu", buttons=COUNTER)),
    Step(
        "the last button takes the keyboard away",
        Press("menu", ANN, "Close"),
        (See(ANN, "Closed.", method="editMessageText"), See(ANN, method="answerCallbackQuery")),
    ),
    Step(
        "a menu that an earlier version of the bot left behind",
        Left(ANN, "Choose", "Old"),
        See(ANN, "Choose", name="left", buttons=("Old",)),
        openclaw=SAME,
    ),
    Step(
        "a button that nobody knows any more",
        Press("left", ANN, "Old"),
        openclaw=See(ANN, method="answerCallbackQuery", params={"text": STALE}),
    ),
    Step("a press that Telegram has forgotten cannot be answered", stale_press(), openclaw=NOTHING),
)

REFUSALS = (
    Step("Bo writes, and so may be written to", Say(BO, BO, "hi"), See(BO, "hi"), openclaw=SAME),
    Step(
        "a message to somebody else",
        Say(ANN, ANN, f"/tell {BO} fish at six"),
        (See(BO, "fish at six"), See(ANN, "Told.")),
    ),
    Step("Bo blocks the bot", Do("block", {"chat_id": BO}), openclaw=NOTHING),
    Step("403: blocked", Say(ANN, ANN, f"/tell {BO} hi"), See(ANN, f"{BO} does not let me in.")),
    Step("Bo comes back", Do("unblock", {"chat_id": BO}), See(BO, "Welcome back."), openclaw=NOTHING),
    Step("Bo goes on", Say(BO, BO, "here I am"), See(BO, "here I am"), openclaw=SAME),
    Step(
        "403: blocked while the bot answers",
        (
            Fail(
                Fault(FaultKind.REFUSE, "sendMessage", BO, code=403, description="Forbidden: bot was blocked")
            ),
            Say(BO, BO, "and gone"),
        ),
        See(BO, "Something went wrong."),
        openclaw=NOTHING,
    ),
    Step("400: no such chat", Say(ANN, ANN, f"/tell {NOBODY} hi"), See(ANN)),
    Step(
        "429: the bot waits as long as it is told",
        (Fail(rate_limited(1, "sendMessage", ANN)), Say(ANN, ANN, "/news")),
        See(ANN, "No news is good news."),
        openclaw=See(ANN),
    ),
    Step(
        "500: the bot tries once more",
        (Fail(http_500("sendMessage", ANN)), Say(ANN, ANN, "/news")),
        See(ANN, "No news is good news."),
        openclaw=See(ANN),
    ),
    Step(
        "a connection that breaks before the answer: the bot tries once more",
        (Fail(Fault(FaultKind.RESET_BEFORE, "sendMessage", ANN)), Say(ANN, ANN, "/news")),
        See(ANN, "No news is good news."),
        openclaw=See(ANN),
    ),
    Step("a mistake of the author's is told", Say(ANN, ANN, "/oops"), See(ANN, "Something went wrong.")),
)

PRIVATE = (*TEXTS, *PICTURES, *BUTTONS, *REFUSALS)
