"""Settings of the place we run in, read from the environment once, when asked.

``params.yaml`` says what to compute; these say where things are. Each variable:

``PROCTOR_HOME``         folder of the local stack, ledger and stores (``.proctor``)
``PROCTOR_LEDGER_URL``   SQLAlchemy URL of the ledger (SQLite in the home)
``MLFLOW_TRACKING_URI``  MLflow's address (the local stack's, ``http://127.0.0.1:5500``)
``PROCTOR_ACTOR``        who does it, for the ledger (``user@host``)
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEFAULT_TRACKING_URI: Final = "http://127.0.0.1:5500"


@dataclass(frozen=True)
class Settings:
    """Absolute home folder, ledger URL, MLflow URI and the actor's name."""

    home: Path
    ledger_url: str
    tracking_uri: str
    actor: str

    @property
    def bento_home(self) -> Path:
        return self.home / "bentoml"


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    home = Path(environment.get("PROCTOR_HOME") or ".proctor").absolute()
    return Settings(
        home=home,
        ledger_url=environment.get("PROCTOR_LEDGER_URL") or f"sqlite:///{home}/ledger.db",
        tracking_uri=environment.get("MLFLOW_TRACKING_URI") or DEFAULT_TRACKING_URI,
        actor=environment.get("PROCTOR_ACTOR") or f"{getpass.getuser()}@{socket.gethostname()}",
    )
