"""The page: writes a study's tables, verdict, figures and `report.html`, one file that needs nothing else."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from gannb import instead, openset_texts, outcomes, plots, small_classes, tables, verdict
from gannb.arms import CONVERGENCE, PRIMARY
from gannb.data import Examples
from gannb.evidence import Evidence, as_row, common_trials, difference, gather, test_train_ratio
from gannb.lights import CRITERIA
from gannb.measuring import YARDSTICKS
from gannb.study import Study, read_record, write_json, write_text
from gannb.tuning import Configuration
from gannb.verdict import SCORE_COLUMNS
from gannb.words import METRIC_NAMES, UNITS, arm_label, interval_text, points, row_word, typeset
from gannb.work import is_done, read_unit, study_lock

if TYPE_CHECKING:
    from gannb.data import DataReport
    from gannb.experiment import Experiment

QUALITY_COLUMNS = (
    "trial", "generator", "features", "kid", "kid_se", "fid", "density", "coverage", "precision", "recall",
    "authenticity", "authenticity_of_real", "nearer_to_train", "between", "between_of_blends", "between_of_real",
    "nn_ratio", "c_t", "exact_duplicates", "near_duplicates", "copying_p", "flagged", "gan_test", "ruler_accuracy",
    "accepted_first", "never_accepted", "seconds", "items_per_second",
)  # fmt: skip
CLASS_COLUMNS = (
    "trial", "generator", "features", "class", "gan_test", "ruler_accuracy", "diversity", "nearer_to_train",
)  # fmt: skip
FORMS = {  # of the measures on the page
    "gan_test": ".1%", "gan_train": ".1%", "kid": ".3f", "kid_se": ".3f", "fid": ".1f", "precision": ".2f",
    "recall": ".2f", "density": ".2f", "coverage": ".2f", "diversity": ".2f", "nearer_to_train": ".2f",
    "nn_ratio": ".2f", "authenticity": ".2f", "c_t": ".1f", "exact_duplicates": ".1%", "near_duplicates": ".1%",
    "flagged": ".0%",
}  # fmt: skip
OF_RULER = ("gan_test", "gan_train")  # measured by a classifier, whatever the features
ARM_MEASURES = ("accuracy", "train_accuracy", "log_loss", "ece")
ANSWERS = {
    "helps": "They help",
    "hurts": "They hurt",
    "equivalent": "No difference that matters",
    "inconclusive": "Undecided",
}
MOST_CHANGED = 4  # cells of a confusion that are said in words
LISTED = 12  # files or names in a list, before "and N more"


@dataclass(frozen=True)
class Picture:
    """A figure of the page, ready to be embedded."""

    title: str
    caption: str
    alt: str  # what it shows, with the numbers
    source: str  # a data: URI
    kind: str  # chart (SVG, may be inverted in the dark) | photo (PNG, never)
    narrow: str = ""  # the same for a narrow screen, a data: URI


@dataclass(frozen=True)
class Page:
    """Everything that stands on the page: plain text, tables of text, pictures."""

    study: str
    verdict: Mapping[str, Any]
    pictures: Mapping[str, Picture] = field(default_factory=dict)  # forest, worth, trials, neighbours, arms, training
    arms: Sequence[Mapping[str, str]] = ()
    generators: Sequence[Mapping[str, str]] = ()
    method: Sequence[tuple[str, str]] = ()
    data: Sequence[tuple[str, str]] = ()
    provenance: Sequence[tuple[str, str]] = ()
    parameters: Sequence[Mapping[str, str]] = ()
    shifts: Sequence[Mapping[str, str]] = ()
    outcomes: Sequence[Mapping[str, str]] = ()
    outcome_notes: Sequence[str] = ()
    small_classes: Mapping[str, Sequence[Any]] = field(default_factory=dict)  # notes, arms, contrasts
    classes: Sequence[Mapping[str, Any]] = ()
    open_set: Mapping[str, Any] | None = None  # of the verdict, with its `table`; None where no class is held out


# ---- all of it ----


def publish(experiment: Experiment) -> Path:
    """Write scores.csv, quality.csv, verdict.json, figures/ and report.html into the study's folder; return the page.

    Raises:
        InputError: fewer than two trials have the two arms of the primary contrast, or another process is at work.
        RuntimeError: so many units failed that there is nothing to compare.
    """
    with study_lock(experiment.folder):
        return _publish(experiment)


def _publish(experiment: Experiment) -> Path:
    evidence = gather(experiment)
    found, folder = plain(verdict.decide(evidence)), experiment.folder
    unseen = open_set_part(experiment, evidence) if experiment.open_set else None
    found |= {"open_set": unseen} if unseen else {}
    write_text(folder / "scores.csv", _columns(evidence.scores, SCORE_COLUMNS).to_csv(index=False))
    write_text(folder / "quality.csv", _columns(evidence.quality, QUALITY_COLUMNS).to_csv(index=False))
    if evidence.classes is not None:
        write_text(folder / "classes.csv", _columns(evidence.classes, CLASS_COLUMNS).to_csv(index=False))
    write_json(folder / "verdict.json", found)
    pictures = make_pictures(experiment, evidence, found)
    page = Page(
        experiment.study.name, found, pictures, arm_table(evidence), generator_table(evidence),
        method_facts(experiment, evidence), data_facts(experiment), provenance(experiment),
        parameter_table(
            experiment.study, experiment.resolved() | {"device": experiment.device}, read_record(folder)["set"]
        ), shift_table(found), outcome_table(found), outcome_notes(experiment, evidence), small_classes.texts(found),
            class_table(found), unseen and unseen | {"table": openset_texts.table(unseen).to_dict("records")},
    )  # fmt: skip
    return write_page(folder / "report.html", page)


def write_page(file: Path, page: Page) -> Path:
    """Write the page as one HTML file without scripts or anything fetched; names and texts are escaped."""
    metric = METRIC_NAMES.get(page.verdict["metric"], page.verdict["metric"])
    facts = {"page": page, "v": page.verdict, "answer": ANSWERS[page.verdict["answer"]], "metric": metric}
    write_text(file, render("report.html", **facts, control_word=control_word, criteria=CRITERIA))
    return file


def render(template: str, **facts: Any) -> str:
    """Return a template of `templates/` with its facts, which are escaped."""
    loader = jinja2.PackageLoader("gannb", "templates")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"arm": arm_label, "interval": interval_text, "typeset": typeset}
    return environment.get_template(template).render(**facts)


def plain(value: Any) -> Any:
    """Return the value ready for JSON: numpy numbers as numbers, nan and infinity as null, paths by their last part."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return without_paths(value) if isinstance(value, str) else value


