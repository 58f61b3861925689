"""MMLU's CSV: no header; stem, choices, letter of the right choice (arXiv:2009.03300).

MMLU has four choices; any file of that form with 2 to 10 is read. The subject, told by the
file's name, becomes the family. Source of the files: https://github.com/hendrycks/test.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from contracts.questions import Question
from contracts.sources import QuestionSource
from mcq.loaders.csv_records import CELLS
from mcq.loaders.fields import check_count, content_id, subject_of
from mcq.loaders.rows import Bad, BadRecord, Record, Row, rows_from


def mmlu(records: Iterable[Record | Bad], source: QuestionSource) -> Iterator[Row]:
    """The loader of format ``mmlu``."""
    subject = subject_of(source)

    def to_question(fields: Mapping[str, Any]) -> Question:
        if CELLS not in fields:
            raise BadRecord("MMLU's form is a CSV without a header")
        stem, *choices, letter = fields[CELLS] if len(fields[CELLS]) > 1 else [*fields[CELLS], ""]
        check_count(choices, ": a row is stem, choices, letter")
        return Question.model_validate(
            {
                "id": content_id(subject, stem, choices),
                "stem": stem,
                "choices": choices,
                "answer": letter.strip(),
                "family": subject,
            }
        )

    return rows_from(records, to_question)
