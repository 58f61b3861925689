"""A question as it is asked of answerers: its canonical bytes, and their digest.

The bytes go out as they are hashed, so a question is written once. The digest is that of the
answer log (``answerlog.records.question_digest``) and names the question in the cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from contracts.answers import AnswerRequest
from contracts.digests import canonical_json, digest_of_bytes
from contracts.models import Digest


@dataclass(frozen=True, slots=True)
class Posed:
    """``item`` is its place in the batch, 0 outside of one."""

    item: int
    question: AnswerRequest
    body: bytes
    digest: Digest

    @classmethod
    def of(cls, question: AnswerRequest, item: int = 0) -> Self:
        body = canonical_json(question.model_dump(mode="json")).encode()
        return cls(item, question, body, digest_of_bytes(body))
