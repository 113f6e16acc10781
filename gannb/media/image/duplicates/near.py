"""Exact and near duplicates among images, mirrored and turned ones too.

Near duplicates are what a re-encoded, slightly resized or slightly brightened copy gives, and bursts of a
scene. Each item's luminance thumbnail, 16x16, is brought to mean 0 and norm 1, so that brightness and
contrast drop out. Two items are near when 1 - (correlation of these thumbnails) is at most `NEAR`, no
single pixel of them differs by more than `LOCAL` standard deviations (a different print on the same shirt
is not a copy), and 1 - (correlation of the colour thumbnails) is at most `COLOUR`: looser, because JPEG
stores colour coarsely.

The limits were chosen on real sets. Of flower photographs at 96, 48 and 32 pixels a side they find over
99 % when re-encoded at JPEG quality 75, scaled by 10 % or made 5 % brighter; the pairs they find among the
flowers and among breast ultrasound images were the same scene in every case looked at; and under 1 % of
Fashion-MNIST is linked (there, also look-alike trousers). Near duplicates of images below 16 pixels a side are
not searched for: there honest items are as alike as copies.

Copies that were mirrored, or turned by quarters, are found by the same, with a quarter of the distance (`TURNED`): a
thing that is symmetric is like its mirror image, and the nearest mirrored pair of different items among the 60,000 of
Fashion-MNIST is at 0.0012. Of mirrored flowers it finds all when re-encoded at quality 75, 98 % when made 5 % brighter.

What is found decides which items may be drawn together, and so every number of a study. Sums are taken in 64 bits, so
that no machine's order of adding them up moves a pair over a limit.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy.spatial import cKDTree

from gannb.data.assembly import identical
from gannb.utils.keys import content_of

THUMB = 16  # side of the thumbnails; also the smallest side at which near duplicates are searched for
NEAR = 0.004  # largest 1 - correlation
TURNED = 0.001  # the same for a mirrored or turned copy
COLOUR = 0.03  # the same for colour thumbnails
LOCAL = 0.35  # largest difference of one thumbnail pixel, in standard deviations
FLAT = 2.0  # thumbnails that vary by less (grey levels) carry no picture: compared for identity only
LUMA = (299, 587, 114)  # thousandths, ITU-R 601, as Pillow
AXES = 24  # dimensions of the candidate search
MOST_TURNED = 20_000  # items of which copies turned by quarters are searched for, beside mirrored ones
NEIGHBOURS = 32  # candidates per item: bounds time and memory where thousands of items are alike
BLOCK = 4096  # items or pairs at once


def thumbnail(pixels: np.ndarray, side: int = THUMB) -> np.ndarray:
    """(H, W) or (H, W, 3) uint8 -> (side, side) or (side, side, 3) uint8, antialiased, aspect ignored."""
    small = Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR, reducing_gap=4.0)
    return np.asarray(small)


def _quarters(thumbs: np.ndarray, turns: int) -> np.ndarray:
    return np.rot90(thumbs, turns, (1, 2))


# thumbnails (N, 16, 16, C) -> mirrored, turned, or both
TURNS: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda thumbs: thumbs[:, :, ::-1],
    *(lambda thumbs, turns=turns: _quarters(thumbs, turns) for turns in (1, 2, 3)),
    *(lambda thumbs, turns=turns: _quarters(thumbs[:, :, ::-1], turns) for turns in (1, 2, 3)),
)


def near_pairs(thumbs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of near duplicates: (M, 2) positions, first < second, and their distances (M,) in 0..NEAR.

    thumbs: (N, 16, 16, C) uint8. Candidates come from a k-d tree over the leading principal axes of a sample.
    A projection never lengthens a distance, so nothing near is lost by it (only by `NEIGHBOURS`, in dense
    sets).
    """
    alive, unit = _pictures(thumbs)
    if len(alive) < 2:
        return np.empty((0, 2), np.int64), np.empty(0)
    found = _candidates(unit, unit)
    found = np.unique(np.sort(found[found[:, 0] != found[:, 1]], axis=1), axis=0)
    return _near(thumbs, alive, unit, found)


