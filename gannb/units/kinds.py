"""The kinds of units, one record each: what people call them, what makes them, and what one declares.

A new kind is a record here, a function beside it and its place in `experiment.plan`; everything else that is said or
estimated of units asks the record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, NotRequired, TypedDict

from gannb.data.medium import Nouns
from gannb.units import classifiers, generators, measures, open_set
from gannb.work.unit import Task, Unit

MEGABYTE = 1e6


@dataclass(frozen=True)
class Kind:
    """What all units of a kind have in common.

    Raise `version` by hand where what the function computes changes. `stored_as` stands in keys, in the units' records
    and in status.json: another name would lose people's work.
    """

    stored_as: str
    words: str  # what people call the work; `{many}` stands for the items
    stage: int  # the notebook that makes them, 1 to 4
    make: Callable[[Task], None]
    version: int
    parameters: type  # a TypedDict of what a unit declares; beside these, where it measures, a digest by feature space
    seconds: Mapping[str, float]  # by cost, about what one takes while none is done; the first cost is the usual one
    size: float = 1e4  # bytes on disk, about; `experiment.estimate` knows better of those that grow with the data

    def unit(self, place: str, parameters: Mapping[str, Any], needs: tuple[Unit, ...] = (), cost: str = "") -> Unit:
        """Return a unit of this kind: where it goes below the study's folder, what it declares and what it needs.

        cost: one of `seconds`; empty for the usual one.
        """
        cost = cost or next(iter(self.seconds))
        return Unit(self.stage, self.stored_as, place, self.make, self.version, dict(parameters), needs, cost)

    def text(self, nouns: Nouns) -> str:
        """Return what people call the work on a medium's items."""
        return self.words.format(many=nouns.many)


# ---- what units declare ----


class Drawing(TypedDict):
    """How a trial's items are chosen."""

    data: str  # the key of the data's content
    trial: int | str  # below 0: a draw for tuning; "final": all that the final generator learns
    protocol: str
    n_per_class: int | None
    test_share: float
    seed: int


class Fitting(TypedDict):
    """How a generator is trained."""

    generator: str
    trial: int | str
    seed: int
    gan_steps: NotRequired[int]
    gan_augmentation: NotRequired[str]
    settings: NotRequired[dict[str, Any]]  # of the family
    augmentation: NotRequired[str]  # the classifiers' policy, where the discriminator sees through it
    clamp: NotRequired[bool]  # False where a policy changes colours, which were cut off once
    content: NotRequired[str]  # the key of an external source


class FittingOutliers(Fitting):
    """How the study's GAN is trained with outliers as one more class."""

    side: int  # of the held-out classes, whose items are the outliers


class Sampling(TypedDict):
    """How items are made with a generator."""

    n_synthetic: int | str
    trial: int
    seed: int
    variation: NotRequired[str]
    truncation: NotRequired[float]


class MeasuringTraining(TypedDict):
    """How the classifier that measures is trained."""

    trial: int
    seed: int
    steps: int


class FilteringTraining(MeasuringTraining):
    """How the classifier that chooses items is trained."""

    augmentation: str


class Measuring(TypedDict):
    """Where reference sets are measured."""

    trial: int
    seed: int


class MeasuringItems(Measuring):
    """Whose items are measured."""

    generator: str  # or source


class MeasuringInFeatures(MeasuringItems):
    """Whose items are measured in the features of a pretrained network."""

    weights: str  # their SHA-256


class Extracting(TypedDict):
    """Which real items frozen features are computed of."""

    weights: str
    data: str
    trial: NotRequired[int]  # none: of all items that are split again


class ExtractingMade(TypedDict):
    """Which trial's made items frozen features are computed of."""

    weights: str
    trial: int


class Training(TypedDict):
    """How an arm's classifiers are trained."""

    arm: str
    trial: int
    seed: int
    classifier: str
    steps: int
    seeds: int
    batch_size: int
    augmentation: str
    keep_classes: NotRequired[list[int]]
    weights: NotRequired[str]
    synthetic_share: NotRequired[float]


