"""Forest plots: differences with their intervals, a row each, of one study or of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from gannb.analysis.wording import FAULTS, arm_label, interval_text, points, primary_of, row_text, row_word, typeset
from gannb.utils.figures import BAND, BLUE, GREEN, INK, ORANGE, PURPLE, RED, SOFT, STYLE, new_axes, tip

ROLES = {  # of a contrast: heading, colour, marker
    "primary": ("The question (primary)", BLUE, "D"),
    "secondary": ("Secondary", GREEN, "o"),
    "yardstick": ("Yardsticks: what comes without any GAN", PURPLE, "^"),
    "exploratory": ("Exploratory: shown without an answer", PURPLE, "o"),
    "control": ("Controls: planted to check the study itself", ORANGE, "s"),
    "option": ("Other ways", SOFT, "o"),
}
BESIDE, BESIDE_SMALL = 52, 66  # characters of a line beside the wide figure, in its usual size and in the small one
HEADLINE = 58  # characters of an option and its number that a line of the headline holds
NARROW = 48  # characters that a line of a narrow figure holds
FURTHER = 0.28  # rows that a further line of words takes in these two
WIDE_NAME, NARROW_NAME = 3.9, 3.7  # inches that the name of a study may take, so that the axes keep their room
MOST_OPTIONS = 5  # beside the answer; the page's table has all of them


# ---- of one study ----


def forest_rows(verdict: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the forest plot in drawing order: every contrast by role, then the controls."""
    order = list(ROLES)
    rows = [dict(row) for row in verdict["contrasts"]]
    rows += [dict(row) | {"role": "control", "answer": None} for row in verdict["controls"]]
    return sorted(rows, key=lambda row: order.index(row["role"]))


