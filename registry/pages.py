"""Writes a version's card and its model's page into the store of versions.

What a person wrote there stays: a model's description is written where there is none, a
version's where there is none or an older card of ours. Writing again changes nothing, so a
register that was killed before it is made whole by the next one.
"""

from __future__ import annotations

from contracts.verdicts import EvaluationResult, TrainingResult
from registry.cards import MARK, model_card, model_page
from registry.state import VersionRecord
from registry.versions import VersionStore


def write_pages(
    versions: VersionStore,
    record: VersionRecord,
    training: TrainingResult,
    evaluation: EvaluationResult,
) -> None:
    """Raises ``TrackingAway``, ``RunNotFound``, ``VersionNotFound``."""
    ids = {training.run_id, record.verdict.evaluation_run_id}
    runs = {run_id: versions.run_facts(run_id) for run_id in ids}
    card = model_card(record, training, evaluation, runs)
    about, old = versions.descriptions(record.model, record.version)
    if not about:
        versions.describe(record.model, None, model_page(record.model))
    if old != card and (not old or old.startswith(MARK)):
        versions.describe(record.model, record.version, card)
