from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import BadInput
from proctor.plots import Plot, page, parse_plots, read_plots

SPEC: dict[str, Any] = {
    "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
    "data": {"values": [{"step": "20", "loss": "1.5"}]},
    "title": "</script><script>alert(1)</script>",
    "mark": "line",
}


def loaded(text: str) -> list[str]:
    """What a browser that reads the page fetches from elsewhere; script text is no markup."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend(f"{tag} {value}" for key, value in attrs if key in {"src", "href"})

    Reader().feed(text)
    return found


def test_a_loaded_script_would_be_seen() -> None:
    assert loaded('<p><script src="https://cdn/x.js"></script>') == ["script https://cdn/x.js"]


def printed(**found: Any) -> str:
    return json.dumps(found)


def test_the_page_loads_nothing_and_holds_the_data() -> None:
    text = page([Plot("out/plots/<a>.csv", SPEC), Plot("b", SPEC)], ["main", "brave-otter"])
    assert loaded(text) == []
    assert "@import" not in text.partition("</style>")[0]
    held = text.partition('id="plots">')[2].partition("</script>")[0]
    plots = json.loads(held)
    assert [plot["spec"] for plot in plots] == [SPEC, SPEC]
    for plot in plots:
        assert f'<div id="{plot["place"]}">' in text
    assert "out/plots/&lt;a&gt;.csv" in text
    assert "<p>main, brave-otter</p>" in text
    assert len(text) > 500_000, "Vega is inside"


def test_only_plots_of_vega_are_taken() -> None:
    text = printed(
        data={"a.csv": [{"type": "vega", "content": SPEC}], "b.png": [{"type": "image"}]}
    )
    assert parse_plots(text) == [Plot("a.csv", SPEC)]


def test_no_plots_and_missing_ones_are_told() -> None:
    with pytest.raises(BadInput, match="there are no plots"):
        parse_plots("{}")
    text = printed(
        data={"a.csv": [{"type": "vega", "content": SPEC}]},
        errors=[{"name": "out/plots/b.csv", "rev": "main", "type": "FileNotFoundError"}],
    )
    with pytest.raises(BadInput, match=r"cannot read out/plots/b\.csv \(main\)"):
        parse_plots(text)


def test_where_dvc_has_nothing_to_read_its_words_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match="DVC has no plots to show: ") as caught:
        read_plots(["no-such-thing"])
    assert caught.value.exit_code == 2
