from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.arithmetic import Work, ceiling, weights_of
from benchmarks.material import Group, Material, load_material, random_checkpoint, spread
from benchmarks.memory import VocabularyMemory
from benchmarks.opponents import Asked, FullLogits, LmEval, lm_eval_is_here
from benchmarks.parity import parity
from benchmarks.side_by_side import (
    Bench,
    disturbed,
    in_turns,
    over_batch_sizes,
    sums,
    works,
)
from contracts.questions import Question
from mcq.orders import Orders
from mcq.scorer import Prepared, Scored
from tests.checkpoints import make_tiny_checkpoint, opening_tokenizer, tiny_tokenizer

QUESTIONS = [
    Question(
        id=f"q{place}",
        stem=f"What does print({place} + {'1' * (place % 5 + 1)}) show?",
        choices=tuple(f"{place + other}" for other in range(4)),
        answer="B",
    )
    for place in range(12)
]
SHOTS = tuple(QUESTIONS[:2])
GROUP = Group(tuple(QUESTIONS[2:]), SHOTS)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("bench") / "tiny"
    make_tiny_checkpoint(folder, scoring="letter", context_tokens=1_024)
    return Bench(folder)


class AsBytes:
    """The tiny tokenizer knows no " A": what follows its prompts is asked without the space,
    which the prompt then ends with, as the scorer itself reads it."""

    @staticmethod
    def of(bench: Bench, shots: tuple[Question, ...]) -> list[tuple[str, list[str]]]:
        asked = bench.asked(Group(tuple(QUESTIONS[2:]), shots))
        return [(f"{prompt} ", [one.strip() for one in next_]) for prompt, next_ in asked]


@pytest.mark.parametrize("shots", [(), SHOTS])
def test_we_say_what_full_logits_say(bench: Bench, shots: tuple[Question, ...]) -> None:
    theirs = FullLogits(bench.weights, bench.tokenizer).score(AsBytes.of(bench, shots))
    ours = bench.scorer.score(QUESTIONS[2:], shots=shots)
    found = parity([one.id for one in QUESTIONS[2:]], ours, theirs)
    assert found.wrong == ()
    assert found.largest < 1e-4
    assert found.agreement_ratio >= 1 - len(found.close) / len(ours)


def test_batch_sizes_change_no_number(bench: Bench) -> None:
    sizes: list[int] = []
    score = bench.scorer.score_batch

    def heard(prepared: Prepared, batch: Sequence[int]) -> list[Scored]:
        sizes.append(len(batch))
        return score(prepared, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.scorer, "score_batch", heard)
        found = over_batch_sizes(bench, [GROUP])
    assert found.largest < 1e-4
    assert found.differing == 0
    assert sizes == [1] * 10 + [2] * 5 + [4, 4, 2] + [8, 2] + [10]


def test_a_group_that_every_size_would_cut_alike_shows_nothing(bench: Bench) -> None:
    with pytest.raises(ValueError, match="8 questions are too few for batches of 16"):
        over_batch_sizes(bench, [Group(GROUP.questions[:8], SHOTS)])


def test_sides_begin_by_turns(bench: Bench) -> None:
    began: list[str] = []
    ours = bench.scorer.score

    class Heard:
        def score(self, asked: Sequence[Asked]) -> list[list[float]]:
            began.append("theirs")
            return [[0.0] * len(following) for _, following in asked]

    def heard(*given: Any, orders: Orders = "single", **more: Any) -> list[Scored]:
        if len(given[0]) == 3:  # no forgetting of a prefix, which asks two
            began.append(orders)
        return ours(*given, orders=orders, **more)

    group = Group(GROUP.questions[:3], SHOTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.scorer, "score", heard)
        in_turns(bench, Heard(), [group, group], 1, ("single", "cyclic"))
    assert began == ["theirs", "single", "cyclic", "cyclic", "single", "theirs"]


