"""Directories, secrets and sockets of the embedded servers, for their owner's eyes only.

Not here: what the servers keep in them.
"""

import os
import secrets
import socket
import stat
import tempfile
from pathlib import Path

from adapters.embedded.errors import EmbeddedServerError

# sun_path holds 108 bytes with its closing zero on Linux, 104 on macOS (unix(7), unix(4)).
SOCKET_PATH_BYTES_MAX = 103
PASSWORD_BYTES = 24


def private_dir(path: Path, owner: tuple[int, int] | None = None) -> Path:
    """Make ``path`` a directory of mode 0700, given to ``owner`` (uid, gid) where one is named; return it."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        if owner is not None:
            os.chown(path, *owner)
    except OSError as fault:
        raise EmbeddedServerError(
            f"{path} cannot be made a private directory ({fault.strerror}); choose another data directory"
        ) from fault
    return path


def private_file(path: Path, text: str, owner: tuple[int, int] | None = None) -> None:
    """Replace the file with ``text``, mode 0600 from its first moment, in one step."""
    staged = path.with_name(path.name + ".new")
    staged.unlink(missing_ok=True)
    handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        if owner is not None:
            os.fchown(handle, *owner)
        file.flush()
        os.fsync(handle)
    staged.replace(path)


def kept_secret(data_dir: Path, name: str) -> str | None:
    """Return the secret ``<data_dir>/secrets/<name>``; None where none is kept."""
    path = data_dir / "secrets" / name
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise EmbeddedServerError(
            f"the secret {path} cannot be read ({fault.strerror}); start as the user who made it"
        ) from fault


def new_secret() -> str:
    """Return a random secret: 32 URL-safe characters."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def secret(data_dir: Path, name: str) -> str:
    """Return the secret ``<data_dir>/secrets/<name>``, made at random on first use."""
    path = private_dir(data_dir / "secrets") / name
    kept = kept_secret(data_dir, name)
    if kept is None:
        kept = new_secret()
        private_file(path, kept + "\n")
    return kept


def socket_dir(preferred: Path, name: str, owner: tuple[int, int] | None = None) -> Path:
    """Return a private directory in which a unix socket called ``name`` fits the system's limit.

    That is ``preferred``; where its path is too long, a short directory of our own under the system's temporary
    directory, remembered beside ``preferred`` so that the next start finds it again.
    """
    if len(os.fsencode(preferred / name)) <= SOCKET_PATH_BYTES_MAX:
        return private_dir(preferred, owner)
    note = preferred.with_name(preferred.name + ".path")
    uid = owner[0] if owner is not None else os.geteuid()
    if note.exists():
        kept = Path(note.read_text(encoding="utf-8"))
        if _is_private(kept, uid):
            return kept
    short = Path(tempfile.mkdtemp(prefix="openclaw-", dir="/tmp"))
    if len(os.fsencode(short / name)) > SOCKET_PATH_BYTES_MAX:
        raise EmbeddedServerError(
            f"{preferred / name} is too long for a unix socket; use a shorter data directory"
        )
    private_file(note, str(short))
    return private_dir(short, owner)


def forget_short_socket_dir(preferred: Path) -> None:
    """Remove the short directory that ``socket_dir`` may have made in place of ``preferred``."""
    note = preferred.with_name(preferred.name + ".path")
    if not note.exists():
        return
    short = Path(note.read_text(encoding="utf-8"))
    for left in short.glob("*"):
        left.unlink(missing_ok=True)
    if short.exists():
        short.rmdir()
    note.unlink()


def _is_private(path: Path, uid: int) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == uid and stat.S_IMODE(found.st_mode) == 0o700


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
