"""Who may talk, as people meet it in the chat: codes, invitations, groups, and who is turned away."""

import re
from typing import Any

import pytest

from application.messages import render
from domain.access import ASKING_MAX, CODE_S, WRONG_CODES_MAX, WRONG_CODES_S, AccessMode
from entrypoints.harness import BOT_ID, BOT_NAME, Harness
from tests.acceptance.business import then_all_is_done, when_time_passes

OWNER, ANN, BEN, GROUP, CHANNEL = 1, 7, 8, -50, -1_000_077
CODE = re.compile(r"[0-9A-Z]{5}-[0-9A-Z]{5}")


def given(mode: AccessMode = AccessMode.PAIRING, **settings: Any) -> Harness:
    """Return a bot that user 1 owns."""
    return Harness(access=mode, owner=OWNER, **settings)


@pytest.fixture
def harness() -> Harness:
    return given()


def code_in(texts: list[str]) -> str:
    """Return the one code in what was said."""
    (code,) = set(CODE.findall("\n".join(texts)))
    return str(code)


async def when_owner(harness: Harness, text: str) -> list[str]:
    return await harness.say(OWNER, OWNER, text)


async def reasons(harness: Harness) -> list[str]:
    return [row.reason for row in await harness.audit(consumer="brain") if row.event_type != "telegram.send"]


async def test_a_stranger_gets_a_code_and_nothing_else_until_the_owner_lets_them_in(harness: Harness) -> None:
    code = code_in(await harness.say(ANN, ANN, "hello"))
    assert await harness.say(ANN, ANN, "/status") == [], "one code an hour, and no further word"
    assert await when_owner(harness, f"/access approve {code}") == ["user 7 (User 7) is let in as member."]
    assert harness.texts(ANN)[-1] == render("access.welcome", {})
    assert await harness.say(ANN, ANN, "hello") == ["hello"]
    assert await when_owner(harness, f"/access approve {code}") == [render("access.no_code", {})]
    assert f"/access; {BOT_ID}:7 became member; took effect" in await reasons(harness)
    await then_all_is_done(harness)


async def test_no_code_stands_in_the_audit_or_among_what_is_kept(harness: Harness) -> None:
    code = code_in(await harness.say(ANN, ANN, "hello"))
    invitation = code_in(await when_owner(harness, "/access invite"))
    kept = f"{await harness.audit()} {harness.database.tables.access} {harness.database.tables.invitations}"
    assert code not in kept
    assert invitation not in kept


async def test_a_code_runs_out_and_a_new_one_comes_with_the_next_message(harness: Harness) -> None:
    first = code_in(await harness.say(ANN, ANN, "hello"))
    await when_time_passes(harness, CODE_S + 1)
    assert await when_owner(harness, f"/access approve {first}") == [render("access.no_code", {})]
    second = code_in(await harness.say(ANN, ANN, "hello again"))
    assert second != first
    assert "is let in" in (await when_owner(harness, f"/access approve {second}"))[0]


async def test_only_so_many_may_wait_to_be_let_in(harness: Harness) -> None:
    for user in range(100, 100 + ASKING_MAX):
        code_in(await harness.say(user, user, "hello"))
    assert await harness.say(ANN, ANN, "hello") == []
    assert (await reasons(harness))[-1] == "too many wait to be let in"
    await when_time_passes(harness, CODE_S + 1)
    code_in(await harness.say(ANN, ANN, "hello"))


async def test_on_an_allowlist_strangers_get_no_answer_and_those_named_do() -> None:
    harness = given(AccessMode.ALLOWLIST, allowed=frozenset({ANN}))
    assert await harness.say(ANN, ANN, "hello") == ["hello"]
    assert await harness.say(BEN, BEN, "hello") == []
    assert (await reasons(harness))[-1] == "not on the allowlist"
    assert await when_owner(harness, f"/access approve {BEN}") == ["user 8 is let in as member."]
    assert await harness.say(BEN, BEN, "hello") == ["hello"]


async def test_whoever_is_turned_away_gets_no_answer_even_where_everybody_may_talk() -> None:
    harness = given(AccessMode.OPEN)
    assert await harness.say(ANN, ANN, "hello") == ["hello"]
    await when_owner(harness, f"/access revoke {ANN}")
    assert await harness.say(ANN, ANN, "hello") == []
    assert await harness.say(BEN, BEN, "hello") == ["hello"]


@pytest.mark.parametrize("text", ["/access", "/access approve 8", "/access invite", "/api kimi"])
async def test_whoever_was_merely_let_in_changes_nothing_for_others(harness: Harness, text: str) -> None:
    await when_owner(harness, f"/access approve {ANN}")
    assert await harness.say(ANN, ANN, text) == [render("admins_only", {})]
    assert list(harness.database.tables.access) == [f"{BOT_ID}:7"]


