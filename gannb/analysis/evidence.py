"""Everything that a study found out, as arrays and tables: what the verdict and the claims are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb.classifiers.imbalance import smallest
from gannb.data.medium import Medium, Nouns, Phrases
from gannb.measures.fidelity import nearer_to_training
from gannb.stats.estimate import Estimate
from gannb.stats.intervals import balanced_weights, crossed_t, equal_weights, paired_t
from gannb.stats.outcomes import Predictions
from gannb.trials.arms import PRIMARY
from gannb.trials.contrasts import Contrast
from gannb.utils.errors import InputError
from gannb.work.store import recorded_failure

if TYPE_CHECKING:
    import pandas as pd

    from gannb.experiment.experiment import Experiment


@dataclass(frozen=True)
class ExternalSource:
    """What is known of an external source: a GAN trained elsewhere, or related real items."""

    text: str = ""  # how it was found and used, in sentences
    same_data: bool = False  # it has been trained on items of this very set


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything that the verdict is made from: arrays and tables, no files. R trials, I test items of a trial."""

    protocol: str  # draw | resplit
    metric: str  # balanced_accuracy | accuracy
    rope: float  # half-width of practical equivalence, a share
    scores: pd.DataFrame  # tidy, one row per trial, arm and classifier seed
    quality: pd.DataFrame  # tidy, one row per trial, generator and feature space
    contrasts: tuple[Contrast, ...]
    correct: dict[str, dict[int, np.ndarray]]  # arm -> trial -> (I,) share of its classifiers that are right
    y: dict[int, np.ndarray]  # trial -> (I,) labels of the test items
    groups: dict[int, np.ndarray]  # trial -> (I,) groups of the test items
    n_train: float  # items trained on and tested on, means over trials
    n_test: float
    gan: str  # the study's family
    trials_planned: int
    nouns: Nouns  # what items are called
    phrases: Phrases  # what is true of the medium alone
    raw_space: str  # names of two feature spaces in `quality` and `classes`: that of the items as they are,
    measuring_classifier: str  # and that of the classifier which measures quality
    shifts: Mapping[str, str]  # name of each of the F ways to shift test items -> what it does
    failures: tuple[str, ...] = ()  # a unit and its error each
    preset: str = "laptop"
    most_trials: int | None = None  # disjoint draws that the pool allows
    synthetic_shown: int = 0  # synthetic items in all batches of a training
    dose_arms: dict[int, str] = field(default_factory=dict)  # synthetic items per class -> arm, by rising number
    shifted: dict[str, dict[int, np.ndarray]] = field(default_factory=dict)  # arm -> trial -> (F,) balanced accuracy on
    # the test items, shifted in each way
    predictions: Predictions | None = None  # of the primary contrast's two arms
    class_counts: dict[str, int] = field(default_factory=dict)  # class -> items to draw from, in the proportions of the
    # training sets
    filled_up: bool = False  # synthetic items only fill up the smaller classes
    small_copying: tuple[float, ...] = ()  # by trial, how far the GAN's items of the smallest classes side with theirs
    classes: pd.DataFrame | None = None  # tidy, quality by trial, generator, feature space and class
    keep_classes: tuple[str, ...] = ()  # the only classes that get synthetic items; empty: all do
    left_out: str = ""  # a sentence on fine-tuning, where its weights are not there
    minutes: dict[str, float] = field(default_factory=dict)  # arm -> of computing in a trial, with its generator
    classifiers: dict[str, int] = field(default_factory=dict)  # name -> parameters, the study's first one first
    external: dict[str, ExternalSource] = field(default_factory=dict)  # by name, `foreign` or `related`
    level: float = 0.95  # of the primary contrast's interval; above .95 where the answer was looked at more than once

    @property
    def n_classes(self) -> int:
        """The number of classes among the test items."""
        return max(len(np.unique(labels)) for labels in self.y.values())


def words_of(medium: Medium) -> dict[str, Any]:
    """Return what evidence has of its medium, by field: what items, feature spaces and shifts are called."""
    meanings = {name: meaning for name, (meaning, _) in medium.shifts.items()}
    return {
        "nouns": medium.nouns, "phrases": medium.phrases, "raw_space": medium.raw_space,
        "measuring_classifier": medium.measuring_classifier, "shifts": meanings,
    }  # fmt: skip


def gather(experiment: Experiment) -> Evidence:
    """Read what is finished of a study, enough for a verdict.

    Raises:
        InputError: fewer than two trials have the primary contrast's two arms yet.
        RuntimeError: so many units failed that fewer than two trials will.
    """
    evidence = read(experiment)
    if len(common_trials(evidence, *PRIMARY)) < 2:
        problem = f"Fewer than two trials of {experiment.study.name!r} can be compared"
        if evidence.failures:
            raise RuntimeError(f"{problem}; the first failure: {evidence.failures[0]}")
        raise InputError(f"{problem}: run notebooks 02 to 04 first, or `gannb run`.")
    return evidence


