"""DVC to the full on a small pipeline: experiments, sweeps, remotes, diffs and plots."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from contracts.digests import digest_of_file, digest_of_folder
from tests.system.pipelines import Checkout, make_checkout, stages_run

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(900)]

DEAD = "http://127.0.0.1:9"
QWEN = "qwen2.5-coder-0.5b-instruct"
KEYS = {
    "AWS_ACCESS_KEY_ID": "tests",
    "AWS_SECRET_ACCESS_KEY": "tests",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture(scope="session")
def pipeline(mlflow_server: str, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The small pipeline, run once and its lock committed, as the page of the daily loop says."""
    checkout = make_checkout(tmp_path_factory.mktemp("pipeline") / "work", mlflow_server)
    done = checkout.good("dvc", "repro")
    assert stages_run(done) == ["questions", "profile", "train", "evaluate", "gate"]
    checkout.git("add", "--all")
    checkout.git("commit", "--quiet", "-m", "The pipeline ran")
    return checkout


@pytest.fixture
def work(pipeline: Checkout) -> Iterator[Checkout]:
    """The pipeline; as it was committed again afterwards."""
    yield pipeline
    pipeline.git("checkout", "--quiet", "--force", "HEAD")
    pipeline.good("dvc", "checkout", "--quiet", "--force")


def run_of(work: Checkout, run_id: str) -> Run:
    return MlflowClient(work.mlflow).get_run(run_id)


def digests(folder: Path) -> dict[str, str]:
    """Of everything that a version is made of and judged by."""
    whole = {"questions": "data/questions", "checkpoint": "out/checkpoint"}
    facts = ("training", "evaluation", "verdict")
    return {
        **{name: digest_of_folder(folder / path) for name, path in whole.items()},
        **{name: (folder / f"out/{name}.json").read_text() for name in facts},
        "records": (folder / "out/records.jsonl").read_text(),
    }


# ------------------------------------------------------------ experiments


@pytest.fixture(scope="session")
def shorter(pipeline: Checkout) -> Checkout:
    """After ``dvc exp run -S`` in the checkout itself, which is then set back."""
    pipeline.good("dvc", "exp", "run", "--name", "shorter", "-S", "train.steps=10")
    assert pipeline.read("out/training.json")["steps"] == 10
    pipeline.git("checkout", "--quiet", "--force", "HEAD")
    pipeline.good("dvc", "checkout", "--quiet", "--force")
    return pipeline


def test_an_experiment_runs_with_other_params_and_its_runs_bear_its_name(
    shorter: Checkout,
) -> None:
    assert shorter.read("out/training.json")["steps"] == 20, "set back"
    assert "shorter" in shorter.good("dvc", "exp", "list", "--name-only").split()
    shorter.good("dvc", "exp", "apply", "shorter")
    try:
        training, evaluation = (
            shorter.read(f"out/{name}.json") for name in ("training", "evaluation")
        )
    finally:
        shorter.git("checkout", "--quiet", "--force", "HEAD")
        shorter.good("dvc", "checkout", "--quiet", "--force")
    assert training["steps"] == 10
    for run_id, name in (
        (training["run_id"], "train nano 10 steps seed 1"),
        (evaluation["run_id"], "evaluate nano 10 steps seed 1 on bank-test"),
    ):
        run = run_of(shorter, run_id)
        assert run.info.run_name.startswith(name)
        assert run.info.run_name.endswith(" (shorter)")
        assert run.data.tags["dvc_experiment"] == "shorter"
        assert run.data.tags["profile"] == "nano"


def test_metrics_and_params_of_two_revisions_can_be_compared(shorter: Checkout) -> None:
    (shown,) = shorter.json("dvc", "metrics", "show")[""]["data"].values()
    assert 0 <= shown["data"]["accuracy_ratio"] <= 1
    (differing,) = shorter.json("dvc", "metrics", "diff", "HEAD", "shorter").values()
    score = differing["brier_score"]
    before, after = score["old"], score["new"]
    assert before == pytest.approx(shown["data"]["brier_score"])
    assert score["diff"] == pytest.approx(after - before)
    assert before != after
    params = shorter.json("dvc", "params", "diff", "HEAD", "shorter")
    assert params == {"params.yaml": {"train.steps": {"old": 20, "new": 10, "diff": -10}}}


