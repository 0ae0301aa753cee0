"""What bots do in the simulated Telegram beyond text: files, albums, forwards, edits, deletions, menus, webhooks."""

from typing import Any

import pytest

from adapters.botworld import Upload
from adapters.botworld.api_profile import menu_shown
from adapters.botworld.values import ApiError
from tests.unit.botworlds import ANN, BOB, BOT, FORUM, KEYBOARD, NEWS, SMALL, TEAM, Scene

URL = "https://example.org/cat.jpg"


@pytest.fixture
def scene() -> Scene:
    return Scene()


class TestFiles:
    def test_a_file_is_sent_by_url_by_upload_and_on_by_its_id(self, scene: Scene) -> None:
        by_url = scene.call("sendPhoto", chat_id=ANN, photo=URL, caption="*cat*", parse_mode="MarkdownV2")
        assert by_url["caption_entities"] == [{"offset": 0, "length": 3, "type": "bold"}]
        again = scene.call("sendPhoto", chat_id=ANN, photo=by_url["photo"][-1]["file_id"])
        assert again["photo"] == by_url["photo"]
        files = {"document": Upload("a.pdf", 3, "application/pdf")}
        sent = scene.call("sendDocument", files=files, chat_id=ANN, document="attach://document")
        assert (sent["document"]["file_name"], sent["document"]["file_size"]) == ("a.pdf", 3)

    @pytest.mark.parametrize(
        ("method", "params", "error"),
        [
            ("sendPhoto", {}, "there is no photo in the request"),
            ("sendVoice", {"voice": "attach://missing"}, "there is no voice in the request"),
            ("sendPhoto", {"photo": "nonsense"}, "wrong file identifier/HTTP URL specified"),
            ("sendPhoto", {"photo": "ftp://x.org/a"}, "wrong HTTP URL specified"),
            ("sendPhoto", {"photo": URL, "caption": "x" * 1025}, "message caption is too long"),
            ("getFile", {}, "file_id not specified"),
            ("getFile", {"file_id": "nonsense"}, "invalid file_id"),
        ],
    )
    def test_a_bad_file_is_refused(
        self, scene: Scene, method: str, params: dict[str, Any], error: str
    ) -> None:
        assert scene.refused(method, chat_id=ANN, **params) == f"400 Bad Request: {error}"

    def test_a_file_of_one_kind_is_not_sent_as_another(self, scene: Scene) -> None:
        file_id = scene.call("sendDocument", chat_id=ANN, document=URL)["document"]["file_id"]
        answer = scene.refused("sendPhoto", chat_id=ANN, photo=file_id)
        assert answer == "400 Bad Request: can't use file of type Document as Photo"

    def test_a_caption_of_1024_units_is_taken(self, scene: Scene) -> None:
        assert scene.call("sendPhoto", chat_id=ANN, photo=URL, caption="😀" * 512)["caption"] == "😀" * 512

    def test_an_album_is_several_messages(self, scene: Scene) -> None:
        media = [{"type": "photo", "media": URL, "caption": "a"}, {"type": "video", "media": URL}]
        sent = scene.call("sendMediaGroup", chat_id=ANN, media=media)
        assert len({message["media_group_id"] for message in sent}) == 1
        assert [message.get("caption") for message in sent] == ["a", None]

    @pytest.mark.parametrize(
        ("media", "error"),
        [
            ("{", "can't parse media JSON object"),
            ("{}", "expected an Array of InputMedia"),
            ("[1]", "can't parse InputMedia: expected an Object"),
            ([{"type": "photo"}], "can't parse InputMedia: media not found"),
            ([{"media": URL}], "can't parse InputMedia: Can't find field \"type\""),
            (
                [{"type": "animation", "media": URL}],
                "can't parse InputMedia: type \"animation\" can't be used in sendMediaGroup",
            ),
            ([{"type": "photo", "media": URL}] * 11, "too many messages to send as an album"),
            (
                [{"type": "photo", "media": URL}, {"type": "document", "media": URL}],
                "documents can't be mixed with other media types",
            ),
        ],
    )
    def test_a_bad_album_is_refused(self, scene: Scene, media: object, error: str) -> None:
        assert scene.refused("sendMediaGroup", chat_id=ANN, media=media) == f"400 Bad Request: {error}"


