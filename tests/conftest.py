"""Fixtures that every test may use. Light: no library of ours or of others is imported."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from tests.waiting import free_port, wait_until

# Clients in this process must not wait minutes for a server that a test has ended.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

# A busy machine is no fault of what is tested.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

# These look at one demonstration, which takes minutes: it is to be run once.
SHARE_THE_DEMONSTRATION = frozenset(
    f"tests/system/test_{name}.py" for name in ("demo", "pipeline", "stack")
)


def file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that no worker is left with it alone at the end."""

    def late(item: pytest.Item) -> tuple[bool, bool]:
        file = file_of(item.nodeid)
        return file not in SHARE_THE_DEMONSTRATION, not file.startswith("tests/system/")

    items.sort(key=late)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Where several workers share the tests, one file's stay together (they share fixtures),
    and so do those that share the demonstration."""
    from xdist.scheduler import LoadFileScheduling

    class ByWhatIsShared(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = file_of(nodeid)
            return "demonstration" if file in SHARE_THE_DEMONSTRATION else file

    return ByWhatIsShared(config, log)


def answers_ok(url: str) -> bool:
    """True when a GET of ``url`` gives 200; False when nothing (sound) answers there."""
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:  # noqa: S310 - our own http URL
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a real MLflow tracking server on SQLite and local artifacts, one a session."""
    home = tmp_path_factory.mktemp("mlflow")
    port = free_port()
    argv = [
        *(sys.executable, "-m", "mlflow", "server"),
        *("--backend-store-uri", f"sqlite:///{home}/mlflow.db"),
        *("--artifacts-destination", str(home / "artifacts")),
        *("--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
    ]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    log = home / "server.log"
    with log.open("wb") as stream:
        # A session of its own, so that its workers end with it.
        server = subprocess.Popen(
            argv,
            stdout=stream,
            stderr=stream,
            env=environment,
            cwd=home,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"

        def ready() -> bool:
            assert server.poll() is None, f"MLflow ended:\n{log.read_text()[-4000:]}"
            return answers_ok(f"{url}/health")

        wait_until(ready, 120, "MLflow answers")
        yield url
    finally:
        _end(server)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a real PostgreSQL; skips where none is installed."""
    from tests.postgres import postgres_programs, running_postgres

    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL's initdb and pg_ctl are not installed")
    # Not below pytest's folder, which only its owner may enter: the server's user is another.
    with tempfile.TemporaryDirectory(prefix="proctor-postgres-") as base:
        pathlib.Path(base).chmod(0o755)
        with running_postgres(programs, pathlib.Path(base) / "server") as url:
            yield url


def _end(server: subprocess.Popen[bytes]) -> None:
    """End a server and all of its process group; SIGKILL if it does not listen."""
    try:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=20)
    except subprocess.TimeoutExpired:
        pass
    except ProcessLookupError:
        server.wait()
        return
    try:
        os.killpg(server.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    server.wait()


@pytest.fixture(scope="session", autouse=True)
def _no_artifacts_in_the_checkout() -> Iterator[None]:
    """An embedded MLflow puts artifacts below the current folder, where git ignores them:
    a test that uses one works in a folder of its own (``monkeypatch.chdir``)."""
    place = pathlib.Path(__file__).parents[1] / "mlruns"
    before = set(place.glob("*/*"))
    yield
    left = sorted(map(str, set(place.glob("*/*")) - before))
    assert not left, f"a test left artifacts in the checkout: {left}"
