"""Fidelity, diversity and copying of generated items: features in, numbers out.

Features are float arrays (N, D), a medium's raw ones or a network's; every distance is Euclidean and depends on their
scale. Work is done in float64 and in blocks, so memory stays bounded. No single number here says "good":
class-free blobs reach a fair precision, copies of the training set pass all but the copying checks, and noise
passes those.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from gannb.measures.neighbours import nearest_of_stream
from gannb.utils.errors import InputError

_BLOCK_ENTRIES = 4_000_000  # of a distance or kernel matrix held at once: 32 MB
_KID_BLOCKS = 10  # for the standard error
_KID_SMALLEST_BLOCK = 8
_SPARE = 2  # further candidates: the fast search rounds, and the nearest of them are then found exactly


@dataclass(frozen=True)
class Kid:
    """Kernel inception distance (any features). Near 0 for equal distributions; a little below 0 is chance.

    `se` is the standard error, nan for fewer than 80 items on either side; where the two distributions are
    close it errs on the large side.
    """

    value: float
    se: float


@dataclass(frozen=True)
class Prdc:
    """Precision and density: how much of the generated lies among the real; recall and coverage: the reverse.

    All 0..1 but density, which is 1 on average for equal distributions and may exceed it.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def kid(real: np.ndarray, fake: np.ndarray, seed: int = 0) -> Kid:
    """Unbiased squared maximum mean discrepancy with kernel (x.y / D + 1)^3, on all items.

    real: (N, D), fake: (M, D), at least 2 each. Binkowski et al. 2018, "Demystifying MMD GANs", section 3.1
    and eq. 4. The standard error comes from ten disjoint blocks of both sets, shuffled by `seed`. Raises
    InputError.
    """
    real, fake = _checked(real=(real, 2), fake=(fake, 2))
    generator = np.random.default_rng(seed)
    blocks = [np.array_split(generator.permutation(len(x)), _KID_BLOCKS) for x in (real, fake)]
    if min(len(real), len(fake)) < _KID_BLOCKS * _KID_SMALLEST_BLOCK:
        return Kid(_squared_mmd(real, fake), float("nan"))
    each = [_squared_mmd(real[i], fake[j]) for i, j in zip(*blocks, strict=True)]
    return Kid(_squared_mmd(real, fake), float(np.std(each, ddof=1) / np.sqrt(_KID_BLOCKS)))


def frechet_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """Squared 2-Wasserstein distance of the normal distributions with the sets' means and covariances, 0 or more.

    real: (N, D), fake: (M, D), at least 2 each. It is called FID only in the features of the standard Inception network
    and with many items (Heusel et al. 2017, eq. 6): it grows as the sets shrink.
    """
    real, fake = _checked(real=(real, 2), fake=(fake, 2))
    (mean, covariance), (fake_mean, fake_covariance) = (
        (x.mean(axis=0), np.atleast_2d(np.cov(x.T))) for x in (real, fake)
    )
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ fake_covariance @ root), 0)).sum()
    traces = np.trace(covariance) + np.trace(fake_covariance)
    return max(0.0, float(np.sum((mean - fake_mean) ** 2) + traces - 2 * shared))


def prdc(real: np.ndarray, fake: np.ndarray, k: int = 5) -> Prdc:
    """Precision, recall (Kynkaanniemi et al. 2019, eq. 1-3), density and coverage (Naeem et al. 2020, eq.
    3-4).

    real: (N, D), fake: (M, D); give as many of each, since recall and coverage grow with M. `k`: neighbours,
    1 or more and fewer than N and M. Raises InputError where k is too large for the sets.
    """
    real, fake = _checked(real=(real, 2), fake=(fake, 2))
    if not 1 <= k < min(len(real), len(fake)):
        raise InputError(f"k is {k} for {len(real)} real and {len(fake)} generated items; give 1 or more, below both.")
    real_radius, fake_radius = _radii(real, k), _radii(fake, k)
    within = np.zeros(len(fake))  # real spheres that each generated item lies in
    recalled, covered = np.zeros(len(real), bool), np.zeros(len(real), bool)
    for rows in _blocks(len(real), len(fake)):
        distance = cdist(real[rows], fake)  # (block, M)
        inside = distance < real_radius[rows, None]
        within += inside.sum(axis=0)
        covered[rows] = inside.any(axis=1)
        recalled[rows] = (distance < fake_radius).any(axis=1)
    scores = (np.mean(within > 0), recalled.mean(), within.mean() / k, covered.mean())
    return Prdc(*map(float, scores))


