"""The documents are true: their links lead somewhere, and their examples run.

A code block whose first line is ```` ```python run ```` is run as a program; one with ```` ```console run ```` has its
``$`` commands run from the project's root, and what they print must match the lines below, where ``...`` stands for
anything. Other Python blocks must at least be Python.
"""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from tests.tidy.sources import ROOT, documents, text_of

FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]\n]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (?P<title>.+)$", re.MULTILINE)
EXAMPLE_S_MAX = 120


@frozen
class Block:
    """A fenced code block: where it is, the words of its first line, and its text."""

    where: str
    words: tuple[str, ...]
    body: str


def blocks() -> Iterator[Block]:
    for path in documents():
        text = text_of(path)
        for found in FENCE.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            yield Block(f"{path}:{line}", tuple(found["info"].split()), found["body"])


def slug(title: str) -> str:
    """Return the anchor that a heading gets (https://docs.github.com/en/get-started/writing-on-github)."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower().replace("`", "")).replace(" ", "-")


def anchors(path: Path) -> set[str]:
    return {slug(found["title"]) for found in HEADING.finditer(FENCE.sub("", text_of(path)))}


def test_every_relative_link_leads_to_a_file_and_a_heading() -> None:
    broken = []
    for path in documents():
        for found in LINK.finditer(FENCE.sub("", text_of(path))):
            target, _, anchor = found["target"].partition("#")
            if ":" in target.split("/")[0]:
                continue
            file = (ROOT / path.parent / target).resolve() if target else ROOT / path
            if not file.exists() or not file.is_relative_to(ROOT):
                broken.append(f"{path}: {found['target']} leads nowhere")
            elif anchor and file.suffix == ".md" and anchor not in anchors(file.relative_to(ROOT)):
                broken.append(f"{path}: {found['target']} has no such heading")
    assert broken == []


def test_every_python_block_is_python() -> None:
    broken = []
    for block in blocks():
        if block.words[:1] == ("python",):
            try:
                compile(
                    block.body, block.where, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST
                )
            except SyntaxError as error:
                broken.append(f"{block.where}: {error}")
    assert broken == []


def test_every_python_example_that_says_so_runs(tmp_path: Path) -> None:
    for block in blocks():
        if block.words == ("python", "run"):
            done = run([sys.executable, "-W", "error", "-c", block.body], tmp_path)
            assert done.returncode == 0, f"{block.where}:\n{done.stdout}{done.stderr}"


def test_every_console_example_that_says_so_prints_what_it_shows(tmp_path: Path) -> None:
    for block in blocks():
        if block.words == ("console", "run"):
            for command, expected in steps(block.body):
                done = run(["bash", "-c", command], tmp_path)
                shown = f"{block.where}: $ {command}\n{done.stdout}{done.stderr}"
                assert done.returncode == 0, shown
                assert matches(expected, done.stdout), f"{shown}\nexpected:\n{expected}"


def run(command: list[str], data_dir: Path) -> "subprocess.CompletedProcess[str]":
    """Run an example on default settings, whatever this machine's own are."""
    ours = {name: text for name, text in os.environ.items() if not name.startswith("OPENCLAW_")}
    ours |= {
        "OPENCLAW_ENV_FILE": os.devnull,
        "OPENCLAW_DATA_DIR": str(data_dir / "data"),
        "PYTHONPATH": str(ROOT),
    }
    # Keeps the mark by which the test run finds processes that were left behind.
    ours |= {name: text for name, text in os.environ.items() if name.startswith("OPENCLAW_TEST_")}
    return subprocess.run(
        command, cwd=ROOT, env=ours, capture_output=True, text=True, timeout=EXAMPLE_S_MAX, check=False
    )


def steps(body: str) -> list[tuple[str, str]]:
    """Return each command of a console block with the output that is shown below it."""
    found: list[tuple[str, str]] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], ""))
        else:
            command, output = found[-1]
            found[-1] = (command, f"{output}{line}\n")
    return found


def matches(expected: str, printed: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("..."))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def test_the_reader_of_console_blocks_compares_what_it_should() -> None:
    assert steps("$ a b\n1\n2\n$ c\n") == [("a b", "1\n2\n"), ("c", "")]
    assert matches("up 3s\n...\ndone", "up 3s\nx\ny\ndone\n")
    assert not matches("up 3s", "up 4s\n")
    assert not matches("", "something")


def test_headings_and_links_are_read_as_a_web_page_shows_them() -> None:
    assert slug("What it is, and `why`") == "what-it-is-and-why"
