"""Figures that show items: real, synthetic, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from gannb.utils.figures import BLUE, MOST_ROWS, RED, STYLE, new_axes, say, set_title, short

if TYPE_CHECKING:
    from gannb.analysis.interpolations import Interpolations
    from gannb.data.examples import Examples
from gannb.media.image.display import SMOOTH_FROM, draw_cells, gap_of, note_below, places_by_class, thinned


@mpl.rc_context(STYLE)
def class_grid(examples: Examples, per_class: int = 8, title: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw the first items of each class, a row per class; of more than 12 classes the first 12, says the title."""
    shown = min(examples.n_classes, MOST_ROWS)
    cells = _first_of_classes(examples, shown, max(1, min(per_class, int(examples.counts().max()))))
    ax = draw_cells(cells, examples.classes[:shown], ax)
    return set_title(ax, title, shown, examples.n_classes)


@mpl.rc_context(STYLE)
def samples(real: Examples, made: Examples, each: int = 3, ax: Axes | None = None) -> Axes:
    """Draw the first real items of each class beside the first made ones, a row per class; of more than 12 the first.

    A class without items on a side is left white there.
    """
    shown = min(real.n_classes, MOST_ROWS)
    sides = [_first_of_classes(examples, shown, each) for examples in (real, made)]
    cells = np.concatenate([sides[0], np.full_like(sides[0][:, :1], 255), sides[1]], axis=1)
    ax = draw_cells(cells, real.classes[:shown], ax, cell=np.clip(3.6 / shown, 0.42, 0.7))
    width = cells.shape[3] + gap_of(cells.shape[2:])
    ax.xaxis.tick_top()
    ax.set_xticks([width * each / 2, width * (each + 1 + each / 2)], ["real", "made by the GAN"])
    return set_title(ax, None, shown, real.n_classes)


