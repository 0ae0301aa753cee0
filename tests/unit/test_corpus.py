"""The corpus of updates: its shapes are Telegram's, it has every kind, and each case becomes what it says.

Not here: the same over HTTP into a database (``tests/acceptance/test_corpus.py``).
"""

import copy
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import aiogram.types
import attrs
import pytest
import telegram
from aiogram.enums import ContentType, MessageEntityType
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.codec import Codec
from adapters.memory.clock import ManualClock
from adapters.memory.database import MemoryDatabase
from adapters.memory.store import MemoryIntake
from adapters.memory.streams import MemoryStreams
from application.crashpoints import no_crash
from application.gateway import ALLOWED_UPDATES, Gateway
from domain.catalogue import type_of
from domain.decisions import Outcome
from domain.text import utf16_length
from domain.updates import CONTENTS, NotAnUpdate, translate
from tests.corpus.cases import BOT, BOT_NAME, CASES, FAMILIES, Case

# What no Bot API has yet, so that no library can know its shape.
FROM_THE_FUTURE = {
    "a kind of update that no Bot API knows yet",
    "a kind whose name is no word",
    "a kind of chat that no Bot API knows yet",
    "a status of members that no Bot API knows yet",
    "a content that no Bot API knows yet",
    "an entity that no Bot API knows yet",
    "an origin of a forward that no Bot API knows yet",
}
# What Telegram sends although no documentation names it.
UNDOCUMENTED = {"all_members_are_administrators", "new_chat_participant", "new_chat_member"}
OF_TODAY = [case for case in CASES if case.name not in FROM_THE_FUTURE]


def names(cases: list[Case]) -> Any:
    """Return the cases as parameters that are shown by their names."""
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object within a JSON value."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts(inner)


# The corpus itself


def test_the_corpus_is_large_and_names_and_numbers_are_given_once() -> None:
    assert len(CASES) >= 120
    assert max(Counter(case.name for case in CASES).values()) == 1
    assert max(Counter(case.update["update_id"] for case in CASES).values()) == 1
    assert all((case.event is None) != (case.ignored is None) for case in CASES)
    assert {case.name for case in FAMILIES["future"]} == FROM_THE_FUTURE


