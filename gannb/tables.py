"""Tables for the notebooks and the page: what was read, drawn, trained and measured, as data frames."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gannb import evidence, lights
from gannb import outcomes as outcome_measures
from gannb import quality as measures
from gannb.lights import CRITERIA
from gannb.outcomes import OUTCOMES
from gannb.tuning import Configuration
from gannb.words import change_text, interval_text
from gannb.work import is_done, read_unit

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

    from gannb.data import Dataset, Examples
    from gannb.experiment import Experiment
    from gannb.work import Unit

CLASSES_SHOWN = 30  # of which the recalls are listed
SUSPECTS_SHOWN = 6  # per feature space
LIGHT_COLOURS = {"green": "#b7e1cd", "yellow": "#fff2b3", "red": "#f4b6a6"}
PAIRS_SHOWN = 4  # per class: the first ones made, and the closest of all
QUALITY = (
    "gan_test", "gan_train", "kid", "kid_se", "fid", "density", "coverage", "precision", "recall", "diversity",
    "nearer_to_train", "nn_ratio", "authenticity", "c_t", "exact_duplicates", "near_duplicates", "flagged",
)  # fmt: skip


def data_summary(dataset: Dataset) -> pd.DataFrame:
    """Return what was read, one fact per row."""
    report = dataset.report
    facts = {
        "items": f"{len(dataset.pool) + (0 if dataset.test is None else len(dataset.test)):,}",
        "given test set": "none" if dataset.test is None else f"{len(dataset.test):,} items",
        "classes": f"{dataset.pool.n_classes}",
        "classes held out": ", ".join(dataset.held_out.pool.classes) if dataset.held_out else "none",
        "shape": "x".join(map(str, dataset.pool.shape)),
        "brought to": report.brought_to,
        "as they came": ", ".join(f"{n:,} of {shape}" for shape, n in list(report.shapes.items())[:4]),
        "kinds of pixels": ", ".join(f"{n:,} {mode}" for mode, n in report.modes.items()),
        "exact duplicates": f"{sum(map(len, report.exact_duplicates)):,} items in {len(report.exact_duplicates)} sets",
        "near duplicates": f"{sum(map(len, report.near_duplicates)):,} items in {len(report.near_duplicates)} sets",
        "same image, other class": f"{len(report.label_conflicts):,} sets",
        "near duplicates left apart": f"{report.links_cut:,} pairs, of chains too long to keep together",
        "left out of the pool": f"{len(report.removed_from_pool):,} (they are linked to a test item)",
        "skipped": "; ".join(f"{file}: {reason}" for file, reason in report.skipped[:5]) or "none",
        "content fingerprint": dataset.fingerprint[:16],
    }
    return pd.DataFrame({"value": facts})


def class_counts(dataset: Dataset) -> pd.DataFrame:
    """Return items per class, one row per class and part (the pool, and a given test set)."""
    parts = {"pool": dataset.pool} | ({} if dataset.test is None else {"test": dataset.test})
    rows = [
        {"class": name, "part": part, "items": int(n)}
        for part, examples in parts.items()
        for name, n in zip(examples.classes, examples.counts(), strict=True)
    ]
    return pd.DataFrame(rows)


def duplicates(dataset: Dataset) -> pd.DataFrame:
    """Return the sets of exact and near duplicates and of equal images under two classes, a row each."""
    kinds = {
        "exact": dataset.report.exact_duplicates,
        "near": dataset.report.near_duplicates,
        "other class": dataset.report.label_conflicts,
    }
    rows = [{"kind": kind, "items": len(ids), "ids": ", ".join(ids[:6])} for kind in kinds for ids in kinds[kind]]
    none = [{"kind": "none found", "items": 0, "ids": ""}]
    return pd.DataFrame(rows or none)


def draws(experiment: Experiment) -> pd.DataFrame:
    """Return the sizes of every trial's training set, reserve and test set."""
    found = [(t, experiment.draw(t)) for t in experiment.done(1)]
    rows = [{"trial": t, "train": len(d.train), "reserve": len(d.reserve), "test": len(d.test)} for t, d in found]
    return pd.DataFrame(rows, columns=["trial", "train", "reserve", "test"]).set_index("trial")


