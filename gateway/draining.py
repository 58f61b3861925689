"""Whether this process was told to end: a word between its server and its routes."""

from __future__ import annotations


class Draining:
    """``begin`` is called by the server; from then on ``/readyz`` answers 503, and every
    reply has its connection closed."""

    def __init__(self) -> None:
        self._begun = False

    def begin(self) -> None:
        self._begun = True

    def __call__(self) -> bool:
        return self._begun
