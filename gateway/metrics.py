"""What the gateway counts, as Prometheus reads it.

Everything stands in ``contracts.metrics``; a name that does not is refused. Each application
has a registry of its own, so two in one process do not add up. The one file of this package
that imports prometheus-client. Source: https://prometheus.github.io/client_python/
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder

from contracts.metrics import GATEWAY_METRICS, Metric

_KINDS: Final[dict[str, Any]] = {"counter": Counter, "gauge": Gauge, "histogram": Histogram}


class Meters(Protocol):
    """Where anything of the gateway counts. Each label of the catalogue is a keyword."""

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None: ...

    def observe(self, name: str, value: float, **labels: str) -> None: ...

    def put(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""

    def watch(self, name: str, read: Callable[[], float], **labels: str) -> None:
        """Let a gauge ask ``read`` whenever it is scraped."""


class PrometheusMeters:
    """Meters with a page to scrape."""

    def __init__(self, catalogue: tuple[Metric, ...] = GATEWAY_METRICS) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.before_page: list[Callable[[], None]] = []
        self._labels = {metric.name: metric.labels for metric in catalogue}
        self._metrics = {metric.name: self._made(metric) for metric in catalogue}
        # The library's look-up of labels costs more than counting: done once for each.
        self._children: dict[tuple[str, ...], Any] = {}

    def _made(self, metric: Metric) -> Any:
        extra = {"buckets": metric.buckets} if metric.kind == "histogram" else {}
        return _KINDS[metric.kind](
            metric.name, metric.meaning, metric.labels, registry=self.registry, **extra
        )

    def _child(self, name: str, labels: dict[str, str]) -> Any:
        wanted = self._labels[name]
        key = (name, *[labels[label] for label in wanted])
        child = self._children.get(key)
        if child is None:
            if len(labels) != len(wanted):
                raise ValueError(f"{name} has the labels {wanted}, not {tuple(labels)}")
            metric = self._metrics[name]
            child = self._children[key] = metric.labels(*key[1:]) if wanted else metric
        return child

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        self._child(name, labels).inc(amount)

    def observe(self, name: str, value: float, **labels: str) -> None:
        self._child(name, labels).observe(value)

    def put(self, name: str, value: float, **labels: str) -> None:
        self._child(name, labels).set(value)

    def watch(self, name: str, read: Callable[[], float], **labels: str) -> None:
        self._child(name, labels).set_function(read)

    def page(self, accept: str) -> tuple[bytes, str]:
        """The page and its media type, as ``Accept`` asks for it. Before that, who counts
        elsewhere (``before_page``) brings its numbers."""
        for bring in self.before_page:
            bring()
        encode, media_type = choose_encoder(accept)
        return encode(self.registry), media_type


class NoMeters:
    """Counts nothing: for parts that are used alone."""

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None: ...

    def observe(self, name: str, value: float, **labels: str) -> None: ...

    def put(self, name: str, value: float, **labels: str) -> None: ...

    def watch(self, name: str, read: Callable[[], float], **labels: str) -> None: ...
