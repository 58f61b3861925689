"""MMLU-Redux: questions of MMLU with what annotators found wrong with them
(arXiv:2406.04127; https://huggingface.co/datasets/edinburgh-dawg/mmlu-redux-2.0).

Fields: ``question``, ``choices``, ``answer`` (an index from 0), ``error_type``, ``source``,
``correct_answer``, ``potential_reason``. The dataset has a configuration a subject and the
split ``test``; its CSV files hold the choices as a Python list.

A question that annotators found at fault measures nothing, so by default only rows labelled
``ok`` become questions; others are left out and counted by label, and so are rows without a
label. With ``correct``, a ``wrong_groundtruth`` whose ``correct_answer`` names one choice
(by letter, index from 0 or text, without doubt) takes it. With ``keep``, every row is a
question as MMLU has it. The label goes along as the question's ``error_label``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, get_args

from contracts.questions import LETTERS, Question
from contracts.sources import AnswerForm, ErrorLabels, QuestionSource
from mcq.loaders.fields import (
    Answers,
    choices_of,
    content_id,
    readings,
    refuse_unknown,
    subject_of,
    text_of,
)
from mcq.loaders.rows import Bad, BadRecord, Faulty, Record, Row, rows_from

FIELDS: Final = frozenset(
    {
        "question",
        "choices",
        "answer",
        "error_type",
        "source",
        "correct_answer",
        "potential_reason",
    }
)
MARK: Final = "error_type"
"""A field that only rows of this format have."""

OK: Final = "ok"
WRONG: Final = "wrong_groundtruth"
UNLABELLED: Final = "unlabelled"
LABELS: Final = frozenset(
    {
        OK,
        WRONG,
        "bad_question_clarity",
        "bad_options_clarity",
        "no_correct_answer",
        "multiple_correct_answers",
        "expert",
    }
)


def mmlu_redux(records: Iterable[Record | Bad], source: QuestionSource) -> Iterator[Row]:
    """The loader of format ``mmlu-redux``. The subject becomes the family."""
    answers = Answers("index")
    subject = (subject_of(source) or "").removeprefix("mmlu_") or None

    def to_question(fields: Mapping[str, Any]) -> Question:
        refuse_unknown(fields, FIELDS, ignore=source.ignore_columns)
        stem = text_of(fields, "question")
        if stem is None:
            raise BadRecord("the question is blank")
        choices = choices_of(fields.get("choices"))
        label = (text_of(fields, "error_type") or UNLABELLED).strip()
        if label not in LABELS | {UNLABELLED}:
            raise BadRecord(f"error_type {label!r:.80} is none of MMLU-Redux's labels")
        question = Question.model_validate(
            {
                "id": content_id(subject, stem, choices),
                "stem": stem,
                "choices": choices,
                "answer": answers.letter(fields.get("answer"), choices),
                "family": subject,
                "error_label": label,
            }
        )
        return _judged(question, source.error_labels, fields)

    return rows_from(records, to_question)


def _judged(question: Question, policy: ErrorLabels, fields: Mapping[str, Any]) -> Question:
    """The question as the policy has it. Raises ``Faulty`` for one to leave out."""
    label = str(question.error_label)
    if label == OK or policy == "keep":
        return question
    if policy == "correct" and label == WRONG:
        forms = get_args(AnswerForm)
        places = set(readings(fields.get("correct_answer"), question.choices, forms).values())
        if len(places) == 1:
            # Validated anew: another answer may be one of two choices of the same text.
            corrected = {**question.model_dump(), "answer": LETTERS[places.pop()]}
            return Question.model_validate(corrected)
    raise Faulty(label)
