"""The front door: answers pass, everything else becomes a problem in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from contracts.answers import Answer, AnswerReply, AnswerRequest, LiveVersions, Problem
from contracts.errors import AnswererAway
from contracts.models import VersionFacts
from gateway.admission import Lane
from gateway.answers import answer_routes
from gateway.asked import Asked
from gateway.edge import Edge
from gateway.entry import Entry
from gateway.fake_answerer import FakeAnswerer
from gateway.faults import tell_faults
from gateway.keys import FixedKeys, Key, OpenKeys, Scope
from gateway.limits import KeyLimits
from gateway.plan import FixedPlan, TrafficPlan
from gateway.settings import GatewaySettings
from gateway.spans import Spans
from tests.gateway.conftest import PRESENTED, OpenDoor

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
    ("twelve letters", "POST", "/v1/answers", changed(choices={c: c for c in "ABCDEFGHIJKL"}), JSON,
     422, "bad-question", "choices: the letters must be"),
    ("a letter twice", "POST", "/v1/answers",
     b'{"question": "x", "choices": {"A": "1", "B": "2", "A": "3"}}', JSON, 422, "bad-question",
     "A: is there more than once"),
    ("a letter missing", "POST", "/v1/answers", changed(choices={"A": "1", "C": "2"}), JSON, 422,
     "bad-question", "choices: the letters must be A to B, each once"),
    ("small letters", "POST", "/v1/answers", changed(choices={"a": "1", "b": "2"}), JSON, 422,
     "bad-question", "choices: the letters must be"),
    ("no letters", "POST", "/v1/answers", changed(choices={}), JSON, 422, "bad-question",
     "choices: "),
    ("the same choice under two letters", "POST", "/v1/answers",
     changed(choices={"A": "1", "B": "1 "}), JSON, 422, "bad-question", "A and B are the same"),
    ("UTF-16", "POST", "/v1/answers", '{"question": "x"}'.encode("utf-16"), JSON, 400,
     "request-malformed", "not JSON"),
    ("UTF-8 with a mark", "POST", "/v1/answers", b"\xef\xbb\xbf" + changed(), JSON, 400,
     "request-malformed", "not JSON"),
    ("gzip", "POST", "/v1/answers", b"\x1f\x8b\x08\x00\x00\x00\x00\x00", JSON, 400,
     "request-malformed", "not JSON"),
    ("overlong UTF-8", "POST", "/v1/answers", b'{"question":"\xc0\x80"}', JSON, 400,
     "request-malformed", "not JSON"),
    ("comments", "POST", "/v1/answers", b"{} // more", JSON, 400, "request-malformed", "not JSON"),
    ("a long choice", "POST", "/v1/answers", changed(choices=["x" * 10_001, "y"]), JSON, 422,
     "bad-question", "choices[0]: is longer than 10000 characters"),
    ("long code", "POST", "/v1/answers", changed(code="x" * 50_001), JSON, 422, "bad-question",
     "code: is longer than 50000 characters"),
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


BAD_HEADERS = [
    ({"Authorization": ""}, 401, "unauthenticated", "no key was sent"),
    ({"Authorization": "Bearer"}, 401, "unauthenticated", "not known here"),
    ({"Authorization": "Bearer pk_test_" + "1" * 64}, 401, "unauthenticated", "not known here"),
    ({"Authorization": "Bearer pk_nobody_" + "0" * 64}, 401, "unauthenticated", "not known here"),
    ({"Authorization": f"Basic {PRESENTED}"}, 401, "unauthenticated", "not known here"),
    ({"Authorization": PRESENTED}, 401, "unauthenticated", "not known here"),
    ({"Authorization": f"Bearer {PRESENTED} {PRESENTED}"}, 401, "unauthenticated", "not known"),
    ({"Authorization": "Bearer " + "x" * 5_000}, 401, "unauthenticated", "not known here"),
    ({"X-Caller-Id": ""}, 400, "header-invalid", "X-Caller-Id: 1 to 128 visible"),
    ({"X-Caller-Id": "a b"}, 400, "header-invalid", "X-Caller-Id: 1 to 128 visible"),
    ({"X-Caller-Id": "x" * 129}, 400, "header-invalid", "X-Caller-Id: 1 to 128 visible"),
    ({"X-Deadline-Seconds": ""}, 400, "header-invalid", "a number of seconds above 0"),
    ({"X-Deadline-Seconds": "0"}, 400, "header-invalid", "a number of seconds above 0"),
    ({"X-Deadline-Seconds": "0.0"}, 400, "header-invalid", "a number of seconds above 0"),
    ({"X-Deadline-Seconds": "-1"}, 400, "header-invalid", "a number of seconds above 0"),
    ({"X-Deadline-Seconds": "1e3"}, 400, "header-invalid", "a number of seconds above 0"),
    ({"X-Deadline-Seconds": "nan"}, 400, "header-invalid", "a number of seconds above 0"),
    ({"X-Deadline-Seconds": "soon"}, 400, "header-invalid", "a number of seconds above 0"),
    ({"X-Deadline-Seconds": "1" * 400}, 400, "header-invalid", "a number of seconds above 0"),
]


@pytest.mark.parametrize(("headers", "status", "slug", "words"), BAD_HEADERS)
def test_a_bad_header_is_told(
    door: TestClient,
    answerer: FakeAnswerer,
    headers: dict[str, str],
    status: int,
    slug: str,
    words: str,
) -> None:
    told = problem(door.post("/v1/answers", json=ASKED, headers=headers), status)
    assert told.type == f"/problems/{slug}"
    assert words in told.detail
    assert answerer.asked == 0


def test_who_has_no_key_is_told_so_before_anything_else(door: TestClient) -> None:
    reply = door.post("/v1/answers", content=b"not JSON", headers={"Authorization": ""})
    problem(reply, 401)
    assert reply.headers["www-authenticate"] == 'Bearer realm="proctor"'


@pytest.mark.parametrize(
    ("path", "scopes", "status"),
    [
        ("/v1/admin/traffic", {"answer", "feedback"}, 403),
        ("/v1/admin/traffic", {"admin"}, 200),
        ("/v1/models", {"feedback", "admin"}, 403),
        ("/v1/models", {"answer"}, 200),
    ],
)
def test_a_key_does_what_its_scopes_say(
    open_door: OpenDoor, path: str, scopes: set[Scope], status: int
) -> None:
    key = Key(id="test", scopes=frozenset(scopes))
    reply = open_door(keys=FixedKeys({PRESENTED: key})).get(path)
    assert reply.status_code == status
    if status == 403:
        assert "the key test has not the scope" in problem(reply, 403).detail
        assert 'error="insufficient_scope"' in reply.headers["www-authenticate"]


def test_the_bearer_scheme_is_spelt_in_any_case(door: TestClient) -> None:
    for spelt in ("bearer", "BEARER", "Bearer "):
        headers = {"Authorization": f"{spelt} {PRESENTED}"}
        assert door.get("/v1/models", headers=headers).status_code == 200


def test_in_the_open_mode_nobody_is_asked(open_door: OpenDoor) -> None:
    door = open_door(keys=OpenKeys())
    assert door.post("/v1/answers", json=ASKED, headers={"Authorization": ""}).status_code == 200


class Watched:
    """Answers with what it was told of the caller, as a router sees it."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    async def answer(self, question: AnswerRequest, asked: Asked) -> AnswerReply:
        self.asked.append(asked)
        raise AnswererAway("stable", f"{question.question} was only looked at")


