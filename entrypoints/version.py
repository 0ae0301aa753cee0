"""The version of this OpenClaw, from its ``pyproject.toml``, which is its one place."""

import tomllib
from functools import cache
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


@cache
def version() -> str:
    """Return the version, as in ``0.1.0``."""
    found: str = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["version"]
    return found
