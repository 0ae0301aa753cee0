"""Faults: all at once, in field order, in wording that never changes and never repeats what people wrote."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.codec import Codec
from domain.catalogue import CATALOGUE
from domain.validation import FAULTS_MAX, envelope_faults, payload_faults
from tests.unit.event_examples import PAYLOADS, event_of

CODEC = Codec()
FIELDS = [
    "event_id",
    "event_type",
    "schema_version",
    "source",
    "target",
    "timestamp",
    "trace_id",
    "idempotency_key",
    "payload",
]
INSTANT = "must be an RFC 3339 instant in UTC such as 2026-11-22T16:00:00.123456Z"
KEY = "must be 1 to 200 printable ASCII characters"
SEND_TEXT = "payload.text: must be text of 1 to 4096 UTF-16 units"


def raw(name: str = "telegram.send", **changes: object) -> dict[str, Any]:
    """Return the example of a type as parsed JSON, with envelope fields changed."""
    return {**orjson.loads(CODEC.encode(event_of(name))), **changes}


def raw_payload(name: str = "telegram.send", **changes: object) -> dict[str, Any]:
    """Return the example of a type as parsed JSON, with payload fields changed."""
    envelope = raw(name)
    envelope["payload"].update(changes)
    return envelope


@pytest.mark.parametrize("name", PAYLOADS)
def test_every_example_is_without_fault(name: str) -> None:
    assert envelope_faults(raw(name)) == ()
    assert payload_faults(name, raw(name)["payload"]) == ()


@pytest.mark.parametrize("name", FIELDS)
def test_missing_field(name: str) -> None:
    envelope = raw()
    del envelope[name]
    assert envelope_faults(envelope) == (f"{name}: missing",)


def test_all_missing_fields_are_named_at_once_and_in_order() -> None:
    assert envelope_faults({}) == tuple(f"{name}: missing" for name in FIELDS)


def test_payload_validation() -> None:
    envelope = raw_payload(bot_id=True, chat_id="42", text="", silent=1, message_class="shout")
    assert envelope_faults(envelope) == (
        "payload.bot_id: must be a whole number from 1 to 9007199254740991",
        "payload.chat_id: must be a whole number from -9007199254740991 to 9007199254740991",
        SEND_TEXT,
        "payload.message_class: must be one of reply, reminder",
        "payload.silent: must be true or false",
    )


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        (
            "event_id",
            "0F8FAD5B-D9CB-469F-A165-70867728950E",
            "must be a UUID in lowercase hex digits with hyphens",
        ),
        ("event_id", 7, "must be a UUID in lowercase hex digits with hyphens"),
        ("event_type", "no.such", "unknown type 'no.such'"),
        (
            "event_type",
            "x" * 65,
            "must be 1 to 64 lowercase letters, digits, '_', '.' or '-', a letter first",
        ),
        ("event_type", ["a"], "must be 1 to 64 lowercase letters, digits, '_', '.' or '-', a letter first"),
        ("schema_version", "1.0", "must be a semantic version such as 1.0.0"),
        ("schema_version", "2.0.0", "major version must be 1"),
        ("schema_version", "0.9.0", "major version must be 1"),
        ("source", "Brain", "must be 1 to 64 lowercase letters, digits, '_', '.' or '-', a letter first"),
        ("target", "a}b", "must be 1 to 64 lowercase letters, digits, '_', '.' or '-', a letter first"),
        ("timestamp", "2026-11-22T16:00:00+00:00", INSTANT),
        ("timestamp", "2026-02-30T16:00:00Z", INSTANT),
        ("timestamp", "2026-11-22T16:00:00Z\n", INSTANT),
        ("timestamp", "٢٠٢٦-11-22T16:00:00Z", INSTANT),
        ("trace_id", "0" * 32, "must be 32 lowercase hex digits, not all zero"),
        ("trace_id", "A" * 32, "must be 32 lowercase hex digits, not all zero"),
        ("idempotency_key", "", KEY),
        ("idempotency_key", "x" * 201, KEY),
        ("idempotency_key", "a\nb", KEY),
        ("idempotency_key", "é", KEY),
        ("payload", [], "must be an object"),
        ("payload", None, "must be an object"),
    ],
)
def test_each_envelope_field_has_its_fault(name: str, value: object, fault: str) -> None:
    assert envelope_faults(raw(**{name: value})) == (f"{name}: {fault}",)


def test_a_newer_minor_version_with_unknown_payload_fields_is_fine() -> None:
    envelope = raw_payload(colour="red")
    envelope["schema_version"] = "1.99.3"
    assert envelope_faults(envelope) == ()


def test_an_unknown_envelope_field_is_a_fault() -> None:
    assert envelope_faults(raw(zebra=1, extra=2)) == ("extra: unknown field", "zebra: unknown field")


def test_names_that_are_long_or_unprintable_are_not_shown() -> None:
    assert envelope_faults(raw(**{"x" * 999: 1, "\x1b[31m": 2})) == (
        "(a name that is not shown): unknown field",
    )


def test_faults_in_lists_name_the_place() -> None:
    envelope = raw_payload(
        entities=[{"type": "bold", "offset": 0, "length": 1}, {"type": "B", "offset": -1}],
        buttons=[[{"text": "a", "data": "b"}], [7], []],
    )
    assert envelope_faults(envelope) == (
        "payload.entities[1].type: must be 1 to 40 lowercase letters or '_'",
        "payload.entities[1].offset: must be a whole number from 0 to 9007199254740991",
        "payload.entities[1].length: missing",
        "payload.buttons[1][0]: must be an object",
        "payload.buttons[2]: must be a list of 1 to 8 items",
    )


@pytest.mark.parametrize(
    ("text", "is_fine"),
    [
        ("a" * 4096, True),
        ("a" * 4097, False),
        ("😀" * 2048, True),
        ("😀" * 2048 + "a", False),
        ("a\0", False),
    ],
)
def test_text_is_measured_in_utf16_units(text: str, is_fine: bool) -> None:
    assert (envelope_faults(raw_payload(text=text)) == ()) is is_fine


def test_callback_data_is_measured_in_bytes() -> None:
    assert envelope_faults(raw_payload("callback.received", data="é" * 32)) == ()
    assert envelope_faults(raw_payload("callback.received", data="é" * 33)) == (
        "payload.data: must be text of at most 64 bytes of UTF-8",
    )


@pytest.mark.parametrize(("message_id", "key"), [(None, None), (5, "tg:7:1/reply")])
def test_an_edit_names_its_message_in_exactly_one_way(message_id: int | None, key: str | None) -> None:
    assert envelope_faults(raw_payload("telegram.edit", message_id=message_id, delivery_key=key)) == (
        "payload: exactly one of message_id and delivery_key must be set",
    )


def test_an_agent_gives_text_exactly_when_it_answers() -> None:
    assert envelope_faults(raw_payload("agent.responded", status="failed")) == (
        "payload.text: must be set exactly when status is answered",
        "payload.error: must be set exactly when status is failed",
    )
    assert envelope_faults(raw_payload("agent.responded", status="working", text=None)) == ()


def test_null_is_allowed_only_where_the_contract_says_so() -> None:
    assert envelope_faults(raw_payload(thread_id=None)) == ()
    assert envelope_faults(raw_payload(text=None)) == (SEND_TEXT,)
    assert envelope_faults(raw_payload(thread_id=0)) == (
        "payload.thread_id: must be a whole number from 1 to 9007199254740991 or null",
    )


def test_a_payload_of_an_unknown_type_is_one_fault() -> None:
    assert payload_faults("no.such", {}) == ("event_type: unknown type",)


@pytest.mark.parametrize("value", [None, 1, True, "x", [], [{}]])
def test_what_is_not_an_object_is_one_fault(value: object) -> None:
    assert envelope_faults(value) == ("envelope: must be an object",)


def test_the_list_of_faults_is_bounded() -> None:
    faults = envelope_faults(raw(**{f"f{n}": n for n in range(5000)}))
    assert len(faults) == FAULTS_MAX + 1
    assert faults[-1] == f"and {5000 - FAULTS_MAX} more"


def test_what_a_person_wrote_is_never_in_a_fault() -> None:
    secret = "hunter2" * 1000
    for name in CATALOGUE:
        for field in raw(name)["payload"]:
            assert "hunter2" not in "".join(envelope_faults(raw_payload(name, **{field: secret})))
    for field in FIELDS:
        assert "hunter2" not in "".join(envelope_faults(raw(**{field: secret})))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(derandomize=True, max_examples=300)
@given(st.sampled_from(list(CATALOGUE)), st.data())
def test_any_value_in_any_place_is_a_fault_or_fine_and_the_same_each_time(name: str, data: Any) -> None:
    envelope = raw(name)
    place = data.draw(st.sampled_from([*FIELDS, *(f"payload.{field}" for field in envelope["payload"])]))
    value = data.draw(JSON)
    if place.startswith("payload."):
        envelope["payload"][place.removeprefix("payload.")] = value
    else:
        envelope[place] = value
    shuffled = dict(reversed(envelope.items()))
    assert envelope_faults(envelope) == envelope_faults(shuffled)
