"""The otter: a bot as its author would write it with aiogram 3. It knows nothing of a simulator.

Its twin with python-telegram-bot is ``ptb_bot``; both say the same, so that one conversation fits both.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiogram import Bot, Dispatcher, F, Router
from aiogram.enums import ChatAction, ChatType, ParseMode
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.filters import (
    IS_MEMBER,
    IS_NOT_MEMBER,
    ChatMemberUpdatedFilter,
    Command,
    CommandObject,
    CommandStart,
    StateFilter,
)
from aiogram.filters.callback_data import CallbackData
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllGroupChats,
    BufferedInputFile,
    CallbackQuery,
    ChatMemberUpdated,
    ErrorEvent,
    InlineKeyboardMarkup,
    KeyboardButton,
    Message,
    MessageReactionUpdated,
    PollAnswer,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)
from aiogram.utils.formatting import Bold, Italic, Text
from aiogram.utils.keyboard import InlineKeyboardBuilder

log = logging.getLogger("otter")
TEXT_MAX = 4096
PRIVATE_COMMANDS = [("add", "Add two numbers"), ("menu", "Count with buttons")]
GROUP_COMMANDS = [("where", "Say where we are")]

router = Router()
private = F.chat.type == ChatType.PRIVATE
in_group = F.chat.type.in_({ChatType.GROUP, ChatType.SUPERGROUP})


class Count(CallbackData, prefix="count"):
    """What a button of the menu carries."""

    to: int


class Introduction(StatesGroup):
    """A conversation of two messages."""

    name = State()


def counter(count: int) -> InlineKeyboardMarkup:
    builder = InlineKeyboardBuilder()
    builder.button(text="+1", callback_data=Count(to=count + 1))
    builder.button(text="Again", callback_data=Count(to=count))
    builder.button(text="Lock", callback_data="lock")
    builder.button(text="Close", callback_data="close")
    return builder.adjust(2, 2).as_markup()


async def patiently(send: Callable[[], Awaitable[Message]]) -> Message:
    """Send, and where Telegram asks to wait, wait and send once more."""
    try:
        return await send()
    except TelegramRetryAfter as error:
        await asyncio.sleep(error.retry_after)
    except (TelegramServerError, TelegramNetworkError):
        log.warning("Telegram is unwell; trying once more")
    return await send()


@router.startup()
async def on_startup(bot: Bot) -> None:
    await bot.set_my_commands([BotCommand(command=c, description=d) for c, d in PRIVATE_COMMANDS])
    await bot.set_my_commands(
        [BotCommand(command=c, description=d) for c, d in GROUP_COMMANDS],
        scope=BotCommandScopeAllGroupChats(),
    )


@router.message(CommandStart(deep_link=True))
async def start_with_payload(message: Message, command: CommandObject) -> None:
    await message.answer(f"Hello, {message.from_user.full_name}! You came by {command.args}.")


@router.message(CommandStart())
async def start(message: Message) -> None:
    await message.answer(f"Hello, {message.from_user.full_name}!")


@router.message(Command("help"))
async def help_(message: Message) -> None:
    await message.answer(
        "<b>The otter</b> can <code>/add 1 2</code> &amp; <i>more</i>: "
        '<a href="https://example.org/otter">read on</a>',
        parse_mode=ParseMode.HTML,
    )


@router.message(Command("card"))
async def card(message: Message) -> None:
    await message.answer("*Otter* costs 5\\.00 \\| `pay` _now_", parse_mode=ParseMode.MARKDOWN_V2)


@router.message(Command("built"))
async def built(message: Message) -> None:
    await message.answer(**Text(Bold("Fish"), " 🐟 and ", Italic("chips")).as_kwargs())


@router.message(Command("add"))
async def add(message: Message, command: CommandObject) -> None:
    try:
        first, second = map(int, (command.args or "").split())
    except ValueError:
        await message.reply("Usage: /add 1 2")
    else:
        await message.reply(str(first + second))


@router.message(Command("menu"))
async def menu(message: Message) -> None:
    await message.answer("Count: 0", reply_markup=counter(0))


@router.callback_query(Count.filter())
async def on_count(query: CallbackQuery, callback_data: Count) -> None:
    try:
        await query.message.edit_text(f"Count: {callback_data.to}", reply_markup=counter(callback_data.to))
    except TelegramBadRequest as error:
        if "message is not modified" not in error.message:
            raise
        await query.answer("Nothing has changed.", show_alert=True)
    else:
        await query.answer("Counted.")


@router.callback_query(F.data == "lock")
async def on_lock(query: CallbackQuery) -> None:
    await query.message.edit_reply_markup(reply_markup=None)
    await query.answer("Locked.")


@router.callback_query(F.data == "close")
async def on_close(query: CallbackQuery) -> None:
    if isinstance(query.message, Message):
        await query.message.edit_text("Closed.")
    await query.answer()


@router.message(Command("broken"))
async def broken(message: Message) -> None:
    text = "<b>Never closed"
    try:
        await message.answer(text, parse_mode=ParseMode.HTML)
    except TelegramBadRequest:
        await message.answer(text)


@router.message(Command("essay"))
async def essay(message: Message) -> None:
    text = "otter " * 800
    try:
        await message.answer(text)
    except TelegramBadRequest as error:
        if "message is too long" not in error.message:
            raise
        await message.answer(text[:TEXT_MAX])
        await message.answer(text[TEXT_MAX:])


@router.message(Command("think"))
async def think(message: Message) -> None:
    await message.bot.send_chat_action(
        message.chat.id, ChatAction.TYPING, message_thread_id=message.message_thread_id
    )
    await message.answer("I thought about it.", disable_notification=True)


@router.message(Command("tell"))
async def tell(message: Message, command: CommandObject, bot: Bot) -> None:
    chat_id, _, text = (command.args or "").partition(" ")
    try:
        await bot.send_message(int(chat_id), text)
    except TelegramForbiddenError:
        await message.answer(f"{chat_id} does not let me in.")
    except TelegramMigrateToChat as error:
        await bot.send_message(error.migrate_to_chat_id, text)
        await message.answer(f"{chat_id} is {error.migrate_to_chat_id} now.")
    except TelegramBadRequest as error:
        await message.answer(f"{chat_id}: {error.message}")
    else:
        await message.answer("Told.")


@router.message(Command("news"))
async def news(message: Message) -> None:
    await patiently(lambda: message.answer("No news is good news."))


@router.message(Command("commands"))
async def commands(message: Message, bot: Bot) -> None:
    scope = None if message.chat.type == ChatType.PRIVATE else BotCommandScopeAllGroupChats()
    listed = await bot.get_my_commands(scope=scope)
    await message.answer(", ".join(f"/{each.command}" for each in listed))


@router.message(Command("where"))
async def where(message: Message) -> None:
    place = f"topic {message.message_thread_id}" if message.is_topic_message else "no topic"
    await message.answer(f"This is {message.chat.type}, {place}.")


@router.message(Command("keyboard"))
async def keyboard(message: Message) -> None:
    row = [KeyboardButton(text="Fish"), KeyboardButton(text="Chips")]
    markup = ReplyKeyboardMarkup(keyboard=[row], resize_keyboard=True, one_time_keyboard=True)
    await message.answer("Fish or chips?", reply_markup=markup)


@router.message(Command("receipt"))
async def receipt(message: Message) -> None:
    paper = BufferedInputFile(b"One fish, paid.", "receipt.txt")
    await message.answer_document(paper, caption="Your receipt")


@router.message(Command("secret"))
async def secret(message: Message) -> None:
    sent = await message.answer("Nobody will ever know.")
    await sent.delete()


@router.message(Command("who"))
async def who(message: Message, bot: Bot) -> None:
    chat = await bot.get_chat(message.chat.id)
    member = await bot.get_chat_member(chat.id, message.from_user.id)
    count = await bot.get_chat_member_count(chat.id)
    await message.answer(f"{member.user.first_name} is {member.status} of {count} in {chat.title}.")


@router.message(Command("vote"))
async def vote(message: Message) -> None:
    await message.answer_poll("What is for dinner?", ["Fish", "Chips"], is_anonymous=False)


@router.poll_answer()
async def on_vote(answer: PollAnswer, bot: Bot) -> None:
    await bot.send_message(answer.user.id, f"You voted for number {answer.option_ids[0]}.")


@router.message_reaction()
async def on_reaction(event: MessageReactionUpdated, bot: Bot) -> None:
    emoji = " ".join(each.emoji for each in event.new_reaction)
    await bot.send_message(event.chat.id, f"Thank you for {emoji}.")


@router.message(F.new_chat_members)
async def on_joined(message: Message, bot: Bot) -> None:
    for user in message.new_chat_members:
        if user.id != bot.id:
            await message.answer(f"Welcome, {user.mention_html()}!", parse_mode=ParseMode.HTML)


@router.message(Command("oops"))
async def oops(message: Message) -> None:
    raise ValueError("the author made a mistake")


@router.message(Command("name"), private)
async def ask_name(message: Message, state: FSMContext) -> None:
    await state.set_state(Introduction.name)
    await message.answer("What is your name?")


@router.message(Command("cancel"), StateFilter("*"))
async def cancel(message: Message, state: FSMContext) -> None:
    await state.clear()
    await message.answer("Never mind.")


@router.message(Introduction.name, F.text)
async def take_name(message: Message, state: FSMContext) -> None:
    await state.clear()
    await message.answer(f"Pleased to meet you, {message.text}.", reply_markup=ReplyKeyboardRemove())


@router.message(F.migrate_from_chat_id)
async def on_migrated(message: Message) -> None:
    await message.answer(f"I came along from {message.migrate_from_chat_id}.")


@router.message(Command("again"), F.photo)
async def send_photo_back(message: Message) -> None:
    await message.answer_photo(
        message.photo[-1].file_id, caption="<b>Yours</b> again", parse_mode=ParseMode.HTML
    )


@router.message(Command("weigh"), F.photo)
async def weigh(message: Message, bot: Bot) -> None:
    content = await bot.download(message.photo[-1])
    await message.reply(f"It weighs {len(content.read())} bytes.")


@router.message(F.photo)
async def on_photo(message: Message) -> None:
    largest = message.photo[-1]
    await message.reply(f"A photo of {largest.width}×{largest.height}: {message.caption or 'no caption'}")


@router.message(private, F.text, ~F.text.startswith("/"))
async def echo(message: Message) -> None:
    await message.answer(message.text, entities=message.entities)


@router.message(private, ~F.text)
async def something_else(message: Message) -> None:
    await message.answer(f"I cannot read a {message.content_type.value}.")


@router.message(in_group, F.reply_to_message.from_user.is_bot, F.text)
async def on_reply(message: Message, bot: Bot) -> None:
    if message.reply_to_message.from_user.id == bot.id:
        await message.reply(f"You answer “{message.reply_to_message.text}”.")


@router.message(in_group, F.text)
async def on_mention(message: Message, bot: Bot) -> None:
    me = await bot.me()
    mentions = [
        entity.extract_from(message.text) for entity in message.entities or () if entity.type == "mention"
    ]
    if f"@{me.username}" in mentions:
        await message.reply("At your service.")


@router.edited_message(F.text)
async def on_edit(message: Message) -> None:
    await message.reply(f"You made it “{message.text}”.")


@router.channel_post(F.text)
async def on_post(post: Message) -> None:
    await post.answer(f"Posted in {post.chat.title}: {post.text}")


@router.edited_channel_post(F.text)
async def on_edited_post(post: Message) -> None:
    await post.answer(f"Corrected in {post.chat.title}: {post.text}")


@router.my_chat_member(ChatMemberUpdatedFilter(IS_NOT_MEMBER >> IS_MEMBER))
async def on_added(event: ChatMemberUpdated, bot: Bot) -> None:
    private_chat = event.chat.type == ChatType.PRIVATE
    text = "Welcome back." if private_chat else f"Thank you for having me in {event.chat.title}."
    await bot.send_message(event.chat.id, text)


@router.my_chat_member(ChatMemberUpdatedFilter(IS_MEMBER >> IS_NOT_MEMBER))
async def on_removed(event: ChatMemberUpdated, left: list[int]) -> None:
    left.append(event.chat.id)


@router.error()
async def on_error(event: ErrorEvent, errors: list[Exception]) -> None:
    errors.append(event.exception)
    if event.update.message is not None:
        await event.update.message.answer("Something went wrong.")


def make_dispatcher(errors: list[Exception], left: list[int]) -> Dispatcher:
    """Return the whole bot; ``errors`` and ``left`` are where it keeps what it could not do and where it was."""
    dispatcher = Dispatcher(errors=errors, left=left)
    dispatcher.include_router(router)
    return dispatcher
