"""Images as tensors and back."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def stored(x: np.ndarray, device: str = "cpu") -> Tensor:
    """(N, H, W, C) uint8 -> (N, C, H, W) uint8 on a device, channels last in memory."""
    return torch.from_numpy(np.array(x)).to(device).permute(0, 3, 1, 2)


def encode(levels: Tensor) -> Tensor:
    """(N, C, H, W) uint8 -> float32 in [-1, 1]."""
    return levels.float().div_(127.5).sub_(1)


def decode(values: Tensor) -> np.ndarray:
    """(N, C, H, W) in [-1, 1] -> (N, H, W, C) uint8."""
    levels = ((values.permute(0, 2, 3, 1) + 1) * 127.5).round_().clamp_(0, 255)
    return levels.to(torch.uint8).cpu().numpy()
