"""The published contracts: they follow from the catalogue, say what validation says, and cannot be broken unseen."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from adapters.codec import Codec
from adapters.contracts import BASELINE, breaches, generated, pinned_form
from domain.catalogue import AUDIT, CATALOGUE
from domain.envelope import Envelope
from domain.events.shape import shape_of
from domain.events.spec import spec
from domain.validation import envelope_faults
from entrypoints.contracts import ROOT, main
from tests.unit.event_examples import PAYLOADS, event_of

CODEC = Codec()
FILES = generated()
ASYNCAPI: dict[str, Any] = json.loads(FILES["docs/events/asyncapi.json"])
VALIDATORS = {
    name: Draft202012Validator(json.loads(FILES[f"docs/events/{name}.schema.json"])) for name in CATALOGUE
}


def encoded(name: str) -> Any:
    """Return the example of a type as parsed JSON."""
    return orjson.loads(CODEC.encode(event_of(name)))


# The files.


def test_the_committed_documents_follow_from_the_catalogue(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0, capsys.readouterr().err


def test_the_catalogue_keeps_what_was_published(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compat"]) == 0, capsys.readouterr().err


def test_making_the_documents_twice_gives_the_same_texts() -> None:
    assert generated() == FILES


def test_no_document_names_a_path_of_this_machine() -> None:
    assert not [path for path, text in FILES.items() if str(ROOT) in text]


def test_the_page_for_people_tells_every_type_and_field() -> None:
    page = FILES["docs/EVENTS.md"]
    for kind in CATALOGUE.values():
        section = page.partition(f"### {kind.name}\n")[2].partition("\n### ")[0]
        assert kind.description in section
        assert all(f"`{field.name}`" in section for field in shape_of(kind.payload_class).fields)


def test_every_field_of_every_type_is_described() -> None:
    for cls in (Envelope, *(kind.payload_class for kind in CATALOGUE.values())):
        assert all(
            field.description.endswith(".") or "…" in field.description for field in shape_of(cls).fields
        )


def test_a_contract_cannot_hold_what_json_cannot_say() -> None:
    @attrs.frozen
    class Odd:
        when: complex = attrs.field(metadata=spec("No such thing."))

    with pytest.raises(TypeError, match="a contract cannot hold"):
        shape_of(Odd)


# The schemas.


@pytest.mark.parametrize("name", PAYLOADS)
def test_every_encoded_example_keeps_its_schema(name: str) -> None:
    Draft202012Validator.check_schema(VALIDATORS[name].schema)
    VALIDATORS[name].validate(encoded(name))


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_schema_allows_new_payload_fields_and_no_new_envelope_fields(name: str) -> None:
    newer = encoded(name)
    newer["payload"]["colour"] = "red"
    assert VALIDATORS[name].is_valid(newer)
    newer["colour"] = "red"
    assert not VALIDATORS[name].is_valid(newer)


ODD_VALUES = [
    None, True, 0, 1, -1, 2**53, "", "x", "X", "x y", "é", "x" * 100, "x" * 70_000, "a\0b", [], [1], ["x"], {},
    [{}], [[]], [[{"text": "a", "data": "b"}]], ["x"] * 51, "1.0.0", "1.9.0", "2.0.0", "0" * 32, "failed", "working",
    "2026-11-22T16:00:00Z", "private",
]  # fmt: skip


@settings(derandomize=True, max_examples=600)
@given(st.sampled_from(list(CATALOGUE)), st.data())
def test_schema_and_validation_agree(name: str, data: st.DataObject) -> None:
    event = encoded(name)
    for _ in range(data.draw(st.integers(1, 3))):
        holder = data.draw(st.sampled_from([event, event["payload"]])) if "payload" in event else event
        if not isinstance(holder, dict) or not holder:
            continue
        place = data.draw(st.sampled_from(sorted(holder)))
        if place in ("payload", "event_type"):
            continue
        if data.draw(st.booleans()):
            del holder[place]
        else:
            holder[place] = data.draw(st.sampled_from(ODD_VALUES))
    assert VALIDATORS[name].is_valid(event) is (envelope_faults(event) == ())


# The AsyncAPI document.


def resolve(reference: str) -> Any:
    """Return what a reference within the AsyncAPI document points to."""
    found: Any = ASYNCAPI
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def references(node: Any) -> list[str]:
    """Return every reference below ``node``."""
    if isinstance(node, list):
        return [found for item in node for found in references(item)]
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [found for item in node.values() for found in references(item)]
    return []


def test_the_asyncapi_document_has_the_required_parts() -> None:
    assert ASYNCAPI["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(ASYNCAPI["info"])
    assert {operation["action"] for operation in ASYNCAPI["operations"].values()} == {"send", "receive"}


def test_every_reference_leads_somewhere() -> None:
    for reference in references(ASYNCAPI):
        if reference.startswith("#/"):
            assert resolve(reference)
        else:
            assert f"docs/events/{reference}" in FILES


def test_every_published_type_is_on_the_channel_of_its_target_and_audited_types_on_none() -> None:
    for kind in CATALOGUE.values():
        on = [name for name, channel in ASYNCAPI["channels"].items() if kind.name in channel["messages"]]
        assert on == ([] if kind.target == AUDIT else [kind.target])


def test_an_address_with_its_parameter_is_the_key_of_the_stream() -> None:
    channel = ASYNCAPI["channels"]["brain"]
    value = channel["parameters"]["brain"]["default"]
    assert channel["address"].replace("{brain}", value) == "openclaw:{brain}:events"
    assert channel["parameters"]["brain"]["enum"] == [value]


def test_an_operation_uses_only_messages_of_its_channel() -> None:
    for operation in ASYNCAPI["operations"].values():
        channel = operation["channel"]["$ref"]
        assert operation["messages"]
        assert all(message["$ref"].startswith(f"{channel}/messages/") for message in operation["messages"])


def test_every_producer_sends_and_every_target_receives() -> None:
    for kind in CATALOGUE.values():
        if kind.target == AUDIT:
            continue
        message = {"$ref": f"#/channels/{kind.target}/messages/{kind.name}"}
        assert message in ASYNCAPI["operations"][f"{kind.target}-receives"]["messages"]
        for producer in kind.producers:
            assert message in ASYNCAPI["operations"][f"{producer}-sends-to-{kind.target}"]["messages"]


# Compatibility.

SEND = "telegram.send"


def after(change: Callable[[Any], object], version: str = "1.0.0", name: str = SEND) -> list[str]:
    """Return why the catalogue's contracts may not be replaced by themselves with one change to one type."""
    pinned = pinned_form(CATALOGUE)
    current = copy.deepcopy(pinned)
    change(current["types"][name]["payload"])
    current["types"][name]["version"] = version
    return breaches(pinned, current)


