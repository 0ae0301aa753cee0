"""``/access``: what it understands, who may do what with it, and what it tells whom."""

from typing import Any

import pytest

from domain.access import CODE_S, Code, Person, Standing, hash_code
from domain.commands.access import Wish, parse, step
from domain.commands.base import AccessKnown, Answer, Ask, Known, Notice
from domain.decisions import AddInvitation, SetStanding

BOT, OWNER, ADMIN, ANN, GROUP = 1000, 1, 2, 7, -50
CODE = "3G923-0VQVS"


def when_asked(args: str, standing: Standing = Standing.ADMIN, *, chat: int = ADMIN, **known: Any) -> Answer:
    ask = Ask(args, standing, BOT, chat, ADMIN)
    return step(ask, Known(access=AccessKnown(fresh_code="AAAAA-BBBBB", **known)))


def known(who: int, standing: Standing, name: str = "") -> dict[str, Person]:
    return {f"{BOT}:{who}": Person(standing, name)}


ASKS = Code(60.0, f"{BOT}:{ANN}", "Ann")


@pytest.mark.parametrize(
    ("args", "wish"),
    [
        ("", Wish("list")),
        (f"approve {CODE}", Wish("approve", CODE)),
        ("approve 3g923 0vqvs", None),
        ("approve 3g9230vqvs", Wish("approve", CODE)),
        ("APPROVE 7", Wish("approve", who=7)),
        ("approve -50", Wish("approve", who=-50)),
        ("approve 7123456789", Wish("approve", who=7123456789)),
        ("approve 71234-56789", Wish("approve", "71234-56789")),
        ("approve 7 admin", Wish("approve", who=7, standing=Standing.ADMIN)),
        ("revoke 7", Wish("revoke", who=7)),
        (f"revoke {CODE}", None),
        ("revoke 7 admin", None),
        ("invite", Wish("invite")),
        ("invite admin", Wish("invite", standing=Standing.ADMIN)),
        ("invite owner", None),
        ("approve", None),
        ("approve 0", None),
        ("approve ٣", None),
        ("approve 7 8", None),
        ("approve " + "9" * 5_000, None),
        ("nonsense", None),
    ],
)
def test_what_the_words_ask_for(args: str, wish: Wish | None) -> None:
    assert parse(args) == wish


@pytest.mark.parametrize("args", ["", f"approve {CODE}", "revoke 7", "invite", "nonsense"])
def test_whoever_is_no_admin_learns_and_changes_nothing(args: str) -> None:
    answer = when_asked(args, Standing.MEMBER, code=ASKS, listed=[(f"{BOT}:7", Person(Standing.ASKED))])
    assert (answer.key, answer.effects, answer.notices) == ("admins_only", (), ())


def test_a_code_lets_in_whoever_asks_by_it_and_tells_them() -> None:
    answer = when_asked(f"approve {CODE}", code=ASKS)
    assert answer.effects == (SetStanding(f"{BOT}:{ANN}", Standing.MEMBER, "Ann", f"user {ADMIN}"),)
    assert answer.notices == (Notice(ANN, "access.welcome"),)
    assert answer.values == {"who": "user 7 (Ann)", "standing": "member"}
    assert answer.reason == f"{BOT}:{ANN} became member"


def test_a_code_that_nobody_asks_by_changes_nothing() -> None:
    assert when_asked(f"approve {CODE}").key == "access.no_code"
    assert when_asked(f"approve {CODE}", code=Code(60.0, standing=Standing.OWNER)).effects == ()


def test_whoever_never_wrote_to_the_bot_is_let_in_and_not_told() -> None:
    answer = when_asked("approve 7")
    assert len(answer.effects) == 1
    assert answer.notices == ()


def test_a_group_is_let_in_by_its_id_and_told_in_its_own_words() -> None:
    answer = when_asked("approve -50", people=known(GROUP, Standing.ASKED))
    assert answer.effects == (SetStanding(f"{BOT}:{GROUP}", Standing.MEMBER, "", f"user {ADMIN}"),)
    assert answer.notices == (Notice(GROUP, "access.welcome_group"),)


