"""Synthetic items without disk: an endless stream of batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import IterableDataset, get_worker_info

from gannb.export.shards import loaded_generator
from gannb.generators.adversarial.randomness import Passes
from gannb.generators.interface import Condition
from gannb.media import medium_with
from gannb.utils.keys import seed_for


class ItemStream(IterableDataset):
    """Endless batches (x, y): items as their medium stores them for networks, and (B,) int64 labels.

    The label of an item of class k is labels[k], (K,), and its name label_names[labels[k]].
    Batch t depends on the weights, the seed and t alone.
    Worker w of W makes the batches w, w + W, ..., which a DataLoader hands out in order: their order does not depend
    on W. `state_dict` is the number of batches that this worker has reached, as torchdata's StatefulDataLoader wants
    it; with a plain DataLoader count the batches and give them as `start`. On a GPU use no workers, or such that are
    spawned.
    """

    def __init__(
        self, generator: Path, medium: tuple[str, Mapping[str, Any]], device: str, classes: list[int],
        labels: list[int], label_names: tuple[str, ...], batch_size: int, seed: int, start: int,
    ) -> None:  # fmt: skip
        self.generator, self.device = generator, device
        self.medium = medium  # its name and traits: a medium itself cannot go to a spawned worker
        self.batch_size, self.seed = batch_size, seed
        self.labels, self.label_names = np.array(labels), label_names
        self.classes, self.start, self.next = np.array(classes), start, None

    def batch(self, t: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Batch number t, from 0."""
        y = Passes(self.classes, self.batch_size, self.seed)[t]  # not kept: it cannot go to a spawned worker
        medium = medium_with(*self.medium)
        generator = loaded_generator(self.generator, medium, self.device)
        x = generator.sample(Condition(y), seed_for(self.seed, "stream", t))
        return medium.stored(x, "cpu").contiguous(), torch.from_numpy(self.labels[y])

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        worker = get_worker_info()
        number, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        t = self.start + number if self.next is None else self.next
        while True:
            self.next = t + workers
            yield self.batch(t)
            t = self.next

    def state_dict(self) -> dict[str, Any]:
        """Where this worker goes on."""
        return {"next": self.next}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state_dict` was taken."""
        self.next = state["next"]
