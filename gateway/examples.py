"""Examples for the API's document: real requests, real replies, a real problem of each kind.

They are made of the shapes and errors that the gateway itself uses, so none can be out of
date; tests send the requests and check the rest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from contracts.administration import SlotTraffic, TrafficInForce
from contracts.answers import (
    Answer,
    AnsweredBy,
    AnswerReply,
    BatchItem,
    BatchReply,
    FeedbackReply,
    LiveVersion,
    LiveVersions,
    Problem,
)
from contracts.errors import (
    AnswererAway,
    AnswererBroken,
    AnswerLogAway,
    AnswerNotFound,
    BadFeedback,
    BadQuestion,
    BodyTooSlow,
    CannotWrite,
    DeadlinePassed,
    GatewayEnding,
    HeaderInvalid,
    HeadersTooLarge,
    HeadersTooSlow,
    Overloaded,
    PathNotFound,
    ProctorError,
    QuestionNotScored,
    RequestMalformed,
    RequestTooLarge,
    ScopeMissing,
    StorageFull,
    TooManyRequests,
    Unauthenticated,
    WrongMediaType,
    WrongMethod,
)
from contracts.explanations import Explanation, ExplanationParts, ExplanationText
from contracts.traffic import STABLE, TrafficSplit
from gateway.problems import problem_of, unexpected_problem

REQUEST_ID: Final = "5f0c1e7a90d24c8f8d5f3a1b2c4d6e8f"
_BY: Final = AnsweredBy(
    model="coding-mcqa", version="3", digest="sha256:" + "3f" * 32, scoring="text"
)
_ANSWER: Final = Answer(
    letter="A",
    probabilities={"A": 0.625, "B": 0.25, "C": 0.0625, "D": 0.0625},
    confidence=0.625,
    version=_BY,
)
_REPLY: Final = AnswerReply(**_ANSWER.model_dump(), request_id=REQUEST_ID)

LISTED: Final = {
    "question": "What does this code print?",
    "code": "print('ab' * 2)",
    "choices": ["abab", "aabb", "ab2", "ab"],
}
LETTERED: Final = {
    "question": "Which of these is a list?",
    "choices": {"A": "[1, 2]", "B": "(1, 2)", "C": "{1, 2}"},
}

REQUESTS: Final[dict[str, dict[str, Any]]] = {
    "/v1/answers": {"choices as a list": LISTED, "choices by letter": LETTERED},
    "/v1/answers/batch": {"two questions": {"questions": [LISTED, LETTERED]}},
    "/v1/explanations": {"choices as a list": LISTED},
    "/v1/feedback": {
        "the right letter": {"request_id": REQUEST_ID, "letter": "A"},
        "thumbs, in a batch": {"request_id": REQUEST_ID, "item": 1, "thumbs": "down"},
    },
}
"""By path, then by summary."""

REPLIES: Final[dict[str, Any]] = {
    "/v1/answers": _REPLY,
    "/v1/answers/batch": BatchReply(
        request_id=REQUEST_ID,
        items=(
            BatchItem(item=0, answer=_REPLY),
            BatchItem(
                item=1,
                problem=problem_of(
                    BadQuestion("choices: is missing"), REQUEST_ID, ("choices: is missing",)
                ),
            ),
        ),
    ),
    "/v1/feedback": FeedbackReply(
        request_id=REQUEST_ID, item=0, recorded_at="2026-11-25T12:00:00.000000Z"
    ),
    "/v1/models": LiveVersions(versions=(LiveVersion(**_BY.model_dump(), slot=STABLE),)),
    "/v1/admin/traffic": TrafficInForce(
        slots=(SlotTraffic(slot=STABLE, url="http://127.0.0.1:3000", version=_BY, ejected=False),),
        split=TrafficSplit(),
    ),
    "/healthz": {"status": "alive"},
    "/readyz": {"status": "ready"},
}
"""What a path answers with status 200."""

_TEXT: Final = (
    "understanding: a text is repeated\nanalysis:\n  A: 'ab' twice\n  B: wrong order\n"
    "reasoning: the operator repeats the text\nconclusion: abab\nanswer: A\n"
)
_EXPLANATION: Final = Explanation(
    text=_TEXT,
    parts=ExplanationParts(
        understanding="a text is repeated",
        analysis={"A": "'ab' twice", "B": "wrong order"},
        reasoning="the operator repeats the text",
        conclusion="abab",
        answer="A",
    ),
    parsed=True,
    agrees=True,
    truncated=False,
    scored=_ANSWER,
)
EXPLAINED: Final = "".join(
    f"event: {kind}\ndata: {shape.model_dump_json()}\n\n"
    for kind, shape in (
        ("scored", _ANSWER),
        ("text", ExplanationText(text=_TEXT)),
        ("explanation", _EXPLANATION),
    )
)
"""What ``/v1/explanations`` answers with status 200: server-sent events."""

SCRAPED: Final = (
    "# HELP proctor_gateway_draining 1 from SIGTERM on, until the process ends\n"
    "# TYPE proctor_gateway_draining gauge\n"
    "proctor_gateway_draining 0.0\n"
)

_ERRORS: Final[tuple[ProctorError, ...]] = (
    RequestMalformed("it is empty"),
    HeaderInvalid("X-Deadline-Seconds", "a number of seconds above 0 is wanted, as in 2.5"),
    Unauthenticated("no key was sent"),
    ScopeMissing("web", "admin"),
    PathNotFound("/v1/nothing"),
    AnswerNotFound(REQUEST_ID),
    WrongMethod("GET", "/v1/answers"),
    BodyTooSlow(10.0),
    HeadersTooSlow(10.0),
    RequestTooLarge(2_097_152),
    WrongMediaType("text/plain"),
    BadQuestion("question: is missing", "choices: has 1 entries, at least 2 are wanted"),
    BadFeedback("letter: E is not among the choices ABCD"),
    QuestionNotScored("its prompt has 300 tokens, which do not fit into 256"),
    CannotWrite("explain", "it began without a language model"),
    TooManyRequests("the key web may send 5 requests a second", retry_after_seconds=0.2),
    HeadersTooLarge(16_384),
    AnswererBroken(STABLE, "its probabilities do not sum to 1"),
    AnswererAway(STABLE, "no version is live"),
    AnswerLogAway("sqlite:///answers.db", "disk I/O error"),
    StorageFull(Path("answers.db")),
    Overloaded(
        "900 answers are under way, and this one would come 2.1 s after its deadline",
        retry_after_seconds=3.0,
    ),
    GatewayEnding(
        "this gateway was told to end, and finishes what is under way.",
        mend="Send new requests to another one.",
    ),
    DeadlinePassed(STABLE, 10.0),
)


def problems_of_status(status: int) -> dict[str, Problem]:
    """A problem of each kind that has this status, by slug."""
    found = {
        error.slug: problem_of(
            error, REQUEST_ID, error.faults if isinstance(error, BadQuestion) else ()
        )
        for error in _ERRORS
        if error.http_status == status
    }
    unexpected = unexpected_problem(REQUEST_ID)
    return {"unexpected": unexpected} if status == unexpected.status else found


def all_problems() -> dict[str, Problem]:
    """A problem of each kind that the gateway answers with, by slug."""
    statuses = {error.http_status for error in _ERRORS} | {500}
    return {
        slug: problem
        for status in sorted(statuses)
        for slug, problem in problems_of_status(status).items()
    }
