"""``/tasks`` lists the tasks of the chat, a page at a time. Not here: what its buttons do (``presses``).

What a list shows is named by a short text, which the buttons carry: ``open``, ``#tag``, ``?words``. The digest of the
day is the list ``today``.
"""

from collections.abc import Mapping, Sequence

from attrs import frozen

from domain.commands.base import Answer, Ask, Command, Known, Menu, Need, Wants
from domain.commands.draft import tag_of
from domain.commands.views import Reader
from domain.tasks.buttons import OnListed, OnPage, bucket_of, written
from domain.tasks.policy import ZONE
from domain.tasks.values import Page, Status, Task
from domain.wording import Choice, Listed, Rows, Said, Value, in_rows

OPEN, DONE, OVERDUE, TODAY, ALL = "open", "done", "overdue", "today", "all"
_NAMES = {
    "": OPEN, "open": OPEN, "offen": OPEN, "done": DONE, "erledigt": DONE, "overdue": OVERDUE,
    "überfällig": OVERDUE, "today": TODAY, "heute": TODAY, "all": ALL, "alle": ALL,
}  # fmt: skip
SIZE = 10
BUTTONS_IN_ROW = 5
WORDS_CHARS_MAX = 200


@frozen
class List:
    """What is shown of the tasks, by a short text, and which page of it."""

    shown: str = OPEN
    page: int = 1

    @property
    def wants(self) -> Wants:
        """The page to read, as what is wanted."""
        return Wants(page=self._page, is_today=self.shown == TODAY)

    @property
    def _page(self) -> Page:
        match self.shown:
            case "open" | "today":
                return Page(number=self.page, size=SIZE)
            case "done":
                return Page(Status.DONE, number=self.page, size=SIZE)
            case "overdue":
                return Page(is_overdue=True, number=self.page, size=SIZE)
        if self.shown.startswith("#"):
            return Page(tag=self.shown[1:], number=self.page, size=SIZE)
        words = self.shown[1:] if self.shown.startswith("?") else None
        return Page(None, words=words, number=self.page, size=SIZE)


def list_of(args: str) -> List:
    """Return what the words after ``/tasks`` ask for; what is no name and no tag is searched for."""
    words = " ".join(args.split())
    name = _NAMES.get(words.lower())
    if name is not None:
        return List(name)
    tag = tag_of(words)
    return List(f"#{tag}" if tag is not None else f"?{words[:WORDS_CHARS_MAX]}")


def step(ask: Ask, known: Known) -> Answer:
    """Show the first page."""
    wanted = list_of(ask.args)
    if wanted.shown == TODAY and ZONE not in known.settings:
        return Answer("zone.none")
    return page_of(Reader.of(ask, known), wanted, known.tasks.page, known.tasks.total)


def page_of(reader: Reader, wanted: List, tasks: Sequence[Task], total: int) -> Answer:
    """Return a page as it is shown, with a button to each open task that says it is done, and those that turn pages."""
    pages = max(1, -(-total // SIZE))
    values: dict[str, Value]
    if not tasks:
        key = "tasks.no_page" if total else "tasks.none_yet" if wanted == List() else "tasks.none"
        values = {"what": _title(wanted), "total": str(total), "page": str(wanted.page)}
        return Answer(key, values, buttons=_turning(wanted, pages))
    lines: tuple[Value, ...] = tuple(reader.line(task) for task in tasks)
    values = {
        "what": _title(wanted), "tasks": Listed(lines), "total": str(total), "page": str(wanted.page),
        "pages": str(pages),
    }  # fmt: skip
    turning = _turning(wanted, pages)
    key = "tasks.list" if pages == 1 else "tasks.page" if turning else "tasks.beginning"
    return Answer(key, values, buttons=_closing(wanted, tasks) + turning)


def _title(wanted: List) -> Said:
    if wanted.shown.startswith("#"):
        return Said("tasks.tagged", {"tag": wanted.shown[1:]})
    if wanted.shown.startswith("?"):
        return Said("tasks.found", {"words": wanted.shown[1:]})
    return Said(f"tasks.{wanted.shown}" if wanted.shown in (OPEN, DONE, OVERDUE, TODAY) else "tasks.all")


def _closing(wanted: List, tasks: Sequence[Task]) -> Rows:
    choices = []
    for task in tasks:
        data = written(OnListed(task.task_id, bucket_of(task.due_at), wanted.page, wanted.shown))
        if task.status is Status.OPEN and data is not None:
            choices.append(Choice(f"✓ {task.number}", data))
    return in_rows(tuple(choices), BUTTONS_IN_ROW)


def _turning(wanted: List, pages: int) -> Rows:
    """Return the buttons that turn pages; none where what is shown does not fit into them."""
    back = written(OnPage(min(wanted.page, pages + 1) - 1, wanted.shown)) if wanted.page > 1 else None
    on = written(OnPage(wanted.page + 1, wanted.shown)) if wanted.page < pages else None
    row = [Choice("◀", back)] if back is not None else []
    if on is not None:
        row.append(Choice("▶", on))
    return (tuple(row),) if row else ()


def _wants(args: str, settings: Mapping[str, str]) -> Wants:
    return list_of(args).wants


COMMANDS = (
    Command("tasks", step, frozenset({Need.SETTINGS}), frozenset({Menu.PRIVATE, Menu.GROUPS}), _wants),
)
