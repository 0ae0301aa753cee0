"""What came of a run, in figures: the table for people, and its place in the documentation.

Not here: running (``storm``), and what is right (``entrypoints.simulation.checker``).
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

from benchmarks.page import put, table
from domain.decisions import Outcome
from entrypoints.simulation.copies import MARK
from entrypoints.simulation.evidence import Evidence, Violation, root_of
from entrypoints.simulation.history import History, Kind
from entrypoints.simulation.people import TOKEN
from tests.chaos.plan import POSTGRES, TELEGRAM, VALKEY, WEBHOOK
from tests.chaos.storm import Course, Struck

PAGE = Path(__file__).resolve().parents[2] / "docs" / "RELIABILITY.md"
# Nobody waits longer.
WAITED_S_MAX = 600.0
LOST_RULES = frozenset({"taken", "answered"})
DOUBLED_RULES = frozenset({"once", "idempotent", "effects once"})
SERVERS = (POSTGRES, VALKEY, TELEGRAM, WEBHOOK)


@frozen
class Waits:
    """How long people waited for answers that name what they wrote: when it was written and answered, sorted."""

    pairs: Sequence[tuple[float, float]]

    @property
    def sorted_s(self) -> list[float]:
        """The waits in seconds, the shortest first."""
        return sorted(answered - written for written, answered in self.pairs)

    def share_s(self, share: float) -> float:
        """Return the wait that so large a share of all did not outlast."""
        waits_s = self.sorted_s
        return waits_s[min(len(waits_s) - 1, int(len(waits_s) * share))] if waits_s else 0.0

    def recovery_s(self, struck: Struck) -> float:
        """Return how long after a strike the last of those was answered who waited when it was over."""
        times = [written for written, _ in self.pairs]
        begin, end = bisect_left(times, struck.until - WAITED_S_MAX), bisect_right(times, struck.until)
        waiting = [answered for _, answered in self.pairs[begin:end] if answered > struck.until]
        return max(waiting, default=struck.until) - struck.until


def waits_of(history: History) -> Waits:
    """Return the waits for the first answer to each message that has its token in its answer."""
    first: dict[str, float] = {}
    for effect in history.effects:
        if effect.method == "sendMessage":
            for found in TOKEN.finditer(effect.text or ""):
                first.setdefault(f"m{found[1]}c{found[2]}", effect.received_at)
    kinds = (Kind.MESSAGE, Kind.LONG)
    written = [deed for deed in history.deeds if deed.kind in kinds and deed.token in first]
    return Waits(sorted((deed.at, first[deed.token]) for deed in written))


def rows(course: Course, violations: Sequence[Violation]) -> list[tuple[str, str]]:
    """Return the figures of a run, each with its name."""
    history, struck = course.history, course.struck
    of, waits = Evidence(history), waits_of(history)
    buried = {root_of(letter.idempotency_key or "") for letter in history.letters}
    ends = {key: of.handled(key) for key in of.deeds}
    ignored = [k for k, end in ends.items() if end is not None and end.row.outcome is Outcome.IGNORED]
    dead = [key for key in of.deeds if key in buried]
    lost = {v.key for v in violations if v.rule in LOST_RULES}
    outcomes = Counter(entry.row.outcome for entry in history.audit)
    slowest = max(struck, key=waits.recovery_s, default=None)
    offered = len(history.deeds) / course.storm_s
    marked = sum((effect.text or "").endswith(MARK) for effect in history.effects)
    return [
        ("storm", f"{course.storm_s / 60:.1f} min, {offered:.1f} messages a second"),
        ("strikes", f"{len(struck)}, of which killed {sum(each.strike.kills for each in struck)} processes"),
        ("messages, edits and presses accepted", f"{len(of.deeds):,}"),
        ("answered", f"{len(of.deeds) - len(dead) - len(ignored) - len(lost):,}"),
        ("need no answer (edits)", f"{len(ignored):,}"),
        ("dead letters", _dead(history)),
        ("**lost**", f"**{len(lost)}**"),
        ("marked repeats", f"{marked}"),
        ("**doubled beyond those**", f"**{sum(v.rule in DOUBLED_RULES for v in violations)}**"),
        ("audit rows", f"{len(history.audit):,}, of them {outcomes[Outcome.AMBIGUOUS]} `ambiguous`, "
         f"{outcomes[Outcome.RETRIED]} `retried`, {outcomes[Outcome.DUPLICATE]} `duplicate`"),
        ("time to an answer", f"half within {waits.share_s(0.5):.2f} s, 99 % within {waits.share_s(0.99):.1f} s, "
         f"the slowest {waits.share_s(1):.1f} s"),
        ("slowest recovery", _recovery(waits, slowest)),
        ("rest after the storm", f"after {course.calm_s:.1f} s" if course.is_at_rest else "not within its bound"),
        ("memory of a service", f"at most {max((s.seen for s in history.sizes.values()), default=0)} MiB"),
        ("ended without being struck", ", ".join(f"{e.name} ({e.code})" for e in course.ended) or "none"),
        ("**violations**", f"**{len(violations)}**"),
    ]  # fmt: skip


def _dead(history: History) -> str:
    count = Counter(re.sub(r"\(.*|\d+", "", letter.reasons[-1]).strip() for letter in history.letters)
    reasons = "; ".join(f"{number} {reason!r}" for reason, number in count.most_common(4))
    return f"{len(history.letters)}" + (f": {reasons}" if reasons else "")


def _recovery(waits: Waits, slowest: Struck | None) -> str:
    if slowest is None:
        return "nothing was struck"
    strike = slowest.strike
    return f"{waits.recovery_s(slowest):.1f} s, after {strike.victim}: {strike.kind}"


def kinds(struck: Sequence[Struck]) -> Mapping[str, int]:
    """Return how often what was done to whom, in words."""
    return Counter(
        f"{each.strike.victim}: {each.strike.kind}"
        if each.strike.victim in SERVERS
        else str(each.strike.kind)
        for each in struck
    )


def told(course: Course, violations: Sequence[Violation], command: str) -> str:
    """Return the figures of a run as Markdown, with the command that makes such a run."""
    figures = table(("", ""), rows(course, violations))
    faults = [(name, str(number)) for name, number in sorted(kinds(course.struck).items())]
    return f"\n`{command}`\n\n{figures}\n{table(('fault', 'times'), faults)}\n"


def write(text: str) -> None:
    """Put what is told into its place in the documentation."""
    put(PAGE, "tests.chaos", "chaos", text)
