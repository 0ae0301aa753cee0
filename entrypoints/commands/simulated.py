"""``openclaw simulate-telegram`` and ``openclaw chat``: a Telegram of one's own, and a chat through it."""

import asyncio
import sys

import click

from adapters.telegram.simulator import SimulatorError
from domain.errors import NotSent, OpenClawError, Unavailable
from entrypoints.chat import USER_ID
from entrypoints.chat import chat as chat_over
from entrypoints.preparation import prepare
from entrypoints.settings_types import HostPort
from entrypoints.simulated import CONTROL_PORT, run_simulator


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the Bot API.")
@click.option(
    "--port", default=8081, show_default=True, help="Port of the Bot API; its health is at /healthz."
)
@click.option("--control-port", default=CONTROL_PORT, show_default=True, help="Port for `openclaw chat`.")
def simulate_telegram(host: str, port: int, control_port: int) -> int:
    """Run a simulated Telegram for the bot whose token is OPENCLAW_TELEGRAM_TOKEN, or without it for any bot.

    OpenClaw's services find it with OPENCLAW_TELEGRAM_API_URL, other bots as docs/TELEGRAM_SIMULATOR.md says. Its
    control interface, through which `openclaw chat` speaks for a person, listens on this machine (or in this
    container) only. It forgets everything when it stops.
    """
    token = prepare("telegram").telegram_token
    return run_simulator(token.reveal() if token is not None else None, HostPort(host, port), control_port)


@click.command()
@click.option("--control-port", default=CONTROL_PORT, show_default=True, help="Where the simulator listens.")
def chat(control_port: int) -> int:
    """Chat in this terminal over the simulated Telegram of this machine.

    It must have been started with `openclaw simulate-telegram`. Lines piped in are answered one by one; the exit code
    is 1 when one of them got no answer.
    """
    click.echo(
        f"openclaw: you are user {USER_ID}; a bot that does not know you says how to be let in", err=True
    )
    try:
        with asyncio.Runner() as runner:
            return runner.run(
                chat_over(f"http://127.0.0.1:{control_port}", sys.stdin, sys.stdout, resumed=True)
            )
    except NotSent as error:
        raise Unavailable(
            f"no simulated Telegram at 127.0.0.1:{control_port}; start it with `openclaw simulate-telegram` "
            "(`openclaw up` without a token has a chat of its own, in its own terminal)"
        ) from error
    except SimulatorError as error:
        raise OpenClawError(
            f"the simulated Telegram says: {error}; start the services, or any bot, with OPENCLAW_TELEGRAM_API_URL "
            "leading to it"
        ) from error
