"""What a move needs before anything changes: evidence of one checkpoint, a pass, a reason.

Pure checks over what training, evaluation and gate wrote; they raise or return, and touch
neither ledger nor store.
"""

from __future__ import annotations

from contracts.digests import digest_of_json
from contracts.errors import (
    BadInput,
    ChampionMoved,
    CouldNotJudge,
    DigestMismatch,
    GateNotPassed,
)
from contracts.verdicts import EvaluationResult, TrainingResult, Verdict
from registry.events import VerdictFacts
from registry.state import ModelState, VersionRecord
from registry.versions import EXAMINED_TAG, SUITE_TAG, RunFacts


def shown(version: str | None) -> str:
    """A version in words; ``None`` is where an alias points to nothing."""
    return "nothing" if version is None else f"version {version}"


def check_reason(why: str) -> None:
    """Refuse (``BadInput``) a reason that says nothing, or that no database could keep."""
    if not why.strip() or "\0" in why or any("\ud800" <= sign <= "\udfff" for sign in why):
        raise BadInput(
            "the reason is blank or not readable text; nothing was changed.",
            mend="Say in a few words why, with --why.",
        )


def verdict_facts(verdict: Verdict, evaluation: EvaluationResult) -> VerdictFacts:
    """What the ledger keeps of a verdict, and of the evaluation behind it."""
    comparison = verdict.comparison
    return VerdictFacts(
        decision=verdict.decision,
        rule=verdict.rule,
        reason=verdict.reason,
        champion=verdict.champion,
        evaluation_run_id=verdict.evaluation_run_id,
        suite_digest=verdict.suite_digest,
        records_digest=verdict.records_digest,
        accuracy=verdict.accuracy,
        difference=comparison.difference if comparison else None,
        mcnemar_p=comparison.mcnemar_p if comparison else None,
        verdict_digest=digest_of_json(verdict.model_dump(mode="json")),
        temperature=evaluation.temperature,
        max_new_tokens=evaluation.max_new_tokens,
    )


def check_evidence(
    training: TrainingResult, evaluation: EvaluationResult, verdict: Verdict, found_digest: str
) -> None:
    """Weights, evaluation and verdict are of one checkpoint, and the verdict is a pass.
    Raises ``DigestMismatch``, ``GateNotPassed``, ``CouldNotJudge``."""
    again = "Run `dvc repro` so that all of it is of one checkpoint."
    for subject, expected, found in (
        ("the checkpoint folder", training.digest, found_digest),
        ("the evaluation", training.digest, evaluation.digest),
        ("the verdict", training.digest, verdict.digest),
        ("the verdict's records", evaluation.records_digest, verdict.records_digest),
        ("the verdict's suite", evaluation.suite_digest, verdict.suite_digest),
    ):
        if expected != found:
            raise DigestMismatch(subject, expected=expected, found=found, mend=again)
    if verdict.evaluation_run_id != evaluation.run_id:
        raise GateNotPassed(
            "this checkpoint",
            f"the verdict is of run {verdict.evaluation_run_id}, the evaluation of"
            f" {evaluation.run_id}.",
            mend=again,
        )
    if verdict.decision == "reject":
        raise GateNotPassed("this checkpoint", verdict.reason)
    if verdict.decision != "pass":
        raise CouldNotJudge("this checkpoint", verdict.reason)


def check_examined(evaluation: EvaluationResult, run: RunFacts) -> None:
    """The evaluation's ``run`` in the store examined what the evaluation's file says, on the
    same suite: a file is easily relabelled. Raises ``DigestMismatch``."""
    for what, tag, expected in (
        ("checkpoint", EXAMINED_TAG, evaluation.digest),
        ("suite", SUITE_TAG, evaluation.suite_digest),
    ):
        found = run.tags.get(tag, "missing")
        if found != expected:
            raise DigestMismatch(
                f"the {what} that evaluation run {run.run_id} examined",
                expected=expected,
                found=found,
                mend="Evaluate this checkpoint: `dvc repro`, or `proctor evaluate`.",
            )


def check_verdict(record: VersionRecord, champion: str | None) -> None:
    """The version passed, against the present ``champion``. Raises ``GateNotPassed``,
    ``ChampionMoved``."""
    subject = f"{record.model}/{record.version}"
    if record.verdict.decision != "pass":
        raise GateNotPassed(subject, record.verdict.reason)
    if record.verdict.champion != champion:
        raise ChampionMoved(
            record.model,
            judged_against=shown(record.verdict.champion),
            present=shown(champion),
        )


def check_new(model: ModelState, number: str, digest: str) -> None:
    """A version that the store just made is none that the ledger has: a store that was set
    back to an earlier day counts from there again. Raises ``DigestMismatch``."""
    if number in model.versions:
        raise DigestMismatch(
            f"{model.name}/{number} in MLflow",
            expected=model.versions[number].digest,
            found=digest,
            mend="MLflow gave a number anew that the ledger knows: restore MLflow's database"
            " from a backup that has all versions of `proctor registry list`.",
        )
