"""The place where the conversation happens: a simulator with the bot, its groups and its channel."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from adapters.botworld import World
from adapters.telegram.client import HttpTelegram
from adapters.telegram.simulator import SimulatorControl, SimulatorServer
from tests.foreign.places import CLUB, CROWD, FORUM, NEWS, PARTY
from tests.foreign.stage import Stage, nothing

GROUPS = (
    (CROWD, {"title": "Crowd", "kind": "group"}),
    (CLUB, {"title": "Club"}),
    (PARTY, {"title": "Party"}),
    (FORUM, {"title": "Forum", "is_forum": True}),
    (NEWS, {"title": "News", "kind": "channel"}),
)


@asynccontextmanager
async def stage_in(
    world: World, token: str, settle: Callable[[], Awaitable[None]] = nothing
) -> AsyncIterator[Stage]:
    """Serve ``world`` with the bot of ``token`` and the groups of the conversation.

    The bot is in privacy mode, and administers the party, the forum and the channel.
    """
    bot = world.add_bot(token)
    bot.reads_all = False
    async with (
        SimulatorServer(world=world) as server,
        SimulatorControl(server.base_url) as control,
        HttpTelegram(token, server.base_url) as telegram,
    ):
        for chat_id, fields in GROUPS:
            await control.add_group(chat_id, **fields)
        for chat_id in (PARTY, FORUM):
            await control.act("status", chat_id=chat_id, user_id=bot.bot_id, status="administrator")
        yield Stage(control, telegram, server.base_url, bot.username, settle)