def authenticity(train: np.ndarray, fake: np.ndarray) -> float:
    """Share of generated items that are farther from a training item than that item's own neighbour is.

    train: (N, D), N >= 2; fake: (M, D). Alaa et al. 2022, "How faithful is your synthetic data?", section
    3.3: with x the training item nearest to y, y is authentic if d(y, x) > d(x, nearest other training item).
    0 for copies. Real items from outside the training set score about .5 in many dimensions (.38 in two), not
    1: compare with `authenticity(train, held_out)`. Noise scores 1.
    """
    train, fake = _checked(train=(train, 2), fake=(fake, 1))
    return authentic_share(*nearest(fake, train), nearest_other(train))


def authentic_share(index: np.ndarray, distance: np.ndarray, own: np.ndarray) -> float:
    """`authenticity` from nearest training items (M,), their distances (M,), and those of training items to others."""
    return float(np.mean(distance > own[index]))


def nearest_neighbour_ratio(train: np.ndarray, fake: np.ndarray, held_out: np.ndarray) -> float:
    """Median distance to the training set, of generated items over that of held-out real ones. All (., D).

    About 1 for items that keep the distance real ones keep, toward 0 for copies, above 1 for what is far from
    everything. nan where half of the held-out items are in the training set, which makes the measure 0.
    """
    train, fake, held_out = _checked(train=(train, 1), fake=(fake, 1), held_out=(held_out, 1))
    return distance_ratio(nearest(fake, train)[1], nearest(held_out, train)[1])


def distance_ratio(distance: np.ndarray, expected: np.ndarray) -> float:
    """`nearest_neighbour_ratio` from the distances of generated (M,) and held-out items (H,) to the training set."""
    usual = np.median(expected)
    return float(np.median(distance) / usual) if usual > 0 else float("nan")


def nearer_to_training(train: np.ndarray, fake: np.ndarray, held_out: np.ndarray) -> float:
    """How far generated items side with the training set, against held-out real items: 0 as chance has it, 1 copies.

    train: (N, D), fake: (., D), held_out: (M, D), with the classes in the same proportions as in `train`. The share of
    generated items whose nearest real item is a training item, less what chance gives, N / (N + M), over the most that
    it can exceed chance; so a share of copies c among honest items scores c. Below 0 where they side with the held-out
    items. Ties count by chance. Items that are near to everything side with one item, now here, now there. The
    comparison is that of Meehan et al. 2020, section 3.
    """
    train, fake, held_out = _checked(train=(train, 1), fake=(fake, 1), held_out=(held_out, 1))
    to_train, to_held_out = (nearest(fake, x)[1] for x in (train, held_out))
    return excess_share(to_train, to_held_out, len(train) / (len(train) + len(held_out)))


def excess_share(to_train: np.ndarray, to_held_out: np.ndarray, chance: float) -> float:
    """`nearer_to_training` from distances (M,) each, and the share that training items have among the real ones."""
    share = np.mean(np.where(to_train == to_held_out, chance, to_train < to_held_out))
    return float((share - chance) / (1 - chance))


def nearer_to_made(test: np.ndarray, made: np.ndarray, train: np.ndarray, seed: int = 0) -> float:
    """Share of test items that are nearer to a made item than to any training item, 0..1; 1/2 for further real items.

    test: (T, D), made: (M, D), train: (N, D). Both sets are cut to the smaller one's number, at random by `seed`, since
    the nearer of two equally good sets is the larger one. Ties count half. Raises InputError.
    """
    test, made, train = _checked(test=(test, 1), made=(made, 1), train=(train, 1))
    rng, n = np.random.default_rng(seed), min(len(made), len(train))
    made, train = (part[np.sort(rng.permutation(len(part))[:n])] for part in (made, train))
    to_made, to_train = nearest(test, made)[1], nearest(test, train)[1]
    return float(np.mean((to_made < to_train) + 0.5 * (to_made == to_train)))


