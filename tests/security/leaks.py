"""What looks like a secret in the files of a repository, today's and those of its history.

Not here: which findings are none (``test_repository``).
"""

import math
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from attrs import frozen

# Where a test or a document needs something shaped like a secret, the line says so with this word.
PLANTED = "planted"
# Files that hold secrets by their nature, whatever is in them.
NAMES = re.compile(
    r"(?:^|/)(?:\.env(?!\.example$)(?:\..*)?|\.netrc|\.pgpass|\.pypirc|\.npmrc|\.htpasswd|id_(?:rsa|dsa|ecdsa|ed25519)"
    r"|users\.acl|.*\.(?:pem|key|p12|pfx|jks|keystore|kdbx|ppk))$"
)
_NAMED = (
    r"(?:[a-z]+[_-])*(?:password|passwd|secret|token|api[_-]?key|private[_-]?key|credentials?)(?:[_-][a-z]+)*"
)
SHAPES = (
    ("a bot token", re.compile(r"(?<![A-Za-z0-9])[0-9]{6,12}:(?P<word>[A-Za-z0-9_-]{30,})")),
    ("a private key", re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-")),
    (
        "an API key",
        re.compile(
            r"\b(?:sk-[A-Za-z0-9_-]{20,}|(?:gh[pousr]|glpat|npm|hf|xox[a-z])[_-][A-Za-z0-9-]{20,}"
            r"|github_pat_[A-Za-z0-9_]{22,}|AKIA[0-9A-Z]{16}|AIza[A-Za-z0-9_-]{35}|pypi-[A-Za-z0-9_-]{40,}"
            r"|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})"
        ),
    ),
    (
        "a password in a URL",
        re.compile(r"\b[a-z][a-z0-9+.-]*://[A-Za-z0-9_.%-]*:(?P<word>[A-Za-z0-9_.~%!+-]{6,})@[A-Za-z0-9\[/]"),
    ),
    (
        "a secret that is set",
        re.compile(
            rf"(?i)\b{_NAMED}[\"']?\s*(?:=|:)\s*[\"']?(?P<word>[A-Za-z0-9+/_~.-]{{16,}}=*)(?=[\"'\s,)#]|$)"
        ),
    ),
    (
        "a random word",
        re.compile(r"(?<![A-Za-z0-9+/_=-])(?P<word>[A-Za-z0-9+/_-]{28,}={0,2})(?![A-Za-z0-9+/_=-])"),
    ),
)
# How many bits a character a word has at least, and how many of capitals, small letters and digits. 28 random
# characters out of 64 have more than 4.2 bits each; names and paths have less, or only letters.
RANDOM = {"a random word": (4.2, 3), "a secret that is set": (3.0, 2), "a bot token": (3.0, 2)}
LINE_CHARS_MAX = 20_000


@frozen
class Leak:
    """Something that looks like a secret: where it stands, what it looks like, and the word itself."""

    place: str
    kind: str
    word: str

    def __str__(self) -> str:
        # The word is not repeated: who reads this may be a log.
        return f"{self.place}: looks like {self.kind}"


def leaks_in(path: str, content: bytes) -> Iterator[Leak]:
    """Yield what looks like a secret in a file."""
    if NAMES.search(path):
        yield Leak(path, "a file that holds secrets", PurePosixPath(path).name)
    if b"\0" in content[:8000]:
        return
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        for start in range(0, len(line), LINE_CHARS_MAX):
            yield from _leaks_in_line(f"{path}:{number}", line[start : start + LINE_CHARS_MAX + 200])


def _leaks_in_line(place: str, line: str) -> Iterator[Leak]:
    if PLANTED in line:
        return
    for kind, shape in SHAPES:
        for found in shape.finditer(line):
            word = found.groupdict().get("word") or found[0]
            if _is_random(word, *RANDOM.get(kind, (0.0, 0))):
                yield Leak(place, kind, word)
                return


def _is_random(word: str, bits_min: float, kinds_min: int) -> bool:
    kinds = (str.isupper, str.islower, str.isdigit)
    if sum(any(kind(char) for char in word) for kind in kinds) < kinds_min:
        return False
    if kinds_min and not any(char.isdigit() for char in word):
        return False
    counts = Counter(word)
    return -sum(n / len(word) * math.log2(n / len(word)) for n in counts.values()) >= bits_min


def tracked(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file that git keeps or would add, with what is in it now; without git, every file."""
    if not (root / ".git").exists():
        for path in sorted(each for each in root.rglob("*") if each.is_file()):
            yield str(path.relative_to(root)), path.read_bytes()
        return
    listed = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in sorted(set(listed.decode().split("\0"))):
        if name and (root / name).is_file():
            yield name, (root / name).read_bytes()


def history(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every version of every file that any commit holds, once."""
    named: dict[str, str] = {}
    for line in _git(root, "rev-list", "--objects", "--all").decode("utf-8", "replace").splitlines():
        number, _, path = line.partition(" ")
        named.setdefault(number, path)
    asked = "".join(f"{number}\n" for number, path in named.items() if path).encode()
    answer = _git(root, "cat-file", "--batch", given=asked)
    start = 0
    while start < len(answer):
        end = answer.index(b"\n", start)
        number, kind, size = answer[start:end].decode().split()
        start = end + 1
        if kind == "blob":
            yield named[number], answer[start : start + int(size)]
        start += int(size) + 1


def messages(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the message of every commit."""
    for entry in _git(root, "log", "--all", "--format=%h%x00%B%x01").split(b"\x01"):
        number, _, text = entry.strip().partition(b"\0")
        if number:
            yield f"commit {number.decode()}", text


def scan(files: Iterable[tuple[str, bytes]], allowed: Iterable[str] = ()) -> list[Leak]:
    """Return what looks like a secret in files, but for the words that are allowed."""
    fine = frozenset(allowed)
    return [leak for path, content in files for leak in leaks_in(path, content) if leak.word not in fine]


def _git(root: Path, *arguments: str, given: bytes = b"") -> bytes:
    """Return what git prints; nothing where there is no repository, as in an archive of the files."""
    if not (root / ".git").exists():
        return b""
    # The checkout may belong to another user than the one who runs the tests.
    command = ["git", "-c", "safe.directory=*", "-C", str(root), *arguments]
    return subprocess.run(command, input=given, capture_output=True, check=True, timeout=60.0).stdout
