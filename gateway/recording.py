"""Where answers are written down: the protocol through which the gateway records.

Whoever starts the gateway injects a recorder. ``answerlog.recorder`` writes to a database,
``answerlog.memory`` is its twin in memory.
"""

from __future__ import annotations

from typing import Protocol

from answerlog.records import AnswerRecord
from contracts.answers import FeedbackReply, FeedbackRequest
from contracts.errors import AnswerLogAway


class Recorder(Protocol):
    """Keeps answers without delaying them, and feedback before it is acknowledged."""

    def record(self, line: AnswerRecord) -> None:
        """Returns at once, never raises, holds a bounded number of lines."""
        ...

    async def feedback(self, key_id: str, given: FeedbackRequest) -> FeedbackReply:
        """On the disk when it returns. Raises ``AnswerNotFound`` where this key got no such
        answer, ``BadFeedback`` for a letter that the question had not, ``AnswerLogAway``
        and ``StorageFull`` where it cannot be kept."""
        ...


class NoRecorder:
    """Keeps nothing, and acknowledges nothing."""

    def record(self, line: AnswerRecord) -> None: ...

    async def feedback(self, key_id: str, given: FeedbackRequest) -> FeedbackReply:  # noqa: ARG002 - whatever it is
        raise AnswerLogAway("this gateway", "it keeps none")
