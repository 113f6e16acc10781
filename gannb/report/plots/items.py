"""Grids that show items: real, synthetic, side by side. Each is put together here, and drawn by the medium."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from gannb.data.medium import Cell, Grid
from gannb.utils.figures import BLUE, MOST_ROWS, RED, STYLE, new_axes, say, set_title, short, title_text

if TYPE_CHECKING:
    from gannb.analysis.interpolations import Interpolations
    from gannb.data.examples import Examples
    from gannb.data.medium import Medium

MOST_MOMENTS = 8  # of a training
EMPTY = Cell(None)


@mpl.rc_context(STYLE)
def show(medium: Medium, grid: Grid, ax: Axes | None = None) -> Axes:
    """Draw a grid of a medium's items; one without any gives empty Axes that say so."""
    if not any(cell.item is not None for row in grid.cells for cell in row):
        return say(ax or new_axes(5.2, 1.2), f"There are no such {medium.nouns.many}.")
    ax = medium.grid(grid, ax)
    if grid.below:
        ax.set_xlabel(grid.below)
    elif grid.columns:
        ax.xaxis.tick_top()
    return set_title(ax, grid.title)


def class_grid(examples: Examples, per_class: int = 8, title: str = "") -> Grid:
    """Return the first items of each class, a row per class; of more than 12 classes the first 12, says the title."""
    shown = range(min(examples.n_classes, MOST_ROWS))
    cells = [_first_of(examples, k, per_class) for k in shown]
    return Grid(cells, examples.classes[:MOST_ROWS], title=title_text(title, len(shown), examples.n_classes))


def samples(real: Examples, made: Examples, each: int = 3) -> Grid:
    """Return the first real items of each class beside the first made ones, a row per class; of more than 12 the first.

    A class without items on a side has empty places there.
    """
    shown = min(real.n_classes, MOST_ROWS)
    cells = [[cell for side in (real, made) for cell in _filled(_first_of(side, k, each), each)] for k in range(shown)]
    return Grid(
        cells, real.classes[:shown], together=each, columns=("real", "made by the GAN"),
        zoom=float(np.clip(6.2 / shown, 0.72, 1.2)), title=title_text("", shown, real.n_classes),
    )  # fmt: skip


def samples_over_time(grids: np.ndarray, steps: Sequence[int], classes: Sequence[str], title: str = "") -> Grid:
    """Return one sample per class as training goes on, always from the same noise.

    grids: (T, K, columns, *item), of which the first column is shown; steps: (T,). A row is a class, a column a moment;
    at most eight moments, first and last among them.
    """
    moments = np.unique(np.linspace(0, len(steps) - 1, min(MOST_MOMENTS, len(steps))).round().astype(int))
    shown = min(len(classes), grids.shape[1], MOST_ROWS)
    return Grid(
        [[Cell(grids[i, k, 0]) for i in moments] for k in range(shown)], classes[:shown],
        columns=[f"{steps[i]:,}" for i in moments], below="training steps",
        title=title_text(title, shown, len(classes)),
    )  # fmt: skip


def neighbours(
    synthetic: np.ndarray,
    nearest: np.ndarray,
    distance: np.ndarray,
    y: np.ndarray,
    classes: Sequence[str],
    title: str = "",
    copied: np.ndarray | None = None,
) -> Grid:
    """Return generated items (left, framed) beside the real training item nearest to each, a row per class.

    synthetic, nearest: (M, *item); distance: (M,), written below each pair; y: (M,) labels in 0..K-1.
    copied: (M,) bool, which of them may be copies; the frames of the others are then blue.
    """
    present = [k for k in range(len(classes)) if np.any(y == k)]

    def pair(i: int) -> tuple[Cell, Cell]:
        may_be_copy = copied is not None and copied[i]
        colour = RED if copied is None or may_be_copy else BLUE
        note = f"{distance[i]:.2f}" + (" copy?" if may_be_copy else "")
        return Cell(synthetic[i], colour, note), Cell(nearest[i])

    cells = [[cell for i in np.flatnonzero(y == k) for cell in pair(i)] for k in present[:MOST_ROWS]]
    rows = [classes[k] for k in present[:MOST_ROWS]]
    return Grid(cells, rows, together=2, title=title_text(title, len(rows), len(present)))


def suspects(pairs: Sequence[Mapping[str, Any]], title: str = "") -> Grid:
    """Return the most suspicious items (framed), the training item nearest to each, and the nearest held-out real one.

    pairs: what `tables.suspects` returns, by feature space a row; below each how far it is from the training item, as
    a share of its distance to the held-out one.
    """
    spaces = list(dict.fromkeys(pair["features"] for pair in pairs))
    cells = [[cell for pair in pairs if pair["features"] == space for cell in _suspect(pair)] for space in spaces]
    return Grid(cells, spaces, together=3, zoom=1.15, title=title)


def _suspect(pair: Mapping[str, Any]) -> list[Cell]:
    return [Cell(pair["made"], RED, f"{pair['suspicion']:.2f}"), Cell(pair["training"]), Cell(pair["held_out"])]


def interpolations(found: Interpolations, title: str = "") -> Grid:
    """Return walks through a GAN's noise: frames, the real item nearest to each, and the blends of the two ends.

    Below frames and blends stands what the measuring classifier gives their class, in percent.
    """
    cells, rows = [], []
    for s, name in enumerate(found.classes):
        cells += [_sure(found.latent[s], found.sure[s]), [Cell(x) for x in found.real[s]]]
        rows += [f"{short(name, 14)}: GAN", "nearest real"]
        if found.blends is not None:
            cells += [_sure(found.blends[s], found.sure_of_blends[s])]
            rows += ["blend of the ends"]
    return Grid(cells, rows, title=title)


def _sure(items: np.ndarray, confidence: np.ndarray) -> list[Cell]:
    return [Cell(x, note=f"{100 * p:.0f}") for x, p in zip(items, confidence, strict=True)]


def _first_of(examples: Examples, k: int, most: int) -> list[Cell]:
    """Return the first items of a class."""
    return [Cell(x) for x in examples.x[np.flatnonzero(examples.y == k)[:most]]]


def _filled(cells: list[Cell], to: int) -> list[Cell]:
    return cells + [EMPTY] * (to - len(cells))
