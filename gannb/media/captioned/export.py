"""How people read a synthetic set of captioned images; its files are those of images, with a caption beside each."""

from __future__ import annotations

READING = {
    "folder": """\
from datasets import load_dataset

images = load_dataset("imagefolder", data_dir="{{ folder }}", split="train")  # columns image, text and label
print(images[0]["text"])""",
    "webdataset": """\
import webdataset

images = webdataset.WebDataset("{{ folder }}/{{ urls }}", shardshuffle=False)
images = images.shuffle(2000).decode("pil").to_tuple("png", "txt", "json")  # an image, its caption, and its class""",
    "parquet": """\
from datasets import load_dataset

images = load_dataset("{{ folder }}", split="train")  # columns image, text and label
print(images[0]["text"], images.features["label"].names[images[0]["label"]])""",
}
