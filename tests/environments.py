"""Environments for the processes that tests start."""

from __future__ import annotations

import os


def unmeasured() -> dict[str, str]:
    """This process's environment, without what makes a child measure its own coverage: a
    child that may write no file could not write that one either, and would say so."""
    return {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
