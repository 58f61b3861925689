"""The moves, on the in-memory twin: refusals first, then what each move leaves behind."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from contracts.digests import digest_of_folder
from contracts.errors import (
    AliasNotFound,
    AliasTampered,
    BadInput,
    ChampionMoved,
    CouldNotJudge,
    DigestMismatch,
    GateNotPassed,
    ModelNotFound,
    NotThereThen,
    ProctorError,
    ResultsInvalid,
    RunNotFound,
    SlotEmpty,
    VersionNotFound,
)
from contracts.models import ModelRef
from contracts.traffic import TrafficSplit
from contracts.verdicts import FittedTemperature, GenerationFacts
from proctor.commands.registry import app
from registry.events import EventKind, Occupant, VersionRegistered
from registry.ledger import Ledger
from registry.mlflow_versions import MlflowVersions
from registry.registry import PROMOTE_STEPS, REGISTER_STEPS, Registry
from registry.state import VersionRecord
from registry.versions import DIGEST_TAG, EXAMINED_TAG, SUITE_TAG, MemoryVersions
from tests.registry.making import (
    MODEL,
    SUITE,
    Evidence,
    digest,
    in_memory,
    records_bytes,
    registered,
)

OTHER = digest("something else")


@pytest.fixture
def first(store: MemoryVersions, tmp_path: Path) -> Evidence:
    return in_memory(store, tmp_path, 1)


@pytest.fixture
def second(store: MemoryVersions, tmp_path: Path) -> Evidence:
    return in_memory(store, tmp_path, 2)


def ref(text: str) -> ModelRef:
    return ModelRef.parse(f"{MODEL}{text}")


def champion_of(registry: Registry, evidence: Evidence) -> VersionRecord:
    """Register ``evidence`` and make it the first champion."""
    record = evidence.register(registry)
    return registry.promote(ref(f"/{record.version}"), why="a test")


def world(registry: Registry, store: MemoryVersions) -> object:
    """Everything that a refused move must leave as it was."""
    return registry.ledger.events(), store.tags(MODEL), store.aliases(MODEL)


def kinds(registry: Registry, after: int = 0) -> list[str]:
    return [event.kind.value for event in registry.ledger.events(after=after)]


# ------------------------------------------------------------ register


@pytest.mark.parametrize(("method", "from_scratch"), [("scratch", True), ("lora", False)])
def test_what_a_training_began_with_travels_into_the_bento(
    registry: Registry, first: Evidence, method: str, from_scratch: bool
) -> None:
    """One that began with random weights cannot explain."""
    training = first.training.model_copy(update={"method": method})
    record = replace(first, training=training).register(registry)
    assert record.facts().from_scratch is from_scratch


# ------------------------------------------------------------ register: refusals


def _wrong(what: str, evidence: Evidence) -> dict[str, Any]:
    """The arguments of ``register`` with one thing wrong."""
    arguments: dict[str, Any] = {
        "training": evidence.training,
        "evaluation": evidence.evaluation,
        "verdict": evidence.verdict(),
        "found_digest": evidence.digest,
    }
    wrong: dict[str, dict[str, Any]] = {
        "reject": {"verdict": evidence.verdict(decision="reject")},
        "could not judge": {"verdict": evidence.verdict(decision="could-not-judge")},
        "weights": {"found_digest": OTHER},
        "evaluation": {"evaluation": evidence.evaluation.model_copy(update={"digest": OTHER})},
        "verdict": {"verdict": evidence.verdict(digest=OTHER)},
        "records": {"verdict": evidence.verdict(records_digest=OTHER)},
        "suite": {"verdict": evidence.verdict(suite_digest=OTHER)},
        "evaluation run": {"verdict": evidence.verdict(evaluation_run_id="another")},
        "training run": {"training": evidence.training.model_copy(update={"run_id": "nowhere"})},
        "logged model": {
            "training": evidence.training.model_copy(update={"model_uri": "models:/m-nowhere"})
        },
        "lost evaluation": {
            "evaluation": evidence.evaluation.model_copy(update={"run_id": "nowhere"}),
            "verdict": evidence.verdict(evaluation_run_id="nowhere"),
        },
    }
    return {**arguments, **wrong[what]}


REFUSALS = [
    ("reject", GateNotPassed, 1),
    ("could not judge", CouldNotJudge, 4),
    ("weights", DigestMismatch, 1),
    ("evaluation", DigestMismatch, 1),
    ("verdict", DigestMismatch, 1),
    ("records", DigestMismatch, 1),
    ("suite", DigestMismatch, 1),
    ("evaluation run", GateNotPassed, 1),
    ("training run", RunNotFound, 2),
    ("logged model", RunNotFound, 2),
    ("lost evaluation", RunNotFound, 2),
]


@pytest.mark.parametrize(("what", "error", "code"), REFUSALS)
@pytest.mark.parametrize("known", [False, True], ids=["first version", "later version"])
def test_register_refuses_and_changes_nothing(
    registry: Registry,
    store: MemoryVersions,
    first: Evidence,
    second: Evidence,
    what: str,
    error: type[ProctorError],
    code: int,
    known: bool,
) -> None:
    if known:
        champion_of(registry, first)
    before = world(registry, store)
    with pytest.raises(error) as found:
        registry.register(**_wrong(what, second), why="a test")
    assert found.value.exit_code == code
    assert world(registry, store) == before


@pytest.mark.parametrize("alias", ["champion", "challenger"])
def test_register_refuses_a_tampered_alias(
    registry: Registry,
    store: MemoryVersions,
    first: Evidence,
    second: Evidence,
    alias: str,
    tmp_path: Path,
) -> None:
    champion = champion_of(registry, first)
    second.register(registry, champion=champion)
    store.set_alias(MODEL, alias, None)
    before = world(registry, store)
    with pytest.raises(AliasTampered):
        in_memory(store, tmp_path, 3).register(registry, champion=champion)
    assert world(registry, store) == before


def test_register_refuses_records_that_were_altered(
    registry: Registry, store: MemoryVersions, first: Evidence
) -> None:
    store.runs[first.evaluation.run_id] += b"{}"
    with pytest.raises(DigestMismatch, match="evaluation run eval-1"):
        first.register(registry)
    assert world(registry, store) == ([], {}, {})


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ({EXAMINED_TAG: OTHER}, f"{OTHER[:19]}…"),
        ({EXAMINED_TAG: None}, "the checkpoint that evaluation run eval-1 examined.*missing"),
        ({SUITE_TAG: OTHER}, "the suite that evaluation run eval-1 examined"),
    ],
)
def test_register_refuses_an_evaluation_of_something_else_that_was_relabelled(
    registry: Registry,
    store: MemoryVersions,
    first: Evidence,
    tags: dict[str, str | None],
    told: str,
) -> None:
    """The files agree with each other; what the run says of itself decides."""
    says = {**store.run_tags[first.evaluation.run_id], **tags}
    store.run_tags[first.evaluation.run_id] = {k: v for k, v in says.items() if v is not None}
    with pytest.raises(DigestMismatch, match=told) as found:
        first.register(registry)
    assert "proctor evaluate" in found.value.mend
    assert world(registry, store) == ([], {}, {})


@pytest.mark.integration
def test_register_refuses_a_relabelled_evaluation_of_the_real_mlflow(
    ledger: Ledger, mlflow_server: str, logged: list[Evidence], model_name: str
) -> None:
    """The second checkpoint's run, records and all, under the first one's digest."""
    other = logged[1].evaluation.model_copy(update={"digest": logged[0].digest})
    store = MlflowVersions(mlflow_server)
    registry = Registry(ledger, store, actor="tester", commit="c0ffee")
    with pytest.raises(DigestMismatch, match=f"{other.run_id} examined"):
        replace(logged[0], evaluation=other).register(registry, model_name)
    assert ledger.events() == []
    assert store.tags(model_name) == {}


@pytest.mark.parametrize("why", ["", " \n", "\0", "caf\udce9"])
def test_a_move_without_a_readable_reason(
    registry: Registry, store: MemoryVersions, first: Evidence, why: str
) -> None:
    first.register(registry)
    before = world(registry, store)
    with pytest.raises(BadInput, match="reason"):
        registry.promote(ref("/1"), why=why)
    with pytest.raises(BadInput, match="reason"):
        registry.register(
            first.training, first.evaluation, first.verdict(), found_digest=first.digest, why=why
        )
    assert world(registry, store) == before


# ------------------------------------------------------------ register


def test_register_writes_down_the_whole_lineage(
    registry: Registry, store: MemoryVersions, first: Evidence
) -> None:
    record = first.register(registry)
    assert record == registry.resolve(ref("/1")) == registry.resolve(ref("@challenger"))
    made = record.registered
    assert (made.digest, made.run_id, made.model_uri, made.data_digest, made.commit) == (
        first.training.digest,
        first.training.run_id,
        first.training.model_uri,
        first.training.data_digest,
        first.training.commit,
    )
    assert record.verdict.decision == "pass"
    assert record.verdict.evaluation_run_id == first.evaluation.run_id
    assert record.verdict.records_digest == first.evaluation.records_digest
    assert store.tags(MODEL) == {
        "1": {
            DIGEST_TAG: first.digest,
            "proctor.run_id": "train-1",
            "proctor.evaluation_run_id": "eval-1",
            "proctor.commit": "c0ffee",
            "proctor.data_digest": first.training.data_digest,
            "proctor.suite_digest": first.evaluation.suite_digest,
            "proctor.scoring": "text",
            "proctor.verdict": "pass (bootstrap)",
        }
    }
    assert store.aliases(MODEL) == {"challenger": "1"}
    assert kinds(registry) == ["version_registered", "alias_moved", "alias_projected"]
    assert {event.who for event in registry.history(MODEL)} == {"tester"}
    assert registry.verify() == []


def test_the_same_weights_are_the_same_version(
    registry: Registry, store: MemoryVersions, first: Evidence
) -> None:
    record = first.register(registry)
    before = world(registry, store)
    assert first.register(registry) == record
    assert world(registry, store) == before


def test_a_new_verdict_on_known_weights_is_added_to_them(
    registry: Registry, store: MemoryVersions, first: Evidence, second: Evidence
) -> None:
    second.register(registry)
    champion = champion_of(registry, first)
    seq = registry.ledger.state().seq
    record = second.register(registry, champion=champion)
    assert record.version == "1"
    assert record.verdict.champion == champion.version
    assert kinds(registry, after=seq)[0] == "verdict_recorded"
    assert "version_registered" not in kinds(registry, after=seq)
    assert len(store.tags(MODEL)) == 2


def test_the_challenger_follows_the_latest_registration(
    registry: Registry, store: MemoryVersions, first: Evidence, second: Evidence
) -> None:
    first.register(registry)
    champion = second.register(registry)
    assert store.aliases(MODEL) == {"challenger": "2"}
    first.register(registry)
    assert store.aliases(MODEL) == {"challenger": "2"}, "what is not news moves nothing"
    first.register(registry, champion=champion)
    assert store.aliases(MODEL) == {"challenger": "1"}


def test_registering_the_champion_again_does_not_challenge_it(
    registry: Registry, store: MemoryVersions, first: Evidence
) -> None:
    champion = champion_of(registry, first)
    first.register(registry, champion=champion)
    assert store.aliases(MODEL) == {"champion": "1"}


# ------------------------------------------------------------ promote: refusals


def _ghost(_: Registry, __: MemoryVersions, ___: Evidence) -> ModelRef:
    return ref("/9")


def _judged_against_nobody(registry: Registry, _: MemoryVersions, second: Evidence) -> ModelRef:
    return ref(f"/{second.register(registry).version}")


def _judged_against_an_older_one(
    registry: Registry, _: MemoryVersions, second: Evidence
) -> ModelRef:
    ghost = registry.resolve(ref("@champion")).model_copy()
    registered = ghost.registered.model_copy(update={"version": "7"})
    older = ghost.model_copy(update={"registered": registered})
    return ref(f"/{second.register(registry, champion=older).version}")


def _champion_tampered(registry: Registry, store: MemoryVersions, second: Evidence) -> ModelRef:
    champion = registry.champion(MODEL)
    number = second.register(registry, champion=champion).version
    store.set_alias(MODEL, "champion", number)
    return ref(f"/{number}")


def _challenger_tampered(registry: Registry, store: MemoryVersions, second: Evidence) -> ModelRef:
    number = second.register(registry, champion=registry.champion(MODEL)).version
    store.set_alias(MODEL, "challenger", "1")
    return ref(f"/{number}")


@pytest.mark.parametrize(
    ("prepare", "error"),
    [
        (_ghost, VersionNotFound),
        (_judged_against_nobody, ChampionMoved),
        (_judged_against_an_older_one, ChampionMoved),
        (_champion_tampered, AliasTampered),
        (_challenger_tampered, AliasTampered),
    ],
)
def test_promote_refuses_and_changes_nothing(
    registry: Registry,
    store: MemoryVersions,
    first: Evidence,
    second: Evidence,
    prepare: Callable[[Registry, MemoryVersions, Evidence], ModelRef],
    error: type[ProctorError],
) -> None:
    champion_of(registry, first)
    wanted = prepare(registry, store, second)
    before = world(registry, store)
    with pytest.raises(error):
        registry.promote(wanted, why="a test")
    assert world(registry, store) == before


@pytest.mark.parametrize(
    ("tags", "error"),
    [(None, VersionNotFound), ({}, DigestMismatch), ({DIGEST_TAG: OTHER}, DigestMismatch)],
    ids=["gone", "without a digest", "another digest"],
)
def test_promote_refuses_what_the_store_does_not_have(
    registry: Registry,
    ledger: Ledger,
    first: Evidence,
    second: Evidence,
    tags: dict[str, str] | None,
    error: type[ProctorError],
    tmp_path: Path,
) -> None:
    first.register(registry)
    second.register(registry)
    other = MemoryVersions()
    in_memory(other, tmp_path, 1)
    for each in [{DIGEST_TAG: first.digest}, *([] if tags is None else [tags])]:
        other.create(MODEL, first.training.model_uri, each)
    if tags is None:  # the alias stands, the version is gone
        other._aliases[MODEL] = {"challenger": "2"}
    else:
        other.set_alias(MODEL, "challenger", "2")
    seq = ledger.state().seq
    with pytest.raises(error):
        Registry(ledger, other, actor="a", commit="c").promote(ref("/2"), why="a test")
    assert ledger.state().seq == seq


def test_promote_of_nothing(registry: Registry, first: Evidence) -> None:
    with pytest.raises(ModelNotFound):
        registry.promote(ref("/1"), why="a test")
    first.register(registry)
    with pytest.raises(AliasNotFound):
        registry.promote(ref("@champion"), why="a test")
    assert registry.champion(MODEL) is None


def test_a_verdict_against_a_champion_does_not_make_the_first_one(
    registry: Registry, first: Evidence, second: Evidence
) -> None:
    ghost = first.register(registry)
    second.register(registry, champion=ghost)
    with pytest.raises(ChampionMoved, match="nothing"):
        registry.promote(ref("/2"), why="a test")
    assert registry.champion(MODEL) is None


# ------------------------------------------------------------ promote


def test_the_bootstrap_and_the_succession(
    registry: Registry, store: MemoryVersions, first: Evidence, second: Evidence
) -> None:
    assert registry.champion(MODEL) is None
    champion = champion_of(registry, first)
    assert registry.champion(MODEL) == champion
    assert store.aliases(MODEL) == {"champion": "1"}, "a champion is no challenger any more"
    second.register(registry, champion=champion)
    assert store.aliases(MODEL) == {"champion": "1", "challenger": "2"}
    registry.promote(ref("@challenger"), why="better")
    assert store.aliases(MODEL) == {"champion": "2"}
    moved = [e for e in registry.history(MODEL) if e.kind is EventKind.ALIAS_MOVED]
    assert moved[-2].data == {
        "alias": "champion",
        "before": "1",
        "to": "2",
        "verdict_digest": registry.resolve(ref("/2")).verdict.verdict_digest,
    }
    assert moved[-2].why == "better"
    assert registry.verify() == []


def test_promoting_another_than_the_challenger_leaves_the_challenger(
    registry: Registry, store: MemoryVersions, first: Evidence, second: Evidence
) -> None:
    first.register(registry)
    second.register(registry)
    registry.promote(ref("/1"), why="a test")
    assert store.aliases(MODEL) == {"champion": "1", "challenger": "2"}


def test_promoting_the_champion_again_changes_nothing(
    registry: Registry, store: MemoryVersions, first: Evidence
) -> None:
    champion = champion_of(registry, first)
    before = world(registry, store)
    assert registry.promote(ref("/1"), why="again") == champion
    assert registry.promote(ref("@champion"), why="again") == champion
    assert world(registry, store) == before


def test_who_was_champion_when(
    tmp_path: Path,
    store: MemoryVersions,
    first: Evidence,
    second: Evidence,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = iter(datetime(2026, 5, 1, hour // 60, hour % 60, tzinfo=UTC) for hour in range(999))
    ledger = Ledger(f"sqlite:///{tmp_path}/timed.db", now=lambda: next(times))
    registry = Registry(ledger, store, actor="tester", commit="c0ffee")
    champion = champion_of(registry, first)
    between = ledger.events()[-1].at
    later = Registry(ledger, store, actor="grace", commit="beef")
    second.register(later, champion=champion)
    later.promote(ref("/2"), why="it answers more")
    store.set_alias(MODEL, "champion", "1")
    Registry(ledger, store, actor="janitor", commit="dead").repair(restore=True)
    then = registry.state_at(datetime.fromisoformat(between))
    assert then.model(MODEL).champion == "1"
    made = then.model(MODEL).decisions("1")["champion"]
    assert (made.who, made.why, made.commit) == ("tester", "a test", "c0ffee")
    assert made.verdict_digest == champion.verdict.verdict_digest
    made = ledger.state().model(MODEL).decisions("2")["champion"]
    assert (made.who, made.why, made.commit) == ("grace", "it answers more", "beef")
    decided = ledger.events()[made.seq - 1]
    assert (decided.at, decided.kind) == (made.at, EventKind.ALIAS_MOVED)

    # The same from the command line, in one query.
    monkeypatch.setenv("PROCTOR_LEDGER_URL", f"sqlite:///{tmp_path}/timed.db")
    show = ["show", f"{MODEL}@champion"]
    told = CliRunner().invoke(app, [*show, "--at", between, "--json"])
    said = json.loads(told.stdout)
    assert said["registered"]["version"] == "1"
    assert said["aliases"]["champion"]["who"] == "tester"
    assert said["aliases"]["champion"]["verdict_digest"] == champion.verdict.verdict_digest
    for words in ([*show, "--at", between], ["lineage", f"{MODEL}/2"], show):
        text = CliRunner().invoke(app, words).stdout
        who, commit = ("tester", "c0ffee") if "--at" in words else ("grace", "beef")
        assert re.search(rf"champion by\W+{who}\b", text), text
        assert re.search(rf"champion at commit\W+{commit}\b", text), text
    assert registry.ledger.state().model(MODEL).champion == "2"
    assert registry.state_at(datetime(2020, 1, 1, tzinfo=UTC)).models == {}
    with pytest.raises(ModelNotFound):
        registry.history("other")


@pytest.mark.parametrize("text", ["@champion", "@challenger", "/1"])
def test_a_time_before_all_is_named(registry: Registry, first: Evidence, text: str) -> None:
    champion_of(registry, first)
    then = datetime(2020, 1, 1, tzinfo=UTC)
    with pytest.raises(NotThereThen) as caught:
        registry.resolve_at(ref(text), then)
    assert caught.value.exit_code == 2
    assert "2020-01-01T00:00:00" in caught.value.fact
    assert f"{MODEL}{text}" in caught.value.fact
    assert f"history {MODEL}" in caught.value.mend
    with pytest.raises(ModelNotFound):
        registry.resolve_at(ModelRef(name="other", alias="champion"), then)


def test_the_steps_are_all_of_the_steps(
    ledger: Ledger, store: MemoryVersions, first: Evidence, second: Evidence
) -> None:
    steps: list[str] = []
    registry = Registry(ledger, store, actor="a", commit="c", at_step=steps.append)
    champion = champion_of(registry, first)
    steps.clear()
    second.register(registry, champion=champion)
    assert tuple(steps) == REGISTER_STEPS
    steps.clear()
    registry.promote(ref("/2"), why="a test")
    assert tuple(steps) == PROMOTE_STEPS


# ------------------------------------------------------------ pin and fetch


def test_a_pin_without_a_champion(registry: Registry, first: Evidence) -> None:
    first.register(registry)
    pin = registry.pin(MODEL)
    assert (pin.model, pin.version, pin.correct) == (MODEL, None, {})


def test_a_pin_holds_the_champions_answers(
    registry: Registry, store: MemoryVersions, tmp_path: Path
) -> None:
    champion = champion_of(registry, in_memory(store, tmp_path, 5, (True, False, None, True)))
    pin = registry.pin(MODEL)
    assert (pin.version, pin.digest) == (champion.version, champion.digest)
    assert pin.suite_digest == champion.verdict.suite_digest
    assert pin.correct == {"q0": True, "q1": False, "q3": True}, "not scored is not wrong"


def test_altered_records_are_not_pinned(
    registry: Registry, store: MemoryVersions, first: Evidence
) -> None:
    champion_of(registry, first)
    store.runs[first.evaluation.run_id] = records_bytes([True, True])
    with pytest.raises(DigestMismatch, match="evaluation run eval-1"):
        registry.pin(MODEL)
    del store.runs[first.evaluation.run_id]
    with pytest.raises(RunNotFound):
        registry.pin(MODEL)


def test_records_that_are_none_are_not_pinned(
    registry: Registry, store: MemoryVersions, first: Evidence
) -> None:
    from contracts.digests import digest_of_bytes

    junk = b"no records\n"
    store.runs[first.evaluation.run_id] = junk
    evaluation = first.evaluation.model_copy(update={"records_digest": digest_of_bytes(junk)})
    champion_of(registry, Evidence(first.folder, first.training, evaluation))
    with pytest.raises(ResultsInvalid):
        registry.pin(MODEL)


def test_fetch_gives_the_registered_bytes_or_nothing(
    registry: Registry, first: Evidence, tmp_path: Path
) -> None:
    record = first.register(registry)
    assert digest_of_folder(registry.fetch(record, tmp_path / "a")) == first.digest
    (first.folder / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(DigestMismatch, match=f"{MODEL}/1"):
        registry.fetch(record, tmp_path / "b")


# ------------------------------------------------------------ bentos and slots


def test_a_bento_is_recorded_once(registry: Registry, first: Evidence) -> None:
    record = first.register(registry)
    for _ in range(2):
        registry.record_bento(record, tag="mcqa:1", digest=digest("bento"))
    assert kinds(registry).count("bento_built") == 1
    built = registry.resolve(ref("/1")).bento
    assert built is not None
    assert (built.tag, built.digest) == ("mcqa:1", digest("bento"))
    registry.record_bento(record, tag="mcqa:1", digest=digest("another"))
    assert kinds(registry).count("bento_built") == 2
    ghost = record.model_copy(
        update={"registered": record.registered.model_copy(update={"version": "9"})}
    )
    with pytest.raises(VersionNotFound):
        registry.record_bento(ghost, tag="x", digest=digest("x"))
    with pytest.raises(ModelNotFound):
        registry.record_bento(record.model_copy(update={"model": "other"}), tag="x", digest=OTHER)


def test_slots(registry: Registry, first: Evidence) -> None:
    record = first.register(registry)
    runs = Occupant(
        model=MODEL,
        version="1",
        digest=record.digest,
        scoring="text",
        url="http://127.0.0.1:1",
        bento="b",
    )
    seq = registry.ledger.state().seq
    registry.retire_slot("stable", why="nothing there")
    for _ in range(2):
        registry.assign_slot("stable", runs, why="up")
    assert registry.ledger.state().slots == {"stable": runs}
    for _ in range(2):
        registry.retire_slot("stable", why="down")
    assert registry.ledger.state().slots == {}
    assert kinds(registry, after=seq) == ["slot_assigned", "slot_retired"]


# ------------------------------------------------------------ traffic


def runs_of(version: str) -> Occupant:
    return Occupant(
        model=MODEL,
        version=version,
        digest=digest(version),
        scoring="text",
        url="http://127.0.0.1:1",
        bento="b",
    )


@pytest.mark.parametrize(
    ("live", "split", "told"),
    [
        ([], TrafficSplit(salt="s"), "slot stable cannot answer the others"),
        ([], TrafficSplit(canary_ratio=0.1), "slot canary cannot take callers"),
        (["stable"], TrafficSplit(canary_ratio=0.1), "slot canary cannot take callers"),
        (["canary"], TrafficSplit(canary_ratio=0.1), "slot stable cannot answer the others"),
        (["stable"], TrafficSplit(shadow="canary"), "slot canary cannot be the shadow"),
        (["canary"], TrafficSplit(shadow="stable"), "slot stable cannot be the shadow"),
    ],
)
def test_traffic_is_not_moved_to_nobody(
    registry: Registry, live: list[str], split: TrafficSplit, told: str
) -> None:
    for number, name in enumerate(live):
        registry.assign_slot(name, runs_of(str(number)), why="up")
    before = registry.ledger.events()
    with pytest.raises(SlotEmpty, match=told) as found:
        registry.move_traffic(split, why="a test")
    assert found.value.exit_code == 1
    assert registry.ledger.events() == before


def test_traffic_moves_once_and_says_from_where(registry: Registry) -> None:
    registry.assign_slot("stable", runs_of("1"), why="up")
    registry.assign_slot("canary", runs_of("2"), why="on trial")
    seq = registry.ledger.state().seq
    tenth = TrafficSplit(canary_ratio=0.1, salt="s", shadow="canary")
    assert registry.move_traffic(tenth, why="first step", rollout="r1") == TrafficSplit()
    assert registry.move_traffic(tenth, why="again", rollout="r1") == tenth
    assert kinds(registry, after=seq) == ["traffic_moved"]
    assert registry.ledger.state().split == tenth
    (event,) = registry.ledger.events(after=seq)
    assert (event.model, event.why, event.data["rollout"]) == (MODEL, "first step", "r1")
    with pytest.raises(BadInput, match="reason is blank"):
        registry.move_traffic(TrafficSplit(), why=" ")
    registry.retire_slot("canary", why="lost")
    assert registry.ledger.state().split == TrafficSplit()


# ------------------------------------------------------------ verify and repair


def test_tampering_is_found_refused_and_restored(
    registry: Registry, store: MemoryVersions, first: Evidence, second: Evidence
) -> None:
    champion = champion_of(registry, first)
    second.register(registry, champion=champion)
    store.set_alias(MODEL, "champion", "2")
    [finding] = registry.verify()
    assert (finding.kind, finding.model) == ("tampered", MODEL)
    assert "champion is at 2" in finding.text
    assert registry.resolve(ref("@champion")).version == "1", "never silently followed"
    told: list[str] = []
    with pytest.raises(AliasTampered, match="points to version 2 in MLflow") as refused:
        registry.repair(tell=told.append)
    assert refused.value.exit_code == 1
    assert "repair --restore" in refused.value.mend
    [line] = told
    assert line.startswith(f"left alone: {MODEL}@champion is at version 2 in MLflow")
    assert "--restore` sets it back" in line
    assert store.aliases(MODEL)["champion"] == "2", "nothing of others is touched"
    done = registry.repair(restore=True)
    assert all("@champion" in line for line in done)
    assert store.aliases(MODEL)["champion"] == "1"
    restored, projected = registry.history(MODEL)[-2:]
    assert (restored.kind, projected.kind) == (
        EventKind.ALIAS_RESTORED,
        EventKind.ALIAS_PROJECTED,
    )
    assert restored.data == {"alias": "champion", "found": "2", "to": "1"}
    assert registry.verify() == []
    assert registry.repair(restore=True) == []
    registry.promote(ref("/2"), why="by the rules")
    assert registry.verify() == []


def test_an_alias_removed_by_others_is_restored(
    registry: Registry, store: MemoryVersions, first: Evidence
) -> None:
    champion_of(registry, first)
    store.set_alias(MODEL, "champion", None)
    store.set_alias(MODEL, "challenger", "1")
    assert [finding.kind for finding in registry.verify()] == ["tampered", "tampered"]
    assert registry.repair(restore=True)
    assert store.aliases(MODEL) == {"champion": "1"}
    assert registry.verify() == []


def test_versions_that_only_one_side_knows(
    registry: Registry, ledger: Ledger, store: MemoryVersions, first: Evidence, tmp_path: Path
) -> None:
    first.register(registry)
    store.create(MODEL, first.training.model_uri, {})
    assert [finding.kind for finding in registry.verify()] == ["unknown"]
    empty = in_memory(lost := MemoryVersions(), tmp_path, 1)
    assert empty.digest == first.digest
    findings = Registry(ledger, lost, actor="a", commit="c").verify()
    assert [finding.kind for finding in findings] == ["tampered", "missing"]


def test_a_digest_that_was_altered_in_the_store(
    registry: Registry, ledger: Ledger, first: Evidence, tmp_path: Path
) -> None:
    first.register(registry)
    other = MemoryVersions()
    in_memory(other, tmp_path, 1)
    other.create(MODEL, first.training.model_uri, {DIGEST_TAG: OTHER})
    other.set_alias(MODEL, "challenger", "1")
    [finding] = Registry(ledger, other, actor="a", commit="c").verify()
    assert finding.kind == "digest"
    assert first.digest in finding.mend


class Killed(BaseException):
    """Stands for a kill: no handler of ours may catch it."""


def killed_at(
    step: str, ledger: Ledger, store: MemoryVersions, do: Callable[[Registry], object]
) -> None:
    """Run ``do`` until ``step``."""

    def at_step(reached: str) -> None:
        if reached == step:
            raise Killed

    with pytest.raises(Killed):
        do(Registry(ledger, store, actor="a", commit="c", at_step=at_step))


@pytest.mark.parametrize("step", ["promote:decided", "champion:shown", "challenger:shown"])
def test_a_half_applied_move_is_found_and_finished(
    registry: Registry, ledger: Ledger, store: MemoryVersions, first: Evidence, step: str
) -> None:
    first.register(registry)
    killed_at(step, ledger, store, lambda r: r.promote(ref("/1"), why="a test"))
    assert {finding.kind for finding in registry.verify()} == {"half-applied"}
    assert registry.champion(MODEL) is not None, "the decision stands"
    assert registry.repair()
    assert store.aliases(MODEL) == {"champion": "1"}
    assert registry.verify() == []


def test_the_next_move_finishes_the_one_before(
    registry: Registry, ledger: Ledger, store: MemoryVersions, first: Evidence, second: Evidence
) -> None:
    first.register(registry)
    killed_at("promote:decided", ledger, store, lambda r: r.promote(ref("/1"), why="a test"))
    second.register(registry, champion=registry.champion(MODEL))
    assert store.aliases(MODEL) == {"champion": "1", "challenger": "2"}
    assert registry.verify() == []


def test_an_alias_taken_by_others_while_a_move_was_half_applied(
    registry: Registry,
    ledger: Ledger,
    store: MemoryVersions,
    first: Evidence,
    second: Evidence,
    tmp_path: Path,
) -> None:
    champion = champion_of(registry, first)
    second.register(registry, champion=champion)
    in_memory(store, tmp_path, 3).register(registry, champion=champion)
    killed_at("promote:decided", ledger, store, lambda r: r.promote(ref("/2"), why="a test"))
    store.set_alias(MODEL, "champion", "3")
    with pytest.raises(AliasTampered):
        registry.repair()
    assert [finding.kind for finding in registry.verify()] == ["tampered"]
    assert registry.repair(restore=True)
    assert store.aliases(MODEL) == {"champion": "2", "challenger": "3"}
    assert registry.verify() == []


def test_a_register_killed_before_the_ledger_knew_is_completed_by_the_next(
    registry: Registry, ledger: Ledger, store: MemoryVersions, first: Evidence
) -> None:
    killed_at("register:version-made", ledger, store, first.register)
    assert len(store.tags(MODEL)) == 1
    assert ledger.events() == []
    assert [finding.kind for finding in registry.verify()] == ["unknown"]
    assert first.register(registry).version == "1"
    assert len(store.tags(MODEL)) == 1
    assert registry.verify() == []


def test_a_tampered_model_does_not_keep_another_one_from_being_repaired(
    registry: Registry, ledger: Ledger, store: MemoryVersions, first: Evidence, second: Evidence
) -> None:
    theirs = "a-model-before-ours"
    first.register(registry, theirs)
    second.register(registry)

    def promote(model: str) -> Callable[[Registry], object]:
        return lambda r: r.promote(ModelRef(name=model, version="1"), why="a test")

    for model in (theirs, MODEL):
        killed_at("promote:decided", ledger, store, promote(model))
    store.create(theirs, first.training.model_uri, {DIGEST_TAG: OTHER})
    store.set_alias(theirs, "champion", "2")
    told: list[str] = []
    with pytest.raises(AliasTampered, match=theirs):
        registry.repair(tell=told.append)
    assert store.aliases(MODEL) == {"champion": "1"}
    assert [line.partition(" ")[0] for line in told if not line.startswith("left alone")] == [
        f"{theirs}@challenger",
        f"{MODEL}@champion",
        f"{MODEL}@challenger",
    ]
    assert [line.split()[2] for line in told if line.startswith("left")] == [f"{theirs}@champion"]
    assert {finding.model for finding in registry.verify()} == {theirs}


def test_an_alias_that_was_there_before_the_first_register_is_told_before_anything_changes(
    registry: Registry, ledger: Ledger, store: MemoryVersions, first: Evidence, second: Evidence
) -> None:
    store.create(MODEL, second.training.model_uri, {DIGEST_TAG: second.digest})
    store.set_alias(MODEL, "challenger", "1")
    with pytest.raises(AliasTampered):
        first.register(registry)
    assert ledger.events() == []
    assert set(store.tags(MODEL)) == {"1"}
    with pytest.raises(AliasTampered, match="the ledger says nothing"):
        registry.repair()
    assert store.aliases(MODEL) == {"challenger": "1"}, "nothing of others is touched"
    assert registry.repair(restore=True)
    assert store.aliases(MODEL) == {}
    assert first.register(registry).version == "2"


def test_a_number_that_the_store_gives_again_is_refused(
    registry: Registry, ledger: Ledger, store: MemoryVersions, first: Evidence, second: Evidence
) -> None:
    """As a store does that was set back: the ledger's own version 2 must stay what it is."""
    champion_of(registry, first)
    again = second.register(registry, champion=registry.champion(MODEL))
    registry.promote(ref("/2"), why="a test")
    del store._tags[MODEL]["1"]
    events = ledger.events()
    third = in_memory(store, first.folder.parent / "third", 3)
    with pytest.raises(DigestMismatch, match=f"{MODEL}/2 in MLflow") as found:
        third.register(registry, champion=again)
    assert (found.value.expected, found.value.found) == (second.digest, third.digest)
    assert ledger.events() == events
    assert [finding.kind for finding in registry.verify()] == ["missing", "digest"]


