"""One noun a file. A command has no logic: flags in, a call, a print.

``NOUNS`` are groups (``proctor registry list``), ``VERBS`` stand alone (``proctor train``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import typer

from proctor.commands import (
    ask,
    bento,
    compare,
    demo,
    evaluate,
    gate,
    gateway,
    keys,
    log,
    models,
    params,
    plots,
    questions,
    registry,
    stack,
    suites,
    sweep,
    traffic,
    train,
)

NOUNS: Final[dict[str, typer.Typer]] = {
    "questions": questions.app,
    "models": models.app,
    "bento": bento.app,
    "gateway": gateway.app,
    "keys": keys.app,
    "registry": registry.app,
    "log": log.app,
    "suites": suites.app,
    "traffic": traffic.app,
}

VERBS: Final[dict[str, Callable[..., Any]]] = {
    "params": params.params,
    "ask": ask.ask,
    "train": train.train,
    "evaluate": evaluate.evaluate,
    "compare": compare.compare,
    "gate": gate.gate,
    "plots": plots.plots,
    "sweep": sweep.sweep,
    "up": stack.up,
    "status": stack.status,
    "down": stack.down,
    "demo": demo.demo,
}
