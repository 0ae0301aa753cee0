"""How tasks are shown: a line in a list, in full, and with which buttons. Not here: the words of a language."""

from datetime import date

from attrs import frozen

from domain.commands.base import Ask, Calendar, Known
from domain.tasks.buttons import Action, Button, OnTask, bucket_of, written
from domain.tasks.policy import ZONE
from domain.tasks.values import UNZONED, Priority, Status, Task, Who
from domain.text import shortened
from domain.wording import Choice, Listed, Rows, Said, Value

# The setting of a scope that holds a command which waits for an answer.
PENDING = "pending"
_SNOOZES = (Action.SNOOZE_10_MIN, Action.SNOOZE_1_H, Action.SNOOZE_TOMORROW)
# A page of long titles stays one message.
TITLE_SHOWN_CHARS_MAX = 120
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400


@frozen
class Reader:
    """For whom something is shown: by whose clock, in which language, and whether others read along."""

    calendar: Calendar
    now: float
    zone: str | None = None
    language: str | None = None
    is_private: bool = True

    @classmethod
    def of(cls, ask: Ask, known: Known) -> "Reader":
        """Return whoever asks."""
        return cls(known.calendar, known.now, known.settings.get(ZONE), ask.language, ask.is_private)

    def moment(self, at: float, zone: str) -> Value:
        """Return an instant briefly, as the wall clock of ``zone`` shows it, and the zone where it is another one."""
        zone = self._shown(zone)
        wall, now = self.calendar.wall(at, zone), self.calendar.wall(self.now, zone)
        day = date(wall.year, wall.month, wall.day)
        days = (day - date(now.year, now.month, now.day)).days
        time = f"{wall.hour:02}:{wall.minute:02}"
        if days in (-1, 0, 1):
            said = Said(("day.yesterday", "day.today", "day.tomorrow")[days + 1], {"time": time})
        else:
            said = Said(
                "day.this_year" if wall.year == now.year else "day.other",
                {
                    "weekday": Said(f"weekday.{wall.weekday}"), "day": str(wall.day),
                    "month": Said(f"month.{wall.month}"), "year": str(wall.year), "time": time,
                },
            )  # fmt: skip
        return said if zone == self.zone else Listed((said, f"({zone})"), " ")

    def _shown(self, zone: str) -> str:
        """Return by which zone a time is shown: what was made before there was a zone goes by the one there is now."""
        return self.zone if zone == UNZONED and self.zone is not None else zone

    def line(self, task: Task) -> Value:
        """Return a task in a line of a list."""
        mark = {Status.DONE: "✓ ", Status.CANCELLED: "✗ "}.get(task.status, "")
        parts: list[Value] = [f"{mark}{task.number}. {shortened(task.title, TITLE_SHOWN_CHARS_MAX)}"]
        if task.due_at is not None:
            parts.append(self.moment(task.due_at, task.zone))
        if task.is_overdue(self.now):
            parts.append(Said("task.overdue"))
        if task.rule is not None:
            parts.append("↻")
        parts += _marks(task)
        if task.status is not Status.OPEN and not self.is_private and _named(task.closed_by):
            parts.append(Said("task.closed_by", {"who": _named(task.closed_by)}))
        return Listed(tuple(parts), " · ")

    def full(self, task: Task) -> Value:
        """Return all that is to be known of a task: its title, when it is in full, its marks, and who did what."""
        lines: list[Value] = [Said("task.head", {"number": str(task.number), "title": task.title})]
        if task.due_at is not None:
            zone = task.zone if task.rule is not None else self._shown(task.zone)
            at = self._next(task, task.due_at)
            lines.append(self.calendar.echo(at, task.rule, zone, self.language))
            if task.rule is not None and task.is_overdue(self.now):
                lines.append(Said("reminder.was_due", {"at": self.moment(task.due_at, task.zone)}))
        if marks := _marks(task):
            lines.append(Listed(tuple(marks), " · "))
        if not self.is_private and _named(task.made_by):
            lines.append(Said("task.made_by", {"who": _named(task.made_by)}))
        return Listed(tuple(lines))

    def _next(self, task: Task, due_at: float) -> float:
        """Return when a task comes next: an occurrence that has passed is not the next one."""
        if task.rule is None or due_at > self.now:
            return due_at
        return self.calendar.next_after(task.rule, task.zone, self.now) or due_at

    def by(self, task: Task, key: str) -> Said:
        """Return what became of a task, in a group with who did it."""
        who = "" if self.is_private else _named(task.closed_by)
        return Said(f"{key}_by", {"who": who}) if who else Said(key)


def _named(who: Who | None) -> str:
    return who.name if who is not None else ""


def _marks(task: Task) -> list[Value]:
    marks: list[Value] = []
    if task.priority is not Priority.NORMAL:
        marks.append(Said(f"priority.{task.priority.name.lower()}"))
    marks += [f"#{tag}" for tag in task.tags]
    if _named(task.assigned_to):
        # Without the sign by which Telegram notifies somebody: a list that is looked at tells nobody anything.
        marks.append(Said("task.for", {"who": _named(task.assigned_to).removeprefix("@")}))
    return marks


def span(seconds: float) -> Value:
    """Return a length of time as people say it, to the minute below two days."""
    minutes = max(1, round(seconds / _MINUTE_S))
    days, hours = minutes * _MINUTE_S // _DAY_S, minutes // 60
    if days >= 2:
        return _counted((days, "days"), (hours - days * 24, "hours"))
    return _counted((hours, "hours"), (minutes - hours * 60, "minutes"))


def _counted(*parts: tuple[int, str]) -> Value:
    said = [Said(f"span.{unit}" if n != 1 else f"span.{unit}_1", {"n": str(n)}) for n, unit in parts if n]
    return Listed(tuple(said), " ")


def reminder_rows(task: Task) -> Rows:
    """Return the buttons of a reminder."""
    actions = [(Action.DONE,), _SNOOZES]
    if task.rule is not None:
        actions.append((Action.SKIP, Action.STOP))
    return tuple(tuple(button(action, task) for action in row) for row in actions)


def button(action: Action, task: Task) -> Choice:
    """Return a button that does something to a task, for the occurrence that is meant now."""
    return choice(Said(f"button.{action.value}"), OnTask(action, task.task_id, bucket_of(task.due_at)))


def choice(label: Value, pressed: Button) -> Choice:
    """Return a button whose data is short enough by what it is."""
    data = written(pressed)
    assert data is not None
    return Choice(label, data)
