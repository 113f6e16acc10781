"""Generators from outside: a GAN trained elsewhere, and related real images that take the place of made ones.

Neither learns from the draw. What they are made of lies in a folder that the study keeps (see `gannb.outside`),
prepared and mapped onto the study's classes; a fitted generator is a pointer to it, the same in all trials.
"""

from __future__ import annotations

import json
import os
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import nn

from gannb.data.examples import Examples
from gannb.generators.adversarial.sampling import generate, noise_rows
from gannb.generators.adversarial.training import lent_randomness, place, under
from gannb.generators.interface import Job, check_labels
from gannb.media.image.gans.families import FAMILIES
from gannb.utils import trust
from gannb.utils.errors import InputError

ABOUT = "outside.json"  # in the kept folder
WEIGHTS = "generator.safetensors"
NO_LIMIT = np.iinfo(np.int64).max


class Outside:
    """What the two have in common: a kept folder, and the study's classes that it has items of.

    `most`: (K,) items of each of the study's classes that it can give at the most; 0 of those that it has not.
    """

    name: str
    most: np.ndarray

    def __init__(self, kept: str | Path) -> None:
        """Raises InputError where the folder does not hold what a study keeps of a source from outside."""
        self.kept = Path(kept)
        try:
            self.about: dict[str, Any] = json.loads((self.kept / ABOUT).read_text(encoding="utf-8"))
            self.shape, self.classes = tuple(self.about["shape"]), tuple(self.about["classes"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{self.kept} holds no source from outside ({error}): run the study again.") from error

    def fit(self, draw: Examples, job: Job) -> Self:
        """Learn nothing; raises InputError where the draw has other classes or another shape than it was kept for."""
        if (draw.shape, draw.classes) != (self.shape, self.classes):
            raise InputError(f"{self.kept} was prepared for other classes or another shape: run the study again.")
        return self

    def save(self, folder: Path) -> None:
        """Write `generator.json`, which says where the kept folder is."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        about = {"generator": self.name, "kept": os.path.relpath(self.kept, folder)}
        (Path(folder) / "generator.json").write_text(json.dumps(about))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Raises InputError where it is not readable."""
        try:
            kept = json.loads((Path(folder) / "generator.json").read_text())["kept"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{folder} holds no readable generator ({error}): make it again.") from error
        return cls(Path(folder) / kept)


class Foreign(Outside):
    """A GAN trained elsewhere: weights of one of the families, or a function, asked in its own numbers of classes."""

    name = "foreign"

    def __init__(self, kept: str | Path) -> None:
        super().__init__(kept)
        self.labels: list[list[int]] = self.about["labels"]  # of each of the study's classes, its own numbers
        self.most = np.array([NO_LIMIT if theirs else 0 for theirs in self.labels])
        self.device = "cpu"

    def to(self, device: str) -> Self:
        """Sample on a device; a function chooses its own."""
        self.device = device
        return self

    def sample(self, condition: np.ndarray, seed: int) -> np.ndarray:
        """One item per label: (M,) in 0..K-1 -> (M, H, W, C) uint8; equal seeds, equal items.

        A class that stands for several of the generator's own has them in turn. Raises InputError for a class of which
        it makes nothing.
        """
        ours = check_labels(condition, len(self.classes))
        for k in np.unique(ours):
            if not self.labels[k]:
                raise InputError(f"foreign: it makes no items of class {self.classes[k]!r}.")
        turn = np.arange(len(ours))
        theirs = np.array([self.labels[k][i % len(self.labels[k])] for i, k in zip(turn, ours, strict=True)], np.int64)
        if path := self.about.get("function"):
            return trust.call(path, self._function(path), theirs, seed, self.shape, np.dtype(np.uint8))
        noise = noise_rows(seed, turn, FAMILIES[self.about["family"]].noise)
        return generate(self.network.to(self.device), noise, theirs)

    def _function(self, path: str) -> trust.Make:
        if trust.source_hash(path) != self.about["sha256"]:
            raise InputError(f"foreign: the file of {path} has changed since it was checked: run the study again.")
        return trust.load(path)

    @cached_property
    def network(self) -> nn.Module:
        """The generator network, read once."""
        tensors = read_weights(self.kept / WEIGHTS)
        return open_network(self.about["family"], self.shape, self.about["n_classes"], tensors)


def read_weights(file: Path) -> dict[str, torch.Tensor]:
    """The tensors of a generator network by name: those of a file, or its `average.` ones, if it is gannb's own.

    Raises InputError where the file is not a safetensors file.
    """
    try:
        tensors = safetensors.torch.load_file(file)
    except (OSError, SafetensorError) as error:
        raise InputError(f"foreign: {file} cannot be read as safetensors ({error}); write it again.") from None
    return under(tensors, "average.") or tensors


def open_network(family: str, shape: tuple[int, ...], n_classes: int, tensors: dict[str, torch.Tensor]) -> nn.Module:
    """A family's generator network with these weights. Raises InputError where they do not fit or are not finite."""
    with lent_randomness():
        network = place(FAMILIES[family].generator(shape, n_classes), torch.device("cpu"))
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[1].strip()
        raise InputError(f"foreign: the weights do not fit family {family} ({reason}); name the right one.") from None
    if not all(torch.isfinite(value).all() for value in network.state_dict().values()):
        raise InputError("foreign: some of the weights are not finite; train the GAN again.")
    return network.requires_grad_(False).eval()


class Related(Outside):
    """Related real images: each at most once, in an order that the seed chooses; nothing is repeated or changed."""

    name = "related"

    def __init__(self, kept: str | Path) -> None:
        super().__init__(kept)
        self.x, self.y = (np.load(self.kept / f"{a}.npy", mmap_mode="r", allow_pickle=False) for a in "xy")
        self.most = np.bincount(self.y, minlength=len(self.classes))

    def sample(self, condition: np.ndarray, seed: int) -> np.ndarray:
        """One item per label: (M,) in 0..K-1 -> (M, H, W, C) uint8. Raises InputError beyond `most` of a class."""
        labels = check_labels(condition, len(self.classes))
        items = np.empty((len(labels), *self.shape), dtype=np.uint8)
        for k in np.unique(labels):
            places, mine = np.flatnonzero(labels == k), np.flatnonzero(self.y == k)
            if len(places) > len(mine):
                raise InputError(f"related: class {self.classes[k]!r} has {len(mine)} images, fewer than asked for.")
            items[places] = self.x[np.random.default_rng([seed, k]).permutation(mine)[: len(places)]]
        return items


OUTSIDE: dict[str, type[Outside]] = {kind.name: kind for kind in (Foreign, Related)}
