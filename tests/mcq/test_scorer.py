from __future__ import annotations

import json
import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken
from transformers import AutoModelForCausalLM, AutoTokenizer

from contracts.errors import CheckpointInvalid, DigestMismatch
from contracts.models import CHECKPOINT_FACTS_FILE
from contracts.questions import LETTERS, Question
from mcq.checkpoint import checkpoint_digest
from mcq.model import load_tokenizer
from mcq.scorer import Scored, Scorer
from tests.checkpoints import make_tiny_checkpoint, tiny_tokenizer


@pytest.fixture(scope="module")
def scorer(tiny_checkpoint: Path) -> Scorer:
    return Scorer.load(tiny_checkpoint)


@pytest.fixture
def copied(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    """A checkpoint that a test may break."""
    return Path(shutil.copytree(tiny_checkpoint, tmp_path / "copied"))


def question(
    choices: Sequence[str], *, code: str | None = "print(1)", identity: str = "q"
) -> Question:
    return Question(
        id=identity, stem="What does this code print?", code=code, choices=tuple(choices)
    )


def a_set_of_questions() -> list[Question]:
    """Of different lengths, with and without code, two to ten choices, one a prefix of
    another, and text beyond ASCII."""
    return [
        question(["a", "ab"]),
        question(["1", "2", "3", "4"], code="for i in range(3):\n    print(i * 'é')"),
        question([f"[{n}, {n * n}]" for n in range(10)], code="x = [1, 2]\nprint(x[::-1])"),
        question(["True", "False"], code=None),
        question(["a much longer choice than the other", "b", "ü"], code="print('x' * 20)"),
        question(["'quoted'", "un quoted", "  spaced"], code="# only a comment"),
    ]


# ------------------------------------------------ what cannot be loaded or scored


@pytest.mark.parametrize(
    "name", ["config.json", "model.safetensors", "tokenizer.json", CHECKPOINT_FACTS_FILE]
)
def test_a_folder_that_lacks_a_file_is_no_checkpoint(copied: Path, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(CheckpointInvalid, match=name):
        Scorer.load(copied)


def test_a_missing_folder_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(CheckpointInvalid):
        Scorer.load(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_file_that_is_cut_off_makes_it_invalid(copied: Path, name: str) -> None:
    whole = (copied / name).read_bytes()
    (copied / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointInvalid, match="not a usable checkpoint"):
        Scorer.load(copied)


@pytest.mark.parametrize(
    ("key", "value"),
    [("template", "no-such-template"), ("scoring", "letter"), ("scoring", "guess"), ("format", 2)],
)
def test_facts_that_are_not_known_here_make_it_invalid(
    copied: Path, key: str, value: object
) -> None:
    path = copied / CHECKPOINT_FACTS_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    with pytest.raises(CheckpointInvalid, match=str(value)):
        Scorer.load(copied)


def test_one_altered_byte_is_noticed(copied: Path) -> None:
    recorded = checkpoint_digest(copied)
    weights = bytearray((copied / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copied / "model.safetensors").write_bytes(weights)
    with pytest.raises(DigestMismatch) as caught:
        Scorer.load(copied, expected_digest=recorded)
    assert caught.value.expected == recorded
    assert caught.value.found != recorded


def test_the_recorded_digest_is_accepted_and_kept(tiny_checkpoint: Path) -> None:
    recorded = checkpoint_digest(tiny_checkpoint)
    assert Scorer.load(tiny_checkpoint, expected_digest=recorded).digest == recorded


def test_a_question_that_does_not_fit_is_unscored_and_not_wrong(scorer: Scorer) -> None:
    long = question(["1", "2"], code="print(1)\n" * 100, identity="long")
    short = question(["1", "2"], identity="short")
    alone = scorer.score([short])
    first, second, third = scorer.score([long, short, long])
    for unscored in (first, third):
        assert unscored.probabilities == ()
        assert (unscored.choice, unscored.letter, unscored.confidence) == (None, None, None)
        assert unscored.unscored is not None
        assert "do not fit into 256" in unscored.unscored
    assert second.probabilities == pytest.approx(alone[0].probabilities, abs=1e-5)
    assert second.unscored is None


def test_one_long_choice_makes_the_question_unscored(scorer: Scorer) -> None:
    (scored,) = scorer.score([question(["1", "2" * 400])])
    assert scored.unscored is not None


def test_a_model_of_no_numbers_gives_no_answer(copied: Path) -> None:
    weights = load_file(copied / "model.safetensors")
    weights["model.norm.weight"][:] = float("nan")
    save_file(weights, copied / "model.safetensors", metadata={"format": "pt"})
    (scored,) = Scorer.load(copied).score([question(["1", "2"])])
    assert scored.probabilities == ()
    assert scored.unscored is not None
    assert "not finite" in scored.unscored


def test_no_questions_give_no_answers(scorer: Scorer) -> None:
    assert scorer.score([]) == []


# -------------------------------------------------------------------- the numbers


def textbook(folder: Path, asked: Question) -> list[float]:
    """One choice at a time, no padding, no batches: log-softmax over the whole vocabulary
    at every position, summed over the choice's tokens and its end of turn."""
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
    content = asked.stem if asked.code is None else f"{asked.stem}\n\n{asked.code}"
    text = f"<|im_start|>user\n{content}<|im_end|>\n<|im_start|>assistant\n"
    prompt = tokenizer(text, add_special_tokens=False)["input_ids"]
    sums = []
    for choice in asked.choices:
        reply = tokenizer(f"{choice}<|im_end|>", add_special_tokens=False)["input_ids"]
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([prompt + reply])).logits[0]
        spread = logits.log_softmax(-1)
        sums.append(
            math.fsum(
                float(spread[len(prompt) + place - 1, token]) for place, token in enumerate(reply)
            )
        )
    return sums


def test_equal_to_the_textbook(scorer: Scorer, tiny_checkpoint: Path) -> None:
    asked = a_set_of_questions()
    for one, scored in zip(asked, scorer.score(asked), strict=True):
        sums = textbook(tiny_checkpoint, one)
        weights = [math.exp(value - max(sums)) for value in sums]
        expected = [weight / math.fsum(weights) for weight in weights]
        assert scored.log_likelihoods == pytest.approx(sums, abs=1e-3)
        assert scored.probabilities == pytest.approx(expected, abs=1e-5)


def gluing_tokenizer() -> Any:
    """A line's end and the spaces after it are one token, as many a vocabulary has them."""
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens([AddedToken("\n  ", normalized=False)])
    return tokenizer


def test_a_token_over_the_seam_of_prompt_and_choice_is_read_as_one(tmp_path: Path) -> None:
    make_tiny_checkpoint(tmp_path, tokenizer=gluing_tokenizer())
    asked = question(["  spaced", "1", " one"])
    scorer = Scorer.load(tmp_path)
    (scored,) = scorer.score([asked])
    tokenizer = load_tokenizer(tmp_path)
    model = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float64).eval()
    text = f"<|im_start|>user\n{asked.stem}\n\n{asked.code}<|im_end|>\n<|im_start|>assistant"
    shared = tokenizer(text, add_special_tokens=False)["input_ids"]
    sums = []
    for choice in asked.choices:
        whole = tokenizer(f"{text}\n{choice}<|im_end|>", add_special_tokens=False)["input_ids"]
        assert whole[: len(shared)] == shared
        with torch.inference_mode():
            spread = model(input_ids=torch.tensor([whole])).logits[0].log_softmax(-1)
        places = range(len(shared), len(whole))
        sums.append(math.fsum(float(spread[place - 1, whole[place]]) for place in places))
    glued = tokenizer.convert_tokens_to_ids("\n  ")
    assert glued in tokenizer(f"{text}\n  x", add_special_tokens=False)["input_ids"]
    assert scored.log_likelihoods == pytest.approx(sums, abs=1e-3)


@pytest.mark.parametrize("batch_tokens", [64, 200, 777, 2_000, 100_000])
def test_the_size_of_batches_changes_nothing(scorer: Scorer, batch_tokens: int) -> None:
    asked = a_set_of_questions()
    whole = scorer.score(asked)
    for one, other in zip(whole, scorer.score(asked, batch_tokens=batch_tokens), strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)
        assert one.letter == other.letter


def test_answers_come_in_the_order_of_the_questions(scorer: Scorer) -> None:
    asked = a_set_of_questions()
    forward, backward = scorer.score(asked), scorer.score(asked[::-1])
    for one, other in zip(forward, backward[::-1], strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)


@pytest.mark.parametrize("count", range(2, 11))
def test_two_to_ten_choices(scorer: Scorer, count: int) -> None:
    (scored,) = scorer.score([question([f"choice {n}" for n in range(count)])])
    assert len(scored.probabilities) == count
    assert scored.letter in LETTERS[:count]


def test_every_batch_is_reported_up_to_the_last_question(scorer: Scorer) -> None:
    heard: list[int] = []
    asked = a_set_of_questions()
    scorer.score(asked, batch_tokens=64, progress=heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == len(asked)


TEXTS = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cs"]), min_size=1
).filter(str.strip)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(TEXTS.map(lambda text: text[:20]), min_size=2, max_size=10, unique_by=str.strip),
    st.none() | TEXTS,
)
def test_probabilities_are_probabilities(
    scorer: Scorer, choices: list[str], code: str | None
) -> None:
    assume(all(choice.strip() for choice in choices))
    (scored,) = scorer.score([question(choices, code=code)])
    assume(scored.unscored is None)
    assert math.fsum(scored.probabilities) == pytest.approx(1.0, abs=1e-9)
    assert all(0.0 <= value <= 1.0 for value in scored.probabilities)
    assert scored.confidence == max(scored.probabilities)
    assert scored.choice == scored.probabilities.index(scored.confidence)


@pytest.mark.parametrize(
    ("probabilities", "letter"),
    [((0.5, 0.5), "A"), ((0.2, 0.4, 0.4), "B"), ((0.1,) * 10, "A"), ((0.3, 0.3, 0.4), "C")],
)
def test_on_a_tie_the_first_is_taken(probabilities: tuple[float, ...], letter: str) -> None:
    scored = Scored(tuple(map(math.log, probabilities)), probabilities)
    assert scored.letter == letter
    assert scored.confidence == max(probabilities)