@pytest.mark.parametrize("args", ["", "invite"])
def test_in_a_group_nothing_is_shown_that_is_not_for_all_there(args: str) -> None:
    answer = when_asked(args, chat=GROUP, listed=[(f"{BOT}:7", Person(Standing.MEMBER, "Ann"))])
    assert (answer.key, answer.values, answer.effects) == ("access.in_private", {}, ())
    assert when_asked("revoke 7", chat=GROUP, people=known(ANN, Standing.MEMBER, "Ann")).values == {
        "who": "user 7"
    }


def test_whom_the_settings_let_in_can_be_made_admin_and_be_one_no_more() -> None:
    named = {f"{BOT}:7": Standing.MEMBER}
    assert when_asked("approve 7 admin", Standing.OWNER, named=named).effects != ()
    people = known(ANN, Standing.ADMIN)
    assert when_asked("revoke 7", Standing.OWNER, named=named, people=people).effects != ()


def test_a_group_is_nobodys_admin() -> None:
    assert when_asked("approve -50 admin", Standing.OWNER).key == "access.usage"


@pytest.mark.parametrize("args", ["approve 7 admin", "invite admin"])
def test_only_the_owner_makes_admins(args: str) -> None:
    assert (when_asked(args).key, when_asked(args).effects) == ("access.owner_only", ())
    assert when_asked(args, Standing.OWNER).effects != ()


@pytest.mark.parametrize(
    ("standing", "who", "allowed"),
    [
        (Standing.ADMIN, Standing.MEMBER, True),
        (Standing.ADMIN, Standing.ADMIN, False),
        (Standing.ADMIN, Standing.OWNER, False),
        (Standing.OWNER, Standing.ADMIN, True),
        (Standing.OWNER, Standing.OWNER, False),
    ],
)
def test_who_turns_away_whom(standing: Standing, who: Standing, allowed: bool) -> None:
    answer = when_asked("revoke 7", standing, people=known(ANN, who))
    assert (answer.effects != ()) is allowed
    refusal = "access.an_owner" if who is Standing.OWNER else "access.owner_only"
    assert answer.key == ("access.revoked" if allowed else refusal)


def test_letting_in_never_lowers_somebody() -> None:
    answer = when_asked("approve 7", Standing.OWNER, people=known(ANN, Standing.ADMIN))
    assert (answer.key, answer.effects) == ("access.already", ())


def test_who_was_turned_away_may_be_let_in_again() -> None:
    answer = when_asked("approve 7", people=known(ANN, Standing.REVOKED, "Ann"))
    assert answer.effects == (SetStanding(f"{BOT}:{ANN}", Standing.MEMBER, "Ann", f"user {ADMIN}"),)


@pytest.mark.parametrize(("args", "key"), [("approve 7", "access.already"), ("revoke 7", "access.named")])
def test_whom_the_settings_name_no_command_changes(args: str, key: str) -> None:
    answer = when_asked(args, Standing.OWNER, named={f"{BOT}:7": Standing.MEMBER})
    assert (answer.key, answer.effects) == (key, ())


def test_an_invitation_is_shown_in_private_only() -> None:
    answer = when_asked("invite")
    assert answer.effects == (
        AddInvitation(BOT, hash_code(BOT, "AAAAA-BBBBB"), Standing.MEMBER, CODE_S, f"{BOT}:{ADMIN}"),
    )
    assert answer.values["code"] == "AAAAA-BBBBB"
    assert "AAAAA" not in answer.reason


def test_the_list_shows_whom_the_settings_name_first_and_everybody_once() -> None:
    listed = [(f"{BOT}:8", Person(Standing.ASKED, "Ben")), (f"{BOT}:1", Person(Standing.MEMBER))]
    answer = when_asked("", named={f"{BOT}:1": Standing.OWNER}, listed=listed)
    assert answer.values["people"] == "owner: user 1, by settings\nasked: user 8 (Ben)"
