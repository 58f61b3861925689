"""From questions to answers: tokens in one thread, the model in another, batches between.

A question is encoded as it comes, in a thread of its own, so that its size is known before it
waits; the batcher gives it to the scoring thread with others of its length. Probabilities are
calibrated with the temperature that the version's examination fitted.

Imports torch (through ``mcq``), so it is imported where answering happens and not before.
Knows nothing of BentoML or HTTP.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import torch
from pydantic import ValidationError

from bentos.batching import Batcher, Watcher
from bentos.packed import CHECKPOINT_FOLDER, read_version
from bentos.sizing import AnswererSize, threads_for
from contracts.answers import MOST_IN_A_BATCH, Answer, AnsweredBy, AnswerRequest
from contracts.errors import BadQuestion, ProctorError, QuestionNotScored
from contracts.faults import every_fault
from contracts.model_card import AnswererLimits, ModelCard, ModelSize, Scoring
from contracts.models import VersionFacts
from contracts.questions import MOST_CHOICES, Question, letters_for
from mcq.calibration import calibrated
from mcq.checkpoint import weight_files
from mcq.pinned import Encoded, PinnedScorer
from mcq.scorer import DEFAULT_BATCH_TOKENS, Scorer
from mcq.scoring.scored import Scored

# A question that comes while a pass is under way waits for its end: so long, at most.
PASS_SECONDS: Final = 0.5
# Of 135 M parameters, passes of 256 tokens cost 1.2 times as much a question; larger ones gain
# nothing on a processor.
FEWEST_BATCH_TOKENS: Final = 512
_WARM_UP: Final = Question(
    id="warm-up", stem="What does this code print?", code="print(1)", choices=("1", "2")
)


class Answering:
    """A loaded version that answers. One event loop; ``answer`` may be called at any time,
    and many calls be under way. ``clock``: seconds, monotonic, of all deadlines."""

    def __init__(
        self,
        scorer: PinnedScorer,
        facts: VersionFacts,
        size: AnswererSize,
        *,
        weights_bytes: int = 0,
        clock: Callable[[], float] = time.monotonic,
        watcher: Watcher | None = None,
    ) -> None:
        self.facts = facts
        self.scorer = scorer
        self.size = size
        self.clock = clock
        self.batcher = Batcher[Encoded, Scored](
            scorer.score,
            scorer.choose,
            most_waiting=size.most_waiting,
            clock=clock,
            watcher=watcher,
        )
        self._encoding = ThreadPoolExecutor(max_workers=1, thread_name_prefix="encoding")
        self._weights_bytes = weights_bytes
        self._answered_by = AnsweredBy(
            model=facts.model,
            version=facts.version,
            # What was loaded, not what the label says.
            digest=scorer.scorer.digest,
            scoring=scorer.scorer.facts.scoring,
        )

    @classmethod
    def load(cls, folder: Path, size: AnswererSize, *, watcher: Watcher | None = None) -> Answering:
        """Load what ``bentos.packed`` describes. ``warm_up`` is still to be done.

        Raises ``CheckpointInvalid``, ``DigestMismatch``, ``BadParams`` for a device that is
        not there.
        """
        facts = read_version(folder)
        checkpoint = folder / CHECKPOINT_FOLDER
        scorer = Scorer.load(checkpoint, expected_digest=facts.digest, device=size.device)
        weights = sum((checkpoint / name).stat().st_size for name in weight_files(checkpoint))
        torch.set_num_threads(threads_for(size, scorer.model.parameters))
        pinned = PinnedScorer(scorer, batch_tokens=size.batch_tokens or DEFAULT_BATCH_TOKENS)
        return cls(pinned, facts, size, weights_bytes=weights, watcher=watcher)

    # ------------------------------------------------------------ answers

    async def answer(self, request: AnswerRequest, ends_at: float = math.inf) -> Answer:
        """``ends_at``: by the clock. Raises ``QuestionNotScored`` when this version cannot
        score the question, ``Overloaded``, ``ScoredTooLate``. Cancelled, it is not scored."""
        self.batcher.check_room(ends_at)
        question = request.as_question("asked")
        loop = asyncio.get_running_loop()
        encoded = await loop.run_in_executor(self._encoding, self.scorer.encode, question)
        scored = await self.batcher.submit(encoded, tokens=encoded.size.tokens, ends_at=ends_at)
        return self._answer_of(scored)

    async def answers(
        self, questions: Sequence[Any], ends_at: float = math.inf
    ) -> list[Answer | ProctorError]:
        """Of each question, of any shape, its answer or why it has none."""
        return await asyncio.gather(*(self._one(given, ends_at) for given in questions))

    async def _one(self, given: Any, ends_at: float) -> Answer | ProctorError:
        try:
            return await self.answer(AnswerRequest.model_validate(given), ends_at)
        except ValidationError as error:
            return BadQuestion(*every_fault(error))
        except ProctorError as error:
            return error

    def _answer_of(self, scored: Scored) -> Answer:
        if scored.unscored is not None:
            raise QuestionNotScored(scored.unscored)
        probabilities = calibrated(scored.probabilities, self.facts.temperature or 1.0)
        letters = letters_for(len(probabilities))
        return Answer.model_validate(
            {
                "letter": scored.letter,
                "probabilities": dict(zip(letters, probabilities, strict=True)),
                "confidence": max(probabilities),
                "version": self._answered_by,
            }
        )

    # ------------------------------------------------------------ beginning and end

    async def warm_up(self) -> None:
        """Score a question by itself and a full batch, in the threads that will do it, so that
        the first callers do not pay for what is set up lazily. Where ``batch_tokens`` is not
        set, it becomes what is scored in ``PASS_SECONDS`` at the rate seen here."""
        loop = asyncio.get_running_loop()
        one = await loop.run_in_executor(self._encoding, self.scorer.encode, _WARM_UP)
        await self._timed_pass([one])
        tokens = one.size.tokens
        few = max(1, FEWEST_BATCH_TOKENS // tokens)
        seconds = await self._timed_pass([one] * few)
        if self.size.batch_tokens is None:
            fitting = int(PASS_SECONDS * few * tokens / max(seconds, 1e-9))
            self.scorer.batch_tokens = min(max(fitting, FEWEST_BATCH_TOKENS), DEFAULT_BATCH_TOKENS)
        full = max(1, self.scorer.batch_tokens // tokens)
        if full > few:
            await self._timed_pass([one] * full)

    async def _timed_pass(self, batch: Sequence[Encoded]) -> float:
        began = self.clock()
        await self.batcher.exclusively(lambda: self.scorer.score(batch))
        return self.clock() - began

    async def end(self) -> None:
        """Answer what was taken, then end the threads."""
        await self.batcher.end()
        self._encoding.shutdown()

    def card(self) -> ModelCard:
        model, identity = self.scorer.scorer.model, self.scorer.scorer.identity
        return ModelCard(
            version=self.facts,
            size=ModelSize(
                parameters=model.parameters,
                weights_bytes=self._weights_bytes,
                context_tokens=model.context_tokens,
            ),
            limits=AnswererLimits(
                choices=MOST_CHOICES,
                questions_in_a_request=MOST_IN_A_BATCH,
                batch_tokens=self.scorer.batch_tokens,
                waiting=self.size.most_waiting,
            ),
            scoring=Scoring(
                device=model.device,
                precision=identity.precision,
                threads=torch.get_num_threads(),
                prefix_tokens=len(self.scorer.prefix),
            ),
        )
