"""Everything that a study found out, as arrays and tables: what the verdict and the claims are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb.classifiers.imbalance import smallest
from gannb.data.medium import Medium, Nouns, Phrases
from gannb.experiment.checks import untried_ways
from gannb.generators.external import EXTERNAL, read_labels
from gannb.measures.comparison import near_copies
from gannb.measures.fidelity import nearer_to_training
from gannb.stats.decision import Answer
from gannb.stats.estimate import Estimate
from gannb.stats.intervals import paired_t
from gannb.stats.outcomes import Predictions, item_values
from gannb.stats.settling.draws import block_means
from gannb.stats.tested import WEIGHTINGS, Tested, Weighting, balanced
from gannb.trials.arms import COPIES, PRIMARY, PSEUDO, YARDSTICKS, parse_arm
from gannb.trials.contrasts import Contrast
from gannb.trials.splits import groups_of, judged_elsewhere, labels_of
from gannb.utils.errors import Failed, InputError
from gannb.utils.naming import few_of
from gannb.work.store import recorded_failure

if TYPE_CHECKING:
    import pandas as pd

    from gannb.experiment.experiment import Experiment


@dataclass(frozen=True)
class ExternalSource:
    """What is known of an external source: a GAN trained elsewhere, related real items, or unlabelled ones."""

    text: str = ""  # how it was found and used, in sentences
    same_data: bool = False  # it has been trained on items of this very set
    generator: str = ""  # what its items come from, by name; empty: it is called as the source is


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything that the verdict is made from: arrays and tables, no files. R trials, I test items of a trial."""

    protocol: str  # given | draw | folds
    metric: str  # balanced_accuracy | accuracy
    rope: float  # half-width of practical equivalence, a share
    scores: pd.DataFrame  # tidy, one row per trial, arm and classifier seed
    quality: pd.DataFrame  # tidy, one row per trial, generator and feature space
    contrasts: tuple[Contrast, ...]
    correct: dict[str, dict[int, np.ndarray]]  # arm -> trial -> (I,) share of its classifiers that are right
    tested: Tested  # the test items of each trial
    n_train: float  # items trained on and tested on, means over trials
    n_test: float
    gan: str  # the study's family
    trials_planned: int
    nouns: Nouns  # what items are called
    phrases: Phrases  # what is true of the medium alone
    raw_space: str  # names of two feature spaces in `quality` and `classes`: that of the items as they are,
    measuring_classifier: str  # and that of the classifier which measures quality
    shifts: Mapping[str, str]  # name of each of the F ways to shift test items -> what it does
    yardsticks: tuple[str, ...]  # arms with as many items from no GAN that a study of this medium may have
    failures: tuple[str, ...] = ()  # a unit and its error each
    preset: str = "laptop"
    most_trials: int | None = None  # disjoint draws that the pool allows
    synthetic_shown: int = 0  # synthetic items in all batches of a training
    dose_arms: dict[int, str] = field(default_factory=dict)  # synthetic items per class -> arm, by rising number
    shifted: dict[str, dict[int, np.ndarray]] = field(default_factory=dict)  # arm -> trial -> (F, J) share of its
    # classifiers that are right on test items shifted in each way
    shifted_tested: Tested = field(default_factory=Tested)  # the test items that are shifted
    predictions: Predictions | None = None  # of the primary contrast's two arms
    class_counts: dict[str, int] = field(default_factory=dict)  # class -> items to draw from, in the proportions of the
    # training sets
    filled_up: bool = False  # synthetic items only fill up the smaller classes
    f1: dict[str, dict[int, np.ndarray]] = field(default_factory=dict)  # arm -> trial -> (I,) whose mean is macro-F1
    small_copying: dict[int, float] = field(default_factory=dict)  # trial -> how far the GAN's items of the smallest
    # classes side with theirs
    classes: pd.DataFrame | None = None  # tidy, quality by trial, generator, feature space and class
    keep_classes: tuple[str, ...] = ()  # the only classes that get synthetic items; empty: all do
    left_out: str = ""  # a sentence on fine-tuning, where its weights are not there
    minutes: dict[str, float] = field(default_factory=dict)  # arm -> of computing in a trial, with its generator
    classifiers: dict[str, int] = field(default_factory=dict)  # name -> parameters, the study's first one first
    external: dict[str, ExternalSource] = field(default_factory=dict)  # by name: `foreign`, `related`, `unlabelled`
    level: float = 0.95  # of the primary contrast's interval; above .95 where the answer was looked at more than once
    whole_set: bool = True  # of a given training set: every trial trains on all of it, not on its own part
    layers: dict[str, int] = field(default_factory=dict)  # name -> weighted layers along the network, of the study's
    # classifiers, of the pretrained network and of those that the medium has beside them
    pretrained: str = ""  # the network that is fine-tuned, by name; empty: none, or none that is there
    judged_elsewhere: bool = False  # copying is judged by real items that may come from elsewhere
    untried: tuple[str, ...] = ()  # ways to use the GAN's items that the study could have and has not, by name
    mix: str = "added"  # added: every arm sees the real items equally often; replaced: generated ones take their place

    @property
    def n_classes(self) -> int:
        """The number of classes among the test items."""
        return max(len(np.unique(labels)) for labels in self.tested.y.values())

    @property
    def judged_by_a_stranger(self) -> bool:
        """Whether the measuring classifier learnt from real items that the GAN never saw: those in reserve."""
        return self.protocol == "draw"

    @property
    def weighting(self) -> Weighting:
        """How much each test item counts in the metric."""
        return WEIGHTINGS[self.metric]


