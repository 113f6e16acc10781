"""Clips as tensors and back."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

FULL = 32767  # the largest sample


def stored(x: np.ndarray, device: str = "cpu") -> Tensor:
    """(N, T) int16 -> the same on a device."""
    return torch.from_numpy(np.array(x)).to(device)


def encode(samples: Tensor) -> Tensor:
    """(N, T) int16 -> float32 in [-1, 1]."""
    return samples.float().div_(FULL)


def decode(values: Tensor) -> np.ndarray:
    """(N, T) in [-1, 1] -> int16."""
    return (values * FULL).round_().clamp_(-FULL, FULL).to(torch.int16).cpu().numpy()
