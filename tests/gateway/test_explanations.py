"""Explanations pass as they are written, and nothing passes that is none."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from answerlog.records import AnswerRecord
from contracts.answers import Answer, AnsweredBy, AnswerRequest, Problem
from contracts.errors import AnswererAway, AnswererBroken, DeadlinePassed, ProctorError
from contracts.event_stream import Event, EventReader, event_bytes
from contracts.explanations import MEDIA_TYPE, Explanation, ExplanationText
from contracts.models import VersionFacts
from contracts.traffic import Slot, TrafficSplit
from gateway.app import create_app
from gateway.asked import Asked
from gateway.callers import Caller
from gateway.deadlines import Deadline
from gateway.explanations import Explainers
from gateway.fake_answerer import FakeAnswerer, Fault
from gateway.fake_explanations import WritingFault, explanation_of
from gateway.keys import FixedKeys, Key
from gateway.plan import Backend, FixedPlan, TrafficPlan
from gateway.recording import NoRecorder
from gateway.routing import Router
from gateway.settings import GatewaySettings
from gateway.wire import wire_over
from tests.asgi_servers import listening
from tests.gateway.conftest import AUTHORIZATION, OpenDoor
from tests.gateway.test_app import ASKED, problem
from tests.waiting import free_port, wait_until

QUESTION = AnswerRequest.model_validate(ASKED)
PATH = "/v1/explanations"


def read(body: bytes) -> list[Event]:
    return EventReader(largest_bytes=100_000).feed(body)


def test_an_explanation_passes_whole(door: TestClient, answerer: FakeAnswerer) -> None:
    reply = door.post(PATH, json=ASKED, headers={"X-Request-Id": "mine"})
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-request-id"] == "mine"
    events = read(reply.content)
    scored = answerer.made_up(QUESTION)
    assert Answer.model_validate_json(events[0].data) == scored
    told = Explanation.model_validate_json(events[-1].data)
    assert told == explanation_of(scored)
    assert {event.kind for event in events[1:-1]} == {"text"}
    pieces = [ExplanationText.model_validate_json(event.data).text for event in events[1:-1]]
    assert "".join(pieces) == told.text
    assert len(pieces) > 10


@pytest.mark.parametrize(
    ("fault", "status", "slug", "words"),
    [
        ("fails", 502, "answerer-broken", "status 500"),
        ("not-json", 502, "answerer-broken", "shape"),
        ("not-an-answer", 502, "answerer-broken", "shape"),
        ("missing-letter", 502, "answerer-broken", "not those of the choices ABCD"),
        ("wrong-letter", 502, "answerer-broken", "not its most probable"),
        ("wrong-sum", 502, "answerer-broken", "sum to 1"),
        ("other-version", 502, "answerer-broken", "answered where coding-mcqa/3"),
        ("refuses-silently", 502, "answerer-broken", "without a reason"),
        ("overloaded", 503, "overloaded", "as many explanations as it can"),
        ("cannot-write", 422, "cannot-write", "cannot explain: it was told not to"),
        ("not-events", 502, "answerer-broken", "no stream of events"),
        ("scores-not", 502, "answerer-broken", "does not begin with one answer"),
    ],
)
def test_what_goes_wrong_before_the_first_event_is_a_problem(
    door: TestClient,
    answerer: FakeAnswerer,
    fault: Fault | WritingFault,
    status: int,
    slug: str,
    words: str,
) -> None:
    answerer.fault = fault
    told = problem(door.post(PATH, json=ASKED), status)
    assert told.type == f"/problems/{slug}"
    assert words in told.detail


def test_what_cannot_be_scored_is_told(door: TestClient) -> None:
    told = problem(door.post(PATH, json={**ASKED, "code": "x" * 2_001}), 422)
    assert told.type == "/problems/question-not-scored"


def test_a_question_is_checked_and_a_key_wanted(door: TestClient) -> None:
    problem(door.post(PATH, json={**ASKED, "choices": ["one"]}), 422)
    problem(door.post(PATH, content=b"{", headers={"content-type": "application/json"}), 400)
    problem(door.post(PATH, json=ASKED, headers={"Authorization": ""}), 401)
    problem(door.get(PATH), 405)


def test_no_version_and_no_answerer_are_told(
    open_door: OpenDoor, plan: FixedPlan, facts: VersionFacts
) -> None:
    plan.change(TrafficPlan())
    assert "no version is live" in problem(open_door().post(PATH, json=ASKED), 503).detail
    gone = Backend(url=f"http://127.0.0.1:{free_port()}", version=AnsweredBy.of(facts))
    plan.change(TrafficPlan(slots={"stable": gone}))
    told = problem(open_door(transport=None).post(PATH, json=ASKED), 503)
    assert "nothing listens there" in told.detail


def test_an_overloaded_writer_says_when_to_come_again(open_door: OpenDoor) -> None:
    told = Problem(type="/problems/overloaded", title="t", status=503, detail="d")

    async def full(_: Request) -> Response:
        return Response(told.model_dump_json(), status_code=503, headers={"Retry-After": "7"})

    app = Starlette(routes=[Route("/explain", full, methods=["POST"])])
    reply = open_door(transport=httpx.ASGITransport(app)).post(PATH, json=ASKED)
    assert problem(reply, 503).type == "/problems/overloaded"
    assert reply.headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (httpx.ConnectTimeout("slow"), 503, "nothing listens"),
        (httpx.PoolTimeout("full"), 503, "too many explanations"),
        (httpx.ReadError("reset"), 503, "broke the connection"),
    ],
)
def test_faults_of_the_network_are_told(
    open_door: OpenDoor, error: Exception, status: int, words: str
) -> None:
    tried = 0

    def broken(_: httpx.Request) -> httpx.Response:
        nonlocal tried
        tried += 1
        raise error

    told = problem(open_door(transport=httpx.MockTransport(broken)).post(PATH, json=ASKED), status)
    assert words in told.detail
    assert tried == 1, "an explanation is not asked for twice"


def test_names_and_the_time_that_is_left_travel_along(
    open_door: OpenDoor, answerer: FakeAnswerer
) -> None:
    seen: list[httpx.Request] = []

    class Watching(httpx.ASGITransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return await super().handle_async_request(request)

    door = open_door(transport=Watching(answerer.app))
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    door.post(PATH, json=ASKED, headers={"X-Request-Id": "mine", "traceparent": trace})
    (request,) = seen
    assert str(request.url) == "http://answerer/explain"
    assert request.headers["x-request-id"] == "mine"
    assert request.headers["traceparent"].split("-")[1] == "a" * 32
    assert 0 < float(request.headers["x-deadline-seconds"]) <= 5.0
    assert AnswerRequest.model_validate_json(request.content) == QUESTION


# ------------------------------------------------------------------ slots and the log


class Kept(NoRecorder):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[AnswerRecord] = []

    def record(self, line: AnswerRecord) -> None:
        self.lines.append(line)


@pytest.fixture
def both(facts: VersionFacts, plan: FixedPlan, answerer: FakeAnswerer) -> Iterator[FakeAnswerer]:
    """The canary, which is everybody's; the answerer is in the stable slot."""
    canary = FakeAnswerer(facts.model_copy(update={"version": "4"}))
    with listening(answerer.app) as stable_url, listening(canary.app) as canary_url:
        slots: dict[Slot, Backend] = {
            "stable": Backend(url=stable_url, version=AnsweredBy.of(facts)),
            "canary": Backend(url=canary_url, version=AnsweredBy.of(canary.facts)),
        }
        plan.change(TrafficPlan(slots=slots, split=TrafficSplit(canary_ratio=1.0)))
        yield canary


