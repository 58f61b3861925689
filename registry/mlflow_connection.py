"""The one way to reach MLflow: a probe that fails in seconds, and its errors as ours.

MLflow's client retries an address that is away for some four minutes by default. Whoever
talks to MLflow first asks ``/health`` here, with a short time-out, and wraps its calls in
``mlflow_faults``, which turns a connection that broke on the way into ``TrackingAway``.

Source: https://mlflow.org/docs/latest/api_reference/python_api/mlflow.environment_variables.html
"""

from __future__ import annotations

import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from contracts.errors import TrackingAway

if TYPE_CHECKING:
    from mlflow import MlflowClient

PROBE_SECONDS: Final = 3.0
# Set when MLflow is reached the first time, for the rest of the process; what the
# environment says already stands.
RETRY_DEFAULTS: Final = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
_AWAY: Final = ("failed with exception", "Max retries exceeded", "Connection refused", "timed out")


def connect(uri: str) -> MlflowClient:
    """A client of the tracking server and registry at ``uri``. Raises ``TrackingAway``
    within seconds when an http(s) address does not answer; other URIs are not probed."""
    if uri.startswith(("http://", "https://")):
        try:
            with urllib.request.urlopen(f"{uri.rstrip('/')}/health", timeout=PROBE_SECONDS):  # noqa: S310  # the scheme was checked
                pass
        except urllib.error.HTTPError as error:
            raise TrackingAway(_shown(uri), f"/health answers {error.code}") from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise TrackingAway(_shown(uri), str(reason)) from error
    for name, value in RETRY_DEFAULTS.items():
        os.environ.setdefault(name, value)
    # After the probe: an address that is away is told before seconds of importing.
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


@contextmanager
def mlflow_faults(uri: str) -> Iterator[None]:
    """Raise ``TrackingAway`` for a connection to ``uri`` that broke; every other error of
    MLflow's passes as it is."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if any(words in str(error) for words in _AWAY):
            raise TrackingAway(_shown(uri), str(error).splitlines()[0][:200]) from error
        raise
    except ConnectionError as error:
        raise TrackingAway(_shown(uri), str(error)[:200]) from error


def _shown(uri: str) -> str:
    """``uri`` without the name and password that it may carry."""
    scheme, mark, rest = uri.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}" if mark else uri
