"""Replies are the model's greedy ones, whatever stands beside them in a batch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import CannotWrite, CheckpointInvalid, DigestMismatch
from mcq.generating import Piece, Written
from mcq.generation import Generator
from mcq.model import load_tokenizer, load_weights
from mcq.scorer import Scorer
from tests.chains import END, make_chain_checkpoint
from tests.checkpoints import make_tiny_checkpoint, opening_tokenizer, tiny_tokenizer

PROMPTS = ["a", "What does print(3) say?", "x = [1, 2]\nprint(x)\n", "zz top", "def f():"]


def texts(written: Sequence[Written]) -> list[str | None]:
    return [one.text for one in written]


def greedy(folder: Path, prompt: str, new_tokens: int, *, plain: bool = False) -> str:
    """As transformers' own ``generate`` writes it, a prompt at a time."""
    model, tokenizer = load_weights(folder), load_tokenizer(folder)
    given = tokenizer(prompt, add_special_tokens=plain, return_tensors="pt")
    ids = model.generate(
        input_ids=given["input_ids"],
        attention_mask=given["attention_mask"],
        max_new_tokens=new_tokens,
        do_sample=False,
    )
    reply = ids[0, given["input_ids"].shape[1] :]
    return str(tokenizer.decode(reply, skip_special_tokens=True))


@pytest.mark.parametrize("kind", ["qwen2", "qwen3", "llama"])
def test_replies_are_those_of_transformers(tmp_path: Path, kind: str) -> None:
    make_tiny_checkpoint(tmp_path, kind=kind, scoring="letter", context_tokens=512)
    generator = Generator.load(tmp_path)
    wanted = [greedy(tmp_path, prompt, 24) for prompt in PROMPTS]
    assert len(set(wanted)) > 1, "the prompts must not all get one reply"
    for batch_tokens in (1, 150, 10_000):
        written = generator.write(PROMPTS, max_new_tokens=24, batch_tokens=batch_tokens)
        assert texts(written) == wanted


@pytest.mark.parametrize("plain", [True, False])
def test_a_plain_prompt_begins_as_the_tokenizer_begins_a_text(tmp_path: Path, plain: bool) -> None:
    tokenizer = opening_tokenizer("<|endoftext|> $A")
    make_tiny_checkpoint(tmp_path, scoring="letter", context_tokens=512, tokenizer=tokenizer)
    wanted = [greedy(tmp_path, prompt, 24, plain=plain) for prompt in PROMPTS]
    assert wanted != [greedy(tmp_path, prompt, 24, plain=not plain) for prompt in PROMPTS]
    written = Generator.load(tmp_path).write(
        PROMPTS, max_new_tokens=24, batch_tokens=150, plain=plain
    )
    assert texts(written) == wanted


@pytest.fixture
def chain(tmp_path: Path) -> Generator:
    """After x: B and the end. After y: 1 to 9 and the end. After z: z for ever. After q: a
    reply, and then a question of its own."""
    follows = {"x": "B", "B": END, "z": "z", "y": "1", "9": END}
    follows |= {str(one): str(one + 1) for one in range(1, 9)}
    follows |= {"q": "C", "C": "\n", "\n": "Q", "Q": ":", ":": "k", "k": "k"}
    make_chain_checkpoint(tmp_path, follows, context_tokens=40)
    return Generator.load(tmp_path)


def test_each_row_ends_by_itself_and_leaves_the_batch(chain: Generator) -> None:
    rows: list[int] = []

    def seen(_module: Any, _args: Any, given: dict[str, Any]) -> None:
        rows.append(given["input_ids"].shape[0])

    chain._model.register_forward_pre_hook(seen, with_kwargs=True)
    prompts = ["long x", "y", "z", "x"]
    written = chain.write(prompts, max_new_tokens=12, batch_tokens=1_000)
    assert texts(written) == ["B", "123456789", "z" * 12, "B"]
    assert [one.ended for one in written] == ["end", "end", "length", "end"]
    assert [one.tokens for one in written] == [1, 9, 12, 1]
    # Four rows read the prompt and a token; two are left until 9, one until the limit.
    assert rows == [4] * 2 + [2] * 8 + [1] * 2


