"""``/access`` shows who was let in and who asks; admins let in, turn away and invite with it.

Not here: what strangers are told (``application.doorkeeper``).
"""

from attrs import frozen

from domain.access import CODE_S, Person, Standing, hash_code, id_of, is_overruled, read_who, subject_of
from domain.commands.base import AccessKnown, Answer, Ask, Command, Known, Need, Notice
from domain.decisions import AddInvitation, SetStanding
from domain.redaction import one_line

NAME_CHARS_MAX = 64
_USAGE = Answer("access.usage")


@frozen
class Wish:
    """What the words after ``/access`` ask for. One of ``code`` and ``who`` is set where somebody is named."""

    verb: str
    code: str | None = None
    who: int | None = None
    standing: Standing = Standing.MEMBER


def parse(args: str) -> Wish | None:
    """Return what ``args`` ask for; None where they make no sense."""
    words = args.split()
    if not words:
        return Wish("list")
    verb, rest = words[0].lower(), words[1:]
    standing = Standing.MEMBER
    if (len(rest) > 1 or verb == "invite") and rest and rest[-1].lower() == Standing.ADMIN:
        standing, rest = Standing.ADMIN, rest[:-1]
    if verb == "invite":
        return Wish(verb, standing=standing) if not rest else None
    if (
        verb not in ("approve", "revoke")
        or len(rest) != 1
        or (verb == "revoke" and standing is Standing.ADMIN)
    ):
        return None
    who = read_who(rest[0])
    if isinstance(who, int):
        # A group has members, it is nobody's admin.
        return Wish(verb, who=who, standing=standing) if who > 0 or standing is Standing.MEMBER else None
    return Wish(verb, who, standing=standing) if who is not None and verb == "approve" else None


def step(ask: Ask, known: Known) -> Answer:
    """List, let in, turn away, invite; or refuse and change nothing."""
    if not ask.is_admin:
        return Answer("admins_only")
    wish = parse(ask.args)
    if wish is None:
        return _USAGE
    if wish.standing is Standing.ADMIN and ask.standing is not Standing.OWNER:
        return Answer("access.owner_only")
    if wish.verb in ("list", "invite"):
        if ask.chat_id < 0:
            # Everybody there would see it.
            return Answer("access.in_private")
        return (
            _invite(ask, known.access, wish)
            if wish.verb == "invite"
            else Answer("access.list", {"people": _lines(known.access)})
        )
    found = _subject(ask, known.access, wish)
    if found is None:
        return Answer("access.no_code")
    subject, person = found
    return (
        _approve(ask, known.access, wish, subject, person)
        if wish.verb == "approve"
        else _revoke(ask, known.access, subject, person)
    )


def _subject(ask: Ask, access: AccessKnown, wish: Wish) -> tuple[str, Person] | None:
    """Return who is meant; None where a code stands for nobody who asks."""
    if wish.who is not None:
        subject = subject_of(ask.bot_id, wish.who)
        return subject, access.people.get(subject, Person())
    code = access.code
    if code is None or code.subject is None:
        return None
    return code.subject, Person(Standing.ASKED, code.name)


def _approve(ask: Ask, access: AccessKnown, wish: Wish, subject: str, person: Person) -> Answer:
    values = {"who": _told(ask, subject, person)}
    if is_overruled(access.named.get(subject), person.standing, wish.standing):
        return Answer("access.already", values)
    if person.standing.is_admin or person.standing is wish.standing:
        return Answer("access.already", values)
    decided = SetStanding(subject, wish.standing, person.name, f"user {ask.user_id}")
    key = "access.welcome_group" if id_of(subject) < 0 else "access.welcome"
    # Whoever never wrote to the bot cannot be written to.
    notices = (Notice(id_of(subject), key),) if person.standing is not Standing.STRANGER else ()
    return Answer(
        "access.approved", {**values, "standing": wish.standing.value}, (decided,), notices,
        f"{subject} became {wish.standing.value}",
    )  # fmt: skip


def _revoke(ask: Ask, access: AccessKnown, subject: str, person: Person) -> Answer:
    values = {"who": _told(ask, subject, person)}
    if is_overruled(access.named.get(subject), person.standing, Standing.REVOKED):
        return Answer("access.named", values)
    if person.standing is Standing.OWNER:
        return Answer("access.an_owner", values)
    if person.standing is Standing.ADMIN and ask.standing is not Standing.OWNER:
        return Answer("access.owner_only")
    decided = SetStanding(subject, Standing.REVOKED, person.name, f"user {ask.user_id}")
    return Answer("access.revoked", values, (decided,), reason=f"{subject} became revoked")


def _invite(ask: Ask, access: AccessKnown, wish: Wish) -> Answer:
    code_hash = hash_code(ask.bot_id, access.fresh_code)
    made_by = subject_of(ask.bot_id, ask.user_id or 0)
    invitation = AddInvitation(ask.bot_id, code_hash, wish.standing, CODE_S, made_by)
    values = {"code": access.fresh_code, "standing": wish.standing.value}
    return Answer("access.invited", values, (invitation,), reason=f"an invitation as {wish.standing.value}")


def _lines(access: AccessKnown) -> str:
    rows = [(subject, Person(standing, decided_by="settings")) for subject, standing in access.named.items()]
    rows += [row for row in access.listed if row[0] not in access.named]
    lines = []
    for subject, person in rows:
        by = f", by {person.decided_by}" if person.decided_by else ""
        lines.append(f"{person.standing.value}: {shown(subject, person)}{by}")
    return "\n".join(lines)


def _told(ask: Ask, subject: str, person: Person) -> str:
    """Return a subject as it may be told where the command was given: in a group without the name."""
    return shown(subject, person if ask.chat_id > 0 else Person())


def shown(subject: str, person: Person) -> str:
    """Return a subject as admins read it."""
    who = id_of(subject)
    kind = "chat" if who < 0 else "user"
    name = one_line(person.name, NAME_CHARS_MAX)
    return f"{kind} {who} ({name})" if name else f"{kind} {who}"


COMMAND = Command("access", step, frozenset({Need.ACCESS}), frozenset())
