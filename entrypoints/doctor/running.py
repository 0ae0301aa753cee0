"""Checks of what runs and how it keeps up, and whether somebody owns it: roles, versions, backlog, dead letters.

Not here: the same figures for watching (``entrypoints.overview``).
"""

from collections.abc import Iterator

from application.retention import Kind
from domain.status import SILENT_S, age_text
from entrypoints.doctor.evidence import Evidence
from entrypoints.doctor.verdicts import Check, NotKnown, Verdict, fault, ok, warning
from entrypoints.roles import ROLES
from entrypoints.version import version
from entrypoints.views.status import LATE_S

# The scheduler goes through everything once an hour.
FORGOTTEN_S = 86_400.0


def _running(evidence: Evidence) -> Iterator[Verdict]:
    running = evidence.running
    missing = [role for role in ROLES if role not in running]
    if not missing:
        yield ok(f"{', '.join(ROLES)} run")
    for role in missing:
        yield fault(
            f"no {role} runs", "" if not evidence.up_runs else f"look for {role} in the log of `openclaw up`"
        )


def _silent(evidence: Evidence) -> Verdict:
    services = evidence.redis["services"]
    silent = [
        f"{each.role} {each.instance} for {age_text(each.seen_s)}"
        for each in services
        if each.seen_s > SILENT_S
    ]
    if silent:
        return warning(f"not seen: {', '.join(silent)}")
    if not services:
        raise NotKnown("nothing runs")
    return ok("every instance was seen a moment ago")


def _versions(evidence: Evidence) -> Verdict:
    services = evidence.redis["services"]
    others = [
        f"{each.role} {each.instance} is {each.version}" for each in services if each.version != version()
    ]
    if others:
        return warning(f"this is OpenClaw {version()}, and {', '.join(others)}")
    if not services:
        raise NotKnown("nothing runs")
    return ok(f"everything that runs is OpenClaw {version()}")


def _backlog(evidence: Evidence) -> Iterator[Verdict]:
    rows = evidence.postgres["backlog"]
    late = [row for row in rows if row["oldest_s"] >= LATE_S]
    for row in late:
        yield fault(
            f"{row['target']} has not taken up an event that has been due for {age_text(row['oldest_s'])}; "
            f"{row['owed']} are owed to it"
        )
    if not late:
        yield ok(f"{sum(row['owed'] for row in rows)} events are owed, none for long")


def _crowds(evidence: Evidence) -> Iterator[Verdict]:
    rows, settings = evidence.postgres["crowds"], evidence.settings
    in_all = sum(row["owed"] for row in rows if row["is_all"])
    over = sum(not row["is_all"] and row["owed"] >= settings.backlog_chat_max for row in rows)
    if over:
        yield warning(
            f"{over} chat{'s owe' if over > 1 else ' owes'} {settings.backlog_chat_max} events or more, "
            "so Telegram is told to keep what comes from there"
        )
    if in_all * 2 > settings.backlog_max:
        yield warning(
            f"{in_all} events are owed of at most {settings.backlog_max}; "
            "chats are turned away, those first that owe most"
        )
    if not over and in_all * 2 <= settings.backlog_max:
        yield ok("no chat owes too much")


def _retention(evidence: Evidence) -> Iterator[Verdict]:
    noted = {row["kind"]: row["ago_s"] for row in evidence.postgres["retention"]}
    first_s = evidence.postgres["first_audit"][0]["ago_s"]
    kinds = [kind for kind in Kind if kind is not Kind.AUDIT or evidence.settings.keep_audit_days]
    late = [kind for kind in kinds if noted.get(kind, first_s) > FORGOTTEN_S]
    for kind in late:
        since = f"for {age_text(noted[kind])}" if kind in noted else "ever"
        yield warning(f"{kind} {'have' if kind != Kind.AUDIT else 'has'} not been gone through {since}")
    if not late:
        yield ok("what nobody needs any more is forgotten")


def _dead_letters(evidence: Evidence) -> Verdict:
    letters = evidence.postgres["dead_letters"][0]["letters"]
    if letters:
        return warning(f"{letters} event{'s' if letters > 1 else ''} could not be handled")
    return ok("there are none")


def _owner(evidence: Evidence) -> Verdict:
    settings = evidence.settings
    if settings.owner is not None or settings.admins:
        return ok("the settings name who decides")
    if evidence.bot.simulated:
        return ok("the simulated Telegram's user decides")
    if not evidence.postgres["owners"][0]["owners"]:
        return warning("nobody owns this bot, so nobody can let people in or change what concerns everyone")
    return ok("somebody was let in who decides")


_COMMANDS = ", ".join(f"`openclaw {role}`" for role in ROLES)
CHECKS = (
    Check("roles.running", "which roles announce themselves in Redis", "no instance of a role runs",
          f"start it: `openclaw up`, or the one that is missing of {_COMMANDS}", _running),
    Check("roles.silent", "when each instance was seen last",
          f"it has been silent for {SILENT_S:g} s: killed, or it hangs",
          "look at its log; what it had in hand is taken up by the others, or when it is started again", _silent),
    Check("roles.versions", "the version of each instance", "it is another one than this command's",
          "upgrade every service, one after the other, and start it again", _versions),
    Check("events.backlog", "how long the oldest event of each target has been due",
          f"{LATE_S:g} s or longer: it is not being worked off",
          "see roles.running and postgres.oldest_xmin; the log of that service says what keeps it", _backlog),
    Check("events.crowds", "how much each chat owes, and all together",
          "a chat owes OPENCLAW_BACKLOG_CHAT_MAX, or all owe half of OPENCLAW_BACKLOG_MAX: updates are turned away",
          "nothing, where one person floods (`openclaw access revoke ID` ends it); else see events.backlog, and "
          "whether Telegram's limits are what keeps the sender", _crowds),
    Check("events.retention", "when the scheduler last went through what may be forgotten",
          f"it has not for {FORGOTTEN_S / 86_400:g} day: the database grows",
          "see roles.running; the scheduler's log says why (forgetting_failed)", _retention),
    Check("events.dead_letters", "dead letters", "there are some", "openclaw dlq list", _dead_letters),
    Check("access.owner", "`OPENCLAW_OWNER`, `OPENCLAW_ADMINS`, and who was let in as owner or admin",
          "there is nobody, as before the first code was sent",
          "send the bot the code that `openclaw access invite --as owner` shows, or set OPENCLAW_OWNER to your user id",
          _owner),
)  # fmt: skip
