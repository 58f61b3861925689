"""Our scorer and another on the same prompts, in turns, and what can be said of the two.

What is timed runs from strings (ours: from questions) to numbers, without loading. A turn
goes through the material group by group, and in each group the sides alternate, so that what
else the machine does strikes both alike.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import torch

from benchmarks.arithmetic import Work, ceiling, weights_of
from benchmarks.material import Group, spread
from benchmarks.memory import VocabularyMemory
from benchmarks.opponents import Asked, LmEval, Opponent
from benchmarks.parity import Parity, parity
from contracts.questions import LETTERS
from mcq.model import load_tokenizer, load_weights
from mcq.orders import Orders
from mcq.prompts import prompt_writer
from mcq.scorer import Prepared, Scorer
from mcq.tokens import prompt_text

TEMPLATE: Final = "mmlu-1"
# Questions of a forward pass, with which no number may change.
BATCH_SIZES: Final = (1, 2, 4, 8, 16)
SWEEP: Final = (1, 2, 4, 8, 16)
# A run that had less of its threads' time shared the machine: its clock measures the others.
LEAST_SHARE: Final = 0.75
# What the ceiling leaves out (attention, memory traffic of logits) may be worth this much.
MOST_OF_CEILING: Final = 1.25


class Bench:
    """A checkpoint opened twice: by our scorer, and for the opponent."""

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        self.scorer = Scorer.load(folder, template=TEMPLATE, device=device)
        self.tokenizer = load_tokenizer(folder)
        self.weights = load_weights(folder).eval().to(device)

    def asked(self, group: Group) -> list[Asked]:
        """What the opponent is asked: the strings that our scorer turns into tokens."""
        write = prompt_writer(TEMPLATE)
        return [
            (
                prompt_text(self.tokenizer, write(question, group.shots)),
                [f" {letter}" for letter in LETTERS[: len(question.choices)]],
            )
            for question in group.questions
        ]

    def forget_prefix(self, group: Group) -> None:
        """The scorer keeps the last prefix that it read; another suite's takes its place, so
        that the next run pays for its own."""
        self.scorer.score(group.questions[:2], shots=() if group.shots else group.questions[2:3])


@dataclass(frozen=True)
class Took:
    """``wall`` seconds, and ``processor`` seconds of all threads of this process."""

    wall: float
    processor: float

    @property
    def busy(self) -> float:
        """The share of its threads' time that it had a processor for."""
        return self.processor / self.wall / torch.get_num_threads()


def total(took: Sequence[Took]) -> Took:
    return Took(sum(one.wall for one in took), sum(one.processor for one in took))


def clocked(work: Callable[[], Any]) -> tuple[Took, Any]:
    """A GPU works on after it was asked: it is waited for on both sides of the work."""
    _wait_for_gpu()
    began, used = time.perf_counter(), time.process_time()
    result = work()
    _wait_for_gpu()
    return Took(time.perf_counter() - began, time.process_time() - used), result


def _wait_for_gpu() -> None:
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()


@dataclass(frozen=True)
class Timed:
    """One side: ``took[turn][group]``, and the answers of the last turn, group after group."""

    took: list[list[Took]]
    answers: list[Any]

    @property
    def turns(self) -> list[Took]:
        return [total(turn) for turn in self.took]


def in_turns(
    bench: Bench,
    opponent: Opponent,
    groups: Sequence[Group],
    turns: int,
    orders: Sequence[Orders] = ("single",),
) -> tuple[Timed, dict[Orders, Timed]]:
    """The opponent once and ours once for each of ``orders``, in each group of each turn; who
    begins changes from group to group."""
    theirs = Timed([], [])
    ours = {one: Timed([], []) for one in orders}
    for _ in range(turns):
        for side in (theirs, *ours.values()):
            side.took.append([])
            side.answers.clear()
        for place, group in enumerate(groups):
            asked = bench.asked(group)
            steps: list[tuple[Timed, Callable[[], Any]]] = [
                (theirs, partial(opponent.score, asked))
            ]
            for order, side in ours.items():
                ask = partial(bench.scorer.score, group.questions, shots=group.shots, orders=order)
                steps.append((side, ask))
            for side, step in reversed(steps) if place % 2 else steps:
                bench.forget_prefix(group)
                took, found = clocked(step)
                side.took[-1].append(took)
                side.answers.extend(found)
    return theirs, ours


