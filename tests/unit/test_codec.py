"""Events as bytes: what comes back is what went in, and no bytes at all can do harm."""

from contextlib import suppress

import attrs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.codec import ENVELOPE_BYTES_MAX, Codec
from application.ports import Codec as CodecPort
from domain.catalogue import CATALOGUE
from domain.envelope import Envelope, Event, create
from domain.errors import InvalidEvent
from domain.events.agents import AgentRequested, Role, Turn
from domain.events.telegram import TelegramSend
from tests.unit.event_examples import PAYLOADS, event_of

CODEC = Codec()


def reasons(raw: bytes) -> tuple[str, ...]:
    """Return why ``raw`` is refused."""
    with pytest.raises(InvalidEvent) as caught:
        CODEC.decode(raw)
    return caught.value.reasons


def test_the_codec_is_what_the_port_asks_for() -> None:
    assert isinstance(CODEC, CodecPort)


@pytest.mark.parametrize("name", PAYLOADS)
def test_every_type_comes_back_as_it_went_in(name: str) -> None:
    event = event_of(name)
    encoded = CODEC.encode(event)
    decoded = CODEC.decode(encoded)
    assert decoded == event
    assert type(decoded.payload) is CATALOGUE[name].payload_class
    assert CODEC.encode(decoded) == encoded


@pytest.mark.parametrize("name", PAYLOADS)
def test_fields_stand_in_the_order_of_the_class(name: str) -> None:
    parsed = orjson.loads(CODEC.encode(event_of(name)))
    assert list(parsed) == [a.name for a in attrs.fields(Envelope)]
    assert list(parsed["payload"]) == [a.name for a in attrs.fields(CATALOGUE[name].payload_class)]


def test_another_codec_writes_the_same_bytes() -> None:
    assert Codec().encode(event_of("telegram.send")) == CODEC.encode(event_of("telegram.send"))


def test_payload_fields_of_a_newer_minor_version_are_ignored() -> None:
    parsed = orjson.loads(CODEC.encode(event_of("telegram.send")))
    parsed["payload"]["colour"] = "red"
    parsed["schema_version"] = "1.7.0"
    decoded = CODEC.decode(orjson.dumps(parsed))
    assert decoded.payload == PAYLOADS["telegram.send"]
    assert decoded.schema_version == "1.7.0"


def test_optional_fields_may_be_left_out() -> None:
    parsed = orjson.loads(CODEC.encode(event_of("telegram.send")))
    parsed["payload"] = {"bot_id": 7, "chat_id": 42, "text": "Hi"}
    assert CODEC.decode(orjson.dumps(parsed)).payload == TelegramSend(bot_id=7, chat_id=42, text="Hi")


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"\xff", b'"\\ud800"', b"NaN", b"{}{}", b"\xef\xbb\xbf{}", b"[" * 2000]
)
def test_what_is_not_json_is_refused(raw: bytes) -> None:
    assert reasons(raw) == ("envelope: not JSON",)


@pytest.mark.parametrize("raw", [b"[]", b"1", b"null", b'"text"', b" [ ] "])
def test_json_that_is_not_an_object_is_refused(raw: bytes) -> None:
    assert reasons(raw) == ("envelope: must be an object",)


def test_a_field_given_twice_is_refused_wherever_it_stands() -> None:
    good = CODEC.encode(event_of("telegram.send"))
    assert reasons(good.replace(b'"source":', b'"source":"brain","source":')) == (
        "envelope: a field is given twice",
    )
    assert reasons(good.replace(b'"text":', b'"text":"x","text":', 1)) == (
        "envelope: a field is given twice",
    )


def test_json_in_another_manner_is_read_all_the_same() -> None:
    event = event_of("message.received")
    spread = orjson.dumps(
        orjson.loads(CODEC.encode(event)), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
    )
    assert CODEC.decode(spread) == event


def test_an_envelope_over_the_limit_is_refused_unread() -> None:
    assert reasons(b" " * (ENVELOPE_BYTES_MAX + 1)) == ("envelope: larger than 262144 bytes",)


def test_an_event_over_the_limit_is_never_written() -> None:
    turns = tuple(Turn(Role.USER, "é" * 32_000) for _ in range(5))
    payload = AgentRequested(
        agent="assistant", deadline="2026-11-22T16:00:00Z", bot_id=7, chat_id=42, turns=turns
    )
    event = create(payload, source="brain", key="k", trace_id="a" * 32, timestamp="2026-11-22T16:00:00Z")
    with pytest.raises(InvalidEvent, match="larger than 262144 bytes"):
        CODEC.encode(event)


def test_an_event_that_breaks_its_contract_is_never_written() -> None:
    event = event_of("telegram.send")
    bad = Event(attrs.evolve(event.envelope, trace_id="x"), attrs.evolve(PAYLOADS["telegram.send"], text=""))
    with pytest.raises(InvalidEvent) as caught:
        CODEC.encode(bad)
    assert caught.value.reasons == (
        "trace_id: must be 32 lowercase hex digits, not all zero",
        "payload.text: must be text of 1 to 4096 UTF-16 units",
    )


def test_half_of_a_surrogate_pair_is_never_written() -> None:
    event = event_of("telegram.send")
    bad = Event(event.envelope, attrs.evolve(PAYLOADS["telegram.send"], text="\ud83d"))
    with pytest.raises(InvalidEvent, match="not Unicode"):
        CODEC.encode(bad)


@pytest.mark.parametrize("depth", [200, 300, 1000])
def test_deep_nesting_does_no_harm(depth: int) -> None:
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    found = reasons(deep)
    assert found[0] in ("envelope: nested too deeply", "event_id: missing")


def test_huge_numbers_do_no_harm() -> None:
    good = CODEC.encode(event_of("telegram.send"))
    huge = good.replace(b'"bot_id":7', b'"bot_id":' + b"9" * 10_000)
    assert reasons(huge)[0].startswith(("payload.bot_id: must be a whole number", "envelope: not JSON"))


@settings(derandomize=True, max_examples=300)
@given(st.data())
def test_damaged_bytes_are_refused_with_reasons_or_read(data: st.DataObject) -> None:
    good = bytearray(CODEC.encode(event_of(data.draw(st.sampled_from(list(PAYLOADS))))))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InvalidEvent):
        assert isinstance(CODEC.decode(bytes(good)), Event)