def test_a_reply_is_cut_where_a_question_of_its_own_begins(chain: Generator) -> None:
    written = chain.write(["q", "x"], max_new_tokens=30, batch_tokens=1_000, stops=("\nQ:",))
    assert texts(written) == ["C", "B"]
    assert [one.ended for one in written] == ["stop", "end"]
    assert written[0].tokens == 4


def test_the_context_bounds_a_reply_and_a_prompt_without_room_is_told(chain: Generator) -> None:
    heard: list[int] = []
    written = chain.write(
        ["z" * 40, "z" * 39, "z" * 30, ""],
        max_new_tokens=20,
        batch_tokens=1_000,
        on_batch=lambda places, _written: heard.extend(places),
    )
    assert [one.tokens for one in written] == [0, 1, 10, 0]
    assert [one.ended for one in written] == [None, "length", "length", None]
    assert written[0].text is None
    assert written[0].unanswered == "40 tokens leave no room for a reply in 40"
    assert sorted(heard) == [0, 1, 2, 3]


def test_batches_keep_to_their_tokens(chain: Generator) -> None:
    batches: list[tuple[int, ...]] = []
    chain.write(
        ["x", "x" * 10, "x" * 2, "x" * 3, "x" * 30],
        max_new_tokens=5,
        batch_tokens=24,
        on_batch=lambda places, _written: batches.append(tuple(places)),
    )
    # Shortest first; three rows of 3 + 5 tokens are 24, and one too long goes alone.
    assert batches == [(0, 2, 3), (1,), (4,)]


def test_nothing_to_write_gives_nothing(chain: Generator) -> None:
    assert chain.write([], max_new_tokens=5, batch_tokens=10) == []


def test_changed_bytes_and_no_checkpoint_are_refused(tmp_path: Path) -> None:
    digest = make_chain_checkpoint(tmp_path / "chain", {"x": "B"})
    assert Generator.load(tmp_path / "chain", expected_digest=digest).digest == digest
    (tmp_path / "chain" / "config.json").open("a").write("\n")
    with pytest.raises(DigestMismatch):
        Generator.load(tmp_path / "chain", expected_digest=digest)
    with pytest.raises(CheckpointInvalid):
        Generator.load(tmp_path / "none")


def test_weights_are_read_for_the_first_prompt(tmp_path: Path) -> None:
    digest = make_chain_checkpoint(tmp_path, {"x": "B", "B": END})
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(DigestMismatch):
        Generator.load(tmp_path, expected_digest=digest, lazy=True)
    generator = Generator.load(tmp_path, lazy=True)
    assert generator.write([], max_new_tokens=5, batch_tokens=10) == []
    with pytest.raises(CheckpointInvalid):
        generator.write(["x"], max_new_tokens=5, batch_tokens=10)
    with pytest.raises(CheckpointInvalid):
        Generator.load(tmp_path)


def test_a_checkpoint_that_cannot_end_is_refused_before_its_weights_are_read(
    tmp_path: Path,
) -> None:
    make_chain_checkpoint(tmp_path, {"x": "B"})
    for name, without in (
        ("tokenizer_config.json", {"eos_token": None}),
        ("config.json", {"eos_token_id": None}),
        ("generation_config.json", {"eos_token_id": None}),
    ):
        path = tmp_path / name
        path.write_text(json.dumps({**json.loads(path.read_text()), **without}))
    with pytest.raises(CheckpointInvalid, match="no end of turn"):
        Generator.load(tmp_path, lazy=True)


# ------------------------------------------------------------------ piece by piece


