from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from contracts.errors import ChildDied, PortBusy
from proctor.interruption import sigterm_interrupts
from proctor.processes import (
    Process,
    ProcessId,
    answers,
    check_port,
    end,
    free_port,
    is_ready_within,
    log_tail,
    run_apart,
    wait_ready,
)
from tests.proctor.starting import SLEEPER, Starter, busy
from tests.waiting import wait_until

pytestmark = pytest.mark.integration

# An HTTP server with a child of its own in its group, as servers with workers have.
SERVER = """
import http.server, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[1]), bind="127.0.0.1")
"""
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""


@pytest.fixture
def starter(tmp_path: Path) -> Iterator[Starter]:
    starter = Starter(tmp_path)
    yield starter
    starter.end_all()


def gone(pid: int) -> bool:
    """No process, or nothing but its entry in the table."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_child_that_dies_at_once_is_named_with_status_and_end_of_log(starter: Starter) -> None:
    code = "import sys\nfor n in range(40): print('line', n)\nsys.exit(7)"
    process = starter(code)
    # Starting another one must not swallow the exit status of the first.
    other = starter(SLEEPER)
    wait_until(lambda: not process.is_alive(), 20, "the child ended")
    third = starter(SLEEPER)
    with pytest.raises(ChildDied, match="web ended with 7") as caught:
        wait_ready(process, 20)
    assert caught.value.returncode == 7
    assert "line 39" in str(caught.value)
    assert "line 24\n" not in str(caught.value)
    assert gone(process.pid)
    assert other.is_alive()
    assert third.is_alive()


def test_a_child_killed_by_a_signal_is_told_as_such(starter: Starter) -> None:
    process = starter("import os; os.kill(os.getpid(), 9)")
    with pytest.raises(ChildDied) as caught:
        wait_ready(process, 20)
    assert caught.value.returncode == -signal.SIGKILL


def test_a_child_that_is_never_ready_is_given_up(starter: Starter) -> None:
    process = starter(SLEEPER, port=free_port())
    ticks = iter(range(100))
    with pytest.raises(ChildDied, match="was not ready in time") as caught:
        wait_ready(process, 3, clock=lambda: float(next(ticks)), pause=lambda _seconds: None)
    assert caught.value.returncode is None
    assert "(the log is empty)" in str(caught.value)
    assert process.is_alive(), "ending it is for whoever started it"


def test_a_server_becomes_ready_and_is_ended_with_its_group(starter: Starter) -> None:
    port = free_port()
    process = starter(SERVER, str(port), port=port)
    assert wait_ready(process, 60) < 60
    assert process.is_ready()
    word, pid = process.log.read_text().splitlines()[0].split()
    worker = int(pid)
    assert word == "child"
    assert not gone(worker)
    assert os.getpgid(worker) == process.pid != os.getpgid(0)

    assert end(process) is True
    assert not process.is_alive()
    assert not answers(process.url)
    assert gone(worker)
    assert end(process) is False
    check_port("web", port)


def test_a_busy_server_is_given_time_to_answer(starter: Starter) -> None:
    process = busy(starter, 2)
    pauses: list[float] = []
    assert is_ready_within(process, 20, clock=lambda: 0.0, pause=pauses.append)
    assert len(pauses) == 2, "the third probe was answered"
    assert process.is_alive()


def test_a_server_that_answers_no_probe_in_time_hangs(starter: Starter) -> None:
    process = busy(starter, 10_000)
    ticks = iter(range(100))
    assert not is_ready_within(
        process, 3, clock=lambda: float(next(ticks)), pause=lambda _seconds: None
    )
    assert next(ticks) == 5, "asked until the time was over"
    assert process.is_alive(), "ending it is for whoever decides so"


def test_one_that_died_is_not_waited_for(starter: Starter) -> None:
    process = busy(starter, 10_000)
    end(process)
    pauses: list[float] = []
    assert not is_ready_within(process, 20, pause=pauses.append)
    assert pauses == []


def test_workers_that_outlived_their_leader_are_ended(starter: Starter) -> None:
    port = free_port()
    server = starter(SERVER, str(port), port=port)
    wait_ready(server, 30)
    (child,) = psutil.Process(server.pid).children()
    os.kill(server.pid, signal.SIGKILL)
    os.waitpid(server.pid, 0)
    assert child.is_running()
    assert end(server)
    wait_until(lambda: not child.is_running(), 20, "the worker ends")
    assert not end(server)


def test_one_that_ignores_sigterm_is_killed(starter: Starter) -> None:
    process = starter(DEAF)
    wait_until(lambda: "deaf" in process.log.read_text(), 20, "it ignores SIGTERM")
    assert end(process, timeout_seconds=0.3) is True
    assert gone(process.pid)


def test_a_recycled_id_is_never_touched(starter: Starter) -> None:
    """The same id with another beginning is somebody else."""
    stranger = starter(SLEEPER)
    remembered = stranger.model_copy(update={"began": stranger.began - 3600})
    assert not remembered.is_alive()
    assert not remembered.is_ready()
    assert end(remembered) is False
    assert stranger.is_alive()


def test_a_clock_that_was_corrected_makes_nobody_a_stranger(starter: Starter) -> None:
    process = starter(SLEEPER)
    assert process.model_copy(update={"began": process.began - 2}).is_alive()


def test_a_zombie_is_not_alive(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", SLEEPER], start_new_session=True)
    process = Process(
        service="web",
        pid=child.pid,
        began=psutil.Process(child.pid).create_time(),
        url="http://127.0.0.1:9",
        ready_path="/",
        log=tmp_path / "none.log",
    )
    assert process.is_alive()
    child.kill()
    wait_until(
        lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE, 20, "it is a zombie"
    )
    assert not process.is_alive()
    assert end(process) is False, "and there is nothing to end"
    child.wait()


def test_one_survives_being_written_and_read(starter: Starter) -> None:
    process = starter(SLEEPER)
    again = Process.model_validate_json(process.model_dump_json())
    assert again == process
    assert again.is_alive()
    assert end(again) is True
    assert not process.is_alive()


def test_the_environment_is_added_to_ours(starter: Starter) -> None:
    process = starter("import os; print(os.environ['PROCTOR_TEST'], 'PATH' in os.environ)")
    with pytest.raises(ChildDied, match="given True") as caught:
        wait_ready(process, 20)
    assert caught.value.returncode == 0


def test_a_port_that_is_listened_on_is_busy_and_a_closed_one_is_free() -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(PortBusy, match=f"127.0.0.1:{port} is taken") as caught:
            check_port("gateway", port)
        assert "--gateway-port" in caught.value.mend
        # A connection that we close first stays in TIME_WAIT: the port is free for servers.
        with socket.create_connection(("127.0.0.1", port)) as caller:
            accepted, _ = listener.accept()
            accepted.close()
            assert caller.recv(1) == b""
    check_port("gateway", port)


def test_what_answers_but_speaks_no_http_does_not_answer(starter: Starter) -> None:
    port = free_port()
    code = (
        "import socket, sys\n"
        "with socket.create_server(('127.0.0.1', int(sys.argv[1]))) as server:\n"
        "    while True:\n"
        "        caller, _ = server.accept()\n"
        "        caller.recv(1000)\n"
        "        caller.sendall(b'220 mail\\r\\n')\n"
        "        caller.close()\n"
    )
    process = starter(code, str(port), port=port)

    def listening() -> bool:
        assert process.is_alive(), log_tail(process.log)
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(listening, 20, "it listens")
    assert answers(process.url) is False
    assert process.is_ready() is False


def test_the_tail_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert "(no log:" in log_tail(log)
    log.write_bytes(b"")
    assert log_tail(log) == "(the log is empty)"
    log.write_bytes(b"one\ntwo \xff\nthree\n")
    assert log_tail(log, 2) == "two \ufffd\nthree"


# A command with a child of its own, as dvc has: it tells both ids and then waits.
PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
"""


