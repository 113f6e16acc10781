"""Images as files and as features of a data set for the hub."""

from __future__ import annotations

import numpy as np

PNG = 6  # compression level, 0..9
IMAGES = (".png", ".jpg", ".jpeg", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp", ".gif")


def encode(x: np.ndarray) -> bytes:
    """An image (H, W, 1 or 3) uint8 as PNG."""
    import torch
    from torchvision.io import encode_png

    return encode_png(torch.from_numpy(x.transpose(2, 0, 1).copy()), PNG).numpy().tobytes()  # (C, H, W)
