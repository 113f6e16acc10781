"""From a generator network to images: noise by position, batches of one size, truncation."""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import ndtr, ndtri
from torch import nn

SAMPLE_BATCH = 64
BLOCK = 64  # rows of noise that are drawn together


def noise_rows(seed: int, index: np.ndarray, dimensions: int) -> np.ndarray:
    """Standard normal noise of the positions `index` (M,) in the seed's endless sequence, (M, dimensions) float32.

    A row depends on the seed and its position, and on nothing else, on every machine.
    """
    blocks, place = np.unique(np.asarray(index) // BLOCK, return_inverse=True)
    drawn = [np.random.default_rng([seed, b]).standard_normal((BLOCK, dimensions), dtype=np.float32) for b in blocks]
    return np.stack(drawn)[place, index % BLOCK] if len(index) else np.empty((0, dimensions), np.float32)


def truncate(noise: np.ndarray, limit: float) -> np.ndarray:
    """Noise (N, Z) of the normal distribution cut off at +-limit, by the quantiles of the noise given.

    The truncation trick (Brock et al. 2019, section 3.1): less variety, more typical images. Row for row the same
    order of values as before, so that nothing has to be drawn again.
    """
    inside = ndtr(limit) - ndtr(-limit)
    return ndtri(ndtr(-limit) + inside * ndtr(noise.astype(np.float64))).astype(np.float32)


def great_circle(start: np.ndarray, end: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """Points between two of noise, (Z,) each, along the arc between them: fractions (F,) in 0..1 -> (F, Z) float32."""
    cosine = np.dot(start, end) / (np.linalg.norm(start) * np.linalg.norm(end))
    angle = np.arccos(np.clip(cosine, -1, 1))
    t = fractions[:, None]
    if np.sin(angle) < 1e-6:
        return ((1 - t) * start + t * end).astype(np.float32)
    return ((np.sin((1 - t) * angle) * start + np.sin(t * angle) * end) / np.sin(angle)).astype(np.float32)


@torch.inference_mode()
def in_batches(function, *arrays: np.ndarray) -> np.ndarray:
    """Apply a function of tensors to rows of arrays in batches of one size: rows (M, ...) -> (M, ...).

    The last batch is filled up: a row's result must not depend on how many are computed with it.
    """
    n = len(arrays[0])
    results = []
    for start in range(0, max(1, n), SAMPLE_BATCH):
        parts = [a[start : start + SAMPLE_BATCH] for a in arrays]
        fill = SAMPLE_BATCH - len(parts[0])
        padded = [torch.from_numpy(np.pad(p, [(0, fill)] + [(0, 0)] * (p.ndim - 1))) for p in parts]
        results.append(function(*padded).cpu().numpy())
    return np.concatenate(results)[:n]


def generate(network: nn.Module, noise: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Images (M, H, W, C) uint8 of noise (M, Z) and labels, (M,) or the classes' shares (M, K) float32."""
    device = next(network.parameters()).device

    def pixels(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        images = network(z.to(device), y.to(device)).permute(0, 2, 3, 1)
        return ((images + 1) * 127.5).round_().clamp_(0, 255).to(torch.uint8)

    return in_batches(pixels, noise, labels)


def score(network: nn.Module, x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The discriminator's scores (M,) of images (M, H, W, C) uint8 with labels (M,), high for "real"."""
    device = next(network.parameters()).device

    def scores(images: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return network(images.to(device).permute(0, 3, 1, 2).float() / 127.5 - 1, y.to(device))[0]

    return in_batches(scores, x, labels)
