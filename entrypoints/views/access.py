"""``openclaw access list``: who asks to be let in and who was decided about, a line each, and as JSON."""

from collections.abc import Sequence

from domain.access import Person, id_of
from domain.envelope import timestamp_of
from entrypoints.views.lines import NONE, moment, plain, table

HEADS = ("WHO", "STANDING", "SINCE (UTC)", "DECIDED BY", "NAME")
NAME_CHARS_MAX = 40


def access_lines(people: Sequence[tuple[str, Person]]) -> list[str]:
    """Return a heading and a line a subject: users by their id, groups and channels by their negative one."""
    return table(
        HEADS,
        [
            (
                str(id_of(subject)),
                person.standing.value,
                moment(person.changed_at),
                person.decided_by or NONE,
                plain(person.name, NAME_CHARS_MAX) or NONE,
            )
            for subject, person in people
        ],
        right=(0,),
    )


def access_json(subject: str, person: Person) -> dict[str, object]:
    """Return a subject as a JSON object."""
    return {
        "id": id_of(subject),
        "standing": person.standing.value,
        "since": timestamp_of(person.changed_at),
        "decided_by": person.decided_by or None,
        "name": person.name or None,
    }
