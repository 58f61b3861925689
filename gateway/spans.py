"""Spans of a request: one for serving it, one for each call of an answerer.

Written against OpenTelemetry's API alone; whoever starts the process sets up the SDK
(``monitoring.telemetry``) and hands in a tracer. Without one no span is made, and a caller's
trace is passed on as it came. Parents are told, not taken from the context of the task, so
nothing has to be attached and detached on the way of a request.
Source: https://opentelemetry.io/docs/specs/semconv/http/http-spans/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    TraceState,
    set_span_in_context,
)

from contracts.errors import ProctorError
from contracts.traffic import Slot
from gateway.asked import Asked
from gateway.tracing import TRACE_HEADER, TRACE_STATE_HEADER, Trace, read_trace

_SERVER_FAULT: Final = 500
_HEX: Final = 16


@dataclass(frozen=True, slots=True)
class Served:
    """``trace`` is what is sent on; ``span`` is ``None`` where nothing is recorded."""

    trace: Trace
    span: Span | None = None


class Spans:
    """Makes spans with ``tracer``, or none without one. ``new_trace`` begins a trace where
    the caller has none."""

    def __init__(
        self, tracer: Tracer | None = None, new_trace: Callable[[], Trace] = Trace.begun
    ) -> None:
        self._tracer = tracer
        self._new_trace = new_trace

    def serve(self, method: str, headers: Mapping[str, str]) -> Served:
        """Begin the span of a request, below the caller's if it has one."""
        given = headers.get(TRACE_HEADER)
        parent = read_trace(given, headers.get(TRACE_STATE_HEADER, "")) if given else None
        if self._tracer is None:
            return Served(parent or self._new_trace())
        span = self._tracer.start_span(
            method,
            context=set_span_in_context(_remote(parent)) if parent else None,
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method},
        )
        return Served(_trace_of(span, parent), span)

    @contextmanager
    def ask(self, asked: Asked, slot: Slot) -> Iterator[str]:
        """The span of one call of an answerer; what is to be sent to it as ``traceparent``."""
        trace = read_trace(asked.trace, asked.trace_state) if self._tracer else None
        if self._tracer is None or trace is None or not trace.flags & TraceFlags.SAMPLED:
            yield asked.trace
            return
        span = self._tracer.start_span(
            "POST",
            context=set_span_in_context(_remote(trace)),
            kind=SpanKind.CLIENT,
            attributes={"http.request.method": "POST", "proctor.slot": slot},
        )
        try:
            yield _trace_of(span, trace).header
        except BaseException as error:
            word = error.slug if isinstance(error, ProctorError) else type(error).__name__
            span.set_attribute("error.type", word)
            span.set_status(Status(StatusCode.ERROR))
            raise
        finally:
            span.end()


def end_span(
    served: Served,
    *,
    method: str,
    route: str,
    status: int,
    problem: str | None,
    facts: Mapping[str, str | bool],
) -> None:
    """Name the span by its route and end it; ``facts`` become attributes."""
    span = served.span
    if span is None:
        return
    if span.is_recording():
        span.update_name(f"{method} {route}")
        span.set_attributes({"http.route": route, "http.response.status_code": status, **facts})
        if status >= _SERVER_FAULT:
            span.set_attribute("error.type", problem or str(status))
            span.set_status(Status(StatusCode.ERROR))
    span.end()


def _remote(trace: Trace) -> NonRecordingSpan:
    """A span of somebody else, as a parent."""
    return NonRecordingSpan(
        SpanContext(
            int(trace.trace_id, _HEX),
            int(trace.span_id, _HEX),
            is_remote=True,
            trace_flags=TraceFlags(trace.flags),
            trace_state=TraceState.from_header([trace.state]) if trace.state else None,
        )
    )


def _trace_of(span: Span, parent: Trace | None) -> Trace:
    told = span.get_span_context()
    state = parent.state if parent else ""
    return Trace(f"{told.trace_id:032x}", f"{told.span_id:016x}", int(told.trace_flags), state)
