"""Processes of the local stack: started apart, known again later, ended by their own id.

A process is remembered by its id *and* the moment it began, so that a recycled id is
never mistaken for ours. Each runs in a session of its own with its log in a file; ending
it signals its whole group and nothing else. Time-outs and clock are arguments.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Final

import psutil
from pydantic import Field

from contracts.errors import ChildDied, PortBusy
from contracts.shape import Shape

HOST: Final = "127.0.0.1"
POLL_SECONDS: Final = 0.1
LOG_TAIL_LINES: Final = 15
# A server that receives a whole model, say, may let a probe of two seconds pass.
BUSY_SECONDS: Final = 20.0
# The system tells a beginning as clock minus uptime: it moves with corrections of the clock.
SAME_SECONDS: Final = 5.0


class ProcessId(Shape):
    """A process that was started, known again: its id and the moment it began (seconds
    since the epoch)."""

    pid: int
    began: float

    def is_alive(self) -> bool:
        """True while this very process runs (a zombie does not)."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.began) < SAME_SECONDS
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


class Process(ProcessId):
    """A service that was started: enough to find it, reach it and read its log."""

    service: str
    url: str
    ready_path: str
    log: Path
    detail: dict[str, str] = Field(default_factory=dict)

    def is_ready(self) -> bool:
        return self.is_alive() and answers(self.url + self.ready_path)


def answers(url: str, timeout_seconds: float = 2.0) -> bool:
    """True when a GET of ``url`` gives a 2xx."""
    try:
        with urllib.request.urlopen(url, timeout=timeout_seconds):  # noqa: S310  # our own URL
            return True
    except (OSError, http.client.HTTPException):
        return False


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def check_port(service: str, port: int) -> None:
    """Raises ``PortBusy`` when something listens on ``port`` already."""
    with socket.socket() as probe:
        # As servers do: a port in TIME_WAIT is free, one that is listened on is not.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PortBusy(service, HOST, port) from error


def start(
    service: str,
    argv: Sequence[str],
    *,
    url: str,
    ready_path: str,
    log: Path,
    environment: Mapping[str, str],
    detail: Mapping[str, str],
) -> Process:
    """Start ``argv`` in a session of its own; it outlives us. Does not wait."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as stream:
        child = subprocess.Popen(  # noqa: S603  # our own words, no shell
            argv,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    # Told that it ended, subprocess neither warns about it nor takes its exit status from
    # us when the next process is started; ``wait_ready`` and ``end`` ask by its id.
    child.returncode = 0
    return Process(
        **_identity(child.pid),
        service=service,
        url=url,
        ready_path=ready_path,
        log=log,
        detail=dict(detail),
    )


def _identity(pid: int) -> dict[str, Any]:
    return {"pid": pid, "began": psutil.Process(pid).create_time()}


def run_apart(
    argv: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    captured: bool,
    started: Callable[[ProcessId], None],
    hold: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> subprocess.CompletedProcess[str]:
    """Run ``argv`` in a session of its own to its end; its output too when ``captured``.

    Whatever interrupts the waiting, the command and all of its group are ended before the
    interruption goes on: ``subprocess.run`` would kill the command alone, after a quarter of
    a second, and leave its children. ``started`` hears who it is; ``hold`` puts signals off
    until it has."""
    running: tuple[subprocess.Popen[str], ProcessId] | None = None
    try:
        with hold():
            child = subprocess.Popen(  # noqa: S603  # our own words, no shell
                argv,
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE if captured else None,
                text=True,
                start_new_session=True,
            )
            running = child, ProcessId.model_validate(_identity(child.pid))
            started(running[1])
        output, _ = child.communicate()
    except BaseException:
        if running is not None:
            child, identity = running
            with hold():
                end(identity)
                child.wait()
        raise
    return subprocess.CompletedProcess(argv, child.returncode, output)


def wait_ready(
    process: Process,
    timeout_seconds: float,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> float:
    """Wait until it answers; seconds waited. Raises ``ChildDied`` with the end of its log
    when it ends first or is not ready in time."""
    began = clock()
    while not process.is_ready():
        code = _exit_code(process)
        if code is not None or not process.is_alive():
            raise ChildDied(process.service, code or 0, process.log, log_tail(process.log))
        if clock() - began > timeout_seconds:
            raise ChildDied(process.service, None, process.log, log_tail(process.log))
        pause(POLL_SECONDS)
    return clock() - began


def is_ready_within(
    process: Process,
    timeout_seconds: float = BUSY_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> bool:
    """True as soon as it answers: a server that lets one probe pass may only be busy. False
    when it died, or answered no probe of ``timeout_seconds``: then it hangs."""
    began = clock()
    while not process.is_ready():
        if not process.is_alive() or clock() - began > timeout_seconds:
            return False
        pause(POLL_SECONDS)
    return True


def _exit_code(process: ProcessId) -> int | None:
    """The exit status of a child of ours that ended; ``None`` while it runs."""
    try:
        pid, status = os.waitpid(process.pid, os.WNOHANG)
    except ChildProcessError:
        return None
    return os.waitstatus_to_exitcode(status) if pid else None


def end(process: ProcessId, timeout_seconds: float = 20.0) -> bool:
    """End it and its group: SIGTERM, then SIGKILL after ``timeout_seconds``. ``False``
    when all of it had ended before. Workers that outlived their leader are ended, too.
    Never touches a process that is not the one remembered, nor that one's group."""
    if not process.is_alive():
        _exit_code(process)
        if psutil.pid_exists(process.pid):
            # A stranger has the id: then the group of that id is the stranger's.
            return False
    members = _group(process.pid)
    if not members:
        return False
    _signal(process.pid, signal.SIGTERM)
    _, alive = psutil.wait_procs(members, timeout=timeout_seconds)
    for member in alive:
        with contextlib.suppress(psutil.Error):
            member.kill()
    psutil.wait_procs(alive, timeout=timeout_seconds)
    return True


def _group(leader: int) -> list[psutil.Process]:
    """The leader and every process of its group, children that moved away excepted."""
    members = []
    for candidate in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, PermissionError, psutil.Error):
            if os.getpgid(candidate.pid) == leader:
                members.append(candidate)
    return members


def _signal(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, number)


def log_tail(log: Path, lines: int = LOG_TAIL_LINES) -> str:
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        return f"(no log: {error})"
    return "\n".join(text.splitlines()[-lines:]) or "(the log is empty)"
