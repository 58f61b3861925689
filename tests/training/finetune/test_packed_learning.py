"""What is learned does not depend on how examples are arranged into passes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from contracts.questions import Question
from mcq.model import load_weights
from tests.training.finetune.making import encoded, make_tuner, tuning
from tests.training.making import weights_digest
from training.batches import IGNORED, Example, Pass, collate_packed
from training.loop import ReplyLoss


def learned(base: Path, passes: Sequence[Pass]) -> tuple[float, dict[str, torch.Tensor]]:
    """Nats a reply token over all ``passes``, and every weight's gradient of that."""
    model = load_weights(base)
    module = ReplyLoss(model, None)
    total = sum(one.reply_tokens for one in passes)
    value = 0.0
    for one in passes:
        loss = module(*one.inputs(0)) * (one.reply_tokens / total)
        loss.backward()
        value += float(loss.detach())
    return value, {name: weight.grad for name, weight in model.named_parameters()}


def assert_same(base: Path, left: Sequence[Pass], right: Sequence[Pass]) -> None:
    (loss, gradients), (other, others) = learned(base, left), learned(base, right)
    assert loss == pytest.approx(other, abs=1e-5)
    assert gradients.keys() == others.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradient, others[name], atol=1e-5, rtol=0, msg=name)


@pytest.fixture(scope="module")
def examples(tiny_base: Path, bank: list[Question]) -> list[Example]:
    train, _ = encoded(tiny_base, bank, tuning())
    return sorted(train, key=lambda one: one.length)[::8]


def test_packed_examples_are_learned_as_if_each_stood_alone(
    tiny_base: Path, examples: list[Example]
) -> None:
    assert len({one.length for one in examples}) > 2, "else a shift by one could hide"
    assert_same(tiny_base, [Pass(examples, packed=True)], [Pass([one]) for one in examples])


def test_seeing_a_neighbour_would_show(tiny_base: Path, examples: list[Example]) -> None:
    """The same row without its positions is one long text: losses differ."""
    model = load_weights(tiny_base)
    tokens, targets, positions = collate_packed(examples)
    module = ReplyLoss(model, None)
    apart, together = module(tokens, targets, positions), module(tokens, targets, None)
    assert abs(float(apart) - float(together)) > 1e-3


def test_many_small_passes_equal_one_big_one_by_tokens(
    tiny_base: Path, examples: list[Example]
) -> None:
    """Replies of unequal length: a mean of means would be another number."""
    unequal = [
        Example(one.prompt, one.prompt[: 1 + 5 * place] + one.reply)
        for place, one in enumerate(examples)
    ]
    assert len({len(one.reply) for one in unequal}) > 2
    assert_same(tiny_base, [Pass(unequal)], [Pass(unequal[:1]), Pass(unequal[1:], packed=True)])


def test_a_packed_row_is_its_examples_one_after_the_other() -> None:
    left, right = Example([1, 2, 3], [4, 5]), Example([6], [7])
    tokens, targets, positions = collate_packed([left, right])
    assert tokens.tolist() == [[1, 2, 3, 4, 6]]
    assert targets.tolist() == [[IGNORED, IGNORED, 4, 5, 7]]
    assert positions is not None
    assert positions.tolist() == [[0, 1, 2, 3, 0]]
    one = Pass([left, right], packed=True)
    assert (one.tokens, one.reply_tokens) == (5, 3)


def test_accumulation_equals_fewer_and_larger_passes(
    tiny_base: Path, bank: list[Question], tmp_path: Path
) -> None:
    """The loop itself: a step of all examples, in one pass or in several."""
    once = make_tuner(tiny_base, bank, tmp_path / "a", steps=3, accumulate=1, batch_tokens=60_000)
    many = make_tuner(tiny_base, bank, tmp_path / "b", steps=3, accumulate=1, batch_tokens=60_000)
    whole = many._lessons.steps

    def in_parts():  # type: ignore[no-untyped-def]
        for (one,) in whole():
            yield [Pass(one.examples[start : start + 7]) for start in range(0, 40, 7)]

    object.__setattr__(many._lessons, "steps", in_parts)
    once.run()
    many.run()
    assert weights_digest(once) != weights_digest(many), "another rounding, so another path"
    for name, parameter in once._named.items():
        torch.testing.assert_close(parameter, many._named[name], atol=1e-4, rtol=0, msg=name)
    assert [p.train_loss for p in once.curve[1:]] == pytest.approx(
        [p.train_loss for p in many.curve[1:]], abs=1e-5
    )
