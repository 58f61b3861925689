"""A self-contained page: text escaped, tables, one style sheet, no script and no address.

Whatever comes from questions or names passes through ``escaped``. Light and dark follow
the reader's setting; tables scroll by themselves on a narrow screen.

Source: https://html.spec.whatwg.org/multipage/
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import Final

# What HTML and XML forbid as characters, and lone surrogates, which UTF-8 cannot write.
_FORBIDDEN: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d2329; --paper: #fff; --soft: #5c6670;
  --line: #d6dbe0; --band: #f4f6f8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --paper: #15191d;
  --soft: #9aa5b0; --line: #353d45; --band: #1d2329; } }
body { margin: 0 auto; max-width: 62rem; padding: 1.2rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
p.soft, td.soft, figcaption { color: var(--soft); font-size: .9rem; }
.scroll { overflow-x: auto; }
.plots { margin: 1rem 0; display: flex; flex-wrap: wrap; gap: 1.5rem; }
figure { margin: 0; flex: 1 1 20rem; min-width: 0; max-width: 36rem; }
svg { width: 100%; height: auto; color: var(--ink); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .7rem; text-align: left; border-bottom: 1px solid var(--line);
  overflow-wrap: normal; vertical-align: top; }
th { font-size: .85rem; color: var(--soft); } tr:nth-child(even) td { background: var(--band); }
td.n { white-space: nowrap; }
pre { white-space: pre-wrap; font-size: .85rem; margin: .3rem 0; }
"""


def cleaned(text: str) -> str:
    """``text`` with every character that a document may not hold as U+FFFD."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


def escaped(text: object) -> str:
    """As text inside an element, isolated: right-to-left text turns nothing around it."""
    return f"<bdi>{html.escape(cleaned(str(text)))}</bdi>"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f"<th>{escaped(name)}</th>" for name in columns)
    body = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>\n" for row in rows)
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{body}</tbody></table></div>\n"
    )


def _cell(value: object) -> str:
    """Numbers and their intervals stay on one line; the table scrolls."""
    number = re.match(r"[+-]?\d", str(value)) is not None
    return f"<td{' class=n' * number}>{escaped(value)}</td>"


def plots(drawings: Iterable[tuple[str, str]]) -> str:
    """Pairs of caption and SVG, side by side where there is room."""
    inside = "".join(
        f"<figure>{svg}<figcaption>{escaped(caption)}</figcaption></figure>\n"
        for caption, svg in drawings
    )
    return f'<div class="plots">{inside}</div>\n'


def section(title: str, *parts: str) -> str:
    return f"<section><h2>{escaped(title)}</h2>\n{''.join(parts)}</section>\n"


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


def share(estimate: float, lower: float, upper: float) -> str:
    return f"{estimate:.1%} ({lower:.1%} to {upper:.1%})"


def points(estimate: float, lower: float, upper: float) -> str:
    return f"{100 * estimate:+.2f} ({100 * lower:+.2f} to {100 * upper:+.2f})"
