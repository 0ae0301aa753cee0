"""Waiting for a condition, never for a time. Not here: any condition."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable

POLL_S = 0.01


async def until(condition: Callable[[], bool | Awaitable[bool]], what: str, within_s: float) -> None:
    """Return when ``condition`` holds. Raises TimeoutError, naming ``what`` was waited for."""
    deadline = time.monotonic() + within_s
    while True:
        holds = condition()
        if isawaitable(holds):
            holds = await holds
        if holds:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {within_s:g} s in vain for {what}")
        await asyncio.sleep(POLL_S)
