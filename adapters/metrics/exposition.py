"""Readings written as Prometheus and OpenMetrics take them (https://prometheus.io/docs/instrumenting/exposition_formats/).

Each exposition has a registry of its own; the library's global one is never served. Not here: what is read.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import define, field, frozen
from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from adapters.metrics.catalogue import METRICS, Kind
from adapters.metrics.survey import Survey
from application.meters import Histogram

Value = float | Histogram


@frozen
class Reading:
    """One value of a metric of the catalogue, with its labels in the order of the catalogue."""

    name: str
    value: Value
    labels: tuple[str, ...] = ()


Source = Callable[[], Iterable[Reading]]


@define(eq=False)
class ServiceCollector(Collector):
    """Reads the sources of one service. Values of equal name and labels are added up."""

    role: str
    sources: list[Source]

    def collect(self) -> Iterable[Family]:
        """Return every metric that a source has a value of, in the order of the catalogue."""
        found: dict[str, dict[tuple[str, ...], Value]] = {}
        for source in self.sources:
            for reading in source():
                values = found.setdefault(reading.name, {})
                values[reading.labels] = _sum(values.get(reading.labels), reading.value)
        return [self._family(name, found[name]) for name in METRICS if name in found]

    def _family(self, name: str, values: Mapping[tuple[str, ...], Value]) -> Family:
        metric = METRICS[name]
        names = ("role", *metric.labels)
        if metric.kind is Kind.HISTOGRAM:
            histograms = HistogramMetricFamily(name, metric.about, labels=names)
            for labels, value in values.items():
                assert isinstance(value, Histogram)
                histograms.add_metric((self.role, *labels), _buckets(value), value.total)
            return histograms
        numbers = (CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily)(
            name, metric.about, labels=names
        )
        for labels, value in values.items():
            assert not isinstance(value, Histogram)
            numbers.add_metric((self.role, *labels), value)
        return numbers


def _sum(one: Value | None, other: Value) -> Value:
    if one is None:
        return other
    if isinstance(one, Histogram) and isinstance(other, Histogram):
        counts = [a + b for a, b in zip(one.counts, other.counts, strict=True)]
        return Histogram(one.bounds, counts, one.total + other.total)
    assert not isinstance(one, Histogram)
    assert not isinstance(other, Histogram)
    return one + other


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """Return the buckets as they are written: each counts all values up to its bound."""
    below, buckets = 0, []
    for bound, count in zip((*map(str, histogram.bounds), "+Inf"), histogram.counts, strict=True):
        below += count
        buckets.append((bound, float(below)))
    return buckets


@define
class Exposition:
    """What ``GET /metrics`` of a service answers."""

    collector: ServiceCollector
    survey: Survey[Sequence[Reading]]
    _registry: CollectorRegistry = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self.collector)
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def add(self, *sources: Source) -> None:
        """Read these, too."""
        self.collector.sources.extend(sources)

    async def render(self, accept: str) -> tuple[bytes, str]:
        """Return the text and its content type: OpenMetrics for whoever accepts it.

        Takes as long as the survey at most, and never fails because a server is away.
        """
        await self.survey.refresh()
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type
