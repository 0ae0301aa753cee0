"""The page on security names tests, checks and settings that exist."""

import ast
import re

from entrypoints.doctor.table import CHECKS
from entrypoints.settings import FIELDS
from entrypoints.settings_source import variable
from tests.tidy.sources import ROOT, tree_of

PAGE = (ROOT / "docs" / "SECURITY.md").read_text(encoding="utf-8")
TEST = re.compile(r"`(tests/[a-z_/]+\.py)(?:::([a-z_0-9]+))?`")
GROUPS = "|".join(sorted({check.id.partition(".")[0] for check in CHECKS}))


def test_every_test_that_the_page_names_exists() -> None:
    named = TEST.findall(PAGE)
    assert len(named) > 40
    missing = []
    for path, test in named:
        there = (ROOT / path).is_file()
        known = (
            {node.name for node in ast.walk(tree_of(ROOT / path)) if isinstance(node, Function)}
            if there
            else set()
        )
        missing += [f"{path}::{test}"] if not there or (test and test not in known) else []
    assert missing == []


def test_every_check_of_the_doctor_that_the_page_names_exists() -> None:
    named = set(re.findall(rf"`((?:{GROUPS})\.[a-z_]+)`", PAGE))
    assert len(named) > 15
    assert named - {check.id for check in CHECKS} == set()


def test_every_setting_that_the_page_names_exists() -> None:
    named = set(re.findall(r"OPENCLAW_[A-Z_]+[A-Z]", PAGE)) - {"OPENCLAW_..._FILE"}
    assert named
    assert named - {variable(each.name) for each in FIELDS} == set()


Function = ast.FunctionDef | ast.AsyncFunctionDef
