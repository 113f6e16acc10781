"""Figures of images: grids, progress, neighbours, suspects and walks.

Images are put together into one mosaic, so that a grid of hundreds is still one Axes and one small file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from gannb.utils.figures import new_axes, short

if TYPE_CHECKING:
    pass

SMOOTH_FROM = 64  # pixels a side from which images are smoothed when drawn; smaller ones show their pixels
MOST_PIXELS = 128  # a side of one image in a grid


# ---- mosaics ----


def draw_cells(
    cells: np.ndarray,
    names: Sequence[str],
    ax: Axes | None,
    cell: float = 0.58,
    gap: int | None = None,
    centre: float | None = None,
) -> Axes:
    """Draw (rows, columns, H, W, C) uint8 as one picture with a name per row.

    cell: a row's height in inches; gap: pixels between images; centre: of a row's name, in pixels from its top.
    """
    rows, columns, side = *cells.shape[:2], min(cells.shape[2:4])
    space = gap_of(cells.shape[2:]) if gap is None else gap
    padded = np.pad(cells, ((0, 0), (0, 0), (0, space), (0, space), (0, 0)), constant_values=255)
    height, width, channels = padded.shape[2:]
    mosaic = padded.swapaxes(1, 2).reshape(rows * height, columns * width, channels)
    names = [short(str(name)) for name in names]
    ax = ax or new_axes(0.5 + 0.12 * max(map(len, names)) + columns * cell * width / height, 0.6 + rows * cell)
    mosaic = mosaic[..., 0] if channels == 1 else mosaic
    smooth = "antialiased" if side >= SMOOTH_FROM else "nearest"
    ax.imshow(mosaic, cmap="gray", vmin=0, vmax=255, interpolation=smooth)
    middles = np.arange(rows) * height + ((height - space) / 2 if centre is None else centre) - 0.5
    ax.set_yticks(middles, names, parse_math=False)
    ax.set_xticks([])
    ax.set_anchor("E")  # what is left of the width is for the names
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def thinned(x: np.ndarray) -> np.ndarray:
    """Return images (N, H, W, C) with a side of at most `MOST_PIXELS`, by leaving out pixels."""
    step = -(-max(x.shape[1:3]) // MOST_PIXELS)
    return x[:, ::step, ::step]


def gap_of(shape: Sequence[int]) -> int:
    return max(1, min(shape[:2]) // 10)


def places_by_class(y: np.ndarray, rows: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return (row, column, item) of the items, where a row holds the items of one class."""
    return [(r, c, i) for r, k in enumerate(rows) for c, i in enumerate(np.flatnonzero(y == k))]


def note_below(ax: Axes, place: tuple[float, float], text: str) -> None:
    """Write a number below an image, its middle at a place in pixels."""
    ax.annotate(text, place, (0, -3), textcoords="offset points", ha="center", va="top", fontsize=9)
