"""What an answerer owes its callers: the real one and the shipped fake, the same tests."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Protocol

import httpx
import pytest
from starlette.testclient import TestClient

from contracts.answers import MOST_IN_A_BATCH, Answer, AnsweredBy, AnswersReply, Problem
from contracts.event_stream import EventReader
from contracts.explanations import Explanation, ExplanationText
from contracts.model_card import ModelCard
from contracts.models import VersionFacts
from contracts.questions import letters_for
from gateway.fake_answerer import FakeAnswerer

ASKED: dict[str, Any] = {
    "question": "What does this code print?",
    "code": "print('ab' * 2)",
    "choices": ["abab", "aabb", "ab2", "ab"],
}


class Client(Protocol):
    def get(self, path: str) -> Any: ...
    def post(self, path: str, **given: Any) -> Any: ...


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.integration)])
def client(request: pytest.FixtureRequest, facts: VersionFacts) -> Iterator[Client]:
    if request.param == "fake":
        with TestClient(FakeAnswerer(facts).app) as fake:
            yield fake
    else:
        url = request.getfixturevalue("served").url
        with httpx.Client(base_url=url, timeout=20) as real:
            yield real


@pytest.mark.parametrize(
    "changes",
    [
        {"choices": ["one"]},
        {"choices": ["a", "a"]},
        {"choices": "ab"},
        {"choices": [str(number) for number in range(11)]},
        {"question": " "},
        {"question": 1},
        {"gold": "A"},
    ],
)
def test_what_is_no_question_gets_400(client: Client, changes: dict[str, Any]) -> None:
    reply = client.post("/answer", json={**ASKED, **changes})
    assert reply.status_code == 400
    assert reply.json()["error"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b"null"])
def test_what_is_no_json_object_gets_400(client: Client, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    assert client.post("/answer", content=body, headers=headers).status_code == 400


@pytest.mark.parametrize("path", ["/answer", "/answers", "/card"])
@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded", "application/jsonl"],
)
def test_what_is_not_json_gets_415(client: Client, path: str, media_type: str) -> None:
    reply = client.post(path, content=b"{}", headers={"content-type": media_type})
    assert reply.status_code == 415
    assert Problem.model_validate_json(reply.content).type == "/problems/wrong-media-type"


def test_json_may_name_its_encoding(client: Client) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    assert client.post("/answer", json=ASKED, headers=headers).status_code == 200


def test_what_cannot_be_scored_gets_a_problem_with_the_reason(client: Client) -> None:
    reply = client.post("/answer", json={**ASKED, "code": "x = 1\n" * 2_000})
    assert reply.status_code == 422
    assert reply.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate_json(reply.content)
    assert problem.type == "/problems/question-not-scored"
    assert "do not fit" in problem.errors[0]


def test_an_answer_is_complete_and_consistent(client: Client, facts: VersionFacts) -> None:
    for count in range(2, 11):
        choices = [f"choice {number}" for number in range(count)]
        reply = client.post("/answer", json={**ASKED, "choices": choices})
        assert reply.status_code == 200
        answer = Answer.model_validate_json(reply.content)
        assert list(answer.probabilities) == list(letters_for(count))
        assert math.isclose(math.fsum(answer.probabilities.values()), 1.0, abs_tol=1e-9)
        assert answer.confidence == max(answer.probabilities.values())
        assert answer.probabilities[answer.letter] == answer.confidence
        assert answer.version == AnsweredBy.of(facts)


def test_the_same_question_gets_the_same_answer(client: Client) -> None:
    first, second = (client.post("/answer", json=ASKED).json() for _ in range(2))
    assert first == second


def test_a_question_needs_no_code(client: Client) -> None:
    reply = client.post("/answer", json={"question": "Which?", "choices": ["a", "b"]})
    assert reply.status_code == 200


def test_the_card_tells_the_version_and_its_limits(client: Client, facts: VersionFacts) -> None:
    reply = client.post("/card", json={})
    card = ModelCard.model_validate_json(reply.content)
    assert card.version == facts
    assert card.limits.questions_in_a_request == MOST_IN_A_BATCH
    assert card.limits.choices == 10


def test_many_are_answered_in_order_each_by_itself(client: Client) -> None:
    other = {**ASKED, "choices": ["1", "2"]}
    bad = {**ASKED, "choices": ["1", "1"]}
    long = {**ASKED, "code": "x = 1\n" * 2_000}
    asked = [ASKED, bad, other, "?", long, ASKED]
    reply = client.post("/answers", json={"questions": asked}, headers={"X-Request-Id": "r-1"})
    assert reply.status_code == 200
    answers = AnswersReply.model_validate_json(reply.content).answers
    problems = [one for one in answers if isinstance(one, Problem)]
    assert [isinstance(one, Problem) for one in answers] == [False, True, False, True, True, False]
    kinds = ["bad-question", "bad-question", "question-not-scored"]
    assert [one.type for one in problems] == [f"/problems/{kind}" for kind in kinds]
    assert all(one.errors and one.status == 422 and one.request_id == "r-1" for one in problems)
    alone = Answer.model_validate_json(client.post("/answer", json=ASKED).content)
    for one in (answers[0], answers[5]):
        assert isinstance(one, Answer)
        assert one.letter == alone.letter
        assert one.confidence == pytest.approx(alone.confidence, abs=1e-4)


@pytest.mark.parametrize(
    "body",
    [{}, {"questions": []}, {"questions": [ASKED] * 65}, {"questions": ASKED}, {"question": []}],
)
def test_what_is_no_batch_gets_400(client: Client, body: dict[str, Any]) -> None:
    reply = client.post("/answers", json=body)
    assert reply.status_code == 400
    assert reply.json()["error"]


def test_a_full_batch_is_answered(client: Client) -> None:
    asked = [{**ASKED, "code": f"print({number})"} for number in range(MOST_IN_A_BATCH)]
    reply = client.post("/answers", json={"questions": asked})
    answers = AnswersReply.model_validate_json(reply.content).answers
    assert len(answers) == MOST_IN_A_BATCH
    assert all(isinstance(one, Answer) for one in answers)


@pytest.mark.parametrize("seconds", ["0", "-1", "-0.5", "0.0"])
def test_a_passed_deadline_gets_504_and_no_answer(client: Client, seconds: str) -> None:
    headers = {"X-Deadline-Seconds": seconds, "X-Request-Id": "r-2"}
    reply = client.post("/answer", json=ASKED, headers=headers)
    assert reply.status_code == 504
    assert reply.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate_json(reply.content)
    assert problem.type == "/problems/scored-too-late"
    assert problem.request_id == reply.headers["x-request-id"] == "r-2"
    many = client.post("/answers", json={"questions": [ASKED]}, headers=headers)
    (only,) = AnswersReply.model_validate_json(many.content).answers
    assert isinstance(only, Problem)
    assert only.status == 504


@pytest.mark.parametrize("seconds", ["", "soon", "1e3", "inf", "nan", "1,5", "9" * 40])
def test_a_deadline_that_is_no_number_is_refused(client: Client, seconds: str) -> None:
    reply = client.post("/answer", json=ASKED, headers={"X-Deadline-Seconds": seconds})
    assert reply.status_code == 422
    assert Problem.model_validate_json(reply.content).type == "/problems/bad-params"


def test_a_deadline_that_is_far_enough_changes_nothing(client: Client) -> None:
    plain = client.post("/answer", json=ASKED)
    headers = {"X-Deadline-Seconds": "30.5", "X-Request-Id": "r-3"}
    reply = client.post("/answer", json=ASKED, headers=headers)
    assert (reply.status_code, reply.json()) == (200, plain.json())
    assert reply.headers["x-request-id"] == "r-3"


def test_it_says_that_it_lives_and_is_ready(client: Client) -> None:
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_other_methods_and_paths_are_refused(client: Client) -> None:
    assert client.get("/answer").status_code == 405
    assert client.post("/nothing", json={}).status_code == 404


# ------------------------------------------------------------------ explanations


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.integration)])
def writer(
    request: pytest.FixtureRequest, writing_facts: tuple[Any, VersionFacts]
) -> Iterator[Client]:
    """A version that can write."""
    if request.param == "fake":
        with TestClient(FakeAnswerer(writing_facts[1]).app) as fake:
            yield fake
    else:
        url = request.getfixturevalue("served_writing").url
        with httpx.Client(base_url=url, timeout=20) as real:
            yield real


def test_an_explanation_is_the_answer_then_its_text_then_the_whole(writer: Client) -> None:
    reply = writer.post("/explain", json=ASKED, headers={"X-Request-Id": "mine"})
    assert reply.status_code == 200
    assert reply.headers["content-type"].partition(";")[0] == "text/event-stream"
    assert reply.headers["x-request-id"] == "mine"
    first, *texts, last = EventReader(largest_bytes=100_000).feed(reply.content)
    assert (first.kind, last.kind, {event.kind for event in texts}) == (
        "scored",
        "explanation",
        {"text"},
    )
    scored = Answer.model_validate_json(first.data)
    assert scored == Answer.model_validate_json(writer.post("/answer", json=ASKED).content)
    told = Explanation.model_validate_json(last.data)
    pieces = [ExplanationText.model_validate_json(event.data).text for event in texts]
    assert "".join(pieces) == told.text
    assert len(pieces) > 1
    assert told.scored == scored
    letter = told.text.rstrip()[-1]
    assert told.agrees == (letter == scored.letter)


def test_what_is_no_question_is_not_explained(writer: Client) -> None:
    assert writer.post("/explain", json={**ASKED, "choices": ["one"]}).status_code == 400
    headers = {"content-type": "application/json"}
    assert writer.post("/explain", content=b"{", headers=headers).status_code == 400
    assert writer.get("/explain").status_code == 405


def test_what_does_not_fit_is_refused_before_any_event(writer: Client) -> None:
    reply = writer.post("/explain", json={**ASKED, "code": "x = 1\n" * 2_000})
    assert reply.status_code == 422
    assert reply.headers["content-type"] == "application/problem+json"
    assert Problem.model_validate_json(reply.content).errors


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.integration)])
def mute(request: pytest.FixtureRequest, facts: VersionFacts) -> Iterator[Client]:
    """A version that cannot write: the real one is scored by text, as ``nano`` is."""
    if request.param == "fake":
        with TestClient(FakeAnswerer(facts, fault="cannot-write").app) as fake:
            yield fake
    else:
        url = request.getfixturevalue("served").url
        with httpx.Client(base_url=url, timeout=20) as real:
            yield real


def test_a_version_that_cannot_write_says_so_and_still_answers(mute: Client) -> None:
    reply = mute.post("/explain", json=ASKED)
    assert reply.status_code == 422
    assert reply.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate_json(reply.content)
    assert problem.type == "/problems/cannot-write"
    assert problem.errors[0] in problem.detail
    assert mute.post("/answer", json=ASKED).status_code == 200
