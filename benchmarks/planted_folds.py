"""Simulated studies of one small set and of blocks of a pool, of which the truth is known.

`Folded` is `planted.Nested` for repeated K-fold: an answer is right when a latent number is above 0, trainings have
effects of their own, and every item is tested once a repeat. `Learnt` trains a real linear classifier on every part of
one set. `Blocked` draws several training sets from the same items.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from planted import Nested, linear_discriminant, normal
from scipy.optimize import brentq
from scipy.special import ndtr

from gannb.trials.folds import fold_numbers

FOLDS = 4


@dataclass(frozen=True)
class Folded:
    """Studies of two arms on one set: its classes' sizes, and standard deviations of the latent number.

    The defaults are like BreastMNIST's 195 malignant and 530 benign images: balanced accuracy .88, and trainings whose
    differences have a standard deviation of about 3.7 points on 181 test items.
    """

    sizes: tuple[int, ...] = (195, 530)
    group: int = 1  # items of one class that share a group
    level: float = 2.0  # mean of the latent number
    item: float = 1.4  # how easy an item is, for both arms
    liking: float = 0.3  # of an arm for an item, in all trainings
    together: float = 0.7  # share of the variance of `item` and `liking` that a group has in common
    gan: float = 0.14  # of a training, so of one arm and fold, for all classifier seeds
    own: float = 0.8  # of a training and an item
    seed: float = 0.4  # of a classifier seed and an item
    seeds: int = 2
    of_set: float = 0.0  # of this set, in all its trainings: what "all sets like this" would have to carry
    failing: float = 0.0  # share of the first arm's GANs that fail, ...
    failure: float = 0.0  # ... and what they lose
    effect: float = 0.0  # the first arm's gain in balanced accuracy on new items, failures included

    @cached_property
    def y(self) -> np.ndarray:
        """(I,) the items' labels."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @cached_property
    def groups(self) -> np.ndarray:
        """(I,) the items' groups."""
        within = np.concatenate([np.arange(n) // self.group for n in self.sizes])
        return np.unique(self.y * len(self.y) + within, return_inverse=True)[1]

    @property
    def spread(self) -> float:
        """Standard deviation of one arm's latent number over items and trainings."""
        return float(np.linalg.norm([self.item, self.liking, self.gan, self.own, self.seed]))

    def gain(self, shift: float) -> float:
        """The first arm's gain in accuracy for a gain of its latent number."""
        right = (1 - self.failing) * ndtr((self.level + shift) / self.spread)
        return float(
            right + self.failing * ndtr((self.level + shift - self.failure) / self.spread)
            - ndtr(self.level / self.spread)
        )  # fmt: skip

    @cached_property
    def shift(self) -> float:
        """What the first arm's latent number must gain for the effect."""
        return float(brentq(lambda shift: self.gain(shift) - self.effect, -10, 10))

    def study(self, rng: np.random.Generator, repeats: int) -> tuple[np.ndarray, np.ndarray, float]:
        """One study: differences and folds (M, I), and the first arm's gain for this set on new items."""
        items = len(self.y)
        fold = np.stack([fold_numbers(self.y, self.groups, FOLDS, int(rng.integers(2**31)), 0) for _ in range(repeats)])
        of_set = self.of_set * rng.standard_normal()
        ease, right = self._of_items(rng, self.item), []
        failed = self.failure * (rng.random((repeats, FOLDS)) < self.failing)
        for arm in range(2):
            latent = self.level + ease + self._of_items(rng, self.liking)
            by_training = normal(rng, self.gan, (repeats, FOLDS))
            if arm == 0:
                by_training = by_training + self.shift + of_set - failed
            latent = latent + np.take_along_axis(by_training, fold, axis=1) + normal(rng, self.own, (repeats, items))
            right.append((latent + normal(rng, self.seed, (self.seeds, repeats, items)) > 0).mean(axis=0))
        return right[0] - right[1], fold, self.gain(self.shift + of_set)

    def _of_items(self, rng: np.random.Generator, sd: float) -> np.ndarray:
        """(I,) numbers that items of a group have in part in common."""
        if self.group == 1:
            return normal(rng, sd, len(self.y))
        common = normal(rng, sd * np.sqrt(self.together), int(self.groups.max()) + 1)[self.groups]
        return common + normal(rng, sd * np.sqrt(1 - self.together), len(self.y))


@dataclass(frozen=True)
class Learnt:
    """Studies of one set of two classes with a linear classifier; the arms see different features that tell as much.

    On one set one arm's features may seem to be the better ones in every training: for that set it is so, and over all
    such sets it is not.
    """

    sizes: tuple[int, int] = (195, 530)
    shared: int = 6
    own: int = 4
    distance: float = 0.65  # of the classes' means, in standard deviations of each feature
    effect: float = 0.0

    @cached_property
    def y(self) -> np.ndarray:
        """(I,) the items' labels."""
        return np.repeat(np.arange(2), self.sizes)

    @cached_property
    def groups(self) -> np.ndarray:
        """(I,) each item by itself."""
        return np.arange(len(self.y))

    def study(self, rng: np.random.Generator, repeats: int) -> tuple[np.ndarray, np.ndarray, float]:
        """One study: differences and folds (M, I), and the first arm's gain for this set on new items."""
        x = rng.standard_normal((len(self.y), self.shared + 2 * self.own)) + self.distance * self.y[:, None]
        fold = np.stack([self._folds(rng) for _ in range(repeats)])
        d = np.zeros(fold.shape)
        for r in range(repeats):
            for k in range(FOLDS):
                test = fold[r] == k
                d[r, test] = np.subtract(*(self._right(x[:, c], ~test, x[test][:, c], test) for c in self._columns))
        trained = [self._folds(rng) != k for _ in range(3) for k in range(FOLDS)]
        accuracies = [[self._accuracy(x[use][:, c], self.y[use]) for c in self._columns] for use in trained]
        return d, fold, float(np.mean(np.subtract(*np.transpose(accuracies))))

    def _folds(self, rng: np.random.Generator) -> np.ndarray:
        return fold_numbers(self.y, self.groups, FOLDS, int(rng.integers(2**31)), 0)

    @property
    def _columns(self) -> tuple[np.ndarray, np.ndarray]:
        """The features that each arm sees."""
        return tuple(
            np.append(np.arange(self.shared), self.shared + k * self.own + np.arange(self.own)) for k in (0, 1)
        )

    def _right(self, x: np.ndarray, train: np.ndarray, new: np.ndarray, test: np.ndarray) -> np.ndarray:
        return (linear_discriminant(x[train], self.y[train], new) == self.y[test]).astype(float)

    def _accuracy(self, x: np.ndarray, y: np.ndarray) -> float:
        """Balanced accuracy on all items of the population, which is known: normal classes at 0 and at `distance`."""
        means = np.stack([x[y == k].mean(axis=0) for k in range(2)])
        centred = x - means[y]
        direction = np.linalg.solve(centred.T @ centred, means[1] - means[0])
        cut, length = means.mean(axis=0) @ direction, np.linalg.norm(direction)
        return float((ndtr(cut / length) + ndtr((self.distance * direction.sum() - cut) / length)) / 2)


@dataclass(frozen=True)
class Blocked(Nested):
    """Studies of several draws inside each of `trials` disjoint blocks; training items have an influence of their own.

    A draw is half of its block's items; draws 2 j and 2 j + 1 are a half and the other half. `of_items` is the standard
    deviation that the items of a draw give to an arm's latent number.
    """

    draws: int = 2
    per_draw: int = 80
    of_items: float = 0.2

    @property
    def noise(self) -> float:
        """Standard deviation of one arm's latent number on a given item."""
        return float(np.hypot(super().noise, self.of_items))

    @property
    def block(self) -> np.ndarray:
        """(B D,) the draws' blocks."""
        return np.repeat(np.arange(self.trials), self.draws)

    def study(self, rng: np.random.Generator) -> np.ndarray:
        """One study: the arms' differences in correctness (B D, I), means over the classifier seeds."""
        every, item = replace(self, trials=self.trials * self.draws), self.easy(rng)
        trial = every.of_trials(rng)
        chosen = self._chosen(rng)
        right = []
        for shift in (self.shift, 0.0):
            influence = rng.standard_normal((self.trials, 2 * self.per_draw))
            by_items = np.einsum("bdn,bn->bd", chosen, influence).ravel() * self.of_items / np.sqrt(self.per_draw)
            latent = item + normal(rng, self.liking, self.items) + shift + trial + by_items[:, None, None]
            right.append(every.right(rng, latent).mean(axis=1))
        return right[0] - right[1]

    def _chosen(self, rng: np.random.Generator) -> np.ndarray:
        """(B, D, 2 n) which of a block's items each draw has."""
        order = rng.random((self.trials, -(-self.draws // 2), 2 * self.per_draw)).argsort(axis=2)
        half = order < self.per_draw
        return (
            np.stack([half, ~half], axis=2).reshape(self.trials, -1, 2 * self.per_draw)[:, : self.draws].astype(float)
        )
