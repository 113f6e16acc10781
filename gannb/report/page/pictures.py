"""The figures of the page: drawn, kept as files, and embedded with their captions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes

from gannb.analysis import open_set
from gannb.analysis.evidence import Evidence
from gannb.data.examples import Examples
from gannb.report import plots, tables
from gannb.report.page import captions
from gannb.stats import outcomes
from gannb.trials.arms import PRIMARY

if TYPE_CHECKING:
    from gannb.data.medium import Grid, Medium, Nouns
    from gannb.experiment.experiment import Experiment

OTHERS_SHOWN = 10  # items per row of those of `other`


@dataclass(frozen=True)
class Picture:
    """A figure of the page, ready to be embedded."""

    title: str
    caption: str
    alt: str  # what it shows, with the numbers
    content: str  # SVG of a chart, a data: URI of drawn items, HTML of items
    kind: str  # chart (may be inverted in the dark) | drawn, html: items (never)
    narrow: str = ""  # the same chart for a narrow screen


def make_pictures(experiment: Experiment, evidence: Evidence, verdict: Mapping[str, Any]) -> dict[str, Picture]:
    """Draw the page's figures, keep each in figures/, and return them for embedding."""
    folder, nouns = experiment.folder / "figures", experiment.settings.medium.nouns
    pictures = answer_pictures(folder, verdict, nouns) | score_pictures(folder, evidence, nouns)
    pictures |= outcome_pictures(folder, evidence, verdict, nouns)
    pictures |= item_pictures(experiment, folder, verdict["copying"])
    return pictures | (open_set_pictures(experiment, folder) if experiment.plan.open_set else {})


def chart_picture(folder: Path, name: str, ax: Axes, table: pd.DataFrame, texts: captions.Texts) -> Picture:
    """Save a figure of lines and marks, and embed it as SVG."""
    saved = plots.save(ax.figure, folder, name, table)
    plt.close(ax.figure)
    return Picture(*texts, saved.as_element(), "chart")


def items_picture(
    folder: Path, name: str, medium: Medium, grid: Grid, table: pd.DataFrame, texts: captions.Texts
) -> Picture:
    """Save a grid of items as a figure, and embed them as their medium shows them on a page, or else that figure."""
    ax = plots.show(medium, grid)
    saved = plots.save(ax.figure, folder, name, table)
    plt.close(ax.figure)
    if (content := medium.html(grid)) is not None:
        return Picture(*texts, Markup(content), "html")
    return Picture(*texts, saved.as_address(), "drawn")


# ---- the answer and its scores ----


def answer_pictures(folder: Path, verdict: Mapping[str, Any], nouns: Nouns) -> dict[str, Picture]:
    """Draw every comparison and, where they were measured, the worth in real items and the dose response."""
    table, texts = forest_table(verdict), captions.forest_texts(verdict)
    narrow = chart_picture(folder, "forest_narrow", plots.forest_narrow(verdict), table, texts)
    wide = chart_picture(folder, "forest", plots.forest(verdict), table, texts)
    pictures = {"headline": _headline(folder, verdict), "forest": replace(wide, narrow=narrow.content)}
    if worth := verdict["worth"]:
        ax, table = plots.worth_curve(worth, verdict["metric"], nouns), pd.DataFrame(worth["curve"])
        pictures["worth"] = chart_picture(folder, "worth", ax, table, captions.worth_texts(verdict, nouns))
    if doses := verdict["doses"]:
        ax, table = plots.dose_response(doses, verdict["rope"], nouns)[0], pd.DataFrame(doses["rows"])
        pictures["doses"] = chart_picture(folder, "doses", ax, table, captions.doses_texts(verdict, nouns))
    return pictures


def _headline(folder: Path, verdict: Mapping[str, Any]) -> Picture:
    columns = "option arm difference low high trials".split()
    table = pd.DataFrame(plots.headline_rows(verdict)).reindex(columns=columns)
    return chart_picture(folder, "headline", plots.headline(verdict), table, captions.headline_texts(verdict))


def forest_table(verdict: Mapping[str, Any]) -> pd.DataFrame:
    """Return the data of the forest plot."""
    columns = "role arm against meaning difference low high trials answer expected came_out".split()
    return pd.DataFrame(plots.forest_rows(verdict)).reindex(columns=columns)


def score_pictures(folder: Path, evidence: Evidence, nouns: Nouns) -> dict[str, Picture]:
    """Draw the primary contrast trial by trial, and the scores of every arm."""
    scores, metric = evidence.scores, evidence.metric
    means = plots.trial_means(scores, metric)
    of_primary = means[means["arm"].isin(PRIMARY)]
    of_trials = captions.trials_texts(means, metric, nouns)
    figures = {
        "trials": (plots.paired_trials(scores, metric, *PRIMARY), of_primary, of_trials),
        "arms": (plots.arm_scores(scores, metric), means, captions.arms_texts(means, metric)),
    }
    return {name: chart_picture(folder, name, *figure) for name, figure in figures.items()}


