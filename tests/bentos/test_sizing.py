"""How large an answerer is: the environment's word, else the machine's."""

from __future__ import annotations

import math

import pytest

from bentos.sizing import AnswererSize, read_size, threads_for
from contracts.errors import BadParams
from contracts.usable_cpus import usable_cpus


@pytest.mark.parametrize("text", ["", "0", "65", "-1", "two", "1.0", "²", " 1", "9" * 5_000])
def test_threads_are_a_small_whole_number(text: str) -> None:
    with pytest.raises(BadParams, match="PROCTOR_ANSWERER_THREADS"):
        read_size({"PROCTOR_ANSWERER_THREADS": text})


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("PROCTOR_ANSWERER_DEVICE", "gpu"),
        ("PROCTOR_ANSWERER_DEVICE", ""),
        ("PROCTOR_ANSWERER_DEVICE", "cuda:one"),
        ("PROCTOR_ANSWERER_BATCH_TOKENS", "0"),
        ("PROCTOR_ANSWERER_BATCH_TOKENS", "1e3"),
        ("PROCTOR_ANSWERER_WAITING", "-5"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(variable: str, text: str) -> None:
    with pytest.raises(BadParams, match=variable):
        read_size({variable: text})


def test_the_environment_has_the_word() -> None:
    assert read_size(
        {
            "PROCTOR_ANSWERER_THREADS": "40",
            "PROCTOR_ANSWERER_DEVICE": "cuda:1",
            "PROCTOR_ANSWERER_BATCH_TOKENS": "512",
            "PROCTOR_ANSWERER_WAITING": "9",
        },
        cpus=2,
    ) == AnswererSize(cpus=2, threads=40, device="cuda:1", batch_tokens=512, most_waiting=9)


@pytest.mark.parametrize(
    ("parameters", "cpus", "threads"),
    [
        (380_000, 8, 1),
        (25_000_000, 8, 2),
        (135_000_000, 1, 1),
        (135_000_000, 2, 2),
        (135_000_000, 64, 13),
        (7_000_000_000, 16, 16),
        (7_000_000_000, 192, 64),
    ],
)
def test_threads_fit_the_model_and_the_machine(parameters: int, cpus: int, threads: int) -> None:
    size = read_size({}, cpus=cpus)
    assert size == AnswererSize(cpus=cpus)
    assert threads_for(size, parameters) == threads
    assert threads_for(AnswererSize(cpus=cpus, threads=3), parameters) == 3


def test_a_part_of_a_processor_is_a_thread_too() -> None:
    assert read_size({}).cpus == math.ceil(usable_cpus())
