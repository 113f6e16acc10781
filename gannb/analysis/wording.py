"""How numbers, arms and answers are said, the same in sentences, figures and tables.

What takes a row reads a row of `verdict.json`; everything else takes numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from gannb.classifiers.ways import WAYS
from gannb.data.medium import Nouns, Phrases
from gannb.stats.estimate import Interval

METRIC_NAMES = {"balanced_accuracy": "balanced accuracy", "accuracy": "accuracy"}
ANSWERS = {
    "helps": "helps",
    "hurts": "hurts",
    "equivalent": "no difference that matters",
    "inconclusive": "undecided",
}
EXPECTED = {
    "helps": "helps, as expected",
    "hurts": "hurts, as expected",
    "no difference": "no difference seen",
    "converged": "converged",
}
UNCERTAIN = "too uncertain to tell"
FAILED = "not as expected"
NOT_CONVERGED = "not converged"
FAULTS = (FAILED, NOT_CONVERGED)  # of a control
HALF = " (half the steps)"


def arm_label(arm: str) -> str:
    """Return an arm's recipe with room to break: `real+gan:50+classic` -> `real + GAN (50 per class) + classic`."""
    recipe, *behind = arm.split("@")
    label = " + ".join(map(_part_label, recipe.split("+")))
    return label + "".join(HALF if part == "half" else f" ({part})" for part in behind)


def _part_label(part: str) -> str:
    """Return a part of a recipe in words: `gan.truncated:50` -> `GAN (truncated, 50 per class)`."""
    source, _, amount = part.partition(":")
    source, _, variation = source.partition(".")
    words = WAYS[variation].label if variation in WAYS else variation.replace("_", " ")
    details = [words] if words else []
    details += [f"{amount} of each batch" if amount.endswith("%") else f"{int(amount):,} per class"] if amount else []
    return ("GAN" if source == "gan" else source) + (f" ({', '.join(details)})" if details else "")


def points(value: float, sign: bool = False) -> str:
    """Return a difference of shares in percentage points: .006 -> `0.6`, or `+0.6`."""
    text = f"{100 * value:+.1f}" if sign else f"{100 * value:.1f}"
    return {"-0.0": "0.0", "+0.0": "0.0"}.get(text, text)


def in_points(change: Interval) -> str:
    """Return a difference of shares with its interval in percentage points: `+0.6 [-0.4, 1.6]`.

    An end that lies so near to zero that its side would not show has a digit more: `[0.03, 1.6]`.
    """
    return f"{points(change.mean, True)} [{_end(change.low)}, {_end(change.high)}]"


def _end(value: float) -> str:
    text = points(value)
    return f"{100 * value:.1g}" if text == "0.0" and abs(100 * value) >= 0.001 else text


def whole_percent(share: float) -> str:
    """Return a share in whole percent: `86%`; one of nothing is `0%`, on whichever side of it."""
    return f"{100 * share:.0f}%".replace("-0%", "0%")


def in_percent(share: Interval) -> str:
    """Return a share with its interval in whole percent: `86% [82, 91]`."""
    low, high = (whole_percent(end).removesuffix("%") for end in (share.low, share.high))
    return f"{whole_percent(share.mean)} [{low}, {high}]"


def in_unit(change: Interval, share: bool) -> str:
    """Return a difference with its interval: in points of a share, else as a plain number."""
    if share:
        return f"{in_points(change)} points"
    return f"{change.mean:+.3f} [{change.low:.3f}, {change.high:.3f}]"


def percent(share: float) -> str:
    """Return a level or another share in percent, with a digit behind the point where it has one: `95%`, `98.5%`."""
    return f"{100 * share:.1f}".removesuffix(".0") + "%"


def at_least(share: float) -> str:
    """Return a share as `percent` does, rounded down, to stand behind `at least`."""
    return percent(math.floor(1000 * share + 1e-6) / 1000)


def with_reason(word: str, reason: str) -> str:
    """Return the word for no answer with what stands in its way: `undecided: the classifiers had not converged`."""
    return f"{word}: {reason}" if reason else word


def capital(text: str) -> str:
    """Return a text as it begins a sentence."""
    return text[:1].upper() + text[1:]


def typeset(text: str) -> str:
    """Return the text with true minus signs, and with no line break inside a number with its interval or unit."""
    text = re.sub(r"(?<![\w.])-(?=\d)", "−", text)
    text = re.sub(r"(?<=\d) (?=[\[%])", "\u00a0", text)
    return re.sub(r"(\[[−\d.,]+,) (?=[−\d])", "\\1\u00a0", text)


def unlearnt(nouns: Nouns, phrases: Phrases) -> str:
    """Return what items do that score 0 % on the scale of copying, to stand behind `items that`."""
    if phrases.nearly:
        return f"are near copies of a training {nouns.one} as seldom as unseen real ones are"
    return f"are no nearer to the training set than to unseen real {nouns.many}"


# ---- rows of verdict.json ----


def interval_text(row: Mapping[str, Any]) -> str:
    """Return a row's difference of shares with its interval in percentage points: `+0.6 [-0.4, 1.6]`."""
    return in_points(_change(row))


def change_text(row: Mapping[str, Any], share: bool) -> str:
    """Return a row's difference with its interval: in points of a share, else as a plain number; a dash for none."""
    if row["difference"] is None or math.isnan(row["difference"]):
        return "–"
    return in_unit(_change(row), share)


def _change(row: Mapping[str, Any]) -> Interval:
    return Interval(row["difference"], row["low"], row["high"])


def row_word(row: Mapping[str, Any]) -> str:
    """Return the answer of a row in words; exploratory rows have none."""
    if row["role"] == "control":
        failed = NOT_CONVERGED if row["expected"] == "converged" else FAILED
        return UNCERTAIN if row["came_out"] is None else EXPECTED[row["expected"]] if row["came_out"] else failed
    return ANSWERS[row["answer"]] if row["answer"] else ""


def row_text(row: Mapping[str, Any]) -> str:
    """Return a row in words: what is compared, its number with the interval, its answer if it has one."""
    what = row.get("option") or row.get("study") or f"{arm_label(row['arm'])} against {arm_label(row['against'])}"
    return f"{what}: {interval_text(row)} points" + (f", {word}" if (word := row_word(row)) else "")


def primary_of(verdict: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the row of the primary contrast. Raises StopIteration where a verdict has none."""
    return next(row for row in verdict["contrasts"] if row["role"] == "primary")


def level_text(level: dict, share: bool) -> str:
    """Return `91.2% [90.1, 92.3]` of a share, `0.912 [0.901, 0.923]` of another number, a dash for none."""
    values = [level[end] for end in ("mean", "low", "high")]
    if None in values or np.isnan(values).any():
        return "–"
    mean, low, high = (f"{100 * v:.1f}" if share else f"{v:.3f}" for v in values)
    return f"{mean}{'%' if share else ''} [{low}, {high}]"
