"""How fast and how true scoring is: ours and lm-evaluation-harness, side by side.

    python -m benchmarks.evaluation [--model FOLDER] [--device cuda] [--quick] [--json FILE]

Both score the same weights in fp32 with the same tokenizer, the very same prompt strings and
the continuations " A" to " D", in one process, in turns. lm-eval's batch size is the best of
a sweep. Rows:

=============  =====================================================================
``5-shot``     five solved questions of its subject before each
``4 orders``   the same in every rotation of the choices, against lm-eval's one order
``0-shot``     the question alone
``flat``       5-shot on random weights of Qwen2.5-Coder-0.5B's shape, whose best two
               choices are as good as equal: the hardest test of equal predictions
=============  =====================================================================

Data: MMLU's computer subjects (``PROCTOR_MMLU``, or ``../shared/data/mmlu_cs``), shots from its
development split, else the generated bank. Without lm-eval (extra ``benchmark``) it stops.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

from benchmarks.arithmetic import ceiling, weights_of
from benchmarks.material import (
    QWEN_SHAPE,
    Group,
    Material,
    load_material,
    random_checkpoint,
    smollm_checkpoint,
    spread,
    without_shots,
)
from benchmarks.opponents import lm_eval_is_here
from benchmarks.side_by_side import Against, Bench, over_batch_sizes, rows, sums
from benchmarks.targets import Target, as_rows, hand_over
from mcq.model import usable_device

SHOTS: Final = 5


@dataclass(frozen=True)
class Bounds:
    """How much is measured: questions of each row, of lm-eval's sweep and of the five batch
    sizes, of a group; turns of each side; and how many groups, of five, of what is slow."""

    questions: int
    plain_questions: int
    flat_questions: int
    sweep_questions: int
    batch_size_questions: int
    turns: int
    slow_groups: int


QUICK: Final = Bounds(20, 25, 3, 2, 12, 1, 1)
# More than there are: all, once. The sides alternate from subject to subject.
FULL: Final = Bounds(10_000, 10_000, 30, 16, 32, 1, 5)


def measure(
    model: Path, material: Material, bounds: Bounds, flat: Path, device: str
) -> dict[str, Any]:
    """The whole measurement as one JSON object. ``flat``: the random checkpoint."""
    bench = Bench(model, device)
    swept, turns = bounds.sweep_questions, bounds.turns
    groups = material.some(bounds.questions)
    against = Against.swept(bench, groups, swept)
    both = rows({"single": "5-shot", "cyclic": "4 orders"}, bench, groups, against, turns)
    (five, five_same), (four, _) = both
    told(five, four)
    plain = without_shots(material.some(bounds.plain_questions))
    against = Against.swept(bench, plain, swept)
    ((zero, zero_same),) = rows({"single": "0-shot"}, bench, plain, against, turns)
    told(zero)
    slow = Material(material.name, material.groups[: bounds.slow_groups])
    apart = over_batch_sizes(
        bench,
        [
            Group(tuple(spread(one.questions, bounds.batch_size_questions)), one.shots)
            for one in slow.groups
        ],
    )
    whole = whole_ceiling(bench, material)
    del bench
    level = Bench(flat, device)
    few = slow.some(bounds.flat_questions)
    against = Against.swept(level, few, min(4, swept))
    ((random_row, flat_same),) = rows({"single": "flat"}, level, few, against, turns)
    told(random_row)
    same = (five_same, zero_same, flat_same)
    parities = [
        Target("predictions_differing", sum(len(one.wrong) for one in same), 0, "<="),
        Target("log_probability_difference", max(one.largest for one in same), 1e-4, "<="),
        Target("predictions_over_batch_sizes", apart.differing, 0, "<="),
        Target("log_probability_over_batch_sizes", apart.largest, 1e-4, "<="),
    ]
    return {
        "benchmark": "evaluation",
        "device": device_name(device),
        "precision": "fp32",
        "data": material.name,
        "random_shape": QWEN_SHAPE,
        "whole_data_ceiling": whole,
        "rows": [five, four, zero, random_row],
        "targets": as_rows([*speed_targets(five, zero, four, device), *parities]),
    }


def device_name(device: str) -> str:
    if device == "cpu":
        return f"cpu, {torch.get_num_threads()} threads"
    return torch.cuda.get_device_name(device)


def speed_targets(
    five: dict[str, Any], zero: dict[str, Any], four: dict[str, Any], device: str
) -> list[Target]:
    def timed(row: dict[str, Any], name: str, value: float, wanted: float, side: str) -> Target:
        return Target(name, value, wanted, side, judged=not row["disturbed"])

    return [
        timed(five, "5-shot_ratio", five["ratio"], 6.0 if device == "cpu" else 10.0, ">="),
        timed(five, "5-shot_share_of_ceiling", five["share_of_ceiling"], 0.85, ">="),
        timed(zero, "0-shot_ratio", zero["ratio"], 1.3, ">="),
        timed(four, "4_orders_time_ratio", 1 / four["ratio"], 0.45, "<="),
        *(
            Target(f"{row['row']}_non_padding_ratio", row["non_padding_ratio"], 0.95, ">=")
            for row in (five, zero)
        ),
        *(
            Target(
                f"{row['row']}_logits_memory_ratio",
                row["logits_bytes"] / row["lm_eval_logits_bytes"],
                0.01,
                "<=",
            )
            for row in (five, zero)
        ),
    ]


def told(*lines: dict[str, Any]) -> None:
    for line in lines:
        print(
            f"{line['row']}: {line['ratio']:.2f} times lm-eval, of {line['ceiling_ratio']:.2f}",
            file=sys.stderr,
        )


def whole_ceiling(bench: Bench, material: Material) -> dict[str, Any]:
    """The ceiling over all questions of the data, by arithmetic alone."""
    done = sums(bench, material.groups)
    layers, head = weights_of(bench.weights)
    most = ceiling(done.theirs, done.ours, layers=layers, head=head)
    return {
        "questions": material.count,
        "tokens_ratio": most.tokens_ratio,
        "ratio": most.multiplications_ratio,
        "layers_weights": layers,
        "head_weights": head,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="a checkpoint, by letter")
    parser.add_argument("--quick", action="store_true", help="few questions: a look, no figure")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, or auto")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there too")
    words = parser.parse_args()
    if not lm_eval_is_here():
        print("error: lm-eval is not installed; `make bench` installs it.", file=sys.stderr)
        return 2
    torch.set_num_threads(words.threads)
    with tempfile.TemporaryDirectory() as home:
        model = words.model or smollm_checkpoint(Path(home) / "model")
        flat = random_checkpoint(Path(home) / "flat", model)
        material = load_material(Path(home), SHOTS)
        bounds = QUICK if words.quick else FULL
        result = measure(model, material, bounds, flat, usable_device(words.device))
    return hand_over({**result, "quick": words.quick}, words.json)


if __name__ == "__main__":
    sys.exit(main())