def test_plots_of_two_revisions_stand_in_one_page(shorter: Checkout, tmp_path: Path) -> None:
    page = tmp_path / "plots.html"
    words = ("--rev", "HEAD", "--rev", "shorter", "--out", str(page))
    assert shorter.good("proctor", "plots", *words) == f"{page}: 5 plots\n"
    text = page.read_text(encoding="utf-8")
    plots = json.loads(text.partition('id="plots">')[2].partition("</script>")[0])
    drawn = {}
    for plot in plots:
        rows = plot["spec"]["data"]["values"]
        assert {row["rev"] for row in rows} <= {"HEAD", "shorter"}
        drawn[plot["spec"]["title"]["text"]] = rows
    lines = (shorter.folder / "out/plots/accuracy_by_family.csv").read_text().splitlines()[1:]
    held = [row["family"] for row in drawn["Accuracy by family"] if row["rev"] == "HEAD"]
    assert held == [line.partition(",")[0] for line in lines]
    assert "<script src" not in text.partition('id="plots">')[0]


def test_plots_of_what_is_no_revision_are_refused(work: Checkout, tmp_path: Path) -> None:
    page = tmp_path / "plots.html"
    done = work.run("proctor", "plots", "--rev", "no-such-thing", "--out", str(page))
    assert done.returncode == 2
    assert "no-such-thing" in done.stderr
    assert "Traceback" not in done.stderr
    assert not page.exists()


# ------------------------------------------------------------ sweeps


def test_a_sweep_gives_each_seed_its_outputs_and_runs_below_one_parent(work: Checkout) -> None:
    before = digests(work.folder)
    rows = work.json("proctor", "sweep", "seeds", "--set", "train.seed=1,2")
    assert work.git("status", "--porcelain") == ""
    assert digests(work.folder) == before, "a sweep leaves the checkout alone"
    assert [row["settings"] for row in rows] == [{"train.seed": "1"}, {"train.seed": "2"}]
    assert rows[0]["digest"] == work.read("out/training.json")["digest"], "of the cache"
    assert rows[0]["digest"] != rows[1]["digest"]

    runs = [
        run_of(work, row[key]) for row in rows for key in ("training_run_id", "evaluation_run_id")
    ]
    (parent_id,) = {run.data.tags["mlflow.parentRunId"] for run in runs}
    assert {run.data.tags["group"] for run in runs} == {"seeds"}
    parent = run_of(work, parent_id)
    assert (parent.info.run_name, parent.info.status) == ("sweep seeds", "FINISHED")
    assert parent.data.params == {"sweep.train.seed": "1, 2"}
    accuracies = [row["accuracy_ratio"] for row in rows]
    assert parent.data.metrics["experiments"] == 2
    assert parent.data.metrics["accuracy_best_ratio"] == max(accuracies)
    assert runs[3].data.metrics["accuracy_ratio"] == accuracies[1]
    assert runs[2].info.run_name == "train nano 20 steps seed 2 (seeds-seed-2)"

    # Each experiment's outputs are its own.
    work.good("dvc", "exp", "apply", "seeds-seed-2")
    assert work.read("out/training.json")["digest"] == rows[1]["digest"]
    assert digest_of_folder(work.folder / "out/checkpoint") == rows[1]["digest"]
    work.git("checkout", "--quiet", "--force", "HEAD")
    work.good("dvc", "checkout", "--quiet", "--force")

    # Again: nothing runs, the same run of MLflow, the same table, now for people.
    again = work.run("proctor", "sweep", "seeds", "--set", "train.seed=1,2")
    assert again.returncode == 0, again.stderr
    assert "Running stage" not in again.stderr
    assert f"{accuracies[1]:.3f}" in again.stdout
    assert "seeds-seed-2" in again.stdout
    assert (
        len(
            MlflowClient(work.mlflow).search_runs(
                [parent.info.experiment_id], "tags.stage = 'sweep' and tags.`group` = 'seeds'"
            )
        )
        == 1
    )

    # With changes that are not committed, what is there would not be what would run.
    work.set("gate.margin", "0.05")
    done = work.run("proctor", "sweep", "seeds", "--set", "train.seed=1,2")
    assert done.returncode == 1
    assert "seeds-seed-1 is there already, and the checkout has changed" in done.stderr


def test_an_experiment_that_fails_does_not_stop_the_others(work: Checkout) -> None:
    """Without the hub the second profile's base cannot be had; its name holds dots."""
    words = ("--set", f"train.profile={QWEN},nano")
    done = work.run("proctor", "sweep", "profiles", *words)
    assert done.returncode == 1, done.stdout
    assert "1 of 2 experiments failed: profiles-profile-qwen2.5_coder_0.5b_instruct." in done.stderr
    assert "Traceback" not in done.stderr
    failed, good = (line for line in done.stdout.splitlines() if "profiles-profile-" in line)
    assert "failed" in failed
    assert work.read("out/training.json")["run_id"] in good
    names = work.good("dvc", "exp", "list", "--name-only").split()
    assert "profiles-profile-nano" in names
    assert "profiles-profile-qwen2.5_coder_0.5b_instruct" not in names


