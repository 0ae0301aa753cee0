"""Every answer and every update that the simulator can make is one that two foreign libraries read, to the field.

Every method is called once at least, and its own parameters are held against aiogram's types too; every act of a person
is done. A refusal counts as an answer.
"""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from attrs import define, field
from httpx_aiohttp import AiohttpTransport

from adapters.botworld import World
from adapters.botworld.contents import KINDS
from adapters.botworld.methods import METHODS
from adapters.telegram.simulator import SimulatorServer
from tests.foreign.typed import METHODS as AIOGRAM_METHODS
from tests.foreign.typed import faults_of_answer, faults_of_request, faults_of_update

TOKEN = "4242:a-token-that-opens-nothing"
BOT = 4242
ANN = 7
BO = 8
GROUP = -50
CLUB = -1000060
FORUM = -1000070
NEWS = -1000080
KEYBOARD = {
    "inline_keyboard": [[{"text": "A", "callback_data": "a"}, {"text": "B", "url": "https://example.org"}]]
}
ALL_KINDS = [
    "message", "edited_message", "channel_post", "edited_channel_post", "callback_query", "my_chat_member",
    "chat_member", "chat_join_request", "message_reaction", "poll", "poll_answer",
]  # fmt: skip


@define
class Wanderer:
    """A bot that calls the simulator over plain HTTP and remembers every question and answer."""

    http: httpx.AsyncClient
    world: World
    faults: list[str] = field(factory=list)
    called: set[str] = field(factory=set)
    kinds: set[str] = field(factory=set)

    async def __call__(self, method: str, params: dict[str, Any] | None = None, /, **more: Any) -> Any:
        """Make a call that must succeed, and return its result."""
        answer = await self.ask(method, (params or {}) | more)
        assert answer["ok"], (method, answer)
        return answer["result"]

    async def ask(self, method: str, params: dict[str, Any]) -> Any:
        """Make a call and return the whole answer."""
        self.called.add(method)
        answer = (await self.http.post(method, json=params)).json()
        self.faults += faults_of_request(method, params) + faults_of_answer(method, answer)
        return answer

    async def take(self) -> list[dict[str, Any]]:
        """Take every update that waits."""
        updates: list[dict[str, Any]] = []
        while True:
            offset = updates[-1]["update_id"] + 1 if updates else 0
            more = await self("getUpdates", offset=offset, allowed_updates=ALL_KINDS)
            if not more:
                return updates
            updates += more
            for update in more:
                self.faults += faults_of_update(update)
                self.kinds |= set(update) - {"update_id"}


@pytest.fixture
async def bot() -> AsyncIterator[Wanderer]:
    """A bot that is an administrator of a group, a club, a forum and a channel, and chats with Ann."""
    world = World(time.time)
    world.add_bot(TOKEN)
    world.add_group(GROUP, "Group", kind="group")
    world.add_group(CLUB, "Club", username="the_club")
    world.add_group(FORUM, "Forum", is_forum=True)
    world.add_group(NEWS, "News", kind="channel")
    async with SimulatorServer(world=world) as server:
        base = f"{server.base_url}/bot{TOKEN}/"
        async with httpx.AsyncClient(transport=AiohttpTransport(), base_url=base, timeout=10.0) as http:
            bot = Wanderer(http, world)
            await bot.take()
            for chat_id in (GROUP, CLUB, FORUM):
                world.set_status(chat_id, BOT, "administrator")
            world.say(ANN, ANN, "hi")
            yield bot


async def test_every_answer_of_every_method_is_known_to_both_libraries(bot: Wanderer) -> None:
    await call_of_oneself(bot)
    await call_to_send(bot)
    await call_to_change(bot)
    await call_about_chats(bot)
    await call_about_topics(bot)
    await call_about_updates(bot)
    assert sorted(set(bot.faults)) == []
    names = {method.name for method in METHODS.values()}
    assert {name for name in names & set(AIOGRAM_METHODS) if name not in bot.called} == set()


async def call_of_oneself(bot: Wanderer) -> None:
    await bot("getMe")
    scope = {"type": "chat", "chat_id": ANN}
    await bot(
        "setMyCommands", commands=[{"command": "go", "description": "Go"}], scope=scope, language_code="en"
    )
    assert await bot("getMyCommands", scope=scope, language_code="en")
    await bot("deleteMyCommands", scope=scope, language_code="en")
    for kind in ("Name", "Description", "ShortDescription"):
        snake = {"ShortDescription": "short_description"}.get(kind, kind.lower())
        await bot(f"setMy{kind}", {snake: "A text"})
        assert (await bot(f"getMy{kind}"))[snake] == "A text"
    for method in ("logOut", "close"):
        await bot.ask(method, {})


