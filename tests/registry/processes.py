"""Moves in processes of their own, which tests may kill or let race.

The processes come from a fork server that has imported the heavy libraries once.
"""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any

from contracts.errors import ProctorError
from registry.ledger import Ledger
from registry.mlflow_versions import MlflowVersions
from registry.registry import Registry

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__])

Work = Callable[..., object]


def open_registry(ledger_url: str, uri: str, at_step: Callable[[str], None]) -> Registry:
    return Registry(
        Ledger(ledger_url), MlflowVersions(uri), actor="process", commit="c0ffee", at_step=at_step
    )


def _run(pipe: Connection, barrier: Any, work: Work, arguments: Sequence[Any]) -> None:
    outcome: object
    try:
        barrier.wait(60)
        outcome = work(*arguments)
    except ProctorError as error:
        outcome = type(error).__name__
    except BaseException:  # noqa: BLE001  # told to the test, which fails on it
        outcome = traceback.format_exc()
    pipe.send(outcome)


def run_together(*jobs: tuple[Work, Sequence[Any]]) -> list[tuple[int | None, object]]:
    """Run jobs at once, a process each: exit code, and result, name of the error of ours,
    or traceback; ``None`` when the process was killed."""
    barrier = _context.Barrier(len(jobs))
    started = []
    for work, arguments in jobs:
        mine, theirs = _context.Pipe(duplex=False)
        process = _context.Process(target=_run, args=(theirs, barrier, work, arguments))
        process.start()
        theirs.close()
        started.append((process, mine))
    outcomes: list[tuple[int | None, object]] = []
    for process, pipe in started:
        try:
            outcome = pipe.recv() if pipe.poll(120) else "no outcome within 120 s"
        except EOFError:
            outcome = None
        process.join(30)
        outcomes.append((process.exitcode, outcome))
    return outcomes