async def test_an_admin_whom_the_owner_made_lets_in_and_is_no_owner(harness: Harness) -> None:
    await when_owner(harness, f"/access approve {ANN} admin")
    assert await harness.say(ANN, ANN, f"/access approve {BEN}") == ["user 8 is let in as member."]
    assert await harness.say(ANN, ANN, f"/access approve {BEN} admin") == [render("access.owner_only", {})]
    assert await harness.say(ANN, ANN, f"/access revoke {OWNER}") == [
        render("access.named", {"who": f"user {OWNER}"})
    ]
    assert "API mode is now kimi" in (await harness.say(ANN, ANN, "/api kimi"))[0]


# Invitations


async def test_an_invitation_lets_in_whoever_sends_it_first_and_nobody_after(harness: Harness) -> None:
    code = code_in(await when_owner(harness, "/access invite"))
    assert await harness.say(ANN, ANN, f"/start {code.lower()}") == [render("access.invited_member", {})]
    assert await harness.say(BEN, BEN, f"/start {code}") == [render("access.wrong_code", {})]
    assert await harness.say(ANN, ANN, "hello") == ["hello"]
    assert code_in(await harness.say(BEN, BEN, "hello"))


async def test_wrong_codes_are_looked_at_only_so_often_even_from_those_who_may_talk() -> None:
    harness = given(AccessMode.OPEN)
    for _ in range(WRONG_CODES_MAX):
        assert await harness.say(ANN, ANN, "/start AAAAA-AAAAA") == [render("access.wrong_code", {})]
    code = code_in(await when_owner(harness, "/access invite admin"))
    assert await harness.say(ANN, ANN, f"/start {code}") == [render("start.first", {})], (
        "not even the right one"
    )
    assert await harness.say(ANN, ANN, "hello") == ["hello"]
    await when_time_passes(harness, WRONG_CODES_S + 1)
    code = code_in(await when_owner(harness, "/access invite admin"))
    assert await harness.say(ANN, ANN, f"/start {code}") == [render("access.invited_admin", {})]


async def test_what_else_a_link_brings_along_is_no_code(harness: Harness) -> None:
    await when_owner(harness, f"/access approve {ANN}")
    assert await harness.say(ANN, ANN, "/start newsletter") == [render("start.first", {})]
    assert await harness.say(ANN, ANN, "/start 1234567890") == [render("start.again", {})]


async def test_of_two_who_send_one_invitation_together_the_first_is_let_in(harness: Harness) -> None:
    code = code_in(await when_owner(harness, "/access invite"))
    for user in (ANN, BEN):
        harness.world.say(user, user, f"/start {code}")
    await harness.settle()
    assert harness.texts(ANN) == [render("access.invited_member", {})]
    assert harness.texts(BEN) == [render("access.wrong_code", {})]
    await then_all_is_done(harness)


async def test_the_invitations_of_an_admin_end_with_the_admin(harness: Harness) -> None:
    await when_owner(harness, f"/access approve {ANN} admin")
    code = code_in(await harness.say(ANN, ANN, "/access invite"))
    await when_owner(harness, f"/access revoke {ANN}")
    assert await harness.say(BEN, BEN, f"/start {code}") == [render("access.wrong_code", {})]


async def test_many_who_write_together_find_no_more_places_than_there_are(harness: Harness) -> None:
    for user in range(100, 100 + ASKING_MAX + 20):
        harness.world.say(user, user, "hello")
    for group in range(100, 100 + ASKING_MAX + 20):
        harness.world.say(-group, ANN, f"/help@{BOT_NAME}")
    await harness.settle()
    asking = [row.person.standing for row in harness.database.tables.access.values()]
    assert len(asking) == 2 * ASKING_MAX, "users and chats have places of their own"


async def test_a_stranger_on_an_allowlist_learns_nothing_by_trying_codes() -> None:
    harness = given(AccessMode.ALLOWLIST)
    assert await harness.say(ANN, ANN, "/start AAAAA-AAAAA") == []
    assert harness.database.tables.access[f"{BOT_ID}:7"].wrong_codes == 1
    code = code_in(await when_owner(harness, "/access invite"))
    assert await harness.say(ANN, ANN, f"/start {code}") == [render("access.invited_member", {})]


async def test_a_name_cannot_forge_a_line_of_the_list(harness: Harness) -> None:
    harness.world.add_user(ANN, "Ann\nowner: user 666")
    await harness.say(ANN, ANN, "hello")
    (shown,) = await when_owner(harness, "/access")
    assert "\nowner: user 666" not in shown


async def test_a_message_in_the_supergroup_that_comes_with_the_migration_is_let_in(harness: Harness) -> None:
    harness.world.add_group(GROUP, kind="group")
    await when_owner(harness, f"/access approve {GROUP}")
    harness.world.migrate(GROUP, -1_000_050)
    harness.world.say(-1_000_050, ANN, f"/help@{BOT_NAME}")
    await harness.settle()
    assert harness.texts(-1_000_050) == [render("help", {})]


async def test_a_pairing_code_is_no_invitation(harness: Harness) -> None:
    code = code_in(await harness.say(ANN, ANN, "hello"))
    assert await harness.say(ANN, ANN, f"/start {code}") == [render("access.wrong_code", {})]
    assert await harness.say(ANN, ANN, "hello") == []


