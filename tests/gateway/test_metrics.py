"""What is counted: the catalogue, the page and the documentation say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from contracts.metrics import GATEWAY_METRICS, Metric
from gateway.draining import Draining
from gateway.fake_answerer import FakeAnswerer
from gateway.keys import FixedKeys, Key, spelled
from gateway.metrics import PrometheusMeters
from gateway.settings import GatewaySettings
from tests.gateway.conftest import OpenDoor
from tests.gateway.test_app import ASKED

DOCS = Path(__file__).parents[2] / "docs/gateway.md"
NAMES = {metric.name for metric in GATEWAY_METRICS}


def families(page: str) -> dict[str, str]:
    """Name to type, as a scraper reads them."""
    return {
        f"{family.name}_total" if family.type == "counter" else family.name: family.type
        for family in text_string_to_metric_families(page)
    }


def sample(page: str, name: str, **labels: str) -> float:
    return sum(
        one.value
        for family in text_string_to_metric_families(page)
        for one in family.samples
        if one.name == name and labels.items() <= one.labels.items()
    )


def test_the_page_has_the_catalogue_and_nothing_else(door: TestClient) -> None:
    reply = door.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=")
    assert families(reply.text) == {metric.name: metric.kind for metric in GATEWAY_METRICS}


def test_the_documentation_has_the_catalogue_and_nothing_else() -> None:
    rows = re.findall(
        r"^\| `(proctor_gateway_\w+)` \| (\w+) \| (.*?) \|", DOCS.read_text(), re.MULTILINE
    )
    assert [(name, kind, labels) for name, kind, labels in rows] == [
        (metric.name, metric.kind, ", ".join(f"`{label}`" for label in metric.labels))
        for metric in GATEWAY_METRICS
    ]


@pytest.mark.parametrize("metric", GATEWAY_METRICS, ids=lambda metric: metric.name)
def test_names_end_in_their_unit(metric: Metric) -> None:
    assert re.fullmatch(r"proctor_gateway(_[a-z]+)+", metric.name)
    assert (metric.kind == "counter") == metric.name.endswith("_total")
    assert (metric.kind == "histogram") == bool(metric.buckets)
    if metric.unit in {"seconds", "bytes"}:
        assert metric.name.endswith(f"_{metric.unit}")
    assert metric.meaning
    assert not metric.meaning.endswith(".")


def test_requests_and_problems_are_counted_by_what_they_are(
    door: TestClient, answerer: FakeAnswerer
) -> None:
    door.post("/v1/answers", json=ASKED)
    door.post("/v1/answers", json={})
    answerer.fault = "wrong-sum"
    door.post("/v1/answers", json={**ASKED, "code": "print('ab' * 3)"})
    page = door.get("/metrics").text
    counted = "proctor_gateway_requests_total"
    for status in ("200", "422", "502"):
        assert sample(page, counted, method="POST", route="/v1/answers", status=status) == 1
    assert sample(page, "proctor_gateway_request_seconds_count", route="/v1/answers") == 3
    assert sample(page, "proctor_gateway_problems_total", slug="bad-question") == 1
    assert sample(page, "proctor_gateway_problems_total", slug="answerer-broken") == 1
    assert sample(page, "proctor_gateway_under_way", lane="answers") == 0


def test_strange_paths_and_methods_make_no_new_series(door: TestClient) -> None:
    def series() -> int:
        return door.get("/metrics").text.count("\n")

    door.request("BREW", "/a")
    door.get("/v1/models")
    series()
    before = series()
    for number in range(50):
        door.request(f"BREW{number}", f"/a/{number}")
        door.request("GET", "/v1/models", headers={"X-Caller-Id": f"user-{number}"})
    assert series() == before


def test_two_gateways_in_one_process_do_not_add_up(open_door: OpenDoor) -> None:
    first, second = open_door(), open_door()
    first.post("/v1/answers", json=ASKED)
    assert sample(second.get("/metrics").text, "proctor_gateway_requests_total") == 0


def test_a_draining_gateway_says_so_everywhere(open_door: OpenDoor) -> None:
    draining = Draining()
    door = open_door(draining=draining)
    assert sample(door.get("/metrics").text, "proctor_gateway_draining") == 0
    draining.begin()
    ready = door.get("/readyz")
    assert (ready.status_code, ready.json()["type"]) == (503, "/problems/gateway-ending")
    assert ready.headers["connection"] == "close"
    answered = door.post("/v1/answers", json=ASKED)
    assert answered.status_code == 200, "what comes still is answered"
    assert answered.headers["connection"] == "close"
    assert sample(door.get("/metrics").text, "proctor_gateway_draining") == 1
    assert door.get("/healthz").status_code == 200


def test_limits_are_told_with_the_seconds_to_wait(open_door: OpenDoor) -> None:
    presented = spelled("slow", "0" * 64)
    slow = Key(id="slow", scopes=frozenset({"answer"}), requests_per_second=0.1)
    door = open_door(keys=FixedKeys({presented: slow}), clock=lambda: 1_000.0)
    headers = {"Authorization": f"Bearer {presented}"}
    assert door.post("/v1/answers", json=ASKED, headers=headers).status_code == 200
    told = door.post("/v1/answers", json=ASKED, headers=headers)
    assert (told.status_code, told.headers["retry-after"]) == (429, "10")
    assert "Try again in 10 s" in told.json()["detail"]


def test_probes_and_administration_are_never_turned_away(open_door: OpenDoor) -> None:
    door = open_door(settings=GatewaySettings(most_answers=1))
    lane = door.app.state.lanes[0]  # type: ignore[attr-defined]
    lane.under_way = 1
    told = door.post("/v1/answers", json=ASKED)
    assert (told.status_code, told.json()["type"]) == (503, "/problems/overloaded")
    assert told.headers["retry-after"] == "1"
    for path in ("/healthz", "/readyz", "/metrics", "/v1/admin/traffic", "/v1/models"):
        assert door.get(path).status_code == 200
    lane.under_way = 0
    assert door.post("/v1/answers", json=ASKED).status_code == 200
    assert lane.under_way == 0


def test_a_name_or_a_label_that_is_not_in_the_catalogue_is_refused() -> None:
    meters = PrometheusMeters()
    with pytest.raises(KeyError):
        meters.count("proctor_gateway_guesses_total")
    with pytest.raises(KeyError):
        meters.count("proctor_gateway_problems_total")
    with pytest.raises(ValueError, match="labels"):
        meters.count("proctor_gateway_problems_total", slug="a", more="b")


def test_what_the_router_counts_is_there_when_the_page_is_made(
    door: TestClient, answerer: FakeAnswerer
) -> None:
    for _ in range(3):
        door.post("/v1/answers", json=ASKED)
    answerer.fault = "fails"
    door.post("/v1/answers", json={**ASKED, "code": "print('ab' * 3)"})
    for _ in range(2):  # what was counted is not counted again
        page = door.get("/metrics").text
        answers = "proctor_gateway_answers_total"
        assert sample(page, answers, slot="stable", outcome="answered") == 3
        assert sample(page, answers, slot="stable", outcome="failed") == 1
        lookups = "proctor_gateway_cache_lookups_total"
        assert sample(page, lookups, result="hit") == 2
        assert sample(page, lookups, result="miss") == 2
        assert sample(page, "proctor_gateway_cache_entries") == 1
        assert sample(page, "proctor_gateway_cache_bytes") > 0
        assert sample(page, "proctor_gateway_ejected", slot="stable") == 0
