"""Events as Bot API calls, and what each of Telegram's refusals means."""

import pytest

from application.botcalls import Verdict, bot_call, judge, moved
from domain.errors import Refusal
from domain.events.telegram import (
    Button,
    Entity,
    MessageClass,
    TelegramAnswer,
    TelegramDelivered,
    TelegramEdit,
    TelegramSend,
)

# Telegram's own words (https://github.com/tdlib/telegram-bot-api).
REFUSALS = [
    (429, "Too Many Requests: retry after 5", Verdict.WAIT),
    (500, "Internal Server Error", Verdict.RETRY),
    (502, "Bad Gateway", Verdict.RETRY),
    (504, "HTTP status 504, not an answer of the Bot API", Verdict.RETRY),
    (403, "Forbidden: bot was blocked by the user", Verdict.UNREACHABLE),
    (403, "Forbidden: bot was kicked from the supergroup chat", Verdict.UNREACHABLE),
    (403, "Forbidden: user is deactivated", Verdict.UNREACHABLE),
    (401, "Unauthorized", Verdict.MISCONFIGURED),
    (404, "Not Found", Verdict.MISCONFIGURED),
    (400, "Bad Request: message is not modified: specified new message content and", Verdict.SETTLED),
    (
        400,
        "Bad Request: query is too old and response timeout expired or query ID is invalid",
        Verdict.SETTLED,
    ),
    (400, "Bad Request: can't parse entities: Can't find end of the entity", Verdict.PLAIN),
    (400, 'Bad Request: can\'t parse entities: Unsupported start tag "x" at byte offset 3', Verdict.PLAIN),
    (400, "Bad Request: can't parse MessageEntity: Unsupported type specified", Verdict.PLAIN),
    (400, "Bad Request: Can't find end of the entity starting at byte offset 60", Verdict.PLAIN),
    (400, 'Bad Request: unsupported start tag "x" at byte offset 3', Verdict.PLAIN),
    (400, "Bad Request: entity begins in a middle of a UTF-16 symbol at byte offset 4", Verdict.PLAIN),
    (400, "Bad Request: entity beginning at UTF-16 offset 3 ends after the end of the text", Verdict.PLAIN),
    (400, "Bad Request: entity URL 'http://a' is invalid: Wrong HTTP URL", Verdict.PLAIN),
    (400, "Bad Request: receive an entity with incorrect length -1", Verdict.PLAIN),
    (400, "Bad Request: messageEntityTextUrl.url must be encoded in UTF-8", Verdict.PLAIN),
    (400, "Bad Request: invalid custom emoji identifier specified", Verdict.PLAIN),
    (400, "Bad Request: ENTITY_TEXT_INVALID", Verdict.PLAIN),
    (400, "Bad Request: ENTITY_BOUNDS_INVALID", Verdict.PLAIN),
    (400, "Bad Request: ENTITY_TEXTURL_INVALID", Verdict.PLAIN),
    (400, "Bad Request: ENTITY_MENTION_USER_INVALID", Verdict.PLAIN),
    (400, "Bad Request: ENTITIES_TOO_LONG", Verdict.PLAIN),
    (400, "Bad Request: chat not found", Verdict.UNREACHABLE),
    (400, "Bad Request: message is too long", Verdict.PERMANENT),
    (400, "Bad Request: message text is empty", Verdict.PERMANENT),
    (400, "Bad Request: message to edit not found", Verdict.SETTLED),
    (413, "Request Entity Too Large", Verdict.PERMANENT),
    (409, "Conflict: terminated by other getUpdates request", Verdict.PERMANENT),
]


@pytest.mark.parametrize(("code", "text", "verdict"), REFUSALS)
def test_every_refusal_has_its_meaning(code: int, text: str, verdict: Verdict) -> None:
    assert judge(Refusal(code, text)) is verdict


def test_a_group_that_moved_is_followed_whatever_the_words_are() -> None:
    refusal = Refusal(
        400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1005
    )
    assert judge(refusal) is Verdict.MOVED


def bad(text: str) -> Refusal:
    """Return the refusal of a bad request."""
    return Refusal(400, f"Bad Request: {text}")


