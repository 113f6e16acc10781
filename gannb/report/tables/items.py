"""What synthetic items are like: their measures, their neighbours, and the most suspicious of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gannb.measures import fidelity

if TYPE_CHECKING:
    from gannb.data.examples import Examples
    from gannb.data.medium import Medium
    from gannb.experiment.experiment import Experiment

SUSPECTS_SHOWN = 6  # per feature space
PAIRS_SHOWN = 4  # per class: the first ones made, and the closest of all
MOST_UNSEEN = 2000  # real items, evenly from those there are, whose distances tell what is usual
QUALITY = {  # the measures that are shown, and how a number of each is written
    "gan_test": ".1%", "gan_train": ".1%", "kid": ".3f", "kid_se": ".3f", "fid": ".1f", "density": ".2f",
    "coverage": ".2f", "precision": ".2f", "recall": ".2f", "diversity": ".2f", "nearer_to_train": ".2f",
    "nn_ratio": ".2f", "authenticity": ".2f", "c_t": ".1f", "exact_duplicates": ".1%", "near_duplicates": ".1%",
    "flagged": ".0%",
}  # fmt: skip


def quality(experiment: Experiment) -> pd.DataFrame:
    """Return the means over trials of the quality measures, by generator or reference set and feature space."""
    return quality_means(
        experiment.results.quality(), experiment.results.quality_of_classes(), experiment.scores(), experiment.family
    )


def quality_means(measured: pd.DataFrame, classes: pd.DataFrame, scores: pd.DataFrame, gan: str) -> pd.DataFrame:
    """Return the means over trials of the measures in `QUALITY` that there are, by generator and feature space.

    `diversity` is the mean over classes; `gan_train` the accuracy of the arm that trains on a generator's items alone.
    """
    keys = ["generator", "features"]
    if measured.empty:
        return pd.DataFrame(index=pd.MultiIndex.from_arrays([[], []], names=keys))
    means = measured.groupby(keys, sort=False).mean(numeric_only=True)
    if not classes.empty:
        means = means.join(classes.groupby(keys)["diversity"].mean())
    alone = scores.groupby("arm")["accuracy"].mean() if not scores.empty else pd.Series(dtype=float)
    arms_of = ["gan" if name == gan else name for name in means.index.get_level_values("generator")]
    means["gan_train"] = [alone.get(arm, np.nan) for arm in arms_of]
    return means.reindex(columns=list(QUALITY)).dropna(axis="columns", how="all").round(3)


# ---- neighbours ----


@dataclass(frozen=True, eq=False)
class Pairs:
    """Synthetic items, each with the real training item nearest to it in the raw features of their medium."""

    synthetic: Examples
    nearest: Examples
    distance: np.ndarray  # (M,) 1: as far as half of the held-out real items are from the training set; 0: a copy
    closest: np.ndarray  # (M,) bool: shown because it is its class' closest, not because it was made early


def nearest_pairs(
    medium: Medium, synthetic: Examples, train: Examples, held_out: Examples, per_class: int = PAIRS_SHOWN
) -> Pairs:
    """Return, per class, the first synthetic items made and, as the last, the one closest to any training item."""
    made, learnt, unseen = (medium.raw_features(examples.x) for examples in (synthetic, train, held_out))
    index, distance = fidelity.nearest(made, learnt)
    usual = max(float(np.median(fidelity.nearest(unseen, learnt)[1])), 1e-9)
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
    return nearest_pairs(experiment.settings.medium, experiment.synthetic(trial), *real_sides(experiment, trial))


def real_sides(experiment: Experiment, trial: int) -> tuple[Examples, Examples]:
    """Return a trial's training items, and real ones of those by which it is told how near them the GAN keeps."""
    settings, draw = experiment.settings, experiment.results.draw(trial)
    unseen = settings.unseen(draw)
    return settings.items(draw.train), settings.items(unseen[:: -(-len(unseen) // MOST_UNSEEN)])


# ---- suspects ----


def suspects(experiment: Experiment) -> list[dict[str, Any]]:
    """Return the most suspicious items of the study's GAN over all trials, per feature space, the worst first.

    Each is {"features", "trial", "suspicion", "made", "training", "held_out"}, the last three an item each: one that
    was made, the training item nearest to it in that space, and the nearest held-out real one. `suspicion` is the
    distance to the former over that to the latter.
    """
    found = experiment.results.suspects()
    if found.empty:
        return []
    mine = found[found["generator"] == experiment.family].sort_values("suspicion", kind="stable")
    shown = mine.groupby("features", sort=False).head(SUSPECTS_SHOWN).sort_values(["features", "suspicion"])
    return [
        {key: row[key] for key in ("features", "trial", "suspicion")} | _items(experiment, row)
        for row in shown.to_dict("records")
    ]


def _items(experiment: Experiment, row: dict[str, Any]) -> dict[str, np.ndarray]:
    draw, made = experiment.results.draw(row["trial"]), experiment.results.measured_items(row["trial"])
    at = {"training": draw.train[row["training"]], "held_out": experiment.settings.unseen(draw)[row["test"]]}
    real = {key: experiment.settings.items([index]).x[0] for key, index in at.items()}
    return {"made": np.asarray(made.x[row["item"]])} | real