@pytest.fixture
def seen() -> Iterator[tuple[TestClient, Watched]]:
    """A gateway whose clock stands still, and what its router is told."""
    watched, entry = Watched(), Entry(OpenKeys(), KeyLimits(lambda: 50.0), lambda: 50.0)
    app = FastAPI()
    app.include_router(
        answer_routes(entry, watched, Lane("answers", 9, lambda: 50.0), deadline_seconds=10.0)
    )
    tell_faults(app)
    app.add_middleware(Edge, new_request_id=lambda: "made", clock=lambda: 50.0, spans=Spans())
    with TestClient(app) as client:
        yield client, watched


@pytest.mark.parametrize(
    ("given_seconds", "seconds"), [(None, 10.0), ("2.5", 2.5), ("10", 10.0), ("99999", 10.0)]
)
def test_a_caller_may_lower_the_deadline(
    seen: tuple[TestClient, Watched], given_seconds: str | None, seconds: float
) -> None:
    client, watched = seen
    headers = {"X-Deadline-Seconds": given_seconds} if given_seconds else {}
    client.post("/v1/answers", json=ASKED, headers=headers)
    assert watched.asked[0].deadline.ends_at == 50.0 + seconds
    assert watched.asked[0].deadline.seconds == seconds


@pytest.mark.parametrize(
    ("control", "fresh"),
    [
        (None, False),
        ("no-cache", True),
        ("No-Cache", True),
        ("max-age=0, no-cache", True),
        ("no-store", True),
        ("no-cached", False),
        ("private", False),
        ("x-no-cache", False),
    ],
)
def test_a_caller_may_ask_for_a_fresh_answer(
    seen: tuple[TestClient, Watched], control: str | None, fresh: bool
) -> None:
    client, watched = seen
    client.post("/v1/answers", json=ASKED, headers={"Cache-Control": control} if control else {})
    assert watched.asked[0].fresh == fresh


@pytest.mark.parametrize(
    "text",
    [
        "\u05de\u05d4 \u05d9\u05d5\u05d3\u05e4\u05e1?",  # right to left
        "\u202eabc\u202c",  # turned round
        "e\u0301 \U0001f600 \U000e0001",
        "tab\tand\nline\r\n",
        "\u0000 and \u0007",
        "\ufeff",
        "{{ 7 * 7 }} <|im_end|> $(id) '; DROP TABLE x; --",
    ],
)
def test_text_of_any_kind_is_a_question(door: TestClient, text: str) -> None:
    reply = door.post("/v1/answers", json={**ASKED, "question": f"{text}?", "code": text + "x"})
    assert reply.status_code == 200, reply.text


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
    assert Answer(**answered.model_dump(include=set(Answer.model_fields))) == expected
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


# What a header's value may hold on the wire (RFC 9110, section 5.5), in any order.
header_texts = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=60
)
header_names = st.sampled_from(
    ["Authorization", "Content-Type", "X-Request-Id", "X-Caller-Id", "X-Deadline-Seconds",
     "Cache-Control", "traceparent", "tracestate", "Accept", "X-Forwarded-For"]
)  # fmt: skip


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW"]),
    path=st.sampled_from(
        ["/v1/answers", "/v1/models", "/v1/admin/traffic", "/healthz", "/readyz", "/metrics", "/"]
    )
    | st.text(max_size=20).map(lambda text: f"/{quote(text)}"),
    headers=st.dictionaries(header_names, header_texts, max_size=4),
    body=st.binary(max_size=30) | st.just(changed()),
)
def test_no_request_ever_is_a_fault_of_ours(
    door: TestClient, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    raw = [(name.encode(), value.strip().encode("latin-1")) for name, value in headers.items()]
    reply = door.request(method, path, headers=raw, content=body)
    assert reply.status_code < 500, reply.text
    if reply.status_code >= 400 and method != "HEAD":
        problem(reply, reply.status_code)