def test_only_a_parse_error_is_worth_a_second_try_as_plain_text() -> None:
    plain = {code for code, _, verdict in REFUSALS if verdict is Verdict.PLAIN}
    assert plain == {400}
    assert not [
        text
        for text in ("text is too long", "text must be encoded in UTF-8")
        if judge(bad(text)) is Verdict.PLAIN
    ]


def test_a_message_is_sent_with_everything_that_it_has() -> None:
    send = TelegramSend(
        bot_id=1,
        chat_id=-5,
        thread_id=3,
        text="hello",
        entities=(
            Entity("text_link", 0, 5, url="https://example.org/"),
            Entity("text_mention", 0, 1, user_id=7),
        ),
        reply_to_message_id=9,
        buttons=((Button("Yes", "y"), Button("No", "n")),),
        silent=True,
    )
    call = bot_call(send, repeat=False, message_id=None)
    assert (call.method, call.is_idempotent, call.message_class) == ("sendMessage", False, MessageClass.REPLY)
    assert call.all_params() == {
        "chat_id": -5,
        "message_thread_id": 3,
        "text": "hello",
        "disable_notification": True,
        "reply_parameters": {"message_id": 9, "allow_sending_without_reply": True},
        "reply_markup": {
            "inline_keyboard": [[{"text": "Yes", "callback_data": "y"}, {"text": "No", "callback_data": "n"}]]
        },
        "entities": [
            {"type": "text_link", "offset": 0, "length": 5, "url": "https://example.org/"},
            {
                "type": "text_mention",
                "offset": 0,
                "length": 1,
                "user": {"id": 7, "is_bot": False, "first_name": ""},
            },
        ],
    }
    assert "entities" not in call.all_params(formatted=False)


def test_a_plain_message_has_nothing_that_was_not_asked_for() -> None:
    call = bot_call(TelegramSend(bot_id=1, chat_id=7, text="hello"), repeat=False, message_id=None)
    assert call.all_params() == {"chat_id": 7, "text": "hello"}


def test_a_repeat_says_so_after_the_text_and_leaves_the_formatting_where_it_was() -> None:
    send = TelegramSend(bot_id=1, chat_id=7, text="hello", entities=(Entity("bold", 0, 5),))
    call = bot_call(send, repeat=True, message_id=None)
    assert call.params["text"] == "hello\n\n(may be a repeat)"
    assert call.entities == [{"type": "bold", "offset": 0, "length": 5}]


@pytest.mark.parametrize(
    ("edit", "known", "message_id"),
    [
        (TelegramEdit(bot_id=1, chat_id=7, message_id=5, text="x"), None, 5),
        (TelegramEdit(bot_id=1, chat_id=7, delivery_key="k", text="x"), 6, 6),
    ],
)
def test_an_edit_names_its_message_and_may_be_repeated(
    edit: TelegramEdit, known: int | None, message_id: int
) -> None:
    call = bot_call(edit, repeat=True, message_id=known)
    assert (call.method, call.is_idempotent) == ("editMessageText", True)
    assert call.all_params() == {"chat_id": 7, "message_id": message_id, "text": "x"}


def test_the_press_of_a_button_is_answered_with_or_without_a_notice() -> None:
    call = bot_call(TelegramAnswer(bot_id=1, chat_id=7, callback_id="9"), repeat=True, message_id=None)
    assert call.all_params() == {"callback_query_id": "9", "show_alert": False}
    call = bot_call(
        TelegramAnswer(bot_id=1, chat_id=7, callback_id="9", text="Saved", alert=True),
        repeat=False,
        message_id=None,
    )
    assert call.all_params() == {"callback_query_id": "9", "show_alert": True, "text": "Saved"}


def test_what_is_no_delivery_is_refused() -> None:
    done = TelegramDelivered(bot_id=1, chat_id=7, delivery_key="k", repeat=False, method="sendMessage")
    with pytest.raises(TypeError, match="TelegramDelivered is not something to deliver"):
        bot_call(done, repeat=False, message_id=None)


def test_a_payload_that_moves_differs_in_its_chat_alone() -> None:
    send = TelegramSend(bot_id=1, chat_id=-5, text="hello", silent=True)
    assert moved(send, -1005) == TelegramSend(bot_id=1, chat_id=-1005, text="hello", silent=True)