async def call_to_send(bot: Wanderer) -> None:
    reply = {"reply_parameters": {"message_id": 1, "quote": "hi"}}
    sent = await bot(
        "sendMessage", reply, chat_id=ANN, text="<b>hi</b>", parse_mode="HTML", reply_markup=KEYBOARD
    )
    source = {"chat_id": ANN, "from_chat_id": ANN}
    await bot("forwardMessage", source, message_id=sent["message_id"])
    await bot("copyMessage", source, message_id=sent["message_id"])
    await bot("forwardMessages", source, message_ids=[1, sent["message_id"]])
    await bot("copyMessages", source, message_ids=[1, sent["message_id"]])
    url = "https://example.org/some.file"
    for kind in ("photo", "video", "animation", "audio", "document", "voice", "video_note", "sticker"):
        method = "send" + kind.title().replace("_", "")
        captioned = (
            {} if kind in ("video_note", "sticker") else {"caption": "*c*", "parse_mode": "MarkdownV2"}
        )
        message = await bot(method, {kind: url} | captioned, chat_id=CLUB)
        content = message[kind][-1] if kind == "photo" else message[kind]
        await bot("getFile", file_id=content["file_id"])
    media = [{"type": "photo", "media": url}, {"type": "video", "media": url, "caption": "two"}]
    await bot("sendMediaGroup", chat_id=NEWS, media=media)
    place = {"latitude": 1.5, "longitude": 2.5}
    await bot("sendLocation", place, chat_id=ANN)
    await bot("sendVenue", place, chat_id=ANN, title="Place", address="Street")
    await bot("sendContact", chat_id=ANN, phone_number="+1", first_name="Bo")
    await bot("sendDice", chat_id=GROUP)
    poll = await bot("sendPoll", chat_id=GROUP, question="?", options=["a", {"text": "b"}])
    await bot("stopPoll", chat_id=GROUP, message_id=poll["message_id"])
    quiz = {"type": "quiz", "correct_option_id": 0, "is_anonymous": False}
    await bot("sendPoll", quiz, chat_id=GROUP, question="?", options=["a", "b"])
    await bot("sendChatAction", chat_id=ANN, action="typing")


async def call_to_change(bot: Wanderer) -> None:
    sent = await bot("sendMessage", chat_id=CLUB, text="hi", reply_markup=KEYBOARD)
    place = {"chat_id": CLUB, "message_id": sent["message_id"]}
    await bot("editMessageText", place, text="ho", reply_markup=KEYBOARD)
    await bot("editMessageReplyMarkup", place)
    await bot.ask("editMessageText", place | {"text": "ho"})
    photo = await bot("sendPhoto", chat_id=CLUB, photo="https://example.org/a.jpg", caption="a")
    place = {"chat_id": CLUB, "message_id": photo["message_id"]}
    await bot("editMessageCaption", place, caption="b")
    await bot("editMessageMedia", place, media={"type": "video", "media": "https://example.org/b.mp4"})
    await bot("setMessageReaction", place, reaction=[{"type": "emoji", "emoji": "👍"}])
    await bot("deleteMessage", place)
    await bot("deleteMessages", chat_id=CLUB, message_ids=[sent["message_id"]])
    query = {"inline_query_id": "1", "results": []}
    await bot.ask("answerInlineQuery", query)
    await bot.ask("answerPreCheckoutQuery", {"pre_checkout_query_id": "1", "ok": True})
    await bot.ask("answerShippingQuery", {"shipping_query_id": "1", "ok": True, "shipping_options": []})
    asked = await bot("sendMessage", chat_id=ANN, text="?", reply_markup=KEYBOARD)
    query_id, _ = bot.world.press(ANN, ANN, asked["message_id"], "a")
    await bot("answerCallbackQuery", callback_query_id=query_id, text="yes", show_alert=True)
    await bot.ask("answerCallbackQuery", {"callback_query_id": query_id})


async def call_about_chats(bot: Wanderer) -> None:
    world = bot.world
    for status in ("creator", "administrator", "restricted", "member"):
        world.join(CLUB, BO)
        world.set_status(CLUB, BO, status)
        assert (await bot("getChatMember", chat_id=CLUB, user_id=BO))["status"] == status
    sent = await bot("sendMessage", chat_id=CLUB, text="pin me")
    place = {"chat_id": CLUB, "message_id": sent["message_id"]}
    await bot("pinChatMessage", place)
    for chat_id in (ANN, GROUP, CLUB, FORUM, NEWS, "@the_club"):
        await bot("getChat", chat_id=chat_id)
        await bot("getChatMemberCount", chat_id=chat_id)
    await bot("getChatAdministrators", chat_id=CLUB)
    await bot("unpinChatMessage", place)
    await bot("unpinAllChatMessages", chat_id=CLUB)
    await bot("setChatTitle", chat_id=CLUB, title="The Club")
    person = {"chat_id": CLUB, "user_id": BO}
    await bot("restrictChatMember", person, permissions={"can_send_messages": False})
    await bot("promoteChatMember", person, can_pin_messages=True)
    world.set_status(CLUB, BO, "member")
    await bot("banChatMember", person)
    assert (await bot("getChatMember", person))["status"] == "kicked"
    await bot("unbanChatMember", person)
    assert (await bot("getChatMember", person))["status"] == "left"
    for method in ("approveChatJoinRequest", "declineChatJoinRequest"):
        world.ask_to_join(CLUB, BO, "Let me in")
        await bot(method, person)
        world.leave(CLUB, BO) if method.startswith("approve") else None
    world.migrate(GROUP, -1000050)
    await bot.ask("sendMessage", {"chat_id": GROUP, "text": "x"})
    await bot("leaveChat", chat_id=CLUB)
    await bot.ask("sendMessage", {"chat_id": CLUB, "text": "x"})


