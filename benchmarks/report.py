"""``docs/benchmarks.md``: the page of what every benchmark measured.

    python -m benchmarks.report RESULT.json... [--out docs/benchmarks.md]

Reads the JSON of benchmarks that ran on this machine, and writes machine, versions, commands
and tables. Measures nothing; a result without targets or with an unknown name is refused.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from contracts.files import write_atomically
from contracts.markdown import table

LIBRARIES: Final = ("torch", "transformers", "tokenizers", "lm-eval")
OPENING: Final = """# Benchmarks

Written by `make bench`, which runs every script in `benchmarks/`; do not edit. `make bench
BENCH=--quick` takes minutes instead of an hour. lm-eval, the rival of the scorer, is the extra
`benchmark`: what it adds to our pins (`requirements-benchmark.lock`) is put into
`.venv/benchmark`, a folder that only the benchmarks look into, so that no pin of ours moves.
"""
EVALUATION: Final = """Both sides score the same weights, tokens and prompts in one process, in
turns, group by group, from strings to numbers, without loading; each row's lm-eval
runs at the best batch size of a sweep. *Ceiling*: how many times fewer multiplications are left
when what prompts share is read once and a question's last position alone is projected. *Logits*
is the most bytes that tensors over the vocabulary held at one time, taken apart from what is
timed. A row is *disturbed*, and no target is judged by its times, when a side had less than three
quarters of its threads' time because others used the processors, or when the ratio is beyond the
ceiling by a quarter; the ratio by processor time, of the process alone, says more there. A ratio
may pass its ceiling somewhat: that counts neither lm-eval's padding nor what it does with the
logits that it makes. `4 orders`: ours in every rotation of the choices against lm-eval's one
order. `flat`: random weights of Qwen2.5-Coder-0.5B's shape with the other checkpoint's
tokenizer."""


def cpu_name(listing: Path = Path("/proc/cpuinfo")) -> str:
    """As the kernel tells it (proc(5)), else as Python does."""
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def machine() -> str:
    found = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    load = os.getloadavg()[0]
    return (
        f"{cpu_name()}, {os.cpu_count()} cores, load {load:.1f} when this was written; "
        f"Python {platform.python_version()}, {', '.join(found)}."
    )


def finetune(result: Mapping[str, Any]) -> str:
    cells = [
        ("method", str(result["method"])),
        ("precision", str(result["precision"])),
        ("parameters", f"{result['parameters']:,}"),
        ("tokens a second", f"{result['tokens_per_second']:,.0f}"),
        ("teraflops a second", f"{result['teraflops_a_second']:.3f}"),
        ("peak", f"{result['peak_teraflops_a_second']:.3f} ({result['device']})"),
    ]
    return table(["", ""], cells)


def evaluation(result: Mapping[str, Any]) -> str:
    head = [
        *("row", "questions", "turns", "ours, questions/s", "lm-eval, questions/s", "ratio"),
        *("by group", "by processor time", "disturbed"),
        *("ceiling", "non-padding", "logits, bytes", "lm-eval's", "batch"),
        *("same prediction", "largest difference, nats", "close calls"),
    ]
    rows = [
        (
            row["row"],
            str(row["questions"]),
            str(row["turns"]),
            f"{row['questions_per_second']:.2f}",
            f"{row['lm_eval_questions_per_second']:.2f}",
            f"{row['ratio']:.2f}",
            f"{min(row['ratios']):.2f} to {max(row['ratios']):.2f}",
            f"{row['processor_ratio']:.2f}",
            "yes" if row["disturbed"] else "no",
            f"{row['ceiling_ratio']:.2f}",
            f"{row['non_padding_ratio']:.1%}",
            f"{row['logits_bytes']:,}",
            f"{row['lm_eval_logits_bytes']:,}",
            str(row["lm_eval_batch_size"]),
            f"{row['parity']['agreement_ratio']:.1%}",
            f"{row['parity']['largest_difference_nats']:.1e}",
            str(len(row["parity"]["close"])),
        )
        for row in result["rows"]
    ]
    whole = result["whole_data_ceiling"]
    data = (
        f"Data: {result['data']}, questions taken evenly over it; {result['device']}, "
        f"{result['precision']}. Over all its {whole['questions']} questions the ceiling at 5 "
        f"shots is {whole['tokens_ratio']:.1f} by tokens and {whole['ratio']:.1f} with the head "
        "once a question."
    )
    close = [
        f"{row['row']}: {', '.join(row['parity']['close'])}"
        for row in result["rows"]
        if row["parity"]["close"]
    ]
    listed = f"\n\nTwo best choices within 2e-4: {'; '.join(close)}." if close else ""
    return f"{EVALUATION}\n\n{data}\n\n{table(head, rows)}{listed}"


def ray_memory(result: Mapping[str, Any]) -> str:
    rows = [
        (
            f"{row['questions']:,}",
            f"{row['known']:,}",
            f"{row['driver_peak_bytes'] / 1e6:.0f} MB",
            f"{row['worker_peak_bytes'] / 1e6:.0f} MB",
            f"{row['seconds']:.0f}",
        )
        for row in result["rows"]
    ]
    return table(
        ["questions", "of these kept", "peak of the driver", "peak of a worker", "seconds"], rows
    )


def rerun(result: Mapping[str, Any]) -> str:
    again = sorted(result["rerun_seconds"])
    cells = [
        ("questions of the bank, all parts", f"{result['questions_drawn']:,}"),
        ("first evaluation, seconds", f"{result['first_seconds']:.1f}"),
        ("the same again, seconds", f"{again[0]:.2f} to {again[-1]:.2f}, {len(again)} times"),
        ("hashing of the weights, left out", f"{result['hashing_seconds']:.3f}"),
        ("matrix products of a re-run", str(result["products"])),
        ("processors' time that others used meanwhile", f"{result['others_ratio']:.0%}"),
    ]
    return table(["", ""], cells)


SECTIONS: Final[Mapping[str, tuple[str, Callable[[Mapping[str, Any]], str]]]] = MappingProxyType(
    {
        "evaluation": ("Scoring", evaluation),
        "rerun": ("The same evaluation again", rerun),
        "ray_memory": ("Scoring over Ray", ray_memory),
        "finetune": ("Fine-tuning", finetune),
    }
)


def _verdict(target: Mapping[str, Any]) -> str:
    if not target["judged"]:
        return "not judged: disturbed"
    return "yes" if target["met"] else "no"


def section(result: Mapping[str, Any]) -> str:
    """Raises ``ValueError`` for a benchmark that has no section here."""
    name = str(result["benchmark"])
    if name not in SECTIONS:
        raise ValueError(f"benchmarks/report.py has no section for {name!r}")
    title, body = SECTIONS[name]
    quick = " --quick" if result.get("quick") else ""
    targets = [
        (
            target["name"],
            f"{target['value']:.4g}",
            f"{target['direction']} {target['target']:g}",
            _verdict(target),
        )
        for target in result["targets"]
    ]
    return "\n\n".join(
        (
            f"## {title}",
            f"`python -m benchmarks.{name}{quick}`",
            body(result).strip(),
            table(["target", "measured", "wanted", "met"], targets).strip(),
        )
    )


def page(results: Sequence[Mapping[str, Any]]) -> str:
    return "\n\n".join((OPENING.strip(), machine(), *map(section, results))) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("results", type=Path, nargs="+", metavar="RESULT.json")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks.md"))
    words = parser.parse_args()
    results = [json.loads(path.read_text(encoding="utf-8")) for path in words.results]
    write_atomically(words.out, page(results))


if __name__ == "__main__":
    main()
