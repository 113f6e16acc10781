"""Simulated studies of which the truth is known: nested scores, learning curves, re-splits of one finite set.

In the first two an answer is right when a latent number is above 0, as in the probit models of test theory (Lord and
Novick 1968, "Statistical theories of mental test scores", ch. 16). So correctness is 0 or 1, an item that is hard for
one arm is hard for the other, and what is expected of an arm, on given test items or on all, is a formula. In the
third a real learner is trained on every split, so that the splits overlap as they do in a study.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

# ---- draws, GANs, classifier seeds, test items ----


@dataclass(frozen=True)
class Nested:
    """Studies of two arms on a fixed test set: sizes, and standard deviations of the latent number.

    The defaults give scores like those of the reference study of digits (8 per class): balanced accuracy .95, with
    standard deviations of 1.7 points between draws, of 1.0 between the trials' differences, and of .9 between the
    differences of a trial's classifier seeds (there 1.5, .5 to .8, .9).
    """

    trials: int = 8
    seeds: int = 2
    items: int = 360  # the same number of each class
    classes: int = 10
    level: float = 4.2  # mean of the latent number, which is spread evenly over the classes by +- class_spread
    class_spread: float = 1.0
    item: float = 2.2  # how easy an item is, for all arms
    liking: float = 0.4  # of an arm for an item, in all trials; 0: the arms are alike on every item
    draw: float = 0.35  # of a trial, for all arms
    draw_item: float = 0.8
    gan: float = 0.1  # of a trial's GAN, so of one arm, for all its classifier seeds
    gan_item: float = 0.2
    seed: float = 0.1
    seed_item: float = 0.4
    failing: float = 0.0  # share of the first arm's GANs that fail, ...
    failure: float = 0.0  # ... and what they lose
    effect: float = 0.0  # the first arm's gain in balanced accuracy over draws and test items, failures included

    @property
    def y(self) -> np.ndarray:
        """(I,) the test items' labels."""
        return np.arange(self.items) % self.classes

    @property
    def ease(self) -> np.ndarray:
        """(K,) mean of the latent number by class."""
        return self.level + np.linspace(-self.class_spread, self.class_spread, self.classes)

    @property
    def noise(self) -> float:
        """Standard deviation of one arm's latent number on a given item."""
        return float(np.linalg.norm([self.draw, self.draw_item, self.gan, self.gan_item, self.seed, self.seed_item]))

    @cached_property
    def shift(self) -> float:
        """What the first arm's latent number must gain for the effect."""
        spread = np.linalg.norm([self.noise, self.item, self.liking])
        without = self._expected(self.ease, spread, 0.0).mean()

        def missing(shift: float) -> float:
            return self._expected(self.ease + shift, spread, self.failing).mean() - without - self.effect

        return float(brentq(missing, -10, 10))

    def study(self, rng: np.random.Generator) -> tuple[np.ndarray, float]:
        """One study: the arms' difference in correctness (R, C, I), -1..1, and its mean given these test items."""
        item = self.easy(rng)
        first, second = (item + normal(rng, self.liking, self.items) + shift for shift in (self.shift, 0.0))
        trial = self.of_trials(rng)
        failed = self.failure * (rng.random((self.trials, 1, 1)) < self.failing)
        difference = self.right(rng, first + trial - failed).astype(float) - self.right(rng, second + trial)
        gain = self._expected(first, self.noise, self.failing) - self._expected(second, self.noise, 0.0)
        return difference, float(gain.mean())

    def easy(self, rng: np.random.Generator) -> np.ndarray:
        """(I,) how easy the test items of a study are."""
        return self.ease[self.y] + normal(rng, self.item, self.items)

    def of_trials(self, rng: np.random.Generator) -> np.ndarray:
        """(R, 1, I) what a trial's draw adds, for all its arms."""
        by_item = normal(rng, self.draw_item, (self.trials, 1, self.items))
        return by_item + normal(rng, self.draw, (self.trials, 1, 1))

    def right(self, rng: np.random.Generator, latent: np.ndarray) -> np.ndarray:
        """Whether an arm's classifiers are right: latent (R, 1, I) -> (R, C, I) bool."""
        trials, seeds, items = self.trials, self.seeds, self.items
        by_gan = normal(rng, self.gan, (trials, 1, 1)) + normal(rng, self.gan_item, (trials, 1, items))
        by_seed = normal(rng, self.seed, (trials, seeds, 1)) + normal(rng, self.seed_item, (trials, seeds, items))
        return latent + by_gan + by_seed > 0

    def _expected(self, latent: np.ndarray, spread: float, failing: float) -> np.ndarray:
        """Probability of a right answer, where the latent number has this mean and this standard deviation."""
        return (1 - failing) * ndtr(latent / spread) + failing * ndtr((latent - self.failure) / spread)


def normal(rng: np.random.Generator, sd: float, shape: tuple[int, ...] | int) -> np.ndarray:
    """Normal numbers of mean 0 in single precision, which takes half the time."""
    return np.float32(sd) * rng.standard_normal(shape, dtype=np.float32)