def turned_pairs(thumbs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of which one is the other mirrored, turned by quarters, or both; as `near_pairs`, distances to TURNED.

    Of more than `MOST_TURNED` items mirror images alone are searched for.
    """
    pairs, distances = [np.empty((0, 2), np.int64)], [np.empty(0)]
    for turn in TURNS if len(thumbs) <= MOST_TURNED else TURNS[:1]:
        found, distance = _pairs_between(thumbs, turn(thumbs), TURNED)
        different = found[:, 0] != found[:, 1]  # a picture may be its own mirror image
        pairs.append(np.sort(found[different], axis=1))
        distances.append(distance[different])
    return np.concatenate(pairs), np.concatenate(distances)


def _pairs_between(thumbs: np.ndarray, others: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (M, 2) of a position in `thumbs` (N, 16, 16, C) and one in `others`, and their distances, up to a limit."""
    both = np.concatenate([thumbs, others])
    alive, unit = _pictures(both)
    n = int(np.searchsorted(alive, len(thumbs)))
    if not 0 < n < len(alive):
        return np.empty((0, 2), np.int64), np.empty(0)
    pairs, distance = _near(both, alive, unit, _candidates(unit[:n], unit[n:], limit) + [0, n], limit)
    return pairs - [0, len(thumbs)], distance


def near_others(thumbs: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Tell which thumbnails (N, 16, 16, C) are near duplicates of others (M, 16, 16, C), mirrored and turned ones too.

    Of more than `MOST_TURNED` together mirror images alone are searched for. Returns (N,) bool.
    """
    found = np.zeros(len(thumbs), bool)
    found[_pairs_between(thumbs, others, NEAR)[0][:, 0]] = True
    for turn in TURNS if len(thumbs) + len(others) <= MOST_TURNED else TURNS[:1]:
        found[_pairs_between(thumbs, turn(others), TURNED)[0][:, 0]] = True
    return found


def thumbnail_of_item(item: np.ndarray, side: int = THUMB) -> np.ndarray:
    """(H, W, 1) or (H, W, 3) uint8 -> (side, side, 1) or (side, side, 3) uint8."""
    return thumbnail(item[..., 0], side)[..., None] if item.shape[2] == 1 else thumbnail(item, side)


def _pictures(thumbs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions (A,) of the thumbnails that carry a picture, and their luminance, standardised, (A, D)."""
    grey = luminance(thumbs)
    alive = np.flatnonzero(_varies(grey))
    return alive, standardised(grey[alive])


def _varies(grey: np.ndarray) -> np.ndarray:
    """Tell which of (N, H, W) carry a picture: (N,) bool."""
    return grey.std((1, 2), dtype=np.float64) >= FLAT


def _near(
    thumbs: np.ndarray, alive: np.ndarray, unit: np.ndarray, candidates: np.ndarray, limit: float = NEAR
) -> tuple[np.ndarray, np.ndarray]:
    """Of candidates (M, 2), positions in `unit`, those that are near: positions in `thumbs`, and their distances."""
    distance, worst = _compare(unit, candidates)
    near = (distance <= limit) & (worst <= LOCAL)
    pairs, distance = alive[candidates[near]], distance[near]
    same_colour = _compare(standardised(thumbs), pairs)[0] <= COLOUR
    return pairs[same_colour], distance[same_colour]


def among(x: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tell which items are exact duplicates (N,) and which near duplicates (N,), exact ones too, of a reference item.

    x: (N, H, W, C), reference: (R, H, W, C) uint8, at least 16 pixels a side for near ones, which are all False below.
    Every pair is compared, by the limits of `near_pairs`.
    """
    both = identical(content_of(item) for part in (reference, x) for item in part)[len(reference) :]
    exact = both < len(reference)
    if min(x.shape[1:3]) < THUMB:
        return exact, np.zeros_like(exact)
    return exact, exact | _near_any(*(np.stack([thumbnail_of_item(item) for item in part]) for part in (x, reference)))


def _near_any(thumbs: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Tell which thumbnails (N, 16, 16, C) have a near duplicate among the others (R, 16, 16, C)."""
    both = np.concatenate([thumbs, reference])
    grey = luminance(both)
    unit, colour, alive = standardised(grey), standardised(both), _varies(grey)
    found = np.zeros(len(thumbs), bool)
    for start in range(0, len(thumbs), 1024):
        rows = slice(start, min(start + 1024, len(thumbs)))
        pairs = np.argwhere(unit[rows] @ unit[len(thumbs) :].T >= 1 - NEAR - 1e-5) + [start, len(thumbs)]
        pairs = pairs[alive[pairs].all(axis=1)]
        distance, worst = _compare(unit, pairs)
        pairs = pairs[(distance <= NEAR) & (worst <= LOCAL)]
        found[pairs[_compare(colour, pairs)[0] <= COLOUR, 0]] = True
    return found


def luminance(thumbs: np.ndarray) -> np.ndarray:
    """(N, H, W, C) uint8 -> (N, H, W) float32."""
    if thumbs.shape[3] == 1:
        return thumbs[..., 0].astype(np.float32)
    return thumbs @ np.array(LUMA, np.float32) / np.float32(1000)  # sums of whole numbers, which are exact


def standardised(images: np.ndarray) -> np.ndarray:
    """(N, ...) -> (N, D) float32 of mean 0 and norm 1: |u - v|^2 = 2 (1 - correlation)."""
    flat = images.reshape(len(images), int(np.prod(images.shape[1:]))).astype(np.float32)
    flat -= flat.mean(1, keepdims=True, dtype=np.float64)
    flat /= np.maximum(np.sqrt(np.square(flat).sum(1, keepdims=True, dtype=np.float64)), 1e-6)
    return flat


def _candidates(unit: np.ndarray, others: np.ndarray, limit: float = NEAR) -> np.ndarray:
    """(M, 2) pairs, of `unit` (N, D) and `others` (O, D), whose projections lie within the radius of a distance."""
    sample = others[:: max(1, len(others) // 2000)].astype(np.float64)
    axes = np.linalg.svd(sample - sample.mean(0), full_matrices=False)[2][:AXES]  # (AXES, D) orthonormal
    radius = np.sqrt(2 * limit) * 1.0001  # room for rounding
    k = min(NEIGHBOURS + 1, len(others))
    tree = cKDTree(_projected(others, axes))
    _, neighbour = tree.query(_projected(unit, axes), k=k, distance_upper_bound=radius)  # (N,) or (N, k), O: none
    pairs = np.stack([np.repeat(np.arange(len(unit)), k), np.ravel(neighbour)], axis=1)
    return pairs[pairs[:, 1] < len(others)]


def _projected(unit: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """(N, D) float32, (A, D) -> (N, A) float64; in blocks."""
    return np.concatenate([unit[i : i + BLOCK].astype(np.float64) @ axes.T for i in range(0, len(unit), BLOCK)])


def _compare(unit: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """1 - correlation and the largest single difference in standard deviations, (M,) each; in blocks."""
    distance, worst = np.empty(len(pairs)), np.empty(len(pairs))
    for start in range(0, len(pairs), BLOCK):
        block = slice(start, start + BLOCK)
        difference = np.abs(unit[pairs[block, 0]].astype(np.float64) - unit[pairs[block, 1]])
        distance[block] = (difference**2).sum(1) / 2
        worst[block] = difference.max(1) * np.sqrt(unit.shape[1])
    return distance, worst
