"""How numbers, arms and answers are said, the same in sentences, figures and tables."""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

METRIC_NAMES = {"balanced_accuracy": "balanced accuracy", "accuracy": "accuracy"}
ANSWERS = {
    "helps": "helps",
    "hurts": "hurts",
    "equivalent": "no difference that matters",
    "inconclusive": "undecided",
}
EXPECTED = {"helps": "helps, as expected", "hurts": "hurts, as expected", "no difference": "no difference seen"}
UNCERTAIN = "too uncertain to tell"
FAILED = "not as expected"
HALF = " (half the steps)"
UNITS = {  # by kind, what people call them
    "draw": "drawing the trials",
    "generator": "training generators",
    "items": "making images",
    "ruler": "training the measuring classifier",
    "judge": "training the choosing classifier",
    "quality": "measuring quality",
    "yardsticks": "measuring real images and copies",
    "classifier": "training classifiers",
    "tuning": "tuning arms",
    "choice": "choosing configurations",
    "outlier_gan": "training GANs of outliers",
    "open_set": "training to recognise new classes",
    "in_features": "measuring in frozen features",
    "features": "frozen features of real images",
    "item_features": "frozen features of made images",
}


def arm_label(arm: str) -> str:
    """Return an arm's recipe with room to break: `real+gan:50+classic` -> `real + GAN (50 per class) + classic`."""
    recipe, *behind = arm.split("@")
    label = " + ".join(map(_part_label, recipe.split("+")))
    return label + "".join(HALF if part == "half" else f" ({part})" for part in behind)


def _part_label(part: str) -> str:
    """Return a part of a recipe in words: `gan.truncated:50` -> `GAN (truncated, 50 per class)`."""
    source, _, dose = part.partition(":")
    source, _, variation = source.partition(".")
    details = [variation.replace("_", " ")] if variation else []
    details += [f"{int(dose):,} per class"] if dose else []
    return ("GAN" if source == "gan" else source) + (f" ({', '.join(details)})" if details else "")


def points(value: float, sign: bool = False) -> str:
    """Return a difference of shares in percentage points: .006 -> `0.6`, or `+0.6`."""
    text = f"{100 * value:+.1f}" if sign else f"{100 * value:.1f}"
    return {"-0.0": "0.0", "+0.0": "0.0"}.get(text, text)


def interval_text(row: Mapping[str, Any]) -> str:
    """Return `+0.6 [-0.4, 1.6]` for a contrast, in points."""
    return f"{points(row['difference'], True)} [{points(row['low'])}, {points(row['high'])}]"


def change_text(row: Mapping[str, Any], share: bool) -> str:
    """Return a difference with its interval: in points of a share, else as a plain number; a dash for none."""
    if row["difference"] is None or math.isnan(row["difference"]):
        return "–"
    if share:
        return f"{interval_text(row)} points"
    return f"{row['difference']:+.3f} [{row['low']:.3f}, {row['high']:.3f}]"


def typeset(text: str) -> str:
    """Return the text with true minus signs, and with no line break inside a number with its interval or unit."""
    text = re.sub(r"(?<![\w.])-(?=\d)", "−", text)
    text = re.sub(r"(?<=\d) (?=[\[%])", "\u00a0", text)
    return re.sub(r"(\[[−\d.,]+,) (?=[−\d])", "\\1\u00a0", text)


def row_word(row: Mapping[str, Any]) -> str:
    """Return the answer of a row in words; exploratory rows have none."""
    if row["role"] == "control":
        return UNCERTAIN if row["came_out"] is None else EXPECTED[row["expected"]] if row["came_out"] else FAILED
    return ANSWERS[row["answer"]] if row["answer"] else ""


def row_text(row: Mapping[str, Any]) -> str:
    """Return a row in words: what is compared, its number with the interval, its answer if it has one."""
    what = row.get("option") or row.get("study") or f"{arm_label(row['arm'])} against {arm_label(row['against'])}"
    return f"{what}: {interval_text(row)} points" + (f", {word}" if (word := row_word(row)) else "")


def primary_of(verdict: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the row of the primary contrast. Raises StopIteration where a verdict has none."""
    return next(row for row in verdict["contrasts"] if row["role"] == "primary")


# ---- in errors ----


def near(name: str, names: Iterable[str], most: int = 1) -> list[str]:
    """Return those of `names` that are spelled most like a name, the nearest first; none where none is near."""
    return difflib.get_close_matches(name, list(names), n=most, cutoff=0.5)


def nearest(name: str, names: Iterable[str], show: Callable[[str], str] = str, most: int = 1) -> str:
    """Return `did you mean NAME?` for the nearest of `names` by spelling, or several; empty where none is near."""
    found = near(name, names, most)
    return f"did you mean {' or '.join(map(show, found))}?" if found else ""


def nearest_class(name: str, classes: Sequence[str]) -> str:
    """Return what to say where there is no class of a name: the nearest, or else which there are."""
    return nearest(name, classes, repr) or f"the classes are {few_of([repr(each) for each in classes])}."


def few_of(names: Sequence[str], most: int = 8) -> str:
    """Return the first names of a list, and how many more there are: `a, b and 3 more`."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def composed(name: str) -> str:
    """Return a class's name with each accent and its letter as one character (NFC), however it was typed or stored."""
    return unicodedata.normalize("NFC", name)


def printable(text: str) -> str:
    """Return a text in which what a file name holds beside UTF-8 is written out, as `caf\\udce9`."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def ended(sentence: str) -> str:
    """Return a sentence with its full stop, unless it ends as a sentence does."""
    return sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."
