from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import AliasNotFound, ModelNotFound, VersionNotFound
from contracts.models import JudgedBy, ModelRef
from contracts.traffic import TrafficSplit
from contracts.verdicts import FittedTemperature
from registry.events import (
    NO_EVENT,
    AliasMoved,
    AliasProjected,
    AliasRestored,
    BentoBuilt,
    Event,
    Occupant,
    Payload,
    SlotAssigned,
    SlotRetired,
    TrafficMoved,
    VerdictRecorded,
    chain,
)
from registry.state import ModelState, RegistryState, fold
from tests.registry.making import MODEL, SUITE, digest, facts, registered

START = datetime(2026, 5, 1, tzinfo=UTC)
MOVES = (
    *("register", "judge", "champion", "challenger", "project", "restore", "bento"),
    *("slot", "canary", "traffic"),
)


def story(payloads: list[tuple[str, Payload]]) -> list[Event]:
    """Events that tell ``payloads``, one a minute."""
    events: list[Event] = []
    for seq, (model, payload) in enumerate(payloads, start=1):
        events.append(
            chain(
                seq=seq,
                at=(START + timedelta(minutes=seq)).isoformat(),
                model=model,
                payload=payload,
                who="me",
                why="",
                commit="c",
                previous=events[-1].hash if events else NO_EVENT,
            )
        )
    return events


@st.composite
def stories(draw: st.DrawFn) -> list[Event]:
    """Random moves, each possible after those before it, of two models."""
    payloads: list[tuple[str, Payload]] = []
    for _ in range(draw(st.integers(0, 25))):
        state = fold(story(payloads))
        name = draw(st.sampled_from(["a", "b"]))
        model = state.models.get(name)
        versions = list(model.versions) if model else []
        move = draw(st.sampled_from(MOVES)) if model else "register"
        number = draw(st.sampled_from(versions)) if versions else "1"
        alias = draw(st.sampled_from(["champion", "challenger"]))
        payloads.append((name, _payload(move, state, name, number, alias)))
    return story(payloads)


def _payload(move: str, state: RegistryState, name: str, number: str, alias: str) -> Payload:
    model = state.models.get(name) or ModelState(name=name)
    now = model.aliases.get(alias)
    slots = state.slots
    made: dict[str, Callable[[], Payload]] = {
        "register": lambda: registered(
            str(len(model.versions) + 1), f"{name}{len(model.versions) + 1}"
        ),
        "judge": lambda: VerdictRecorded(version=number, verdict=facts(f"again {state.seq}")),
        "champion": lambda: AliasMoved(
            alias="champion", before=model.aliases.get("champion"), to=number
        ),
        "challenger": lambda: AliasMoved(
            alias="challenger",
            before=model.aliases.get("challenger"),
            to=None if model.aliases.get("challenger") else number,
        ),
        "project": lambda: AliasProjected.model_validate(
            {"alias": alias, "to": now, "move": state.seq}
        ),
        "restore": lambda: AliasRestored.model_validate(
            {"alias": alias, "found": number, "to": now}
        ),
        "bento": lambda: BentoBuilt(version=number, tag=f"b:{state.seq}", digest=digest("b")),
        "slot": lambda: (
            SlotRetired(slot="stable")
            if "stable" in slots
            else SlotAssigned(slot="stable", runs=slot(name, number))
        ),
        "canary": lambda: (
            SlotRetired(slot="canary")
            if "canary" in slots and state.seq % 2
            else SlotAssigned(slot="canary", runs=slot(name, number, f"w{state.seq % 3}"))
        ),
        "traffic": lambda: TrafficMoved(split=_possible_split(state)),
    }
    return made[move]()


def _possible_split(state: RegistryState) -> TrafficSplit:
    """One that the registry would let pass."""
    on_trial = {"stable", "canary"} <= set(state.slots)
    return TrafficSplit(
        canary_ratio=0.25 * (state.seq % 5) if on_trial else 0.0,
        salt=f"s{state.seq}",
        shadow=[None, *sorted(state.slots)][state.seq % (1 + len(state.slots))],  # type: ignore[arg-type]
    )


def slot(model: str, version: str, weights: str = "w", url: str = "http://x") -> Occupant:
    return Occupant(
        model=model, version=version, digest=digest(weights), scoring="text", url=url, bento="b"
    )


@settings(max_examples=60, deadline=None)
@given(events=stories(), cut=st.integers(0, 25))
def test_folding_in_two_halves_is_folding_whole(events: list[Event], cut: int) -> None:
    first = fold(events[:cut])
    remembered = first.model_dump_json()
    assert fold(events[cut:], first) == fold(events)
    assert first.model_dump_json() == remembered, "later events do not reach into the past"


@settings(max_examples=60, deadline=None)
@given(events=stories())
def test_what_holds_after_every_event(events: list[Event]) -> None:
    state = RegistryState()
    for event in events:
        state = fold([event], state)
        assert state.seq == event.seq
        for model in state.models.values():
            assert set(model.aliases.values()) <= set(model.versions)
            assert set(model.decided) == set(model.aliases)
            for alias, made in model.decided.items():
                by = events[made.seq - 1]
                assert (by.model, by.at, by.data["alias"]) == (model.name, made.at, alias)
                assert by.data["to"] == model.aliases[alias]
            for alias, move in model.pending.items():
                assert move.to == model.aliases.get(alias)
                assert move.seq <= event.seq
            for number, record in model.versions.items():
                assert (record.model, record.version) == (model.name, number)
        assert not state.split.canary_ratio or "canary" in state.slots, "callers meet somebody"
        assert state.split.shadow is None or state.split.shadow in state.slots


