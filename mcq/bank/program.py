"""The form by which programs are compared.

Two programs that differ only in names of variables, functions and parameters are the
same program: ``program_hash`` says so. The hash is the same on every supported Python.
"""

from __future__ import annotations

import ast
import hashlib
from typing import Final

SPLIT_BUCKETS: Final = 1_000
# What parsing raises of a text that is no Python: of null bytes the second, of brackets in
# brackets in brackets the last two.
NO_PYTHON: Final = (SyntaxError, ValueError, RecursionError, MemoryError)


def _own_names(tree: ast.AST) -> list[str]:
    """What the program binds itself, in order of appearance."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.append(node.id)
        elif isinstance(node, ast.FunctionDef):
            found.append(node.name)
        elif isinstance(node, ast.arg):
            found.append(node.arg)
    return list(dict.fromkeys(found))


def own_names(source: str) -> dict[str, str]:
    """The program's own names, each with the ``v0``, ``v1``, ... that stands for it.

    Raises ``SyntaxError`` when ``source`` is no Python."""
    return {name: f"v{place}" for place, name in enumerate(_own_names(ast.parse(source)))}


def _flatten(node: object, names: dict[str, str]) -> object:
    if isinstance(node, ast.AST):
        if isinstance(node, ast.Name):
            # A name that the program never binds is a builtin: its name is its meaning.
            return ["Name", names.get(node.id, node.id)]
        renamed = {"FunctionDef": "name", "arg": "arg", "keyword": "arg", "Global": "names"}
        renamed["Nonlocal"] = "names"
        kind = type(node).__name__
        fields = [
            [
                field,
                _renamed(value, names) if renamed.get(kind) == field else _flatten(value, names),
            ]
            for field, value in ast.iter_fields(node)
            # Empty fields came and went between Python versions (type_params, kind).
            if value not in (None, []) and field not in {"ctx", "type_comment"}
        ]
        return [kind, fields]
    if isinstance(node, list):
        return [_flatten(item, names) for item in node]
    return f"{type(node).__name__}:{node!r}"


def _renamed(value: object, names: dict[str, str]) -> object:
    """A name, or a list of names, that stands in the tree as text."""
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    return names.get(str(value), str(value))


def normalised(source: str) -> str:
    """The syntax tree as text, with the program's own names replaced.

    The same on every supported Python (``ast.dump`` is not: 3.13 leaves empty lists out).
    Raises ``SyntaxError`` when ``source`` is no Python.
    """
    return repr(_flatten(ast.parse(source), own_names(source)))


def program_hash(source: str) -> str:
    """SHA-256 of the normalised program, 64 hex digits."""
    return hashlib.sha256(normalised(source).encode()).hexdigest()


def bucket_of(key: str) -> int:
    """The place of ``key`` among ``SPLIT_BUCKETS`` equal parts of all keys."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:16], 16) % SPLIT_BUCKETS
