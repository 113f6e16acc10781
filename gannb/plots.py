"""Figures: arrays and tables in, matplotlib Axes out. Draws, never computes: numbers come from other modules.

Every function draws on one Axes, `ax` or a new one, and returns it (`.figure` is its figure). Images are put
together into one mosaic, so that a grid of hundreds is still one Axes and one small file.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gannb.arms import PRIMARY
from gannb.lights import THIN
from gannb.study import write_text
from gannb.words import FAILED, arm_label, interval_text, points, row_word, typeset

if TYPE_CHECKING:
    import pandas as pd

    from gannb.data import Examples

PALETTE = sns.color_palette("colorblind").as_hex()
BLUE, ORANGE, GREEN, RED, PURPLE = PALETTE[:5]
INK, SOFT, BAND = "#222222", "#6b6b6b", "#dce6ee"
HEALTHY = {  # panel of a GAN's training: what healthy looks like
    "losses": "healthy: both settle and then waver,\nneither runs away",
    "discriminator": "healthy: wavers well below the line,\nwhere it would never be wrong",
    "diversity": "healthy: inside the band; below the line\nall samples of a class look alike",
}
DIVERSE = (THIN, 1.2)  # the band: usual of what trainings end with, times the draw's own diversity
MOST_ROWS = 12  # classes shown in a grid of images
OTHERS_SHOWN = 10  # items per row of those of `other`
MOST_CONFUSED = 30  # classes shown in a confusion
LEAST_SHARE = 0.01  # of the predictions, for a bin of a reliability diagram to be drawn
SMOOTH_FROM = 64  # pixels a side from which images are smoothed when drawn; smaller ones show their pixels
MOST_PIXELS = 128  # a side of one image in a grid
FONTS = ("DejaVu Sans", "Noto Sans CJK JP", "Hiragino Sans", "Microsoft YaHei", "Arial Unicode MS")  # what is there
INSTALLED = {font.name for font in font_manager.fontManager.ttflist}
# Figures are made inside rc_context, which puts back the settings it found. Were the backend loaded inside the first
# one, the "interactive" that a notebook's backend sets would be taken back, and later figures would not be shown.
plt.switch_backend(mpl.get_backend())

STYLE = {
    "font.family": [font for font in FONTS if font in INSTALLED] or ["sans-serif"],
    "font.size": 12, "axes.titlesize": 13, "axes.titleweight": "bold", "axes.titlelocation": "left",
    "axes.labelsize": 12, "xtick.labelsize": 11, "ytick.labelsize": 11, "legend.fontsize": 11,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": SOFT, "xtick.color": INK, "ytick.color": INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
    "grid.color": "#dddddd", "legend.frameon": False, "lines.linewidth": 1.8, "axes.facecolor": "none",
    "figure.facecolor": "white",
}  # fmt: skip
ROLES = {  # of a contrast: heading, colour, marker
    "primary": ("The question (primary)", BLUE, "D"),
    "secondary": ("Secondary", GREEN, "o"),
    "exploratory": ("Exploratory: shown without an answer", PURPLE, "o"),
    "control": ("Controls: planted to check the study itself", ORANGE, "s"),
}

# ---- words ----


def short(text: str, most: int = 24) -> str:
    """Return a text of at most `most` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


# ---- grids of images ----


