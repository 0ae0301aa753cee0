"""``python -m entrypoints.schema``: writes or checks ``migrations/schema.sql``, the schema that all migrations make.

``write`` replays the migrations on a Postgres of its own and writes what they made, ``check`` compares. Reviewers read
a change of the schema there, whole. Exit code 0: fine; 1: stale, told on standard error; 2: wrong usage. Not here:
migrating (``adapters.postgres.migrate``).
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from adapters.embedded.postgres import EmbeddedPostgres, installed_programs
from adapters.postgres.migrate import migrate_sync

SNAPSHOT = Path(__file__).resolve().parent.parent / "migrations" / "schema.sql"
_HEAD = (
    "-- What the migrations make, from an empty database. Written by: python -m entrypoints.schema write\n"
)
_DUMP_TIMEOUT_S = 60
# Settings of the dumping session, and a random word that newer versions of pg_dump put around a dump.
_NOISE = re.compile(
    r"^(?:--.*|SET .*;|SELECT pg_catalog\.set_config.*;|\\(?:un)?restrict .*)$\n?", re.MULTILINE
)


def schema_of(url: str) -> str:
    """Return the schema of the database at ``url`` (its owner's), the same text for the same schema.

    The audit's partitions of single months are left out, since they follow from the date. Raises RuntimeError where
    ``pg_dump`` fails.
    """
    parts = urlsplit(url)
    bare = urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", "@")))
    done = subprocess.run(
        [
            str(installed_programs() / "bin" / "pg_dump"),
            "--schema-only",
            "--no-owner",
            "--schema=openclaw",
            "--exclude-table=openclaw.audit_2*",
            bare,
        ],
        env={**os.environ, "PGPASSWORD": unquote(parts.password or "")},
        capture_output=True,
        text=True,
        check=False,
        timeout=_DUMP_TIMEOUT_S,
    )
    if done.returncode != 0:
        raise RuntimeError(f"pg_dump failed: {done.stderr.strip()}")
    lines = _NOISE.sub("", done.stdout)
    return _HEAD + "\n" + re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"


def replayed() -> str:
    """Return the schema that the migrations make on a Postgres that is started for it and removed again."""
    with tempfile.TemporaryDirectory(prefix="openclaw-schema-") as folder:
        server = EmbeddedPostgres(Path(folder))
        server.start()
        try:
            migrate_sync(server.admin_url)
            return schema_of(server.admin_url)
        finally:
            server.stop()


def main(argv: Sequence[str]) -> int:
    """Run one command and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m entrypoints.schema", description="The schema that all migrations make."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("write", help="replay the migrations and write what they made")
    commands.add_parser("check", help="replay the migrations and compare")
    command = parser.parse_args(argv).command
    found = replayed()
    if command == "write":
        SNAPSHOT.write_text(found, encoding="utf-8")
    elif not SNAPSHOT.exists() or SNAPSHOT.read_text(encoding="utf-8") != found:
        print(f"migrations/{SNAPSHOT.name}: stale; run: python -m entrypoints.schema write", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
