"""Whole fine-tunings of a tiny base, logged in the real MLflow."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mlflow import MlflowClient

from contracts.digests import digest_of_folder
from contracts.errors import BadInput, Refused
from contracts.questions import Question
from contracts.verdicts import TrainingResult
from mcq.checkpoint import checkpoint_digest, read_facts
from mcq.model import load_weights
from mcq.scorer import Scorer
from tests.training.finetune.making import (
    finetune_params,
    finetune_request,
    reply_to,
    write_replies,
)
from training.train import train

pytestmark = [pytest.mark.integration, pytest.mark.slow]


class Killed(Exception):
    """The process is gone, as far as the training can tell."""


@pytest.fixture(scope="module")
def tune(
    mlflow_server: str, questions_folder: Path, tiny_base: Path
) -> Callable[..., TrainingResult]:
    def tuned(home: Path, on_step: Any = lambda _step: None, **changes: Any) -> TrainingResult:
        params = finetune_params("fine-tuned", tiny_base, **changes)
        request = finetune_request(home, questions_folder, mlflow_server, params)
        return train(request, now_seconds=lambda: 1_700_000_000.0, on_step=on_step)

    return tuned


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return dict(load_weights(folder).state_dict())


def test_adapters_are_trained_merged_and_logged(
    tune: Callable[..., TrainingResult],
    tmp_path: Path,
    tiny_base: Path,
    mlflow_server: str,
    bank: list[Question],
) -> None:
    before = digest_of_folder(tiny_base)
    heard: list[int] = []
    result = tune(tmp_path, heard.append)
    folder = tmp_path / "out" / "checkpoint"

    assert heard == list(range(1, 13))
    assert digest_of_folder(tiny_base) == before
    assert result.method == "lora"
    assert result.base is not None
    assert (result.base.digest, result.base.origin["source"]) == (before, "folder")
    assert result.digest == checkpoint_digest(folder) != before
    assert json.loads((tmp_path / "out" / "training.json").read_text())["base"]["digest"] == before
    assert not any("adapter" in path.name for path in folder.rglob("*"))
    facts = read_facts(folder)
    assert (facts.profile, facts.scoring, facts.template) == ("tiny-base", "letter", "letter-1")
    changed = {
        name.split(".")[-2]
        for name, tensor in weights(folder).items()
        if not torch.equal(tensor, weights(tiny_base)[name])
    }
    assert changed == {"q_proj", "v_proj", "up_proj"}
    (scored,) = Scorer.load(folder, expected_digest=result.digest).score(bank[:1])
    assert sum(scored.probabilities) == pytest.approx(1.0)
    assert not any((tmp_path / "home" / "training").iterdir())

    client = MlflowClient(mlflow_server)
    run = client.get_run(result.run_id)
    assert run.data.tags["base_digest"] == before
    assert run.data.params["finetune.lora.rank"] == "4"
    assert int(run.data.params["parameters.trained"]) < int(run.data.params["parameters"]) / 10
    losses = {"train_loss_nats", "validation_loss_nats"}
    assert losses | {"learning_rate", "packing_ratio", "tokens_per_second"} <= set(run.data.metrics)
    looks = client.get_metric_history(result.run_id, "validation_loss_nats")
    assert [look.step for look in looks] == [0, 3, 6, 9, 12]
    best = min(looks, key=lambda look: look.value)
    assert result.steps == best.step
    assert best.value < looks[0].value
    assert 0.5 < run.data.metrics["packing_ratio"] <= 1.0
    (model,) = client.search_logged_models(
        [run.info.experiment_id], filter_string=f"tags.`proctor.digest` = '{result.digest}'"
    )
    assert model.source_run_id == result.run_id


def test_every_weight_may_be_trained(
    tune: Callable[..., TrainingResult], tmp_path: Path, tiny_base: Path
) -> None:
    result = tune(tmp_path, method="full", learning_rate=0.001, packing=False, schedule="linear")
    found, before = weights(tmp_path / "out" / "checkpoint"), weights(tiny_base)
    assert result.method == "full"
    assert found.keys() == before.keys()
    assert torch.equal(found["lm_head.weight"], found["model.embed_tokens.weight"])
    for name, tensor in found.items():
        if not name.endswith("bias"):
            assert not torch.equal(tensor, before[name]), name


def test_the_base_may_be_taken_as_it_is(
    tune: Callable[..., TrainingResult], tmp_path: Path, tiny_base: Path, mlflow_server: str
) -> None:
    result = tune(tmp_path, method="none")
    assert (result.method, result.steps) == ("none", 0)
    found = weights(tmp_path / "out" / "checkpoint")
    for name, tensor in weights(tiny_base).items():
        assert torch.equal(tensor, found[name])
    run = MlflowClient(mlflow_server).get_run(result.run_id)
    assert run.info.run_name.startswith("take tiny-base as it is")


def test_killed_and_run_again_it_ends_as_if_never_killed(
    tune: Callable[..., TrainingResult], tmp_path: Path
) -> None:
    """With dropout, whose draws must be the same; killed after the best weights were passed."""
    lora = {"rank": 4, "alpha": 8, "dropout": 0.2, "targets": ["q_proj", "down_proj"]}
    changes = {"lora": lora, "learning_rate": 0.05, "schedule": "constant"}
    whole = tune(tmp_path / "whole", **changes)

    def killed(step: int) -> None:
        if step == 11:
            raise Killed

    with pytest.raises(Killed):
        tune(tmp_path / "killed", killed, **changes)
    heard: list[int] = []
    again = tune(tmp_path / "killed", heard.append, **changes)
    assert heard == [10, 11, 12]
    assert (again.digest, again.steps) == (whole.digest, whole.steps)
    curves = [tmp_path / name / "out" / "plots" / "training.csv" for name in ("whole", "killed")]
    assert curves[0].read_bytes() == curves[1].read_bytes()


def test_reasoned_replies_are_learned_beside_the_answers(
    tune: Callable[..., TrainingResult], tmp_path: Path, bank: list[Question], mlflow_server: str
) -> None:
    file = write_replies(
        tmp_path / "replies.jsonl", [reply_to(one) for one in (*bank[:6], *bank[48:51])]
    )
    result = tune(
        tmp_path, replies="reasoned", replies_file=str(file), batch_tokens=2048, precision="bf16"
    )
    run = MlflowClient(mlflow_server).get_run(result.run_id)
    assert run.data.params["examples.train"] == "12"
    assert run.data.params["examples.validation"] == "6"
    looks = MlflowClient(mlflow_server).get_metric_history(result.run_id, "validation_loss_nats")
    assert min(look.value for look in looks) < looks[0].value


def test_a_loss_that_is_no_number_is_refused_and_nothing_written(
    tiny_base: Path, tmp_path: Path, mlflow_server: str, questions_folder: Path
) -> None:
    base = shutil.copytree(tiny_base, tmp_path / "base")
    model = load_weights(base)
    with torch.no_grad():
        model.model.norm.weight.fill_(torch.inf)
    model.save_pretrained(base)
    params = finetune_params("spoiled", base)
    request = finetune_request(tmp_path, questions_folder, mlflow_server, params)
    with pytest.raises(Refused, match="validation loss is nan at step 0") as caught:
        train(request, now_seconds=lambda: 0.0)
    assert "finetune.learning_rate" in caught.value.mend
    assert not (tmp_path / "out").exists()
    client = MlflowClient(mlflow_server)
    found = client.get_experiment_by_name("spoiled")
    (run,) = client.search_runs([found.experiment_id])
    assert run.info.status == "FAILED"


def test_the_base_is_not_written_over(
    tune: Callable[..., TrainingResult],
    tmp_path: Path,
    tiny_base: Path,
    mlflow_server: str,
    questions_folder: Path,
) -> None:
    base = shutil.copytree(tiny_base, tmp_path / "out" / "checkpoint")
    params = finetune_params("fine-tuned", base)
    request = finetune_request(tmp_path, questions_folder, mlflow_server, params)
    before = digest_of_folder(tmp_path)
    with pytest.raises(BadInput, match="written over its own base"):
        train(request, now_seconds=lambda: 0.0)
    assert digest_of_folder(tmp_path) == before
