"""An ASGI application behind a real socket of this process: what is streamed, streams."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from tests.waiting import free_port, wait_until


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """The URL at which ``app`` is served by a thread; ended afterwards, whatever is under way."""
    port = free_port()
    config = uvicorn.Config(
        app, port=port, log_config=None, lifespan="on", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="asgi-server", daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive(), 20, "the server listens")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)
