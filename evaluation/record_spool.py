"""Records on disk while an evaluation runs: appended as they come, read in the suite's order.

In memory stand sixteen bytes a question, where its line begins and how long it is. The whole
can be read as often as wished as a sequence of records, each parsed when it is asked for.
"""

from __future__ import annotations

import contextlib
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

from contracts.files import storage_faults
from contracts.verdicts import QuestionRecord
from evaluation.results import records_text


class RecordSpool(Sequence[QuestionRecord]):
    """Records by place, in a file of ``folder`` that is gone with this object's ``close``."""

    def __init__(self, folder: Path) -> None:
        """Raises ``StorageFull``."""
        self._folder = folder
        with storage_faults(folder):
            folder.mkdir(parents=True, exist_ok=True)
            # Without a name: nothing is left of it, however this process ends.
            self._stream = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed in close
        self._starts = array("q")
        self._lengths = array("q")
        self._end = 0

    def close(self) -> None:
        self._stream.close()

    def put(self, place: int, record: QuestionRecord) -> None:
        """Append ``record`` as the one of ``place``. Raises ``ValueError`` for a place that
        has one, ``StorageFull``."""
        for missing in (self._starts, self._lengths):
            missing.extend([0] * (place + 1 - len(missing)))
        if self._lengths[place]:
            raise ValueError(f"place {place} has its record")
        line = records_text([record]).encode()
        with storage_faults(self._folder):
            self._stream.seek(self._end)
            self._stream.write(line)
        self._starts[place], self._lengths[place] = self._end, len(line)
        self._end += len(line)

    def has(self, place: int) -> bool:
        return place < len(self._lengths) and bool(self._lengths[place])

    def lines(self) -> Iterator[bytes]:
        """The lines of ``records.jsonl``, in the order of places."""
        return (self._line(place) for place in range(len(self)))

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[QuestionRecord]:
        return (QuestionRecord.model_validate_json(line) for line in self.lines())

    @overload
    def __getitem__(self, place: int) -> QuestionRecord: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[QuestionRecord]: ...
    def __getitem__(self, place: int | slice) -> QuestionRecord | Sequence[QuestionRecord]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        return QuestionRecord.model_validate_json(self._line(range(len(self))[place]))

    def _line(self, place: int) -> bytes:
        if not self._lengths[place]:
            raise ValueError(f"place {place} has no record yet")
        self._stream.seek(self._starts[place])
        return self._stream.read(self._lengths[place])


@contextlib.contextmanager
def record_spool(folder: Path) -> Iterator[RecordSpool]:
    """A spool for the length of a block."""
    with contextlib.closing(RecordSpool(folder)) as spool:
        yield spool
