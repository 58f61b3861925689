"""A version that is scored by letter, the whole way: MLflow, registry, bento, gateway."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from mlflow import MlflowClient
from starlette.testclient import TestClient

from bentos.archive import unpack_bento
from bentos.build import build_bento, labels_of
from contracts.answers import AnsweredBy, AnswerReply, AnswerRequest
from contracts.questions import Question
from gateway.app import create_app
from gateway.keys import OpenKeys
from gateway.plan import Backend, FixedPlan, TrafficPlan
from mcq.scorer import Scored, Scorer
from registry.ledger import Ledger
from registry.mlflow_versions import MlflowVersions
from registry.registry import Registry
from registry.state import VersionRecord
from tests.answerers import ServedBento, served_bento
from tests.checkpoints import make_tiny_checkpoint
from tests.registry.making import evidence_of, examined, records_bytes
from tests.strangers import answers_without_us, load_and_ask
from training.tracking import TrainingRun

pytestmark = pytest.mark.integration

QUESTIONS = [
    Question(
        id=str(count),
        stem="What does this code print?",
        code=f"print({count} * 'ab')",
        choices=tuple("ab" * place for place in range(1, count + 1)),
    )
    for count in (2, 4, 10)
]


@dataclass(frozen=True)
class Letter:
    """A registered version that is scored by letter, and what the scorer itself says."""

    checkpoint: Path
    record: VersionRecord
    scored: list[Scored]


@pytest.fixture(scope="module")
def letter(mlflow_server: str, tmp_path_factory: pytest.TempPathFactory) -> Letter:
    home = tmp_path_factory.mktemp("letter")
    folder = home / "checkpoint"
    digest = make_tiny_checkpoint(folder, scoring="letter", context_tokens=2_048)
    run = TrainingRun(mlflow_server, "letter")
    run.start("as it is", {}, {}, resumed=None)
    uri = run.log_model(folder, digest, QUESTIONS[0])
    client = MlflowClient(mlflow_server, mlflow_server)
    records = records_bytes([True, False])
    (home / "records.jsonl").write_bytes(records)
    experiment = client.get_run(run.run_id).info.experiment_id
    evaluation = client.create_run(experiment, tags=examined(folder))
    client.log_artifact(evaluation.info.run_id, str(home / "records.jsonl"), "evaluation")
    evidence = evidence_of(
        folder,
        records,
        run_id=run.run_id,
        evaluation_run_id=evaluation.info.run_id,
        model_uri=uri,
    )
    training = evidence.training.model_copy(update={"scoring": "letter"})
    registry = Registry(
        Ledger(f"sqlite:///{home}/ledger.db"),
        MlflowVersions(mlflow_server),
        actor="tester",
        commit="c0ffee",
    )
    record = replace(evidence, training=training).register(registry, "letter-mcqa")
    return Letter(folder, record, Scorer.load(folder).score(QUESTIONS))


def test_the_registry_says_how_it_is_scored(letter: Letter, mlflow_server: str) -> None:
    assert letter.record.facts().scoring == "letter"
    shown = MlflowClient(mlflow_server, mlflow_server).get_model_version("letter-mcqa", "1")
    assert shown.tags["proctor.scoring"] == "letter"


def test_stock_mlflow_answers_with_scored_letters(
    letter: Letter, mlflow_server: str, tmp_path: Path
) -> None:
    uri = letter.record.registered.model_uri
    done = load_and_ask(uri, QUESTIONS, uri=mlflow_server, folder=tmp_path)
    answers = answers_without_us(done)
    for answer, ours in zip(answers, letter.scored, strict=True):
        assert answer["letter"] == ours.letter
        assert answer["probabilities"] == pytest.approx(ours.probabilities, abs=1e-6)


@pytest.fixture(scope="module")
def served(letter: Letter, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedBento]:
    """The version's bento, built, exported, unpacked and served."""
    home = tmp_path_factory.mktemp("served")
    facts = letter.record.facts()
    assert labels_of(facts)["scoring"] == "letter"
    built = build_bento(
        letter.checkpoint, facts, bento_home=home / "home", out=home / "letter.bento"
    )
    with served_bento(unpack_bento(built.path, home / "unpacked"), home) as running:
        yield running


@pytest.fixture(scope="module")
def door(letter: Letter, served: ServedBento) -> Iterator[TestClient]:
    """A gateway before the served bento."""
    backend = Backend(url=served.url, version=AnsweredBy.of(letter.record.facts()))
    plan = FixedPlan(TrafficPlan(slots={"stable": backend}))
    with TestClient(create_app(plan, keys=OpenKeys())) as client:
        yield client


def test_the_gateway_replies_with_the_scorers_probabilities(
    letter: Letter, door: TestClient
) -> None:
    for question, ours in zip(QUESTIONS, letter.scored, strict=True):
        asked = AnswerRequest(question=question.stem, code=question.code, choices=question.choices)
        reply = door.post("/v1/answers", json=asked.model_dump(mode="json"))
        assert reply.status_code == httpx.codes.OK, reply.text
        answer = AnswerReply.model_validate_json(reply.content)
        assert answer.letter == ours.letter
        assert list(answer.probabilities.values()) == pytest.approx(ours.probabilities, abs=1e-5)
        assert answer.version.scoring == "letter"


def test_a_question_beyond_the_context_is_a_422(door: TestClient) -> None:
    asked = {"question": "x" * 3_000, "choices": ["a", "b"]}
    reply = door.post("/v1/answers", json=asked)
    assert reply.status_code == 422
    assert "do not fit into 2048" in reply.json()["detail"]
