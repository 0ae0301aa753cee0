"""What the people of the simulated Telegram do, and what its bots are shown of it."""

from typing import Any

import pytest

from adapters.botworld import WorldError
from tests.unit.botworlds import ANN, BOB, BOT, FORUM, KEYBOARD, NEWS, OTHER, OTHER_TOKEN, SMALL, TEAM, Scene


@pytest.fixture
def scene() -> Scene:
    return Scene()


class TestWriting:
    def test_a_picture_has_sizes_and_a_caption_with_its_entities(self, scene: Scene) -> None:
        scene.world.say(ANN, ANN, kind="photo", caption="look /here")
        (update,) = scene.shown()
        message = update["message"]
        assert [size["width"] for size in message["photo"]] == [90, 320, 1280]
        assert message["caption_entities"] == [{"offset": 5, "length": 5, "type": "bot_command"}]

    def test_a_caption_of_1025_units_cannot_be_written(self, scene: Scene) -> None:
        with pytest.raises(WorldError, match="caption: at most 1024 UTF-16 units"):
            scene.world.say(ANN, ANN, kind="photo", caption="😀" * 512 + "x")

    def test_unknown_content_is_refused_by_name(self, scene: Scene) -> None:
        with pytest.raises(
            WorldError, match="there is no content of kind 'hologram'; there are: animation, audio"
        ):
            scene.world.say(ANN, ANN, kind="hologram")

    def test_given_entities_replace_those_that_an_app_finds(self, scene: Scene) -> None:
        bold = {"offset": 0, "length": 3, "type": "bold"}
        scene.world.say(ANN, ANN, "/go", entities=[bold])
        (update,) = scene.shown()
        assert update["message"]["entities"] == [bold]

    def test_an_album_is_several_updates_of_one_group(self, scene: Scene) -> None:
        scene.world.album(ANN, ANN, [{"kind": "photo", "caption": "a"}, {"kind": "video"}, {"kind": "photo"}])
        messages = [update["message"] for update in scene.shown()]
        assert len({message["media_group_id"] for message in messages}) == 1
        assert [message.get("caption") for message in messages] == ["a", None, None]
        with pytest.raises(WorldError, match="an album has 2 to 10 items"):
            scene.world.album(ANN, ANN, [{"kind": "photo"}])

    def test_a_post_has_no_writer_and_reaches_the_linked_group_by_itself(self, scene: Scene) -> None:
        scene.world.link(NEWS, TEAM)
        scene.world.say(NEWS, ANN, "news")
        post, forward = scene.shown()
        assert "from" not in post["channel_post"]
        assert post["channel_post"]["sender_chat"]["id"] == NEWS
        message = forward["message"]
        assert (message["from"]["id"], message["sender_chat"]["id"]) == (777000, NEWS)
        assert message["is_automatic_forward"]
        assert message["forward_origin"]["type"] == "channel"

    def test_who_writes_as_a_channel_or_as_the_group_is_not_named(self, scene: Scene) -> None:
        scene.world.say(TEAM, ANN, "a", anonymous=True)
        scene.world.say(TEAM, ANN, "b", as_chat=NEWS)
        senders = [
            (u["message"]["from"]["username"], u["message"]["sender_chat"]["id"]) for u in scene.shown()
        ]
        assert senders == [("GroupAnonymousBot", TEAM), ("Channel_Bot", NEWS)]

    @pytest.mark.parametrize(
        ("hidden", "origin"),
        [
            (False, {"type": "user", "sender_user": ANN}),
            (True, {"type": "hidden_user", "sender_user_name": "User 7"}),
        ],
    )
    def test_a_forward_says_where_it_is_from(
        self, scene: Scene, hidden: bool, origin: dict[str, Any]
    ) -> None:
        said = scene.world.say(ANN, ANN, "hello")
        scene.world.forward(TEAM, BOB, ANN, said.message_id, bot_id=BOT, hidden=hidden)
        message = scene.shown()[-1]["message"]
        found = dict(message["forward_origin"])
        if "sender_user" in found:
            found["sender_user"] = found["sender_user"]["id"]
        assert found.pop("date") == message["date"]
        assert (found, message["text"]) == (origin, "hello")

    def test_captions_and_posts_are_edited_too(self, scene: Scene) -> None:
        photo = scene.world.say(ANN, ANN, kind="photo", caption="a").message_id
        scene.world.edit(ANN, photo, caption="b #c")
        post = scene.world.say(NEWS, ANN, "a").message_id
        scene.world.edit(NEWS, post, "b")
        edited = scene.shown()[1]["edited_message"]
        assert (edited["caption"], edited["caption_entities"][0]["type"]) == ("b #c", "hashtag")
        scene.world.edit(NEWS, post, "c")
        assert scene.kinds() == ["edited_channel_post"]
        with pytest.raises(WorldError, match="has another content"):
            scene.world.edit(NEWS, post, caption="c")


