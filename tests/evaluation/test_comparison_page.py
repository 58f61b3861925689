from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.compare_versions import Examined, compare_versions
from evaluation.comparison_page import comparison_html
from evaluation.drawings import INK, difference_drawing
from evaluation.page import escaped, page, table
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
