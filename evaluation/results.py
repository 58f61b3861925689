"""The files between the stages: results, records, pins and verdicts.

JSON with sorted keys, records one a line; no time of day, so that the same results are
the same bytes. Whatever cannot be read is ``ResultsInvalid`` with the file's name, never
a crash in the middle and never an empty result.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from contracts.digests import canonical_json, digest_of_bytes
from contracts.errors import ResultsInvalid
from contracts.faults import first_fault
from contracts.files import write_atomically
from contracts.models import ModelName
from contracts.verdicts import (
    ChampionPin,
    EvaluationResult,
    QuestionRecord,
    TrainingResult,
    Verdict,
)

AnyShape = TypeVar("AnyShape", bound=BaseModel)
TRAIN_MEND = "`proctor train` writes it."
EVALUATE_MEND = "`proctor evaluate` writes it."
PIN_MEND = "`proctor registry pin` writes it."
VERDICT_MEND = "`proctor gate` writes it."


def read_training(path: Path) -> TrainingResult:
    return _read(path, TrainingResult, TRAIN_MEND)


def read_evaluation(path: Path) -> EvaluationResult:
    return _read(path, EvaluationResult, EVALUATE_MEND)


def read_verdict(path: Path) -> Verdict:
    return _read(path, Verdict, VERDICT_MEND)


def read_pin(path: Path, model: ModelName) -> ChampionPin:
    """The pin of ``model``'s champion; another model's is refused."""
    pin = _read(path, ChampionPin, PIN_MEND)
    if pin.model != model:
        raise ResultsInvalid(
            path, f"it pins the champion of {pin.model}, but the model is {model}.", mend=PIN_MEND
        )
    return pin


def read_records(path: Path) -> tuple[QuestionRecord, ...]:
    """The records of a file, one a line, each id once."""
    return parse_records(_text(path, EVALUATE_MEND), path)


def read_records_of(evaluation: EvaluationResult, path: Path) -> tuple[QuestionRecord, ...]:
    """The records that ``evaluation`` was computed from, or ``ResultsInvalid``: records of
    another evaluation, or altered ones, must not be judged under its name."""
    text = _text(path, EVALUATE_MEND)
    found = digest_of_bytes(text.encode())
    if found != evaluation.records_digest:
        raise ResultsInvalid(
            path,
            f"these are not the records of the evaluation: the digest is {found[:19]}…, but it"
            f" recorded {evaluation.records_digest[:19]}….",
            mend="`proctor evaluate` writes both together.",
        )
    return parse_records(text, path)


def parse_records(text: str, source: Path) -> tuple[QuestionRecord, ...]:
    """``source`` is named when a line is bad, an id repeats or nothing is there."""
    records: list[QuestionRecord] = []
    seen: set[str] = set()
    # Only a newline ends a line: JSON leaves U+2028 and its like inside strings as they are.
    lines = text.removesuffix("\n").split("\n") if text else []
    for number, line in enumerate(lines, start=1):
        try:
            record = QuestionRecord.model_validate_json(line)
        except ValidationError as error:
            raise ResultsInvalid(
                source, f"line {number} is no record: {first_fault(error)}.", mend=EVALUATE_MEND
            ) from error
        if record.id in seen:
            raise ResultsInvalid(
                source, f"line {number} repeats the question {record.id}.", mend=EVALUATE_MEND
            )
        seen.add(record.id)
        records.append(record)
    if not records:
        raise ResultsInvalid(source, "it holds no records.", mend=EVALUATE_MEND)
    return tuple(records)


def records_text(records: Iterable[QuestionRecord]) -> str:
    """One line of canonical JSON a record."""
    return "".join(canonical_json(record.model_dump(mode="json")) + "\n" for record in records)


def json_text(value: BaseModel | dict[str, float]) -> str:
    """Indented JSON with sorted keys and a newline at the end."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table that DVC and spreadsheets read."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return stream.getvalue()


def write_shape(path: Path, value: BaseModel) -> None:
    """Raises ``StorageFull``; the old file stays then."""
    write_atomically(path, json_text(value))


def _read(path: Path, shape: type[AnyShape], mend: str) -> AnyShape:
    text = _text(path, mend)
    try:
        return shape.model_validate_json(text)
    except ValidationError as error:
        raise ResultsInvalid(
            path, f"it is no {shape.__name__}: {first_fault(error)}.", mend=mend
        ) from error


def _text(path: Path, mend: str) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise ResultsInvalid(path, "there is no such file.", mend=mend) from error
    except UnicodeDecodeError as error:
        raise ResultsInvalid(path, f"not UTF-8 at byte {error.start}.", mend=mend) from error
    except OSError as error:
        raise ResultsInvalid(path, f"{error.strerror or error}.", mend=mend) from error
