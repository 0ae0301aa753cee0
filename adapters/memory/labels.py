"""What may be told of an envelope, whatever its bytes are: the same rule as ``openclaw.label`` in Postgres.

Not here: reading events (``adapters.codec``).
"""

import json
import re

_FORMS = {
    "event_type": re.compile(r"[a-z]{1,20}\.[a-z_]{1,40}"),
    "source": re.compile(r"[a-z][a-z0-9_-]{0,63}"),
    "trace_id": re.compile(r"(?!0{32}$)[0-9a-f]{32}"),
    "idempotency_key": re.compile(r"(?:tg|rem|notice|sha256):[A-Za-z0-9:/._-]{1,190}"),
}


def labels_of(envelope: bytes) -> dict[str, str | None]:
    """Return each field that has the form in which we make it; None for every other."""
    try:
        # The longest integers are none to Python, but floats they all are.
        found = json.loads(envelope.decode(), parse_int=float, parse_constant=_refuse)
    except (ValueError, RecursionError):
        found = None
    fields = found if isinstance(found, dict) else {}
    return {name: _proper(fields.get(name), form) for name, form in _FORMS.items()}


def _proper(value: object, form: re.Pattern[str]) -> str | None:
    return value if isinstance(value, str) and form.fullmatch(value) else None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
