"""The gateway as people run it: a process on loopback, before a real answerer."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from bentos.archive import unpack_bento
from bentos.build import build_bento
from contracts.answers import Answer, AnswerReply
from contracts.models import VersionFacts
from gateway.key_file import add_key, revoke_key, utc_now
from gateway.keys import Key, spelled
from registry.events import Occupant, SlotAssigned, SlotRetired
from registry.ledger import Ledger
from tests.answerers import ServedBento, kill, served_bento
from tests.checkpoints import make_tiny_checkpoint
from tests.conftest import answers_ok
from tests.gateway.conftest import AUTHORIZATION, PRESENTED
from tests.gateway.serving import environment, proctor, serving
from tests.gateway.test_app import ASKED, problem
from tests.waiting import free_port, wait_until

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> tuple[VersionFacts, Path]:
    """A tiny version and its unpacked bento."""
    folder = tmp_path_factory.mktemp("version")
    digest = make_tiny_checkpoint(folder / "checkpoint")
    facts = VersionFacts(
        model="coding-mcqa",
        version="7",
        digest=digest,
        run_id="run",
        commit="commit",
        scoring="text",
    )
    built = build_bento(
        folder / "checkpoint", facts, bento_home=folder / "home", out=folder / "v7.bento"
    )
    return facts, unpack_bento(built.path, folder / "bento")


def assign(ledger: Ledger, facts: VersionFacts, url: str) -> None:
    runs = Occupant(
        model=facts.model,
        version=facts.version,
        digest=facts.digest,
        scoring=facts.scoring,
        url=url,
        bento="coding_mcqa:7",
    )
    with ledger.write() as writer:
        writer.append(
            facts.model, SlotAssigned(slot="stable", runs=runs), who="test", why="", commit=""
        )


def ask(home: Path, url: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        proctor("ask", "--url", url, "--question", "What?", *words),
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
    )


CHOICES = ("--code", "print(1)", "--choice", "1", "--choice", "2")


def test_from_the_ledger_to_an_answer_and_back(
    tmp_path: Path, version: tuple[VersionFacts, Path]
) -> None:
    """Nothing live, a version live, its answerer killed, the slot retired, the end."""
    facts, folder = version
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with (
        serving(tmp_path, port) as gateway,
        served_bento(folder, tmp_path / "answerer") as answerer,
        httpx.Client(base_url=url, timeout=20, headers=AUTHORIZATION) as client,
    ):
        assert "no version is live" in problem(client.get("/readyz"), 503).detail
        assert ask(tmp_path, url, *CHOICES).returncode == 3

        assign(ledger, facts, answerer.url)
        wait_until(lambda: client.get("/readyz").status_code == 200, 5, "the version is live")
        _answers_like_the_answerer(client, answerer, facts)
        _the_command_line_answers(tmp_path, url, facts)

        kill(answerer)
        wait_until(lambda: not answers_ok(f"{answerer.url}/livez"), 10, "the answerer is gone")
        assert client.post("/v1/answers", json=ASKED).json()["cached"], "it was asked before"
        begun = time.monotonic()
        away = client.post("/v1/answers", json=ASKED, headers={"Cache-Control": "no-cache"})
        assert "nothing listens there" in problem(away, 503).detail
        assert time.monotonic() - begun < 2.0
        asked = ask(tmp_path, url, *CHOICES, "--choice", "3")
        assert asked.returncode == 3
        assert "slot stable cannot answer" in asked.stderr

        with ledger.write() as writer:
            writer.append(facts.model, SlotRetired(slot="stable"), who="test", why="", commit="")
        wait_until(lambda: client.get("/v1/models").json() == {"versions": []}, 5, "none is live")

        gateway.send_signal(signal.SIGTERM)
        assert gateway.wait(timeout=20) == 0
    assert "Traceback" not in (tmp_path / "gateway.log").read_text()


def _answers_like_the_answerer(
    client: httpx.Client, answerer: ServedBento, facts: VersionFacts
) -> None:
    reply = client.post("/v1/answers", json=ASKED, headers={"X-Request-Id": "mine"})
    assert reply.status_code == 200, reply.text
    through = AnswerReply.model_validate_json(reply.content)
    direct = Answer.model_validate_json(httpx.post(f"{answerer.url}/answer", json=ASKED).content)
    assert through.model_dump(include=set(Answer.model_fields)) == direct.model_dump()
    assert through.request_id == reply.headers["x-request-id"] == "mine"
    assert through.version.digest == facts.digest
    too_long = {**ASKED, "code": "x = 1\n" * 500}
    told = problem(client.post("/v1/answers", json=too_long), 422)
    assert "do not fit into 256" in told.detail


def _the_command_line_answers(home: Path, url: str, facts: VersionFacts) -> None:
    done = ask(home, url, *CHOICES, "--json")
    assert done.returncode == 0, done.stderr
    reply = AnswerReply.model_validate(json.loads(done.stdout))
    assert reply.version.version == facts.version
    done = ask(home, url, *CHOICES)
    assert f"{reply.letter}, by coding-mcqa/7" in done.stdout
    assert f"{reply.confidence:.4f}" in done.stdout
    assert "request " in done.stdout
    done = ask(home, url, "--choice", "1")
    assert done.returncode == 2
    assert "at least 2" in done.stderr
    done = ask(home, url, "--code", "x = 1\n" * 500, "--choice", "1", "--choice", "2")
    assert done.returncode == 2
    assert "do not fit into 256" in done.stderr


def test_a_taken_port_and_no_gateway_are_told(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, port):
        second = subprocess.run(
            proctor("gateway", "serve", "--port", str(port)),
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert second.returncode == 1
    assert f"127.0.0.1:{port} is taken" in second.stderr
    away = ask(tmp_path, f"http://127.0.0.1:{port}", *CHOICES)
    assert away.returncode == 3
    assert "does not answer" in away.stderr


def test_a_huge_body_is_refused_in_words_that_arrive(tmp_path: Path) -> None:
    """Declared or in pieces, the caller reads the problem although it was still sending."""
    port = free_port()
    piece = b" " * 65_536
    headers = {"content-type": "application/json", **AUTHORIZATION}
    with serving(tmp_path, port), httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        declared = client.post("/v1/answers", content=piece * 48, headers=headers)
        pieces = client.post("/v1/answers", content=iter([piece] * 48), headers=headers)
        for reply in (declared, pieces):
            assert problem(reply, 413).type == "/problems/request-too-large"


def test_keys_change_without_a_restart(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/v1/models"
    file = tmp_path / "keys.json"
    presented = spelled("late", "5" * 64)

    def status(key: str) -> int:
        return httpx.get(url, headers={"Authorization": f"Bearer {key}"}).status_code

    with serving(tmp_path, port, "--keys-seconds", "0.1"):
        assert (status(presented), status(PRESENTED)) == (401, 200)
        add_key(file, Key(id="late", scopes=frozenset({"answer"})), "5" * 64, utc_now())
        wait_until(lambda: status(presented) == 200, 5, "the new key counts")
        good = file.read_bytes()
        file.write_text("{")
        log = tmp_path / "gateway.log"
        wait_until(lambda: "the keys stay as they were" in log.read_text(), 5, "it is told")
        assert (status(presented), status(PRESENTED)) == (200, 200)
        sound = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        assert "proctor_gateway_keys_sound 0.0" in sound
        assert "proctor_gateway_keys 2.0" in sound
        file.write_bytes(good)
        revoke_key(file, "late", utc_now())
        wait_until(lambda: status(presented) == 401, 5, "the revoked key does not count")
        assert status(PRESENTED) == 200
    assert presented not in log.read_text()


def test_the_open_mode_lets_anybody_in(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, port, "--open"):
        assert httpx.get(f"http://127.0.0.1:{port}/v1/models").json() == {"versions": []}