def outcome_pictures(folder: Path, evidence: Evidence, verdict: Mapping[str, Any], nouns: Nouns) -> dict[str, Picture]:
    """Draw the calibration of the primary contrast's arms, and what it changed in which class is taken for which."""
    bins, change = (make(evidence.predictions) for make in (outcomes.reliability, outcomes.confusion_change))
    figures = {
        "reliability": (plots.reliability(bins), bins, captions.reliability_texts(bins, verdict)),
        "confusion": (plots.confusion_change(change), change.rename_axis("true class").reset_index(),
                      captions.confusion_texts(change, nouns)),
    }  # fmt: skip
    return {name: chart_picture(folder, name, *figure) for name, figure in figures.items()}


# ---- items ----


def item_pictures(experiment: Experiment, folder: Path, copying: str) -> dict[str, Picture]:
    """Draw what the GANs made, and how the first one trained that has made something; nothing where none has.

    copying: the sentence on it.
    """
    if (trial := shown_trial(experiment)) is None:
        return {}
    first = {
        "samples": _samples(experiment, folder, trial), "neighbours": _neighbours(experiment, folder, trial, copying)
    }  # fmt: skip
    return first | _suspects(experiment, folder) | {"training": _training(experiment, folder, trial)}


def shown_trial(experiment: Experiment) -> int | None:
    """Return the first trial whose GAN has made something; None where none has."""
    return next((t for t in range(experiment.settings.trials) if _has_items(experiment, t)), None)


def _has_items(experiment: Experiment, trial: int) -> bool:
    units = (made[trial, experiment.family] for made in (experiment.plan.generator_units, experiment.plan.item_units))
    return all(map(experiment.results.is_done, units))


def _samples(experiment: Experiment, folder: Path, trial: int) -> Picture:
    real, made = experiment.settings.items(experiment.results.draw(trial).train), experiment.synthetic(trial)
    texts = captions.samples_texts(real, trial, experiment.settings.medium.nouns)
    table = pd.DataFrame({"class": real.classes})
    return items_picture(folder, "samples", experiment.settings.medium, plots.samples(real, made), table, texts)


def _neighbours(experiment: Experiment, folder: Path, trial: int, copying: str) -> Picture:
    pairs, medium = tables.trial_pairs(experiment, trial), experiment.settings.medium
    fake, real = pairs.synthetic, pairs.nearest
    grid = plots.neighbours(fake.x, real.x, pairs.distance, fake.y, fake.classes)
    names = np.array(fake.classes)
    table = pd.DataFrame({
        "class": names[fake.y], "synthetic": fake.ids, "nearest_training_item": real.ids,
        "class_of_nearest": names[real.y], "distance": pairs.distance, "closest_of_its_class": pairs.closest,
    })  # fmt: skip
    texts = captions.neighbours_texts(pairs, trial, copying, medium.nouns)
    return items_picture(folder, "neighbours", medium, grid, table, texts)


def _suspects(experiment: Experiment, folder: Path) -> dict[str, Picture]:
    """Draw the most suspicious items of all trials; nothing where there are none."""
    pairs = tables.suspects(experiment)
    if not pairs:
        return {}
    table = pd.DataFrame([{key: pair[key] for key in ("features", "trial", "suspicion")} for pair in pairs])
    texts = captions.suspects_texts(table, experiment.settings.medium)
    return {
        "suspects": items_picture(folder, "suspects", experiment.settings.medium, plots.suspects(pairs), table, texts)
    }


def _training(experiment: Experiment, folder: Path, trial: int) -> Picture:
    history = tables.gan_history(experiment, trial)
    diversity = {"step": history["diversity"]["step"], "diversity": history["diversity"]["ratio"]}
    table = pd.DataFrame(history["curves"]).merge(pd.DataFrame(diversity, dtype=float), how="left", on="step")
    nouns = experiment.settings.medium.nouns
    texts = captions.training_texts(history, trial, nouns)
    return chart_picture(folder, "training", plots.gan_health(history, nouns)[0], table, texts)


def open_set_pictures(experiment: Experiment, folder: Path) -> dict[str, Picture]:
    """Draw what GANs made for `other` in the first trial that has it, beside items of the classes held out."""
    trials = range(experiment.settings.trials)
    kinds = {t: examples for t in trials if (examples := open_set.examples_of(experiment, t, OTHERS_SHOWN))}
    if not kinds:
        return {}
    trial, examples = next(iter(kinds.items()))
    y = np.repeat(np.arange(len(examples)), [len(x) for x in examples.values()])
    items = Examples(np.concatenate(list(examples.values())), y, tuple(examples), np.arange(len(y)).astype(str), y)
    table = pd.DataFrame({"kind": np.array(items.classes)[y], "item": items.ids})
    grid = plots.class_grid(items, OTHERS_SHOWN, "Made for “other”, and never seen")
    texts = captions.open_set_texts(items.classes, trial, experiment.settings.medium.nouns)
    return {"open_set": items_picture(folder, "open_set", experiment.settings.medium, grid, table, texts)}
