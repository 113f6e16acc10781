"""Grids of images as figures.

The images of a grid are put together into one mosaic, so that hundreds of them are still one Axes and one small file.
"""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from gannb.data.medium import Cell, Grid
from gannb.utils.figures import new_axes, short

SMOOTH_FROM = 64  # pixels a side from which images are smoothed when drawn; smaller ones show their pixels
LARGE_FROM = 32  # pixels a side from which images with notes are drawn larger
MOST_PIXELS = 128  # a side of one image in a grid
USUAL, WITH_NOTES, LARGE_WITH_NOTES = 0.53, 0.45, 0.65  # height of an image in inches
WHITE = 255


def draw(grid: Grid, ax: Axes | None = None) -> Axes:
    """Draw a grid of images (H, W, C) uint8, all of one shape; see `gannb.data.medium.Medium.grid`."""
    places = Places.of(grid)
    ax = ax or new_axes(*_size(grid, places))
    image = mosaic(grid, places)
    smooth = "antialiased" if min(places.height, places.width) >= SMOOTH_FROM else "nearest"
    ax.imshow(image, cmap="gray", vmin=0, vmax=WHITE, interpolation=smooth)
    middles = [places.top(r) + (places.height - 1) / 2 for r in range(len(grid.rows))]
    ax.set_yticks(middles, _names(grid), parse_math=False)
    ax.set_xticks([places.middle(c * grid.together) for c in range(len(grid.columns))], grid.columns, parse_math=False)
    ax.set_anchor("E")  # what is left of the width is for the names
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    for r, row in enumerate(grid.cells):
        for c, cell in enumerate(row):
            _mark(ax, places, (r, c), cell)
    return ax


def _names(grid: Grid) -> list[str]:
    """The rows' names, cut off line by line."""
    return ["\n".join(map(short, str(name).split("\n"))) for name in grid.rows]


def _size(grid: Grid, places: Places) -> tuple[float, float]:
    """Return width and height of a figure in inches."""
    usual = USUAL
    if places.below:
        usual = WITH_NOTES if places.height < LARGE_FROM else LARGE_WITH_NOTES
    inches = grid.zoom * usual / places.height  # of a pixel
    height, width = places.mosaic(grid)
    longest = max(len(line) for name in _names(grid) for line in name.split("\n"))
    return 0.5 + 0.12 * longest + width * inches, 0.6 + height * inches


def _mark(ax: Axes, places: Places, place: tuple[int, int], cell: Cell) -> None:
    """Draw a cell's frame and write its note."""
    top, left = places.top(place[0]), places.left(place[1])
    if cell.frame:
        corner, size = (left - 0.5, top - 0.5), (places.width, places.height)
        ax.add_patch(plt.Rectangle(corner, *size, fill=False, edgecolor=cell.frame, linewidth=1.6))
    if cell.note:
        below = places.middle(place[1]), top + places.height - 0.5
        ax.annotate(
            cell.note, below, (0, -3), textcoords="offset points", ha="center", va="top", fontsize=9, parse_math=False
        )


@dataclass(frozen=True)
class Places:
    """Where the images of a grid stand, in pixels of its mosaic."""

    height: int  # of an image, as it is drawn
    width: int
    together: int
    gap: int  # between images
    apart: int  # further room between images that do not belong together
    below: int  # further room below a row, for notes

    @classmethod
    def of(cls, grid: Grid) -> Places:
        """Return the places of a grid."""
        height, width = next(
            thinned(cell.item).shape[:2] for row in grid.cells for cell in row if cell.item is not None
        )
        noted = any(cell.note for row in grid.cells for cell in row)
        apart = max(2, width // 2) if grid.together > 1 else 0
        gap = max(1, min(height, width) // 10)
        return cls(height, width, grid.together, gap, apart, max(3, round(0.3 * height)) if noted else 0)

    def top(self, row: int) -> int:
        """The first line of a row."""
        return row * (self.height + self.gap + self.below)

    def left(self, column: int) -> int:
        """The first column of pixels of an image."""
        return column * (self.width + self.gap) + column // self.together * self.apart

    def middle(self, column: int) -> float:
        """The middle of the images that belong together with the one of a column."""
        first = column // self.together * self.together
        return (self.left(first) + self.left(first + self.together - 1) + self.width - 1) / 2

    def mosaic(self, grid: Grid) -> tuple[int, int]:
        """Height and width of the whole, with a gap, and room for notes, at its end."""
        columns = max(map(len, grid.cells))
        return self.top(len(grid.cells)), self.left(columns - 1) + self.width + self.gap


def mosaic(grid: Grid, places: Places) -> np.ndarray:
    """Return the images of a grid as one, (H, W) or (H, W, 3) uint8, white where there is none."""
    channels = next(cell.item.shape[2] for row in grid.cells for cell in row if cell.item is not None)
    whole = np.full((*places.mosaic(grid), channels), WHITE, np.uint8)
    for r, row in enumerate(grid.cells):
        for c, cell in enumerate(row):
            if cell.item is not None:
                top, left = places.top(r), places.left(c)
                whole[top : top + places.height, left : left + places.width] = thinned(cell.item)
    return whole[..., 0] if channels == 1 else whole


def thinned(x: np.ndarray) -> np.ndarray:
    """Return an image (H, W, C) with a side of at most `MOST_PIXELS`, by leaving out pixels."""
    step = -(-max(x.shape[:2]) // MOST_PIXELS)
    return x[::step, ::step]
