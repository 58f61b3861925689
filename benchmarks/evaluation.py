"""How fast and how true scoring is: ours and lm-evaluation-harness, side by side.

    python -m benchmarks.evaluation [--model FOLDER] [--quick] [--json FILE]

Both score the same weights in fp32 with the same tokenizer, the very same prompt strings and
the continuations " A" to " D", in one process, in turns; what is timed runs from strings (ours:
from questions) to numbers, without loading. lm-eval's batch size is the best of a sweep. Rows:

=============  =====================================================================
``5-shot``     five solved questions before each; all prompts begin with them
``0-shot``     the question alone
``4 orders``   5-shot in every rotation of the choices, against lm-eval's one order
``flat``       5-shot on random weights of Qwen2.5-Coder-0.5B's shape, whose best two
               choices are as good as equal: the hardest test of equal predictions
=============  =====================================================================

Data: MMLU's computer subjects (``PROCTOR_MMLU``, or ``../shared/data/mmlu_cs``), shots from its
development split, else the generated bank. Without lm-eval (extra ``benchmark``) it stops.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import torch

from benchmarks.arithmetic import Work, ceiling, weights_of
from benchmarks.material import (
    QWEN_SHAPE,
    Material,
    load_material,
    random_checkpoint,
    smollm_checkpoint,
    spread,
)
from benchmarks.memory import VocabularyMemory
from benchmarks.opponents import Asked, LmEval, Opponent, lm_eval_is_here
from benchmarks.parity import Parity, parity
from benchmarks.targets import Target, as_rows, hand_over
from contracts.questions import LETTERS, Question
from mcq.model import load_tokenizer, load_weights
from mcq.orders import Orders
from mcq.prompts import prompt_writer
from mcq.scorer import Prepared, Scored, Scorer
from mcq.tokens import prompt_text

TEMPLATE: Final = "mmlu-1"
SHOTS: Final = 5
BATCH_TOKENS: Final = (512, 1_024, 2_048, 4_096, 16_384)
SWEEP: Final = (1, 2, 4, 8, 16)


@dataclass(frozen=True)
class Bounds:
    """How much is measured: questions a row, of the sweep, and turns of each side."""

    questions: int
    plain_questions: int
    flat_questions: int
    sweep_questions: int
    turns: int


QUICK: Final = Bounds(16, 24, 4, 4, 1)
FULL: Final = Bounds(120, 200, 24, 16, 3)


class Bench:
    """A checkpoint opened twice: by our scorer, and for the opponent."""

    def __init__(self, folder: Path) -> None:
        self.scorer = Scorer.load(folder, template=TEMPLATE)
        self.tokenizer = load_tokenizer(folder)
        self.weights = load_weights(folder).eval()

    def asked(self, questions: Sequence[Question], shots: Sequence[Question]) -> list[Asked]:
        """What the opponent is asked: the strings that our scorer turns into tokens."""
        write = prompt_writer(TEMPLATE)
        return [
            (
                prompt_text(self.tokenizer, write(question, shots)),
                [f" {letter}" for letter in LETTERS[: len(question.choices)]],
            )
            for question in questions
        ]

    def forget_prefix(self, questions: Sequence[Question], shots: Sequence[Question]) -> None:
        """The scorer keeps the last prefix that it read; another suite's takes its place, so
        that the next run pays for its own."""
        self.scorer.score(questions[:2], shots=() if shots else questions[2:3])


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def batch_size_seconds(bench: Bench, asked: Sequence[Asked]) -> dict[int, float]:
    """What lm-eval takes for a sample with each batch size of ``SWEEP``."""
    LmEval(bench.weights, bench.tokenizer, 1).score(asked[:1])  # the first call warms up
    opponents = {
        size: LmEval(bench.weights, bench.tokenizer, size) for size in SWEEP if size <= len(asked)
    }
    return {size: seconds(partial(one.score, asked))[0] for size, one in opponents.items()}


def in_turns(
    bench: Bench,
    opponent: Opponent,
    questions: Sequence[Question],
    shots: Sequence[Question],
    turns: int,
    orders: Orders = "single",
) -> dict[str, Any]:
    """Each side ``turns`` times, alternating; medians, and the answers of the last turn."""
    asked = bench.asked(questions, shots)
    ours, theirs = [], []
    answers: list[Scored] = []
    nats: list[list[float]] = []
    for _ in range(turns):
        took, nats = seconds(lambda: opponent.score(asked))
        theirs.append(took)
        bench.forget_prefix(questions, shots)
        took, answers = seconds(lambda: bench.scorer.score(questions, shots=shots, orders=orders))
        ours.append(took)
    ratios = [their / our for their, our in zip(theirs, ours, strict=True)]
    return {
        "seconds": statistics.median(ours),
        "lm_eval_seconds": statistics.median(theirs),
        "ratio": statistics.median(ratios),
        "ratios": ratios,
        "answers": answers,
        "nats": nats,
    }


def logits_bytes(
    bench: Bench,
    opponent: Opponent,
    questions: Sequence[Question],
    shots: Sequence[Question],
    batch_size: int,
) -> tuple[int, int]:
    """Peak bytes of tensors over the vocabulary: ours, over the batch of most rows, and the
    opponent's, over its first batch: the longest prompts, which is where its peak is."""
    prepared = bench.scorer.prepare(questions, shots=shots)
    largest = max(prepared.batches, key=len)
    vocabulary = bench.weights.config.vocab_size
    with VocabularyMemory(vocabulary) as ours:
        bench.scorer.score_batch(prepared, largest)
    asked = bench.asked(questions, shots)
    longest = sorted(asked, key=lambda one: len(one[0]), reverse=True)[:batch_size]
    with VocabularyMemory(vocabulary) as theirs:
        opponent.score(longest)
    return ours.peak_bytes, theirs.peak_bytes


