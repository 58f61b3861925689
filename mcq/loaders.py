"""Questions from files: JSONL (our own rows) and the CSV of MMLU.

Every row is validated before any is returned: a bad one is refused with file, line and
reason (``BadRow``). MMLU's CSV has no header: stem, choices, letter of the right choice
(arXiv:2009.03300); any file of that form with 2 to 10 choices is read.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from contracts.digests import canonical_json, digest_of_bytes
from contracts.errors import BadInput, BadRow
from contracts.questions import FEWEST_CHOICES, MOST_CHOICES, Question


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    text = str(first["msg"]).removeprefix("Value error, ")
    return f"{where}: {text}" if where else text


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number and text of every line, ends kept. Raises ``BadRow`` for one that is not UTF-8."""
    with path.open("rb") as stream:
        for number, raw in enumerate(stream, start=1):
            try:
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise BadRow(path, number, f"not UTF-8 at byte {error.start}") from error
            yield number, text


def iter_jsonl(path: Path) -> Iterator[tuple[int, Question]]:
    """Line and question of a JSONL file, one an object a line; blank lines are skipped."""
    for number, text in _lines(path):
        if text.strip():
            try:
                yield number, Question.model_validate_json(text)
            except ValidationError as error:
                raise BadRow(path, number, _reason(error)) from error


def iter_mmlu_csv(path: Path) -> Iterator[tuple[int, Question]]:
    """Line and question of an MMLU file: no header; stem, 2 to 10 choices, letter.

    A row may span lines inside quotes; its line is where it begins. The subject (file name
    without ``_test`` or ``_dev``) becomes the family.
    """
    subject = path.stem.removesuffix("_test").removesuffix("_dev").removesuffix("_val")
    reader = csv.reader((text for _, text in _lines(path)), strict=True)
    while True:
        start = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise BadRow(path, start, str(error)) from error
        if row is None:
            return
        if row:
            yield start, _mmlu_question(path, start, subject, row)


def _mmlu_question(path: Path, line: int, subject: str, row: list[str]) -> Question:
    stem, *choices, letter = row if len(row) > 1 else [row[0], ""]
    if not FEWEST_CHOICES <= len(choices) <= MOST_CHOICES:
        raise BadRow(
            path,
            line,
            f"{len(choices)} choices, where {FEWEST_CHOICES} to {MOST_CHOICES} are wanted:"
            " a row is stem, choices, letter",
        )
    identity = hashlib.sha256(json.dumps([subject, stem, choices]).encode()).hexdigest()[:16]
    try:
        return Question.model_validate(
            {
                "id": identity,
                "stem": stem,
                "choices": choices,
                "answer": letter.strip(),
                "family": subject,
            }
        )
    except ValidationError as error:
        raise BadRow(path, line, _reason(error)) from error


def load_questions(path: Path) -> list[Question]:
    """All questions of a ``.jsonl`` or ``.csv`` file (MMLU's form), checked whole.

    Raises ``BadInput`` for a missing file, another suffix or an empty file, ``BadRow``
    for a bad row or an id that was used before.
    """
    readers = {".jsonl": iter_jsonl, ".csv": iter_mmlu_csv}
    if path.suffix not in readers:
        raise BadInput(f"{path}: questions are read from .jsonl and .csv files.")
    if not path.is_file():
        raise BadInput(
            f"{path}: there is no such file.", mend="`proctor questions build` makes one."
        )
    seen: dict[str, int] = {}
    questions = []
    for line, question in readers[path.suffix](path):
        if question.id in seen:
            raise BadRow(
                path, line, f"the id {question.id} stands in line {seen[question.id]}, too"
            )
        seen[question.id] = line
        questions.append(question)
    if not questions:
        raise BadInput(f"{path} holds no questions.")
    return questions


def questions_digest(questions: list[Question]) -> str:
    """Digest of the questions themselves, whatever file they came from."""
    rows = "\n".join(
        canonical_json(question.model_dump(mode="json", exclude_none=True))
        for question in questions
    )
    return digest_of_bytes(rows.encode())
