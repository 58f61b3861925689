"""From a question to an answer: the scorer behind the words of the wire.

Imports torch (through ``mcq.scorer``), so it is imported where answering happens and not
before. Knows nothing of BentoML or HTTP.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch

from bentos.packed import CHECKPOINT_FOLDER, read_version
from contracts.answers import Answer, AnsweredBy, AnswerRequest
from contracts.errors import QuestionNotScored
from contracts.models import VersionFacts
from contracts.questions import letters_for
from mcq.scorer import Scorer

_WARM_UP: Final = AnswerRequest(
    question="What does this code print?", code="print(1)", choices=("1", "2")
)


class Answering:
    """A loaded version that answers. Not thread-safe: one question at a time."""

    def __init__(self, scorer: Scorer, facts: VersionFacts) -> None:
        self._scorer = scorer
        self.facts = facts
        self._answered_by = AnsweredBy(
            model=facts.model,
            version=facts.version,
            # What was loaded, not what the label says.
            digest=scorer.digest,
            scoring=scorer.facts.scoring,
        )

    @classmethod
    def load(cls, folder: Path, *, threads: int) -> Answering:
        """Load what ``bentos.packed`` describes and answer once, so that the first caller
        does not pay for what is set up lazily. ``threads`` are torch's: one is fastest
        for single questions on a shared CPU.

        Raises ``CheckpointInvalid``, ``DigestMismatch``.
        """
        torch.set_num_threads(threads)
        facts = read_version(folder)
        scorer = Scorer.load(folder / CHECKPOINT_FOLDER, expected_digest=facts.digest)
        answering = cls(scorer, facts)
        answering.answer(_WARM_UP)
        return answering

    def answer(self, request: AnswerRequest) -> Answer:
        """Raises ``QuestionNotScored`` when this version cannot score the question."""
        (scored,) = self._scorer.score([request.as_question("asked")])
        if scored.unscored is not None:
            raise QuestionNotScored(scored.unscored)
        letters = letters_for(len(request.choices))
        return Answer.model_validate(
            {
                "letter": scored.letter,
                "probabilities": dict(zip(letters, scored.probabilities, strict=True)),
                "confidence": scored.confidence,
                "version": self._answered_by,
            }
        )
