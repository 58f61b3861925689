"""The best weights are kept, and a training that gets no better stops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from contracts.questions import Question
from tests.training.finetune.making import make_tuner
from tests.training.making import weights_digest
from training.loop import Trainer
from training.states import saved_states

# So fast that it overshoots soon, and gets worse from there.
FAST: dict[str, Any] = {
    "method": "full",
    "learning_rate": 1.0,
    "schedule": "constant",
    "steps": 40,
}


class Killed(Exception):
    """The process is gone, as far as the trainer can tell."""


def looks(trainer: Trainer) -> dict[int, float]:
    return {
        point.step: point.validation_loss
        for point in trainer.curve
        if point.validation_loss is not None
    }


@pytest.fixture(scope="module")
def stopped(
    tiny_base: Path, bank: list[Question], tmp_path_factory: pytest.TempPathFactory
) -> Trainer:
    """A training that found its best weights and gave up after two looks."""
    torch.set_num_threads(1)
    trainer = make_tuner(tiny_base, bank, tmp_path_factory.mktemp("stopped"), patience=2, **FAST)
    trainer.run()
    return trainer


def test_it_stops_after_so_many_validations_without_a_better_one(stopped: Trainer) -> None:
    seen = looks(stopped)
    best = min(seen, key=lambda step: seen[step])
    assert stopped.best_step == best
    assert stopped.step == best + 2 * 3 < 40
    assert stopped.stopped
    # The weights are those of the best look, not the last ones.
    assert stopped.validation_loss() == pytest.approx(seen[best], abs=1e-6)
    assert seen[stopped.step] > seen[best]


def test_without_patience_it_goes_on_and_still_keeps_the_best(
    tiny_base: Path, bank: list[Question], tmp_path: Path, stopped: Trainer
) -> None:
    steps = stopped.step + 1
    trainer = make_tuner(tiny_base, bank, tmp_path, patience=0, **{**FAST, "steps": steps})
    trainer.run()
    assert trainer.step == steps > trainer.best_step
    assert trainer.validation_loss() == pytest.approx(min(looks(trainer).values()), abs=1e-6)
    assert looks(trainer).items() > looks(stopped).items()


def test_what_only_made_it_worse_leaves_the_base(
    tiny_base: Path, bank: list[Question], tmp_path: Path
) -> None:
    # The first look comes when it has overshot already.
    trainer = make_tuner(
        tiny_base, bank, tmp_path / "worse", patience=1, evaluate_every_steps=6, **FAST
    )
    trainer.run()
    assert trainer.best_step == 0
    full = make_tuner(tiny_base, bank, tmp_path / "none", method="full")
    assert weights_digest(trainer) == weights_digest(full)


@pytest.mark.parametrize("kill", [2, 7, -1])
def test_killed_anywhere_it_keeps_and_stops_as_if_never_killed(
    tiny_base: Path, bank: list[Question], tmp_path: Path, stopped: Trainer, kill: int
) -> None:
    """Before any state, on the way to the best, and when the best was passed."""
    place = kill if kill > 0 else stopped.step - 1

    def killed(step: int) -> None:
        if step == place:
            raise Killed

    with pytest.raises(Killed):
        make_tuner(tiny_base, bank, tmp_path, patience=2, **FAST).run(killed)
    again = make_tuner(tiny_base, bank, tmp_path, patience=2, **FAST)
    assert again.resume() is (place > 3)
    again.run()
    assert (again.step, again.best_step) == (stopped.step, stopped.best_step)
    assert again.curve == stopped.curve
    assert weights_digest(again) == weights_digest(stopped)


def test_killed_after_it_had_stopped_it_takes_no_further_step(
    tiny_base: Path, bank: list[Question], tmp_path: Path
) -> None:
    trainer = make_tuner(tiny_base, bank, tmp_path, patience=1, **FAST)
    trainer.run()
    again = make_tuner(tiny_base, bank, tmp_path, patience=1, **FAST)
    assert again.resume()
    heard: list[int] = []
    again.run(heard.append)
    assert heard == []
    assert weights_digest(again) == weights_digest(trainer)
    assert [state.name for state in saved_states(tmp_path)] == [f"step-{trainer.step:09d}"]


def test_bf16_is_the_forward_pass_alone(
    tiny_base: Path, bank: list[Question], tmp_path: Path
) -> None:
    exact = make_tuner(tiny_base, bank, tmp_path / "fp32", steps=3)
    rounded = make_tuner(tiny_base, bank, tmp_path / "bf16", steps=3, precision="bf16")
    before = exact.validation_loss(), rounded.validation_loss()
    assert before[0] != before[1]
    assert before[0] == pytest.approx(before[1], abs=0.05)
    exact.run()
    rounded.run()
    assert {parameter.dtype for parameter in rounded._named.values()} == {torch.float32}
    losses = [trainer.curve[-1].train_loss for trainer in (exact, rounded)]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], abs=0.05)
