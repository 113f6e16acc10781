"""Tables as a notebook shows them: nothing cut off, and the classes' traffic lights in their colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from gannb.analysis import class_lights, evidence
from gannb.analysis.class_lights import CRITERIA, explained
from gannb.analysis.to_json import to_json
from gannb.analysis.wording import in_percent, interval_text
from gannb.stats.estimate import Interval

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

    from gannb.data.medium import Medium
    from gannb.experiment.experiment import Experiment

LIGHT_COLOURS = {"green": "#b7e1cd", "yellow": "#fff2b3", "red": "#f4b6a6"}


def show(table: pd.DataFrame) -> Styler:
    """Return a table of texts as a notebook should show it: nothing cut off, aligned to the left."""
    left = {"text-align": "left", "white-space": "normal"}
    headings = [{"selector": "th", "props": list(left.items())}]
    return table.rename_axis(index=None).style.set_properties(**left).set_table_styles(headings)


def class_rows(experiment: Experiment) -> list[dict[str, Any]]:
    """Return the rows of the traffic-light table of a study, also before there is a verdict; see `class_lights`."""
    return [to_json(row) for row in class_lights.class_rows(evidence.read(experiment))]


def traffic_lights(rows: list[dict[str, Any]]) -> Styler:
    """Return the traffic-light table as a notebook should show it. rows: the `classes` of a verdict."""
    colours = [{key: LIGHT_COLOURS.get(row[key]["light"], "") for key in CRITERIA} | {"advice": ""} for row in rows]
    texts = [
        {"class": row["class"]} | {key: f"{row[key]['light']}: {light_number(key, row[key])}" for key in CRITERIA}
        | {"advice": row["advice"]}
        for row in rows
    ]  # fmt: skip
    columns = ["class", *CRITERIA, "advice"]
    table = pd.DataFrame(texts, columns=columns).set_index("class")
    paint = pd.DataFrame(colours, columns=columns[1:], index=table.index)
    paint = paint.map(lambda colour: f"background-color: {colour}; color: black" if colour else "")
    return show(table).apply(lambda _: paint, axis=None)


def light_number(key: str, light: dict[str, Any]) -> str:
    """Return the mean and interval behind a light as text."""
    if light["mean"] is None:
        return "not measured"
    mean, low, high = (light[end] for end in ("mean", "low", "high"))
    if key == "diversity":
        return f"{mean:.2f} [{low:.2f}, {high:.2f}]"
    if key == "copying":
        return in_percent(Interval(mean, low, high))
    return interval_text({"difference": mean, "low": low, "high": high})


def criteria(medium: Medium) -> pd.DataFrame:
    """Return what each light measures and where its bars come from."""
    shown = explained(medium.nouns, medium.phrases, medium.measuring_classifier)
    return pd.DataFrame({key: {"what is measured": each.meaning, "bars": each.why} for key, each in shown.items()}).T
