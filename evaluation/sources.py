"""Records by the name a person gives them: a file, or an evaluation run in MLflow."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from contracts.digests import digest_of_bytes
from contracts.reports import Report
from contracts.verdicts import QuestionRecord
from evaluation.compare_versions import Examined
from evaluation.results import parse_records, read_records, records_text

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


def load_examined(name: str, tracking_uri: str) -> Examined:
    """The records of that name and, where the report of just these records lies beside them
    (``report/report.json`` in the same folder, or in the run), how they were had.

    Raises what ``load_records`` raises; a report that cannot be read tells nothing."""
    records = load_records(name, tracking_uri)
    path = Path(name)
    try:
        if path.exists():
            text = (path.parent / "report" / "report.json").read_text(encoding="utf-8")
        else:
            from evaluation.tracking import fetch_report

            text = fetch_report(tracking_uri, name) or ""
        header = Report.model_validate_json(text).header
    except (OSError, ValueError):
        return Examined(name, records)
    ours = header.records_digest == digest_of_bytes(records_text(records).encode())
    return Examined(name, records, header if ours else None)
