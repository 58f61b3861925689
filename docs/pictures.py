"""Takes the pictures of MLflow's pages that docs/mlflow.md shows, in a real browser.

    python docs/pictures.py --mlflow http://127.0.0.1:5500 --plots plots.html

Wants an MLflow with three registered versions and a sweep (docs/daily-loop.md makes both), a
Chromium, and the package `playwright`, which no part of Proctor needs otherwise.
"""  # noqa: INP001 - a script beside the pages that it illustrates, no package

from __future__ import annotations

import argparse
import json
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).resolve().parent / "images"
VERSIONS = 3
LONGEST_LIST = 200
WORKFLOW = "workflowType=machine_learning"  # MLflow's pages open for traces of agents otherwise
# The page opens with a panel of its assistant over a third of it.
NO_PANEL = """
localStorage.setItem("mlflow.assistant.panelOpen_v1", "false");
localStorage.setItem("mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "true");
"""
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-sync"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
]


@dataclass(frozen=True)
class Shown:
    """What of MLflow is shown: address, experiment, model, runs of its newest versions."""

    url: str
    experiment_id: str
    model: str
    version: str
    trainings: list[str]
    evaluations: list[str]


def call(url: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """MLflow's REST API."""
    request = urllib.request.Request(  # noqa: S310 - the address that the user gave
        f"{url}/api/2.0/mlflow/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310
        return json.load(reply)


def look_up(url: str, experiment: str, model: str) -> Shown:
    """Raises ``SystemExit`` when there are fewer than three versions."""
    query = urllib.parse.urlencode({"experiment_name": experiment})
    place = call(url, f"experiments/get-by-name?{query}")["experiment"]["experiment_id"]
    wanted = urllib.parse.urlencode({"filter": f"name = '{model}'", "max_results": 100})
    found = call(url, f"model-versions/search?{wanted}").get("model_versions", [])
    newest = sorted(found, key=lambda one: int(one["version"]))[-VERSIONS:]
    if len(newest) < VERSIONS:
        raise SystemExit(f"{model} has {len(newest)} versions, but {VERSIONS} are to be shown.")
    tags = [{tag["key"]: tag["value"] for tag in one["tags"]} for one in newest]
    return Shown(
        url=url,
        experiment_id=place,
        model=model,
        version=str(newest[-1]["version"]),
        trainings=[each["proctor.run_id"] for each in tags],
        evaluations=[each["proctor.evaluation_run_id"] for each in tags],
    )


def compare_url(shown: Shown, runs: list[str]) -> str:
    query = urllib.parse.urlencode(
        {"runs": json.dumps(runs), "experiments": json.dumps([shown.experiment_id])}
    )
    return f"{shown.url}/#/compare-runs?{query}"


def open_page(page: Page, url: str, words: str) -> None:
    """Go there and wait until ``words`` are to be seen."""
    page.goto("about:blank")
    page.goto(url)
    page.get_by_text(words, exact=False).first.wait_for(timeout=60_000)
    page.wait_for_timeout(2_500)  # charts and tables come after the words


def take(page: Page, name: str, *, whole: bool = False) -> None:
    """What is in view, or the ``whole`` page."""
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path, full_page=whole)
    print(f"{path.relative_to(IMAGES.parent.parent)}: {path.stat().st_size // 1024} KB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mlflow", default="http://127.0.0.1:5500")
    parser.add_argument("--experiment", default="coding-mcqa")
    parser.add_argument("--model", default="coding-mcqa")
    parser.add_argument("--plots", type=Path, help="A page of `proctor plots`, to take as well.")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    given = parser.parse_args()
    shown = look_up(given.mlflow, given.experiment, given.model)
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=given.chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.add_init_script(NO_PANEL)
        pictures(page, shown)
        if given.plots:
            open_page(page, given.plots.resolve().as_uri(), "Plots of the pipeline")
            take(page, "plots", whole=True)
        browser.close()


def pictures(page: Page, shown: Shown) -> None:
    models = f"{shown.url}/#/models/{shown.model}"
    page.set_viewport_size({"width": 1400, "height": 1500})
    open_page(page, f"{compare_url(shown, shown.evaluations)}&{WORKFLOW}", "Comparing")
    draw_metric(page, "accuracy_ratio")
    take(page, "compare")
    page.set_viewport_size({"width": 1400, "height": 900})
    open_page(page, f"{models}?{WORKFLOW}", "ledger")
    take(page, "model")
    page.set_viewport_size({"width": 1400, "height": 2000})
    open_page(page, f"{models}/versions/{shown.version}?{WORKFLOW}", "Lineage")
    take(page, "version")
    page.set_viewport_size({"width": 1400, "height": 900})
    open_page(page, runs_url(shown, "tags.stage = 'training'"), "train ")
    # Its box is drawn by its label: the mouse does not reach it.
    page.locator("input[name=runs-view-mode][value=CHART]").evaluate("box => box.click()")
    page.get_by_placeholder("Search metric charts").fill("loss")
    unfold_sweep(page)
    page.get_by_text("validation_loss_nats").first.wait_for(timeout=60_000)
    page.wait_for_timeout(4_000)
    take(page, "charts")
    page.evaluate("localStorage.clear()")  # what was unfolded is kept there
    page.set_viewport_size({"width": 1400, "height": 600})
    open_page(page, runs_url(shown, "tags.`group` LIKE '%'"), "sweep ")
    unfold_sweep(page)
    # As wide as the names are.
    page.locator(".ag-header-cell[col-id*='Run Name'] .ag-header-cell-resize").dblclick()
    page.wait_for_timeout(1_000)
    take(page, "sweep")


def unfold_sweep(page: Page) -> None:
    row = page.locator(".ag-row").filter(has_text="sweep ")
    row.locator("[data-component-id*=runnamecellrenderer]").first.click()
    page.wait_for_timeout(2_000)


def draw_metric(page: Page, name: str) -> None:
    """In the plot of the page that compares, instead of the metric that it begins with. The
    list holds only what is in view, so that it is walked through by keys."""
    box = page.get_by_role("combobox").nth(1)
    box.click()
    page.keyboard.press("Enter")  # the first is chosen: not any more
    for _ in range(LONGEST_LIST):
        page.keyboard.press("ArrowDown")
        active = box.get_attribute("aria-activedescendant")
        if page.locator(f"#{active}").get_attribute("aria-label") == name:
            break
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.get_by_text("Show diff only").first.click()  # of the parameters
    page.wait_for_timeout(2_000)


def runs_url(shown: Shown, wanted: str) -> str:
    query = urllib.parse.urlencode({"searchFilter": wanted}, quote_via=urllib.parse.quote)
    return f"{shown.url}/#/experiments/{shown.experiment_id}/runs?{WORKFLOW}&{query}"


if __name__ == "__main__":
    main()
