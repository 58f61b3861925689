"""Serves an unpacked bento in one process, and ends without losing a request.

    python BENTO/src/bentos/run.py BENTO --host 127.0.0.1 --port 3000

``bentoml serve`` keeps a process beside the worker that holds the listening socket: told to
end, the worker finishes while the kernel goes on taking connections that nobody will accept,
and idle connections are closed under requests that are on their way. Here one process serves
the same service, and ends as ``bentos.draining`` says.

Imports nothing of ours and nothing heavy before it knows where the bento's own code lies.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def main(argv: list[str]) -> int:
    """Serve until SIGTERM or SIGINT; 1 when the bento must not be served."""
    parser = argparse.ArgumentParser(description="Serve an unpacked bento.")
    parser.add_argument("bento", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3000)
    given = parser.parse_args(argv)

    from bentos.environment import QUIET

    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    listening = bind(given.host, given.port)
    # Ended as told is a success: uvicorn repeats the signal that it ended by.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    logging.basicConfig(level=logging.INFO, format=_LOG_FORMAT)
    with tempfile.TemporaryDirectory(prefix="answerer-metrics-") as metrics:
        # Read when prometheus-client is imported, which BentoML does.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics
        serve(given.bento.absolute(), listening)
    return 0


def bind(host: str, port: int) -> socket.socket:
    """The address is ours from now on; connections are refused until the service is ready."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # By this protocol asyncio knows that it may send what it has at once (TCP_NODELAY): else a
    # reply's body waits up to 40 ms for the acknowledgement of its head.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        sys.exit(f"answerer refuses to start: cannot listen on {host}:{port} ({error.strerror}).")
    return bound


def serve(folder: Path, bound: socket.socket) -> None:
    """Load the service and answer until told to end."""
    import bentoml

    from bentos.draining import draining_server
    from bentos.sizing import read_size
    from contracts.errors import ProctorError
    from mcq.model import usable_device

    service: Any = bentoml.load(str(folder), standalone_load=True)
    service.inner.check_before_start()
    try:
        usable_device(read_size(os.environ).device)
    except ProctorError as error:
        sys.exit(f"answerer refuses to start: {error}")
    # What BentoML's metrics are labelled with.
    bentoml.server_context.service_name = service.name
    bentoml.server_context.bento_name = service.bento.tag.name
    bentoml.server_context.bento_version = service.bento.tag.version
    draining_server(service.to_asgi(is_main=True)).run(sockets=[bound])


if __name__ == "__main__":
    # The bento's own packages, whatever else is installed here.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    sys.exit(main(sys.argv[1:]))
