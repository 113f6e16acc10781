"""Figures of something that goes on: a GAN's training, the worth in real items, the gain by number of items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from gannb.analysis.class_lights import THIN
from gannb.analysis.wording import arm_label
from gannb.utils.figures import BAND, BLUE, GREEN, INK, ORANGE, PURPLE, RED, SOFT, STYLE, new_axes, say, set_title, tip

if TYPE_CHECKING:
    from gannb.data.medium import Nouns

HEALTHY = {  # panel of a GAN's training: what healthy looks like
    "losses": "healthy: both settle and then waver,\nneither runs away",
    "discriminator": "healthy: wavers well below the line,\nwhere it would never be wrong",
    "diversity": "healthy: inside the band; below the line\nall samples of a class look alike",
}
HEALTHY_ALONE = {"losses": "healthy: falls, and settles"}  # of a network without an adversary
DIVERSE = (THIN, 1.2)  # the band: usual of what trainings end with, times the draw's own diversity


@mpl.rc_context(STYLE)
def gan_health(history: Mapping[str, Any], nouns: Nouns, axes: Sequence[Axes] | None = None) -> Sequence[Axes]:
    """Draw a GAN's training with what healthy looks like: losses, how sure the discriminator is, diversity.

    history: what `tables.gan_history` returns; a training without a discriminator leaves the second of three panels
    empty, and says so. Where the guard went back, a dotted line stands. Returns three Axes.
    """
    axes = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")[1] if axes is None else axes
    curves, diversity, limits = history["curves"], history["diversity"], history["limits"]
    losses = ("discriminator", BLUE, "-"), ("generator", ORANGE, "--")
    for name, colour, style in losses:
        if f"{name}_loss" in curves:
            axes[0].plot(curves["step"], curves[f"{name}_loss"], style, color=colour, label=name)
    if "sureness" in curves:
        axes[1].plot(curves["step"], curves["sureness"], color=BLUE, label=f"sure of real {nouns.many}")
    if "label_agreement" in curves:
        axes[1].plot(curves["step"], curves["label_agreement"], "--", color=GREEN, label="sees the fakes' label")
    if "chance" in curves:
        axes[1].plot(curves["step"], curves["chance"], ":", color=PURPLE, label="chance of augmentation")
    axes[1].axhline(limits["sureness"], color=RED, linewidth=1)
    lowest = min(-0.05, *curves.get("sureness", [0.0]))
    axes[1].set_ylim(lowest - 0.45 * (1.05 - lowest), 1.05)  # room for the legend
    axes[2].axhspan(*DIVERSE, color=BAND, linewidth=0)
    axes[2].axhline(limits["diversity"], color=RED, linewidth=1)
    axes[2].plot(diversity["step"], diversity["ratio"], color=BLUE, marker=".")
    axes[2].set_ylim(0, max(1.3, *diversity["ratio"], 0))
    titles = "Losses", "Discriminator", "Diversity of samples"
    for ax, title, (name, healthy) in zip(axes, titles, HEALTHY.items(), strict=True):
        for event in history["log"]:
            ax.axvline(event["back_to"], color=SOFT, linestyle=":")
        healthy = healthy if "sureness" in curves else HEALTHY_ALONE.get(name, healthy)
        ax.set_xlabel(f"training steps\n{healthy}")
        ax.set_ylabel({"losses": "loss", "diversity": f"times the real {nouns.many}'"}.get(name, ""))
        ax.set_xlim(0, curves["step"][-1])
        ax.grid(axis="y")
        set_title(ax, title)
    for ax, place in zip(axes[:2], ("best", "lower left"), strict=True):
        if ax.get_legend_handles_labels()[0]:
            ax.legend(loc=place, fontsize=10)
    if "sureness" not in curves:
        axes[1].clear()
        say(axes[1], "There is no discriminator.")
    return axes


@mpl.rc_context(STYLE)
def worth_curve(worth: Mapping[str, Any] | None, metric: str, nouns: Nouns, ax: Axes | None = None) -> Axes:
    """Draw the learning curve of real items, the GAN arm's level across it, and the interval of its worth.

    worth: of a verdict; None, where it could not be measured, gives empty Axes that say so.
    """
    ax = ax or new_axes(5.2, 4.2)
    if worth is None:
        return say(ax, f"The worth in real {nouns.many} could not be measured.")
    n, means = ([point[key] for point in worth["curve"]] for key in ("n", "mean"))
    level = 100 * worth["mean"]
    ax.axvspan(worth["low"], worth["high"], color=BAND, zorder=0, label="interval of the worth")
    met = [(worth["worth"], worth["mean"])] if worth["worth"] is not None else []  # the curve goes through it
    ax.plot(*np.transpose(sorted([*zip(n, means, strict=True), *met])) * [[1], [100]], color=INK)
    for i, (number, mean) in enumerate(zip(n, means, strict=True)):
        value = tip(f"{number:,.0f} real {nouns.many}: {100 * mean:.1f}%")
        label = f"real {nouns.many} only" if i == 0 else None
        ax.plot(number, 100 * mean, "o", color=INK, markersize=8, label=label, gid=value)
    ax.axhline(level, color=BLUE, linestyle="--")
    value = tip(f"{worth['n_real']:,.0f} real {nouns.many} with GAN {nouns.many}: {level:.1f}%")
    ax.plot(worth["n_real"], level, "D", color=BLUE, markersize=9, label=arm_label(worth["arm"]), gid=value)
    if worth["worth"] is not None:
        ax.plot(worth["worth"], level, "*", color=ORANGE, markersize=17, label="worth")
    ax.set_xscale("log")
    ax.set_xticks(n, [f"{m:,.0f}" for m in n])
    ax.minorticks_off()
    values = 100 * np.array([*means, worth["mean"]])
    room = max(1.0, np.ptp(values) * 0.25)
    ax.set_ylim(values.min() - room, values.max() + room)
    ax.set(xlabel=f"real {nouns.many} trained on (log scale)", ylabel=f"{metric.replace('_', ' ')}, %")
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
def dose_response(
    doses: Mapping[str, Any], rope: float, nouns: Nouns, axes: Sequence[Axes] | None = None
) -> Sequence[Axes]:
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
    set_title(axes[0], "This study")
    published = 100 * (np.array(LIVER["right"]) - LIVER["right_without"]) / LIVER["items"]
    axes[1].plot(LIVER["n_synthetic"], published, "s-", color=ORANGE)
    set_title(axes[1], "Published")
    for ax, unit in ((axes[0], f"GAN {nouns.many} per class"), (axes[1], f"GAN images\n{LIVER['source']}")):
        ax.set(xscale="log", xlabel=unit, ylabel="gain over none, points")
        ax.axhline(0, color=INK, linewidth=1)
        ax.grid(axis="y")
    axes[0].set_xticks(n, [f"{value:,.0f}" for value in n], minor=False)
    axes[0].minorticks_off()
    return axes
