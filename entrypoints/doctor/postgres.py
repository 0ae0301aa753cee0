"""Checks of the Postgres server: whether it is reached, keeps what it is given, and is not held back.

Not here: what OpenClaw has in it (``schema``), and asking (``adapters.postgres.inspection``).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.postgres.inspection import Trouble
from entrypoints.doctor.evidence import Answers, Evidence
from entrypoints.doctor.verdicts import Check, Verdict, fault, ok, warning

VERSION_MIN, VERSION_ADVISED = 15, 17
CLOCK_S_MAX = 5.0
# A round holds its snapshot for milliseconds; a dump may hold one for long, and is worth knowing of.
SNAPSHOT_S_MAX = 300.0
SNAPSHOT_TRANSACTIONS_MAX = 50_000
DEAD_ROWS_MAX = 50_000
SESSIONS_SHARE_MAX = 0.9
MIB = 1024 * 1024
LEVELS_WITH_STATEMENTS = frozenset(
    {"debug5", "debug4", "debug3", "debug2", "debug1", "info", "notice", "warning", "error"}
)

_REMEDIES: Mapping[str, str] = {
    Trouble.UNREACHABLE: "start Postgres, or correct host and port in OPENCLAW_POSTGRES_URL; "
    "`pg_isready -d <url>` tells whether it answers",
    Trouble.HANGS: "look whether its machine is overloaded or a firewall drops packets; restart Postgres if it hangs",
    Trouble.PASSWORD: "correct user and password in OPENCLAW_POSTGRES_URL; `openclaw migrate --logins FOLDER` gives "
    "the services the passwords that `openclaw provision` made",
    Trouble.NO_ROLE: "let the user of OPENCLAW_POSTGRES_URL log in: `openclaw migrate --logins FOLDER`, or a line in "
    "pg_hba.conf for it",
    Trouble.NO_DATABASE: "createdb the database that OPENCLAW_POSTGRES_URL names, then `openclaw migrate`",
    Trouble.FULL: "raise max_connections in postgresql.conf and restart Postgres, or end sessions that nobody needs",
    Trouble.STARTING: "wait until Postgres has recovered; its log tells how far it is",
    Trouble.TLS: "correct sslmode in OPENCLAW_POSTGRES_URL, or the server's certificate",
}
_WORDS: Mapping[str, str] = {
    Trouble.UNREACHABLE: "does not answer",
    Trouble.HANGS: "takes the connection and does not answer",
    Trouble.PASSWORD: "refuses the user or its password",
    Trouble.NO_ROLE: "does not let the user log in",
    Trouble.NO_DATABASE: "has no such database",
    Trouble.FULL: "has no connection left",
    Trouble.STARTING: "is starting, or stopping",
    Trouble.TLS: "and OpenClaw do not agree on TLS",
}
OWN = "restart `openclaw up`; the server's log is postgres/postgres.log in the data directory"


def _reachable(evidence: Evidence) -> Verdict:
    answers = evidence.postgres
    if answers.trouble is None:
        user = answers["server"][0]["user"]
        return ok(f"{answers.place} answers, to the user {user}")
    kind = answers.trouble.kind
    remedy = OWN if evidence.up_runs and evidence.settings.postgres_url is None else _REMEDIES.get(kind, "")
    words = _WORDS.get(kind, "cannot be asked")
    return fault(f"{answers.place} {words} ({answers.trouble.detail})", remedy)


def _server(evidence: Evidence) -> Mapping[str, Any]:
    found: Mapping[str, Any] = evidence.postgres["server"][0]
    return found


def _setting(answers: Answers, name: str, role: str = "") -> str:
    """Return the server's setting, or what one of our roles gets in its place."""
    return next(
        (str(row["setting"]) for row in answers["settings"] if (row["role"], row["name"]) == (role, name)), ""
    )


def _version(evidence: Evidence) -> Verdict:
    major = evidence.postgres["version"][0]
    if major < VERSION_MIN:
        return fault(f"it is Postgres {major}, which OpenClaw does not support")
    if major < VERSION_ADVISED:
        return warning(
            f"it is Postgres {major}, which does not bound whole transactions: what hangs may hold its chats up"
        )
    return ok(f"it is Postgres {major}")


def _writable(evidence: Evidence) -> Verdict:
    server = _server(evidence)
    if server["in_recovery"]:
        return fault("it is a standby, which only reads", "let OPENCLAW_POSTGRES_URL lead to the primary")
    if server["read_only"]:
        return fault("default_transaction_read_only is on, so nothing can be written")
    return ok("it takes writes")


def _encoding(evidence: Evidence) -> Verdict:
    encoding = _server(evidence)["encoding"]
    if encoding != "UTF8":
        return fault(f"the database's encoding is {encoding}, which cannot keep every text")
    return ok("the database's encoding is UTF8")