async def test_a_code_sent_in_a_group_brings_nobody_in(harness: Harness) -> None:
    await when_owner(harness, f"/access approve {GROUP}")
    code = code_in(await when_owner(harness, "/access invite admin"))
    await harness.say(ANN, GROUP, f"/start@{BOT_NAME} {code}")
    assert f"{BOT_ID}:7" not in harness.database.tables.access


# Groups


async def test_a_group_is_let_in_as_a_whole_and_one_of_it_may_be_turned_away(harness: Harness) -> None:
    assert await harness.say(ANN, GROUP, "not for the bot") == []
    code = code_in(await harness.say(ANN, GROUP, f"@{BOT_NAME} hello"))
    await when_owner(harness, f"/access approve {code}")
    assert harness.texts(GROUP)[-1] == render("access.welcome_group", {})
    assert await harness.say(BEN, GROUP, f"/help@{BOT_NAME}") != []
    await when_owner(harness, f"/access revoke {BEN}")
    assert await harness.say(BEN, GROUP, f"/help@{BOT_NAME}") == []
    assert await harness.say(ANN, GROUP, f"/help@{BOT_NAME}") != []


async def test_an_admin_may_talk_and_let_in_within_a_group_that_is_not_let_in(harness: Harness) -> None:
    assert await harness.say(OWNER, GROUP, f"/access@{BOT_NAME} approve {GROUP}") != []
    assert await harness.say(ANN, GROUP, f"/help@{BOT_NAME}") != []


async def test_an_anonymous_admin_of_a_group_is_nobodys_admin(harness: Harness) -> None:
    await when_owner(harness, f"/access approve {GROUP}")
    said = await harness.say(OWNER, GROUP, f"/api@{BOT_NAME} kimi", anonymous=True)
    assert said == [render("admins_only", {})]


async def test_a_group_to_which_an_admin_adds_the_bot_is_let_in(harness: Harness) -> None:
    harness.world.add_group(GROUP, bots=())
    harness.world.add(GROUP, OWNER, [BOT_ID])
    await harness.settle()
    assert harness.texts(GROUP) == [render("access.welcome_group", {})]
    assert await harness.say(ANN, GROUP, f"/help@{BOT_NAME}") != []


async def test_a_group_to_which_somebody_else_adds_the_bot_is_not(harness: Harness) -> None:
    harness.world.add_group(GROUP, bots=())
    harness.world.add(GROUP, ANN, [BOT_ID])
    await harness.settle()
    assert harness.texts(GROUP) == []
    assert code_in(await harness.say(ANN, GROUP, f"/help@{BOT_NAME}"))


async def test_a_group_that_becomes_a_supergroup_stays_let_in(harness: Harness) -> None:
    harness.world.add_group(GROUP, kind="group")
    await when_owner(harness, f"/access approve {GROUP}")
    harness.world.migrate(GROUP, -1_000_050)
    await harness.settle()
    assert await harness.say(ANN, -1_000_050, f"/help@{BOT_NAME}") != []


# Channels


async def test_in_a_channel_that_was_let_in_commands_that_name_the_bot_are_answered(harness: Harness) -> None:
    harness.world.add_group(CHANNEL, kind="channel", bots=())
    harness.world.add(CHANNEL, OWNER, [BOT_ID])
    await harness.settle()
    assert harness.texts(CHANNEL) == [], "it says nothing on its own to all who read there"
    assert await harness.say(OWNER, CHANNEL, "news") == []
    assert await harness.say(OWNER, CHANNEL, "/help") == []
    assert await harness.say(OWNER, CHANNEL, f"/help@{BOT_NAME}") == [render("help", {})]
    assert await harness.say(OWNER, CHANNEL, f"/api@{BOT_NAME} kimi") == [render("admins_only", {})]


async def test_in_a_channel_that_was_not_let_in_no_code_is_shown_to_all_who_read_it(harness: Harness) -> None:
    harness.world.add_group(CHANNEL, kind="channel", bots=())
    harness.world.add(CHANNEL, ANN, [BOT_ID])
    await harness.settle()
    assert await harness.say(ANN, CHANNEL, f"/help@{BOT_NAME}") == []


# Coming and going


async def test_whether_a_chat_can_be_reached_is_noted_when_it_changes(harness: Harness) -> None:
    await when_owner(harness, f"/access approve {ANN}")
    await harness.say(ANN, ANN, "hello")
    harness.world.block(ANN)
    await harness.settle()
    assert harness.database.tables.unreachable == {(BOT_ID, ANN): "the bot was blocked"}
    harness.world.unblock(ANN)
    await harness.settle()
    assert harness.database.tables.unreachable == {}
    await then_all_is_done(harness)


async def test_the_list_shows_admins_who_is_in_and_who_asks(harness: Harness) -> None:
    await harness.say(ANN, ANN, "hello")
    await when_owner(harness, f"/access approve {BEN}")
    (shown,) = await when_owner(harness, "/access")
    assert shown.splitlines()[:3] == [
        "owner: user 1, by settings",
        "asked: user 7 (User 7)",
        "member: user 8, by user 1",
    ]
