"""Cropped copies: images that show a part of another one.

Of every image there is a view, 32x32. Each is compared with parts of all the others, in a grid of windows (`SCALES` of
either side, at both edges and in the middle), by the correlation of 8x8 thumbnails. The best window of each is brought
into place by least squares (Lucas and Kanade 1981, IJCAI, with brightness and contrast free), and judged there: by the
correlation of the views, of their detail (what a blur takes away: two skies are alike, two crops of one sky are the
same), and of their colours. What the window leaves out must hold a picture too: a drawing on white paper, and the same
a little larger, are two drawings.

The limits were chosen on 3,670 flower photographs of 96 pixels a side with 100 crops of them, of 70 to 95 % of either
side, in other aspects, a third of them made smaller and stored as JPEG of quality 85: 92 are found, and every pair that
is found beside them shows one scene twice. Photographs that were cropped to less than `LEAST_SCALE` of a side are not
found, nor copies that were trimmed of an even margin.

As in `near`, sums are taken in 64 bits, or of whole numbers: what is found is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from scipy.ndimage import gaussian_filter

from gannb.media.image.duplicates.near import luminance, standardised, thumbnail

VIEW = 32  # side of the views
LEAST_SIDE = 48  # of an image, in pixels: smaller ones hold too little detail, and honest ones are alike
MOST = 5_000  # images among which crops are searched for: the work grows with their square, half a minute there
COARSE = 8  # side of the thumbnails by which windows are compared
SCALES = (1.0, 0.9, 0.8, 0.7)  # of a side
LEAST_SCALE = 0.6
ASPECT = 1.43  # most that a window may be stretched against the whole
LIKELY = 0.88  # least correlation of thumbnails
ALIKE = 0.95  # least correlation of views in place
DETAIL = 0.85  # the same of their detail
BLUR = 2.0  # standard deviation in pixels of a view: finer is detail
CUT = 0.97  # largest share of the area that a part has
LEFT_OUT = 0.2  # least spread of grey levels in what is left out, as a share of the whole image's
STEPS = 8  # of least squares
WHOLE = 4000  # length of thumbnails rounded to whole numbers: sums of their products are exact in 32 bits


def view(pixels: np.ndarray) -> np.ndarray | None:
    """(H, W) or (H, W, 3) uint8 -> (32, 32) or (32, 32, 3) uint8, aspect ignored; None where a side is too small."""
    if min(pixels.shape[:2]) < LEAST_SIDE:
        return None
    return thumbnail(pixels, VIEW)


def cropped_pairs(views: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of which the first shows a part of the second: (M, 2) positions, and 1 - their correlation (M,).

    views: (N, 32, 32, C) uint8. Of several images that hold a part, the one most like it is found. Empty for more than
    `MOST` images.
    """
    if not 2 <= len(views) <= MOST:
        return np.empty((0, 2), np.int64), np.empty(0)
    grey = luminance(views)
    pairs, windows = _candidates(grey)
    part, whole = (grey[pairs[:, i]].astype(np.float64) for i in (0, 1))
    windows = _in_place(part, whole, windows)
    shown = _cut(whole, windows)
    alike = _correlation(part, shown)
    copies = (alike >= ALIKE) & (_correlation(_detail(part), _detail(shown)) >= DETAIL)
    copies &= (windows[:, 0] * windows[:, 1] <= CUT) & _left_out(whole, windows)
    copies &= _colours_agree(views, pairs, windows)
    return pairs[copies], 1.0 - alike[copies]


def _windows() -> Iterator[np.ndarray]:
    """The grid of windows, (4,) each: height, width, top and left, as shares of the sides."""
    for height, width in product(SCALES, SCALES):
        if (height, width) == (1, 1) or not 1 / ASPECT <= height / width <= ASPECT:
            continue
        places = [(0.0,) if side == 1 else (0.0, 0.5, 1.0) for side in (height, width)]
        for down, across in product(*places):
            yield np.array((height, width, (1 - height) * down, (1 - width) * across))


