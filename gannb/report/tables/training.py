"""Tables of what became of the GANs while they trained, and of what tuning chose."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gannb.generators.interface import RECORD
from gannb.trials.tuning import Configuration
from gannb.work.store import read_unit

if TYPE_CHECKING:
    from gannb.experiment.experiment import Experiment
    from gannb.work.unit import Unit


def gans(experiment: Experiment) -> pd.DataFrame:
    """Return, per trial and family, what became of the study's GANs: steps, seconds, remedies, and the last points."""
    rows = []
    for unit in _gan_units(experiment):
        history = _history_of(experiment, unit)
        curves, ratios = history["curves"], history["diversity"]["ratio"]
        last = {name.replace("_", " "): round(values[-1], 3) for name, values in curves.items() if name != "step"}
        row = {"trial": unit.parameters["trial"], "family": _name_of(unit), "steps": curves["step"][-1]}
        row |= {"seconds": read_unit(experiment.results.folder, unit)["seconds"], "remedies": len(history["log"])}
        rows.append(row | {"diversity": round(ratios[-1], 2) if ratios else None} | last)
    return pd.DataFrame(rows, columns=list(rows[0]) if rows else ["trial"]).set_index("trial")


def _gan_units(experiment: Experiment) -> list[Unit]:
    """Return the finished units of the trials' GANs, those of the study's own family first."""
    gans = experiment.settings.gans
    units = [u for u in experiment.plan.units(2) if _name_of(u) in gans]
    units = [u for u in units if experiment.results.is_done(u) and u.parameters["trial"] >= 0]
    return sorted(units, key=lambda unit: gans.index(_name_of(unit)))


def _name_of(unit: Unit) -> str:
    """Return the name of a unit's GAN: its family, and what it has learnt from beside the draw."""
    return unit.place.rpartition("/")[2]


def _history_of(experiment: Experiment, unit: Unit) -> dict[str, Any]:
    return gan_history(experiment, unit.parameters["trial"], _name_of(unit))


def gan_history(experiment: Experiment, trial: int, family: str | None = None) -> dict[str, Any]:
    """Return how the training of a trial's GAN went, of the study's own family by default.

    `curves`: `step` and one list per curve. `diversity`: `step` and `ratio`. `log`: what the guard did. `limits`: from
    where on it acts. `kept`: the rule by which the weights were chosen.
    """
    from gannb.generators.adversarial.guard import COLLAPSED, OVERFITTED  # takes torch; the other tables do without

    file = experiment.results.generator_folder(trial, family) / RECORD
    about = json.loads(file.read_text(encoding="utf-8"))
    limits = {"sureness": OVERFITTED, "diversity": COLLAPSED}
    return {name: about[name] for name in ("curves", "diversity", "log", "kept")} | {"limits": limits}


def guard_log(experiment: Experiment) -> pd.DataFrame:
    """Return what the guards of all trials' GANs noticed and did, an event per row."""
    rows = [
        {"trial": u.parameters["trial"], "family": _name_of(u), "at step": e["step"],
         "noticed": e["fault"], "went back to": e["back_to"], "and changed": e["remedy"]}
        for u in _gan_units(experiment) for e in _history_of(experiment, u)["log"]
    ]  # fmt: skip
    quiet = [
        {
            "trial": "all",
            "family": "all",
            "at step": "",
            "noticed": "nothing",
            "went back to": "",
            "and changed": "nothing",
        }
    ]
    return pd.DataFrame(rows or quiet).set_index("trial")


def tuning(experiment: Experiment) -> pd.DataFrame:
    """Return what tuning found: a configuration per row, an arm per column, mean balanced accuracy in percent.

    The chosen one is in brackets; empty where a configuration does not exist in an arm. Scores are those on draws for
    tuning, which are too few to compare arms by.
    """
    tried = experiment.results.tuning()
    if tried.empty:
        return pd.DataFrame({"tuning": ["off"]})
    tried = tried.assign(tried=[str(Configuration(**c)) for c in tried["configuration"]])
    tried = tried.assign(score=[np.mean(np.array(scores, float)) for scores in tried["scores"]])
    means = tried.groupby(["arm", "tried"], sort=False)[["score", "chosen"]].mean().reset_index()
    shown = (100 * means["score"]).map("{:.1f}".format)
    texts = shown.where(means["chosen"] == 0, "[" + shown + "]")
    order = list(dict.fromkeys(tried["tried"]))
    table = means.assign(text=texts).pivot(index="tried", columns="arm", values="text")
    return table.loc[order, list(dict.fromkeys(tried["arm"]))].fillna("").rename_axis("configuration", axis=0)
