"""From questions to answers, without any server."""

from __future__ import annotations

import asyncio
import math
import shutil
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bentos.answering import FEWEST_BATCH_TOKENS, PASS_SECONDS, Answering
from bentos.packed import CHECKPOINT_FOLDER, VERSION_FILE
from bentos.sizing import AnswererSize
from contracts.answers import Answer, AnsweredBy, AnswerRequest
from contracts.errors import BadQuestion, DigestMismatch, Overloaded, QuestionNotScored
from contracts.models import ScoringMethod, VersionFacts
from mcq.calibration import with_temperature
from mcq.checkpoint import checkpoint_digest
from mcq.pinned import PinnedScorer
from mcq.scorer import DEFAULT_BATCH_TOKENS, Scorer
from tests.checkpoints import CHATML, make_tiny_checkpoint, tiny_tokenizer

SIZE = AnswererSize(cpus=1, threads=1, device="cpu", batch_tokens=512)
LONG = AnswerRequest(question="x" * 3_000, choices=("a", "b"))
_Any = TypeVar("_Any")


def questions(count: int = 24) -> list[AnswerRequest]:
    """Of mixed lengths and numbers of choices."""
    return [
        AnswerRequest(
            question="What does it print?",
            code=f"print({'1 + ' * ((7 * number) % 11)}{number})",
            choices=tuple(f"{number + step}" for step in range(2 + number % 5)),
        )
        for number in range(count)
    ]


def packed(folder: Path, facts: VersionFacts, **made: Any) -> Path:
    digest = make_tiny_checkpoint(folder / CHECKPOINT_FOLDER, **made)
    facts = facts.model_copy(update={"digest": digest})
    (folder / VERSION_FILE).write_text(facts.model_dump_json())
    return folder


def run(answering: Answering, deed: Coroutine[Any, Any, _Any]) -> _Any:
    async def whole() -> _Any:
        try:
            return await deed
        finally:
            await answering.end()

    return asyncio.run(whole())


@pytest.fixture
def folder(tmp_path: Path, checkpoint: Path, facts: VersionFacts) -> Path:
    shutil.copytree(checkpoint, tmp_path / CHECKPOINT_FOLDER)
    (tmp_path / VERSION_FILE).write_text(facts.model_dump_json())
    return tmp_path


def test_a_changed_byte_is_not_loaded(folder: Path) -> None:
    path = folder / CHECKPOINT_FOLDER / "config.json"
    path.write_text(path.read_text() + " ")
    with pytest.raises(DigestMismatch):
        Answering.load(folder, SIZE)


def test_what_does_not_fit_is_not_answered(folder: Path) -> None:
    answering = Answering.load(folder, SIZE)
    with pytest.raises(QuestionNotScored, match="do not fit into 256"):
        run(answering, answering.answer(LONG))


def test_an_answer_names_what_was_loaded(folder: Path, facts: VersionFacts) -> None:
    answering = Answering.load(folder, SIZE)
    asked = AnswerRequest(question="Which?", choices=("a", "b", "c"))
    answer = run(answering, answering.answer(asked))
    assert answer.version == AnsweredBy.of(facts)
    assert list(answer.probabilities) == ["A", "B", "C"]
    assert answer.confidence == answer.probabilities[answer.letter]


