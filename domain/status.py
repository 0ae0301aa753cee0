"""The answer to ``/status``: what is known of the system at one moment, and its one fixed format.

The format is a contract: people and scripts read it. Not here: finding the numbers out (the brain).
"""

from collections.abc import Mapping

from attrs import field, frozen

from domain.redaction import one_line
from domain.runtime_state import Mode

NONE = "none"
# Instances announce themselves every 5 s; one that has been silent for so long was killed, or hangs.
SILENT_S = 8.0


@frozen
class ServiceStatus:
    """One running instance of a service: for how long it has run, and how long ago it last said so, in seconds."""

    role: str
    instance: str
    version: str
    up_s: float
    seen_s: float


@frozen
class StatusReport:
    """Everything ``/status`` tells. ``backlog`` counts events owed and not yet settled, by target.

    ``last_provider_error`` may be raw: the text hides what looks like a credential.
    """

    version: str
    mode: Mode
    provider: str | None = None
    fallbacks: int = 0
    last_provider_error: str | None = None
    services: tuple[ServiceStatus, ...] = ()
    backlog: Mapping[str, int] = field(factory=dict)
    dead_letters: int = 0


def status_text(report: StatusReport) -> str:
    """Return the report in the fixed format: one ``name: value`` a line, lists indented, sorted by name."""
    error = one_line(report.last_provider_error) if report.last_provider_error else NONE
    services = sorted(report.services, key=lambda service: (service.role, service.instance))
    lines = [
        f"version: {report.version}",
        f"mode: {report.mode}",
        f"provider: {report.provider or NONE}",
        f"fallbacks: {report.fallbacks}",
        f"last provider error: {error}",
        *_listed("services", [_service(service) for service in services]),
        *_listed("backlog", [f"{target}: {count}" for target, count in sorted(report.backlog.items())]),
        f"dead letters: {report.dead_letters}",
    ]
    return "\n".join(lines)


def _listed(name: str, items: list[str]) -> list[str]:
    return [f"{name}:", *(f"  {item}" for item in items)] if items else [f"{name}: {NONE}"]


def _service(service: ServiceStatus) -> str:
    age = age_text(service.seen_s)
    seen = f"not seen for {age}" if service.seen_s >= SILENT_S else f"seen {age} ago"
    return f"{service.role} {service.instance}: {service.version}, up {age_text(service.up_s)}, {seen}"


def age_text(age_s: float) -> str:
    """Return a duration as its two largest units: ``12s``, ``3m 5s``, ``2h 0m``, ``4d 3h``; never below zero."""
    seconds = max(0, int(age_s))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d {hours}h"
    if hours:
        return f"{hours}h {minutes}m"
    return f"{minutes}m {seconds}s" if minutes else f"{seconds}s"
