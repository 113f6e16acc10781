"""Labels: a class has the same number, or at least its name, for whoever reads real and synthetic items together."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from jinja2 import Environment
from PIL import Image

from gannb.export.formats import FORMATS, Shard
from gannb.export.labels import label_names, numbering_text
from gannb.media.image import IMAGE
from gannb.study.data_copy import read_data
from gannb.study.model import make_study

CLASSES = ("0", "1", "2", "10", "a.1", "B c")  # in natural order
AS_READ = ("0", "1", "10", "2", "B c", "a.1")  # in the order of ImageFolder
SIDE = 8
MADE = {"2": 3, "10": 2, "B c": 1, "a.1": 1}  # synthetic items: "0" and "1" have none


def photos(folder: Path, classes=CLASSES, n: int = 6) -> Path:
    """Images in a folder per class, the first pixel of each its class's number in CLASSES, times 10."""
    rng = np.random.default_rng(0)
    for name in classes:
        (folder / name).mkdir(parents=True)
        for i in range(n):
            x = rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
            x[0, 0] = 10 * CLASSES.index(name)
            Image.fromarray(x).save(folder / name / f"{i}.png")
    return folder


def class_of(image: Image.Image) -> str:
    """The class that an image is of, by its first pixel."""
    return CLASSES[np.asarray(image)[0, 0, 0] // 10]


def synthetic(folder: Path, format: str, labels=AS_READ) -> Path:
    """A set with items of some of the classes."""
    folder.mkdir()
    counts = [MADE.get(name, 0) for name in CLASSES]
    shard = Shard(0, tuple((k, 0, n) for k, n in enumerate(counts) if n), CLASSES, labels)
    items = ((k, i, np.full((SIDE, SIDE, 3), 10 * k, np.uint8)) for k, n in enumerate(counts) for i in range(n))
    FORMATS[format](IMAGE).write(folder, shard, items)
    return folder


# ---- which number


def test_a_folder_per_class_is_numbered_as_torchvision_and_datasets_number_it(tmp_path, monkeypatch):
    from torchvision.datasets import ImageFolder

    data = read_data(make_study(data=str(photos(tmp_path / "photos")), output_dir=str(tmp_path)))
    assert data.pool.classes == CLASSES and label_names(data) == AS_READ
    assert list(label_names(data)) == ImageFolder(tmp_path / "photos").classes
    assert "ImageFolder" in numbering_text(data)
    assert list(label_names(data)) == loaded(tmp_path, monkeypatch, "imagefolder").features["label"].names


def test_classes_that_are_held_out_keep_their_numbers(tmp_path):
    folder = photos(tmp_path / "photos")
    data = read_data(make_study(data=str(folder), held_out="10,a.1", output_dir=str(tmp_path)))
    assert data.pool.classes == ("0", "1", "2", "B c") and label_names(data) == AS_READ


def test_arrays_keep_the_numbers_that_they_have(tmp_path):
    rng, y = np.random.default_rng(0), np.repeat(np.arange(12), 5)
    np.savez(tmp_path / "a.npz", train_images=rng.integers(0, 256, (60, 8, 8), dtype=np.uint8), train_labels=y)
    data = read_data(make_study(data=str(tmp_path / "a.npz"), held_out="2", output_dir=str(tmp_path)))
    assert label_names(data) == tuple(map(str, range(12))) and "ImageFolder" not in numbering_text(data)


# ---- read together: with the code of the card, whatever the numbers are


def loaded(tmp_path: Path, monkeypatch, *arguments: str):
    """What `datasets` loads, with its cache in the test's folder."""
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    if arguments == ("imagefolder",):
        return datasets.load_dataset("imagefolder", data_dir=str(tmp_path / "photos"), split="train")
    return datasets.load_dataset(*arguments, split="train") if arguments else datasets


def run_card(tmp_path: Path, folder: Path, format: str) -> dict:
    """Run the code that a set's card shows; return its variables."""
    template = Environment().from_string(IMAGE.reading_code[format])
    code = template.render(folder=folder, urls="train-00000.tar").replace('"photos"', repr(str(tmp_path / "photos")))
    variables: dict = {}
    exec(code, variables)
    return variables


LABELS = [AS_READ, CLASSES, ("2", "a.1", "10", "B c", "1", "0", "unseen")]


def test_a_folder_is_read_beside_real_images(tmp_path):
    photos(tmp_path / "photos")
    found = run_card(tmp_path, synthetic(tmp_path / "set", "folder"), "folder")
    names = found["real"].classes
    said = [(names[y], class_of(x)) for x, y in found["both"]]
    assert len(said) == 36 + 7 and all(a == b for a, b in said)


@pytest.mark.parametrize("labels", LABELS, ids=["as read", "natural", "other"])
def test_tar_shards_are_read_beside_real_images(tmp_path, labels):
    pytest.importorskip("webdataset")
    photos(tmp_path / "photos")
    found = run_card(tmp_path, synthetic(tmp_path / "set", "webdataset", labels), "webdataset")
    said = [(found["real"].classes[y], class_of(x)) for x, y in found["images"]]
    assert len(said) == 7 and all(a == b for a, b in said)


@pytest.mark.parametrize("labels", LABELS, ids=["as read", "natural", "other"])
def test_parquet_is_read_beside_real_images(tmp_path, monkeypatch, labels):
    loaded(tmp_path, monkeypatch)
    photos(tmp_path / "photos")
    both = run_card(tmp_path, synthetic(tmp_path / "set", "parquet", labels), "parquet")["both"]
    names = both.features["label"].names
    said = [(names[row["label"]], class_of(row["image"])) for row in both]
    assert names == list(AS_READ) and len(said) == 36 + 7 and all(a == b for a, b in said)


def test_parquet_of_a_folder_is_concatenated_as_it_is(tmp_path, monkeypatch):
    datasets = loaded(tmp_path, monkeypatch)
    photos(tmp_path / "photos")
    real = loaded(tmp_path, monkeypatch, "imagefolder")
    made = loaded(tmp_path, monkeypatch, str(synthetic(tmp_path / "set", "parquet")))
    both = datasets.concatenate_datasets([real, made])
    assert all(both.features["label"].names[row["label"]] == class_of(row["image"]) for row in both)


def test_tar_shards_of_a_folder_have_the_numbers_of_its_classes_and_their_names(tmp_path, monkeypatch):
    webdataset = pytest.importorskip("webdataset")
    from torchvision.datasets import ImageFolder

    real = ImageFolder(photos(tmp_path / "photos"))
    folder = synthetic(tmp_path / "set", "webdataset")
    images = webdataset.WebDataset(str(folder / "train-00000.tar"), shardshuffle=False).decode("pil")
    for image, label, about in images.to_tuple("png", "cls", "json"):
        assert real.classes[label] == class_of(image) and about == {"label": label, "class": class_of(image)}
    rows = loaded(tmp_path, monkeypatch, str(folder))
    assert all(row["json"] == {"label": row["cls"], "class": class_of(row["png"])} for row in rows)


def test_a_stream_has_the_labels_of_a_set(helpful, monkeypatch):
    from gannb.export import generate as module

    names = tuple(reversed("0123456789"))
    plain = next(iter(module.stream(helpful, batch_size=20)))
    monkeypatch.setattr(module, "label_names", lambda dataset: names)
    source = module.stream(helpful, batch_size=20)
    x, y = next(itertools.islice(source, 1))
    assert source.label_names == names and np.array_equal(x, plain[0]) and np.array_equal(y, 9 - plain[1])
