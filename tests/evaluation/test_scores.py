from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.digests import digest_of_bytes
from contracts.questions import Question
from evaluation.run import Asking, score_questions
from evaluation.scores import ScoreStore
from mcq.scorer import Scored, Scorer
from mcq.scoring.scored import asked_digest
from tests.checkpoints import CHATML, make_tiny_checkpoint, tiny_tokenizer
from tests.evaluation.making import make_questions, write_questions
from tests.evaluation.stored import stored
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
IDENTITY = digest_of_bytes(b"identity")


def digest(number: int) -> str:
    return digest_of_bytes(str(number).encode())


def answer(number: int) -> Scored:
    """Numbers whose decimal text is long: what is read must be them to the last bit."""
    p = 1 / (number + 3)
    orders = ((p, 1 - p), (1 - p, p)) if number % 2 else ()
    return Scored((-p, -1 / 3), (p, 1 - p), None, p / 7, orders, digest(number))


class Counting(Scorer):
    """The scorer, counting its forward passes."""

    passes = 0

    def score_batch(self, prepared: Any, batch: Any) -> list[Scored]:
        self.passes += 1
        return super().score_batch(prepared, batch)


# ------------------------------------------------------------------ the file


def test_a_store_that_is_not_there_holds_nothing_and_makes_nothing(tmp_path: Path) -> None:
    found = ScoreStore(tmp_path / "scores", IDENTITY).index()
    assert (len(found), found.dropped) == (0, 0)
    assert not (tmp_path / "scores").exists()


def test_what_was_added_is_read_to_the_last_bit(tmp_path: Path) -> None:
    store = ScoreStore(tmp_path, IDENTITY)
    unscored = Scored((), (), "900 tokens do not fit into 256", asked=digest(2))
    store.add([answer(0), answer(1)])
    store.add([unscored])
    expected = {digest(0): answer(0), digest(1): answer(1), digest(2): unscored}
    assert stored(store) == expected


def test_the_later_of_two_counts(tmp_path: Path) -> None:
    store = ScoreStore(tmp_path, IDENTITY)
    store.add([answer(0)])
    store.add([replace(answer(1), asked=digest(0))])
    assert stored(store) == {digest(0): answer(1)}


def test_other_identity_or_shots_look_elsewhere(tmp_path: Path) -> None:
    one, other = make_questions(2)
    stores = [
        ScoreStore(tmp_path, IDENTITY),
        ScoreStore(tmp_path, digest_of_bytes(b"another")),
        ScoreStore(tmp_path, IDENTITY, [one]),
        ScoreStore(tmp_path, IDENTITY, [one, other]),
        ScoreStore(tmp_path, IDENTITY, [other, one]),
    ]
    assert len({store.path for store in stores}) == len(stores)


def test_an_answer_that_knows_no_question_is_not_kept(tmp_path: Path) -> None:
    store = ScoreStore(tmp_path, IDENTITY)
    with pytest.raises(ValueError, match="does not know what it answers"):
        store.add([replace(answer(0), asked="")])
    assert not store.path.exists()


def test_a_file_that_is_used_is_marked_so(tmp_path: Path) -> None:
    store = ScoreStore(tmp_path, IDENTITY)
    store.add([answer(0)])
    os.utime(store.path, (1, 1))
    store.index()
    assert time.time() - store.path.stat().st_mtime < 60


DAMAGE = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "insert", "remove"]),
        st.integers(0, 10_000),
        st.binary(min_size=1, max_size=40),
    ),
    min_size=1,
    max_size=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(damage=DAMAGE)
def test_whatever_befalls_the_file_nothing_false_is_believed(
    tmp_path: Path, damage: list[tuple[str, int, bytes]]
) -> None:
    """And what is added after it is read as it is."""
    store = ScoreStore(tmp_path, IDENTITY)
    store.path.unlink(missing_ok=True)
    expected = {digest(number): answer(number) for number in range(6)}
    store.add(list(expected.values()))
    data = store.path.read_bytes()
    for kind, where, extra in damage:
        at = where % (len(data) + 1)
        match kind:
            case "flip" if at < len(data):
                data = data[:at] + bytes([data[at] ^ (extra[0] or 1)]) + data[at + 1 :]
            case "cut":
                data = data[:at]
            case "insert":
                data = data[:at] + extra + data[at:]
            case "remove":
                data = data[:at] + data[at + len(extra) :]
    store.path.write_bytes(data)
    for name, scored in stored(store).items():
        assert scored == expected[name]
    store.add([answer(9)])
    assert stored(store)[digest(9)] == answer(9)


def test_a_torn_line_costs_its_own_answer_only(tmp_path: Path) -> None:
    store = ScoreStore(tmp_path, IDENTITY)
    store.add([answer(0), answer(1)])
    store.path.write_bytes(store.path.read_bytes()[:-5])
    store.add([answer(2)])
    assert stored(store) == {digest(0): answer(0), digest(2): answer(2)}
    assert store.index().dropped == 1


