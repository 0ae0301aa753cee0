"""What the documents say of metrics is what there is: the table, and the expressions of alerts and examples."""

import re
from collections.abc import Iterator

import pytest
import yaml

from adapters.metrics.catalogue import FOREIGN, METRICS, Kind
from tests.tidy.sources import ROOT

DOCUMENT = (ROOT / "docs" / "OBSERVABILITY.md").read_text(encoding="utf-8")
ALERTS = yaml.safe_load((ROOT / "docs" / "observability" / "alerts.yml").read_text(encoding="utf-8"))
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
# A metric with its selector; what Prometheus adds to every target; what an expression may contain besides.
SELECTED = re.compile(r"\b(?P<name>[a-z_:][a-z0-9_:]*)\s*(?:\{(?P<selector>[^}]*)\})?")
LABEL = re.compile(r'(?P<name>[a-z_]+)\s*(?P<kind>=~|!~|!=|=)\s*"(?P<value>[^"]*)"')
OF_TARGETS = frozenset({"job", "instance"})
WORDS = frozenset(
    {"and", "or", "unless", "by", "without", "sum", "max", "min", "rate", "increase", "histogram_quantile"}
)
GROUPED = re.compile(r"\b(?:by|without)\s*\((?P<labels>[^)]*)\)")
RANGE = re.compile(r"\[[0-9]+[smhd]\]")


def samples() -> dict[str, frozenset[str]]:
    """Return every name that a scrape may have, with its labels."""
    found = {"up": frozenset[str]()} | {name: frozenset({"generation"}) for name in FOREIGN}
    for metric in METRICS.values():
        labels = frozenset({"role", *metric.labels})
        if metric.kind is Kind.HISTOGRAM:
            found |= {f"{metric.name}_bucket": labels | {"le"}}
            found |= {f"{metric.name}_{part}": labels for part in ("sum", "count")}
        else:
            found[metric.name] = labels
    return found


SAMPLES = samples()


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in RULES)
    section = DOCUMENT.partition("### Questions and their answers")[2].partition("\n## ")[0]
    found = re.findall(r"\| `([^`]+)` \|$", section, re.MULTILINE)
    assert found
    yield from (each.replace("\\|", "|") for each in found)


def faults_of(expression: str) -> list[str]:
    """Return what an expression names that no scrape has."""
    faults = []
    grouped = {
        label.strip() for found in GROUPED.finditer(expression) for label in found["labels"].split(",")
    }
    known: set[str] = set()
    for found in SELECTED.finditer(RANGE.sub("", GROUPED.sub("", expression))):
        name = found["name"]
        if name in WORDS or re.fullmatch("[0-9.]+", name):
            continue
        if name not in SAMPLES:
            faults.append(f"{name}: there is no such metric")
            continue
        labels = SAMPLES[name] | OF_TARGETS
        known |= labels
        faults += [
            f"{name}: has no label {label['name']}"
            for label in LABEL.finditer(found["selector"] or "")
            if label["name"] not in labels
        ]
    return faults + [f"by {label}: none of its metrics has it" for label in sorted(grouped - known)]


def test_the_table_names_every_metric_as_it_is_told() -> None:
    table = [line for line in DOCUMENT.splitlines() if line.startswith("| `openclaw_")]
    assert table == [
        f"| `{m.name}` | {m.kind} | {', '.join(f'`{label}`' for label in m.labels)} | {m.roles} | {m.about} |"
        for m in METRICS.values()
    ]
    assert [name for name in FOREIGN if f"`{name}`" not in DOCUMENT] == []


@pytest.mark.parametrize("expression", list(expressions()))
def test_an_expression_uses_only_metrics_and_labels_that_exist(expression: str) -> None:
    assert faults_of(expression) == []


def test_an_alert_says_what_is_wrong_and_what_to_do() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert set(rule) - {"for"} == {"alert", "expr", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert set(rule["annotations"]) == {"summary", "remedy"}
        assert all(text.count("(") == text.count(")") for text in (rule["expr"],))
        shown = {
            name for text in rule["annotations"].values() for name in re.findall(r"\$labels\.(\w+)", text)
        }
        assert all(label in rule["expr"] or _is_kept(label, rule["expr"]) for label in shown), rule["alert"]


def _is_kept(label: str, expression: str) -> bool:
    """Tell whether a label survives in an expression that does not aggregate."""
    return not GROUPED.search(expression) and "sum(" not in expression


def test_the_reader_of_expressions_finds_what_is_wrong() -> None:
    assert faults_of('sum by (nonsense) (rate(openclaw_events_total{kind="x"}[5m])) > openclaw_nothing') == [
        "openclaw_events_total: has no label kind",
        "openclaw_nothing: there is no such metric",
        "by nonsense: none of its metrics has it",
    ]
