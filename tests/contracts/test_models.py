"""How versions are named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.errors import BadReference
from contracts.models import CheckpointFacts, ModelRef, VersionFacts

names = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,99}", fullmatch=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "coding-mcqa",
        "coding-mcqa/",
        "coding-mcqa/0",
        "coding-mcqa/01",
        "coding-mcqa/-1",
        "coding-mcqa/latest",
        "coding-mcqa@",
        "coding-mcqa@latest",
        "coding-mcqa@Champion",
        "coding-mcqa/1@champion",
        "Coding/1",
        "a b/1",
        "/1",
        "-a/1",
        "a/1\n",
        " a/1",
        "a" * 101 + "/1",
        "models:/coding-mcqa/1",
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(BadReference) as caught:
        ModelRef.parse(text)
    assert repr(text) in caught.value.fact
    assert "coding-mcqa@champion" in caught.value.mend


@given(name=names, version=st.integers(1, 10**9))
def test_a_version_reads_as_it_is_written(name: str, version: int) -> None:
    found = ModelRef.parse(f"{name}/{version}")
    assert (found.name, found.version, found.alias) == (name, str(version), None)
    assert ModelRef.parse(str(found)) == found


@given(name=names, alias=st.sampled_from(["champion", "challenger"]))
def test_an_alias_reads_as_it_is_written(name: str, alias: str) -> None:
    found = ModelRef.parse(f"{name}@{alias}")
    assert (found.name, found.version, found.alias) == (name, None, alias)
    assert ModelRef.parse(str(found)) == found


def test_facts_refuse_a_digest_that_is_none() -> None:
    facts = {
        "model": "m",
        "version": "1",
        "digest": "sha256:" + "0" * 64,
        "run_id": "r",
        "commit": "c",
        "scoring": "text",
    }
    assert VersionFacts.model_validate(facts).version == "1"
    for digest in ("0" * 64, "sha256:" + "0" * 63, "sha256:" + "G" * 64, "md5:" + "0" * 32):
        with pytest.raises(ValidationError, match="digest"):
            VersionFacts.model_validate(facts | {"digest": digest})


def test_a_checkpoint_of_another_format_is_refused() -> None:
    facts = {"format": 1, "profile": "nano", "scoring": "text", "template": "code-1"}
    assert CheckpointFacts.model_validate(facts).template == "code-1"
    with pytest.raises(ValidationError, match="format"):
        CheckpointFacts.model_validate(facts | {"format": 2})
