"""Goes through sources row by row: finds the format, refuses or skips bad rows, checks ids."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

from contracts.digests import canonical_json
from contracts.errors import BadInput
from contracts.questions import Question
from contracts.sources import REPOSITORY, FormatName, QuestionSource
from mcq.loaders import codemmlu, mmlu_redux, proctor_rows
from mcq.loaders.columns import columns
from mcq.loaders.csv_records import CELLS, csv_records
from mcq.loaders.fields import LINE_SUFFIXES, SUFFIXES
from mcq.loaders.json_records import json_array, json_lines
from mcq.loaders.mmlu import mmlu
from mcq.loaders.rows import Bad, Good, LeftOut, Loader, Place, Record, Records, Row

LOADERS: Final[dict[FormatName, Loader]] = {
    "proctor": proctor_rows.proctor_rows,
    "mmlu": mmlu,
    "columns": columns,
    "codemmlu": codemmlu.codemmlu,
    "mmlu-redux": mmlu_redux.mmlu_redux,
}
_MARKS: Final[dict[str, FormatName]] = {
    CELLS: "mmlu",
    proctor_rows.MARK: "proctor",
    mmlu_redux.MARK: "mmlu-redux",
    codemmlu.MARK: "codemmlu",
}


def open_records(source: QuestionSource) -> Records:
    """The records of a source, read as they are asked for. Raises ``BadInput`` for a missing
    file or another suffix, ``HubAway`` and ``DatasetNotFound`` for a dataset."""
    if source.path is not None and not Path(source.path).exists():
        raise _nothing_there(source.path)
    if source.path is None or Path(source.path).is_dir():
        from mcq.loaders.dataset_records import dataset_records

        return dataset_records(source)
    path = Path(source.path)
    if path.suffix not in SUFFIXES:
        raise BadInput(
            f"{path}: questions are read from {', '.join(SUFFIXES)} files.",
            mend="Rename it after what it holds, or name a folder or an hf:// address.",
        )
    if not path.is_file():
        raise BadInput(f"{path} is neither a file nor a folder.")
    if source.config is not None or source.split is not None:
        raise BadInput(f"{path} is a file: it has neither configurations nor splits.")
    if path.suffix in LINE_SUFFIXES:
        return json_lines(path)
    if path.suffix == ".json":
        return json_array(path)
    if path.suffix == ".csv":
        said = source.said_format
        return csv_records(path, header=None if said is None else said != "mmlu")
    from mcq.loaders.dataset_records import parquet_records

    return parquet_records(path)


# What `proctor questions build` writes.
BANK_FILES: Final = frozenset({"train.jsonl", "validation.jsonl", "test.jsonl"})


def _nothing_there(text: str) -> BadInput:
    path = Path(text)
    mend = "Check the path; a relative one begins in the working folder."
    if path.name in BANK_FILES:
        mend = "`proctor questions build` makes a bank's files."
    elif REPOSITORY.fullmatch(text) and path.suffix not in SUFFIXES:
        mend = f"A dataset of the Hugging Face hub is hf://{text}@REVISION, a commit of it."
    return BadInput(f"{text}: there is no such file or folder.", mend=mend)


def read_rows(source: QuestionSource) -> Iterator[Row]:
    """The rows of a source in its format, or in the one that its first record is of.

    Holds one row. Raises as ``open_records`` does, and nothing for what stands in rows.
    """
    records = open_records(source)
    if source.said_format is not None:
        yield from LOADERS[source.said_format](records, source)
        return
    for record in records:
        if isinstance(record, Record):
            rest = chain([record], records)
            yield from LOADERS[_format_of(record)](rest, source)
            return
        yield record


def _format_of(record: Record) -> FormatName:
    for mark, name in _MARKS.items():
        if mark in record.fields:
            return name
    return "proctor" if "id" in record.fields and "question" not in record.fields else "columns"


# Of the bad rows of a source that has no other ones, so many are told.
REASONS_TOLD: Final = 3


class Reading:
    """The questions of ``sources``, in order, one at a time; iterate once.

    A bad row, or an id that came before in any source, is refused (``BadRow``), or with
    ``skip_bad`` passed over. Afterwards ``skipped`` lists these rows, ``left_out`` counts
    by label the rows that a format left out, and ``questions`` counts what was given.
    Raises ``BadInput`` for a source without questions.
    """

    def __init__(self, sources: Sequence[QuestionSource], *, skip_bad: bool = False) -> None:
        self.sources = tuple(sources)
        self.skipped: list[Bad] = []
        self.left_out: Counter[str] = Counter()
        self.questions = 0
        self._skip_bad = skip_bad
        self._first: dict[str, Place] = {}

    def __iter__(self) -> Iterator[Question]:
        for source in self.sources:
            questions, skipped = self.questions, len(self.skipped)
            left_out = self.left_out.total()
            for row in read_rows(source):
                question = self._taken(row)
                if question is not None:
                    self.questions += 1
                    yield question
            if self.questions == questions:
                raise _no_questions(
                    source, self.skipped[skipped:], self.left_out.total() - left_out
                )

    def _taken(self, row: Row) -> Question | None:
        if isinstance(row, LeftOut):
            self.left_out[row.label] += 1
            return None
        if isinstance(row, Good):
            first = self._first.setdefault(row.question.id, row.place)
            if first is row.place:
                return row.question
            row = Bad(row.place, _repeated(row, first))
        if not self._skip_bad:
            raise row.error()
        self.skipped.append(row)
        return None


def _repeated(row: Good, first: Place) -> str:
    where = f"line {first.line}"
    if first.source != row.place.source:
        where += f" of {first.source}"
    return f"the id {row.question.id} stands in {where}, too"


def _no_questions(source: QuestionSource, skipped: Sequence[Bad], left_out: int) -> BadInput:
    found = f"{source.address} holds no questions"
    if left_out:
        found += f"; {_rows(left_out)} left out by label"
    if not skipped:
        return BadInput(f"{found}.")
    told = [f"{bad.place.source}:{bad.place.line}: {bad.reason}" for bad in skipped[:REASONS_TOLD]]
    if len(skipped) > REASONS_TOLD:
        told.append(f"and {len(skipped) - REASONS_TOLD} more")
    lines = "".join(f"\n  {one}" for one in told)
    return BadInput(f"{found}; {_rows(len(skipped), 'bad ')} skipped:{lines}")


def _rows(count: int, kind: str = "") -> str:
    return f"1 {kind}row was" if count == 1 else f"{count} {kind}rows were"


def load_questions(source: Path | QuestionSource) -> list[Question]:
    """All questions of one source, checked whole.

    Raises ``BadInput`` for a source that is missing, of another suffix, or empty, ``BadRow``
    for a bad row or an id that was used before, ``HubAway`` and ``DatasetNotFound`` for a
    dataset.
    """
    if isinstance(source, Path):
        source = QuestionSource(path=str(source))
    return list(Reading([source]))


class QuestionsDigest:
    """Digest of questions that come one at a time: of what they say, whatever file they are
    from, in this order."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._begun = False

    def add(self, question: Question) -> None:
        row = canonical_json(question.model_dump(mode="json", exclude_none=True))
        self._hash.update((f"\n{row}" if self._begun else row).encode())
        self._begun = True

    def value(self) -> str:
        """``sha256:`` and 64 hex digits."""
        return f"sha256:{self._hash.hexdigest()}"


def questions_digest(questions: Iterable[Question]) -> str:
    """Digest of the questions themselves, in order, whatever file they came from."""
    digest = QuestionsDigest()
    for question in questions:
        digest.add(question)
    return digest.value()
