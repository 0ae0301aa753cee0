"""What simulated runs are shown as: faults that hit, the verdict, and of a failure its schedule and story.

Not here: running and judging (``entrypoints.simulation``).
"""

from collections.abc import Mapping, Sequence

from entrypoints.simulation.campaign import Totals
from entrypoints.simulation.faults import POINT
from entrypoints.simulation.running import Run
from entrypoints.simulation.story import story

BROKEN_SHOWN = 10
FAILED_SHOWN = 20


def run_lines(made: Run) -> list[str]:
    """Return what is told of one run."""
    history = made.history
    accepted = sum(deed.is_accepted for deed in history.deeds)
    return [
        f"seed {made.scenario.seed}: {len(made.scenario.actions)} things that people do, {len(made.scenario.faults)} "
        f"faults, {made.simulated_s:.0f} simulated seconds",
        f"  {accepted} updates accepted, {len(history.effects)} effects in chats, {len(history.audit)} audit rows, "
        f"{len(history.letters)} dead letters",
        *_hit_lines({kind: count for kind, count in made.hits.items() if count}),
        f"  history {made.digest}",
        _verdict(made),
    ]  # fmt: skip


def _verdict(made: Run) -> str:
    found = len(made.violations) + len(made.failures)
    return "every promise was kept" if not found else f"{found} violations"


def _hit_lines(hits: Mapping[str, int]) -> list[str]:
    points = {kind: count for kind, count in hits.items() if kind.startswith(POINT)}
    others = {kind: count for kind, count in hits.items() if kind not in points}
    lines = [f"  {count:7} × {kind}" for kind, count in others.items()]
    return lines + [f"  {count:7} × {kind}" for kind, count in points.items()]


def failure_lines(made: Run, steps: int, *, real: bool = False) -> list[str]:
    """Return what is told of a run that failed, after it was made as short as it can be."""
    told = [f"{each.rule}: {each.sentence}" for each in made.violations]
    told += [f"the run itself: {failure}" for failure in made.failures]
    stories = story(made.history, made.violations[0]) if made.violations else []
    return [
        "",
        f"the shortest schedule that still fails has {made.scenario.steps} steps:",
        *(f"  {line}" for line in made.scenario.told()),
        "",
        "what is wrong:",
        *(f"  {line}" for line in told[:BROKEN_SHOWN]),
        "",
        "what happened:",
        *(f"  {line}" for line in [*stories, *made.told]),
        "",
        f"see it again: openclaw simulate --seed {made.scenario.seed} --steps {steps}"
        + (" --real" if real else ""),
    ]


def campaign_lines(seeds: range, steps: int, totals: Totals, *, must_hit: bool) -> list[str]:
    """Return what is told of many runs."""
    lines = [
        f"{totals.runs} runs of {steps} steps, seeds {seeds.start} to {seeds.stop - 1}: {totals.deeds} things that "
        f"people did, {totals.answers} effects in chats, {totals.simulated_s / 3600:.1f} simulated hours",
        *_hit_lines(totals.hits),
    ]
    if totals.missed and must_hit:
        lines.append(f"never met: {', '.join(totals.missed)}")
    failed = sorted(totals.failed, key=lambda each: each.seed)
    lines += [f"seed {each.seed} broke: {', '.join(sorted(each.broken))}" for each in failed[:FAILED_SHOWN]]
    if len(failed) > FAILED_SHOWN:
        lines.append(f"and {len(failed) - FAILED_SHOWN} more")
    kept = "every promise was kept in every run"
    return [*lines, kept if not failed else f"{len(failed)} runs broke a promise"]


def history_lines(made: Run) -> Sequence[str]:
    """Return everything that is recorded of a run, the same for the same run."""
    history = made.history
    parts = (history.deeds, history.effects, history.calls, history.audit, history.letters, history.mishaps)
    return [
        *(repr(each) for part in parts for each in part),
        repr(history.standing),
        repr(history.sizes),
        *made.told,
    ]
