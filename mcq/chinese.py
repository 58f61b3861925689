"""The words of Chinese replies: of statements, of what takes them back, of turns.

Pieces of patterns over what ``mcq.reply_text`` leaves, which puts blanks around the letters and
writes the signs as ASCII.
"""

from __future__ import annotations

from typing import Final

OPTION: Final = "选项 ?"
ANSWER_IS: Final = "(?:答案|正确(?:的)?选项|最佳选项|正确的是)(?:应该|应)? ?(?:是|为|选)?"
SO_CHOOSE: Final = r"(?:^|(?<=[\n,.:] )|(?<=\n)|故|应该?|因此|所以|我(?:们)?|本题)选(?:择)?"
BUT_IS: Final = "而是"
CORRESPONDS: Final = "对应(?:的|是)?"
# After the letter: "B 选项是正确的", "B 不正确".
IS_RIGHT: Final = "(?:选项)?是?正确"
IS_WRONG: Final = "(?:选项)?是?(?:不正确|错误|不对)"

BECAUSE: Final = "因"
SO: Final = "所以|因此"
BUT: Final = "而是|但|其实|实际上"
# "I think" is the writer's own.
OTHERS_THINK: Final = "(?<!我)(?<!我们)认为"
DOUBT: Final = "怀疑"
IF: Final = "如果|若|可能"
NOT: Final = "不[^,:]{0,20}$"
