"""The published form of the event catalogue, as pure functions from the catalogue to texts.

``schemas`` makes JSON Schemas, ``asyncapi`` the AsyncAPI document, ``markdown`` the page for people,
``compatibility`` says whether a change keeps the promise. Not here: files (``entrypoints.contracts``).
"""

import json

from adapters.contracts.asyncapi import asyncapi_document
from adapters.contracts.compatibility import breaches, pinned_form
from adapters.contracts.markdown import events_page
from adapters.contracts.schemas import event_schema
from domain.catalogue import CATALOGUE

BASELINE = "docs/events/baseline.json"
SCHEMAS = "docs/events"

__all__ = ["BASELINE", "SCHEMAS", "breaches", "generated", "pinned_form"]


def generated() -> dict[str, str]:
    """Return every generated file: its path from the root of the project, and its text."""
    files = {f"{SCHEMAS}/{kind.name}.schema.json": _json(event_schema(kind)) for kind in CATALOGUE.values()}
    files[f"{SCHEMAS}/asyncapi.json"] = _json(asyncapi_document(CATALOGUE))
    files[BASELINE] = _json(pinned_form(CATALOGUE))
    files["docs/EVENTS.md"] = events_page(CATALOGUE)
    return files


def _json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