# ---- learning curves ----


@dataclass(frozen=True)
class Curve:
    """Studies of a real-only learning curve and of an arm that truly is worth so many real items.

    The curve rises by .65 of the latent number a doubling, from .92 at 40 items to .975 at 160, as in the reference
    study of digits; like that one, and unlike what is fitted to it, it bends in log n.
    """

    nested: Nested = Nested()  # arms of different n then differ by 1.3 points from trial to trial (there 1.2 to 2)
    sizes: tuple[int, ...] = (40, 80, 160)
    worth: float = 80  # real items that the arm does as well as
    per_doubling: float = 0.65
    same_items: bool = True  # the arm finds the same items easy as real items' arms do; else it has its own liking

    def study(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """One study's shares of right classifiers per test item: the curve's (R, P, I), the arm's (R, I)."""
        nested, item = self.nested, self.nested.easy(rng)
        real, own = (item + normal(rng, nested.liking, nested.items) for _ in range(2))
        trial = nested.of_trials(rng)
        curve = [nested.right(rng, real + trial + self.gain(n)).mean(axis=1) for n in self.sizes]
        arm = nested.right(rng, (real if self.same_items else own) + trial + self.gain(self.worth)).mean(axis=1)
        return np.stack(curve, axis=1), arm

    def gain(self, n: float) -> float:
        """What n real items add to the latent number; 80 add nothing."""
        return self.per_doubling * float(np.log2(n / 80))


# ---- re-splits ----


@dataclass(frozen=True)
class Resplit:
    """Studies that split one finite set of two classes again and again, with a linear classifier for both arms.

    The arms see as many features, of which `shared` are the same and `own` are other ones that tell the classes apart
    as well: neither is better, but on one finite set one may seem so in every split. Without `own` features the arms
    differ by chance alone: each trains on a random 80 % of the training side.
    """

    trials: int = 8
    items: int = 780  # 156 to test and 624 to train on, as in the reference study of BreastMNIST
    test_share: float = 0.2
    positive: float = 0.27  # share of the smaller class
    shared: int = 6
    own: int = 4
    distance: float = 0.65  # of the classes' means, in standard deviations of each feature
    effect: float = 0.0  # the first arm's gain in balanced accuracy, by taking back right answers of the second

    @property
    def ratio(self) -> float:
        """n_test / n_train."""
        return self.test_share / (1 - self.test_share)

    @cached_property
    def spoilt(self) -> float:
        """Share of the second arm's right answers to take back for the effect, from the accuracy of 200 studies."""
        if not self.effect:
            return 0.0
        rng, alike = np.random.default_rng(0), replace(self, effect=0.0)
        return self.effect / float(np.mean([alike.study(rng) for _ in range(200)]))

    @property
    def columns(self) -> tuple[np.ndarray, np.ndarray]:
        """The features that each arm sees."""
        shared = np.arange(self.shared)
        return tuple(np.append(shared, self.shared + k * self.own + np.arange(self.own)) for k in range(2))

    def study(self, rng: np.random.Generator) -> np.ndarray:
        """The arms' balanced accuracies (2, R) on the splits of one set."""
        y = (np.arange(self.items) < self.positive * self.items).astype(int)
        x = rng.standard_normal((self.items, self.shared + 2 * self.own)) + self.distance * y[:, None]
        return np.array([self._scores(rng, x, y, self._is_test(rng, y)) for _ in range(self.trials)]).T

    def _is_test(self, rng: np.random.Generator, y: np.ndarray) -> np.ndarray:
        """(N,) a random share of each class."""
        chosen = np.zeros(len(y), dtype=bool)
        for members in (np.flatnonzero(y == k) for k in range(2)):
            chosen[rng.permutation(members)[: round(self.test_share * len(members))]] = True
        return chosen

    def _scores(self, rng: np.random.Generator, x: np.ndarray, y: np.ndarray, test: np.ndarray) -> list[float]:
        """Balanced accuracy of both arms on one split."""
        found = []
        for arm, columns in enumerate(self.columns):
            used = ~test if self.own else ~test & (rng.random(len(y)) < 0.8)
            right = linear_discriminant(x[used][:, columns], y[used], x[test][:, columns]) == y[test]
            if arm:
                right &= rng.random(len(right)) >= self.spoilt
            found.append(np.mean([right[y[test] == k].mean() for k in range(2)]))
        return found


def linear_discriminant(x: np.ndarray, y: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Fisher's, with equal priors: items x (N, D) of classes y (N,) in 0, 1 and new ones (M, D) -> classes (M,)."""
    means = np.stack([x[y == k].mean(axis=0) for k in range(2)])
    centred = x - means[y]
    direction = np.linalg.solve(centred.T @ centred, means[1] - means[0])
    return ((new - means.mean(axis=0)) @ direction > 0).astype(int)
