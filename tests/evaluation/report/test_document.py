from __future__ import annotations

from contracts.reports import Report, Way
from contracts.robustness import CoveragePoint
from evaluation.leaks import leaks_of
from evaluation.report.build import Extras, build_report, thinned
from evaluation.report.document import render_html
from evaluation.report.pictures import drawings_of
from evaluation.robustness import NO_LETTERS, robustness_of, with_leaks
from evaluation.tracking import asked_text
from tests.evaluation.making import make_evaluation, make_questions, make_record
from tests.evaluation.test_comparison_page import LOADED, Reader

NASTY = "<script>alert(1)</script>\u202e\0"


def report() -> Report:
    records = [
        make_record(
            f"{NASTY}{place}",
            [True, False, None][place % 3],
            family=NASTY,
            confidence=0.3 + place / 200,
            misconception=NASTY,
        )
        for place in range(60)
    ]
    leaks = leaks_of(make_questions(8), NASTY, seed=1)
    robustness = with_leaks(robustness_of(records, seed=1), leaks, records)
    extras = Extras(
        chance=0.25,
        version=NASTY,
        stems={records[1].id: NASTY},
        choices={records[1].id: (NASTY, "two", "three", "four")},
    )
    return build_report(make_evaluation(records), records, robustness, extras=extras)


def test_it_counts_the_unscored_apart_and_is_read_back() -> None:
    made = report()
    assert (made.questions, made.unscored, made.correct) == (60, 20, 20)
    assert Report.model_validate_json(made.model_dump_json()) == made
    assert made.hardest[0].gold_probability == min(one.gold_probability for one in made.hardest)


def test_the_page_is_whole_escaped_and_loads_nothing() -> None:
    made = report()
    document = render_html(made, drawings_of(made))
    reader = Reader(document)
    assert not reader.open
    assert "script" not in reader.tags
    assert not LOADED.search(document)
    assert "\0" not in document
    for words in (
        f"not applicable: {NO_LETTERS}",
        "choices only: longest",
        "20 of 60 could not be scored",
    ):
        assert words in reader.text


def test_the_hardest_are_shown_with_their_choices_the_right_and_the_answered_marked() -> None:
    questions = make_questions(3)
    records = [make_record(question.id, place > 0) for place, question in enumerate(questions)]
    extras = Extras(
        chance=0.25,
        stems={question.id: asked_text(question) for question in questions},
        choices={question.id: question.choices for question in questions},
    )
    made = build_report(
        make_evaluation(records), records, robustness_of(records, seed=1), extras=extras
    )
    (hard,) = made.hardest
    assert hard.choices == questions[0].choices == ("1", "2", "3", "4")
    document = render_html(made, drawings_of(made))
    shown = document[document.index("<article>") : document.index("</article>")]
    assert Reader(shown).text.split() == [
        *("q00000", "lists.", "Answered", "B;", "A", "is", "right", "and", "had", "10.0%."),
        *("What", "does", "this", "code", "print?", "print(0", "+", "1)"),
        *("A.1right", "B.2answered", "C.3", "D.4"),
    ]
    assert [kind in shown for kind in ('<li class="right">', '<li class="answered">')]
    bare = made.model_copy(
        update={"hardest": (hard.model_copy(update={"choices": (), "stem": None}),)}
    )
    assert 'class="choices"' not in render_html(bare, drawings_of(bare))


def test_what_has_no_answer_is_told_by_the_protocol() -> None:
    made = report()
    written = made.model_copy(
        update={
            "header": made.header.model_copy(update={"way": Way(protocol="generate")}),
        }
    )
    scored, generated = (
        " ".join(Reader(render_html(one, drawings_of(one))).text.split()) for one in (made, written)
    )
    assert "20 right of 40 scored;" in scored
    assert "20 of 60 could not be scored and are counted by themselves" in scored
    assert "20 right of 40 answered;" in generated
    assert "20 of 60 stated no letter or left no room for a reply and are counted" in generated
    assert "could not be scored" not in generated


def test_twins_are_all_in_the_report_and_some_on_the_page() -> None:
    questions = make_questions(60)
    records = [make_record(question.id, True) for question in questions]
    found = robustness_of(records, seed=1)
    for seen, shown in ((55, "and 5 more, all in report.json."), (2, "q00000, q00001.")):
        robustness = with_leaks(found, leaks_of(questions, questions[:seen], seed=1), records)
        made = build_report(
            make_evaluation(records), records, robustness, extras=Extras(chance=0.25)
        )
        assert made.twins == tuple(question.id for question in questions[:seen])
        text = Reader(render_html(made, drawings_of(made))).text
        assert shown in text
        assert "q00050" not in text
    assert report().twins == ()
    assert "twin in training" not in render_html(report(), drawings_of(report()))


def test_many_points_are_thinned_to_the_last() -> None:
    points = [CoveragePoint(coverage=n / 500, confidence=0.5, accuracy=0.5) for n in range(1, 501)]
    found = thinned(points)
    assert len(found) == 50
    assert found[-1] == points[-1]
    assert thinned(points[:3]) == tuple(points[:3])
    assert thinned(()) == ()


def test_what_has_no_confidence_and_no_categories_has_no_drawing_of_them() -> None:
    assert list(drawings_of(report())) == [
        *("accuracy_by_family", "accuracy_by_difficulty", "reliability", "coverage")
    ]
    written = [
        make_record("1", True, family=None, difficulty=None).model_copy(
            update={"probabilities": ()}
        )
    ]
    made = build_report(
        make_evaluation(written),
        written,
        robustness_of(written, seed=1),
        extras=Extras(chance=0.25),
    )
    assert drawings_of(made) == {}
    assert "<svg" not in render_html(made, {})
