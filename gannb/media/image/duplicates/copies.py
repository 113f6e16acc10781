"""Which images from elsewhere are copies of a study's own: the same, nearly the same, mirrored, turned or cropped."""

from __future__ import annotations

import numpy as np

from gannb.media.image.duplicates.crops import LEAST_SIDE, VIEW, cropped_pairs
from gannb.media.image.duplicates.near import THUMB, near_others, thumbnail_of_item
from gannb.utils.keys import content_of


def copies_of(x: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Tell which items are copies of one of others: (N,) bool.

    x: (N, H, W, C), others: (M, H, W, C), both uint8 and brought to one shape. Identical ones are found at any side;
    from 16 pixels on near duplicates, mirrored and turned ones as well, whatever their labels; from 48 pixels on what
    is cut out of the other or the other way round, of up to `crops.MOST` items together.
    """
    known = {content_of(item) for item in others}
    copies = np.fromiter((content_of(item) in known for item in x), bool, len(x))
    if not len(x) or not len(others) or min(x.shape[1:3]) < THUMB:
        return copies
    copies |= near_others(*(np.stack([thumbnail_of_item(item) for item in part]) for part in (x, others)))
    return copies | _crops_of(x, others) if min(x.shape[1:3]) >= LEAST_SIDE else copies


def _crops_of(x: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Tell which items (N,) show a part of one of others, or hold it."""
    views = np.stack([thumbnail_of_item(item, VIEW) for item in (*x, *others)])
    pairs, found = cropped_pairs(views)[0], np.zeros(len(x), bool)
    across = pairs[(pairs < len(x)).sum(1) == 1]
    found[across[across < len(x)]] = True
    return found
