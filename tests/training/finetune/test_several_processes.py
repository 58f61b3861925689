"""``proctor train`` under a launcher: two processes on gloo, and what one alone would do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from mlflow import MlflowClient

from contracts.errors import Refused
from contracts.params import Params
from contracts.verdicts import TrainingResult
from mcq.model import load_weights
from tests.training.finetune.making import finetune_params, finetune_request
from tests.training.making import ROOT, make_params
from tests.waiting import free_port
from training.train import train


def launched(
    folder: Path, questions: Path, uri: str, params: Params, processes: int
) -> subprocess.CompletedProcess[str]:
    """``proctor train`` by torchrun, which accelerate reads its place from; on GPUs
    ``accelerate launch -m proctor train`` starts processes the same way."""
    folder.mkdir()
    (folder / "params.yaml").write_text(yaml.safe_dump(params.model_dump()), encoding="utf-8")
    launcher = [
        *("-m", "torch.distributed.run", f"--nproc-per-node={processes}"),
        *("--master-addr=127.0.0.1", f"--master-port={free_port()}", "-m", "proctor"),
    ]
    return subprocess.run(
        [
            *(sys.executable, *(launcher if processes > 1 else ("-m", "proctor"))),
            *("train", "--questions", str(questions), "--out", "out"),
        ],
        cwd=folder,
        env=os.environ
        | {
            "MLFLOW_TRACKING_URI": uri,
            "OMP_NUM_THREADS": "1",
            "PROCTOR_HOME": str(folder / "home"),
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.integration
@pytest.mark.slow
def test_two_processes_learn_what_one_does_with_twice_the_accumulation(
    tmp_path: Path, questions_folder: Path, tiny_base: Path, mlflow_server: str
) -> None:
    lora = {"rank": 4, "alpha": 8, "dropout": 0.0, "targets": ["q_proj", "up_proj"]}
    results: dict[int, TrainingResult] = {}
    for processes in (1, 2):
        params = finetune_params(
            f"processes {processes}", tiny_base, steps=6, accumulate=4 // processes, lora=lora
        )
        home = tmp_path / str(processes)
        done = launched(home, questions_folder, mlflow_server, params, processes)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("checkpoint out/checkpoint") == 1, "only the main one speaks"
        text = (home / "out" / "training.json").read_text(encoding="utf-8")
        results[processes] = TrainingResult.model_validate(json.loads(text))

    client = MlflowClient(mlflow_server)
    curves = {}
    for processes, result in results.items():
        found = client.get_experiment_by_name(f"processes {processes}")
        (run,) = client.search_runs([found.experiment_id])
        assert run.info.run_id == result.run_id
        assert run.data.params["processes"] == str(processes)
        curves[processes] = {
            name: [
                (point.step, point.value)
                for point in client.get_metric_history(result.run_id, name)
            ]
            for name in ("train_loss_nats", "validation_loss_nats", "packing_ratio")
        }
    for name, alone in curves[1].items():
        together = curves[2][name]
        assert [step for step, _ in together] == [step for step, _ in alone]
        assert [value for _, value in together] == pytest.approx(
            [value for _, value in alone], abs=1e-4
        ), name
    alone, together = (
        load_weights(tmp_path / str(n) / "out" / "checkpoint").state_dict() for n in (1, 2)
    )
    before = load_weights(tiny_base).state_dict()
    for name, tensor in alone.items():
        torch.testing.assert_close(together[name], tensor, atol=2e-4, rtol=0, msg=name)
    assert any(not torch.equal(before[name], tensor) for name, tensor in alone.items())


def test_a_model_from_scratch_is_not_trained_by_several(
    tmp_path: Path, questions_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told before MLflow is asked, as every process would be refused alike."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    params = make_params("scratch by two")
    request = finetune_request(tmp_path, questions_folder, "http://127.0.0.1:1", params)
    with pytest.raises(Refused, match="from scratch by one process, and 2 were launched"):
        train(request, now_seconds=lambda: 0.0)
    assert list(tmp_path.iterdir()) == []
