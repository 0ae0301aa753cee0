"""What will go wrong and when: a list of strikes that follows from a seed. Plain computation, without a clock.

Not here: how a strike is carried out (``strikes``), and on what (``installation``).
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

from attrs import frozen

GATEWAYS, BRAINS = ("gateway-1", "gateway-2"), ("brain-1", "brain-2")
SENDERS, SCHEDULERS = ("sender-1", "sender-2"), ("scheduler-1", "scheduler-2")
PAIRS = (GATEWAYS, BRAINS, SENDERS, SCHEDULERS)
REPLICAS = tuple(name for pair in PAIRS for name in pair)
POSTGRES, VALKEY, TELEGRAM, WEBHOOK = "postgres", "valkey", "telegram", "webhook"


class Kind(StrEnum):
    """What happens to a victim. The value is how the table calls it."""

    ROLE_KILLED = "role killed (SIGKILL)"
    PAIR_KILLED = "every replica of a role killed (SIGKILL)"
    ROLE_STOPPED = "role stopped (SIGTERM)"
    ROLE_PAUSED = "role paused (SIGSTOP, SIGCONT)"
    ROLE_PAUSED_LONG = "role paused past its claims and transactions"
    ROLE_PAUSED_FOR_AGES = "role paused past every bound"
    SERVER_KILLED = "killed (SIGKILL)"
    SERVER_STOPPED = "stopped (SIGTERM, SIGINT)"
    SERVER_IMMEDIATE = "restarted in immediate mode (SIGQUIT)"
    SERVER_PAUSED = "paused (SIGSTOP, SIGCONT)"
    SERVER_PAUSED_LONG = "paused past claims and transactions"
    WITHOUT_DATA = "killed, and back without its data"
    FLUSHED = "flushed (FLUSHALL)"
    MEMORY_LOW = "memory limit below what is used"
    DISK_FULL = "append-only file cannot grow"
    CUT = "every connection cut"
    ANSWERS_LOST = "answers lost, then every connection cut"
    DELAYED = "held up on the way, both ways"
    REFUSED = "connections cut and refused"
    SLOW = "calls slow"
    HANG_BEFORE = "calls without effect and answer"
    HANG_AFTER = "calls with effect and without answer"
    RESET_BEFORE = "calls reset without effect"
    RESET_AFTER = "calls reset after their effect"
    RATE_LIMITED = "calls refused with 429 and retry_after"
    HTTP_500 = "calls refused with 500"
    GATEWAY = "calls answered 502 by a proxy"
    CHAT_REFUSED = "calls refused with 403"


KILLS = frozenset(
    {Kind.ROLE_KILLED, Kind.PAIR_KILLED, Kind.SERVER_KILLED, Kind.SERVER_IMMEDIATE, Kind.WITHOUT_DATA}
)


@frozen
class Row:
    """How often a kind is dealt, to whom, and for how many seconds it lasts at least and at most."""

    kind: Kind
    victims: Sequence[str]
    cards: int
    shortest_s: float
    longest_s: float


_EACH, _TOGETHER = REPLICAS, tuple("+".join(pair) for pair in PAIRS)
_SERVERS, _WAYS = (POSTGRES, VALKEY), (POSTGRES, VALKEY, WEBHOOK)
# What a role does under these lasts longer than a claim and a transaction may (``storm.SETTINGS``).
LONG_S = (7.0, 14.0)
# Longer than entries may lie with a consumer and than a loop may stand still.
AGES_S = (62.0, 75.0)
TABLE: Sequence[Row] = (
    Row(Kind.ROLE_KILLED, _EACH, 44, 0.0, 2.0),
    Row(Kind.PAIR_KILLED, _TOGETHER, 4, 0.0, 2.0),
    Row(Kind.ROLE_STOPPED, _EACH, 4, 0.0, 1.0),
    Row(Kind.ROLE_PAUSED, _EACH, 4, 0.3, 4.0),
    Row(Kind.ROLE_PAUSED_LONG, _EACH, 3, *LONG_S),
    Row(Kind.ROLE_PAUSED_FOR_AGES, _EACH, 1, *AGES_S),
    Row(Kind.SERVER_KILLED, _SERVERS, 4, 0.0, 3.0),
    Row(Kind.SERVER_STOPPED, _SERVERS, 2, 0.0, 3.0),
    Row(Kind.SERVER_IMMEDIATE, (POSTGRES,), 3, 0.0, 2.0),
    Row(Kind.SERVER_PAUSED, _SERVERS, 2, 0.3, 3.0),
    Row(Kind.SERVER_PAUSED_LONG, _SERVERS, 1, *LONG_S),
    Row(Kind.WITHOUT_DATA, (VALKEY,), 2, 0.0, 3.0),
    Row(Kind.FLUSHED, (VALKEY,), 3, 0.0, 0.0),
    Row(Kind.MEMORY_LOW, (VALKEY,), 2, 1.0, 5.0),
    Row(Kind.DISK_FULL, (VALKEY,), 3, 1.0, 5.0),
    Row(Kind.CUT, (*_WAYS, TELEGRAM), 4, 0.0, 0.0),
    Row(Kind.ANSWERS_LOST, _WAYS, 4, 0.02, 1.0),
    Row(Kind.DELAYED, _WAYS, 3, 0.2, 4.0),
    Row(Kind.REFUSED, (*_WAYS, TELEGRAM), 4, 0.3, 4.0),
    Row(Kind.SLOW, (TELEGRAM,), 1, 1.0, 5.0),
    Row(Kind.HANG_BEFORE, (TELEGRAM,), 1, 0.5, 3.0),
    Row(Kind.HANG_AFTER, (TELEGRAM,), 1, 0.5, 3.0),
    Row(Kind.RESET_BEFORE, (TELEGRAM,), 1, 0.5, 3.0),
    Row(Kind.RESET_AFTER, (TELEGRAM,), 1, 0.5, 3.0),
    Row(Kind.RATE_LIMITED, (TELEGRAM,), 1, 0.5, 3.0),
    Row(Kind.HTTP_500, (TELEGRAM,), 1, 0.5, 3.0),
    Row(Kind.GATEWAY, (TELEGRAM,), 1, 0.5, 3.0),
    Row(Kind.CHAT_REFUSED, (TELEGRAM,), 1, 0.5, 3.0),
)
# Before a victim is struck again: time to start, to catch up, and to be met at work.
REST_S: Mapping[str, float] = {POSTGRES: 4.0, VALKEY: 3.0, TELEGRAM: 1.0, WEBHOOK: 1.0}
ROLE_REST_S = 2.0
# Of a fault that meets single calls, how many.
CALLS_MAX = 40
# Thirty minutes of it hold more than three hundred kills.
EVERY_S = 3.2
# When no victim is free, later is looked again.
LATER_S = 0.5
# Cards that could not be played yet.
HELD_MAX = 12


@frozen
class Strike:
    """One thing that goes wrong: from ``at_s`` after the beginning, for ``lasts_s``.

    ``victim`` is a replica, several with ``+`` between them, or a server. ``calls`` is how many calls to Telegram
    meet the fault, None for all; ``chance`` is for whatever else the strike has to choose, from 0 to 1.
    """

    at_s: float
    kind: Kind
    victim: str
    lasts_s: float
    calls: int | None
    chance: float

    @property
    def victims(self) -> Sequence[str]:
        """The victims, one by one."""
        return self.victim.split("+")

    @property
    def kills(self) -> int:
        """How many processes it kills; a server counts as one."""
        return len(self.victims) if self.kind in KILLS else 0

    def __str__(self) -> str:
        return f"{self.at_s:.1f} s: {self.victim}: {self.kind}, {self.lasts_s:.1f} s"


def strikes(seed: int, storm_s: float, every_s: float) -> tuple[Strike, ...]:
    """Return what happens in a storm of ``storm_s`` seconds, about one strike every ``every_s``.

    The kinds are dealt from a deck, so that each comes as often as its cards say. A victim is struck by one at a
    time, and everything is over when the storm is.
    """
    rng = random.Random(seed)
    cards, found, at_s = _deal(rng), [], rng.uniform(0, every_s)
    held: list[Row] = []
    free_at = dict.fromkeys((*REPLICAS, POSTGRES, VALKEY, TELEGRAM, WEBHOOK), 0.0)
    while at_s < storm_s:
        strike = _first_that_fits(rng, held, free_at, at_s, storm_s)
        while strike is None and len(held) < HELD_MAX:
            held.append(next(cards))
            strike = _first_that_fits(rng, held[-1:], free_at, at_s, storm_s)
        if strike is None:
            at_s += LATER_S
            continue
        held.remove(next(row for row in held if row.kind is strike.kind and strike.victim in row.victims))
        for victim in strike.victims:
            free_at[victim] = at_s + strike.lasts_s + REST_S.get(victim, ROLE_REST_S)
        found.append(strike)
        at_s += rng.uniform(0.3, 1.7) * every_s
    return tuple(found)


def _deal(rng: random.Random) -> Iterator[Row]:
    """Deal the deck, shuffled anew whenever it is spent."""
    while True:
        deck = [row for row in TABLE for _ in range(row.cards)]
        rng.shuffle(deck)
        yield from deck


def _first_that_fits(
    rng: random.Random, held: Sequence[Row], free_at: Mapping[str, float], at_s: float, storm_s: float
) -> Strike | None:
    """Return what the first of the cards does that can be played now, if one can."""
    for row in held:
        lasts_s = rng.uniform(row.shortest_s, row.longest_s)
        free = [victim for victim in row.victims if all(free_at[each] <= at_s for each in victim.split("+"))]
        if free and at_s + lasts_s <= storm_s:
            calls = None if rng.random() < 0.5 else rng.randint(1, CALLS_MAX)
            return Strike(at_s, row.kind, rng.choice(free), lasts_s, calls, rng.random())
    return None
