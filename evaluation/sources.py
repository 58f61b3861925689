"""Records by the name a person gives them: a file, or an evaluation run in MLflow."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from contracts.verdicts import QuestionRecord
from evaluation.results import parse_records, read_records

RUN_ID: Final = re.compile(r"^[0-9a-f]{32}$")


def load_records(name: str, tracking_uri: str) -> tuple[QuestionRecord, ...]:
    """A name of 32 hex digits is a run, unless a file is called so; all else is a file.

    Raises ``ResultsInvalid``; for a run also ``TrackingAway`` and ``RunNotFound``."""
    path = Path(name)
    if RUN_ID.match(name) is None or path.exists():
        return read_records(path)
    # MLflow is imported only when a run is asked for.
    from evaluation.tracking import fetch_records

    return parse_records(fetch_records(tracking_uri, name), Path(f"MLflow run {name}"))
