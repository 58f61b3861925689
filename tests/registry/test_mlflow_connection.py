from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import mlflow
import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INTERNAL_ERROR, PERMISSION_DENIED

from contracts.errors import BadParams, ExperimentDeleted, TrackingAway, TrackingForbidden
from registry.mlflow_connection import (
    QUICK,
    RETRY_DEFAULTS,
    check_address,
    connect,
    mlflow_faults,
    quick_calls,
)
from registry.mlflow_versions import MlflowVersions
from tests.waiting import free_port


@pytest.fixture(params=["500", "403", "no HTTP", "hangs up", "silence"])
def odd_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """A URL where something listens that is no sound MLflow."""
    replies = {
        "500": b"HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "403": b"HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "no HTTP": b"220 mail.example ESMTP\r\n",
        "hangs up": b"",
    }
    reply: bytes | None = replies.get(request.param)
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        with suppress(OSError):
            while True:
                caller, _ = listener.accept()
                held.append(caller)
                if reply is not None:
                    caller.recv(65_536)
                    caller.sendall(reply)
                    caller.close()

    held: list[socket.socket] = []
    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    with suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)
    for each in held:
        each.close()


def test_what_is_no_sound_mlflow_is_away_within_seconds(odd_server: str) -> None:
    began = time.monotonic()
    with pytest.raises(TrackingAway, match=odd_server):
        connect(odd_server)
    assert time.monotonic() - began < 10


@contextmanager
def falling_silent(answered: int) -> Iterator[str]:
    """A URL where ``answered`` requests get an empty success, and every later one none."""
    listener = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def answer() -> None:
        with suppress(OSError):
            while True:
                caller, _ = listener.accept()
                held.append(caller)
                if len(held) <= answered:
                    caller.recv(65_536)
                    caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n")
                    caller.sendall(b"Connection: close\r\n\r\n{}")
                    caller.close()

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for each in held:
            each.close()


@pytest.mark.parametrize("answered", [1, 2], ids=["after the health", "after the probe"])
def test_one_that_falls_silent_is_away_within_seconds(answered: int) -> None:
    began = time.monotonic()
    with falling_silent(answered) as uri, pytest.raises(TrackingAway, match=uri):
        MlflowVersions(uri).check_run("0" * 32)
    assert time.monotonic() - began < 15


def test_quick_calls_leave_a_wish_of_the_environment_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in RETRY_DEFAULTS.items():
        monkeypatch.setenv(name, value)
    with quick_calls():
        assert {name: os.environ[name] for name in QUICK} == QUICK
    assert {name: os.environ[name] for name in RETRY_DEFAULTS} == RETRY_DEFAULTS
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "300")
    with quick_calls():
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "300"
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "300"


# ------------------------------------------------------------ MLflow refuses


@pytest.mark.integration
def test_a_name_that_mlflow_does_not_know_is_told_with_its_mending(mlflow_server: str) -> None:
    # The same address in another spelling: MLflow holds the Host header against a list.
    uri = mlflow_server.replace("127.0.0.1", "127.1")
    with pytest.raises(TrackingForbidden) as found:
        connect(uri)
    host = uri.removeprefix("http://")
    assert found.value.exit_code == 3
    assert f"MLflow at {uri} refuses us (403: Invalid Host header" in found.value.fact
    assert f"--allowed-hosts {host}" in found.value.mend


def test_a_refused_user_is_told_which_variables_to_set() -> None:
    for said, code in (
        ("failed with error code 403 != 200", INTERNAL_ERROR),
        ("no", PERMISSION_DENIED),
    ):
        with pytest.raises(TrackingForbidden) as found, mlflow_faults("http://me:secret@x"):
            raise MlflowException(said, error_code=code)
        assert "MLFLOW_TRACKING_PASSWORD" in found.value.mend
        assert "secret" not in str(found.value)


@pytest.mark.integration
def test_an_experiment_deleted_in_mlflows_pages_is_told_with_its_mending(
    mlflow_server: str,
) -> None:
    client = connect(mlflow_server)
    name = f"deleted-{time.time_ns()}"
    number = client.create_experiment(name)
    client.delete_experiment(number)
    mlflow.set_tracking_uri(mlflow_server)
    for call, told in (
        (lambda: client.create_run(number), number),
        (lambda: mlflow.set_experiment(name), name),
    ):
        with pytest.raises(ExperimentDeleted) as found, mlflow_faults(mlflow_server):
            call()
        assert found.value.exit_code == 1
        assert f"experiment {told} was deleted" in found.value.fact
        assert "mlflow experiments restore -x ID" in found.value.mend
    client.restore_experiment(number)
    assert client.create_run(number).info.experiment_id == number


@pytest.mark.parametrize("uri", ["http://", "http://127.0.0.1:99999", "http://no.such.invalid"])
def test_an_address_that_is_none(uri: str) -> None:
    with pytest.raises(TrackingAway):
        connect(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "foo",
        "ftp://x",
        "127.0.0.1:5500",
        "HTTP//x",
        " http://x",
        "oracle://me:secret@x/y",
        "uc:http://x",
        "sqlite:x.db",
    ],
)
def test_what_is_no_address_of_mlflow_is_told_with_its_variable(uri: str) -> None:
    with pytest.raises(BadParams) as caught:
        connect(uri)
    assert caught.value.exit_code == 2
    assert caught.value.source == "MLFLOW_TRACKING_URI"
    assert "is no address of MLflow" in caught.value.fact
    assert "postgresql://" in caught.value.fact
    assert "secret" not in caught.value.fact


@pytest.mark.parametrize("uri", ["file:///x/mlruns", "file:mlruns", "./mlruns", "/x/mlruns"])
def test_a_folder_of_files_is_refused_with_the_way_to_a_database(uri: str) -> None:
    with pytest.raises(BadParams, match="mlflow migrate-filestore"):
        connect(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "https://h",
        "sqlite:///x.db",
        "postgresql+psycopg2://u@h/d",
        "mysql://h/d",
        "mssql+pyodbc://h/d",
        "databricks",
        "databricks://me",
    ],
)
def test_servers_databases_and_databricks_are_addresses(uri: str) -> None:
    check_address(uri)
    with pytest.raises(BadParams):
        check_address(f"x{uri}")


def test_a_database_is_not_probed(tmp_path: Path) -> None:
    client = connect(f"sqlite:///{tmp_path}/mlflow.db")
    assert client.tracking_uri == f"sqlite:///{tmp_path}/mlflow.db"


def test_a_download_that_breaks_is_told_as_away(tmp_path: Path) -> None:
    uri = f"http://127.0.0.1:{free_port()}"
    began = time.monotonic()
    with pytest.raises(TrackingAway, match=uri), mlflow_faults(uri):
        mlflow.artifacts.download_artifacts(
            artifact_uri="mlflow-artifacts:/1/x", dst_path=str(tmp_path), tracking_uri=uri
        )
    assert time.monotonic() - began < 10


def test_other_faults_pass_as_they_are() -> None:
    with pytest.raises(MlflowException, match="mine"), mlflow_faults("http://x"):
        raise MlflowException("mine")
    with pytest.raises(FileNotFoundError), mlflow_faults("http://x"):
        raise FileNotFoundError
    with pytest.raises(TrackingAway), mlflow_faults("http://x"):
        raise ConnectionResetError