def _must_be_on(name: str, harm: str) -> Any:
    """Return the check that a setting is on, for the server and for every role of ours."""

    def judge(evidence: Evidence) -> Iterator[Verdict]:
        found = [
            (row["role"], row["setting"]) for row in evidence.postgres["settings"] if row["name"] == name
        ]
        wrong = [
            (role, setting) for role, setting in found if setting in ("off", "false", "no", "0", "local")
        ]
        for role, setting in wrong:
            whose = f" for {role}" if role else ""
            yield fault(f"{name} is {setting}{whose}, so {harm}", _setting_remedy(name, role))
        if not wrong:
            yield ok(f"{name} is {_setting(evidence.postgres, name)}")

    return judge


def _setting_remedy(name: str, role: str) -> str:
    if role:
        return f"alter role {role} reset {name};"
    return f"alter system set {name} = on; select pg_reload_conf();"


def _log_text(evidence: Evidence) -> Verdict:
    answers = evidence.postgres
    parameters = _setting(answers, "log_parameter_max_length") != "0"
    statements = _setting(answers, "log_statement") in ("mod", "all")
    statements |= _setting(answers, "log_min_duration_statement") not in ("-1", "")
    on_error = _setting(answers, "log_parameter_max_length_on_error") != "0"
    on_error &= _setting(answers, "log_min_error_statement") in LEVELS_WITH_STATEMENTS
    if statements and parameters:
        return warning("it logs statements with their parameters, which hold what people write")
    if on_error:
        return warning("it logs the parameters of statements that fail, which hold what people write")
    return ok("its log holds no parameters")


def _autovacuum(evidence: Evidence) -> Iterator[Verdict]:
    answers = evidence.postgres
    off = [name for name in ("autovacuum", "track_counts") if _setting(answers, name) == "off"]
    for name in off:
        yield fault(
            f"{name} is off, so the queues grow and slow down",
            f"alter system set {name} = on; select pg_reload_conf();",
        )
    tables = [row["table"] for row in answers["queues"] if row["unattended"]]
    for table in tables:
        yield fault(
            f"autovacuum is off for openclaw.{table}, so it grows and slows down",
            f"alter table openclaw.{table} reset (autovacuum_enabled);",
        )
    if not off and not tables:
        yield ok("autovacuum looks after every queue")


def _bloat(evidence: Evidence) -> Verdict:
    bloated = {
        row["table"]: f"openclaw.{row['table']} ({row['dead']} dead rows, {row['live']} live)"
        for row in evidence.postgres["queues"]
        if row["dead"] > max(DEAD_ROWS_MAX, row["live"])
    }
    if bloated:
        return warning(
            f"vacuum does not keep up with {', '.join(bloated.values())}",
            "see postgres.oldest_xmin and postgres.autovacuum, then: "
            + " ".join(f"vacuum (analyze) openclaw.{table};" for table in bloated),
        )
    return ok("dead rows are removed in time")


def _connections(evidence: Evidence) -> Verdict:
    answers, settings = evidence.postgres, evidence.settings
    reserved = ("superuser_reserved_connections", "reserved_connections")
    room = int(_setting(answers, "max_connections")) - sum(int(_setting(answers, n) or 0) for n in reserved)
    # Three services, each with a connection for its metrics, the brain's marks, the scheduler with its three, and an
    # operator's command or two.
    needed = 3 * (settings.postgres_pool_max + 1) + 1 + 3 + 2
    used = int(answers["sessions"][0]["used"] or 0)
    if room < needed:
        return fault(f"max_connections leaves {room} connections, and the services may need {needed}")
    if used > room * SESSIONS_SHARE_MAX:
        return warning(f"{used} of {room} connections are in use")
    return ok(f"{used} of {room} connections are in use")


def _clock(evidence: Evidence) -> Verdict:
    ours_s, theirs_s, took_s = evidence.postgres["clock"]
    off_s = abs(ours_s - theirs_s)
    if off_s - took_s / 2 > CLOCK_S_MAX:
        return fault(
            f"the clocks of this machine and of Postgres differ by {off_s:.0f} s: times that people see are wrong"
        )
    return ok(f"the clocks differ by less than {max(1, round(off_s + took_s)):d} s")


def _oldest_xmin(evidence: Evidence) -> Verdict:
    for row in evidence.postgres["snapshots"]:
        lasts_s = row["lasts_s"]
        who = f"process {row['pid']} of {row['user'] or 'the server'}"
        who += f" ({row['application']})" if row["application"] else ""
        remedy = f"end that transaction, or: select pg_terminate_backend({row['pid']});"
        if lasts_s is not None and lasts_s > SNAPSHOT_S_MAX:
            return warning(
                f"{who} has held a transaction open for {lasts_s:.0f} s, so dead rows stay", remedy
            )
        if row["transactions"] > SNAPSHOT_TRANSACTIONS_MAX:
            return warning(
                f"{who} holds a snapshot that is {row['transactions']} transactions old, so dead rows stay",
                remedy,
            )
    return ok("no snapshot is old")