def read(experiment: Experiment) -> Evidence:
    """Read what is finished of a study, however little."""
    study, settings, results = experiment.study, experiment.settings, experiment.results
    correct, y, groups = _answers(experiment)
    failures = {u: recorded_failure(experiment.folder, u) for u in experiment.plan.all_units()}
    drawn = [results.draw(t) for t in y or results.done(1)]
    return Evidence(
        settings.design.protocol, study.metric, study.rope, results.scores(), results.quality(),
        tuple(settings.contrasts), correct, y, groups,
        n_train=float(np.mean([len(draw.train) for draw in drawn])) if drawn else 0.0,
        n_test=float(np.mean([len(draw.test) for draw in drawn])) if drawn else 0.0,
        gan=settings.family, trials_planned=study.trials, **words_of(settings.medium),
        failures=tuple(f"{u.path}: {error}" for u, error in failures.items() if error), preset=study.preset,
        most_trials=settings.most_trials, dose_arms=settings.dose_arms, synthetic_shown=settings.synthetic_shown,
        shifted=_shifted(experiment), predictions=results.predictions(), class_counts=settings.class_counts,
        filled_up=not study.doses, small_copying=_small_copying(experiment), classes=results.quality_of_classes(),
        keep_classes=settings.keep_classes, left_out=experiment.plan.left_out, minutes=results.minutes(),
        classifiers=settings.classifier_sizes(), external=_external(experiment),
    )  # fmt: skip


def _answers(experiment: Experiment) -> tuple[dict[str, dict[int, np.ndarray]], dict, dict]:
    """Return `correct`, `y` and `groups` of `Evidence`, of the trials and arms that are finished."""
    settings, results = experiment.settings, experiment.results
    correct, y, groups = {}, {}, {}
    for trial in range(experiment.study.trials):
        for arm in settings.arms:
            p = results.probabilities(trial, arm.name)
            if p is None:
                continue
            if trial not in y:
                test = settings.items(results.draw(trial).test)
                y[trial], groups[trial] = test.y, test.groups
            correct.setdefault(arm.name, {})[trial] = (p.argmax(2) == y[trial]).mean(0)
    return correct, y, groups


def _external(experiment: Experiment) -> dict[str, ExternalSource]:
    """Return what is known of each external source that the study names."""
    abouts = {name: source.about for name, source in experiment.settings.external.items()}
    return {n: ExternalSource(about["text"], bool(about.get("same_data"))) for n, about in abouts.items()}


def _shifted(experiment: Experiment) -> dict[str, dict[int, np.ndarray]]:
    """Return the balanced accuracy on shifted test items, averaged over classifier seeds, of the primary arms."""
    trials = range(experiment.study.trials)
    found = {arm: {t: experiment.results.shifted(t, arm) for t in trials} for arm in PRIMARY}
    return {
        arm: {t: np.nanmean(recalls, axis=(0, 2)) for t, recalls in by_trial.items() if recalls is not None}
        for arm, by_trial in found.items()
    }


def _small_copying(experiment: Experiment) -> tuple[float, ...]:
    """Return `fidelity.nearer_to_training` of the smallest classes by themselves, in raw features, by finished trial.

    All classes together say little of them. Empty where classes are of about a size.
    """
    settings, results, found = experiment.settings, experiment.results, []
    features, classes = settings.medium.raw_features, smallest(list(settings.class_counts.values()))
    for trial in results.done(3) if classes else ():
        draw = results.draw(trial)
        parts = settings.items(draw.train), results.synthetic(trial), settings.items(draw.test)
        own = [[features(part.x[part.y == k]) for part in parts] for k in classes]
        found.append(float(np.mean([nearer_to_training(*of_class) for of_class in own])))
    return tuple(found)


# ---- estimates ----


def common_trials(evidence: Evidence, *arms: str) -> list[int]:
    """Return the trials in which every one of the arms is there."""
    there = [set(evidence.correct.get(arm, {})) for arm in arms]
    return sorted(set.intersection(*there))


def by_trial(evidence: Evidence, arm: str, column: str, trials: Sequence[int]) -> np.ndarray:
    """Return (R,) values of a column of `scores`, one per trial asked for, averaged over classifier seeds."""
    rows = evidence.scores[evidence.scores["arm"] == arm]
    return rows.groupby("trial")[column].mean().loc[list(trials)].to_numpy(float)


def test_train_ratio(evidence: Evidence) -> float:
    """Return n_test / n_train for the correction of re-splits, 0 for disjoint draws."""
    return evidence.n_test / evidence.n_train if evidence.protocol == "resplit" else 0.0


def difference(evidence: Evidence, arm: str, against: str, level: float = 0.95) -> Estimate:
    """Return the paired difference of the metric, a share: crossed over trials and test items, or of re-splits.

    See `stats.intervals`: `crossed_t` for draws, and `paired_t`, corrected, for re-splits. Its ends stay in -1..1.
    """
    trials = common_trials(evidence, arm, against)
    if evidence.protocol == "resplit":
        d = by_trial(evidence, arm, evidence.metric, trials) - by_trial(evidence, against, evidence.metric, trials)
        return _possible(paired_t(d, test_train_ratio(evidence), level))
    y = evidence.y[trials[0]]
    weights = balanced_weights(y) if evidence.metric == "balanced_accuracy" else equal_weights(y)
    d = np.stack([evidence.correct[arm][t] - evidence.correct[against][t] for t in trials])  # (R, I)
    strata = y if evidence.metric == "balanced_accuracy" else np.zeros_like(y)
    return _possible(crossed_t(d, weights, strata, evidence.groups[trials[0]], level))


def _possible(estimate: Estimate) -> Estimate:
    """Return the estimate with its interval cut to what a difference of shares can be, -1 to 1."""
    return replace(estimate, low=max(-1.0, estimate.low), high=min(1.0, estimate.high))


def per_trial(evidence: Evidence, column: str, features: str) -> np.ndarray | None:
    """Return (R,) values of a quality measure of the study's GAN in a feature space; None for fewer than two trials."""
    table = evidence.quality
    if column not in table:  # also where nothing is measured yet
        return None
    rows = table[(table["generator"] == evidence.gan) & (table["features"] == features)].sort_values("trial")
    values = rows[column].to_numpy(float)
    return values if len(values) >= 2 and np.isfinite(values).all() else None
