"""A Hugging Face hub in a thread: enough of its HTTP API for one dataset at one commit.

What a client asks is answered as https://huggingface.co/docs/hub/api describes: facts of a
revision, the tree of its files, facts of paths, and the files themselves (whole, or by range).
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """``asked`` lists the requests; ``failing`` makes files answer 503 from then on."""

    def __init__(self, folder: Path, name: str, commit: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.name, self.commit = name, commit
        self.asked: list[str] = []
        self.failing = False
        self.files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    def facts(self, path: str) -> dict[str, Any]:
        body = self.files[path]
        sha = hashlib.sha1(body, usedforsecurity=False).hexdigest()
        return {"type": "file", "path": path, "size": len(body), "oid": sha}

    def tree(self, below: str, *, recursive: bool) -> list[dict[str, Any]]:
        start = f"{below}/" if below else ""
        inside = [path for path in self.files if path.startswith(start)]
        if recursive:
            return [self.facts(path) for path in inside]
        names = sorted({path.removeprefix(start).split("/")[0] for path in inside})
        return self.paths([start + name for name in names])

    def paths(self, wanted: list[str]) -> list[dict[str, Any]]:
        found = []
        for path in wanted:
            if path in self.files:
                found.append(self.facts(path))
            elif any(file.startswith(f"{path}/") for file in self.files):
                found.append({"type": "directory", "path": path, "oid": "0" * 40})
        return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        parts = urlsplit(self.path)
        kind, revision, below = self._parsed(unquote(parts.path))
        if kind is None:
            self._missing("RepoNotFound")
        elif revision != self.server.commit:
            self._missing("RevisionNotFound")
        elif kind == "revision":
            facts = {"id": self.server.name, "sha": self.server.commit}
            self._json({**facts, "siblings": [], "tags": []})
        elif kind == "tree":
            recursive = parse_qs(parts.query).get("recursive", ["false"])[0] != "false"
            self._json(self.server.tree(below, recursive=recursive))
        elif below not in self.server.files:
            self._missing("EntryNotFound")
        else:
            self._file(below)

    def do_POST(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Type", "").startswith("application/json"):
            wanted = json.loads(body)["paths"]
        else:
            wanted = parse_qs(body.decode())["paths"]
        self._json(self.server.paths(wanted))

    def _parsed(self, path: str) -> tuple[str | None, str, str]:
        """What is asked for (revision, tree, resolve), at which commit, and the path in it."""
        for start in (f"/api/datasets/{self.server.name}/", f"/datasets/{self.server.name}/"):
            if path.startswith(start):
                kind, _, rest = path.removeprefix(start).partition("/")
                revision, _, below = rest.partition("/")
                return kind, revision, below
        return None, "", ""

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _json(self, value: Any) -> None:
        self._send(200, json.dumps(value).encode(), Content_Type="application/json")

    def _missing(self, code: str) -> None:
        commit = self.server.commit
        self._send(404, b"{}", X_Error_Code=code, X_Error_Message=code, X_Repo_Commit=commit)

    def _file(self, path: str) -> None:
        if self.server.failing:
            self._send(503, b"{}")
            return
        body = self.server.files[path]
        headers = {
            "ETag": f'"{self.server.facts(path)["oid"]}"',
            "X_Repo_Commit": self.server.commit,
            "Accept_Ranges": "bytes",
        }
        asked = self.headers.get("Range")
        if asked is None:
            self._send(200, body, **headers)
            return
        first, _, last = asked.removeprefix("bytes=").partition("-")
        piece = body[int(first) : int(last) + 1 if last else len(body)]
        headers["Content_Range"] = f"bytes {first}-{int(first) + len(piece) - 1}/{len(body)}"
        self._send(206, piece, **headers)


@contextmanager
def serving(folder: Path, name: str, commit: str = COMMIT) -> Iterator[Hub]:
    """A hub whose one dataset ``name`` (OWNER/NAME) is ``folder``, at ``commit``."""
    server = Hub(folder, name, commit)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
