"""Letter scoring against the textbook: one question at a time, no padding, float64."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, normalizers
from transformers import AutoModelForCausalLM

from contracts.errors import CheckpointInvalid
from contracts.models import CHECKPOINT_FACTS_FILE
from contracts.questions import LETTERS, Question
from mcq.model import load_tokenizer
from mcq.prompts import Completion, prompt_writer
from mcq.scorer import Scorer
from mcq.scoring.letter import LetterTokens, letter_tokens
from tests.checkpoints import CHATML, make_tiny_checkpoint, opening_tokenizer, tiny_tokenizer

LETTER_1 = prompt_writer("letter-1")
# Mistral's way: no line break before the reply, but a space.
BRACKETS = (
    "{% for m in messages %}{% if m['role'] == 'user' %}[INST] {{ m['content'] }} [/INST]"
    "{% else %} {{ m['content'] }}<|im_end|>{% endif %}{% endfor %}"
)
# Qwen3's way: thought is on unless it is turned off, and a past turn shows none.
THINKING = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% if m['role'] == 'assistant' %}<think>\n\n</think>\n\n{% endif %}"
    "{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n"
    "{% endif %}{% endif %}"
)
# A template whose past turns are written otherwise than a new one begins.
OTHERWISE = CHATML.replace("{% for m", "{% if not add_generation_prompt %}#{% endif %}{% for m")


def a_set_of_questions() -> list[Question]:
    """Two to ten choices, with and without code, of very different lengths."""
    return [
        Question(
            id=str(count),
            stem="What does this code print?" + " Think." * (count % 4),
            code=None if count % 3 == 0 else "print('é')\n" * count,
            choices=tuple(f"{place}" * (1 + place % 3) + "!" for place in range(count)),
        )
        for count in range(2, 11)
    ]


def textbook(folder: Path, asked: Question) -> list[float]:
    """Nats of each letter right after the prompt, over the whole vocabulary."""
    tokenizer = load_tokenizer(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
    (message,) = LETTER_1(asked, ())
    text = f"<|im_start|>user\n{message['content']}<|im_end|>\n<|im_start|>assistant\n"
    with torch.inference_mode():
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        spread = model(input_ids=torch.tensor([ids])).logits[0, -1].log_softmax(-1)
    letters = [tokenizer.convert_tokens_to_ids(letter) for letter in LETTERS]
    return [float(spread[letters[place]]) for place in range(len(asked.choices))]


# ------------------------------------------------ what cannot be loaded or scored


def refuses(folder: Path, words: str) -> None:
    with pytest.raises(CheckpointInvalid, match=words):
        Scorer.load(folder)


def test_a_letter_of_several_tokens_is_refused(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.backend_tokenizer.normalizer = normalizers.Replace("J", "QQ")
    make_tiny_checkpoint(tmp_path, scoring="letter", tokenizer=tokenizer)
    refuses(tmp_path, "writes the letter J in 2 tokens")


def test_two_letters_of_one_token_are_refused(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.backend_tokenizer.normalizer = normalizers.Replace("D", "E")
    make_tiny_checkpoint(tmp_path, scoring="letter", tokenizer=tokenizer)
    refuses(tmp_path, "writes two letters alike")


def test_a_letter_glued_to_the_prompt_is_refused(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens([AddedToken("assistant\nC", normalized=False)])
    make_tiny_checkpoint(tmp_path, scoring="letter", tokenizer=tokenizer)
    refuses(tmp_path, "glues a letter to the end of the prompt")


@pytest.mark.parametrize("template", ["code-1", "reasoned-1"])
def test_a_template_that_asks_for_no_letter_does_not_fit(
    letter_checkpoint: Path, tmp_path: Path, template: str
) -> None:
    folder = Path(shutil.copytree(letter_checkpoint, tmp_path / "copied"))
    facts = folder / CHECKPOINT_FACTS_FILE
    facts.write_text(json.dumps({**json.loads(facts.read_text()), "template": template}))
    refuses(folder, f"letter scoring does not fit its template '{template}'")


def test_a_question_that_does_not_fit_is_unscored(letter_checkpoint: Path) -> None:
    long = Question(id="long", stem="x" * 2_100, choices=("a", "b"))
    short = a_set_of_questions()[0]
    first, second = Scorer.load(letter_checkpoint).score([long, short])
    assert first.unscored is not None
    assert "do not fit into 2048" in first.unscored
    assert (first.choice, first.option_mass) == (None, None)
    assert second.unscored is None


def test_a_prompt_as_long_as_the_context_fits(tmp_path: Path) -> None:
    question = a_set_of_questions()[0]
    make_tiny_checkpoint(tmp_path / "wide", scoring="letter", context_tokens=2_048)
    tokenizer = load_tokenizer(tmp_path / "wide")
    (message,) = LETTER_1(question, ())
    text = f"<|im_start|>user\n{message['content']}<|im_end|>\n<|im_start|>assistant\n"
    length = len(tokenizer(text, add_special_tokens=False)["input_ids"])
    for tokens, fits in ((length, True), (length - 1, False)):
        folder = tmp_path / str(tokens)
        make_tiny_checkpoint(folder, scoring="letter", context_tokens=tokens)
        (scored,) = Scorer.load(folder).score([question])
        assert (scored.unscored is None) == fits


def test_a_model_of_no_numbers_gives_no_answer(letter_checkpoint: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(letter_checkpoint, tmp_path / "copied"))
    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"][:] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (scored,) = Scorer.load(folder).score(a_set_of_questions()[:1])
    assert (scored.probabilities, scored.option_mass) == ((), None)
    assert scored.unscored is not None
    assert "not finite" in scored.unscored


# ------------------------------------------------ the numbers


@pytest.mark.parametrize("kind", ["qwen2", "qwen3", "llama"])
@pytest.mark.parametrize("batch_tokens", [64, 1_500, 100_000])
def test_equal_to_the_textbook_whatever_the_batches(
    tmp_path: Path, kind: str, batch_tokens: int
) -> None:
    make_tiny_checkpoint(tmp_path, scoring="letter", context_tokens=2_048, kind=kind)
    asked = a_set_of_questions()
    scored = Scorer.load(tmp_path).score(asked, batch_tokens=batch_tokens)
    letters = set()
    for question, one in zip(asked, scored, strict=True):
        nats = textbook(tmp_path, question)
        mass = math.fsum(math.exp(value) for value in nats)
        assert one.log_likelihoods == pytest.approx(nats, abs=1e-4)
        assert one.probabilities == pytest.approx([math.exp(n) / mass for n in nats], abs=1e-5)
        assert one.option_mass == pytest.approx(mass, abs=1e-6)
        assert one.choice == nats.index(max(nats))
        letters.add(one.letter)
    assert len(letters) > 1  # random weights that always said A would prove little


def test_one_by_one_and_together_are_the_same(letter_checkpoint: Path) -> None:
    scorer, asked = Scorer.load(letter_checkpoint), a_set_of_questions()
    together = scorer.score(asked, batch_tokens=1_000_000)
    for question, one in zip(asked, together, strict=True):
        (alone,) = scorer.score([question])
        assert one.probabilities == pytest.approx(alone.probabilities, abs=1e-5)
        assert one.option_mass == pytest.approx(alone.option_mass, abs=1e-5)


@pytest.mark.parametrize("count", range(2, 11))
def test_two_to_ten_choices(letter_checkpoint: Path, count: int) -> None:
    question = a_set_of_questions()[count - 2]
    (scored,) = Scorer.load(letter_checkpoint).score([question])
    assert len(scored.probabilities) == len(scored.log_likelihoods) == count
    assert math.fsum(scored.probabilities) == pytest.approx(1.0, abs=1e-12)
    assert scored.letter in LETTERS[:count]
    assert scored.option_mass is not None
    assert 0.0 < scored.option_mass < 1.0


def test_all_letters_alike_are_a_tie_that_the_first_wins(
    letter_checkpoint: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(letter_checkpoint, tmp_path / "copied"))
    weights = load_file(folder / "model.safetensors")
    weights["model.embed_tokens.weight"][:] = 0.0
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (scored,) = Scorer.load(folder).score([a_set_of_questions()[-1]])
    assert scored.letter == "A"
    assert scored.probabilities == pytest.approx([0.1] * 10)
    assert scored.option_mass == pytest.approx(10 / 259, abs=1e-6)


@pytest.mark.parametrize("shots", [0, 2])
def test_a_plain_prompt_is_read_after_the_token_of_beginning(tmp_path: Path, shots: int) -> None:
    """As Llama, Mistral and Gemma read a text that is no conversation."""
    tokenizer = opening_tokenizer("<|endoftext|> $A <|im_end|>")
    tokenizer.add_tokens([AddedToken(f" {letter}", normalized=False) for letter in LETTERS])
    make_tiny_checkpoint(tmp_path, scoring="letter", context_tokens=2_048, tokenizer=tokenizer)
    model = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float64).eval()
    solved = [one.model_copy(update={"answer": "B"}) for one in a_set_of_questions()]
    asked = solved[2:6]
    scorer = Scorer.load(tmp_path, template="mmlu-1")
    for question, one in zip(asked, scorer.score(asked, shots=solved[:shots]), strict=True):
        prompt = prompt_writer("mmlu-1")(question, solved[:shots])
        assert isinstance(prompt, Completion)
        ids = tokenizer(prompt.text)["input_ids"][:-1]
        assert ids[0] == tokenizer.convert_tokens_to_ids("<|endoftext|>")
        with torch.inference_mode():
            spread = model(input_ids=torch.tensor([ids])).logits[0, -1].log_softmax(-1)
        letters = ids_of(tokenizer, *(f" {letter}" for letter in LETTERS))[: len(question.choices)]
        assert one.log_likelihoods == pytest.approx(spread[list(letters)].tolist(), abs=1e-4)


# ------------------------------------------------ which token is a letter


def ids_of(tokenizer: Any, *tokens: str) -> tuple[int, ...]:
    return tuple(tokenizer.convert_tokens_to_ids(list(tokens)))


def test_after_chatml_a_letter_stands_alone() -> None:
    tokenizer = tiny_tokenizer()
    assert letter_tokens(tokenizer, LETTER_1) == LetterTokens((), ids_of(tokenizer, *LETTERS))


def test_where_a_space_precedes_the_reply_the_spaced_letters_count() -> None:
    tokenizer = tiny_tokenizer(BRACKETS)
    spaced = [f" {letter}" for letter in LETTERS]
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in spaced])
    assert letter_tokens(tokenizer, LETTER_1) == LetterTokens((), ids_of(tokenizer, *spaced))


def test_a_space_that_is_a_token_of_its_own_goes_before_every_letter() -> None:
    tokenizer = tiny_tokenizer(BRACKETS)
    expected = LetterTokens(ids_of(tokenizer, "Ġ"), ids_of(tokenizer, *LETTERS))
    assert letter_tokens(tokenizer, LETTER_1) == expected


def test_the_lead_is_read_before_the_letter(tmp_path: Path) -> None:
    """Scores are those right after the space, not right after the bracket."""
    make_tiny_checkpoint(
        tmp_path, scoring="letter", context_tokens=2_048, tokenizer=tiny_tokenizer(BRACKETS)
    )
    tokenizer, asked = load_tokenizer(tmp_path), a_set_of_questions()[1]
    model = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float64).eval()
    (message,) = LETTER_1(asked, ())
    ids = tokenizer(f"[INST] {message['content']} [/INST] ", add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([ids])).logits[0, -1]
    expected = logits[list(ids_of(tokenizer, "A", "B", "C"))].softmax(-1)
    (scored,) = Scorer.load(tmp_path).score([asked])
    assert scored.probabilities == pytest.approx(expected.tolist(), abs=1e-5)


@pytest.mark.parametrize("template", [THINKING, OTHERWISE])
def test_templates_that_write_more_than_chatml(template: str) -> None:
    tokenizer = tiny_tokenizer(template)
    assert letter_tokens(tokenizer, LETTER_1) == LetterTokens((), ids_of(tokenizer, *LETTERS))
