"""Letting time pass: the one place where the storm waits for the clock and not for a condition."""

import asyncio


async def pass_time(seconds: float) -> None:
    """Let so much time pass while everything else goes on."""
    await asyncio.sleep(seconds)