def test_the_callers_slot_explains_and_the_log_hears_of_it(
    open_door: OpenDoor, both: FakeAnswerer, answerer: FakeAnswerer
) -> None:
    kept = Kept()
    reply = open_door(transport=None, recorder=kept).post(PATH, json=ASKED)
    scored = Answer.model_validate_json(read(reply.content)[0].data)
    assert scored.version.version == "4"
    assert (both.asked, answerer.asked) == (1, 0)
    (line,) = kept.lines
    assert (line.slot, line.assigned, line.outcome) == ("canary", "canary", "answered")
    assert line.generated_explanation
    assert line.letter == scored.letter
    assert line.latency_seconds > 0


@pytest.mark.parametrize("fault", ["fails", "cannot-write", "not-events"])
def test_stable_stands_in_for_a_canary_that_does_not_begin(
    open_door: OpenDoor, both: FakeAnswerer, fault: Fault | WritingFault
) -> None:
    both.fault = fault
    kept = Kept()
    reply = open_door(transport=None, recorder=kept).post(PATH, json=ASKED)
    scored = Answer.model_validate_json(read(reply.content)[0].data)
    assert scored.version.version == "3"
    failed, answered = kept.lines
    assert (failed.slot, failed.outcome, failed.fallback) == ("canary", "failed", False)
    assert (answered.slot, answered.outcome, answered.fallback) == ("stable", "answered", True)
    assert answered.assigned == "canary"


