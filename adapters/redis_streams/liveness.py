"""Which services run, kept in Redis under keys that expire.

One key an instance: ``openclaw:{alive}:<role>:<instance>``, holding JSON. Times are the server's, so that the clocks
of different machines do not matter. Not here: who repeats the announcement, and when (the service roles).
"""

import json
from typing import Any

import redis.asyncio

from adapters.redis_streams.connect import translated
from domain.status import ServiceStatus

PREFIX = "openclaw:{alive}:"
EXPIRY_S = 15.0
INSTANCES_MAX = 1000


class RedisLiveness:
    """``application.ports.Liveness`` on a Redis or Valkey server; forgets after ``expiry_s`` seconds of silence."""

    def __init__(self, client: redis.asyncio.Redis, expiry_s: float = EXPIRY_S) -> None:
        self._client = client
        self._expiry_ms = round(expiry_s * 1000)
        self._started: dict[str, float] = {}

    async def announce(self, role: str, instance: str, version: str) -> None:
        """Say that this instance runs. It counts as started when this adapter announced it first."""
        key = _key(role, instance)
        with translated("be told which services run"):
            if key not in self._started:
                self._started[key] = await self._now_s()
            content = json.dumps({"started_at": self._started[key], "version": version})
            await self._client.set(key, content, px=self._expiry_ms)

    async def withdraw(self, role: str, instance: str) -> None:
        """Say that this instance ends; fine if it was never announced."""
        key = _key(role, instance)
        self._started.pop(key, None)
        with translated("be told that a service ends"):
            await self._client.delete(key)

    async def alive(self) -> list[ServiceStatus]:
        """Return the instances that announced themselves lately, sorted by role and instance."""
        with translated("tell which services run"):
            keys = await self._keys()
            now_s = await self._now_s()
            async with self._client.pipeline(transaction=False) as pipe:
                for key in keys:
                    pipe.get(key)
                    pipe.pttl(key)
                answers = await pipe.execute()
        found = zip(keys, answers[::2], answers[1::2], strict=True)
        services = (self._service(key, content, left_ms, now_s) for key, content, left_ms in found)
        return sorted(
            (service for service in services if service is not None),
            key=lambda service: (service.role, service.instance),
        )

    async def _keys(self) -> list[bytes]:
        keys: set[bytes] = set()
        async for key in self._client.scan_iter(match=f"{PREFIX}*", count=INSTANCES_MAX):
            keys.add(key)
            if len(keys) == INSTANCES_MAX:
                break
        return sorted(keys)

    async def _now_s(self) -> float:
        seconds, microseconds = await self._client.time()
        return float(seconds) + microseconds / 1e6

    def _service(self, key: bytes, content: bytes | None, left_ms: int, now_s: float) -> ServiceStatus | None:
        """Return what a key tells; None when it expired meanwhile or holds something else."""
        role, _, instance = key.decode(errors="replace").removeprefix(PREFIX).partition(":")
        try:
            told: Any = json.loads(content or b"")
            return ServiceStatus(
                role=role,
                instance=instance,
                version=str(told["version"]),
                up_s=max(0.0, now_s - float(told["started_at"])),
                seen_s=max(0.0, (self._expiry_ms - left_ms) / 1000),
            )
        except (ValueError, KeyError, TypeError):
            return None


def _key(role: str, instance: str) -> str:
    return f"{PREFIX}{role}:{instance}"