def test_the_work_is_counted_by_hand(bench: Bench) -> None:
    asked = bench.asked(GROUP)
    lengths = [len(prompt.encode()) + 1 for prompt, _ in asked]  # bytes, and the space
    prepared = bench.scorer.prepare(QUESTIONS[2:], shots=SHOTS)
    theirs, ours = works(prepared)
    assert theirs == Work(sum(lengths), sum(lengths))
    shared = len(prepared.prefix)
    assert shared > 100
    assert ours == Work(sum(lengths) - shared * (len(asked) - 1), len(asked))
    twice = sums(bench, [GROUP, GROUP])
    assert (twice.theirs, twice.ours) == (theirs + theirs, ours + ours)


def test_sides_take_turns_in_every_group(bench: Bench) -> None:
    groups = [Group(tuple(QUESTIONS[2:6]), SHOTS), Group(tuple(QUESTIONS[6:]), ())]
    heard: list[int] = []

    class Counting:
        def score(self, asked: Sequence[Asked]) -> list[list[float]]:
            heard.append(len(asked))
            return [[0.0] * len(following) for _, following in asked]

    theirs, ours = in_turns(bench, Counting(), groups, 2, ("single", "cyclic"))
    assert heard == [4, 6, 4, 6]
    assert [len(turn) for turn in theirs.took] == [2, 2]
    assert len(theirs.answers) == len(ours["single"].answers) == 10
    assert [len(one.orders) for one in ours["cyclic"].answers] == [4] * 10
    assert theirs.turns[0].wall == sum(one.wall for one in theirs.took[0])


def test_the_ceiling_is_arithmetic() -> None:
    most = ceiling(Work(1_000, 1_000), Work(100, 10), layers=30, head=20)
    assert most.tokens_ratio == 10
    assert most.multiplications_ratio == 50_000 / 3_200


def test_tied_weights_are_the_heads(bench: Bench) -> None:
    layers, head = weights_of(bench.weights)
    assert head == bench.weights.config.vocab_size * 32
    assert layers + head == sum(p.numel() for p in bench.weights.parameters())


def test_memory_of_logits_is_what_lives_at_one_time() -> None:
    with VocabularyMemory(1_000) as memory, torch.inference_mode():
        hidden, weight = torch.ones(3, 4), torch.ones(1_000, 4)
        logits = torch.nn.functional.linear(hidden, weight)  # 3 x 1,000 x 4 bytes
        spread_out = logits.log_softmax(-1)  # both alive
        del logits, spread_out
        torch.nn.functional.linear(hidden, weight)
    assert memory.peak_bytes == 2 * 3 * 1_000 * 4


def test_a_view_of_weights_is_no_logits() -> None:
    weight = torch.ones(1_000, 4)
    with VocabularyMemory(1_000) as memory:
        weight.t().contiguous  # noqa: B018
        weight.t()
    assert memory.peak_bytes == 0


def test_parity_lists_close_calls_and_names_the_wrong() -> None:
    ours = [Scored((-1.0, -2.0), (0.7, 0.3)), Scored((-1.0, -1.1), (0.52, 0.48))]
    theirs = [[-1.0, -2.0], [-1.1, -1.1001]]
    found = parity(["a", "b"], ours, theirs)
    assert (found.wrong, found.close, found.agreement_ratio) == ((), ("b",), 1.0)
    assert found.largest == pytest.approx(0.1)
    other = parity(["a", "b"], ours, [[-2.0, -1.0], [-1.0, -1.5]])
    assert (other.wrong, other.close, other.agreement_ratio) == (("a",), (), 0.5)


def test_parity_refuses_nothing_and_the_unscored() -> None:
    with pytest.raises(ValueError, match="no questions"):
        parity([], [], [])
    with pytest.raises(ValueError, match="too long"):
        parity(["a"], [Scored((), (), "too long")], [[-1.0, -2.0]])


@pytest.mark.parametrize(
    ("ours", "theirs", "of_ceiling", "expected"),
    [(0.9, 0.9, 0.9, False), (0.5, 0.9, 0.9, True), (0.9, 0.5, 0.9, True), (0.9, 0.9, 1.9, True)],
)
def test_times_of_a_shared_machine_are_told(
    ours: float, theirs: float, of_ceiling: float, expected: bool
) -> None:
    assert disturbed((ours, theirs), of_ceiling) is expected


