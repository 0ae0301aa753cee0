"""``openclaw reminders``: when a task reminds and what became of its occasions, and reminders as a whole.

A task is shown by its chat and number, as the command takes it. Not here: finding them
(``application.books.ReminderRecords``), and titles, which nobody but their chat is shown.
"""

from collections.abc import Sequence

from application.agenda import Coming, LedgerRow, Outlook, TaskState
from domain.envelope import timestamp_of
from domain.scope import bot_and_chat
from domain.tasks.values import DIGEST_NUMBER, Kept
from entrypoints.views.lines import NONE, moment, plain, table, with_notes

LEDGER_HEADS = ("OCCASION (UTC)", "KEPT", "AT (UTC)", "TOLD")
COMING_HEADS = ("NEXT (UTC)", "TASK", "ID")


def task_lines(task: TaskState, ledger: Sequence[LedgerRow]) -> list[str]:
    """Return the state of a task, and a line an occasion with its reason under it."""
    # A rule is of two lines, where it starts and how it goes on.
    start, *goes_on = (task.rule or NONE).splitlines()
    facts = [
        ("id", str(task.task_id)),
        ("owner", plain(task.scope)),
        ("status", task.status.value),
        ("made", _instant(task.created_at)),
        ("closed", _instant(task.closed_at)),
        ("due", _instant(task.due_at)),
        ("next", _instant(task.remind_at)),
        ("rule", plain(start)),
        *(("", plain(line)) for line in goes_on),
        ("zone", plain(task.zone)),
        ("late", task.late.value),
        ("said", f"{task.times_said} time{'s' if task.times_said != 1 else ''}, of the present occurrence"),
        ("paused", "yes, until its chat can be reached" if task.is_paused else "no"),
    ]
    digest = ", the digest of the day" if task.number == DIGEST_NUMBER else ""
    lines = [f"task {_name(task)}{digest}", *(f"{name.ljust(6)}  {value}" for name, value in facts), ""]
    if not ledger:
        return [*lines, "it has not reminded yet"]
    rows = [
        (moment(row.occasion.bucket), row.occasion.kept.value, moment(row.occasion.at), _told(row))
        for row in ledger
    ]
    return [*lines, *with_notes(table(LEDGER_HEADS, rows), [row.occasion.reason for row in ledger])]


def task_json(task: TaskState, ledger: Sequence[LedgerRow]) -> dict[str, object]:
    """Return the same as one JSON document."""
    return {
        "task_id": task.task_id,
        "scope": task.scope,
        "number": task.number,
        "status": task.status.value,
        "created_at": timestamp_of(task.created_at),
        "closed_at": _timestamp(task.closed_at),
        "due_at": _timestamp(task.due_at),
        "remind_at": _timestamp(task.remind_at),
        "rule": task.rule,
        "zone": task.zone,
        "late": task.late.value,
        "times_said": task.times_said,
        "is_paused": task.is_paused,
        "occasions": [
            {
                "bucket": timestamp_of(row.occasion.bucket),
                "kept": row.occasion.kept.value,
                "at": timestamp_of(row.occasion.at),
                "reason": plain(row.occasion.reason),
                "told": row.told,
            }
            for row in ledger
        ],
    }


def outlook_lines(seen: Outlook, since: float) -> list[str]:
    """Return what needs a look, what lately became of occasions, and what is next."""
    lines = [
        f"due now    {seen.overdue}{f', the oldest for {seen.oldest_s:.1f} s' if seen.overdue else ''}",
        f"paused     {seen.paused}{', until their chats can be reached' if seen.paused else ''}",
        f"ambiguous  {seen.untold}, of which their chats are still to be told",
        "",
        f"since {moment(since)} UTC",
        "  ".join(f"{kept.value} {seen.kept.get(kept, 0)}" for kept in Kept),
        "",
    ]
    if not seen.coming:
        return [*lines, "no task reminds"]
    rows = [(moment(each.remind_at), _name(each), str(each.task_id)) for each in seen.coming]
    return [*lines, *table(COMING_HEADS, rows)]


def outlook_json(seen: Outlook, since: float) -> dict[str, object]:
    """Return the same as one JSON document."""
    return {
        "overdue": seen.overdue,
        "oldest_s": round(seen.oldest_s, 3),
        "paused": seen.paused,
        "untold": seen.untold,
        "since": timestamp_of(since),
        "kept": {kept.value: seen.kept.get(kept, 0) for kept in Kept},
        "next": [
            {
                "remind_at": timestamp_of(each.remind_at),
                "task_id": each.task_id,
                "scope": each.scope,
                "number": each.number,
            }
            for each in seen.coming
        ],
    }


def _name(task: TaskState | Coming) -> str:
    try:
        chat = str(bot_and_chat(task.scope)[1])
    except ValueError:
        # Damaged; the id that stands beside it still names the task.
        chat = plain(task.scope) or NONE
    return f"{chat}/{task.number}"


def _told(row: LedgerRow) -> str:
    if row.occasion.kept is not Kept.AMBIGUOUS:
        return NONE
    return "yes" if row.told else "not yet"


def _instant(at: float | None) -> str:
    return f"{moment(at)} UTC" if at is not None else NONE


def _timestamp(at: float | None) -> str | None:
    return timestamp_of(at) if at is not None else None