def words_of(medium: Medium) -> dict[str, Any]:
    """Return what evidence has of its medium, by field: what items, feature spaces and shifts are called."""
    meanings = {name: meaning for name, (meaning, _) in medium.shifts.items()}
    sources = {*medium.controls, *medium.yardsticks}
    return {
        "nouns": medium.nouns, "phrases": medium.phrases, "raw_space": medium.raw_space,
        "measuring_classifier": medium.measuring_classifier, "shifts": meanings,
        "yardsticks": tuple(arm for arm in YARDSTICKS if parse_arm(arm).source in sources),
    }  # fmt: skip


def gather(experiment: Experiment) -> Evidence:
    """Read what is finished of a study, enough for a verdict.

    Raises:
        InputError: too few trials have the primary contrast's two arms yet.
        Failed: so many units failed that too few trials will.
    """
    evidence = read(experiment)
    if not common_trials(evidence, *PRIMARY):
        folds = evidence.tested.folds
        few = f"two whole repeats of {folds} trials" if folds else "two trials"
        problem = f"Fewer than {few} of {experiment.study.name!r} can be compared"
        if evidence.failures:
            raise Failed(f"{problem}: {evidence.failures[0]}; {_way_out(evidence)}.")
        raise InputError(f"{problem}: run notebooks 02 to 04 first, or `gannb run`.")
    return evidence