def test_one_that_broke_off_is_not_begun_again(
    open_door: OpenDoor, both: FakeAnswerer, answerer: FakeAnswerer
) -> None:
    both.fault = "breaks-off"
    reply = open_door(transport=None).post(PATH, json=ASKED)
    assert [event.kind for event in read(reply.content)] == ["scored", "text", "problem"]
    assert answerer.asked == 0


# ------------------------------------------------------------------ over real connections


def asked(seconds: float = 20.0) -> Asked:
    key = Key(id="test", scopes=frozenset({"answer"}))
    return Asked("id-1", Caller(key, "test", "key"), Deadline.after(seconds), trace="")


def run(deed: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(deed)


def router_to(backend: Backend) -> Router:
    wire = wire_over(None, connect_seconds=1.0, most_connections=1)
    return Router(FixedPlan(TrafficPlan(slots={"stable": backend})), wire, NoRecorder())


Explain = Callable[..., Coroutine[Any, Any, list[Event]]]


@pytest.fixture
def explain(answerer: FakeAnswerer, facts: VersionFacts) -> Iterator[Explain]:
    """Asks the fake answerer, over a socket, and reads all that comes."""
    with listening(answerer.app) as url:
        backend = Backend(url=url, version=AnsweredBy.of(facts))

        async def explained(*, event_seconds: float = 5.0, seconds: float = 20.0) -> list[Event]:
            explainers = Explainers(
                router_to(backend),
                event_seconds=event_seconds,
                connect_seconds=1.0,
                most_connections=2,
            )
            try:
                begun = await explainers.begin(QUESTION, asked(seconds))
                return read(b"".join([piece async for piece in begun]))
            finally:
                await explainers.close()

        yield explained


@pytest.mark.parametrize(
    ("fault", "slug", "words"),
    [
        ("breaks-off", "answerer-broken", "breaks off"),
        ("writes-forever", "answerer-broken", "no end"),
        ("another-text", "answerer-broken", "not what it streamed"),
        ("unknown-event", "answerer-broken", "no known kind"),
    ],
)
def test_what_goes_wrong_later_is_the_last_event(
    explain: Explain,
    answerer: FakeAnswerer,
    fault: WritingFault,
    slug: str,
    words: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    answerer.fault = fault
    events = run(explain())
    assert [event.kind for event in events[:2]] == ["scored", "text"]
    told = Problem.model_validate_json(events[-1].data)
    assert (events[-1].kind, told.type, told.request_id) == ("problem", f"/problems/{slug}", "id-1")
    assert words in told.detail
    assert "explanation" not in {event.kind for event in events}
    assert "id-1 broke off" in caplog.text


def test_a_writer_that_falls_silent_costs_the_time_of_an_event(
    explain: Explain, answerer: FakeAnswerer
) -> None:
    answerer.fault = "falls-silent"
    begun = time.monotonic()
    events = run(explain(event_seconds=0.3))
    assert [event.kind for event in events] == ["scored", "text", "problem"]
    assert "within 0.3 s" in Problem.model_validate_json(events[-1].data).detail
    assert time.monotonic() - begun < 5.0


def test_the_whole_has_a_deadline(explain: Explain, answerer: FakeAnswerer) -> None:
    answerer.fault = "falls-silent"
    events = run(explain(seconds=0.3))
    assert "within 0.3 s" in Problem.model_validate_json(events[-1].data).detail


def test_an_answerer_that_hangs_is_told_in_time(explain: Explain, answerer: FakeAnswerer) -> None:
    answerer.fault = "hangs"
    with pytest.raises(DeadlinePassed, match=r"within 0.3 s"):
        run(explain(event_seconds=0.3))


def test_one_that_breaks_the_connection_is_told(facts: VersionFacts) -> None:
    async def breaks(_: Request) -> Response:
        async def events() -> AsyncIterator[bytes]:
            yield b""
            raise RuntimeError("a bug")

        return StreamingResponse(events(), media_type=MEDIA_TYPE)

    assert isinstance(told_by(breaks, facts), AnswererAway)


def test_an_event_without_end_is_told(facts: VersionFacts) -> None:
    async def endless(_: Request) -> Response:
        async def events() -> AsyncIterator[bytes]:
            while True:
                yield b"data: " + b"x" * 10_000
                await asyncio.sleep(0)

        return StreamingResponse(events(), media_type=MEDIA_TYPE)

    told = told_by(endless, facts)
    assert isinstance(told, AnswererBroken)
    assert "larger than" in str(told)


def test_a_refusal_without_end_is_told(facts: VersionFacts) -> None:
    async def endless(_: Request) -> Response:
        return Response(b"x" * 100_000, status_code=422)

    assert "no end" in str(told_by(endless, facts))


def told_by(route: Any, facts: VersionFacts) -> ProctorError:
    """What asking an answerer with this route raises."""
    with listening(Starlette(routes=[Route("/explain", route, methods=["POST"])])) as url:
        backend = Backend(url=url, version=AnsweredBy.of(facts))

        async def deed() -> None:
            explainers = Explainers(
                router_to(backend),
                event_seconds=5.0,
                connect_seconds=1.0,
                most_connections=2,
            )
            try:
                await explainers.begin(QUESTION, asked())
            finally:
                await explainers.close()

        with pytest.raises(ProctorError) as told:
            run(deed())
    return told.value


class Slow:
    """An answerer that writes when it is let, and knows whether it was left."""

    def __init__(self, answer: Answer) -> None:
        self.left = threading.Event()
        self.may_write = threading.Event()
        self._answer = answer
        self.app = Starlette(routes=[Route("/explain", self._explain, methods=["POST"])])

    async def _explain(self, _: Request) -> Response:
        return StreamingResponse(self._events(), media_type=MEDIA_TYPE)

    async def _events(self) -> AsyncIterator[bytes]:
        try:
            yield event_bytes("scored", self._answer)
            while True:
                while not self.may_write.is_set():  # noqa: ASYNC110 - of another thread
                    await asyncio.sleep(0.01)
                self.may_write.clear()
                yield event_bytes("text", ExplanationText(text="more "))
        finally:
            self.left.set()


def test_a_caller_sees_each_event_when_it_is_written_and_leaving_ends_the_writing(
    answerer: FakeAnswerer, facts: VersionFacts, keys: FixedKeys
) -> None:
    slow = Slow(answerer.made_up(QUESTION))
    with listening(slow.app) as behind:
        backend = Backend(url=behind, version=AnsweredBy.of(facts))
        app = create_app(
            FixedPlan(TrafficPlan(slots={"stable": backend})),
            keys=keys,
            settings=GatewaySettings(most_explanations=1),
        )
        with listening(app) as url, httpx.Client(headers=AUTHORIZATION, timeout=10) as client:
            with client.stream("POST", url + PATH, json=ASKED) as reply:
                reader, pieces = EventReader(largest_bytes=10_000), reply.iter_raw()

                def event() -> str:
                    while not (found := reader.feed(next(pieces))):
                        pass
                    return found[0].kind

                assert event() == "scored"
                # Nothing more is there before the answerer has written it.
                for _ in range(3):
                    slow.may_write.set()
                    assert event() == "text"
                full = client.post(url + PATH, json=ASKED)
                assert problem(full, 503).type == "/problems/overloaded"
                assert not slow.left.is_set()
            wait_until(slow.left.is_set, 10, "the answerer is left")
            slow.left.clear()
            # Its place in the lane is free again.
            with client.stream("POST", url + PATH, json=ASKED) as reply:
                assert reply.status_code == 200
            wait_until(slow.left.is_set, 10, "the answerer is left again")
