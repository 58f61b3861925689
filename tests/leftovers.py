"""Which processes still work in a folder, and commands that a test watches line by line."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil


def at_work_in(folder: Path) -> list[str]:
    """Command lines of the processes that name ``folder`` in their words or environment."""
    mine = os.getpid()
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = " ".join(process.cmdline())
            if process.pid == mine or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if str(folder) in words or any(str(folder) in v for v in process.environ().values()):
                found.append(f"{process.pid}: {words}")
    return found


class Watched:
    """A command whose output, both streams together, is read as it comes."""

    def __init__(self, argv: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        # A shell starts what runs in its background with SIGINT ignored, and that is passed on
        # to children: tests may run so, the command is to be as in the foreground.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            self.process = subprocess.Popen(
                argv,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        finally:
            signal.signal(signal.SIGINT, before)
        self.lines: list[str] = []
        self._queue: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(line)
        self._queue.put(None)

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def wait_for(self, marker: str, seconds: float = 120) -> None:
        """Return at the first new line that holds ``marker``."""
        for line in self._next_lines(seconds):
            if marker in line:
                return
        raise AssertionError(f"it ended without {marker!r}:\n{self.output}")

    def rest(self, seconds: float = 120) -> int:
        """Read to the end; the exit code."""
        for _ in self._next_lines(seconds):
            pass
        return self.process.wait(timeout=seconds)

    def _next_lines(self, seconds: float) -> Iterator[str]:
        while True:
            try:
                line = self._queue.get(timeout=seconds)
            except queue.Empty:
                raise AssertionError(f"silent for {seconds:g} s:\n{self.output}") from None
            if line is None:
                return
            self.lines.append(line)
            yield line

    def signal(self, number: signal.Signals) -> None:
        """To this one process, as ``kill`` sends it."""
        self.process.send_signal(number)

    def end(self) -> None:
        """Whatever it left in its group; for a test that failed on the way."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