def _way_out(evidence: Evidence) -> str:
    """Return what to do where failed units leave too few trials: how many trials leave enough, as whole repeats."""
    folds, done = evidence.tested.folds, [set(evidence.correct.get(arm, {})) for arm in PRIMARY]
    there, step = set.intersection(*done), folds or 1
    planned = -(-evidence.trials_planned // step)
    whole = sum(set(range(repeat * step, (repeat + 1) * step)) <= there for repeat in range(planned))
    enough = (planned + 2 - whole) * step
    repeats = f", which are {enough // folds} whole repeats" if folds else ""
    return (
        f"set trials={enough}{repeats} (what is finished is kept), or run again to try once more what failed, or "
        "choose another GAN family"
    )


def read(experiment: Experiment) -> Evidence:
    """Read what is finished of a study, however little."""
    study, settings, results = experiment.study, experiment.settings, experiment.results
    failures = {u: recorded_failure(results.folder, u) for u in experiment.plan.all_units()}
    tested, (shifted, shifted_tested) = tested_of(experiment), _shifted(experiment)
    drawn = [results.draw(t) for t in results.done(1)]
    return Evidence(
        settings.design.protocol, study.metric, study.rope, results.scores(), results.quality(),
        tuple(settings.contrasts), _by_item(experiment, tested, "accuracy"), tested,
        n_train=float(np.mean([len(draw.train) for draw in drawn])) if drawn else 0.0,
        n_test=float(np.mean([len(draw.test) for draw in drawn])) if drawn else 0.0,
        gan=settings.family, trials_planned=settings.trials, **words_of(settings.medium),
        failures=tuple(f"{u.path}: {error}" for u, error in failures.items() if error), preset=study.preset,
        most_trials=settings.design.most_trials, dose_arms=settings.dose_arms,
        synthetic_shown=experiment.plan.synthetic_shown, shifted=shifted, shifted_tested=shifted_tested,
        predictions=results.predictions(), class_counts=settings.class_counts,
        f1=_by_item(experiment, tested, "macro_f1") if smallest(list(settings.class_counts.values())) else {},
        filled_up=not study.doses, small_copying=_small_copying(experiment), classes=results.quality_of_classes(),
        keep_classes=settings.keep_classes, mix=study.mix, left_out=experiment.plan.left_out, minutes=results.minutes(),
        classifiers=settings.classifier_sizes(), external=_external(experiment),
        whole_set=settings.design.n_per_class is None,
        judged_elsewhere=any(judged_elsewhere(settings.dataset, draw) for draw in drawn),
        layers=settings.classifier_layers(), pretrained=settings.weights.network if settings.weights else "",
        untried=untried_ways(settings),
    )  # fmt: skip


def tested_of(experiment: Experiment, chosen: Mapping[int, np.ndarray] | None = None) -> Tested:
    """Return the test items of every trial that is drawn.

    chosen: trial -> (J,) which of its test items are meant, as positions among them; None: all.
    """
    settings, results = experiment.settings, experiment.results
    design, labels, groups = settings.design, labels_of(settings.dataset), groups_of(settings.dataset)
    item = {t: results.draw(t).test for t in results.done(1)}
    item = item if chosen is None else {t: item[t][chosen[t]] for t in item if t in chosen}
    return Tested(
        item, {t: labels[index] for t, index in item.items()}, {t: groups[index] for t, index in item.items()},
        design.folds, {t: design.block_of(t) for t in item} if design.protocol == "draw" else {},
    )  # fmt: skip


def _by_item(experiment: Experiment, tested: Tested, outcome: str) -> dict[str, dict[int, np.ndarray]]:
    """Return an outcome by arm, trial and test item, (I,), of the trials and arms that are finished."""
    found: dict[str, dict[int, np.ndarray]] = {}
    for trial, y in tested.y.items():
        for arm in (*experiment.settings.arms, *experiment.settings.half_arms):
            if (said := experiment.results.probabilities(trial, arm.name)) is not None:
                found.setdefault(arm.name, {})[trial] = item_values(outcome, y, said)
    return found


def _external(experiment: Experiment) -> dict[str, ExternalSource]:
    """Return what is known of each external source that the study names."""
    abouts = {name: source.about for name, source in experiment.settings.external.items()}
    makers = {kind.parameter: name for name, kind in EXTERNAL.items()}
    return {
        name: ExternalSource(_text_of(experiment, name, about), bool(about.get("same_data")), makers.get(name, ""))
        for name, about in abouts.items()
    }


def _text_of(experiment: Experiment, name: str, about: dict[str, Any]) -> str:
    """Return how an external source was found and used; of unlabelled items also how many got a label."""
    if name != EXTERNAL[PSEUDO].parameter:
        return str(about["text"])
    units = (experiment.plan.generator_units[t, PSEUDO] for t in experiment.results.done(2))
    labels = [read_labels(experiment.results.folder / unit.path)[1] for unit in units]
    return " ".join([about["text"], *([_labelled_text(experiment, labels)] if labels else [])])


def _labelled_text(experiment: Experiment, labels: Sequence[np.ndarray]) -> str:
    """Return how many unlabelled items got a label in a trial, and of which classes none did; labels: by trial (M,)."""
    settings, classes = experiment.settings, experiment.dataset.pool.classes
    numbers = sorted(map(len, labels))
    between = f"{numbers[0]:,}" if numbers[0] == numbers[-1] else f"{numbers[0]:,} to {numbers[-1]:,}"
    none = [name for k, name in enumerate(classes) if any(not np.any(each == k) for each in labels)]
    without = f" Of the classes {few_of(none)} there were none in at least one trial." if none else ""
    return (
        f"Of the {settings.unlabelled:,} unlabelled {settings.medium.nouns.many}, {between} got a label in a trial: "
        f"its classifier gave them a class with a probability of {settings.study.confidence:g} or more.{without}"
    )


def _shifted(experiment: Experiment) -> tuple[dict[str, dict[int, np.ndarray]], Tested]:
    """Return `shifted` of `Evidence`, and which test items these are."""
    right, chosen = {}, {}
    for trial in experiment.results.done(1):
        for arm in experiment.settings.arms:
            if (found := experiment.results.shifted(trial, arm.name)) is not None:
                right.setdefault(arm.name, {})[trial], chosen[trial] = found
    return right, tested_of(experiment, chosen)


def _small_copying(experiment: Experiment) -> dict[int, float]:
    """Return how far items of the smallest classes side with their training items by themselves, by finished trial.

    That is `fidelity.nearer_to_training` in raw features, or near copies where the medium tells them.

    All classes together say little of them. Empty where classes are of about a size.
    """
    settings, results, found = experiment.settings, experiment.results, {}
    medium, classes = settings.medium, smallest(list(settings.class_counts.values()))
    for trial in results.done(3) if classes else ():
        draw = results.draw(trial)
        parts = settings.items(draw.train), results.synthetic(trial), settings.items(settings.unseen(draw))
        own = [[part.x[part.y == k] for part in parts] for k in classes]
        found[trial] = float(np.mean([_siding(medium, *of_class) for of_class in own]))
    return found


def _siding(medium: Medium, train: np.ndarray, made: np.ndarray, unseen: np.ndarray) -> float:
    """Return how far made items (M, ...) side with training ones (N, ...), against unseen ones: 1 is copies."""
    if told := near_copies(medium, train, made, unseen):
        return told.siding()
    return nearer_to_training(*map(medium.raw_features, (train, made, unseen)))


# ---- estimates ----


def common_trials(evidence: Evidence, *arms: str) -> list[int]:
    """Return the trials, rising, in which every one of the arms is there; none where they are too few for an interval.

    Of cross-validation only whole repeats count, see `Tested.usable`.
    """
    there = [set(evidence.correct.get(arm, {})) for arm in arms]
    return evidence.tested.usable(list(set.intersection(*there)))


def with_repeats(evidence: Evidence, arm: str) -> str | None:
    """Return the arm that has real items again in the places of an arm's made ones; None where it was not tried."""
    again = (parse_arm(arm).with_source(source).name for source in (COPIES, "oversampled"))
    return next((name for name in again if common_trials(evidence, arm, name)), None)


def by_trial(evidence: Evidence, arm: str, column: str, trials: Sequence[int]) -> pd.Series:
    """Return a column of `scores` by trial, for the trials asked for, averaged over classifier seeds."""
    rows = evidence.scores[evidence.scores["arm"] == arm]
    return rows.groupby("trial")[column].mean().loc[list(trials)].astype(float)


def difference(evidence: Evidence, arm: str, against: str, level: float = 0.95) -> Estimate:
    """Return the paired difference of the metric, a share, with an interval that carries trainings and test items.

    See `stats.tested`. Its ends stay in -1..1.
    """
    trials = common_trials(evidence, arm, against)
    d = {t: evidence.correct[arm][t] - evidence.correct[against][t] for t in trials}
    return possible(evidence.tested.difference(d, evidence.weighting, level, sees_both_halves(arm, against)))


def second_half(evidence: Evidence, arm: str, level: float = 0.95) -> Estimate:
    """Return what the second half of an arm's steps brought, with its interval.

    The mean is the one by which it is decided whether steps are doubled; the interval is as wide as any difference's.
    """
    change = difference(evidence, arm, parse_arm(arm).half().name, level)
    gain = gain_of_second_half(evidence, arm)
    by = gain - change.mean
    return possible(replace(change, mean=gain, low=change.low + by, high=change.high + by))


def gain_of_second_half(evidence: Evidence, arm: str) -> float | None:
    """Return what the second half of an arm's steps brought on average over trials; None where that was not tried.

    The mean of what `scores` has, as where it is decided whether steps are doubled (`experiment.convergence`).
    """
    whole, half = (evidence.scores[evidence.scores["arm"] == name] for name in (arm, parse_arm(arm).half().name))
    trials = set(whole["trial"]) & set(half["trial"])
    if not trials:
        return None
    means = (rows[rows["trial"].isin(trials)][evidence.metric].mean() for rows in (whole, half))
    return float(next(means) - next(means))


def has_converged(evidence: Evidence, arm: str) -> bool:
    """Tell whether the second half of an arm's steps brought less than the margin, where that was tried."""
    gain = gain_of_second_half(evidence, arm)
    return gain is None or gain < evidence.rope


def stands(evidence: Evidence, answer: Answer, arm: str, against: str) -> bool:
    """Tell whether more steps would leave a comparison its answer: an arm that is ahead before its end stays ahead."""
    return has_converged(evidence, against) and (answer is Answer.HELPS or has_converged(evidence, arm))


def sees_both_halves(*arms: str) -> bool:
    """Tell whether some of the arms train on a draw's reserve, on which the block's other draw trains."""
    return any(parse_arm(arm).source == "more" for arm in arms)


def possible(estimate: Estimate) -> Estimate:
    """Return the estimate with its interval cut to what a difference of shares can be, -1 to 1."""
    return replace(estimate, low=max(-1.0, estimate.low), high=min(1.0, estimate.high))


def shifted_trials(evidence: Evidence, *arms: str) -> list[int]:
    """Return the trials in which all of the arms were tested on shifted items, none where they are too few."""
    of_each = [set(evidence.shifted.get(arm, {})) for arm in arms]
    return evidence.shifted_tested.usable(list(set.intersection(*of_each)))


def shifted_difference(
    evidence: Evidence, arm: str, against: str, shift: int | None = None, level: float = 0.95
) -> Estimate | None:
    """Return the paired difference of balanced accuracy on shifted test items, a share; None for too few of either.

    shift: which way to shift, by its number in `Evidence.shifts`; None: the mean over all of them.
    """
    trials = shifted_trials(evidence, arm, against)
    if not trials:
        return None
    right = [_shifted_by_trial(evidence, name, shift) for name in (arm, against)]
    d = {t: right[0][t] - right[1][t] for t in trials}
    try:
        return possible(evidence.shifted_tested.difference(d, balanced, level, sees_both_halves(arm, against)))
    except InputError:  # of a rare class a single item, or group, is among those that were shifted
        return None


def shifted_level(evidence: Evidence, arm: str, shift: int | None = None) -> float:
    """Return an arm's balanced accuracy on shifted test items, the mean over trials; shift as above."""
    right = _shifted_by_trial(evidence, arm, shift)
    return float(np.mean([balanced(evidence.shifted_tested.y[t])[0] @ each for t, each in right.items()]))


def _shifted_by_trial(evidence: Evidence, arm: str, shift: int | None) -> dict[int, np.ndarray]:
    """Return the share of an arm's classifiers that are right on each shifted item, by trial, (J,)."""
    right = evidence.shifted.get(arm, {})
    return {t: each.mean(axis=0) if shift is None else each[shift] for t, each in right.items()}


def of_trials(evidence: Evidence, values: pd.Series, level: float = 0.95) -> Estimate:
    """Return the mean of something measured once a trial with its interval over trials, given the test items.

    values: by trial, two or more. Draws of one block are averaged first: what measures them is trained on the block's
    other half. Folds overlap in what they are trained on, and the interval is wider by that (`intervals.paired_t`).
    """
    means = block_means(values.to_numpy(float), evidence.tested.units(values.index, by_block=True))
    return paired_t(means, test_train_ratio(evidence), level)


def test_train_ratio(evidence: Evidence) -> float:
    """Return n_test / n_train, by which training sets of cross-validation overlap; 0 for draws and given sets."""
    return evidence.n_test / evidence.n_train if evidence.tested.folds else 0.0


def per_trial(evidence: Evidence, column: str, features: str) -> pd.Series | None:
    """Return a quality measure of the study's GAN in a feature space by trial; None for fewer than two trials."""
    table = evidence.quality
    if column not in table:  # also where nothing is measured yet
        return None
    rows = table[(table["generator"] == evidence.gan) & (table["features"] == features)].sort_values("trial")
    values = rows.set_index("trial")[column].astype(float)
    return values if len(values) >= 2 and np.isfinite(values).all() else None