def test_a_model_that_the_store_lost_does_not_keep_another_one_from_being_repaired(
    registry: Registry, ledger: Ledger, store: MemoryVersions, first: Evidence, second: Evidence
) -> None:
    theirs = "a-model-before-ours"
    first.register(registry, theirs)
    second.register(registry)
    for model in (theirs, MODEL):
        ours = ModelRef(name=model, version="1")
        killed_at("promote:decided", ledger, store, lambda r, ours=ours: r.promote(ours, why="a"))
    del store._tags[theirs]
    with pytest.raises(VersionNotFound, match=theirs):
        registry.repair()
    assert store.aliases(MODEL) == {"champion": "1"}


# ------------------------------------------------------------------ temperature


def test_a_version_keeps_the_temperature_of_its_latest_evaluation(
    registry: Registry, store: MemoryVersions, tmp_path: Path
) -> None:
    evidence = in_memory(store, tmp_path)
    assert evidence.register(registry).verdict.temperature is None
    fitted = FittedTemperature(
        value=1.5, questions=20, questions_digest=SUITE, nats_before=1.2, nats_after=1.1
    )
    evaluation = evidence.evaluation.model_copy(update={"temperature": fitted})
    record = replace(evidence, evaluation=evaluation).register(registry)
    assert (record.version, record.verdict.temperature) == ("1", fitted)


def test_a_verdict_of_the_days_before_temperatures_is_still_read() -> None:
    old = registered().model_dump(mode="json")
    del old["verdict"]["temperature"]
    assert VersionRegistered.model_validate(old) == registered()


# ---------------------------------------------------------------- limit of replies


def test_a_pin_tells_under_which_limit_the_champion_s_replies_were_had(
    registry: Registry, store: MemoryVersions, tmp_path: Path
) -> None:
    evidence = in_memory(store, tmp_path)
    facts = GenerationFacts(
        max_new_tokens=64,
        unparsed=0,
        unanswered=0,
        cut=0,
        reply_tokens=9,
        replies_digest=SUITE,
    )
    written = evidence.evaluation.model_copy(update={"protocol": "generate", "generation": facts})
    record = replace(evidence, evaluation=written).register(registry)
    registry.promote(ModelRef.parse(f"{MODEL}/{record.version}"), why="a test")
    assert registry.pin(MODEL).max_new_tokens == 64


def test_a_verdict_of_the_days_before_limits_is_still_read() -> None:
    old = registered().model_dump(mode="json")
    del old["verdict"]["max_new_tokens"]
    assert VersionRegistered.model_validate(old) == registered()
