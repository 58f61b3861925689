"""What a suite gives away by itself, and what of it a version has seen in training.

Both follow from questions alone, and take seconds where training was long: they are worked out
once and kept beside the scores, named by the digest of all that decides them, so that an
unchanged evaluation reads them. A file that is torn or altered is worked out anew, never
believed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from contracts.digests import canonical_json, digest_of_json
from contracts.files import write_atomically
from contracts.questions import Question
from contracts.robustness import ChoicesOnly, ContaminationReport
from contracts.shape import Shape
from contracts.verdicts import TrainingResult
from evaluation.audit import contamination
from evaluation.baselines import run_baselines
from evaluation.defaults import SEED
from evaluation.learned import Learned, find_learned
from evaluation.request import EvaluateRequest
from evaluation.suite import Suite

# Raised with every change of what the rules or the contamination check find.
LEAKS_VERSION: Final = 3


class Leaks(Shape):
    """``choices_only``: how far rules come that never read a question; ``contamination`` is
    ``None`` where ``reason`` says why."""

    choices_only: tuple[ChoicesOnly, ...]
    contamination: ContaminationReport | None
    reason: str | None


def leaks_of(questions: Sequence[Question], training: Sequence[Question] | str, seed: int) -> Leaks:
    """Of a suite's ``questions``. ``training``: what the version learned from, or why that is
    not at hand. Raises ``EmptySample`` for no questions or one that does not know its answer."""
    rules = tuple(
        ChoicesOnly(
            rule=one.name,
            questions_count=one.questions,
            correct_count=one.correct,
            accuracy=one.accuracy,
            chance=one.chance,
        )
        for one in run_baselines(questions, seed)
    )
    if isinstance(training, str):
        return Leaks(choices_only=rules, contamination=None, reason=training)
    found = contamination(questions, training)
    seen = ContaminationReport(
        questions_count=found.questions,
        training_count=found.training,
        same_program_count=found.by_tree,
        all_grams_count=found.by_grams,
        touched_count=found.touched,
        twins=found.twins,
    )
    return Leaks(choices_only=rules, contamination=seen, reason=None)


def kept_leaks(
    folder: Path,
    suite_digest: str,
    questions: Sequence[Question],
    learned: Learned | str,
    *,
    seed: int,
    fresh: bool = False,
) -> Leaks:
    """From ``folder`` or, where it has none or with ``fresh``, worked out and kept there.

    ``suite_digest`` is that of ``questions``. Raises as ``leaks_of``, what loaders raise for
    the training questions, and ``StorageFull``."""
    decides = [
        *("leaks", LEAKS_VERSION, version("scikit-learn"), seed, suite_digest),
        learned if isinstance(learned, str) else learned.digest,
    ]
    # Named as files of scores are: who prunes those prunes these by the same rule.
    path = folder / f"{digest_of_json(decides).removeprefix('sha256:')}.jsonl"
    found = None if fresh else _read(path)
    if found is None:
        training = learned if isinstance(learned, str) else learned.questions()
        found = leaks_of(questions, training, seed)
        write_atomically(path, _line(found))
    return found


def leaks_for(request: EvaluateRequest, training: TrainingResult, suite: Suite) -> Leaks:
    """Those of an evaluation, with what its training was on where that is at hand. Raises as
    ``kept_leaks``."""
    return kept_leaks(
        request.scores,
        suite.digest,
        suite.questions,
        find_learned(request.learned, training),
        seed=SEED,
        fresh=request.fresh,
    )


def _read(path: Path) -> Leaks | None:
    """``None`` for a file that is not there or not, to the byte, as it was written. Marks it as
    used."""
    try:
        data = path.read_bytes()
        os.utime(path)
        found = Leaks.model_validate(json.loads(data)["leaks"])
        whole = _line(found).encode() == data
    except (OSError, ValueError, KeyError, TypeError, RecursionError, ValidationError):
        return None
    return found if whole else None


def _line(leaks: Leaks) -> str:
    text = canonical_json(leaks.model_dump(mode="json"))
    checksum = hashlib.sha256(text.encode()).hexdigest()
    return f'{{"checksum":"{checksum}","leaks":{text}}}\n'
