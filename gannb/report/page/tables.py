"""The tables of the page: a row is a mapping of texts, in the order in which the page shows them.

What notebooks show as well comes from `gannb.report.tables`, and is only written out here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from gannb.analysis.class_lights import CRITERIA
from gannb.analysis.evidence import Evidence
from gannb.analysis.wording import arm_label, interval_text
from gannb.measures.comparison import REFERENCE_SETS
from gannb.media import MEDIA
from gannb.report import tables
from gannb.report.page.plain import without_paths
from gannb.study.help import meaning_for
from gannb.study.model import Study

if TYPE_CHECKING:
    from gannb.data.medium import Medium, Nouns

BY_CLASSIFIER = ("gan_test", "gan_train")  # measured by a classifier, whatever the features


def arm_table(evidence: Evidence) -> list[dict[str, str]]:
    """Return a row per arm, best first: what it trains on and its scores, means over trials."""
    return [
        {
            "arm": arm_label(str(arm)),
            "real": f"{row['n_real']:,.0f}",
            "synthetic": f"{row['n_synthetic']:,.0f}",
            "metric": f"{100 * row[evidence.metric]:.1f}",
            "range": f"{100 * row['lowest']:.1f} to {100 * row['highest']:.1f}",
            "accuracy": f"{100 * row['accuracy']:.1f}",
            "train_accuracy": f"{100 * row['train_accuracy']:.1f}",
            "log_loss": f"{row['log_loss']:.3f}",
            "ece": f"{row['ece']:.3f}",
        }
        for arm, row in tables.arm_means(evidence.scores, evidence.metric).iterrows()
    ]


def generator_table(evidence: Evidence, medium: Medium) -> list[dict[str, str]]:
    """Return a row per generator or reference set and feature space: the measures' means over trials, as text."""
    if evidence.quality.empty:
        return []
    classes = pd.DataFrame() if evidence.classes is None else evidence.classes
    means = tables.quality_means(evidence.quality, classes, evidence.scores, evidence.gan)
    labels = generator_labels(evidence)
    return [
        {"generator": label, "features": str(space)} | _numbers(row, space == medium.measuring_classifier)
        for name, label in labels.items() if name in means.index.get_level_values("generator")
        for space, row in means.loc[name].iterrows()
    ]  # fmt: skip


def generator_labels(evidence: Evidence) -> dict[str, str]:
    """Return how generators and reference sets are called, by name, the study's own GAN first."""
    made = sorted(set(evidence.quality["generator"]) - set(REFERENCE_SETS), key=lambda n: (n != evidence.gan, n))
    labels = {n: f"GAN ({n})" if n == evidence.gan else n for n in made}
    return labels | dict(zip(REFERENCE_SETS, REFERENCE_SETS, strict=True))


def own_measure_table(evidence: Evidence, medium: Medium) -> list[dict[str, str]]:
    """Return a row per generator or reference set: what only this medium measures, means over trials, as text."""
    if evidence.quality.empty or not medium.measures:
        return []
    measured = evidence.quality[evidence.quality["features"] == medium.raw_space]
    means = measured.groupby("generator").mean(numeric_only=True).reindex(columns=list(medium.measures))
    return [
        {"generator": label} | {
            key: format(means.loc[name, key], form) if math.isfinite(means.loc[name, key]) else "–"
            for key, (form, _) in medium.measures.items()
        }
        for name, label in generator_labels(evidence).items() if name in means.index
    ]  # fmt: skip


def _numbers(values: Mapping[str, Any], by_classifier: bool) -> dict[str, str]:
    """Return the measures as text; a dash for what was not measured, and for what the feature space does not touch."""
    numbers = {key: values.get(key) for key in tables.QUALITY if by_classifier or key not in BY_CLASSIFIER}
    measured = {key: x is not None and math.isfinite(x) for key, x in numbers.items()}
    return {key: format(numbers[key], form) if measured.get(key) else "–" for key, form in tables.QUALITY.items()}


def class_table(verdict: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row per class: its lights as (light, number), and what they speak for."""
    return [
        {"class": row["class"], "advice": row["advice"]}
        | {key: (row[key]["light"], tables.light_number(key, row[key])) for key in CRITERIA}
        for row in verdict["classes"]
    ]


def outcome_table(verdict: Mapping[str, Any], nouns: Nouns) -> list[dict[str, str]]:
    """Return a row per outcome beside the metric, as text: outcome, with, without, change, trials."""
    table = tables.outcomes(verdict, nouns).rename(columns={f"with GAN {nouns.many}": "with"})
    return table.reset_index().to_dict("records")


def shift_table(verdict: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return a row per kind of shifted test items: both arms of the primary contrast and their difference."""
    return [
        {"shift": row["shift"], "meaning": row["meaning"], "arm": f"{100 * row['arm']:.1f}",
         "against": f"{100 * row['against']:.1f}", "change": interval_text(row)}
        for row in verdict["shifts"]
    ]  # fmt: skip


def parameter_table(study: Study, resolved: Mapping[str, Any], set_by_hand: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return a row per parameter: value, what `auto` stood for, meaning; paths by their last part."""
    rows = []
    for name in study.applying():
        if name == "output_dir":
            continue
        value = getattr(study, name)
        text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        if value in (None, "", "auto", ()):
            text = f"auto: {resolved[name]}" if resolved.get(name) is not None else "auto" if value == "auto" else "–"
        by_hand = name in set_by_hand and name not in ("preset", "data")
        meaning = meaning_for(name, MEDIA[study.medium]).replace("`", "")
        rows.append({"name": name, "value": without_paths(text), "meaning": meaning, "set": "set" if by_hand else ""})
    return rows
