"""Draws and networks small enough for tests of generators."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

from gannb.data.examples import Examples
from gannb.generators.adversarial.family import Family
from gannb.generators.adversarial.training import Training
from gannb.generators.interface import Job
from gannb.media.image import IMAGE
from gannb.media.image.augmentation.policies import Policy
from gannb.media.image.gans.dcgan import DcganDiscriminator, DcganGenerator
from gannb.media.image.gans.families import FAMILIES
from gannb.media.image.gans.layers import ByClass, as_it_is
from gannb.media.image.gans.mlp import MlpDiscriminator, MlpGenerator
from gannb.media.image.gans.progressive import ProgressiveDiscriminator, ProgressiveGenerator
from gannb.media.image.gans.projected import ProjectedDiscriminator
from gannb.media.image.gans.projection import ConvDiscriminator, ConvGenerator
from gannb.media.image.gans.r3gan import R3Discriminator, R3Generator
from gannb.media.image.gans.resnet import ResnetDiscriminator, ResnetGenerator
from gannb.media.image.gans.style import StyleDiscriminator, StyleGenerator
from gannb.media.image.pretrained import Weights

TRUNK = Weights("test_resnet", "", "", {}, {})  # timm's smallest with layers of five sizes, untrained
MAKERS = {  # family -> its networks, narrow
    "projection": (partial(ConvGenerator, base=8), partial(ConvDiscriminator, base=8)),
    "projection_r1": (partial(ConvGenerator, base=8), partial(ConvDiscriminator, base=8, norm=as_it_is)),
    "mlp": (partial(MlpGenerator, hidden=32), partial(MlpDiscriminator, hidden=32)),
    "dcgan": (partial(DcganGenerator, base=8), partial(DcganDiscriminator, base=8)),
    "dcgan_per_class": (
        partial(ByClass, partial(DcganGenerator, base=4)),
        partial(ByClass, partial(DcganDiscriminator, base=4, planes=False)),
    ),
    "acgan": (
        partial(DcganGenerator, base=8),
        partial(DcganDiscriminator, base=8, planes=False, class_head=True),
    ),
    "resnet": (partial(ResnetGenerator, base=8), partial(ResnetDiscriminator, base=8)),
    "wgan_gp": (partial(ConvGenerator, base=8), partial(R3Discriminator, base=8)),
    "r3gan": (partial(R3Generator, base=8), partial(R3Discriminator, base=8)),
    "progressive": (partial(ProgressiveGenerator, base=8), partial(ProgressiveDiscriminator, base=8)),
    "projected": (partial(ConvGenerator, base=8), partial(ProjectedDiscriminator, weights=TRUNK)),
    "style": (partial(StyleGenerator, base=8), partial(StyleDiscriminator, base=8)),
}


def narrow(family: Family) -> Family:
    """The same family with narrow networks and batches of 8, for sides from 8 pixels on."""
    networks = dict(zip(("generator", "discriminator"), MAKERS[family.name], strict=True))
    return replace(family.given(TRUNK), **networks, batch=8, min_side=min(8, family.min_side))


TINY = {name: narrow(family) for name, family in FAMILIES.items()}


def make_draw(n: int = 6, classes: int = 3, shape: tuple[int, int, int] = (8, 8, 1), seed: int = 0) -> Examples:
    """n items of each class, every pixel of every item different from its neighbours', far from 0 and 255."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(classes), n)
    x = rng.integers(60, 100, size=(len(y), *shape)) + 30 * y[:, None, None, None]
    return as_examples(x.astype(np.uint8), y)


def digits_draw(n: int = 8, classes: int = 10) -> Examples:
    """The first n handwritten digits of each class, 8x8."""
    digits = load_digits()
    chosen = np.concatenate([np.flatnonzero(digits.target == k)[:n] for k in range(classes)])
    x = (digits.images[chosen] * 255 / 16).astype(np.uint8)[..., None]
    return as_examples(x, digits.target[chosen])


def as_examples(x: np.ndarray, y: np.ndarray) -> Examples:
    """Items (N, H, W, C) uint8 with labels (N,), each a group of its own."""
    names = tuple(f"class {k}" for k in range(y.max() + 1))
    return Examples(x, y.astype(np.int64), names, np.arange(len(y)).astype(str), np.arange(len(y)))


def usage(items: np.ndarray, draw: Examples) -> np.ndarray:
    """How often each item of the draw is among the items; fails if one is not from the draw."""
    position = {item.tobytes(): i for i, item in enumerate(draw.x)}
    return np.bincount([position[item.tobytes()] for item in items], minlength=len(draw))


def make_training(
    family: Family | str = "mlp",
    steps: int = 20,
    seed: int = 3,
    draw: Examples | None = None,
    policy: Policy | None = None,
    adaptive: bool = False,
    device: str = "cpu",
) -> Training:
    """A training of a narrow family, by name, or of any other, with the family's policy unless one is given."""
    family = TINY[family] if isinstance(family, str) else family
    policy, draw = policy or family.augmentation, make_draw() if draw is None else draw
    return Training(IMAGE, family, policy, draw, Job(steps, seed, device), adaptive)


def weights(network: nn.Module) -> dict[str, torch.Tensor]:
    """Copies of all that a network would save."""
    return {name: value.clone() for name, value in network.state_dict().items()}


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    """Tell whether two sets of named tensors are the same bit for bit."""
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
