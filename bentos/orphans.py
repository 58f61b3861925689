"""A worker that ends when the process that watches over it is gone.

``bentoml serve`` starts each worker in a session of its own. Killed outright (no memory,
kill -9), it leaves workers behind that hold the port and go on answering with a version
that nobody manages any more. So a worker looks at its parent: an orphan belongs to another
one, and ends itself as if told to, questions under way first.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Final

DEFAULT_INTERVAL_SECONDS: Final = 0.5


def end_this_process() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def end_when_orphaned(
    *,
    interval_seconds: float = DEFAULT_INTERVAL_SECONDS,
    parent: Callable[[], int] = os.getppid,
    end: Callable[[], None] = end_this_process,
) -> threading.Thread:
    """Watch from now on, in a thread that does not hold up the end of the process."""
    first = parent()
    pause = threading.Event()

    def watch() -> None:
        while parent() == first:
            pause.wait(interval_seconds)
        end()

    thread = threading.Thread(target=watch, name="orphan-watch", daemon=True)
    thread.start()
    return thread
