"""Images as files of a synthetic set, and how people read such a set."""

from __future__ import annotations

import numpy as np

LEVEL = 6  # of compression, 0..9
READING = {
    "folder": 'from torchvision.datasets import ImageFolder\n\nimages = ImageFolder("{{ folder }}")',
    "webdataset": "import webdataset\n\n"
    'images = webdataset.WebDataset("{{ folder }}/{{ urls }}", shardshuffle=False)\n'
    'images = images.shuffle(2000).decode("pil").to_tuple("png", "cls")',
    "parquet": 'from datasets import load_dataset\n\nimages = load_dataset("{{ folder }}", split="train")',
}


def encode(x: np.ndarray) -> bytes:
    """An image (H, W, 1 or 3) uint8 as PNG."""
    import torch
    from torchvision.io import encode_png

    return encode_png(torch.from_numpy(x.transpose(2, 0, 1).copy()), LEVEL).numpy().tobytes()  # (C, H, W)
