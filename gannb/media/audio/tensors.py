"""Sounds as tensors and back: waveforms, of which whoever wants a picture of frequencies makes one."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gannb.media.audio.parameters import FULL


def stored(x: np.ndarray, device: str = "cpu") -> Tensor:
    """Clips (N, T) int16 as a tensor on a device."""
    return torch.from_numpy(np.array(x)).to(device)


def encode(levels: Tensor) -> Tensor:
    """(N, T) int16 -> float32 in [-1, 1]."""
    return levels.float().div_(FULL)


def decode(values: Tensor) -> np.ndarray:
    """(N, T) floats -> int16, rounded; what lies beyond [-1, 1] is cut off."""
    levels = (values.float() * FULL).round_().clamp_(-FULL, FULL)
    return levels.to(torch.int16).cpu().numpy()
