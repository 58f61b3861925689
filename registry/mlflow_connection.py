"""The one way to reach MLflow: a probe that fails in seconds, and its errors as ours.

MLflow's client retries an address that is away for some four minutes by default. Whoever
talks to MLflow first asks ``/health`` here, with a short time-out, then the API itself: a
server that lives may still refuse us or be silent. Calls are wrapped in ``mlflow_faults``,
which turns a connection that broke on the way into ``TrackingAway``. Small questions go in
``quick_calls``, so that a server that falls silent later is told in seconds, too; the long
time-out is for artifacts.

Source: https://mlflow.org/docs/latest/api_reference/python_api/mlflow.environment_variables.html
(time-outs), https://mlflow.org/docs/latest/self-hosting/security/network/ (allowed hosts),
https://mlflow.org/docs/latest/self-hosting/migrate-from-file-store (folders of files)
"""

from __future__ import annotations

import http.client
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from contracts.errors import BadParams, ExperimentDeleted, TrackingAway, TrackingForbidden

if TYPE_CHECKING:
    from mlflow import MlflowClient

VARIABLE: Final = "MLFLOW_TRACKING_URI"
# What mlflow.store.db.db_types has as DATABASE_ENGINES; a driver may follow, as in mysql+x.
DATABASES: Final = ("sqlite", "postgresql", "mysql", "mssql")
PROBE_SECONDS: Final = 3.0
# The first question of a server's life waits until it has opened its database.
FIRST_ANSWER_SECONDS: Final = 10.0
_HEALTH: Final = "/health"
_API: Final = "/api/2.0/mlflow/experiments/search?max_results=1"
# Set when MLflow is reached the first time, for the rest of the process; what the
# environment says already stands.
RETRY_DEFAULTS: Final = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
# At most twice five seconds and a pause, where the defaults above would be in force.
QUICK: Final = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}
_FORBIDDEN: Final = 403
_EXPERIMENT_DELETED: Final = re.compile(
    r"deleted experiment '(?P<name>.+)' as the active"
    r"|experiment (?P<id>\S+) must be in the 'active' state"
)
_AWAY: Final = ("failed with exception", "Max retries exceeded", "Connection refused", "timed out")


def connect(uri: str) -> MlflowClient:
    """A client of the tracking server and registry at ``uri``. Raises ``TrackingAway``
    within seconds when an http(s) address does not answer, ``TrackingForbidden`` when it
    refuses us; other URIs are not probed. Raises ``BadParams`` for what MLflow could not
    keep a registry at."""
    check_address(uri)
    if uri.startswith(("http://", "https://")):
        health = _status(uri, _HEALTH, PROBE_SECONDS)
        if health is not None:
            raise TrackingAway(_shown(uri), f"{_HEALTH} answers {health.code}") from health
        # What else the API says to a question without a password, its client tells later.
        refusal = _status(uri, _API, FIRST_ANSWER_SECONDS)
        if refusal is not None and refusal.code == _FORBIDDEN:
            raise _forbidden(uri, refusal.read(200).decode(errors="replace")) from refusal
    for name, value in RETRY_DEFAULTS.items():
        os.environ.setdefault(name, value)
    # After the probe: an address that is away is told before seconds of importing.
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def check_address(uri: str) -> None:
    """Refuse what is no server, no database and not Databricks (MLflow's own affair). MLflow
    itself refuses folders of files (3.17, in ``FileStore``), unless the environment insists;
    they are in maintenance mode there, so we do not."""
    scheme, mark, _ = uri.partition("://")
    if uri == "databricks" or (mark and scheme in {"http", "https", "databricks"}):
        return
    if mark and scheme.partition("+")[0] in DATABASES:
        return
    folder = scheme.startswith("file:") or scheme == "file" or "/" in scheme
    hint = " (`mlflow migrate-filestore` turns a folder of files into one)" if folder else ""
    raise BadParams(
        VARIABLE,
        f"{_shown(uri)!r} is no address of MLflow: a server's begins with http:// or https://, a"
        f" database's with {', '.join(f'{name}://' for name in DATABASES)}{hint}. Without the"
        " variable the local stack's MLflow is meant (`proctor up`).",
    )


def _status(uri: str, path: str, timeout_seconds: float) -> urllib.error.HTTPError | None:
    """What a GET says that is no success. Raises ``TrackingAway`` when nothing is said."""
    try:
        with urllib.request.urlopen(f"{uri.rstrip('/')}{path}", timeout=timeout_seconds):  # noqa: S310  # the scheme was checked
            return None
    except urllib.error.HTTPError as error:
        return error
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise TrackingAway(_shown(uri), str(reason)) from error


@contextmanager
def quick_calls() -> Iterator[None]:
    """Within the block MLflow's client gives up after seconds, unless the environment asks
    for another time-out than our default. For questions and answers of a few bytes."""
    ours = {
        name: value for name, value in QUICK.items() if os.environ.get(name) == RETRY_DEFAULTS[name]
    }
    os.environ.update(ours)
    try:
        yield
    finally:
        os.environ.update({name: RETRY_DEFAULTS[name] for name in ours})


@contextmanager
def mlflow_faults(uri: str) -> Iterator[None]:
    """Raise ``TrackingAway`` for a connection to ``uri`` that broke, ``TrackingForbidden``
    for a refusal, ``ExperimentDeleted``; every other error of MLflow's passes as it is."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        text = str(error)
        if "error code 403" in text or error.error_code == "PERMISSION_DENIED":
            raise _forbidden(uri, text) from error
        if any(words in text for words in _AWAY):
            raise TrackingAway(_shown(uri), text.splitlines()[0][:200]) from error
        deleted = _EXPERIMENT_DELETED.search(text)
        if deleted is not None:
            raise ExperimentDeleted(next(filter(None, deleted.groups()))) from error
        raise
    except ConnectionError as error:
        raise TrackingAway(_shown(uri), str(error)[:200]) from error


def _forbidden(uri: str, said: str) -> TrackingForbidden:
    """A refusal of the name that we call the server by, or of whoever we are."""
    host = urllib.parse.urlsplit(uri).netloc.rpartition("@")[2]
    return TrackingForbidden(_shown(uri), said, host=host if "Invalid Host" in said else None)


def _shown(uri: str) -> str:
    """``uri`` without the name and password that it may carry."""
    scheme, mark, rest = uri.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}" if mark else uri
