"""The first start with a real bot: nobody owns it, so whoever started it is shown a code that makes its sender owner.

The owner is whoever can read this terminal, by the id that Telegram gives them; never whoever comes first. Not here:
what a code brings (``application.doorkeeper``).
"""

from collections.abc import Callable

import asyncpg
import click

from adapters.telegram.client import HttpTelegram, bot_id_of
from domain.access import CODE_S, Standing
from domain.errors import OpenClawError, TelegramError
from entrypoints.containers import OperatorContainer
from entrypoints.settings import Settings

NAME_S = 5.0


async def offer_ownership(settings: Settings, say: Callable[[str], object] = click.echo) -> None:
    """Say how to become the owner of the bot, where nobody is named by the settings or was let in as one.

    ``settings`` are those of the operator, with the bot's token. Raises StoreUnavailable.
    """
    if settings.owner is not None or settings.admins or settings.telegram_token is None:
        return
    token = settings.telegram_token.reveal()
    container = OperatorContainer(settings=settings)
    try:
        admission = container.admission(bot_id=bot_id_of(token))
        if await admission.has_owner():
            return
        code = await admission.invite(Standing.OWNER)
    except asyncpg.PostgresError as error:
        raise OpenClawError(
            f"whether somebody owns this bot cannot be found out ({type(error).__name__}): let the Postgres user be a "
            "member of openclaw_operator, or set OPENCLAW_OWNER"
        ) from error
    finally:
        await container.pool().close()
    name = settings.bot_username or await _name_of(token, settings.telegram_api_url)
    say(
        f"Nobody owns this bot yet. Within {CODE_S / 60:g} minutes, send it this message to become its owner:"
    )
    say(f"  /start {code}")
    if name is not None:
        say(f"or open https://t.me/{name}?start={code} and press Start.")


async def _name_of(token: str, api_url: str) -> str | None:
    """Return the bot's name, as far as Telegram tells it in time."""
    telegram = HttpTelegram(token, api_url, 1)
    try:
        me = await telegram.call("getMe", {}, NAME_S)
    except TelegramError:
        return None
    finally:
        await telegram.aclose()
    name = me.get("username") if isinstance(me, dict) else None
    return name if isinstance(name, str) else None
