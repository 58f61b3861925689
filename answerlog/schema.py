"""The tables of the answer log, and how a line becomes a row and comes back.

``proctor_answers`` has a column for each field of ``AnswerRecord``, and two more. ``seq``
rises in the order in which lines become visible: writers take turns, so that who reads on
from the last number that it saw misses nothing. ``pairing`` says which lines are about the
same question of the same request, whatever request ids callers choose.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from answerlog.records import AnswerRecord
from contracts.answers import AnswerRequest

SCHEMA_VERSION: Final = 1

metadata = sa.MetaData()

# SQLite numbers rows itself in a column of this very type only.
_Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TYPES: Final[dict[str, sa.types.TypeEngine[Any]]] = {
    "item": sa.Integer(),
    "choices": sa.Integer(),
    "confidence": sa.Double(),
    "latency_seconds": sa.Double(),
    "cached": sa.Boolean(),
    "fallback": sa.Boolean(),
    "generated_explanation": sa.Boolean(),
}
_NULLABLE: Final = frozenset(
    name
    for name, field in AnswerRecord.model_fields.items()
    if not field.is_required() and field.default is None
)


def _column(name: str) -> sa.Column[Any]:
    return sa.Column(
        name,
        _TYPES.get(name, sa.Text()),
        nullable=name in _NULLABLE,
        comment=AnswerRecord.model_fields[name].description,
    )


answers = sa.Table(
    "proctor_answers",
    metadata,
    sa.Column("seq", _Number, primary_key=True, comment="number of the line, in writing order"),
    *(_column(name) for name in AnswerRecord.model_fields),
    sa.Column(
        "pairing",
        sa.LargeBinary(16),
        nullable=False,
        comment="hash of key, request, item and question: what belongs together",
    ),
    # A number is never given twice, not even after the last line was purged.
    sqlite_autoincrement=True,
)
feedback = sa.Table(
    "proctor_feedback",
    metadata,
    sa.Column("seq", _Number, primary_key=True, comment="number of the feedback"),
    sa.Column("at", sa.Text(), nullable=False, comment="when it was recorded, UTC"),
    sa.Column("about", _Number, nullable=False, comment="`seq` of the answer the caller saw"),
    sa.Column("pairing", sa.LargeBinary(16), nullable=False, comment="as of that answer"),
    sa.Column("letter", sa.Text(), comment="the right letter"),
    sa.Column("thumbs", sa.Text(), comment="`up` or `down`"),
    sqlite_autoincrement=True,
)
writers = sa.Table(
    "proctor_answer_writers",
    metadata,
    sa.Column("writer", sa.String(32), primary_key=True, comment="one run of one gateway"),
    sa.Column("batch", _Number, nullable=False, comment="the last batch that it wrote"),
    sa.Column("at", sa.Text(), nullable=False, comment="when it wrote it, UTC"),
)
schema = sa.Table(
    "proctor_answer_schema",
    metadata,
    sa.Column("version", sa.Integer(), primary_key=True, comment="version of these tables"),
)
TABLES: Final = (answers, feedback, writers, schema)

# Feedback finds its answer, the newest under the id that it quotes.
sa.Index("proctor_answers_asked", answers.c.request_id, answers.c.item, answers.c.seq)
# A shadow's line finds the live one, feedback every line that it judges.
sa.Index("proctor_answers_pairing", answers.c.pairing, answers.c.seq)
# A rollout's lines are read on from the last one that was seen.
sa.Index("proctor_answers_salt", answers.c.salt, answers.c.seq)
sa.Index("proctor_feedback_pairing", feedback.c.pairing, feedback.c.seq)
sa.Index("proctor_feedback_about", feedback.c.about)


def pairing(record: AnswerRecord) -> bytes:
    """16 bytes that lines have in common when they answer one question of one request."""
    told = f"{record.key_id}\n{record.request_id}\n{record.item}\n{record.question_digest}"
    return hashlib.sha256(told.encode()).digest()[:16]


def row_of(record: AnswerRecord, *, keep_question: bool) -> dict[str, object]:
    row: dict[str, object] = dict(record)
    row["pairing"] = pairing(record)
    if record.probabilities is not None:
        row["probabilities"] = json.dumps(record.probabilities)
    if record.question is not None:
        row["question"] = (
            record.question.model_dump_json(exclude_none=True) if keep_question else None
        )
    return row


def record_of(row: Mapping[str, Any]) -> AnswerRecord:
    """The line of a row. Raises ``ValueError`` (pydantic's, too) for a row that is none."""
    given = {name: row[name] for name in AnswerRecord.model_fields}
    if given["probabilities"] is not None:
        given["probabilities"] = json.loads(given["probabilities"])
    if given["question"] is not None:
        given["question"] = AnswerRequest.model_validate_json(given["question"])
    return AnswerRecord.model_validate(given)
