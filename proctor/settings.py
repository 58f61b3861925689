"""Settings of the place we run in, read from the environment once, when asked.

``params.yaml`` says what to compute; these say where things are. Each variable:

``PROCTOR_HOME``            folder of the local stack, ledger and stores (``.proctor``)
``PROCTOR_LEDGER_URL``      SQLAlchemy URL of the ledger (SQLite in the home)
``PROCTOR_ANSWER_LOG_URL``  SQLAlchemy URL of the answer log (SQLite in the home)
``MLFLOW_TRACKING_URI``     MLflow's address (that of the local stack, wherever it listens)
``PROCTOR_KEYS_FILE``       hashed API keys of the gateway (``keys.json`` in the home)
``PROCTOR_API_KEY``         the key that commands present to a gateway (the local stack's)
``PROCTOR_ACTOR``           who does it, for the ledger (``user@host``)
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
KEYS_FILE: Final = "keys.json"
LOCAL_KEY_FILE: Final = "local.key"


@dataclass(frozen=True)
class Settings:
    """Absolute home folder, ledger URL, MLflow URI, the actor's name, the answer log's URL and
    the keys' file.

    ``own_tracking`` is true when the local stack's MLflow is meant, because nobody named
    another one; ``own_keys`` likewise for the file of keys."""

    home: Path
    ledger_url: str
    tracking_uri: str
    actor: str
    answer_log_url: str
    keys_file: Path
    own_tracking: bool = True
    own_keys: bool = True

    @property
    def shown_ledger(self) -> str:
        """The ledger's URL without the name and password that it may carry."""
        scheme, mark, rest = self.ledger_url.partition("://")
        return f"{scheme}{mark}{rest.rpartition('@')[2]}"

    @property
    def local_key_file(self) -> Path:
        """The local stack's own key, in full, for whoever may read the home."""
        return self.home / LOCAL_KEY_FILE

    @property
    def bento_home(self) -> Path:
        return self.home / "bentoml"


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    home = Path(environment.get("PROCTOR_HOME") or ".proctor").absolute()
    given = environment.get("MLFLOW_TRACKING_URI")
    keys = environment.get("PROCTOR_KEYS_FILE")
    return Settings(
        home=home,
        ledger_url=environment.get("PROCTOR_LEDGER_URL") or f"sqlite:///{home}/ledger.db",
        tracking_uri=given or _stack_url(home, "mlflow") or DEFAULT_TRACKING_URI,
        actor=environment.get("PROCTOR_ACTOR") or f"{_user()}@{socket.gethostname()}",
        answer_log_url=environment.get("PROCTOR_ANSWER_LOG_URL") or f"sqlite:///{home}/answers.db",
        keys_file=Path(keys).absolute() if keys else home / KEYS_FILE,
        own_tracking=not given,
        own_keys=not keys,
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


def api_key(settings: Settings, environment: Mapping[str, str] = os.environ) -> str | None:
    """The key that this machine's commands present to a gateway: ``PROCTOR_API_KEY``, else
    the local stack's; ``None`` where there is neither."""
    given = environment.get("PROCTOR_API_KEY")
    if given:
        return given
    try:
        return settings.local_key_file.read_text(encoding="utf-8").strip() or None
    except OSError:
        return None
