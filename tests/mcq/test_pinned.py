"""Questions one by one, after a prefix that stays read: the scorer's own numbers."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from contracts.errors import QuestionNotScored
from contracts.models import CHECKPOINT_FACTS_FILE, CheckpointFacts, ScoringMethod
from contracts.questions import Question
from mcq.pinned import PinnedScorer
from mcq.scorer import Scored, Scorer
from tests.checkpoints import CHATML, make_tiny_checkpoint, tiny_tokenizer

SYSTEM = "<|im_start|>system\nYou answer questions about code.<|im_end|>\n"
WAYS: tuple[ScoringMethod, ...] = ("text", "letter")


def questions(count: int = 14) -> list[Question]:
    """Of many lengths, with and without code, two to six choices."""
    return [
        Question(
            id=str(number),
            stem=f"{'Which? ' * (1 + number % 3)}What does it print?",
            code=None if number % 4 == 0 else f"print({'1 + ' * (2 * number)}{number})",
            choices=tuple(f"{number}{' and more' * step}" for step in range(2 + number % 5)),
        )
        for number in range(count)
    ]


@pytest.fixture(
    scope="module", params=list(itertools.product(WAYS, ("qwen2", "llama"))), ids="-".join
)
def scorer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scorer:
    """A chat template that says something before every question."""
    scoring, kind = request.param
    folder = tmp_path_factory.mktemp(kind) / "checkpoint"
    make_tiny_checkpoint(
        folder,
        scoring=scoring,
        kind=kind,
        context_tokens=1_024,
        tokenizer=tiny_tokenizer(SYSTEM + CHATML),
    )
    return Scorer.load(folder)


def same(ours: list[Scored], theirs: list[Scored]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        assert one.letter == other.letter
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-4)
        assert one.log_likelihoods == pytest.approx(other.log_likelihoods, abs=1e-3)
        assert one.asked == other.asked


@pytest.mark.parametrize("pin", [True, False])
@pytest.mark.parametrize("together", [1, 3, 14])
def test_answers_are_those_of_the_offline_scorer(scorer: Scorer, pin: bool, together: int) -> None:
    asked = questions()
    offline = scorer.score(asked)
    pinned = PinnedScorer(scorer, pin=pin)
    assert bool(pinned.prefix) == pin
    mixed = list(enumerate(asked))
    random.Random(7).shuffle(mixed)
    online: dict[int, Scored] = {}
    for start in range(0, len(mixed), together):
        part = mixed[start : start + together]
        scored = pinned.score([pinned.encode(question) for _, question in part])
        online.update(zip((place for place, _ in part), scored, strict=True))
    same([online[place] for place in range(len(asked))], offline)


def test_the_prefix_is_what_the_template_says_before_a_question(scorer: Scorer) -> None:
    prefix = PinnedScorer(scorer).prefix
    assert scorer.model.tokenizer.decode(prefix) == SYSTEM + "<|im_start|>user\n"


def test_the_prefix_is_read_once(scorer: Scorer) -> None:
    pinned = PinnedScorer(scorer)
    read: list[int] = []
    hook = scorer.model.decoder.register_forward_pre_hook(
        lambda _decoder, _args, given: read.append(given["input_ids"].shape[1]), with_kwargs=True
    )
    encoded = [pinned.encode(question) for question in questions(5)]
    try:
        pinned.scorer.score(questions(1))  # without the prefix, which must outlast it
        for one in encoded:
            pinned.score([one])
    finally:
        hook.remove()
    after = [one.size.tokens for one in encoded]
    assert read[1:] in (after, [len(pinned.prefix), *after])


def test_what_does_not_begin_with_the_prefix_is_read_whole(scorer: Scorer) -> None:
    """As where a tokenizer glues the prefix's end to what a question begins with."""
    asked = questions(6)
    offline = scorer.score(asked)
    pinned = PinnedScorer(scorer)
    usual = [pinned.encode(question) for question in asked[:3]]
    pinned.prefix = (*pinned.prefix[:-1], pinned.prefix[-1] + 1)
    odd = [pinned.encode(question) for question in asked[3:]]
    assert all(one.prefix for one in usual)
    assert not any(one.prefix for one in odd)
    same(pinned.score([*usual, *odd]), offline)
    # Of those that wait, only those with the first one's prefix are read with it.
    assert set(pinned.choose([odd[0], *usual, *odd[1:]])) <= {0, 4, 5}


def test_a_prompt_that_is_the_prefix_alone_is_read_whole(scorer: Scorer) -> None:
    """Its last token predicts the answer."""
    pinned = PinnedScorer(scorer)
    question = questions(1)[0]
    (asked,), _ = scorer.encode([question])
    pinned.prefix = tuple(asked.rows[0].prompt)
    assert pinned.encode(question).prefix == ()


def test_what_does_not_fit_is_told(scorer: Scorer) -> None:
    long = Question(id="x", stem="x" * 2_000, choices=("a", "b"))
    with pytest.raises(QuestionNotScored, match="do not fit into 1024"):
        PinnedScorer(scorer).encode(long)


def test_a_model_that_cannot_share_has_no_prefix(tmp_path: Path) -> None:
    make_tiny_checkpoint(
        tmp_path / "m", scoring="letter", context_tokens=1_024, tokenizer=tiny_tokenizer()
    )
    scorer = Scorer.load(tmp_path / "m")
    offline = scorer.score(questions())
    scorer.model.shares = False
    pinned = PinnedScorer(scorer)
    assert pinned.prefix == ()
    encoded = [pinned.encode(question) for question in questions()]
    assert all(one.size.rows == len(one.asked.rows) for one in encoded)
    same(pinned.score(encoded), offline)


def test_a_plain_prompt_has_its_heading_as_prefix(tmp_path: Path) -> None:
    make_tiny_checkpoint(tmp_path / "m", scoring="letter", context_tokens=1_024)
    facts = CheckpointFacts(profile="tiny", scoring="letter", template="mmlu-1")
    (tmp_path / "m" / CHECKPOINT_FACTS_FILE).write_text(facts.model_dump_json())
    scorer = Scorer.load(tmp_path / "m")
    pinned = PinnedScorer(scorer)
    heading = "The following are multiple choice questions (with answers).\n\n"
    assert scorer.model.tokenizer.decode(pinned.prefix) == heading
    same(
        pinned.score([pinned.encode(question) for question in questions()]),
        scorer.score(questions()),
    )
