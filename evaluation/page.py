"""A self-contained page: text escaped, tables, one style sheet, no script and no address.

Whatever comes from questions or names passes through ``escaped``. Light and dark follow
the reader's setting; tables scroll by themselves on a narrow screen.

Source: https://html.spec.whatwg.org/multipage/
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from evaluation.colours import BLUE, BLUE_ON_BLACK, ORANGE, ORANGE_ON_BLACK

# What HTML and XML forbid as characters, and lone surrogates, which UTF-8 cannot write.
_FORBIDDEN: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)

# What stands in a column of numbers: one, or the ends of an interval.
_NUMBER: Final = re.compile(r"[+-]?\d[\d.,]*(e[+-]?\d+)?%?( to [+-]?\d[\d.,]*%?)?|<0\.1%|")
# Beside numbers; a column with one of these is still a column of numbers.
NOTHING: Final = "\N{EN DASH}"
_LONGEST_WORD: Final = 24
_ROUNDED_TO_NOTHING: Final = 0.0005

STYLE: Final = f"""
:root {{ color-scheme: light dark; --ink: #1d2329; --paper: #fff; --soft: #5c6670;
  --line: #d6dbe0; --band: #f4f6f8; --blue: {BLUE}; --orange: {ORANGE}; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e4e8ec; --paper: #15191d;
  --soft: #9aa5b0; --line: #353d45; --band: #1d2329; --blue: {BLUE_ON_BLACK};
  --orange: {ORANGE_ON_BLACK}; }} }}
body {{ margin: 0 auto; max-width: 62rem; padding: 1.2rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }}
h1 {{ font-size: 1.5rem; line-height: 1.25; }} h2 {{ font-size: 1.15rem; margin-top: 2.2rem; }}
h3 {{ font-size: 1rem; margin: 1.4rem 0 .4rem; }}
p.soft, figcaption {{ color: var(--soft); font-size: .9rem; }}
.scroll {{ overflow-x: auto; }}
.plots, .beside {{ margin: 1rem 0; display: flex; flex-wrap: wrap; gap: 1.5rem; }}
.beside > * {{ flex: 1 1 20rem; min-width: 0; }}
figure {{ margin: 0; flex: 1 1 20rem; min-width: 0; max-width: 36rem; }}
svg {{ width: 100%; height: auto; color: var(--ink); }}
table {{ border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }}
th, td {{ padding: .35rem .7rem; text-align: left; border-bottom: 1px solid var(--line);
  overflow-wrap: normal; vertical-align: top; }}
th {{ font-size: .85rem; color: var(--soft); vertical-align: bottom; }}
tr:nth-child(even) td {{ background: var(--band); }}
th.n, td.n {{ text-align: right; white-space: nowrap; }}
td.long {{ overflow-wrap: anywhere; min-width: 14rem; }}
.asked, .choices span {{ white-space: pre-wrap; }}
.asked {{ font: .85rem/1.4 ui-monospace, monospace; }}
article {{ border-bottom: 1px solid var(--line); padding-bottom: .8rem; }}
article h3 {{ margin-bottom: 0; }} article p {{ margin: 0 0 .5rem; }}
.choices {{ list-style: none; margin: .5rem 0 0; padding: 0; }}
.choices li {{ display: flex; gap: .6rem; align-items: baseline; padding: .15rem .5rem;
  border-left: .25rem solid transparent; }}
.choices b {{ font-size: .9rem; }}
.choices span {{ flex: 0 1 auto; min-width: 0; font: .85rem/1.4 ui-monospace, monospace; }}
.choices b, .choices em {{ flex: none; }}
.choices em {{ font: italic .85rem/1.4 system-ui, sans-serif; color: var(--soft); }}
.choices li.right {{ border-color: var(--blue); background: var(--band); }}
.choices li.answered {{ border-color: var(--orange); background: var(--band); }}
td.text {{ font: .85rem/1.4 ui-monospace, monospace; white-space: pre-wrap;
  overflow-wrap: anywhere; }}