def _candidates(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of (N, 32, 32), pairs (M, 2) of an image and the one that may hold it, with the window there (M, 4)."""
    whole, everyone = _thumbnails(grey), np.arange(len(grey))
    best, holder = np.full(len(grey), LIKELY * WHOLE**2, np.float32), np.full(len(grey), -1)
    windows = np.zeros((len(grey), 4))
    for window in _windows():
        likeness = whole @ _thumbnails(_cut(grey, window[None])).T
        np.fill_diagonal(likeness, -1)
        nearest = likeness.argmax(axis=1)
        reached = likeness[everyone, nearest]
        better = reached > best
        best[better], holder[better], windows[better] = reached[better], nearest[better], window
    parts = np.flatnonzero(holder >= 0)
    return np.stack([parts, holder[parts]], axis=1), windows[parts]


def _thumbnails(grey: np.ndarray) -> np.ndarray:
    """(N, 32, 32) -> (N, 64) of mean 0 and norm `WHOLE`, rounded to whole numbers, as float32."""
    n, step = len(grey), VIEW // COARSE
    coarse = grey.reshape(n, COARSE, step, COARSE, step).mean(axis=(2, 4), dtype=np.float64)
    return np.rint(standardised(coarse) * WHOLE)


def _correlation(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(P, ...), (P, ...) -> (P,)."""
    return (standardised(one) * standardised(other)).sum(axis=1, dtype=np.float64)


def _cut(grey: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """What windows (P, 4), or one (1, 4), show of views (P, 32, 32), as views: bilinearly, by rows and then along."""
    rows, columns = _weights(windows[:, 2], windows[:, 0]), _weights(windows[:, 3], windows[:, 1])
    return rows @ grey @ columns.transpose(0, 2, 1)


def _weights(start: np.ndarray, size: np.ndarray) -> np.ndarray:
    """For windows that begin at `start` and are `size` long, (P,) shares of a side: (P, 32, 32), to from by."""
    at = (start[:, None] + size[:, None] * _middles()) * VIEW - 0.5
    at = at.clip(0, VIEW - 1)
    low = np.floor(at).astype(np.int64).clip(0, VIEW - 2)
    share = at - low
    weights = np.zeros((*at.shape, VIEW))
    np.put_along_axis(weights, low[..., None], (1 - share)[..., None], axis=2)
    np.put_along_axis(weights, low[..., None] + 1, share[..., None], axis=2)
    return weights


def _middles() -> np.ndarray:
    return (np.arange(VIEW) + 0.5) / VIEW


def _in_place(part: np.ndarray, whole: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """Move windows (P, 4) of `whole` to where they show `part`, (P, 32, 32) both, as nearly as least squares finds."""
    down, across = _middles()[:, None], _middles()
    for _ in range(STEPS if len(part) else 0):
        shown = _cut(whole, windows)
        by_row, by_column = np.gradient(shown, axis=(1, 2))
        by_row, by_column = (VIEW / windows[:, i, None, None] * slope for i, slope in ((0, by_row), (1, by_column)))
        slopes = [by_row * down, by_column * across, by_row, by_column, shown, np.ones_like(shown)]
        columns = np.stack(slopes, axis=-1).reshape(len(part), -1, 6)
        square = columns.transpose(0, 2, 1) @ columns + 1e-3 * np.eye(6)  # solvable where flat
        solved = np.linalg.solve(square, columns.transpose(0, 2, 1) @ part.reshape(len(part), -1, 1))[..., 0]
        contrast = np.where(np.abs(solved[:, 4:5]) < 0.2, 1.0, solved[:, 4:5])
        moved = windows + (solved[:, :4] / contrast).clip(-0.05, 0.05)  # small steps: the slopes hold nearby alone
        sizes = moved[:, :2].clip(LEAST_SCALE, 1.0)
        windows = np.concatenate([sizes, np.clip(moved[:, 2:], 0, 1 - sizes)], axis=1)
    return windows


def _detail(grey: np.ndarray) -> np.ndarray:
    """(P, 32, 32) without what is coarse."""
    return grey - gaussian_filter(grey, (0, BLUR, BLUR))


def _left_out(whole: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """Tell where what windows (P, 4) leave out of views (P, 32, 32) holds a picture: (P,) bool."""
    rows, columns = (
        (_middles() >= windows[:, start, None]) & (_middles() <= windows[:, [start]] + windows[:, [size]])
        for start, size in ((2, 0), (3, 1))
    )
    outside = ~(rows[:, :, None] & columns[:, None, :])
    n = np.maximum(outside.sum(axis=(1, 2)), 1)
    mean = (whole * outside).sum(axis=(1, 2)) / n
    spread = np.sqrt(((whole - mean[:, None, None]) ** 2 * outside).sum(axis=(1, 2)) / n)
    return spread >= LEFT_OUT * whole.std(axis=(1, 2))


def _colours_agree(views: np.ndarray, pairs: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """Tell where parts have the colours of what windows (P, 4) show, (P,) bool; grey ones do. views: (N, 32, 32, C)."""
    if views.shape[3] == 1:
        return np.ones(len(pairs), bool)
    shown = [_cut(views[pairs[:, 1], ..., c], windows) for c in range(views.shape[3])]
    return _correlation(views[pairs[:, 0]], np.stack(shown, axis=-1)) >= ALIKE
