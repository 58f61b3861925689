"""The service that BentoML loads out of a bento: ``POST /answer`` and ``POST /card``.

``answer`` takes ``contracts.answers.AnswerRequest`` and gives ``contracts.answers.Answer``;
a question that the version cannot score is a problem with status 422 (RFC 9457), a body
of another shape BentoML's own 400. ``card`` gives the version's facts. One worker with one
thread at the model: more answerers, not more threads, is how this scales.

Before the first worker starts, the packed checkpoint is compared with its recorded digest:
a changed byte ends the process with one line that says so. The worker compares again when
it loads. Source: https://docs.bentoml.com (services, lifecycle hooks, model aliases).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import bentoml
from starlette.responses import JSONResponse

from bentos.orphans import end_when_orphaned
from bentos.packed import MODEL_ALIAS, check_packed
from bentos.threads import THREADS_VARIABLE, read_threads
from contracts.answers import Answer, AnswerRequest, Problem
from contracts.errors import ProctorError, QuestionNotScored
from contracts.models import VersionFacts


def packed_folder() -> Path:
    """Where BentoML keeps the model of the bento that is being served."""
    return Path(bentoml.models.get(MODEL_ALIAS).path)


def problem_response(error: ProctorError) -> JSONResponse:
    problem = Problem(
        type=f"/problems/{error.slug}",
        title=error.title,
        status=error.http_status,
        detail=str(error),
        errors=(error.reason,) if isinstance(error, QuestionNotScored) else (),
    )
    return JSONResponse(
        problem.model_dump(mode="json", exclude_defaults=True),
        status_code=error.http_status,
        media_type="application/problem+json",
    )


@bentoml.service(
    name="answerer",
    workers=1,
    traffic={"timeout": 60},
    envs=[
        {"name": THREADS_VARIABLE, "value": "1"},
        {"name": "OMP_WAIT_POLICY", "value": "PASSIVE"},
        {"name": "TOKENIZERS_PARALLELISM", "value": "false"},
        {"name": "HF_HUB_OFFLINE", "value": "1"},
        {"name": "HF_HUB_DISABLE_PROGRESS_BARS", "value": "1"},
    ],
)
class Answerer:
    """Answers with the one version that its bento carries."""

    def __init__(self) -> None:
        if bentoml.server_context.worker_index is not None:
            end_when_orphaned()
        # Torch is loaded in the worker only; the process that watches it stays small.
        from bentos.answering import Answering

        self._answering = Answering.load(packed_folder(), threads=read_threads(os.environ))

    @bentoml.on_deployment  # type: ignore[untyped-decorator] # BentoML is not followed
    @staticmethod
    def check_before_start() -> None:
        """Runs once, before any worker: nothing is served from altered bytes."""
        try:
            read_threads(os.environ)
            check_packed(packed_folder())
        except ProctorError as error:
            sys.exit(f"answerer refuses to start: {error}")

    @bentoml.api  # type: ignore[untyped-decorator]
    def answer(self, request: AnswerRequest, /) -> Answer:
        try:
            return self._answering.answer(request)
        except ProctorError as error:
            response: Any = problem_response(error)  # BentoML passes a response on as it is
            return response  # type: ignore[no-any-return]

    @bentoml.api  # type: ignore[untyped-decorator]
    def card(self) -> VersionFacts:
        return self._answering.facts