def without_paths(text: str) -> str:
    """Return the text with absolute paths cut to their last part: a page is passed on, a machine's folders are not."""
    return re.sub(r"""(?<![\w.:/<])(?:[A-Za-z]:)?(?:[/\\][^\s/\\'"<>:,;]+)+[/\\]([^\s/\\'"<>:,;]+)""", r"\1", text)


def control_word(control: Mapping[str, Any]) -> str:
    """Return how a control came out, in words."""
    return row_word(dict(control) | {"role": "control"})


def _columns(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return the table with these columns, in this order; what is missing is empty."""
    return table.reindex(columns=list(names))


# ---- figures ----


def make_pictures(experiment: Experiment, evidence: Evidence, found: Mapping[str, Any]) -> dict[str, Picture]:
    """Draw the page's figures, keep each as PNG, SVG and CSV in figures/, and return them for embedding."""
    folder, metric = experiment.folder / "figures", evidence.metric
    narrow = _chart(folder, "forest_narrow", plots.forest_narrow(found), forest_table(found), forest_texts(found))
    wide = _chart(folder, "forest", plots.forest(found), forest_table(found), forest_texts(found))
    pictures = {"forest": replace(wide, narrow=narrow.source)}
    if found["worth"]:
        ax = plots.worth_curve(found["worth"], metric)
        pictures["worth"] = _chart(folder, "worth", ax, pd.DataFrame(found["worth"]["curve"]), worth_texts(found))
    if found["doses"]:
        axes = plots.dose_response(found["doses"], found["rope"])
        pictures["doses"] = _chart(folder, "doses", axes[0], pd.DataFrame(found["doses"]["rows"]), doses_texts(found))
    pairs = plots.trial_means(evidence.scores, metric)
    ax = plots.paired_trials(evidence.scores, metric, *PRIMARY)
    texts = trials_texts(pairs, metric)
    pictures["trials"] = _chart(folder, "trials", ax, pairs[pairs["arm"].isin(PRIMARY)], texts)
    ax = plots.arm_scores(evidence.scores, metric)
    pictures["arms"] = _chart(folder, "arms", ax, pairs, arms_texts(pairs, metric))
    pictures |= outcome_pictures(folder, evidence, found)
    trial = next((t for t in range(experiment.study.trials) if _has_items(experiment, t)), None)
    if trial is not None:
        pictures["neighbours"] = _neighbours(experiment, folder, trial, found["copying"])
        pictures |= _suspects(experiment, folder)
        pictures["training"] = _training(experiment, folder, trial)
    if experiment.open_set:
        pictures |= open_set_pictures(experiment, folder)
    return pictures


def _chart(folder: Path, name: str, ax: Axes, table: pd.DataFrame, texts: tuple[str, str, str]) -> Picture:
    """Save a figure of lines and marks, and embed it as SVG."""
    _, drawing, _ = plots.save(ax.figure, folder, name, table)
    plt.close(ax.figure)
    return Picture(*texts, data_uri("image/svg+xml", drawing.read_bytes()), "chart")


def _photo(folder: Path, name: str, ax: Axes, table: pd.DataFrame, texts: tuple[str, str, str]) -> Picture:
    """Save a figure of images, and embed it as PNG."""
    picture, _, _ = plots.save(ax.figure, folder, name, table)
    plt.close(ax.figure)
    return Picture(*texts, data_uri("image/png", picture.read_bytes()), "photo")


def data_uri(kind: str, content: bytes) -> str:
    """Return content of a media type as an address that holds it."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def forest_table(found: Mapping[str, Any]) -> pd.DataFrame:
    """Return the data of the forest plot."""
    columns = "role arm against meaning difference low high trials answer expected came_out".split()
    return pd.DataFrame(plots.forest_rows(found)).reindex(columns=columns)


def forest_texts(found: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return title, caption and alternative text of the forest plot."""
    rows = [
        f"{arm_label(r['arm'])} against {arm_label(r['against'])}: {interval_text(r)} points"
        + (f", {row_word(r)}" if row_word(r) else "")
        for r in plots.forest_rows(found)
    ]
    caption = (
        "Each row compares two ways to train that differ in one thing. The mark is the mean change, the bar its 95% "
        "interval: the differences that fit what was measured. A bar across the zero line leaves the direction open. "
        "An arrow means that it goes on."
    )
    return "Every comparison", caption, "Forest plot. " + "; ".join(rows) + "."


def worth_texts(found: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return title, caption and alternative text of the worth in real images."""
    row = found["worth"]
    curve = ", ".join(f"{p['n']:,.0f} images {p['mean']:.1%}" for p in row["curve"])
    caption = (
        "Solid: what the classifier reaches with more or fewer real images. Dashed: what it reaches with real and GAN "
        "images together. Where the two meet is the number of real images that does as well; the band holds every "
        "number that this study cannot tell from it. The curve is never extended beyond what was measured."
    )
    level = f"{row['n_real']:,} real images with GAN images {row['mean']:.1%}"
    return "Worth in real images", caption, f"Learning curve of real images: {curve}; {level}. {row['sentence']}"


def doses_texts(found: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return title, caption and alternative text of the dose response."""
    rows, plateau = found["doses"]["rows"], found["doses"]["plateau"]
    listed = "; ".join(f"{row['n_synthetic']:,} per class {interval_text(row)} points" for row in rows)
    towards = (
        f" The dashed fit, a curve that saturates, goes towards {interval_text(plateau)} points, half of it at "
        f"{plateau['half_at']:,.0f} per class; where there is no gain that number means nothing, and the interval "
        "takes it as known."
        if plateau
        else " No plateau is drawn: the curve does not bend enough within these numbers to tell where it goes."
    )
    caption = (
        "What GAN images add to real + classic, by their number; shaded: no practical consequence."
        f"{towards} Right: the published curve that started the discussion. Its amount of "
        "synthetic images was chosen on the test folds, from one run, so it may flatter."
    )
    return "Does the number of GAN images matter?", caption, f"Gain by number of GAN images: {listed}."


def shift_table(found: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return a row per kind of shifted test images: both arms of the primary contrast and their difference."""
    return [
        {"shift": row["shift"], "meaning": row["meaning"], "arm": f"{100 * row['arm']:.1f}",
         "against": f"{100 * row['against']:.1f}", "change": interval_text(row)}
        for row in found["shifts"]
    ]  # fmt: skip


def trials_texts(pairs: pd.DataFrame, metric: str) -> tuple[str, str, str]:
    """Return title, caption and alternative text of the primary contrast, trial by trial."""
    table = pairs.pivot(index="trial", columns="arm", values=metric)[list(PRIMARY)].dropna()
    better = int((table[PRIMARY[0]] > table[PRIMARY[1]]).sum())
    alt = (
        f"{arm_label(PRIMARY[0])} did better than {arm_label(PRIMARY[1])} in {better} of {len(table)} trials: "
        f"mean {table[PRIMARY[0]].mean():.1f}% against {table[PRIMARY[1]].mean():.1f}%."
    )
    caption = "The same small training set with and without GAN images, once per trial."
    return "Trial by trial", f"{caption} {alt}", alt


def arms_texts(pairs: pd.DataFrame, metric: str) -> tuple[str, str, str]:
    """Return title, caption and alternative text of the scores by arm."""
    means = pairs.groupby("arm", sort=False)[metric].mean()
    means = means.sort_values(ascending=False, kind="stable")
    listed = ", ".join(f"{arm_label(str(arm))} {value:.1f}%" for arm, value in means.items())
    alt = f"Mean scores by arm, best first: {listed}."
    caption = (
        "A dot is a trial, averaged over its classifiers; the bar is the mean of the trials. Blue and orange: the two "
        "arms of the question."
    )
    return "Scores by arm", caption, alt


def outcome_pictures(folder: Path, evidence: Evidence, found: Mapping[str, Any]) -> dict[str, Picture]:
    """Draw the calibration of the primary contrast's arms, and what it changed in which class is taken for which."""
    bins, change = (make(evidence.predictions) for make in (outcomes.reliability, outcomes.confusion_change))
    figures = {
        "reliability": (plots.reliability(bins), bins, reliability_texts(bins, found)),
        "confusion": (plots.confusion_change(change), change.rename_axis("true class").reset_index(),
                      confusion_texts(change)),
    }  # fmt: skip
    return {name: _chart(folder, name, *figure) for name, figure in figures.items()}


def reliability_texts(bins: pd.DataFrame, found: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return title, caption and alternative text of the reliability diagram."""
    ece = next(row for row in found["outcomes"] if row["outcome"] == "ece")
    arms = []
    for arm, side in zip(PRIMARY, ("arm", "against"), strict=True):
        rows = bins[bins["arm"] == arm]
        sure, right = (100 * float((rows["share"] * rows[column]).sum()) for column in ("confidence", "accuracy"))
        arms.append(f"{arm_label(arm)} is {sure:.1f}% sure and {right:.1f}% right, ECE {ece[side]['mean']:.3f}")
    caption = (
        "How often the classifiers are right when they state a confidence, all trials together. Below the dotted line "
        "they are surer than right, above it less sure. A mark is as large as its share of the predictions; marks for "
        f"less than {plots.LEAST_SHARE:.0%} of them are left out."
    )
    return "Calibration", caption, f"Reliability diagram. On average {'; '.join(arms)}."


def confusion_texts(change: pd.DataFrame) -> tuple[str, str, str]:
    """Return title, caption and alternative text of the change in the confusion."""
    values, names = change.to_numpy(), list(change.index)
    order = [divmod(int(i), len(names)) for i in np.argsort(-np.abs(values), axis=None, kind="stable")]
    largest = [(names[t], names[p], values[t, p]) for t, p in order if np.isfinite(values[t, p])][:MOST_CHANGED]
    listed = "; ".join(f"{t} taken for {p} {points(v, sign=True)}" for t, p, v in largest)
    caption = (
        "Points more (blue) or fewer (red) of each true class that are taken for each class with GAN images, against "
        "without; mean over trials. On the framed diagonal more is better, elsewhere fewer. Single cells are "
        "uncertain: the table says how much."
    )
    return "Which class is taken for which", caption, f"Change of the confusion, in points; the largest: {listed}."


def _has_items(experiment: Experiment, trial: int) -> bool:
    places = [f"trials/{trial:03d}/{experiment.family}{what}" for what in ("", "-items")]
    made = [u.place for u in experiment.units(2) + experiment.units(3) if is_done(experiment.folder, u)]
    return set(places) <= set(made)


def _neighbours(experiment: Experiment, folder: Path, trial: int, copying: str) -> Picture:
    pairs = tables.trial_pairs(experiment, trial)
    fake, real = pairs.synthetic, pairs.nearest
    ax = plots.neighbours(fake.x, real.x, pairs.distance, fake.y, fake.classes)
    names = np.array(fake.classes)
    table = pd.DataFrame({
        "class": names[fake.y], "synthetic": fake.ids, "nearest_training_item": real.ids,
        "class_of_nearest": names[real.y], "distance": pairs.distance, "closest_of_its_class": pairs.closest,
    })  # fmt: skip
    caption = (
        f"Framed: made by the GAN of trial {trial}; beside it, the real training image nearest to it in pixels. Per "
        "class, the first ones made, not chosen by eye, and last the one that is closest of all. Below each: its "
        "distance to that image; 1 is how far a real image from outside the training set usually is, 0 is a copy."
    )
    alt = (
        f"{len(fake)} generated images of {len(np.unique(fake.y))} classes beside their nearest real training images; "
        f"distances {pairs.distance.min():.2f} to {pairs.distance.max():.2f}, median {np.median(pairs.distance):.2f}. "
        f"{copying}"
    )
    return _photo(folder, "neighbours", ax, table, ("GAN images beside their nearest real ones", caption, alt))


def _suspects(experiment: Experiment, folder: Path) -> dict[str, Picture]:
    """Draw the most suspicious images of all trials; nothing where none was measured."""
    pairs = tables.suspects(experiment)
    if not pairs:
        return {}
    table = pd.DataFrame([{key: pair[key] for key in ("features", "trial", "suspicion")} for pair in pairs])
    worst = table["suspicion"].min()
    caption = (
        "Framed: of all images that the GANs made, in all trials, those that lie much nearer to a training image "
        "(beside it) than to any unseen real image (last), by feature space. Below each: the one distance over the "
        "other; 1 is what honest images have, 0 is a copy. Copies show as twins on the left with another image on the "
        "right."
    )
    alt = f"The {len(pairs)} most suspicious generated images with their nearest real ones; lowest ratio {worst:.2f}."
    return {"suspects": _photo(folder, "suspects", plots.suspects(pairs), table, ("Most suspicious", caption, alt))}


def _training(experiment: Experiment, folder: Path, trial: int) -> Picture:
    history = tables.gan_history(experiment, trial)
    curves, ratios = history["curves"], history["diversity"]["ratio"]
    went_back = len(history["log"])
    caption = (
        f"The GAN of trial {trial}. Healthy: the losses settle and neither runs away; the discriminator is sometimes "
        "wrong; samples of a class differ about as much as real images do (the band). The guard acts at the red lines; "
        f"here it went back {went_back} {'time' if went_back == 1 else 'times'}. None of this says how good the images "
        "are; the table above does."
    )
    diverse = f"; samples were {ratios[-1]:.2f} times as diverse as the draw" if ratios else ""
    alt = f"Losses over {curves['step'][-1]:,} training steps{diverse}; the guard went back {went_back} times."
    axes = plots.gan_health(history)
    table = pd.DataFrame({"step": history["diversity"]["step"], "diversity": ratios}, dtype=float)
    table = pd.DataFrame(curves).merge(table, how="left", on="step")
    return _chart(folder, "training", axes[0], table, ("How the GAN trained", caption, alt))


# ---- classes held out ----


def open_set_part(experiment: Experiment, evidence: Evidence) -> dict[str, Any]:
    """Write open_set.csv, and return what was found about the classes held out."""
    open_set = experiment.open_set
    write_text(experiment.folder / "open_set.csv", open_set.scores().to_csv(index=False))
    intervals = RESPLIT_OUTCOMES if evidence.protocol == "resplit" else DRAW_OUTCOMES
    return plain(openset_texts.found(open_set, intervals, test_train_ratio(evidence)))


def open_set_pictures(experiment: Experiment, folder: Path) -> dict[str, Picture]:
    """Draw what GANs made for `other` in the first trial that has it, beside images of the classes held out."""
    trials = range(experiment.study.trials)
    kinds = {t: found for t in trials if (found := experiment.open_set.examples_of(t, plots.OTHERS_SHOWN))}
    if not kinds:
        return {}
    trial, found = next(iter(kinds.items()))
    y = np.repeat(np.arange(len(found)), [len(x) for x in found.values()])
    items = Examples(np.concatenate(list(found.values())), y, tuple(found), np.arange(len(y)).astype(str), y)
    caption = (
        f"Trial {trial}: what GANs made for “other”, the first ones, and below them images of the classes that no "
        "training saw. “Given” means that the GAN had outliers of that class as one more class of its own."
    )
    table = pd.DataFrame({"kind": np.array(items.classes)[y], "item": items.ids})
    ax = plots.class_grid(items, plots.OTHERS_SHOWN, "Made for “other”, and never seen")
    texts = ("Images of “other”", caption, f"Rows of images: {', '.join(found)}.")
    return {"open_set": _photo(folder, "open_set", ax, table, texts)}


# ---- tables ----


def outcome_table(found: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return a row per outcome beside the metric, as text."""
    return tables.outcomes(found).reset_index().to_dict("records")


def arm_table(evidence: Evidence) -> list[dict[str, str]]:
    """Return a row per arm, best first: what it trains on and its scores, means over trials."""
    columns = [evidence.metric, *ARM_MEASURES, "n_real", "n_synthetic"]
    trials = evidence.scores.groupby(["arm", "trial"], sort=False)[columns].mean()
    means = trials.groupby("arm", sort=False).mean().sort_values(evidence.metric, ascending=False, kind="stable")
    spread = trials.groupby("arm")[evidence.metric].agg(["min", "max"])
    return [
        {
            "arm": arm_label(str(arm)),
            "real": f"{row['n_real']:,.0f}",
            "synthetic": f"{row['n_synthetic']:,.0f}",
            "metric": f"{100 * row[evidence.metric]:.1f}",
            "range": f"{100 * spread.loc[arm, 'min']:.1f} to {100 * spread.loc[arm, 'max']:.1f}",
            "accuracy": f"{100 * row['accuracy']:.1f}",
            "train_accuracy": f"{100 * row['train_accuracy']:.1f}",
            "log_loss": f"{row['log_loss']:.3f}",
            "ece": f"{row['ece']:.3f}",
        }
        for arm, row in means.iterrows()
    ]


def generator_table(evidence: Evidence) -> list[dict[str, str]]:
    """Return a row per generator or yardstick and feature space: the measures' means over trials, as text."""
    if evidence.quality.empty:
        return []
    classes = pd.DataFrame() if evidence.classes is None else evidence.classes
    means = tables.quality_means(evidence.quality, classes, evidence.scores, evidence.gan)
    made = sorted(set(evidence.quality["generator"]) - set(YARDSTICKS), key=lambda n: (n != evidence.gan, n))
    labels = {n: f"GAN ({n})" if n == evidence.gan else n for n in made} | dict(
        zip(YARDSTICKS, YARDSTICKS, strict=True)
    )
    return [
        {"generator": label, "features": str(space)} | _numbers(row, space)
        for name, label in labels.items() if name in means.index.get_level_values("generator")
        for space, row in means.loc[name].iterrows()
    ]  # fmt: skip


def _numbers(values: Mapping[str, Any], space: Any) -> dict[str, str]:
    """Return the measures as text; a dash for what was not measured, and for what the feature space does not touch."""
    found = {key: values.get(key) for key in FORMS if key not in OF_RULER or space == "small_cnn"}
    measured = {key: x is not None and math.isfinite(x) for key, x in found.items()}
    return {key: format(found[key], form) if measured.get(key) else "–" for key, form in FORMS.items()}


def class_table(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row per class: its lights as (light, number), and what they speak for."""
    return [
        {"class": row["class"], "advice": row["advice"]}
        | {key: (row[key]["light"], tables.light_number(key, row[key])) for key in CRITERIA}
        for row in found["classes"]
    ]


def parameter_table(study: Study, resolved: Mapping[str, Any], set_by_hand: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return a row per parameter: value, what `auto` stood for, meaning; paths by their last part."""
    rows = []
    for name, field_ in Study.model_fields.items():
        if name == "output_dir":
            continue
        value = getattr(study, name)
        text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        if value in (None, "", "auto", ()):
            text = f"auto: {resolved[name]}" if resolved.get(name) is not None else "auto" if value == "auto" else "–"
        by_hand = name in set_by_hand and name not in ("preset", "data")
        meaning = str(field_.description).replace("`", "")
        rows.append({"name": name, "value": without_paths(text), "meaning": meaning, "set": "set" if by_hand else ""})
    return rows


# ---- texts ----


def method_facts(experiment: Experiment, evidence: Evidence) -> list[tuple[str, str]]:
    """Return how the answer was found, as (term, text)."""
    rope, corrected = points(evidence.rope), evidence.protocol == "resplit"
    metric = METRIC_NAMES[evidence.metric].capitalize()
    rule = (
        f"The whole interval within ±{rope} points: no difference that matters. Otherwise, wholly above 0: they help; "
        "wholly below 0: they hurt; else undecided. This is for the one primary comparison. Exploratory rows are shown "
        "without an answer, because among many comparisons some look striking by chance."
    )
    return [
        ("Protocol", f"{evidence.protocol}: {experiment.design.why}."),
        ("Unit of replication", "The trial: " + (RESPLIT_UNIT if corrected else DRAW_UNIT)),
        ("In each trial", _trial_text(experiment, evidence)),
        ("Classical augmentation", f"Small random changes of every image, by the policy “{experiment.policy_name}”."),
        ("Measure", f"{metric}, chosen before the study." + BALANCED * (evidence.metric != "accuracy")),
        ("The 95% interval", RESPLIT_INTERVAL if corrected else DRAW_INTERVAL),
        ("Decision rule", rule),
        ("Fine-tuning", transfer_text(experiment)),
        ("Tuning", tuning_text(experiment)),
        *instead.facts(evidence),
        ("Had training converged?", convergence(evidence)),
    ]


def outcome_notes(experiment: Experiment, evidence: Evidence) -> list[str]:
    """Return what a reader of the outcomes has to know: what they are for, and what their intervals carry."""
    notes = [
        f"Beside the metric chosen beforehand ({METRIC_NAMES[evidence.metric]}): {arm_label(PRIMARY[0])} against "
        f"{arm_label(PRIMARY[1])}. Exploratory, so shown without an answer: among many rows some look striking by "
        "chance. " + (RESPLIT_OUTCOMES if evidence.protocol == "resplit" else DRAW_OUTCOMES)
    ]
    if experiment.dataset.pool.n_classes == 2:
        name, given = experiment.dataset.pool.classes[experiment.positive], experiment.study.positive is not None
        rule = "as the parameter positive says" if given else "the second, since the parameter positive names none"
        notes.append(f"The positive class is “{name}”, {rule}.")
    return notes


DRAW_OUTCOMES = (
    "The 95% intervals are over trials, given the test set: they carry which images were drawn to train on, and not "
    "which are in the test set."
)
RESPLIT_OUTCOMES = (
    "The 95% intervals are over the splits, widened because their training sets overlap (Nadeau and Bengio 2003)."
)


def _trial_text(experiment: Experiment, evidence: Evidence) -> str:
    study = experiment.study
    times = f"{study.classifier_seeds} times with different seeds, averaged" if study.classifier_seeds > 1 else "once"
    kept = f" Only {', '.join(evidence.keep_classes)} got them." if evidence.keep_classes else ""
    return (
        f"{evidence.n_train:,.0f} real images to train on, {evidence.n_test:,.0f} test images that no generator and no "
        f"training step sees. A GAN ({experiment.family}, {experiment.gan_steps:,} steps) learns from the training "
        f"images and makes {experiment.made_text}. Every arm then trains the same classifier "
        f"({study.first_classifier}, unless it names another) for "
        f"{experiment.classifier_steps:,} steps, {times}. Where generated images are added, {_share_text(study)}.{kept}"
    )


def _share_text(study: Study) -> str:
    """Return how much of a batch the generated images of an arm take, in words."""
    if study.n_synthetic == "balance":
        return "every class is seen about equally often"
    if study.tune:
        return f"{study.synthetic_share:.0%} of each batch, or what tuning chose, is drawn from them"
    return f"{study.synthetic_share:.0%} of each batch is drawn from them"


RESPLIT_UNIT = "one new random split of the whole set, and everything trained from it."
DRAW_UNIT = "one draw of a small training set, shared with no other trial, and everything trained from it."
BALANCED = " It is the mean over classes of the share of test images recognised, so that small classes count as much."
RESPLIT_INTERVAL = (
    "A paired t interval over the splits, widened because their training sets overlap (Nadeau and Bengio 2003). No "
    "number of re-splits makes its half-width smaller than about one standard deviation of the differences; more "
    "images would."
)
DRAW_INTERVAL = (
    "It carries both chances: which images were drawn to train on, and which are in the test set (crossed, trial by "
    "test image). It speaks for other small sets drawn from the same source."
)


def tuning_text(experiment: Experiment) -> str:
    """Return how the arms were tuned, or that they were not, and what was chosen for the two of the question."""
    if not experiment.study.tune:
        return "None: every arm trains with the parameters below (tune=true tries the same list for every arm)."
    if not experiment.tuning_draws:
        return "Off: in resplit no images are left that no trial uses, so every arm trains with the parameters below."
    table = experiment.tuning()
    chosen = {row["arm"]: Configuration(**row["configuration"]) for _, row in table[table["chosen"]].iterrows()}
    said = "; ".join(f"{arm_label(arm)}: {each}" for arm, each in chosen.items())
    kinds = "strength and kind" if experiment.study.augmentation == "auto" else "strength"
    return (
        f"Every arm tried the same list of configurations (learning rate, {kinds} of the classical augmentation, "
        f"synthetic share), as far as they exist in it, on {len(experiment.tuning_draws)} draws that no trial uses; it "
        "keeps the study's own unless another is better by more than a standard error. The GAN was not tuned, and the "
        f"learning curve has the configuration of real + classic. Chosen: {said}. The intervals take these choices as "
        "given; the control with copies, tuned by itself, shows what chance in them does."
    )


def transfer_text(experiment: Experiment) -> str:
    """Return how a pretrained network was fine-tuned, or why none was."""
    if experiment.weights is None:
        return experiment.left_out or "None: the study has no arm for it (transfer, transfer+gan)."
    from gannb.transfer import LAYER_DECAY, weights_text

    about = weights_text(experiment.weights)
    text = (
        f"Arms named transfer start from {about}; grey images fill its three channels. A new last layer is trained on "
        "the frozen network's features (logistic regression, the generated items weighing as much as in a batch), then "
        f"the whole network for {experiment.transfer_steps:,} steps with the arm's augmentation, at rates that fall by "
        f"a factor of {LAYER_DECAY} from each layer to the one below; batch normalisation keeps its statistics."
    )
    return f"{text} {experiment.left_out}".rstrip()


def convergence(evidence: Evidence) -> str:
    """Return what half of the training budget says about whether the classifiers had reached their plateau."""
    if len(common_trials(evidence, PRIMARY[1], CONVERGENCE)) < 2:
        return "Not checked: real + classic at half of the steps is not there."
    estimate = difference(evidence, PRIMARY[1], CONVERGENCE)
    row = as_row(estimate)
    return (
        f"{arm_label(PRIMARY[1])} was also trained with half of the steps. The second half changed it by "
        f"{interval_text(row)} points; a change near 0 means that more steps would not have changed the answer."
    )


def data_facts(experiment: Experiment) -> list[tuple[str, str]]:
    """Return what was read and done to it, as (term, text)."""
    dataset, report = experiment.dataset, experiment.dataset.report
    pool, counts = dataset.pool, dataset.pool.counts()
    held = "" if dataset.test is None else f", and a given test set of {len(dataset.test):,}"
    sizes = f"{counts.min():,} to {counts.max():,}" if counts.min() < counts.max() else f"{counts[0]:,}"
    unseen = f" Held out: {_listed(dataset.held_out.pool.classes)}." if dataset.held_out else ""
    return [
        ("Read", f"{Path(report.source).name} ({report.kind}): {len(pool):,} images{held}."),
        ("Classes", f"{pool.n_classes}, with {sizes} images each: {_listed(pool.classes)}.{unseen}"),
        ("Size", report.brought_to.replace("`", "")),
        ("Duplicates", _duplicates(report)),
        ("Left out", _skipped(report)),
        ("Fingerprint", dataset.fingerprint),
    ]


def _duplicates(report: DataReport) -> str:
    exact, near = len(report.exact_duplicates), len(report.near_duplicates)
    text = "No identical or nearly identical images were found."
    if exact or near:
        text = (
            f"Found {exact:,} sets of identical and {near:,} sets of nearly identical images; the images of a set stay "
            "on one side of every split."
        )
    if report.label_conflicts:
        text += f" {len(report.label_conflicts):,} sets of identical images are under different classes."
    if report.removed_from_pool:
        text += f" {len(report.removed_from_pool):,} images that also are in the given test set were left out."
    return text


def _skipped(report: DataReport) -> str:
    if not report.skipped:
        return "Nothing."
    return _listed([f"{without_paths(file)} ({without_paths(reason)})" for file, reason in report.skipped]) + "."


def _listed(names: Sequence[str]) -> str:
    more = len(names) - LISTED
    return ", ".join(names[:LISTED]) + (f" and {more:,} more" if more > 0 else "")


def provenance(experiment: Experiment) -> list[tuple[str, str]]:
    """Return versions, revision, device and time spent, as (term, text)."""
    record = read_record(experiment.folder)
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    spent: dict[str, float] = {}
    for unit in experiment.all_units():
        if is_done(experiment.folder, unit):
            spent[unit.kind] = spent.get(unit.kind, 0.0) + read_unit(experiment.folder, unit)["seconds"]
    parts = ", ".join(f"{UNITS[kind]} {seconds:,.0f} s" for kind, seconds in spent.items())
    return [
        ("Versions", versions or "not recorded"),
        ("Revision", record["git"] or "not from a checkout"),
        ("Device", str(record.get("device", experiment.device))),
        ("Seed", str(experiment.study.seed)),
        ("Time", f"{sum(spent.values()):,.0f} s of work, all processes together: {parts}."),
        ("Files", "scores.csv, quality.csv, verdict.json and figures/ lie beside this page."),
    ]
