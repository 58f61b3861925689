"""``proctor gateway serve``: an option for every setting, and who may be let in without a key."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from contracts.errors import BadParams, KeysInvalid
from gateway.settings import GatewaySettings
from proctor.__main__ import app
from proctor.front_door import check_open


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """``serve`` sets up the logs of its process, which is that of all tests here."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_every_setting_has_an_option_that_names_range_and_variable() -> None:
    command = typer.main.get_command(app).commands["gateway"].commands["serve"]  # type: ignore[attr-defined]
    options = {one.name: one for one in command.params}
    assert set(GatewaySettings.model_fields) | {"host", "port", "open_to_all"} <= set(options)
    for name, field in GatewaySettings.model_fields.items():
        assert f"--{name.replace('_', '-')}" in options[name].opts
        assert str(field.description) in options[name].help
        assert f"PROCTOR_SERVE_{name.upper()}" in options[name].help
    assert "--deadline" in options["deadline_seconds"].opts


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--deadline", "0"), "deadline_seconds: Input should be greater than 0"),
        (("--log-level", "chatty"), "log_level"),
        (("--open", "--host", "0.0.0.0"), "Say it twice"),  # noqa: S104
    ],
)
def test_what_cannot_be_is_told(
    words: tuple[str, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCTOR_HOME", str(tmp_path))
    done = CliRunner().invoke(app, ["gateway", "serve", *words])
    assert isinstance(done.exception, BadParams), done.output
    assert told in str(done.exception)


def test_a_broken_file_of_keys_lets_no_gateway_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCTOR_HOME", str(tmp_path))
    monkeypatch.setenv("PROCTOR_KEYS_FILE", str(tmp_path / "mine.json"))
    (tmp_path / "mine.json").write_text("{}}")
    done = CliRunner().invoke(app, ["gateway", "serve"])
    assert isinstance(done.exception, KeysInvalid), done.output
    assert "mine.json" in str(done.exception)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "::1", "localhost"])
def test_on_this_machine_once_is_enough(host: str) -> None:
    check_open(host, 1)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "gateway.example"])  # noqa: S104
def test_beyond_it_must_be_said_twice(host: str) -> None:
    check_open(host, 0)
    check_open(host, 2)
    with pytest.raises(BadParams, match="Say it twice"):
        check_open(host, 1)
