"""Randomness of a training: from (seed, what for, which), never from what happened before."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
import torch
from torch import nn

_global_randomness = threading.Lock()  # networks take their first weights from it, and threads share it


def derive(seed: int, *key: int) -> int:
    """Return a seed in 0 .. 2**64-1 for a purpose, the first number; zeros at the end of a key change nothing."""
    return int(np.random.SeedSequence([seed, *key]).generate_state(1, np.uint64)[0])


class Passes:
    """Batches from endless shuffled passes over some positions: each is used equally often, to within one."""

    def __init__(self, positions: np.ndarray, batch: int, seed: int) -> None:
        self.n, self.batch = len(positions), batch
        self._pass = lru_cache(maxsize=4)(
            lambda which: positions[np.random.default_rng([seed, 1, which]).permutation(self.n)]
        )

    def __getitem__(self, number: int) -> np.ndarray:
        """Positions (batch,) of the items of a batch."""
        start = number * self.batch
        first, last = start // self.n, (start + self.batch - 1) // self.n
        joined = np.concatenate([self._pass(which) for which in range(first, last + 1)])
        return joined[start - first * self.n :][: self.batch]


@contextmanager
def lent_randomness(seed: int = 0) -> Iterator[None]:
    """Torch's global randomness on the CPU, seeded, for one thread at a time; it is afterwards as it was."""
    with _global_randomness:
        before = torch.default_generator.get_state()
        torch.default_generator.manual_seed(seed)  # `torch.manual_seed` would seed every GPU too
        try:
            yield
        finally:
            torch.default_generator.set_state(before)


class RandomLayer(nn.Module):
    """A layer of a discriminator that is random in training: it draws from `rng`, the training's own.

    That follows from the seed and the step, so that a resumed training draws the same. Without a training there is no
    `rng`, and a layer in evaluation draws nothing.
    """

    rng: torch.Generator | None = None
