"""The service out of an unpacked export: true to the scorer, and only on recorded bytes."""

from __future__ import annotations

import json
import re
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from bentos.archive import bento_digest, packed_model
from bentos.build import BuiltBento
from bentos.packed import CHECKPOINT_FOLDER, VERSION_FILE
from contracts.answers import Answer, AnswerRequest, AnswersReply
from contracts.models import VersionFacts
from mcq.calibration import with_temperature
from tests.answerers import ServedBento, end, kill, launch, served_bento
from tests.waiting import free_port, wait_until

QUESTIONS = [
    AnswerRequest(
        question="What does this code print?",
        code=f"print({number} * 'ab')",
        choices=("ab" * number, f"{number}ab", f"{number} * 'ab'", "an error"),
    )
    for number in range(2, 8)
]


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def flip_weights(model: Path) -> None:
    flip(model / CHECKPOINT_FOLDER / "model.safetensors")


def flip_tokenizer(model: Path) -> None:
    flip(model / CHECKPOINT_FOLDER / "tokenizer.json")


def lose_weights(model: Path) -> None:
    (model / CHECKPOINT_FOLDER / "model.safetensors").unlink()


def lose_digest(model: Path) -> None:
    path = model / VERSION_FILE
    path.write_text(path.read_text().replace("sha256:", "sha256:0", 1))


@pytest.mark.integration
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (flip_weights, "was recorded"),
        (flip_tokenizer, "was recorded"),
        (lose_weights, "model.safetensors is missing"),
        (lose_digest, "version.json cannot be read"),
    ],
)
def test_altered_bytes_refuse_to_start_and_say_why(
    unpacked: Path, tmp_path: Path, damage: Callable[[Path], None], words: str
) -> None:
    damage(packed_model(unpacked))
    served = launch(unpacked, tmp_path / "home", free_port())
    try:
        wait_until(lambda: served.process.poll() is not None, 60, "the server refuses")
    finally:
        kill(served)
    assert served.process.returncode == 1
    told = [line for line in served.log.read_text().splitlines() if "refuses to start" in line]
    assert len(told) == 1
    assert words in told[0]
    assert "Traceback" not in served.log.read_text()


@pytest.mark.integration
@pytest.mark.parametrize(
    ("extra", "told"),
    [
        (
            {"PROCTOR_ANSWERER_THREADS": "many"},
            "PROCTOR_ANSWERER_THREADS: 'many' is not a whole number",
        ),
        # Where there is a GPU, none shall be seen.
        ({"PROCTOR_ANSWERER_DEVICE": "cuda", "CUDA_VISIBLE_DEVICES": ""}, "torch sees no GPU"),
    ],
)
def test_a_size_that_cannot_be_refuses_to_start(
    unpacked_once: Path, tmp_path: Path, extra: dict[str, str], told: str
) -> None:
    served = launch(unpacked_once, tmp_path / "home", free_port(), extra=extra)
    try:
        wait_until(lambda: served.process.poll() is not None, 60, "the server refuses")
    finally:
        kill(served)
    assert served.process.returncode == 1
    assert "answerer refuses to start: " in served.log.read_text()
    assert told in served.log.read_text()
    assert "Traceback" not in served.log.read_text()


