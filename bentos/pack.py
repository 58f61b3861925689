"""Makes and exports one bento: the step of a build that needs BentoML, as a process.

``python -m bentos.pack REQUEST`` is run by ``bentos.build`` with the staged sources as its
working folder and a BENTOML_HOME of its own, because BentoML reads that variable when it
is imported, changes the working folder and keeps stores in globals: none of that shall
happen in the caller. The staged copy runs, so what is packed has worked at least once.
Ends with 3 when the disk is full, with a traceback on anything else.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import bentoml

from bentos.packed import CHECKPOINT_FOLDER, MODEL_ALIAS, VERSION_FILE
from contracts.errors import StorageFull
from contracts.models import VersionFacts
from contracts.shape import Shape

SERVICE = "bentos.service:Answerer"


class PackRequest(Shape):
    """All that ``main`` needs. Paths are absolute; ``export`` is the file to write."""

    facts: VersionFacts
    checkpoint: Path
    name: str
    requirements: tuple[str, ...]
    labels: dict[str, str]
    export: Path


def pack(request: PackRequest) -> None:
    """Store the checkpoint as a BentoML model, build the bento around it, export it."""
    tag = f"{request.name}:{request.facts.version}"
    with bentoml.models.create(tag, labels=request.labels) as model:
        folder = Path(model.path)
        text = request.facts.model_dump_json(indent=2) + "\n"
        (folder / VERSION_FILE).write_text(text, encoding="utf-8")
        copy_tree(request.checkpoint, folder / CHECKPOINT_FOLDER)
    bento = bentoml.bentos.build(
        SERVICE,
        name=request.name,
        version=request.facts.version,
        build_ctx=str(Path.cwd()),
        include=["*.py"],
        labels=request.labels,
        description=f"Answers with {request.facts.model}/{request.facts.version}.\n",
        models=[{"tag": tag, "alias": MODEL_ALIAS}],
        # BentoML's own lock would pin torch for CUDA: the pins come from the caller.
        python={"packages": list(request.requirements), "lock_packages": False},
    )
    # Its own choice, xz, takes over ten minutes for 135 M parameters to save half of the bytes.
    bentoml.bentos.export_bento(bento.tag, str(request.export), output_format="tar")


def copy_tree(source: Path, target: Path) -> None:
    """Copy every file, contents only; the first failure is raised as it is."""
    for path in sorted(source.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def disk_is_full(error: BaseException) -> bool:
    """Whether an error, or one that it came from, says that nothing more can be written.
    ``shutil.Error`` keeps only the texts of what went wrong."""
    numbers = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return any(
        isinstance(cause, OSError)
        and (cause.errno in numbers or any(os.strerror(number) in str(cause) for number in numbers))
        for cause in _causes(error)
    )


def main(argv: list[str]) -> int:
    request = PackRequest.model_validate_json(Path(argv[1]).read_text(encoding="utf-8"))
    try:
        pack(request)
    except Exception as error:
        if disk_is_full(error):
            return StorageFull.exit_code
        raise
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