def told(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


@pytest.mark.parametrize("kind", ["qwen2", "qwen3", "llama"])
def test_a_streamed_reply_is_the_one_that_is_written(tmp_path: Path, kind: str) -> None:
    make_tiny_checkpoint(tmp_path, kind=kind, scoring="letter", context_tokens=512)
    generator = Generator.load(tmp_path)
    for prompt in [*PROMPTS, "x = [1, 2]\n" * 20]:
        (written,) = generator.write([prompt], max_new_tokens=24, batch_tokens=1)
        pieces = list(generator.stream(prompt, max_new_tokens=24))
        assert told(pieces) == written.text
        assert [piece.ended for piece in pieces if piece.ended] == [written.ended]
        assert pieces[-1].ended


def test_each_step_writes_a_token_and_the_prompt_is_read_in_parts(chain: Generator) -> None:
    read: list[int] = []

    def seen(_module: Any, _args: Any, given: dict[str, Any]) -> None:
        read.append(given["input_ids"].shape[1])

    chain._model.register_forward_pre_hook(seen, with_kwargs=True)
    pieces = chain.stream("y", max_new_tokens=20)
    assert next(pieces) == Piece("1")
    assert read == [1]
    assert list(pieces) == [*(Piece(str(one)) for one in range(2, 10)), Piece("", "end")]
    assert read == [1] * 10


def test_a_long_prompt_is_read_in_parts(tmp_path: Path) -> None:
    make_chain_checkpoint(tmp_path, {"x": "B", "B": END})
    generator = Generator.load(tmp_path)
    read: list[int] = []

    def seen(_module: Any, _args: Any, given: dict[str, Any]) -> None:
        read.append(given["input_ids"].shape[1])

    generator._model.register_forward_pre_hook(seen, with_kwargs=True)
    assert told(list(generator.stream("z" * 149 + "x", max_new_tokens=5))) == "B"
    assert read == [64, 64, 22, 1]
    read.clear()
    assert told(list(generator.stream("z" * 63 + "x", max_new_tokens=5))) == "B"
    assert read == [64, 1]


def test_a_stream_ends_at_the_limit_and_at_the_end_of_the_context(chain: Generator) -> None:
    pieces = list(chain.stream("z", max_new_tokens=3))
    assert [piece.ended for piece in pieces] == [None, None, "length"]
    assert len(list(chain.stream("z" * 36, max_new_tokens=99))) == 4
    with pytest.raises(CannotWrite, match="40 tokens leave no room for a reply in 40"):
        chain.stream("z" * 40, max_new_tokens=3)
    with pytest.raises(CannotWrite):
        chain.stream("", max_new_tokens=3)


def test_who_stops_asking_has_stopped_the_writing(chain: Generator) -> None:
    steps: list[int] = []
    chain._model.register_forward_pre_hook(lambda *_: steps.append(1))
    pieces = chain.stream("z", max_new_tokens=30)
    for _ in range(3):
        next(pieces)
    assert len(steps) == 3


def test_two_streams_that_take_turns_do_not_disturb_each_other(chain: Generator) -> None:
    first, second = (chain.stream(prompt, max_new_tokens=9) for prompt in ("y", "z"))
    turns = [(next(first), next(second)) for _ in range(9)]
    assert told([one for one, _ in turns]) == "123456789"
    assert told([one for _, one in turns]) == "z" * 9


def test_a_characters_bytes_are_told_together(tmp_path: Path) -> None:
    """The tokenizer has a token a byte; the reply's bytes are a chain of their own."""
    letters = "\u00e9"
    tokenizer = tiny_tokenizer()
    first, second = tokenizer(letters, add_special_tokens=False)["input_ids"]
    make_chain_checkpoint(tmp_path, {"x": first, first: second, second: END})
    pieces = list(Generator.load(tmp_path).stream("x", max_new_tokens=9))
    assert [piece.text for piece in pieces] == ["", letters, ""]


def test_weights_are_shared_with_a_scorer(tmp_path: Path) -> None:
    digest = make_chain_checkpoint(tmp_path, {"x": "B", "B": END})
    scorer = Scorer.load(tmp_path)
    (tmp_path / "model.safetensors").unlink()  # what is read is mapped: never overwrite it
    (tmp_path / "model.safetensors").write_bytes(b"they are not read again")
    generator = Generator.sharing(scorer.model, tmp_path, digest)
    assert told(list(generator.stream("x", max_new_tokens=5))) == "B"
    assert generator._model is scorer.model.weights
    assert (generator.digest, generator.precision) == (digest, "fp32")
