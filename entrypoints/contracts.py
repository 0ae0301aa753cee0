"""``python -m entrypoints.contracts``: writes the published contracts, or checks them.

``write`` makes every file under ``docs`` that follows from the catalogue, ``check`` names each that is stale,
``compat`` refuses what would break a published contract. Exit code 0: fine; 1: a fault, told on standard error;
2: wrong usage. Not here: what the files say (``adapters.contracts``).
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from adapters.contracts import BASELINE, SCHEMAS, breaches, generated, pinned_form
from domain.catalogue import CATALOGUE

ROOT = Path(__file__).resolve().parent.parent
_REMEDY = "run: python -m entrypoints.contracts write"


def main(argv: Sequence[str], root: Path = ROOT) -> int:
    """Run one command on the documents under ``root`` and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m entrypoints.contracts", description="The published contracts of all events."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("write", help="make the documents from the catalogue, unless that breaks a contract")
    commands.add_parser("check", help="name each document that does not follow from the catalogue")
    commands.add_parser("compat", help="name each change that breaks a published contract")
    command = parser.parse_args(argv).command
    faults = {"write": _write, "check": _stale, "compat": _breaches}[command](root)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _breaches(root: Path) -> list[str]:
    path = root / BASELINE
    if not path.exists():
        return [f"{BASELINE}: missing; restore it from version control, since it says what was published"]
    return breaches(json.loads(path.read_text(encoding="utf-8")), pinned_form(CATALOGUE))


def _write(root: Path) -> list[str]:
    if (root / BASELINE).exists() and (faults := _breaches(root)):
        return faults
    for path, text in generated().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    for path in _surplus(root):
        (root / path).unlink()
    return []


def _stale(root: Path) -> list[str]:
    faults = []
    for path, text in generated().items():
        file = root / path
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            faults.append(f"{path}: stale; {_REMEDY}")
    return faults + [f"{path}: no such type any more; {_REMEDY}" for path in _surplus(root)]


def _surplus(root: Path) -> list[str]:
    present = sorted(f"{SCHEMAS}/{file.name}" for file in (root / SCHEMAS).glob("*.schema.json"))
    return [path for path in present if path not in generated()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
