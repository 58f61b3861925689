"""The service out of an unpacked export: true to the scorer, and only on recorded bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from bentos.archive import bento_digest, packed_model
from bentos.build import BuiltBento
from bentos.packed import CHECKPOINT_FOLDER, VERSION_FILE
from contracts.answers import Answer, AnswerRequest
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
def test_answers_are_those_of_the_scorer(served: ServedBento, checkpoint: Path) -> None:
    from mcq.scorer import Scorer

    scorer = Scorer.load(checkpoint)
    with httpx.Client(base_url=served.url, timeout=20) as client:
        for question in QUESTIONS:
            reply = client.post("/answer", content=question.model_dump_json(exclude_none=True))
            answer = Answer.model_validate_json(reply.content)
            (scored,) = scorer.score([question.as_question("x")])
            assert answer.letter == scored.letter
            assert list(answer.probabilities.values()) == pytest.approx(
                scored.probabilities, abs=1e-5
            )


@pytest.mark.integration
def test_the_store_stays_empty_and_the_export_as_it_was(
    served: ServedBento, unpacked_once: Path, built: BuiltBento
) -> None:
    store = served.log.parent / "store"
    assert not list((store / "models").iterdir())
    assert not list((store / "bentos").iterdir())
    assert bento_digest(unpacked_once) == built.digest


@pytest.mark.integration
def test_sigterm_ends_it_and_its_worker(unpacked: Path, tmp_path: Path) -> None:
    with served_bento(unpacked, tmp_path / "home") as served:
        assert end(served) == 0
        assert not listens(served)
        assert "Traceback" not in served.log.read_text()


@pytest.mark.integration
def test_a_worker_does_not_outlive_its_server(unpacked: Path, tmp_path: Path) -> None:
    with served_bento(unpacked, tmp_path / "home") as served:
        kill(served)
        wait_until(lambda: not listens(served), 10, "the orphaned worker ends")


def listens(served: ServedBento) -> bool:
    try:
        httpx.get(f"{served.url}/livez", timeout=2)
    except httpx.TransportError:
        return False
    return True