@mpl.rc_context(STYLE)
def samples_over_time(
    grids: np.ndarray,
    steps: Sequence[int],
    classes: Sequence[str],
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one sample per class as training goes on, always from the same noise.

    grids: (T, K, columns, H, W, C) uint8, of which the first column is drawn; steps: (T,). A row is a class, a
    column a moment; at most eight moments, first and last among them.
    """
    moments = np.unique(np.linspace(0, len(steps) - 1, min(8, len(steps))).round().astype(int))
    shown = min(len(classes), grids.shape[1], MOST_ROWS)
    first = np.moveaxis(grids[moments, :shown, 0], 0, 1)  # (rows, moments, H, W, C)
    small = thinned(first.reshape(-1, *first.shape[2:]))
    ax = draw_cells(small.reshape(*first.shape[:2], *small.shape[1:]), classes[:shown], ax)
    width = small.shape[2]
    centres = np.arange(len(moments)) * (width + gap_of(small.shape[1:])) + (width - 1) / 2
    ax.set_xticks(centres, [f"{steps[i]:,}" for i in moments])
    ax.set_xlabel("training steps")
    return set_title(ax, title, shown, len(classes))


@mpl.rc_context(STYLE)
def neighbours(
    synthetic: np.ndarray,
    nearest: np.ndarray,
    distance: np.ndarray,
    y: np.ndarray,
    classes: Sequence[str],
    title: str | None = None,
    ax: Axes | None = None,
    copied: np.ndarray | None = None,
) -> Axes:
    """Draw generated images (left, framed) beside the real training image nearest to each, a row per class.

    synthetic, nearest: (M, H, W, C) uint8; distance: (M,), printed below each pair; y: (M,) labels in 0..K-1.
    copied: (M,) bool, which of them may be copies; the frames of the others are then blue.
    """
    synthetic, nearest = thinned(synthetic), thinned(nearest)
    shown = [k for k in range(len(classes)) if np.any(y == k)]
    rows = shown[:MOST_ROWS]
    per_class = max(int(np.sum(y == k)) for k in rows)
    height, width, channels = synthetic.shape[1:]
    gap = max(2, width // 8)
    space = (height + max(3, height // 3), 2 * width + gap + width // 2)  # of a pair with its number, in pixels
    cells = np.full((len(rows), per_class, *space, channels), 255, np.uint8)
    for r, c, i in places_by_class(y, rows):
        cells[r, c, :height, :width] = synthetic[i]
        cells[r, c, :height, width + gap : 2 * width + gap] = nearest[i]
    cell = 0.62 if height < SMOOTH_FROM // 2 else 0.9
    ax = draw_cells(cells, [classes[k] for k in rows], ax, cell, gap=0, centre=height / 2)
    for r, c, i in places_by_class(y, rows):
        left, top = c * space[1] - 0.5, r * space[0] - 0.5
        colour = RED if copied is None or copied[i] else BLUE
        ax.add_patch(plt.Rectangle((left, top), width, height, fill=False, edgecolor=colour, linewidth=1.6))
        text = f"{distance[i]:.2f}" + (" copy?" if copied is not None and copied[i] else "")
        note_below(ax, (left + width + gap / 2, top + height), text)
    return set_title(ax, title, len(rows), len(shown))


@mpl.rc_context(STYLE)
def suspects(pairs: Sequence[Mapping[str, Any]], title: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw the most suspicious images (framed), the training image nearest to each, and the nearest held-out real one.

    pairs: what `tables.suspects` returns, by feature space a row; below each how far it is from the training image, as
    a share of its distance to the held-out one. None of them gives empty Axes that say so.
    """
    if not pairs:
        return say(ax or new_axes(5.2, 1.2), "No suspicious image was found.")
    spaces = list(dict.fromkeys(pair["features"] for pair in pairs))
    groups = [[pair for pair in pairs if pair["features"] == space] for space in spaces]
    height, width, channels = thinned(pairs[0]["made"][None]).shape[1:]
    gap = max(1, width // 10)
    space = (height + max(4, height // 2), 3 * width + 2 * gap + width // 2)  # of three with their number, in pixels
    cells = np.full((len(groups), max(map(len, groups)), *space, channels), 255, np.uint8)
    places = [(r, c, pair) for r, group in enumerate(groups) for c, pair in enumerate(group)]
    for r, c, pair in places:
        for part, name in enumerate(("made", "training", "held_out")):
            left = part * (width + gap)
            cells[r, c, :height, left : left + width] = thinned(pair[name][None])[0]
    ax = draw_cells(cells, spaces, ax, 0.9 if height < SMOOTH_FROM // 2 else 1.1, gap=0, centre=height / 2)
    for r, c, pair in places:
        left, top = c * space[1] - 0.5, r * space[0] - 0.5
        ax.add_patch(plt.Rectangle((left, top), width, height, fill=False, edgecolor=RED, linewidth=1.6))
        note_below(ax, (left + 1.5 * width + gap, top + height), f"{pair['suspicion']:.2f}")
    return set_title(ax, title)


@mpl.rc_context(STYLE)
def strips(found: Interpolations, title: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw walks through a GAN's noise: frames, the real image nearest to each, and the blends of the two ends.

    Below frames and blends stands what the measuring classifier gives their class, in percent.
    """
    rows, names, notes = [], [], []
    for s, name in enumerate(found.classes):
        rows += [found.latent[s], found.real[s], found.blends[s]]
        names += [f"{short(name, 14)}: GAN", "nearest real", "blend of the ends"]
        notes += [found.sure[s], None, found.sure_of_blends[s]]
    flat = thinned(np.concatenate(rows))
    images = flat.reshape(len(rows), -1, *flat.shape[1:])
    height, width = images.shape[2:4]
    space = max(3, round(0.45 * height))
    cells = np.full((*images.shape[:2], height + space, width + max(1, width // 5), images.shape[4]), 255, np.uint8)
    cells[:, :, :height, :width] = images
    ax = draw_cells(cells, names, ax, 0.62 if height < SMOOTH_FROM // 2 else 0.9, gap=0, centre=height / 2)
    for r, note in enumerate(notes):
        for c, value in enumerate([] if note is None else note):
            note_below(
                ax, (c * cells.shape[3] + width / 2 - 0.5, r * cells.shape[2] + height - 0.5), f"{100 * value:.0f}"
            )
    return set_title(ax, title)


def _first_of_classes(examples: Examples, classes: int, each: int) -> np.ndarray:
    """Return the first images of the first classes, (classes, each, H, W, C) uint8, white where there are fewer."""
    cells = np.full((classes, each, *thinned(examples.x[:1]).shape[1:]), 255, np.uint8)
    for k in range(classes):
        items = thinned(examples.x[np.flatnonzero(examples.y == k)[:each]])
        cells[k, : len(items)] = items
    return cells
