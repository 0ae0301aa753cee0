"""The simulated Telegram as a pure world: entities, markup, limits, queues, people and privacy."""

from typing import Any

import pytest

from adapters.botworld import ApiError, Fault, FaultKind, RateLimits, World, WorldError, http_500, receive
from adapters.botworld.entities import checked, found_in, utf16_length
from adapters.botworld.limits import Limiter
from adapters.botworld.markup import parsed
from adapters.botworld.updates import UpdateQueue

BOT, OTHER = 42, 43
ANN, GROUP = 7, -1001


class HandClock:
    """Seconds that pass by hand."""

    def __init__(self) -> None:
        self.at = 1_750_000_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def world(clock: HandClock) -> World:
    world = World(clock)
    world.add_bot(f"{BOT}:abc", "first_bot")
    return world


def perform(world: World, method: str, token: str = f"{BOT}:abc", **params: object) -> Any:
    with receive(world, token, method, params) as call:
        return call.perform()


def shown(world: World, bot_id: int = BOT) -> list[dict[str, Any]]:
    return world.queues[bot_id].batch(100)


def refusal(world: World, method: str, **params: object) -> str:
    with pytest.raises(ApiError) as caught:
        perform(world, method, **params)
    return str(caught.value)


class TestEntities:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("plain words", []),
            ("/start", [("bot_command", 0, 6)]),
            ("/api@First_bot kimi", [("bot_command", 0, 14)]),
            ("😀 /help", [("bot_command", 3, 5)]),
            ("ask @ann_b, not a@b", [("mention", 4, 6)]),
            ("#tag and https://x.org/a?b", [("hashtag", 0, 4), ("url", 9, 17)]),
            ("a/b and //c and /d/e", []),
        ],
    )
    def test_an_app_marks_commands_mentions_tags_and_links(
        self, text: str, found: list[tuple[str, int, int]]
    ) -> None:
        entities = found_in(text)
        assert [(entity["type"], entity["offset"], entity["length"]) for entity in entities] == found

    @pytest.mark.parametrize(
        ("entities", "error"),
        [
            ([1], "can't parse MessageEntity: expected an Object"),
            ([{"type": "shiny", "offset": 0, "length": 1}], "can't parse MessageEntity: Unsupported type"),
            ([{"type": "bold", "offset": 0}], "can't parse MessageEntity: Can't find field \"length\""),
            ([{"type": "text_link", "offset": 0, "length": 1}], 'Can\'t find field "url"'),
            ([{"type": "bold", "offset": "a", "length": 1}], 'Field "offset" must be of type Number'),
            (
                [{"type": "bold", "offset": 1, "length": 3}],
                "entity beginning at UTF-16 offset 1 ends after the end of the text at UTF-16 offset 4",
            ),
            (
                [{"type": "bold", "offset": 9, "length": 1}],
                "entity begins after the end of the text at UTF-16 offset 9",
            ),
            ([{"type": "bold", "offset": -1, "length": 1}], "receive an entity with incorrect offset -1"),
        ],
    )
    def test_entities_that_do_not_fit_the_text_are_refused(self, entities: object, error: str) -> None:
        with pytest.raises(ApiError, match=error):
            checked(entities, "abc")

    def test_lengths_count_utf16_units(self) -> None:
        assert [utf16_length(text) for text in ("abc", "äö", "😀", "")] == [3, 2, 2, 0]


