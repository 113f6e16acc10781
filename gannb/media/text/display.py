"""Grids of sentences: as parts of a page, with the words marked in which two differ, and as figures.

Everything of a sentence is escaped. Each stands in an element of its own direction (`bdi`), as do the names of classes,
so that scripts from right to left are shown as they are read and disturb nothing beside them.
"""

from __future__ import annotations

import difflib
import re
import textwrap
from collections.abc import Sequence

from markupsafe import Markup, escape
from matplotlib.axes import Axes

from gannb.data.medium import Cell, Grid
from gannb.media.text.tokens import spans
from gannb.utils.figures import new_axes, short

COLUMN = 34  # characters of a line in a figure
LINE, LEAST_WIDTH = 0.17, 2.6  # inches: height of a line, width of a column
MARK = '<mark style="background:#fde68a;color:#1f2937;border-radius:2px;padding:0 .1em">'
CELL = (
    "padding:.35em .6em;text-align:start;vertical-align:top;border-top:1px solid #cbd5e1;min-width:8em;"
    "overflow-wrap:anywhere"
)
TABLE = "border-collapse:collapse;font-size:.92em;width:100%"
TD = '<td style="{}">{}</td>'
LINE_OF = "margin:.15em 0 .55em"
NOTE = "display:block;font-size:.85em;opacity:.75"


def html(grid: Grid) -> str:
    """Return a grid as a table: a row's name, then its sentences.

    Sentences of a column that has a name stand below each other; of those that belong together without one, as a made
    sentence and its neighbour, each set has a line of its own, and the words are marked in which they differ.
    """
    head = ""
    if grid.columns:
        names = Markup("").join(Markup('<th scope="col" style="{}">{}</th>').format(CELL, n) for n in grid.columns)
        head = Markup("<thead><tr><td></td>{}</tr></thead>").format(names)
    lines = _stacked if grid.columns else _beside
    rows = Markup("").join(
        lines(name, [cells[i : i + grid.together] for i in range(0, len(cells), grid.together)])
        for name, cells in zip(grid.rows, grid.cells, strict=False)
    )
    below = Markup("<p>{}</p>").format(grid.below) if grid.below else ""
    wrapped = Markup('<div style="overflow-x:auto"><table style="{}">{}<tbody>{}</tbody></table></div>{}')
    return str(wrapped.format(TABLE, head, rows, below))


def _stacked(name: str, sets: Sequence[Sequence[Cell]]) -> Markup:
    """Return one line of a table: the sentences of each set below each other."""
    heading = Markup('<th scope="row" style="{}"><bdi>{}</bdi></th>').format(CELL, _breakable(name))
    parts = [Markup("").join(_sentence(cell, None) for cell in each) for each in sets]
    return Markup("<tr>{}{}</tr>").format(heading, Markup("").join(Markup(TD).format(CELL, part) for part in parts))


def _beside(name: str, sets: Sequence[Sequence[Cell]]) -> Markup:
    """Return a line of a table for each set; its first sentence, and those it is beside, with their differences."""
    heading = Markup('<th scope="row" rowspan="{}" style="{}"><bdi>{}</bdi></th>').format(
        len(sets), CELL, _breakable(name)
    )
    lines = []
    for number, each in enumerate(sets):
        cells = [Markup(TD).format(CELL, _sentence(cell, each[0])) for cell in each]
        lines.append(Markup("<tr>{}{}</tr>").format("" if number else heading, Markup("").join(cells)))
    return Markup("").join(lines)


def _breakable(name: str) -> Markup:
    """Return a class' name that a narrow column breaks between its words: `AddTo|Playlist`, `play_|music`."""
    return Markup("<wbr>").join(re.split(r"(?<=[a-z])(?=[A-Z])|(?<=[_-])(?=\w)", name))


def _sentence(cell: Cell, beside: Cell | None) -> Markup:
    """Return a sentence with its frame and note; beside another one, with the words marked that this has not."""
    if cell.item is None:
        return Markup("")
    text = str(cell.item)
    other = "" if beside is None or beside is cell or beside.item is None else str(beside.item)
    content = differing(text, other) if other else escape(text)
    note = Markup('<small style="{}">{}</small>').format(NOTE, cell.note) if cell.note else ""
    frame = f";border-inline-start:4px solid {cell.frame};padding-inline-start:.5em" if cell.frame else ""
    return Markup('<div style="{}{}"><bdi dir="auto">{}</bdi>{}</div>').format(LINE_OF, frame, content, note)


def differing(text: str, other: str) -> Markup:
    """Return a sentence, escaped, with the words marked that it has not in common with another, in order."""
    places, words = spans(text), [text[a:b].lower() for a, b in spans(text)]
    theirs = [other[a:b].lower() for a, b in spans(other)]
    matcher = difflib.SequenceMatcher(None, theirs, words, autojunk=False)
    parts, at = Markup(""), 0
    for kind, _, _, first, last in matcher.get_opcodes():
        if kind in ("equal", "delete") or first == last:
            continue
        start, end = places[first][0], places[last - 1][1]
        parts += escape(text[at:start]) + Markup(MARK) + escape(text[start:end]) + Markup("</mark>")
        at = end
    return parts + escape(text[at:])


def draw(grid: Grid, ax: Axes | None = None) -> Axes:
    """Draw a grid of sentences, each broken into short lines; see `gannb.data.medium.Medium.grid`."""
    columns = max(map(len, grid.cells))
    texts = [[_lines(cell) for cell in row] for row in grid.cells]
    heights = [1 + max((text.count("\n") + 1 for text in row), default=1) for row in texts]
    ax = ax or new_axes(1.6 + LEAST_WIDTH * columns, 0.6 + LINE * sum(heights))
    tops = [sum(heights[:r]) for r in range(len(heights))]
    for top, row, cells in zip(tops, texts, grid.cells, strict=True):
        for c, (text, cell) in enumerate(zip(row, cells, strict=True)):
            ax.text(c, top + 0.4, text, fontsize=8, va="top", parse_math=False, color=cell.frame or "black")
    ax.set_xlim(-0.05, columns)
    ax.set_ylim(sum(heights), 0)
    ax.set_yticks([top + 0.9 for top in tops], [short(str(name)) for name in grid.rows], parse_math=False)
    ax.set_xticks([c * grid.together for c in range(len(grid.columns))], grid.columns, parse_math=False, ha="left")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def _lines(cell: Cell) -> str:
    if cell.item is None:
        return ""
    lines = textwrap.wrap(str(cell.item), COLUMN)
    return "\n".join([*lines, f"[{cell.note}]"] if cell.note else lines)
