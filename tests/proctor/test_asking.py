"""Asking a gateway as a caller: the reply, or its problem in words with an exit code."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from contracts.answers import AnswerRequest
from contracts.errors import (
    BadInput,
    BadQuestion,
    BadRow,
    GatewayAway,
    GatewayFailed,
    GatewayRefused,
)
from proctor.asking import ask_gateway, question_from_file, question_from_words
from tests.waiting import free_port

ASKED = AnswerRequest(question="Which?", choices=("a", "b"))
REPLY = {
    "letter": "A",
    "probabilities": {"A": 0.75, "B": 0.25},
    "confidence": 0.75,
    "version": {
        "model": "coding-mcqa",
        "version": "3",
        "digest": "sha256:" + "0" * 64,
        "scoring": "text",
    },
    "request_id": "id-1",
}


def says(status: int, body: object) -> httpx.MockTransport:
    text = body if isinstance(body, str) else json.dumps(body)
    return httpx.MockTransport(lambda _: httpx.Response(status, text=text))


def problem(status: int) -> dict[str, object]:
    return {
        "type": "/problems/some",
        "title": "Something",
        "status": status,
        "detail": "it is so.",
        "request_id": "id-9",
    }


@pytest.mark.parametrize(
    ("status", "exit_code"),
    [(400, 2), (404, 2), (413, 2), (422, 2), (500, 3), (502, 3), (503, 3), (504, 3)],
)
def test_a_problem_is_told_with_its_exit_code(status: int, exit_code: int) -> None:
    kind = GatewayRefused if status < 500 else GatewayFailed
    with pytest.raises(kind, match="it is so") as told:
        ask_gateway("http://g", ASKED, timeout_seconds=1, transport=says(status, problem(status)))
    assert told.value.exit_code == exit_code
    assert "id-9" in told.value.mend


@pytest.mark.parametrize(
    ("status", "body"), [(200, "<html>"), (200, {}), (404, "Not Found"), (301, "")]
)
def test_what_is_no_gateway_is_told(status: int, body: object) -> None:
    with pytest.raises(GatewayAway, match="something else answers there"):
        ask_gateway("http://g", ASKED, timeout_seconds=1, transport=says(status, body))


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}", "nonsense", "ftp://x", "http://[x"])
def test_no_gateway_is_told(url: str) -> None:
    with pytest.raises(GatewayAway, match="does not answer"):
        ask_gateway(url.format(port=free_port()), ASKED, timeout_seconds=2)


def test_a_reply_is_passed_on() -> None:
    reply = ask_gateway("http://g/", ASKED, timeout_seconds=1, transport=says(200, REPLY))
    assert (reply.letter, reply.request_id) == ("A", "id-1")


def test_the_question_is_put_as_the_gateway_wants_it() -> None:
    seen: list[httpx.Request] = []

    def watch(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=REPLY)

    ask_gateway("http://g/", ASKED, timeout_seconds=1, transport=httpx.MockTransport(watch))
    assert str(seen[0].url) == "http://g/v1/answers"
    assert AnswerRequest.model_validate_json(seen[0].content) == ASKED


@pytest.mark.parametrize(
    ("question", "choices", "words"),
    [
        ("x", ["a"], "at least 2"),
        ("x", ["a", "a"], "the same"),
        (" ", ["a", "b"], "blank"),
    ],
)
def test_words_that_are_no_question_are_told(question: str, choices: list[str], words: str) -> None:
    with pytest.raises(BadQuestion, match=words):
        question_from_words(question, None, None, choices)


def test_no_question_and_two_codes_are_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no question"):
        question_from_words(None, None, None, ["a", "b"])
    with pytest.raises(BadInput, match="exclude"):
        question_from_words("x", "y", tmp_path, ["a", "b"])
    with pytest.raises(BadInput, match="cannot be read"):
        question_from_words("x", None, tmp_path / "gone.py", ["a", "b"])


def test_code_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("print(1)\n")
    asked = question_from_words("x", None, tmp_path / "x.py", ["a", "b"])
    assert asked.code == "print(1)\n"


def test_a_question_comes_from_a_file_without_its_answer(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    rows = [
        {"id": "one", "stem": "First?", "choices": ["a", "b"], "answer": "A"},
        {"id": "two", "stem": "Second?", "choices": ["a", "b"], "answer": "B"},
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    assert question_from_file(path, None).question == "First?"
    assert question_from_file(path, "two") == AnswerRequest(question="Second?", choices=("a", "b"))
    with pytest.raises(BadInput, match="no question three"):
        question_from_file(path, "three")
    path.write_text("{}")
    with pytest.raises(BadRow):
        question_from_file(path, None)
