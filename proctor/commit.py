"""Which commit of the code is at work: for runs, the ledger and lineage."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

UNKNOWN: Final = "unknown"


def current_commit(folder: Path = Path()) -> str:
    """The commit checked out at ``folder``, ``-dirty`` after it when tracked files differ;
    ``"unknown"`` outside a checkout or without git."""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN
    return f"{commit}-dirty" if changed else commit


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(  # noqa: S603  # fixed words, no shell
        ["git", "-C", str(folder), *words],  # noqa: S607
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()