class TestMarkup:
    @pytest.mark.parametrize(
        ("mode", "source", "text", "entities"),
        [
            ("HTML", "a <b>b &lt; <i>c</i></b>", "a b < c", [("bold", 2, 5), ("italic", 6, 1)]),
            ("html", '<a href="https://x.org">x</a>', "x", [("text_link", 0, 1)]),
            ("HTML", '<pre><code class="language-py">1</code></pre>', "1", [("pre", 0, 1)]),
            ("HTML", "<pre>a<code>1</code></pre>", "a1", [("pre", 0, 2), ("code", 1, 1)]),
            ("HTML", "<b></b>x", "x", []),
            ("MarkdownV2", "*b* _i_ __u__ ~s~", "b i u s", "bold italic underline strikethrough"),
            ("MarkdownV2", "||x|| `a*b` 1\\.5", "x a*b 1.5", "spoiler code"),
            ("MarkdownV2", "[x](https://a.b/\\)c)", "x", [("text_link", 0, 1)]),
            ("MarkdownV2", "```py\nprint(1)```", "print(1)", [("pre", 0, 8)]),
            ("MarkdownV2", ">one\n>two\nthree", "one\ntwo\nthree", [("blockquote", 0, 7)]),
            ("MarkdownV2", "😀*b*", "😀b", [("bold", 2, 1)]),
        ],
    )
    def test_markup_becomes_text_and_entities(
        self, mode: str, source: str, text: str, entities: list[tuple[str, int, int]] | str
    ) -> None:
        plain, found = parsed(source, mode)
        assert plain == text
        if isinstance(entities, str):
            assert " ".join(entity["type"] for entity in found) == entities
        else:
            assert [(entity["type"], entity["offset"], entity["length"]) for entity in found] == entities

    @pytest.mark.parametrize(
        ("mode", "source", "error"),
        [
            ("HTML", "a < b", 'Unsupported start tag "" at byte offset 2'),
            ("HTML", "ä<x>", 'Unsupported start tag "x" at byte offset 2'),
            ("HTML", "<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
            ("HTML", "x</b>", "Unexpected end tag at byte offset 1"),
            ("HTML", "<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
            ("MarkdownV2", "1.5", "Character '.' is reserved and must be escaped with the preceding '\\'"),
            ("MarkdownV2", "ä *x", "Can't find end of Bold entity at byte offset 3"),
            ("MarkdownV2", "`x", "Can't find end of Code entity at byte offset 0"),
            ("MarkdownV2", "```x", "Can't find end of Pre entity at byte offset 0"),
            ("MarkdownV2", "[x](y", "Can't find end of a URL at byte offset 4"),
        ],
    )
    def test_broken_markup_is_refused_in_telegrams_words(self, mode: str, source: str, error: str) -> None:
        with pytest.raises(ApiError) as caught:
            parsed(source, mode)
        assert caught.value.description == f"Bad Request: can't parse entities: {error}"

    def test_a_block_of_code_has_its_language(self) -> None:
        _, entities = parsed('<pre><code class="language-py">1</code></pre>', "HTML")
        assert entities == [{"offset": 0, "length": 1, "type": "pre", "language": "py"}]

    def test_an_unknown_mode_is_refused(self) -> None:
        with pytest.raises(ApiError, match="unsupported parse_mode"):
            parsed("x", "bbcode")


class TestLimits:
    def test_a_chat_has_a_burst_and_then_one_message_a_second(self) -> None:
        limiter = Limiter(RateLimits(chat_burst=2))
        for _ in range(2):
            limiter.check(BOT, ANN, 0.0)
        with pytest.raises(ApiError) as caught:
            limiter.check(BOT, ANN, 0.5)
        assert caught.value.retry_after_s == 1
        limiter.check(BOT, ANN, 1.0)

    def test_a_group_may_be_sent_twenty_messages_a_minute(self) -> None:
        limiter = Limiter(RateLimits(per_chat_s=1000.0, chat_burst=1000))
        for _ in range(20):
            limiter.check(BOT, GROUP, 0.0)
        with pytest.raises(ApiError, match="Too Many Requests: retry after 3"):
            limiter.check(BOT, GROUP, 0.0)

    def test_a_bot_may_send_thirty_a_second_over_all_chats_and_a_refused_message_costs_nothing(self) -> None:
        limiter = Limiter(RateLimits())
        for chat in range(30):
            limiter.check(BOT, chat + 1, 0.0)
        for _ in range(5):
            with pytest.raises(ApiError):
                limiter.check(BOT, 99, 0.0)
        limiter.check(BOT, 99, 0.05)
        limiter.check(OTHER, 99, 0.05)


class TestQueue:
    def test_ids_follow_one_another_and_injected_ids_are_kept(self) -> None:
        queue = UpdateQueue(10)
        assert [
            queue.put("message", 1, {}),
            queue.inject(1, {"update_id": 50}),
            queue.put("message", 1, {}),
        ] == [
            10,
            50,
            51,
        ]

    def test_a_repeated_lower_id_can_be_injected_and_is_confirmed_with_the_rest(self) -> None:
        queue = UpdateQueue(10)
        for update in ({"update_id": 12}, {"update_id": 11}, {"update_id": 12}):
            queue.inject(1, update)
        queue.confirm(12)
        assert [update["update_id"] for update in queue.batch(10)] == [12, 12]

    def test_a_negative_offset_keeps_the_last_updates_only(self) -> None:
        queue = UpdateQueue(1)
        for _ in range(5):
            queue.put("message", 1, {})
        queue.confirm(-2)
        assert [update["update_id"] for update in queue.batch(10)] == [4, 5]

    def test_kinds_that_must_be_asked_for_are_not_queued_by_default(self) -> None:
        queue = UpdateQueue(1)
        assert queue.put("chat_member", 1, {}) is None
        queue.allow(["chat_member"])
        assert queue.put("chat_member", 1, {}) == 1
        assert queue.put("message", 1, {}) is None
        queue.allow([])
        assert queue.put("message", 1, {}) == 2

    def test_what_is_pending_can_be_taken_from_a_place_on(self) -> None:
        queue = UpdateQueue(1)
        for chat in (5, 6, 7):
            queue.put("message", chat, {})
        assert [item.chat_id for item in queue.pending(1)] == [6, 7]


class TestPeople:
    def test_a_private_chat_shows_its_user_and_a_group_its_title(self, world: World) -> None:
        world.add_user(ANN, "Ann", "ann")
        world.say(ANN, ANN, "hi")
        world.add_group(GROUP, "Team")
        world.say(GROUP, ANN, "hi all")
        private, group = (update["message"]["chat"] for update in shown(world))
        assert private == {"id": ANN, "first_name": "Ann", "username": "ann", "type": "private"}
        assert group == {"id": GROUP, "title": "Team", "type": "supergroup"}

    def test_each_bot_has_a_private_chat_of_its_own_with_a_user(self, world: World) -> None:
        world.add_bot(f"{OTHER}:x", "second_bot")
        with pytest.raises(WorldError, match="say which bot is meant"):
            world.say(ANN, ANN, "to whom?")
        assert world.say(ANN, ANN, "to the first", bot_id=BOT).message_id == 1
        assert world.say(ANN, ANN, "to the second", bot_id=OTHER).message_id == 1
        assert [len(shown(world)), len(shown(world, OTHER))] == [1, 1]

    def test_a_group_is_seen_by_every_bot_in_it(self, world: World) -> None:
        world.add_bot(f"{OTHER}:x", "second_bot")
        assert len(world.say(GROUP, ANN, "hi").update_ids) == 2

    @pytest.mark.parametrize(
        ("text", "is_shown"),
        [
            ("good morning", False),
            ("/start", True),
            ("/start@second_bot", True),
            ("/start@first_bot", False),
            ("hello @Second_Bot", False),
        ],
    )
    def test_privacy_mode_shows_a_bot_only_what_is_meant_for_it(
        self, world: World, text: str, is_shown: bool
    ) -> None:
        world.add_bot(f"{OTHER}:x", "second_bot", reads_all=False)
        world.say(GROUP, ANN, text)
        assert bool(shown(world, OTHER)) is is_shown
        assert shown(world)

    def test_privacy_mode_shows_replies_to_the_bot(self, world: World) -> None:
        world.add_bot(f"{OTHER}:x", "second_bot", reads_all=False)
        world.say(GROUP, ANN, "/start")
        sent = perform(world, "sendMessage", f"{OTHER}:x", chat_id=GROUP, text="yes?")
        world.say(GROUP, ANN, "never mind", reply_to=sent["message_id"])
        assert [update["message"]["text"] for update in shown(world, OTHER)] == ["/start", "never mind"]

    def test_an_anonymous_admin_writes_as_the_group(self, world: World) -> None:
        world.say(GROUP, ANN, "/api kimi", anonymous=True)
        (update,) = shown(world)
        message = update["message"]
        assert (message["from"]["username"], message["sender_chat"]["id"]) == ("GroupAnonymousBot", GROUP)

    def test_a_topic_is_known_once_someone_wrote_in_it(self, world: World) -> None:
        world.add_group(GROUP, is_forum=True)
        answer = refusal(world, "sendMessage", chat_id=GROUP, text="x", message_thread_id=5)
        assert answer == "400 Bad Request: message thread not found"
        world.say(GROUP, ANN, "topic", thread_id=5)
        sent = perform(world, "sendMessage", chat_id=GROUP, text="x", message_thread_id=5)
        assert (sent["message_thread_id"], sent["is_topic_message"]) == (5, True)

    def test_a_message_can_have_a_photo_and_no_text(self, world: World) -> None:
        world.say(ANN, ANN, None, extra={"photo": [{"file_id": "f"}], "caption": "look"})
        (update,) = shown(world)
        assert "text" not in update["message"]
        assert update["message"]["caption"] == "look"

    def test_an_edit_is_an_update_and_earlier_updates_stay_as_they_were(self, world: World) -> None:
        said = world.say(ANN, ANN, "/strat")
        world.edit(ANN, said.message_id, "start")
        first, second = shown(world)
        assert (first["message"]["text"], second["edited_message"]["text"]) == ("/strat", "start")
        assert "entities" not in second["edited_message"]

    def test_people_edit_only_their_own(self, world: World) -> None:
        world.say(ANN, ANN, "hi")
        sent = perform(world, "sendMessage", chat_id=ANN, text="x")
        with pytest.raises(WorldError, match="people edit their own"):
            world.edit(ANN, sent["message_id"], "y")

    def test_blocking_shows_and_writing_again_unblocks(self, world: World) -> None:
        world.say(ANN, ANN, "hi")
        world.block(ANN)
        assert shown(world)[-1]["my_chat_member"]["new_chat_member"]["status"] == "kicked"
        assert refusal(world, "sendChatAction", chat_id=ANN, action="typing").startswith("403 ")
        world.say(ANN, ANN, "back")
        assert perform(world, "sendChatAction", chat_id=ANN, action="typing") is True

    def test_a_bot_does_not_write_first(self, world: World) -> None:
        world.add_bot(f"{OTHER}:x", "second_bot")
        world.say(ANN, ANN, "hi", bot_id=BOT)
        with pytest.raises(ApiError, match="403 Forbidden: bot can't initiate conversation with a user"):
            perform(world, "sendMessage", f"{OTHER}:x", chat_id=ANN, text="x")

    def test_migration_is_told_in_both_chats(self, world: World) -> None:
        world.add_group(-5, "Old", kind="group")
        world.migrate(-5, GROUP)
        old, new = (update["message"] for update in shown(world))
        assert (old["chat"]["id"], old["migrate_to_chat_id"]) == (-5, GROUP)
        assert (new["chat"]["id"], new["migrate_from_chat_id"]) == (GROUP, -5)

    def test_a_button_press_answered_too_late_is_refused(self, world: World, clock: HandClock) -> None:
        world.say(ANN, ANN, "hi")
        keyboard = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}
        sent = perform(world, "sendMessage", chat_id=ANN, text="?", reply_markup=keyboard)
        query_id, _ = world.press(ANN, ANN, sent["message_id"], "a")
        clock.at += 901
        assert "query is too old" in refusal(world, "answerCallbackQuery", callback_query_id=query_id)


class TestRecordAndFaults:
    def test_only_what_took_effect_is_recorded_in_order(self, world: World, clock: HandClock) -> None:
        world.say(ANN, ANN, "hi")
        perform(world, "sendMessage", chat_id=ANN, text="one")
        clock.at += 1
        refusal(world, "sendMessage", chat_id=ANN, text="")
        perform(world, "sendMessage", chat_id=ANN, text="two")
        effects = world.record.of_chat(ANN)
        assert [(effect.seq, effect.text, effect.received_at - 1_750_000_000) for effect in effects] == [
            (1, "one", 0.0),
            (2, "two", 1.0),
        ]
        assert world.record.counters()["refused"] == {"400": 1}

    def test_a_call_is_in_flight_until_it_is_over(self, world: World) -> None:
        world.say(ANN, ANN, "hi")
        with receive(world, f"{BOT}:abc", "sendMessage", {"chat_id": ANN, "text": "x"}):
            (call,) = world.record.in_flight("sendMessage")
            assert call.chat_id == ANN
        assert world.record.in_flight() == []

    def test_faults_are_spent_in_the_order_they_were_planned(self, world: World) -> None:
        world.faults.add(http_500(count=2))
        world.faults.add(Fault(FaultKind.HANG_AFTER, "getMe", count=None))
        taken = [world.faults.take("getMe", None) for _ in range(4)]
        kinds = [fault.kind for fault in taken if fault]
        assert kinds == [FaultKind.REFUSE] * 2 + [FaultKind.HANG_AFTER] * 2
        assert world.faults.take("sendMessage", ANN) is None
        world.faults.clear()
        assert world.faults.take("getMe", None) is None

    def test_an_edit_back_and_forth_is_not_unmodified(self, world: World) -> None:
        world.say(ANN, ANN, "hi")
        place = {
            "chat_id": ANN,
            "message_id": perform(world, "sendMessage", chat_id=ANN, text="a")["message_id"],
        }
        keyboard = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}
        perform(world, "editMessageText", text="a", reply_markup=keyboard, **place)
        assert "is not modified" in refusal(
            world, "editMessageText", text="a", reply_markup=keyboard, **place
        )
        assert "reply_markup" not in perform(world, "editMessageText", text="a", **place)

    def test_a_bot_edits_only_its_own_messages(self, world: World) -> None:
        said = world.say(ANN, ANN, "hi")
        answer = refusal(world, "editMessageText", chat_id=ANN, message_id=said.message_id, text="x")
        assert answer == "400 Bad Request: message can't be edited"

    @pytest.mark.parametrize(
        ("commands", "error"),
        [
            ("x", "can't parse commands JSON object"),
            ({"a": 1}, "expected an Array of BotCommand"),
            ([1], "can't parse BotCommand: expected an Object"),
            ([{"command": "ok"}], "can't parse BotCommand: Can't find field \"description\""),
            ([{"command": "Bad Name", "description": "x"}], "BOT_COMMAND_INVALID"),
            ([{"command": "ok", "description": ""}], "BOT_COMMAND_DESCRIPTION_INVALID"),
            ([{"command": "ok", "description": "x"}] * 101, "BOT_COMMANDS_TOO_MUCH"),
        ],
    )
    def test_a_bad_command_menu_is_refused(self, world: World, commands: object, error: str) -> None:
        assert error in refusal(world, "setMyCommands", commands=commands)