def test_a_command_apart_gives_output_and_exit_code(tmp_path: Path) -> None:
    known: list[ProcessId] = []
    done = run_apart(
        [sys.executable, "-c", "import os, sys; print(os.getcwd(), os.getsid(0)); sys.exit(3)"],
        folder=tmp_path,
        environment=os.environ,
        captured=True,
        started=known.append,
    )
    (process,) = known
    assert done.returncode == 3
    assert done.stdout == f"{tmp_path} {process.pid}\n"
    assert gone(process.pid)


def test_an_interrupted_command_apart_is_ended_with_its_children(tmp_path: Path) -> None:
    """SIGTERM comes from outside, when the command has said that it runs."""
    out = tmp_path / "out"
    sender = f"""
import os, sys, time
from pathlib import Path
while not Path({str(out)!r}).is_file() or not Path({str(out)!r}).read_text().endswith("\\n"):
    time.sleep(0.02)
os.kill({os.getpid()}, 15)
"""
    helper = subprocess.Popen([sys.executable, "-c", sender])
    try:
        with pytest.raises(KeyboardInterrupt), sigterm_interrupts() as interruption:
            run_apart(
                ["bash", "-c", f'exec "{sys.executable}" -c "$1" > "$2"', "-", PARENT, str(out)],
                folder=tmp_path,
                environment=os.environ,
                captured=False,
                started=lambda _process: None,
                hold=interruption.held,
            )
    finally:
        helper.wait(timeout=30)
    parent, child = map(int, out.read_text().split())
    assert gone(parent)
    assert gone(child)
