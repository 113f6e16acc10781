"""Images as files of a synthetic set, and how people read such a set."""

from __future__ import annotations

import numpy as np

LEVEL = 6  # of compression, 0..9
READING = {
    "folder": """\
from torch.utils.data import ConcatDataset
from torchvision.datasets import ImageFolder

images = ImageFolder("{{ folder }}")
real = ImageFolder("photos")  # your real images, a folder per class; a class is the same number in both by its name:
images.target_transform = lambda y: real.class_to_idx[images.classes[y]]
both = ConcatDataset([real, images])""",
    "webdataset": """\
import webdataset
from torchvision.datasets import ImageFolder

real = ImageFolder("photos")  # your real images, a folder per class; a class is the same number in both by its name:
images = webdataset.WebDataset("{{ folder }}/{{ urls }}", shardshuffle=False)
images = images.shuffle(2000).decode("pil").to_tuple("png", "json")
images = images.map_tuple(lambda image: image, lambda about: real.class_to_idx[about["class"]])""",
    "parquet": """\
from datasets import concatenate_datasets, load_dataset

images = load_dataset("{{ folder }}", split="train")
real = load_dataset("imagefolder", data_dir="photos", split="train")  # your real images, a folder per class
names, ours = real.features["label"].names, images.features["label"].names  # the same class by its name:
images = images.map(lambda y: {"label": names.index(ours[y])}, input_columns="label", features=real.features)
both = concatenate_datasets([real, images])""",
}


def encode(x: np.ndarray) -> bytes:
    """An image (H, W, 1 or 3) uint8 as PNG."""
    import torch  # takes a second; whoever asks for READING does without
    from torchvision.io import encode_png

    return encode_png(torch.from_numpy(x.transpose(2, 0, 1).copy()), LEVEL).numpy().tobytes()  # (C, H, W)
