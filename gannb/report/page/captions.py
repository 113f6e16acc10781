"""What stands beside each figure of the page: its title, its caption, and its alternative text with the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gannb.analysis.wording import arm_label, capital, interval_text, percent, points, primary_of, row_text
from gannb.report import plots
from gannb.report.tables import Pairs
from gannb.trials.arms import PRIMARY

if TYPE_CHECKING:
    from gannb.data.examples import Examples
    from gannb.data.medium import Medium, Nouns

Texts = tuple[str, str, str]  # title, caption, alternative text
MOST_CHANGED = 4  # cells of a confusion that are said in words


# ---- the answer ----


def headline_texts(verdict: Mapping[str, Any]) -> Texts:
    """Return title, caption and alternative text of the answer beside the other ways."""
    rows = plots.headline_rows(verdict)
    caption = (
        "Every row against classical augmentation alone: the mean change (mark) and its "
        f"{percent(primary_of(verdict)['level'])} interval (bar), the differences that fit what was measured."
    )
    if len(rows) > 1:
        caption += " The grey rows are other ways; their intervals are adjusted for their number."
    listed = "; ".join(f"{row['option']} {interval_text(row)} points" for row in rows)
    return "The answer beside other ways", caption, f"Change against classical augmentation alone: {listed}."


def forest_texts(verdict: Mapping[str, Any]) -> Texts:
    """Return title, caption and alternative text of the forest plot."""
    rows = [row_text(row) for row in plots.forest_rows(verdict)]
    caption = (
        "Each row compares two ways to train that differ in one thing. The mark is the mean change, the bar its 95% "
        "interval: the differences that fit what was measured. A bar across the zero line leaves the direction open. "
        "Those of secondary comparisons, of other ways and of controls are adjusted for the number of their kind. "
        "An arrow: the bar goes on beyond the figure."
    )
    if (level := primary_of(verdict)["level"]) > 0.95:
        caption += f" The answer was looked at more than once, so the interval of the question is at {percent(level)}."
    return "Every comparison", caption, "Forest plot. " + "; ".join(rows) + "."


def trials_texts(pairs: pd.DataFrame, metric: str, nouns: Nouns) -> Texts:
    """Return title, caption and alternative text of the primary contrast, trial by trial."""
    table = pairs.pivot(index="trial", columns="arm", values=metric)[list(PRIMARY)].dropna()
    better = int((table[PRIMARY[0]] > table[PRIMARY[1]]).sum())
    alt = (
        f"{arm_label(PRIMARY[0])} did better than {arm_label(PRIMARY[1])} in {better} of {len(table)} trials: "
        f"mean {table[PRIMARY[0]].mean():.1f}% against {table[PRIMARY[1]].mean():.1f}%."
    )
    caption = (
        f"The same small training set with and without GAN {nouns.many}, a line per trial: blue ones rise, orange ones "
        "fall or stay; the thick one is their mean."
    )
    return "Trial by trial", f"{caption} {alt}", alt


def worth_texts(verdict: Mapping[str, Any], nouns: Nouns) -> Texts:
    """Return title, caption and alternative text of the worth in real items."""
    row, many = verdict["worth"], nouns.many
    curve = ", ".join(f"{p['n']:,.0f} {many} {p['mean']:.1%}" for p in row["curve"])
    caption = (
        f"Solid: what the classifier reaches with more or fewer real {many}. Dashed: what it reaches with real and GAN "
        f"{many} together. Where the two meet is the number of real {many} that does as well; the band holds every "
        "number that this study cannot tell from it. The curve is never extended beyond what was measured."
    )
    level = f"{row['n_real']:,} real {many} with GAN {many} {row['mean']:.1%}"
    return f"Worth in real {many}", caption, f"Learning curve of real {many}: {curve}; {level}. {row['sentence']}"


def doses_texts(verdict: Mapping[str, Any], nouns: Nouns) -> Texts:
    """Return title, caption and alternative text of the dose response."""
    rows, plateau = verdict["doses"]["rows"], verdict["doses"]["plateau"]
    listed = "; ".join(f"{row['n_synthetic']:,} per class {interval_text(row)} points" for row in rows)
    towards = (
        f" The dashed fit, a curve that saturates, goes towards {interval_text(plateau)} points, half of it at "
        f"{plateau['half_at']:,.0f} per class; the interval allows for other fits that these numbers bear."
        if plateau
        else " No plateau is drawn: the curve may go on beyond these numbers, as far as they tell."
    )
    caption = (
        f"What GAN {nouns.many} add to real + classic, by their number; shaded: no practical consequence."
        f"{towards} Right: the published curve that started the discussion. Its amount of "
        "synthetic images was chosen on the test folds, from one run, so it may flatter."
    )
    title = f"Does the number of GAN {nouns.many} matter?"
    return title, caption, f"Gain by number of GAN {nouns.many}: {listed}."


# ---- scores and outcomes ----


def arms_texts(pairs: pd.DataFrame, metric: str) -> Texts:
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


def reliability_texts(bins: pd.DataFrame, verdict: Mapping[str, Any]) -> Texts:
    """Return title, caption and alternative text of the reliability diagram."""
    ece = next(row for row in verdict["outcomes"] if row["outcome"] == "ece")
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


def confusion_texts(change: pd.DataFrame, nouns: Nouns) -> Texts:
    """Return title, caption and alternative text of the change in the confusion."""
    values, names = change.to_numpy(), list(change.index)
    order = [divmod(int(i), len(names)) for i in np.argsort(-np.abs(values), axis=None, kind="stable")]
    largest = [(names[t], names[p], values[t, p]) for t, p in order if np.isfinite(values[t, p])][:MOST_CHANGED]
    listed = "; ".join(f"{t} taken for {p} {points(v, sign=True)}" for t, p, v in largest)
    caption = (
        f"Points more (blue) or fewer (red) of each true class that are taken for each class with GAN {nouns.many}, "
        "against without; mean over trials. On the framed diagonal more is better, elsewhere fewer. Single cells are "
        "uncertain: the table says how much."
    )
    return "Which class is taken for which", caption, f"Change of the confusion, in points; the largest: {listed}."


# ---- items ----


def samples_texts(real: Examples, trial: int, nouns: Nouns) -> Texts:
    """Return title, caption and alternative text of real items beside made ones. real: the trial's training items."""
    caption = (
        f"Left: the first training {nouns.many} of trial {trial}, a class per row. Right: the first ones that its GAN "
        "made, not chosen by eye."
    )
    names = ", ".join(map(str, real.classes[: plots.MOST_ROWS]))
    many = nouns.many
    alt = f"Real training {many} and {many} made by the GAN, of {_shown(real.n_classes)}: {names}."
    return "Samples", caption, alt


