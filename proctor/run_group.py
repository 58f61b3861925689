"""Which group the runs of this process belong to, from the environment.

``DVC_EXP_NAME`` is set by ``dvc exp run``, the other two by ``proctor sweep`` for the
experiments that it runs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from contracts.errors import BadInput
from contracts.run_group import RunGroup

DVC_EXPERIMENT: Final = "DVC_EXP_NAME"
GROUP: Final = "PROCTOR_GROUP"
PARENT_RUN: Final = "PROCTOR_PARENT_RUN_ID"


def read_run_group(environment: Mapping[str, str] = os.environ) -> RunGroup:
    """Raises ``BadInput`` for a parent that is no run's id."""
    try:
        return RunGroup(
            group=environment.get(GROUP) or None,
            parent_run_id=environment.get(PARENT_RUN) or None,
            dvc_experiment=environment.get(DVC_EXPERIMENT) or None,
        )
    except ValidationError as error:
        raise BadInput(
            f"{PARENT_RUN}={environment[PARENT_RUN]!r} is no run of MLflow.",
            mend="`proctor sweep` sets it; unset it elsewhere.",
        ) from error


def group_environment(group: RunGroup) -> dict[str, str]:
    """What to set for processes whose runs are to belong to ``group``."""
    given = {GROUP: group.group, PARENT_RUN: group.parent_run_id}
    return {key: value for key, value in given.items() if value is not None}
