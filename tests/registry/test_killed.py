"""Moves killed at every step, and moves that race, in real processes on a real MLflow."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from contracts.errors import AliasTampered, MoveNotShown, VersionNotShown
from contracts.models import ModelRef
from proctor.registry_access import failpoint
from registry.cards import MARK
from registry.registry import PROMOTE_STEPS, REGISTER_STEPS, Registry
from registry.state import VersionRecord
from registry.versions import DIGEST_TAG
from tests.registry.making import Evidence
from tests.registry.processes import open_registry, run_together
from tests.registry.relay import Relay

pytestmark = pytest.mark.integration

KILLED = [(-signal.SIGKILL, None)]


class World:
    """A ledger of its own, and a model of its own in the one MLflow."""

    def __init__(self, folder: Path, uri: str, model: str) -> None:
        self.where = (f"sqlite:///{folder}/ledger.db", uri)
        self.model = model

    @property
    def registry(self) -> Registry:
        return open_registry(*self.where, at_step=lambda _step: None)

    def champion(self) -> VersionRecord | None:
        return self.registry.champion(self.model)

    def ref(self, version: str) -> ModelRef:
        return ModelRef(name=self.model, version=version)

    def crown(self, evidence: Evidence) -> VersionRecord:
        record = evidence.register(self.registry, self.model)
        return self.registry.promote(self.ref(record.version), why="bootstrap")

    def findings(self) -> list[str]:
        """Kinds of what is wrong with the ledger or our model; other tests' models, which
        only MLflow knows here, are not ours."""
        return [f.kind for f in self.registry.verify() if f.model in {None, self.model}]

    def shown(self) -> dict[str, str]:
        return self.registry._versions.aliases(self.model)

    def repair(self) -> list[str]:
        """What is told of our model; aliases of other tests' models are left alone."""
        told: list[str] = []
        try:
            self.registry.repair(tell=told.append)
        except AliasTampered as fault:
            if fault.model == self.model:
                raise
        return [line for line in told if line.startswith(self.model)]

    def card(self, version: str) -> str:
        """The version's page in MLflow; empty when none was written."""
        return self.registry._versions.descriptions(self.model, version)[1]

    def digests(self) -> list[str]:
        tags = self.registry._versions.tags(self.model)
        return sorted(each[DIGEST_TAG] for each in tags.values())

    def check_sound(self, aliases: dict[str, str], *digests: str) -> None:
        """One version of each of ``digests``, aliases right on both sides, chain valid."""
        assert self.findings() == []
        assert self.digests() == sorted(digests)
        state = self.registry.ledger.state().model(self.model)
        assert len(state.versions) == len(digests)
        assert state.aliases == aliases
        assert state.pending == {}
        assert self.shown() == aliases


@pytest.fixture
def world(tmp_path: Path, mlflow_server: str, model_name: str) -> World:
    return World(tmp_path, mlflow_server, model_name)


def register(
    where: tuple[str, str],
    model: str,
    evidence: Evidence,
    champion: VersionRecord | None,
    step: str | None = None,
) -> str:
    registry = open_registry(*where, at_step=failpoint(step))
    return evidence.register(registry, model, champion=champion).version


def promote(where: tuple[str, str], ref: ModelRef, step: str | None = None) -> str:
    return open_registry(*where, at_step=failpoint(step)).promote(ref, why="a test").version


# ------------------------------------------------------------ killed


@pytest.mark.parametrize("repaired", [True, False], ids=["repaired", "run again"])
@pytest.mark.parametrize("step", REGISTER_STEPS)
def test_register_killed(world: World, logged: list[Evidence], step: str, repaired: bool) -> None:
    champion = world.crown(logged[0])
    arguments = (world.where, world.model, logged[1], champion)
    assert run_together((register, (*arguments, step))) == KILLED
    if repaired:
        world.repair()
        # What the ledger never heard of cannot be finished: the command is to be run again.
        assert world.findings() == (["unknown"] if step == "register:version-made" else [])
    if not repaired or step in {"register:checked", "register:version-made"}:
        assert register(*arguments) == "2"
        assert world.card("2").startswith(MARK)
    if step == "pages:written":
        assert world.card("2").startswith(MARK)
    world.check_sound({"champion": "1", "challenger": "2"}, logged[0].digest, logged[1].digest)


