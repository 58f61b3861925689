"""``proctor up``, ``status`` and ``down`` on real processes: what stays, dies and is busy."""

from __future__ import annotations

import json
import os
import signal
import socket
from typing import Any

import httpx
import pytest

from tests.system.conftest import Work
from tests.waiting import free_port, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(600)]

QUESTION = {
    "question": "What does this code print?",
    "code": 's = "ab"\nprint(s * 2)',
    "choices": ["abab", "aabb", "ab2", "ab"],
}


def status(work: Work) -> dict[str, Any]:
    rows = json.loads(work.run("proctor", "status", "--json").stdout)
    return {row["service"]: row for row in rows}


def test_up_serves_the_champion_and_down_ends_exactly_that(stack: Work) -> None:
    running = status(stack)
    assert {name: row["state"] for name, row in running.items()} == {
        "mlflow": "ready",
        "answerer": "ready",
        "gateway": "ready",
    }
    reply = httpx.post(running["gateway"]["url"] + "/v1/answers", json=QUESTION, timeout=10)
    assert reply.status_code == 200
    assert reply.json()["version"]["version"] == "2"
    assert abs(sum(reply.json()["probabilities"].values()) - 1) < 1e-6

    again = stack.up()
    assert again.returncode == 0
    assert {name: row["pid"] for name, row in status(stack).items()} == {
        name: row["pid"] for name, row in running.items()
    }

    done = stack.run("proctor", "down")
    assert done.returncode == 0
    for row in running.values():
        with pytest.raises(ProcessLookupError):
            os.kill(row["pid"], 0)
    assert "nothing was running" in stack.run("proctor", "down").stderr


def test_a_killed_answerer_is_told_and_replaced(stack: Work) -> None:
    running = status(stack)
    os.killpg(running["answerer"]["pid"], signal.SIGKILL)
    wait_until(lambda: status(stack)["answerer"]["state"] == "dead", 20, "the death is seen")
    told = stack.run("proctor", "status")
    assert told.returncode == 3
    assert "answerer" in told.stderr
    reply = httpx.post(running["gateway"]["url"] + "/v1/answers", json=QUESTION, timeout=10)
    assert reply.status_code == 503
    assert reply.headers["content-type"].startswith("application/problem+json")

    assert stack.up().returncode == 0
    after = status(stack)
    assert after["answerer"]["state"] == "ready"
    assert after["gateway"]["pid"] == running["gateway"]["pid"]
    reply = httpx.post(running["gateway"]["url"] + "/v1/answers", json=QUESTION, timeout=10)
    assert reply.status_code == 200


def test_a_busy_port_is_told_and_nothing_is_left(demo: Work) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = demo.run(
            *("proctor", "up", "--mlflow-port", str(free_port()), "--gateway-port", port)
        )
    assert done.returncode == 1
    assert f"127.0.0.1:{port} is taken" in done.stderr
    assert "--gateway-port" in done.stderr
    assert status(demo) == {}
    # The answerer had its slot already: the ledger must not name one that was ended.
    last = demo.json("registry", "history", "coding-mcqa")[-1]
    assert (last["kind"], last["why"]) == ("slot_retired", "proctor up failed")


def test_a_bento_of_other_contents_does_not_start(demo: Work) -> None:
    bento = demo.folder / ".proctor/bentos/coding-mcqa-2.bento"
    before = bento.read_bytes()
    bento.write_bytes((bento.parent / "coding-mcqa-1.bento").read_bytes())
    try:
        done = demo.up()
        assert done.returncode == 1
        assert "the digest is" in done.stderr
        assert status(demo) == {}
    finally:
        bento.write_bytes(before)
        demo.run("proctor", "down")
