"""What happens when a task's time comes: what is said of it, what stands in the ledger, and when it comes next.

Pure: the same task, instant, policy and calendar have the same outcome. Not here: what people do to a task
(``domain.tasks.moves``), finding what is due (``application.scheduler``), and the words (``application.brain``).
"""

from attrs import evolve, field, frozen

from domain.events.tasks import ReminderKind
from domain.tasks.moves import MISSED_MAX, missed, planned
from domain.tasks.policy import Policy, Times
from domain.tasks.values import Kept, Late, Occasion, Status, Task

# So much later than meant counts as late: more than what a scan, a restart or a busy minute takes.
LATE_AFTER_S = 120.0


@frozen
class Saying:
    """That the chat is told of an occasion: of which, why, and how late it is (0 where it is in time)."""

    bucket: float
    kind: ReminderKind
    late_s: float = 0.0


@frozen
class Acted:
    """The task as it is now, what is to stand of its occasions, oldest first, and whether the last of them is said."""

    task: Task
    occasions: tuple[Occasion, ...] = field(default=())
    saying: Saying | None = None


def act(task: Task, now: float, policy: Policy, times: Times, *, is_reachable: bool = True) -> Acted:
    """Do what is due for a task at ``now``; nothing for one that is closed, or whose time has not come.

    Occurrences that were missed give way to the latest of them, so one thing is said at most. Afterwards the task's
    ``remind_at`` is not in the past. Occasions of one task come with buckets that strictly increase. A digest is said
    once a time and never again.
    """
    if task.status is not Status.OPEN or task.remind_at is None or task.remind_at > now:
        return Acted(task)
    if task.is_digest:
        policy = evolve(policy, waits_s=())
    quiet_until = policy.quiet_until(task, now, times)
    if is_reachable and quiet_until > now:
        return Acted(evolve(task, remind_at=quiet_until))
    passed = missed(task, now, times)
    given_up = _given_up(task, now, passed)
    if len(passed) == MISSED_MAX:
        # There may be more: the last one is not judged yet, and the next time goes on from there.
        return Acted(evolve(task, due_at=passed[-1], remind_at=now, times_said=0), given_up)
    if passed:
        task = evolve(task, due_at=passed[-1], times_said=0)
    bucket, meant_at, kind = _occasion(task, now, policy, times)
    if task.is_digest:
        kind = ReminderKind.DIGEST
    late_s = now - meant_at
    if not is_reachable:
        paused = Occasion(task.task_id, bucket, Kept.PAUSED, reason="the chat cannot be reached")
        return Acted(evolve(task, remind_at=None, is_paused=True), (*given_up, paused))
    return _said(
        task, Saying(bucket, kind, late_s if late_s > LATE_AFTER_S else 0.0), given_up, now, policy, times
    )


def _said(
    task: Task, saying: Saying, given_up: tuple[Occasion, ...], now: float, policy: Policy, times: Times
) -> Acted:
    """Account for the occasion that is now, by what is to become of it when it is late."""
    is_skipped = saying.late_s > 0 and task.late is not Late.LABEL
    # What was let go is not said again either; a task with a rule goes on with its next occurrence.
    further = Policy(waits_s=()) if is_skipped else policy
    if _is_to_come(task, now):
        task = evolve(task, remind_at=task.due_at, is_paused=False)
    else:
        task = planned(evolve(task, times_said=task.times_said + 1, is_paused=False), now, further, times)
    kept = Kept.SKIPPED if is_skipped else Kept.LATE if saying.late_s > 0 else Kept.FIRED
    occasions = (*given_up, Occasion(task.task_id, saying.bucket, kept, reason=_by(saying.late_s)))
    if not is_skipped:
        return Acted(task, occasions, saying)
    if task.late is Late.EXPIRE:
        return Acted(task, occasions)
    return Acted(task, occasions, evolve(saying, kind=ReminderKind.SKIPPED))


def _is_to_come(task: Task, now: float) -> bool:
    """Tell whether the occurrence that is meant is still to come; what is said then was asked for by hand."""
    return task.times_said == 0 and task.due_at is not None and task.due_at > now


def _occasion(task: Task, now: float, policy: Policy, times: Times) -> tuple[float, float, ReminderKind]:
    """Return the bucket of what is due, when it was meant to be said, and what it is.

    It is the occurrence itself, unless that was said before or is still to come: then it is a nag, whose bucket is the
    instant that was planned for it.
    """
    assert task.remind_at is not None
    if task.times_said == 0 and task.due_at is not None and task.due_at <= now:
        return task.due_at, policy.quiet_until(task, task.due_at, times), ReminderKind.OCCURRENCE
    return task.remind_at, task.remind_at, ReminderKind.NAG


def _given_up(task: Task, now: float, passed: list[float]) -> tuple[Occasion, ...]:
    """Return what stands of the occasions that give way to a later one that has come: the last of ``passed``, if any.

    They are what was planned before the occurrences that came meanwhile, and all of these but the last.
    """
    if task.remind_at is None or task.due_at is None:
        return ()
    found = [*passed] if task.times_said > 0 else [task.due_at, *passed]
    if found and task.remind_at < found[0] <= now:
        found.insert(0, task.remind_at)
    reason = "gave way to a later one"
    return tuple(Occasion(task.task_id, at, Kept.SUPERSEDED, reason=reason) for at in found[:-1])


def _by(late_s: float) -> str:
    return f"late by {late_s:.0f} s" if late_s else ""
