"""Made-up explanations: what the answerer without a model says after its answer.

The events are those of a real one (``contracts.explanations``); the text is made of the answer,
so that nothing is random. ``fault`` breaks a stream in one of the ways that a stream can break.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Final, Literal, get_args

from starlette.responses import Response, StreamingResponse

from contracts.answers import Answer
from contracts.errors import CannotWrite
from contracts.event_stream import COMMENT, event_bytes
from contracts.explanations import MEDIA_TYPE, Explanation, ExplanationParts, ExplanationText

WritingFault = Literal[
    "cannot-write",
    "not-events",
    "scores-not",
    "falls-silent",
    "breaks-off",
    "writes-forever",
    "another-text",
    "unknown-event",
]
WRITING_FAULTS: Final = frozenset(get_args(WritingFault))
CANNOT_WRITE: Final = CannotWrite("explain", "it was told not to")
_HOURS: Final = 3_600.0
_PIECE: Final = re.compile(r"\s*\S+\s?")


def explanation_of(answer: Answer) -> Explanation:
    """The whole explanation, in the form that is asked of models."""
    shares = {letter: f"{share:.1%}" for letter, share in answer.probabilities.items()}
    parts = ExplanationParts.model_validate(
        {
            "understanding": "Which choice is right?",
            "analysis": {letter: f"It has {share}." for letter, share in shares.items()},
            "reasoning": f"The largest share is {shares[answer.letter]}.",
            "conclusion": f"So it is {answer.letter}.",
            "answer": answer.letter,
        }
    )
    analysis = "\n".join(f"  {letter}: {text}" for letter, text in parts.analysis.items())
    text = (
        f"understanding: {parts.understanding}\nanalysis:\n{analysis}\n"
        f"reasoning: {parts.reasoning}\nconclusion: {parts.conclusion}\nanswer: {parts.answer}\n"
    )
    return Explanation(
        text=text, parts=parts, parsed=True, agrees=True, truncated=False, scored=answer
    )


def explained(scored: bytes, whole: Explanation, fault: str | None) -> Response:
    """``whole`` as a stream that begins with what was ``scored``, be it a sound answer or not."""
    if fault == "not-events":
        return Response("<html>", media_type="text/html")
    return StreamingResponse(_events(scored, whole, fault), media_type=MEDIA_TYPE)


async def _events(scored: bytes, whole: Explanation, fault: str | None) -> AsyncIterator[bytes]:
    if fault != "scores-not":
        yield b"event: scored\ndata: " + scored + b"\n\n"
    yield COMMENT
    for piece in _PIECE.findall(whole.text):
        yield event_bytes("text", ExplanationText(text=piece))
        if fault == "falls-silent":
            await asyncio.sleep(_HOURS)
        if fault == "breaks-off":
            return
    if fault == "unknown-event":
        yield b"event: surprise\ndata: {}\n\n"
    while fault == "writes-forever":
        yield event_bytes("text", ExplanationText(text="again " * 100))
        await asyncio.sleep(0)
    if fault == "another-text":
        whole = whole.model_copy(update={"text": "something else"})
    yield event_bytes("explanation", whole)
