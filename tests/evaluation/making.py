"""Records, suites and results for tests, spelled by what matters to the test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlflow import MlflowClient

from contracts.digests import digest_of_bytes
from contracts.questions import Question
from contracts.suites import SuiteSpec
from contracts.verdicts import EvaluationResult, QuestionRecord, TrainingResult
from evaluation.run import summarise
from evaluation.suite import Suite
from mcq.loaders import questions_digest

DIGEST = digest_of_bytes(b"candidate")
CHAMPION_DIGEST = digest_of_bytes(b"champion")
SUITE_DIGEST = digest_of_bytes(b"suite")


def make_record(
    identity: str,
    outcome: bool | None,
    *,
    family: str | None = "lists",
    difficulty: str | None = "easy",
    confidence: float = 0.7,
    misconception: str | None = None,
) -> QuestionRecord:
    """A record of a question with four choices and gold A; ``None`` is not scored."""
    if outcome is None:
        return QuestionRecord(
            id=identity,
            family=family,
            difficulty=difficulty,
            gold="A",
            letter=None,
            correct=None,
            confidence=None,
            probabilities=(),
        )
    rest = (1.0 - confidence) / 3
    return QuestionRecord(
        id=identity,
        family=family,
        difficulty=difficulty,
        gold="A",
        letter="A" if outcome else "B",
        correct=outcome,
        confidence=confidence,
        probabilities=(
            (confidence, rest, rest, rest) if outcome else (rest, confidence, rest, rest)
        ),
        misconception=misconception,
    )


def make_records(outcomes: Sequence[bool | None]) -> tuple[QuestionRecord, ...]:
    return tuple(make_record(f"q{place:05}", outcome) for place, outcome in enumerate(outcomes))


def make_evaluation(
    records: Sequence[QuestionRecord],
    *,
    digest: str = DIGEST,
    suite_digest: str = SUITE_DIGEST,
    run_id: str = "evaluation-run",
) -> EvaluationResult:
    suite = Suite("bank-test", (), suite_digest, "test.jsonl")
    return summarise(records, suite, run_id=run_id, digest=digest)


def make_questions(count: int) -> list[Question]:
    """Questions with answers, three families, two difficulties, labelled distractors."""
    found = []
    for number in range(count):
        gold = "ABCD"[number % 4]
        found.append(
            Question(
                id=f"q{number:05}",
                stem="What does this code print?",
                code=f"print({number} + 1)",
                choices=tuple(str(number + 1 + place - number % 4) for place in range(4)),
                answer=gold,
                family=("sums", "lists", "strings")[number % 3],
                difficulty=("easy", "hard")[number % 2],
                misconceptions=tuple(
                    None if letter == gold else f"off-by-{place}"
                    for place, letter in enumerate("ABCD")
                ),
            )
        )
    return found


def write_questions(path: Path, questions: Sequence[Question]) -> Path:
    lines = [question.model_dump_json(exclude_none=True) for question in questions]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def make_suite(questions: Sequence[Question]) -> Suite:
    return Suite("bank-test", tuple(questions), questions_digest(questions), "test.jsonl")


def make_spec(path: Path, **changes: object) -> SuiteSpec:
    """The declaration of a suite of one file, unpinned and without a filter unless changed."""
    facts = {
        "name": "bank-test",
        "version": 1,
        "description": "questions of a test",
        "sources": ({"path": str(path)},),
    }
    return SuiteSpec.model_validate({**facts, **changes})


def make_training(digest: str, model_uri: str = "models:/m-0") -> TrainingResult:
    return TrainingResult(
        run_id="0" * 32,
        model_uri=model_uri,
        experiment="coding-mcqa",
        digest=digest,
        data_digest=digest_of_bytes(b"data"),
        commit="c" * 40,
        profile="tiny",
        scoring="text",
        seed=1,
        steps=10,
    )


def write_logged_model(uri: str, experiment: str, digest: str) -> TrainingResult:
    """A logged model in MLflow, as a training leaves one, without the cost of a training."""
    client = MlflowClient(tracking_uri=uri)
    found = client.get_experiment_by_name(experiment)
    place = found.experiment_id if found else client.create_experiment(experiment)
    run = client.create_run(place, run_name="train tiny 10 steps")
    model = client.create_logged_model(place, name="mcqa", source_run_id=run.info.run_id)
    client.finalize_logged_model(model.model_id, "READY")
    client.set_terminated(run.info.run_id)
    training = make_training(digest, f"models:/{model.model_id}")
    return training.model_copy(update={"run_id": run.info.run_id, "experiment": experiment})
