from __future__ import annotations

from contracts.markdown import table


def test_a_table_has_its_columns_and_a_line_a_row() -> None:
    assert table(("what", "value"), [("steps", 20), ("", None)]) == (
        "| what | value |\n| --- | --- |\n| steps | 20 |\n|  | None |"
    )
    assert table(("a",), []) == "| a |\n| --- |"
