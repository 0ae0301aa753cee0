"""Ports to tasks: what a round of the brain reads of them, what is due for the scheduler, what operators see.

Like those of ``application.ports``, where the others stand. Not here: the values (``agenda``, ``domain.tasks``), and
what a round of the brain writes, which are effects (``domain.decisions``).
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable
from uuid import UUID

from application.agenda import (
    AgendaChanges,
    Contact,
    DueTask,
    Firing,
    LedgerRow,
    Outlook,
    Tally,
    TaskState,
)
from domain.tasks.values import Occasion, Page, Task


@runtime_checkable
class TaskBook(Protocol):
    """The tasks of scopes, within an open transaction. No other scope's can be read, not even by id.

    Instants are kept to the microsecond.
    """

    async def by_numbers(self, wanted: Mapping[str, Collection[int]]) -> Mapping[str, Mapping[int, Task]]:
        """Lock and return the tasks of each scope that have these numbers, as far as there are any.

        Waits for whoever has one locked. Every scope that was asked about is in the answer.
        """

    async def by_ids(self, wanted: Mapping[str, Collection[UUID]]) -> Mapping[str, Mapping[UUID, Task]]:
        """Lock and return the tasks of each scope that have these ids; as ``by_numbers``."""

    async def tallies(self, scopes: Collection[str]) -> Mapping[str, Tally]:
        """Return, for each scope, the next number and how many tasks are open."""

    async def pages(self, wanted: Mapping[str, Page]) -> Mapping[str, tuple[Sequence[Task], int]]:
        """Return, for each scope, a page of its tasks that match, and how many match in all.

        The digest of the day is on none.
        Open ones come first: the urgent before the others, then by when they are due, those without a time last. The
        others follow, the one that was closed last first. Of ``page.words`` each must be in the title, whatever the
        case of its letters.
        """

    async def occasions(self, scope: str, task_id: UUID, limit: int) -> Sequence[Occasion]:
        """Return the latest occasions of a task of the scope, the latest bucket first."""

    async def moved(self, scopes: Collection[str]) -> Mapping[str, str]:
        """Return which scope each group has, of those that became supergroups; its tasks have followed, or soon will.

        An event that was owed before the move still names the group as it was.
        """

    async def contacts(self, scopes: Collection[str]) -> Mapping[str, Contact]:
        """Return what contact with the chats of these scopes is for; only those for which there is something."""


@runtime_checkable
class Agenda(Protocol):
    """What is due, for any number of schedulers at once."""

    def due(self, limit: int) -> AbstractAsyncContextManager["AgendaRound"]:
        """Open a transaction and lock up to ``limit`` due tasks, the earliest first; none that another has locked.

        Leaving the block commits; an exception rolls back. Raises StoreUnavailable.
        """


@runtime_checkable
class AgendaRound(Protocol):
    """One open transaction of a scheduler. See ``Agenda``."""

    @property
    def now(self) -> float:
        """The instant by the store's clock at which the transaction began: what is due was due by then."""

    @property
    def due(self) -> Sequence[DueTask]:
        """The tasks that this transaction has to itself."""

    async def mark(self, task_ids: Sequence[UUID]) -> None:
        """Note, outside the transaction, that these tasks are about to be acted on.

        Applying clears the note, and those of earlier runs about the tasks that are written; the round's failing clears
        its own. The end of the process in the middle leaves it, as one death of each of the tasks.
        """

    async def apply(self, changes: AgendaChanges) -> Sequence[Firing]:
        """Write everything and return the firings that took effect; the others had fired before.

        It takes effect when the block ends without an exception. Raises RowsGone for a task that is none of ``due``.
        """


@runtime_checkable
class ReminderRecords(Protocol):
    """Tasks and their ledger as operators see them, of every scope. Each method raises StoreUnavailable."""

    async def task(self, name: UUID | tuple[str, int]) -> TaskState | None:
        """Return the task with this id, or with this number in this scope; None where there is none."""

    async def ledger(self, task_id: UUID, limit: int) -> Sequence[LedgerRow]:
        """Return the latest occasions of a task, the latest bucket first."""

    async def outlook(self, since: float, limit: int) -> Outlook:
        """Return reminders as a whole: what became of occasions from ``since`` on, and the next ``limit`` tasks."""
