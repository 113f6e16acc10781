"""The map of a sweep: `map.html`, a figure with the gain and its interval in every place, and `map.csv`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
from markupsafe import Markup

from gannb.analysis.wording import ANSWERS as WORDS
from gannb.analysis.wording import interval_text, points, with_reason
from gannb.report.compare import brackets, nouns_of
from gannb.report.page.html import render
from gannb.study.folder import PAGE, STUDIES
from gannb.sweep import sentences
from gannb.sweep.definition import Sweep
from gannb.sweep.entries import GAN, SIZES, Entry, entries, results, table
from gannb.utils.errors import unreadable
from gannb.utils.files import write_text

MAP, TABLE = "map.html", "map.csv"
SHORT = {"helps": "helps", "hurts": "hurts", "equivalent": "same", "inconclusive": "open"}  # in a place of the map
FEWEST_SHOWN = 0.02  # share to both sides of zero that a place's axis has at least
OUTLIERS = 0.9  # of the intervals' ends lie on the axis


@dataclass(frozen=True)
class Place:
    """A place as the page shows it."""

    kind: str  # helps, hurts, equivalent, inconclusive; failed, missing
    gain: str
    interval: str
    word: str
    star: bool
    text: str  # all of it in words
    link: str  # to the study's page; "" where there is none beside the map
    drawing: Markup


@dataclass(frozen=True)
class Panel:
    """A data set of the map: a table of places."""

    title: str
    heads: Sequence[str]  # of the columns that name a row
    columns: Sequence[str]
    rows: Sequence[tuple[Sequence[str], Sequence[Place | None]]]


def write_map(sweep: Sweep, failed: Mapping[str, str]) -> tuple[Path, str]:
    """Write the map of what is finished of a sweep; return its page, and its answer in a few words.

    failed: by study, why it has no result, or what is missing of it.
    """
    found = results(sweep)
    places = entries(sweep, found, failed)
    write_text(sweep.folder / TABLE, pd.DataFrame(table(sweep, places)).to_csv(index=False))
    facts = page_facts(sweep, places, found, failed)
    write_text(sweep.folder / MAP, render("map.html", generator=f"gannb, map of {sweep.name}", **facts))
    return sweep.folder / MAP, facts["answer"]


def read_answer(folder: Path) -> tuple[int, str]:
    """Return of how many studies a map in a folder is, and its answer in a few words.

    Raises InputError where there is no map.
    """
    try:
        found = pd.read_csv(folder / TABLE)
        gans = found[found["is_gan"]]
        answers = gans["answer"].where(gans["difference"].notna(), "")
    except (OSError, ValueError, KeyError) as error:
        raise unreadable(str(folder / TABLE), error, "is not there, or cannot be read; run the sweep again") from None
    return int(found["study"].nunique()), sentences.answer_of(answers.tolist())


def page_facts(
    sweep: Sweep, places: Sequence[Entry], found: Mapping[str, Any], failed: Mapping[str, str]
) -> dict[str, Any]:
    """Return everything that the template shows."""
    there = list(found.values())
    nouns = nouns_of(there) if there else nouns_without(sweep)
    pooled, reason = sentences.together(places, found, nouns) if there else ([], "")
    return {
        "title": f"Map of {sweep.name}", "sweep": sweep.name, "nouns": nouns, "studies": len(sweep.cells),
        "answer": sentences.answer(places), "where": sentences.where(places, nouns),
        "advice": sentences.advice(places, nouns), "multiplicity": sentences.multiplicity(places, nouns),
        "problems": sentences.unfinished(len(sweep.cells), found, failed),
        "panels": panels(sweep, places), "reach": points(_reach(places)),
        "columns": f"real {nouns.many} per class" if column_axis(sweep) == SIZES else column_axis(sweep),
        "rope": points(float(there[0].verdict["rope"])) if there else "", "brackets": brackets(there) if there else "",
        "metric": there[0].metric.replace("_", " ") if there else "",
        "together": pooled, "not_pooled": reason, "how": sentences.how(nouns),
        "list": [(entry, _place(sweep, entry, 1.0)) for entry in places],
    }  # fmt: skip


def nouns_without(sweep: Sweep) -> Any:
    """Return what the items are called where no study has a result yet."""
    from gannb.media import MEDIA

    return MEDIA[sweep.cells[0].study.medium].nouns


# ---- the figure ----


def column_axis(sweep: Sweep) -> str:
    """Return the axis that makes the columns: the number of real items, else the one with the most values.

    Empty where the studies differ in their data and families alone, which make panels and rows.
    """
    axes = [axis for axis in sweep.axes if axis not in ("data", GAN)]
    return SIZES if SIZES in axes else max(axes, key=lambda axis: len(sweep.axes[axis]), default="")


def panels(sweep: Sweep, places: Sequence[Entry]) -> list[Panel]:
    """Return the map: a table for each data set, a row for each maker under each of the other axes' values."""
    column = column_axis(sweep)
    rest = [axis for axis in sweep.axes if axis not in ("data", GAN, column)]
    sets = sweep.axes.get("data", ("",))
    makers = dict.fromkeys(entry.maker for entry in sorted(places, key=lambda entry: not entry.is_gan))
    reach = _reach(places)
    at = {_key(entry): entry for entry in places}
    found = []
    for data in sets:
        rows, labels = [], _columns(places, column, data)
        for values in product(*(sweep.axes[axis] for axis in rest)):
            fixed = dict(zip(rest, values, strict=True)) | ({"data": data} if data else {})
            for maker in makers:
                there = [fixed | ({column: label} if column else {}) for label in labels]
                row = [at.get((maker, *sorted(each.items()))) for each in there]
                if any(row):
                    shown = [_place(sweep, entry, reach) if entry else None for entry in row]
                    rows.append(((*values, maker), shown))
        found.append(Panel(data, (*rest, "made by"), labels, rows))
    return found


