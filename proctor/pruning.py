"""What the local stack's folder no longer needs, and nothing of which that is not certain.

Four things grow with every version and every start: bentos unpacked to be served, one small
store of metrics an answerer, states of trainings that nobody goes on with, and scores. The
first two can be made anew from the registry at any time; a state is given up after a month, and
so are scores that no evaluation looked at. What a
running process names in its command or its environment stays, whoever started it, and so
does a bento that was picked a while ago (its server may be about to start) and everything
whose name is not one of ours.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import psutil

from bentos.serving import SERVED_FOLDER
from evaluation.scores import SCORES_FOLDER

STATE_SECONDS: Final = 30 * 24 * 3600.0
PICKED_SECONDS: Final = 3600.0
_DIGEST: Final = re.compile(r"[0-9a-f]{16}")
_SCORES: Final = re.compile(r"[0-9a-f]{64}\.jsonl")
_PORT: Final = re.compile(r"[0-9]{1,5}")
_STEP: Final = "step-*"


def prune(home: Path, *, keep: Iterable[Path], now_seconds: float) -> list[Path]:
    """Remove what is unused below ``home``; what was removed. ``keep`` are paths in use
    that no process need name. ``now_seconds`` since the epoch judges how old things are."""
    unused = [
        *(
            path
            for path in _named(home / SERVED_FOLDER, _DIGEST)
            if now_seconds - path.stat().st_mtime > PICKED_SECONDS
        ),
        *_named(home / "answerers", _PORT),
    ]
    if unused:
        used = "\0".join((*map(str, keep), *_said_by_processes()))
        # With what follows a folder's name, so that 3000 is not found in 30001.
        unused = [path for path in unused if not re.search(re.escape(str(path)) + r"\b", used)]
    unused += [
        path
        for path in _named(home / "training", _DIGEST)
        if (newest := _newest_state(path)) is not None and now_seconds - newest > STATE_SECONDS
    ]
    for path in unused:
        shutil.rmtree(path, ignore_errors=True)
    scores = _old_scores(home / SCORES_FOLDER, now_seconds)
    for path in scores:
        path.unlink(missing_ok=True)
    return [*unused, *scores]


def _old_scores(folder: Path, now_seconds: float) -> list[Path]:
    """Files of scores that were neither read nor added to for as long as a state is kept."""
    if not folder.is_dir():
        return []
    return [
        path
        for path in sorted(folder.iterdir())
        if _SCORES.fullmatch(path.name)
        and path.is_file()
        and not path.is_symlink()
        and now_seconds - path.stat().st_mtime > STATE_SECONDS
    ]


def _named(folder: Path, names: re.Pattern[str]) -> list[Path]:
    """Folders, no links, whose whole name is one of ours."""
    if not folder.is_dir():
        return []
    return [
        path
        for path in sorted(folder.iterdir())
        if names.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
    ]


def _newest_state(folder: Path) -> float | None:
    """When a training last saved; ``None`` for a folder without a saved state."""
    times = [path.stat().st_mtime for path in folder.glob(_STEP)]
    return max(times, default=None)


def _said_by_processes() -> list[str]:
    """Words and environments of every process that we may look at."""
    said: list[str] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            said += process.cmdline()
            said += process.environ().values()
    return said
