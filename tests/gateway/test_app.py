"""The front door: answers pass, everything else becomes a problem in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from contracts.answers import Answer, AnswerReply, AnswerRequest, LiveVersions, Problem
from contracts.models import VersionFacts
from gateway.app import GatewaySettings
from gateway.fake_answerer import FakeAnswerer
from gateway.plan import FixedPlan, TrafficPlan
from tests.gateway.conftest import OpenDoor

ASKED: dict[str, Any] = {
    "question": "What does this code print?",
    "code": "print('ab' * 2)",
    "choices": ["abab", "aabb", "ab2", "ab"],
}
JSON = "application/json"


def changed(**changes: Any) -> bytes:
    """The good question with some keys replaced; ``None`` takes a key away."""
    merged = {**ASKED, **changes}
    return json.dumps({key: value for key, value in merged.items() if value is not None}).encode()


def problem(reply: Any, status: int) -> Problem:
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    told = Problem.model_validate_json(reply.content)
    assert told.status == status
    assert told.type.startswith("/problems/")
    assert told.request_id == reply.headers["x-request-id"]
    return told


# id, method, path, body, content type, status, slug, words of the message
BAD = [
    ("empty body", "POST", "/v1/answers", b"", JSON, 400, "request-malformed", "it is empty"),
    ("white space", "POST", "/v1/answers", b" \n ", JSON, 400, "request-malformed", "empty"),
    ("not JSON", "POST", "/v1/answers", b"hello", JSON, 400, "request-malformed", "not JSON"),
    ("cut off", "POST", "/v1/answers", b'{"quest', JSON, 400, "request-malformed", "not JSON"),
    ("two values", "POST", "/v1/answers", b"{}{}", JSON, 400, "request-malformed", "not JSON"),
    ("not UTF-8", "POST", "/v1/answers", b'{"question":"\xff\xfe"}', JSON, 400,
     "request-malformed", "not JSON"),
    ("lone surrogate", "POST", "/v1/answers", b'{"question":"\\ud800"}', JSON, 400,
     "request-malformed", "not JSON"),
    ("deep", "POST", "/v1/answers", b"[" * 100_000, JSON, 400, "request-malformed", "not JSON"),
    ("deep inside", "POST", "/v1/answers", b'{"question":' + b"[" * 5_000, JSON, 400,
     "request-malformed", "not JSON"),
    ("NUL in JSON", "POST", "/v1/answers", b'{"question":"a\x00b"}', JSON, 400,
     "request-malformed", "not JSON"),
    ("a list", "POST", "/v1/answers", b"[]", JSON, 422, "bad-question", "object"),
    ("null", "POST", "/v1/answers", b"null", JSON, 422, "bad-question", "object"),
    ("a number", "POST", "/v1/answers", b"1e999", JSON, 422, "bad-question", "object"),
    ("no keys", "POST", "/v1/answers", b"{}", JSON, 422, "bad-question",
     "question: is missing; choices: is missing"),
    ("question a number", "POST", "/v1/answers", changed(question=7), JSON, 422, "bad-question",
     "question: must be text"),
    ("code a list", "POST", "/v1/answers", changed(code=["x"]), JSON, 422, "bad-question",
     "code: must be text"),
    ("choices a text", "POST", "/v1/answers", changed(choices="abc"), JSON, 422, "bad-question",
     "choices: must be a list"),
    ("a choice a number", "POST", "/v1/answers", changed(choices=["1", 2]), JSON, 422,
     "bad-question", "choices[1]: must be text"),
    ("no choices", "POST", "/v1/answers", changed(choices=None), JSON, 422, "bad-question",
     "choices: is missing"),
    ("one choice", "POST", "/v1/answers", changed(choices=["1"]), JSON, 422, "bad-question",
     "choices: has 1 entries, at least 2 are wanted"),
    ("eleven choices", "POST", "/v1/answers", changed(choices=[str(n) for n in range(11)]), JSON,
     422, "bad-question", "choices: has more than 10 entries"),
    ("the same choice twice", "POST", "/v1/answers", changed(choices=["a", "b", " a "]), JSON,
     422, "bad-question", "choices A and C are the same"),
    ("a blank choice", "POST", "/v1/answers", changed(choices=["a", "  "]), JSON, 422,
     "bad-question", "choice B is blank"),
    ("an empty choice", "POST", "/v1/answers", changed(choices=["a", ""]), JSON, 422,
     "bad-question", "choices[1]: is empty"),
    ("an empty question", "POST", "/v1/answers", changed(question=""), JSON, 422, "bad-question",
     "question: is empty"),
    ("a blank question", "POST", "/v1/answers", changed(question=" \n"), JSON, 422,
     "bad-question", "the question is blank"),
    ("a long question", "POST", "/v1/answers", changed(question="x" * 20_001), JSON, 422,
     "bad-question", "question: is longer than 20000 characters"),
    ("an unknown key", "POST", "/v1/answers", changed(answer="A"), JSON, 422, "bad-question",
     "answer: is not a known key"),
    ("an odd key", "POST", "/v1/answers", changed(**{"é\u2028": 1}), JSON, 422, "bad-question",
     "\\xe9\\u2028: is not a known key"),
    ("a long key", "POST", "/v1/answers", changed(**{"k" * 5_000: 1}), JSON, 422, "bad-question",
     "k...: is not a known key"),
    ("no content type", "POST", "/v1/answers", changed(), "", 415, "wrong-media-type", "missing"),
    ("a form", "POST", "/v1/answers", b"question=a", "application/x-www-form-urlencoded", 415,
     "wrong-media-type", "application/x-www-form-urlencoded"),
    ("plain text", "POST", "/v1/answers", changed(), "text/plain", 415, "wrong-media-type",
     "text/plain"),
    ("another charset", "POST", "/v1/answers", changed(), "application/json; charset=utf-16", 415,
     "wrong-media-type", "utf-16"),
    ("a broken content type", "POST", "/v1/answers", changed(), ";;=json", 415,
     "wrong-media-type", ";;=json"),
    ("huge", "POST", "/v1/answers", b" " * 2_097_153, JSON, 413, "request-too-large", "2097152"),
    ("unknown path", "GET", "/v1/nothing", b"", "", 404, "path-not-found", "/v1/nothing"),
    ("a slash too many", "POST", "/v1/answers/", changed(), JSON, 404, "path-not-found",
     "/v1/answers/"),
    ("the root", "GET", "/", b"", "", 404, "path-not-found", "nothing at /"),
    ("an odd path", "GET", "/%00%ff%0d%0aX: 1", b"", "", 404, "path-not-found", "\\x00"),
    ("wrong method", "GET", "/v1/answers", b"", "", 405, "wrong-method", "GET"),
    ("delete", "DELETE", "/v1/models", b"", "", 405, "wrong-method", "DELETE"),
    ("unknown method", "BREW", "/v1/answers", b"", "", 405, "wrong-method", "BREW"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "body", "content_type", "status", "slug", "words"),
    [row[1:] for row in BAD],
    ids=[row[0] for row in BAD],
)
def test_a_bad_request_is_told_what_is_wrong(
    door: TestClient,
    answerer: FakeAnswerer,
    method: str,
    path: str,
    body: bytes,
    content_type: str,
    status: int,
    slug: str,
    words: str,
) -> None:
    headers = {"content-type": content_type} if content_type else {}
    told = problem(door.request(method, path, content=body, headers=headers), status)
    assert told.type == f"/problems/{slug}"
    assert words in told.detail
    assert told.title
    assert answerer.asked == 0


def test_a_405_names_the_methods_that_are_known(door: TestClient) -> None:
    assert door.get("/v1/answers").headers["allow"] == "POST"


def test_each_fault_of_a_question_is_a_line(door: TestClient) -> None:
    reply = door.post("/v1/answers", content=changed(question=1, choices=["a"], gold="A"),
                      headers={"content-type": JSON})  # fmt: skip
    assert problem(reply, 422).errors == (
        "question: must be text",
        "choices: has 1 entries, at least 2 are wanted",
        "gold: is not a known key",
    )


def test_a_body_of_unknown_length_is_cut_off_at_the_limit(open_door: OpenDoor) -> None:
    door = open_door(settings=GatewaySettings(largest_body_bytes=1_000))
    sent = 0

    def pieces() -> Any:
        nonlocal sent
        while sent < 100:
            sent += 1
            yield b" " * 100

    reply = door.post("/v1/answers", content=pieces(), headers={"content-type": JSON})
    assert problem(reply, 413).type == "/problems/request-too-large"


def test_the_longest_valid_question_fits(door: TestClient, answerer: FakeAnswerer) -> None:
    answerer.longest_characters = 100_000
    longest = "\N{GRINNING FACE}"  # twelve bytes in escaped JSON
    body = changed(
        question=longest * 20_000,
        code=longest * 50_000,
        choices=[str(place) + longest * 9_999 for place in range(10)],
    )
    reply = door.post("/v1/answers", content=body, headers={"content-type": JSON})
    assert reply.status_code == 200, reply.text


def test_an_answer_comes_with_version_and_request_id(
    door: TestClient, answerer: FakeAnswerer, facts: VersionFacts
) -> None:
    reply = door.post("/v1/answers", json=ASKED, headers={"X-Request-Id": "my-id.1"})
    assert reply.status_code == 200
    assert reply.headers["x-request-id"] == "my-id.1"
    answered = AnswerReply.model_validate_json(reply.content)
    assert answered.request_id == "my-id.1"
    expected = answerer.made_up(AnswerRequest.model_validate(ASKED))
    assert Answer(**answered.model_dump(exclude={"request_id"})) == expected
    assert answered.version.digest == facts.digest


@pytest.mark.parametrize("media_type", ["application/json; charset=UTF-8", "Application/JSON"])
def test_other_spellings_of_json_are_taken(door: TestClient, media_type: str) -> None:
    reply = door.post("/v1/answers", content=changed(), headers={"content-type": media_type})
    assert reply.status_code == 200


@pytest.mark.parametrize("given_id", ["", "a b", "x" * 129, "-dash", "<script>", "a\tb"])
def test_an_odd_request_id_is_replaced(door: TestClient, given_id: str) -> None:
    reply = door.post("/v1/answers", json=ASKED, headers={"X-Request-Id": given_id})
    assert reply.headers["x-request-id"] == "id-1"
    assert reply.json()["request_id"] == "id-1"


def test_every_request_without_an_id_gets_its_own(door: TestClient) -> None:
    assert [door.get("/healthz").headers["x-request-id"] for _ in range(2)] == ["id-1", "id-2"]


def test_what_is_live_is_told(door: TestClient, facts: VersionFacts) -> None:
    (live,) = LiveVersions.model_validate_json(door.get("/v1/models").content).versions
    assert (live.slot, live.version, live.digest) == ("stable", "3", facts.digest)


def test_nothing_live_is_told_and_not_ready(door: TestClient, plan: FixedPlan) -> None:
    plan.change(TrafficPlan())
    assert door.get("/v1/models").json() == {"versions": []}
    assert "no version is live" in problem(door.get("/readyz"), 503).detail
    told = problem(door.post("/v1/answers", json=ASKED), 503)
    assert told.type == "/problems/answerer-away"
    assert door.get("/healthz").json() == {"status": "alive"}


def test_ready_means_that_the_answerer_is(door: TestClient, answerer: FakeAnswerer) -> None:
    assert door.get("/readyz").status_code == 200
    answerer.fault = "overloaded"
    assert "it is not ready" in problem(door.get("/readyz"), 503).detail


def test_a_question_that_the_version_cannot_score_is_the_callers_to_know(
    door: TestClient, answerer: FakeAnswerer
) -> None:
    answerer.longest_characters = 10
    told = problem(door.post("/v1/answers", json=ASKED), 422)
    assert told.type == "/problems/question-not-scored"
    assert "more than 10 characters do not fit" in told.detail


class BrokenPlan:
    """A plan source with a defect."""

    def current(self) -> TrafficPlan:
        raise RuntimeError("postgresql://user:secret@host")


def test_a_defect_is_answered_without_internals(
    open_door: OpenDoor, caplog: pytest.LogCaptureFixture
) -> None:
    told = problem(open_door(plan=BrokenPlan()).post("/v1/answers", json=ASKED), 500)
    assert "secret" not in told.model_dump_json()
    assert told.request_id == "id-1"
    assert "request id-1 failed" in caplog.text
    assert "secret" in caplog.text  # the log is where the reason belongs


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=12)
        | st.dictionaries(
            st.sampled_from(["question", "code", "choices"]) | st.text(max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(value=values | st.fixed_dictionaries({"question": values, "choices": values}))
def test_no_json_ever_is_a_fault_of_ours(door: TestClient, value: Any) -> None:
    body = json.dumps(value)  # NaN and infinities stay in: they are not JSON
    reply = door.post("/v1/answers", content=body.encode(), headers={"content-type": JSON})
    assert reply.status_code in {200, 400, 422}, reply.text
    if reply.status_code != 200:
        problem(reply, reply.status_code)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=st.binary(max_size=64))
def test_no_bytes_ever_are_a_fault_of_ours(door: TestClient, body: bytes) -> None:
    reply = door.post("/v1/answers", content=body, headers={"content-type": JSON})
    problem(reply, reply.status_code)
    assert reply.status_code in {400, 422}
