"""Generators without a GAN: copies, wrong labels, a Gaussian, items in between. They are baselines and controls."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from gannb.data.counts import equally_often
from gannb.data.examples import Examples
from gannb.generators.interface import RECORD, WEIGHTS, Condition, Job, check_classes, check_labels, check_no_captions
from gannb.utils.errors import InputError

if TYPE_CHECKING:
    from gannb.data.medium import Medium


class Simple:
    """Keeps the draw, and makes the items of one class at a time from it.

    Subclasses say how, in `_make`. Randomness is derived from (seed, class), so that the items of a class
    depend on how many of that class are asked for, and on nothing else.
    """

    name: str
    most = None  # it repeats or makes as many as are asked for

    def __init__(self, medium: Medium) -> None:
        self.medium = medium

    def to(self, device: str) -> Self:
        """Nothing to move: there is no network."""
        return self

    def fit(self, draw: Examples, job: Job) -> Self:
        """Keep the draw. Raises InputError where it lacks a class."""
        check_classes(draw)
        self.x, self.y, self.n_classes, self.seed = draw.x, draw.y, draw.n_classes, job.seed
        return self

    def sample(self, condition: Condition, seed: int) -> np.ndarray:
        """One item per label: (M,) in 0..K-1 -> (M, ...) of the draw's dtype; equal seeds, equal items."""
        check_no_captions(condition)
        labels = check_labels(condition.labels, self.n_classes)
        items = np.empty((len(labels), *self.x.shape[1:]), dtype=self.x.dtype)
        for k in np.unique(labels):
            chosen = np.flatnonzero(labels == k)
            items[chosen] = self._make(int(k), len(chosen), np.random.default_rng([seed, k]))
        return items

    def captions_of(self, condition: Condition, seed: int) -> None:
        """It knows labels alone."""

    def _make(self, k: int, m: int, rng: np.random.Generator) -> np.ndarray:
        """m items for label k, (m, ...) of the draw's dtype."""
        raise NotImplementedError

    def _items(self, k: int) -> np.ndarray:
        """The draw's items of class k."""
        return self.x[self.y == k]

    def blend(self, pairs: np.ndarray, share: np.ndarray, seed: int) -> np.ndarray:
        """One item between two classes per row: labels (M, 2), share (M,) of the first -> (M, ...).

        A blend of an item of each, as in mixup (Zhang et al. 2018, arXiv 1710.09412, section 2). For media in which
        there is something between two items, see `Medium.blend`.
        """
        first, second = (self.sample(Condition(labels), seed + number) for number, labels in enumerate(pairs.T))
        return self.medium.blend(first, second, share)

    def upper_half(self, score: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Self:
        """The same of fewer items: the draw's that score no less than the median of their class.

        score: items (N, ...), labels (N,) -> (N,).
        """
        scores, half = score(self.x, self.y), copy(self)
        medians = np.array([np.median(scores[self.y == k]) for k in range(self.n_classes)])  # (K,)
        kept = scores >= medians[self.y]
        half.x, half.y = self.x[kept], self.y[kept]
        return half

    def save(self, folder: Path) -> None:
        """Write the draw to `generator.safetensors`, the rest to `generator.json`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {"x": np.ascontiguousarray(self.x), "y": np.ascontiguousarray(self.y)}
        about = {"generator": self.name, "n_classes": self.n_classes, "seed": self.seed}
        if self.x.dtype.kind == "U":  # which the format has not
            arrays["x"], about["dtype"] = arrays["x"].view(np.uint32), self.x.dtype.str
        save_file(arrays, folder / WEIGHTS)
        (folder / RECORD).write_text(json.dumps(about))

    @classmethod
    def load(cls, folder: Path, medium: Medium) -> Self:
        """Read what `save` wrote. Raises InputError where it is not readable, or another generator's."""
        loaded = cls(medium)
        try:
            about = json.loads((Path(folder) / RECORD).read_text())
            arrays = load_file(Path(folder) / WEIGHTS)
            loaded.x, loaded.y = arrays["x"].view(about.get("dtype", arrays["x"].dtype)), arrays["y"]
            loaded.n_classes, loaded.seed = about["n_classes"], about["seed"]
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise InputError(f"{folder} holds no readable generator ({error}): make it again.") from error
        if about["generator"] != cls.name:
            raise InputError(f"{folder} holds a {about['generator']} generator, not {cls.name}.")
        return loaded


class Copies(Simple):
    """Every item of the class repeated equally often (to within one): it adds nothing."""

    name = "copies"

    def _make(self, k: int, m: int, rng: np.random.Generator) -> np.ndarray:
        items = self._items(k)
        return items[equally_often(len(items), m, rng)]


class Mislabelled(Simple):
    """Copies under permuted labels: harm that is planted independently of any GAN.

    The classes are put in a random circle, by the job's seed, and each label shows the next class's items,
    equally often (to within one). No label is ever right, however unequal the classes are.
    """

    name = "mislabelled"

    def _make(self, k: int, m: int, rng: np.random.Generator) -> np.ndarray:
        circle = np.random.default_rng(self.seed).permutation(self.n_classes)
        following = circle[(np.flatnonzero(circle == k)[0] + 1) % self.n_classes]
        items = self._items(int(following))
        return items[equally_often(len(items), m, rng)]


class Gaussian(Simple):
    """A normal distribution per class, with the mean and the covariance of the draw's own values.

    With n items of D values and n <= D the covariance is singular. No shrinkage is needed to sample from it
    all the same: with A (n, D) the centred items and z standard normal, mean + A^T z / sqrt(n - 1) has
    exactly the sample covariance A^T A / (n - 1), and stays in the span of the items. One item alone is
    repeated. Whole numbers are rounded and clipped to what their dtype holds, which is all that moves mean and
    covariance.
    """

    name = "gaussian"

    def _make(self, k: int, m: int, rng: np.random.Generator) -> np.ndarray:
        return self.drawn(self._items(k), m, rng)

    @staticmethod
    def drawn(items: np.ndarray, m: int, rng: np.random.Generator) -> np.ndarray:
        """m values (m, ...) of the distribution with the mean and the covariance of items (N, ...)."""
        flat = items.reshape(len(items), -1).astype(np.float64)
        mean = flat.mean(axis=0)
        z = rng.standard_normal((m, len(flat)))
        values = mean + z @ (flat - mean) / np.sqrt(max(1, len(flat) - 1))
        if np.issubdtype(items.dtype, np.integer):
            limits = np.iinfo(items.dtype)
            values = np.rint(values).clip(limits.min, limits.max)
        return values.astype(items.dtype).reshape(m, *items.shape[1:])


class Interpolation(Simple):
    """A blend of two different items of the class, its weight uniform in 0..1; one alone is repeated.

    For media in which there is something between two items, see `Medium.blend`.
    """

    name = "interpolation"

    def _make(self, k: int, m: int, rng: np.random.Generator) -> np.ndarray:
        items = self._items(k)
        n = len(items)
        first = equally_often(n, m, rng)
        second = (first + rng.integers(1, max(2, n), size=m)) % n
        return self.medium.blend(items[first], items[second], rng.random(m))


SIMPLE: dict[str, type[Simple]] = {kind.name: kind for kind in (Copies, Mislabelled, Gaussian, Interpolation)}
