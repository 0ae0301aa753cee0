"""The corpus: updates as Telegram sends them, each with what becomes of it.

A file a family, a case in three lines: its name; the event that it becomes with the fields that matter, or the reason
for which it is ignored; the update. The bot of the corpus has the id 1000 and the name ``openclaw_bot``. Not here:
updates that Telegram would never send (``tests/unit/test_updates.py``).
"""

import json
from pathlib import Path
from typing import Any

from attrs import field, frozen

BOT = 1000
BOT_NAME = "openclaw_bot"


@frozen
class Case:
    """One update. Exactly one of ``event`` (its type) and ``ignored`` (the reason) is set."""

    name: str
    update: dict[str, Any]
    event: str | None = None
    ignored: str | None = None
    fields: dict[str, Any] = field(factory=dict)

    @property
    def kind(self) -> str:
        """The kind of the update."""
        return next(name for name in self.update if name != "update_id")

    @property
    def body(self) -> dict[str, Any]:
        """What the update tells."""
        body: dict[str, Any] = self.update[self.kind]
        return body


def _read(path: Path) -> list[Case]:
    found = json.loads(path.read_text("utf-8"))
    return [Case(case["name"], case["update"], **case["expect"]) for case in found]


FAMILIES = {path.stem: _read(path) for path in sorted(Path(__file__).parent.glob("*.json"))}
CASES = [case for family in FAMILIES.values() for case in family]
