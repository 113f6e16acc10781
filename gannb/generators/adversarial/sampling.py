"""From a generator network to items: noise by position, batches of one size, truncation."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.special import ndtr, ndtri
from torch import nn

from gannb.utils.cuda import exact

if TYPE_CHECKING:
    from gannb.generators.adversarial.form import Form

SAMPLE_BATCH = 64
BLOCK = 64  # rows of noise that are drawn together


def noise_rows(seed: int, index: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal noise of the positions `index` (M,) in the seed's endless sequence, (M, *shape) float32.

    A row depends on the seed and its position, and on nothing else, on every machine.
    """
    blocks, place = np.unique(np.asarray(index) // BLOCK, return_inverse=True)
    drawn = [np.random.default_rng([seed, b]).standard_normal((BLOCK, *shape), dtype=np.float32) for b in blocks]
    return np.stack(drawn)[place, index % BLOCK] if len(index) else np.empty((0, *shape), np.float32)


def truncate(noise: np.ndarray, limit: float) -> np.ndarray:
    """Noise (N, ...) of the normal distribution cut off at +-limit, by the quantiles of the noise given.

    The truncation trick (Brock et al. 2019, section 3.1): less variety, more typical items. Row for row the same
    order of values as before, so that nothing has to be drawn again.
    """
    inside = ndtr(limit) - ndtr(-limit)
    return ndtri(ndtr(-limit) + inside * ndtr(noise.astype(np.float64))).astype(np.float32)


def great_circle(start: np.ndarray, end: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """Points between two of noise, of one shape, along the arc between them: fractions (F,) in 0..1 -> (F, ...)."""
    cosine = np.dot(start.ravel(), end.ravel()) / (np.linalg.norm(start) * np.linalg.norm(end))
    angle = np.arccos(np.clip(cosine, -1, 1))
    t = fractions.reshape(-1, *[1] * start.ndim)
    if np.sin(angle) < 1e-6:
        return ((1 - t) * start + t * end).astype(np.float32)
    return ((np.sin((1 - t) * angle) * start + np.sin(t * angle) * end) / np.sin(angle)).astype(np.float32)


@torch.inference_mode()
def in_batches(function: Callable[..., np.ndarray], *arrays: np.ndarray) -> np.ndarray:
    """Apply a function of arrays to rows of them in batches of one size: rows (M, ...) -> (M, ...).

    The last batch is filled up: a row's result must not depend on how many are computed with it.
    """
    n = len(arrays[0])
    results = []
    for start in range(0, max(1, n), SAMPLE_BATCH):
        parts = [a[start : start + SAMPLE_BATCH] for a in arrays]
        fill = SAMPLE_BATCH - len(parts[0])
        results.append(function(*(np.pad(p, [(0, fill)] + [(0, 0)] * (p.ndim - 1)) for p in parts)))
    return np.concatenate(results)[:n]


def generate(form: Form, network: nn.Module, noise: np.ndarray, told: np.ndarray) -> np.ndarray:
    """Items (M, ...) of noise (M, ...) and what is told of them: labels (M,), the classes' shares (M, K), or codes."""
    return form.items(make(form, network, noise, told))


def make(form: Form, network: nn.Module, noise: np.ndarray, told: np.ndarray) -> np.ndarray:
    """What a network makes, rounded and in the form that it works in: (M, ...), see `generate`."""
    device = next(network.parameters()).device

    def rounded(z: np.ndarray, y: np.ndarray) -> np.ndarray:
        return form.decode(network(torch.from_numpy(z).to(device), torch.from_numpy(y).to(device)))

    with exact() if device.type == "cuda" else nullcontext():  # a set of items promises to be made again byte for byte
        return in_batches(rounded, noise, told)


def score(form: Form, network: nn.Module, x: np.ndarray, told: np.ndarray) -> np.ndarray:
    """The discriminator's scores (M,) of items (M, ...) of which (M, ...) is told, high for "real".

    Where it gives several of an item, their mean.
    """
    device = str(next(network.parameters()).device)

    def scores(items: np.ndarray, y: np.ndarray) -> np.ndarray:
        found = network(form.encode(form.stored(items, device)), torch.from_numpy(y).to(device))[0]
        return found.flatten(1).mean(1).cpu().numpy() if found.ndim > 1 else found.cpu().numpy()

    return in_batches(scores, x, told)
