"""The page for people who use tasks (docs/TASKS.md) shows conversations as they are, and bounds as they are."""

from application.retention import Terms
from domain.commands.changing import HISTORY_MAX
from domain.commands.draft import NUMBERS_MAX
from domain.commands.table import COMMANDS
from domain.commands.tasks import SIZE
from domain.tasks.policy import NAGS_MAX
from domain.tasks.values import OPEN_TASKS_MAX, TAG_CHARS_MAX, TAGS_MAX, TITLE_CHARS_MAX
from domain.when.meaning import YEARS_MAX
from tests.acceptance import played

PAGE = played.PAGE.read_text(encoding="utf-8")
# Commands that have nothing to do with tasks.
OTHERS = {"start", "help", "api", "status", "access"}


async def test_every_conversation_reads_as_it_is_played() -> None:
    assert await played.replayed(PAGE) == PAGE, "read it, then: python -m tests.acceptance.played"


def test_every_command_about_tasks_stands_on_the_page_and_no_other() -> None:
    rows = {line.split("`")[1].split()[0] for line in PAGE.splitlines() if line.startswith("| `/")}
    assert rows == {f"/{name}" for name in COMMANDS.keys() - OTHERS}


def test_the_bounds_are_those_that_hold() -> None:
    assert (NUMBERS_MAX, NAGS_MAX, TAGS_MAX) == (20, 10, 10)
    for row in (
        f"| a title | {TITLE_CHARS_MAX} characters |",
        f"| tags of a task | {TAGS_MAX}, of {TAG_CHARS_MAX} characters each |",
        f"| open tasks of a chat | {OPEN_TASKS_MAX:,} |",
        f"| a list | {SIZE} tasks a page |",
        f"| how far ahead | {YEARS_MAX} years |",
        f"| what `/why` shows | the latest {HISTORY_MAX} occasions; they are kept for {Terms().occasions_days} days, "
        "the last one of an open task for ever |",
    ):
        assert row in PAGE
