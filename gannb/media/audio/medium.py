"""Sounds behind the protocol of `gannb.data.medium`.

Imports stand inside the methods, and what is a table is a cached property: whoever asks for a name or a parameter must
not wait for torch, nor for libsndfile. Clips are (N, T) int16.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb.data.medium import FurtherSpace, Grid, Phrases, Pretrained, Usual
from gannb.media.audio.parameters import MOST_RATE, NAME, NOUNS, AudioParameters
from gannb.media.parameters import PRETRAINED

if TYPE_CHECKING:
    import torch
    from matplotlib.axes import Axes
    from torch import Tensor, nn

    from gannb.data.examples import Dataset, Examples
    from gannb.generators.adversarial.family import Family
    from gannb.generators.adversarial.gan import Adversarial
    from gannb.generators.simple import Simple
    from gannb.media.audio.augmentation.policies import Policy

Shape = tuple[int, ...]  # (T,)
QUICK_RATE, QUICK_SECONDS = 8_000, 1.0  # clips that a study takes minutes with


class Sounds(Usual):
    """What the kit knows of sounds; see `gannb.data.medium.Medium` for what each part means.

    rate: samples a second of the clips of a set. Where only names and parameters are asked for there is none.
    """

    name = NAME
    nouns = NOUNS
    dtype = np.dtype(np.int16)

    def __init__(self, rate: int | None = None) -> None:
        self._rate = rate

    @property
    def rate(self) -> int:
        """Samples a second, Hz."""
        if self._rate is None:
            raise TypeError("the rate belongs to a set of clips: ask `gannb.media.medium_of` for its medium")
        return self._rate

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sounds) and self._rate == other._rate

    def __hash__(self) -> int:
        return hash((NAME, self._rate))

    def of(self, traits: Mapping[str, Any]) -> Sounds:
        """Sounds at the rate of a set of clips."""
        return _at(traits["rate"]) if traits else self

    # ---- parameters

    parameters = AudioParameters
    meanings: Mapping[str, str] = {
        "data": "a folder of clips per class or with a CSV of labels, or an .npz",
        "augmentation": "`full` is all of the others together",
        "classifier": "`logmel_cnn`, `raw_cnn` or a timm network, of log-mel pictures",
    }
    embedded: Mapping[str, int | None] = {}
    reading = ("data", "rate", "seconds", "groups", "on_bad_clip")
    reading_like = ("on_bad_clip",)
    policy_names = ("none", "shift", "speed", "noise", "masks", "full")

    def way_to_smaller(self, shape: Shape, share: float = 0.0) -> str:
        """Name `rate`, or else `seconds`, for clips at more than 8 kHz or longer than a second."""
        if share:
            return ""
        if self.rate > QUICK_RATE:
            return f"rate={QUICK_RATE}"
        return f"seconds={QUICK_SECONDS:g}" if shape[0] > QUICK_SECONDS * self.rate else ""

    # ---- reading

    def recognises(self, data: str) -> bool:
        """See `gannb.media.audio.sources.formats.recognises`."""
        from gannb.media.audio.sources.formats import recognises

        return recognises(data)

    def takes_files_below(self, data: str) -> bool:
        """Tell whether `data` is a folder."""
        return Path(data).is_dir()

    def read(self, data: str, study: Any) -> Dataset:
        """See `gannb.media.audio.reading.read`."""
        from gannb.media.audio.reading import read

        return read(
            data, rate=study.rate, seconds=study.seconds, groups=study.groups, on_bad_clip=study.on_bad_clip
        )  # fmt: skip

    def read_like(self, data: str, like: Examples, study: Any) -> tuple[Examples, str]:
        """See `gannb.media.audio.reading.read_like`."""
        from gannb.media.audio.reading import read_like

        return read_like(data, like, self.rate, on_bad_clip=study.on_bad_clip)

    def read_unlabelled(self, data: str, like: Examples, study: Any) -> tuple[Examples, str]:
        """See `gannb.media.audio.reading.read_unlabelled`."""
        from gannb.media.audio.reading import read_unlabelled

        return read_unlabelled(data, like, self.rate, on_bad_clip=study.on_bad_clip)

    def fault_of_shape(self, shape: Any) -> str:
        """See `Medium.fault_of_shape`; it takes one whole number above 0."""
        if isinstance(shape, list) and len(shape) == 1 and isinstance(shape[0], int) and shape[0] > 0:
            return ""
        return "give the number of samples of its clips, as [8000]"

    def way_to_shape(self, made: Shape, wanted: Shape) -> str:
        """Name `seconds`."""
        return f"set seconds={made[0] / self.rate:g}"

    levels = "samples of -32,768 to 32,767"

    def fault_of_levels(self, x: np.ndarray) -> str:
        """Say so where clips (N, T) int16 have hardly a level, as floats in -1..1 that were cut off."""
        low, high = int(x.min()), int(x.max())
        return f"values of {low} to {high}" if max(-low, high) <= 1 else ""

    def copies_of(self, x: np.ndarray, others: np.ndarray) -> np.ndarray:
        """See `gannb.media.audio.duplicates.copies_of`."""
        from gannb.media.audio.duplicates import copies_of

        return copies_of(x, others)

    def duplicates_among(self, x: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `gannb.media.audio.duplicates.among`."""
        from gannb.media.audio.duplicates import among

        return among(x, others)

    # ---- arrays and tensors

    def stored(self, x: np.ndarray, device: str) -> Tensor:
        """(N, T) int16, as it is."""
        from gannb.media.audio import tensors

        return tensors.stored(x, device)

    def encode(self, stored: Tensor) -> Tensor:
        """(N, T) int16 -> float32 in [-1, 1]."""
        from gannb.media.audio import tensors

        return tensors.encode(stored)

    def decode(self, values: Tensor) -> np.ndarray:
        """(N, T) in [-1, 1] -> int16."""
        from gannb.media.audio import tensors

        return tensors.decode(values)

    def place(self, network: nn.Module, device: str) -> nn.Module:
        """Weights channels last, which is faster for networks of log-mel pictures on a CPU."""
        import torch

        return network.to(device=device, memory_format=torch.channels_last)

    # ---- augmentation

    tuned_policies = policy_names

    @cached_property
    def policies(self) -> Mapping[str, Policy]:
        """Policies by name."""
        from gannb.media.audio.augmentation.policies import POLICIES

        return POLICIES

    def default_policy(self, shape: Shape) -> str:
        """See `gannb.media.audio.augmentation.policies.default`."""
        from gannb.media.audio.augmentation.policies import default

        return default(shape)

    def policy(self, name: str, shape: Shape, strength: float = 1.0) -> Policy:
        """See `gannb.media.audio.augmentation.policies.resolve` and `strengthened`."""
        from gannb.media.audio.augmentation.policies import resolve, strengthened

        found = resolve(name, shape, self.rate)
        return found if strength == 1.0 else strengthened(found, strength)

    def augment(
        self,
        batch: Tensor,
        policy: Policy,
        rng: torch.Generator,
        chance: Tensor | None = None,
        clamp: bool = True,
    ) -> Tensor:
        """See `gannb.media.audio.augmentation.transforms.augment`."""
        from gannb.media.audio.augmentation.transforms import augment

        return augment(batch, policy, rng, chance, clamp)

    def alike_forms(self, policy: Policy, shape: Shape) -> list[Callable[[np.ndarray], np.ndarray]]:
        """See `gannb.media.audio.features.forms`: shifted in time."""
        from gannb.media.audio.features import forms

        return forms(policy, shape, self.rate)

    # ---- what may be trained on it

    classifiers = ("logmel_cnn", "raw_cnn")
    measuring_classifier = "logmel_cnn"

    gan_policies = ("none", "shift", "full")

    @cached_property
    def families(self) -> Mapping[str, Family]:
        """GAN families by name; where there is no set of clips, for their names alone."""
        from gannb.media.audio.gans.families import families

        return families(self._rate or MOST_RATE)

    def trained(self, family: str) -> type[Adversarial]:
        """A GAN, in the one loop of all of them."""
        from gannb.generators.adversarial.gan import Adversarial

        return Adversarial

    @cached_property
    def controls(self) -> Mapping[str, type[Simple]]:
        """Generators without a GAN by name."""
        from gannb.media.audio.gans.controls import CONTROLS

        return CONTROLS

    def default_family(self, shape: Shape) -> str:
        """See `gannb.media.audio.gans.families.default_family`."""
        from gannb.media.audio.gans.families import default_family

        return default_family(shape)

    def classifier(self, name: str, shape: Shape, n_classes: int) -> nn.Module:
        """See `gannb.media.audio.classifiers.build`."""
        from gannb.media.audio.classifiers import build

        return build(name, self.rate, shape, n_classes)

    def classifier_features(self, network: nn.Module, batch: Tensor) -> Tensor:
        """See `gannb.media.audio.classifiers.features`."""
        from gannb.media.audio.classifiers import features

        return features(network, batch)

    def classifier_head(self, network: nn.Module) -> nn.Linear:
        """See `gannb.media.audio.classifiers.head`."""
        from gannb.media.audio.classifiers import head

        return head(network)

    usual: Mapping[str, str] = {"pretrained": PRETRAINED}

    @cached_property
    def pretrained(self) -> Pretrained:
        """Networks pretrained on images, of log-mel pictures; see `gannb.media.audio.pretrained`."""
        from gannb.media.audio.pretrained import of

        return of(self.rate)

    # ---- measuring

    raw_space = "log-mel"

    def raw_features(self, x: np.ndarray) -> np.ndarray:
        """See `gannb.media.audio.features.raw`."""
        from gannb.media.audio.features import raw

        return raw(x, self.rate)

    def exact_features(self, x: np.ndarray) -> np.ndarray:
        """See `gannb.media.audio.features.exact`."""
        from gannb.media.audio.features import exact

        return exact(x, self.rate)

    spaces: Mapping[str, FurtherSpace] = {}

    def least_difference(self, shape: Shape) -> float:
        """See `gannb.media.audio.features.least_difference`."""
        from gannb.media.audio.features import least_difference

        return least_difference(shape, self.rate)

    def alter(self, x: np.ndarray, seed: int = 0) -> np.ndarray:
        """See `gannb.media.audio.shifts.altered`."""
        from gannb.media.audio.shifts import altered

        return altered(x, seed, self.rate)

    def blend(self, a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
        """See `gannb.media.audio.shifts.blend`: two clips heard at once."""
        from gannb.media.audio.shifts import blend

        return blend(a, b, share)

    @cached_property
    def shifts(self) -> Mapping[str, tuple[str, Callable[[np.ndarray, int], np.ndarray]]]:
        """What each shift means, and the function (items, seed) -> items."""
        from gannb.media.audio.shifts import SHIFTS, shifted

        return {
            kind: (meaning, lambda x, seed, kind=kind: shifted(x, kind, seed, self.rate))
            for kind, (meaning, _) in SHIFTS.items()
        }

    # ---- showing

    phrases = Phrases(
        classical="changes of speed, shifts in time, noise, masks in time and frequency",
        altered="50 ms later, 6 dB louder, or with noise 30 dB below",
        duplicates="with the same samples as a training clip, or with nearly the same waveform (a correlation of .95 "
        "or more at some shift)",
        unseen_copies="Faster, slower or transposed",
        taken="recorded",
        pretrained="log-mel pictures fill its three channels",
        transfer="A network pretrained on photographs and fine-tuned on the draw's log-mel pictures",
        foreign_kind="photographs",
        alike="shifted by up to 100 ms",
        elsewhere="another microphone or room",
        overlooked="copies at another speed or pitch are not searched for, nor what sounds alike and was recorded "
        "twice; a very quiet clip may be missed in its copy of 8 bits",
    )

    def grid(self, grid: Grid, ax: Axes | None = None) -> Axes:
        """See `gannb.media.audio.display.draw`."""
        from gannb.media.audio.display import draw

        return draw(grid, self.rate, ax)

    def html(self, grid: Grid) -> str:
        """See `gannb.media.audio.players.html`."""
        from gannb.media.audio.players import html

        return html(grid, self.rate)

    def size_text(self, shape: Shape) -> str:
        """`1 s, 8 kHz`."""
        return f"{shape[0] / self.rate:.3g} s, {self.rate / 1000:g} kHz"

    def shape_text(self, shape: Shape) -> str:
        """`1 s at 8 kHz, one channel of 16 bits`."""
        return f"{shape[0] / self.rate:.3g} s at {self.rate / 1000:g} kHz, one channel of 16 bits"

    # ---- export

    suffixes = (".flac",)

    @cached_property
    def readable(self) -> tuple[str, ...]:
        """Suffixes of the files that are read as clips."""
        from gannb.media.audio.sources.files import EXTENSIONS

        return tuple(sorted(EXTENSIONS))

    def files(self, item: np.ndarray) -> Mapping[str, bytes]:
        """A clip as FLAC, which keeps every sample."""
        from gannb.media.audio.export import encode

        return {".flac": encode(item, self.rate)}

    @property
    def hub_feature(self) -> Mapping[str, Any]:
        """A column of sounds at their rate."""
        return {"sampling_rate": self.rate, "_type": "Audio"}

    hub_task = "audio-classification"

    @cached_property
    def reading_code(self) -> Mapping[str, str]:
        """See `gannb.media.audio.export.READING`."""
        from gannb.media.audio.export import READING

        return READING


@lru_cache
def _at(rate: int) -> Sounds:
    return Sounds(rate)


AUDIO = Sounds()