def test_an_altered_number_is_dropped(tmp_path: Path) -> None:
    store = ScoreStore(tmp_path, IDENTITY)
    store.add([answer(0)])
    line = json.loads(store.path.read_text())
    line["entry"]["probabilities"] = [1.0, 0.0]
    store.path.write_text(json.dumps(line, separators=(",", ":"), sort_keys=True) + "\n")
    assert store.index().dropped == 1


def _add_many(folder: Path, first: int) -> None:
    store = ScoreStore(folder, IDENTITY)
    for number in range(first, first + 300, 3):
        numbers = range(number, number + 3)
        store.add([answer(one) for one in numbers])


def test_two_at_once_do_not_harm_each_other(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_add_many, args=(tmp_path, first)) for first in (0, 300)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    store = ScoreStore(tmp_path, IDENTITY)
    assert store.index().dropped == 0
    assert stored(store) == {digest(number): answer(number) for number in range(600)}


def test_an_index_of_a_file_that_was_taken_away_finds_nothing(tmp_path: Path) -> None:
    """By a pruning while an evaluation runs: what is gone is scored again."""
    store = ScoreStore(tmp_path, IDENTITY)
    store.add([answer(0), answer(2)])
    index = store.index()
    assert (len(index), digest(0) in index, digest(9) in index) == (2, True, False)
    store.path.write_bytes(store.path.read_bytes()[5:])
    assert index.get(digest(0)) is None
    store.path.unlink()
    assert (index.get(digest(0)), index.get(digest(9))) == (None, None)


def test_what_an_index_keeps_in_memory_does_not_grow_with_the_answers(tmp_path: Path) -> None:
    """Of answers of 4 kB each some hundred bytes: where they stand."""
    store = ScoreStore(tmp_path, IDENTITY)
    many = 2_000
    long = tuple(1 / (3 + place) for place in range(200))
    for first in range(0, many, 100):
        numbers = range(first, first + 100)
        store.add([replace(answer(one), log_likelihoods=long) for one in numbers])
    assert store.path.stat().st_size > many * 4_000
    tracemalloc.start()
    try:
        index = store.index()
        assert len(index) == many
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < many * 300
    assert peak < many * 300 + 200_000


# ------------------------------------------------------------------ with a scorer


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("letters") / "checkpoint"
    make_tiny_checkpoint(folder, scoring="letter", context_tokens=2_048)
    return folder


def asked(
    checkpoint: Path, folder: Path, questions: list[Question], **changes: Any
) -> tuple[list[Scored], Counting, list[int]]:
    """Questions scored with the store in ``folder``; the answers, the scorer, the progress."""
    scorer = Counting.load(checkpoint, lazy=True)
    assert isinstance(scorer, Counting)
    facts = {"batch_tokens": 256, "store": ScoreStore(folder, scorer.identity.digest), **changes}
    heard: list[int] = []
    answers = score_questions(scorer, questions, Asking(**facts), heard.append)
    return answers, scorer, heard


def test_an_unchanged_one_makes_no_pass_and_reads_no_weights(
    tmp_path: Path, tiny_checkpoint: Path
) -> None:
    questions = make_questions(40)
    first, scorer, _ = asked(tiny_checkpoint, tmp_path, questions)
    assert scorer.passes > 1
    again, idle, heard = asked(tiny_checkpoint, tmp_path, questions)
    assert again == first
    assert (idle.passes, idle._loaded, heard) == (0, None, [40])


def test_only_what_is_new_is_scored_and_progress_begins_where_it_was(
    tmp_path: Path, tiny_checkpoint: Path
) -> None:
    questions = make_questions(40)
    asked(tiny_checkpoint, tmp_path, questions[:30])
    answers, scorer, heard = asked(tiny_checkpoint, tmp_path, questions)
    assert (heard[0], heard[-1]) == (30, 40)
    whole, all_of_it, _ = asked(tiny_checkpoint, tmp_path / "other", questions)
    assert 0 < scorer.passes < all_of_it.passes
    for one, other in zip(answers, whole, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)


def test_fresh_scores_all_of_it_again(tmp_path: Path, tiny_checkpoint: Path) -> None:
    questions = make_questions(20)
    _, first, _ = asked(tiny_checkpoint, tmp_path, questions)
    _, again, heard = asked(tiny_checkpoint, tmp_path, questions, fresh=True)
    assert (again.passes, heard[0]) == (first.passes, 0)


def test_damage_is_said_and_scored_again(tmp_path: Path, tiny_checkpoint: Path) -> None:
    questions = make_questions(20)
    first, scorer, _ = asked(tiny_checkpoint, tmp_path, questions)
    path = ScoreStore(tmp_path, scorer.identity.digest).path
    path.write_bytes(path.read_bytes().replace(b'"unscored":null', b'"unscored":nul ', 1))
    said: list[str] = []
    again, repaired, heard = asked(tiny_checkpoint, tmp_path, questions, say=said.append)
    assert (heard[0], repaired.passes) == (19, 1)
    assert ["1 damaged lines were passed over" in text for text in said] == [True]
    for one, other in zip(again, first, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)


