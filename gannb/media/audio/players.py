"""Grids of clips as HTML: each clip's log-mel picture with its axes, and a player that needs no network."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from itertools import groupby

import numpy as np
from PIL import Image

from gannb.data.medium import Cell, Grid
from gannb.media.audio import display
from gannb.media.audio.export import compressed
from gannb.media.audio.scale import Scale

WIDEST, NARROWEST, HEIGHT = 104, 56, 72  # of a picture on the page, in pixels; as many fit beside each other
SHADES = 40  # of a picture: fewer make smaller files
# without a menu, a player of 70 pixels has room for its button; zoomed to .8 it takes 56
PLAYER = 'controls controlslist="nodownload noplaybackrate" preload="none"'
MOST_SOUND = 400_000  # characters of sound in a grid: a page of four stays below 3 MB, however long clips are
STYLE = (
    """\
<style>
.clips { overflow-x: auto; margin: 0; container-type: inline-size; }
.clips table { border-collapse: collapse; width: auto; font-size: .8rem; line-height: 1.2; --w: clamp(\
NARROWESTpx, calc((100cqi - 3.4rem - var(--gaps)) / var(--columns) - 4px), WIDESTpx); }
.clips table tr { background: none; }
.clips table td { border: 0; text-align: left; padding: 0 2px 8px; vertical-align: top; }
.clips table thead th { border: 0; text-align: center; font-weight: normal; padding: 0 2px; }
.clips table tbody th { border: 0; text-align: left; padding: 4px 2px; }
.clips table .apart { padding-left: 14px; }
.clips img { display: block; width: var(--w); height: HEIGHTpx; box-sizing: border-box; }
.clips audio { display: block; zoom: .8; width: calc(var(--w) / .8); height: 36px; }
.clips .s { display: flex; justify-content: space-between; font-size: .65rem; opacity: .8; }
.clips .hz { position: relative; width: 2.8rem; height: HEIGHTpx; font-size: .65rem; opacity: .8; }
.clips .hz span { position: absolute; right: 2px; transform: translateY(-50%); white-space: nowrap; }
</style>""".replace("WIDEST", str(WIDEST))
    .replace("NARROWEST", str(NARROWEST))
    .replace("HEIGHT", str(HEIGHT))
)


def html(grid: Grid, rate: int) -> str:
    """A grid of clips (T,) int16 as a table of pictures and players; see `gannb.data.medium.Medium.html`.

    A player loads nothing before it is asked to play: browsers take few that are ready at once.
    """
    samples = next((len(cell.item) for row in grid.cells for cell in row if cell.item is not None), 0)
    if not samples:
        return ""
    scale = Scale(rate, samples)
    sounds, silent = _sounds(grid, rate)
    rows = zip(grid.rows, grid.cells, sounds, strict=False)
    body = "".join(_row(str(name), cells, heard, grid.together, scale) for name, cells, heard in rows)
    title = f"<p>{escape(grid.title)}</p>" if grid.title else ""
    below = f"<p>Columns: {escape(grid.below)}.</p>" if grid.below else ""
    if silent:
        have = "clip has" if silent == 1 else "clips have"
        below += f"<p>{silent:,} {have} no player here, which keeps the page small.</p>"
    columns = max(map(len, grid.cells))
    gaps = 12 * (columns // grid.together) if grid.together > 1 else 0
    table = f'<table style="--columns: {columns}; --gaps: {gaps}px">{_head(grid)}<tbody>{body}</tbody></table>'
    return f'<div class="clips">{STYLE}{title}{table}{below}</div>'


def _sounds(grid: Grid, rate: int) -> tuple[list[list[str]], int]:
    """The clips' sounds in base64, place by place, "" where there is none; and how many had to be left out.

    Those on the left are kept before those on the right, and what belongs together is kept together.
    """
    sounds = [[""] * len(row) for row in grid.cells]
    places = [(c // grid.together, r, c) for r, row in enumerate(grid.cells) for c in range(len(row))]
    spent, left_out = 0, 0
    for _, group in groupby(sorted(places), key=lambda place: place[:2]):
        inside = [(r, c) for _, r, c in group if grid.cells[r][c].item is not None]
        if spent <= MOST_SOUND:  # else all that follow are left out as well
            encoded = [b64encode(compressed(grid.cells[r][c].item, rate)).decode() for r, c in inside]
            spent += sum(map(len, encoded))
        if spent > MOST_SOUND:
            left_out += len(inside)
            continue
        for (r, c), sound in zip(inside, encoded, strict=True):
            sounds[r][c] = sound
    return sounds, left_out


def _head(grid: Grid) -> str:
    if not grid.columns:
        return ""
    names = "".join(
        f'<th scope="colgroup" colspan="{grid.together}"{_apart(c * grid.together, grid.together)}>{escape(name)}</th>'
        for c, name in enumerate(grid.columns)
    )
    return f"<thead><tr><td></td>{names}</tr></thead>"


def _row(name: str, cells: Sequence[Cell], sounds: Sequence[str], together: int, scale: Scale) -> str:
    """Two rows of the table: a name; and the scale of frequencies and the clips."""
    marks = "".join(
        f'<span style="top: {100 * height:.0f}%">{mark}</span>' for mark, height in display.marks(scale).items()
    )
    places = "".join(
        f"<td{_apart(c, together)}>{_clip(cell, sound, f'{name}, {c + 1}', scale)}</td>"
        for c, (cell, sound) in enumerate(zip(cells, sounds, strict=True))
    )
    head = f'<tr><th colspan="{len(cells) + 1}" scope="rowgroup">{escape(name)}</th></tr>'
    return f'{head}<tr><td><div class="hz">{marks}</div></td>{places}</tr>'


def _apart(column: int, together: int) -> str:
    return ' class="apart"' if together > 1 and column and column % together == 0 else ""


def _clip(cell: Cell, sound: str, name: str, scale: Scale) -> str:
    """A clip's picture, seconds, player and note; nothing for an empty place. sound: base64."""
    if cell.item is None:
        return ""
    frame = f' style="border: 2px solid {cell.frame}"' if cell.frame else ""
    image = b64encode(_png(display.levels(cell.item, scale.rate))).decode()
    source = f'src="data:audio/mpeg;base64,{sound}"'
    player = f'<audio {PLAYER} aria-label="{escape(name)}" {source}></audio>' if sound else ""
    note = f"<div>{escape(cell.note)}</div>" if cell.note else ""
    return (
        f'<img src="data:image/png;base64,{image}" alt=""{frame}>'
        f'<div class="s"><span>0</span><span>{scale.samples / scale.rate:.3g} s</span></div>{player}{note}'
    )


def _png(picture: np.ndarray) -> bytes:
    """A picture (H, W) uint8 in its colours as a PNG of few shades."""
    shades = np.rint(picture / 255 * (SHADES - 1)).astype(np.uint8)
    image = Image.fromarray(shades, "P")
    image.putpalette(display.coloured(np.linspace(0, 255, SHADES).astype(np.uint8)[None])[0].tobytes())
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
