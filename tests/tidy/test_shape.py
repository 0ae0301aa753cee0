"""The shape that every file keeps: short, explained, and tests without naps."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.tidy.sources import files, modules, text_of, tree_of

FUNCTION_LINES_MAX = 60
MODULE_LINES_MAX = 400
# A poll of a condition, within a bounded loop, may wait this long between two looks.
# Tests of the simulated event loop, on which sleeping takes no time.
SIMULATED = ("simulation",)
POLL_S_MAX = 0.01
# Instants that are Postgres's own, in statements; doctor asks for these on purpose, of databases of any age.
OWN_CLOCK = re.compile(
    r"(?<![.\w])(now|clock_timestamp|transaction_timestamp|statement_timestamp)\(\)|\bcurrent_(timestamp|date|time)\b"
)
ANY_AGE = frozenset({"adapters/postgres/inspection.sql", "adapters/postgres/backup.sql"})
REGISTRY = re.compile(r"://|index-url|find-links|trusted-host|extra-index")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(tree_of(path)) if isinstance(node, Function))


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{path}:{each.lineno} {each.name}: {lines} lines"
        for path in modules()
        for each in functions(path)
        if (lines := (each.end_lineno or each.lineno) - each.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_no_module_is_too_long() -> None:
    lengths = {path: len(text_of(path).splitlines()) for path in modules()}
    assert [f"{path}: {lines} lines" for path, lines in lengths.items() if lines > MODULE_LINES_MAX] == []


def test_every_module_opens_by_saying_what_it_is_for() -> None:
    silent = [
        str(path) for path in modules() if text_of(path).strip() and not ast.get_docstring(tree_of(path))
    ]
    assert silent == []


def test_the_lock_files_name_no_registry_and_pin_every_package_by_hash() -> None:
    locks = [path for path in files() if path.suffix == ".lock"]
    assert locks
    for lock in locks:
        lines = text_of(lock).splitlines()
        assert [line for line in lines if REGISTRY.search(line)] == [], lock
        packages = [line for line in lines if line and not line.startswith((" ", "#"))]
        unpinned = [
            line for line in packages if not re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==\S+ .*\\$", line)
        ]
        assert unpinned == [], lock
        assert text_of(lock).count("--hash=sha256:") >= len(packages), lock


def test_no_test_sleeps() -> None:
    naps = [
        f"{path}:{call.lineno}: {ast.unparse(call)}; wait for the event instead"
        for path in modules()
        if path.parts[0] == "tests" and path.parts[1] not in SIMULATED
        for call in ast.walk(tree_of(path))
        if isinstance(call, ast.Call) and _is_nap(call)
    ]
    assert naps == []


def _is_nap(call: ast.Call) -> bool:
    if ast.unparse(call.func) not in ("time.sleep", "asyncio.sleep", "sleep", "anyio.sleep") or not call.args:
        return False
    seconds = call.args[0]
    return isinstance(seconds, ast.Constant) and float(seconds.value) > POLL_S_MAX


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    marks = re.compile(r"\b(?:mark\.(?:skip|skipif|xfail)|pytest\.(?:skip|xfail|importorskip)\()")
    found = [
        f"{path}:{number}"
        for path in modules()
        if path.parts[0] == "tests" and path.name != Path(__file__).name
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if marks.search(line)
    ]
    assert found == []


def test_nothing_is_left_to_be_done_later() -> None:
    # Put together here, so that this line does not find itself.
    later = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")
    found = [
        f"{path}:{number}"
        for path in files()
        if path.suffix in (".py", ".md", ".sql", ".toml", ".yml", ".sh")
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if later.search(line)
    ]
    assert found == []


def test_no_statement_and_no_later_migration_has_a_clock_of_its_own() -> None:
    """Migrations before the clock were moved to it by the one that made it."""
    found = [
        f"{path}:{number}: {line.strip()}"
        for path in files()
        if path.suffix == ".sql" and path.parts[0] in ("adapters", "migrations") and str(path) not in ANY_AGE
        and not path.name.startswith(("0001", "0002", "0003", "0004", "schema"))
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if OWN_CLOCK.search(line.partition("--")[0])
    ]  # fmt: skip
    assert found == []


def test_the_schema_has_no_clock_of_its_own() -> None:
    lines = text_of(Path("migrations/schema.sql")).splitlines()
    assert [line for line in lines if OWN_CLOCK.search(line)] == []
