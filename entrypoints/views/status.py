"""``openclaw status``: services, backlog and streams, and what of it needs somebody's attention.

Not here: asking Postgres and Redis (``entrypoints.operator``).
"""

from collections.abc import Mapping, Sequence

import attrs
from attrs import frozen

from application.ports import Depth
from application.records import Figures
from domain.runtime_state import DEFAULT_MODE, Mode
from domain.status import SILENT_S, ServiceStatus, age_text
from entrypoints.views.lines import NONE, plain, table

# A row that has been due for so long is not being worked off.
LATE_S = 60.0


@frozen
class Queues:
    """What Redis knows: who runs, the stored API mode (None: none is), and the size of each target's stream."""

    services: tuple[ServiceStatus, ...]
    mode: Mode | None
    depths: Mapping[str, Depth]


@frozen
class Overview:
    """What could be found out. None where the server could not be reached; ``faults`` says why, one a line."""

    version: str
    roles: tuple[str, ...]
    targets: tuple[str, ...]
    figures: Figures | None
    queues: Queues | None
    faults: tuple[str, ...] = ()
    # Whether the `up` that is looked at has only just begun, so that a role may not have announced itself yet.
    starting: bool = False

    @property
    def attention(self) -> tuple[str, ...]:
        """What somebody should look at, one sentence each; empty when all is well."""
        found = list(self.faults)
        if self.queues is not None:
            found += [text for role in self.roles if (text := self._trouble_of(role, self.queues))]
        if self.figures is not None:
            found += [
                f"{target} has not taken up an event that has been due for {age_text(age_s)}"
                for target, age_s in sorted(self.figures.oldest_s_of.items())
                if age_s >= LATE_S
            ]
            letters = self.figures.dead_letters
            if letters:
                found.append(f"{letters} dead letter{'s' if letters > 1 else ''}; see `openclaw dlq list`")
        return tuple(found)

    def _trouble_of(self, role: str, queues: Queues) -> str | None:
        """Return what is wrong with a role; None where an instance of it was seen a moment ago."""
        silent_s = [service.seen_s for service in queues.services if service.role == role]
        if not silent_s:
            return f"{role} is starting" if self.starting else f"no {role} runs"
        return (
            f"{role} has not been seen for {age_text(min(silent_s))}" if min(silent_s) >= SILENT_S else None
        )


def status_lines(seen: Overview) -> list[str]:
    """Return the overview as text."""
    lines = [f"OpenClaw {seen.version}, API mode {_mode(seen.queues)}", "", *_services(seen), ""]
    lines += [
        *_targets(seen),
        "",
        f"dead letters: {seen.figures.dead_letters if seen.figures else 'unknown'}",
    ]
    attention = seen.attention
    if not attention:
        return [*lines, "", "all is well"]
    return [*lines, "", "needs attention:", *(f"  - {plain(text)}" for text in attention)]


def status_json(seen: Overview) -> dict[str, object]:
    """Return the overview as one JSON document. What is not known is null."""
    queues, figures = seen.queues, seen.figures
    return {
        "version": seen.version,
        "mode": queues.mode.value if queues and queues.mode else None,
        "services": [_service_json(service) for service in queues.services] if queues else None,
        "targets": [_target_json(seen, target) for target in _names(seen)],
        "dead_letters": figures.dead_letters if figures else None,
        "attention": list(seen.attention),
    }


def _service_json(service: ServiceStatus) -> dict[str, object]:
    rounded = attrs.evolve(service, up_s=round(service.up_s, 3), seen_s=round(service.seen_s, 3))
    return attrs.asdict(rounded)


def _mode(queues: Queues | None) -> str:
    if queues is None:
        return "unknown"
    return queues.mode.value if queues.mode is not None else f"{DEFAULT_MODE} (the default)"


def _services(seen: Overview) -> list[str]:
    if seen.queues is None:
        return ["services: unknown"]
    rows = [
        (plain(s.role), plain(s.instance), plain(s.version), age_text(s.up_s), _seen(s.seen_s))
        for role in _roles(seen.roles, seen.queues.services)
        for s in seen.queues.services
        if s.role == role
    ]
    running = {row[0] for row in rows}
    absent = "(starting)" if seen.starting else "(none runs)"
    rows += [(role, absent, NONE, NONE, NONE) for role in seen.roles if role not in running]
    return table(("SERVICE", "INSTANCE", "VERSION", "UP", "SEEN"), rows)


def _seen(seen_s: float) -> str:
    return f"{age_text(seen_s)} ago" if seen_s < SILENT_S else f"not for {age_text(seen_s)}"


def _roles(known: Sequence[str], services: Sequence[ServiceStatus]) -> list[str]:
    """Return all roles, the known ones first in their order."""
    return [*known, *sorted({service.role for service in services} - set(known))]


def _names(seen: Overview) -> list[str]:
    """Return all targets, the known ones first in their order."""
    owed = set(seen.figures.owed) if seen.figures else set()
    return [*seen.targets, *sorted(owed - set(seen.targets))]


def _targets(seen: Overview) -> list[str]:
    rows = []
    for name in _names(seen):
        values = _target_json(seen, name)
        oldest = values["oldest_due_s"]
        age = "?" if oldest is None else age_text(float(str(oldest))) if values["owed"] else NONE
        rows.append(
            (plain(name), _count(values["owed"]), age, *(_count(values[n]) for n in ("stream", "pending")))
        )
    return table(("TARGET", "OWED", "OLDEST DUE", "IN STREAM", "PENDING"), rows, right=(1, 2, 3, 4))


def _count(value: object) -> str:
    return "?" if value is None else str(value)


def _target_json(seen: Overview, name: str) -> dict[str, object]:
    depth = seen.queues.depths.get(name, Depth(0, 0)) if seen.queues else None
    return {
        "target": name,
        "owed": seen.figures.owed.get(name, 0) if seen.figures else None,
        "oldest_due_s": round(seen.figures.oldest_s_of.get(name, 0.0), 3) if seen.figures else None,
        "stream": depth.length if depth else None,
        "pending": depth.pending if depth else None,
    }
