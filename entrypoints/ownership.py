"""The first start with a real bot: nobody owns it, so whoever started it is shown a code that makes its sender owner.

The owner is whoever can read this terminal, by the id that Telegram gives them; never whoever comes first. Not here:
what a code brings (``application.doorkeeper``).
"""

from collections.abc import Callable

import asyncpg
import click

from adapters.telegram.client import HttpTelegram, bot_id_of
from domain.access import CODE_S, Standing
from domain.errors import OpenClawError, Refused, TelegramError
from entrypoints.containers import OperatorContainer
from entrypoints.settings import Settings

NAME_S = 5.0


async def offer_ownership(settings: Settings, say: Callable[[str], object] = click.echo) -> None:
    """Say how to become the owner of the bot, where nobody is named by the settings or was let in as one.

    ``settings`` are those of the operator, with the bot's token. Raises StoreUnavailable.
    """
    if settings.telegram_token is None:
        return
    token = settings.telegram_token.reveal()
    name = await _name_of(token, settings, say)
    if settings.owner is not None or settings.admins:
        return
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
    say(
        f"Nobody owns this bot yet. Within {CODE_S / 60:g} minutes, send it this message to become its owner:"
    )
    say(f"  /start {code}")
    if name is not None:
        say(f"or open https://t.me/{name}?start={code} and press Start.")


async def _name_of(token: str, settings: Settings, say: Callable[[str], object]) -> str | None:
    """Return the bot's name, as far as Telegram tells it in time; say what keeps Telegram from it."""
    telegram = HttpTelegram(token, settings.telegram_api_url, 1)
    try:
        me = await telegram.call("getMe", {}, NAME_S)
    except Refused as error:
        if error.refusal.code in (401, 404):
            say(
                "Telegram does not know this token: take it again from @BotFather (/mybots, API Token), set "
                "OPENCLAW_TELEGRAM_TOKEN, and start again."
            )
        return settings.bot_username
    except TelegramError:
        say(
            f"Telegram cannot be reached at {settings.telegram_api_url}; it is tried again and again. "
            "`openclaw doctor` says what is wrong."
        )
        return settings.bot_username
    finally:
        await telegram.aclose()
    name = me.get("username") if isinstance(me, dict) else None
    return name if isinstance(name, str) else settings.bot_username
