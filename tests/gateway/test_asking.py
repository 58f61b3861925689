"""Asking an answerer: only a checked answer passes, and nothing hangs."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest
from starlette.testclient import TestClient

from contracts.answers import AnsweredBy
from contracts.models import VersionFacts
from gateway.fake_answerer import FakeAnswerer, Fault
from gateway.plan import Backend, FixedPlan, TrafficPlan
from gateway.settings import GatewaySettings
from tests.gateway.conftest import OpenDoor
from tests.gateway.test_app import ASKED, problem
from tests.waiting import free_port


@pytest.mark.parametrize(
    ("fault", "status", "slug", "words"),
    [
        ("fails", 502, "answerer-broken", "status 500"),
        ("not-json", 502, "answerer-broken", "shape"),
        ("not-an-answer", 502, "answerer-broken", "shape"),
        ("endless", 502, "answerer-broken", "no end"),
        ("missing-letter", 502, "answerer-broken", "not those of the choices ABCD"),
        ("wrong-letter", 502, "answerer-broken", "not its most probable"),
        ("wrong-sum", 502, "answerer-broken", "sum to 1"),
        ("other-version", 502, "answerer-broken", "answered where coding-mcqa/3"),
        ("refuses-silently", 502, "answerer-broken", "without a reason"),
        ("overloaded", 503, "answerer-away", "overloaded"),
    ],
)
def test_what_is_not_an_answer_is_not_passed_on(
    door: TestClient, answerer: FakeAnswerer, fault: Fault, status: int, slug: str, words: str
) -> None:
    answerer.fault = fault
    told = problem(door.post("/v1/answers", json=ASKED), status)
    assert told.type == f"/problems/{slug}"
    assert words in told.detail


def test_an_answerer_that_hangs_costs_the_deadline_and_no_more(
    open_door: OpenDoor, answerer: FakeAnswerer
) -> None:
    answerer.fault = "hangs"
    door = open_door(settings=GatewaySettings(deadline_seconds=0.3))
    begun = time.monotonic()
    told = problem(door.post("/v1/answers", json=ASKED), 504)
    assert told.type == "/problems/deadline-passed"
    assert "0.3 s" in told.detail
    assert time.monotonic() - begun < 2.0


def test_an_answerer_that_is_gone_is_told_at_once(
    open_door: OpenDoor, plan: FixedPlan, facts: VersionFacts
) -> None:
    gone = Backend(url=f"http://127.0.0.1:{free_port()}", version=AnsweredBy.of(facts))
    plan.change(TrafficPlan(slots={"stable": gone}))
    door = open_door(transport=None)
    begun = time.monotonic()
    told = problem(door.post("/v1/answers", json=ASKED), 503)
    assert "nothing listens there" in told.detail
    assert "127.0.0.1" not in told.detail
    problem(door.get("/readyz"), 503)
    assert time.monotonic() - begun < 2.0


class Flaky(httpx.AsyncBaseTransport):
    """Breaks the first ``breaks`` questions' connections, then lets them through."""

    def __init__(self, answerer: FakeAnswerer, breaks: int, error: Callable[[], Exception]) -> None:
        self._through = httpx.ASGITransport(answerer.app)
        self._breaks = breaks
        self._error = error
        self.tried = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":  # and no probe
            self.tried += 1
            if self.tried <= self._breaks:
                raise self._error()
        return await self._through.handle_async_request(request)


def test_a_connection_that_broke_is_tried_once_more(
    open_door: OpenDoor, answerer: FakeAnswerer
) -> None:
    flaky = Flaky(answerer, 1, lambda: httpx.RemoteProtocolError("closed while idle"))
    assert open_door(transport=flaky).post("/v1/answers", json=ASKED).status_code == 200
    assert (flaky.tried, answerer.asked) == (2, 1)


def test_a_connection_that_broke_twice_is_away(open_door: OpenDoor, answerer: FakeAnswerer) -> None:
    flaky = Flaky(answerer, 9, lambda: httpx.ReadError("reset"))
    told = problem(open_door(transport=flaky).post("/v1/answers", json=ASKED), 503)
    assert "broke the connection" in told.detail
    assert flaky.tried == 2


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (lambda: httpx.ConnectTimeout("slow"), 503),
        (lambda: httpx.PoolTimeout("full"), 504),
        (lambda: httpx.ReadTimeout("slow"), 504),
    ],
)
def test_other_faults_of_the_network_are_not_repeated(
    open_door: OpenDoor, answerer: FakeAnswerer, error: Callable[[], Exception], status: int
) -> None:
    flaky = Flaky(answerer, 9, error)
    problem(open_door(transport=flaky).post("/v1/answers", json=ASKED), status)
    assert flaky.tried == 1


def test_the_request_id_travels_to_the_answerer(
    open_door: OpenDoor, answerer: FakeAnswerer
) -> None:
    seen: list[str] = []

    class Watching(httpx.ASGITransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.method == "POST":  # and no probe
                seen.append(request.headers["x-request-id"])
            return await super().handle_async_request(request)

    door = open_door(transport=Watching(answerer.app))
    door.post("/v1/answers", json=ASKED, headers={"X-Request-Id": "trace-me"})
    assert seen == ["trace-me"]


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://a/b", "http://a?b", "http://a b"])
def test_a_backend_is_a_scheme_and_an_authority(url: str, facts: VersionFacts) -> None:
    with pytest.raises(ValueError, match="url"):
        Backend(url=url, version=AnsweredBy.of(facts))
