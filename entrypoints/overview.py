"""Finds out how the system is doing, for ``openclaw status``: each server by itself, so that one may be away.

Not here: what it means and how it is shown (``entrypoints.views.status``).
"""

import asyncio
import time

import asyncpg

from application.records import Figures
from application.runtime import AsyncClient, RuntimeState
from domain.errors import StoreUnavailable, Unavailable
from entrypoints.containers import OperatorContainer
from entrypoints.operator import FOREIGN_DATABASE, ask, foreign_fault, postgres_fault, redis_fault
from entrypoints.settings import Settings
from entrypoints.version import version
from entrypoints.views.status import Overview, Queues

# Each server is given so long; both are asked at once.
ANSWER_S = 5.0
# For so long after the start of an `up` a role that has not announced itself yet is starting.
STARTING_S = 10.0


def find_out(settings: Settings, roles: tuple[str, ...], targets: tuple[str, ...]) -> Overview:
    """Return what Postgres and Redis know; never raises for a server that is away or hangs."""

    async def question(container: OperatorContainer) -> Overview:
        (figures, about_postgres), (queues, about_redis) = await asyncio.gather(
            _ask_postgres(settings, container), _ask_redis(settings, container, targets)
        )
        faults = tuple(fault for fault in (about_postgres, about_redis) if fault is not None)
        return Overview(version(), roles, targets, figures, queues, faults, starting=_is_starting(settings))

    return ask(settings, question)


async def _ask_postgres(
    settings: Settings, container: OperatorContainer
) -> tuple[Figures | None, str | None]:
    """Return the figures, or the sentence that says why there are none."""
    try:
        async with asyncio.timeout(ANSWER_S):
            return await container.records().figures(), None
    except (StoreUnavailable, TimeoutError, asyncpg.InvalidAuthorizationSpecificationError) as error:
        return None, postgres_fault(settings, error)
    except FOREIGN_DATABASE as error:
        return None, foreign_fault(settings, error)


async def _ask_redis(
    settings: Settings, container: OperatorContainer, targets: tuple[str, ...]
) -> tuple[Queues | None, str | None]:
    """Return what Redis knows, or the sentence that says why nothing is known."""
    try:
        async with asyncio.timeout(ANSWER_S):
            return await _queues(container, targets), None
    except (Unavailable, TimeoutError) as error:
        return None, redis_fault(settings, error)


async def _queues(container: OperatorContainer, targets: tuple[str, ...]) -> Queues:
    streams = container.streams()
    services = await container.liveness().alive()
    runtime: RuntimeState[AsyncClient] = container.runtime()
    mode = await runtime.mode()
    return Queues(tuple(services), mode, {target: await streams.depth(target) for target in targets})


def _is_starting(settings: Settings) -> bool:
    """Tell whether the ``up`` of the data directory noted a moment ago what it runs, which it does as roles start."""
    try:
        noted_s = (settings.data_dir / "run.json").stat().st_mtime
    except OSError:
        return False
    return 0 <= time.time() - noted_s < STARTING_S
