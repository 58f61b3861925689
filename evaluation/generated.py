"""Answers in words: a suite under the *generate* protocol, and explanations.

Under the protocol the model writes a reply and its letter is parsed (CodeMMLU,
arXiv:2410.01999). A reply without a letter is *unparsed*: counted by itself, never wrong
and never dropped. An explanation is a reply to ``reasoned-1``, written after the question was
scored; whether its letter is the scored one says whether the model can be taken at its
word. What a store of replies holds is not written again. Knows no MLflow; who writes, and
where replies are kept, are arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from contracts.digests import canonical_json, digest_of_bytes
from contracts.errors import BadInput, CannotWrite
from contracts.questions import LETTERS, Question
from contracts.verdicts import (
    ExplanationAgreement,
    GenerationFacts,
    Interval,
    QuestionRecord,
    TrainingResult,
)
from contracts.written import WrittenReply
from evaluation.defaults import LEVEL
from evaluation.reply_store import ReplyStore
from evaluation.samples import sample_faults
from evaluation.suite import Suite
from mcq.generating import (
    DEFAULT_PROMPTING,
    EXPLAINED_BY,
    NEVER_WROTE,
    PLAIN_PROMPTING,
    PROMPTINGS,
    Prompting,
    Written,
    checked_prompt,
)
from mcq.parsing import READER_VERSION, letter_of
from mcq.published import published_letter
from stats.intervals import wilson

REPLIES: Final = "replies.jsonl"
GENERATION: Final = "generation.json"
EXPLANATIONS: Final = "explanations.jsonl"

Progress = Callable[[int], None]


class Writer(Protocol):
    """What is asked of a generator (``mcq.generation.Generator``)."""

    @property
    def tokenizer(self) -> Any: ...

    def write(
        self,
        prompts: Sequence[str],
        *,
        max_new_tokens: int,
        batch_tokens: int,
        stops: tuple[str, ...],
        plain: bool,
        on_batch: Callable[[Sequence[int], Sequence[Written]], None],
    ) -> list[Written]: ...


@dataclass(frozen=True)
class Limits:
    """``max_new_tokens`` of a reply; ``batch_tokens`` of a batch, prompts and replies."""

    max_new_tokens: int
    batch_tokens: int


def check_writes(training: TrainingResult, deed: str) -> None:
    """Raises ``CannotWrite`` for a model from scratch: nothing but prompts without choices and
    the text of right choices was in its training, so no letter can come of it."""
    if training.method == "scratch":
        raise CannotWrite(deed, NEVER_WROTE)


def check_asks(tokenizer: Any, name: str, questions: Sequence[Question], deed: str) -> None:
    """Build one prompt of the prompting ``name``, so that a checkpoint that cannot be asked so
    is refused before any work. Raises ``CannotWrite``."""
    for question in questions[:1]:
        checked_prompt(
            tokenizer,
            name,
            question,
            deed,
            mend="Score it, or ask it in plain text: declare a suite of the protocol generate with"
            f" template {PLAIN_PROMPTING}.",
        )


def prompting_of(suite: Suite) -> tuple[str, Prompting]:
    """How a suite of the protocol is asked, and its name. Raises ``BadInput`` for a template
    that asks for no letter, and for shots: these prompts show none."""
    name = suite.template or DEFAULT_PROMPTING
    if name not in PROMPTINGS:
        raise BadInput(
            f"suite {suite.name}: template {name!r} is none of the protocol generate.",
            mend=f"Take one of {', '.join(sorted(PROMPTINGS))}.",
        )
    if suite.shots.every:
        raise BadInput(
            f"suite {suite.name} shows {suite.shots.count} questions first, and the protocol"
            " generate shows none.",
            mend="Leave out shots and shots_count.",
        )
    return name, PROMPTINGS[name]


# ------------------------------------------------------------------------- replies


def write_replies(
    writer: Writer,
    questions: Sequence[Question],
    prompting: Prompting,
    limits: Limits,
    progress: Progress = lambda _done: None,
    store: ReplyStore | None = None,
) -> list[WrittenReply]:
    """A parsed reply to each question, in order: from ``store``, and from the writer for the
    rest, each batch stored before ``progress`` hears how many are done. With all in the store
    the writer is not asked."""
    prompts = [prompting.prompt(writer.tokenizer, question) for question in questions]
    found = {} if store is None else store.known(prompts)
    missing = [place for place in range(len(prompts)) if place not in found]
    done = len(found)
    progress(done)

    def on_batch(batch: Sequence[int], written: Sequence[Written]) -> None:
        nonlocal done
        if store is not None:
            store.add([prompts[missing[place]] for place in batch], written)
        done += len(batch)
        progress(done)

    if missing:
        written = writer.write(
            [prompts[place] for place in missing],
            max_new_tokens=limits.max_new_tokens,
            batch_tokens=limits.batch_tokens,
            stops=prompting.stops,
            plain=prompting.plain is not None,
            on_batch=on_batch,
        )
        found.update(zip(missing, written, strict=True))
    return [_parsed(question, found[place], prompting) for place, question in enumerate(questions)]


def _parsed(question: Question, written: Written, prompting: Prompting) -> WrittenReply:
    text = written.text
    return WrittenReply(
        id=question.id,
        text=text,
        tokens=written.tokens,
        ended=written.ended,
        letter=None if text is None else letter_of(text, len(question.choices)),
        published=published_letter(text) if prompting.published and text is not None else None,
        unanswered=written.unanswered,
    )


def replies_text(replies: Iterable[WrittenReply]) -> str:
    """One line of canonical JSON a reply."""
    return "".join(canonical_json(reply.model_dump(mode="json")) + "\n" for reply in replies)


# ------------------------------------------------------------------- the protocol


def record_of_reply(question: Question, reply: WrittenReply) -> QuestionRecord:
    """No probabilities and no confidence: the model wrote one letter, or none."""
    if question.answer is None:
        raise ValueError(f"question {question.id} does not know its answer")
    letter = reply.letter
    wrong = letter is not None and letter != question.answer
    return QuestionRecord(
        id=question.id,
        family=question.family,
        difficulty=question.difficulty,
        gold=question.answer,
        letter=letter,
        correct=None if letter is None else letter == question.answer,
        confidence=None,
        probabilities=(),
        misconception=(
            question.misconceptions[LETTERS.index(letter)]
            if wrong and letter is not None and question.misconceptions
            else None
        ),
        kind=question.kind,
    )


def generate_suite(
    writer: Writer,
    suite: Suite,
    limits: Limits,
    progress: Progress = lambda _done: None,
    store: ReplyStore | None = None,
) -> tuple[tuple[QuestionRecord, ...], list[WrittenReply]]:
    """A record and a reply a question, in the suite's order. Raises as ``prompting_of``."""
    _, prompting = prompting_of(suite)
    replies = write_replies(writer, suite.questions, prompting, limits, progress, store)
    records = tuple(
        record_of_reply(question, reply)
        for question, reply in zip(suite.questions, replies, strict=True)
    )
    return records, replies


