"""A sweep: the pipeline once for every combination of some settings, as DVC experiments.

Each experiment has its own outputs (DVC keeps them) and its own MLflow runs, below one parent
run. Everything is checked before the first one starts: MLflow answers, every combination is
good params, no name is taken. An experiment that fails does not stop the others.
"""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from contracts.errors import BadInput, BadParams, Refused
from contracts.verdicts import EvaluationResult, TrainingResult, Verdict
from evaluation.sweep_run import SweepRow, SweepRun
from proctor.experiments import experiment_names, read_output, run_experiment
from proctor.output import note
from proctor.params import checked_params, load_params
from proctor.run_group import group_environment
from proctor.settings import Settings

NAME: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")


@dataclass(frozen=True)
class Experiment:
    """``settings``: key of params.yaml to the value that it has here."""

    name: str
    settings: dict[str, str]


def parse_axes(words: Sequence[str]) -> dict[str, list[str]]:
    """``train.seed=1,2,3`` as ``{"train.seed": ["1", "2", "3"]}``. A comma inside brackets
    belongs to the value. Raises ``BadInput``."""
    axes: dict[str, list[str]] = {}
    for word in words:
        key, mark, values = word.partition("=")
        found = [value.strip() for value in _split(values)]
        if not mark or not key or not all(found) or len(set(found)) < len(found) or key in axes:
            raise BadInput(
                f"{word!r} is no setting with different values.",
                mend="Write each key once, as in --set train.seed=1,2,3.",
            )
        axes[key] = found
    return axes


def _split(values: str) -> list[str]:
    """At the commas that stand outside brackets: ``[a,b],[c]`` is two lists."""
    found = [""]
    depth = 0
    for character in values:
        if character == "," and not depth:
            found.append("")
            continue
        depth = max(0, depth + (character in "[{") - (character in "]}"))
        found[-1] += character
    return found


def plan(name: str, axes: Mapping[str, Sequence[str]], params_path: Path) -> list[Experiment]:
    """Every combination, the last axis changing fastest. Raises ``BadInput`` for a bad name,
    or a value that is not YAML, ``BadParams`` for a combination that params.yaml may not say,
    and for a params.yaml that cannot be read."""
    if NAME.fullmatch(name) is None:
        raise BadInput(
            f"{name!r} is no name of a sweep.",
            mend="Take up to 40 letters, digits, hyphens and underscores.",
        )
    # Only what the file says: what it leaves to a default, DVC cannot change in it.
    raw = load_params(params_path).model_dump(mode="json", exclude_unset=True)
    found: dict[str, Experiment] = {}
    for values in itertools.product(*axes.values()):
        settings = dict(zip(axes, values, strict=True))
        label = "-".join(f"{key.rpartition('.')[2]}-{_slug(v)}" for key, v in settings.items())
        experiment = Experiment(f"{name}-{label}", settings)
        _check(raw, settings, params_path)
        if experiment.name in found:
            raise BadInput(f"two experiments would be called {experiment.name}.")
        found[experiment.name] = experiment
    return list(found.values())


def _slug(value: str) -> str:
    """``value`` in the characters that git allows in a reference."""
    return re.sub(r"[^A-Za-z0-9.]+", "_", value).replace("..", "_").strip("._") or "_"


def _check(raw: dict[str, Any], settings: Mapping[str, str], path: Path) -> None:
    """The params with ``settings`` must be what the stages will take."""
    changed = copy.deepcopy(raw)
    for key, value in settings.items():
        *outer, last = key.split(".")
        place: Any = changed
        for part in outer:
            place = place.get(part) if isinstance(place, dict) else None
        if not isinstance(place, dict) or last not in place:
            raise BadParams(str(path), f"{key}: there is no such key.")
        place[last] = _value(key, value)
    checked_params(changed, path)


def _value(key: str, text: str) -> Any:
    """What ``text`` is in YAML. PyYAML raises ``ValueError`` for a date that is none."""
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = getattr(error, "problem", None) or " ".join(str(error).split())
        raise BadInput(
            f"--set {key}: {text!r:.80} is not YAML ({reason}).",
            mend="Write each value as it would stand in params.yaml.",
        ) from error


def sweep(
    name: str,
    axes: Mapping[str, Sequence[str]],
    *,
    settings: Settings,
    commit: str,
    params_path: Path,
    run: Callable[[str, Sequence[tuple[str, str]], Mapping[str, str]], int] = run_experiment,
) -> list[SweepRow]:
    """Run what is not there yet, put all below one MLflow run, tell the results.

    A row without results is an experiment that failed. Raises ``TrackingAway``, ``Refused``,
    ``BadInput``, ``BadParams`` before anything runs."""
    experiments = plan(name, axes, params_path)
    params = load_params(params_path)
    there = _already(experiments, commit)
    parent = SweepRun(settings.tracking_uri, params.experiment, name, commit)
    rows = []
    with parent.ending():
        parent.start(axes)
        environment = {
            **group_environment(parent.group),
            # An experiment runs in a folder of its own: what is relative to this one is not.
            "PROCTOR_HOME": str(settings.home),
            "MLFLOW_TRACKING_URI": settings.tracking_uri,
        }
        for number, experiment in enumerate(experiments, start=1):
            note(f"experiment {number} of {len(experiments)}: {experiment.name}")
            done = experiment.name in there or not run(
                experiment.name, list(experiment.settings.items()), environment
            )
            row = _row(experiment) if done else _failed(experiment)
            parent.adopt(row.run_ids)
            rows.append(row)
            # Told after each: an interrupted sweep shows what it has.
            parent.log_results(rows)
    return rows


def _already(experiments: Sequence[Experiment], commit: str) -> set[str]:
    """Those that an earlier call made at this very commit."""
    there = experiment_names() & {experiment.name for experiment in experiments}
    if there and commit.endswith("-dirty"):
        raise Refused(
            f"{min(there)} is there already, and the checkout has changed since.",
            mend="Commit the changes, or give the sweep another name.",
        )
    return there


def _row(experiment: Experiment) -> SweepRow:
    def read(path: str) -> str:
        return read_output(experiment.name, path)

    return SweepRow.of(
        experiment.name,
        experiment.settings,
        TrainingResult.model_validate_json(read("out/training.json")),
        EvaluationResult.model_validate_json(read("out/evaluation.json")),
        Verdict.model_validate_json(read("out/verdict.json")),
    )


def _failed(experiment: Experiment) -> SweepRow:
    return SweepRow(experiment=experiment.name, settings=experiment.settings)
