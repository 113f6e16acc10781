"""Captioned images small enough to learn: a bright and a dark stripe, and a sentence of the order they lie in."""

from __future__ import annotations

import numpy as np

from gannb.data.examples import Examples

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 220)}
SIDE = 16  # pixels


def stripes(per_caption: int = 4, leave_out: tuple[str, ...] = (), seed: int = 0) -> Examples:
    """Images (16, 16, 3) of an upper and a lower half, each of a colour; two sentences that say the same for each.

    Class 0 has the same colour twice, class 1 two; leave_out: sentences of which there are to be no images.
    """
    rng, x, captions, y = np.random.default_rng(seed), [], [], []
    for upper, above in COLOURS.items():
        for lower, below in COLOURS.items():
            said = f"{upper} on {lower}"
            if said in leave_out:
                continue
            for _ in range(per_caption):
                image = np.concatenate([np.full((SIDE // 2, SIDE, 3), c, float) for c in (above, below)])
                x.append((image + rng.normal(0, 12, image.shape)).clip(0, 255).astype(np.uint8))
                captions.append([said, f"over {lower} lies {upper}"])
                y.append(int(upper != lower))
    names = np.arange(len(y))
    order = rng.permutation(len(y))
    return Examples(
        np.stack(x), np.array(y, np.int64), ("one", "two"), names.astype(str), names, np.array(captions)
    ).take(order)
