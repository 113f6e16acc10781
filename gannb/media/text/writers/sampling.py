"""From random numbers to sentences: each depends on its own numbers and label, and on nothing beside it."""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import ndtr
from torch import nn

from gannb.generators.adversarial.sampling import in_batches, noise_rows
from gannb.media.text.writers.blanks import half_of, lengths_of, with_blanks
from gannb.media.text.writers.family import TextFamily
from gannb.media.text.writers.vocabulary import NOTHING

FOR_CHOICE = 2  # numbers of a sentence that choose what it is made from, before those of its words


def uniforms(seed: int, index: np.ndarray, places: int) -> np.ndarray:
    """Numbers in 0..1 of the positions `index` (M,) in the seed's endless sequence, (M, 2 + places)."""
    return ndtr(noise_rows(seed, index, (FOR_CHOICE + places,)).astype(np.float64))


def write(
    family: TextFamily,
    network: nn.Module,
    draw: tuple[np.ndarray, np.ndarray],
    labels: np.ndarray,
    random: np.ndarray,
    half: bool = False,
    temperature: float = 1.0,
) -> np.ndarray:
    """Write a sentence for each label: (M,), numbers (M, 2 + T) -> numbers of words (M, T).

    draw: sentences (N, T) as numbers of words, and their labels (N,). half: half of a sentence of the draw is kept;
    else a filler fills as many blanks as one of them has words, and has nothing else of it.
    """
    device, (x, y) = next(network.parameters()).device, draw
    bases = x[_chosen(y, labels, random[:, 0])] if len(labels) else x[:0]

    def made(base: np.ndarray, of_class: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        numbers, given = torch.from_numpy(uniform).to(device), torch.from_numpy(base).to(device)
        wanted = torch.from_numpy(of_class).to(device)
        if not family.fills:
            return network.write(wanted, numbers[:, FOR_CHOICE:], temperature).cpu().numpy()
        blank = half_of(lengths_of(given), numbers[:, 1], given.shape[1]) if half else given != NOTHING
        return network.fill(with_blanks(given, blank), wanted, numbers[:, FOR_CHOICE:], temperature).cpu().numpy()

    return in_batches(made, bases, np.asarray(labels, np.int64), random)


def _chosen(y: np.ndarray, labels: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Return a sentence of the draw for each label, each of its class equally likely, (M,) int64."""
    places = [np.flatnonzero(y == k) for k in range(max(y.max(), labels.max()) + 1)]
    return np.array([places[k][int(u * len(places[k])) % len(places[k])] for k, u in zip(labels, uniform, strict=True)])
