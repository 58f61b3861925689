"""Evidence for the registry's tests: checkpoint folders, results and verdicts that agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.digests import digest_of_bytes, digest_of_folder
from contracts.files import write_atomically
from contracts.models import CHECKPOINT_FACTS_FILE, CheckpointFacts
from contracts.verdicts import (
    Decision,
    EvaluationResult,
    Interval,
    QuestionRecord,
    TrainingResult,
    Verdict,
)
from registry.events import VerdictFacts, VersionRegistered
from registry.registry import Registry
from registry.state import VersionRecord
from registry.versions import EXAMINED_TAG, SUITE_TAG, MemoryVersions

SUITE = digest_of_bytes(b"suite")
DATA = digest_of_bytes(b"data")
ACCURACY = Interval(estimate=0.5, lower=0.25, upper=0.75)
MODEL = "coding-mcqa"


def digest(text: str) -> str:
    return digest_of_bytes(text.encode())


def make_checkpoint(folder: Path, seed: int = 0) -> str:
    """A folder that looks like a checkpoint, with no sense in it; returns its digest."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = CheckpointFacts(profile="tiny", scoring="text", template="code-1")
    write_atomically(folder / CHECKPOINT_FACTS_FILE, facts.model_dump_json() + "\n")
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_text("{}\n")
    (folder / "model.safetensors").write_bytes(b"weights" + bytes([seed]) * 64)
    return digest_of_folder(folder)


def records_bytes(correct: Sequence[bool | None]) -> bytes:
    """``records.jsonl`` with one question for each outcome; ``None``: not scored."""
    records = [
        QuestionRecord(
            id=f"q{place}",
            family=None,
            difficulty=None,
            gold="A",
            letter=None if right is None else "A" if right else "B",
            correct=right,
            confidence=None if right is None else 0.5,
            probabilities=(0.5, 0.5),
        )
        for place, right in enumerate(correct)
    ]
    return "".join(record.model_dump_json() + "\n" for record in records).encode()


def examined(folder: Path) -> dict[str, str]:
    """The tags of a run that examined the checkpoint in ``folder``."""
    return {EXAMINED_TAG: digest_of_folder(folder), SUITE_TAG: SUITE}


def facts(name: str = "w", *, champion: str | None = None) -> VerdictFacts:
    return VerdictFacts(
        decision="pass",
        rule="bootstrap",
        reason="enough",
        champion=champion,
        evaluation_run_id=f"run-{name}",
        suite_digest=SUITE,
        records_digest=digest(f"records {name}"),
        accuracy=ACCURACY,
        difference=None,
        mcnemar_p=None,
        verdict_digest=digest(f"verdict {name}"),
    )


def registered(version: str = "1", name: str = "w") -> VersionRegistered:
    return VersionRegistered(
        version=version,
        digest=digest(name),
        run_id=f"train-{name}",
        model_uri=f"models:/m-{name}",
        data_digest=DATA,
        commit="c0ffee",
        profile="tiny",
        scoring="text",
        verdict=facts(name),
    )


@dataclass(frozen=True)
class Evidence:
    """A trained and evaluated checkpoint, as a store of versions has it."""

    folder: Path
    training: TrainingResult
    evaluation: EvaluationResult

    @property
    def digest(self) -> str:
        return self.training.digest

    def verdict(
        self,
        model: str = MODEL,
        *,
        champion: VersionRecord | None = None,
        decision: Decision = "pass",
        **changes: Any,
    ) -> Verdict:
        """The gate's word on it, judged against ``champion``."""
        values: dict[str, Any] = {
            "decision": decision,
            "rule": "non-inferiority" if champion else "bootstrap",
            "reason": f"the gate says {decision}",
            "model": model,
            "digest": self.digest,
            "evaluation_run_id": self.evaluation.run_id,
            "suite_digest": self.evaluation.suite_digest,
            "records_digest": self.evaluation.records_digest,
            "champion": champion.version if champion else None,
            "champion_digest": champion.digest if champion else None,
            "accuracy": ACCURACY,
            "comparison": None,
            "thresholds": {},
        }
        return Verdict.model_validate({**values, **changes})

    def register(
        self, registry: Registry, model: str = MODEL, *, champion: VersionRecord | None = None
    ) -> VersionRecord:
        return registry.register(
            self.training,
            self.evaluation,
            self.verdict(model, champion=champion),
            found_digest=digest_of_folder(self.folder),
            why="a test",
        )


def evidence_of(
    folder: Path, records: bytes, *, run_id: str, evaluation_run_id: str, model_uri: str
) -> Evidence:
    """Results that agree with the checkpoint in ``folder`` and with ``records``."""
    found = digest_of_folder(folder)
    questions = records.count(b"\n")
    return Evidence(
        folder=folder,
        training=TrainingResult(
            run_id=run_id,
            model_uri=model_uri,
            experiment="tests",
            digest=found,
            data_digest=DATA,
            commit="c0ffee",
            profile="tiny",
            scoring="text",
            seed=0,
            steps=1,
        ),
        evaluation=EvaluationResult(
            run_id=evaluation_run_id,
            suite="tests",
            suite_digest=SUITE,
            digest=found,
            records_digest=digest_of_bytes(records),
            questions=questions,
            unscored=0,
            correct=questions // 2,
            accuracy=ACCURACY,
            by_family={},
            by_difficulty={},
        ),
    )


def in_memory(
    store: MemoryVersions, home: Path, seed: int = 0, correct: Sequence[bool | None] = (True, False)
) -> Evidence:
    """A checkpoint with its runs, put into ``store``."""
    folder = home / f"checkpoint-{seed}"
    make_checkpoint(folder, seed)
    records = records_bytes(correct)
    made = evidence_of(
        folder,
        records,
        run_id=f"train-{seed}",
        evaluation_run_id=f"eval-{seed}",
        model_uri=f"models:/m-{seed}",
    )
    store.checkpoints[made.training.model_uri] = folder
    store.runs[made.training.run_id] = b""
    store.runs[made.evaluation.run_id] = records
    store.run_tags[made.evaluation.run_id] = examined(folder)
    return made