@pytest.mark.integration
def test_a_taken_port_refuses_to_start(unpacked_once: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        served = launch(unpacked_once, tmp_path / "home", taken.getsockname()[1])
        try:
            wait_until(lambda: served.process.poll() is not None, 60, "the server refuses")
        finally:
            kill(served)
    assert served.process.returncode == 1
    assert "refuses to start: cannot listen on 127.0.0.1:" in served.log.read_text()


@pytest.mark.integration
def test_answers_at_once_are_those_of_the_scorer(
    served: ServedBento, checkpoint: Path, facts: VersionFacts
) -> None:
    """One by one from as many callers, and all in one request."""
    from mcq.scorer import Scorer

    found: dict[int, Answer] = {}

    def ask(place: int) -> None:
        content = QUESTIONS[place].model_dump_json(exclude_none=True)
        reply = httpx.post(f"{served.url}/answer", content=content, timeout=20)
        found[place] = Answer.model_validate_json(reply.content)

    callers = [threading.Thread(target=ask, args=(place,)) for place in range(len(QUESTIONS))]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    body = {"questions": [one.model_dump(mode="json") for one in QUESTIONS]}
    many = httpx.post(f"{served.url}/answers", json=body, timeout=20)
    together = AnswersReply.model_validate_json(many.content).answers
    offline = Scorer.load(checkpoint).score([one.as_question("x") for one in QUESTIONS])
    for place, scored in enumerate(offline):
        for answer in (found[place], together[place]):
            assert isinstance(answer, Answer)
            assert answer.letter == scored.letter
            assert list(answer.probabilities.values()) == pytest.approx(
                with_temperature(scored.probabilities, facts.temperature or 1.0), abs=1e-4
            )


@pytest.mark.integration
def test_what_was_asked_is_in_no_log(served: ServedBento) -> None:
    secret = "a-question-of-somebody"  # noqa: S105
    for path, body in (
        ("/answer", {"question": secret, "choices": ["a", "b"]}),
        ("/answer", {"question": secret, "choices": [secret]}),
        ("/answers", {"questions": [{"question": secret}], secret: 1}),
    ):
        httpx.post(served.url + path, json=body, timeout=20)
    assert secret not in served.log.read_text()


@pytest.mark.integration
@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b'{"question": "\\ud800", "choices": ["a", "b"]}', "application/json"),
        (b'{"question": "\\u0000", "choices": ["a", "b"]}', "application/json"),
        (b"[" * 20_000, "application/json"),
        (b'{"question": 1e400}', "application/json"),
        (b"\xff\xfe{\x00}\x00", "application/json"),
        (b"x" * 1_000_000, "application/json"),
        (b"question=what", "application/x-www-form-urlencoded"),
        (b"--x", "multipart/form-data"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"\x80\x04N.", "application/vnd.bentoml+pickle"),
        (b"hello", "text/plain"),
    ],
)
@pytest.mark.parametrize("path", ["/answer", "/answers", "/card"])
def test_no_body_is_a_fault_of_ours(
    served: ServedBento, path: str, body: bytes, media_type: str
) -> None:
    headers = {"Content-Type": media_type}
    reply = httpx.post(served.url + path, content=body, headers=headers, timeout=20)
    assert reply.status_code < 500, reply.text


@pytest.mark.integration
def test_metrics_tell_batches_and_what_was_dropped(served: ServedBento) -> None:
    httpx.post(f"{served.url}/answer", content=QUESTIONS[0].model_dump_json(), timeout=20)
    late = {"X-Deadline-Seconds": "0"}
    content = QUESTIONS[0].model_dump_json()
    httpx.post(f"{served.url}/answer", content=content, headers=late, timeout=20)
    assert measured(served, "proctor_answerer_batch_questions_count") >= 1
    assert measured(served, 'proctor_answerer_dropped_total{reason="late"}') >= 1
    assert measured(served, "proctor_answerer_waiting_questions") == 0
    labels = 'service_name="coding_mcqa",service_version="3"'
    assert labels in httpx.get(f"{served.url}/metrics", timeout=20).text


