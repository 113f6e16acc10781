"""What is measured of a set of items, in every feature space: fidelity, diversity and copying, in all and by class.

A feature space is a name and a function that turns items (N, ...) of a medium into features (N, D). Every number stands
in a row that names its space. Real items to compare with are test items: no generator and no network has seen them.
What is asked of the training set itself, copying, is judged by unseen items of its own origin, see `splits.unseen`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb.data.examples import Examples
from gannb.data.groups import shuffled_groups
from gannb.measures.copying import NearCopies, Surroundings, c_t, copying_p, flagged, identical_p, surroundings
from gannb.measures.fidelity import kid, prdc, spread
from gannb.measures.forms import AsTheyAre, Form, in_forms

if TYPE_CHECKING:
    from gannb.data.medium import Medium

Spaces = Mapping[str, Callable[[np.ndarray], np.ndarray]]
NEIGHBOURS = 5  # k of precision, recall, density, coverage (Naeem et al. 2020 use 5)
FEW = 500  # generated and test items, each, in a space that takes long
HELD_OUT = 4  # held-out items for the copying measures: so many times the training set, if there are
REFERENCE_SETS = ("held-out real", "exact copies", "altered copies")  # what other items would get, for comparison


@dataclass(frozen=True, eq=False)
class Sets:
    """The items that are compared, and the two choices of real items that they are compared with."""

    train: Examples
    fake: Examples  # generated, or standing for generated ones
    test: Examples
    like_train: np.ndarray  # test items for fidelity: at most as many as there are training items, by class
    unseen: Examples  # real items of the training items' origin: the test items, or others in their place
    held_out: np.ndarray  # unseen items for copying: about HELD_OUT times the training set, in its proportions of
    # classes and in whole groups, as the training items are
    same: np.ndarray  # of the generated items, as many as there are training items

    @property
    def of_one_origin(self) -> bool:
        """Whether the test items are of the training items' origin, so that they are the unseen ones."""
        return self.unseen is self.test

    @property
    def recognised(self) -> Examples:
        """The real items whose recognition that of the generated ones is compared with."""
        return self.test if self.of_one_origin else self.unseen.take(self.held_out)


def choose(train: Examples, fake: Examples, test: Examples, seed: int, unseen: Examples | None = None) -> Sets:
    """Choose at random, by the seed, which of the items are compared. unseen: None where they are the test items."""
    unseen = test if unseen is None else unseen
    rng, counts = np.random.default_rng(seed), train.counts()
    times = min(HELD_OUT, float(np.min(unseen.counts()[counts > 0] / counts[counts > 0])))
    many = np.maximum(np.floor(times * counts), counts > 0).astype(int)
    same = np.sort(rng.choice(len(fake), min(len(fake), len(train)), replace=False))
    return Sets(train, fake, test, matched(test.y, counts, rng), unseen, whole_groups(unseen, many, rng), same)


def some(items: Examples, number: int, seed: int) -> Examples:
    """Return so many of the items, or all there are, at random by the seed."""
    return items.take(np.sort(np.random.default_rng(seed).permutation(len(items))[:number]))


