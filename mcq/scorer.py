"""The scorer: a probability for every choice of a question, from one forward pass.

How (``text`` or ``letter``) is a property of the checkpoint: ``mcq.scoring``. Here stand
what both share: loading, the context's length, batches of similar length, the order of the
results. Knows nothing of MLflow, HTTP or files of questions. fp32, no dropout, one thread
pool as the process has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

from contracts.errors import CheckpointInvalid
from contracts.models import CheckpointFacts, ScoringMethod
from contracts.questions import Question
from mcq.checkpoint import check_digest, checkpoint_digest, read_facts
from mcq.model import LanguageModel
from mcq.prompts import SCORED_AFTER, TEMPLATES, Template
from mcq.scoring.letter import LetterScoring
from mcq.scoring.scored import Asked, Scored
from mcq.scoring.text import TextScoring

__all__ = ["DEFAULT_BATCH_TOKENS", "Scored", "Scorer"]

DEFAULT_BATCH_TOKENS: Final = 8_192


class Method(Protocol):
    """A way of scoring: questions to tokens, and a batch of them to numbers."""

    def encode(self, questions: Sequence[Question]) -> list[Asked]: ...
    def score(self, batch: Sequence[Asked]) -> list[Scored]: ...


METHODS: Final[Mapping[ScoringMethod, Callable[[LanguageModel, Template], Method]]] = (
    MappingProxyType({"text": TextScoring, "letter": LetterScoring})
)


class Scorer:
    """A loaded checkpoint that scores questions. Not thread-safe: one caller at a time."""

    def __init__(self, model: LanguageModel, facts: CheckpointFacts, digest: str) -> None:
        """Raises ``ValueError`` when the model cannot be scored as ``facts`` say."""
        self._model = model
        self._method = METHODS[facts.scoring](model, TEMPLATES[facts.template])
        self.facts = facts
        self.digest = digest

    @classmethod
    def load(cls, folder: Path, *, expected_digest: str | None = None) -> Scorer:
        """Load a checkpoint folder; no network, no remote code, safetensors only.

        Raises ``CheckpointInvalid`` for a folder that is not one or that cannot be scored as
        its facts say, ``DigestMismatch`` when ``expected_digest`` is given and a byte differs.
        """
        facts = read_facts(folder)
        if facts.template not in TEMPLATES:
            raise CheckpointInvalid(folder, f"its template {facts.template!r} is unknown here")
        if SCORED_AFTER.get(facts.template) != facts.scoring:
            raise CheckpointInvalid(
                folder, f"{facts.scoring} scoring does not fit its template {facts.template!r}"
            )
        digest = (
            check_digest(folder, expected_digest) if expected_digest else checkpoint_digest(folder)
        )
        model = LanguageModel.load(folder)
        try:
            return cls(model, facts, digest)
        except ValueError as error:
            raise CheckpointInvalid(folder, str(error)) from error

    def score(
        self,
        questions: Sequence[Question],
        *,
        batch_tokens: int = DEFAULT_BATCH_TOKENS,
        progress: Callable[[int], None] = lambda _done: None,
    ) -> list[Scored]:
        """A ``Scored`` for each question, in order.

        ``batch_tokens`` bounds the padded tokens of one forward pass (one question's rows
        always go together). ``progress`` hears how many questions are done. The numbers do
        not depend on the batching beyond the rounding of fp32.
        """
        encoded = self._method.encode(questions)
        results: dict[int, Scored] = {}
        fitting: list[int] = []
        for place, asked in enumerate(encoded):
            if asked.longest > self._model.context_tokens:
                reason = f"{asked.longest} tokens do not fit into {self._model.context_tokens}"
                results[place] = Scored((), (), reason)
            else:
                fitting.append(place)
        # Similar lengths together: less padding. Sorting is stable, so batches are too.
        fitting.sort(key=lambda place: encoded[place].longest)
        for batch in _batches(fitting, encoded, batch_tokens):
            scored = self._method.score([encoded[place] for place in batch])
            results.update(zip(batch, scored, strict=True))
            progress(len(results))
        return [results[place] for place in range(len(questions))]


def _batches(places: Sequence[int], encoded: Sequence[Asked], limit: int) -> list[list[int]]:
    """Consecutive places whose rows, padded to the longest, fit into ``limit`` tokens."""
    batches: list[list[int]] = []
    rows = longest = 0
    for place in places:
        asked = encoded[place]
        length = max(longest, asked.longest)
        if batches and (rows + len(asked.rows)) * length <= limit:
            batches[-1].append(place)
            rows, longest = rows + len(asked.rows), length
        else:
            batches.append([place])
            rows, longest = len(asked.rows), asked.longest
    return batches
