"""Faults that lie between two settings, each of which is fine by itself; every fault names both.

Not here: the settings (``settings``) and the bounds of each (``settings_checks``).
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from attrs import frozen

from application.sender import SenderLimits
from entrypoints.settings_source import variable
from entrypoints.settings_types import TelegramMode

if TYPE_CHECKING:
    from entrypoints.settings import Settings


@frozen
class Bound:
    """What must hold between the setting ``name`` and the one that ``wording`` names."""

    name: str
    other: str
    wording: str
    holds: "Callable[[Settings], bool]"

    def fault(self) -> str:
        """Return the fault in words."""
        return f"{variable(self.name)}: {self.wording.format(variable(self.other))}"


_MARGIN_S = SenderLimits().margin_s
BOUNDS = (
    Bound(
        "claim_s", "call_timeout_s", f"must be at least {_MARGIN_S:g} more than {{}}",
        lambda s: s.claim_s >= s.call_timeout_s + _MARGIN_S,
    ),
    Bound(
        "handler_timeout_s", "claim_s", "must be less than {}, which bounds the transaction around it",
        lambda s: s.handler_timeout_s < s.claim_s,
    ),
    Bound(
        "retry_longest_s", "retry_first_s", "must not be less than {}", lambda s: s.retry_longest_s >= s.retry_first_s
    ),
    Bound("lanes_max", "round_max", "must not be less than {}", lambda s: s.lanes_max >= s.round_max),
    Bound(
        "notice_every_s", "notice_gather_s", "must not be less than {}, or be 0",
        lambda s: not s.notice_every_s or s.notice_every_s >= s.notice_gather_s,
    ),
)  # fmt: skip


def faults_between(settings: "Settings") -> tuple[str, ...]:
    """Return every fault that lies between two settings."""
    return (*_of_webhooks(settings), *(bound.fault() for bound in BOUNDS if not bound.holds(settings)))


def _of_webhooks(settings: "Settings") -> Iterator[str]:
    if settings.telegram_mode is TelegramMode.WEBHOOK:
        for name in ("webhook_url", "webhook_secret"):
            if getattr(settings, name) is None:
                yield f"{variable(name)}: missing; webhooks need it"
    if settings.webhook_secret_previous is not None and settings.webhook_secret is None:
        yield f"{variable('webhook_secret_previous')}: needs {variable('webhook_secret')} beside it"
