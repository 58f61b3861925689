"""As much of the Hugging Face hub as its client needs, on loopback: two repositories' worth.

Serves a folder as one repository at one commit: the listing of its tree, and each file with
the headers that huggingface_hub reads (ETag, X-Repo-Commit, X-Error-Code). Source of the
protocol: huggingface_hub's ``file_download.py`` and ``hf_api.py``.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

REPOSITORY = "Tiny/Coder-Instruct"
REVISION = "ab" * 20


@dataclass
class FakeHub:
    """``asked`` lists the requests, as in ``GET config.json``; ``cut`` names a file of which
    only half is sent; ``failing`` is a status that every request gets instead, with ``code``
    as the hub's own word for it."""

    folder: Path
    url: str = ""
    asked: list[str] = field(default_factory=list)
    cut: str | None = None
    failing: int | None = None
    code: str = ""


@contextmanager
def serving(folder: Path) -> Iterator[FakeHub]:
    """A hub that has ``folder`` as ``REPOSITORY`` at ``REVISION``."""
    hub = FakeHub(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: FakeHub

    def log_message(self, *_: Any) -> None:
        """Tests read ``asked`` instead."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = self.path.partition("?")[0]
        if self.hub.failing is not None:
            self._send(self.hub.failing, b"", {"X-Error-Code": self.hub.code})
        elif path.startswith(f"/api/models/{REPOSITORY}/tree/{REVISION}"):
            self.hub.asked.append("GET tree")
            self._send(200, json.dumps(_tree(self.hub.folder)).encode())
        elif f"/{REPOSITORY}/" not in path:
            self._send(404, b"", {"X-Error-Code": "RepoNotFound"})
        elif f"/resolve/{REVISION}/" not in path:
            self._send(404, b"", {"X-Error-Code": "RevisionNotFound"})
        else:
            self._file(path.rpartition(f"/resolve/{REVISION}/")[2])

    def _file(self, name: str) -> None:
        self.hub.asked.append(f"{self.command} {name}")
        path = self.hub.folder / name
        if not path.is_file():
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        data = path.read_bytes()
        headers = {"ETag": f'"{_etag(data)}"', "X-Repo-Commit": REVISION}
        self._send(200, data, headers, half=self.hub.cut == name)

    def _send(
        self, status: int, data: bytes, headers: dict[str, str] | None = None, *, half: bool = False
    ) -> None:
        self.send_response(status)
        for key, value in {**(headers or {}), "Content-Length": str(len(data))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data[: len(data) // 2] if half else data)
            self.close_connection = self.close_connection or half


def _etag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _tree(folder: Path) -> list[dict[str, Any]]:
    return [
        {
            "type": "file",
            "path": path.relative_to(folder).as_posix(),
            "size": path.stat().st_size,
            "oid": _etag(path.read_bytes())[:40],
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
