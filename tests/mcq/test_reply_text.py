"""What is left of a reply, and that it is written in one way."""

from __future__ import annotations

from mcq.reply_text import cut_at, plain_text, without_code, without_thoughts


def test_a_reply_is_cut_at_the_first_stop() -> None:
    assert cut_at("a\n\nQ: b\n\nQuestion: c", ("\n\nQuestion:", "\n\nQ:")) == "a"
    assert cut_at("abc", ("x",)) == "abc"
    assert cut_at("abc", ()) == "abc"


def test_a_fence_of_another_length_closes_nothing() -> None:
    assert without_code("````\nA\n```\nB\n````\nC") == "\nC"
    assert without_code("a ``` b\nC") == "a ``` b\nC"


def test_thoughts_are_no_reply() -> None:
    assert without_thoughts("a<think>b</think>c") == "a\nc"
    assert without_thoughts("b</think>c") == "c", "the chat template had opened it"
    assert without_thoughts("a<THINK>b") == "a\n".strip()
    assert without_thoughts("<think>a</think>b<think>c</think>d") == "\nb\nd"


def test_a_letter_is_written_in_one_way() -> None:
    for dressed in (
        "**B**",
        "(B)",
        "( B )",
        "[B]",
        "$B$",
        "\\text{B}",
        "__(B)__",
        "\uff08\uff22\uff09",
    ):
        assert plain_text(f"It is {dressed}.") == "It is (B)."
    assert plain_text('`B` and "B"') == "\u00abB\u00bb and \u00abB\u00bb"
    assert plain_text("List<B> arr[B] f(B)") == "List<B> arr[B] f(B)"
