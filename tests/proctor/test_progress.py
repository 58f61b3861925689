from __future__ import annotations

import pytest

from proctor.progress import Progress


class Clock:
    """Moves when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_log_gets_a_line_every_tenth_with_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with Progress("training", 100, "steps", clock) as progress:
        for done in range(1, 101):
            progress.to(done)
            clock.now += 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[0] == "training: 10/100 steps, 18 s, 180 s left, 0.5 steps a second"
    assert lines[-1] == "training: 100/100 steps, 198 s, 0 s left, 0.5 steps a second"


def test_resumed_work_is_not_counted_into_the_rate(capsys: pytest.CaptureFixture[str]) -> None:
    """The first report has nothing to estimate from and says no time left."""
    clock = Clock()
    with Progress("training", 1000, "steps", clock) as progress:
        progress.to(501)
        clock.now += 100
        progress.to(601)
    assert capsys.readouterr().err.splitlines() == [
        "training: 501/1000 steps, 0 s",
        "training: 601/1000 steps, 100 s, 399 s left, 1.0 steps a second",
    ]


def test_nothing_to_do_is_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("reading", 0, "rows", Clock()) as progress:
        progress.to(0)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_a_terminal_gets_a_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """rich takes FORCE_COLOR as the word that this is one."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    with Progress("training", 4, "steps") as progress:
        progress.to(3)
    said = capsys.readouterr().err
    assert "training" in said
    assert "3/4" in said
    assert "\x1b[?25h" in said, "the cursor is given back"


def test_a_bar_tells_the_rate_of_its_own_work(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """600 were done before: a bar that counted them would say hundreds a second at once."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "140")
    clock = Clock()
    with Progress("evaluating", 1_000, "questions", clock) as progress:
        for done in (600, 610, 620):
            progress.to(done)
            clock.now += 5
    said = capsys.readouterr().err
    assert "620/1000" in said
    assert "2.0 questions/s" in said
    assert "0:03:10" in said


def test_the_total_may_be_known_later(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with Progress("evaluating", 1_000, "questions", clock) as progress:
        progress.to(0, 20)
        clock.now += 1
        progress.to(20, 20)
    assert capsys.readouterr().err == (
        "evaluating: 20/20 questions, 1 s, 0 s left, 20.0 questions a second\n"
    )
