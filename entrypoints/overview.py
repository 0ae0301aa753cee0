"""Finds out how the system is doing, for ``openclaw status``: each server by itself, so that one may be away.

Not here: what it means and how it is shown (``entrypoints.views.status``).
"""

import asyncpg

from application.runtime import AsyncClient, RuntimeState
from domain.errors import StoreUnavailable, Unavailable
from entrypoints.containers import OperatorContainer
from entrypoints.operator import FOREIGN_DATABASE, ask, foreign_fault, postgres_fault, redis_fault
from entrypoints.settings import Settings
from entrypoints.version import version
from entrypoints.views.status import Overview, Queues


def find_out(settings: Settings, roles: tuple[str, ...], targets: tuple[str, ...]) -> Overview:
    """Return what Postgres and Redis know; never raises for a server that is away."""

    async def question(container: OperatorContainer) -> Overview:
        faults: list[str] = []
        figures = queues = None
        try:
            figures = await container.records().figures()
        except (StoreUnavailable, asyncpg.InvalidAuthorizationSpecificationError) as error:
            faults.append(postgres_fault(settings, error))
        except FOREIGN_DATABASE as error:
            faults.append(foreign_fault(settings, error))
        try:
            queues = await _queues(container, targets)
        except Unavailable as error:
            faults.append(redis_fault(settings, error))
        return Overview(version(), roles, targets, figures, queues, tuple(faults))

    return ask(settings, question)


async def _queues(container: OperatorContainer, targets: tuple[str, ...]) -> Queues:
    streams = container.streams()
    services = await container.liveness().alive()
    runtime: RuntimeState[AsyncClient] = container.runtime()
    mode = await runtime.mode()
    return Queues(tuple(services), mode, {target: await streams.depth(target) for target in targets})
