"""The place where the conversation happens: a simulator with the bot, its groups and its channel.

The conversation takes the bot to be in privacy mode, and an administrator of the party, the forum and the channel.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.botworld import World
from adapters.telegram.simulator import SimulatorControl, SimulatorServer
from tests.foreign.conversation import CLUB, CROWD, FORUM, NEWS, PARTY

GROUPS = (
    (CROWD, {"title": "Crowd", "kind": "group"}),
    (CLUB, {"title": "Club"}),
    (PARTY, {"title": "Party"}),
    (FORUM, {"title": "Forum", "is_forum": True}),
    (NEWS, {"title": "News", "kind": "channel"}),
)


@asynccontextmanager
async def people_around(world: World, bot_id: int) -> AsyncIterator[tuple[str, SimulatorControl]]:
    """Serve ``world`` with the groups of the conversation; yield the Bot API's address and the people's control."""
    async with SimulatorServer(world=world) as server, SimulatorControl(server.base_url) as control:
        for chat_id, fields in GROUPS:
            await control.add_group(chat_id, **fields)
        for chat_id in (PARTY, FORUM):
            await control.act("status", chat_id=chat_id, user_id=bot_id, status="administrator")
        yield server.base_url, control
