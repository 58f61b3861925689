"""The catalogue of what services measure about themselves, as Prometheus scrapes it.

A name is stable once it is out: dashboards and alerts hold on to it. Names begin with whose
they are and end in their unit; counters, and only counters, end in ``_total``. Labels take
few values: routes as templates, slots, slugs; never a caller, a key or a version's number on
anything that is counted. ``docs/gateway.md`` prints this as a table.
Source: https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["counter", "gauge", "histogram"]
# From a cached answer to a deadline, in seconds.
SECONDS_BUCKETS: Final = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1),
    *(0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)


@dataclass(frozen=True)
class Metric:
    """``unit`` is a base unit, or "none" for a state. ``buckets`` are upper ends."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    unit: str
    meaning: str
    buckets: tuple[float, ...] = ()


GATEWAY_METRICS: Final[tuple[Metric, ...]] = (
    Metric(
        "proctor_gateway_requests_total",
        "counter",
        ("method", "route", "status"),
        "requests",
        "requests that ended; status 499 where the caller left first",
    ),
    Metric(
        "proctor_gateway_request_seconds",
        "histogram",
        ("route",),
        "seconds",
        "from a request's head to the end of its reply",
        SECONDS_BUCKETS,
    ),
    Metric(
        "proctor_gateway_problems_total",
        "counter",
        ("slug",),
        "requests",
        "requests that ended in a problem, by the slug of its type",
    ),
    Metric(
        "proctor_gateway_under_way",
        "gauge",
        ("lane",),
        "questions",
        "questions that were let in and not answered yet",
    ),
    Metric(
        "proctor_gateway_expected_wait_seconds",
        "gauge",
        ("lane",),
        "seconds",
        "how long one more question is expected to take; 0 while there is no queue to tell by",
    ),
    Metric(
        "proctor_gateway_held_body_bytes",
        "gauge",
        (),
        "bytes",
        "of request bodies, in memory",
    ),
    Metric("proctor_gateway_keys", "gauge", (), "keys", "keys that count"),
    Metric(
        "proctor_gateway_keys_sound",
        "gauge",
        (),
        "none",
        "1 while the file of keys can be read, 0 while its last readable state is used",
    ),
    Metric(
        "proctor_gateway_draining",
        "gauge",
        (),
        "none",
        "1 from SIGTERM on, until the process ends",
    ),
    Metric(
        "proctor_gateway_answers_total",
        "counter",
        ("slot", "outcome"),
        "questions",
        "what became of questions in a slot: `answered`, `unscored` or `failed`; no copies",
    ),
    Metric(
        "proctor_gateway_fallbacks_total",
        "counter",
        (),
        "questions",
        "answers that stable gave in the place of a canary that failed",
    ),
    Metric(
        "proctor_gateway_retries_total",
        "counter",
        (),
        "calls",
        "calls of an answerer whose connection broke, tried once more",
    ),
    Metric(
        "proctor_gateway_ejections_total",
        "counter",
        ("slot",),
        "ejections",
        "times that what answers in a slot was found dead or hung",
    ),
    Metric(
        "proctor_gateway_ejected",
        "gauge",
        ("slot",),
        "none",
        "1 while a slot is not asked because it is dead or hung, else 0",
    ),
    Metric(
        "proctor_gateway_cache_lookups_total",
        "counter",
        ("result",),
        "questions",
        "questions looked up in the cache: `hit`, `joined` (under way already) or `miss`",
    ),
    Metric(
        "proctor_gateway_cache_evicted_total",
        "counter",
        (),
        "answers",
        "answers that made room for others",
    ),
    Metric(
        "proctor_gateway_cache_entries",
        "gauge",
        (),
        "answers",
        "answers in the cache",
    ),
    Metric(
        "proctor_gateway_cache_bytes",
        "gauge",
        (),
        "bytes",
        "their size, estimated",
    ),
    Metric(
        "proctor_gateway_shadow_copies_total",
        "counter",
        ("result",),
        "questions",
        "copies for a shadow: `asked`, or `dropped` where too many were under way",
    ),
    Metric(
        "proctor_gateway_shadow_under_way",
        "gauge",
        (),
        "questions",
        "copies that are not answered yet",
    ),
    Metric(
        "proctor_gateway_log_lines_total",
        "counter",
        ("result",),
        "lines",
        "lines for the answer log: `written`, or `dropped` where there was no room for them",
    ),
    Metric(
        "proctor_gateway_log_queue_lines",
        "gauge",
        (),
        "lines",
        "lines that wait to be written",
    ),
    Metric(
        "proctor_gateway_log_queue_bytes",
        "gauge",
        (),
        "bytes",
        "their size, estimated",
    ),
    Metric(
        "proctor_gateway_log_write_seconds",
        "histogram",
        (),
        "seconds",
        "of one transaction with lines",
        SECONDS_BUCKETS,
    ),
    Metric(
        "proctor_gateway_log_sound",
        "gauge",
        (),
        "none",
        "1 while lines are written, 0 while the log is away or its disk is full",
    ),
    Metric(
        "proctor_gateway_feedback_total",
        "counter",
        ("result",),
        "feedback",
        "feedback that was `recorded` on the disk, or `refused`",
    ),
    Metric(
        "proctor_gateway_plan_age_seconds",
        "gauge",
        (),
        "seconds",
        "since the ledger was last read; the plan in force is at least so old",
    ),
)


def metric_named(name: str, catalogue: tuple[Metric, ...] = GATEWAY_METRICS) -> Metric:
    """``KeyError`` for one that the catalogue does not have."""
    return {metric.name: metric for metric in catalogue}[name]
