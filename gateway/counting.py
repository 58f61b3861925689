"""What is counted of every request when it is over, and what its span says."""

from __future__ import annotations

from typing import Final

from gateway.metrics import Meters
from gateway.spans import end_span
from gateway.visits import Ended, Visit

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def count_requests(meters: Meters) -> Ended:
    """Labels take few values: routes as templates, methods as far as HTTP knows them."""

    def ended(visit: Visit) -> None:
        meters.count(
            "proctor_gateway_requests_total",
            method=visit.method if visit.method in _METHODS else "other",
            route=visit.route,
            status=str(visit.status),
        )
        meters.observe("proctor_gateway_request_seconds", visit.seconds, route=visit.route)
        if visit.problem is not None:
            meters.count("proctor_gateway_problems_total", slug=visit.problem)

    return ended


def close_span(visit: Visit) -> None:
    """End the span of serving the request."""
    if visit.served.span is None:
        return
    notes = visit.notes
    facts: dict[str, str | bool] = {
        "proctor.request_id": visit.request_id,
        "proctor.cached": notes.cached,
        "proctor.fallback": notes.fallback,
    }
    if visit.caller is not None:
        facts["proctor.key_id"] = visit.caller.key.id
    if notes.slot is not None:
        facts["proctor.slot"] = notes.slot
    if notes.version is not None:
        facts["proctor.version"] = f"{notes.version.model}/{notes.version.version}"
    end_span(
        visit.served,
        method=visit.method,
        route=visit.route,
        status=visit.status,
        problem=visit.problem,
        facts=facts,
    )
