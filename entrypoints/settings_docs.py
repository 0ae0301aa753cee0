"""``.env.example`` and the table of settings in the documentation, both made from the fields of ``Settings``.

``python -m entrypoints.settings_docs`` writes both; a test holds the files against what this would write.
"""

import textwrap
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Any

from attrs import NOTHING, Attribute, Factory

from entrypoints.settings import FIELDS, SECRETS
from entrypoints.settings_source import FILE_SUFFIX, variable

ROOT = Path(__file__).resolve().parent.parent
ENV_EXAMPLE = ROOT / ".env.example"
TABLE = ROOT / "docs" / "SETTINGS.md"
COMMENT_CHARS = 100

ENV_INTRODUCTION = f"""\
# OpenClaw's settings: copy this file to .env and change what you need. It is made from entrypoints/settings.py.
# A variable of the environment wins over this file. One that is empty or commented out has its default, shown here.
# A secret may also come from a file, such as a mounted one: its name and {FILE_SUFFIX}, e.g. \
{variable("telegram_token")}{FILE_SUFFIX}."""

TABLE_INTRODUCTION = f"""\
# Settings

Made from `entrypoints/settings.py` by `python -m entrypoints.settings_docs`; do not edit.

Each is a variable of the environment or a line in `.env` (or in the file that `OPENCLAW_ENV_FILE` names); the
environment wins. Empty means not set. Whatever is wrong is told at once, by name, before anything starts, and an
unknown `OPENCLAW_` name is an error too. Secrets (🔒) may come from a file instead, such as a mounted one: append
`{FILE_SUFFIX}` to the name. Names that end in `_S` are in seconds."""


def env_example() -> str:
    """Return the text of ``.env.example``."""
    parts = [ENV_INTRODUCTION]
    for group, fields in _groups():
        parts.append(f"# --- {group} ---")
        for each in fields:
            about = textwrap.wrap(each.metadata["about"].replace("`", ""), COMMENT_CHARS)
            lines = [f"# {line}" for line in about]
            parts.append("\n".join([*lines, f"#{variable(each.name)}={_default(each)}"]))
    return "\n\n".join(parts) + "\n"


def settings_table() -> str:
    """Return the text of the documentation's page on settings."""
    parts = [TABLE_INTRODUCTION]
    for group, fields in _groups():
        rows = ["| variable | default | what it is |", "|---|---|---|"]
        for each in fields:
            lock = " 🔒" if each.name in SECRETS else ""
            default = f"`{_default(each)}`" if _default(each) else ""
            rows.append(f"| `{variable(each.name)}`{lock} | {default} | {each.metadata['about']} |")
        parts += [f"## {group}", "\n".join(rows)]
    return "\n\n".join(parts) + "\n"


def _groups() -> list[tuple[str, list["Attribute[Any]"]]]:
    grouped = groupby(FIELDS, key=lambda each: str(each.metadata["group"]))
    return [(group, list(fields)) for group, fields in grouped]


def _default(each: "Attribute[Any]") -> str:
    default: Any = each.default
    if default is NOTHING or default is None or isinstance(default, type(Factory(str))):
        return ""
    if isinstance(default, frozenset):
        return ",".join(str(item) for item in sorted(default))
    if isinstance(default, StrEnum):
        return default.value
    return f"{default:g}" if isinstance(default, float) else str(default)


def main() -> None:
    """Write both files."""
    ENV_EXAMPLE.write_text(env_example(), encoding="utf-8")
    TABLE.write_text(settings_table(), encoding="utf-8")


if __name__ == "__main__":
    main()
