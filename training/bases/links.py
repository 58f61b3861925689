"""The same files in a second place without a second copy of their bytes.

A hard link where the file system allows one, else a copy: a model of 15 GB takes no second
15 GB. Whoever changes a file in place would change both, so a base's folder is not to be
written to; its digest, checked whenever it is used, would tell. Source: link(2).
"""

from __future__ import annotations

import shutil
from pathlib import Path

from contracts.digests import files_below


def link_files(source: Path, target: Path) -> None:
    """Every file below ``source`` that is not hidden, at the same place below ``target``.
    ``OSError`` as it is."""
    for path in files_below(source, hidden=False):
        link_file(path, target / path.relative_to(source))


def link_file(source: Path, target: Path) -> None:
    """``target`` becomes a link to what ``source`` (perhaps a symbolic link) points to."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source.resolve())
    except FileExistsError:
        raise
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
