"""A table of replies: the letter that each states, and none where one may be meant or not.

``STATED`` holds the common forms and their dress; ``NOT_STATED`` the traps: hedges, what others
think, cases that are not the case, negations, questions, code, names, and letters that are
words. ``model_replies.jsonl`` holds replies as models of today word them, and what a careful
reader takes from each. Read with four choices.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcq.parsing import letter_of

STATED = {
    "A": [
        "The answer is A. Let me double check: x = 2, y = 3. Yes.",
        "The answer is A. But if x were 2, the answer would be B.",
        "The answer is A. Some people think B is correct.",
        "The answer is A. Many students say the answer is B.",
        "The answer is A; a common mistake is to think the answer is B.",
    ],
    "B": [
        "Since the code prints 3, the correct answer is (B).",
        "The code outputs 42, which corresponds to option B.",
        (
            "Since default arguments are evaluated when the function is defined, the correct"
            " answer is B."
        ),
        "If you look at the code, you will see that the answer is B.",
        "The variable is mistakenly overwritten, therefore the answer is B.",
        "The answer is A. Actually the loop runs once more, so it prints 4, which is B.",
        "The answer seems to be A. However, the loop runs one more time. So B.",
        "I think the answer is A. Re-reading the code, the default is shared. B.",
        "The answer should be A. But since x is shared, it is B.",
        "The answer is A. Let me verify. It prints 3, so B.",
        "The correct answer is A according to the docs, but the code has a bug, so B.",
        "My first guess: the answer is A.\nAfter tracing: B",
        "The answer is A. Sorry, B.",
        "It's B.",
        "It should be B.",
        "The correct answer is b.",
        "Selected answer: B",
        "**B**: because the loop",
        "In this case B is correct.",
        "The answer is B, when you call `f`, the list grows.",
        "The answer to the question 'what does it print?' is B.",
        "The mistake is in line 3: the answer is B.",
        '{"answer": "B"}',
        "{'answer': 'B', 'why': 'A is wrong'}",
        "The answer is <B>.",
        "Answer: <b>B</b><br>",
        "<p>The answer is B.</p>",
        "Between A and B, I choose B.",
        "The answer to the question's first part is x. The question's answer is B.",
        "Correct answer: B. Your answer: C.",
        "It's definitely B, not C.",
        "So it must be B, because x.",
        "Answer A is wrong; answer B is right.",
        "I initially chose A, but the answer is B",
        "B\n\nThe list grows.",
        "The list grows.\n\nB",
        "The answer is B. Note that if the list were empty, it would be A.",
        "Answer - B",
        "Ans: B",
        "Answer\uff1aB",
        "Answer: ( B )",
        "It is definitely B",
        "It has to be B",
        "My answer is B and I'm sure",
        "The answer is B\u200b",
        "B\u200b",
        "definitely B",
        "has to be B",
        "<think>A or B?</think><answer>B. two</answer>",
        "**Final Answer:** (B)",
        "### Final Answer\n**B**",
        "**Answer: B**",
        "**Answer**: **B) 42**",
        "Correct answer: B",
        "The correct option is (b).",
        "The right choice is B!",
        "Answer = B",
        "Answer => B",
        "Answer \u2192 B",
        "Ans. B",
        "ANSWER: B",
        "answer b: no\nAnswer: B",
        "The answer must be B.",
        "The answer has to be B.",
        "The answer should be B.",
        "The answer is most likely B.",
        "The answer is therefore B.",
        "The answer, therefore, is B.",
        "The answer to this question is B.",
        "The answer to the question above is (B).",
        "The correct answer among the options is B.",
        "The best answer here is B.",
        "My final answer is B.",
        "My choice is B.",
        "I choose B.",
        "I'll go with (B).",
        "I am going with B",
        "We choose option B.",
        "Option B is the right one. Option B is correct.",
        "Option (B) is the best answer.",
        "Therefore, option B is correct.",
        "Thus, the correct answer is option B.",
        "Answer: The correct answer is B.",
        "Answer: I think it is B.",
        "I believe the answer is B.",
        "In my opinion, the answer is B.",
        "The answer is: B",
        "The answer is:\n\n**B**",
        "The answer is\nB",
        "Answer:\n(B) 42",
        "(A) is wrong, so the answer is B.",
        "The answer isn't A; it's that the loop stops. The answer is B.",
        "Many think it is A, but the answer is B.",
        "It may seem that the answer is A, but the answer is B.",
        "If n is 3, the loop runs thrice, so the answer is B.",
        "I was not sure. Therefore the answer is B.",
        "The answer is A. Wait, no. The answer is B.",
        "The answer is A. No: the answer is B.",
        "$\\boxed{B}$",
        "\\boxed{\\text{B}}",
        "\\boxed{(B)}",
        "\\boxed{\\mathbf{B}}.",
        "\u7b54\u6848\u662fB\u3002",
        "\u6b63\u786e\u7b54\u6848\uff1aB",
        "\u6545\u9009B\u3002",
        "(B)",
        "[B]",
        "`B`",
        '"B"',
        "B\n",
        " B ",
        "Option B",
        "option B.",
        "B. 42",
        "B) [1, 2, 3]",
        "- B",
        "> B",
        "Choice: B",
        "Solution: B",
        "The answer is B, not A.",
        "The answer is B (not A).",
        "The answer is B\u2014the list.",
        "The answer is B: the list.",
        "The answer is B since it is.",
        "The answer is 'B'.",
        "The answer is \u201cB\u201d.",
        "The answer is B. Let me know if you have questions.",
        "The answer is B. If you run it, it prints 3.",
        "The answer is B. I hope that helps!",
        "B is correct. A is not correct.",
        "That is why the answer is B.",
        "The answer is (B)\n\nExplanation: A is wrong, C is wrong, D may be right if x.",
        "Answer: B\r\nBecause",
        "Answer:\tB",
        "Answer :B",
        "answer: b)\nAnswer: B",
        "The answer is B<|im_end|>",
        "The answer is **B**, because **A** is wrong.",
        "The answer is B as the loop ends.",
        "Answer: B. 42\n\nExplanation: the list.",
        "A: no\nB: yes\n\nSo B.",
        "Answer (B)",
        "The answer is $B$.",
        "The answer is B, so we are done.",
        "Final answer\nB",
        "The problem says that x is 2, so the answer is B.",
        "The list may be empty, so the answer is B.",
        "I doubt that it prints 3, so the answer is B.",
        "After some thought, the answer is B.",
        "The values were 1 and 2 and the answer is B.",
        "The most likely answer is B.",
        "The most appropriate answer is (B).",
        "Does it print 3? No, it prints 4. The answer is B.",
        "The answer is B. Does it print 3? No, it prints 4.",
        "I think B.",
        "I would say B.",
        "I'd say the answer is B.",
        (
            "Option A is incorrect. Option B is correct because x. Option C is incorrect. "
            "Option D is incorrect."
        ),
        "The only correct answer is B",
        "Let's go with option B.",
        "The correct answer is:\n\nB. `[1, 2]`",
        "The answer is option B: `foo`.",
        "Final Answer: The final answer is $\\boxed{B}$",
        "The answer is B\n\nQuestion: what?",
        "**Answer**\n\n(B)",
        "Answer:\n\n```python\nB\n```\nB",
        "\u200bAnswer\xa0:\xa0B",
        "\uff21\uff2e\uff33\uff37\uff25\uff32\uff1a\uff22",
        "The answer is B!!!",
        "__B__",
        "_B_",
        "***B***",
        "* B",
        "The answer is\n\n* B",
    ],
    "C": [
        "Because the function returns 5, the answer is C.",
        "The function returns 5, which is option C.",
        "The function incorrectly handles 0, so the answer is C.",
        "ans: c",
        "Option C: 12",
        "Thus, option C correctly describes the behaviour.",
        "A: incorrect\nB: incorrect\nC: correct\nD: incorrect",
        "The answer is B... or rather C.",
        "The answer is B. Make that C.",
        "Answer: B. No, C.",
        "(C) When a client connects, it asks.",
        "The answer is (C) If x is 2, it stops.",
        "A) I only\n\nThe answer is (B).\n\nThe correct answer is (C) III only.",
        "(B) No\n\nIt is one.\n\nThe answer is (C) It's machine-dependent.\n\nThe answer is",
        "<answer>C</answer>",
        "<think>The answer is A.</think>C",
        "Therefore, C.",
        "So the output is C.",
        "This corresponds to option C",
        "corresponds to option C",
        "<answer>\n(C)\n</answer>",
        "[ANSWER]C[/ANSWER]",
        "Therefore the output is (C).",
        "A is wrong because x. B is wrong. The answer is C.",
        "\\[\n\\boxed{C}\n\\]",
        "\u7b54\u6848\u4e3a **C**",
        "B: 42\nAnswer: C",
        "A. 1\nB. 2\nC. 3\nD. 4\n\nThe answer is C.",
        "The answer is (C). Option (C) does not modify the list.",
        (
            "The correct answer is (C).\n\nExplanation:\n- (A) 5: This is incorrect, because "
            "x.\n- (B): This is wrong."
        ),
        "So, the correct answer is **(C) 12**.",
    ],
    "D": [
        "As the loop outputs 0 1 2, the answer is D.",
        "d) 42",
        "The answer isn't C but D.",
        "Not A. Not B. Not C. D.",
        "The answer is D: none of A, B, C.",
        "<think>x</think>\n\nThe answer is (D).",
        "I see A. </think> Answer: D",
        "Hence (D)",
        "So, D.",
        "So it must be D.",
        "This matches option D.",
        (
            "Understanding: is A right?\nAnalysis: A may be it.\nReasoning: if x, "
            "B.\nConclusion: It is 3.\nAnswer: D"
        ),
    ],
}
NOT_STATED = [
    "The answer is A\n\nB",
    "In Python 2, the answer is A. In Python 3, it's B.",
    "Nobody would say the answer is A.",
    "It's incorrect to say that B is correct.",
    "Choosing B would mean the answer is B, which contradicts x.",
    "The answer is B. But wait, C is also correct.",
    "The answer is B. C is also correct.",
    "The answer is B. C is correct too.",
    "The answer is B. C is correct as well.",
    "The student's answer is B.",
    "Thus A, B are equal.",
    "So A, which is a class.",
    "Hence A, B.",
    "x\n\nA\n\n|\n\ny",
    "  x\n A\n/ \\\n y",
    "I'd pick C over B.",
    "My first choice is A, second is B.",
    "So the answer is not A, B or C.",
    "I eliminated A and B. The answer is C or D.",
    "Map<A>",
    "The answer is Map<A>.",
    "x\nA\ny\nB\nz",
    "The answer is B. Oh wait, it prints 3.",
    "The correct answer is: Both 2 and 3.",
    "True, False, False\n\nThe answer is: 2.",
    "A. 1/1\nB. 5/3\nC. 10/5\nD. 10/5",
    "Understanding (what is asked)\n\nA. Private-key\nB. Shared-key\nC. Public-key\nD. All of them",
    "I. Programs need more steps.",
    "I would have said the answer is A, but it is C.",
    "I doubt the answer is B",
    "The answer is A. I doubt the answer is A.",
    "The answer is B. No, wait.",
    "The answer is A. Hmm, let me re-check.",
    "The answer is A. Actually, that is wrong.",
    "The answer is A. That is incorrect.",
    "The answer is B. But B is wrong.",
    "Maybe the answer is B.",
    "The answer might be B.",
    "The answer could be B",
    "Perhaps the answer is B.",
    "The wrong answer is B.",
    "An incorrect answer is B",
    "A possible answer is B.",
    "Your answer is B.",
    "The obvious answer is A",
    "A tempting answer is A.",
    "Some say the answer is B.",
    "People might think the answer is B.",
    "One might say the answer is B.",
    "You may think that B is correct.",
    "He thinks the answer is B.",
    "If x is 2, the answer is B.",
    "If x were 2, the answer would be B.",
    "Unless x is 2, the answer is B.",
    "Assuming x is 2, the answer is B.",
    "Otherwise the answer is B.",
    "The answer is B if x is 2, otherwise C.",
    "The answer is (B) if x is 2.",
    "(B) is correct if x is 2.",
    "B is correct only when x is 2.",
    "The answer is B, unless x is 2.",
    "The answer is B or C.",
    "The answer is A, B or C.",
    "The answer is A and B",
    "The answer is A/B",
    "The answers are A and C.",
    "Both A and B are correct.",
    "Answers: A, C",
    "Answer: A, B",
    "Either A or B is correct.",
    "Neither A nor B is correct.",
    "The answer is B, or maybe C.",
    "The answer is A. Or the answer is B or C.",
    "It is wrong to say the answer is B.",
    "It is a mistake to choose B, I mean.",
    "I cannot say that the answer is B.",
    "I don't believe B is correct.",
    "I'm not sure the answer is B",
    "It is unlikely that the answer is B.",
    "The answer is not B.",
    "The answer isn't B.",
    "The answer cannot be B.",
    "The answer is definitely not B.",
    "Answer: not B",
    "Is the answer B?",
    "Could the answer be B?",
    "So the answer is B?",
    "Why is the answer B?",
    "Why the answer is B",
    "The answer is a B-tree.",
    "The answer is B-tree.",
    "The answer is C#.",
    "The answer is B's value",
    "The answer is B.x",
    "The answer is A value",
    "The answer is D flip-flop",
    "Answer: A program",
    "Answer: I think so",
    "I, for one, do not know.",
    "I think so.",
    "I",
    "The answer is `x = B`.",
    "`answer = B`",
    "`Answer: B` is printed",
    "answer = foo(B)",
    "The answer is f(B)",
    "x.answer = B.y",
    "List<B>",
    "arr[B]",
    "the_answer = B",
    "<think>The answer is B.",
    "<think>The answer is B.</think>",
    "<think>\nB\n",
    "Choose the correct answer: A) 1 B) 2 C) 3 D) 4",
    "The correct answer: A. 1 B. 2 C. 3",
    "Answer:\n(A) 1\n(B) 2",
    'The output is "C".',
    'So the output is "C".',
    "So the output is `C`.",
    "It prints C",
    "class B",
    "The type of x must be B.",
    "x is definitely B",
    "A program.",
    "A, B, C, D",
    "(A) (B) (C) (D)",
    "A) 1\nB) 2",
    "The answer is (E).",
    "The answer is J",
    "The answer is 42",
    "The answer is none of A, B, C.",
    "The answer is neither A nor B",
    "None of the above",
    "It is thought that the answer is B.",
    "It could be argued that the answer is B.",
    "The answer would have been B.",
    "Had x been 2, the answer would be B.",
    "Imagine the answer is B.",
    "Suppose the answer is B.",
    "The author thought the answer is B.",
    "According to many people, who say B is correct.",
    "I don't think\nthat the answer is B",
    "So not B.",
    "Therefore, not C.",
    "Therefore, C or D.",
    "Therefore, C++.",
    "So A is wrong.",
    "So B is printed.",
    "Therefore, B. Hence, C.",
    "A\nB",
    "\\boxed{A, B}",
    "\\boxed{AB}",
    "\\boxed{x}",
    "The answer is ____.",
    "Answer:",
    "Answer: ",
    "answer",
    "\u7b54\u6848\u4e0d\u662fB\u3002",
    "\u5982\u679cx\u662f2\uff0c\u7b54\u6848\u662fB\u3002",
    "The answer is A is a common misconception",
    "The answer is (A) is wrong.",
    "The first step: A. The second step: B.",
    "Step A. Do it.",
    "Grade: A",
    "It prints The answer is A",
    'The string "The answer is A" is printed.',
    "So we choose A as the pivot, then C.",
    "We select A, B from the table",
    "First we choose A as the root.",
    "Statement A is correct. Statement B is wrong.",
    "A is correct. B is correct.",
    "Option A is correct. Option B is also correct.",
    "The least likely answer is B.",
    "The second best answer is B.",
    "The next best answer is B",
    "B is right of A",
    "A is correct, but not complete.",
    "The answer is A, which is wrong.",
    "The answer is A. That's not right.",
    "Beginners choose A, so the answer is A? No.",
    "A common mistake is to forget the +1, so the answer is A.",
    "Many people think it prints 3, so the answer is A.",
    "You might say it is 3, so the answer would be A.",
    "I assume the answer is B.",
    "I guess",
    "He said the answer is B.",
    "I would choose B if x were 2.",
    "If I had to guess, the answer would be B or C.",
    "Should I choose B?",
    "I would not choose B.",
    "I don't pick B.",
    "B?",
    "(B)?",
    "(A) is printed",
    "A is a class. B is its child.",
    "So, A is a class.",
    "I. Introduction",
    "A/B",
    "A-B",
    "A, then B",
    "C++",
    "C is a language",
    "C# is",
    "Answer A or B",
    "Let A be a set. Then B is a subset.",
    "So B extends A.",
    "The correct option is C or D",
    "Answer: [A, B]",
    "Therefore, A is not B.",
    "<answer>A or B</answer>",
    "<answer></answer>",
    "\\boxed{}",
    "The answer is\nA list",
    "The final answer isn't listed. B would be closest.",
    "Answers may vary: A",
]


@pytest.mark.parametrize(
    ("reply", "letter"),
    [(reply, letter) for letter, replies in STATED.items() for reply in replies],
)
def test_a_common_form_is_read(reply: str, letter: str) -> None:
    assert letter_of(reply, 4) == letter


@pytest.mark.parametrize("reply", NOT_STATED)
def test_what_can_be_meant_otherwise_is_not_read(reply: str) -> None:
    assert letter_of(reply, 4) is None


REPOSITORY = Path(__file__).parents[2]
MODEL_REPLIES = [
    (row["reply"], row["letter"])
    for line in (Path(__file__).parent / "model_replies.jsonl").read_text("utf-8").splitlines()
    for row in [json.loads(line)]
]


@pytest.mark.parametrize(("reply", "letter"), MODEL_REPLIES)
def test_a_reply_is_read_as_a_careful_reader_would(reply: str, letter: str | None) -> None:
    assert letter_of(reply, 4) == letter


def test_the_documentation_tells_how_many_replies_are_listed() -> None:
    listed = [*(reply for replies in STATED.values() for reply in replies), *NOT_STATED]
    listed += [reply for reply, _letter in MODEL_REPLIES]
    assert len(set(listed)) == len(listed)
    told = re.search(
        r"(\d+) replies with the letter",
        (REPOSITORY / "docs/generate-protocol.md").read_text("utf-8"),
    )
    assert told is not None
    assert int(told[1]) == len(listed)


HEDGES = [
    "I doubt that",
    "I do not think",
    "I'm not sure that",
    "Some people think",
    "Many students say that",
    "A common mistake is to think",
    "It is wrong to say that",
    "It might be that",
    "Perhaps",
    "If x were 2,",
    "Had x been 2,",
    "Unless it throws,",
    "Suppose that",
    "One might believe that",
    "You may think that",
    "The author wrongly claims that",
    "It is unlikely that",
]
STATEMENTS = [
    "the answer is {}.",
    "the correct answer is ({}).",
    "option {} is correct.",
    "({}) is right.",
]


@given(
    hedge=st.sampled_from(HEDGES),
    said=st.sampled_from(STATEMENTS),
    letters=st.permutations("ABCD"),
)
def test_a_hedged_statement_never_counts(hedge: str, said: str, letters: list[str]) -> None:
    sure, unsure, *_ = letters
    hedged = f"{hedge} {said.format(unsure)}"
    assert letter_of(hedged, 4) is None
    assert letter_of(f"The answer is {sure}. {hedged}", 4) in {sure, None}
    assert letter_of(f"{hedged} The answer is {sure}.", 4) == sure


COMES_TO = ["it is option {}.", "this matches option {}.", "it corresponds to option {}."]


@given(st.sampled_from(HEDGES), st.sampled_from(COMES_TO), st.permutations("ABCD"))
def test_a_hedged_conclusion_never_counts(hedge: str, said: str, letters: list[str]) -> None:
    sure, unsure, *_ = letters
    hedged = f"{hedge} {said.format(unsure)}"
    assert letter_of(hedged, 4) is None
    assert letter_of(f"The answer is {sure}. {hedged}", 4) in {sure, None}


REASONS = [
    "Since the code prints 3, {}.",
    "Because the function returns 5, {}.",
    "As the loop outputs 0 1 2, {}.",
    "When you run it, it prints 3, so {}.",
    "If you trace the code, {}.",
    "The function wrongly drops 0, so {}.",
    "Note that the call returns None: {}.",
    "The list may be empty when it returns, therefore {}.",
]


@given(st.sampled_from(REASONS), st.sampled_from(STATEMENTS), st.sampled_from("ABCD"))
def test_what_the_code_does_hedges_nothing(reason: str, said: str, letter: str) -> None:
    statement = said.format(letter).removesuffix(".")
    assert letter_of(reason.format(statement), 4) == letter


EXPLANATIONS = [
    "Without the break, it would print 5, which is option {}.",
    "Some would get 3, which is option {}.",
    "If the list were copied, it would be {}.",
    "Option {} ignores the shared default.",
    "However, it might be {} in another language.",
    "A common mistake is to choose {}.",
]


@given(st.sampled_from(STATEMENTS), st.sampled_from(EXPLANATIONS), st.permutations("ABCD"))
def test_an_explanation_does_not_change_the_answer(
    said: str, explanation: str, letters: list[str]
) -> None:
    stated, other, *_ = letters
    reply = f"{said.format(stated)}\n\n{explanation.format(other)}"
    assert letter_of(reply, 4) == stated


@given(st.sampled_from(STATEMENTS), st.permutations("ABCD"))
def test_another_letter_at_the_end_leaves_none_but_after_a_turn(
    said: str, letters: list[str]
) -> None:
    first, other, *_ = letters
    assert letter_of(f"{said.format(first)}\n\n{other}", 4) is None
    assert letter_of(f"{said.format(first)} So {other}.", 4) is None
    assert letter_of(f"{said.format(first)} Wait, it prints 4. So {other}.", 4) == other
    assert letter_of(f"{said.format(first)} But it prints 4, so {other}.", 4) == other


@given(st.sampled_from(HEDGES), st.sampled_from(STATEMENTS), st.sampled_from("ABCD"))
def test_but_begins_anew(hedge: str, said: str, letter: str) -> None:
    assert letter_of(f"{hedge} the answer is A, but {said.format(letter)}", 4) == letter


def test_doubting_the_same_letter_afterwards_takes_it_back() -> None:
    assert letter_of("The answer is B. I doubt that A is correct.", 4) == "B"
    assert letter_of("The answer is B. I doubt that B is correct.", 4) is None
    assert letter_of("The answer is B. Or is A wrong?", 4) == "B"


def test_choices_that_are_called_right_one_after_the_other_give_none() -> None:
    assert letter_of("B is correct. B is the best answer.", 4) == "B"
    assert letter_of("B is correct. D is correct.", 4) is None
    assert letter_of("B is correct. D is correct. The answer is D.", 4) == "D"


# ----------------------------------------------------------------------------- cost

REPEATED = [
    *(
        " ",
        "*",
        "_",
        "`",
        '"',
        "(",
        "[",
        "<",
        "$",
        "#",
        ".",
        ":",
        "-",
        "=",
        ",",
        "\n",
        "\n ",
        "\u200b",
    ),
    *(
        "<|",
        "<think>",
        "</think>",
        "\\boxed{",
        "\\text{",
        "```\n",
        "A ",
        "A, ",
        "A\n",
        "A. ",
        "A) ",
    ),
    *("answer ", "answer is ", "the answer is B, ", "The answer is B. ", "answer to the ", "not "),
    *("which is option B ", "Wait, ", "but ", "So B. ", "A: correct\n", "(option B)\n"),
    *(
        "the option that works ",
        "after tracing ",
        "since x, ",
        "\\boxed{\\text{(B) ",
        "if you look ",
    ),
    *("it is B because ", "in Python 3 ", "Let me check. Yes. ", "\u9009B ", "\u7b54\u6848\u662f"),
    *("I choose B ", "A is correct ", "so it is ", "people ", ", were ", "Answer: A. B. ", "the "),
]
LONG_CHARACTERS = 24_000


@pytest.mark.parametrize("piece", REPEATED)
def test_no_reply_is_slow_to_read(piece: str) -> None:
    """A thousand tokens are some 4,000 characters. What grew with their square took seconds
    over a third of this; a generous bound, in time of this process alone."""
    reply = f"The answer is {piece * (LONG_CHARACTERS // len(piece))} B"
    begun = time.process_time()
    letter_of(reply, 10)
    assert time.process_time() - begun < 3.0
