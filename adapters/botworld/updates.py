"""A bot's queue of updates: what is waiting for it, whether it polls or has a webhook, and what it wants to see.

Rules: https://core.telegram.org/bots/api#getting-updates and tdlib/telegram-bot-api (``Client.cpp``, ``TQueue.cpp``).
Not here: waiting (``adapters.botworld.bell``) and pushing to a webhook (the simulator).
"""

from collections.abc import Callable, Sequence
from itertools import islice, takewhile
from random import Random

from attrs import define, field, frozen

from adapters.botworld.values import ApiError, Json, WorldError

PENDING_MAX = 100_000
BATCH_MAX = 100
# Updates are kept no longer than this (https://core.telegram.org/bots/api#getting-updates).
KEPT_S = 86_400.0
# After so long without an update the next id may be chosen at random (https://core.telegram.org/bots/api#update).
QUIET_S = 7 * 86_400.0
# An offset further ahead than this is taken for one of another time, and confirms nothing (``TQueue::get``).
AHEAD_MAX = 10
_ID_MAX = 2**31 // 2
UPDATE_KINDS = frozenset(
    {
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "inline_query",
        "chosen_inline_result",
    }
    | {"callback_query", "shipping_query", "pre_checkout_query", "poll", "poll_answer", "my_chat_member"}
    | {"chat_member", "chat_join_request", "chat_boost", "removed_chat_boost", "message_reaction"}
    | {"message_reaction_count", "business_connection", "business_message", "edited_business_message"}
    | {"deleted_business_messages", "purchased_paid_media"}
)
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
    """An update that was not confirmed yet. ``serial`` is its place in the queue, ``chat_id`` its order.

    It is forgotten at ``expires_at`` (seconds since the epoch).
    """

    serial: int
    chat_id: int
    update: Json
    expires_at: float


@define
class Webhook:
    """Where a bot's updates are pushed."""

    url: str
    secret_token: str = field(default="", repr=False)
    max_connections: int = 40
    ip_address: str | None = None
    has_custom_certificate: bool = False
    last_error_date: int | None = None
    last_error_message: str | None = None


class UpdateQueue:
    """One bot's updates, in order. ``restarts`` draws the next id after a quiet week; None goes on counting."""

    def __init__(
        self, next_update_id: int, now: Callable[[], float] = lambda: 0.0, *, restarts: Random | None = None
    ) -> None:
        self._next_update_id = next_update_id
        self._now = now
        self.restarts = restarts
        self._latest_at: float | None = None
        self._serial = 0
        self._pending: dict[int, Pending] = {}
        self._in_order = True
        self.allowed: frozenset[str] | None = None
        self.webhook: Webhook | None = None
        self._poll = 0
        self._poll_ended = ""

    def __len__(self) -> int:
        self._expire()
        return len(self._pending)

    def wants(self, kind: str) -> bool:
        """Whether the bot is shown updates of this kind."""
        return kind not in NOT_BY_DEFAULT if self.allowed is None else kind in self.allowed

    def put(self, kind: str, chat_id: int, body: Json) -> int | None:
        """Queue an update under the next id and return the id; None where the bot does not want this kind."""
        if not self.wants(kind):
            return None
        update_id = self._take_id()
        # A message is kept for a day from its own date on, anything else from now on.
        since = body.get("edit_date") or body.get("date") or self._now()
        self._add(chat_id, {"update_id": update_id, kind: body}, float(since) + KEPT_S)
        return update_id

    def _take_id(self) -> int:
        now = self._now()
        if (
            self.restarts
            and self._latest_at is not None
            and now - self._latest_at >= QUIET_S
            and not len(self)
        ):
            self._next_update_id = self.restarts.randint(1_000_000, _ID_MAX)
            self._in_order = True
        self._latest_at = now
        self._next_update_id += 1
        return self._next_update_id - 1

    def inject(self, chat_id: int, update: Json) -> int:
        """Queue a raw update; without an ``update_id`` it gets the next. Return the id."""
        if "update_id" not in update:
            update = {"update_id": self._next_update_id, **update}
        update_id = int(update["update_id"])
        self._in_order = self._in_order and update_id >= self._next_update_id
        self._next_update_id = max(self._next_update_id, update_id + 1)
        self._add(chat_id, update, self._now() + KEPT_S)
        return update_id

    def _add(self, chat_id: int, update: Json, expires_at: float) -> None:
        if len(self._pending) >= PENDING_MAX:
            raise WorldError(f"{PENDING_MAX} updates are waiting already; let the bot take some")
        self._serial += 1
        self._pending[self._serial] = Pending(self._serial, chat_id, update, expires_at)

    def _expire(self) -> None:
        now = self._now()
        while self._pending:
            serial = next(iter(self._pending))
            if self._pending[serial].expires_at > now:
                # What comes later expires later, but for a few seconds.
                return
            del self._pending[serial]

    def pending(self, after_serial: int = 0) -> list[Pending]:
        """Return the waiting updates in order, from after ``after_serial``."""
        self._expire()
        newest_first = takewhile(lambda item: item.serial > after_serial, reversed(self._pending.values()))
        return list(newest_first)[::-1]

    def latest(self) -> Json:
        """Return the update that was queued last; it must be waiting still."""
        return next(reversed(self._pending.values())).update

    def is_pending(self, serial: int) -> bool:
        """Whether the update with this serial still waits."""
        self._expire()
        return serial in self._pending

    def forget(self, serial: int) -> None:
        """Forget one update, which a webhook acknowledged."""
        self._pending.pop(serial, None)

    def drop_all(self) -> None:
        """Forget every update."""
        self._pending.clear()
        self._in_order = True

    def confirm(self, offset: int) -> None:
        """Forget updates below ``offset``; a negative one keeps only that many of the last.

        An offset far beyond the newest id is one from before the ids began anew; it confirms nothing.
        """
        self._expire()
        if offset < 0:
            for serial in list(self._pending)[:offset]:
                del self._pending[serial]
            return
        if offset > self._next_update_id + AHEAD_MAX:
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
        self._expire()
        return [item.update for item in islice(self._pending.values(), limit)]

    def allow(self, kinds: Sequence[str] | None) -> None:
        """Take what a bot wants to see: None changes nothing, a list that names no known kind means the usual."""
        if kinds is not None:
            self.allowed = UPDATE_KINDS.intersection(kinds) or None

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
