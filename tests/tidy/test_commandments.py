"""The commandments are kept: every rule names its check, and every check that is named exists.

A check is a test (``path::function``), a file, a row of the check table (``check: name``), or an import contract
(``contract: name``). Whether a check passes is shown by running it.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrypoints.checks import CHECKS
from tests.tidy.sources import ROOT, files, modules, text_of, tree_of

PAGE = Path("docs/COMMANDMENTS.md")
MAP = Path("docs/ARCHITECTURE.md")
PACKAGES = ("domain", "application", "adapters", "entrypoints", "migrations")
ROW = re.compile(r"^\| (?P<number>\d+) \| (?P<rule>.+?) \| (?P<checks>.+?) \|$", re.MULTILINE)
QUOTED = re.compile(r"`([^`]+)`")
# What a document names in backticks and is a file or folder of ours: it has a slash, or a suffix that we use.
PATH = re.compile(
    r"`((?:[\w.-]+/)*[\w.-]+\.(?:py|sql|md|toml|yml|lock|json)|(?:domain|application|adapters|entrypoints|migrations|"
    r"tests|docs|benchmarks)/(?:[\w.-]+/)*)(?:::\w+)?`"
)


def rules() -> list[tuple[str, str, tuple[str, ...]]]:
    found = ROW.finditer(text_of(PAGE))
    return [(row["number"], row["rule"], tuple(QUOTED.findall(row["checks"]))) for row in found]


def contracts() -> set[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]}


def fault_of(check: str) -> str | None:
    """Return why ``check`` is none, or None where it exists."""
    kind, _, name = check.partition(": ")
    if kind == "contract":
        return None if name in contracts() else "pyproject.toml has no such import contract"
    if kind == "check":
        return None if name in {each.name for each in CHECKS} else "entrypoints/checks.py has no such check"
    path, _, function = check.partition("::")
    if Path(path) not in files():
        return "there is no such file"
    if function and function not in functions(Path(path)):
        return "the file has no such function"
    return None


def functions(path: Path) -> set[str]:
    nodes = ast.walk(tree_of(path))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_the_rules_are_numbered_without_a_gap() -> None:
    numbers = [int(number) for number, _, _ in rules()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == len(re.findall(r"^\| \d", text_of(PAGE), re.MULTILINE)), "a row is not read"


def test_every_rule_names_a_check_and_every_check_exists() -> None:
    broken = [f"rule {number} names no check" for number, _, checks in rules() if not checks]
    broken += [
        f"rule {number}: {check}: {fault}"
        for number, _, checks in rules()
        for check in checks
        if (fault := fault_of(check)) is not None
    ]
    assert broken == []


@pytest.mark.parametrize(
    "check",
    [
        "contract: no such contract",
        "check: no such check",
        "tests/none.py",
        "tests/tidy/test_commandments.py::test_that_is_not_there",
    ],
)
def test_a_check_that_does_not_exist_is_noticed(check: str) -> None:
    assert fault_of(check) is not None


def named_paths(page: Path) -> Iterator[str]:
    return (found[1] for found in PATH.finditer(text_of(page)))


def test_the_map_names_only_what_exists() -> None:
    wrong = [
        f"{page}: {name}"
        for page in (MAP, PAGE, *(path for path in files() if path.parts[:2] == ("docs", "adr")))
        for name in named_paths(page)
        if not is_ours(name)
    ]
    assert wrong == []


def is_ours(name: str) -> bool:
    if name.endswith("/"):
        return (ROOT / name).is_dir()
    return Path(name) in files() or ("/" not in name and any(path.name == name for path in files()))


def test_the_map_names_every_module() -> None:
    missing = [
        f"{path} has no line in {MAP}"
        for path in modules()
        if path.parts[0] in PACKAGES and path.name != "__init__.py" and not has_line(path)
    ]
    assert missing == []


def has_line(path: Path) -> bool:
    """Tell whether the map's section for the module's package has a row for the module."""
    sections = re.split(r"^#{2,4} ", text_of(MAP), flags=re.MULTILINE)
    folder = f"`{path.parent}/`"
    rows = [section for section in sections if section.partition("\n")[0].startswith(folder)]
    return any(f"| `{path.stem}` |" in section for section in rows)
