"""Making events: what the envelope holds and how a child follows from its parent."""

import pickle
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.catalogue import CATALOGUE, type_of
from domain.envelope import Envelope, PayloadView, create, derive, timestamp_of
from domain.events.telegram import TelegramSend
from domain.ids import child_id, event_id_of
from tests.unit.event_examples import NOON, PAYLOADS, TRACE, event_of

REPLY = TelegramSend(bot_id=7, chat_id=42, text="Hello")


def test_envelope_creation() -> None:
    event = create(REPLY, source="brain", key="tg:7:1", trace_id=TRACE, timestamp=NOON)
    assert attrs.asdict(event.envelope, recurse=False) == {
        "event_id": event_id_of("tg:7:1"),
        "event_type": "telegram.send",
        "schema_version": CATALOGUE["telegram.send"].version,
        "source": "brain",
        "target": "sender",
        "timestamp": NOON,
        "trace_id": TRACE,
        "idempotency_key": "tg:7:1",
        "payload": PayloadView(REPLY),
    }
    assert event.payload is REPLY
    assert event.envelope.payload["text"] == "Hello"


def test_deterministic_messages() -> None:
    parent = event_of("message.received")
    first = derive(parent, "reply", REPLY, source="brain", timestamp=NOON)
    again = derive(event_of("message.received"), "reply", REPLY, source="brain", timestamp=NOON)
    assert first == again
    assert hash(first) == hash(again)
    assert first.trace_id == parent.trace_id
    assert first.event_id == child_id(parent.event_id, "reply")
    assert first.idempotency_key == f"{parent.idempotency_key}/reply"


def test_siblings_with_different_names_are_different_events() -> None:
    parent = event_of("message.received")
    one, two = (derive(parent, name, REPLY, source="brain", timestamp=NOON) for name in ("part-1", "part-2"))
    assert one.event_id != two.event_id
    assert one.idempotency_key != two.idempotency_key


def test_event_id_and_target_can_be_given() -> None:
    chosen = UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
    event = create(
        REPLY, source="brain", key="k", trace_id=TRACE, timestamp=NOON, event_id=chosen, target="sender_bulk"
    )
    assert (event.event_id, event.target) == (chosen, "sender_bulk")


def test_an_event_shows_the_fields_of_its_envelope() -> None:
    event = event_of("task.created")
    for name in (a.name for a in attrs.fields(Envelope) if a.name != "payload"):
        assert getattr(event, name) == getattr(event.envelope, name)


def test_a_payload_without_a_type_is_refused() -> None:
    with pytest.raises(TypeError, match=r"add its type to domain\.catalogue"):
        create("text", source="brain", key="k", trace_id=TRACE, timestamp=NOON)


def test_the_payload_of_an_envelope_is_read_only_and_complete() -> None:
    view = event_of("telegram.send").envelope.payload
    assert list(view) == [a.name for a in attrs.fields(TelegramSend)]
    assert len(view) == len(list(view))
    with pytest.raises(KeyError):
        view["no_such_field"]
    with pytest.raises(TypeError):
        view["text"] = "other"


def test_an_envelope_never_shows_message_text_when_printed() -> None:
    assert "Hello" not in repr(event_of("telegram.send").envelope)


def test_an_event_survives_a_change_of_process() -> None:
    event = event_of("telegram.send")
    assert pickle.loads(pickle.dumps(event)) == event


def test_every_type_has_an_example_and_every_example_its_type() -> None:
    assert list(PAYLOADS) == list(CATALOGUE)
    assert all(type_of(payload).name == name for name, payload in PAYLOADS.items())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1970-01-01T00:00:00.000000Z"), (1795363200.123456, "2026-11-22T16:00:00.123456Z")],
)
def test_timestamps_are_rfc_3339_in_utc(seconds: float, text: str) -> None:
    assert timestamp_of(seconds) == text


@settings(derandomize=True)
@given(st.lists(st.integers(0, 10**10), min_size=2, max_size=2))
def test_timestamps_sort_as_time_does(pair: list[int]) -> None:
    low, high = sorted(pair)
    assert timestamp_of(low) <= timestamp_of(high)
