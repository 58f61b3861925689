"""Processes that tests start, and end again whatever happened."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from proctor.processes import Process, end, free_port, start
from tests.waiting import wait_until

SLEEPER = "import time; time.sleep(600)"
# Answers 503 to so many probes, then 200: busy at first.
BUSY = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    probes = 0
    def do_GET(self):
        Handler.probes += 1
        self.send_response(503 if Handler.probes <= int(sys.argv[2]) else 200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


class Starter:
    """Starts Python programs in a folder and ends what a test has left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[Process] = []

    def __call__(self, code: str, *words: str, port: int = 9, service: str = "web") -> Process:
        process = start(
            service,
            [sys.executable, "-c", code, *words],
            url=f"http://127.0.0.1:{port}",
            ready_path="/",
            log=self._folder / "logs" / f"{len(self._started)}.log",
            environment={"PROCTOR_TEST": "given"},
            detail={"port": str(port)},
        )
        self._started.append(process)
        return process

    def end_all(self) -> None:
        for process in self._started:
            end(process, 5)


def busy(starter: Starter, refused: int, service: str = "web") -> Process:
    """A server that listens and refuses so many probes."""
    port = free_port()
    process = starter(BUSY, str(port), str(refused), port=port, service=service)

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(listens, 20, "it listens")
    return process
