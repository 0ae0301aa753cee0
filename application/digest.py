"""What the digest of the day says: the list of what is overdue and due that day, with the buttons that lists have.

Pure. Not here: which tasks these are (``taskfacts``), and that it is due (``application.scheduler``).
"""

from attrs import frozen

from application.interpreter import SEND_UNITS_MAX
from application.messages import spoken
from domain.commands.base import TasksKnown
from domain.commands.tasks import TODAY, List, page_of
from domain.commands.views import Reader, span
from domain.events.tasks import ReminderDue
from domain.formatting import Formatted
from domain.splitting import shorten
from domain.tasks.keys import instant_of
from domain.wording import Listed, Rows, Said

NOTHING_DUE = "nothing is due that day"


@frozen
class Told:
    """A digest as it is sent, and its buttons."""

    words: Formatted
    buttons: Rows


def digest_of(reader: Reader, known: TasksKnown, due: ReminderDue) -> Told | None:
    """Return the digest, which is one message however long its titles are; None where nothing is due.

    A message of every day that says nothing would soon be one that nobody reads.
    """
    if not known.page or reader.zone is None:
        return None
    listed = page_of(reader, List(TODAY), known.page, known.total)
    words: Said | Listed = Said(listed.key, listed.values)
    if due.late_s:
        meant = reader.moment(instant_of(due.due_at), reader.zone)
        late = Said("digest.late", {"late": span(due.late_s), "at": meant})
        words = Listed((late, words), "\n\n")
    short = shorten(spoken(words, reader.language), limit_units=SEND_UNITS_MAX)
    return Told(short, listed.buttons)