def _prepared(evidence: Evidence) -> Verdict:
    found = evidence.postgres["prepared"]
    if not found:
        return ok("there are none")
    names = ", ".join(f"'{row['gid']}' of {row['owner']}" for row in found)
    return fault(
        f"prepared transactions are left, which hold locks and keep dead rows, and OpenClaw makes none: {names}",
        " ".join(f"rollback prepared '{row['gid']}';" for row in found),
    )


def _slots(evidence: Evidence) -> Verdict:
    found = evidence.postgres["slots"]
    if not found:
        return ok("no replication slot is unused")
    names = ", ".join(f"{row['slot']} ({row['kept_bytes'] / MIB:.0f} MiB of log)" for row in found)
    return warning(
        f"replication slots that nobody reads keep the log until the disk is full: {names}",
        " ".join(f"select pg_drop_replication_slot('{row['slot']}');" for row in found),
    )


CHECKS = (
    Check("postgres.reachable", "a connection with `OPENCLAW_POSTGRES_URL`, or to the server of a running `up`",
          "Postgres does not answer, hangs, refuses user or password, or has no such database",
          "start Postgres, or correct OPENCLAW_POSTGRES_URL", _reachable),
    Check("postgres.version", "the server's version", "older than 15 (fault) or than 17 (warning)",
          "upgrade Postgres to 17 or later (pg_upgrade, or dump and restore)", _version),
    Check("postgres.writable", "whether the server takes writes", "it is a standby, or read-only by its settings",
          "alter database <name> reset default_transaction_read_only; and the same for the server and the roles",
          _writable),
    Check("postgres.encoding", "the database's encoding", "it is not UTF8",
          "make a new database with `createdb -T template0 -E UTF8`, let OPENCLAW_POSTGRES_URL name it, and "
          "`openclaw migrate`", _encoding),
    Check("postgres.fsync", "`fsync`", "it is off: a crash of the machine may destroy everything",
          "alter system set fsync = on; select pg_reload_conf();",
          _must_be_on("fsync", "a crash of the machine may destroy everything")),
    Check("postgres.synchronous_commit", "`synchronous_commit`, of the server and of each service's role",
          "it is off: a crash loses what was acknowledged", "alter system set synchronous_commit = on; "
          "select pg_reload_conf();", _must_be_on("synchronous_commit", "a crash loses what was acknowledged")),
    Check("postgres.full_page_writes", "`full_page_writes`", "it is off: a crash may leave torn pages",
          "alter system set full_page_writes = on; select pg_reload_conf();",
          _must_be_on("full_page_writes", "a crash may leave torn pages")),
    Check("postgres.log_text", "what the server writes into its log",
          "parameters of statements are logged, and with them what people write",
          "alter system set log_parameter_max_length = 0; alter system set log_parameter_max_length_on_error = 0; "
          "select pg_reload_conf();", _log_text),
    Check("postgres.autovacuum", "`autovacuum` and `track_counts`, and autovacuum of each queue",
          "it is off, so the queues grow", "alter system set autovacuum = on; select pg_reload_conf();", _autovacuum),
    Check("postgres.bloat", "dead rows of the tables that turn over all the time",
          "more than 50,000 rows are dead, and more than are alive",
          "see postgres.oldest_xmin and postgres.autovacuum, then: vacuum (analyze) openclaw.outbox;", _bloat),
    Check("postgres.connections", "`max_connections`, and how many are in use",
          "fewer than the pools of all services may need (fault), or nine in ten are in use (warning)",
          "alter system set max_connections = 100; and restart Postgres, or lower OPENCLAW_POSTGRES_POOL_MAX",
          _connections),
    Check("postgres.clock", "the clocks of this machine and of Postgres", "they differ by more than 5 s",
          "let both machines keep time with NTP: `timedatectl set-ntp true`", _clock),
    Check("postgres.oldest_xmin", "the oldest snapshot of the database",
          "a transaction is open for 5 minutes, or 50,000 transactions old",
          "end the session that is named: select pg_terminate_backend(<its process>);", _oldest_xmin),
    Check("postgres.prepared_transactions", "`pg_prepared_xacts`", "somebody left a prepared transaction",
          "rollback prepared '<its name>';", _prepared),
    Check("postgres.replication_slots", "`pg_replication_slots`", "nobody reads a slot, so the log is kept for ever",
          "select pg_drop_replication_slot('<its name>');", _slots),
)  # fmt: skip
