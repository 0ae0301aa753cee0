"""Checks of what OpenClaw has in Postgres: schema, roles, rights, row security, partitions.

What should be there is read from ``migrations/schema.sql``. Not here: the server itself (``postgres``).
"""

from collections.abc import Iterable, Iterator
from functools import cache

from adapters.postgres.inspection import Trouble, parts_of_schema
from adapters.postgres.roles import SERVICES, role_of
from adapters.postgres.schema import newest_version
from entrypoints.doctor.evidence import Evidence
from entrypoints.doctor.verdicts import Check, NotKnown, Verdict, fault, ok

SHOWN_MAX = 4
_TO = " to "


@cache
def _expected() -> frozenset[str]:
    return parts_of_schema()


def _things(evidence: Evidence) -> frozenset[str]:
    return frozenset(row["thing"] for row in evidence.postgres["things"])


def _version(evidence: Evidence) -> str | None:
    """Return the database's version, None where it is not told to this user."""
    rows = evidence.postgres.get("schema_version", None)
    return str(rows[0]["version_num"]) if rows else None


def _tables(things: Iterable[str]) -> frozenset[str]:
    return frozenset(thing for thing in things if thing.startswith("table "))


def _few(things: Iterable[str]) -> str:
    """Return the first few of them in one line, and how many more there are."""
    names = sorted(things)
    more = len(names) - SHOWN_MAX
    return ", ".join(names[:SHOWN_MAX]) + (f" and {more} more" if more > 0 else "")


def _schema(evidence: Evidence) -> Verdict:
    """Compare versions where the version is told, and tables where it is not."""
    things, newest, found = _things(evidence), newest_version(), _version(evidence)
    missing, more = _tables(_expected() - things), _tables(things - _expected())
    if not _tables(things):
        return fault("the database has no schema of OpenClaw")
    if found is None and more and not missing:
        found = "of a newer version"
    if found is not None and found > newest:
        return fault(
            f"the schema is {found}, and this OpenClaw knows {newest} at most",
            "run the newer OpenClaw, or restore a backup made before the upgrade",
        )
    if found is not None and found < newest:
        return fault(f"the schema is {found}, and this OpenClaw needs {newest}")
    if missing:
        return fault(f"the schema is older than this OpenClaw, or damaged; it lacks {_few(missing)}")
    return ok(f"the schema is {found or newest}")


def _of_this_version(evidence: Evidence) -> tuple[frozenset[str], frozenset[str]]:
    """Return what the schema lacks, and what it has besides. Raises NotKnown for another version's schema."""
    things = _things(evidence)
    if (_version(evidence) or newest_version()) != newest_version() or _tables(_expected() - things):
        raise NotKnown("the schema is not of this version; see postgres.schema")
    return _expected() - things, things - _expected()


def _roles(evidence: Evidence) -> Verdict:
    if not _tables(_things(evidence)):
        raise NotKnown("there is no schema, and the roles come with it; see postgres.schema")
    there = {row["role"] for row in evidence.postgres["roles"]}
    missing = [role_of(service) for service in SERVICES if role_of(service) not in there]
    if missing:
        return fault(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing",
            "".join(f"create role {role} nologin; " for role in missing)
            + "then restore its rights as migrations/schema.sql has them, and `openclaw migrate --logins FOLDER`",
        )
    return ok(f"{', '.join(sorted(there))} are there")


def _logins(evidence: Evidence) -> Iterator[Verdict]:
    """Ask of each service whether it gets in: by its login where that is known, else by taking on its role."""
    troubles = evidence.postgres.get("logins", {})
    wrong = [service for service, trouble in troubles.items() if trouble is not None]
    for service in wrong:
        # Whoever cannot be reached at all is told of elsewhere.
        words = (
            "is refused" if troubles[service] in (Trouble.PASSWORD, Trouble.NO_ROLE) else "does not get in"
        )
        yield fault(
            f"{role_of(service)} {words}",
            "stop `openclaw up` and start it again, which gives every service its password anew",
        )
    if troubles:
        if not wrong:
            yield ok("every service logs in with its password")
        return
    yield from _roles_taken_on(evidence)


def _roles_taken_on(evidence: Evidence) -> Iterator[Verdict]:
    user = evidence.postgres["server"][0]["user"]
    rows = {row["role"]: row for row in evidence.postgres["roles"]}
    roles = [role for role in map(role_of, SERVICES) if role in rows]
    if user in roles:
        shut = [role for role in roles if not rows[role]["can_login"]]
        for role in shut:
            yield fault(f"{role} may not log in, so its service does not get in")
        if not shut:
            yield ok("every service's role may log in")
        return
    barred = [role for role in roles if not rows[role]["can_become"]]
    for role in barred:
        yield fault(f"{user} may not act as {role}", f"grant {role} to {user};")
    if not barred:
        yield ok(f"{user} may act as every service")


def _powers(evidence: Evidence) -> Iterator[Verdict]:
    fine = True
    for row in evidence.postgres["roles"]:
        role = row["role"]
        if row["powers"]:
            fine = False
            yield fault(
                f"{role} is {', '.join(row['powers'])}, which lifts it above the rules that keep scopes apart",
                f"alter role {role} {' '.join('NO' + power for power in row['powers'])};",
            )
        if row["groups"]:
            fine = False
            groups = ", ".join(row["groups"])
            yield fault(
                f"{role} is a member of {groups}, and may do what they may", f"revoke {groups} from {role};"
            )
    if fine:
        yield ok("no service stands above the rules")