def test_what_a_version_record_gathers() -> None:
    events = story(
        [
            (MODEL, registered("1")),
            (MODEL, BentoBuilt(version="1", tag="b:1", digest=digest("b1"))),
            (MODEL, VerdictRecorded(version="1", verdict=facts("later", champion="7"))),
            (MODEL, BentoBuilt(version="1", tag="b:2", digest=digest("b2"))),
        ]
    )
    record = fold(events).model(MODEL).version("1")
    assert record.registered == registered("1"), "what was registered stays as it was"
    assert record.registered_at == events[0].at
    assert record.verdict == facts("later", champion="7")
    assert record.bento is not None
    assert record.bento.tag == "b:2"
    assert record.facts().model_dump(exclude={"judged_by"}) == {
        "model": MODEL,
        "version": "1",
        "digest": digest("w"),
        "run_id": "train-w",
        "commit": "c0ffee",
        "scoring": "text",
        "from_scratch": None,
        "template": None,
        "temperature": None,
    }


def test_what_travels_is_the_examination_at_registration() -> None:
    """A later verdict makes no other probabilities, and so no other bento."""
    fitted = FittedTemperature(
        value=1.7, questions=9, questions_digest=digest("v"), nats_before=1.0, nats_after=0.9
    )
    first = facts().model_copy(update={"temperature": fitted})
    later = facts("later").model_copy(
        update={"temperature": fitted.model_copy(update={"value": 3.0})}
    )
    registration = registered("1").model_copy(update={"verdict": first})
    events = story([(MODEL, registration), (MODEL, VerdictRecorded(version="1", verdict=later))])
    travels = fold(events).model(MODEL).version("1").facts()
    assert travels.temperature == 1.7
    assert travels.judged_by == JudgedBy(
        suite_digest=SUITE,
        evaluation_run_id="run-w",
        verdict_digest=digest("verdict w"),
        rule="bootstrap",
        accuracy=0.5,
        lower=0.25,
        upper=0.75,
        level=0.95,
    )
    assert travels == fold(events[:1]).model(MODEL).version("1").facts()


def test_slots_of_many_models_live_in_one_place() -> None:
    events = story(
        [
            ("a", registered("1")),
            ("a", SlotAssigned(slot="stable", runs=slot("a", "1"))),
            ("b", SlotAssigned(slot="canary", runs=slot("b", "4"))),
            ("b", SlotAssigned(slot="stable", runs=slot("b", "5"))),
            ("b", SlotRetired(slot="canary")),
        ]
    )
    assert fold(events).slots == {"stable": slot("b", "5")}
    assert set(fold(events[:3]).slots) == {"stable", "canary"}


HALF = TrafficSplit(canary_ratio=0.5, salt="s", shadow="stable")


@pytest.mark.parametrize(
    ("payload", "split"),
    [
        (SlotRetired(slot="canary"), TrafficSplit()),
        (SlotAssigned(slot="canary", runs=slot("a", "3", "other weights")), TrafficSplit()),
        # The same weights at another address: a restart, no other version.
        (SlotAssigned(slot="canary", runs=slot("a", "2", "new", url="http://y")), HALF),
        (SlotAssigned(slot="stable", runs=slot("a", "2", "new")), HALF),
        # Who meets the canary goes on meeting it: elsewhere there is nobody.
        (SlotRetired(slot="stable"), TrafficSplit(canary_ratio=0.5, salt="s")),
        (TrafficMoved(split=TrafficSplit(salt="t"), rollout="r1"), TrafficSplit(salt="t")),
    ],
)
def test_what_becomes_of_the_callers_shares(payload: Payload, split: TrafficSplit) -> None:
    events = story(
        [
            ("a", SlotAssigned(slot="stable", runs=slot("a", "1"))),
            ("a", SlotAssigned(slot="canary", runs=slot("a", "2", "new"))),
            ("a", TrafficMoved(split=HALF)),
            ("a", payload),
        ]
    )
    assert fold(events[:3]).split == HALF
    assert fold(events).split == split


@pytest.mark.parametrize(
    ("reference", "error"),
    [
        ("other/1", ModelNotFound),
        ("other@champion", ModelNotFound),
        (f"{MODEL}/2", VersionNotFound),
        (f"{MODEL}@champion", AliasNotFound),
    ],
)
def test_a_reference_to_nothing(reference: str, error: type[Exception]) -> None:
    state = fold(story([(MODEL, registered("1"))]))
    with pytest.raises(error):
        state.resolve(ModelRef.parse(reference))


def test_references_by_number_and_by_alias() -> None:
    state = fold(
        story(
            [
                (MODEL, registered("1")),
                (MODEL, registered("2", "v")),
                (MODEL, AliasMoved(alias="champion", before=None, to="2")),
            ]
        )
    )
    assert state.resolve(ModelRef.parse(f"{MODEL}/1")).version == "1"
    assert state.resolve(ModelRef.parse(f"{MODEL}@champion")).version == "2"
    assert state.model(MODEL).champion == "2"