@mpl.rc_context(STYLE)
def class_grid(examples: Examples, per_class: int = 8, title: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw the first items of each class, a row per class; of more than 12 classes the first 12, says the title."""
    shown = min(examples.n_classes, MOST_ROWS)
    width = max(1, min(per_class, int(examples.counts().max())))
    cells = np.full((shown, width, *_small(examples.x[:1]).shape[1:]), 255, np.uint8)
    for k in range(shown):
        items = _small(examples.x[np.flatnonzero(examples.y == k)[:per_class]])
        cells[k, : len(items)] = items
    ax = _draw_cells(cells, examples.classes[:shown], ax)
    return _title(ax, title, shown, examples.n_classes)


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
    small = _small(first.reshape(-1, *first.shape[2:]))
    ax = _draw_cells(small.reshape(*first.shape[:2], *small.shape[1:]), classes[:shown], ax)
    width = small.shape[2]
    centres = np.arange(len(moments)) * (width + _gap(small.shape[1:])) + (width - 1) / 2
    ax.set_xticks(centres, [f"{steps[i]:,}" for i in moments])
    ax.set_xlabel("training steps")
    return _title(ax, title, shown, len(classes))


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
    synthetic, nearest = _small(synthetic), _small(nearest)
    shown = [k for k in range(len(classes)) if np.any(y == k)]
    rows = shown[:MOST_ROWS]
    per_class = max(int(np.sum(y == k)) for k in rows)
    height, width, channels = synthetic.shape[1:]
    gap = max(2, width // 8)
    space = (height + max(3, height // 3), 2 * width + gap + width // 2)  # of a pair with its number, in pixels
    cells = np.full((len(rows), per_class, *space, channels), 255, np.uint8)
    for r, c, i in _places(y, rows):
        cells[r, c, :height, :width] = synthetic[i]
        cells[r, c, :height, width + gap : 2 * width + gap] = nearest[i]
    cell = 0.62 if height < SMOOTH_FROM // 2 else 0.9
    ax = _draw_cells(cells, [classes[k] for k in rows], ax, cell, gap=0, centre=height / 2)
    for r, c, i in _places(y, rows):
        left, top = c * space[1] - 0.5, r * space[0] - 0.5
        colour = RED if copied is None or copied[i] else BLUE
        ax.add_patch(plt.Rectangle((left, top), width, height, fill=False, edgecolor=colour, linewidth=1.6))
        text = f"{distance[i]:.2f}" + (" copy?" if copied is not None and copied[i] else "")
        _below(ax, (left + width + gap / 2, top + height), text)
    return _title(ax, title, len(rows), len(shown))


@mpl.rc_context(STYLE)
def suspects(pairs: Sequence[Mapping[str, Any]], title: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw the most suspicious images (framed), the training image nearest to each, and the nearest held-out real one.

    pairs: what `tables.suspects` returns, by feature space a row; below each how far it is from the training image, as
    a share of its distance to the held-out one.
    """
    spaces = list(dict.fromkeys(pair["features"] for pair in pairs))
    groups = [[pair for pair in pairs if pair["features"] == space] for space in spaces]
    height, width, channels = _small(pairs[0]["made"][None]).shape[1:]
    gap = max(1, width // 10)
    space = (height + max(4, height // 2), 3 * width + 2 * gap + width // 2)  # of three with their number, in pixels
    cells = np.full((len(groups), max(map(len, groups)), *space, channels), 255, np.uint8)
    places = [(r, c, pair) for r, group in enumerate(groups) for c, pair in enumerate(group)]
    for r, c, pair in places:
        for part, name in enumerate(("made", "training", "held_out")):
            left = part * (width + gap)
            cells[r, c, :height, left : left + width] = _small(pair[name][None])[0]
    ax = _draw_cells(cells, spaces, ax, 0.9 if height < SMOOTH_FROM // 2 else 1.1, gap=0, centre=height / 2)
    for r, c, pair in places:
        left, top = c * space[1] - 0.5, r * space[0] - 0.5
        ax.add_patch(plt.Rectangle((left, top), width, height, fill=False, edgecolor=RED, linewidth=1.6))
        _below(ax, (left + 1.5 * width + gap, top + height), f"{pair['suspicion']:.2f}")
    return _title(ax, title)


def _below(ax: Axes, place: tuple[float, float], text: str) -> None:
    """Write a number below an image, its middle at a place in pixels."""
    ax.annotate(text, place, (0, -3), textcoords="offset points", ha="center", va="top", fontsize=9)


@mpl.rc_context(STYLE)
def strips(found: Any, title: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw walks through a GAN's noise: frames, the real image nearest to each, and the blends of the two ends.

    found: `strips.Strips`. Below frames and blends what the ruler gives their class, in percent.
    """
    rows, names, notes = [], [], []
    for s, name in enumerate(found.classes):
        rows += [found.latent[s], found.real[s], found.blends[s]]
        names += [f"{short(name, 14)}: GAN", "nearest real", "blend of the ends"]
        notes += [found.sure[s], None, found.sure_of_blends[s]]
    flat = _small(np.concatenate(rows))
    images = flat.reshape(len(rows), -1, *flat.shape[1:])
    height, width = images.shape[2:4]
    space = max(3, round(0.45 * height))
    cells = np.full((*images.shape[:2], height + space, width + max(1, width // 5), images.shape[4]), 255, np.uint8)
    cells[:, :, :height, :width] = images
    ax = _draw_cells(cells, names, ax, 0.62 if height < SMOOTH_FROM // 2 else 0.9, gap=0, centre=height / 2)
    for r, note in enumerate(notes):
        for c, value in enumerate([] if note is None else note):
            _below(ax, (c * cells.shape[3] + width / 2 - 0.5, r * cells.shape[2] + height - 0.5), f"{100 * value:.0f}")
    return _title(ax, title)


def _places(y: np.ndarray, rows: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return (row, column, item) of the items, where a row holds the items of one class."""
    return [(r, c, i) for r, k in enumerate(rows) for c, i in enumerate(np.flatnonzero(y == k))]


def _draw_cells(
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
    space = _gap(cells.shape[2:]) if gap is None else gap
    padded = np.pad(cells, ((0, 0), (0, 0), (0, space), (0, space), (0, 0)), constant_values=255)
    height, width, channels = padded.shape[2:]
    mosaic = padded.swapaxes(1, 2).reshape(rows * height, columns * width, channels)
    names = [short(str(name)) for name in names]
    ax = ax or _axes(0.5 + 0.12 * max(map(len, names)) + columns * cell * width / height, 0.6 + rows * cell)
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


def _small(x: np.ndarray) -> np.ndarray:
    """Return images (N, H, W, C) with a side of at most `MOST_PIXELS`, by leaving out pixels."""
    step = -(-max(x.shape[1:3]) // MOST_PIXELS)
    return x[:, ::step, ::step]


def _gap(shape: Sequence[int]) -> int:
    return max(1, min(shape[:2]) // 10)


# ---- data and training ----


@mpl.rc_context(STYLE)
def class_counts(counts: pd.DataFrame, title: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw items per class as bars. counts: columns class, items and, for several parts, part."""
    classes = list(dict.fromkeys(counts["class"]))
    parts = list(dict.fromkeys(counts["part"])) if "part" in counts else []
    ax = ax or _axes(7, 1.2 + 0.32 * len(classes) * max(1, len(parts) * 0.6))
    coloured = {"hue": "part", "palette": PALETTE[: len(parts)]} if len(parts) > 1 else {"color": BLUE}
    sns.barplot(counts, y="class", x="items", order=classes, orient="h", errorbar=None, ax=ax, **coloured)
    ax.set_yticks(range(len(classes)), [short(str(name)) for name in classes], parse_math=False)
    ax.set(xlabel="items", ylabel="")
    ax.grid(axis="x")
    if ax.get_legend():
        sns.move_legend(ax, "upper left", bbox_to_anchor=(1, 1), title="")
    return _title(ax, title)


@mpl.rc_context(STYLE)
def gan_health(history: Mapping[str, Any], axes: Sequence[Axes] | None = None) -> Sequence[Axes]:
    """Draw a GAN's training with what healthy looks like: losses, how sure the discriminator is, diversity.

    history: what `tables.gan_history` returns. Where the guard went back, a dotted line stands. Returns three Axes.
    """
    axes = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")[1] if axes is None else axes
    curves, diversity, limits = history["curves"], history["diversity"], history["limits"]
    losses = ("discriminator", BLUE, "-"), ("generator", ORANGE, "--")
    for name, colour, style in losses:
        axes[0].plot(curves["step"], curves[f"{name}_loss"], style, color=colour, label=name)
    axes[1].plot(curves["step"], curves["sureness"], color=BLUE, label="sure of real images")
    if "label_agreement" in curves:
        axes[1].plot(curves["step"], curves["label_agreement"], "--", color=GREEN, label="sees the fakes' label")
    if "chance" in curves:
        axes[1].plot(curves["step"], curves["chance"], ":", color=PURPLE, label="chance of augmentation")
    axes[1].axhline(limits["sureness"], color=RED, linewidth=1)
    lowest = min(-0.05, *curves["sureness"])
    axes[1].set_ylim(lowest - 0.45 * (1.05 - lowest), 1.05)  # room for the legend
    axes[2].axhspan(*DIVERSE, color=BAND, linewidth=0)
    axes[2].axhline(limits["diversity"], color=RED, linewidth=1)
    axes[2].plot(diversity["step"], diversity["ratio"], color=BLUE, marker=".")
    axes[2].set_ylim(0, max(1.3, *diversity["ratio"], 0))
    titles = "Losses", "Discriminator", "Diversity of samples"
    for ax, title, (name, healthy) in zip(axes, titles, HEALTHY.items(), strict=True):
        for event in history["log"]:
            ax.axvline(event["back_to"], color=SOFT, linestyle=":")
        ax.set_xlabel(f"training steps\n{healthy}")
        ax.set_ylabel({"losses": "loss", "diversity": "times the real images'"}.get(name, ""))
        ax.set_xlim(0, curves["step"][-1])
        ax.grid(axis="y")
        _title(ax, title)
    for ax, place in zip(axes[:2], ("best", "lower left"), strict=True):
        ax.legend(loc=place, fontsize=10)
    return axes


# ---- the answer ----


def forest_rows(verdict: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the forest plot in drawing order: every contrast by role, then the controls."""
    order = list(ROLES)
    rows = [dict(row) for row in verdict["contrasts"]]
    rows += [dict(row) | {"role": "control", "answer": None} for row in verdict["controls"]]
    return sorted(rows, key=lambda row: order.index(row["role"]))


@mpl.rc_context(STYLE)
def forest(verdict: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw every contrast and control of a verdict: the difference with its interval, in percentage points.

    verdict: what `verdict.decide` returns. The band is the range of no practical consequence; an interval that goes
    on beyond the axis ends in an arrow.
    """
    rows = forest_rows(verdict)
    lines = _with_headings(rows)
    ax = ax or _axes(10.5, 0.9 + 0.5 * len(lines))
    limit = _forest_axis(ax, rows, verdict, len(lines) - 0.4)
    for place, line in enumerate(lines):
        if isinstance(line, str):
            _beside(ax, place, line, left=True, weight="bold")
        else:
            _interval(ax, place, line, limit)
            _row_text(ax, place, line)
    ax.set_xlabel(f"change of {verdict['metric'].replace('_', ' ')}, percentage points (left: worse, right: better)\n"
                  f"shaded: within {points(verdict['rope'])} points, no practical consequence")  # fmt: skip
    return ax


@mpl.rc_context(STYLE)
def forest_narrow(verdict: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw the forest plot for a narrow screen: the words of a row above its interval. verdict: as for `forest`."""
    rows = forest_rows(verdict)
    lines = _with_headings(rows)
    ax = ax or _axes(4, 0.9 + 0.66 * len(lines))
    limit = _forest_axis(ax, rows, verdict, len(lines) - 0.5)
    for place, line in enumerate(lines):
        if isinstance(line, str):
            _above(ax, place + 0.15, line, size=10, weight="bold")
            continue
        number, word = typeset(interval_text(line)), row_word(line)
        _above(ax, place - 0.33, line["meaning"] or arm_label(line["arm"]), size=9)
        _above(ax, place - 0.06, f"{number}  {word}", size=9, color=RED if word == FAILED else SOFT, weight="bold")
        _interval(ax, place + 0.22, line, limit)
    ax.set_xlabel(f"change, percentage points\n(shaded: within {points(verdict['rope'])})")
    return ax


def _forest_axis(ax: Axes, rows: list[dict[str, Any]], verdict: Mapping[str, Any], bottom: float) -> float:
    """Draw band, zero line and axis; return the axis' reach in points."""
    limit, rope = _forest_limit(rows, verdict["rope"]), 100 * verdict["rope"]
    ax.axvspan(-rope, rope, color=BAND, zorder=0)
    _zero_line(ax, limit, bottom)
    return limit


def _zero_line(ax: Axes, limit: float, bottom: float) -> None:
    """Draw the line of no change, and an axis that reaches `limit` points to both sides of it."""
    ax.axvline(0, color=SOFT, linewidth=1, zorder=1)
    ax.set(xlim=(-limit, limit), ylim=(bottom, -0.6), yticks=[])
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:+.3g}".replace("-", "−") if value else "0")


def _with_headings(rows: list[dict[str, Any]]) -> list[dict[str, Any] | str]:
    lines: list[dict[str, Any] | str] = []
    for i, row in enumerate(rows):
        if i == 0 or rows[i - 1]["role"] != row["role"]:
            lines.append(ROLES[row["role"]][0])
        lines.append(row)
    return lines


def _forest_limit(rows: list[dict[str, Any]], rope: float) -> float:
    """Return the axis' reach in points: all rows, unless the primary's interval would be too small to read."""
    reach = lambda some: max([abs(row[side]) for row in some for side in ("low", "high")] or [0.0])  # noqa: E731
    primary = max(2 * rope, reach([row for row in rows if row["role"] == "primary"]))
    return 100 * 1.08 * min(max(reach(rows), primary), 5 * primary)


def _interval(ax: Axes, place: float, row: Mapping[str, Any], limit: float) -> None:
    """Draw the mark and the bar of a row, with arrows where it goes on beyond the axis."""
    _, colour, marker = ROLES[row["role"]]
    low, mean, high = (100 * row[key] for key in ("low", "difference", "high"))
    ends = np.clip([low, high], -limit, limit)
    if ends[0] < ends[1]:
        width = 3.2 if row["role"] == "primary" else 2.2
        ax.plot(ends, [place, place], color=colour, linewidth=width, solid_capstyle="butt", zorder=2)
    for beyond, edge, arrow in ((low < -limit, -limit, "<"), (high > limit, limit, ">")):
        if beyond:
            ax.plot(edge, place, arrow, color=colour, markersize=10, clip_on=False, zorder=3)
    if abs(mean) <= limit:
        ax.plot(mean, place, marker, color=colour, markersize=9, markeredgecolor="white", zorder=4)


def _row_text(ax: Axes, place: float, row: Mapping[str, Any]) -> None:
    """Write what a row compares on its left, and its numbers and answer on its right."""
    names = f"{arm_label(row['arm'])}  against  {arm_label(row['against'])}"
    word = row_word(row)
    _beside(ax, place - 0.17, row["meaning"] or names, left=True)
    _beside(ax, place + 0.2, names if row["meaning"] else "", left=True, size=9, color=SOFT)
    _beside(ax, place - (0.17 if word else 0), typeset(interval_text(row)), left=False)
    _beside(ax, place + 0.2, word, left=False, size=10, color=RED if word == FAILED else INK, weight="bold")


def _beside(
    ax: Axes, place: float, text: str, left: bool, size: int = 11, color: str = INK, weight: str = "normal"
) -> None:
    """Write beside the axes, towards them: on the left, or on the right."""
    ax.annotate(
        text, (0 if left else 1, place), (-14 if left else 14, 0), xycoords=ax.get_yaxis_transform(),
        textcoords="offset points", fontsize=size, color=color, weight=weight, va="center",
        ha="right" if left else "left", annotation_clip=False, parse_math=False,
    )  # fmt: skip


def _above(ax: Axes, place: float, text: str, size: int, color: str = INK, weight: str = "normal") -> None:
    """Write a line from the left edge of the axes."""
    ax.text(
        0, place, text, transform=ax.get_yaxis_transform(), fontsize=size, color=color, weight=weight, va="center",
        parse_math=False, zorder=5,
    )  # fmt: skip


@mpl.rc_context(STYLE)
def forest_of_studies(rows: Sequence[Mapping[str, Any]], ax: Axes | None = None) -> Axes:
    """Draw the primary contrast of several studies, a row each: its difference with its interval, in points.

    rows: `study`, `about` (a line on its data), `answer`, `rope`, `difference`, `low` and `high`. The band is each
    study's own range of no practical consequence; an interval that goes on beyond the axis ends in an arrow.
    """
    ax = ax or _axes(10.5, 0.9 + 0.6 * len(rows))
    limit = _studies_axis(ax, rows, "change, percentage points (left: worse, right: better)\nshaded: within each "
                                    "study's own limits, no practical consequence")  # fmt: skip
    for place, row in enumerate(rows):
        _interval(ax, place, row, limit)
        _beside(ax, place - 0.17, short(row["study"], 40), left=True)
        _beside(ax, place + 0.2, row["about"], left=True, size=9, color=SOFT)
        _beside(ax, place - 0.17, typeset(interval_text(row)), left=False)
        _beside(ax, place + 0.2, row_word(row), left=False, size=10, weight="bold")
    return ax


@mpl.rc_context(STYLE)
def forest_of_studies_narrow(rows: Sequence[Mapping[str, Any]], ax: Axes | None = None) -> Axes:
    """Draw several studies for a narrow screen: a row's words above its interval. rows: as for `forest_of_studies`."""
    ax = ax or _axes(4, 0.9 + 0.8 * len(rows))
    limit = _studies_axis(ax, rows, "change, percentage points")
    for place, row in enumerate(rows):
        _above(ax, place - 0.33, short(row["study"], 40), size=9)
        _above(ax, place - 0.08, f"{typeset(interval_text(row))}  {row_word(row)}", size=9, color=SOFT, weight="bold")
        _interval(ax, place + 0.2, row, limit)
    return ax


def _studies_axis(ax: Axes, rows: Sequence[Mapping[str, Any]], label: str) -> float:
    """Draw each study's band, the zero line and the axis; return the axis' reach in points."""
    limit = 108 * max(max(abs(row["low"]), abs(row["high"]), 2 * row["rope"]) for row in rows)
    ropes = [100 * row["rope"] for row in rows]
    ax.barh(range(len(rows)), [2 * rope for rope in ropes], 1.0, [-rope for rope in ropes], color=BAND, zorder=0)
    _zero_line(ax, limit, len(rows) - 0.4)
    ax.set_xlabel(label)
    return limit


@mpl.rc_context(STYLE)
def worth_curve(worth: Mapping[str, Any] | None, metric: str, ax: Axes | None = None) -> Axes:
    """Draw the learning curve of real items, the GAN arm's level across it, and the interval of its worth.

    worth: of a verdict; None, where it could not be measured, gives empty Axes that say so.
    """
    ax = ax or _axes(5.2, 4.2)
    if worth is None:
        ax.set_axis_off()
        ax.text(0.5, 0.5, "The worth in real images could not be measured.", ha="center", transform=ax.transAxes)
        return ax
    n, means = ([point[key] for point in worth["curve"]] for key in ("n", "mean"))
    level = 100 * worth["mean"]
    ax.axvspan(worth["low"], worth["high"], color=BAND, zorder=0, label="interval of the worth")
    met = [(worth["worth"], worth["mean"])] if worth["worth"] is not None else []  # the curve goes through it
    ax.plot(*np.transpose(sorted([*zip(n, means, strict=True), *met])) * [[1], [100]], color=INK)
    ax.plot(n, 100 * np.array(means), "o", color=INK, markersize=8, label="real images only")
    ax.axhline(level, color=BLUE, linestyle="--")
    ax.plot(worth["n_real"], level, "D", color=BLUE, markersize=9, label=arm_label(worth["arm"]))
    if worth["worth"] is not None:
        ax.plot(worth["worth"], level, "*", color=ORANGE, markersize=17, label="worth")
    ax.set_xscale("log")
    ax.set_xticks(n, [f"{m:,.0f}" for m in n])
    ax.minorticks_off()
    values = 100 * np.array([*means, worth["mean"]])
    room = max(1.0, np.ptp(values) * 0.25)
    ax.set_ylim(values.min() - room, values.max() + room)
    ax.set(xlabel="real images trained on (log scale)", ylabel=f"{metric.replace('_', ' ')}, %")
    ax.grid(axis="y")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    return ax


LIVER = {  # arXiv 1803.01229: lesions classified rightly; per fold, added to 5,000 made by classical changes
    "source": "liver lesions, Frid-Adar et al. 2018\n(182 images, one run, no interval)",
    "n_synthetic": (300, 1500, 3000, 6000, 9000, 12000),
    "right": (147, 152, 156, 156, 155, 155),
    "right_without": 143,
    "items": 182,
}


@mpl.rc_context(STYLE)
def dose_response(doses: Mapping[str, Any], rope: float, axes: Sequence[Axes] | None = None) -> Sequence[Axes]:
    """Draw the gain by number of synthetic items, with what it goes towards; beside it that of arXiv 1803.01229.

    doses: `rows` and `plateau` of a verdict. Returns two Axes.
    """
    axes = plt.subplots(1, 2, figsize=(9.6, 3.8), layout="constrained")[1] if axes is None else axes
    rows, found = doses["rows"], doses["plateau"]
    n = np.array([row["n_synthetic"] for row in rows], float)
    mean, low, high = (100 * np.array([row[name] for row in rows]) for name in ("difference", "low", "high"))
    axes[0].axhspan(-100 * rope, 100 * rope, color=BAND, linewidth=0)
    axes[0].errorbar(n, mean, (mean - low, high - mean), fmt="D", color=BLUE, capsize=4, label="95% interval")
    if found:
        along = np.geomspace(n[0], n[-1], 100)
        axes[0].plot(
            along, 100 * found["difference"] * along / (along + found["half_at"]), "--", color=BLUE, label="fit"
        )
    axes[0].legend(loc="best", fontsize=10)
    _title(axes[0], "This study")
    published = 100 * (np.array(LIVER["right"]) - LIVER["right_without"]) / LIVER["items"]
    axes[1].plot(LIVER["n_synthetic"], published, "s-", color=ORANGE)
    _title(axes[1], "Published")
    for ax, unit in ((axes[0], "GAN images per class"), (axes[1], f"GAN images\n{LIVER['source']}")):
        ax.set(xscale="log", xlabel=unit, ylabel="gain over none, points")
        ax.axhline(0, color=INK, linewidth=1)
        ax.grid(axis="y")
    axes[0].set_xticks(n, [f"{value:,.0f}" for value in n], minor=False)
    axes[0].minorticks_off()
    return axes


# ---- scores ----


@mpl.rc_context(STYLE)
def arm_scores(scores: pd.DataFrame, metric: str, ax: Axes | None = None) -> Axes:
    """Draw a dot per trial and a bar at the mean, best arm first. scores: the tidy table of `scores.csv`."""
    table = trial_means(scores, metric)
    means = table.groupby("arm", sort=False)[metric].mean().sort_values(ascending=False, kind="stable")
    arms = list(means.index)
    ax = ax or _axes(6, 0.9 + 0.34 * len(arms))
    colours = {arm: BLUE if arm == PRIMARY[0] else ORANGE if arm == PRIMARY[1] else SOFT for arm in arms}
    sns.stripplot(
        table, y="arm", x=metric, hue="arm", order=arms, palette=colours, legend=False, alpha=0.6, size=6, jitter=False,
        ax=ax,
    )  # fmt: skip
    for place, mean in enumerate(means):
        ax.plot([mean, mean], [place - 0.32, place + 0.32], color=INK, linewidth=2.6)
    ax.set_yticks(range(len(arms)), [arm_label(arm) for arm in arms])
    ax.set(xlabel=f"{metric.replace('_', ' ')}, %\n(dot: a trial, bar: the mean)", ylabel="")
    ax.grid(axis="x")
    return ax


@mpl.rc_context(STYLE)
def paired_trials(scores: pd.DataFrame, metric: str, arm: str, against: str, ax: Axes | None = None) -> Axes:
    """Draw two arms trial by trial: a line per trial, rising where `arm` does better than `against`."""
    table = trial_means(scores, metric).pivot(index="trial", columns="arm", values=metric)
    pairs = table[[against, arm]].dropna()
    ax = ax or _axes(5.2, 3.6)
    for _, (before, after) in pairs.iterrows():
        colour, marker = (BLUE, "o") if after > before else (ORANGE, "s")
        ax.plot([0, 1], [before, after], marker=marker, color=colour, alpha=0.75, markersize=7)
    ax.plot([0, 1], pairs.mean(), color=INK, linewidth=3.5)
    ax.set_xticks([0, 1], [arm_label(against), arm_label(arm)])
    ax.set(xlim=(-0.3, 1.3), ylabel=f"{metric.replace('_', ' ')}, %")
    ax.grid(axis="y")
    return _title(ax, "A line per trial, thick: the mean")


def trial_means(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return trial, arm and the metric in percent, averaged over classifier seeds."""
    means = scores.groupby(["trial", "arm"], sort=False)[metric].mean().reset_index()
    return means.assign(**{metric: 100 * means[metric]})


# ---- outcomes ----


@mpl.rc_context(STYLE)
def reliability(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how often the classifiers are right by how sure they are, of the primary contrast's two arms.

    table: what `tables.reliability` returns. Marks are as large as their bin's share of the predictions; bins below 1%
    are left out.
    """
    ax = ax or _axes(4.6, 4.4)
    drawn = table[table["share"] >= LEAST_SHARE]
    low = min(0.9, np.floor(10 * drawn[["confidence", "accuracy"]].to_numpy().min()) / 10)
    ax.plot([100 * low, 100], [100 * low, 100], ":", color=SOFT, label="sure as often as right")
    for arm, colour, line, marker in ((PRIMARY[0], BLUE, "-", "o"), (PRIMARY[1], ORANGE, "--", "s")):
        rows = drawn[drawn["arm"] == arm]
        x, y = 100 * rows["confidence"], 100 * rows["accuracy"]
        ax.plot(x, y, line, color=colour, marker=marker, markersize=4, label=arm_label(arm))
        ax.scatter(x, y, 20 + 400 * rows["share"], color=colour, marker=marker, alpha=0.35, linewidth=0)
    ax.set(xlim=(100 * low, 101), ylim=(100 * low, 101), aspect="equal")
    ax.set(xlabel="stated confidence, %", ylabel="right, % of these predictions")
    ax.grid()
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1))
    return ax


@mpl.rc_context(STYLE)
def confusion_change(change: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the change in which class is taken for which, in points. change: what `tables.confusion_change` returns.

    Up to 12 classes with their numbers, of more than 30 the first 30, says the title.
    """
    shown, of = min(len(change), MOST_CONFUSED), len(change)
    values, names = 100 * change.iloc[:shown, :shown].to_numpy(), [short(str(n), 16) for n in change.index[:shown]]
    numbers, room = shown <= MOST_ROWS, 0.1 * max(map(len, names))  # inches
    side = shown * (0.95 if shown <= 3 else 0.62 if numbers else 0.32)
    ax = ax or _axes(side + room + (0.7 if numbers else 1.7), side + room + 0.6)
    limit = 1.3 * max(1.0, np.nanmax(np.abs(values), initial=0.0))  # short of the darkest colours
    written = np.vectorize(lambda v: typeset(points(v / 100, sign=True)))(values) if numbers else False
    sns.heatmap(
        values, vmin=-limit, vmax=limit, cmap="RdBu", annot=written, fmt="", annot_kws={"fontsize": 10}, square=True,
        linewidths=0.5, cbar=not numbers, cbar_kws={"label": "points", "shrink": 0.6}, ax=ax,
    )  # fmt: skip
    for k in range(shown):
        ax.add_patch(plt.Rectangle((k, k), 1, 1, fill=False, edgecolor=SOFT, linewidth=1.2, clip_on=False))
    ax.set_xticks(np.arange(shown) + 0.5, names, rotation=90 if max(map(len, names)) > 3 else 0, parse_math=False)
    ax.set_yticks(np.arange(shown) + 0.5, names, rotation=0, parse_math=False)
    ax.set(xlabel="predicted as", ylabel="true class")
    return _title(ax, None, shown, of)


# ---- files ----


def svg(figure: Figure, name: str) -> str:
    """Return the figure as SVG text on no background, the same for the same figure and name."""
    stream = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "path"}):
        figure.savefig(stream, format="svg", metadata={"Date": None}, facecolor="none")
    return stream.getvalue()


def png(figure: Figure, dpi: int = 110) -> bytes:
    """Return the figure as PNG."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=dpi)
    return stream.getvalue()


def save(figure: Figure, folder: Path, name: str, table: pd.DataFrame) -> tuple[Path, Path, Path]:
    """Write NAME.png, NAME.svg and the figure's data as NAME.csv, each whole or not at all; return all three."""
    files = tuple(Path(folder) / f"{name}.{ending}" for ending in ("png", "svg", "csv"))
    write_bytes(files[0], png(figure))
    write_text(files[1], svg(figure, name))
    write_text(files[2], table.to_csv(index=False))
    return files


def write_bytes(file: Path, content: bytes) -> None:
    """Write a file by a temporary name, a sync and a rename."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with open(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, file)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _axes(width: float, height: float) -> Axes:
    """Return the Axes of a new figure of this size in inches."""
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def _title(ax: Axes, title: str | None, shown: int = 0, of: int = 0) -> Axes:
    """Set a title, and say where rows were left out."""
    note = f"the first {shown} of {of} classes" if shown < of else ""
    text = " · ".join(part for part in (title, note) if part)
    if text:
        ax.set_title(text, parse_math=False)
    return ax
