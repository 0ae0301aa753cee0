"""The data directory of one installation: private, used by one ``up`` at a time, and telling others what runs there.

``lock`` holds the process id of its holder, ``run.json`` where the servers are, ``secrets/`` the passwords, and
``format`` the number of this arrangement. Not here: the servers and what they keep (``adapters.embedded``).
"""

import errno
import fcntl
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

from attrs import asdict, field, frozen

from adapters.embedded.files import kept_secret, private_dir, private_file, secret
from domain.errors import OpenClawError

# How long the processes of a killed holder may take to be gone; they hold the lock with it.
HANDOVER_S = 10.0
# One of these is made before anything else.
OURS = frozenset({"lock", "secrets"})
HANDOVER_WAIT_S = 0.05
# How a data directory is arranged. One without the file ``format`` is of number 1, from before there was the file.
FORMAT = 1


class DataDirBusy(OpenClawError):
    """Another process uses the data directory. The text names it and how to stop it."""


class NotOurDirectory(OpenClawError):
    """The directory holds files and none of ours: making it private would lock others out of theirs."""


class NewerDataDir(OpenClawError):
    """The directory is arranged in a way that only a newer OpenClaw knows."""


@frozen
class RunInfo:
    """What runs in a data directory: the supervisor and where the servers are, by URLs without passwords."""

    pid: int
    database_url: str
    redis_url: str
    details: Mapping[str, str] = field(factory=dict)


class DataDir:
    """A data directory at ``path``, made on first use with mode 0700."""

    def __init__(self, path: Path) -> None:
        """Make the directory where it is missing.

        Raises EmbeddedServerError when it cannot be private, NotOurDirectory when others keep something there,
        NewerDataDir when a newer OpenClaw arranged it.
        """
        _refuse_foreign(path.expanduser().absolute())
        _refuse_newer(path.expanduser().absolute())
        self.path = private_dir(path.expanduser().absolute())
        self._lock: int | None = None

    def secret(self, name: str) -> str:
        """Return the secret of that name, made at random on first use."""
        return secret(self.path, name)

    def secrets(self) -> tuple[str, ...]:
        """Return every secret that was made so far, for hiding them."""
        kept = (kept_secret(self.path, path.name) for path in sorted((self.path / "secrets").glob("*")))
        return tuple(text for text in kept if text is not None)

    def acquire(self) -> None:
        """Take the directory for this process and its children. Raises DataDirBusy."""
        handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + HANDOVER_S
        while not _try_lock(handle, fcntl.LOCK_EX):
            holder = _pid_in(handle)
            # A dead holder's children are about to end with it; a live holder keeps the directory.
            if (holder is not None and _is_alive(holder)) or time.monotonic() > deadline:
                os.close(handle)
                raise DataDirBusy(_busy_text(self.path, holder))
            time.sleep(HANDOVER_WAIT_S)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode("ascii"), 0)
        self._lock = handle
        (self.path / "run.json").unlink(missing_ok=True)
        if not (self.path / "format").exists():
            private_file(self.path / "format", f"{FORMAT}\n")

    def release(self) -> None:
        """Give the directory back, and with it the note of what runs; fine if it is not taken."""
        if self._lock is None:
            return
        (self.path / "run.json").unlink(missing_ok=True)
        os.ftruncate(self._lock, 0)
        os.close(self._lock)
        self._lock = None

    def __enter__(self) -> "DataDir":
        """Take the directory. Raises DataDirBusy."""
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self.release()

    def write_run(self, info: RunInfo) -> None:
        """Note what runs, for the other commands."""
        private_file(self.path / "run.json", json.dumps(asdict(info), indent=2) + "\n")

    def read_run(self) -> RunInfo | None:
        """Return what runs here now; None when nothing does, whatever a killed run left written."""
        try:
            noted = json.loads((self.path / "run.json").read_text(encoding="utf-8"))
            handle = os.open(self.path / "lock", os.O_RDONLY | os.O_CLOEXEC)
        except (OSError, ValueError):
            return None
        try:
            return None if _try_lock(handle, fcntl.LOCK_SH) else RunInfo(**noted)
        finally:
            os.close(handle)


def with_login(url: str, user: str, password: str) -> str:
    """Return the URL of a server with user and password put in."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{host}").geturl()


def _refuse_foreign(path: Path) -> None:
    try:
        names = {each.name for each in path.iterdir()} if path.is_dir() else set()
    except OSError:
        # Told with its reason by whoever makes it private.
        return
    if names and not names & OURS:
        raise NotOurDirectory(
            f"{path} holds files that are not OpenClaw's; choose a new or empty data directory"
        )


def _refuse_newer(path: Path) -> None:
    try:
        found = (path / "format").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        # Missing, or told with its reason by whoever makes the directory private.
        return
    if found.isdigit() and int(found) > FORMAT:
        raise NewerDataDir(
            f"{path} was arranged by a newer OpenClaw (format {found}, and this one knows {FORMAT}); run that "
            "version, or restore a backup from before the upgrade into another data directory"
        )


def _busy_text(path: Path, holder: int | None) -> str:
    if holder is None:
        return f"another OpenClaw uses {path}; stop it, or choose another data directory"
    return (
        f"OpenClaw already runs in {path} (process {holder}); stop it with Ctrl-C in its terminal or "
        f"with `kill {holder}`, or choose another data directory"
    )


def _try_lock(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except OSError as fault:
        if fault.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise
    return True


def _pid_in(handle: int) -> int | None:
    text = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
    return int(text) if text.isdigit() else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
