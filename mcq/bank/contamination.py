"""Twins between held-out and training questions, by 13-grams of tokens.

GPT-3 called a test item contaminated when a 13-gram of it stood in the training text
(arXiv:2005.14165, appendix C). Short programs from templates share their boilerplate, so
one shared 13-gram says little here: a held-out item is a *twin* when **all** its 13-grams
(its whole token sequence when it is shorter) stand in training items. The share with any
overlap is reported beside it.

Tokens of Python are names, numbers, quoted strings, and single other characters, without
comments and white space; a program's own names are replaced by ``v0``, ``v1``, ... in order,
so that renaming hides nothing. A regular expression, not ``tokenize``: that one cuts
f-strings otherwise from Python 3.12 on. Anything else is cut at words and signs alone: in
prose an apostrophe opens no string, and in C a ``#`` no comment. Prose is compared without
regard to case, as there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mcq.bank.program import NO_PYTHON, own_names

GRAM_TOKENS: Final = 13
TOKEN: Final = re.compile(
    r"""\#[^\n]* | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' | \w+ | [^\w\s]""", re.VERBOSE
)
WORD: Final = re.compile(r"\w+|[^\w\s]")


def tokens_of(source: str) -> list[str]:
    """The tokens of a program; words and signs of one that is no Python."""
    try:
        names = own_names(source)
    except NO_PYTHON:
        return WORD.findall(source)
    found = TOKEN.findall(source)
    return [names.get(token, token) for token in found if not token.startswith("#")]


def words_of(text: str) -> list[str]:
    """The words and signs of prose, in small letters."""
    return WORD.findall(text.casefold())


def grams_of(source: str) -> frozenset[str]:
    """The 13-grams of a program; its whole token sequence when that is shorter."""
    return _grams(tokens_of(source))


def grams_of_words(text: str) -> frozenset[str]:
    """The 13-grams of prose; all its words when they are fewer."""
    return _grams(words_of(text))


def _grams(tokens: Sequence[str]) -> frozenset[str]:
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

    An item of ``held_out`` is all its programs: it is a twin when one of them is.
    """
    grams = [[grams_of(source) for source in sources] for sources in held_out]
    return overlap_of_grams(grams, (grams_of(source) for source in training))


def overlap_of_grams(
    held_out: Sequence[Sequence[frozenset[str]]], training: Iterable[frozenset[str]]
) -> Overlap:
    """As ``overlap``, of the grams themselves. Only those of held-out items are kept in memory,
    so training may be long."""
    wanted = {gram for item in held_out for program in item for gram in program}
    known: set[str] = set()
    for grams in training:
        known |= wanted & grams
    twins = tuple(
        place for place, item in enumerate(held_out) if any(program <= known for program in item)
    )
    touched = sum(any(program & known for program in item) for item in held_out)
    return Overlap(len(held_out), twins, touched)


def all_sources(items: Iterable[Sequence[str]]) -> Iterator[str]:
    """Every program of every item."""
    for sources in items:
        yield from sources
