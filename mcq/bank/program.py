"""A drawn program, its misreadings, and the form by which programs are compared.

A *misreading* is the program as somebody with one misconception sees it: running it
gives the answer that this person would choose. Two programs that differ only in names
of variables are the same program: ``program_hash`` says so, and decides the split.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

SPLIT_BUCKETS: Final = 1_000


@dataclass(frozen=True)
class Misreading:
    """``source`` is the program as the holder of ``misconception`` understands it."""

    misconception: str
    source: str


@dataclass(frozen=True)
class Draft:
    """One program of a family, before anything was run."""

    source: str
    misreadings: tuple[Misreading, ...]


def draft(source: str, wrong: Iterable[tuple[str, str]]) -> Draft:
    """A draft from its source and pairs of (misconception, misread source)."""
    return Draft(source, tuple(Misreading(label, text) for label, text in wrong))


def _flatten(node: object, names: dict[str, str]) -> object:
    if isinstance(node, ast.AST):
        if isinstance(node, ast.Name):
            # A name that the program never binds is a builtin: its name is its meaning.
            return ["Name", names.get(node.id, node.id)]
        fields = [
            [field, _flatten(value, names)]
            for field, value in ast.iter_fields(node)
            # Empty fields came and went between Python versions (type_params, kind).
            if value not in (None, []) and field not in {"ctx", "type_comment"}
        ]
        return [type(node).__name__, fields]
    if isinstance(node, list):
        return [_flatten(item, names) for item in node]
    return f"{type(node).__name__}:{node!r}"


def normalised(source: str) -> str:
    """The syntax tree as text, with bound names replaced by their order of appearance.

    The same on every supported Python (``ast.dump`` is not: 3.13 leaves empty lists out).
    Raises ``SyntaxError`` when ``source`` is no Python.
    """
    tree = ast.parse(source)
    bound = [
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]
    names = {name: f"v{place}" for place, name in enumerate(dict.fromkeys(bound))}
    return repr(_flatten(tree, names))


def program_hash(source: str) -> str:
    """SHA-256 of the normalised program, 64 hex digits."""
    return hashlib.sha256(normalised(source).encode()).hexdigest()


def bucket_of(program: str) -> int:
    """A program hash's place among ``SPLIT_BUCKETS`` equal parts of all programs."""
    return int(program[:16], 16) % SPLIT_BUCKETS
