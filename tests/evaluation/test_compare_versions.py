from __future__ import annotations

import pytest

from contracts.digests import digest_of_bytes
from contracts.errors import BadInput, EmptySample, ProtocolsDiffer, SuitesDiffer
from contracts.reports import RunHeader, Way
from evaluation.compare import compare_records
from evaluation.compare_versions import Examined, compare_versions
from stats.multiple import benjamini_hochberg, holm
from tests.evaluation.making import make_record, make_records

REFERENCE = Examined("old", make_records([True] * 55 + [False] * 45))
BETTER = Examined("better", make_records([True] * 85 + [False] * 15))
SAME = Examined("same", REFERENCE.records)


def header(suite: str = "bank@1", **way: object) -> RunHeader:
    return RunHeader(
        run_id="r",
        version=None,
        digest=digest_of_bytes(b"weights"),
        suite=suite,
        suite_digest=digest_of_bytes(suite.encode()),
        records_digest=digest_of_bytes(b"records"),
        way=Way.model_validate(way),
    )


@pytest.mark.parametrize("others", [0, 10])
def test_one_version_and_eleven_are_refused(others: int) -> None:
    with pytest.raises(BadInput, match=f"{others + 1} versions"):
        compare_versions(REFERENCE, [BETTER] * others, 0.95)


def test_ten_are_compared() -> None:
    assert len(compare_versions(REFERENCE, [BETTER] * 9, 0.95).versions) == 10


def test_other_questions_are_refused() -> None:
    with pytest.raises(SuitesDiffer):
        compare_versions(REFERENCE, [Examined("x", BETTER.records[1:])], 0.95)


def test_another_suite_is_refused_even_with_the_same_ids() -> None:
    ours = Examined("a", BETTER.records, header("bank@2"))
    with pytest.raises(SuitesDiffer, match="bank@2"):
        compare_versions(Examined("b", REFERENCE.records, header()), [ours], 0.95)


@pytest.mark.parametrize(
    "way",
    [
        {"protocol": "generate"},
        {"shots_count": 5},
        {"shots_by": "family"},
        {"max_new_tokens": 64},
    ],
)
def test_another_way_of_asking_is_refused(way: dict[str, object]) -> None:
    ours = Examined("a", BETTER.records, header(**way))
    with pytest.raises(ProtocolsDiffer, match=next(iter(way))):
        compare_versions(Examined("b", REFERENCE.records, header()), [ours], 0.95)


def test_two_that_tell_are_held_against_each_other_where_the_reference_does_not() -> None:
    told = [
        Examined("a", BETTER.records, header()),
        Examined("b", BETTER.records, header(protocol="generate")),
    ]
    with pytest.raises(ProtocolsDiffer, match="b and a"):
        compare_versions(REFERENCE, told, 0.95)


def test_a_version_s_own_scoring_template_and_precision_may_differ_and_are_told() -> None:
    """A model that writes the choice's text and one that answers by letter, as the gate has
    them; where no report tells, nothing is said in its place."""
    by_letter = header(scoring="letter", template="letter-1", precision="bf16")
    found = compare_versions(
        Examined("nano", REFERENCE.records, header(scoring="text", template="code-1")),
        [Examined("base", BETTER.records, by_letter), SAME],
        0.95,
    )
    nano, base, same = found.versions
    assert (nano.scoring, nano.template, nano.precision) == ("text", "code-1", None)
    assert nano.asked() == "text, code-1"
    assert base.asked() == "letter, letter-1, bf16"
    assert (same.scoring, same.template, same.asked()) == (None, None, "not told")


def test_a_version_that_scored_nothing_is_refused() -> None:
    with pytest.raises(EmptySample):
        compare_versions(REFERENCE, [Examined("x", make_records([None] * 100))], 0.95)


def test_each_difference_is_the_pair_s_and_p_is_adjusted_over_versions() -> None:
    found = compare_versions(REFERENCE, [BETTER, SAME], 0.9)
    assert [one.name for one in found.versions] == ["old", "better", "same"]
    better, same = found.against
    assert better.comparison == compare_records(BETTER.records, REFERENCE.records, 0.9)
    assert [better.holm_p, same.holm_p] == holm([better.comparison.mcnemar_p, 1.0])
    assert better.holm_p == 2 * better.comparison.mcnemar_p
    assert better.bootstrap.lower == pytest.approx(0.3 - 1.645 * 0.0458, abs=0.02)
    assert (same.bootstrap.lower, same.bootstrap.upper) == (0.0, 0.0)
    assert found == compare_versions(REFERENCE, [BETTER, SAME], 0.9)


def test_what_was_not_scored_is_counted_apart() -> None:
    theirs = Examined("x", make_records([None] * 3 + [True] * 97))
    found = compare_versions(REFERENCE, [theirs], 0.95)
    version, against = found.versions[1], found.against[0]
    assert (version.scored, version.unscored, version.accuracy.estimate) == (97, 3, 1.0)
    assert against.comparison.questions == 97


def test_categories_are_paired_inside_and_adjusted_over_a_grouping() -> None:
    def records(sums: bool) -> tuple[object, ...]:
        return tuple(
            make_record(
                str(place),
                place % 2 == 0 if place < 40 else sums,
                family="lists" if place < 40 else "sums",
                difficulty=None,
            ).model_copy(update={"kind": "output"})
            for place in range(60)
        )

    found = compare_versions(
        Examined("old", records(False)),  # type: ignore[arg-type]
        [Examined("new", records(True))],  # type: ignore[arg-type]
        0.95,
    )
    rows = {(row.grouping, row.category): row for row in found.categories}
    assert set(rows) == {("family", "lists"), ("family", "sums"), ("kind", "output")}
    sums = rows["family", "sums"]
    assert (sums.comparison.questions, sums.comparison.difference.estimate) == (20, 1.0)
    assert sums.adjusted_p == benjamini_hochberg([1.0, sums.comparison.mcnemar_p])[1]
    assert sums.holm_p == holm([1.0, sums.comparison.mcnemar_p])[1]
    assert rows["family", "lists"].holm_p == 1.0
    assert rows["family", "lists"].comparison.difference.estimate == 0.0