@names(OF_TODAY)
def test_its_shapes_are_telegrams_by_the_word_of_both_libraries(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Durations as python-telegram-bot will tell them; it warns of how it tells them now.
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    read = aiogram.types.Update.model_validate(case.update)
    assert getattr(read, case.kind) is not None
    assert unknown_to(read) <= UNDOCUMENTED
    assert telegram.Update.de_json(case.update, None) is not None


def unknown_to(model: Any) -> set[str]:
    """Return the names of all fields within ``model`` that aiogram does not know."""
    if isinstance(model, list):
        return set().union(*map(unknown_to, model))
    if not isinstance(model, aiogram.types.TelegramObject):
        return set()
    inner = [getattr(model, name) for name in type(model).model_fields]
    return set(model.model_extra or {}).union(*map(unknown_to, inner))


def test_it_has_every_kind_of_update_and_every_content_that_aiogram_knows() -> None:
    kinds = set(aiogram.types.Update.model_fields) - {"update_id"}
    assert kinds - {case.kind for case in CASES} == set()
    contents = {content.value for content in ContentType} - {"unknown", "any"}
    assert contents - set(CONTENTS) == set()
    told = {name for case in CASES for name in case.body if isinstance(case.body, dict)}
    assert set(CONTENTS) - told == set()


def test_it_has_every_entity_and_every_origin_of_a_forward_and_entities_lie_in_their_text() -> None:
    found = list(parts([case.update for case in CASES]))
    entities = [entity for part in found for entity in part.get("entities", ())]
    assert {kind.value for kind in MessageEntityType} - {entity["type"] for entity in entities} == set()
    origins = {part["forward_origin"]["type"] for part in found if "forward_origin" in part}
    assert origins >= {"user", "hidden_user", "chat", "channel"}
    for part in found:
        for text, listed in (("text", "entities"), ("caption", "caption_entities")):
            for entity in part.get(listed, ()):
                assert 0 <= entity["offset"] < entity["offset"] + entity["length"] <= utf16_length(part[text])


# What becomes of it


@names(CASES)
def test_every_update_becomes_what_the_corpus_says(case: Case) -> None:
    found = translate(case.update, BOT, BOT_NAME)
    if case.ignored is not None:
        assert (found.payload, found.reason) == (None, case.ignored)
        return
    assert found.payload is not None, found.reason
    assert type_of(found.payload).name == case.event
    told = attrs.asdict(found.payload)
    assert {name: told[name] for name in case.fields} == case.fields


def test_every_kind_that_becomes_an_event_is_asked_for_and_no_other() -> None:
    assert {case.kind for case in CASES if case.event is not None} == set(ALLOWED_UPDATES)


def a_gateway() -> tuple[Gateway, MemoryDatabase, MemoryStreams]:
    """Return a gateway on the in-memory adapters."""
    clock = ManualClock()
    database, streams = MemoryDatabase(clock), MemoryStreams(clock)
    return (
        Gateway(BOT, MemoryIntake(database), streams, Codec(), clock, no_crash, BOT_NAME),
        database,
        streams,
    )


async def test_the_whole_corpus_goes_through_the_gateway_and_each_update_has_one_outcome() -> None:
    gateway, database, streams = a_gateway()
    await gateway.accept([case.update for case in CASES])
    await gateway.finish()
    told = [
        (row.idempotency_key, row.outcome, row.event_type, row.reason)
        for row in (entry.row for entry in database.tables.audit)
    ]
    expected = [
        (f"tg:{BOT}:{case.update['update_id']}", Outcome.ACCEPTED, case.event, "")
        if case.ignored is None
        else (f"tg:{BOT}:{case.update['update_id']}", Outcome.IGNORED, None, case.ignored)
        for case in CASES
    ]
    assert told == expected
    events = sum(case.event is not None for case in CASES)
    assert len(database.tables.outbox) == events
    assert (await streams.depth("brain")).length == events

    await gateway.accept([case.update for case in CASES])
    assert len(database.tables.outbox) == events
    assert {entry.row.outcome for entry in database.tables.audit[len(CASES) :]} == {Outcome.DUPLICATE}


# Anything else

ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**53,
    2**70,
    1.5,
    "",
    "x" * 9000,
    "\ud800",
    "\x00",
    [],
    [None],
    {},
    {"id": 1000},
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters(), max_size=20)
)
JSON = st.sampled_from(ODD) | st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every place within a JSON value that can be changed: what holds it, and its name or number there."""
    if not isinstance(value, dict | list):
        return []
    here = list(value) if isinstance(value, dict) else range(len(value))
    return [place for name in here for place in ((value, name), *places(value[name]))]


def test_an_update_with_any_one_part_missing_or_odd_has_an_outcome() -> None:
    for case in CASES:
        update = copy.deepcopy(case.update)
        for holder, name in places(update["message"] if case.kind == "message" else update):
            kept = holder[name]
            for odd in ODD:
                holder[name] = odd
                then_it_has_an_outcome(update)
            if isinstance(holder, dict):
                del holder[name]
                then_it_has_an_outcome(update)
            holder[name] = kept


def then_it_has_an_outcome(update: Any) -> None:
    with suppress(NotAnUpdate):
        found = translate(update, BOT, BOT_NAME)
        assert (found.payload is None) == bool(found.reason)


@st.composite
def mutants(draw: st.DrawFn) -> Any:
    """Return an update of the corpus of which some parts are missing, or anything else."""
    update = copy.deepcopy(draw(st.sampled_from(CASES)).update)
    for _ in range(draw(st.integers(2, 4))):
        found = places(update)
        if found:
            holder, name = found[draw(st.integers(0, len(found) - 1))]
            if draw(st.booleans()):
                # A copy, since what was drawn may be changed by the next mutation.
                holder[name] = copy.deepcopy(draw(JSON))
            else:
                del holder[name]
    return update


@settings(derandomize=True, max_examples=300, deadline=None)
@given(mutants())
def test_an_update_with_several_parts_missing_or_changed_goes_through_the_gateway(update: Any) -> None:
    gateway, _, _ = a_gateway()
    try:
        arrival = gateway.arrival(update)
    except NotAnUpdate:
        return
    if arrival.owed is None:
        assert arrival.audit.reason
        arrival.audit.reason.encode()
    else:
        assert Codec().decode(arrival.owed.envelope).payload is not None
