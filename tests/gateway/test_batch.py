"""Many questions in one request: each judged by itself, one call for those that need one."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from contracts.answers import BatchItem, BatchReply
from contracts.errors import ProctorError
from contracts.traffic import TrafficSplit
from gateway.fake_answerer import FakeAnswerer, Fault
from gateway.plan import FixedPlan, TrafficPlan
from gateway.posed import Posed
from tests.gateway.conftest import OpenDoor
from tests.gateway.people import Scene, asks, question, somebody
from tests.gateway.test_app import ASKED, problem
from tests.gateway.virtual_time import now, run

HALF = TrafficSplit(canary_ratio=0.5, salt="s")
STABLE_CALLER, CANARY_CALLER = somebody("stable", HALF), somebody("canary", HALF)


def asked(number: int, **changes: Any) -> dict[str, Any]:
    return {**ASKED, "code": f"print({number})", **changes}


def post(door: TestClient, *questions: Any, **headers: str) -> list[BatchItem]:
    reply = door.post(
        "/v1/answers/batch",
        json={"questions": list(questions)},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )
    assert reply.status_code == 200, reply.text
    batch = BatchReply.model_validate_json(reply.content)
    assert batch.request_id == reply.headers["x-request-id"]
    assert [item.item for item in batch.items] == list(range(len(questions)))
    return list(batch.items)


# ------------------------------------------------------------ through the door


def test_every_question_has_its_own_outcome(door: TestClient, answerer: FakeAnswerer) -> None:
    answerer.longest_characters = 100
    items = post(
        door,
        asked(1),
        asked(2, choices=["only one"]),
        "no question",
        None,
        asked(3, code="x" * 200),
        asked(4, choices={"B": "b", "A": "a"}),
    )
    answered = [item.item for item in items if item.answer]
    assert answered == [0, 5]
    told = {item.item: item.problem for item in items if item.problem}
    assert {place: one.type for place, one in told.items() if one} == {
        1: "/problems/bad-question",
        2: "/problems/bad-question",
        3: "/problems/bad-question",
        4: "/problems/question-not-scored",
    }
    assert told[1] is not None
    assert told[1].errors == ("choices: has 1 entries, at least 2 are wanted",)
    assert items[0].answer is not None
    assert items[0].answer.request_id == told[1].request_id
    assert answerer.asked == 3, "bad ones are not sent on"


def test_the_same_answers_come_one_by_one(door: TestClient) -> None:
    items = post(door, *(asked(number) for number in range(5)), cache_control="no-cache")
    for number, item in enumerate(items):
        alone = door.post("/v1/answers", json=asked(number), headers={"X-Request-Id": "one"})
        assert item.answer is not None
        assert alone.json()["probabilities"] == item.answer.probabilities


@pytest.mark.parametrize("count", [1, 2, 64])
def test_up_to_64_questions_go_together(
    door: TestClient, answerer: FakeAnswerer, count: int
) -> None:
    items = post(door, *(asked(number) for number in range(count)))
    assert all(item.answer for item in items)
    assert answerer.asked == count


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "it is empty"),
        (b'{"questions": [', 400, "not JSON"),
        (b"[]", 422, "object"),
        (b"{}", 422, "questions: is missing"),
        (b'{"questions": []}', 422, "at least 1"),
        (b'{"questions": [1], "more": 1}', 422, "more: is not a known key"),
        (json.dumps({"questions": [ASKED] * 65}).encode(), 422, "more than 64"),
        (b'{"questions": "abc"}', 422, "questions: must be a list"),
    ],
)
def test_what_is_no_batch_is_refused_whole(
    door: TestClient, answerer: FakeAnswerer, body: bytes, status: int, words: str
) -> None:
    reply = door.post(
        "/v1/answers/batch", content=body, headers={"content-type": "application/json"}
    )
    assert words in problem(reply, status).detail
    assert answerer.asked == 0


@pytest.mark.parametrize(
    ("fault", "slug", "words"),
    [
        ("fails", "answerer-broken", "status 500"),
        ("not-json", "answerer-broken", "shape of answers"),
        ("not-an-answer", "answerer-broken", "neither answer nor problem"),
        ("endless", "answerer-broken", "no end"),
        ("missing-letter", "answerer-broken", "not those of the choices ABCD"),
        ("wrong-letter", "answerer-broken", "not its most probable"),
        ("wrong-sum", "answerer-broken", "sum to 1"),
        ("other-version", "answerer-broken", "answered where coding-mcqa/3"),
        ("refuses-silently", "answerer-broken", "without a reason"),
        ("overloaded", "answerer-away", "overloaded"),
    ],
)
def test_an_answerers_fault_is_a_problem_of_each(
    door: TestClient, answerer: FakeAnswerer, fault: Fault, slug: str, words: str
) -> None:
    answerer.fault = fault
    for item in post(door, asked(1), asked(2)):
        assert item.problem is not None
        assert item.problem.type == f"/problems/{slug}"
        assert words in item.problem.detail


def test_nobody_live_is_a_problem_of_each(door: TestClient, plan: FixedPlan) -> None:
    plan.change(TrafficPlan())
    items = post(door, asked(1), asked(2, choices=[]))
    assert [item.problem.status for item in items if item.problem] == [503, 422]


def test_a_batch_needs_a_key(open_door: OpenDoor) -> None:
    reply = open_door().post(
        "/v1/answers/batch", json={"questions": [ASKED]}, headers={"Authorization": ""}
    )
    problem(reply, 401)


def test_the_document_knows_batches(door: TestClient) -> None:
    document = door.get("/openapi.json").json()
    body = document["paths"]["/v1/answers/batch"]["post"]["requestBody"]
    named = body["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    questions = document["components"]["schemas"][named]["properties"]["questions"]
    assert (questions["minItems"], questions["maxItems"]) == (1, 64)


# ------------------------------------------------------------ behind it


async def ask_each(scene: Scene, caller: Any, numbers: list[int], **changes: Any) -> list[Any]:
    async with scene.open() as router:
        posed = [Posed.of(question(number), place) for place, number in enumerate(numbers)]
        return await router.answer_each(posed, asks(caller, **changes))  # type: ignore[no-any-return]


def test_one_call_for_what_the_cache_does_not_have() -> None:
    scene = Scene(HALF)

    async def ask() -> list[Any]:
        async with scene.open() as router:
            await router.answer(question(1), asks(STABLE_CALLER))
            posed = [Posed.of(question(number), number) for number in range(4)]
            return await router.answer_each(posed, asks(STABLE_CALLER))  # type: ignore[no-any-return]

    replies = run(ask())
    assert [reply.cached for reply in replies] == [False, True, False, False]
    assert [request.url.path for request in scene.hosts.seen] == ["/answer", "/answers"]
    assert scene.hosts.questions("1") == 4


def test_the_same_question_twice_in_a_batch_is_scored_once() -> None:
    scene = Scene(HALF)
    replies = run(ask_each(scene, STABLE_CALLER, [1, 2, 1, 1]))
    assert [reply.cached for reply in replies] == [False, False, True, True]
    assert replies[0].probabilities == replies[2].probabilities
    assert scene.hosts.questions("1") == 2
    assert [record.item for record in scene.records()] == [0, 1, 2, 3]


def test_what_the_canary_fails_stable_answers_item_by_item() -> None:
    scene = Scene(HALF)
    scene.canary.longest_characters = 28  # "What does number 9 print?" and its like fit
    replies = run(ask_each(scene, CANARY_CALLER, [1, 123_456_789, 2, 987_654_321]))
    assert [(reply.version.version, reply.fallback) for reply in replies] == [
        ("2", False),
        ("1", True),
        ("2", False),
        ("1", True),
    ]
    hosts = [(request.url.host, request.url.path) for request in scene.hosts.seen]
    assert hosts == [("v2", "/answers"), ("v1", "/answers")]
    lines = [(record.item, record.slot, record.outcome) for record in scene.records()]
    assert lines == [
        (0, "canary", "answered"),
        (1, "canary", "unscored"),
        (2, "canary", "answered"),
        (3, "canary", "unscored"),
        (1, "stable", "answered"),
        (3, "stable", "answered"),
    ]


def test_a_hung_canary_leaves_a_batch_its_time() -> None:
    scene = Scene(HALF, probe_seconds=50.0)
    scene.canary.fault = "hangs"

    async def ask() -> float:
        begun = now()
        replies = await ask_each(scene, CANARY_CALLER, [1, 2, 3], seconds=4.0)
        assert all(reply.fallback for reply in replies)
        return now() - begun

    assert run(ask()) == pytest.approx(2.0, abs=0.1)
    sent = [float(request.headers["x-deadline-seconds"]) for request in scene.hosts.seen]
    # A little less than there is: what is scored by then must still come back in time.
    assert sent == pytest.approx([1.9, 1.9], abs=0.01)


def test_items_of_two_batches_that_are_the_same_share_their_calls() -> None:
    scene = Scene(HALF)

    async def ask() -> None:
        async with scene.open() as router:
            first, second = (
                [Posed.of(question(number), place) for place, number in enumerate(numbers)]
                for numbers in ([1, 2, 3], [3, 4, 1])
            )
            replies = await asyncio.gather(
                router.answer_each(first, asks(STABLE_CALLER)),
                router.answer_each(second, asks(STABLE_CALLER)),
            )
            assert [reply.cached for reply in replies[0]] == [False] * 3
            assert [reply.cached for reply in replies[1]] == [True, False, True]
            assert not any(isinstance(one, ProctorError) for both in replies for one in both)

    run(ask())
    assert scene.hosts.questions("1") == 4


def test_a_batch_has_a_copy_at_the_shadow_in_one_call() -> None:
    scene = Scene(TrafficSplit(shadow="canary"))

    async def ask() -> None:
        async with scene.open() as router:
            posed = [Posed.of(question(number), number) for number in range(3)]
            await router.answer_each(posed, asks(STABLE_CALLER))
            await asyncio.sleep(1.0)

    run(ask())
    assert len(list(scene.log.pairs())) == 3
    assert [request.url.path for request in scene.hosts.seen] == ["/answers", "/answers"]
