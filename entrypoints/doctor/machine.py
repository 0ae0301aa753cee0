"""Checks of this machine and of the data directory.

Not here: the servers that keep their data there.
"""

from entrypoints.data_dir import FORMAT
from entrypoints.doctor.evidence import DataFacts, Evidence
from entrypoints.doctor.verdicts import Check, NotKnown, Verdict, fault, ok, warning

MIB = 1024 * 1024
DISK_FAULT_BYTES = 200 * MIB
DISK_WARNING_BYTES = 1024 * MIB
# What a process opens beside its connections: libraries, logs, listening sockets, webhooks that come in at once.
OTHER_FILES = 256
OTHERS_BITS = 0o077


def _disk(evidence: Evidence) -> Verdict:
    machine = evidence.machine
    if machine.disk is None:
        raise NotKnown("this machine does not tell in time")
    free, total = machine.disk
    told = f"{free // MIB} MiB of {total // MIB} MiB are free where {machine.disk_of} lies"
    if free < DISK_FAULT_BYTES:
        return fault(f"{told}; a full disk stops Postgres and Valkey")
    if free < DISK_WARNING_BYTES:
        return warning(told)
    return ok(told)


def _open_files(evidence: Evidence) -> Verdict:
    settings, limit = evidence.settings, evidence.machine.files_max
    needed = OTHER_FILES + settings.sender_concurrency + settings.postgres_pool_max + settings.redis_pool_max
    if limit < needed:
        return fault(
            f"a process may open {limit} files, and a service may need {needed}",
            f"ulimit -n {max(4096, needed)} before the start, or LimitNOFILE={max(4096, needed)} in the systemd unit",
        )
    return ok(f"a process may open {limit} files")


def _data(evidence: Evidence) -> DataFacts:
    """Return what is known of the data directory. Raises NotKnown where there is none or it cannot be looked at."""
    data = evidence.data
    if data.fault:
        raise NotKnown(f"{data.shown} cannot be looked at")
    if not data.exists:
        raise NotKnown(f"there is no {data.shown} yet; `openclaw up` makes it")
    return data


def _access(evidence: Evidence) -> Verdict:
    data, user = evidence.data, evidence.machine.user
    if data.fault:
        return fault(f"{data.shown} cannot be looked at ({data.fault})")
    known = _data(evidence)
    if known.owner != user and user != 0:
        return fault(f"{data.shown} belongs to the user with id {known.owner}, and this is {user}")
    return ok(f"{data.shown} is there and ours" if known.owner == user else f"{data.shown} is there")


def _foreign(evidence: Evidence) -> Verdict:
    data = _data(evidence)
    if data.foreign:
        return fault(f"{data.shown} holds files that are not OpenClaw's, so `openclaw up` refuses it")
    return ok(f"{data.shown} is OpenClaw's")


def _private(evidence: Evidence) -> Verdict:
    data = _data(evidence)
    if data.foreign:
        raise NotKnown(f"{data.shown} is not OpenClaw's")
    names = [each.shown for each in data.secrets if each.mode & OTHERS_BITS]
    names = [data.shown] * bool(data.mode & OTHERS_BITS) + names
    if names:
        return fault(
            f"other users of this machine may get at {', '.join(names)}",
            f"chmod go-rwx {' '.join(names)}; if others were logged in meanwhile, renew the passwords "
            "(docs/DEPLOYMENT.md)",
        )
    return ok(f"{data.shown} and its secrets are for their owner only")


def _format(evidence: Evidence) -> Verdict:
    data = _data(evidence)
    if data.format > FORMAT:
        return fault(
            f"{data.shown} was arranged by a newer OpenClaw (format {data.format}, and this one knows {FORMAT})"
        )
    return ok(f"{data.shown} is arranged as this OpenClaw knows it")


def _postgres_major(evidence: Evidence) -> Verdict:
    data = _data(evidence)
    if data.postgres_data is None:
        raise NotKnown(f"{data.shown} has no Postgres")
    if data.postgres_here is None:
        raise NotKnown("this installation has no Postgres of its own")
    if data.postgres_data > data.postgres_here:
        return fault(
            f"{data.shown} was made by a newer OpenClaw: its data is of Postgres {data.postgres_data}, and this is "
            f"Postgres {data.postgres_here}",
            "run the newer OpenClaw again, or set OPENCLAW_DATA_DIR to another directory",
        )
    if data.postgres_data < data.postgres_here:
        return fault(
            f"{data.shown} holds data of Postgres {data.postgres_data}, and this is Postgres {data.postgres_here}",
            "run `openclaw backup` with the OpenClaw that wrote it and `openclaw restore` here, or set "
            "OPENCLAW_DATA_DIR to another directory",
        )
    return ok(f"data and program are of Postgres {data.postgres_here}")


def _lock(evidence: Evidence) -> Verdict:
    data = _data(evidence)
    if data.holder is None:
        return ok(f"nothing runs in {data.shown}")
    holder = f"process {data.holder}" if data.holder else "a process that does not tell its id"
    if evidence.up_runs and data.described:
        return ok(f"`openclaw up` runs in {data.shown} ({holder})")
    return warning(
        f"{holder} holds {data.shown} and does not tell what runs there: it is starting, or it hangs",
        f"wait a minute and look again; then end it with `kill {data.holder or '<its id>'}`",
    )


CHECKS = (
    Check("machine.disk", "free space where the data directory lies",
          "less than 200 MiB (fault) or 1 GiB (warning) is free",
          "free some space, or set OPENCLAW_DATA_DIR to a larger disk", _disk),
    Check("machine.open_files", "how many files a process may open (`ulimit -n`)",
          "a service may need more, by its pools and its calls in flight",
          "ulimit -n 4096 before the start, or LimitNOFILE=4096 in the systemd unit", _open_files),
    Check("data.access", "whether the data directory may be entered, and whose it is",
          "it belongs to another user, who started `openclaw up`",
          "run OpenClaw as the user who owns it, or `chown -R` it to this one while nothing runs", _access),
    Check("data.foreign", "what lies in the data directory", "files are there, and none of them OpenClaw's",
          "set OPENCLAW_DATA_DIR to a new or empty directory", _foreign),
    Check("data.private", "the permissions of the data directory and its secrets",
          "other users of the machine may read the passwords or the data",
          "chmod -R go-rwx the data directory", _private),
    Check("data.format", "how the data directory is arranged", "a newer OpenClaw arranged it",
          "run the newer OpenClaw, or restore a backup made before the upgrade into another OPENCLAW_DATA_DIR",
          _format),
    Check("data.postgres_major", "which Postgres wrote the data, and which is installed",
          "they differ, so that Postgres does not start: a newer OpenClaw made the data, or a much older one",
          "run the OpenClaw that made it, or set OPENCLAW_DATA_DIR to another directory", _postgres_major),
    Check("data.lock", "who holds the data directory", "a process holds it and does not tell what runs there",
          "wait a minute and look again; then end that process", _lock),
)  # fmt: skip
