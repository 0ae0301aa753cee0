"""A bot's queue of updates: what is waiting for it, whether it polls or has a webhook, and what it wants to see.

Rules: https://core.telegram.org/bots/api#getting-updates. Not here: waiting (``adapters.botworld.bell``) and
pushing to a webhook (the simulator).
"""

from collections.abc import Sequence
from itertools import islice, takewhile

from attrs import define, field, frozen

from adapters.botworld.values import ApiError, Json, WorldError

PENDING_MAX = 100_000
BATCH_MAX = 100
NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
POLLED_WHILE_WEBHOOK = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)
POLLED_TWICE = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)
POLL_ENDED_BY_WEBHOOK = "Conflict: terminated by setWebhook request"


@frozen
class Pending:
    """An update that was not confirmed yet. ``serial`` is its place in the queue, ``chat_id`` its order."""

    serial: int
    chat_id: int
    update: Json


@define
class Webhook:
    """Where a bot's updates are pushed."""

    url: str
    secret_token: str = field(default="", repr=False)
    max_connections: int = 40
    last_error_date: int | None = None
    last_error_message: str | None = None


class UpdateQueue:
    """One bot's updates, in order."""

    def __init__(self, next_update_id: int) -> None:
        self._next_update_id = next_update_id
        self._serial = 0
        self._pending: dict[int, Pending] = {}
        self._in_order = True
        self.allowed: frozenset[str] | None = None
        self.webhook: Webhook | None = None
        self._poll = 0
        self._poll_ended = ""

    def __len__(self) -> int:
        return len(self._pending)

    def wants(self, kind: str) -> bool:
        """Whether the bot is shown updates of this kind."""
        return kind not in NOT_BY_DEFAULT if self.allowed is None else kind in self.allowed

    def put(self, kind: str, chat_id: int, body: Json) -> int | None:
        """Queue an update under the next id and return the id; None where the bot does not want this kind."""
        if not self.wants(kind):
            return None
        update_id = self._next_update_id
        self._next_update_id += 1
        self._add(chat_id, {"update_id": update_id, kind: body})
        return update_id

    def inject(self, chat_id: int, update: Json) -> int:
        """Queue a raw update; without an ``update_id`` it gets the next. Return the id."""
        if "update_id" not in update:
            update = {"update_id": self._next_update_id, **update}
        update_id = int(update["update_id"])
        self._in_order = self._in_order and update_id >= self._next_update_id
        self._next_update_id = max(self._next_update_id, update_id + 1)
        self._add(chat_id, update)
        return update_id

    def _add(self, chat_id: int, update: Json) -> None:
        if len(self._pending) >= PENDING_MAX:
            raise WorldError(f"{PENDING_MAX} updates are waiting already; let the bot take some")
        self._serial += 1
        self._pending[self._serial] = Pending(self._serial, chat_id, update)

    def pending(self, after_serial: int = 0) -> list[Pending]:
        """Return the waiting updates in order, from after ``after_serial``."""
        newest_first = takewhile(lambda item: item.serial > after_serial, reversed(self._pending.values()))
        return list(newest_first)[::-1]

    def forget(self, serial: int) -> None:
        """Forget one update, which a webhook acknowledged."""
        self._pending.pop(serial, None)

    def drop_all(self) -> None:
        """Forget every update."""
        self._pending.clear()
        self._in_order = True

    def confirm(self, offset: int) -> None:
        """Forget updates below ``offset``; a negative one keeps only that many of the last."""
        if offset < 0:
            for serial in list(self._pending)[:offset]:
                del self._pending[serial]
            return
        confirmed: list[int] = []
        for serial, item in self._pending.items():
            if item.update["update_id"] < offset:
                confirmed.append(serial)
            elif self._in_order:
                break
        for serial in confirmed:
            del self._pending[serial]

    def batch(self, limit: int) -> list[Json]:
        """Return the first ``limit`` updates."""
        return [item.update for item in islice(self._pending.values(), limit)]

    def allow(self, kinds: Sequence[str] | None) -> None:
        """Take what a bot wants to see: None changes nothing, an empty list means the usual kinds."""
        if kinds is not None:
            self.allowed = frozenset(kinds) or None

    def open_poll(self) -> int:
        """Begin a ``getUpdates``, which ends any that is running; return its number. Raises ApiError 409."""
        if self.webhook is not None:
            raise ApiError(409, POLLED_WHILE_WEBHOOK)
        self._poll += 1
        self._poll_ended = POLLED_TWICE
        return self._poll

    def check_poll(self, number: int) -> None:
        """Raises ApiError 409 when the poll ``number`` was ended by another request."""
        if number != self._poll:
            raise ApiError(409, self._poll_ended)

    def set_webhook(self, webhook: Webhook | None) -> None:
        """Push from now on, or stop pushing; ends a running ``getUpdates``."""
        self.webhook = webhook
        if webhook is not None:
            self._poll += 1
            self._poll_ended = POLL_ENDED_BY_WEBHOOK
