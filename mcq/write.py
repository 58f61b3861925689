"""Writes questions: a built bank as a folder, imported files as one JSONL file.

A bank's folder is there whole or as it was before: it is written beside its place and
moved there by rename(2). Lines are canonical JSON (``contracts.digests``), so the same
questions are the same bytes. A folder that holds anything else than a bank is refused,
never replaced.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from contracts.digests import canonical_json, digest_of_bytes
from contracts.errors import BadInput
from contracts.files import check_out, out_faults, write_atomically, writing_atomically
from contracts.sources import QuestionSource
from mcq.bank.build import RECIPE, SPLITS, Bank
from mcq.loaders import Reading
from mcq.verify import VERIFICATION

MANIFEST: Final = "manifest.json"
# What a bank's folder may hold: verifying leaves a file of its own there.
FILES: Final = frozenset({MANIFEST, *(f"{split}.jsonl" for split in SPLITS)})
REPLACEABLE: Final = FILES | {VERIFICATION}


def _lines(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(canonical_json(row) + "\n" for row in rows)


def _split_facts(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How many questions, by kind, by family and difficulty and by gold letter; digest of
    the file."""
    counts = Counter((row["family"], row["difficulty"]) for row in rows)
    families: dict[str, dict[str, int]] = {}
    for (family, difficulty), questions in sorted(counts.items()):
        families.setdefault(family, {})[difficulty] = questions
    return {
        "questions": len(rows),
        "digest": digest_of_bytes(_lines(rows).encode()),
        "kinds": dict(sorted(Counter(row["kind"] for row in rows).items())),
        "families": families,
        "letters": dict(sorted(Counter(row["answer"] for row in rows).items())),
    }


def manifest_of(bank: Bank) -> dict[str, Any]:
    """What ``manifest.json`` says: recipe, seed, and for each split its counts and digest.

    ``drawn`` items were needed: ``twins`` of them used a program that had come before under
    other names, ``held_out_twins`` were covered by the 13-grams of training.
    ``held_out_touched_share`` (0 to 1) of the held-out questions share any 13-gram of their
    code with the code of training.
    """
    return {
        "recipe": RECIPE,
        "seed": bank.seed,
        "questions": bank.count,
        "drawn": bank.drawn,
        "twins": bank.twins,
        "held_out_twins": bank.held_out_twins,
        "held_out_touched_share": round(bank.touched_share, 4),
        "splits": {split: _split_facts(bank.rows[split]) for split in SPLITS},
    }


def write_bank(bank: Bank, out: Path) -> dict[str, Any]:
    """Write ``train.jsonl``, ``validation.jsonl``, ``test.jsonl`` and ``manifest.json``
    into the folder ``out`` and return the manifest.

    Raises ``StorageFull`` when the disk is full, ``BadInput`` as ``check_bank_place`` does;
    ``out`` is then as it was.
    """
    check_bank_place(out)
    manifest = manifest_of(bank)
    with out_faults(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    try:
        fresh = scratch / "new"
        with out_faults(out):
            for split in SPLITS:
                write_atomically(fresh / f"{split}.jsonl", _lines(bank.rows[split]))
            text = json.dumps(manifest, indent=2, sort_keys=True) + "\n"
            write_atomically(fresh / MANIFEST, text)
            _swap(fresh, out, aside=scratch / "old")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return manifest


def check_bank_place(out: Path) -> None:
    """Whether a bank can be written to ``out``. Raises ``BadInput`` when it is a file, holds
    other files than a bank's, or cannot be written, ``StorageFull``."""
    check_out(out, folder=True)
    if out.exists() and not out.is_dir():
        raise BadInput(f"{out} is a file; a bank is a folder.", mend="Choose another --out.")
    with out_faults(out):
        names = sorted(path.name for path in out.iterdir()) if out.exists() else []
    strange = [name for name in names if name not in REPLACEABLE]
    if strange:
        raise BadInput(
            f"{out} holds {strange[0]}, which is no part of a bank, and is left alone.",
            mend="Choose an empty or a new folder with --out.",
        )


def _swap(fresh: Path, out: Path, *, aside: Path) -> None:
    """Put ``fresh`` in the place of ``out``; the old folder comes back when that fails."""
    replaced = out.exists()
    if replaced:
        out.rename(aside)
    try:
        fresh.rename(out)
    except BaseException:
        if replaced:
            aside.rename(out)
        raise


def import_questions(
    sources: Sequence[Path | QuestionSource], out: Path, *, skip_bad: bool = False
) -> Reading:
    """Read every source, write the questions to ``out`` (``.jsonl``) one by one, and return
    the reading: how many there were, what was skipped and what was left out.

    Nothing is written unless every row of every source is good; with ``skip_bad``, bad rows
    and ids that came before are passed over. Raises ``BadInput`` for an ``out`` of another
    suffix or that cannot be written, ``BadRow`` for a bad row or an id that comes twice,
    ``StorageFull`` when the disk is full, and what ``load_questions`` raises.
    """
    if out.suffix != ".jsonl":
        raise BadInput(
            f"{out}: questions are written to a .jsonl file.", mend="Name one with --out."
        )
    # Not out_faults around what follows: it reads the sources, too.
    check_out(out)
    reading = Reading(
        [QuestionSource(path=str(one)) if isinstance(one, Path) else one for one in sources],
        skip_bad=skip_bad,
    )
    with writing_atomically(out) as stream:
        for question in reading:
            row = question.model_dump(mode="json", exclude_defaults=True)
            stream.write(f"{canonical_json(row)}\n".encode())
    return reading
