"""Grids of clips as figures: their log-mel pictures, low frequencies below, and one scale of Hz and seconds for all."""

from __future__ import annotations

from dataclasses import replace

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from gannb.data.medium import Grid
from gannb.media.audio.scale import Scale
from gannb.media.image import display as of_images
from gannb.utils.figures import SOFT

COLOURS = mpl.colormaps["magma"]
MOST_COLUMNS = 128  # of a picture in a grid; of more the loudest of several stands for them
LARGER = 1.3  # than small images are drawn
MARKS = (16_000, 8_000, 4_000, 2_000, 1_000, 500, 200, 100)  # Hz, that a scale may name
APART = 0.18  # of a picture's height, at least, between two of them
BELOW, BELOW_NOTES = -3, -16  # points under a picture, where seconds stand


def draw(grid: Grid, rate: int, ax: Axes | None = None) -> Axes:
    """Draw a grid of clips (T,) int16, all of one length; see `gannb.data.medium.Medium.grid`."""
    shown = pictured(grid, rate)
    ax = of_images.draw(shown, ax)
    places = of_images.Places.of(shown)
    scale = Scale(rate, next(len(cell.item) for row in grid.cells for cell in row if cell.item is not None))
    _write_frequencies(ax, places, shown, scale)
    _write_seconds(ax, places, shown, scale)
    return ax


def pictured(grid: Grid, rate: int) -> Grid:
    """A grid of clips as one of their pictures (H, W, 3) uint8."""
    cells = [[replace(cell, item=_picture(cell.item, rate)) for cell in row] for row in grid.cells]
    return replace(grid, cells=cells, zoom=LARGER * grid.zoom)


def _picture(item: np.ndarray | None, rate: int) -> np.ndarray | None:
    return None if item is None else coloured(levels(item, rate))


def levels(item: np.ndarray, rate: int) -> np.ndarray:
    """The picture of a clip (T,), (H, W) uint8 with the highest band first and at most `MOST_COLUMNS`."""
    from gannb.media.audio.logmel import LogMel  # takes torch

    found = LogMel(rate, len(item)).pictures(item[None])[0, ::-1]
    step = -(-found.shape[1] // MOST_COLUMNS)
    return np.maximum.reduceat(found, np.arange(0, found.shape[1], step), axis=1)


def coloured(picture: np.ndarray) -> np.ndarray:
    """(H, W) uint8 -> (H, W, 3) uint8, from black over red to a bright yellow."""
    return (255 * COLOURS(picture)[..., :3]).round().astype(np.uint8)


def marks(scale: Scale) -> dict[str, float]:
    """The frequencies that a scale names, `1 kHz`, and where they lie in a picture: 0 is its upper end, 1 its lower."""
    bands, found = scale.frequencies, {}
    for mark in MARKS:
        height = 1 - (np.interp(mark, bands, np.arange(len(bands))) + 0.5) / len(bands)
        if bands[0] <= mark <= bands[-1] and all(abs(height - other) >= APART for other in found.values()):
            found[f"{mark / 1000:g} kHz" if mark >= 1000 else f"{mark} Hz"] = float(height)
    return found


def _write_frequencies(ax: Axes, places: of_images.Places, grid: Grid, scale: Scale) -> None:
    """Write the scale of frequencies beside the last picture of the first row."""
    right = places.left(len(grid.cells[0]) - 1) + places.width - 0.5
    for mark, height in marks(scale).items():
        y = places.top(0) - 0.5 + places.height * height
        ax.annotate(
            f"– {mark}", (right, y), (1, 0), textcoords="offset points", va="center", fontsize=7, color=SOFT,
            annotation_clip=False,
        )  # fmt: skip


def _write_seconds(ax: Axes, places: of_images.Places, grid: Grid, scale: Scale) -> None:
    """Write the seconds at which a picture begins and ends below the last one of the last row."""
    row = len(grid.cells) - 1
    column, noted = len(grid.cells[row]) - 1, any(cell.note for cell in grid.cells[row])
    left, bottom = places.left(column) - 0.5, places.top(row) + places.height - 0.5
    for x, side, text in ((left, "left", "0"), (left + places.width, "right", f"{scale.samples / scale.rate:g} s")):
        ax.annotate(
            text, (x, bottom), (0, BELOW_NOTES if noted else BELOW), textcoords="offset points", ha=side, va="top",
            fontsize=7, color=SOFT, annotation_clip=False,
        )  # fmt: skip
    if grid.below:
        ax.tick_params(axis="x", pad=14)
