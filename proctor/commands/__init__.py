"""One noun a file. A command has no logic: flags in, a call, a print.

``NOUNS`` are groups (``proctor registry list``), ``VERBS`` stand alone (``proctor train``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import typer

from proctor.commands import compare, evaluate, gate, params, questions, train

NOUNS: Final[dict[str, typer.Typer]] = {
    "questions": questions.app,
}

VERBS: Final[dict[str, Callable[..., Any]]] = {
    "params": params.params,
    "train": train.train,
    "evaluate": evaluate.evaluate,
    "compare": compare.compare,
    "gate": gate.gate,
}
