"""The small world in which the two databases are used: names that meet again and again, and what can be written.

Not here: in which order it is written (``store_machine``).
"""

import json
from uuid import UUID

from hypothesis import strategies as st

from application.changes import AuditRow, Migration, Owed, ScopedEffect, Unreachable
from domain.access import Standing
from domain.decisions import (
    AddInvitation,
    AskAccess,
    CountWrongCode,
    Effect,
    MarkChat,
    MoveData,
    Outcome,
    PutSetting,
    SetApiMode,
    SetStanding,
    UseInvitation,
)
from domain.runtime_state import Mode
from tests.contract.legs import SENDER_TARGETS, ident
from tests.twins.pairs import End

TARGETS = ("brain", *SENDER_TARGETS)
CHATS = ((1, 5), (1, -7), (2, 5), (1, -1007))
LANES = tuple(f"{bot_id}:{chat_id}" for bot_id, chat_id in CHATS)
SCOPES = ("1:u5", "1:c-7", "2:u5", "1:c-1007")
SUBJECTS = (*LANES, "1:6")
NAMES = tuple(f"event {n}" for n in range(9))
TRACES = ("a" * 32, "ab" * 16, "b" * 32)
KEYS = tuple(f"tg:1:{n}" for n in range(len(NAMES)))
BUCKETS = ("bot:1", "chat:1:5", "chat:1:-7")
INVITED = tuple(f"hash {n}" for n in range(3))
HASHES = (*INVITED, *(f"asked {n}" for n in range(5)))
DELAYS_S = (0.0, 0.0, 0.5, 5.0, 60.0)


def role_of(target: str) -> str:
    """Return the service that works a target off."""
    return "sender" if target in SENDER_TARGETS else target


def lane_of(name: str) -> str:
    """Return the lane of an event: one event has one."""
    return LANES[int(name.split()[1]) % 3]


def trace_of(name: str) -> str:
    """Return the trace of an event and of its key."""
    return TRACES[int(name.split()[1]) % 3]


def key_of(name: str) -> str:
    """Return the key of an event."""
    return KEYS[int(name.split()[1])]


def envelope_of(name: str) -> bytes:
    """Return the envelope of an event: every third is none."""
    if int(name.split()[1]) % 3 == 2:
        return f"\xff {name}".encode("latin-1")
    fields = {"event_type": "message.received", "source": "gateway", "trace_id": trace_of(name)}
    return json.dumps({**fields, "idempotency_key": key_of(name), "name": name}).encode()


def apart_s(name: str) -> float:
    """Return a moment of an event's own in its lane: of rows that are due at once nobody says which comes first."""
    return (int(name.split()[1]) // 3) / 64


names = st.sampled_from(NAMES)
some_lanes = st.one_of(
    st.just(list(LANES)), st.just([]), st.lists(st.sampled_from(LANES), min_size=1, max_size=2, unique=True),
    st.sampled_from(LANES).map(lambda lane: [lane]),
)  # fmt: skip
# Most rounds end well.
ends = st.sampled_from([End.COMMIT] * 6 + list(End))
delays_s = st.sampled_from(DELAYS_S)


def owed_of(name: str, target: str, delay_s: float, cause: str | None) -> Owed:
    """Return an event to owe."""
    return Owed(
        target,
        ident(name),
        lane_of(name),
        None if cause is None else ident(cause),
        envelope_of(name),
        delay_s,
    )


def audit_of(name: str, outcome: Outcome, event_type: str = "message.received") -> AuditRow:
    """Return a row of the audit on an event."""
    chat = LANES.index(lane_of(name))
    return AuditRow(
        outcome, ident(name), event_type, "gateway", "brain", trace_of(name), key_of(name), None, SCOPES[chat], 1,
        f"why {name}", 1.5,
    )  # fmt: skip


owed_rows = st.builds(owed_of, names, st.sampled_from(TARGETS), delays_s, st.none() | names)
audit_rows = st.builds(
    audit_of, names, st.sampled_from([Outcome.PROCESSED, Outcome.IGNORED, Outcome.RETRIED]),
    st.sampled_from(["message.received", "telegram.send"]),
)  # fmt: skip
scopes = st.sampled_from(SCOPES[:3])
subjects = st.sampled_from(SUBJECTS)
lasting_s = st.sampled_from([10.0, 3600.0])
access_effects = st.one_of(
    st.builds(
        SetStanding, subjects, st.sampled_from([Standing.MEMBER, Standing.ADMIN, Standing.REVOKED]),
        st.sampled_from(["", "Ann"]), st.just("user 9"),
    ),
    # A hash stands for one subject.
    st.builds(lambda n, s: AskAccess(SUBJECTS[n], f"name {n}", f"asked {n}", s), st.integers(0, 4), lasting_s),
    st.builds(AddInvitation, st.just(1), st.sampled_from(INVITED), st.just(Standing.MEMBER), lasting_s, subjects),
    st.builds(UseInvitation, st.sampled_from(INVITED)),
    st.builds(CountWrongCode, subjects),
)  # fmt: skip
effects: st.SearchStrategy[Effect] = st.one_of(
    st.builds(PutSetting, st.sampled_from(["zone", "language"]), st.sampled_from(["x", "y"])),
    st.builds(SetApiMode, st.sampled_from(Mode)),
    st.builds(MarkChat, st.booleans(), st.just("gone")),
    access_effects,
)


def _scoped(scope: str, effect: Effect) -> ScopedEffect:
    return ScopedEffect(scope, effect)


_ordinary = st.builds(_scoped, scopes, effects)
scoped_effects = st.one_of(_ordinary, _ordinary, _ordinary, st.just(ScopedEffect("1:c-7", MoveData(-1007))))
UNREACHABLE = Unreachable(1, -7, "kicked")
MIGRATION = Migration(1, -7, -1007)
call_ends = st.sampled_from(["delivered", "ambiguous", "suspended", "unresolved", "unreachable", "moved"])
tokens = st.sampled_from([f"token {n}" for n in range(4)])


def token_of(name: str) -> UUID:
    """Return a token by its name."""
    return ident(name)
