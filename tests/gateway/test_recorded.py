"""The answer log of a gateway as people run it: what was answered is there afterwards, also
when it was told to end, was killed, or had no room on its disk."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from answerlog.reader import LogReader
from answerlog.records import caller_hash
from answerlog.store import LogStore
from contracts.answers import AnswerReply
from registry.ledger import Ledger
from tests.conftest import answers_ok
from tests.gateway.people import facts, question
from tests.gateway.served_fakes import ServedFake, served_fake
from tests.gateway.test_serve import assign
from tests.waiting import free_port, wait_until

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def answerer() -> Iterator[ServedFake]:
    with served_fake("1") as served:
        yield served


@contextmanager
def gateway(
    home: Path, answerer: ServedFake, *flags: str
) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """A gateway that asks for no key, and a client of it."""
    assign(Ledger(f"sqlite:///{home}/ledger.db"), facts("1"), answerer.url)
    port = free_port()

    environment = {**os.environ, "PROCTOR_HOME": str(home)}
    words = ["gateway", "serve", "--port", str(port), "--open", *flags]
    reader, writer = os.pipe()  # a pipe: no limit on files holds for it
    with subprocess.Popen(
        [sys.executable, "-m", "proctor", *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=writer,
    ) as process:
        os.close(writer)
        os.set_blocking(reader, False)

        def ready() -> bool:
            assert process.poll() is None, os.read(reader, 10_000)
            return answers_ok(f"http://127.0.0.1:{port}/readyz")

        try:
            wait_until(ready, 60, "the gateway is ready")
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
                yield process, client
        finally:
            process.kill()
            os.close(reader)


def ask(client: httpx.Client, number: int, caller: str = "") -> AnswerReply:
    headers = {"X-Caller-Id": caller} if caller else {}
    body = question(number).model_dump(mode="json", exclude_none=True)
    reply = client.post("/v1/answers", json=body, headers=headers)
    assert reply.status_code == 200, reply.text
    return AnswerReply.model_validate_json(reply.content)


def test_what_was_answered_is_written_when_the_gateway_is_told_to_end(
    tmp_path: Path, answerer: ServedFake
) -> None:
    with gateway(tmp_path, answerer) as (process, client):
        replies = [ask(client, number) for number in range(50)]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    found = list(LogReader(LogStore(f"sqlite:///{tmp_path}/answers.db")).lines())
    assert [line.record.request_id for line in found] == [one.request_id for one in replies]
    first = found[0].record
    assert (first.version, first.letter, first.outcome) == ("1", replies[0].letter, "answered")
    assert first.caller == caller_hash("address", "127.0.0.1")
    assert first.question is None
    mode = (tmp_path / "answers.db").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_questions_are_kept_where_that_is_wanted(tmp_path: Path, answerer: ServedFake) -> None:
    with gateway(tmp_path, answerer, "--log-questions") as (process, client):
        ask(client, 7)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    [line] = LogReader(LogStore(f"sqlite:///{tmp_path}/answers.db")).lines()
    assert line.record.question is not None
    assert line.record.question.question == question(7).question


def test_acknowledged_feedback_survives_a_killed_gateway(
    tmp_path: Path, answerer: ServedFake
) -> None:
    with gateway(tmp_path, answerer) as (process, client):
        replies = [ask(client, number) for number in range(10)]
        for reply in replies:
            body = {"request_id": reply.request_id, "letter": "B"}
            assert client.post("/v1/feedback", json=body).status_code == 200
        process.kill()
        process.wait()
    labels = list(LogReader(LogStore(f"sqlite:///{tmp_path}/answers.db")).labels())
    assert [one.line.record.request_id for one in labels] == [one.request_id for one in replies]


def test_answers_go_on_while_the_disk_of_the_log_is_full(
    tmp_path: Path, answerer: ServedFake
) -> None:
    none = resource.RLIM_INFINITY
    with gateway(tmp_path, answerer) as (process, client):
        ask(client, 0)
        # No file may grow beyond its first byte: each write fails as on a full disk.
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, none))
        reply = ask(client, 1)
        body = {"request_id": reply.request_id, "letter": "A"}
        for _ in range(3):
            told = client.post("/v1/feedback", json=body)
            assert told.status_code == 503, told.text
            assert told.json()["type"] == "/problems/storage-full"
            assert "answers.db" not in told.text
        assert "\nproctor_gateway_log_sound 0.0\n" in client.get("/metrics").text
        assert all(ask(client, number).letter for number in range(2, 100))
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (none, none))
        assert client.post("/v1/feedback", json=body).status_code == 200

        def sound() -> bool:
            return "\nproctor_gateway_log_sound 1.0\n" in client.get("/metrics").text

        wait_until(sound, 20, "it is written again")
        page = client.get("/metrics").text
        assert '\nproctor_gateway_log_lines_total{result="dropped"} 0.0\n' in page
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    reader = LogReader(LogStore(f"sqlite:///{tmp_path}/answers.db"))
    assert reader.summary().lines == 100
    assert [label.line.record.request_id for label in reader.labels()] == [reply.request_id]