def works(prepared: Prepared) -> tuple[Work, Work]:
    """What a harness must run for these questions, and what is left when what they share is
    read once."""
    lengths = [len(row.prompt) for asked in prepared.asked for row in asked.rows[:1]]
    rows = sum(len(asked.rows) for asked in prepared.asked)
    return Work(sum(lengths), sum(lengths)), Work(prepared.tokens_read + len(prepared.prefix), rows)


def row(
    name: str,
    bench: Bench,
    questions: Sequence[Question],
    shots: Sequence[Question],
    bounds: Bounds,
    *,
    orders: Orders = "single",
    swept: dict[int, float] | None = None,
) -> tuple[dict[str, Any], Parity, list[Scored]]:
    """One line of the table. ``swept``: seconds of lm-eval's batch sizes, where they are known
    from a row with the same prompts."""
    sample = bench.asked(spread(questions, bounds.sweep_questions), shots)
    sweep = swept or batch_size_seconds(bench, sample)
    size = min(sweep, key=lambda tried: sweep[tried])
    opponent = LmEval(bench.weights, bench.tokenizer, size)
    timed = in_turns(bench, opponent, questions, shots, bounds.turns, orders)
    answers, nats = timed.pop("answers"), timed.pop("nats")
    found = parity([question.id for question in questions], answers, nats)
    prepared = bench.scorer.prepare(questions, shots=shots, orders=orders)
    layers, head = weights_of(bench.weights)
    theirs, ours = works(prepared)
    most = ceiling(theirs, ours, layers=layers, head=head)
    mine, its = logits_bytes(bench, opponent, questions, shots, size)
    result: dict[str, Any] = {
        "row": name,
        "questions": len(questions),
        "turns": bounds.turns,
        "questions_per_second": len(questions) / timed["seconds"],
        "lm_eval_questions_per_second": len(questions) / timed["lm_eval_seconds"],
        **timed,
        "lm_eval_batch_size": size,
        "lm_eval_sweep_seconds": sweep,
        "tokens": ours.tokens,
        "lm_eval_tokens": theirs.tokens,
        "ceiling_tokens_ratio": most.tokens_ratio,
        "ceiling_ratio": most.multiplications_ratio,
        "share_of_ceiling": timed["ratio"] / most.multiplications_ratio,
        "non_padding_ratio": prepared.tokens_read / prepared.tokens_padded,
        "logits_bytes": mine,
        "lm_eval_logits_bytes": its,
        "parity": found.as_json(),
    }
    print(
        f"{name}: {timed['ratio']:.2f} times lm-eval, of {most.multiplications_ratio:.2f}",
        file=sys.stderr,
    )
    return result, found, answers


def batch_sizes_differ(
    bench: Bench,
    questions: Sequence[Question],
    shots: Sequence[Question],
    answers: Sequence[Scored],
) -> float:
    """The largest difference of log-probabilities, in nats, over five batch sizes."""
    return max(
        abs(one - other)
        for tokens in BATCH_TOKENS
        for mine, reference in zip(
            bench.scorer.score(questions, shots=shots, batch_tokens=tokens), answers, strict=True
        )
        for one, other in zip(mine.log_likelihoods, reference.log_likelihoods, strict=True)
    )


