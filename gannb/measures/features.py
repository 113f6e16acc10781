"""Feature spaces in which items are measured, each item or array taken once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gannb.data.examples import Examples
from gannb.media.image.duplicates import content


class OncePerItem:
    """Extracts features that take long, of each item once, whichever array it stands in.

    extract: (N, H, W, C) uint8 -> (N, D). known: pairs of items and their features that are there already.
    """

    def __init__(
        self, extract: Callable[[np.ndarray], np.ndarray], known: Sequence[tuple[np.ndarray, np.ndarray]] = ()
    ) -> None:
        self.extract = extract
        self.known = {content(item): found for x, features in known for item, found in zip(x, features, strict=True)}

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return features: (N, H, W, C) uint8 -> (N, D)."""
        keys = [content(item) for item in x]
        new = {key: i for i, key in enumerate(keys) if key not in self.known}
        if new:
            self.known |= zip(new, self.extract(x[list(new.values())]), strict=True)
        return np.stack([self.known[key] for key in keys])


class Space:
    """A feature space that takes each array once; with a classifier's last layer, also what classes it sees."""

    def __init__(self, extract: Callable[[np.ndarray], np.ndarray], last: Any = None) -> None:
        self.extract, self.last = extract, last
        self.known: list[tuple[np.ndarray, np.ndarray]] = []

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return features: (N, H, W, C) uint8 -> (N, D) float32."""
        for items, found in self.known:
            if items is x:
                return found
        self.known.append((x, self.extract(x)))
        return self.known[-1][1]

    def recognises(self, items: Examples) -> np.ndarray:
        """Return in which items the classifier sees their class, (N,) bool."""
        weight, bias = (tensor.detach().cpu().numpy() for tensor in (self.last.weight, self.last.bias))
        return (self(items.x) @ weight.T + bias).argmax(1) == items.y
