"""Figures of numbers: items per class, scores by arm and by trial, calibration, and confusions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes

from gannb.analysis.wording import arm_label, points, typeset
from gannb.trials.arms import PRIMARY
from gannb.utils.figures import (
    BLUE,
    INK,
    MOST_ROWS,
    ORANGE,
    PALETTE,
    SOFT,
    STYLE,
    new_axes,
    set_title,
    short,
    tip,
    title_text,
)

if TYPE_CHECKING:
    import pandas as pd

MOST_CONFUSED = 30  # classes shown in a confusion
LEAST_SHARE = 0.01  # of the predictions, for a bin of a reliability diagram to be drawn


@mpl.rc_context(STYLE)
def class_counts(counts: pd.DataFrame, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw items per class as bars. counts: columns class, items and, for several parts, part."""
    classes = list(dict.fromkeys(counts["class"]))
    parts = list(dict.fromkeys(counts["part"])) if "part" in counts else []
    ax = ax or new_axes(7, 1.2 + 0.32 * len(classes) * max(1, len(parts) * 0.6))
    coloured = {"hue": "part", "palette": PALETTE[: len(parts)]} if len(parts) > 1 else {"color": BLUE}
    sns.barplot(counts, y="class", x="items", order=classes, orient="h", errorbar=None, ax=ax, **coloured)
    ax.set_yticks(range(len(classes)), [short(str(name)) for name in classes], parse_math=False)
    ax.set(xlabel="items", ylabel="")
    ax.grid(axis="x")
    if ax.get_legend():
        sns.move_legend(ax, "upper left", bbox_to_anchor=(1, 1), title="")
    return set_title(ax, title)


# ---- scores ----


@mpl.rc_context(STYLE)
def arm_scores(scores: pd.DataFrame, metric: str, ax: Axes | None = None) -> Axes:
    """Draw a dot per trial and a bar at the mean, best arm first. scores: the tidy table of `scores.csv`."""
    table = trial_means(scores, metric)
    means = table.groupby("arm", sort=False)[metric].mean().sort_values(ascending=False, kind="stable")
    arms = list(means.index)
    ax = ax or new_axes(6, 0.9 + 0.34 * len(arms))
    colours = {arm: BLUE if arm == PRIMARY[0] else ORANGE if arm == PRIMARY[1] else SOFT for arm in arms}
    sns.stripplot(
        table, y="arm", x=metric, hue="arm", order=arms, palette=colours, legend=False, alpha=0.6, size=6, jitter=False,
        ax=ax,
    )  # fmt: skip
    for place, (arm, mean) in enumerate(means.items()):
        value = tip(f"{arm_label(arm)}: {mean:.1f}% on average")
        ax.plot([mean, mean], [place - 0.32, place + 0.32], color=INK, linewidth=2.6, gid=value)
    ax.set_yticks(range(len(arms)), [arm_label(arm) for arm in arms])
    ax.set(xlabel=f"{metric.replace('_', ' ')}, %\n(dot: a trial, bar: the mean)", ylabel="")
    ax.grid(axis="x")
    return ax


@mpl.rc_context(STYLE)
def paired_trials(scores: pd.DataFrame, metric: str, arm: str, against: str, ax: Axes | None = None) -> Axes:
    """Draw two arms trial by trial: a line per trial, rising where `arm` does better than `against`."""
    table = trial_means(scores, metric).pivot(index="trial", columns="arm", values=metric)
    pairs = table[[against, arm]].dropna()
    ax = ax or new_axes(5.2, 3.6)
    for trial, (before, after) in pairs.iterrows():
        colour, marker = (BLUE, "o") if after > before else (ORANGE, "s")
        value = tip(f"trial {trial}: {arm_label(against)} {before:.1f}%, {arm_label(arm)} {after:.1f}%")
        ax.plot([0, 1], [before, after], marker=marker, color=colour, alpha=0.75, markersize=7, gid=value)
    ax.plot([0, 1], pairs.mean(), color=INK, linewidth=3.5)
    ax.set_xticks([0, 1], [arm_label(against), arm_label(arm)])
    ax.set(xlim=(-0.3, 1.3), ylabel=f"{metric.replace('_', ' ')}, %")
    ax.grid(axis="y")
    return set_title(ax, "A line per trial; thick: the mean")


def trial_means(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return trial, arm and the metric in percent, averaged over classifier seeds."""
    means = scores.groupby(["trial", "arm"], sort=False)[metric].mean().reset_index()
    return means.assign(**{metric: 100 * means[metric]})


@mpl.rc_context(STYLE)
def between_bars(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw a bar for each row, with a dotted mark at what chance gives and a line at what real items get.

    table: columns measure, generator, value, chance, real, numbers in 0..1; rows of a measure stand together.
    """
    ax = ax or new_axes(6, 1.1 + 0.4 * len(table) + 0.2 * table["measure"].nunique())
    turns = (table["measure"] != table["measure"].shift()).cumsum() - 1  # some room before each measure
    places = np.arange(len(table)) + 0.5 * turns.to_numpy()
    for place, row in zip(places, table.itertuples(), strict=True):
        said = tip(f"{row.measure}, {row.generator}: {row.value:.2f}; chance {row.chance:.2f}, real {row.real:.2f}")
        ax.barh(place, row.value, height=0.7, color=BLUE, gid=said)
        ax.plot([row.chance] * 2, [place - 0.45, place + 0.45], ":", color=ORANGE, linewidth=2.6)
        ax.plot([row.real] * 2, [place - 0.45, place + 0.45], color=INK, linewidth=2.6)
    names = [f"{row.measure}: {short(row.generator, 24)}" for row in table.itertuples()]
    ax.set_yticks(places, names, parse_math=False)
    ax.invert_yaxis()
    ax.set(xlim=(0, 1), xlabel="share found\n(dotted: chance, line: real)")
    ax.grid(axis="x")
    return ax


# ---- outcomes ----


@mpl.rc_context(STYLE)
def reliability(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how often the classifiers are right by how sure they are, of the primary contrast's two arms.

    table: what `tables.reliability` returns. Marks are as large as their bin's share of the predictions; bins below 1%
    are left out.
    """
    ax = ax or new_axes(4.6, 4.4)
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
    ax = ax or new_axes(side + room + (0.7 if numbers else 1.7), side + room + 0.6)
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
    return set_title(ax, title_text("", shown, of))
