"""The story of a message: everything that happened to it, in order of time, and nothing of what people wrote."""

import re

from attrs import evolve

from adapters.botworld import FaultKind
from entrypoints.simulation.checker import Violation, violations
from entrypoints.simulation.history import Mishap
from entrypoints.simulation.story import story
from tests.unit.checker_given import FIRST, REMIND, a_fault, effect, script_run, with_copy


async def test_a_story_tells_what_was_said_done_called_and_what_went_wrong() -> None:
    history = await script_run(1, a_fault(FaultKind.RESET_AFTER))
    at = history.effects[0].received_at
    history = evolve(history, mishaps=[Mishap("a kill", "sender-1", at + 0.5, at + 1.5)])
    spoiled = with_copy(history, effect(history, FIRST))
    told = story(spoiled, violations(spoiled)[0])
    texts = [line.partition(" s  ")[2] for line in told]
    assert texts[0] == "user 1000001 in chat 1000001: message m1c0 (tg:1000:1, told 1 times, accepted)"
    assert any(re.fullmatch(r"call \d+: unanswered", text) for text in texts)
    assert "*** a kill, sender-1 for 1.000 s" in texts
    assert any(text.startswith("sender: ambiguous telegram.send tg:1000:1/reply") for text in texts)
    assert any(text.endswith("with m1c0, marked as a repeat") for text in texts)
    assert any("editMessageText message" in text for text in texts), "an edit of it belongs to it"
    times = [float(line.partition(" s  ")[0]) for line in told]
    assert times == sorted(times)
    assert not re.search(r"\b(one|two|better)\b", "\n".join(texts)), "nothing of what people wrote"


async def test_the_story_of_a_reminder_begins_with_whoever_asked_for_it() -> None:
    history = await script_run()
    token = Violation("fired", "of the test", REMIND)
    texts = [line.partition(" s  ")[2] for line in story(history, token)]
    assert texts[0].startswith("user 1000001 in chat 1000001: command /remind m5c0")
    assert any(text.startswith("scheduler: accepted reminder.due rem:") for text in texts)
    assert any(text.startswith("sender: processed telegram.send rem:") for text in texts)


async def test_what_concerns_no_message_has_no_story() -> None:
    history = await script_run()
    assert story(history, Violation("at rest", "1 left: owed rows")) == []
    assert story(history, Violation("known", "nobody", key="tg:1000:77")) == [
        "nothing is recorded of tg:1000:77"
    ]
