"""Forgetting what nobody needs any more: one mechanism for everything that would grow without an end.

Each kind has a term, after which it goes in bounded batches. What may go at all is decided where the rows are (the
port ``Archive``): nothing that is owed, waits as a dead letter, or may come again is forgotten, however short a term is
asked for. Any number of schedulers may do it at once. Not here: dead letters, tasks, memories and settings, which are
never forgotten by themselves.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from typing import Protocol, runtime_checkable

from attrs import define, field, frozen

from application.ports import Clock
from application.rounds import place_of
from domain.errors import StoreUnavailable

log = logging.getLogger("openclaw.retention")

DAY_S = 86_400.0


class Kind(StrEnum):
    """What is forgotten.

    ``updates``: keys of updates that were taken in. ``deliveries``: the ledger of what was sent. ``occasions``: the
    ledger of what tasks reminded of. ``audit``: months of the audit. ``leftovers``: marks, claims, strangers and
    invitations that are of no use to anybody.
    """

    UPDATES = "updates"
    DELIVERIES = "deliveries"
    OCCASIONS = "occasions"
    AUDIT = "audit"
    LEFTOVERS = "leftovers"


# Terms, in days, that no setting may go beyond, for the reasons in docs/OPERATIONS.md; the store refuses them as well.
UPDATES_DAYS_MIN, UPDATES_DAYS_MAX = 3, 6
DELIVERIES_DAYS_MIN, OCCASIONS_DAYS_MIN, AUDIT_DAYS_MIN = 7, 31, 90


@frozen
class Terms:
    """For how many days each kind is kept; 0 for ever."""

    updates_days: int = 5
    deliveries_days: int = 90
    occasions_days: int = 400
    audit_days: int = 0

    def seconds(self) -> Mapping[Kind, float]:
        """Return the kinds that are forgotten, with their terms in seconds; what is left over has none of its own."""
        days = {
            Kind.UPDATES: self.updates_days, Kind.DELIVERIES: self.deliveries_days,
            Kind.OCCASIONS: self.occasions_days, Kind.AUDIT: self.audit_days,
        }  # fmt: skip
        return {kind: count * DAY_S for kind, count in days.items() if count} | {Kind.LEFTOVERS: 0.0}


@runtime_checkable
class Archive(Protocol):
    """What was kept, and what of it may be forgotten. Each method raises StoreUnavailable."""

    async def make_room(self) -> None:
        """Make ready what rows of the coming weeks are kept in."""

    async def forget(self, kind: Kind, term_s: float, limit: int) -> int | None:
        """Forget up to ``limit`` rows of a kind that are older than ``term_s``, and are needed by nobody.

        Of the audit a whole month is forgotten, however many rows it has. Returns how many rows went; None for the
        audit when no month may go. Raises ValueError for a term that is never safe.
        """

    async def note(self, kind: Kind, term_s: float, removed: int) -> None:
        """Keep that a kind was gone through now, and how many rows went."""


@frozen
class RetentionLimits:
    """How often everything is gone through, rows in a batch, and batches of a kind in one pass.

    ``pause_s`` lets everybody else have the server between two batches.
    """

    every_s: float = 3600.0
    batch: int = 1_000
    batches_max: int = 1_000
    pause_s: float = 0.02


@define
class Retention:
    """Goes through every kind now and then. ``run`` is the service; ``once`` is one pass, for tests and simulation."""

    archive: Archive
    clock: Clock
    terms: Terms = field(factory=Terms)
    limits: RetentionLimits = field(factory=RetentionLimits)
    forgotten: Counter[Kind] = field(factory=Counter)
    failed: int = 0
    _stop: asyncio.Event = field(factory=asyncio.Event)

    def stop(self) -> None:
        """Ask ``run`` to return after the batch in hand."""
        self._stop.set()

    async def run(self) -> None:
        """Serve until ``stop``, outlasting whatever fails."""
        while not self._stop.is_set():
            await self.once()
            await self._wait(self.limits.every_s)

    async def once(self) -> Mapping[Kind, int]:
        """Go through every kind and return how many rows of each went; one that fails keeps no other from its turn."""
        removed: dict[Kind, int] = {}
        try:
            await self.archive.make_room()
        except Exception as error:  # noqa: BLE001 - the audit has a place for every row, and so nobody has to wait
            self._tell("partitions", error)
        for kind, term_s in self.terms.seconds().items():
            removed[kind] = 0
            try:
                await self._go_through(kind, term_s, removed)
            except Exception as error:  # noqa: BLE001 - what is not forgotten must not end the service
                self._tell(kind.value, error)
        self.forgotten.update(removed)
        if any(removed.values()):
            log.info(
                "forgot %s", ", ".join(f"{count} {kind}" for kind, count in removed.items() if count),
                extra={"action": "forgotten", "counts": {kind.value: n for kind, n in removed.items()}},
            )  # fmt: skip
        return removed

    async def _go_through(self, kind: Kind, term_s: float, removed: dict[Kind, int]) -> None:
        for _ in range(self.limits.batches_max):
            gone = await self.archive.forget(kind, term_s, self.limits.batch)
            removed[kind] += gone or 0
            if gone is None or (kind is not Kind.AUDIT and gone < self.limits.batch) or self._stop.is_set():
                break
            await self.clock.sleep(self.limits.pause_s)
        await self.archive.note(kind, term_s, removed[kind])

    def _tell(self, what: str, error: Exception) -> None:
        self.failed += 1
        reason = str(error) if isinstance(error, StoreUnavailable) else type(error).__name__
        log.warning(
            "%s could not be gone through and are tried again in an hour: %s at %s", what, reason, place_of(error),
            extra={"action": "forgetting_failed"},
        )  # fmt: skip

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
