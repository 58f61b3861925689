"""DVC's plots as one HTML page that needs no network.

``dvc plots show`` writes a page that loads its scripts from a content delivery network. Here
the same plots (DVC expands what ``dvc.yaml`` declares, which stays the only place that does)
stand in a page with Vega and its data inside. A page is some 1 MB.

Source: https://dvc.org/doc/command-reference/plots and
https://github.com/vega/vl-convert, whose bundle of Vega is used.
"""

from __future__ import annotations

import html
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contracts.errors import BadInput

# DVC's templates are written for Vega-Lite 5; this is the newest 5 that vl-convert carries.
VEGA_LITE: Final = "5.21"
WORKSPACE: Final = "workspace"
STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; margin: 2rem auto; max-width: 76rem;
  padding: 0 1rem; }
h1 { font-size: 1.4rem; margin-bottom: 0; }
p { color: #555; margin-top: .25rem; }
main { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
figure { margin: 0; padding: 1rem; border: 1px solid #ddd; border-radius: 6px; }
figcaption { color: #555; font-size: .85rem; }
"""
SCRIPT: Final = """
for (const plot of JSON.parse(document.getElementById("plots").textContent)) {
  vegaEmbed("#" + plot.place, plot.spec, {
    renderer: "svg",
    actions: {export: true, source: false, compiled: false, editor: false},
  });
}
"""


@dataclass(frozen=True)
class Plot:
    """``name``: as DVC calls it; ``spec``: a whole Vega-Lite specification with its data."""

    name: str
    spec: Mapping[str, Any]


def read_plots(revisions: Sequence[str] = ()) -> list[Plot]:
    """What ``dvc.yaml`` declares, of the workspace or of ``revisions`` (git's or experiments';
    ``workspace`` is one of them). Raises ``BadInput`` with DVC's words."""
    words = ["diff", *revisions] if revisions else ["show"]
    done = subprocess.run(  # noqa: S603  # DVC with the user's revisions, no shell
        [sys.executable, "-m", "dvc", "plots", *words, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BadInput(
            f"DVC has no plots to show: {done.stderr.strip() or 'it said nothing'}",
            mend="`dvc repro` makes them; `dvc exp list` and `git log` name revisions.",
        )
    return parse_plots(done.stdout)


def parse_plots(text: str) -> list[Plot]:
    """The plots in the JSON that DVC printed. Raises ``BadInput`` when there are none, or when
    DVC could not read one of them."""
    found = json.loads(text)
    faults = [f"{one.get('name')} ({one.get('rev')})" for one in found.get("errors", [])]
    if faults:
        raise BadInput(
            f"DVC cannot read {', '.join(faults)}.",
            mend="`dvc pull` fetches what is missing here, `dvc repro` makes it.",
        )
    plots = [
        Plot(name, one["content"])
        for name, several in found.get("data", {}).items()
        for one in several
        if one["type"] == "vega"
    ]
    if not plots:
        raise BadInput("there are no plots.", mend="`dvc repro` makes what dvc.yaml declares.")
    return plots


def page(plots: Sequence[Plot], revisions: Sequence[str] = ()) -> str:
    """The whole page. Nothing in it is loaded from elsewhere."""
    import vl_convert

    shown = ", ".join(revisions) or WORKSPACE
    figures = [
        f'<figure><div id="plot-{place}"></div>'
        f"<figcaption>{html.escape(plot.name)}</figcaption></figure>"
        for place, plot in enumerate(plots)
    ]
    specs = [{"place": f"plot-{place}", "spec": plot.spec} for place, plot in enumerate(plots)]
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8"><title>Plots</title>',
            f"<style>{STYLE}</style></head><body>",
            f"<h1>Plots of the pipeline</h1><p>{html.escape(shown)}</p>",
            f"<main>{''.join(figures)}</main>",
            f'<script type="application/json" id="plots">{_inside_script(specs)}</script>',
            f"<script>{vl_convert.javascript_bundle(SCRIPT, VEGA_LITE)}</script>",
            "</body></html>",
            "",
        ]
    )


def _inside_script(value: object) -> str:
    """JSON that cannot end the element it stands in: ``<`` as its escape."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
