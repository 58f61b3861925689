"""Our own rows: the fields of ``contracts.questions.Question``, unknown ones refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from contracts.questions import Question
from contracts.sources import QuestionSource
from mcq.loaders.rows import Bad, Record, Row, rows_from

MARK: Final = "stem"
"""A field that only rows of this format have."""


def proctor_rows(records: Iterable[Record | Bad], source: QuestionSource) -> Iterator[Row]:  # noqa: ARG001
    """The loader of format ``proctor``."""
    return rows_from(records, Question.model_validate)