def _columns(places: Sequence[Entry], column: str, data: str) -> list[str]:
    """Return the values on the axis of the columns that a data set has, in their order."""
    if not column:
        return ["change"]
    of_set = [entry for entry in places if not data or entry.at["data"] == data]
    labels = list(dict.fromkeys(entry.at[column] for entry in of_set if column in entry.at))
    return sorted(labels, key=float) if column == SIZES and all(map(str.isdigit, labels)) else labels


def _key(entry: Entry) -> tuple[Any, ...]:
    """Return what finds an entry: its maker and the axes but that of the families, which the maker stands for."""
    return (entry.maker, *sorted((axis, label) for axis, label in entry.at.items() if axis != GAN))


def _reach(places: Sequence[Entry]) -> float:
    """Return the share to both sides of zero that the axis of every place has; a few ends may lie beyond it."""
    ends = [abs(entry.row[end]) for entry in places if entry.row for end in ("low", "high")]
    return max(FEWEST_SHOWN, 1.05 * float(np.quantile(ends, OUTLIERS))) if ends else FEWEST_SHOWN


def _place(sweep: Sweep, entry: Entry, reach: float) -> Place:
    if entry.row is None:
        kind = "failed" if entry.reason else "missing"
        word = "failed" if entry.reason else "to come"
        return Place(kind, "", "", word, False, f"{_where(entry)}: {with_reason(word, entry.reason)}", "", Markup(""))
    gain, _, interval = interval_text(entry.row).partition(" ")
    left = f"{entry.row['trials']} trials" if entry.row["trials"] < entry.planned else ""  # the others have failed
    said = with_reason(WORDS[entry.answer], entry.reason)
    text = f"{_where(entry)}: {interval_text(entry.row)} points{left and f' of {left}'}, {said}"
    text += ", also with all intervals at once" if entry.starred else ""
    there = (sweep.folder / STUDIES / entry.study / PAGE).is_file()
    link = f"{STUDIES}/{quote(entry.study)}/{PAGE}" if there else ""
    word = SHORT[entry.answer] + (left and f", {left}")
    return Place(entry.answer, gain, interval, word, entry.starred, text, link, _drawing(entry.row, reach))


def _where(entry: Entry) -> str:
    return f"{entry.words}, {entry.at[SIZES]} per class" if SIZES in entry.at else entry.words


def _drawing(row: Mapping[str, Any], reach: float) -> Markup:
    """Return a place's interval as SVG: the line of no change, the interval and its middle, arrows where it goes on."""
    x = lambda share: round(50 + 50 * float(np.clip(share / reach, -1, 1)), 1)  # noqa: E731
    low, mean, high = (x(row[key]) for key in ("low", "difference", "high"))
    beyond = ('<path class="beyond" d="M0 7 L7 1 V13 Z"/>' if row["low"] < -reach else "") + (
        '<path class="beyond" d="M100 7 L93 1 V13 Z"/>' if row["high"] > reach else ""
    )
    return Markup(
        '<svg viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">'
        '<line class="zero" x1="50" y1="0" x2="50" y2="14"/>'
        f'<line class="bar" x1="{low}" y1="7" x2="{high}" y2="7"/>'
        f'<line class="mean" x1="{mean}" y1="2" x2="{mean}" y2="12"/>{beyond}</svg>'
    )
