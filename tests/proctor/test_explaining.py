"""Asking for an explanation as a caller: events as they come, and every way they end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner

from contracts.answers import Answer, AnsweredBy, AnswerRequest, Problem
from contracts.errors import GatewayAway, GatewayFailed, GatewayRefused
from contracts.event_stream import COMMENT, event_bytes
from contracts.explanations import Explanation, ExplanationParts, ExplanationText
from proctor.commands.ask import ask
from proctor.explaining import ask_for_explanation
from tests.asgi_servers import listening

ASKED = AnswerRequest(question="Which?", choices=("a", "b"))
SCORED = Answer(
    letter="A",
    probabilities={"A": 0.75, "B": 0.25},
    confidence=0.75,
    version=AnsweredBy(model="m", version="3", digest="sha256:" + "0" * 64, scoring="letter"),
)
WHOLE = Explanation(
    text="reasoning: r\x1b[2J\nanswer: B",
    parts=ExplanationParts(reasoning="r", answer="B"),
    parsed=True,
    agrees=False,
    truncated=True,
    scored=SCORED,
)
PROBLEM = Problem(type="/p", title="Gone", status=503, detail="it is so.", request_id="id-9")
EVENTS = [
    event_bytes("scored", SCORED),
    COMMENT,
    event_bytes("text", ExplanationText(text=WHOLE.text[:5])),
    event_bytes("text", ExplanationText(text=WHOLE.text[5:])),
    event_bytes("explanation", WHOLE),
]


def streams(events: Iterable[bytes]) -> httpx.MockTransport:
    headers = {"content-type": "text/event-stream; charset=utf-8"}
    return httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, content=iter(events)))


def explained(transport: httpx.BaseTransport, **heard: Any) -> Explanation:
    return ask_for_explanation("http://g/", ASKED, timeout_seconds=1, transport=transport, **heard)


def test_events_are_heard_in_order_as_they_come() -> None:
    heard: list[object] = []

    def events() -> Iterator[bytes]:
        for place, event in enumerate(EVENTS):
            # What came before was heard before this is read.
            assert len(heard) == (0, 1, 1, 2, 3)[place]
            yield event

    told = explained(streams(events()), on_scored=heard.append, on_text=heard.append)
    assert told == WHOLE
    assert heard == [SCORED, WHOLE.text[:5], WHOLE.text[5:]]


def test_the_question_and_the_key_go_along() -> None:
    seen: list[httpx.Request] = []

    def watch(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(
            200, headers={"content-type": "text/event-stream"}, content=iter(EVENTS)
        )

    transport = httpx.MockTransport(watch)
    ask_for_explanation("http://g/", ASKED, timeout_seconds=1, key="pk_x", transport=transport)
    assert str(seen[0].url) == "http://g/v1/explanations"
    assert seen[0].headers["authorization"] == "Bearer pk_x"
    assert AnswerRequest.model_validate_json(seen[0].content) == ASKED


@pytest.mark.parametrize(("status", "kind"), [(422, GatewayRefused), (503, GatewayFailed)])
def test_a_problem_is_told_whether_it_is_a_reply_or_an_event(
    status: int, kind: type[Exception]
) -> None:
    problem = PROBLEM.model_copy(update={"status": status})
    reply = httpx.Response(status, text=problem.model_dump_json())
    for transport in (
        httpx.MockTransport(lambda _: reply),
        streams([*EVENTS[:3], event_bytes("problem", problem)]),
    ):
        with pytest.raises(kind, match="it is so") as told:
            explained(transport)
        assert "id-9" in getattr(told.value, "mend", "")


@pytest.mark.parametrize(
    "transport",
    [
        streams(EVENTS[:3]),
        streams([]),
        streams([b"event: text\ndata: no JSON\n\n"]),
        streams([b"event: explanation\ndata: {}\n\n"]),
        streams([b"data: " + b"x" * 1_000_000] * 5),
        httpx.MockTransport(lambda _: httpx.Response(200, text="<html>")),
        httpx.MockTransport(lambda _: httpx.Response(404, text="Not Found")),
    ],
)
def test_what_is_no_explanation_is_told(transport: httpx.BaseTransport) -> None:
    with pytest.raises(GatewayAway):
        explained(transport)


# ------------------------------------------------------------------ the command


@pytest.fixture
def gateway() -> Iterator[str]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})
            return
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"".join(EVENTS)})

    with listening(app) as url:
        yield url


def run(*words: str) -> str:
    app = typer.Typer()
    app.command()(ask)
    question = ("--question", "Which?", "--choice", "a", "--choice", "b")
    found = CliRunner().invoke(app, [*question, "--explain", *words])
    assert found.exit_code == 0, found.output
    return found.output


def test_the_command_prints_the_answer_the_text_and_what_to_think_of_it(gateway: str) -> None:
    told = run("--url", gateway)
    assert "> A" in told
    assert "A, by m/3" in told
    assert "reasoning: r[2J\nanswer: B\n" in told
    assert "\x1b[2J" not in told
    assert "does NOT agree with the scored answer, A; it was cut at the limit" in told


def test_the_command_prints_json(gateway: str) -> None:
    assert Explanation.model_validate(json.loads(run("--url", gateway, "--json"))) == WHOLE