def put(field: str, **changes: object) -> Callable[[Any], object]:
    """Return a change of one property's schema."""
    return lambda payload: payload["properties"][field].update(changes)


BREAKING: dict[str, tuple[Callable[[Any], object], str]] = {
    "removed": (lambda p: p["properties"].pop("silent"), "payload.silent is removed or renamed"),
    "renamed": (
        lambda p: p["properties"].update(quiet=p["properties"].pop("silent")),
        "payload.silent is removed or renamed",
    ),
    "retyped": (put("silent", type="string"), "payload.silent is retyped from boolean to string"),
    "unit": (
        put("text", **{"x-unit": "bytes of UTF-8"}),
        "payload.text is retyped from UTF-16 units to bytes of UTF-8",
    ),
    "no null": (put("thread_id", type="integer"), "payload.thread_id may no longer be null"),
    "greatest": (put("text", maxLength=100), "payload.text is narrowed: maxLength from 4096 to 100"),
    "least": (put("text", minLength=2), "payload.text is narrowed: minLength from 1 to 2"),
    "new bound": (put("silent", maximum=1), "payload.silent is narrowed: maximum from None to 1"),
    "pattern": (put("text", pattern="^a"), "payload.text is narrowed: its pattern changed"),
    "value": (put("message_class", enum=["reply"]), "payload.message_class loses the value reminder"),
    "to values": (put("text", enum=["a"]), "payload.text is narrowed to a list of values"),
    "newly required": (lambda p: p["required"].append("silent"), "payload.silent is newly required"),
    "new and required": (
        lambda p: (p["properties"].update(colour={"type": "string"}), p["required"].append("colour")),
        "payload.colour is new and required",
    ),
    "inside a list": (
        lambda p: p["properties"]["entities"]["items"]["properties"].pop("url"),
        "payload.entities[].url is removed or renamed",
    ),
    "inside a list of lists": (
        lambda p: p["properties"]["buttons"]["items"]["items"]["properties"]["data"].update(maxLength=10),
        "payload.buttons[][].data is narrowed: maxLength from 64 to 10",
    ),
    "rule": (
        lambda p: p.update(allOf=[{"required": ["silent"]}]),
        "payload is narrowed by a new rule over its fields",
    ),
}

ADDITIONS: dict[str, tuple[Callable[[Any], object], str]] = {
    "field": (lambda p: p["properties"].update(colour={"type": "string"}), "payload.colour is new"),
    "value": (
        put("message_class", enum=["reply", "reminder", "news"]),
        "payload.message_class gains the value news",
    ),
    "wider": (put("text", maxLength=5000), "payload.text is widened: maxLength from 4096 to 5000"),
    "null": (put("silent", type=["boolean", "null"]), "payload.silent may now be null"),
    "optional": (lambda p: p["required"].remove("text"), "payload.text is no longer required"),
    "any text": (
        lambda p: p["properties"]["message_class"].pop("enum"),
        "payload.message_class is widened to any text",
    ),
    "no pattern": (
        lambda p: p["properties"]["text"].pop("pattern"),
        "payload.text is widened: its pattern changed",
    ),
}


