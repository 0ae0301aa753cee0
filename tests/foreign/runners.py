"""The foreign bots at work, each by long polling and by webhook, started and stopped as their documentation says.

Only the address of the Bot API is ours. python-telegram-bot's own webhook server wants tornado; what its documentation
calls a custom webhook is a web server of one's own that puts updates into ``application.update_queue``.
"""

import asyncio
import importlib
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from aiogram import Bot
from aiogram.client.telegram import TelegramAPIServer
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web
from attrs import Factory, frozen
from telegram import Update
from telegram.ext import Application, ApplicationBuilder

from tests.foreign import aiogram_bot, ptb_bot
from tests.foreign.wire import TappedRequest, TappedSession, Wire

HOOK = "/hook"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


@frozen
class Otter:
    """A bot at work: what passed its wire, what it could not do, which chats it has lost."""

    wire: Wire = Factory(Wire)
    errors: list[Exception] = Factory(list)
    left: list[int] = Factory(list)


Runner = Callable[[str, str], AbstractAsyncContextManager[Otter]]


@asynccontextmanager
async def site(app: web.Application) -> AsyncIterator[str]:
    """Serve ``app`` on a free port of the loopback."""
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def tapping(wire: Wire) -> web.Application:
    """Return a web application that keeps the updates that it is sent."""

    @web.middleware
    async def keep(
        request: web.Request, handler: Callable[[web.Request], "asyncio.Future[web.StreamResponse]"]
    ) -> web.StreamResponse:
        wire.updates.append(await request.json())
        return await handler(request)

    return web.Application(middlewares=[keep])


def aiogram_parts(token: str, base_url: str, otter: Otter) -> tuple[Bot, aiogram_bot.Dispatcher]:
    """Return bot and dispatcher. A router belongs to one dispatcher: loading the module anew is a new process."""
    module = importlib.reload(aiogram_bot)
    session = TappedSession(otter.wire, api=TelegramAPIServer.from_base(base_url))
    return Bot(token, session=session), module.make_dispatcher(otter.errors, otter.left)


@asynccontextmanager
async def aiogram_polling(token: str, base_url: str) -> AsyncIterator[Otter]:
    """Run the aiogram otter by long polling."""
    otter = Otter()
    bot, dispatcher = aiogram_parts(token, base_url, otter)
    started = asyncio.Event()
    dispatcher.startup.register(started.set)
    polling = asyncio.create_task(dispatcher.start_polling(bot, handle_signals=False))
    try:
        async with asyncio.timeout(10.0):
            await started.wait()
        yield otter
        await dispatcher.stop_polling()
    finally:
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        await bot.session.close()


@asynccontextmanager
async def aiogram_webhook(token: str, base_url: str) -> AsyncIterator[Otter]:
    """Run the aiogram otter by webhook."""
    otter = Otter()
    bot, dispatcher = aiogram_parts(token, base_url, otter)
    secret = secrets.token_urlsafe(16)
    app = tapping(otter.wire)
    SimpleRequestHandler(dispatcher, bot, secret_token=secret).register(app, path=HOOK)
    setup_application(app, dispatcher, bot=bot)
    async with site(app) as address:
        kinds = dispatcher.resolve_used_update_types()
        await bot.set_webhook(address + HOOK, secret_token=secret, allowed_updates=kinds)
        yield otter
        await bot.delete_webhook()


def ptb_application(token: str, base_url: str, otter: Otter, *, polls: bool) -> Application:
    """Return the python-telegram-bot otter."""
    builder = (
        ApplicationBuilder()
        .token(token)
        .base_url(f"{base_url}/bot")
        .base_file_url(f"{base_url}/file/bot")
        .request(TappedRequest(otter.wire))
        .get_updates_request(TappedRequest(otter.wire))
        .post_init(ptb_bot.post_init)
    )
    application = builder.build() if polls else builder.updater(None).build()
    ptb_bot.add_handlers(application, otter.errors, otter.left)
    return application


@asynccontextmanager
async def ptb_polling(token: str, base_url: str) -> AsyncIterator[Otter]:
    """Run the python-telegram-bot otter by long polling."""
    otter = Otter()
    application = ptb_application(token, base_url, otter, polls=True)
    async with application:
        await ptb_bot.post_init(application)
        await application.start()
        await application.updater.start_polling(allowed_updates=Update.ALL_TYPES)
        try:
            yield otter
        finally:
            await application.updater.stop()
            await application.stop()


@asynccontextmanager
async def ptb_webhook(token: str, base_url: str) -> AsyncIterator[Otter]:
    """Run the python-telegram-bot otter by a webhook of our own."""
    otter = Otter()
    application = ptb_application(token, base_url, otter, polls=False)
    secret = secrets.token_urlsafe(16)

    async def receive(request: web.Request) -> web.Response:
        if request.headers.get(SECRET_HEADER) != secret:
            return web.Response(status=403)
        await application.update_queue.put(Update.de_json(await request.json(), application.bot))
        return web.Response()

    app = tapping(otter.wire)
    app.router.add_post(HOOK, receive)
    async with site(app) as address, application:
        await ptb_bot.post_init(application)
        await application.start()
        await application.bot.set_webhook(
            address + HOOK, secret_token=secret, allowed_updates=Update.ALL_TYPES
        )
        try:
            yield otter
            await application.bot.delete_webhook()
        finally:
            await application.stop()


RUNNERS: dict[str, Runner] = {
    "aiogram by polling": aiogram_polling,
    "aiogram by webhook": aiogram_webhook,
    "python-telegram-bot by polling": ptb_polling,
    "python-telegram-bot by webhook": ptb_webhook,
}
