"""What an answerer owes its callers: the real one and the shipped fake, the same tests."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Protocol

import httpx
import pytest
from starlette.testclient import TestClient

from contracts.answers import Answer, AnsweredBy, Problem
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


def test_the_card_is_the_versions_facts(client: Client, facts: VersionFacts) -> None:
    reply = client.post("/card", json={})
    assert VersionFacts.model_validate_json(reply.content) == facts


def test_it_says_that_it_lives_and_is_ready(client: Client) -> None:
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_other_methods_and_paths_are_refused(client: Client) -> None:
    assert client.get("/answer").status_code == 405
    assert client.post("/nothing", json={}).status_code == 404
