"""Gathers the evidence, every server by itself and within its bound, and has the table judge it.

A server that hangs costs its own bound and nothing else: they are all asked at once. Not here: where the servers are
(``places``), what the evidence means (the checks), and how findings are shown (``entrypoints.views.doctor``).
"""

import asyncio
import os
import resource
import shutil
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import attrs
from attrs import frozen

from adapters.logs import Redactor
from adapters.postgres import inspection as of_postgres
from adapters.redis_streams import inspection as of_redis
from adapters.telegram import inspection as of_telegram
from entrypoints import assembly
from entrypoints.doctor.evidence import Answers, Bot, Evidence, MachineFacts, Place, Trouble
from entrypoints.doctor.places import look_at_data, places, secret_files
from entrypoints.doctor.table import CHECKS
from entrypoints.doctor.verdicts import Finding, judged
from entrypoints.operator import place_of, shown_path
from entrypoints.settings import Settings, read_settings
from entrypoints.settings_types import Secret, url_password

Result = TypeVar("Result")
Inspection = of_postgres.Inspection | of_redis.Inspection | of_telegram.Inspection

TARGETS = (assembly.BRAIN, *assembly.SENDER_TARGETS)
# Each part is bounded by itself; the whole takes as long as the longest of them, and a little more.
SERVER_S, FILES_S = 10.0, 5.0


def _disk(path: Path) -> tuple[int, int]:
    """Return the free and all bytes of the disk on which ``path`` lies, or will lie once it is made."""
    there = next(each for each in (path, *path.parents) if each.exists())
    usage = shutil.disk_usage(there)
    return usage.free, usage.total


@frozen
class Machine:
    """What is asked of this machine: each may be replaced where a test cannot change the real one."""

    now_s: Callable[[], float] = time.time
    disk: Callable[[Path], tuple[int, int]] = _disk
    files_max: Callable[[], int] = lambda: resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    user: Callable[[], int] = os.geteuid


def examine(
    data_dir: Path | None = None,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    machine: Machine | None = None,
) -> tuple[Finding, ...]:
    """Return what every check of the table finds, in its order; never raises for what it finds.

    ``environ`` and ``folder`` are where the settings come from: this process's environment and current folder by
    default. ``data_dir`` wins over the settings.
    """
    variables = dict(os.environ if environ is None else environ)
    here = Path.cwd() if folder is None else folder
    settings, faults = read_settings(variables, here)
    if data_dir is not None:
        settings = attrs.evolve(settings, data_dir=data_dir)
    evidence, hide = asyncio.run(_gather(settings, faults, variables, here, machine or Machine()))
    return judged(CHECKS, evidence, hide)


async def _gather(
    settings: Settings, faults: tuple[str, ...], variables: Mapping[str, str], folder: Path, machine: Machine
) -> tuple[Evidence, Redactor]:
    """Return the evidence, and what hides every secret with which it was gathered."""
    root, shown = folder / settings.data_dir, shown_path(settings.data_dir)
    data, disk, files = await asyncio.gather(
        in_time(lambda: look_at_data(root, shown), FILES_S),
        in_time(lambda: machine.disk(root), FILES_S),
        in_time(lambda: secret_files(variables, folder), FILES_S),
    )
    data = data or look_at_data(None, shown)
    env, others = files or (None, ())
    found = places(attrs.evolve(settings, data_dir=root), data)
    postgres, redis, telegram = await asyncio.gather(
        _postgres(found.postgres, machine), _redis(found.redis), _telegram(found.bot, machine)
    )
    evidence = Evidence(
        settings=settings, setting_faults=faults, env_file=env, secret_files=others,
        machine=MachineFacts(machine.now_s(), machine.user(), machine.files_max(), disk, shown),
        data=data, up_runs=found.up_runs, bot=found.bot, postgres=postgres, redis=redis, telegram=telegram,
    )  # fmt: skip
    given = [found.postgres.url, found.redis.url, found.bot.token]
    given += [*found.postgres.logins.values(), *found.redis.logins.values()]
    texts = [secret.reveal() for secret in given if secret is not None]
    passwords = (word for text in texts for word in url_password(text))
    return evidence, Redactor((*settings.secret_texts(), *texts, *passwords))


async def _postgres(place: Place, machine: Machine) -> Answers:
    if place.url is None:
        return Answers("Postgres", missing=place.why)
    asked = of_postgres.inspect(place.url.reveal(), machine.now_s)
    logins = {service: of_postgres.trouble_of_login(url.reveal()) for service, url in place.logins.items()}
    return await _answers(f"Postgres at {place_of(place.url)}", asked, logins)


async def _redis(place: Place) -> Answers:
    if place.url is None:
        return Answers("Redis", missing=place.why)
    asked = of_redis.inspect(place.url.reveal(), TARGETS)
    logins = {
        service: of_redis.refused_of_login(url.reveal(), service) for service, url in place.logins.items()
    }
    return await _answers(f"Redis at {place_of(place.url)}", asked, logins)


async def _telegram(bot: Bot, machine: Machine) -> Answers:
    if bot.token is None:
        return Answers("Telegram", missing=bot.why or "no bot token is set")
    asked = of_telegram.inspect(bot.token.reveal(), bot.api_url, machine.now_s)
    return await _answers(f"the Bot API at {place_of(Secret(bot.api_url))}", asked, {})


async def _answers(
    place: str, asked: Awaitable[Inspection], logins: Mapping[str, Awaitable[object]]
) -> Answers:
    """Return what a server answered in time; what the services' logins came to stands under ``logins``."""
    try:
        async with asyncio.timeout(SERVER_S):
            found, tried = await asyncio.gather(asked, asyncio.gather(*logins.values()))
    except TimeoutError:
        return Answers(place, trouble=Trouble("hangs", f"no answer within {SERVER_S:g} s"))
    trouble = Trouble(found.trouble, found.detail) if found.trouble is not None else None
    known = dict(found.known)
    if logins:
        known["logins"] = dict(zip(logins, tried, strict=True))
    return Answers(place, trouble=trouble, known=known, failed=found.failed)


async def in_time(look: Callable[[], Result], bound_s: float) -> Result | None:
    """Return what ``look`` returns, None where it does not in time or the system refuses it.

    It runs in a thread that the end of the process does not wait for: a disk that hangs, hangs for ever.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def tell(act: Callable[[], None]) -> None:
        # The loop may be closed by the time that a slow disk answers.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(lambda: None if done.done() else act())

    def run() -> None:
        try:
            result = look()
        except OSError as error:
            failure = error
            tell(lambda: done.set_exception(failure))
        else:
            tell(lambda: done.set_result(result))

    threading.Thread(target=run, daemon=True, name="doctor-files").start()
    try:
        async with asyncio.timeout(bound_s):
            return await done
    except (OSError, TimeoutError):
        return None
