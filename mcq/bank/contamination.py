"""Twins between held-out and training questions, by 13-grams of tokens.

GPT-3 called a test item contaminated when a 13-gram of it stood in the training text
(arXiv:2005.14165, appendix C). Short programs from templates share their boilerplate, so
one shared 13-gram says little here: a held-out item is a *twin* when **all** its 13-grams
(its whole token sequence when it is shorter) stand in training items. The share with any
overlap is reported beside it.

Tokens are names, numbers, quoted strings, and single other characters, without comments
and white space; a program's own names are replaced by ``v0``, ``v1``, ... in order, so
that renaming hides nothing. A regular expression, not ``tokenize``: that one cuts
f-strings otherwise from Python 3.12 on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mcq.bank.program import own_names

GRAM_TOKENS: Final = 13
TOKEN: Final = re.compile(
    r"""\#[^\n]* | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' | \w+ | [^\w\s]""", re.VERBOSE
)


def tokens_of(source: str) -> list[str]:
    """The tokens of a program, or of a text that is none (its names are then kept)."""
    try:
        names = own_names(source)
    except (SyntaxError, ValueError):
        names = {}
    found = TOKEN.findall(source)
    return [names.get(token, token) for token in found if not token.startswith("#")]


def grams_of(source: str) -> frozenset[str]:
    """The 13-grams of a program; its whole token sequence when that is shorter."""
    tokens = tokens_of(source)
    last = max(1, len(tokens) - GRAM_TOKENS + 1)
    return frozenset(" ".join(tokens[at : at + GRAM_TOKENS]) for at in range(last))


@dataclass(frozen=True)
class Overlap:
    """Of ``questions`` held-out items, ``twins`` are covered whole by training items and
    ``touched`` share at least one 13-gram."""

    questions: int
    twins: tuple[int, ...]
    touched: int

    @property
    def touched_share(self) -> float:
        return self.touched / self.questions if self.questions else 0.0


def overlap(held_out: Sequence[Iterable[str]], training: Iterable[str]) -> Overlap:
    """Which of ``held_out`` are twins of ``training``; ``twins`` are places in ``held_out``.

    An item of ``held_out`` is all its programs: it is a twin when one of them is. Only the
    grams of held-out items are kept in memory, so training may be long.
    """
    grams = [[grams_of(source) for source in sources] for sources in held_out]
    wanted = {gram for item in grams for program in item for gram in program}
    known: set[str] = set()
    for source in training:
        known |= wanted & grams_of(source)
    twins = tuple(
        place for place, item in enumerate(grams) if any(program <= known for program in item)
    )
    touched = sum(any(program & known for program in item) for item in grams)
    return Overlap(len(grams), twins, touched)


def all_sources(items: Iterable[Sequence[str]]) -> Iterator[str]:
    """Every program of every item."""
    for sources in items:
        yield from sources
