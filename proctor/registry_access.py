"""Opens the registry that the settings name, and the things made of its versions."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from contracts.errors import BadParams
from proctor.commit import current_commit
from proctor.settings import Settings
from registry.ledger import Ledger
from registry.registry import PROMOTE_STEPS, REGISTER_STEPS, Registry

FAILPOINT = "PROCTOR_FAILPOINT"


def open_registry(settings: Settings) -> Registry:
    """The registry: nothing is connected to until it is used."""
    from registry.mlflow_versions import MlflowVersions

    return Registry(
        Ledger(settings.ledger_url),
        MlflowVersions(settings.tracking_uri),
        actor=settings.actor,
        commit=current_commit(),
        at_step=failpoint(os.environ.get(FAILPOINT)),
    )


def failpoint(armed: str | None) -> Callable[[str], None]:
    """A step callback that ends this process at the step named ``armed``, as kill -9
    would: how drills and tests show that a killed command loses nothing. Raises ``BadParams``
    for a step that there is not, since such a drill would show nothing."""
    steps = dict.fromkeys((*REGISTER_STEPS, *PROMOTE_STEPS))
    if armed and armed not in steps:
        raise BadParams(FAILPOINT, f"there is no step {armed!r}, only {', '.join(steps)}.")

    def at_step(step: str) -> None:
        if step == armed:
            os.kill(os.getpid(), signal.SIGKILL)

    return at_step
