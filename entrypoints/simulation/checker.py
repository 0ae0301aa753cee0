"""The checker: from what was recorded of a run, every promise that was not kept. Pure; the same for every kind of run.

What a fault excuses is found in the history each time; nothing is excused by its kind alone. Not here: the rules
(``rules_messages``, ``rules_accounts``, ``rules_times``), how a history is looked at (``evidence``), and the story of a
message (``story``).
"""

from collections.abc import Callable, Iterator, Mapping

from entrypoints.simulation import rules_accounts, rules_messages, rules_times
from entrypoints.simulation.evidence import Evidence, Violation
from entrypoints.simulation.history import History

Rule = Callable[[Evidence], Iterator[Violation]]
RULES: Mapping[str, Rule] = {
    rule.__name__.replace("_", " "): rule
    for rule in (*rules_accounts.RULES, *rules_messages.RULES, *rules_times.RULES)
}

__all__ = ["RULES", "Violation", "violations"]


def violations(history: History) -> list[Violation]:
    """Return every violation, rule by rule; an empty list where every promise was kept."""
    evidence = Evidence(history)
    return [violation for rule in RULES.values() for violation in rule(evidence)]