def whole_ceiling(bench: Bench, material: Material) -> dict[str, Any]:
    """The ceiling over all questions of the data, by arithmetic alone."""
    theirs, ours = works(bench.scorer.prepare(material.questions, shots=material.shots))
    layers, head = weights_of(bench.weights)
    most = ceiling(theirs, ours, layers=layers, head=head)
    return {
        "questions": len(material.questions),
        "tokens_ratio": most.tokens_ratio,
        "ratio": most.multiplications_ratio,
        "layers_weights": layers,
        "head_weights": head,
    }


def run(model: Path, material: Material, bounds: Bounds, flat: Path) -> dict[str, Any]:
    """The whole measurement as one JSON object. ``flat``: the random checkpoint."""
    bench = Bench(model)
    few = spread(material.questions, bounds.questions)
    plain = spread(material.questions, bounds.plain_questions)
    five, five_parity, answers = row("5-shot", bench, few, material.shots, bounds)
    zero, zero_parity, _ = row("0-shot", bench, plain, (), bounds)
    four, _, _ = row(
        "4 orders",
        bench,
        few,
        material.shots,
        bounds,
        orders="cyclic",
        swept=five["lm_eval_sweep_seconds"],
    )
    apart = batch_sizes_differ(bench, spread(few, 16), material.shots, _reference(few, answers))
    whole = whole_ceiling(bench, material)
    del bench
    level = Bench(flat)
    some = spread(material.questions, bounds.flat_questions)
    random_row, flat_parity, _ = row("flat", level, some, material.shots, bounds)
    parities = (five_parity, zero_parity, flat_parity)
    targets = [
        Target("5-shot_ratio", five["ratio"], 6.0, ">="),
        Target("5-shot_share_of_ceiling", five["share_of_ceiling"], 0.85, ">="),
        Target("0-shot_ratio", zero["ratio"], 1.3, ">="),
        Target("4_orders_time_ratio", 1 / four["ratio"], 0.45, "<="),
        Target("5-shot_non_padding_ratio", five["non_padding_ratio"], 0.95, ">="),
        Target("0-shot_non_padding_ratio", zero["non_padding_ratio"], 0.95, ">="),
        Target(
            "logits_memory_ratio", five["logits_bytes"] / five["lm_eval_logits_bytes"], 0.01, "<="
        ),
        Target("predictions_differing", sum(len(one.wrong) for one in parities), 0, "<="),
        Target("log_probability_difference", max(one.largest for one in parities), 1e-4, "<="),
        Target("log_probability_over_batch_sizes", apart, 1e-4, "<="),
    ]
    return {
        "benchmark": "evaluation",
        "device": f"cpu, {torch.get_num_threads()} threads",
        "precision": "fp32",
        "data": material.name,
        "random_shape": QWEN_SHAPE,
        "whole_data_ceiling": whole,
        "rows": [five, zero, four, random_row],
        "targets": as_rows(targets),
    }


def _reference(questions: Sequence[Question], answers: Sequence[Scored]) -> list[Scored]:
    by_id = {q.id: one for q, one in zip(questions, answers, strict=True)}
    return [by_id[question.id] for question in spread(questions, 16)]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="a checkpoint, by letter")
    parser.add_argument("--questions", type=int, help="of the 5-shot rows")
    parser.add_argument("--quick", action="store_true", help="few questions: a look, no figure")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there too")
    words = parser.parse_args()
    if not lm_eval_is_here():
        print("error: lm-eval is not installed; `make bench` installs it.", file=sys.stderr)
        return 2
    torch.set_num_threads(words.threads)
    bounds = QUICK if words.quick else FULL
    if words.questions:
        bounds = Bounds(
            words.questions,
            words.questions,
            bounds.flat_questions,
            bounds.sweep_questions,
            bounds.turns,
        )
    with tempfile.TemporaryDirectory() as home:
        model = words.model or smollm_checkpoint(Path(home) / "model")
        flat = random_checkpoint(Path(home) / "flat", model)
        result = run(model, load_material(Path(home), SHOTS), bounds, flat)
    return hand_over({**result, "quick": words.quick}, words.json)


if __name__ == "__main__":
    sys.exit(main())
