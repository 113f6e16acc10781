"""The kinds of units, one record each: what people call them, what makes them, and what one declares.

A new kind is a record here, what it declares in `units.parameters`, a function beside it and its place in
`experiment.plan`; everything else that is said or estimated of units asks the record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from gannb.data.medium import Nouns
from gannb.units import classifiers, generators, measures, open_set
from gannb.units.parameters import (
    Choosing,
    Drawing,
    Extracting,
    ExtractingMade,
    FilteringTraining,
    Fitting,
    FittingOutliers,
    Measuring,
    MeasuringInFeatures,
    MeasuringItems,
    MeasuringTraining,
    Pretraining,
    Sampling,
    Training,
    TrainingWithOther,
    Tuning,
)
from gannb.work.unit import TIMES, Task, Unit

MEGABYTE = 1e6
SHARING = ("gan",)  # costs of which several units share a GPU, which one does not fill


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
    quick: bool = False  # made faster than a process takes it

    def unit(
        self,
        place: str,
        parameters: Mapping[str, Any],
        needs: tuple[Unit, ...] = (),
        cost: str = "",
        doublings: int = 0,
    ) -> Unit:
        """Return a unit of this kind: where it goes below the study's folder, what it declares and what it needs.

        cost: one of `seconds`; empty for the usual one. doublings: of a training that continues others, how often the
        steps have doubled with it; the first time it takes as long as the first training, then twice as long each time.
        """
        cost = cost or next(iter(self.seconds))
        cost += f"{TIMES}{2 ** (doublings - 1)}" if doublings > 1 else ""
        return Unit(
            self.stage, self.stored_as, place, self.make, self.version, dict(parameters), needs, cost, self.quick,
            () if self.quick else ("torch",), cost in SHARING,
        )  # fmt: skip

    def text(self, nouns: Nouns) -> str:
        """Return what people call the work on a medium's items."""
        return self.words.format(many=nouns.many)


# ---- the kinds, in the order of the stages ----

DRAW = Kind("draw", "drawing the trials", 1, generators.make_draw, 3, Drawing, {"draw": 0.1}, quick=True)
FINAL_DRAW = replace(DRAW, make=generators.make_final_draw, version=2)
GENERATOR = Kind(
    "generator", "training generators", 2, generators.make_generator, 1, Fitting,
    {"generator": 0.2, "gan": 20.0, "pseudo": 2.0},
    2 * MEGABYTE,
)  # fmt: skip
PRETRAINING = Kind(
    "pretraining", "training GANs on related {many}", 2, generators.make_pretrained, 1, Pretraining, {"gan": 20.0},
    2 * MEGABYTE,
)  # fmt: skip
ITEMS = Kind("items", "making {many}", 3, generators.make_items, 1, Sampling, {"items": 0.5})
MEASURING_CLASSIFIER = Kind(
    "ruler", "training the measuring classifier", 3, measures.make_measuring_classifier, 3, MeasuringTraining,
    {"ruler": 2.0}, 0.4 * MEGABYTE,
)  # fmt: skip
FILTERING_CLASSIFIER = Kind(
    "judge", "training the filter or teacher", 3, measures.make_filtering_classifier, 1, FilteringTraining,
    {"judge": 2.0}, 0.4 * MEGABYTE,
)  # fmt: skip
QUALITY = Kind("quality", "measuring quality", 3, measures.make_quality, 4, MeasuringItems, {"quality": 1.0})
REFERENCE_SETS = Kind(
    "yardsticks", "measuring real {many} and copies", 3, measures.make_reference_sets, 2, Measuring,
    {"yardsticks": 1.0}, 3e4,
)  # fmt: skip
CLASSIFIER = Kind(
    "classifier", "training classifiers", 4, classifiers.make_classifier, 4, Training,
    {"classifier": 3.0, "fresh": 6.0, "transfer": 90.0},
)  # fmt: skip
TUNING = Kind("tuning", "tuning arms", 4, classifiers.make_tuning, 2, Tuning, {"tuning": 15.0})
CHOICE = Kind("choice", "choosing configurations", 4, classifiers.make_choice, 1, Choosing, {"choice": 0.1}, 1e3)
OUTLIER_GAN = Kind(
    "outlier_gan", "training GANs of outliers", 4, open_set.make_outlier_gan, 1, FittingOutliers, {"gan": 20.0},
    2 * MEGABYTE,
)  # fmt: skip
OPEN_SET = Kind(
    "open_set", "training to recognise new classes", 4, open_set.make_open_set, 2, TrainingWithOther, {"open_set": 3.0}
)
IN_FEATURES = Kind(
    "in_features",
    "measuring in frozen features",
    3,
    measures.make_in_features,
    3,
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
        DRAW, PRETRAINING, GENERATOR, ITEMS, MEASURING_CLASSIFIER, FILTERING_CLASSIFIER, QUALITY, REFERENCE_SETS,
        CLASSIFIER, TUNING, CHOICE, OUTLIER_GAN, OPEN_SET, IN_FEATURES, FEATURES, ITEM_FEATURES,
    )
})  # fmt: skip
DOUBLED = (CLASSIFIER.stored_as, OPEN_SET.stored_as)  # whose steps double until training has converged
DEFAULT_SECONDS = {cost: seconds for kind in KINDS.values() for cost, seconds in kind.seconds.items()}