def gans(experiment: Experiment) -> pd.DataFrame:
    """Return, per trial, what became of the study's GAN: steps, seconds, remedies, and the last points."""
    rows = []
    for unit in _gan_units(experiment):
        history = gan_history(experiment, unit.parameters["trial"])
        curves, ratios = history["curves"], history["diversity"]["ratio"]
        last = {name.replace("_", " "): round(values[-1], 3) for name, values in curves.items() if name != "step"}
        row = {"trial": unit.parameters["trial"], "steps": curves["step"][-1]}
        row |= {"seconds": read_unit(experiment.folder, unit)["seconds"], "remedies": len(history["log"])}
        rows.append(row | {"diversity": round(ratios[-1], 2) if ratios else None} | last)
    return pd.DataFrame(rows, columns=list(rows[0]) if rows else ["trial"]).set_index("trial")


def _gan_units(experiment: Experiment) -> list[Unit]:
    """Return the finished units of the study's GAN."""
    units = [u for u in experiment.units(2) if u.parameters["generator"] == experiment.family]
    return [u for u in units if is_done(experiment.folder, u) and u.parameters["trial"] >= 0]


def gan_history(experiment: Experiment, trial: int) -> dict[str, Any]:
    """Return what there is to tell of the training of a trial's GAN.

    `curves`: `step` and one list per curve. `diversity`: `step` and `ratio`. `log`: what the guard did. `limits`: from
    where on it acts. `kept`: the rule by which the weights were chosen.
    """
    from gannb.generators.guard import COLLAPSED, OVERFITTED

    file = experiment.generator_folder(trial) / "generator.json"
    about = json.loads(file.read_text(encoding="utf-8"))
    limits = {"sureness": OVERFITTED, "diversity": COLLAPSED}
    return {name: about[name] for name in ("curves", "diversity", "log", "kept")} | {"limits": limits}


def guard_log(experiment: Experiment) -> pd.DataFrame:
    """Return what the guards of all trials' GANs noticed and did, an event per row."""
    rows = [
        {"trial": u.parameters["trial"], "at step": e["step"], "noticed": e["fault"], "went back to": e["back_to"],
         "and changed": e["remedy"]}
        for u in _gan_units(experiment) for e in gan_history(experiment, u.parameters["trial"])["log"]
    ]  # fmt: skip
    quiet = [{"trial": "all", "at step": "", "noticed": "nothing", "went back to": "", "and changed": "nothing"}]
    return pd.DataFrame(rows or quiet).set_index("trial")


@dataclass(frozen=True, eq=False)
class Pairs:
    """Synthetic items, each with the real training item nearest to it in pixels."""

    synthetic: Examples
    nearest: Examples
    distance: np.ndarray  # (M,) 1: as far as half of the held-out real items are from the training set; 0: a copy
    closest: np.ndarray  # (M,) bool: shown because it is its class' closest, not because it was made early


def nearest_pairs(synthetic: Examples, train: Examples, held_out: Examples, per_class: int = PAIRS_SHOWN) -> Pairs:
    """Return, per class, the first synthetic items made and, as the last, the one closest to any training item."""
    flat = lambda examples: np.asarray(examples.x, np.float64).reshape(len(examples), -1)  # noqa: E731
    index, distance = measures.nearest(flat(synthetic), flat(train))
    usual = max(float(np.median(measures.nearest(flat(held_out), flat(train))[1])), 1e-9)
    chosen, closest = [], []
    for k in range(synthetic.n_classes):
        mine = np.flatnonzero(synthetic.y == k)
        first = mine[: per_class - 1]
        rest = mine[per_class - 1 :]
        last = rest[np.argsort(distance[rest], kind="stable")[:1]]
        chosen += [*first, *last]
        closest += [False] * len(first) + [True] * len(last)
    chosen = np.array(chosen)
    return Pairs(synthetic.take(chosen), train.take(index[chosen]), distance[chosen] / usual, np.array(closest))


def trial_pairs(experiment: Experiment, trial: int) -> Pairs:
    """Return the pairs of a trial's GAN items."""
    return nearest_pairs(experiment.synthetic(trial), *real_sides(experiment, trial))


def real_sides(experiment: Experiment, trial: int) -> tuple[Examples, Examples]:
    """Return a trial's training items and held-out ones: its reserve, or its test items."""
    draw = experiment.draw(trial)
    return experiment.items(draw.train), experiment.items(draw.reserve if len(draw.reserve) else draw.test)


