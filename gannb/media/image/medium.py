"""Images behind the protocol of `gannb.data.medium`.

Imports stand inside the methods, and what is a table is a cached property: whoever asks for a name or a parameter must
not wait for torch. Images are (N, H, W, C) uint8.
"""

from __future__ import annotations

import math
from collections import ChainMap
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb.data.medium import FurtherSpace, Grid, Phrases, Pretrained, Usual, Weights
from gannb.media.image.parameters import DIGITS, DIGITS_PER_CLASS, NAME, NOUNS, SMALL_SIDE, ImageParameters, halvings
from gannb.media.parameters import PRETRAINED

if TYPE_CHECKING:
    import torch
    from matplotlib.axes import Axes
    from torch import Tensor, nn

    from gannb.data.examples import Dataset, Examples
    from gannb.generators.adversarial.gan import Trained
    from gannb.generators.simple import Simple
    from gannb.media.image.augmentation.policies import Policy
    from gannb.media.image.gans.family import ImageFamily

Shape = tuple[int, ...]  # (H, W, C)
SIDE_STEP = 8  # pixels, in which sides are proposed


class Images(Usual):
    """What the kit knows of images; see `gannb.data.medium.Medium` for what each part means."""

    name = NAME
    nouns = NOUNS
    dtype = np.dtype(np.uint8)

    def of(self, traits: Mapping[str, Any]) -> Images:
        """Images have no traits: all there is to know stands in their shape."""
        return self

    # ---- parameters

    parameters = ImageParameters
    meanings: Mapping[str, str] = {
        "data": f"`{DIGITS}`, a folder of images per class or with a CSV of labels, a MedMNIST .npz, or idx files",
        "augmentation": "`flip` also mirrors",
        "classifier": "`small_cnn`, `deep_cnn` or a timm network",
    }
    embedded: Mapping[str, int | None] = {DIGITS: DIGITS_PER_CLASS}
    reading = ("data", "size", "channels", "resize", "groups", "on_bad_image")
    reading_like = ("resize", "on_bad_image")
    policy_names = ("none", "shift", "flip", "affine", "trivial")

    def way_to_smaller(self, shape: Shape, share: float = 0.0) -> str:
        """Name `size`, for images of which the shorter side is above `SMALL_SIDE` pixels: time goes with their area."""
        side = min(shape[:2])
        fits = SIDE_STEP * int(side * math.sqrt(share) / SIDE_STEP) if share else SMALL_SIDE
        return f"size={fits}" if SMALL_SIDE <= fits < side else ""

    # ---- reading

    def recognises(self, data: str) -> bool:
        """See `gannb.media.image.sources.formats.recognises`."""
        from gannb.media.image.sources.formats import recognises

        return recognises(data)

    def takes_files_below(self, data: str) -> bool:
        """Tell whether `data` is a folder of folders; of idx files and of the digits nothing else is read."""
        from gannb.media.image.sources.formats import is_idx

        return data not in self.embedded and Path(data).is_dir() and not is_idx(Path(data))

    def read(self, data: str, study: Any) -> Dataset:
        """See `gannb.media.image.reading.read`."""
        from gannb.media.image.reading import read

        return read(
            data, size=study.size, channels=study.channels, resize=study.resize, groups=study.groups,
            on_bad_image=study.on_bad_image,
        )  # fmt: skip

    def read_like(self, data: str, like: Examples, study: Any) -> tuple[Examples, str]:
        """See `gannb.media.image.reading.read_like`."""
        from gannb.media.image.reading import read_like

        return read_like(data, like, resize=study.resize, on_bad_image=study.on_bad_image)

    def read_unlabelled(self, data: str, like: Examples, study: Any) -> tuple[Examples, str]:
        """See `gannb.media.image.reading.read_unlabelled`."""
        from gannb.media.image.reading import read_unlabelled

        return read_unlabelled(data, like, resize=study.resize, on_bad_image=study.on_bad_image)

    def fault_of_shape(self, shape: Any) -> str:
        """See `Medium.fault_of_shape`; it takes three whole numbers above 0."""
        if isinstance(shape, list) and len(shape) == 3 and all(isinstance(side, int) and side > 0 for side in shape):
            return ""
        return "give the height, width and channels of its images"

    def way_to_shape(self, made: Shape, wanted: Shape) -> str:
        """Name `size` and `channels`, whichever differ."""
        ways = [f"size={made[0]}x{made[1]}"] if made[:2] != wanted[:2] else []
        return "set " + " and ".join(ways + ([f"channels={made[2]}"] if made[2] != wanted[2] else []))

    levels = "grey levels of 0 to 255"

    def fault_of_levels(self, x: np.ndarray) -> str:
        """Say so where images (N, H, W, C) uint8 have hardly two levels, as floats in 0..1 that were cut off."""
        low, high = int(x.min()), int(x.max())
        return f"values of {low} to {high}" if high - low <= 1 else ""

    def copies_of(self, x: np.ndarray, others: np.ndarray) -> np.ndarray:
        """See `gannb.media.image.duplicates.copies_of`."""
        from gannb.media.image.duplicates import copies_of

        return copies_of(x, others)

    def duplicates_among(self, x: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """See `gannb.media.image.duplicates.among`; no near ones below the side from which they are searched for."""
        from gannb.media.image.duplicates import THUMB, among

        exact, near = among(x, others)
        return exact, near if min(x.shape[1:3]) >= THUMB else None

    # ---- arrays and tensors

    def stored(self, x: np.ndarray, device: str) -> Tensor:
        """(N, H, W, C) uint8 -> (N, C, H, W) uint8, channels last in memory."""
        from gannb.media.image import tensors

        return tensors.stored(x, device)

    def encode(self, stored: Tensor) -> Tensor:
        """(N, C, H, W) uint8 -> float32 in [-1, 1]."""
        from gannb.media.image import tensors

        return tensors.encode(stored)

    def decode(self, values: Tensor) -> np.ndarray:
        """(N, C, H, W) in [-1, 1] -> (N, H, W, C) uint8."""
        from gannb.media.image import tensors

        return tensors.decode(values)

    def place(self, network: nn.Module, device: str) -> nn.Module:
        """Weights channels last, which is up to twice as fast on a CPU."""
        import torch

        return network.to(device=device, memory_format=torch.channels_last)

    # ---- augmentation

    tuned_policies = ("none", "shift", "affine", "flip", "trivial")

    @cached_property
    def policies(self) -> Mapping[str, Policy]:
        """Policies by name."""
        from gannb.media.image.augmentation.policies import POLICIES

        return POLICIES

    def default_policy(self, shape: Shape) -> str:
        """See `gannb.media.image.augmentation.policies.default`."""
        from gannb.media.image.augmentation.policies import default

        return default(shape)

    def policy(self, name: str, shape: Shape, strength: float = 1.0) -> Policy:
        """See `gannb.media.image.augmentation.policies.resolve` and `strengthened`."""
        from gannb.media.image.augmentation.policies import resolve, strengthened

        found = resolve(name, shape)
        return found if strength == 1.0 else strengthened(found, strength)

    def policy_parameters(self, name: str) -> Mapping[str, Any]:
        """`clamp`, where the policy changes colours: those beyond black and white were once cut off."""
        return {"clamp": False} if self.policies[name].brightness else {}

    def augment(
        self,
        batch: Tensor,
        policy: Policy,
        rng: torch.Generator,
        chance: Tensor | None = None,
        clamp: bool = True,
    ) -> Tensor:
        """See `gannb.media.image.augmentation.transforms.augment`."""
        from gannb.media.image.augmentation.transforms import augment

        return augment(batch, policy, rng, chance, clamp)

    def alike_forms(self, policy: Policy, shape: Shape) -> list[Callable[[np.ndarray], np.ndarray]]:
        """See `gannb.media.image.forms.forms`: shifted, and mirrored where that is seen in training."""
        from gannb.media.image.forms import forms

        return forms(policy, shape)

    # ---- what may be trained on it

    classifiers = ("small_cnn", "deep_cnn")
    measuring_classifier = "small_cnn"

    gan_policies = ("none", "diffaugment")

    @cached_property
    def families(self) -> Mapping[str, ImageFamily]:
        """Families of GANs and of flows by name."""
        from gannb.media.image.flows.families import FLOWS
        from gannb.media.image.gans.families import FAMILIES

        return ChainMap(FLOWS, FAMILIES)  # in the order of GANs, then flows

    def trained(self, family: str) -> type[Trained]:
        """A flow or a GAN, in the one loop of both."""
        from gannb.generators.adversarial.gan import Adversarial
        from gannb.generators.flow.flow import Flow
        from gannb.media.image.flows.families import FLOWS

        return Flow if family in FLOWS else Adversarial

    @cached_property
    def controls(self) -> Mapping[str, type[Simple]]:
        """Generators without a GAN by name."""
        from gannb.generators.simple import SIMPLE

        return SIMPLE

    def default_family(self, shape: Shape) -> str:
        """See `gannb.media.image.gans.families.default_family`."""
        from gannb.media.image.gans.families import default_family

        return default_family(shape)

    def classifier(self, name: str, shape: Shape, n_classes: int) -> nn.Module:
        """See `gannb.media.image.classifiers.build`."""
        from gannb.media.image.classifiers import build

        return build(name, shape, n_classes)

    def classifier_parameters(self, name: str, shape: Shape) -> Mapping[str, Any]:
        """How often `small_cnn` halves items that are larger than those it was made for."""
        deeper = halvings(shape) if name == "small_cnn" else 0
        return {"deeper": deeper} if deeper else {}

    def classifier_features(self, network: nn.Module, batch: Tensor) -> Tensor:
        """What `small_cnn` feeds to its last layer: (N, C, H, W) -> (N, D)."""
        return network[:-1](batch)

    def classifier_head(self, network: nn.Module) -> nn.Linear:
        """The last layer of `small_cnn`."""
        return network[-1]

    usual: Mapping[str, str] = {"pretrained": PRETRAINED}

    @cached_property
    def pretrained(self) -> Pretrained:
        """The module `gannb.media.image.pretrained`, whose functions are those of the protocol."""
        from gannb.media.image import pretrained

        return pretrained

    def view_shape(self, dataset: Dataset, weights: Weights) -> Shape | None:
        """See `gannb.media.image.viewing.view_shape`."""
        from gannb.media.image.viewing import view_shape

        return view_shape(dataset, weights)

    def read_view(self, data: str, study: Any, like: Dataset, shape: Shape, folder: Path) -> None:
        """See `gannb.media.image.viewing.read_view`."""
        from gannb.media.image.viewing import read_view

        read_view(data, like, shape, folder, resize=study.resize, on_bad_image=study.on_bad_image)

    def enlarged(self, x: np.ndarray, shape: Shape) -> np.ndarray:
        """See `gannb.media.image.viewing.enlarged`."""
        from gannb.media.image.viewing import enlarged

        return enlarged(x, shape)

    # ---- measuring

    raw_space = "pixels"

    def raw_features(self, x: np.ndarray) -> np.ndarray:
        """Pixels, (N, H, W, C) uint8 -> (N, D) float32 in 0..1."""
        from gannb.media.image.features import pixels

        return pixels(x)

    def exact_features(self, x: np.ndarray) -> np.ndarray:
        """Pixels as they are, (N, H, W, C) uint8 -> (N, D) uint8."""
        from gannb.media.image.features import flat

        return flat(x)

    @cached_property
    def spaces(self) -> Mapping[str, FurtherSpace]:
        """The standard Inception network's, in which the FID is measured."""
        from gannb.media.image.inception import SPACE

        return {SPACE.name: SPACE}

    def least_difference(self, shape: Shape) -> float:
        """One grey level at every pixel."""
        return math.sqrt(math.prod(shape)) / 255

    def alter(self, x: np.ndarray, seed: int = 0) -> np.ndarray:
        """See `gannb.media.image.shifts.altered`."""
        from gannb.media.image.shifts import altered

        return altered(x, seed)

    def blend(self, a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Pixel by pixel, rounded: a, b (N, H, W, C) uint8, share (N,) of a -> the same shape."""
        share = np.asarray(share).reshape(-1, *[1] * (a.ndim - 1))
        return np.rint(share * a + (1 - share) * b).clip(0, 255).astype(np.uint8)

    @cached_property
    def shifts(self) -> Mapping[str, tuple[str, Callable[[np.ndarray, int], np.ndarray]]]:
        """What each shift means, and the function (items, seed) -> items."""
        from gannb.media.image.shifts import SHIFTS, shifted

        return {
            kind: (meaning, lambda x, seed, kind=kind: shifted(x, kind, seed)) for kind, (meaning, _) in SHIFTS.items()
        }

    # ---- showing

    phrases = Phrases(
        classical="shifts, mirror images where the study has them, and the like",
        altered="5% brighter, 2% noise, or JPEG",
        duplicates="with the same pixels as a training image, or with nearly the same picture (a perceptual hash, from "
        "16 pixels a side on)",
        unseen_copies="Shifted, mirrored or recoloured",
        taken="photographed",
        pretrained="grey images fill its three channels",
        alike="shifted by a few pixels (or mirrored, where training mirrors)",
        elsewhere="another scanner or camera",
        overlooked="of copies below 16 pixels a side the identical ones alone are found, and cut-out ones from 48 "
        "pixels on, among up to 5,000 images",
    )

    def grid(self, grid: Grid, ax: Axes | None = None) -> Axes:
        """See `gannb.media.image.display.draw`."""
        from gannb.media.image.display import draw

        return draw(grid, ax)

    def html(self, grid: Grid) -> None:
        """Images are seen: a page shows the figure."""

    def size_text(self, shape: Shape) -> str:
        """`8x8`, height before width."""
        return f"{shape[0]}x{shape[1]}"

    def shape_text(self, shape: Shape) -> str:
        """`8x8 pixels, grey`."""
        return f"{self.size_text(shape)} pixels, {'grey' if shape[2] == 1 else 'colour'}"

    # ---- export

    suffixes = (".png",)
    readable = (".png", ".jpg", ".jpeg", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp", ".gif")

    def files(self, item: np.ndarray) -> Mapping[str, bytes]:
        """An image as PNG."""
        from gannb.media.image.export import encode

        return {".png": encode(item)}

    hub_feature: Mapping[str, Any] = {"_type": "Image"}
    hub_task = "image-classification"

    @cached_property
    def reading_code(self) -> Mapping[str, str]:
        """See `gannb.media.image.export.READING`."""
        from gannb.media.image.export import READING

        return READING


IMAGE = Images()
