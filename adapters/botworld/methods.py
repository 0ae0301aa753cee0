"""What bots can do: the table of all methods of the Bot API that this world has, and how a call is taken.

A face (HTTP or memory) receives a call with ``receive``, looks at its fault, and performs it::

    with receive(world, token, "sendMessage", params) as call:
        if call.fault is None:
            result = call.perform()

The methods stand by kind in the ``api_`` modules. Refusals are ApiError with Telegram's texts, as
tdlib/telegram-bot-api has them. Not here: HTTP.
"""

from collections.abc import Mapping

from adapters.botworld import (
    api_chats,
    api_editing,
    api_files,
    api_profile,
    api_sending,
    api_topics,
    api_updates,
)
from adapters.botworld.call import Call, Method, Upload
from adapters.botworld.params import Params
from adapters.botworld.values import ApiError
from adapters.botworld.world import World

METHODS = {
    name.lower(): Method(name, run)
    for kind in (api_chats, api_editing, api_files, api_profile, api_sending, api_topics, api_updates)
    for name, run in kind.METHODS.items()
}
_NO_FILES: Mapping[str, Upload] = {}


def receive(
    world: World, token: str, name: str, params: Params, files: Mapping[str, Upload] = _NO_FILES
) -> Call:
    """Take a call. Raises ApiError 401 for an unknown token, 404 for an unknown method.

    ``files`` came with the call; a parameter refers to one by ``attach://`` and its name.
    """
    bot = world.bot_of(token)
    if bot is None:
        raise ApiError(401, "Unauthorized")
    method = METHODS.get(name.lower())
    if method is None:
        raise ApiError(404, "Not Found: method not found")
    return Call(world, bot, method, params, files)
