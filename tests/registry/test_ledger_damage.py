"""The chain finds every alteration that somebody with the file can make."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import AliasTampered, LedgerCorrupt
from contracts.models import ModelRef
from registry.events import BentoBuilt, Occupant, SlotAssigned
from registry.findings import Finding
from registry.ledger import Ledger
from registry.registry import Registry
from registry.versions import MemoryVersions
from tests.registry.making import MODEL, digest, in_memory, registered

COLUMNS = ("seq", "at", "model", "kind", "who", "why", "commit", "data", "previous", "hash")
EVENTS = 4


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    slot = Occupant(
        model=MODEL, version="1", digest=digest("w"), scoring="text", url="http://x", bento="b:1"
    )
    with Ledger(f"sqlite:///{path}").write() as writer:
        for payload in (
            registered("1"),
            BentoBuilt(version="1", tag="b:1", digest=digest("b")),
            SlotAssigned(slot="stable", runs=slot),
            registered("2", "ünïcode"),
        ):
            writer.append(
                MODEL, payload, who="me", why="because \N{REPLACEMENT CHARACTER}", commit="c"
            )
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def altered(sound: Path, folder: Path, *statements: tuple[str, tuple[object, ...]]) -> Ledger:
    """A copy of the sound ledger on which ``statements`` ran, its guards dropped."""
    path = folder / "copy.db"
    for old in folder.glob("copy.db*"):
        old.unlink()
    shutil.copy(sound, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER proctor_no_update")
        connection.execute("DROP TRIGGER proctor_no_delete")
        for statement, values in statements:
            connection.execute(statement, values)
    return Ledger(f"sqlite:///{path}")


def stored_bytes(path: Path, column: str, seq: int) -> bytes:
    with closing(sqlite3.connect(path)) as connection:
        row = connection.execute(
            f'SELECT CAST("{column}" AS BLOB) FROM proctor_events WHERE seq = ?',  # noqa: S608
            (seq,),
        ).fetchone()
    return bytes(row[0])


def put(column: str, kind: str = "TEXT") -> str:
    return f'UPDATE proctor_events SET "{column}" = CAST(? AS {kind}) WHERE seq = ?'  # noqa: S608


def test_a_sound_copy_verifies(sound: Path, tmp_path: Path) -> None:
    assert altered(sound, tmp_path).verify_chain() == EVENTS


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data(), seq=st.integers(1, EVENTS), column=st.sampled_from(COLUMNS))
def test_any_altered_byte_is_found(
    sound: Path, tmp_path: Path, data: st.DataObject, seq: int, column: str
) -> None:
    old = stored_bytes(sound, column, seq)
    place = data.draw(st.integers(0, len(old)))
    how = data.draw(st.sampled_from(("flip", "insert", "remove")))
    byte = bytes([data.draw(st.integers(0, 255))])
    match how:
        case "flip":
            new = old[:place] + byte + old[place + 1 :]
        case "insert":
            new = old[:place] + byte + old[place:]
        case _:
            new = old[:place] + old[place + 1 :]
    if new == old:
        return
    try:
        ledger = altered(sound, tmp_path, (put(column), (new, seq)))
    except sqlite3.IntegrityError:
        return  # the database refuses it: two events with one number
    if column == "seq" and new.strip().isdigit() and int(new) == seq:
        return  # " 1" is stored as the number 1: nothing was altered
    with pytest.raises(LedgerCorrupt):
        ledger.verify_chain()


@pytest.mark.parametrize("column", COLUMNS[1:])
def test_bytes_in_place_of_the_same_text_are_found(
    sound: Path, tmp_path: Path, column: str
) -> None:
    ledger = altered(sound, tmp_path, (put(column, "BLOB"), (stored_bytes(sound, column, 2), 2)))
    with pytest.raises(LedgerCorrupt) as found:
        ledger.verify_chain()
    assert found.value.seq == 2


@pytest.mark.parametrize(
    ("statements", "seq"),
    [
        ([("DELETE FROM proctor_events WHERE seq = 2", ())], 2),
        ([("DELETE FROM proctor_events WHERE seq = 1", ())], 1),
        (
            [
                ("DELETE FROM proctor_events WHERE seq = 2", ()),
                ("UPDATE proctor_events SET seq = seq - 1 WHERE seq > 2", ()),
            ],
            2,
        ),
        (
            [
                ("UPDATE proctor_events SET seq = 9 WHERE seq = 2", ()),
                ("UPDATE proctor_events SET seq = 2 WHERE seq = 3", ()),
                ("UPDATE proctor_events SET seq = 3 WHERE seq = 9", ()),
            ],
            2,
        ),
        ([("UPDATE proctor_events SET data = '{}' WHERE seq = 3", ())], 3),
        ([("UPDATE proctor_events SET data = 'no json' WHERE seq = 3", ())], 3),
        ([("UPDATE proctor_events SET data = replace(data, '\":', '\": ') WHERE seq = 3", ())], 3),
        ([("UPDATE proctor_events SET kind = 'coronation' WHERE seq = 4", ())], 4),
        ([("UPDATE proctor_events SET seq = 'two' WHERE seq = 2", ())], 0),
    ],
    ids=[
        "removed",
        "first removed",
        "removed and renumbered",
        "reordered",
        "no payload",
        "no JSON",
        "the same JSON in another spelling",
        "no such kind",
        "no number",
    ],
)
def test_what_was_done_to_the_events_is_found(
    sound: Path, tmp_path: Path, statements: list[tuple[str, tuple[object, ...]]], seq: int
) -> None:
    ledger = altered(sound, tmp_path, *statements)
    with pytest.raises(LedgerCorrupt) as found:
        ledger.verify_chain()
    assert found.value.seq == seq
    with pytest.raises(LedgerCorrupt), ledger.write():
        pass
    registry = Registry(ledger, MemoryVersions(), actor="me", commit="c")
    with pytest.raises(LedgerCorrupt):
        registry.repair()
    [finding] = registry.verify()
    assert isinstance(finding, Finding)
    assert finding.kind == "ledger"


def test_a_chain_cut_at_its_end_holds_but_verify_sees_it_in_the_store(tmp_path: Path) -> None:
    """Two versions, each promoted; then the last events are removed, one more each time."""
    path = tmp_path / "ledger.db"
    store = MemoryVersions()
    registry = Registry(Ledger(f"sqlite:///{path}"), store, actor="me", commit="c")
    for seed in (1, 2):
        record = in_memory(store, tmp_path, seed).register(
            registry, champion=registry.champion(MODEL)
        )
        registry.promote(ModelRef(name=MODEL, version=record.version), why="a test")
    events = len(registry.ledger.events())
    assert registry.verify() == []
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for left in range(events):
        cut = altered(path, tmp_path, ("DELETE FROM proctor_events WHERE seq > ?", (left,)))
        assert cut.verify_chain() == left
        after = Registry(cut, store, actor="me", commit="c")
        kinds = {finding.kind for finding in after.verify()}
        assert kinds, f"{events - left} events were removed, and nobody sees it"
        if kinds == {"half-applied"}:
            # Only that MLflow shows the move was forgotten: it is looked up again.
            after.repair()
            assert after.verify() == []
        elif MODEL in cut.state().models:
            assert "tampered" in kinds
            # A move that the cut left half-applied may be shown again; the champion stays.
            with pytest.raises(AliasTampered):
                after.promote(ModelRef(name=MODEL, version="1"), why="as if nothing were")
            assert store.aliases(MODEL)["champion"] == "2"
