"""Which classes' items to use: fidelity, diversity, copying and usefulness of each, as a traffic light.

A light is green or red where the 95 % interval over trials lies wholly on that side of its bar, else yellow, as with
fewer trials than an answer takes; grey where it was not measured. Usefulness is chosen on one half of the class' test
items and confirmed on the other, since whoever keeps the classes of green lights tests on the same items again. Lights
are not adjusted for their number: of many honest classes some look red by chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from gannb.analysis import copying
from gannb.analysis.claims import DISTORTED
from gannb.analysis.copying import ATTRACTION, Copying
from gannb.analysis.evidence import Evidence, common_trials, of_trials
from gannb.analysis.wording import points, unlearnt
from gannb.data.medium import Nouns, Phrases
from gannb.stats.estimate import Interval
from gannb.stats.outcomes import interval
from gannb.stats.settling.floor import LEAST_TRIALS
from gannb.stats.tested import Tested
from gannb.trials.arms import PRIMARY

THIN = 0.5  # diversity that this kit's GANs usually end above
HALVES_SEED = 0  # of the division of test items: any will do, and no study chooses its own
LEAST_DIVERSE = 0.8  # honest classes of eight trials stay above it, see benchmarks/README.md


# ---- the bars ----


@dataclass(frozen=True)
class Criterion:
    """One light: red where the interval lies wholly on the wrong side of `bad`, green where on the right of `good`."""

    good: float
    bad: float
    better: int = 1  # 1: more is better; -1: less is
    least: float = -1.0  # that there can be
    most: float = 1.0

    def colour(self, low: float, high: float) -> str:
        """Return the light of an interval: red, yellow or green."""
        worst, best = (low, high) if self.better > 0 else (-high, -low)
        if best < self.better * self.bad:
            return "red"
        return "green" if worst > self.better * self.good else "yellow"


FIDELITY = Criterion(-DISTORTED, -DISTORTED)
DIVERSITY = Criterion(LEAST_DIVERSE, THIN, least=0.0, most=np.inf)
COPYING = Criterion(ATTRACTION, 0.0, better=-1)
USEFULNESS = Criterion(0.0, 0.0)
CRITERIA = {"fidelity": FIDELITY, "diversity": DIVERSITY, "copying": COPYING, "usefulness": USEFULNESS}


@dataclass(frozen=True)
class Explanation:
    """What a light shows, in words."""

    meaning: str  # what is measured, in which feature space
    why: str  # the bars, and where they come from


def explained(nouns: Nouns, phrases: Phrases, measuring_classifier: str) -> dict[str, Explanation]:
    """Return what each of the lights of `CRITERIA` shows, in words; measuring_classifier: its name."""
    many = nouns.many
    return {
        "fidelity": Explanation(
            f"share of the class' {many} that the measuring classifier ({measuring_classifier}, trained on real "
            f"{many}) recognises, less its recall on unseen real {many} of the class",
            f"Green above −{points(DISTORTED)} points, red below: the bar of the claim “small and distorted”.",
        ),
        "diversity": Explanation(
            f"mean distance of two {many} of the class, over that of two of the training set, in {nouns.raw}",
            f"Green above {LEAST_DIVERSE}, which real {many} of a class keep to; red below {THIN}, less than what "
            "this kit's GANs usually end with.",
        ),
        "copying": Explanation(
            f"how far the class' {many} are on the way to copies, in {nouns.raw}: 0% for {many} that "
            f"{unlearnt(nouns, phrases)}, 100% for pure copies",
            f"Follows the verdict on copying: where that is “copies”, red above 0% and where {nouns.a_one} of the "
            f"class is identical with a training {nouns.one}; green below {ATTRACTION:.0%} where there is no sign of "
            "it.",
        ),
        "usefulness": Explanation(
            f"change of the class' recall, real + GAN + classic against real + classic, in points: on one half of its "
            f"test {many}",
            f"Green where the interval lies above 0 and the other half of the test {many} gains on average too, red "
            "where both are below; yellow where the halves disagree, and within the study's margin of practical "
            "equivalence.",
        ),
    }


# ---- the lights ----


@dataclass(frozen=True)
class Light:
    """One light of one class."""

    colour: str  # red | yellow | green | grey
    interval: Interval | None = None  # behind it; None where it is grey


@dataclass(frozen=True)
class ClassRow:
    """The lights of a class, and what they speak for."""

    name: str
    fidelity: Light
    diversity: Light
    copying: Light
    usefulness: Light
    advice: str


def class_rows(evidence: Evidence, reason: str = "") -> list[ClassRow]:
    """Return a row per class; none where nothing was measured by class.

    reason: why the study has no answer; then usefulness has none, either. A light is grey where fewer than two trials
    have it; that of fidelity also where nothing is in reserve, and the measuring classifier has learnt from what the
    GAN has.
    """
    table = evidence.classes
    if table is None or table.empty:
        return []
    mine = table[(table["generator"] == evidence.gan) & (table["features"] == evidence.raw_space)].set_index("trial")
    rows, copies, none = [], copying.copying(evidence), pd.Series(dtype=float)
    for k, (name, of_class) in enumerate(mine.groupby("class", sort=False)):
        recognised = of_class["gan_test"] - of_class["ruler_accuracy"] if evidence.judged_by_a_stranger else none
        lights = (
            _light(FIDELITY, recognised, evidence), _light(DIVERSITY, of_class["diversity"], evidence),
            _copying_light(of_class, copies, evidence), _usefulness(evidence, k, reason),
        )  # fmt: skip
        rows.append(ClassRow(name, *lights, advice(evidence.nouns, *(light.colour for light in lights))))
    return rows


def _light(criterion: Criterion, values: pd.Series, evidence: Evidence) -> Light:
    """Return the light of values by trial; the interval is judged as it is, and shown cut to what is possible."""
    values = values[np.isfinite(values.astype(float))].astype(float)
    if len(values) < 2:
        return Light("grey")
    estimate = of_trials(evidence, values)
    low, high = max(estimate.low, criterion.least), min(estimate.high, criterion.most)
    colour = criterion.colour(estimate.low, estimate.high) if estimate.n >= LEAST_TRIALS else "yellow"
    return Light(colour, Interval(estimate.mean, low, high))


def _usefulness(evidence: Evidence, k: int, reason: str = "") -> Light:
    """Return the light of what the primary contrast changes in a class' recall, its number from the second half.

    Green where the mean on the first half of the class' test items is above 0 and the interval on the second wholly;
    red the other way round. Grey where a half is too small for an interval.
    """
    trials = common_trials(evidence, *PRIMARY)
    right, without = (evidence.correct.get(arm, {}) for arm in PRIMARY)
    change = {t: right[t] - without[t] for t in trials}
    chosen, confirmed = (interval(*_of_items(change, evidence.tested, items)) for items in halves(evidence.tested, k))
    if math.isnan(chosen.mean) or math.isnan(confirmed.mean):
        return Light("grey")
    undecided = (
        reason or len(trials) < LEAST_TRIALS or (-evidence.rope <= confirmed.low and confirmed.high <= evidence.rope)
    )
    colour = USEFULNESS.colour(confirmed.low, confirmed.high)
    agreed = {"green": chosen.mean > 0, "red": chosen.mean < 0}.get(colour, False)
    return Light(colour if agreed and not undecided else "yellow", confirmed)


def halves(tested: Tested, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the test items of class k in two halves, (H,) each, the same in every trial and repeat.

    Whole groups, in an order that is random and fixed, so that the halves share no group and differ by one at most.
    """
    items, groups = (
        np.concatenate([part[t][tested.y[t] == k] for t in tested.y] or [np.empty(0, int)])
        for part in (tested.item, tested.groups)
    )
    order = np.random.default_rng(HALVES_SEED).permutation(np.unique(groups))
    return tuple(np.unique(items[np.isin(groups, order[half::2])]) for half in (0, 1))