class Tuning(Training):
    """Which configurations of an arm are tried."""

    configurations: list[dict[str, Any]]


class Choosing(TypedDict):
    """Nothing: what is chosen follows from the units of tuning."""


class TrainingWithOther(Training):
    """How classifiers with a class `other` are trained."""

    method: str
    side: NotRequired[int]
    n_other: NotRequired[int]


# ---- the kinds, in the order of the stages ----

DRAW = Kind("draw", "drawing the trials", 1, generators.make_draw, 2, Drawing, {"draw": 0.1})
FINAL_DRAW = replace(DRAW, make=generators.make_final_draw, version=1)
GENERATOR = Kind(
    "generator", "training generators", 2, generators.make_generator, 1, Fitting, {"generator": 0.2, "gan": 20.0},
    2 * MEGABYTE,
)  # fmt: skip
ITEMS = Kind("items", "making {many}", 3, generators.make_items, 1, Sampling, {"items": 0.5})
MEASURING_CLASSIFIER = Kind(
    "ruler", "training the measuring classifier", 3, measures.make_measuring_classifier, 3, MeasuringTraining,
    {"ruler": 2.0}, 0.4 * MEGABYTE,
)  # fmt: skip
FILTERING_CLASSIFIER = Kind(
    "judge", "training the filtering classifier", 3, measures.make_filtering_classifier, 1, FilteringTraining,
    {"judge": 2.0}, 0.4 * MEGABYTE,
)  # fmt: skip
QUALITY = Kind("quality", "measuring quality", 3, measures.make_quality, 3, MeasuringItems, {"quality": 1.0})
REFERENCE_SETS = Kind(
    "yardsticks", "measuring real {many} and copies", 3, measures.make_reference_sets, 1, Measuring,
    {"yardsticks": 1.0}, 3e4,
)  # fmt: skip
CLASSIFIER = Kind(
    "classifier", "training classifiers", 4, classifiers.make_classifier, 3, Training,
    {"classifier": 3.0, "fresh": 6.0, "transfer": 90.0},
)  # fmt: skip
TUNING = Kind("tuning", "tuning arms", 4, classifiers.make_tuning, 1, Tuning, {"tuning": 15.0})
CHOICE = Kind("choice", "choosing configurations", 4, classifiers.make_choice, 1, Choosing, {"choice": 0.1}, 1e3)
OUTLIER_GAN = Kind(
    "outlier_gan", "training GANs of outliers", 4, open_set.make_outlier_gan, 1, FittingOutliers, {"gan": 20.0},
    2 * MEGABYTE,
)  # fmt: skip
OPEN_SET = Kind(
    "open_set", "training to recognise new classes", 4, open_set.make_open_set, 1, TrainingWithOther, {"open_set": 3.0}
)
IN_FEATURES = Kind(
    "in_features",
    "measuring in frozen features",
    3,
    measures.make_in_features,
    2,
    MeasuringInFeatures,
    {"in_features": 20.0},
)
FEATURES = Kind(
    "features", "frozen features of real {many}", 4, classifiers.make_features, 1, Extracting, {"features": 10.0}
)
ITEM_FEATURES = Kind(
    "item_features", "frozen features of made {many}", 4, classifiers.make_features, 1, ExtractingMade,
    {"item_features": 10.0},
)  # fmt: skip

KINDS: Mapping[str, Kind] = MappingProxyType({  # by what they are stored as, in the order in which people read them
    kind.stored_as: kind
    for kind in (
        DRAW, GENERATOR, ITEMS, MEASURING_CLASSIFIER, FILTERING_CLASSIFIER, QUALITY, REFERENCE_SETS, CLASSIFIER, TUNING,
        CHOICE, OUTLIER_GAN, OPEN_SET, IN_FEATURES, FEATURES, ITEM_FEATURES,
    )
})  # fmt: skip
DEFAULT_SECONDS = {cost: seconds for kind in KINDS.values() for cost, seconds in kind.seconds.items()}
