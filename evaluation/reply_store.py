"""Replies that were written once: one append-only file for each way of writing.

A file is named by the digest of all that decides a reply beside its prompt (weights and
tokenizer, precision, kind of device, generator version, prompting, limit of new tokens). A line
(``evaluation.kept_lines``) is one reply under the digest of its prompt as the model read it: a
template that writes the date asks anew every day. The text is kept, not the letter, so that
another reading of replies needs no new ones. Knows no model and no question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from contracts.digests import digest_of_bytes, digest_of_json
from contracts.shape import Shape
from evaluation.kept_lines import KeptLines
from mcq.generating import Ending, Written


class ReplyLine(Shape):
    """One line, less its checksum: a ``mcq.generating.Written`` under its prompt's digest."""

    prompt: str
    text: str | None
    tokens: int
    ended: Ending | None
    unanswered: str | None

    def written(self) -> Written:
        return Written(self.text, self.tokens, self.ended, self.unanswered)


class ReplyStore:
    """The replies of one ``identity`` (``mcq.generation.Generator``) to prompts of
    ``prompting``, of at most ``max_new_tokens``, below ``folder``. ``fresh`` knows none of those
    that are there; ``say`` hears of damaged lines."""

    def __init__(
        self,
        folder: Path,
        identity: str,
        prompting: str,
        max_new_tokens: int,
        *,
        fresh: bool = False,
        say: Callable[[str], None] = lambda _text: None,
    ) -> None:
        name = digest_of_json([identity, prompting, max_new_tokens])
        self.path = folder / f"{name.removeprefix('sha256:')}.jsonl"
        self._lines = KeptLines(self.path, ReplyLine)
        self._fresh = fresh
        self._say = say

    def known(self, prompts: Sequence[str]) -> dict[int, Written]:
        """The replies to those of ``prompts`` that have one, by place."""
        if self._fresh:
            return {}
        found: dict[str, Written] = {}
        dropped = 0
        for line in self._lines.read():
            if line is None:
                dropped += 1
            else:
                found[line.prompt] = line.written()
        if dropped:
            self._say(
                f"{self.path}: {dropped} damaged lines were passed over; what they held is"
                " written again"
            )
        digests = [_digest(prompt) for prompt in prompts]
        return {place: found[digest] for place, digest in enumerate(digests) if digest in found}

    def add(self, prompts: Sequence[str], written: Sequence[Written]) -> None:
        """Append one line for each reply, all in one write. Raises ``StorageFull``."""
        self._lines.add(
            [
                ReplyLine(
                    prompt=_digest(prompt),
                    text=reply.text,
                    tokens=reply.tokens,
                    ended=reply.ended,
                    unanswered=reply.unanswered,
                )
                for prompt, reply in zip(prompts, written, strict=True)
            ]
        )


def _digest(prompt: str) -> str:
    return digest_of_bytes(prompt.encode())