def test_a_sample_is_spread_over_all() -> None:
    assert spread(range(10), 3) == [0, 3, 6]
    assert spread(range(3), 5) == [0, 1, 2]


def test_mmlu_is_read_where_it_is(tmp_path: Path) -> None:
    for split, rows in (("test", 3), ("dev", 2)):
        (tmp_path / split).mkdir()
        (tmp_path / split / f"machine_learning_{split}.csv").write_text(
            "".join(f"Stem {place}?,1,2,3,4,B\n" for place in range(rows))
        )
    material = load_material(tmp_path, 1, mmlu=tmp_path)
    (group,) = material.groups
    assert (material.name, len(group.questions)) == ("mmlu_cs", 3)
    assert [shot.answer for shot in group.shots] == ["B"]


def test_a_part_of_the_material_has_its_share_of_every_group() -> None:
    many = Group(tuple(QUESTIONS[:9]), SHOTS)
    material = Material("two", (many, Group(tuple(QUESTIONS[9:]), ())))
    assert material.count == 12
    few = material.some(8)
    assert [len(one.questions) for one in few] == [6, 2]
    assert [one.shots for one in few] == [SHOTS, ()]
    assert material.some(100) == material.groups


def test_a_random_model_of_another_shape_takes_the_tokenizer_alone(tmp_path: Path) -> None:
    make_tiny_checkpoint(tmp_path / "tiny", scoring="letter", context_tokens=1_024)
    before = (tmp_path / "tiny" / "config.json").read_bytes()
    shape = {
        "vocab_size": 400,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "tie_word_embeddings": True,
    }
    folder = random_checkpoint(tmp_path / "random", tmp_path / "tiny", shape)
    assert (tmp_path / "tiny" / "config.json").read_bytes() == before
    flat = Bench(folder)
    assert flat.weights.config.vocab_size == 400
    theirs = FullLogits(flat.weights, flat.tokenizer).score(AsBytes.of(flat, SHOTS))
    found = parity(
        [one.id for one in QUESTIONS[2:]], flat.scorer.score(QUESTIONS[2:], shots=SHOTS), theirs
    )
    assert found.wrong == ()
    assert found.largest < 1e-4


@pytest.fixture(scope="module", params=["$A", "<|endoftext|> $A"])
def beginning(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Of a tokenizer that puts nothing before a text, or a token of beginning."""
    folder = tmp_path_factory.mktemp("beginning") / "tiny"
    tokenizer = tiny_tokenizer() if request.param == "$A" else opening_tokenizer(request.param)
    make_tiny_checkpoint(folder, scoring="letter", context_tokens=1_024, tokenizer=tokenizer)
    return Bench(folder)


def test_full_logits_are_ours_whatever_a_text_begins_with(beginning: Bench) -> None:
    theirs = FullLogits(beginning.weights, beginning.tokenizer).score(AsBytes.of(beginning, SHOTS))
    ours = beginning.scorer.score(QUESTIONS[2:], shots=SHOTS)
    assert parity([one.id for one in QUESTIONS[2:]], ours, theirs).largest < 1e-4


@pytest.mark.skipif(not lm_eval_is_here(), reason="the extra `benchmark` is not installed")
def test_lm_eval_says_what_full_logits_say(beginning: Bench) -> None:
    bench = beginning
    # Letters after a line's end: lm-eval moves a last space of the prompt to what follows.
    asked = [
        (f"{prompt}:", ["A", "B", "C", "D"])
        for prompt, _ in bench.asked(Group(tuple(QUESTIONS), ()))
    ]
    theirs = LmEval(bench.weights, bench.tokenizer, 3).score(asked)
    full = FullLogits(bench.weights, bench.tokenizer).score(asked)
    for one, other in zip(theirs, full, strict=True):
        assert one == pytest.approx(other, abs=1e-4)