@media (max-width: 40rem) {{
  body {{ padding: .8rem; }} table {{ font-size: .85rem; }} th, td {{ padding: .3rem .35rem; }}
  .told thead {{ display: none; }} .told td {{ border: 0; }}
  .told tr {{ display: flex; flex-wrap: wrap; border-bottom: 1px solid var(--line); }}
  .told tr:nth-child(even) {{ background: var(--band); }}
  .told td:first-child {{ flex: 1; font-weight: 600; }}
  .told td:last-child {{ flex: 1 0 100%; }}
}}
"""


def cleaned(text: str) -> str:
    """``text`` with every character that a document may not hold as U+FFFD."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


def escaped(text: object) -> str:
    """As text inside an element, isolated: right-to-left text turns nothing around it."""
    return f"<bdi>{html.escape(cleaned(str(text)))}</bdi>"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, told: bool = False) -> str:
    """Columns of numbers stand to the right. ``told``: the last column is words about the
    row, and goes below it where the screen is narrow."""
    cells = [[str(value) for value in row] for row in rows]
    numbers = [
        all(_NUMBER.fullmatch(row[place]) or row[place] == NOTHING for row in cells)
        for place in range(len(columns))
    ]
    head = "".join(
        f"<th{' class=n' * number}>{escaped(name)}</th>"
        for name, number in zip(columns, numbers, strict=True)
    )
    body = "".join("<tr>" + "".join(map(_cell, row, numbers)) + "</tr>\n" for row in cells)
    return (
        f'<div class="scroll"><table{" class=told" * told}><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{body}</tbody></table></div>\n"
    )


def _cell(text: str, number: bool) -> str:
    """Numbers stay on one line and the table scrolls; digests and paths break; lines stay
    lines."""
    kind = ""
    if number:
        kind = "n"
    elif "\n" in text:
        kind = "text"
    elif max(map(len, text.split()), default=0) > _LONGEST_WORD:
        kind = "long"
    return f"<td{f' class={kind}' if kind else ''}>{escaped(text)}</td>"


def plots(drawings: Iterable[tuple[str, str]]) -> str:
    """Pairs of caption and SVG, side by side where there is room."""
    return f'<div class="plots">{"".join(figure(*drawing) for drawing in drawings)}</div>\n'


def figure(caption: str, svg: str) -> str:
    """A drawing in the page's colours."""
    for colour, name in ((BLUE, "blue"), (ORANGE, "orange")):
        svg = svg.replace(colour, f"var(--{name})")
    return f"<figure>{svg}<figcaption>{escaped(caption)}</figcaption></figure>\n"


def beside(*parts: str) -> str:
    """Side by side where there is room."""
    return f'<div class="beside">{"".join(parts)}</div>\n'


def section(title: str, *parts: str) -> str:
    return f"<section><h2>{escaped(title)}</h2>\n{''.join(parts)}</section>\n"


def heading(text: str) -> str:
    return f"<h3>{escaped(text)}</h3>\n"


def paragraph(text: str) -> str:
    return f'<p class="soft">{escaped(text)}</p>\n'


def page(title: str, *parts: str) -> str:
    shown = html.escape(cleaned(title))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{shown}</title>\n<style>{STYLE}</style></head>\n"
        f"<body><h1><bdi>{shown}</bdi></h1>\n{''.join(parts)}</body></html>\n"
    )


def share(ratio: float) -> str:
    """As a percentage; a little more than nothing is not told as nothing."""
    return "<0.1%" if 0.0 < ratio < _ROUNDED_TO_NOTHING else f"{ratio:.1%}"


def points(difference: float) -> str:
    """A difference of ratios in points, with its sign."""
    return f"{100 * difference:+.2f}"


def ends(shown: Callable[[float], str], lower: float | None, upper: float | None) -> str:
    """The ends of an interval; nothing where there is none."""
    return "" if lower is None or upper is None else f"{shown(lower)} to {shown(upper)}"
