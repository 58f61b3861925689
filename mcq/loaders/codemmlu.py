"""CodeMMLU: ``task_id, question, choices, answer``, and ``problem_description`` where code
is to be completed (arXiv:2410.01999; https://huggingface.co/datasets/Fsoft-AIC/CodeMMLU).

The dataset has a configuration a subject and the split ``test``; copies of it go round as
JSON Lines and as CSV, there with the choices as a Python list and with answers as ``B`` or
``ANSWER: B``. Where there is a problem description the question is code with a gap.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from contracts.questions import Question
from contracts.sources import QuestionSource
from mcq.loaders.fields import Answers, choices_of, refuse_unknown, subject_of, text_of
from mcq.loaders.rows import Bad, BadRecord, Record, Row, rows_from

FIELDS: Final = frozenset({"task_id", "question", "choices", "answer", "problem_description"})
MARK: Final = "task_id"
"""A field that only rows of this format have."""

SUBJECTS: Final = frozenset(
    {
        "api_frameworks",
        "code_completion",
        "code_repair",
        "dbms_sql",
        "defect_detection",
        "execution_prediction",
        "fill_in_the_middle",
        "others",
        "programming_syntax",
        "software_principles",
    }
)
GAP: Final = "The solution misses a part. Which choice completes it?"

_ANSWER: Final = re.compile(r"\s*ANSWER:\s*", re.IGNORECASE)


def codemmlu(records: Iterable[Record | Bad], source: QuestionSource) -> Iterator[Row]:
    """The loader of format ``codemmlu``. The subject becomes the family and stands before
    the task's id, which only within its subject is known to be its own."""
    answers = Answers("letter")
    subject = subject_of(source)
    family = subject if subject in SUBJECTS else None

    def to_question(fields: Mapping[str, Any]) -> Question:
        refuse_unknown(fields, FIELDS, ignore=source.ignore_columns)
        task, text = text_of(fields, "task_id"), text_of(fields, "question")
        if task is None or text is None:
            raise BadRecord(f"the {'task_id' if task is None else 'question'} is blank")
        problem = text_of(fields, "problem_description")
        choices = choices_of(fields.get("choices"))
        answer = fields.get("answer")
        if isinstance(answer, str):
            answer = _ANSWER.sub("", answer, count=1)
        return Question.model_validate(
            {
                "id": f"{family}/{task}" if family else task,
                "stem": text if problem is None else f"{problem}\n\n{GAP}",
                "code": None if problem is None else text,
                "choices": choices,
                "answer": None if answer is None else answers.letter(answer, choices),
                "family": family,
            }
        )

    return rows_from(records, to_question)