def suspects(experiment: Experiment) -> list[dict[str, Any]]:
    """Return the most suspicious images of the study's GAN over all trials, per feature space, the worst first.

    Each is {"features", "trial", "suspicion", "made", "training", "held_out"}, the last three (H, W, C) uint8: an image
    that was made, the training image nearest to it in that space, and the nearest held-out real one. `suspicion` is the
    distance to the former over that to the latter.
    """
    found = experiment.suspects()
    if found.empty:
        return []
    mine = found[found["generator"] == experiment.family].sort_values("suspicion", kind="stable")
    shown = mine.groupby("features", sort=False).head(SUSPECTS_SHOWN).sort_values(["features", "suspicion"])
    return [
        {key: row[key] for key in ("features", "trial", "suspicion")} | _images(experiment, row)
        for row in shown.to_dict("records")
    ]


def _images(experiment: Experiment, row: dict[str, Any]) -> dict[str, np.ndarray]:
    draw, made = experiment.draw(row["trial"]), experiment.measured_items(row["trial"])
    real = {key: experiment.items(getattr(draw, part)[[row[column]]]).x[0]
            for key, part, column in (("training", "train", "training"), ("held_out", "test", "test"))}  # fmt: skip
    return {"made": np.asarray(made.x[row["item"]])} | real


def class_rows(experiment: Experiment) -> list[dict[str, Any]]:
    """Return the rows of the traffic-light table of a study, also before there is a verdict; see `lights`."""
    return lights.class_rows(evidence.read(experiment))


def traffic_lights(rows: list[dict[str, Any]]) -> Styler:
    """Return the traffic-light table as a notebook should show it. rows: what `lights.class_rows` returns."""
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
        return f"{mean:.0%} [{100 * low:.0f}, {100 * high:.0f}]"
    return interval_text({"difference": mean, "low": low, "high": high})


def criteria() -> pd.DataFrame:
    """Return what each light measures and where its bars come from."""
    return pd.DataFrame({key: {"what is measured": each.meaning, "bars": each.why} for key, each in CRITERIA.items()}).T


def claims(verdict: dict) -> pd.DataFrame:
    """Return the claims of the original discussion with their verdicts and numbers."""
    return pd.DataFrame(verdict["claims"]).set_index("claim")


def show(table: pd.DataFrame) -> Styler:
    """Return a table of texts as a notebook should show it: nothing cut off, aligned to the left."""
    left = {"text-align": "left", "white-space": "normal"}
    headings = [{"selector": "th", "props": list(left.items())}]
    return table.rename_axis(index=None).style.set_properties(**left).set_table_styles(headings)


def quality(experiment: Experiment) -> pd.DataFrame:
    """Return the means over trials of the quality measures, by generator or yardstick and feature space."""
    return quality_means(experiment.quality(), experiment.quality_of_classes(), experiment.scores(), experiment.family)


def quality_means(measured: pd.DataFrame, classes: pd.DataFrame, scores: pd.DataFrame, gan: str) -> pd.DataFrame:
    """Return the means over trials of the measures in `QUALITY` that there are, by generator and feature space.

    `diversity` is the mean over classes; `gan_train` the accuracy of the arm that trains on a generator's items alone.
    """
    keys = ["generator", "features"]
    means = measured.groupby(keys, sort=False).mean(numeric_only=True)
    if not classes.empty:
        means = means.join(classes.groupby(keys)["diversity"].mean())
    alone = scores.groupby("arm")["accuracy"].mean() if not scores.empty else pd.Series(dtype=float)
    arms_of = ["gan" if name == gan else name for name in means.index.get_level_values("generator")]
    means["gan_train"] = [alone.get(arm, np.nan) for arm in arms_of]
    return means.reindex(columns=list(QUALITY)).dropna(axis="columns", how="all").round(3)


def tuning(experiment: Experiment) -> pd.DataFrame:
    """Return what tuning found: a configuration per row, an arm per column, mean balanced accuracy in percent.

    The chosen one is in brackets; empty where a configuration does not exist in an arm. Scores are those on draws for
    tuning, which are too few to compare arms by.
    """
    found = experiment.tuning()
    if found.empty:
        return pd.DataFrame({"tuning": ["off"]})
    found = found.assign(tried=[str(Configuration(**c)) for c in found["configuration"]])
    found = found.assign(score=[np.mean(np.array(scores, float)) for scores in found["scores"]])
    means = found.groupby(["arm", "tried"], sort=False)[["score", "chosen"]].mean().reset_index()
    shown = (100 * means["score"]).map("{:.1f}".format)
    texts = shown.where(means["chosen"] == 0, "[" + shown + "]")
    order = list(dict.fromkeys(found["tried"]))
    table = means.assign(text=texts).pivot(index="tried", columns="arm", values="text")
    return table.loc[order, list(dict.fromkeys(found["arm"]))].fillna("").rename_axis("configuration", axis=0)


