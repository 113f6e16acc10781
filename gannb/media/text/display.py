"""Grids of sentences: as parts of a page, with the words marked in which two differ, and as figures.

Everything of a sentence is escaped. Each stands in an element of its own direction (`dir="auto"`), so that scripts from
right to left are shown as they are read and disturb nothing beside them.
"""

from __future__ import annotations

import difflib
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
CELL = "padding:.35em .6em;text-align:start;vertical-align:top;border-top:1px solid #cbd5e1;min-width:9em"
TABLE = "border-collapse:collapse;font-size:.92em;width:100%"
NOTE = "display:block;font-size:.85em;opacity:.75"


def html(grid: Grid) -> str:
    """Return a grid as a table: a row's name, then its sentences; of two that belong together the differing words."""
    head = ""
    if grid.columns:
        names = Markup("").join(
            Markup('<th scope="col" colspan="{}" style="{}">{}</th>').format(grid.together, CELL, name)
            for name in grid.columns
        )
        head = Markup("<thead><tr><td></td>{}</tr></thead>").format(names)
    rows = Markup("").join(_row(grid, name, cells) for name, cells in zip(grid.rows, grid.cells, strict=False))
    below = Markup("<p>{}</p>").format(grid.below) if grid.below else ""
    wrapped = Markup('<div style="overflow-x:auto"><table style="{}">{}<tbody>{}</tbody></table></div>{}')
    return str(wrapped.format(TABLE, head, rows, below))


def _row(grid: Grid, name: str, cells: Sequence[Cell]) -> Markup:
    """Return a row; where several of what belongs together stand in it, each set has a line of its own."""
    sets = [cells[i : i + grid.together] for i in range(0, len(cells), grid.together)]
    if grid.columns or grid.together == 1:  # the columns have a meaning, or every sentence stands for itself
        sets = [list(cells)]
    lines = []
    for number, each in enumerate(sets):
        heading = Markup('<th scope="row" rowspan="{}" style="{}" dir="auto">{}</th>').format(len(sets), CELL, name)
        marked = [_cell(cell, each[0] if grid.together > 1 and not grid.columns else None) for cell in each]
        lines.append(Markup("<tr>{}{}</tr>").format(heading if number == 0 else "", Markup("").join(marked)))
    return Markup("").join(lines)


def _cell(cell: Cell, beside: Cell | None) -> Markup:
    """Return a sentence; beside another one, the words that only one of the two has are marked."""
    if cell.item is None:
        return Markup('<td style="{}"></td>').format(CELL)
    text = str(cell.item)
    other = "" if beside is None or beside is cell or beside.item is None else str(beside.item)
    content = differing(text, other) if other else escape(text)
    note = Markup('<small style="{}">{}</small>').format(NOTE, cell.note) if cell.note else ""
    frame = f";border-inline-start:4px solid {cell.frame}" if cell.frame else ""
    return Markup('<td style="{}{}"><bdi dir="auto">{}</bdi>{}</td>').format(CELL, frame, content, note)


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
