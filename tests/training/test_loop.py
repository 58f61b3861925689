from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from contracts.errors import Refused, StorageFull
from contracts.questions import Question
from tests.training.making import files_bounded, make_trainer, train_params, weights_digest
from training.from_scratch import settings
from training.loop import CurvePoint
from training.states import saved_states


class Killed(Exception):
    """The process is gone, as far as the trainer can tell."""


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)


def stop_after(last: int) -> object:
    def on_step(step: int) -> None:
        if step == last:
            raise Killed

    return on_step


@pytest.mark.parametrize(
    ("step", "rate"),
    [(0, 0.1), (4, 0.5), (9, 1.0), (10, 1.0), (20, 1.0), (40, 0.5), (50, 0.25), (59, 0.025)],
)
def test_the_rate_goes_up_linearly_stays_and_goes_down_to_zero(step: int, rate: float) -> None:
    params = train_params(steps=60, warmup_steps=10, learning_rate=1.0)
    assert settings(params).rate(step) == pytest.approx(rate)


def test_without_a_warm_up_the_first_rate_is_the_peak() -> None:
    assert settings(train_params(warmup_steps=0)).rate(0) == pytest.approx(0.01)


@pytest.mark.slow
def test_the_loss_goes_down_and_the_curve_says_so(bank: list[Question], tmp_path: Path) -> None:
    trainer = make_trainer(bank, tmp_path)
    before = trainer.validation_loss()
    trainer.run()
    assert [point.step for point in trainer.curve] == [20, 40, 60]
    assert trainer.curve[-1].train_loss < 0.7 * trainer.curve[0].train_loss
    validation = trainer.curve[-1].validation_loss
    assert before is not None
    assert validation is not None
    assert validation < 0.7 * before
    assert validation == trainer.validation_loss()


@pytest.mark.parametrize("spoiled", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_refused_and_nothing_of_it_saved(
    bank: list[Question], tmp_path: Path, spoiled: float
) -> None:
    trainer = make_trainer(bank, tmp_path)
    with torch.no_grad():
        next(iter(trainer._named.values())).fill_(spoiled)
    with pytest.raises(Refused, match="at step 1: the training diverged") as caught:
        trainer.run()
    assert "learning_rate" in caught.value.mend
    assert saved_states(tmp_path) == []


def test_a_gradient_that_is_no_number_is_refused_before_it_spoils_the_weights(
    bank: list[Question], tmp_path: Path
) -> None:
    """The loss of that very step is still finite: only the gradient tells."""
    trainer = make_trainer(bank, tmp_path, steps=1)
    weight = trainer._named["model.norm.weight"]
    weight.register_hook(lambda gradient: torch.full_like(gradient, math.inf))
    before = weights_digest(trainer)
    with pytest.raises(Refused, match="gradient's norm is inf at step 1"):
        trainer.run()
    assert weights_digest(trainer) == before
    assert saved_states(tmp_path) == []


@pytest.mark.slow
def test_killed_anywhere_and_resumed_ends_bit_for_bit_the_same(
    bank: list[Question], tmp_path: Path
) -> None:
    whole = make_trainer(bank, tmp_path / "whole")
    whole.run()
    # Before any state, in the middle, right after a state was saved, at the very end.
    for place, kill in enumerate((5, 33, 41, 60)):
        states = tmp_path / str(place)
        with pytest.raises(Killed):
            make_trainer(bank, states).run(stop_after(kill))  # type: ignore[arg-type]
        resumed = make_trainer(bank, states)
        assert resumed.resume() is (kill > 20)
        assert resumed.step == (kill - 1) // 20 * 20
        resumed.run()
        assert weights_digest(resumed) == weights_digest(whole)
        assert resumed.curve == whole.curve


def test_points_saved_but_not_told_are_told_when_resumed(
    bank: list[Question], tmp_path: Path
) -> None:
    def killed(curve: Sequence[CurvePoint]) -> None:
        if curve[-1].step == 20:
            raise Killed

    trainer = make_trainer(bank, tmp_path, steps=20)
    with pytest.raises(Killed):
        trainer.run(on_checkpoint=killed)
    resumed = make_trainer(bank, tmp_path, steps=20)
    assert resumed.resume()
    told: list[Sequence[CurvePoint]] = []
    resumed.run(on_checkpoint=told.append)
    assert [point.step for curve in told for point in curve] == [20]


def test_only_the_last_state_is_kept(bank: list[Question], tmp_path: Path) -> None:
    make_trainer(bank, tmp_path, checkpoint_every_steps=10, steps=20).run()
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000020"]


def test_the_state_of_another_recipe_is_left_alone(bank: list[Question], tmp_path: Path) -> None:
    make_trainer(bank, tmp_path, steps=20).run()
    other = make_trainer(bank, tmp_path, recipe="other", steps=20)
    before = weights_digest(other)
    assert not other.resume()
    assert (other.step, other.curve, weights_digest(other)) == (0, [], before)


@pytest.mark.parametrize("half", ["unfinished", "step-000000040"])
def test_a_half_written_state_is_passed_over(
    bank: list[Question], tmp_path: Path, half: str
) -> None:
    trainer = make_trainer(bank, tmp_path, steps=40)
    with pytest.raises(Killed):
        trainer.run(stop_after(21))  # type: ignore[arg-type]
    (tmp_path / half).mkdir()
    (tmp_path / half / "state.safetensors").write_bytes(b"\x08half")
    (tmp_path / half / "progress.json").write_text(json.dumps({"recipe": "r", "step": 40}))
    resumed = make_trainer(bank, tmp_path, steps=40)
    assert resumed.resume()
    assert resumed.step == 20


def test_without_space_the_older_state_stays(bank: list[Question], tmp_path: Path) -> None:
    trainer = make_trainer(bank, tmp_path, checkpoint_every_steps=10, steps=20)
    with pytest.raises(Killed):
        trainer.run(stop_after(11))  # type: ignore[arg-type]
    with files_bounded(20_000), pytest.raises(StorageFull, match="unfinished"):
        trainer.save()
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000010"]