class TestGroups:
    def test_a_bot_learns_that_it_was_added_and_thrown_out(self, scene: Scene) -> None:
        scene.world.kick(TEAM, BOT, by=ANN)
        scene.world.add(TEAM, ANN, [BOT])
        out, left, back, new = scene.shown()
        assert [out["my_chat_member"][f"{side}_chat_member"]["status"] for side in ("old", "new")] == [
            "member",
            "kicked",
        ]
        assert left["message"]["left_chat_member"]["id"] == BOT
        assert back["my_chat_member"]["new_chat_member"]["status"] == "member"
        assert [user["id"] for user in new["message"]["new_chat_members"]] == [BOT]

    @pytest.mark.parametrize(("chat_id", "kind"), [(TEAM, "supergroup"), (SMALL, "group"), (NEWS, "channel")])
    def test_a_bot_that_is_gone_is_told_how(self, scene: Scene, chat_id: int, kind: str) -> None:
        scene.world.kick(chat_id, BOT)
        assert scene.refused("sendMessage", chat_id=chat_id, text="x") == (
            f"403 Forbidden: bot was kicked from the {kind} chat"
        )
        scene.world.add(chat_id, ANN, [BOT])
        scene.call("leaveChat", chat_id=chat_id)
        assert scene.refused("sendMessage", chat_id=chat_id, text="x") == (
            f"403 Forbidden: bot is not a member of the {kind} chat"
        )

    def test_a_deleted_account_and_a_deleted_group_cannot_be_written_to(self, scene: Scene) -> None:
        scene.world.deactivate(ANN)
        assert scene.refused("sendMessage", chat_id=ANN, text="x") == "403 Forbidden: user is deactivated"
        scene.world.delete_group(SMALL)
        assert (
            scene.refused("sendMessage", chat_id=SMALL, text="x")
            == "403 Forbidden: the group chat was deleted"
        )

    def test_who_comes_and_goes_is_told_to_administrators_that_ask(self, scene: Scene) -> None:
        scene.asks_for("chat_member", "chat_join_request")
        scene.world.join(TEAM, BOB)
        assert scene.kinds() == []
        scene.world.set_status(TEAM, BOT, "administrator")
        scene.world.leave(TEAM, BOB)
        scene.world.ask_to_join(TEAM, BOB)
        assert scene.kinds() == ["chat_member", "chat_join_request"]
        scene.call("approveChatJoinRequest", chat_id=TEAM, user_id=BOB)
        assert scene.call("getChatMember", chat_id=TEAM, user_id=BOB)["status"] == "member"
        assert "HIDE_REQUESTER_MISSING" in scene.refused("declineChatJoinRequest", chat_id=TEAM, user_id=BOB)

    def test_who_was_thrown_out_cannot_write(self, scene: Scene) -> None:
        scene.world.join(TEAM, BOB)
        scene.world.kick(TEAM, BOB)
        with pytest.raises(WorldError, match="user 8 cannot write in chat -1001"):
            scene.world.say(TEAM, BOB, "let me in")

    def test_titles_and_pins_are_service_messages(self, scene: Scene) -> None:
        said = scene.world.say(TEAM, ANN, "important")
        scene.world.pin(TEAM, ANN, said.message_id)
        scene.world.retitle(TEAM, ANN, "Club")
        _, pinned, titled = (update["message"] for update in scene.shown())
        assert pinned["pinned_message"]["text"] == "important"
        assert (titled["new_chat_title"], titled["chat"]["title"]) == ("Club", "Club")
        assert scene.call("getChat", chat_id=TEAM)["pinned_message"]["text"] == "important"

    def test_a_group_migrates_once_and_takes_its_members_along(self, scene: Scene) -> None:
        scene.world.join(SMALL, BOB)
        scene.world.migrate(SMALL, -1009)
        assert scene.call("getChatMember", chat_id=-1009, user_id=BOB)["status"] == "member"
        with pytest.raises(WorldError, match="only once"):
            scene.world.migrate(SMALL, -1010)


