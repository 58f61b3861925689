from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.colours import BLUE
from evaluation.compare_versions import Examined, compare_versions
from evaluation.comparison_page import comparison_html
from evaluation.drawings import INK, difference_drawing, short_names
from evaluation.page import NOTHING, ends, escaped, page, points, share, table
from tests.evaluation.making import make_records

LOADED = re.compile(r"""(?:src|href)\s*=\s*["']?(?!["'#])|@import|url\((?!#)|<script|<link""")


class Reader(HTMLParser):
    """The text of a document, and whether every element it opens is closed."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, _attrs: object) -> None:
        self.tags.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def found(name: str) -> str:
    ours = Examined(name, make_records([True] * 8 + [False] * 2))
    theirs = Examined("old", make_records([False] * 4 + [True] * 6))
    return comparison_html(compare_versions(theirs, [ours], 0.95))


def test_it_loads_nothing_and_is_whole() -> None:
    document = found("new")
    assert not LOADED.search(document)
    assert INK not in document
    assert not Reader(document).open


@settings(max_examples=200)
@given(st.text())
def test_any_text_is_text_and_nothing_else(text: str) -> None:
    reader = Reader(page(text, table((text,), [(text,)])))
    assert not reader.open
    known = {"html", "head", "meta", "title", "style", "body", "h1", "bdi", "div"}
    assert reader.tags <= known | {"table", "thead", "tbody", "tr", "th", "td"}
    assert "\0" not in reader.text


def test_tags_directions_and_nulls_are_told_as_text() -> None:
    name = "<script>alert(1)</script>\u202e\0$x^2$ &amp;"
    document = found(name)
    assert "<script" not in document
    assert "\0" not in document
    assert "&lt;script&gt;" in document
    assert escaped("\u202eabc") == "<bdi>\u202eabc</bdi>"
    assert "$x^2$" in document


def test_a_drawing_is_xml_and_the_same_each_time() -> None:
    records = make_records([True, False] * 5)
    compared = compare_versions(Examined("a", records), [Examined("b", records)], 0.95)
    drawing = difference_drawing(compared)
    root = ET.fromstring(drawing)  # noqa: S314 - our own
    ids = {one.get("id") for one in root.iter()}
    used = [one.get("href") for one in root.iter() if one.tag.endswith("use")]
    assert used
    assert all(str(one)[1:] in ids for one in used)
    assert "currentColor" in drawing
    assert drawing == difference_drawing(compared)


def test_numbers_stand_to_the_right_and_only_numbers() -> None:
    rows = [("a", "12", "+1.50 to +2.50", NOTHING, "7 of 9"), ("b", "<0.1%", "", "3e-05", "1")]
    made = table(("what", "value", "interval", "p", "words"), rows)
    assert made.count("<th class=n>") == 3
    assert made.count("<td class=n>") == 6
    assert "<td class=long><bdi>" + "f" * 64 in table(("digest",), [("f" * 64,)])
    assert "<td class=text>" in table(("code",), [("if x:\n    y",)])


def test_shares_points_and_ends() -> None:
    assert [share(one) for one in (0.0, 0.0004, 0.0005, 0.5, 1.0)] == [
        *("0.0%", "<0.1%", "0.1%", "50.0%", "100.0%")
    ]
    assert ends(points, -0.125, 0.0) == "-12.50 to +0.00"
    assert ends(share, None, 0.5) == ""


def test_runs_and_files_have_short_names_while_they_differ() -> None:
    run, like = "0123456789abcdef" * 2, "01234567" + "f" * 24
    assert short_names([run, "old/records.jsonl"]) == {run: "01234567", "old/records.jsonl": "old"}
    assert short_names([run, like]) == {run: run, like: like}


def test_a_drawing_in_a_page_takes_its_colours_and_a_file_keeps_them() -> None:
    records = make_records([True, False] * 5)
    compared = compare_versions(Examined("a", records), [Examined("b", records)], 0.95)
    assert BLUE in difference_drawing(compared)
    body = comparison_html(compared).partition("</style>")[2]
    assert BLUE not in body
    assert "var(--blue)" in body


def test_no_window_system_is_touched() -> None:
    """pyplot keeps global state and looks for a display: it is never imported here."""
    look = "import sys, evaluation.drawings; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0