@pytest.mark.parametrize("repaired", [True, False], ids=["repaired", "run again"])
@pytest.mark.parametrize("step", PROMOTE_STEPS)
def test_promote_killed(world: World, logged: list[Evidence], step: str, repaired: bool) -> None:
    champion = world.crown(logged[0])
    number = logged[1].register(world.registry, world.model, champion=champion).version
    assert run_together((promote, (world.where, world.ref(number), step))) == KILLED
    if repaired:
        world.repair()
        assert world.findings() == []
    if not repaired or step == "promote:checked":
        assert promote(world.where, world.ref(number)) == number
    world.check_sound({"champion": number}, logged[0].digest, logged[1].digest)


@pytest.mark.parametrize("step", REGISTER_STEPS)
def test_the_first_register_killed(world: World, logged: list[Evidence], step: str) -> None:
    arguments = (world.where, world.model, logged[0], None)
    assert run_together((register, (*arguments, step))) == KILLED
    world.repair()
    assert world.findings() == (["unknown"] if step == "register:version-made" else [])
    assert register(*arguments) == "1"
    world.check_sound({"challenger": "1"}, logged[0].digest)


def test_mlflow_dies_between_the_decision_and_its_showing(
    world: World, logged: list[Evidence]
) -> None:
    champion = world.crown(logged[0])
    logged[1].register(world.registry, world.model, champion=champion)
    relay = Relay(world.where[1])

    def at_step(step: str) -> None:
        if step == "promote:decided":
            relay.cut()

    began = time.monotonic()
    with pytest.raises(MoveNotShown):
        open_registry(world.where[0], relay.uri, at_step).promote(world.ref("2"), why="a test")
    assert time.monotonic() - began < 10
    assert set(world.findings()) == {"half-applied"}
    assert world.repair()
    world.check_sound({"champion": "2"}, logged[0].digest, logged[1].digest)


@pytest.mark.parametrize("step", ["register:recorded", "projected"])
def test_mlflow_dies_when_the_ledger_holds_the_version(
    world: World, logged: list[Evidence], step: str
) -> None:
    relay = Relay(world.where[1])

    def at_step(reached: str) -> None:
        if reached == step:
            relay.cut()

    cut_off = open_registry(world.where[0], relay.uri, at_step)
    began = time.monotonic()
    with pytest.raises(VersionNotShown) as caught:
        logged[0].register(cut_off, world.model)
    assert time.monotonic() - began < 30
    assert f"{world.model}/1 is registered" in caught.value.fact
    assert "register` again" in caught.value.mend
    assert "nothing was changed" not in str(caught.value)
    assert world.card("1") == ""
    # As the error says: the same command again, and all is there, once.
    assert logged[0].register(world.registry, world.model).version == "1"
    assert world.card("1").startswith(MARK)
    world.check_sound({"challenger": "1"}, logged[0].digest)


# ------------------------------------------------------------ racing


@pytest.mark.parametrize("turn", range(5))
def test_of_two_promotions_against_one_champion_one_wins(
    world: World, logged: list[Evidence], turn: int
) -> None:
    champion = world.crown(logged[0])
    for evidence in logged[1:]:
        evidence.register(world.registry, world.model, champion=champion)
    outcomes = run_together(*((promote, (world.where, world.ref(each))) for each in ("2", "3")))
    won = [result for _, result in outcomes if result != "ChampionMoved"]
    assert sorted(map(str, (result for _, result in outcomes))) == sorted([*won, "ChampionMoved"])
    [winner] = won
    assert winner in {"2", "3"}
    aliases = {"champion": winner} | ({"challenger": "3"} if winner == "2" else {})
    world.check_sound(aliases, *(evidence.digest for evidence in logged))


@pytest.mark.parametrize("turn", range(2))
def test_two_registers_of_one_checkpoint_make_one_version(
    world: World, logged: list[Evidence], turn: int
) -> None:
    arguments = (world.where, world.model, logged[0], None)
    assert run_together((register, arguments), (register, arguments)) == [(0, "1"), (0, "1")]
    world.check_sound({"challenger": "1"}, logged[0].digest)