def disturbed(shares: Sequence[float], share_of_ceiling: float) -> bool:
    """Whether times say nothing: a side (``shares`` of the processors) had to wait for others,
    or the ratio is beyond what the arithmetic allows."""
    return min(shares) < LEAST_SHARE or share_of_ceiling > MOST_OF_CEILING


def batch_size_seconds(bench: Bench, asked: Sequence[Asked]) -> dict[int, float]:
    """What lm-eval takes for a sample with each batch size of ``SWEEP``."""
    LmEval(bench.weights, bench.tokenizer, 1).score(asked[:1])  # the first call warms up
    opponents = {
        size: LmEval(bench.weights, bench.tokenizer, size) for size in SWEEP if size <= len(asked)
    }
    return {size: clocked(partial(one.score, asked))[0].wall for size, one in opponents.items()}


def logits_bytes(
    bench: Bench, opponent: Opponent, groups: Sequence[Group], batch_size: int
) -> tuple[int, int]:
    """Peak bytes of tensors over the vocabulary: ours, over each group's batch of most rows,
    and the opponent's, over its first batch: the longest prompts, which is where its peak is."""
    vocabulary = bench.weights.config.vocab_size
    peaks = []
    for group in groups:
        prepared = bench.scorer.prepare(group.questions, shots=group.shots)
        with VocabularyMemory(vocabulary) as ours:
            bench.scorer.score_batch(prepared, max(prepared.batches, key=len))
        peaks.append(ours.peak_bytes)
    asked = [one for group in groups for one in bench.asked(group)]
    longest = sorted(asked, key=lambda one: len(one[0]), reverse=True)[:batch_size]
    with VocabularyMemory(vocabulary) as theirs:
        opponent.score(longest)
    return max(peaks), theirs.peak_bytes


@dataclass(frozen=True)
class Sums:
    """Over all groups: ``theirs``, the work that a harness must run; ``ours``, what is left
    when what prompts share is read once; and the share of tokens that is no padding."""

    theirs: Work
    ours: Work
    non_padding_ratio: float


def works(prepared: Prepared) -> tuple[Work, Work]:
    lengths = [len(row.prompt) for asked in prepared.asked for row in asked.rows[:1]]
    rows = sum(len(asked.rows) for asked in prepared.asked)
    return Work(sum(lengths), sum(lengths)), Work(prepared.tokens_read + len(prepared.prefix), rows)


def sums(bench: Bench, groups: Sequence[Group], orders: Orders = "single") -> Sums:
    """By arithmetic alone: nothing is scored."""
    plans = [bench.scorer.prepare(one.questions, shots=one.shots, orders=orders) for one in groups]
    pairs = [works(one) for one in plans]
    return Sums(
        sum((theirs for theirs, _ in pairs), Work(0, 0)),
        sum((ours for _, ours in pairs), Work(0, 0)),
        sum(one.tokens_read for one in plans) / sum(one.tokens_padded for one in plans),
    )


@dataclass(frozen=True)
class OverBatchSizes:
    """Between two of ``BATCH_SIZES``: the ``largest`` difference of a log-probability in nats,
    and how many questions have another answer though their best two are apart."""

    largest: float
    differing: int


def over_batch_sizes(bench: Bench, groups: Sequence[Group]) -> OverBatchSizes:
    """Each group is planned once, and its batches cut to so many questions by length. Raises
    ``ValueError`` for a group that two sizes would not cut differently."""
    largest, differing = 0.0, 0
    for group in groups:
        prepared = bench.scorer.prepare(group.questions, shots=group.shots)
        order = [place for batch in prepared.batches for place in batch]
        if len(order) <= BATCH_SIZES[-2]:
            raise ValueError(f"{len(order)} questions are too few for batches of {BATCH_SIZES[-1]}")
        found = []
        for size in BATCH_SIZES:
            batches = [order[start : start + size] for start in range(0, len(order), size)]
            found.append(
                [one for batch in batches for one in bench.scorer.score_batch(prepared, batch)]
            )
        for one, other in combinations(found, 2):
            same = parity([str(place) for place in order], one, [s.log_likelihoods for s in other])
            largest, differing = max(largest, same.largest), differing + len(same.wrong)
    return OverBatchSizes(largest, differing)


