"""The champion's pin on a suite that it was not registered with.

When the held-out questions change, the champion's registered records are of other
questions. Its own weights are fetched, checked and scored on the new ones, so that a
candidate can be judged against it; nothing in the registry changes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from contracts.params import EvaluateParams
from contracts.suites import SuiteSpec
from contracts.verdicts import ChampionPin
from evaluation.run import Asking, score_suite
from evaluation.suite import read_suite
from mcq.scorer import Scorer
from registry.registry import Registry


def pin_on(registry: Registry, model: str, spec: SuiteSpec, params: EvaluateParams) -> ChampionPin:
    """The pin of ``model``'s champion on a suite as it is now. Raises as
    ``Registry.fetch`` and ``read_suite`` do."""
    champion = registry.champion(model)
    if champion is None:
        return ChampionPin(model=model)
    suite = read_suite(spec, params.max_questions)
    with tempfile.TemporaryDirectory() as scratch:
        folder = registry.fetch(champion, Path(scratch))
        scorer = Scorer.load(
            folder,
            expected_digest=champion.digest,
            template=suite.template,
            precision=params.precision,
            device=params.device,
        )
        records = score_suite(scorer, suite, Asking(batch_tokens=params.batch_tokens))
    return ChampionPin(
        model=model,
        version=champion.version,
        digest=champion.digest,
        suite_digest=suite.digest,
        correct={record.id: record.correct for record in records if record.correct is not None},
    )
