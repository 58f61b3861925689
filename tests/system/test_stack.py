"""``proctor up``, ``status`` and ``down`` on real processes: what stays, dies and is busy."""

from __future__ import annotations

import json
import os
import signal
import socket
from typing import Any

import httpx
import pytest

from proctor.registry_access import open_registry
from proctor.settings import read_settings
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


def ask(work: Work, url: str) -> httpx.Response:
    headers = work.authorization
    return httpx.post(f"{url}/v1/answers", json=QUESTION, headers=headers, timeout=10)


def test_up_serves_the_champion_and_down_ends_exactly_that(stack: Work) -> None:
    running = status(stack)
    assert {name: row["state"] for name, row in running.items()} == {
        "mlflow": "ready",
        "answerer": "ready",
        "gateway": "ready",
    }
    reply = ask(stack, running["gateway"]["url"])
    assert reply.status_code == 200
    assert reply.json()["version"]["version"] == "2"
    assert (stack.folder / ".proctor/local.key").stat().st_mode & 0o777 == 0o600
    nobody = httpx.post(running["gateway"]["url"] + "/v1/answers", json=QUESTION, timeout=10)
    assert nobody.status_code == 401
    assert abs(sum(reply.json()["probabilities"].values()) - 1) < 1e-6

    again = stack.up()
    assert again.returncode == 0
    assert {name: row["pid"] for name, row in status(stack).items()} == {
        name: row["pid"] for name, row in running.items()
    }
    stores = stack.folder / ".proctor/answerers"
    port = running["answerer"]["url"].rpartition(":")[2]
    assert [path.name for path in stores.iterdir()] == [port], "one store, of the one that runs"

    done = stack.run("proctor", "down")
    assert done.returncode == 0
    assert list(stores.iterdir()) == []
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
    reply = ask(stack, running["gateway"]["url"])
    assert reply.status_code == 503
    assert reply.headers["content-type"].startswith("application/problem+json")

    assert stack.up().returncode == 0
    after = status(stack)
    assert after["answerer"]["state"] == "ready"
    assert after["gateway"]["pid"] == running["gateway"]["pid"]
    reply = ask(stack, running["gateway"]["url"])
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


def test_a_bento_of_other_contents_is_built_anew(demo: Work) -> None:
    bento = demo.folder / ".proctor/bentos/coding-mcqa-2.bento"
    other = (bento.parent / "coding-mcqa-1.bento").read_bytes()
    bento.write_bytes(other)
    try:
        done = demo.up()
        assert done.returncode == 0, done.stderr
        assert bento.read_bytes() != other
        reply = ask(demo, f"http://127.0.0.1:{demo.gateway_port}")
        assert reply.json()["version"]["version"] == "2"
    finally:
        demo.run("proctor", "down")


def test_a_hung_gateway_is_started_again(stack: Work) -> None:
    before = status(stack)["gateway"]["pid"]
    os.kill(before, signal.SIGSTOP)
    done = stack.up()
    assert done.returncode == 0, done.stderr
    assert "hangs" in done.stderr
    after = status(stack)["gateway"]
    assert after["state"] == "ready"
    assert after["pid"] != before


def test_an_up_killed_before_the_slot_was_told_is_finished_by_the_next(stack: Work) -> None:
    settings = read_settings({"PROCTOR_HOME": str(stack.folder / ".proctor")})
    open_registry(settings).retire_slot("stable", why="as if it had never been told")
    done = stack.up()
    assert done.returncode == 0, done.stderr
    url = status(stack)["gateway"]["url"]
    assert ask(stack, url).status_code == 200
