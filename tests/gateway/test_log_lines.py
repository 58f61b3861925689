"""Log lines: JSON, whole, and without what must not be in them."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.callers import caller_of
from gateway.fake_answerer import FakeAnswerer
from gateway.keys import Key, spelled
from gateway.log_lines import JsonLines, set_up_logs
from gateway.settings import GatewaySettings
from tests.gateway.conftest import PRESENTED, OpenDoor
from tests.gateway.test_app import ASKED
from tests.gateway.test_tracing import PARENT, TRACE


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What everything logs, set up as a process does; put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    chatty = {name: logging.getLogger(name).level for name in ("httpx", "httpcore", "httpx2")}
    stream = io.StringIO()
    set_up_logs("info", stream)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # the client of these tests
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in chatty.items():
        logging.getLogger(name).setLevel(before)


def told(stream: io.StringIO, logger: str = "gateway.access") -> list[dict[str, Any]]:
    parsed = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [line for line in parsed if line["logger"] == logger]


def test_an_answer_is_one_line_with_all_that_is_known(lines: io.StringIO, door: TestClient) -> None:
    headers = {"X-Request-Id": "mine", "traceparent": PARENT, "X-Caller-Id": "user-7"}
    door.post("/v1/answers", json=ASKED, headers=headers)
    (line,) = told(lines)
    seconds, moment = line.pop("seconds"), line.pop("time")
    assert 0.0 < seconds < 60.0
    assert moment.endswith("+00:00")
    caller = caller_of(Key(id="test", scopes=frozenset({"answer"})), "user-7", "")
    assert line == {
        "level": "info",
        "logger": "gateway.access",
        "message": "POST /v1/answers 200",
        "request_id": "mine",
        "trace_id": TRACE,
        "key_id": "test",
        "caller": caller.hashed,
        "caller_source": "header",
        "method": "POST",
        "route": "/v1/answers",
        "status": 200,
        "slot": "stable",
        "version": "coding-mcqa/3",
        "cached": False,
        "fallback": False,
        "problem": None,
    }


def test_a_refusal_says_why(lines: io.StringIO, door: TestClient) -> None:
    door.get("/v1/models", headers={"Authorization": "Bearer nonsense"})
    door.get("/v1/secrets/abc")
    refused, unknown = told(lines)
    assert (refused["status"], refused["problem"]) == (401, "unauthenticated")
    assert refused["key_id"] is None
    assert (unknown["route"], unknown["problem"]) == ("unmatched", "path-not-found")
    assert "abc" not in lines.getvalue(), "a path may hold anything"


def test_neither_keys_nor_questions_are_told(
    lines: io.StringIO, open_door: OpenDoor, answerer: FakeAnswerer
) -> None:
    door = open_door()
    secret = PRESENTED.rpartition("_")[2]
    asked = {**ASKED, "question": f"what is {PRESENTED}? seldom word"}
    door.post("/v1/answers", json=asked)
    door.post("/v1/answers", json={**asked, "choices": ["seldom"]})
    answerer.fault = "wrong-sum"
    door.post("/v1/answers", json=asked, headers={"X-Caller-Id": "end-user-4711"})
    assert len(told(lines)) == 3
    for hidden in (secret, "seldom", "end-user-4711"):
        assert hidden not in lines.getvalue()


def test_questions_are_told_where_the_setting_allows_it_and_keys_are_not(
    lines: io.StringIO, open_door: OpenDoor
) -> None:
    door = open_door(settings=GatewaySettings(log_questions=True))
    door.post("/v1/answers", json={**ASKED, "question": f"what is {PRESENTED}?"})
    (line,) = told(lines)
    assert line["question"]["choices"] == ASKED["choices"]
    assert line["question"]["question"] == "what is pk_test_...?"


def test_a_probe_that_finds_all_well_is_not_told(lines: io.StringIO, open_door: OpenDoor) -> None:
    door = open_door()
    for path in ("/healthz", "/readyz", "/metrics"):
        assert door.get(path).status_code == 200
    assert told(lines) == []
    logging.getLogger("gateway.access").setLevel(logging.DEBUG)
    door.get("/healthz")
    logging.getLogger("gateway.access").setLevel(logging.NOTSET)
    assert [line["level"] for line in told(lines)] == ["debug"]


def test_what_others_log_is_a_line_too(lines: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").info("Started %s\nand more", "it")
    (line,) = told(lines, "uvicorn.error")
    assert line["message"] == "Started it\nand more"
    assert lines.getvalue().count("\n") == 1


def test_an_exception_is_in_its_line() -> None:
    try:
        raise RuntimeError(f"with {spelled('web', 'f' * 64)} in it")  # noqa: TRY301
    except RuntimeError:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "broke", None, sys.exc_info())
    line = json.loads(JsonLines().format(record))
    assert "RuntimeError: with pk_web_... in it" in line["exception"]
    assert "\n" in line["exception"]
