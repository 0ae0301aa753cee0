"""What people do to a task, and what becomes of it and of its occurrence that was not said yet.

Pure: each returns the task as it is then, and the occasions to keep. Whether somebody may do it, and what is answered,
is for the commands. Not here: what happens when a task's time comes (``domain.tasks.rules``).
"""

from collections.abc import Iterator
from itertools import islice

from attrs import evolve, frozen

from domain.tasks.policy import Policy, Times
from domain.tasks.values import Kept, Occasion, Priority, Status, Task, Who

# How many missed occurrences are accounted for at once; more of them are left to the next time.
MISSED_MAX = 100


@frozen
class Moved:
    """A task as it is now, and what is to stand of its occasions, oldest first."""

    task: Task
    occasions: tuple[Occasion, ...] = ()


def timed(task: Task, due_at: float | None, rule: str | None, zone: str) -> Task:
    """Return the task with a time, another one, or none; it is said anew when that comes."""
    return evolve(task, due_at=due_at, remind_at=due_at, rule=rule, zone=zone, times_said=0, is_paused=False)


def timed_anew(
    task: Task, due_at: float | None, rule: str | None, zone: str, now: float, times: Times
) -> Moved:
    """Give the task another time, or none. What passed until ``now`` and was not said is not said any more."""
    return Moved(timed(task, due_at, rule, zone), _closed(task, now, times, "given another time"))


def done(task: Task, now: float, who: Who | None, times: Times) -> Moved:
    """Close the occurrence that is meant and wait for the next; without one, close the task."""
    passed = _closed(task, now, times, "done before it was said")
    following = _following(task, now, times)
    if following is None:
        return Moved(_ended(task, Status.DONE, now, who), passed)
    return Moved(_waiting(task, following), passed)


def cancelled(task: Task, now: float, who: Who | None, times: Times) -> Moved:
    """Give the task up: nothing of it is said any more."""
    passed = _closed(task, now, times, "cancelled before it was said")
    return Moved(_ended(task, Status.CANCELLED, now, who), passed)


def undone(task: Task, now: float, policy: Policy, times: Times) -> Moved:
    """Open a task again that was closed. One that is overdue is said again as if it had been said just now."""
    opened = evolve(task, status=Status.OPEN, closed_by=None, closed_at=None, is_paused=False)
    if task.due_at is None:
        return Moved(evolve(opened, remind_at=None, times_said=0))
    if task.due_at > now:
        return Moved(_waiting(opened, task.due_at))
    following = _following(task, now, times)
    if following is not None and missed(task, now, times):
        # Its occurrences went on while it was closed; what was meant then is over.
        return Moved(_waiting(opened, following))
    return Moved(planned(evolve(opened, times_said=1), now, policy, times))


def skipped(task: Task, now: float, times: Times) -> Moved | None:
    """Leave out the occurrence that is meant and wait for the next; None where none follows.

    What was said of it already stands as said.
    """
    following = _following(task, now, times)
    if following is None:
        return None
    passed = _closed(task, now, times, "skipped by hand")
    if task.times_said == 0 and task.due_at is not None:
        skip = Occasion(task.task_id, task.due_at, Kept.SKIPPED, reason="skipped by hand")
        passed = (skip, *(each for each in passed if each.bucket != task.due_at))
    return Moved(_waiting(task, following), passed)


def stopped(task: Task, now: float, policy: Policy, times: Times) -> Moved:
    """Let the task come no more by its rule. The occurrence that is meant stays: to come, or still to be done."""
    once = evolve(task, rule=None)
    if task.remind_at is None or task.remind_at != _following(task, now, times):
        # The occurrence itself, a nag or a snooze.
        return Moved(once)
    return Moved(planned(once, now, policy, times))


def snoozed(task: Task, until: float, now: float, times: Times) -> Moved:
    """Say it (again) at ``until``, which must be to come, and nothing before. When it is due stays as it is.

    An occurrence that was to be said until then is not said by itself any more. The next one is: no later occurrence
    is lost by putting off this one, so it is said at the time of that if it is earlier.
    """
    following = _following(task, now, times)
    if following is not None:
        until = min(until, following)
    later = evolve(task, remind_at=until, is_paused=False)
    if task.due_at is not None and until <= task.due_at:
        # It is still to come, and is said then, though it may have been put off before.
        return Moved(evolve(later, times_said=0))
    if task.times_said > 0 or task.due_at is None:
        return Moved(later)
    put_off = Occasion(task.task_id, task.due_at, Kept.SUPERSEDED, reason="put off by hand")
    return Moved(evolve(later, times_said=1), (put_off,))


def planned(task: Task, now: float, policy: Policy, times: Times) -> Task:
    """Return a task whose present occurrence was said by ``now``, with when something happens next.

    That is its next occurrence, or the next nag if that is earlier; None where there is neither.
    """
    found = [] if (following := _following(task, now, times)) is None else [following]
    if task.due_at is not None and 0 < task.times_said <= len(policy.waits_s):
        wait_s = policy.waits_s[task.times_said - 1]
        found.append(now + (wait_s / 2 if task.priority is Priority.HIGH else wait_s))
    return evolve(task, remind_at=min(found, default=None))


def missed(task: Task, now: float, times: Times) -> list[float]:
    """Return the occurrences after the one that is meant, up to ``now``: the first ones, in order."""
    return list(islice(_passed(task, now, times), MISSED_MAX))


def _passed(task: Task, now: float, times: Times) -> Iterator[float]:
    at = task.due_at
    while task.rule is not None and at is not None:
        following = times.next_after(task.rule, task.zone, at)
        if following is None or not at < following <= now:
            return
        yield following
        at = following


def _following(task: Task, now: float, times: Times) -> float | None:
    """Return the first occurrence that is later than both ``now`` and the one that is meant."""
    if task.rule is None:
        return None
    return times.next_after(task.rule, task.zone, now if task.due_at is None else max(now, task.due_at))


def _closed(task: Task, now: float, times: Times, reason: str) -> tuple[Occasion, ...]:
    """Return the ledger's rows of occurrences that passed and were not said, nor will be."""
    if task.due_at is None or task.due_at > now:
        return ()
    unsaid = [task.due_at] if task.times_said == 0 else []
    unsaid += missed(task, now, times)
    return tuple(Occasion(task.task_id, at, Kept.SUPERSEDED, reason=reason) for at in unsaid)


def _waiting(task: Task, due_at: float) -> Task:
    return timed(task, due_at, task.rule, task.zone)


def _ended(task: Task, status: Status, now: float, who: Who | None) -> Task:
    return evolve(task, status=status, remind_at=None, is_paused=False, closed_by=who, closed_at=now)
