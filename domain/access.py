"""Who may talk to the bot, and what their standing lets them do. Pure.

A subject is a user, a group or a channel as one bot knows it, written ``{bot}:{id}``. Codes are shown once and kept
as hashes. Not here: where standings are kept (``application.ports.AccessBook``), and who is told what
(``application.doorkeeper``).
"""

import hashlib
from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen

# Crockford's base 32: no I, L, O and U, which are misread (https://www.crockford.com/base32.html).
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
CODE_CHARS = 10
CODE_BITS = 50
# Telegram's ids have at most 52 significant bits.
ID_DIGITS_MAX = 15
# How long a code holds, how many may be waiting for a decision, and how many wrong ones somebody may send an hour.
CODE_S = 3600.0
ASKING_MAX = 50
WRONG_CODES_MAX = 5
WRONG_CODES_S = 3600.0


class AccessMode(StrEnum):
    """Who may talk without having been let in by name."""

    PAIRING = "pairing"
    ALLOWLIST = "allowlist"
    OPEN = "open"


class Standing(StrEnum):
    """What the bot knows of a subject."""

    STRANGER = "stranger"
    ASKED = "asked"
    REVOKED = "revoked"
    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"

    @property
    def may_talk(self) -> bool:
        """Whether whoever stands so was let in."""
        return self in (Standing.MEMBER, Standing.ADMIN, Standing.OWNER)

    @property
    def is_admin(self) -> bool:
        """Whether whoever stands so may change what concerns everyone."""
        return self in (Standing.ADMIN, Standing.OWNER)


@frozen
class Person:
    """What is kept of a subject.

    ``code_left_s``: seconds until its pairing code runs out. ``wrong_codes``: how many it sent within the hour.
    ``changed_at``: seconds since the epoch.
    """

    standing: Standing = Standing.STRANGER
    name: str = ""
    code_left_s: float = 0.0
    wrong_codes: int = 0
    decided_by: str = ""
    changed_at: float = 0.0


STRANGER = Person()


@frozen
class Code:
    """What a code stands for: whoever asked by it, or the standing that it gives to whoever sends it.

    ``left_s``: seconds until it runs out.
    """

    left_s: float
    subject: str | None = None
    name: str = ""
    standing: Standing | None = None


@frozen
class Asking:
    """How many ask to be let in, users and chats apart, so that neither takes the other's places."""

    users: int = 0
    chats: int = 0


@frozen
class Policy:
    """What the settings say about access; it holds whatever was decided later."""

    mode: AccessMode = AccessMode.PAIRING
    owner: int | None = None
    admins: frozenset[int] = field(default=frozenset())
    allowed: frozenset[int] = field(default=frozenset())

    @property
    def named_admins(self) -> frozenset[int]:
        """Who is an admin by the settings, the owner among them."""
        return self.admins if self.owner is None else self.admins | {self.owner}

    def standing(self, who: int | None) -> Standing | None:
        """Return the standing that the settings give to a user or chat; None where they do not name it."""
        if who is None:
            return None
        if who == self.owner:
            return Standing.OWNER
        if who in self.admins:
            return Standing.ADMIN
        return Standing.MEMBER if who in self.allowed else None


@frozen
class Visit:
    """Somebody who acts in a chat. ``user_id`` is None for whoever acts in a chat's name: it is no admin of ours."""

    bot_id: int
    chat_id: int
    user_id: int | None

    @property
    def subject(self) -> str:
        """Who would have to be let in: the user in private, else the chat."""
        return subject_of(self.bot_id, self.chat_id)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Everybody whose standing counts: the chat, and in a group the user too."""
        if self.user_id is None or self.user_id == self.chat_id:
            return (self.subject,)
        return (self.subject, subject_of(self.bot_id, self.user_id))


@frozen
class Rights:
    """What somebody may do in a chat. ``reason`` says why they may not talk."""

    may_talk: bool
    standing: Standing
    reason: str = ""


def rights(policy: Policy, people: Mapping[str, Person], visit: Visit) -> Rights:
    """Return what a visit's rights are. ``people`` holds what is kept of its subjects, as far as anything is.

    Settings come first, then what was decided of the user, then of the chat. In a group that was let in everybody
    may talk but whoever was turned away by name.
    """
    named = policy.standing(visit.user_id)
    own = people.get(subject_of(visit.bot_id, visit.user_id), STRANGER).standing if visit.user_id else None
    if named is not None and (named.is_admin or own is None or not own.is_admin):
        own = named
    if own is not None and own.is_admin:
        return Rights(True, own)
    if own is Standing.REVOKED:
        return Rights(False, own, "turned away by an admin")
    place = policy.standing(visit.chat_id) or people.get(visit.subject, STRANGER).standing
    if place is Standing.REVOKED:
        return Rights(False, place, "turned away by an admin")
    if place.may_talk or policy.mode is AccessMode.OPEN:
        return Rights(True, own if own is not None and own.may_talk else Standing.MEMBER)
    return Rights(
        False, place, "not let in yet" if policy.mode is AccessMode.PAIRING else "not on the allowlist"
    )


def is_overruled(named: Standing | None, known: Standing, wanted: Standing) -> bool:
    """Tell whether what the settings say of somebody would leave a decision without effect."""
    if named is None:
        return False
    if named.is_admin:
        return True
    # Whom the settings let in can be made an admin, and be one no more; they stay let in.
    return not wanted.is_admin and not known.is_admin


def subject_of(bot_id: int, who: int) -> str:
    """Return a user, group or channel as a subject."""
    return f"{bot_id}:{who}"


def id_of(subject: str) -> int:
    """Return the user, group or channel that a subject is."""
    return int(subject.partition(":")[2])


def code_of(bits: int) -> str:
    """Return the code that 50 random bits make, as people read it: two groups of five characters."""
    letters = "".join(_ALPHABET[(bits >> shift) & 31] for shift in range(CODE_BITS - 5, -1, -5))
    return f"{letters[:5]}-{letters[5:]}"


def read_code(text: str) -> str | None:
    """Return a code as it was meant, however it was typed; None for what cannot be one."""
    letters = text.strip().upper().translate(_READ_AS) if len(text) <= 40 else ""
    if len(letters) != CODE_CHARS or any(letter not in _ALPHABET for letter in letters):
        return None
    return f"{letters[:5]}-{letters[5:]}"


def read_who(text: str) -> str | int | None:
    """Return whom ``text`` names: a code, or the id of a user or (negative) of a chat; None for neither.

    Digits alone are an id: many have as many digits as a code has characters.
    """
    digits = text.strip().removeprefix("-")
    if digits.isascii() and digits.isdigit():
        return int(text) if len(digits) <= ID_DIGITS_MAX and int(digits) else None
    return read_code(text)


def hash_code(bot_id: int, code: str) -> str:
    """Return what is kept of a code: it has 50 random bits and holds for an hour, so a plain hash tells nothing."""
    return hashlib.sha256(f"{bot_id}:{code}".encode()).hexdigest()
