"""The local stack: MLflow, the stable answerer and the gateway as processes on one machine.

``up`` makes it so: what runs already stays, what is missing starts, and an answerer of a
version that is no longer champion is replaced (the new one is ready before the old one
ends). ``down`` ends what ``up`` started and nothing else. What runs is remembered in one
file, and only one command at a time may change it. All addresses are on loopback.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from bentos.serving import serve_command, unpacked
from contracts.errors import (
    AnswererAway,
    BadInput,
    ProctorError,
    Refused,
    ServiceAway,
    StackConflict,
    StackFileDamaged,
)
from contracts.faults import first_fault
from contracts.files import write_atomically
from contracts.traffic import STABLE
from gateway.key_file import utc_now
from proctor.api_keys import ensure_local_key
from proctor.processes import (
    BUSY_SECONDS,
    HOST,
    Process,
    answers,
    check_port,
    end,
    free_port,
    is_ready_within,
    start,
    wait_ready,
)
from proctor.pruning import prune
from proctor.registry_access import open_registry
from proctor.settings import STACK_FILE, Settings, api_key
from proctor.version_bento import version_bento
from registry.events import Occupant
from registry.ledger import Ledger
from registry.state import VersionRecord

MLFLOW: Final = "mlflow"
ANSWERER: Final = "answerer"
# The answerer that is being replaced: it goes on until the new one has its callers.
RETIRING: Final = "retiring"
GATEWAY: Final = "gateway"
# The order in which they start; they end in the reverse.
SERVICES: Final = (MLFLOW, RETIRING, ANSWERER, GATEWAY)
READY_SECONDS: Final = 120.0
# The gateway looks for a new plan at least every half second.
PLAN_SECONDS: Final = 15.0
QUIET: Final = {
    # Without this MLflow starts a job runner and seven consumers (0.75 GB).
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "PYTHONUNBUFFERED": "1",
}
_ROWS: Final = TypeAdapter(list[Process])


@dataclass(frozen=True)
class Ports:
    """Where callers find MLflow and the gateway; answerers take any free port."""

    mlflow: int = 5500
    gateway: int = 8080


class Stack:
    """The stack below ``settings.home``. ``say`` hears a line for each thing done; ``hold``
    puts signals off while a process is started or what was started is ended again."""

    def __init__(
        self,
        settings: Settings,
        say: Callable[[str], None],
        hold: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._settings = settings
        self._say = say
        self._hold = hold
        self._file = settings.home / STACK_FILE

    # ------------------------------------------------------------ what runs

    def processes(self) -> dict[str, Process]:
        """What was started and not ended, by service; some may have died since. Raises
        ``StackFileDamaged``."""
        if not self._file.is_file():
            return {}
        try:
            started = _ROWS.validate_json(self._file.read_bytes())
        except ValidationError as error:
            raise StackFileDamaged(self._file, first_fault(error)) from error
        return {process.service: process for process in started}

    def _remember(self, processes: dict[str, Process]) -> None:
        rows = [process.model_dump(mode="json") for process in processes.values()]
        write_atomically(self._file, json.dumps(rows, indent=2) + "\n")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the stack's lock. Raises ``StackConflict`` when another command has it."""
        self._settings.home.mkdir(parents=True, exist_ok=True)
        with (self._settings.home / "stack.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StackConflict(
                    "another `proctor up` or `proctor down` is at work here.",
                    mend="Wait for it to end, then run this again.",
                ) from error
            yield

    # ------------------------------------------------------------ up

    def up(self, model: str, ports: Ports) -> dict[str, Process]:
        """Start what is missing and wait until each is ready; what runs afterwards.

        Raises ``PortBusy``, ``ChildDied``: then what this call started is ended again.
        """
        with self._alone():
            known = self.processes()
            running = {name: process for name, process in known.items() if process.is_alive()}
            for name in known.keys() - running.keys():
                # It died; a worker of its may hold the port still.
                end(known[name])
            before = dict(running)
            slot = Ledger(self._settings.ledger_url).state().slots.get(STABLE)
            try:
                self._up_mlflow(running, ports.mlflow)
                champion = open_registry(self._settings).champion(model)
                if champion is None:
                    self._say(f"{ANSWERER:9} none    {model} has no champion yet: nothing answers")
                else:
                    self._up_answerer(running, champion)
                self._up_key()
                self._up_gateway(running, ports.gateway)
                if champion is not None:
                    self._wait_answering(running[GATEWAY], champion)
            except BaseException:
                with self._hold():
                    self._back_to(before, running, slot)
                raise
            retiring = running.pop(RETIRING, None)
            if retiring is not None:
                end(retiring)
                self._say(f"{ANSWERER:9} ended   {retiring.url} ({retiring.detail['version']})")
            self._remember(running)
            self._prune(running)
            return running

    def _prune(self, running: dict[str, Process]) -> None:
        """Remove what earlier starts left; a fault there fails nothing."""
        stores = [self._store(process) for process in running.values()]
        with contextlib.suppress(OSError):
            pruned = prune(self._settings.home, keep=stores, now_seconds=time.time())
            if pruned:
                self._say(f"{'pruned':9} {len(pruned)} unused folders in {self._settings.home}")

    def _store(self, process: Process) -> Path:
        """The store of an answerer; of another service, where its would be."""
        return self._settings.home / "answerers" / process.url.rpartition(":")[2]

    def _back_to(
        self, before: dict[str, Process], running: dict[str, Process], slot: Occupant | None
    ) -> None:
        """Say in the ledger who answers then, and end what this call started, also when the
        ledger does not answer."""
        registry = open_registry(self._settings)
        try:
            if registry.ledger.state().slots.get(STABLE) != slot:
                if slot is not None:
                    registry.assign_slot(STABLE, slot, why="proctor up failed")
                else:
                    registry.retire_slot(STABLE, why="proctor up failed")
        finally:
            theirs = {process.pid for process in before.values()}
            for service, process in reversed(running.items()):
                if process.pid not in theirs and end(process):
                    self._say(f"{service:9} ended   {process.url}")
            self._remember(before)

    def _launch(
        self,
        running: dict[str, Process],
        service: str,
        argv: list[str],
        port: int,
        ready_path: str,
        environment: dict[str, str] | None = None,
        detail: dict[str, str] | None = None,
    ) -> Process:
        with self._hold():
            process = start(
                service,
                argv,
                url=f"http://{HOST}:{port}",
                ready_path=ready_path,
                log=self._settings.home / "logs" / f"{service}-{port}.log",
                environment={**QUIET, **(environment or {})},
                detail=detail or {},
            )
            running[service] = process
            # Remembered before it is ready: a killed `up` leaves nothing that `down` cannot end.
            self._remember(running)
        waited = wait_ready(process, READY_SECONDS)
        self._say(f"{service:9} ready   {process.url} after {waited:.1f} s")
        return process

    def _hangs(self, running: dict[str, Process], service: str) -> bool:
        """True when it runs and does not answer: then it is ended, to be started again."""
        process = running.get(service)
        if process is None or self._answers(process):
            return False
        self._say(f"{service:9} hangs   {process.url}: started again")
        end(process)
        del running[service]
        return True

    def _answers(self, process: Process) -> bool:
        """True when it does, at once or when it is less busy."""
        if process.is_ready():
            return True
        self._say(f"{process.service:9} busy    {process.url}: up to {BUSY_SECONDS:g} s to answer")
        return is_ready_within(process)

    def _up_mlflow(self, running: dict[str, Process], port: int) -> None:
        if not self._settings.own_tracking:
            self._say(f"{MLFLOW:9} outside {self._settings.tracking_uri} (MLFLOW_TRACKING_URI)")
            return
        if self._hangs(running, MLFLOW) or MLFLOW not in running:
            check_port(MLFLOW, port)
            store = self._settings.home / "mlflow"
            store.mkdir(parents=True, exist_ok=True)
            argv = [
                *(sys.executable, "-m", "mlflow", "server", "--workers", "1"),
                *("--backend-store-uri", f"sqlite:///{store}/mlflow.db"),
                *("--artifacts-destination", str(store / "artifacts")),
                *("--host", HOST, "--port", str(port)),
            ]
            self._launch(running, MLFLOW, argv, port, "/health")
        else:
            self._say(f"{MLFLOW:9} running {running[MLFLOW].url}")
        self._settings = replace(self._settings, tracking_uri=running[MLFLOW].url)

    def _up_answerer(self, running: dict[str, Process], champion: VersionRecord) -> None:
        """Bring the champion into the stable slot. An answerer of another version goes on
        answering: it ends when the new one has its callers."""
        label = f"{champion.model}/{champion.version}"
        old = running.get(ANSWERER)
        registry = open_registry(self._settings)
        if old is not None and old.detail["digest"] == champion.digest and self._answers(old):
            self._say(f"{ANSWERER:9} running {old.url} ({label})")
            process = old
        else:
            if old is not None:
                running[RETIRING] = old.model_copy(update={"service": RETIRING})
            process = self._launch_answerer(running, champion)
        runs = Occupant(
            model=champion.model,
            version=champion.version,
            digest=champion.digest,
            scoring=champion.registered.scoring,
            url=process.url,
            bento=process.detail["bento"],
        )
        # Also when it ran before: an `up` that was killed may not have come to this.
        registry.assign_slot(STABLE, runs, why=f"proctor up: {label} is champion")

    def _launch_answerer(self, running: dict[str, Process], champion: VersionRecord) -> Process:
        bento = version_bento(open_registry(self._settings), self._settings, champion)
        folder = unpacked(bento.path, self._settings.home, expected_digest=bento.digest)
        port = free_port()
        store = self._settings.home / "answerers" / str(port)
        return self._launch(
            running,
            ANSWERER,
            serve_command(folder, host=HOST, port=port),
            port,
            "/readyz",
            # The bento brings all that it needs: the store stays empty. One for each, since
            # BentoML empties the metrics in it at start, also those of another answerer.
            {"BENTOML_HOME": str(store)},
            {
                "version": f"{champion.model}/{champion.version}",
                "digest": champion.digest,
                "bento": bento.tag,
            },
        )

    def _wait_answering(self, gateway: Process, champion: VersionRecord) -> None:
        """Until the gateway sends its callers to the champion. Raises ``AnswererAway``."""
        key = self._presented()
        deadline = time.monotonic() + PLAN_SECONDS
        while not (
            answers(gateway.url + "/readyz")
            # Where the keys stand elsewhere and none is named, this cannot be asked.
            and (key is None or champion.digest in _text(gateway.url + "/v1/models", key))
        ):
            if time.monotonic() > deadline:
                raise AnswererAway(STABLE, f"the gateway does not see {champion.digest[:19]}")
            time.sleep(0.1)

    def _up_key(self) -> None:
        """A key for whoever may read the home; keys that stand elsewhere are left alone."""
        if self._settings.own_keys:
            place = self._settings.local_key_file
            if ensure_local_key(self._settings.keys_file, place, utc_now()):
                self._say(f"{'key':9} made    {place}")

    def _presented(self) -> str | None:
        """The key for this stack's gateway."""
        environment = {} if self._settings.own_keys else os.environ
        return api_key(self._settings, environment)

    def _up_gateway(self, running: dict[str, Process], port: int) -> None:
        if GATEWAY in running and not self._hangs(running, GATEWAY):
            self._say(f"{GATEWAY:9} running {running[GATEWAY].url}")
            return
        check_port(GATEWAY, port)
        argv = [
            *(sys.executable, "-m", "proctor", "gateway", "serve"),
            *("--host", HOST, "--port", str(port)),
        ]
        environment = {
            "PROCTOR_HOME": str(self._settings.home),
            "PROCTOR_LEDGER_URL": self._settings.ledger_url,
            "PROCTOR_KEYS_FILE": str(self._settings.keys_file),
        }
        self._launch(running, GATEWAY, argv, port, "/healthz", environment)

    # ------------------------------------------------------------ down

    def down(self) -> list[str]:
        """End what ``up`` started, callers' side first; the services that were ended.

        Raises, when all of it has ended, why the ledger or the file of what runs could not
        be told: ``LedgerAway``, ``LedgerCorrupt``, ``StorageFull``, ``BadParams``."""
        with self._alone():
            processes = self.processes()
            ended = []
            faults: list[ProctorError] = []
            for service in reversed(SERVICES):
                process = processes.pop(service, None)
                if process is not None:
                    if service == ANSWERER:
                        with _put_off(faults):
                            self._retire_stable()
                    if end(process):
                        ended.append(service)
                        self._say(f"{service:9} ended   {process.url}")
                    with _put_off(faults):
                        self._remember(processes)
            self._prune(processes)
            if faults:
                raise faults[0]
            return ended

    def _retire_stable(self) -> None:
        open_registry(self._settings).retire_slot(STABLE, why="proctor down")


@contextmanager
def _put_off(faults: list[ProctorError]) -> Iterator[None]:
    """Keep an error of the block in ``faults``: ending the rest must not wait for it."""
    try:
        yield
    except (BadInput, Refused, ServiceAway) as error:
        faults.append(error)


def _text(url: str, key: str) -> str:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=2) as reply:  # noqa: S310  # our own URL
            return str(reply.read().decode())
    except (urllib.error.URLError, OSError):
        return ""