def test_a_sweep_without_mlflow_ends_with_3_before_anything_runs(work: Checkout) -> None:
    words = ("proctor", "sweep", "away", "--set", "train.seed=1,2")
    done = work.run(*words, MLFLOW_TRACKING_URI=DEAD)
    assert done.returncode == 3
    assert "does not answer" in done.stderr
    assert "Reproducing" not in done.stderr


def test_a_sweep_outside_a_repository_is_refused(work: Checkout, tmp_path: Path) -> None:
    shutil.copy(work.folder / "params.yaml", tmp_path)
    outside = Checkout(tmp_path, work.mlflow)
    done = outside.run(
        "proctor", "sweep", "x", "--set", "train.seed=1", PYTHONPATH=str(work.folder)
    )
    assert done.returncode == 1
    assert "DVC cannot list its experiments here" in done.stderr


# ------------------------------------------------------------ what runs again


def changed(work: Checkout) -> set[str]:
    """Stages that DVC would run, once the chosen profile is written down."""
    work.good("dvc", "repro", "profile")
    return set(work.json("dvc", "status"))


def test_a_profile_that_is_not_chosen_trains_nothing(work: Checkout) -> None:
    text = (work.folder / "params.yaml").read_text()
    (work.folder / "params.yaml").write_text(text.replace("revision: ea3f", "revision: 0a3f"))
    assert changed(work) == set()
    work.set("finetune.patience", "9")
    assert changed(work) == set(), "a profile from scratch is not fine-tuned"


def test_a_chosen_profile_whose_name_holds_dots_is_watched(work: Checkout) -> None:
    work.set("train.profile", QWEN)
    assert "train" in changed(work)
    first = work.read("out/profile.json")
    assert first["profile"]["repository"] == "Qwen/Qwen2.5-Coder-0.5B-Instruct"
    text = (work.folder / "params.yaml").read_text()
    (work.folder / "params.yaml").write_text(text.replace("revision: ea3f", "revision: 0a3f"))
    assert "train" in changed(work)
    assert work.read("out/profile.json") != first
    work.set("finetune.patience", "9")
    changed(work)
    assert work.read("out/profile.json")["finetune"]["patience"] == 9


def test_edited_replies_are_heard_of(work: Checkout) -> None:
    """Of the bytes of the file that is chosen, and of no other in its folder."""
    replies = work.folder / "pipelines/replies"
    (replies / "mine.jsonl").write_text('{"question": "q1"}\n')
    work.set("train.profile", QWEN)
    work.set("finetune.replies", "reasoned\n  replies_file: pipelines/replies/mine.jsonl")
    try:
        assert "train" in changed(work)
        first = work.read("out/profile.json")
        assert first["replies"] == digest_of_file(replies / "mine.jsonl")
        (replies / "other.jsonl").write_text("{}\n")
        changed(work)
        assert work.read("out/profile.json") == first
        (replies / "mine.jsonl").write_text('{"question": "q2"}\n')
        assert "profile" in work.json("dvc", "status")
        changed(work)
        edited = {**first, "replies": digest_of_file(replies / "mine.jsonl")}
        assert work.read("out/profile.json") == edited != first
    finally:
        for file in replies.glob("*.jsonl"):
            file.unlink()


# ------------------------------------------------------------ remotes


@pytest.fixture(params=["folder", "s3"])
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[tuple[str, ...]]]:
    """The commands that set a remote up, as docs/daily-loop.md has them."""
    if request.param == "folder":
        yield [("remote", "add", "--local", "--default", "store", str(tmp_path / "store"))]
        return
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        session = boto3.Session("tests", "tests", region_name="us-east-1")
        client = session.client("s3", endpoint_url=f"http://{host}:{port}")
        client.create_bucket(Bucket="proctor")
        yield [
            ("remote", "add", "--local", "--default", "store", "s3://proctor/dvc"),
            ("remote", "modify", "--local", "store", "endpointurl", f"http://{host}:{port}"),
        ]
    finally:
        server.stop()


def test_a_clean_clone_pulls_every_digest_and_runs_nothing(
    work: Checkout, remote: list[tuple[str, ...]], tmp_path: Path
) -> None:
    (work.folder / ".dvc/config.local").unlink(missing_ok=True)
    for words in remote:
        work.good("dvc", *words)
    work.good("dvc", "push", **KEYS)
    assert work.git("status", "--porcelain") == "", "a remote of this machine is in no commit"

    work.git("clone", "--quiet", "--no-hardlinks", str(work.folder), str(tmp_path / "clone"))
    clone = Checkout(tmp_path / "clone", DEAD)
    assert not (clone.folder / "out").exists()
    for words in remote:
        clone.good("dvc", *words)
    clone.good("dvc", "pull", **KEYS)
    assert digests(clone.folder) == digests(work.folder)
    assert clone.json("dvc", "status") == {}
    done = clone.good("dvc", "repro")
    assert stages_run(done) == []
    assert clone.git("status", "--porcelain") == ""