def arms(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return, per arm, the mean of the metric over trials, its spread between trials, and what explains it."""
    columns = [metric, "train_accuracy", "log_loss", "ece"]
    by_trial = scores.groupby(["arm", "trial"], sort=False)[["n_real", "n_synthetic", *columns]].mean()
    means = by_trial.groupby("arm", sort=False).mean()
    means.insert(3, "between trials (sd)", by_trial.groupby("arm", sort=False)[metric].std())
    order = np.argsort(-means[metric].to_numpy(), kind="stable")
    return means.iloc[order].round(4).astype({"n_real": int, "n_synthetic": int})


def options(verdict: dict) -> pd.DataFrame:
    """Return what else could be done, an option per row as text: its change in points and its minutes."""
    rows = [
        {"option": o["option"], "change, points": interval_text(o),
         "minutes": "" if o["minutes"] is None else f"{o['minutes']:.1f}"}
        for o in verdict["options"]
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["option", "change, points", "minutes"]).set_index("option")


def depth(verdict: dict) -> pd.DataFrame:
    """Return the primary contrast by classifier as text, with the sentences on the others; empty where there is one."""
    found = verdict["depth"] or {"rows": [], "sentences": []}
    rows = [
        {"classifier": row["classifier"], "parameters": f"{row['parameters']:,}",
         "without GAN images, %": f"{100 * row['without']:.1f}", "with, %": f"{100 * row['with']:.1f}",
         "change, points": interval_text(row), "says": says}
        for row, says in zip(found["rows"], ["", *found["sentences"]], strict=False)
    ]  # fmt: skip
    columns = ["classifier", "parameters", "without GAN images, %", "with, %", "change, points", "says"]
    return pd.DataFrame(rows, columns=columns).set_index("classifier")


# ---- outcomes ----


def outcomes(verdict: dict) -> pd.DataFrame:
    """Return what else the primary contrast changed, an outcome per row as text, with intervals over trials.

    The recalls of the first 30 classes are listed; the last row says how many more `verdict.json` holds.
    """
    found = verdict["outcomes"]
    recalls = [row for row in found if row["outcome"] == "recall"]
    rows = [_outcome_texts(row) for row in found if row not in recalls[CLASSES_SHOWN:]]
    if more := len(recalls[CLASSES_SHOWN:]):
        rows.append({"outcome": f"recall of {more:,} more classes", "with GAN images": "in verdict.json"})
    columns = ["outcome", "with GAN images", "without", "change", "trials"]
    return pd.DataFrame(rows, columns=columns).fillna("").set_index("outcome")


def _outcome_texts(row: dict) -> dict[str, str]:
    kind = OUTCOMES[row["outcome"]]
    name = kind.label if row["class"] is None else f"{kind.label}: {row['class']}"
    return {
        "outcome": name + ("" if kind.better > 0 else " (lower is better)"),
        "with GAN images": level_text(row["arm"], kind.share), "without": level_text(row["against"], kind.share),
        "change": change_text(row, kind.share), "trials": f"{row['trials']}",
    }  # fmt: skip


def level_text(level: dict, share: bool) -> str:
    """Return `91.2% [90.1, 92.3]` of a share, `0.912 [0.901, 0.923]` of another number, a dash for none."""
    values = [level[end] for end in ("mean", "low", "high")]
    if None in values or np.isnan(values).any():
        return "–"
    mean, low, high = (f"{100 * v:.1f}" if share else f"{v:.3f}" for v in values)
    return f"{mean}{'%' if share else ''} [{low}, {high}]"


def reliability(experiment: Experiment) -> pd.DataFrame:
    """Return stated confidence and accuracy of the primary contrast's two arms; see `outcomes.reliability`."""
    return outcome_measures.reliability(experiment.predictions())


def confusion_change(experiment: Experiment) -> pd.DataFrame:
    """Return what the primary contrast changed in which class is taken for which; see `outcomes.confusion_change`."""
    return outcome_measures.confusion_change(experiment.predictions())
