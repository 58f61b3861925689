"""The champion's own weights answer a suite that it was not registered with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from contracts.errors import CannotWrite, DigestMismatch, EmptySample
from contracts.models import ModelRef
from contracts.params import EvaluateParams
from contracts.verdicts import TrainingMethod
from evaluation.suite import read_suite
from proctor.champion_pin import pin_on
from registry.ledger import Ledger
from registry.registry import Registry
from registry.versions import MemoryVersions
from tests.chains import END, make_chain_checkpoint
from tests.checkpoints import make_tiny_checkpoint
from tests.evaluation.making import make_questions, make_spec, write_questions
from tests.registry.making import MODEL, Evidence, evidence_of, examined, records_bytes

PARAMS = EvaluateParams(
    suite="bank-test", max_questions=6, batch_tokens=2_048, orders="single", precision="fp32"
)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """One champion, with a real checkpoint, registered with records of other questions."""
    make_tiny_checkpoint(tmp_path / "checkpoint")
    return registry_of(tmp_path)


def registry_of(tmp_path: Path, method: TrainingMethod = "lora") -> Registry:
    """Its champion is the checkpoint in the folder ``checkpoint``, trained by ``method``."""
    store = MemoryVersions()
    folder = tmp_path / "checkpoint"
    records = records_bytes([True, False])
    made: Evidence = evidence_of(
        folder, records, run_id="train", evaluation_run_id="eval", model_uri="models:/m-1"
    )
    made = replace(made, training=made.training.model_copy(update={"method": method}))
    store.checkpoints[made.training.model_uri] = folder
    store.runs |= {"train": b"", "eval": records}
    store.run_tags["eval"] = examined(folder)
    registry = Registry(
        Ledger(f"sqlite:///{tmp_path}/ledger.db"), store, actor="tester", commit="c0ffee"
    )
    record = made.register(registry)
    registry.promote(ModelRef.parse(f"{MODEL}/{record.version}"), why="a test")
    return registry


def test_the_champion_is_scored_on_the_suite_as_it_is_now(
    registry: Registry, tmp_path: Path
) -> None:
    spec = make_spec(write_questions(tmp_path / "quiz.jsonl", make_questions(9)))
    pin = pin_on(registry, MODEL, spec, PARAMS, scores=tmp_path / "scores")
    suite = read_suite(spec, PARAMS.max_questions)
    assert (pin.version, pin.suite_digest) == ("1", suite.digest)
    assert (pin.protocol, pin.max_new_tokens) == ("scored", None)
    assert set(pin.correct) == {question.id for question in suite.questions}
    assert len(pin.correct) == 6


def test_a_suite_that_is_not_what_it_was_pinned_to_pins_nobody(
    registry: Registry, tmp_path: Path
) -> None:
    path = write_questions(tmp_path / "quiz.jsonl", make_questions(9))
    spec = make_spec(path, digest="sha256:" + "0" * 64)
    with pytest.raises(DigestMismatch, match="suite bank-test@1"):
        pin_on(registry, MODEL, spec, PARAMS, scores=tmp_path / "scores")


def test_no_champion_needs_no_questions(tmp_path: Path) -> None:
    registry = Registry(
        Ledger(f"sqlite:///{tmp_path}/ledger.db"), MemoryVersions(), actor="tester", commit="c"
    )
    pin = pin_on(registry, MODEL, make_spec(tmp_path / "none.jsonl"), PARAMS, scores=tmp_path)
    assert (pin.version, pin.correct) == (None, {})


def test_what_was_scored_before_is_not_scored_again(registry: Registry, tmp_path: Path) -> None:
    spec = make_spec(write_questions(tmp_path / "quiz.jsonl", make_questions(9)))
    first = pin_on(registry, MODEL, spec, PARAMS, scores=tmp_path / "scores")
    (file,) = (tmp_path / "scores").iterdir()
    held = file.read_bytes()
    assert len(held.splitlines()) == 6
    assert pin_on(registry, MODEL, spec, PARAMS, scores=tmp_path / "scores") == first
    assert file.read_bytes() == held


def test_a_suite_in_words_is_answered_in_words(tmp_path: Path) -> None:
    """The champion writes B whatever is asked; by probability it would choose otherwise."""
    make_chain_checkpoint(tmp_path / "checkpoint", {"\n": "B", "B": END})
    registry = registry_of(tmp_path)
    spec = make_spec(write_questions(tmp_path / "quiz.jsonl", make_questions(9)))
    words = spec.model_copy(update={"protocol": "generate"})
    pin = pin_on(registry, MODEL, words, PARAMS, scores=tmp_path / "scores")
    suite = read_suite(words, PARAMS.max_questions)
    assert (pin.protocol, pin.suite_digest) == ("generate", suite.digest)
    assert pin.max_new_tokens == PARAMS.max_new_tokens
    assert pin.correct == {question.id: question.answer == "B" for question in suite.questions}
    (file,) = (tmp_path / "scores").iterdir()
    assert len(file.read_bytes().splitlines()) == 6, "the replies are kept"
    asked = pin_on(registry, MODEL, spec, PARAMS, scores=tmp_path / "scores", protocol="generate")
    assert asked == pin


def test_a_champion_from_scratch_is_not_asked_in_words(tmp_path: Path) -> None:
    """Before anything is fetched or written."""
    make_tiny_checkpoint(tmp_path / "checkpoint")
    registry = registry_of(tmp_path, method="scratch")
    spec = make_spec(
        write_questions(tmp_path / "quiz.jsonl", make_questions(3)), protocol="generate"
    )
    with pytest.raises(CannotWrite, match="trained from nothing"):
        pin_on(registry, MODEL, spec, PARAMS, scores=tmp_path / "scores")
    assert not (tmp_path / "scores").exists()


def test_a_champion_that_answers_nothing_is_not_pinned(tmp_path: Path) -> None:
    make_chain_checkpoint(tmp_path / "checkpoint", {"\n": "n", "n": END})
    spec = make_spec(
        write_questions(tmp_path / "quiz.jsonl", make_questions(3)), protocol="generate"
    )
    with pytest.raises(EmptySample, match="answered none of the 3 questions"):
        pin_on(registry_of(tmp_path), MODEL, spec, PARAMS, scores=tmp_path / "scores")