class TestSending:
    def test_what_is_sent_is_trimmed_and_what_telegram_finds_is_marked(self, scene: Scene) -> None:
        sent = scene.send("  see https://x.org \n")
        assert sent["text"] == "see https://x.org"
        assert sent["entities"] == [{"offset": 4, "length": 13, "type": "url"}]

    @pytest.mark.parametrize(
        ("params", "error"),
        [
            ({"reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
            ({"reply_markup": "[]"}, "object expected as reply markup"),
            (
                {"reply_markup": {"inline_keyboard": [1]}},
                'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
            ),
            (
                {"reply_markup": {"inline_keyboard": [[{"text": "x"}]]}},
                "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
            ),
            (
                {"reply_markup": {"inline_keyboard": [[{"callback_data": "x"}]]}},
                "can't parse inline keyboard button: Can't find field \"text\"",
            ),
            (
                {"reply_markup": {"inline_keyboard": [[{"text": " ", "callback_data": "x"}]]}},
                "inline keyboard button text must be non-empty",
            ),
            ({"reply_parameters": "{"}, "can't parse reply parameters JSON object"),
            ({"reply_parameters": {"message_id": 99}}, "message to be replied not found"),
            ({"reply_parameters": {"message_id": 1, "quote": "not in it"}}, "QUOTE_TEXT_INVALID"),
            ({"reply_parameters": {"message_id": 1, "chat_id": "@nobody"}}, "chat not found"),
            ({"link_preview_options": "[]"}, "object expected as link preview options"),
            ({"text": "a" * 40_000}, "text is too long"),
        ],
    )
    def test_bad_parameters_are_refused(self, scene: Scene, params: dict[str, Any], error: str) -> None:
        given = {"chat_id": ANN, "text": "x", **params}
        assert scene.refused("sendMessage", **given) == f"400 Bad Request: {error}"

    def test_a_reply_may_quote_and_may_be_to_another_chat(self, scene: Scene) -> None:
        said = scene.world.say(TEAM, BOB, "one two three").message_id
        near = scene.send(chat_id=TEAM, reply_parameters={"message_id": said, "quote": "two"})
        assert near["quote"] == {"text": "two", "position": 4, "is_manual": True}
        far = scene.send(reply_parameters={"message_id": said, "chat_id": TEAM})
        assert "reply_to_message" not in far
        assert far["external_reply"]["chat"]["id"] == TEAM
        lost = scene.send(reply_parameters={"message_id": 99, "allow_sending_without_reply": True})
        assert "reply_to_message" not in lost

    def test_a_public_chat_is_reached_by_its_name(self, scene: Scene) -> None:
        assert scene.send(chat_id="@Team")["chat"]["id"] == TEAM
        assert scene.world.record.of_chat(TEAM)[0].text == "hello"

    def test_a_post_of_a_bot_has_no_writer_and_can_be_edited(self, scene: Scene) -> None:
        sent = scene.send(chat_id=NEWS)
        assert "from" not in sent
        edited = scene.call("editMessageText", chat_id=NEWS, message_id=sent["message_id"], text="new")
        assert edited["text"] == "new"

    def test_forwards_name_their_origin_and_copies_do_not(self, scene: Scene) -> None:
        params = {"chat_id": TEAM, "from_chat_id": ANN, "message_id": 1}
        assert scene.call("forwardMessage", **params)["forward_origin"]["sender_user"]["id"] == ANN
        copy = scene.world.message(BOT, TEAM, scene.call("copyMessage", **params)["message_id"])
        assert (copy["text"], "forward_origin" in copy) == ("hi", False)
        missing = scene.refused("forwardMessage", **{**params, "message_id": 99})
        assert missing == "400 Bad Request: message to forward not found"
        assert scene.call("forwardMessages", **{**params, "message_ids": [1, 99]}) == [{"message_id": 3}]

    def test_protected_messages_are_not_forwarded(self, scene: Scene) -> None:
        sent = scene.send(protect_content=True)
        answer = scene.refused(
            "forwardMessage", chat_id=TEAM, from_chat_id=ANN, message_id=sent["message_id"]
        )
        assert answer == "400 Bad Request: message has protected content and can't be forwarded"

    def test_an_unknown_action_is_refused(self, scene: Scene) -> None:
        assert scene.call("sendChatAction", chat_id=ANN, action="typing") is True
        refusal = scene.refused("sendChatAction", chat_id=ANN, action="dancing")
        assert refusal == "400 Bad Request: wrong parameter action in request"

    def test_dice_and_polls_have_their_rules(self, scene: Scene) -> None:
        assert 1 <= scene.call("sendDice", chat_id=ANN)["dice"]["value"] <= 6
        quiz = {"question": "?", "options": ["a", "b"], "type": "quiz"}
        assert "QUIZ_CORRECT_ANSWER_INVALID" in scene.refused("sendPoll", chat_id=ANN, **quiz)
        assert (
            scene.call("sendPoll", chat_id=ANN, correct_option_id=1, **quiz)["poll"]["correct_option_id"] == 1
        )
        assert "at least 2 option" in scene.refused("sendPoll", chat_id=ANN, question="?", options='["a"]')


class TestEditing:
    def test_text_caption_and_buttons_are_edited_apart(self, scene: Scene) -> None:
        text = {"chat_id": ANN, "message_id": scene.send()["message_id"]}
        photo = {"chat_id": ANN, "message_id": scene.call("sendPhoto", chat_id=ANN, photo=URL)["message_id"]}
        assert scene.call("editMessageReplyMarkup", **text, reply_markup=KEYBOARD)["reply_markup"] == KEYBOARD
        assert "reply_markup" not in scene.call("editMessageReplyMarkup", **text)
        assert "is not modified" in scene.refused("editMessageReplyMarkup", **text)
        assert scene.call("editMessageCaption", **photo, caption="new")["caption"] == "new"
        assert "there is no caption" in scene.refused("editMessageCaption", **text, caption="x")
        assert "there is no text in the message to edit" in scene.refused(
            "editMessageText", **photo, text="x"
        )
        media = {"type": "document", "media": URL}
        edited = scene.call("editMessageMedia", **photo, media=media)
        assert ("document" in edited, "photo" in edited) == (True, False)

    def test_an_edit_needs_a_message(self, scene: Scene) -> None:
        assert "message identifier is not specified" in scene.refused("editMessageText", text="x")
        assert "MESSAGE_ID_INVALID" in scene.refused("editMessageText", text="x", inline_message_id="1")

    def test_a_bot_deletes_its_own_and_as_an_administrator_those_of_others(self, scene: Scene) -> None:
        said, own = scene.world.say(TEAM, ANN, "x").message_id, scene.send(chat_id=TEAM)["message_id"]
        refusal = scene.refused("deleteMessage", chat_id=TEAM, message_id=said)
        assert refusal == "400 Bad Request: message can't be deleted"
        assert scene.call("deleteMessage", chat_id=TEAM, message_id=own) is True
        assert scene.refused("deleteMessage", chat_id=TEAM, message_id=own) == (
            "400 Bad Request: message to delete not found"
        )
        scene.world.set_status(TEAM, BOT, "administrator")
        assert scene.call("deleteMessages", chat_id=TEAM, message_ids=[said, 99]) is True

    def test_after_two_days_a_message_stays(self, scene: Scene) -> None:
        own = scene.send()["message_id"]
        scene.clock.at += 48 * 3600 + 1
        answer = scene.refused("deleteMessage", chat_id=ANN, message_id=own)
        assert answer == "400 Bad Request: message can't be deleted for everyone"

    def test_bots_react_with_one_emoji(self, scene: Scene) -> None:
        one = {"type": "emoji", "emoji": "👍"}
        assert scene.call("setMessageReaction", chat_id=ANN, message_id=1, reaction=[one]) is True
        assert "REACTIONS_TOO_MANY" in scene.refused(
            "setMessageReaction", chat_id=ANN, message_id=1, reaction=[one, one]
        )


class TestChats:
    def test_a_chat_is_told_in_full(self, scene: Scene) -> None:
        chat = scene.call("getChat", chat_id=TEAM)
        assert {"accent_color_id", "max_reaction_count", "accepted_gift_types", "permissions"} <= set(chat)
        assert scene.call("getChat", chat_id=ANN)["type"] == "private"
        assert scene.refused("getChat", chat_id=999) == "400 Bad Request: chat not found"

    def test_members_are_counted_and_told(self, scene: Scene) -> None:
        scene.world.join(TEAM, BOB)
        scene.world.set_status(TEAM, BOB, "creator")
        assert scene.call("getChatMemberCount", chat_id=TEAM) == 2
        assert scene.call("getChatMember", chat_id=TEAM, user_id=BOT)["status"] == "member"
        admins = scene.call("getChatAdministrators", chat_id=TEAM)
        assert [(one["user"]["id"], one["status"]) for one in admins] == [(BOB, "creator")]
        assert "PARTICIPANT_ID_INVALID" in scene.refused("getChatMember", chat_id=TEAM, user_id=12345)
        assert "invalid user_id specified" in scene.refused("getChatMember", chat_id=TEAM)

    def test_an_administrator_bans_and_pins(self, scene: Scene) -> None:
        said = scene.world.say(TEAM, ANN, "x").message_id
        assert "not enough rights to manage pinned" in scene.refused(
            "pinChatMessage", chat_id=TEAM, message_id=said
        )
        assert "not enough rights to restrict" in scene.refused("banChatMember", chat_id=TEAM, user_id=ANN)
        scene.world.set_status(TEAM, BOT, "administrator")
        assert scene.call("pinChatMessage", chat_id=TEAM, message_id=said) is True
        assert scene.call("unpinChatMessage", chat_id=TEAM) is True
        assert "message to unpin not found" in scene.refused("unpinChatMessage", chat_id=TEAM)
        assert scene.call("banChatMember", chat_id=TEAM, user_id=ANN) is True
        assert scene.call("getChatMember", chat_id=TEAM, user_id=ANN)["status"] == "kicked"
        assert scene.call("unbanChatMember", chat_id=TEAM, user_id=ANN) is True
        assert scene.call("setChatTitle", chat_id=TEAM, title="New") is True

    def test_a_group_that_moved_can_be_read_and_not_written(self, scene: Scene) -> None:
        scene.world.migrate(SMALL, -1009)
        with pytest.raises(ApiError) as caught:
            scene.send(chat_id=SMALL)
        assert caught.value.migrate_to_chat_id == -1009
        assert scene.call("getChat", chat_id=SMALL)["id"] == SMALL

    def test_log_out_and_close_are_refused(self, scene: Scene) -> None:
        assert scene.refused("logOut").startswith("400 Bad Request")
        assert scene.refused("close").startswith("400 Bad Request")


class TestMenus:
    def test_menus_are_kept_by_scope_and_language(self, scene: Scene) -> None:
        def menu(name: str) -> list[dict[str, str]]:
            return [{"command": name, "description": name.upper()}]

        group = {"type": "all_group_chats"}
        scene.call("setMyCommands", commands=menu("usual"))
        scene.call("setMyCommands", commands=menu("deutsch"), language_code="de")
        scene.call("setMyCommands", commands=menu("group"), scope=group)
        scene.call("setMyCommands", commands=menu("here"), scope={"type": "chat", "chat_id": FORUM})
        assert scene.call("getMyCommands", scope=group) == menu("group")
        assert scene.call("getMyCommands", scope={"type": "all_private_chats"}) == []
        bot, chats = scene.world.bots[BOT], scene.world.chats
        seen = [
            menu_shown(bot, chats[chat], ANN, code)[0]["command"]
            for chat, code in ((ANN, "en"), (ANN, "de"), (TEAM, "de"), (FORUM, "en"))
        ]
        assert seen == ["usual", "deutsch", "group", "here"]
        assert scene.call("deleteMyCommands", scope=group) is True
        assert menu_shown(bot, chats[TEAM], ANN, "en") == menu("usual")

    @pytest.mark.parametrize(
        ("scope", "error"),
        [
            ("{", "can't parse BotCommandScope JSON object"),
            ("[]", "can't parse BotCommandScope: BotCommandScope must be an Object"),
            ({}, "can't parse BotCommandScope: Can't find field \"type\""),
            ({"type": "moon"}, "can't parse BotCommandScope: Unsupported type specified"),
            ({"type": "chat"}, "can't parse BotCommandScope: Can't find field \"chat_id\""),
            (
                {"type": "chat_member", "chat_id": TEAM},
                "can't parse BotCommandScope: Invalid user_id specified",
            ),
            ({"type": "chat", "chat_id": 999}, "chat not found"),
        ],
    )
    def test_a_bad_scope_is_refused(self, scene: Scene, scope: object, error: str) -> None:
        assert scene.refused("getMyCommands", scope=scope) == f"400 Bad Request: {error}"

    def test_a_hundred_commands_are_enough(self, scene: Scene) -> None:
        commands = [{"command": f"c{number}", "description": "x"} for number in range(101)]
        assert scene.call("setMyCommands", commands=commands[:100]) is True
        assert scene.refused("setMyCommands", commands=commands) == "400 Bad Request: BOT_COMMANDS_TOO_MUCH"

    def test_a_bot_has_names_by_language(self, scene: Scene) -> None:
        assert scene.call("getMyName") == {"name": "OpenClaw"}
        scene.call("setMyName", name="Kralle", language_code="de")
        assert scene.call("getMyName", language_code="de") == {"name": "Kralle"}
        assert "BOT_TITLE_INVALID" in scene.refused("setMyName", name="x" * 65)


class TestUpdates:
    def test_limits_are_clamped_and_unknown_kinds_mean_the_usual(self, scene: Scene) -> None:
        scene.asks_for("nonsense")
        assert scene.world.queues[BOT].allowed is None

    @pytest.mark.parametrize(
        ("url", "error"),
        [
            ("http://example.org/", "bad webhook: An HTTPS URL must be provided for webhook"),
            (
                "https://example.org:81/",
                "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
            ),
            ("https://a b", "invalid webhook URL specified"),
            ("https://x:y/", "invalid webhook URL specified"),
        ],
    )
    def test_a_bad_webhook_is_refused(self, scene: Scene, url: str, error: str) -> None:
        assert scene.refused("setWebhook", url=url) == f"400 Bad Request: {error}"

    def test_a_webhook_is_told_in_full(self, scene: Scene) -> None:
        scene.world.say(ANN, ANN, "waiting")
        scene.call(
            "setWebhook", url="https://example.org/", ip_address="203.0.113.1", allowed_updates=["message"]
        )
        info = scene.call("getWebhookInfo")
        assert info == {
            "url": "https://example.org/",
            "has_custom_certificate": False,
            "pending_update_count": 1,
            "max_connections": 40,
            "ip_address": "203.0.113.1",
            "allowed_updates": ["message"],
        }
        scene.call("deleteWebhook", drop_pending_updates=True)
        assert scene.call("getWebhookInfo")["pending_update_count"] == 0
