"""Numbers that the services keep about themselves while they work: plain values, cheap to note.

Noting costs well below a microsecond, so that it may stand on the path of every message. Not here: the names, labels
and formats under which they are told (``adapters.metrics``), and numbers that have to be asked of a server.
"""

from bisect import bisect_left
from collections.abc import Mapping

from attrs import Factory, define, field

from application.ports import Clock, Telegram
from domain.errors import NoAnswer, NotSent, Refused

# Upper bounds of the buckets, seconds: a handler or a wait for a connection; a call over the internet, of which a long
# poll is the longest; an event's age, which a retry or a night of downtime makes large.
SHORT_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CALL_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0, 60.0)
AGE_S = (
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    300.0,
    1800.0,
    7200.0,
    86400.0,
)

# How a call to Telegram ended. ``failed`` is a fault of ours, ``given_up`` a call that a stopping service left.
OK, TOO_MANY, REFUSED, THEIR_FAULT = "ok", "429", "4xx", "5xx"
NO_ANSWER, NOT_SENT, FAILED, GIVEN_UP = "no_answer", "not_sent", "failed", "given_up"
CALL_RESULTS = (OK, TOO_MANY, REFUSED, THEIR_FAULT, NO_ANSWER, NOT_SENT, FAILED, GIVEN_UP)
TOO_MANY_REQUESTS, SERVER_ERRORS = 429, 500

# Why a server of ours refused a request, or dropped a connection.
WRONG_SECRET, NO_ROUTE, WRONG_TYPE, MALFORMED = "wrong_secret", "no_route", "wrong_type", "malformed"
TOO_LARGE, TOO_SLOW, INCOMPLETE, CROWDED = "too_large", "too_slow", "incomplete", "crowded"
REFUSAL_REASONS = (WRONG_SECRET, NO_ROUTE, WRONG_TYPE, MALFORMED, TOO_LARGE, TOO_SLOW, INCOMPLETE, CROWDED)


@define
class Histogram:
    """How many values fell into each bucket, up to its bound (the last has none), and the sum of them all."""

    bounds: tuple[float, ...]
    counts: list[int] = field(default=Factory(lambda self: [0] * (len(self.bounds) + 1), takes_self=True))
    total: float = 0.0

    def observe(self, value: float) -> None:
        """Note a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    @property
    def count(self) -> int:
        """How many values were noted."""
        return sum(self.counts)


@define
class PoolMeter:
    """What a pool of connections notes: the wait for one, how many are lent, were opened, and how often it failed."""

    size_max: int = 0
    in_use: int = 0
    opened: int = 0
    faults: int = 0
    waits_s: Histogram = field(factory=lambda: Histogram(SHORT_S))


@define
class RequestMeter:
    """What was noted of requests to a server of ours: answers by HTTP status, and how long they took."""

    statuses: dict[int, int] = field(factory=dict)
    under_way: int = 0
    took_s: Histogram = field(factory=lambda: Histogram(SHORT_S))

    def end(self, status: int, took_s: float) -> None:
        """Note the end of a request."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.took_s.observe(took_s)


@define
class ListenerMeter:
    """What was noted of a server of ours: connections, and what it refused, by reason."""

    open_now: int = 0
    opened: int = 0
    refused: dict[str, int] = field(factory=dict)

    def refuse(self, reason: str) -> None:
        """Note that a request was refused or a connection dropped."""
        self.refused[reason] = self.refused.get(reason, 0) + 1


@define
class CallMeter:
    """What was noted of calls to Telegram: how they ended by method and result, and how long answers took."""

    results: dict[tuple[str, str], int] = field(factory=dict)
    took_s: dict[str, Histogram] = field(factory=dict)
    under_way: int = 0
    told_to_wait_s: float = 0.0

    def end(self, method: str, result: str, took_s: float) -> None:
        """Note the end of a call."""
        key = (method, result)
        self.results[key] = self.results.get(key, 0) + 1
        if (histogram := self.took_s.get(method)) is None:
            histogram = self.took_s[method] = Histogram(CALL_S)
        histogram.observe(took_s)


@define
class MeteredTelegram:
    """``application.ports.Telegram`` before another one, noting what came of each call."""

    inner: Telegram
    clock: Clock
    meter: CallMeter = field(factory=CallMeter)

    async def call(self, method: str, params: Mapping[str, object], timeout_s: float) -> object:
        """See the port: what the call behind it returns or raises passes through."""
        meter, result = self.meter, GIVEN_UP
        began_s = self.clock.steady()
        meter.under_way += 1
        try:
            answer = await self.inner.call(method, params, timeout_s)
            result = OK
            return answer
        except Refused as error:
            result = _refusal(error)
            meter.told_to_wait_s += error.refusal.retry_after_s or 0
            raise
        except NoAnswer:
            result = NO_ANSWER
            raise
        except NotSent:
            result = NOT_SENT
            raise
        except Exception:
            result = FAILED
            raise
        finally:
            meter.under_way -= 1
            meter.end(method, result, self.clock.steady() - began_s)


def _refusal(error: Refused) -> str:
    if error.refusal.code == TOO_MANY_REQUESTS:
        return TOO_MANY
    return THEIR_FAULT if error.refusal.code >= SERVER_ERRORS else REFUSED