def _grants(evidence: Evidence) -> Iterator[Verdict]:
    lacking, besides = _of_this_version(evidence)
    missing = [thing for thing in lacking if _TO in thing]
    extra = [thing for thing in besides if _TO in thing]
    if missing:
        yield fault(f"rights are missing: {_few(missing)}", _statements("grant", missing, _TO))
    if extra:
        yield fault(f"somebody was given rights that no service needs: {_few(extra)}",
                    _statements("revoke", extra, " from "))  # fmt: skip
    if not missing and not extra:
        yield ok("each service has the rights that it needs and no more")


def _statements(verb: str, rights: Iterable[str], way: str) -> str:
    """Return the statements that give or take rights: ``SELECT on table outbox to openclaw_brain``."""
    found = []
    for right in sorted(rights)[:SHOWN_MAX]:
        what, _, role = right.partition(_TO)
        privilege, _, thing = what.partition(" on ")
        kind, _, name = thing.partition(" ")
        if kind == "column":
            table, _, column = name.partition(".")
            privilege, kind, name = f"{privilege} ({column})", "table", table
        place = name if kind == "schema" else f"openclaw.{name}"
        found.append(f"{verb} {privilege.lower()} on {kind} {place}{way}{role};")
    return " ".join(found)


def _row_security(evidence: Evidence) -> Iterator[Verdict]:
    lacking, _ = _of_this_version(evidence)
    fine = True
    for thing in sorted(lacking):
        table = thing.rpartition(" ")[2]
        if thing.startswith("row security on "):
            fine = False
            yield fault(f"row level security is off for openclaw.{table}: rows of other scopes may be seen",
                        f"alter table openclaw.{table} enable row level security;")  # fmt: skip
        elif thing.startswith("forced row security on "):
            fine = False
            yield fault(f"row level security is not forced for openclaw.{table}: its owner sees every row",
                        f"alter table openclaw.{table} force row level security;")  # fmt: skip
        elif thing.startswith("policy "):
            fine = False
            yield fault(f"the {thing} is missing", f"create it as migrations/schema.sql has it: {thing}")
    if fine:
        yield ok("row level security is on and forced where rows belong to somebody")


def _audit_guard(evidence: Evidence) -> Verdict:
    lacking, _ = _of_this_version(evidence)
    missing = sorted(thing for thing in lacking if thing.startswith("trigger "))
    if missing:
        named = [thing.removeprefix("trigger ").partition(" on ") for thing in missing]
        return fault(
            f"rows of the audit can be changed or removed: {_few(missing)} is missing or off",
            " ".join(f"alter table openclaw.{table} enable trigger {name};" for name, _, table in named)
            + " where it is gone, create it as migrations/schema.sql has it",
        )
    return ok("the audit is append-only")


def _indexes(evidence: Evidence) -> Verdict:
    lacking, _ = _of_this_version(evidence)
    missing = [thing for thing in lacking if thing.startswith(("index ", "function "))]
    if missing:
        return fault(f"{_few(missing)} is missing or not valid")
    return ok("every index and function is there")


def _partitions(evidence: Evidence) -> Verdict:
    _of_this_version(evidence)
    missing = [row["month"] for row in evidence.postgres["partitions"] if not row["there"]]
    if missing:
        return fault(f"the audit has no partition for {' and '.join(missing)}; its rows go to audit_default")
    return ok("the audit has partitions for this month and the next")


CHECKS = (
    Check("postgres.schema", "the version of the schema, or its tables where the version is not told",
          "there is none, an older one, or one of a newer OpenClaw",
          "openclaw migrate (with the owner's OPENCLAW_POSTGRES_URL; `openclaw up` does it by itself)", _schema),
    Check("postgres.roles", "the role of each service", "a role is missing", "create role <name> nologin;", _roles),
    Check("postgres.logins", "whether each service gets in: with its password, or by being taken on",
          "a role may not log in, its password is another, or the user of the URL may not act as it",
          "openclaw migrate --logins FOLDER", _logins),
    Check("postgres.powers", "what each service's role is, and whose member",
          "it is SUPERUSER, BYPASSRLS, CREATEROLE, CREATEDB or REPLICATION, or a member of another role",
          "alter role <name> NOSUPERUSER NOBYPASSRLS;", _powers),
    Check("postgres.grants", "every right on the schema", "a service lacks a right, or has one that it does not need",
          "grant or revoke what the sentence names", _grants),
    Check("postgres.row_security", "row level security and its policies",
          "it is off, not forced, or a policy is missing", "alter table openclaw.<name> enable row level security;",
          _row_security),
    Check("postgres.audit_guard", "the triggers that keep the audit append-only", "one is missing or off",
          "alter table openclaw.audit enable trigger all;", _audit_guard),
    Check("postgres.indexes", "every index and function", "one is missing, or its making was cut short",
          "create it as migrations/schema.sql has it; an index that is not valid: reindex index concurrently <name>;",
          _indexes),
    Check("postgres.audit_partitions", "the audit's partitions of this month and the next", "one is missing",
          "select openclaw.ensure_audit_partitions();", _partitions),
)  # fmt: skip
