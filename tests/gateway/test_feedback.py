"""Feedback over HTTP: acknowledged when it is kept, refused in words when it is not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from answerlog.memory import MemoryLog
from answerlog.reader import LogReader
from answerlog.recorder import AnswerLog, open_answer_log
from answerlog.store import LogStore
from contracts.answers import AnswerReply, FeedbackReply, FeedbackRequest
from contracts.errors import AnswerLogAway, AnswerNotFound, StorageFull
from gateway.keys import FixedKeys, Key, Scope
from gateway.log_metrics import WRITE_SECONDS, LogMeters
from gateway.metrics import PrometheusMeters
from gateway.recording import NoRecorder, Recorder
from tests.answerlog.making import KEY, record, right
from tests.gateway.conftest import OpenDoor
from tests.gateway.test_app import ASKED, problem

SECRET = "0" * 64
SCOPES_OF: dict[str, set[Scope]] = {
    "mine": {"feedback"},
    "other": {"feedback"},
    "asks": {"answer"},
}
KEYS = FixedKeys(
    {
        f"pk_{name}_{SECRET}": Key(id=name, scopes=frozenset(scopes))
        for name, scopes in {
            "mine": {"feedback"},
            "other": {"feedback"},
            "asks": {"answer"},
        }.items()
    }
)


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer pk_{name}_{SECRET}"}


@pytest.fixture(params=["memory", "sqlite"])
def recorder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MemoryLog | AnswerLog]:
    """A log with one answer, to the key ``mine``, whose question has three choices."""
    if request.param == "memory":
        twin = MemoryLog()
        twin.record(record("r1", key_id="mine"))
        yield twin
        return
    with open_answer_log(LogStore(f"sqlite:///{tmp_path}/answers.db")) as log:
        log.record(record("r1", key_id="mine"))
        yield log


def give(door: Any, body: dict[str, object], key: str = "mine") -> Any:
    return door.post("/v1/feedback", json=body, headers=bearer(key))


def test_feedback_is_kept_and_acknowledged(
    open_door: OpenDoor, recorder: Recorder, tmp_path: Path
) -> None:
    door = open_door(keys=KEYS, recorder=recorder)
    reply = give(door, {"request_id": "r1", "letter": "B"})
    assert reply.status_code == 200, reply.text
    told = FeedbackReply.model_validate_json(reply.content)
    assert (told.request_id, told.item) == ("r1", 0)
    reader = (
        recorder
        if isinstance(recorder, MemoryLog)
        else LogReader(LogStore(f"sqlite:///{tmp_path}/answers.db"))
    )
    [line] = reader.lines()
    assert (line.correct, line.feedback and line.feedback.at) == (False, told.recorded_at)


BAD: list[tuple[str, dict[str, object], str, int, str, str]] = [
    ("another key", {"request_id": "r1", "letter": "A"}, "other", 404, "answer-not-found", "r1"),
    ("another id", {"request_id": "r2", "letter": "A"}, "mine", 404, "answer-not-found", "r2"),
    ("another item", {"request_id": "r1", "item": 1, "thumbs": "up"}, "mine", 404,
     "answer-not-found", "item"),
    ("no such letter", {"request_id": "r1", "letter": "D"}, "mine", 422, "bad-feedback",
     "letter: D is not among the choices ABC"),
    ("no letter at all", {"request_id": "r1", "letter": "Z"}, "mine", 422, "bad-feedback",
     "letter: "),
    ("both", {"request_id": "r1", "letter": "A", "thumbs": "up"}, "mine", 422, "bad-feedback",
     "either letter or thumbs"),
    ("neither", {"request_id": "r1"}, "mine", 422, "bad-feedback", "either letter or thumbs"),
    ("no id", {"letter": "A"}, "mine", 422, "bad-feedback", "request_id: is missing"),
    ("an unknown key", {"request_id": "r1", "letter": "A", "x": 1}, "mine", 422, "bad-feedback",
     "x: is not a known key"),
    ("an item beyond all", {"request_id": "r1", "item": 64, "letter": "A"}, "mine", 422,
     "bad-feedback", "item: "),
    ("no scope", {"request_id": "r1", "letter": "A"}, "asks", 403, "scope-missing", "feedback"),
    ("no known key", {"request_id": "r1", "letter": "A"}, "eve", 401, "unauthenticated", "key"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "key", "status", "slug", "words"),
    [row[1:] for row in BAD],
    ids=[row[0] for row in BAD],
)
def test_what_is_refused(
    open_door: OpenDoor,
    recorder: Recorder,
    body: dict[str, object],
    key: str,
    status: int,
    slug: str,
    words: str,
) -> None:
    door = open_door(keys=KEYS, recorder=recorder)
    told = problem(give(door, body, key), status)
    assert told.type == f"/problems/{slug}"
    assert words in told.detail
    if slug == "bad-feedback":
        assert told.errors
        assert all(fault in told.detail for fault in told.errors)


def test_a_body_that_is_no_json(open_door: OpenDoor) -> None:
    door = open_door(keys=KEYS)
    headers = {**bearer("mine"), "Content-Type": "application/json"}
    reply = door.post("/v1/feedback", content=b"{", headers=headers)
    assert "not JSON" in problem(reply, 400).detail


class Broken(NoRecorder):
    def __init__(self, fault: Exception) -> None:
        self._fault = fault

    async def feedback(self, key_id: str, given: FeedbackRequest) -> FeedbackReply:  # noqa: ARG002
        raise self._fault


@pytest.mark.parametrize(
    ("recorder", "slug"),
    [
        (NoRecorder(), "answer-log-away"),
        (Broken(AnswerLogAway("postgresql://me@inside/log", "refused")), "answer-log-away"),
        (Broken(StorageFull(Path("/srv/inside/answers.db"))), "storage-full"),
    ],
)
def test_callers_are_not_told_where_the_log_lies(
    open_door: OpenDoor, recorder: Recorder, slug: str
) -> None:
    reply = give(open_door(keys=KEYS, recorder=recorder), {"request_id": "r1", "letter": "A"})
    told = problem(reply, 503)
    assert told.type == f"/problems/{slug}"
    assert "inside" not in reply.text


def test_from_an_answer_to_the_label_on_it(open_door: OpenDoor, tmp_path: Path) -> None:
    """As a program does it that knows the answers: ask, compare, say so at once."""
    store = LogStore(f"sqlite:///{tmp_path}/answers.db")
    with open_answer_log(store) as log:
        door = open_door(recorder=log)
        replies = [
            AnswerReply.model_validate_json(
                door.post("/v1/answers", json={**ASKED, "code": f"print({number})"}).content
            )
            for number in range(20)
        ]
        for place, reply in enumerate(replies):
            letter = reply.letter if place % 4 else "ABCD".replace(reply.letter, "")[0]
            body = {"request_id": reply.request_id, "letter": letter}
            assert door.post("/v1/feedback", json=body).status_code == 200
    labels = list(LogReader(store).labels())
    assert [label.line.record.request_id for label in labels] == [
        reply.request_id for reply in replies
    ]
    assert [label.correct for label in labels] == [place % 4 > 0 for place in range(20)]
    [tally] = LogReader(store).tallies()
    assert (tally.version, tally.answered, tally.accuracy) == ("3", 20, 0.75)


def test_what_the_log_counts_is_scraped(tmp_path: Path) -> None:
    meters = PrometheusMeters()
    store = LogStore(f"sqlite:///{tmp_path}/answers.db")
    with open_answer_log(store, on_write=partial(meters.observe, WRITE_SECONDS)) as log:
        bring = LogMeters(meters, log.stats)
        for number in range(3):
            log.record(record(f"r{number}"))
        log.flush()
        asyncio.run(log.feedback(KEY, right("A", "r0")))
        with pytest.raises(AnswerNotFound):
            asyncio.run(log.feedback(KEY, right("A", "unknown")))
        bring.publish()
        bring.publish()
    page = meters.page("")[0].decode()
    for line in (
        'proctor_gateway_log_lines_total{result="written"} 3.0',
        'proctor_gateway_log_lines_total{result="dropped"} 0.0',
        'proctor_gateway_feedback_total{result="recorded"} 1.0',
        'proctor_gateway_feedback_total{result="refused"} 1.0',
        "proctor_gateway_log_queue_lines 0.0",
        "proctor_gateway_log_sound 1.0",
    ):
        assert f"\n{line}\n" in page
    assert "proctor_gateway_log_write_seconds_count" in page
