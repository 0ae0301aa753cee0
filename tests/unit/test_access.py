"""Who may talk: standings, settings that go first, and codes as people type them."""

import pytest

from domain.access import (
    CODE_BITS,
    AccessMode,
    Person,
    Policy,
    Standing,
    Visit,
    code_of,
    hash_code,
    read_code,
    rights,
)

BOT, ANN, BEN, GROUP = 1000, 7, 8, -50
IN_PRIVATE, IN_GROUP = Visit(BOT, ANN, ANN), Visit(BOT, GROUP, ANN)


def people(**standings: Standing) -> dict[str, Person]:
    ids = {"ann": ANN, "ben": BEN, "group": GROUP}
    return {f"{BOT}:{ids[name]}": Person(standing) for name, standing in standings.items()}


@pytest.mark.parametrize(
    ("mode", "known", "visit", "allowed"),
    [
        (AccessMode.PAIRING, {}, IN_PRIVATE, False),
        (AccessMode.ALLOWLIST, {}, IN_PRIVATE, False),
        (AccessMode.OPEN, {}, IN_PRIVATE, True),
        (AccessMode.PAIRING, people(ann=Standing.ASKED), IN_PRIVATE, False),
        (AccessMode.PAIRING, people(ann=Standing.MEMBER), IN_PRIVATE, True),
        (AccessMode.ALLOWLIST, people(ann=Standing.MEMBER), IN_PRIVATE, True),
        (AccessMode.OPEN, people(ann=Standing.REVOKED), IN_PRIVATE, False),
        (AccessMode.PAIRING, people(ann=Standing.MEMBER), IN_GROUP, False),
        (AccessMode.PAIRING, people(group=Standing.MEMBER), IN_GROUP, True),
        (AccessMode.PAIRING, people(group=Standing.MEMBER, ann=Standing.REVOKED), IN_GROUP, False),
        (AccessMode.PAIRING, people(ann=Standing.ADMIN), IN_GROUP, True),
        (AccessMode.OPEN, people(group=Standing.REVOKED), IN_GROUP, False),
        (AccessMode.PAIRING, people(group=Standing.REVOKED, ann=Standing.OWNER), IN_GROUP, True),
        (AccessMode.PAIRING, people(ben=Standing.OWNER), IN_PRIVATE, False),
        (AccessMode.PAIRING, people(group=Standing.MEMBER), Visit(BOT, GROUP, None), True),
        (AccessMode.PAIRING, people(ann=Standing.OWNER), Visit(BOT, GROUP, None), False),
    ],
)
def test_who_may_talk_where(mode: AccessMode, known: dict[str, Person], visit: Visit, allowed: bool) -> None:
    assert rights(Policy(mode), known, visit).may_talk is allowed


def test_whoever_may_not_talk_is_told_apart_by_the_reason() -> None:
    assert rights(Policy(AccessMode.PAIRING), {}, IN_PRIVATE).reason == "not let in yet"
    assert rights(Policy(AccessMode.ALLOWLIST), {}, IN_PRIVATE).reason == "not on the allowlist"
    assert rights(Policy(), people(ann=Standing.REVOKED), IN_PRIVATE).reason == "turned away by an admin"


@pytest.mark.parametrize(
    ("policy", "known", "standing"),
    [
        (Policy(owner=ANN), {}, Standing.OWNER),
        (Policy(admins=frozenset({ANN})), {}, Standing.ADMIN),
        (Policy(allowed=frozenset({ANN})), {}, Standing.MEMBER),
        (Policy(admins=frozenset({ANN})), people(ann=Standing.REVOKED), Standing.ADMIN),
        (Policy(allowed=frozenset({ANN})), people(ann=Standing.ADMIN), Standing.ADMIN),
        (Policy(mode=AccessMode.OPEN), people(ann=Standing.OWNER), Standing.OWNER),
    ],
)
def test_the_settings_go_first_and_never_lower_what_was_decided(
    policy: Policy, known: dict[str, Person], standing: Standing
) -> None:
    found = rights(policy, known, IN_PRIVATE)
    assert (found.may_talk, found.standing) == (True, standing)


def test_a_chat_that_the_settings_allow_needs_no_decision() -> None:
    assert rights(Policy(allowed=frozenset({GROUP})), {}, IN_GROUP).may_talk


def test_whoever_acts_in_a_chats_name_is_no_admin_even_where_the_chat_is_named() -> None:
    found = rights(Policy(admins=frozenset({ANN})), people(group=Standing.ADMIN), Visit(BOT, GROUP, None))
    assert (found.may_talk, found.standing.is_admin) == (True, False)


def test_a_code_is_read_however_it_is_typed() -> None:
    code = code_of(0x2_F00D_FACE_1234)
    assert read_code(code) == code
    typed = code.lower().replace("0", "o").replace("1", "l").replace("-", " ")
    assert read_code(f"  {typed} ") == code


def test_codes_differ_where_their_bits_do() -> None:
    assert len({code_of(1 << bit) for bit in range(CODE_BITS)} | {code_of(0)}) == CODE_BITS + 1


@pytest.mark.parametrize(
    "text", ["", "hello", "ABCDE-FGHJ", "ABCDE-FGHJKM", "ABCDE-FGH!K", "U" * 10, "0" * 5_000]
)
def test_what_cannot_be_a_code_is_none(text: str) -> None:
    assert read_code(text) is None


def test_a_code_counts_for_one_bot_only() -> None:
    assert hash_code(1, "AAAAA-BBBBB") != hash_code(2, "AAAAA-BBBBB")
