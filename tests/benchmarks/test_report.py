from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.report import SECTIONS, cpu_name, page, section
from benchmarks.targets import Target, as_rows

ROOT = Path(__file__).parents[2]
FINETUNE = {
    "benchmark": "finetune",
    "method": "full",
    "precision": "fp32",
    "parameters": 5_000_000,
    "tokens_per_second": 1_234.5,
    "teraflops_a_second": 0.0123,
    "peak_teraflops_a_second": 0.05,
    "device": "cpu",
    "targets": as_rows([Target("model_flops_utilisation", 0.05, 0.1, ">=")]),
}


def test_a_missed_target_stands_on_the_page() -> None:
    written = page([FINETUNE])
    assert "| model_flops_utilisation | 0.05 | >= 0.1 | no |" in written
    assert "`python -m benchmarks.finetune`" in written
    assert "1,234" in written


def test_a_disturbed_figure_is_not_told_as_met() -> None:
    targets = as_rows([Target("ratio", 9.0, 6.0, ">=", judged=False)])
    assert "| ratio | 9 | >= 6 | not judged: disturbed |" in page(
        [{**FINETUNE, "targets": targets}]
    )


def test_a_look_says_that_it_was_one() -> None:
    assert "`python -m benchmarks.finetune --quick`" in section({**FINETUNE, "quick": True})


def test_an_unknown_benchmark_is_refused() -> None:
    with pytest.raises(ValueError, match="no section for 'other'"):
        section({"benchmark": "other", "targets": []})


def test_every_script_is_run_by_make_and_has_a_section() -> None:
    scripts = {
        path.stem
        for path in (ROOT / "benchmarks").glob("*.py")
        if '"benchmark": "' in path.read_text(encoding="utf-8")
    }
    assert scripts == set(SECTIONS)
    named = re.search(r"for script in ([\w ]+);", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert named is not None
    assert set(named[1].split()) == scripts


def test_the_processor_is_what_the_kernel_says(tmp_path: Path) -> None:
    listing = tmp_path / "cpuinfo"
    listing.write_text("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n")
    assert cpu_name(listing) == "Some CPU @ 2 GHz"
    assert cpu_name(tmp_path / "none")
