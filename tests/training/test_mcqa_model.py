from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.questions import Question
from mcq.scorer import Scorer
from tests.strangers import (
    answers_without_us,
    invoke,
    load_and_ask,
    rows_of,
    served_by_mlflow,
)
from tests.training.conftest import Trained

pytestmark = [pytest.mark.slow, pytest.mark.integration]


def test_stock_mlflow_loads_it_without_us_and_answers_as_the_scorer_does(
    trained: Trained, bank: list[Question], mlflow_server: str, tmp_path: Path
) -> None:
    asked = [*bank[:4], Question(id="bare", stem="Which?", choices=("x", "y", "z"))]
    done = load_and_ask(trained.result.model_uri, asked, uri=mlflow_server, folder=tmp_path)
    answers = answers_without_us(done)
    expected = Scorer.load(trained.out / "checkpoint").score(asked)
    for answer, ours in zip(answers, expected, strict=True):
        assert answer["letter"] == ours.letter
        assert answer["confidence"] == pytest.approx(ours.confidence, abs=1e-6)
        assert answer["probabilities"] == pytest.approx(ours.probabilities, abs=1e-6)


@pytest.fixture(scope="module")
def served(
    trained: Trained, mlflow_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """URL of ``mlflow models serve`` with the logged model."""
    home = tmp_path_factory.mktemp("served")
    with served_by_mlflow(trained.result.model_uri, uri=mlflow_server, home=home) as url:
        yield url


def test_mlflow_serves_it_over_http(served: str, trained: Trained, bank: list[Question]) -> None:
    status, reply = invoke(served, rows_of(bank[:2]))
    assert status == 200, reply
    expected = Scorer.load(trained.out / "checkpoint").score(bank[:2])
    for answer, ours in zip(reply["predictions"], expected, strict=True):
        assert answer["letter"] == ours.letter
        assert sum(answer["probabilities"]) == pytest.approx(1.0)
        assert answer["probabilities"] == pytest.approx(ours.probabilities, abs=1e-6)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"question": "Q?", "code": None, "choices": ["a"]}, "row 0 is not a question"),
        ({"question": " ", "code": None, "choices": ["a", "b"]}, "the stem is blank"),
        (
            {"question": "Q?", "code": "x = 1\n" * 400, "choices": ["a", "b"]},
            "row 0 cannot be scored",
        ),
        ({"code": "print(1)", "choices": ["a", "b"]}, "question"),
    ],
)
def test_a_bad_row_is_a_400_that_says_which(served: str, row: dict[str, Any], words: str) -> None:
    status, reply = invoke(served, [row])
    assert status == 400, reply
    assert words in reply
