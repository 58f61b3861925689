"""Sets up tracing for a process that serves: spans go to a collector, if one is named.

``OTEL_EXPORTER_OTLP_ENDPOINT`` (or ``..._TRACES_ENDPOINT``) names it; without, or with
``OTEL_SDK_DISABLED=true``, nothing is set up and nothing is recorded. Finished spans wait in a
bounded queue for a thread that sends them in batches: a collector that is away costs spans,
never a request, and the end of the process waits for it only so long.

Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/,
https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

MOST_WAITING_SPANS: Final = 4_096
_EXPORT_SECONDS: Final = 5.0
_DELAY_SECONDS: Final = 2.0
_END_SECONDS: Final = 2.0
_QUEUE_LOGGER: Final = "opentelemetry.sdk._shared_internal"
_SILENT_SECONDS: Final = 60.0
_MILLI: Final = 1_000


class Seldom(logging.Filter):
    """Lets one record through in ``seconds``: a collector that is away is no news each time
    it is tried. ``clock`` is monotonic."""

    def __init__(
        self, seconds: float = _SILENT_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._seconds = seconds
        self._clock = clock
        self._next_at = clock()

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - whatever it says
        now = self._clock()
        if now < self._next_at:
            return False
        self._next_at = now + self._seconds
        return True


@dataclass(frozen=True)
class Tracing:
    """``end`` sends what still waits, within a few seconds, and stops."""

    tracer: Tracer
    end: Callable[[], None]


def collector_of(environment: Mapping[str, str] = os.environ) -> str | None:
    """The URL that spans go to; ``None`` where no collector is named."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    traces = environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    if traces:
        return traces
    anything = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    return f"{anything.rstrip('/')}/v1/traces" if anything else None


def set_up_tracing(service: str, environment: Mapping[str, str] = os.environ) -> Tracing | None:
    """Tracing of ``service`` (``OTEL_SERVICE_NAME`` renames it), ``None`` where no collector
    is named."""
    collector = collector_of(environment)
    if collector is None:
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    for noisy in (OTLPSpanExporter.__module__, _QUEUE_LOGGER):
        logging.getLogger(noisy).addFilter(Seldom())
    name = environment.get("OTEL_SERVICE_NAME") or service
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    exporter = OTLPSpanExporter(endpoint=collector, timeout=_EXPORT_SECONDS)
    provider.add_span_processor(
        BatchSpanProcessor(
            exporter,
            max_queue_size=MOST_WAITING_SPANS,
            schedule_delay_millis=_DELAY_SECONDS * _MILLI,
        )
    )

    def end() -> None:
        ending = threading.Thread(target=provider.shutdown, daemon=True)
        ending.start()
        ending.join(_END_SECONDS)
        if ending.is_alive():
            exporter.shutdown()  # type: ignore[no-untyped-call] # ends the wait for a next try
            ending.join(_END_SECONDS)

    return Tracing(provider.get_tracer("proctor"), end)
