"""The named statements of ``queries.sql``; SQL lives there and not in Python."""

import re
from pathlib import Path

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_FRAGMENT = re.compile(r"\{\{(\w+)\}\}")


def load(path: Path) -> dict[str, str]:
    """Return the statements of ``path`` by name, with ``{{name}}`` replaced by the statement of that name.

    A name that stands twice is a mistake and raises ValueError; one that is missing raises KeyError.
    """
    parts = _NAME.split(path.read_text(encoding="utf-8"))
    names, bodies = parts[1::2], parts[2::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{path.name}: a statement's name stands twice")
    found = {name: body.strip().rstrip(";") for name, body in zip(names, bodies, strict=True)}
    return {name: _FRAGMENT.sub(lambda match: found[match[1]], body) for name, body in found.items()}


SQL = load(Path(__file__).with_name("queries.sql"))
