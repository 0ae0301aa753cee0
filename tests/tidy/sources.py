"""The project's own files, as the tidiness tests read them."""

import ast
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Beside folders whose name starts with a dot: what is made, not written.
MADE = frozenset({"__pycache__", "build", "data", "dist", "node_modules"})
HIDDEN_OURS = frozenset({".ci"})


@cache
def files() -> tuple[Path, ...]:
    """Return every file of the project, relative to its root."""
    return tuple(sorted(_walk()))


def _walk() -> Iterator[Path]:
    for folder, names, found in os.walk(ROOT):
        names[:] = [name for name in names if name in HIDDEN_OURS or not _is_made(name)]
        for name in found:
            if name != ".env" and not name.endswith((".pyc", ".egg-info")):
                yield (Path(folder) / name).relative_to(ROOT)


def _is_made(name: str) -> bool:
    return name.startswith(".") or name in MADE or name.endswith(".egg-info")


@cache
def text_of(path: Path) -> str:
    """Return a file's text; bytes that are no text are replaced."""
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def modules() -> tuple[Path, ...]:
    """Return every Python file."""
    return tuple(path for path in files() if path.suffix == ".py")


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a Python file."""
    return ast.parse(text_of(path), filename=str(path))


def documents() -> tuple[Path, ...]:
    """Return every Markdown file."""
    return tuple(path for path in files() if path.suffix == ".md")
