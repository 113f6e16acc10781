"""What all figures share: colours, fonts, new Axes, titles, and Axes that only say something."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib import font_manager
from matplotlib.axes import Axes

PALETTE = sns.color_palette("colorblind").as_hex()
BLUE, ORANGE, GREEN, RED, PURPLE = PALETTE[:5]
INK, SOFT, BAND = "#222222", "#6b6b6b", "#dce6ee"
MOST_ROWS = 12  # classes shown by name; of more the title says how many were left out
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
TIP = "tip: "  # what the group id of a mark begins with that shows its value under a pointer


def tip(text: str) -> str:
    """Return the `gid` of a mark that shows a text where a pointer rests on it, in SVG."""
    return TIP + text.replace('"', "”")  # else matplotlib writes the attribute in another way


def short(text: str, most: int = 24) -> str:
    """Return a text of at most `most` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def new_axes(width: float, height: float) -> Axes:
    """Return the Axes of a new figure of this size in inches."""
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def title_text(title: str, shown: int, of: int) -> str:
    """Return a title that says where rows were left out."""
    note = f"the first {shown} of {of} classes" if shown < of else ""
    return " · ".join(part for part in (title, note) if part)


def set_title(ax: Axes, title: str) -> Axes:
    """Set a title; an empty one leaves the Axes as they are."""
    if title:
        ax.set_title(title, parse_math=False)
    return ax


def say(ax: Axes, text: str) -> Axes:
    """Write a text in the middle of empty Axes, in the place of a figure that has nothing to show."""
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, ha="center", transform=ax.transAxes)
    return ax
