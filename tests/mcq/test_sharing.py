"""What rows share is read once, and the numbers are those of rows read alone."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BloomConfig, BloomForCausalLM, Qwen2Config, Qwen2ForCausalLM

from contracts.errors import BadParams, CheckpointInvalid
from contracts.models import ScoringMethod
from contracts.questions import Question
from mcq.model import (
    HEAD_LOGITS,
    LanguageModel,
    Precision,
    load_tokenizer,
    usable_precision,
)
from mcq.orders import Orders, rotated
from mcq.scorer import Scored, Scorer
from mcq.tokens import Row
from tests.checkpoints import make_tiny_checkpoint, tiny_tokenizer

KINDS = ("qwen2", "qwen3", "llama")
BATCHES = (64, 300, 1_000, 3_000, 100_000)


def questions(count: int = 12) -> list[Question]:
    """Of several lengths, two to five choices; every answer known."""
    return [
        Question(
            id=str(number),
            stem="What does this print?",
            code=f"print({'1 + ' * (number % 5)}{number})",
            choices=tuple(f"{number + step} é"[: 2 + number] for step in range(2 + number % 4)),
            answer="B",
        )
        for number in range(10, 10 + count)
    ]


SHOTS = questions(3)
ASKED = questions(15)[3:]


@pytest.fixture(
    scope="module", params=[(kind, way) for kind in KINDS for way in ("text", "letter")]
)
def scorer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scorer:
    kind, scoring = request.param
    folder = tmp_path_factory.mktemp(kind) / "checkpoint"
    make_tiny_checkpoint(folder, scoring=scoring, kind=kind, context_tokens=4_096)
    return Scorer.load(folder)


@contextmanager
def row_by_row(scorer: Scorer) -> Iterator[None]:
    """Within the block nothing is shared."""
    assert scorer.model.shares
    scorer.model.shares = False
    try:
        yield
    finally:
        scorer.model.shares = True


def same(ours: Sequence[Scored], theirs: Sequence[Scored]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        assert one.log_likelihoods == pytest.approx(other.log_likelihoods, abs=1e-4)
        assert one.option_mass == pytest.approx(other.option_mass, abs=1e-5)
        assert len(one.orders) == len(other.orders)
        for mine, yours in zip(one.orders, other.orders, strict=True):
            assert mine == pytest.approx(yours, abs=1e-5)
        assert one.choice == other.choice


@pytest.mark.parametrize("shots", [(), SHOTS], ids=["0-shot", "3-shot"])
@pytest.mark.parametrize("orders", ["single", "cyclic"])
def test_the_numbers_are_those_of_rows_read_alone(
    scorer: Scorer, shots: Sequence[Question], orders: Orders
) -> None:
    with row_by_row(scorer):
        alone = scorer.score(ASKED, shots=shots, orders=orders)
    assert all(one.unscored is None for one in alone)
    for batch_tokens in BATCHES:
        same(scorer.score(ASKED, shots=shots, orders=orders, batch_tokens=batch_tokens), alone)


def test_orders_are_those_of_the_turned_question(scorer: Scorer) -> None:
    asked = ASKED[:4]
    found = scorer.score(asked, orders="cyclic")
    for question, scored in zip(asked, found, strict=True):
        if scorer.facts.scoring == "text":
            assert scored.orders == ()
            continue
        turns = scorer.score([rotated(question, k) for k in range(len(question.choices))])
        assert len(scored.orders) == len(turns)
        for mine, turn in zip(scored.orders, turns, strict=True):
            assert mine == pytest.approx(turn.probabilities, abs=1e-5)
        assert scored.probabilities == scored.orders[0]


@contextmanager
def tokens_read(scorer: Scorer) -> Iterator[list[tuple[int, ...]]]:
    """The shapes of what the decoder reads within the block."""
    shapes: list[tuple[int, ...]] = []

    def hear(_module: Any, _args: Any, given: dict[str, Any]) -> None:
        shapes.append(tuple(given["input_ids"].shape))

    decoder = scorer.model._model.get_decoder()
    hook = decoder.register_forward_pre_hook(hear, with_kwargs=True)
    try:
        yield shapes
    finally:
        hook.remove()


def test_what_all_prompts_begin_with_is_read_once(scorer: Scorer) -> None:
    prepared = scorer.prepare(ASKED, shots=SHOTS, batch_tokens=400)
    assert len(prepared.batches) > 1
    with tokens_read(scorer) as shapes:
        scorer.score(ASKED, shots=SHOTS, batch_tokens=400)
    assert shapes[0] == (1, len(prepared.prefix))
    read = sum(rows * length for rows, length in shapes[1:])
    assert read == prepared.tokens_padded
    # By far most of what the prompts are made of is the shots.
    assert read + len(prepared.prefix) < 0.5 * sum(
        len(row.prompt) for asked in prepared.asked for row in asked.rows
    )


def test_the_rows_of_one_question_share_their_stem(scorer: Scorer) -> None:
    (question,) = ASKED[:1]
    with tokens_read(scorer) as shapes:
        scorer.score([question], orders="cyclic")
    ((rows, length),) = shapes
    assert rows == 1
    (asked,) = scorer.prepare([question], orders="cyclic").asked
    assert length < sum(row.length for row in asked.rows)


@pytest.mark.parametrize("shots", [(), SHOTS], ids=["0-shot", "3-shot"])
def test_a_question_of_more_tokens_than_a_pass_is_read_in_parts(
    scorer: Scorer, shots: Sequence[Question]
) -> None:
    """A mask is as large as the square of what it is over: 8,000 tokens in four orders would be
    4 GB of it."""
    much = 60 if scorer.facts.scoring == "letter" else 5
    long = {"stem": "Why? " * 60, "choices": tuple(f"{place} " * much for place in range(4))}
    asked = [ASKED[3].model_copy(update=long), *ASKED[:2]]
    prepared = scorer.prepare(asked, shots=shots, orders="cyclic", batch_tokens=300)
    with tokens_read(scorer) as shapes:
        parted = scorer.score(asked, shots=shots, orders="cyclic", batch_tokens=300)
    same(parted, scorer.score(asked, shots=shots, orders="cyclic", batch_tokens=100_000))
    skipped = len(prepared.prefix)
    longest = max(one.longest for one in prepared.asked) - skipped
    trees = [rows * length for rows, length in shapes[1 if skipped else 0 :]]
    assert sum(trees) == prepared.tokens_padded
    assert max(trees) <= max(300, 1.25 * longest)
    if scorer.facts.scoring == "letter":
        assert len(trees) > len(prepared.batches)
    else:
        # What its choices share is nearly all of it: apart they would read it again.
        assert len(trees) == len(prepared.batches)


def test_little_is_padding(scorer: Scorer) -> None:
    prepared = scorer.prepare(questions(60), batch_tokens=2_000)
    assert prepared.tokens_read >= 0.95 * prepared.tokens_padded


def test_few_rows_of_logits_stand_in_memory_at_a_time(scorer: Scorer) -> None:
    sizes: list[int] = []
    head = scorer.model._model.get_output_embeddings()
    hook = head.register_forward_hook(lambda _m, _a, found: sizes.append(found.numel()))
    try:
        scorer.score(questions(40 * scorer.model.head_rows // 8), batch_tokens=1_000_000)
    finally:
        hook.remove()
    assert len(sizes) > 1
    assert max(sizes) <= HEAD_LOGITS


@pytest.mark.parametrize(("vocabulary", "rows"), [(300, 436), (65_536, 2), (151_936, 2)])
def test_of_a_large_vocabulary_two_rows_stand_in_memory(vocabulary: int, rows: int) -> None:
    shape = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 1, "num_key_value_heads": 1}
    config = Qwen2Config(vocab_size=vocabulary, **shape, **heads)
    model = LanguageModel(Qwen2ForCausalLM(config), tiny_tokenizer(), 64)
    heights: list[int] = []
    head = model._model.get_output_embeddings()
    hook = head.register_forward_hook(lambda _m, _a, found: heights.append(found.shape[0]))
    try:
        asked = [[Row([1, 2, number], [])] for number in range(3, 8)]
        found = model.next_log_probabilities(asked, [5, 6])
    finally:
        hook.remove()
    assert model.head_rows == rows
    assert heights == ([2, 2, 1] if rows == 2 else [5])
    for row, number in zip(found, range(3, 8), strict=True):
        (alone,) = model.next_log_probabilities([[Row([1, 2, number], [])]], [5, 6])
        assert row == pytest.approx(alone, abs=1e-5)


def test_another_suite_does_not_see_the_last_one_s_prefix(scorer: Scorer) -> None:
    before = scorer.score(ASKED, shots=SHOTS)
    scorer.score(ASKED, shots=SHOTS[:1])
    same(scorer.score(ASKED, shots=SHOTS), before)


def test_a_shot_must_know_its_answer(scorer: Scorer) -> None:
    nameless = Question(id="n", stem="Which?", choices=("a", "b"))
    with pytest.raises(ValueError, match="question n does not know its answer"):
        scorer.score(ASKED[:1], shots=[nameless])


# ------------------------------------------------------------ where nothing can be shared


def checkpoint(
    folder: Path, change: dict[str, Any] | None = None, scoring: ScoringMethod = "letter"
) -> Path:
    make_tiny_checkpoint(folder, scoring=scoring, context_tokens=2_048)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **(change or {})}))
    return folder


def test_a_sliding_window_is_read_row_by_row_and_the_log_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    window = {
        "use_sliding_window": True,
        "sliding_window": 16,
        "layer_types": ["sliding_attention"],
        "max_window_layers": 0,
    }
    folder = checkpoint(tmp_path / "window", window)
    with caplog.at_level(logging.WARNING):
        model = LanguageModel.load(folder)
    assert not model.shares
    assert "not shared between questions: it has layers of sliding_attention" in caplog.text
    scored = Scorer.load(folder).score(ASKED, shots=SHOTS, orders="cyclic")
    assert all(one.unscored is None and one.orders for one in scored)


def test_a_model_without_positions_is_read_row_by_row(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """BLOOM counts distances by itself (ALiBi): a branch would be too far from its stem."""
    tokenizer = tiny_tokenizer()
    config = BloomConfig(vocab_size=len(tokenizer), hidden_size=32, n_layer=1, n_head=2)
    with caplog.at_level(logging.WARNING):
        model = LanguageModel(BloomForCausalLM(config), tokenizer, 256)
    assert not model.shares
    assert "it takes no positions" in caplog.text


def test_a_model_whose_numbers_would_differ_is_read_row_by_row(
    tiny_checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = LanguageModel.load(tiny_checkpoint)._model
    layer = model.get_decoder().layers[0]
    plain = layer.forward

    def without_mask(*args: Any, attention_mask: Any = None, **given: Any) -> Any:
        mask = attention_mask if attention_mask is None or attention_mask.shape[2] != 8 else None
        return plain(*args, attention_mask=mask, **given)

    layer.forward = without_mask
    with caplog.at_level(logging.WARNING):
        assert not LanguageModel(model, load_tokenizer(tiny_checkpoint), 256).shares
    assert "its numbers would differ by" in caplog.text


# ------------------------------------------------------------ precision, device, laziness


def test_bf16_on_a_cpu_without_units_for_it_is_fp32_and_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tiny_checkpoint: Path
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    with caplog.at_level(logging.WARNING):
        scorer = Scorer.load(tiny_checkpoint, precision="bf16")
    assert scorer.identity.precision == "fp32"
    assert "no units for bf16: scoring in fp32" in caplog.text


def test_bf16_where_there_are_units_is_near_fp32(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = checkpoint(tmp_path / "checkpoint")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert usable_precision("bf16", "cpu") == "bf16"
    halved = Scorer.load(folder, precision="bf16")
    assert halved.model._model.dtype is torch.bfloat16
    whole = Scorer.load(folder)
    assert halved.identity.digest != whole.identity.digest
    for one, other in zip(
        halved.score(ASKED, shots=SHOTS), whole.score(ASKED, shots=SHOTS), strict=True
    ):
        assert one.log_likelihoods == pytest.approx(other.log_likelihoods, abs=0.2)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_refused(tiny_checkpoint: Path) -> None:
    with pytest.raises(BadParams, match="'cuda' was asked for, and torch sees no GPU"):
        Scorer.load(tiny_checkpoint, device="cuda")
    assert Scorer.load(tiny_checkpoint, device="auto").score(ASKED[:1])[0].choice is not None


def test_a_lazy_scorer_reads_weights_when_it_is_asked(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "checkpoint")
    (folder / "model.safetensors").write_bytes(b"no weights")
    scorer = Scorer.load(folder, lazy=True)
    assert scorer.identity.weights == scorer.digest
    with pytest.raises(CheckpointInvalid):
        scorer.score(ASKED[:1])


def test_the_identity_follows_every_thing_that_decides_the_numbers(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "checkpoint")
    first = Scorer.load(folder, lazy=True).identity
    assert Scorer.load(folder, lazy=True).identity.digest == first.digest
    other = Scorer.load(folder, lazy=True, template="mmlu-1").identity
    assert other.digest != first.digest
    assert other.weights == first.weights
    (folder / "tokenizer_config.json").write_text(
        (folder / "tokenizer_config.json").read_text() + "\n"
    )
    changed = Scorer.load(folder, lazy=True).identity
    assert changed.tokenizer != first.tokenizer


def test_the_device_is_part_of_the_identity_where_its_rounding_shows(
    tiny_checkpoint: Path,
) -> None:
    facts = Scorer.load(tiny_checkpoint, lazy=True).facts
    kinds: dict[tuple[Precision, str], str] = {
        ("fp32", "cpu"): "any",
        ("fp32", "cuda:1"): "any",
        ("bf16", "cpu"): "cpu",
        ("bf16", "cuda:1"): "cuda",
    }
    for (precision, device), kind in kinds.items():
        scorer = Scorer(
            tiny_checkpoint, facts, "it", template="code-1", precision=precision, device=device
        )
        assert scorer.identity.device == kind


@pytest.mark.parametrize("orders", ["single", "cyclic"])
def test_an_answer_knows_what_it_answers(scorer: Scorer, orders: Orders) -> None:
    long = ASKED[0].model_copy(update={"stem": "long " * 2_000})
    asked = [*ASKED[:3], long]
    scored = scorer.score(asked, shots=SHOTS, orders=orders)
    assert scored[-1].unscored is not None
    assert [one.asked for one in scored] == scorer.digests(asked, shots=SHOTS, orders=orders)


def test_what_is_asked_is_known_by_what_is_read(scorer: Scorer) -> None:
    (question,) = ASKED[:1]
    (known,) = scorer.digests([question])
    assert scorer.digests([question.model_copy(update={"id": "another", "answer": "A"})]) == [known]
    changes: list[dict[str, object]] = [
        {"stem": "Which?"},
        {"code": None},
        {"choices": question.choices[::-1]},
    ]
    changed = [question.model_copy(update=one) for one in changes]
    assert len({known, *scorer.digests(changed), *scorer.digests([question], shots=SHOTS)}) == 5
    (every,) = scorer.digests([question], orders="cyclic")
    assert (every == known) == (scorer.facts.scoring == "text")
