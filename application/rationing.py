"""Which calls to Telegram may be made now, by the rate limits that all senders share, and which go first.

A lane that must wait holds nothing. Where only its own chat is to wait it comes back when that is over; where the whole
bot is, it stands in a queue with the others. Not here: the arithmetic (``domain.rates``), the order (``turns``), and
keeping the queue (``hand``).
"""

from collections.abc import Sequence

from attrs import define, evolve, field

from application.changes import Changes
from application.hand import Place
from application.interpreter import Run
from application.ports import Round
from application.rounds import Report
from application.settling import Outcomes
from application.turns import Turns
from application.typing import Typist
from domain.events.telegram import TelegramEdit, TelegramSend
from domain.rates import Limit, RateLimits, bot_bucket


@define
class SenderCounters:
    """What the audit does not tell: how often a chat had to wait, and why, and what could not be settled.

    ``limited``: our own rate limits. ``held``: Telegram said so. ``claimed``: another sender calls for the chat.
    """

    limited: int = 0
    limited_s: float = 0.0
    held: int = 0
    claimed: int = 0
    given_up: int = 0


@define
class Rationing:
    """The limits as one target of the sender keeps them."""

    rates: RateLimits
    turns: Turns
    outcomes: Outcomes
    typist: Typist
    counters: SenderCounters = field(factory=SenderCounters)

    async def allowed(
        self, current: Round, runs: Sequence[Run], changes: Changes, report: Report
    ) -> list[Run]:
        """Return the runs that may call now; the others' lanes are put back."""
        runs = [run for run in runs if not self._is_held(run, report)]
        limits = {run.head.event_id: self._buckets(run) for run in runs}
        names = sorted({name for buckets in limits.values() for name in buckets})
        if not names:
            return runs
        states = dict(await current.rates(names))
        allowed = []
        for run in sorted(runs, key=self._place):
            buckets = limits[run.head.event_id]
            waits_s = {
                name: max(limit.wait_s(states[name].full_in_s), states[name].blocked_for_s)
                for name, limit in buckets.items()
            }
            if max(waits_s.values(), default=0.0) > 0:
                self._put_back(run, waits_s, report)
                continue
            for name, limit in buckets.items():
                states[name] = evolve(states[name], full_in_s=limit.spend(states[name].full_in_s))
                changes.rates[name] = states[name]
            allowed.append(run)
        return allowed

    def _place(self, run: Run) -> Place:
        return *self.turns.place(run.head.lane, _made_at(run)), run.head.seq

    def _shared(self, run: Run) -> str | None:
        """Return the name of the bucket that the run shares with every other of its bot."""
        payload = run.event.payload if run.event is not None else None
        return bot_bucket(payload.bot_id) if isinstance(payload, TelegramSend | TelegramEdit) else None

    def _put_back(self, run: Run, waits_s: dict[str, float], report: Report) -> None:
        """Let a run wait, and whoever waits for the reply see that it comes."""
        lane, wait_s = run.head.lane, max(waits_s.values())
        if all(waits_s[name] <= 0 for name in waits_s.keys() - {self._shared(run)}):
            report.queue_s = min(report.queue_s, wait_s) if report.queued else wait_s
            report.queued[lane] = self._place(run)
        else:
            report.waiting[lane] = wait_s
        self.counters.limited += 1
        self.counters.limited_s += wait_s
        if run.event is not None and isinstance(run.event.payload, TelegramSend):
            self.typist.show(run.event.payload, wait_s)

    def _is_held(self, run: Run, report: Report) -> bool:
        """Tell whether Telegram told this or another sender to leave the chat or the bot alone; then its lane waits."""
        payload = run.event.payload if run.event is not None else None
        if not isinstance(payload, TelegramSend | TelegramEdit):
            return False
        held_s = max(self.outcomes.held_s(payload.bot_id, run.head.lane), run.head.blocked_for_s)
        if held_s > 0:
            self.counters.held += 1
            report.waiting[run.head.lane] = held_s
        return held_s > 0

    def _buckets(self, run: Run) -> dict[str, Limit]:
        payload = run.event.payload if run.event is not None else None
        if not isinstance(payload, TelegramSend | TelegramEdit):
            return {}
        buckets, shared = self.rates.buckets(payload.bot_id, payload.chat_id), self._shared(run)
        if shared is not None and shared in buckets:
            quiet = self.turns.is_quiet(run.head.lane, _made_at(run))
            buckets[shared] = self.turns.share(buckets[shared], quiet=quiet)
        return buckets


def _made_at(run: Run) -> str:
    return run.event.timestamp if run.event is not None else ""
