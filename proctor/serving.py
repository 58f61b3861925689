"""Runs an ASGI application until the process is told to end; questions under way finish.

Source: https://www.uvicorn.org/settings/ and /server-behavior/ (graceful shutdown).
"""

from __future__ import annotations

import errno
import signal
import socket
import sys
from typing import Any, Final

import uvicorn

from contracts.errors import BadParams, PortBusy

_GRACE_SECONDS: Final = 15
_BACKLOG: Final = 2_048


def listen(service: str, host: str, port: int) -> socket.socket:
    """A socket that listens. Raises ``PortBusy``, or ``BadParams`` for an address that is
    not this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise PortBusy(service, host, port) from error
        raise BadParams("--host", f"cannot listen on {host}:{port} ({error.strerror}).") from error
    return listening


def serve_app(app: Any, *, service: str, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT. Raises as ``listen`` does."""
    listening = listen(service, host, port)
    config = uvicorn.Config(
        app,
        backlog=_BACKLOG,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        log_level="info",
    )
    # Uvicorn repeats the signal that it ended by: ended as told is a success, and the
    # blocks around this call are left in order.
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        signal.signal(signal.SIGTERM, before)
        listening.close()
