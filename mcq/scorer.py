"""The scorer: a probability for every choice of a question, from one forward pass.

How (``text`` or ``letter``) is a property of the checkpoint: ``mcq.scoring``. Here stand
what both share: loading, the context's length, the plan of a suite (what all prompts begin
with, batches of similar length), the order of the results. Knows nothing of MLflow, HTTP or
files of questions. No dropout, one thread pool as the process has it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Protocol

from contracts.digests import canonical_json, digest_of_bytes
from contracts.errors import CheckpointInvalid
from contracts.models import CheckpointFacts, ScoringMethod
from contracts.questions import Question
from mcq.checkpoint import check_digest, checkpoint_digest, read_facts
from mcq.model import (
    LanguageModel,
    Precision,
    load_tokenizer,
    usable_device,
    usable_precision,
)
from mcq.orders import Orders
from mcq.plans import batches_of, common_prefix, in_parts, size_of
from mcq.prompts import KNOWN, SCORED_AFTER, PromptWriter, prompt_writer
from mcq.scoring.letter import LetterScoring
from mcq.scoring.scored import Asked, Scored
from mcq.scoring.text import TextScoring

__all__ = ["DEFAULT_BATCH_TOKENS", "Prepared", "Reads", "Scored", "Scorer", "ScorerIdentity"]

DEFAULT_BATCH_TOKENS: Final = 8_192
# Raised whenever the same model gives other numbers for the same question.
SCORER_VERSION: Final = 4


class Method(Protocol):
    """A way of scoring: questions to tokens, and a batch of them to numbers."""

    def digests(
        self, questions: Sequence[Question], shots: Sequence[Question], orders: Orders
    ) -> list[str]: ...
    def encode(
        self, questions: Sequence[Question], shots: Sequence[Question], orders: Orders
    ) -> list[Asked]: ...
    def score(
        self, model: LanguageModel, batch: Sequence[Asked], prefix: Sequence[int]
    ) -> list[Scored]: ...


METHODS: Final[Mapping[ScoringMethod, Callable[[Any, PromptWriter], Method]]] = MappingProxyType(
    {"text": TextScoring, "letter": LetterScoring}
)


@dataclass(frozen=True)
class ScorerIdentity:
    """What decides the numbers of a question, beside what is asked (``Scorer.digests``): equal
    identities give equal answers, to the rounding of fp32. ``weights`` and ``tokenizer`` are
    digests; ``device`` is the kind of device where its rounding shows (bf16), else ``any``."""

    weights: str
    tokenizer: str
    template: str
    precision: Precision
    device: str = "any"
    scorer_version: int = SCORER_VERSION

    @property
    def digest(self) -> str:
        return digest_of_bytes(canonical_json(asdict(self)).encode())


@dataclass(frozen=True)
class Reads:
    """What a plan must know of a model beside its tokenizer: the longest row, in tokens, and
    whether rows may share what they begin with. Only the weights tell the latter
    (``mcq.model``): it is tried out on them."""

    context_tokens: int
    shares: bool


@dataclass(frozen=True)
class Prepared:
    """A suite as tokens, planned: the same on every machine for the same arguments.

    ``prefix`` are the tokens that all prompts begin with and that are read once;
    ``batches`` hold places of questions, ``unscored`` those that do not fit.
    ``tokens_read`` counts what the batches read without padding, ``tokens_padded`` with it.
    """

    asked: tuple[Asked, ...]
    prefix: tuple[int, ...]
    batches: tuple[tuple[int, ...], ...]
    unscored: Mapping[int, Scored]
    tokens_read: int
    tokens_padded: int


class Scorer:
    """A checkpoint that scores questions; its weights are read when the first is asked.
    Not thread-safe: one caller at a time."""

    def __init__(
        self,
        folder: Path,
        facts: CheckpointFacts,
        digest: str,
        *,
        template: str,
        precision: Precision,
        device: str,
    ) -> None:
        """Raises ``CheckpointInvalid`` when the model cannot be scored as ``facts`` say."""
        self.facts = facts
        self.digest = digest
        self._folder = folder
        self._precision = precision
        self._device = device
        self._tokenizer = load_tokenizer(folder)
        self._loaded: LanguageModel | None = None
        try:
            self._method = METHODS[facts.scoring](self._tokenizer, prompt_writer(template))
        except ValueError as error:
            raise CheckpointInvalid(folder, str(error)) from error
        kind = "any" if precision == "fp32" else device.partition(":")[0]
        self.identity = ScorerIdentity(digest, _tokenizer_digest(folder), template, precision, kind)

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        expected_digest: str | None = None,
        template: str | None = None,
        precision: Precision = "fp32",
        device: str = "cpu",
        lazy: bool = False,
    ) -> Scorer:
        """Open a checkpoint folder; no network, no remote code, safetensors only.

        ``template`` in place of the checkpoint's own, of the same scoring; ``device`` as torch
        names it, or ``auto``. ``lazy`` leaves the weights for the first question.
        Raises ``CheckpointInvalid`` for a folder that is not one or that cannot be scored as
        its facts say, ``DigestMismatch`` when ``expected_digest`` is given and a byte differs,
        ``BadParams`` for a device that is not there.
        """
        facts = read_facts(folder)
        name = template or facts.template
        if name not in KNOWN:
            raise CheckpointInvalid(folder, f"its template {name!r} is unknown here")
        if SCORED_AFTER.get(name) != facts.scoring:
            raise CheckpointInvalid(
                folder, f"{facts.scoring} scoring does not fit its template {name!r}"
            )
        device = usable_device(device)
        digest = (
            check_digest(folder, expected_digest) if expected_digest else checkpoint_digest(folder)
        )
        scorer = cls(
            folder,
            facts,
            digest,
            template=name,
            precision=usable_precision(precision, device),
            device=device,
        )
        if not lazy:
            scorer.model  # noqa: B018  # reads the weights
        return scorer

    @property
    def model(self) -> LanguageModel:
        if self._loaded is None:
            self._loaded = LanguageModel.load(
                self._folder, precision=self._precision, device=self._device
            )
        return self._loaded

    @property
    def reads(self) -> Reads:
        """Reads the weights."""
        return Reads(self.model.context_tokens, self.model.shares)

    def digests(
        self,
        questions: Sequence[Question],
        *,
        shots: Sequence[Question] = (),
        orders: Orders = "single",
    ) -> list[str]:
        """Of what the model would be asked by each question now: its prompt as text, which a
        chat template writes (some write the day's date), and its choices. Reads no weights and
        makes no tokens. An answer's own is in ``Scored.asked``."""
        return self._method.digests(questions, shots, orders)

    def release(self) -> None:
        """Give the weights' memory back; the next question reads them again."""
        self._loaded = None

    def score(
        self,
        questions: Sequence[Question],
        *,
        shots: Sequence[Question] = (),
        orders: Orders = "single",
        batch_tokens: int = DEFAULT_BATCH_TOKENS,
        progress: Callable[[int], None] = lambda _done: None,
        on_batch: Callable[[Sequence[int], Sequence[Scored]], None] = lambda _places, _scored: None,
    ) -> list[Scored]:
        """A ``Scored`` for each question, in order.

        ``shots`` are shown with their answers before each question; ``orders`` is how often a
        question is asked by letter. ``batch_tokens`` bounds the padded tokens of one forward
        pass; a question of more goes by itself, in parts down to a row. ``progress`` hears how
        many questions are done, ``on_batch`` the places and answers of each batch. The numbers
        do not depend on the batching beyond the rounding of the precision.
        """
        prepared = self.prepare(questions, shots=shots, orders=orders, batch_tokens=batch_tokens)
        results = dict(prepared.unscored)
        if results:
            on_batch(list(results), list(results.values()))
        for batch in prepared.batches:
            scored = self.score_batch(prepared, batch)
            results.update(zip(batch, scored, strict=True))
            on_batch(batch, scored)
            progress(len(results))
        return [results[place] for place in range(len(questions))]

    def prepare(
        self,
        questions: Sequence[Question],
        *,
        shots: Sequence[Question] = (),
        orders: Orders = "single",
        batch_tokens: int = DEFAULT_BATCH_TOKENS,
        reads: Reads | None = None,
    ) -> Prepared:
        """Questions as tokens (one call of the tokenizer) and the plan of their batches. With
        what another scorer of the same identity ``reads`` no weights are read here."""
        reads = reads or self.reads
        encoded, unscored = self.encode(questions, shots=shots, orders=orders, reads=reads)
        fitting = [place for place in range(len(encoded)) if place not in unscored]
        shares = reads.shares
        prefix = common_prefix([encoded[place] for place in fitting]) if shares else ()
        if shares:
            for place in fitting:
                encoded[place] = in_parts(encoded[place], len(prefix), batch_tokens)
        sizes = {place: size_of(encoded[place], len(prefix), shares=shares) for place in fitting}
        # Similar lengths together: less padding. Sorting is stable, so batches are too.
        fitting.sort(key=lambda place: sizes[place].longest)
        batches = batches_of(fitting, sizes, batch_tokens)
        return Prepared(
            tuple(encoded),
            prefix,
            batches,
            MappingProxyType(unscored),
            tokens_read=sum(size.tokens for size in sizes.values()),
            tokens_padded=sum(
                max(sizes[place].longest for place in batch)
                * sum(sizes[place].rows for place in batch)
                for batch in batches
            ),
        )

    def encode(
        self,
        questions: Sequence[Question],
        *,
        shots: Sequence[Question] = (),
        orders: Orders = "single",
        reads: Reads | None = None,
    ) -> tuple[list[Asked], dict[int, Scored]]:
        """Questions as tokens, and by their places those that do not fit into the context (of
        what another scorer of the same identity ``reads``, or this one)."""
        reads = reads or self.reads
        encoded = self._method.encode(questions, shots, orders)
        unscored: dict[int, Scored] = {}
        for place, asked in enumerate(encoded):
            if asked.longest > reads.context_tokens:
                reason = f"{asked.longest} tokens do not fit into {reads.context_tokens}"
                unscored[place] = Scored((), (), reason, asked=asked.digest)
        return encoded, unscored

    def score_batch(self, prepared: Prepared, batch: Sequence[int]) -> list[Scored]:
        """One forward pass: a ``Scored`` for each place of ``batch``."""
        return self.score_encoded([prepared.asked[place] for place in batch], prepared.prefix)

    def score_encoded(self, asked: Sequence[Asked], prefix: Sequence[int] = ()) -> list[Scored]:
        """One forward pass over questions as tokens, all of whose prompts begin with ``prefix``
        and go on: a ``Scored`` for each."""
        scored = self._method.score(self.model, asked, prefix)
        return [replace(one, asked=own.digest) for one, own in zip(scored, asked, strict=True)]


def _tokenizer_digest(folder: Path) -> str:
    """Of the files that turn a conversation into tokens."""
    found = hashlib.sha256()
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        path = folder / name
        found.update(name.encode() + (path.read_bytes() if path.is_file() else b""))
    return f"sha256:{found.hexdigest()}"
