"""What the router counts, brought to where it is scraped.

The router counts in plain numbers (``RoutingStats``); what was added since the last look is
put on the counters right before a page is made, so no question pays for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from contracts.traffic import SLOTS
from gateway.metrics import Meters
from gateway.routing import RoutingStats

_Counts = Iterator[tuple[str, dict[str, str], int]]


class RoutingMeters:
    """``publish`` brings ``meters`` up to what ``stats`` says."""

    def __init__(self, meters: Meters, stats: Callable[[], RoutingStats]) -> None:
        self._meters = meters
        self._stats = stats
        self._published: dict[tuple[str, tuple[str, ...]], int] = {}

    def publish(self) -> None:
        stats = self._stats()
        for name, labels, total in _counters(stats):
            key = name, tuple(labels.values())
            added = total - self._published.get(key, 0)
            if added > 0:
                self._meters.count(name, float(added), **labels)
                self._published[key] = total
        for name, labels, value in _gauges(stats):
            self._meters.put(name, float(value), **labels)


def _counters(stats: RoutingStats) -> _Counts:
    for (slot, outcome), total in stats.outcomes_total.items():
        yield "proctor_gateway_answers_total", {"slot": slot, "outcome": outcome}, total
    yield "proctor_gateway_fallbacks_total", {}, stats.fallbacks_total
    yield "proctor_gateway_retries_total", {}, stats.retries_total
    for slot, health in stats.health.items():
        yield "proctor_gateway_ejections_total", {"slot": slot}, health.ejections_total
    cache, lookups = stats.cache, "proctor_gateway_cache_lookups_total"
    yield lookups, {"result": "hit"}, cache.hits_total
    yield lookups, {"result": "joined"}, cache.joined_total
    yield lookups, {"result": "miss"}, cache.misses_total - cache.joined_total
    yield "proctor_gateway_cache_evicted_total", {}, cache.evicted_total
    copies = "proctor_gateway_shadow_copies_total"
    yield copies, {"result": "asked"}, stats.shadow.asked_total
    yield copies, {"result": "dropped"}, stats.shadow.dropped_total


def _gauges(stats: RoutingStats) -> _Counts:
    for slot in SLOTS:
        health = stats.health.get(slot)
        ejected = health is not None and health.state != "serving"
        yield "proctor_gateway_ejected", {"slot": slot}, int(ejected)
    yield "proctor_gateway_cache_entries", {}, stats.cache.entries
    yield "proctor_gateway_cache_bytes", {}, stats.cache.bytes
    yield "proctor_gateway_shadow_under_way", {}, stats.shadow.under_way