@pytest.mark.parametrize("kind", BREAKING)
def test_a_breaking_change_is_refused_until_the_major_version_rises(kind: str) -> None:
    change, text = BREAKING[kind]
    sentence = f"{SEND}: {text}; put it back as it was, or publish it as version 2.0.0"
    assert sentence in after(change)
    assert sentence in after(change, "1.1.0")
    assert after(change, "2.0.0") == []


@pytest.mark.parametrize("kind", ADDITIONS)
def test_an_addition_is_refused_until_the_minor_version_rises(kind: str) -> None:
    change, text = ADDITIONS[kind]
    assert after(change) == [f"{SEND}: {text}; raise its version to 1.1.0"]
    assert after(change, "1.0.1") == [f"{SEND}: {text}; raise its version to 1.1.0"]
    assert after(change, "1.1.0") == []


def test_a_rule_that_is_gone_is_an_addition() -> None:
    text = "telegram.edit: payload is widened: a rule over its fields is gone; raise its version to 1.1.0"
    assert after(lambda p: p.pop("allOf"), name="telegram.edit") == [text]


def test_a_removed_type_is_refused() -> None:
    pinned = pinned_form(CATALOGUE)
    current = pinned_form({name: kind for name, kind in CATALOGUE.items() if name != SEND})
    [fault] = breaches(pinned, current)
    assert fault.startswith("telegram.send: the type is removed; keep it in domain.catalogue")


def test_a_new_type_is_fine() -> None:
    pinned = pinned_form({name: kind for name, kind in CATALOGUE.items() if name != SEND})
    assert breaches(pinned, pinned_form(CATALOGUE)) == []


def test_a_version_that_goes_back_is_refused() -> None:
    assert after(lambda p: None, "0.9.0") == [
        "telegram.send: the version went back from 1.0.0 to 0.9.0; raise it instead"
    ]


def test_any_change_of_the_envelope_is_refused() -> None:
    pinned = pinned_form(CATALOGUE)
    current = copy.deepcopy(pinned)
    current["envelope"]["properties"]["extra"] = {"type": "string"}
    [fault] = breaches(pinned, current)
    assert fault.startswith("envelope: it has changed;")


def test_new_wording_is_no_change_and_a_field_named_description_is_pinned() -> None:
    kind = CATALOGUE["telegram.answer"]
    assert pinned_form({"t": attrs.evolve(kind, description="Other words.")}) == pinned_form({"t": kind})
    announced = pinned_form(CATALOGUE)["types"]["agent.announced"]["payload"]["properties"]
    assert announced["description"] == {
        "type": "string",
        "minLength": 1,
        "maxLength": 500,
        "pattern": "^[^\\u0000]*$",
    }


# The command.


def test_write_makes_what_check_accepts(tmp_path: Path) -> None:
    assert main(["write"], tmp_path) == 0
    assert main(["check"], tmp_path) == 0
    assert main(["compat"], tmp_path) == 0
    assert {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.*")} == set(FILES)


def test_check_names_each_stale_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["write"], tmp_path)
    (tmp_path / "docs/EVENTS.md").write_text("old")
    (tmp_path / "docs/events/telegram.send.schema.json").unlink()
    (tmp_path / "docs/events/gone.schema.json").write_text("{}")
    assert main(["check"], tmp_path) == 1
    remedy = "run: python -m entrypoints.contracts write"
    assert capsys.readouterr().err.splitlines() == [
        f"docs/events/telegram.send.schema.json: stale; {remedy}",
        f"docs/EVENTS.md: stale; {remedy}",
        f"docs/events/gone.schema.json: no such type any more; {remedy}",
    ]
    assert main(["write"], tmp_path) == 0
    assert main(["check"], tmp_path) == 0


def test_write_refuses_to_break_what_was_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["write"], tmp_path)
    baseline = tmp_path / BASELINE
    pinned = json.loads(baseline.read_text())
    pinned["types"][SEND]["payload"]["properties"]["colour"] = {"type": "string"}
    baseline.write_text(json.dumps(pinned))
    before = baseline.read_text()
    for command in ("compat", "write"):
        assert main([command], tmp_path) == 1
        assert "telegram.send: payload.colour is removed or renamed" in capsys.readouterr().err
    assert baseline.read_text() == before


def test_compat_without_a_baseline_is_a_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compat"], tmp_path) == 1
    assert "docs/events/baseline.json: missing" in capsys.readouterr().err


def test_wrong_usage_exits_with_2() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["publish"])
    assert caught.value.code == 2
