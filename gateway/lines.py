"""What the answer log says of one question in one slot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from answerlog.records import AnswerRecord, Role
from answerlog.records import Outcome as Kind
from contracts.answers import Answer
from contracts.errors import ProctorError, QuestionNotScored
from contracts.times import stamp
from contracts.traffic import Slot
from gateway.asked import Asked
from gateway.once import Outcome
from gateway.plan import TrafficPlan
from gateway.posed import Posed
from gateway.replies import Told
from gateway.tracing import read_trace


@dataclass(frozen=True, slots=True)
class Turn:
    """One slot's turn at some questions. ``fallback``: it stands in for another slot."""

    slot: Slot
    assigned: Slot
    role: Role
    plan: TrafficPlan
    asked: Asked
    fallback: bool = False


def line_of(
    turn: Turn, posed: Posed, outcome: Outcome, now: datetime, *, explained: bool = False
) -> AnswerRecord:
    """The line about ``posed``; ``explained``: an explanation went with the answer. The
    question's text goes along; the log drops it unless it is set to keep texts."""
    asked, told = turn.asked, outcome.told
    backend = turn.plan.slots.get(turn.slot)
    version = backend.version if backend is not None else None
    answer = told if isinstance(told, Answer) else None
    trace = read_trace(asked.trace)
    shares = answer.probabilities if answer else None
    return AnswerRecord(
        request_id=asked.request_id,
        item=posed.item,
        at=stamp(now),
        key_id=asked.caller.key.id,
        caller=asked.caller.hashed,
        caller_source=asked.caller.source,
        slot=turn.slot,
        assigned=turn.assigned,
        role=turn.role,
        model=version.model if version else None,
        version=version.version if version else None,
        digest=version.digest if version else None,
        outcome=_outcome_of(told),
        problem=told.slug if isinstance(told, ProctorError) else None,
        letter=answer.letter if answer else None,
        confidence=answer.confidence if answer else None,
        probabilities=tuple(shares[letter] for letter in sorted(shares)) if shares else None,
        choices=len(posed.question.choices),
        question_digest=posed.digest,
        question=posed.question,
        latency_seconds=outcome.latency_seconds,
        cached=outcome.cached,
        fallback=turn.fallback,
        salt=turn.plan.split.salt,
        trace_id=trace.trace_id if trace else None,
        generated_explanation=explained,
    )


def _outcome_of(told: Told) -> Kind:
    if isinstance(told, Answer):
        return "answered"
    return "unscored" if isinstance(told, QuestionNotScored) else "failed"