def nearest(query: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nearest reference item of each query item: index (Q,) int64 and distance (Q,).

    query: (Q, D), reference: (N, D). Exact; a copy has distance exactly 0. Of equals, the first.
    """
    query, reference = _checked(query=(query, 1), reference=(reference, 1))
    return next(nearest_of_stream([query], reference))


def nearest_other(x: np.ndarray) -> np.ndarray:
    """Distance of each item to its nearest other one. (N, D), N >= 2 -> (N,)."""
    (x,) = _checked(x=(x, 2))
    return nearest_few(x, x, 2)[1][:, 1]


def nearest_few(query: np.ndarray, reference: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest reference items of each query item, nearest first: index and distance, (Q, min(k, N)) each.

    Exact but for items that single precision cannot tell apart at the k-th place.
    """
    from sklearn.neighbors import NearestNeighbors  # takes a second, which training need not wait for

    query, reference = _checked(query=(query, 1), reference=(reference, 1))
    k, centre = min(k, len(reference)), reference.mean(axis=0)
    search = NearestNeighbors(n_neighbors=min(k + _SPARE, len(reference)), algorithm="brute").fit(reference - centre)
    candidates = search.kneighbors(query - centre, return_distance=False)
    index, distance = np.empty((len(query), k), np.int64), np.empty((len(query), k))
    for rows in _blocks(len(query), candidates.shape[1] * query.shape[1]):
        away = np.linalg.norm(query[rows, None] - reference[candidates[rows]], axis=2)  # (block, C)
        order = away.argsort(axis=1, kind="stable")[:, :k]
        index[rows] = np.take_along_axis(candidates[rows], order, axis=1)
        distance[rows] = np.take_along_axis(away, order, axis=1)
    return index, distance


def diversity(x: np.ndarray, y: np.ndarray) -> float:
    """Mean distance of two items of one class, averaged over classes. x: (N, D), y: (N,) labels.

    Read it as a ratio to the draw's own. Classes with a single item are left out; nan if no class has two. Raises
    InputError where the labels are not one per item.
    """
    (x,), y = _checked(x=(x, 1)), np.asarray(y)
    if y.shape != (len(x),):
        raise InputError(f"There are {len(x)} items and labels of shape {y.shape}; give one label per item.")
    classes = [x[y == label] for label in np.unique(y)]
    spreads = [spread(items) for items in classes if len(items) > 1]
    return float(np.mean(spreads)) if spreads else float("nan")


def spread(x: np.ndarray) -> float:
    """Mean distance of two items, (N, D): `diversity` within one class. nan for fewer than two items."""
    (x,) = _checked(x=(x, 0))
    return float(_pair_distances(x) / (len(x) * (len(x) - 1))) if len(x) > 1 else float("nan")


# ------------------------------------------------------------------------------------------------------------


def _blocks(rows: int, columns: int) -> Iterator[slice]:
    step = max(1, _BLOCK_ENTRIES // columns)
    for start in range(0, rows, step):
        yield slice(start, start + step)


def _squared_mmd(x: np.ndarray, y: np.ndarray) -> float:
    n, m = len(x), len(y)
    same = (_kernel_sum(x, x) - _kernel_diagonal(x)) / (n * (n - 1))
    same += (_kernel_sum(y, y) - _kernel_diagonal(y)) / (m * (m - 1))
    return float(same - 2 * _kernel_sum(x, y) / (n * m))


def _kernel_sum(x: np.ndarray, y: np.ndarray) -> float:
    from sklearn.metrics.pairwise import polynomial_kernel  # takes a second, too

    # gamma is 1 / D and coef0 is 1 by default
    return sum(polynomial_kernel(x[rows], y, degree=3).sum() for rows in _blocks(len(x), len(y)))


def _kernel_diagonal(x: np.ndarray) -> float:
    return np.sum((np.mean(x**2, axis=1) + 1) ** 3)


def _radii(x: np.ndarray, k: int) -> np.ndarray:
    """Distance of each item to its k-th neighbour, itself not counted. (N, D) -> (N,)."""
    radii = np.empty(len(x))
    for rows in _blocks(len(x), len(x)):
        # Itself is among the k + 1 smallest (distance 0). cdist rounds as in `prdc`, so that ties stay ties.
        radii[rows] = np.partition(cdist(x[rows], x), k, axis=1)[:, k]
    return radii


def _pair_distances(x: np.ndarray) -> float:
    """Sum of the distances of all ordered pairs."""
    return sum(cdist(x[rows], x).sum() for rows in _blocks(len(x), len(x)))


def _checked(**features: tuple[np.ndarray, int]) -> list[np.ndarray]:
    """The arrays as float64, in order; each comes by name with its least number of items."""
    checked = []
    for name, (values, least) in features.items():
        try:
            values = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError(f"The features of `{name}` are not an array of numbers.") from None
        if values.ndim != 2 or values.shape[1] == 0:
            raise InputError(f"`{name}` has shape {values.shape}; give features as (items, features), flattened.")
        if len(values) < least:
            raise InputError(f"`{name}` holds {len(values)} items; at least {least} are needed.")
        if not np.isfinite(values).all():
            raise InputError(f"`{name}` holds values that are not finite; check the generator or the features.")
        checked.append(values)
    widths = {name: values.shape[1] for name, values in zip(features, checked, strict=True)}
    if len(set(widths.values())) > 1:
        raise InputError(f"The numbers of features differ ({widths}); take all from the same extractor.")
    return checked