def generation_facts(
    suite: Suite, replies: Sequence[WrittenReply], max_new_tokens: int
) -> GenerationFacts:
    """What became of the replies."""
    _, prompting = prompting_of(suite)
    published = [
        reply.published == question.answer
        for question, reply in zip(suite.questions, replies, strict=True)
        if prompting.published and reply.text is not None
    ]
    return GenerationFacts(
        max_new_tokens=max_new_tokens,
        unparsed=sum(one.text is not None and one.letter is None for one in replies),
        unanswered=sum(one.text is None for one in replies),
        cut=sum(one.ended == "length" for one in replies),
        reply_tokens=sum(one.tokens for one in replies),
        replies_digest=digest_of_bytes(replies_text(replies).encode()),
        as_published=_wilson(sum(published), len(published)) if published else None,
        reader_version=READER_VERSION,
    )


# -------------------------------------------------------------------- explanations


def explain(
    writer: Writer,
    suite: Suite,
    records: Sequence[QuestionRecord],
    count: int,
    limits: Limits,
    progress: Progress = lambda _done: None,
    store: ReplyStore | None = None,
) -> tuple[ExplanationAgreement, list[WrittenReply]]:
    """Explanations of the first ``count`` questions, against the letters of ``records``."""
    questions, scored = suite.questions[:count], records[:count]
    replies = write_replies(writer, questions, PROMPTINGS[EXPLAINED_BY], limits, progress, store)
    pairs = list(zip(scored, replies, strict=True))
    possible = [
        (record, reply)
        for record, reply in pairs
        if record.letter is not None and reply.text is not None
    ]
    compared = [(record, reply) for record, reply in possible if reply.letter is not None]
    agreed = sum(record.letter == reply.letter for record, reply in compared)
    agreement = ExplanationAgreement(
        template=EXPLAINED_BY,
        questions=len(pairs),
        compared=len(compared),
        agreed=agreed,
        unparsed=len(possible) - len(compared),
        unscored=len(pairs) - len(possible),
        rate=_wilson(agreed, len(compared)) if compared else None,
    )
    return agreement, replies


def _wilson(successes: int, trials: int) -> Interval:
    with sample_faults():
        estimate, lower, upper = wilson(successes, trials, LEVEL)
    return Interval(estimate=estimate, lower=lower, upper=upper, level=LEVEL)
