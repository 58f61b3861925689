from __future__ import annotations

from pathlib import Path

import pytest

from mcq.loaders.lines import Lines, Unreadable


def read(path: Path, most_bytes: int = 100) -> list[tuple[int, str]]:
    """Number and text of every line; of an unreadable one, what is wrong."""
    found = []
    with Lines(path, most_bytes=most_bytes) as lines:
        while True:
            try:
                text = next(lines, None)
            except Unreadable as error:
                found.append((error.line, f"! {error.reason}"))
                continue
            if text is None:
                return found
            found.append((lines.number, text))


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"a\nb", [(1, "a\n"), (2, "b")]),
        (b"a\r\nb\r\n", [(1, "a\r\n"), (2, "b\r\n")]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n", [(1, "a\n"), (2, "\ufeffb\n")]),
        # U+2028 and form feed are no ends of lines, as str.splitlines would have it.
        ("a\u2028b\fc\n".encode(), [(1, "a\u2028b\fc\n")]),
        (b"a\n\xff\nb\n", [(1, "a\n"), (2, "! not UTF-8 at byte 0"), (3, "b\n")]),
        (b"a\nb\xc3", [(1, "a\n"), (2, "! not UTF-8 at byte 1")]),
        (b"a" * 250 + b"\nb\n", [(1, "! longer than 100 bytes"), (2, "b\n")]),
        (b"a" * 99 + b"\nb\n", [(1, "a" * 99 + "\n"), (2, "b\n")]),
        (b"b\n" + b"a" * 250, [(1, "b\n"), (2, "! longer than 100 bytes")]),
    ],
)
def test_a_bad_line_does_not_hide_the_next(
    tmp_path: Path, content: bytes, lines: list[tuple[int, str]]
) -> None:
    path = tmp_path / "lines"
    path.write_bytes(content)
    assert read(path) == lines