def neighbours_texts(pairs: Pairs, trial: int, copying: str, nouns: Nouns) -> Texts:
    """Return title, caption and alternative text of items beside their nearest real ones. copying: the sentence."""
    classes = np.unique(pairs.synthetic.y)
    distance = pairs.distance[np.isin(pairs.synthetic.y, classes[: plots.MOST_ROWS])]  # of those that are drawn
    caption = (
        f"Framed: made by the GAN of trial {trial}; beside it, the real training {nouns.one} nearest to it in "
        f"{nouns.raw}. Per class, the first ones made, not chosen by eye, and last the one that is closest of all. "
        f"Below each: its distance to that {nouns.one}; 1 is how far a real {nouns.one} from outside the training set "
        "usually is, 0 is a copy."
    )
    alt = (
        f"{len(distance)} generated {nouns.many} of {_shown(len(classes))} beside their nearest real training "
        f"{nouns.many}; "
        f"distances {distance.min():.2f} to {distance.max():.2f}, median {np.median(distance):.2f}. {copying}"
    )
    return f"GAN {nouns.many} beside their nearest real ones", caption, alt


def _shown(classes: int) -> str:
    """Return of how many classes a figure shows some."""
    return f"{classes} classes" if classes <= plots.MOST_ROWS else f"the first {plots.MOST_ROWS} of {classes} classes"


def suspects_texts(table: pd.DataFrame, medium: Medium) -> Texts:
    """Return title, caption and alternative text of the most suspicious items. table: a row each, `suspicion`."""
    worst, nouns = table["suspicion"].min(), medium.nouns
    honest = f"1 is what honest {nouns.many} have"
    if medium.phrases.nearly:  # put together of parts that only the training set provides
        honest = f"honest {nouns.many} often lie below 1 too, since they are put together of the training set's parts"
    caption = (
        f"Framed: of all {nouns.many} that the GANs made, in all trials, those that lie much nearer to a training "
        f"{nouns.one} (beside it) than to any unseen real {nouns.one} (last), by feature space. Below each: the one "
        f"distance over the other; {honest}, 0 is a copy. Copies show as twins on the left "
        f"with another {nouns.one} on the right."
    )
    most = f"The {len(table)} most suspicious generated {nouns.many}"
    alt = f"{most} with their nearest real ones; lowest ratio {worst:.2f}."
    return "Most suspicious", caption, alt


def training_texts(history: Mapping[str, Any], trial: int, nouns: Nouns) -> Texts:
    """Return title, caption and alternative text of a GAN's training. history: of `tables.gan_history`."""
    ratios, went_back = history["diversity"]["ratio"], len(history["log"])
    alike = history["diversity"].get("collapsed", [])[-1:]  # older trainings did not count them
    caption = (
        f"The GAN of trial {trial}. Healthy: the losses settle and neither runs away; the discriminator is sometimes "
        f"wrong; samples of a class differ about as much as real {nouns.many} do (the band). The guard acts at the red "
        f"lines; here it went back {went_back} {'time' if went_back == 1 else 'times'}."
        f"{_watched(ratios[-1:], alike, nouns)} None of this says how good the {nouns.many} are; the table above does."
    )
    steps = history["curves"]["step"][-1]
    diverse = f"; samples were {ratios[-1]:.2f} times as diverse as the draw" if ratios else ""
    alt = f"Losses over {steps:,} training steps{diverse}; the guard went back {went_back} times."
    return "How the GAN trained", caption, alt


def _watched(ratio: Sequence[float], collapsed: Sequence[int], nouns: Nouns) -> str:
    """What the curve of the diversity does not show."""
    if ratio and np.isnan(ratio[0]):
        return f" Diversity was not watched: no class of the draw has two different {nouns.many}."
    number = sum(collapsed)
    return f" In {number} {'class' if number == 1 else 'classes'} all samples look alike in the end." if number else ""


def open_set_texts(kinds: Sequence[str], trial: int, nouns: Nouns) -> Texts:
    """Return title, caption and alternative text of what was made for `other`, a kind of item per row."""
    caption = (
        f"Trial {trial}: what GANs made for “other”, the first ones, and below them {nouns.many} of the classes that "
        "no training saw. “Given” means that the GAN had outliers of that class as one more class of its own."
    )
    many = nouns.many
    return f"{capital(many)} of “other”", caption, f"Rows of {many}: {', '.join(kinds)}."
