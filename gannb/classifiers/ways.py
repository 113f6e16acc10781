"""Ways to use made items beside real ones, each with its source and with what has the same form without any GAN.

`real+gan.before+classic` uses the GAN's items in the way `before`; `real+copies.before+classic` is its control: the
draw's own items, repeated, in the very same way. What a GAN brings is what the first has beyond the second.

A classifier sees the real items as often, and in the same order, in every way as without made ones, where these are
added (`mix=added`): `before` shows made items in steps of their own, in all others they come beside the real ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Way:
    """One way; `{many}` stands for the items."""

    label: str  # in an arm's name in words: `real + GAN (between two classes) + classic`
    words: str  # what it does with made items, to follow `GAN images`
    control: str  # what does the same without a GAN
    source: str  # where it has been published
    brought: float  # over classical augmentation alone, a share, in the mean over the kept studies of ways
    chooses: bool = False  # a matter of which items are made, not of how a classifier is trained on them
    beside_real: bool = False  # it has no meaning where there are no real items
    from_scratch: bool = False  # it has no meaning for a pretrained network
    asks: bool = False  # a classifier of the real items, trained before


WAYS: Mapping[str, Way] = MappingProxyType({  # by the name behind a source's, as in `gan.mixed`
    "mixed": Way(
        "between two classes",
        "between two classes, with the shares of both as labels",
        "mixup: real {many} blended between two classes",
        "Zhang et al. 2018, mixup (arXiv 1710.09412, section 2, with alpha = 1); between classes by a generator: "
        "Wang et al. 2024, Diff-Mix (arXiv 2403.19600)",
        brought=-0.0005,
        chooses=True,
    ),
    "taught": Way(
        "a teacher's labels",
        "with a teacher's soft labels",
        "real {many} again with a teacher's soft labels",
        "Ding et al. 2021, cGAN-KD (arXiv 2104.03164); soft labels: Hinton et al. 2015 (arXiv 1503.02531, equation 1, "
        "at temperature 1)",
        brought=0.0021,
        asks=True,
    ),
    "before": Way(
        "in a stage before",
        "in a stage of their own before the real ones",
        "real {many} in a further stage before the usual one",
        "Li et al. 2024, bridged transfer (arXiv 2403.19866): first the made items, then the real ones",
        brought=-0.0022,
        beside_real=True,
    ),
    "fading": Way(
        "weight falling to 0",
        "with a weight that falls to zero",
        "real {many} again with a weight that falls to zero",
        "from made to real in the course of training: Liang et al. 2024 (arXiv 2410.13674)",
        brought=-0.0001,
        beside_real=True,
    ),
    "hard": Way(
        "hard ones",
        "only those that a classifier of the real ones is unsure of",
        "only those real {many} again that a classifier of them is unsure of",
        "Askari Hemmat et al. 2023 (arXiv 2310.00158), the criterion by entropy; cf. Nguyen et al. 2025, TADA "
        "(arXiv 2505.21574)",
        brought=-0.0032,
        chooses=True,
        asks=True,
    ),
    "apart": Way(
        "own batch norm",
        "with a batch normalisation of their own",
        "real {many} again with a batch normalisation of their own",
        "Xie et al. 2020, AdvProp (arXiv 1911.09665): an auxiliary batch norm",
        brought=-0.0006,
        beside_real=True,
        from_scratch=True,
    ),
})  # fmt: skip
MEASURED = "On handwritten digits, 8 a class, Fashion-MNIST, 100 a class, BreastMNIST and flowers, 40 a class"
SMALL_SHARES = (6, 12)  # percent of each batch, as in `gan:12%`
SHARES_SOURCE = "the best share depends on how far made items are from real ones (arXiv 2510.08095)"