@dataclass(frozen=True)
class Against:
    """An opponent at its best: ``sweep`` has the seconds of every batch size tried."""

    opponent: Opponent
    batch_size: int
    sweep: dict[int, float]

    @classmethod
    def swept(cls, bench: Bench, groups: Sequence[Group], count: int) -> Against:
        """By ``count`` questions, evenly over the groups."""
        asked = [one for group in groups for one in bench.asked(group)]
        sweep = batch_size_seconds(bench, spread(asked, count))
        size = min(sweep, key=lambda tried: sweep[tried])
        return cls(LmEval(bench.weights, bench.tokenizer, size), size, sweep)


def rows(
    names: dict[Orders, str], bench: Bench, groups: Sequence[Group], against: Against, turns: int
) -> list[tuple[dict[str, Any], Parity]]:
    """A line of the table for each of the orders, measured together, and how far the sides
    agree."""
    theirs, sides = in_turns(bench, against.opponent, groups, turns, tuple(names))
    mine, its = logits_bytes(bench, against.opponent, groups, against.batch_size)
    ids = [question.id for group in groups for question in group.questions]
    found = []
    for order, name in names.items():
        same = parity(ids, sides[order].answers, theirs.answers)
        line = {
            "row": name,
            "questions": len(ids),
            "groups": len(groups),
            "turns": turns,
            **_times(len(ids), sides[order], theirs),
            "lm_eval_batch_size": against.batch_size,
            "lm_eval_sweep_seconds": against.sweep,
            **_arithmetic(bench, groups, order),
            "logits_bytes": mine,
            "lm_eval_logits_bytes": its,
            "parity": same.as_json(),
        }
        line["share_of_ceiling"] = line["ratio"] / line["ceiling_ratio"]
        line["disturbed"] = False
        if bench.weights.device.type == "cpu":
            shares = (line["processor_share"], line["lm_eval_processor_share"])
            line["disturbed"] = disturbed(shares, line["share_of_ceiling"])
        found.append((line, same))
    return found


def _times(count: int, ours: Timed, theirs: Timed) -> dict[str, Any]:
    """Medians over turns; ``ratios`` of each group of each turn show how they spread."""
    pairs = list(zip(ours.turns, theirs.turns, strict=True))
    seconds = statistics.median(one.wall for one, _ in pairs)
    their_seconds = statistics.median(other.wall for _, other in pairs)
    return {
        "seconds": seconds,
        "lm_eval_seconds": their_seconds,
        "questions_per_second": count / seconds,
        "lm_eval_questions_per_second": count / their_seconds,
        "ratio": statistics.median(other.wall / one.wall for one, other in pairs),
        "ratios": [
            other.wall / one.wall
            for turn, others in zip(ours.took, theirs.took, strict=True)
            for one, other in zip(turn, others, strict=True)
        ],
        "processor_ratio": statistics.median(
            other.processor / one.processor for one, other in pairs
        ),
        "processor_share": min(one.busy for one, _ in pairs),
        "lm_eval_processor_share": min(other.busy for _, other in pairs),
    }


def _arithmetic(bench: Bench, groups: Sequence[Group], orders: Orders) -> dict[str, Any]:
    layers, head = weights_of(bench.weights)
    done = sums(bench, groups, orders)
    most = ceiling(done.theirs, done.ours, layers=layers, head=head)
    return {
        "tokens": done.ours.tokens,
        "lm_eval_tokens": done.theirs.tokens,
        "ceiling_tokens_ratio": most.tokens_ratio,
        "ceiling_ratio": most.multiplications_ratio,
        "non_padding_ratio": done.non_padding_ratio,
    }
