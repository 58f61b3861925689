"""Lines that wait to be written: a queue with a bound on their number and on their size.

Adding costs about a microsecond and shares no lock with taking: a lock whose holder waits for
the interpreter would keep the caller waiting, too.
What was taken still counts until it is settled (written, or lost), so that a database that
is away cannot make the process grow.
"""

from __future__ import annotations

import threading
from collections import deque
from sys import getsizeof
from typing import Final

from answerlog.records import AnswerRecord

LINE_BYTES: Final = 6_000
"""What a line takes in memory without its question, rounded up."""


def weight_bytes(line: AnswerRecord) -> int:
    """What a line takes in memory, its question included."""
    question = line.question
    if question is None:
        return LINE_BYTES
    texts = (question.question, question.code or "", *question.choices)
    return LINE_BYTES + sum(getsizeof(text) for text in texts)


class Spool:
    """Any thread may add; one thread takes and settles.

    ``accepted`` and ``settled`` count lines since the beginning, so that all of the first
    ``accepted`` lines have been dealt with once ``settled`` has come as far."""

    def __init__(self, *, most_lines: int, most_bytes: int) -> None:
        self._most_lines = most_lines
        self._most_bytes = most_bytes
        self._adding = threading.Lock()
        self._waiting: deque[AnswerRecord] = deque()
        self._accepted_bytes = 0
        self._settled_bytes = 0
        self.accepted = 0
        self.settled = 0
        self.refused = 0

    @property
    def lines(self) -> int:
        return self.accepted - self.settled

    @property
    def bytes(self) -> int:
        return self._accepted_bytes - self._settled_bytes

    def close(self) -> None:
        """Refuse whatever comes from here on."""
        self._most_lines = 0

    def add(self, line: AnswerRecord) -> bool:
        """``False``, and counted as refused, where there is no room."""
        weight = weight_bytes(line)
        with self._adding:
            if self.lines >= self._most_lines or self.bytes + weight > self._most_bytes:
                self.refused += 1
                return False
            self._accepted_bytes += weight
            self.accepted += 1
            self._waiting.append(line)
        return True

    def take(self, most: int) -> list[AnswerRecord]:
        """Up to ``most`` lines, the oldest first."""
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    def settle(self, lines: list[AnswerRecord]) -> None:
        """These were taken, and nobody needs them any more."""
        self._settled_bytes += sum(map(weight_bytes, lines))
        self.settled += len(lines)
