"""Traces: what a caller says is taken up or ignored, spans hang together, and cost nothing
where nobody collects them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from contracts.errors import AnswererAway
from gateway.asked import Asked
from gateway.callers import caller_of
from gateway.deadlines import Deadline
from gateway.fake_answerer import FakeAnswerer
from gateway.keys import Key
from gateway.spans import Spans
from gateway.tracing import Trace, read_trace
from tests.gateway.conftest import OpenDoor
from tests.gateway.test_app import ASKED

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    "header",
    [PARENT, f"00-{TRACE}-{SPAN}-00", f"00-{TRACE}-{SPAN}-03", f"cc-{TRACE}-{SPAN}-01-what-else"],
)
def test_a_well_formed_trace_is_taken_up(header: str) -> None:
    trace = read_trace(header)
    assert trace is not None
    assert (trace.trace_id, trace.span_id) == (TRACE, SPAN)
    assert trace.header == f"00{header[2:55]}"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "no trace",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01what",
        f"{PARENT}, {PARENT}",
        f"{PARENT}\n",
    ],
)
def test_anything_else_is_ignored(header: str | None) -> None:
    assert read_trace(header) is None


@pytest.mark.parametrize(("state", "kept"), [("a=1,b=2", "a=1,b=2"), ("x" * 513, ""), ("é", "")])
def test_a_state_is_passed_on_within_bounds(state: str, kept: str) -> None:
    trace = read_trace(PARENT, state)
    assert trace is not None
    assert trace.state == kept


def test_a_new_trace_is_random_and_not_recorded() -> None:
    assert Trace.begun(lambda size: "ab" * size).header == f"00-{'ab' * 16}-{'ab' * 8}-00"
    assert Trace.begun() != Trace.begun()
    assert read_trace(Trace.begun().header) is not None


# ---------------------------------------------------------------- spans


@pytest.fixture
def finished() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def spans(finished: InMemorySpanExporter) -> Spans:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(finished))
    return Spans(provider.get_tracer("test"))


def asked(trace: Trace) -> Asked:
    key = Key(id="web", scopes=frozenset({"answer"}))
    return Asked(
        request_id="r",
        caller=caller_of(key, None, ""),
        deadline=Deadline.after(1.0, lambda: 0.0),
        trace=trace.header,
        trace_state=trace.state,
    )


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_a_request_is_one_span_below_the_callers(
    open_door: OpenDoor, spans: Spans, finished: InMemorySpanExporter
) -> None:
    door = open_door(spans=spans)
    door.post("/v1/answers", json=ASKED, headers={"traceparent": PARENT, "X-Request-Id": "mine"})
    (served,) = [span for span in finished.get_finished_spans() if span.kind is SpanKind.SERVER]
    assert served.name == "POST /v1/answers"
    assert served.parent is not None
    assert f"{served.parent.span_id:016x}" == SPAN
    assert f"{served.context.trace_id:032x}" == TRACE
    told = attributes(served)
    assert told["http.response.status_code"] == 200
    assert told["http.route"] == "/v1/answers"
    assert (told["proctor.request_id"], told["proctor.key_id"]) == ("mine", "test")
    assert (told["proctor.slot"], told["proctor.version"]) == ("stable", "coding-mcqa/3")


def test_a_fault_of_ours_is_an_error_and_a_callers_is_not(
    open_door: OpenDoor, spans: Spans, finished: InMemorySpanExporter, answerer: FakeAnswerer
) -> None:
    answerer.fault = "wrong-sum"
    door = open_door(spans=spans)
    door.post("/v1/answers", json=ASKED)
    door.get("/v1/nothing")
    ours, theirs = [s for s in finished.get_finished_spans() if s.kind is SpanKind.SERVER]
    assert ours.status.status_code is StatusCode.ERROR
    assert attributes(ours)["error.type"] == "answerer-broken"
    assert theirs.status.status_code is StatusCode.UNSET
    assert theirs.name == "GET unmatched"


def test_a_call_of_an_answerer_is_a_span_below_the_requests(
    spans: Spans, finished: InMemorySpanExporter
) -> None:
    served = spans.serve("POST", {"traceparent": PARENT, "tracestate": "a=1"})
    with spans.ask(asked(served.trace), "canary") as header:
        sent = read_trace(header)
    with (
        pytest.raises(AnswererAway),
        spans.ask(asked(served.trace), "stable"),
    ):
        raise AnswererAway("stable", "it is gone")
    well, failed = finished.get_finished_spans()
    assert well.kind is SpanKind.CLIENT
    assert sent is not None
    assert f"{well.context.span_id:016x}" == sent.span_id
    assert well.parent is not None
    assert f"{well.parent.span_id:016x}" == served.trace.span_id
    assert well.context.trace_state.get("a") == "1"
    assert attributes(well)["proctor.slot"] == "canary"
    assert failed.status.status_code is StatusCode.ERROR
    assert attributes(failed)["error.type"] == "answerer-away"


def test_a_trace_that_is_not_sampled_gets_no_spans_and_is_passed_on(
    spans: Spans, finished: InMemorySpanExporter
) -> None:
    served = spans.serve("POST", {"traceparent": f"00-{TRACE}-{SPAN}-00"})
    assert served.trace.trace_id == TRACE
    with spans.ask(asked(served.trace), "stable") as header:
        assert header == served.trace.header
    assert not finished.get_finished_spans()


def test_without_a_collector_the_callers_trace_is_passed_on_as_it_came() -> None:
    spans = Spans()
    served = spans.serve("POST", {"traceparent": PARENT})
    assert served.span is None
    with spans.ask(asked(served.trace), "stable") as header:
        assert header == PARENT
    made = Spans(None, lambda: Trace("1" * 32, "2" * 16, 0)).serve("GET", {})
    assert made.trace.header == f"00-{'1' * 32}-{'2' * 16}-00"


def test_the_trace_travels_to_the_answerer(open_door: OpenDoor, answerer: FakeAnswerer) -> None:
    seen: list[httpx.Headers] = []

    class Watching(httpx.ASGITransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            seen.append(request.headers)
            return await super().handle_async_request(request)

    door = open_door(transport=Watching(answerer.app))
    door.post("/v1/answers", json=ASKED, headers={"traceparent": PARENT})
    assert seen[0]["traceparent"] == PARENT
