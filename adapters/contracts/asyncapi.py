"""The AsyncAPI 3.0.0 document: which service sends and receives what on which stream.

https://www.asyncapi.com/docs/reference/specification/v3.0.0. Not here: types without a consumer, which are
audited and never published.
"""

from collections.abc import Mapping
from typing import Any

from domain.catalogue import AGENT, AUDIT, EventType

_ABOUT = (
    "Events between the services of OpenClaw, over Redis Streams. An entry of a stream is a wake-up: the field "
    "`event` holds the envelope as JSON, and the database holds the truth."
)


def asyncapi_document(catalogue: Mapping[str, EventType]) -> dict[str, Any]:
    """Return the document as JSON values; its schemas are the files beside it."""
    published = [kind for kind in catalogue.values() if kind.target != AUDIT]
    targets = list(dict.fromkeys(kind.target for kind in published))
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "OpenClaw events",
            "version": "1.0.0",
            "description": _ABOUT,
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "channels": {
            target: _channel(target, [kind for kind in published if kind.target == target])
            for target in targets
        },
        "operations": _operations(published, targets),
        "components": {"messages": {kind.name: _message(kind) for kind in published}},
    }


def _channel(target: str, kinds: list[EventType]) -> dict[str, Any]:
    # The braces are part of the key, as Redis Cluster's hash tag; in an address they mean a parameter. So the
    # parameter's only value brings them back.
    parameter: dict[str, Any] = {"description": f"The hash tag {{{target}}}, braces included."}
    if target == AGENT:
        parameter = {
            "description": "The agent's name in braces, such as {assistant}.",
            "examples": ["{assistant}"],
        }
    else:
        parameter.update({"enum": [f"{{{target}}}"], "default": f"{{{target}}}"})
    return {
        "address": f"openclaw:{{{target}}}:events",
        "title": f"Events for {target}",
        "description": "A Redis stream with one consumer group, named after its target.",
        "parameters": {target: parameter},
        "messages": {kind.name: {"$ref": f"#/components/messages/{kind.name}"} for kind in kinds},
    }


def _operations(kinds: list[EventType], targets: list[str]) -> dict[str, Any]:
    operations = {}
    for target in targets:
        received = [kind for kind in kinds if kind.target == target]
        for producer in dict.fromkeys(producer for kind in received for producer in kind.producers):
            sent = [kind for kind in received if producer in kind.producers]
            title = f"{producer} sends to {target}"
            operations[f"{producer}-sends-to-{target}"] = _operation("send", title, target, sent)
        operations[f"{target}-receives"] = _operation("receive", f"{target} receives", target, received)
    return operations


def _operation(action: str, title: str, target: str, kinds: list[EventType]) -> dict[str, Any]:
    return {
        "action": action,
        "title": title,
        "channel": {"$ref": f"#/channels/{target}"},
        "messages": [{"$ref": f"#/channels/{target}/messages/{kind.name}"} for kind in kinds],
    }


def _message(kind: EventType) -> dict[str, Any]:
    return {
        "name": kind.name,
        "title": kind.name,
        "summary": kind.description,
        "contentType": "application/json",
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"{kind.name}.schema.json"},
        },
        "x-version": kind.version,
    }
