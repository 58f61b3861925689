"""Records from Parquet files and Hugging Face datasets: the one file that imports ``datasets``.

A dataset is streamed (https://huggingface.co/docs/datasets/stream): nothing of it is kept on
disk, and one batch of rows is in memory. Data files only: ``datasets`` runs no code of a
repository, and nothing here turns that on. A folder in the layout of a dataset repository
(data files, and a card whose YAML names configurations) goes the same way as the hub.

The commit is checked with the hub first, in one request that ends after ``HUB_SECONDS``:
where the hub is away, ``datasets`` itself would try for minutes, or quietly take whatever
revision its cache holds.
"""

from __future__ import annotations

import contextlib
import glob
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from contracts.errors import BadInput, DatasetNotFound, HubAway
from contracts.sources import DEFAULT_SPLIT, QuestionSource
from mcq.loaders.rows import Place, Record, Records

HUB_SECONDS: Final = 5.0

_MEND_AWAY: Final = (
    "Where the hub can be reached, fetch it with `hf download --repo-type dataset"
    " OWNER/NAME --revision COMMIT --local-dir FOLDER`, and read FOLDER instead; files and"
    " folders need no hub."
)


def parquet_records(path: Path) -> Records:
    """One record a row of a Parquet file; ``line`` is its number. Raises ``BadInput``."""
    # A name with brackets must not be taken for a pattern.
    files = glob.escape(str(path.resolve()))
    yield from _streamed(str(path), "parquet", data_files=files, split="train")


def dataset_records(source: QuestionSource) -> Records:
    """One record a row of the split (``test`` unless the source says another).

    Raises ``HubAway`` and ``DatasetNotFound`` before the first row, ``BadInput`` for what
    cannot be read as the configuration and split that were asked for.
    """
    if source.dataset is not None:
        _check_commit(source)
        # With this prefix a folder of that name below the working folder is not taken for it.
        place = f"hf://datasets/{source.dataset}"
    else:
        place = str(Path(str(source.path)).resolve())
    yield from _streamed(
        source.address,
        place,
        name=source.config,
        split=source.split or DEFAULT_SPLIT,
        revision=source.revision,
    )


def _streamed(address: str, *arguments: Any, **settings: Any) -> Records:
    datasets = _library(address)
    on_hub = settings.get("revision") is not None
    with tempfile.TemporaryDirectory() as empty, _faults(address, on_hub=on_hub):
        # An empty cache: on a fault, ``datasets`` would fall back to any cached revision.
        try:
            found = datasets.load_dataset(*arguments, streaming=True, cache_dir=empty, **settings)
        except StopIteration:
            # How it takes a configuration whose pattern matches no file.
            raise ValueError("the configuration has no data files") from None
        for number, fields in enumerate(found, start=1):
            yield Record(Place(address, number), _plain(fields))


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in fields.items()}


def _library(address: str) -> Any:
    try:
        import datasets
    except ImportError as error:
        raise BadInput(
            f"{address} needs the library datasets, which is not installed.",
            mend="pip install 'proctor[datasets]'",
        ) from error
    # Not on every file a bar, a request that counts the download, or minutes of retries; and
    # what is wrong is told once, by us.
    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = False
    datasets.config.STREAMING_READ_MAX_RETRIES = 2
    datasets.config.STREAMING_READ_RETRY_INTERVAL = 1
    datasets.config.STREAMING_READ_SERVER_UNAVAILABLE_RETRY_INTERVAL = 1
    datasets.config.STREAMING_OPEN_MAX_RETRIES = 2
    return datasets


@contextlib.contextmanager
def _faults(address: str, *, on_hub: bool) -> Iterator[None]:
    """Turn what ``datasets`` raises into ours. It has no root of its own for what it finds in
    files: pyarrow's errors are ``ValueError``, ``TypeError``, ``KeyError`` and ``OSError``;
    the last, ``on_hub``, is also a hub that went away after its commit was checked."""
    from datasets.exceptions import DatasetsError
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]

    try:
        yield
    except (HTTPError, ConnectionError) as error:
        raise HubAway(address, _endpoint(), _words(error), mend=_MEND_AWAY) from error
    except (
        DatasetsError,
        OSError,
        ValueError,
        TypeError,
        LookupError,
        RuntimeError,
        AttributeError,
    ) as error:
        cause = error.__cause__ or error
        of_files = (DatasetsError, PermissionError)
        if on_hub and isinstance(error, OSError) and not isinstance(error, of_files):
            raise HubAway(address, _endpoint(), _words(cause), mend=_MEND_AWAY) from error
        raise BadInput(
            f"{address} cannot be read: {_words(cause)}",
            mend="A configuration is chosen with --config, a split with --split; a folder needs"
            " the layout of a dataset repository, data files only.",
        ) from error


def _words(error: BaseException) -> str:
    """What it says, in a line; the library's own advice is about its own calls."""
    said = " ".join(str(error).split()).partition(" Example of usage")[0]
    return said[:300] or type(error).__name__


def _endpoint() -> str:
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co")


def _check_commit(source: QuestionSource) -> None:
    """Raises ``HubAway`` or ``DatasetNotFound`` unless the hub knows the commit."""
    _library(source.address)
    from huggingface_hub import HfApi

    # HTTPError is that of the HTTP library, whichever it is, that this client was built on.
    from huggingface_hub.errors import (  # type: ignore[attr-defined]
        HTTPError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        found = HfApi(endpoint=_endpoint()).dataset_info(
            str(source.dataset), revision=source.revision, timeout=HUB_SECONDS
        )
    except OfflineModeIsEnabled as error:
        reason = "HF_HUB_OFFLINE is set"
        raise HubAway(source.address, _endpoint(), reason, mend=_MEND_AWAY) from error
    except RevisionNotFoundError as error:
        raise DatasetNotFound(source.address, "it has no such commit") from error
    except RepositoryNotFoundError as error:
        reason = "it does not exist, or not for you"
        raise DatasetNotFound(source.address, reason) from error
    except (HTTPError, OSError) as error:
        raise HubAway(source.address, _endpoint(), _words(error), mend=_MEND_AWAY) from error
    if found.sha != source.revision:
        raise DatasetNotFound(source.address, f"the hub answers with commit {found.sha}")
