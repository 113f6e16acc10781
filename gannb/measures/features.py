"""Feature spaces in which items are measured, each item or array taken once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gannb.data.examples import Examples

if TYPE_CHECKING:
    from torch import nn

    from gannb.data.medium import Medium


class OncePerItem:
    """Extracts features that take long, of each item of a medium once, whichever array it stands in.

    extract: items (N, ...) -> (N, D). known: pairs of items and their features that are there already.
    """

    def __init__(
        self,
        medium: Medium,
        extract: Callable[[np.ndarray], np.ndarray],
        known: Sequence[tuple[np.ndarray, np.ndarray]] = (),
    ) -> None:
        self.content, self.extract = medium.content, extract
        pairs = (pair for x, features in known for pair in zip(x, features, strict=True))
        self.known = {self.content(item): found for item, found in pairs}

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return features: items (N, ...) -> (N, D)."""
        keys = [self.content(item) for item in x]
        new = {key: i for i, key in enumerate(keys) if key not in self.known}
        if new:
            self.known |= zip(new, self.extract(x[list(new.values())]), strict=True)
        return np.stack([self.known[key] for key in keys])


class Space:
    """A feature space that takes each array once."""

    def __init__(self, extract: Callable[[np.ndarray], np.ndarray]) -> None:
        self.extract = extract
        self.known: list[tuple[np.ndarray, np.ndarray]] = []

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return features: items (N, ...) -> (N, D) float32."""
        for items, found in self.known:
            if items is x:
                return found
        self.known.append((x, self.extract(x)))
        return self.known[-1][1]


class ClassifierSpace(Space):
    """The features that a classifier feeds to its last layer, and with that layer also what classes it sees."""

    def __init__(self, extract: Callable[[np.ndarray], np.ndarray], head: nn.Linear) -> None:
        super().__init__(extract)
        self.weight, self.bias = (tensor.detach().cpu().numpy() for tensor in (head.weight, head.bias))

    def recognises(self, items: Examples) -> np.ndarray:
        """Return in which items the classifier sees their class, (N,) bool."""
        return (self(items.x) @ self.weight.T + self.bias).argmax(1) == items.y