@mpl.rc_context(STYLE)
def forest(verdict: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw every contrast and control of a verdict: the difference with its interval, in percentage points.

    verdict: the content of `verdict.json`. The band is the range of no practical consequence; an interval that goes
    on beyond the axis ends in an arrow.
    """
    rows = forest_rows(verdict)
    lines = _with_headings(rows)
    places, end = _places(lines)
    ax = ax or new_axes(10.5, 0.9 + 0.5 * end)
    limit = _forest_axis(ax, rows, verdict, end - 0.4)
    for place, line in zip(places, lines, strict=True):
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
    words = [
        [line] if isinstance(line, str) else wrap(line["meaning"] or arm_label(line["arm"]), NARROW) for line in lines
    ]
    places, end = _places_below(words)
    ax = ax or new_axes(4, 0.9 + 0.66 * end)
    limit = _forest_axis(ax, rows, verdict, end - 0.5)
    for place, line, text in zip(places, lines, words, strict=True):
        if isinstance(line, str):
            _above(ax, place + 0.15, line, size=10, weight="bold")
            continue
        number, word = typeset(interval_text(line)), row_word(line)
        _above(ax, place - 0.24, "\n".join(text), size=9, va="bottom")
        _above(ax, place - 0.06, f"{number}  {word}", size=9, color=RED if word in FAULTS else SOFT, weight="bold")
        _interval(ax, place + 0.22, line, limit)
    ax.set_xlabel(f"change, percentage points\n(shaded: within {points(verdict['rope'])})")
    return ax


def _with_headings(rows: list[dict[str, Any]]) -> list[dict[str, Any] | str]:
    lines: list[dict[str, Any] | str] = []
    for i, row in enumerate(rows):
        if i == 0 or rows[i - 1]["role"] != row["role"]:
            lines.append(ROLES[row["role"]][0])
        lines.append(row)
    return lines


def _places(lines: Sequence[dict[str, Any] | str]) -> tuple[list[float], float]:
    """Return where each line of the wide figure stands, and where they end: long words take further lines."""
    places, end = [], 0.0
    for line in lines:
        above, below = (0, 0) if isinstance(line, str) else (len(words) - 1 for words in _words_beside(line))
        places.append(end + 0.4 * max(0, above))
        end += 1 + 0.4 * max(0, above) + 0.34 * max(0, below)
    return places, end


def _words_beside(row: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return what a row of the wide figure compares, in lines: in words, and by the names of its arms."""
    names = f"{arm_label(row['arm'])} against {arm_label(row['against'])}"
    return wrap(row["meaning"] or names, BESIDE), wrap(names if row["meaning"] else "", BESIDE_SMALL)


def _forest_axis(ax: Axes, rows: list[dict[str, Any]], verdict: Mapping[str, Any], bottom: float) -> float:
    """Draw band, zero line and axis; return the axis' reach in points."""
    limit, rope = _forest_limit(rows, verdict["rope"]), 100 * verdict["rope"]
    ax.axvspan(-rope, rope, color=BAND, zorder=0)
    _zero_line(ax, limit, bottom)
    return limit


def _forest_limit(rows: list[dict[str, Any]], rope: float) -> float:
    """Return the axis' reach in points: all rows, unless the primary's interval would be too small to read."""
    reach = lambda some: max([abs(row[side]) for row in some for side in ("low", "high")] or [0.0])  # noqa: E731
    primary = max(2 * rope, reach([row for row in rows if row["role"] == "primary"]))
    return 100 * 1.08 * min(max(reach(rows), primary), 5 * primary)


def _row_text(ax: Axes, place: float, row: Mapping[str, Any]) -> None:
    """Write what a row compares on its left, and its numbers and answer on its right."""
    meaning, names = _words_beside(row)
    word = row_word(row)
    _beside(ax, place + 0.03, "\n".join(meaning), left=True, va="bottom")
    _beside(ax, place + 0.07, "\n".join(names), left=True, size=9, color=SOFT, va="top")
    _beside(ax, place - (0.17 if word else 0), typeset(interval_text(row)), left=False)
    _beside(ax, place + 0.2, word, left=False, size=10, color=RED if word in FAULTS else INK, weight="bold")


@mpl.rc_context(STYLE)
def headline(verdict: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw the answer and, below it, the other ways to go: the words of a row above its interval.

    verdict: as for `forest`. The answer's interval is the one that it goes by; those of the other ways are adjusted for
    their number, as in `options`.
    """
    rows = headline_rows(verdict)
    numbers = [typeset(interval_text(row)) for row in rows]
    words = [wrap(row["option"], HEADLINE - len(number)) for row, number in zip(rows, numbers, strict=True)]
    places, end = _places_below(words)
    ax = ax or new_axes(5.6, 1.0 + 0.66 * end)
    limit = _forest_axis(ax, rows, verdict, end - 0.5)
    for place, row, number, text in zip(places, rows, numbers, words, strict=True):
        first = row["role"] == "primary"
        size = 12 if first else 11
        _above(ax, place - 0.11, "\n".join(text), size=size, weight="bold" if first else "normal", va="bottom")
        _above(ax, place - 0.11, number, size=size, left=False, va="bottom")
        _interval(ax, place + 0.14, row, limit)
    metric = verdict["metric"].replace("_", " ")
    ax.set_xlabel(
        f"change of {metric}, percentage points\n(shaded: within {points(verdict['rope'])}: no practical consequence)"
    )
    return ax


def headline_rows(verdict: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the headline: the primary contrast, then the other options, the largest gain first."""
    primary = primary_of(verdict)
    names = {row["arm"]: row["option"] for row in verdict["options"]}
    others = [row for row in verdict["options"] if row["arm"] != primary["arm"]][:MOST_OPTIONS]
    rows = [dict(primary) | {"option": names.get(primary["arm"], arm_label(primary["arm"]))}]
    return rows + [dict(row) | {"role": "option", "answer": None} for row in others]


# ---- of several studies ----


@mpl.rc_context(STYLE)
def forest_of_studies(
    rows: Sequence[Mapping[str, Any]], pooled: Mapping[str, Any] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the primary contrast of several studies, a row each: its difference with its interval, in points.

    rows: `study`, `about` (a line on its data), `answer`, `rope`, `difference`, `low` and `high`. The band is each
    study's own range of no practical consequence; an interval that goes on beyond the axis ends in an arrow.
    pooled: all studies together, drawn as a diamond in a last row: the same but `answer` and `rope`, and `next_low` and
    `next_high` of the next data set.
    """
    ax = ax or new_axes(10.5, 0.9 + 0.6 * (len(rows) + (pooled is not None)))
    limit = _studies_axis(ax, rows, pooled, "change, percentage points (left: worse, right: better)\nshaded: within "
                                            "each study's own limits, no practical consequence")  # fmt: skip
    for place, row in enumerate(rows):
        _interval(ax, place, row, limit)
        _beside(ax, place - 0.17, _fitting(row["study"], 11, WIDE_NAME), left=True)
        _beside(ax, place + 0.2, row["about"], left=True, size=9, color=SOFT)
        _beside(ax, place - 0.17, typeset(interval_text(row)), left=False)
        _beside(ax, place + 0.2, row_word(row), left=False, size=10, weight="bold")
    if pooled:
        _diamond(ax, len(rows), pooled, limit)
        _beside(ax, len(rows) - 0.17, pooled["study"], left=True, weight="bold")
        _beside(ax, len(rows) + 0.2, typeset(pooled["about"]), left=True, size=9, color=SOFT)
        _beside(ax, len(rows), typeset(interval_text(pooled)), left=False, weight="bold")
    return ax


@mpl.rc_context(STYLE)
def forest_of_studies_narrow(
    rows: Sequence[Mapping[str, Any]], pooled: Mapping[str, Any] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw several studies for a narrow screen: a row's words above its interval. Arguments as `forest_of_studies`."""
    ax = ax or new_axes(4, 0.9 + 0.8 * (len(rows) + (pooled is not None)))
    limit = _studies_axis(ax, rows, pooled, "change, percentage points")
    for place, row in enumerate(rows):
        _above(ax, place - 0.33, _fitting(row["study"], 9, NARROW_NAME), size=9)
        _above(ax, place - 0.08, f"{typeset(interval_text(row))}  {row_word(row)}", size=9, color=SOFT, weight="bold")
        _interval(ax, place + 0.2, row, limit)
    if pooled:
        _above(ax, len(rows) - 0.33, f"{pooled['study']}  {typeset(interval_text(pooled))}", size=9, weight="bold")
        _above(ax, len(rows) - 0.08, typeset(pooled["about"]), size=9, color=SOFT)
        _diamond(ax, len(rows) + 0.2, pooled, limit)
    return ax


def _studies_axis(ax: Axes, rows: Sequence[Mapping[str, Any]], pooled: Mapping[str, Any] | None, label: str) -> float:
    """Draw each study's band, the zero line and the axis; return the axis' reach in points."""
    drawn = [*rows, *([pooled] if pooled else [])]
    limit = 108 * max(max(abs(row["low"]), abs(row["high"]), 2 * row.get("rope", 0.0)) for row in drawn)
    ropes = [100 * row["rope"] for row in rows]
    ax.barh(range(len(rows)), [2 * rope for rope in ropes], 1.0, [-rope for rope in ropes], color=BAND, zorder=0)
    _zero_line(ax, limit, len(drawn) - 0.4)
    ax.set_xlabel(label)
    return limit


def _diamond(ax: Axes, place: float, pooled: Mapping[str, Any], limit: float) -> None:
    """Draw all studies together: a diamond as wide as the interval of their mean, and a line for the next data set."""
    low, mean, high = (100 * pooled[key] for key in ("low", "difference", "high"))
    value = tip(typeset(f"{pooled['study']}: {interval_text(pooled)} points, {pooled['about']}"))
    ends = np.clip([100 * pooled["next_low"], 100 * pooled["next_high"]], -limit, limit)
    ax.plot(ends, [place, place], color=INK, linewidth=1.2, zorder=2, gid=value)
    for end, arrow in zip(ends, "<>", strict=True):
        if abs(end) == limit:
            ax.plot(end, place, arrow, color=INK, markersize=7, clip_on=False, zorder=3, gid=value)
    x, y = np.clip([low, mean, high, mean], -limit, limit), [place, place - 0.18, place, place + 0.18]
    (shape,) = ax.fill(x, y, color=INK, zorder=4)
    shape.set_gid(value)


# ---- parts ----


def _places_below(words: Sequence[Sequence[str]]) -> tuple[list[float], float]:
    """Return where rows stand whose words, in lines, are above their intervals, and where they end."""
    ends = np.cumsum([1 + FURTHER * (len(lines) - 1) for lines in words])
    return [float(end) - 1 for end in ends], float(ends[-1])


def _zero_line(ax: Axes, limit: float, bottom: float) -> None:
    """Draw the line of no change, and an axis that reaches `limit` points to both sides of it."""
    ax.axvline(0, color=SOFT, linewidth=1, zorder=1)
    ax.set(xlim=(-limit, limit), ylim=(bottom, -0.6), yticks=[])
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:+.3g}".replace("-", "−") if value else "0")


def _interval(ax: Axes, place: float, row: Mapping[str, Any], limit: float) -> None:
    """Draw the mark and the bar of a row, with arrows where it goes on beyond the axis."""
    _, colour, marker = ROLES[row["role"]]
    low, mean, high = (100 * row[key] for key in ("low", "difference", "high"))
    ends, value = np.clip([low, high], -limit, limit), tip(typeset(row_text(row)))
    if ends[0] < ends[1]:
        width = 3.2 if row["role"] == "primary" else 2.2
        ax.plot(ends, [place, place], color=colour, linewidth=width, solid_capstyle="butt", zorder=2, gid=value)
    for beyond, edge, arrow in ((low < -limit, -limit, "<"), (high > limit, limit, ">")):
        if beyond:
            ax.plot(edge, place, arrow, color=colour, markersize=10, clip_on=False, zorder=3, gid=value)
    if abs(mean) <= limit:
        ax.plot(mean, place, marker, color=colour, markersize=9, markeredgecolor="white", zorder=4, gid=value)


def _fitting(text: str, size: float, inches: float) -> str:
    """Return a text, shortened until it is no wider than so many inches in a font size."""
    font, kept = FontProperties(size=size), text
    while text_to_path.get_text_width_height_descent(kept, font, False)[0] > 72 * inches:
        text, kept = text[:-1], f"{text[:-1]}…"
    return kept


def _beside(
    ax: Axes,
    place: float,
    text: str,
    left: bool,
    size: int = 11,
    color: str = INK,
    weight: str = "normal",
    va: str = "center",
) -> None:
    """Write beside the axes, towards them: on the left, or on the right."""
    ax.annotate(
        text, (0 if left else 1, place), (-14 if left else 14, 0), xycoords=ax.get_yaxis_transform(),
        textcoords="offset points", fontsize=size, color=color, weight=weight, va=va,
        ha="right" if left else "left", annotation_clip=False, parse_math=False,
    )  # fmt: skip


def _above(
    ax: Axes,
    place: float,
    text: str,
    size: float,
    color: str = INK,
    weight: str = "normal",
    left: bool = True,
    va: str = "center",
) -> None:
    """Write within the axes, from their left edge, or up to the right one."""
    ax.text(
        0 if left else 1, place, text, transform=ax.get_yaxis_transform(), fontsize=size, color=color, weight=weight,
        va=va, ha="left" if left else "right", parse_math=False, zorder=5,
    )  # fmt: skip