@pytest.mark.parametrize("template", [CHATML, f"<|im_start|>system\nBe brief.<|im_end|>\n{CHATML}"])
@pytest.mark.parametrize("scoring", ["text", "letter"])
@pytest.mark.parametrize("temperature", [None, 1.7, 100.0])
def test_answers_at_once_are_those_of_the_offline_scorer(
    tmp_path: Path,
    facts: VersionFacts,
    scoring: ScoringMethod,
    template: str,
    temperature: float | None,
) -> None:
    """With and without a prefix; mixed lengths; the letter is the uncalibrated one."""
    told = facts.model_copy(update={"scoring": scoring, "temperature": temperature})
    tokenizer = tiny_tokenizer(template)
    packed(tmp_path, told, scoring=scoring, context_tokens=1_024, tokenizer=tokenizer)
    asked = questions()
    answering = Answering.load(tmp_path, SIZE)
    assert bool(answering.scorer.prefix) == (template != CHATML)

    async def all_at_once() -> list[Answer]:
        return await asyncio.gather(*(answering.answer(one) for one in asked))

    answers = run(answering, all_at_once())
    offline = Scorer.load(tmp_path / CHECKPOINT_FOLDER).score(
        [one.as_question("x") for one in asked]
    )
    for answer, scored in zip(answers, offline, strict=True):
        wanted = with_temperature(scored.probabilities, temperature or 1.0)
        assert answer.letter == scored.letter
        assert list(answer.probabilities.values()) == pytest.approx(wanted, abs=1e-4)
        assert math.fsum(answer.probabilities.values()) == pytest.approx(1.0, abs=1e-9)
        # As who asks will check it.
        assert max(answer.probabilities, key=lambda one: answer.probabilities[one]) == answer.letter
        assert answer.confidence == answer.probabilities[answer.letter]


def test_many_are_told_each_by_itself(folder: Path) -> None:
    answering = Answering.load(folder, SIZE)
    good = questions(1)[0].model_dump(mode="json")
    given = [good, {**good, "choices": ["a"]}, LONG.model_dump(mode="json"), None, good]
    done = run(answering, answering.answers(given))
    kinds = [Answer, BadQuestion, QuestionNotScored, BadQuestion, Answer]
    assert [type(one) for one in done] == kinds
    assert "choices" in str(done[1])


def test_too_many_are_refused_before_they_are_read(folder: Path) -> None:
    answering = Answering.load(
        folder, AnswererSize(cpus=1, threads=1, device="cpu", most_waiting=1)
    )

    async def crowd() -> list[Any]:
        asked = (answering.answer(one) for one in questions(200))
        return await asyncio.gather(*asked, return_exceptions=True)

    done = run(answering, crowd())
    assert {type(one) for one in done} == {Answer, Overloaded}
    assert isinstance(done[0], Answer)


class SteppingClock:
    """Each look is ``step`` seconds after the one before."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (1e-7, DEFAULT_BATCH_TOKENS),
        # As many as a pass of PASS_SECONDS would be, at what the smallest batch took.
        (0.1, round(PASS_SECONDS / 0.1) * FEWEST_BATCH_TOKENS),
        (60.0, FEWEST_BATCH_TOKENS),
    ],
)
def test_a_batch_is_what_the_machine_scores_in_half_a_second(
    checkpoint: Path, facts: VersionFacts, step: float, expected: int
) -> None:
    scorer = PinnedScorer(Scorer.load(checkpoint))
    size = AnswererSize(cpus=1, threads=1, device="cpu")
    answering = Answering(scorer, facts, size, clock=SteppingClock(step))
    run(answering, answering.warm_up())
    assert scorer.batch_tokens == pytest.approx(expected, rel=0.25)
    assert FEWEST_BATCH_TOKENS <= scorer.batch_tokens <= DEFAULT_BATCH_TOKENS
    assert answering.card().limits.batch_tokens == scorer.batch_tokens


def test_a_batch_that_was_set_stays(folder: Path) -> None:
    answering = Answering.load(folder, SIZE)
    run(answering, answering.warm_up())
    assert answering.scorer.batch_tokens == 512


def test_the_card_tells_size_and_limits(folder: Path, facts: VersionFacts) -> None:
    answering = Answering.load(folder, SIZE)
    card = answering.card()
    weights = folder / CHECKPOINT_FOLDER / "model.safetensors"
    assert card.version == facts
    assert card.size.weights_bytes == weights.stat().st_size
    assert card.size.context_tokens == 256
    # In fp32 all of the file but its header of names and shapes.
    assert 0 <= weights.stat().st_size - 4 * card.size.parameters < 5_000
    assert (card.scoring.device, card.scoring.precision) == ("cpu", "fp32")
    assert card.scoring.threads == 1
    assert checkpoint_digest(folder / CHECKPOINT_FOLDER) == card.version.digest