async def call_about_topics(bot: Wanderer) -> None:
    bot.world.say(FORUM, ANN, "the first message, in General")
    topic = await bot("createForumTopic", chat_id=FORUM, name="Fish")
    place = {"chat_id": FORUM, "message_thread_id": topic["message_thread_id"]}
    await bot("sendMessage", place, text="in the topic")
    await bot("editForumTopic", place, name="Chips")
    await bot("closeForumTopic", place)
    await bot("reopenForumTopic", place)
    await bot("deleteForumTopic", place)
    await bot.ask("sendMessage", place | {"text": "x"})


async def call_about_updates(bot: Wanderer) -> None:
    await bot.take()
    await bot("setWebhook", url="http://127.0.0.1:9/hook", secret_token="s", max_connections=1)
    await bot("getWebhookInfo")
    await bot.ask("getUpdates", {})
    await bot("deleteWebhook", drop_pending_updates=True)
    await bot("getWebhookInfo")


async def test_every_update_that_people_make_is_known_to_both_libraries(bot: Wanderer) -> None:
    world = bot.world
    for kind in sorted(KINDS):
        world.say(ANN, ANN, kind=kind)
    said = write_to(world)
    await answer_to(bot)
    come_and_go(world)
    found = await bot.take()
    assert sorted(set(bot.faults)) == []
    assert bot.kinds == set(ALL_KINDS)
    assert len(found) > len(said)


def write_to(world: World) -> list[object]:
    text = "مرحبا 👋🏽 /go @bob #tag $USD https://example.org a@b.example +15550001"
    first = world.say(ANN, ANN, text)
    photo = world.say(CLUB, ANN, kind="photo", caption="/go @bob")
    post = world.say(NEWS, ANN, "a post")
    topic = world.create_topic(FORUM, ANN, "Fish")
    world.link(NEWS, CLUB)
    return [
        world.edit(ANN, first.message_id, "edited #tag"),
        world.say(ANN, ANN, "an answer", reply_to=first.message_id),
        *world.album(ANN, ANN, [{"caption": "one"}, {"kind": "video"}]),
        world.edit(CLUB, photo.message_id, caption="another"),
        world.say(CLUB, ANN, "as the group", anonymous=True),
        world.say(CLUB, ANN, "as the channel", as_chat=NEWS),
        world.edit(NEWS, post.message_id, "a better post"),
        world.say(NEWS, ANN, "one that is forwarded"),
        world.say(FORUM, ANN, "in a topic", thread_id=topic.message_id),
        world.edit_topic(FORUM, ANN, topic.message_id, "Chips"),
        world.close_topic(FORUM, ANN, topic.message_id),
        world.reopen_topic(FORUM, ANN, topic.message_id),
        world.forward(ANN, ANN, NEWS, post.message_id),
        world.forward(ANN, ANN, CLUB, photo.message_id, hidden=True),
        world.retitle(CLUB, ANN, "Another Club"),
        world.pin(CLUB, ANN, photo.message_id),
        world.pay(ANN, ANN, 5, "fish"),
    ]


async def answer_to(bot: Wanderer) -> None:
    world = bot.world
    asked = await bot("sendMessage", chat_id=CLUB, text="?", reply_markup=KEYBOARD)
    poll = await bot("sendPoll", chat_id=CLUB, question="?", options=["a", "b"], is_anonymous=False)
    world.press(CLUB, ANN, asked["message_id"], "a")
    world.vote(CLUB, ANN, poll["message_id"], [1])
    world.react(CLUB, ANN, asked["message_id"], ["👍"])
    world.react(CLUB, ANN, asked["message_id"], [])
    world.say(CLUB, ANN, "an answer", reply_to=asked["message_id"])


def come_and_go(world: World) -> None:
    world.block(ANN)
    world.unblock(ANN)
    world.join(CLUB, BO)
    for status in ("creator", "administrator", "restricted", "member"):
        world.set_status(CLUB, BO, status)
    world.leave(CLUB, BO)
    world.ask_to_join(CLUB, BO, "Let me in")
    world.add(CLUB, ANN, [BO])
    world.kick(CLUB, BO, ANN)
    world.set_status(CLUB, BOT, "restricted")
    world.kick(CLUB, BOT)
    world.add(CLUB, ANN, [BOT])
    world.leave(NEWS, BOT)
    world.add(NEWS, ANN, [BOT])
    world.migrate(GROUP, -1000050)
