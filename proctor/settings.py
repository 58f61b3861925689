"""Settings of the place we run in, read from the environment once, when asked.

``params.yaml`` says what to compute; these say where things are. Each variable:

``PROCTOR_HOME``         folder of the local stack, ledger and stores (``.proctor``)
``PROCTOR_LEDGER_URL``   SQLAlchemy URL of the ledger (SQLite in the home)
``MLFLOW_TRACKING_URI``  MLflow's address (that of the local stack, wherever it listens)
``PROCTOR_ACTOR``        who does it, for the ledger (``user@host``)
"""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEFAULT_TRACKING_URI: Final = "http://127.0.0.1:5500"
DEFAULT_GATEWAY_URL: Final = "http://127.0.0.1:8080"
STACK_FILE: Final = "stack.json"


@dataclass(frozen=True)
class Settings:
    """Absolute home folder, ledger URL, MLflow URI and the actor's name.

    ``own_tracking`` is true when the local stack's MLflow is meant, because nobody named
    another one."""

    home: Path
    ledger_url: str
    tracking_uri: str
    actor: str
    own_tracking: bool = True

    @property
    def shown_ledger(self) -> str:
        """The ledger's URL without the name and password that it may carry."""
        scheme, mark, rest = self.ledger_url.partition("://")
        return f"{scheme}{mark}{rest.rpartition('@')[2]}"

    @property
    def bento_home(self) -> Path:
        return self.home / "bentoml"


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    home = Path(environment.get("PROCTOR_HOME") or ".proctor").absolute()
    given = environment.get("MLFLOW_TRACKING_URI")
    return Settings(
        home=home,
        ledger_url=environment.get("PROCTOR_LEDGER_URL") or f"sqlite:///{home}/ledger.db",
        tracking_uri=given or _stack_url(home, "mlflow") or DEFAULT_TRACKING_URI,
        actor=environment.get("PROCTOR_ACTOR") or f"{_user()}@{socket.gethostname()}",
        own_tracking=not given,
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user is often a number without a name
        return f"uid-{os.getuid()}"


def _stack_url(home: Path, service: str) -> str | None:
    """Where the local stack says that ``service`` listens; ``None`` when it says nothing."""
    try:
        rows = json.loads((home / STACK_FILE).read_text(encoding="utf-8"))
        return next((str(row["url"]) for row in rows if row["service"] == service), None)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def gateway_url(settings: Settings) -> str:
    """Where callers find the local stack's gateway."""
    return _stack_url(settings.home, "gateway") or DEFAULT_GATEWAY_URL
