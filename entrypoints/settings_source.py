"""Where the texts of the settings come from: the environment, ``.env``, and files that hold one secret each.

Not here: what the texts mean (``settings``).
"""

import difflib
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from attrs import define, field, frozen
from dotenv.parser import parse_stream

PREFIX = "OPENCLAW_"
FILE_SUFFIX = "_FILE"
ENV_FILE = f"{PREFIX}ENV_FILE"
# Variables with our prefix that are no settings: this one, the start script's, that of ``crash``, those of the tests.
OTHER_VARIABLES = frozenset({ENV_FILE, f"{PREFIX}PYTHON", f"{PREFIX}CRASH_AT", f"{PREFIX}POISON"})
TEST_PREFIX = f"{PREFIX}TEST_"
SECRET_BYTES_MAX = 65536


def variable(name: str) -> str:
    """Return the variable of a settings field."""
    return PREFIX + name.upper()


@frozen
class Sources:
    """What may be set: the names of all fields, and of those that a file may hold."""

    names: frozenset[str]
    secrets: frozenset[str]


@define
class Texts:
    """The text of each field that is set, by field name, and the faults found on the way."""

    texts: dict[str, str] = field(factory=dict)
    faults: list[str] = field(factory=list)
    faulty: set[str] = field(factory=set)

    def fault(self, name: str, wording: str) -> None:
        """Note a fault of the field ``name``."""
        self.faulty.add(name)
        self.faults.append(f"{variable(name)}: {wording}")


def read_sources(environ: Mapping[str, str], folder: Path, sources: Sources) -> Texts:
    """Return the texts of all fields that are set. An empty variable counts as not set."""
    found = Texts()
    variables = _env_file(environ, folder, found) | {
        name: text for name, text in environ.items() if name.startswith(PREFIX)
    }
    variables = {name: text.strip() for name, text in variables.items() if text.strip()}
    known = {variable(name): name for name in sources.names}
    in_files = {variable(name) + FILE_SUFFIX: name for name in sources.secrets}
    for name, text in sorted(variables.items()):
        if name in known:
            found.texts[known[name]] = text
        elif name not in in_files and name not in OTHER_VARIABLES and not name.startswith(TEST_PREFIX):
            found.faults.append(f"{shown(name)}: unknown{_suggestion(name, [*known, *in_files])}")
    for name, field_name in sorted(in_files.items()):
        if name in variables:
            _secret_file(folder / variables[name], field_name, found)
    return found


def _secret_file(path: Path, name: str, found: Texts) -> None:
    """Take the text of a field from a file such as a mounted secret."""
    if name in found.texts:
        del found.texts[name]
        found.fault(name, f"set twice, here and as {variable(name)}{FILE_SUFFIX}; keep one")
        return
    try:
        with path.open("rb") as file:
            text = file.read(SECRET_BYTES_MAX).decode().strip()
    except (OSError, ValueError) as error:
        found.fault(name, f"the file that {variable(name)}{FILE_SUFFIX} names cannot be read ({_why(error)})")
        return
    if text:
        found.texts[name] = text
    else:
        found.fault(name, f"the file that {variable(name)}{FILE_SUFFIX} names is empty")


def _env_file(environ: Mapping[str, str], folder: Path, found: Texts) -> dict[str, str]:
    """Return our variables from the file that OPENCLAW_ENV_FILE names, else from ``.env`` if there is one.

    Nothing is interpolated: a ``$`` in a password stays a ``$``.
    """
    named = environ.get(ENV_FILE, "").strip()
    path = folder / (named or ".env")
    try:
        content = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if named:
            found.faults.append(f"{ENV_FILE}: names a file that does not exist")
        return {}
    except (OSError, UnicodeDecodeError) as error:
        found.faults.append(f"{ENV_FILE if named else '.env'}: cannot be read ({_why(error)})")
        return {}
    variables = {}
    for line in parse_stream(StringIO(content)):
        if line.error:
            found.faults.append(f"{shown(path.name)}, line {line.original.line}: must be NAME=value")
        elif line.key is not None and line.key.startswith(PREFIX):
            variables[line.key] = line.value or ""
    return variables


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return (error.strerror or "unreadable").lower()
    return "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "no path"


def shown(name: str) -> str:
    """Return a name that somebody made up as it may be printed."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in name)


def _suggestion(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return f"; did you mean {near[0]}?" if near else "; see .env.example for all names"
