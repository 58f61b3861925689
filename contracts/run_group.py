"""Which runs belong together: a sweep's, and those of one DVC experiment."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import StringConstraints

from contracts.shape import Shape

PARENT_TAG: Final = "mlflow.parentRunId"
"""MLflow shows a run below the one that this tag names
(https://mlflow.org/docs/latest/ml/traditional-ml/tutorials/hyperparameter-tuning/part1-child-runs/)."""

RunId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class RunGroup(Shape):
    """``group``: name of the sweep; ``parent_run_id``: its MLflow run, below which others are
    shown; ``dvc_experiment``: the name that ``dvc exp run`` gave. Each may be missing."""

    group: str | None = None
    parent_run_id: RunId | None = None
    dvc_experiment: str | None = None

    def tags(self) -> dict[str, str]:
        """What a run of this group is tagged with."""
        found = {
            "group": self.group,
            PARENT_TAG: self.parent_run_id,
            "dvc_experiment": self.dvc_experiment,
        }
        return {key: value for key, value in found.items() if value is not None}

    def named(self, name: str) -> str:
        """``name`` with the experiment's behind it, so that a list of runs tells them apart."""
        return f"{name} ({self.dvc_experiment})" if self.dvc_experiment else name