def test_a_changed_byte_of_weights_misses(tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    make_tiny_checkpoint(checkpoint)
    questions = make_questions(10)
    _, first, _ = asked(checkpoint, tmp_path / "scores", questions)
    weights = checkpoint / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    _, again, heard = asked(checkpoint, tmp_path / "scores", questions)
    assert (again.passes, heard[0]) == (first.passes, 0)


@pytest.mark.parametrize("asks_again", [False, True])
def test_a_prompt_that_tells_the_time_is_not_answered_from_the_past(
    tmp_path: Path, asks_again: bool
) -> None:
    """As Llama 3.2's and Mistral's templates write the day's date, this one writes the moment."""
    clock = "{{ strftime_now('%H:%M:%S.%f') }}" if asks_again else "{{ '12:00' }}"
    make_tiny_checkpoint(tmp_path / "it", tokenizer=tiny_tokenizer(clock + CHATML))
    questions = make_questions(10)
    _, first, _ = asked(tmp_path / "it", tmp_path / "scores", questions)
    _, again, heard = asked(tmp_path / "it", tmp_path / "scores", questions)
    assert heard[0] == (0 if asks_again else 10)
    assert again.passes == (first.passes if asks_again else 0)


def test_what_was_asked_in_every_order_was_asked_in_the_first(
    tmp_path: Path, letters: Path
) -> None:
    questions = make_questions(12)
    cyclic, _, _ = asked(letters, tmp_path, questions, orders="cyclic")
    single, idle, heard = asked(letters, tmp_path, questions)
    assert (idle.passes, heard) == (0, [12])
    assert single == [replace(one, orders=()) for one in cyclic]
    again, idle, _ = asked(letters, tmp_path, questions, orders="cyclic")
    assert (again, idle.passes) == (cyclic, 0)


def test_what_was_asked_in_the_first_order_was_not_asked_in_every_one(
    tmp_path: Path, letters: Path
) -> None:
    questions = make_questions(12)
    single, _, _ = asked(letters, tmp_path, questions)
    cyclic, scorer, heard = asked(letters, tmp_path, questions, orders="cyclic")
    assert heard[0] == 0
    assert scorer.passes > 0
    assert all(len(one.orders) > 1 for one in cyclic)
    # And the answers to the first order alone are still those that were had so.
    assert asked(letters, tmp_path, questions)[0] == single


def test_one_that_shows_no_choices_knows_no_orders(tmp_path: Path, tiny_checkpoint: Path) -> None:
    questions = make_questions(12)
    first, _, _ = asked(tiny_checkpoint, tmp_path, questions)
    again, idle, _ = asked(tiny_checkpoint, tmp_path, questions, orders="cyclic")
    assert (again, idle.passes) == (first, 0)


def test_an_order_that_does_not_fit_says_nothing_of_the_first(tmp_path: Path) -> None:
    store = ScoreStore(tmp_path, IDENTITY)
    known = asked_digest("text", make_questions(1)[0], "cyclic")
    store.add([Scored((), (), "900 tokens do not fit into 899", asked=known)])
    assert list(stored(store)) == [known]


EVALUATION = """
import sys
from pathlib import Path
from evaluation.run import Asking, score_questions
from evaluation.scores import ScoreStore
from mcq.loaders import load_questions
from mcq.scorer import Scorer

scorer = Scorer.load(Path(sys.argv[1]))
store = ScoreStore(Path(sys.argv[2]), scorer.identity.digest)
questions = load_questions(Path(sys.argv[3]))
score_questions(scorer, questions, Asking(64, store=store))
"""


def test_a_killed_evaluation_goes_on_where_it_was(tmp_path: Path, tiny_checkpoint: Path) -> None:
    """SIGKILL in the middle: what its file holds is not scored again, the rest is, in the
    passes that the rest alone takes."""
    questions = make_questions(3_000)
    file = write_questions(tmp_path / "test.jsonl", questions)
    scores = tmp_path / "scores"
    store = ScoreStore(scores, Scorer.load(tiny_checkpoint, lazy=True).identity.digest)
    process = subprocess.Popen(
        [sys.executable, "-c", EVALUATION, str(tiny_checkpoint), str(scores), str(file)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        wait_until(lambda: len(stored(store)) >= 20, 90, "some questions are scored")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    kept = len(stored(store))
    assert 20 <= kept < 3_000
    # No more than need be: the 30 first that it does not have yet, beside all that it has.
    known = stored(store)
    digests = Scorer.load(tiny_checkpoint, lazy=True).digests(questions)
    pairs = list(zip(questions, digests, strict=True))
    missing = [one for one, name in pairs if name not in known][:30]
    having = [(one, name) for one, name in pairs if name in known]
    answers, scorer, heard = asked(
        tiny_checkpoint, scores, [*(one for one, _ in having), *missing], batch_tokens=64
    )
    planned = scorer.prepare(missing, batch_tokens=64).batches
    assert (heard[0], scorer.passes) == (kept, len(planned))
    assert answers[:kept] == [known[name] for _, name in having]