def measured(served: ServedBento, metric: str) -> float:
    """The value of a metric, 0 before it has any."""
    text = httpx.get(f"{served.url}/metrics", timeout=20).text
    found = re.search(rf"^{re.escape(metric)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


@pytest.mark.integration
def test_the_store_stays_empty_and_the_export_as_it_was(
    served: ServedBento, unpacked_once: Path, built: BuiltBento
) -> None:
    store = served.log.parent / "store"
    assert not list((store / "models").iterdir())
    assert not list((store / "bentos").iterdir())
    assert bento_digest(unpacked_once) == built.digest


class Callers:
    """Ask without pause until the server is gone: half of them over a connection that they
    keep, half over a new one each time. ``lost``: what had no whole reply, other than that
    nobody listens any more."""

    def __init__(self, url: str, count: int) -> None:
        self.statuses: Counter[int] = Counter()
        self.refused = 0
        self.lost: list[str] = []
        self._url = url
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._call, args=(number,), daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(timeout=60)
            assert not thread.is_alive()

    def _call(self, number: int) -> None:
        keep = number % 2 == 0
        headers = {} if keep else {"Connection": "close"}
        body = QUESTIONS[number % len(QUESTIONS)].model_dump_json()
        with httpx.Client(base_url=self._url, timeout=30, headers=headers) as client:
            while True:
                try:
                    status = client.post("/answer", content=body).status_code
                except httpx.ConnectError:
                    with self._lock:
                        self.refused += 1
                    return
                except httpx.HTTPError as error:
                    with self._lock:
                        self.lost.append(repr(error))
                    return
                with self._lock:
                    self.statuses[status] += 1


@pytest.mark.integration
def test_sigterm_under_load_loses_no_request(unpacked_once: Path, tmp_path: Path) -> None:
    # A question a pass, so that many wait when the end comes.
    extra = {"PROCTOR_ANSWERER_BATCH_TOKENS": "1"}
    with served_bento(unpacked_once, tmp_path / "home", extra=extra) as served:
        callers = Callers(served.url, 24)
        wait_until(lambda: callers.statuses[200] > 200, 60, "the callers are answered")
        served.process.send_signal(signal.SIGTERM)
        callers.join()
        assert served.process.wait(timeout=20) == 0
        assert callers.lost == []
        assert set(callers.statuses) == {200}
        assert callers.refused == 24
        assert "Traceback" not in served.log.read_text()


@pytest.mark.integration
def test_who_hangs_up_is_not_scored(unpacked_once: Path, tmp_path: Path) -> None:
    extra = {"PROCTOR_ANSWERER_BATCH_TOKENS": "1"}
    body = json.dumps({"questions": [QUESTIONS[0].model_dump(mode="json")] * 64}).encode()
    head = f"POST /answers HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
    request = f"{head}Content-Type: application/json\r\n\r\n".encode() + body
    with served_bento(unpacked_once, tmp_path / "home", extra=extra) as served:
        address: Any = ("127.0.0.1", int(served.url.rpartition(":")[2]))

        def somebody_hung_up() -> bool:
            with socket.create_connection(address) as staying, staying.makefile("rb") as replies:
                staying.sendall(request)
                with socket.create_connection(address) as going:
                    going.sendall(request)
                    for _ in range(100):
                        if measured(served, "proctor_answerer_waiting_questions") > 64:
                            break
                assert replies.readline().startswith(b"HTTP/1.1 200")
            return measured(served, 'proctor_answerer_dropped_total{reason="cancelled"}') > 0

        wait_until(somebody_hung_up, 60, "work that nobody waits for is dropped")


@pytest.mark.integration
def test_bentoml_serves_it_as_well(unpacked: Path, tmp_path: Path) -> None:
    with served_bento(unpacked, tmp_path / "home", by_bentoml=True) as served:
        content = QUESTIONS[0].model_dump_json()
        reply = httpx.post(f"{served.url}/answer", content=content, timeout=20)
        assert reply.status_code == 200
        assert measured(served, "proctor_answerer_batch_questions_count") == 1
        assert end(served) == 0
        assert not listens(served)
        assert "Traceback" not in served.log.read_text()


@pytest.mark.integration
def test_a_worker_does_not_outlive_its_server(unpacked: Path, tmp_path: Path) -> None:
    with served_bento(unpacked, tmp_path / "home", by_bentoml=True) as served:
        kill(served)
        wait_until(lambda: not listens(served), 10, "the orphaned worker ends")


def listens(served: ServedBento) -> bool:
    try:
        httpx.get(f"{served.url}/livez", timeout=2)
    except httpx.TransportError:
        return False
    return True