def _of_items(
    values: Mapping[int, np.ndarray], tested: Tested, items: np.ndarray
) -> tuple[dict[int, np.ndarray], Tested]:
    """Return per-item values and what is known of the test items, of some of these alone, given by number."""
    kept = {t: np.isin(tested.item[t], items) for t in values}
    item, y, groups = ({t: part[t][kept[t]] for t in kept} for part in (tested.item, tested.y, tested.groups))
    return {t: each[kept[t]] for t, each in values.items()}, replace(tested, item=item, y=y, groups=groups)


def _copying_light(of_class: pd.DataFrame, found: Copying | None, evidence: Evidence) -> Light:
    """Return the light of a class' rows, one per trial, within the verdict on all classes."""
    own, duplicates = _light(COPYING, of_class["nearer_to_train"], evidence), of_class["exact_duplicates"].max() > 0
    return replace(own, colour=copying.light(own.colour, bool(duplicates), found))


def advice(nouns: Nouns, fidelity: str, diversity: str, copying: str, usefulness: str) -> str:
    """Return what the colours of a class's lights speak for, in words."""
    against = {"fidelity": fidelity, "diversity": diversity, "usefulness": usefulness}
    red = [name for name, colour in against.items() if colour == "red"]
    if red:
        said = f"leave out ({', '.join(red)})"
    elif usefulness == "green":
        said = "use"
    else:
        said = "undecided" if usefulness != "grey" else "ask the classifier"
    return said + f"; keep the {nouns.many} to yourself" * (copying == "red")
