"""What an evaluation is asked to do, and how its run begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from contracts.params import Params
from contracts.run_group import RunGroup
from contracts.suites import Protocol, SuiteSpec
from evaluation.batches import ClusterSettings
from evaluation.suite import Suite
from evaluation.tracking import EvaluationRun


@dataclass(frozen=True)
class EvaluateRequest:
    """``checkpoint``: the folder to examine; ``training``: the result that recorded its
    digest; ``suite``: the questions; ``out``: where the results go; ``scores``: the folder of
    what was scored before, ``fresh`` to score it again; ``validation``: the file of questions
    that a temperature is fitted on, if any; ``learned``: the file of questions that it was
    trained on, if at hand; ``protocol`` in place of the suite's own;
    ``explain``: how many of the questions are explained after they were scored; ``say`` hears
    what people should know; ``cluster``: where the suite is scored, by this process when
    ``None``."""

    checkpoint: Path
    training: Path
    suite: SuiteSpec
    out: Path
    params: Params
    tracking_uri: str
    commit: str
    scores: Path
    validation: Path | None = None
    learned: Path | None = None
    fresh: bool = False
    protocol: Protocol | None = None
    explain: int = 0
    say: Callable[[str], None] = lambda _text: None
    cluster: ClusterSettings | None = None
    group: RunGroup = field(default_factory=RunGroup)


def start_run(run: EvaluationRun, request: EvaluateRequest, suite: Suite) -> None:
    """Begin the run of ``request``, its parameters logged. Raises ``TrackingAway``."""
    params = request.params
    settings = {f"evaluate.{key}": value for key, value in params.evaluate.model_dump().items()}
    run.start(params.experiment, suite, settings, request.commit)