class TestTopics:
    def test_a_topic_is_its_first_message_and_all_others_answer_it(self, scene: Scene) -> None:
        topic = scene.world.create_topic(FORUM, ANN, "Talk").message_id
        scene.world.say(FORUM, ANN, "in it", thread_id=topic)
        made, said = (update["message"] for update in scene.shown())
        assert made["forum_topic_created"] == {"name": "Talk", "icon_color": 7322096}
        assert (made["message_id"], made["message_thread_id"]) == (topic, topic)
        assert (said["message_thread_id"], said["is_topic_message"]) == (topic, True)
        assert said["reply_to_message"]["message_id"] == topic

    def test_general_has_no_thread_and_none_may_be_given(self, scene: Scene) -> None:
        assert "message_thread_id" not in scene.send(chat_id=FORUM)
        for thread in (1, 99):
            answer = scene.refused("sendMessage", chat_id=FORUM, text="x", message_thread_id=thread)
            assert answer == "400 Bad Request: message thread not found"

    def test_a_closed_topic_is_for_administrators(self, scene: Scene) -> None:
        topic = scene.world.create_topic(FORUM, ANN, "Talk").message_id
        scene.world.close_topic(FORUM, ANN, topic)
        assert "TOPIC_CLOSED" in scene.refused(
            "sendMessage", chat_id=FORUM, text="x", message_thread_id=topic
        )
        scene.world.reopen_topic(FORUM, ANN, topic)
        assert scene.send(chat_id=FORUM, message_thread_id=topic)["message_thread_id"] == topic

    def test_a_bot_makes_topics_as_an_administrator(self, scene: Scene) -> None:
        refusal = scene.refused("createForumTopic", chat_id=FORUM, name="x")
        assert refusal == "400 Bad Request: not enough rights to create a topic"
        scene.world.set_status(FORUM, BOT, "administrator")
        scene.shown()
        topic = scene.call("createForumTopic", chat_id=FORUM, name="x")["message_thread_id"]
        assert "forum_topic_created" in scene.shown()[0]["message"], "a bot is told of its own topics"
        assert scene.call("closeForumTopic", chat_id=FORUM, message_thread_id=topic) is True
        assert "TOPIC_NOT_MODIFIED" in scene.refused(
            "closeForumTopic", chat_id=FORUM, message_thread_id=topic
        )
        assert scene.call("deleteForumTopic", chat_id=FORUM, message_thread_id=topic) is True
        assert "TOPIC_ID_INVALID" in scene.refused(
            "editForumTopic", chat_id=FORUM, message_thread_id=topic, name="y"
        )
        assert "the chat is not a supergroup forum" in scene.refused(
            "createForumTopic", chat_id=TEAM, name="x"
        )


