"""Named columns, as most question files have them, in CSV, JSON, Parquet or a dataset.

``question``; the choices as a list in ``choices``, or each in a column of its own (``A`` to
``J``, or ``choice_a`` to ``choice_j``); ``answer`` as letter, index from 0, or text, or no
such column; and, where they are, ``id``, ``code``, ``subject`` (or ``family``) and
``difficulty``. Case does not matter. Other names are mapped (``columns``) or refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, get_args

from contracts.questions import LETTERS, Question
from contracts.sources import ColumnName, QuestionSource
from mcq.loaders.fields import (
    Answers,
    check_count,
    choices_of,
    content_id,
    refuse_unknown,
    subject_of,
    text_of,
)
from mcq.loaders.rows import Bad, BadRecord, Record, Row, rows_from

ONE_EACH: Final = tuple(f"choice_{letter.lower()}" for letter in LETTERS)
FIELDS: Final[tuple[str, ...]] = get_args(ColumnName)
_OTHER_NAMES: Final = {
    **{letter.lower(): name for letter, name in zip(LETTERS, ONE_EACH, strict=True)},
    "subject": "family",
}


def columns(records: Iterable[Record | Bad], source: QuestionSource) -> Iterator[Row]:
    """The loader of format ``columns``."""
    answers = Answers(source.answers)
    subject = subject_of(source) if source.config is not None else None
    ours: dict[str, str] = {theirs: name for name, theirs in source.columns.items()}

    def to_question(record: Mapping[str, Any]) -> Question:
        fields = _named(record, ours, ignore=source.ignore_columns)
        stem, code = text_of(fields, "question"), text_of(fields, "code")
        if stem is None:
            raise BadRecord("the question is blank")
        choices = _choices(fields)
        family = text_of(fields, "family") or subject
        answer = fields.get("answer")
        return Question.model_validate(
            {
                "id": text_of(fields, "id")
                or content_id(family, stem, choices, *([] if code is None else [code])),
                "stem": stem,
                "code": code,
                "choices": choices,
                "answer": None if answer is None else answers.letter(answer, choices),
                "family": family,
                "difficulty": text_of(fields, "difficulty"),
            }
        )

    return rows_from(records, to_question)


def _named(record: Mapping[str, Any], ours: Mapping[str, str], *, ignore: bool) -> dict[str, Any]:
    """The record under our names. Raises ``BadRecord`` for unknown, missing and double ones."""
    fields: dict[str, Any] = {}
    unknown = []
    for theirs, value in record.items():
        plain = theirs.strip().lower()
        name = ours.get(theirs) or _OTHER_NAMES.get(plain, plain)
        if name not in FIELDS or (theirs not in ours and name in ours.values()):
            unknown.append(theirs)
        elif name in fields:
            raise BadRecord(f"two columns are {name}")
        else:
            fields[name] = value
    refuse_unknown(unknown, (), ignore=ignore)
    if missing := sorted(set(ours) - set(record)):
        raise BadRecord(f"{ours[missing[0]]} is mapped to {missing[0]!r}, which is no column")
    return fields


def _choices(fields: Mapping[str, Any]) -> list[str]:
    apart: Sequence[str | None] = [text_of(fields, name) for name in ONE_EACH]
    if "choices" in fields:
        if any(apart):
            raise BadRecord("choices stand in one column and in columns of their own")
        return choices_of(fields["choices"])
    count = max((place + 1 for place, choice in enumerate(apart) if choice), default=0)
    found = []
    for letter, choice in zip(LETTERS, apart[:count], strict=False):
        if choice is None:
            raise BadRecord(f"choice {letter} is blank")
        found.append(choice)
    check_count(found)
    return found