def matched(y: np.ndarray, counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return random indices into y (N,) with up to `counts` (K,) items of each class, in shuffled order."""
    order = rng.permutation(len(y))
    return np.concatenate([order[y[order] == k][:n] for k, n in enumerate(counts)])


def whole_groups(items: Examples, counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return indices of groups of items, in random order, until there are `counts` (K,) of each class or none is left.

    The last group of a class may bring more.
    """
    missing, chosen = counts.copy(), [np.empty(0, np.int64)]
    for members in shuffled_groups(items.groups, rng):
        if (missing[items.y[members]] > 0).any():
            chosen.append(members)
            missing -= np.bincount(items.y[members], minlength=len(missing))
    return np.concatenate(chosen)


@dataclass(frozen=True, eq=False)
class Measured:
    """A row per feature space, one per space and class, and the most suspicious items in every space."""

    spaces: list[dict[str, Any]]
    classes: list[dict[str, Any]]
    suspects: list[dict[str, Any]]


def measure(
    medium: Medium,
    sets: Sets,
    spaces: Spaces,
    tested: list[str],
    seed: int,
    forms: Sequence[Form] = (),
    learnt: Path | None = None,
    by_chance: float = 0.0,
) -> Measured:
    """Measure items of a medium in every space. tested: the spaces in which copying may be tested.

    A network that has learnt the training set by heart holds it apart from all other items, copied or not. Where
    none is tested, nothing is said of copying as a whole (`flagged`). forms: beside real items as they are; in the
    medium's raw features a generated item is as near to a real one as to the nearest form of it. Where the medium tells
    near copies itself, these are counted there in the place of distances, and no space is tested. learnt: the folder of
    what `Medium.learn_to_measure` has learnt for this trial. by_chance: the share of unseen real items that are
    identical with a training item; it counts where the medium tells near copies, since many say the same short sentence
    and nobody takes the same picture twice.
    """
    exact, near = medium.duplicates_among(sets.fake.x, sets.train.x)
    copies = {"items": len(sets.fake), "exact_duplicates": float(exact.mean())}
    copies |= {} if near is None else {"near_duplicates": float(near.mean())}
    held_out = sets.unseen.take(sets.held_out)
    both = np.concatenate([sets.train.x, held_out.x])
    own = {}
    if medium.raw_space in spaces:
        own = medium.measured(sets.fake.take(sets.same), sets.test, sets.train, learnt)
    told = near_copies(medium, sets.train.x, sets.fake.x, held_out.x)
    by_chance = by_chance if told else 0.0
    copies |= {"identical_by_chance": by_chance} if told else {}
    rows, classes, suspects = [], [], []
    for name, space in spaces.items():
        train, fake, test = (space(part.x) for part in (sets.train, sets.fake, sets.test))
        real = np.concatenate([train, test[sets.held_out] if sets.of_one_origin else space(held_out.x)])
        in_all_forms = len(forms) and name == medium.raw_space
        real = in_forms(both, real, forms, medium.raw_features, seed) if in_all_forms else AsTheyAre(real)
        near_by = surroundings(real, len(train), fake)
        row = _fidelity(test[sets.like_train], fake[sets.same]) | near_by.measures() | copies
        row["c_t"] = c_t((near_by.to_train[sets.same], near_by.expected), (sets.fake.y[sets.same], held_out.y))
        counted = told if name == medium.raw_space else None
        if counted:
            row |= {"nearer_to_train": counted.siding(), "copying_p": counted.p()}
        elif name in tested and told is None:
            row["copying_p"] = copying_p(near_by, sets.train, held_out, seed)
        rows.append({"features": name} | row | (own if name == medium.raw_space else {}))
        classes += [{"features": name} | each for each in _by_class(sets, train, fake, counted or near_by, exact)]
        suspects += [{"features": name} | each for each in _suspects(sets, near_by)]
    if p_values := [row["copying_p"] for row in rows if "copying_p" in row]:
        identical = identical_p(int(exact.sum()), len(exact), by_chance)
        rows = [row | {"flagged": float(flagged(p_values, identical, by_chance > 0))} for row in rows]
    return Measured(rows, classes, suspects)


def _fidelity(real: np.ndarray, fake: np.ndarray) -> dict[str, float | None]:
    """Return fidelity against held-out real items, with as many generated as real. (N, D), (M, D)."""
    k = min(NEIGHBOURS, len(real) - 1, len(fake) - 1)
    distance = kid(real, fake)
    return {
        "kid": distance.value,
        "kid_se": distance.se if np.isfinite(distance.se) else None,
        **asdict(prdc(real, fake, k)),
    }


def near_copies(medium: Medium, train: np.ndarray, made: np.ndarray, unseen: np.ndarray) -> NearCopies | None:
    """Return which made items (M, ...) and which unseen real ones nearly are one of the training items (N, ...).

    None: the medium does not tell it.
    """
    of_made = medium.near_copies(made, train)
    return None if of_made is None else NearCopies(of_made, medium.near_copies(unseen, train))


def _by_class(
    sets: Sets, train: np.ndarray, fake: np.ndarray, near_by: Surroundings | NearCopies, exact: np.ndarray
) -> list[dict[str, Any]]:
    """Return a row per class: diversity over the draw's own, how far the items side with the training set, duplicates.

    train, fake: features (N, D), (M, D); exact: (M,) bool.
    """
    rows = []
    for k, name in enumerate(sets.train.classes):
        mine, real = sets.fake.y == k, sets.train.y == k
        ratio = spread(fake[mine]) / (spread(train[real]) or np.nan)
        row = {"diversity": ratio, "nearer_to_train": near_by.siding(mine)}
        row["exact_duplicates"] = np.mean(exact[mine]) if mine.any() else np.nan
        rows.append({"class": name} | {key: float(v) if np.isfinite(v) else None for key, v in row.items()})
    return rows


def _suspects(sets: Sets, near_by: Surroundings) -> list[dict[str, Any]]:
    """Return the most suspicious items, with positions in the generated set, the draw and the unseen items.

    The last has the name of earlier studies, "test".
    """
    return [
        {
            "item": i, "training": int(near_by.training[i]), "test": int(sets.held_out[near_by.held_out[i]]),
            "to_train": float(near_by.to_train[i]), "to_held_out": float(near_by.to_held_out[i]),
            "suspicion": float(near_by.suspicion[i]),
        }
        for i in near_by.suspects()
    ]  # fmt: skip


# ---- what other items would get ----


def reference_sets(
    medium: Medium, train: Examples, test: Examples, seed: int, unseen: Examples | None = None
) -> dict[str, Sets]:
    """Return what each of `REFERENCE_SETS` is measured on. unseen: as in `choose`.

    Half of the unseen items are held-out real ones, to be measured as if they were generated, as are the copies of the
    training set; the other half are what all of them are compared with, and half of the test items.
    """
    other, rest = _halves(test, seed)
    if unseen is not None:
        other, unseen = _halves(unseen, seed)
    altered = replace(train, x=medium.alter(train.x, seed))
    honest = other.take(np.sort(matched(other.y, train.counts(), np.random.default_rng(seed))))
    sets = dict(zip(REFERENCE_SETS, (honest, train, altered), strict=True))
    return {name: choose(train, items, rest, seed, unseen) for name, items in sets.items()}


def _halves(items: Examples, seed: int) -> tuple[Examples, Examples]:
    """Return two halves of each class, of whole groups; twice the same where there is one group."""
    in_first = _half(items, np.random.default_rng(seed))
    first, second = items.take(np.flatnonzero(in_first)), items.take(np.flatnonzero(~in_first))
    return (first, second) if len(first) else (second, second)


def _half(items: Examples, rng: np.random.Generator) -> np.ndarray:
    """Return which items are in one half of each class, (N,) bool: of whole groups, in random order.

    A group goes to the half that has fewer items of the class of its first item, of equals to the other half.
    """
    more, half = np.zeros(items.n_classes, int), np.zeros(len(items), bool)  # more: items outside than in the half
    for members in shuffled_groups(items.groups, rng):
        half[members] = inside = more[items.y[members[0]]] > 0
        more += (-1 if inside else 1) * np.bincount(items.y[members], minlength=len(more))
    return half