class TestPrivacy:
    @pytest.fixture
    def shy(self, scene: Scene) -> Scene:
        scene.world.add_bot(OTHER_TOKEN, "second_bot", reads_all=False)
        scene.world.add(TEAM, ANN, [OTHER])
        scene.shown(OTHER)
        return scene

    def test_a_command_without_a_name_is_for_the_bot_that_wrote_last(self, shy: Scene) -> None:
        shy.world.say(TEAM, ANN, "/start")
        shy.send(chat_id=TEAM)
        shy.world.say(TEAM, ANN, "/help")
        shy.call("sendMessage", OTHER_TOKEN, chat_id=TEAM, text="me")
        shy.world.say(TEAM, ANN, "/status")
        assert [update["message"]["text"] for update in shy.shown(OTHER)] == ["/start", "/status"]

    def test_a_reply_to_what_was_meant_for_a_bot_is_shown_to_it(self, shy: Scene) -> None:
        first = shy.world.say(TEAM, ANN, "/start@second_bot").message_id
        shy.world.say(TEAM, ANN, "and quickly", reply_to=first)
        shy.world.say(TEAM, ANN, "to nobody")
        assert [update["message"]["text"] for update in shy.shown(OTHER)] == [
            "/start@second_bot",
            "and quickly",
        ]

    def test_commands_in_captions_and_service_messages_are_shown(self, shy: Scene) -> None:
        shy.world.say(TEAM, ANN, kind="photo", caption="/what@second_bot")
        shy.world.say(TEAM, ANN, kind="photo", caption="holiday")
        shy.world.retitle(TEAM, ANN, "New")
        assert len(shy.shown(OTHER)) == 2

    def test_an_administrator_is_shown_everything_and_bots_never_each_other(self, shy: Scene) -> None:
        shy.world.set_status(TEAM, OTHER, "administrator")
        shy.shown(OTHER)
        shy.world.say(TEAM, ANN, "just talk")
        shy.send(chat_id=TEAM)
        assert shy.kinds(OTHER) == ["message"]


class TestAnswers:
    def test_a_press_is_answered_once(self, scene: Scene) -> None:
        sent = scene.send(reply_markup=KEYBOARD)
        query_id, _ = scene.world.press(ANN, ANN, sent["message_id"], "a")
        assert scene.call("answerCallbackQuery", callback_query_id=query_id, text="ok") is True
        assert "query is too old" in scene.refused("answerCallbackQuery", callback_query_id=query_id)

    def test_reactions_are_for_bots_that_ask(self, scene: Scene) -> None:
        scene.world.react(ANN, ANN, 1, ["👍"])
        assert scene.kinds() == []
        scene.asks_for("message_reaction")
        scene.world.react(ANN, ANN, 1, [])
        (update,) = scene.shown()
        assert update["message_reaction"]["old_reaction"] == [{"type": "emoji", "emoji": "👍"}]
        assert update["message_reaction"]["new_reaction"] == []

    def test_a_vote_is_counted_and_told(self, scene: Scene) -> None:
        sent = scene.call("sendPoll", chat_id=ANN, question="?", options=["a", "b"], is_anonymous=False)
        scene.world.vote(ANN, ANN, sent["message_id"], [1])
        poll, answer = scene.shown()
        assert [option["voter_count"] for option in poll["poll"]["options"]] == [0, 1]
        assert (answer["poll_answer"]["user"]["id"], answer["poll_answer"]["option_ids"]) == (ANN, [1])
        assert scene.call("stopPoll", chat_id=ANN, message_id=sent["message_id"])["is_closed"]
        with pytest.raises(WorldError, match="the poll is closed"):
            scene.world.vote(ANN, ANN, sent["message_id"], [1])

    def test_a_payment_is_a_service_message(self, scene: Scene) -> None:
        scene.world.pay(ANN, ANN, 500, "a month")
        payment = scene.shown()[0]["message"]["successful_payment"]
        assert (payment["total_amount"], payment["invoice_payload"]) == (500, "a month")


class TestTime:
    def test_updates_are_kept_for_a_day(self, scene: Scene) -> None:
        scene.world.say(ANN, ANN, "old")
        scene.world.pass_time(86_399)
        scene.world.say(ANN, ANN, "new")
        scene.world.pass_time(2)
        assert [update["message"]["text"] for update in scene.shown()] == ["new"]

    def test_ids_go_on_after_a_quiet_week_unless_they_shall_begin_anew(self, scene: Scene) -> None:
        (first,) = scene.world.say(ANN, ANN, "a").update_ids
        scene.world.pass_time(8 * 86_400)
        (second,) = scene.world.say(ANN, ANN, "b").update_ids
        assert second == first + 1
        scene.world.restart_update_ids(True)
        scene.world.pass_time(8 * 86_400)
        (third,) = scene.world.say(ANN, ANN, "c").update_ids
        assert abs(third - second) > 1
        queue = scene.world.queues[BOT]
        queue.confirm(third + 1000)
        assert len(queue) == 1, "an offset from before the ids began anew confirms nothing"

    def test_time_does_not_go_back(self, scene: Scene) -> None:
        with pytest.raises(WorldError, match="time does not go back"):
            scene.world.pass_time(-1)
