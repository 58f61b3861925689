from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import mlflow
import pytest
from mlflow.exceptions import MlflowException

from contracts.errors import TrackingAway
from registry.mlflow_connection import connect, mlflow_faults
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


@pytest.mark.parametrize("uri", ["http://", "http://127.0.0.1:99999", "http://no.such.invalid"])
def test_an_address_that_is_none(uri: str) -> None:
    with pytest.raises(TrackingAway):
        connect(uri)


def test_a_file_store_is_not_probed(tmp_path: Path) -> None:
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
