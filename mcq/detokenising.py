"""Text out of tokens, a token at a time, that is never taken back.

A token may hold a part of a character, and some tokenizers write a token otherwise beside
others (a leading blank, a run of bytes). So a token is turned into text together with those
before it, and only what later ones cannot change is given out: what stands before the
replacement characters (U+FFFD) at the end, which is how a decoder writes a character that is
not whole yet. A character has four bytes at most (RFC 3629, section 3), so no more than three
of them may still become one.

All pieces together are the reply's text. A token costs two decodings of a few tokens. Knows
no tokenizer: decoding is an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

_BROKEN: Final = "\ufffd"
_MOST_BROKEN: Final = 3
# So many tokens without a whole end are no character: they are not held any longer.
_MOST_HELD: Final = 32


class Detokeniser:
    """The text of one reply. ``decode`` turns token ids into text, special ones left out."""

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        # Tokens that were told whole, for what comes is written as it is after them.
        self._before: list[int] = []
        self._before_text = ""
        # Tokens since then, and what of them was told.
        self._fresh: list[int] = []
        self._told = ""

    def add(self, token: int) -> str:
        """What can be told now that ``token`` is known, perhaps nothing."""
        self._fresh.append(token)
        text = self._text()
        whole = _whole(text)
        piece = self._untold(whole)
        self._told += piece
        if text == whole:
            self._before, self._fresh, self._told = self._fresh, [], ""
            self._before_text = self._decode(self._before)
        elif len(self._fresh) > _MOST_HELD:
            self._before, self._before_text = [], ""
            self._fresh = self._fresh[-_MOST_BROKEN - 1 :]
            self._told = _whole(self._decode(self._fresh))
        return piece

    def rest(self) -> str:
        """What was held back when the reply ended."""
        piece = self._untold(self._text()) if self._fresh else ""
        self._told += piece
        return piece

    def _text(self) -> str:
        """Of the fresh tokens, as they are written after those before."""
        text = self._decode([*self._before, *self._fresh])
        if text.startswith(self._before_text):
            return text[len(self._before_text) :]
        return self._decode(self._fresh)

    def _untold(self, text: str) -> str:
        return text[len(self._told) :] if text.startswith(self._told) else ""


def _whole(text: str) -> str:
    """``text`` without what may be the beginning of a character at its end."""
    kept = text.rstrip(_BROKEN)
    return kept if len(text) - len(kept) <= _MOST_BROKEN else text[:-_MOST_BROKEN]
