"""The otter: a bot as its author would write it with python-telegram-bot 22. It knows nothing of a simulator.

Its twin with aiogram is ``aiogram_bot``; both say the same, so that one conversation fits both.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from telegram import (
    BotCommandScopeAllGroupChats,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    KeyboardButton,
    Message,
    MessageEntity,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    Update,
)
from telegram.constants import ChatAction, ChatMemberStatus, ChatType, MessageLimit, ParseMode
from telegram.error import BadRequest, ChatMigrated, Forbidden, NetworkError, RetryAfter
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    MessageHandler,
    MessageReactionHandler,
    PollAnswerHandler,
    filters,
)

log = logging.getLogger("otter")
PRIVATE_COMMANDS = [("add", "Add two numbers"), ("menu", "Count with buttons")]
GROUP_COMMANDS = [("where", "Say where we are")]
MEMBERS = {ChatMemberStatus.MEMBER, ChatMemberStatus.ADMINISTRATOR, ChatMemberStatus.OWNER}
NAME = 1

Context = ContextTypes.DEFAULT_TYPE
new_message = filters.UpdateType.MESSAGE


def counter(count: int) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [
            [
                InlineKeyboardButton("+1", callback_data=f"count:{count + 1}"),
                InlineKeyboardButton("Again", callback_data=f"count:{count}"),
            ],
            [
                InlineKeyboardButton("Lock", callback_data="lock"),
                InlineKeyboardButton("Close", callback_data="close"),
            ],
        ]
    )


async def patiently(send: Callable[[], Awaitable[Message]]) -> Message:
    """Send, and where Telegram asks to wait, wait and send once more."""
    try:
        return await send()
    except RetryAfter as error:
        await asyncio.sleep(error.retry_after.total_seconds())
    except NetworkError:
        log.warning("Telegram is unwell; trying once more")
    return await send()


async def post_init(application: Application) -> None:
    await application.bot.set_my_commands(PRIVATE_COMMANDS)
    await application.bot.set_my_commands(GROUP_COMMANDS, scope=BotCommandScopeAllGroupChats())


async def start(update: Update, context: Context) -> None:
    text = f"Hello, {update.effective_user.full_name}!"
    if context.args:
        text += f" You came by {context.args[0]}."
    await update.message.reply_text(text)


async def help_(update: Update, context: Context) -> None:
    await update.message.reply_html(
        "<b>The otter</b> can <code>/add 1 2</code> &amp; <i>more</i>: "
        '<a href="https://example.org/otter">read on</a>'
    )


async def card(update: Update, context: Context) -> None:
    await update.message.reply_markdown_v2("*Otter* costs 5\\.00 \\| `pay` _now_")


async def built(update: Update, context: Context) -> None:
    entities = [MessageEntity("bold", 0, 4), MessageEntity("italic", 12, 5)]
    await update.message.reply_text("Fish 🐟 and chips", entities=entities)


async def add(update: Update, context: Context) -> None:
    try:
        first, second = map(int, context.args)
    except ValueError:
        await update.message.reply_text("Usage: /add 1 2", do_quote=True)
    else:
        await update.message.reply_text(str(first + second), do_quote=True)


async def menu(update: Update, context: Context) -> None:
    await update.message.reply_text("Count: 0", reply_markup=counter(0))


async def on_count(update: Update, context: Context) -> None:
    query = update.callback_query
    count = int(context.match[1])
    try:
        await query.edit_message_text(f"Count: {count}", reply_markup=counter(count))
    except BadRequest as error:
        if "Message is not modified" not in error.message:
            raise
        await query.answer("Nothing has changed.", show_alert=True)
    else:
        await query.answer("Counted.")


async def on_lock(update: Update, context: Context) -> None:
    await update.callback_query.edit_message_reply_markup(None)
    await update.callback_query.answer("Locked.")


async def on_close(update: Update, context: Context) -> None:
    query = update.callback_query
    if query.message is not None and query.message.is_accessible:
        await query.edit_message_text("Closed.")
    await query.answer()


async def broken(update: Update, context: Context) -> None:
    text = "<b>Never closed"
    try:
        await update.message.reply_text(text, parse_mode=ParseMode.HTML)
    except BadRequest:
        await update.message.reply_text(text)


async def essay(update: Update, context: Context) -> None:
    text = "otter " * 800
    try:
        await update.message.reply_text(text)
    except BadRequest as error:
        if "Message is too long" not in error.message:
            raise
        await update.message.reply_text(text[: MessageLimit.MAX_TEXT_LENGTH])
        await update.message.reply_text(text[MessageLimit.MAX_TEXT_LENGTH :])


async def think(update: Update, context: Context) -> None:
    await update.message.reply_chat_action(ChatAction.TYPING)
    await update.message.reply_text("I thought about it.", disable_notification=True)


async def tell(update: Update, context: Context) -> None:
    chat_id, text = context.args[0], " ".join(context.args[1:])
    try:
        await context.bot.send_message(int(chat_id), text)
    except Forbidden:
        await update.message.reply_text(f"{chat_id} does not let me in.")
    except ChatMigrated as error:
        await context.bot.send_message(error.new_chat_id, text)
        await update.message.reply_text(f"{chat_id} is {error.new_chat_id} now.")
    except BadRequest as error:
        await update.message.reply_text(f"{chat_id}: {error.message}")
    else:
        await update.message.reply_text("Told.")


async def news(update: Update, context: Context) -> None:
    await patiently(lambda: update.message.reply_text("No news is good news."))


async def commands(update: Update, context: Context) -> None:
    in_private = update.effective_chat.type == ChatType.PRIVATE
    scope = None if in_private else BotCommandScopeAllGroupChats()
    listed = await context.bot.get_my_commands(scope=scope)
    await update.message.reply_text(", ".join(f"/{each.command}" for each in listed))


async def where(update: Update, context: Context) -> None:
    message = update.message
    place = f"topic {message.message_thread_id}" if message.is_topic_message else "no topic"
    await message.reply_text(f"This is {message.chat.type}, {place}.")


async def keyboard(update: Update, context: Context) -> None:
    markup = ReplyKeyboardMarkup(
        [[KeyboardButton("Fish"), KeyboardButton("Chips")]], resize_keyboard=True, one_time_keyboard=True
    )
    await update.message.reply_text("Fish or chips?", reply_markup=markup)


async def receipt(update: Update, context: Context) -> None:
    paper = InputFile(b"One fish, paid.", "receipt.txt")
    await update.message.reply_document(paper, caption="Your receipt")


async def secret(update: Update, context: Context) -> None:
    sent = await update.message.reply_text("Nobody will ever know.")
    await sent.delete()


async def who(update: Update, context: Context) -> None:
    chat = await context.bot.get_chat(update.effective_chat.id)
    member = await chat.get_member(update.effective_user.id)
    count = await chat.get_member_count()
    await update.message.reply_text(
        f"{member.user.first_name} is {member.status} of {count} in {chat.title}."
    )


async def vote(update: Update, context: Context) -> None:
    await update.message.reply_poll("What is for dinner?", ["Fish", "Chips"], is_anonymous=False)


async def on_vote(update: Update, context: Context) -> None:
    answer = update.poll_answer
    await context.bot.send_message(answer.user.id, f"You voted for number {answer.option_ids[0]}.")


async def on_reaction(update: Update, context: Context) -> None:
    event = update.message_reaction
    emoji = " ".join(each.emoji for each in event.new_reaction)
    await context.bot.send_message(event.chat.id, f"Thank you for {emoji}.")


async def on_joined(update: Update, context: Context) -> None:
    for user in update.message.new_chat_members:
        if user.id != context.bot.id:
            await update.message.reply_html(f"Welcome, {user.mention_html()}!")


async def oops(update: Update, context: Context) -> None:
    raise ValueError("the author made a mistake")


async def ask_name(update: Update, context: Context) -> int:
    await update.message.reply_text("What is your name?")
    return NAME


async def take_name(update: Update, context: Context) -> int:
    text = f"Pleased to meet you, {update.message.text}."
    await update.message.reply_text(text, reply_markup=ReplyKeyboardRemove())
    return ConversationHandler.END


async def cancel(update: Update, context: Context) -> int:
    await update.message.reply_text("Never mind.")
    return ConversationHandler.END


async def on_migrated(update: Update, context: Context) -> None:
    old_id = update.message.migrate_from_chat_id
    if old_id is not None:
        await update.message.reply_text(f"I came along from {old_id}.")


async def send_photo_back(update: Update, context: Context) -> None:
    photo = update.message.photo[-1]
    await update.message.reply_photo(photo, caption="<b>Yours</b> again", parse_mode=ParseMode.HTML)


async def weigh(update: Update, context: Context) -> None:
    file = await update.message.photo[-1].get_file()
    content = await file.download_as_bytearray()
    await update.message.reply_text(f"It weighs {len(content)} bytes.", do_quote=True)


async def on_photo(update: Update, context: Context) -> None:
    message = update.message
    largest = message.photo[-1]
    text = f"A photo of {largest.width}×{largest.height}: {message.caption or 'no caption'}"
    await message.reply_text(text, do_quote=True)


async def echo(update: Update, context: Context) -> None:
    await update.message.reply_text(update.message.text, entities=update.message.entities)


async def something_else(update: Update, context: Context) -> None:
    kind = "sticker" if update.message.sticker else "message"
    await update.message.reply_text(f"I cannot read a {kind}.")


async def on_group_text(update: Update, context: Context) -> None:
    message = update.message
    answered = message.reply_to_message
    if answered is not None and answered.from_user.id == context.bot.id:
        await message.reply_text(f"You answer “{answered.text}”.", do_quote=True)
    elif f"@{context.bot.username}" in message.parse_entities([MessageEntity.MENTION]).values():
        await message.reply_text("At your service.", do_quote=True)


async def on_edit(update: Update, context: Context) -> None:
    message = update.edited_message
    await message.reply_text(f"You made it “{message.text}”.", do_quote=True)


async def on_post(update: Update, context: Context) -> None:
    post = update.channel_post
    await post.reply_text(f"Posted in {post.chat.title}: {post.text}")


async def on_edited_post(update: Update, context: Context) -> None:
    post = update.edited_channel_post
    await post.reply_text(f"Corrected in {post.chat.title}: {post.text}")


async def on_membership(update: Update, context: Context) -> None:
    change = update.my_chat_member
    was_in = change.old_chat_member.status in MEMBERS
    is_in = change.new_chat_member.status in MEMBERS
    if is_in and not was_in:
        private = change.chat.type == ChatType.PRIVATE
        text = "Welcome back." if private else f"Thank you for having me in {change.chat.title}."
        await context.bot.send_message(change.chat.id, text)
    elif was_in and not is_in:
        context.bot_data["left"].append(change.chat.id)


async def on_error(update: object, context: Context) -> None:
    context.bot_data["errors"].append(context.error)
    if isinstance(update, Update) and update.message is not None:
        await update.message.reply_text("Something went wrong.")


COMMANDS = {
    "start": start,
    "help": help_,
    "card": card,
    "built": built,
    "add": add,
    "menu": menu,
    "broken": broken,
    "essay": essay,
    "think": think,
    "tell": tell,
    "news": news,
    "commands": commands,
    "where": where,
    "keyboard": keyboard,
    "receipt": receipt,
    "secret": secret,
    "who": who,
    "vote": vote,
    "oops": oops,
}


def add_handlers(application: Application, errors: list[Exception], left: list[int]) -> None:
    """Make ``application`` the otter; ``errors`` and ``left`` are where it keeps what failed and where it was."""
    application.bot_data.update(errors=errors, left=left)
    text = filters.TEXT & ~filters.COMMAND
    introduction = ConversationHandler(
        [CommandHandler("name", ask_name, new_message & filters.ChatType.PRIVATE)],
        {NAME: [MessageHandler(new_message & text, take_name)]},
        [CommandHandler("cancel", cancel, new_message)],
    )
    application.add_handlers(
        [
            introduction,
            *(CommandHandler(name, run, new_message) for name, run in COMMANDS.items()),
            MessageHandler(filters.UpdateType.EDITED_MESSAGE & filters.TEXT, on_edit),
            MessageHandler(filters.UpdateType.CHANNEL_POST & filters.TEXT, on_post),
            MessageHandler(filters.UpdateType.EDITED_CHANNEL_POST & filters.TEXT, on_edited_post),
            MessageHandler(new_message & filters.StatusUpdate.MIGRATE, on_migrated),
            MessageHandler(new_message & filters.StatusUpdate.NEW_CHAT_MEMBERS, on_joined),
            MessageHandler(new_message & filters.PHOTO & filters.CaptionRegex("^/again$"), send_photo_back),
            MessageHandler(new_message & filters.PHOTO & filters.CaptionRegex("^/weigh$"), weigh),
            MessageHandler(new_message & filters.PHOTO, on_photo),
            MessageHandler(new_message & filters.ChatType.PRIVATE & text, echo),
            MessageHandler(new_message & filters.ChatType.PRIVATE & ~filters.TEXT, something_else),
            MessageHandler(new_message & filters.ChatType.GROUPS & text, on_group_text),
            CallbackQueryHandler(on_count, r"^count:(\d+)$"),
            CallbackQueryHandler(on_lock, "^lock$"),
            CallbackQueryHandler(on_close, "^close$"),
            PollAnswerHandler(on_vote),
            MessageReactionHandler(on_reaction),
            ChatMemberHandler(on_membership, ChatMemberHandler.MY_CHAT_MEMBER),
        ]
    )
    application.add_error_handler(on_error)
