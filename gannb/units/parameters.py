"""What units of each kind declare: all that their results depend on, beside the units they need and the code."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class Drawing(TypedDict):
    """How a trial's items are chosen."""

    data: str  # the key of the data's content
    trial: int | str  # below 0: a draw for tuning; "final": all that the final generator learns
    protocol: str
    n_per_class: int | None
    test_share: float
    seed: int
    folds: int
    blocks: int


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
    steps: NotRequired[int]  # of the classifier that labels unlabelled items
    deeper: NotRequired[int]  # as in `Training`; of the same
    confidence: NotRequired[float]  # from which it labels one
    trunk: NotRequired[str]  # the SHA-256 of the weights that the discriminator looks through
    origin: NotRequired[str]  # of a GAN that goes on: the kept folder that says which of its classes are which there
    frozen: NotRequired[float]  # share of the layers of its discriminator that stay as they are


class Pretraining(TypedDict):
    """How a GAN learns from related items first, once for all trials; otherwise as in `Fitting`."""

    data: str  # the key of the data's content
    content: str  # that of the related items
    generator: str
    seed: int
    gan_steps: int
    gan_augmentation: str
    settings: dict[str, Any]
    augmentation: NotRequired[str]
    clamp: NotRequired[bool]
    trunk: NotRequired[str]


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
    temperature: NotRequired[float]
    new_captions: NotRequired[list[tuple[str, int]]]  # and their labels


class MeasuringTraining(TypedDict):
    """How the classifier that measures is trained."""

    trial: int
    seed: int
    steps: int
    deeper: NotRequired[int]  # as in `Training`


class FilteringTraining(MeasuringTraining):
    """How the classifier that chooses items is trained."""

    augmentation: str


class Measuring(TypedDict):
    """Where reference sets are measured."""

    trial: int
    seed: int
    augmentation: str  # the classifiers' policy: a copy in a form that it does not tell apart is a copy
    unseen: NotRequired[str]  # "pool": where a test set is given, and copying is judged by others of the pool


class MeasuringItems(Measuring):
    """Whose items are measured."""

    generator: str  # or source


class MeasuringInFeatures(TypedDict):
    """Whose items are measured in the features of a pretrained network."""

    trial: int
    seed: int
    generator: str
    weights: str  # their SHA-256
    unseen: NotRequired[str]  # as in `Measuring`


class Extracting(TypedDict):
    """Which real items frozen features are computed of."""

    weights: str
    data: str
    trial: NotRequired[int]  # none: of all items that are split again
    view: NotRequired[str]  # as in `Training`


class ExtractingMade(TypedDict):
    """Which trial's made items frozen features are computed of."""

    weights: str
    trial: int
    view: NotRequired[str]  # as in `Training`


class Training(TypedDict):
    """How an arm's classifiers are trained."""

    arm: str
    trial: int
    seed: int
    classifier: str
    cycles: list[int]  # steps of each cycle up to now; the last, or the first two, are the unit's own
    seeds: int
    batch_size: int
    augmentation: str
    keep_classes: NotRequired[list[int]]
    weights: NotRequired[str]
    view: NotRequired[str]  # the key of the larger view of items that the pretrained network gets
    mix: NotRequired[str]  # where items are added to real ones, or replace them
    synthetic_share: NotRequired[float]  # where it does not follow from the draw
    deeper: NotRequired[int]  # layers that a classifier has more than for small items, where it has any


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
