"""Tracing as a process sets it up: spans arrive at a collector, and none is missed."""

from __future__ import annotations

import gzip
import logging
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from monitoring.telemetry import MOST_WAITING_SPANS, Seldom, collector_of, set_up_tracing
from tests.waiting import free_port


class Collector(ThreadingHTTPServer):
    """Takes spans over OTLP/HTTP and keeps the names of services and spans."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.paths: list[str] = []
        self.services: set[str] = set()
        self.spans: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        request = ExportTraceServiceRequest.FromString(body)
        self.server.paths.append(self.path)
        for resource in request.resource_spans:
            self.server.services |= {
                each.value.string_value
                for each in resource.resource.attributes
                if each.key == "service.name"
            }
            for scope in resource.scope_spans:
                self.server.spans += [span.name for span in scope.spans]
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()


@pytest.mark.parametrize(
    ("environment", "collector_url"),
    [
        ({}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/"}, "http://c:4318/v1/traces"),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318",
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://t/x",
            },
            "http://t/x",
        ),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "True"}, None),
    ],
)
def test_a_collector_is_named_as_opentelemetry_says(
    environment: dict[str, str], collector_url: str | None
) -> None:
    assert collector_of(environment) == collector_url


def test_without_a_collector_nothing_is_set_up() -> None:
    assert set_up_tracing("proctor-gateway", {}) is None


@pytest.mark.integration
def test_spans_arrive_under_the_services_name(collector: Collector) -> None:
    tracing = set_up_tracing("proctor-gateway", {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url})
    assert tracing is not None
    for number in range(3):
        tracing.tracer.start_span(f"span {number}").end()
    tracing.end()
    assert collector.spans == ["span 0", "span 1", "span 2"]
    assert collector.services == {"proctor-gateway"}
    assert set(collector.paths) == {"/v1/traces"}


@pytest.mark.integration
def test_a_service_is_renamed_by_its_variable(collector: Collector) -> None:
    environment = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{collector.url}/here",
        "OTEL_SERVICE_NAME": "front",
    }
    tracing = set_up_tracing("proctor-gateway", environment)
    assert tracing is not None
    tracing.tracer.start_span("one").end()
    tracing.end()
    assert (collector.services, collector.paths) == ({"front"}, ["/here"])


@pytest.fixture(params=["away", "hangs"])
def bad_collector(request: pytest.FixtureRequest) -> Iterator[str]:
    """Nothing listens there; or it takes connections and never answers."""
    if request.param == "away":
        yield f"http://127.0.0.1:{free_port()}"
        return
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield f"http://127.0.0.1:{silent.getsockname()[1]}"


def test_what_is_no_news_is_told_seldom() -> None:
    now = [0.0]
    seldom = Seldom(60.0, lambda: now[0])
    record = logging.makeLogRecord({})
    told = []
    for moment in (0.0, 1.0, 59.0, 60.0, 61.0, 120.0):
        now[0] = moment
        told.append(seldom.filter(record))
    assert told == [True, False, False, True, False, True]


@pytest.mark.integration
def test_a_collector_that_is_away_costs_spans_and_nothing_else(
    bad_collector: str, caplog: pytest.LogCaptureFixture
) -> None:
    tracing = set_up_tracing("proctor-gateway", {"OTEL_EXPORTER_OTLP_ENDPOINT": bad_collector})
    assert tracing is not None
    began = time.monotonic()
    for _ in range(2 * MOST_WAITING_SPANS):
        tracing.tracer.start_span("lost").end()
    each = (time.monotonic() - began) / (2 * MOST_WAITING_SPANS)
    assert each < 0.005, "nobody waits for it"
    began = time.monotonic()
    tracing.end()
    assert time.monotonic() - began < 10.0, "nor does the end of the process"
    assert len(caplog.records) <= 4
