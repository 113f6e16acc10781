"""The formats, read back by the libraries that people read them with."""

from __future__ import annotations

import importlib.util
import re

import numpy as np
import pytest
from conftest import ROOT

from gannb.export.formats import FORMATS, ROW_GROUP, Shard
from gannb.media.captioned import CAPTIONED
from gannb.media.captioned.sources import open_source
from gannb.media.image import IMAGE
from gannb.media.image.export import encode
from gannb.utils.errors import InputError

CLASSES = ("cat", "dog", "cow")
LABELS = ("cat", "cow", "dog")
COUNTS = {0: 5, 2: 3}
SHAPES = [(8, 8, 1), (9, 7, 3)]


def made(shape) -> tuple[Shard, dict[tuple[int, int], np.ndarray]]:
    """A shard with items of two of three classes, and its items."""
    rng = np.random.default_rng(0)
    items = {(k, i): rng.integers(256, size=shape, dtype=np.uint8) for k, n in COUNTS.items() for i in range(n)}
    return Shard(0, tuple((k, 0, n) for k, n in COUNTS.items()), CLASSES, LABELS), items


def written(folder, name: str, shape=SHAPES[0]) -> list[tuple[str, np.ndarray]]:
    """Write a shard; return class names and items in the order in which they were written."""
    shard, items = made(shape)
    FORMATS[name](IMAGE).write(folder, shard, ((k, i, x) for (k, i), x in items.items()))
    return [(CLASSES[k], x) for (k, _), x in items.items()]


def as_array(image, shape) -> np.ndarray:
    return np.asarray(image.convert("L" if shape[2] == 1 else "RGB")).reshape(shape)


def check(found: list[tuple[str, np.ndarray]], expected: list[tuple[str, np.ndarray]]) -> None:
    assert [name for name, _ in found] == [name for name, _ in expected]
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(found, expected, strict=True))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_folder_is_read_by_torchvision(tmp_path, shape):
    from torchvision.datasets import ImageFolder

    expected = written(tmp_path, "folder", shape)
    images = ImageFolder(tmp_path)
    check([(images.classes[y], as_array(x, shape)) for x, y in images], sorted(expected, key=lambda pair: pair[0]))


def test_a_folder_is_read_by_timm(tmp_path):
    from timm.data import create_dataset

    written(tmp_path, "folder")
    images = create_dataset("", root=str(tmp_path), split="train")
    assert len(images) == 8 and images.reader.class_to_idx == {"cat": 0, "cow": 1}


def test_the_training_script_of_the_notebooks_readme_reads_it(tmp_path, monkeypatch):
    script = re.search(r"```python\n(import timm.*?)```", (ROOT / "notebooks" / "README.md").read_text(), re.S)[1]
    for name in ("photos", "synthetic"):
        (tmp_path / name).mkdir()
        written(tmp_path / name, "folder")
    monkeypatch.chdir(tmp_path)
    exec(script.replace("= 64, 32, 2000, 0.25", "= 32, 4, 2, 0.25"), {})
    assert (tmp_path / "model.pt").is_file()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_tar_shards_are_read_by_webdataset(tmp_path, shape):
    webdataset = pytest.importorskip("webdataset")
    expected = written(tmp_path, "webdataset", shape)
    images = webdataset.WebDataset(str(tmp_path / "train-00000.tar"), shardshuffle=False)
    found = images.decode("pil").to_tuple("png", "cls")
    check([(LABELS[y], as_array(x, shape)) for x, y in found], expected)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_parquet_is_read_by_datasets_as_image_and_class_label(tmp_path, monkeypatch, shape):
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    (tmp_path / "set").mkdir()
    expected = written(tmp_path / "set", "parquet", shape)
    images = datasets.load_dataset(str(tmp_path / "set"), split="train", cache_dir=str(tmp_path / "cache"))
    assert isinstance(images.features["image"], datasets.Image)
    assert images.features["label"].names == list(LABELS)
    check([(LABELS[row["label"]], as_array(row["image"], shape)) for row in images], expected)


def test_equal_items_are_equal_bytes_and_names_are_those_of_the_shard(tmp_path):
    for name, layout in FORMATS.items():
        if name == "parquet" and importlib.util.find_spec("pyarrow") is None:
            continue
        for copy in ("a", "b"):
            (tmp_path / name / copy).mkdir(parents=True)
            written(tmp_path / name / copy, name)
        files = list(layout(IMAGE).files(made(SHAPES[0])[0]))
        there = {str(p.relative_to(tmp_path / name / "a")) for p in (tmp_path / name / "a").rglob("*") if p.is_file()}
        assert there == set(files)
        assert all((tmp_path / name / "a" / f).read_bytes() == (tmp_path / name / "b" / f).read_bytes() for f in files)


def test_rows_of_parquet_come_in_groups(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    shard = Shard(3, ((0, 0, ROW_GROUP + 5),), CLASSES, LABELS)
    x = np.zeros((4, 4, 1), np.uint8)
    FORMATS["parquet"](IMAGE).write(tmp_path, shard, ((0, i, x) for i in range(len(shard))))
    about = parquet.ParquetFile(tmp_path / "train-00003.parquet").metadata
    assert [about.row_group(i).num_rows for i in range(about.num_row_groups)] == [ROW_GROUP, 5]


@pytest.mark.parametrize(("name", "size"), [("folder", 4096), ("webdataset", 3072), ("parquet", 148)])
def test_the_size_on_disk_is_known_beforehand(name, size):
    assert FORMATS[name](IMAGE).bytes_of([100], 4096) == size


@pytest.mark.parametrize("name", ["a/b", "..", "", ".hidden", "a:b"])
def test_a_class_that_cannot_be_a_folder_is_refused(name):
    with pytest.raises(InputError, match=re.escape(f"cannot have a folder called {name!r}")):
        FORMATS["folder"](IMAGE).check(("cat", name))
    FORMATS["webdataset"](IMAGE).check(("cat", name))


def test_parquet_without_its_library_is_refused_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'gannb\[parquet\]'"):
        FORMATS["parquet"](IMAGE).check(CLASSES)


def test_strays_are_what_a_reader_would_take_for_a_part_of_the_set(tmp_path):
    written(tmp_path, "folder")
    for name in ("notes.txt", "cat/readme.txt", "cat/00000005.png", "cat/mine.JPG", "dog/1.png", "cow/00000002.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    found = FORMATS["folder"](IMAGE).strays(tmp_path, [made(SHAPES[0])[0]])
    assert sorted(found) == ["cat/00000005.png", "cat/mine.JPG", "dog"]
    (tmp_path / "train-00000.tar").write_text("")
    (tmp_path / "train-00001.tar").write_text("")
    assert list(FORMATS["webdataset"](IMAGE).strays(tmp_path, [made(SHAPES[0])[0]])) == ["train-00001.tar"]


# ---- captions


CAPTIONS = {(k, i): f"a {CLASSES[k]} of M\u00fcnchen, number {i}" for k, n in COUNTS.items() for i in range(n)}
TEXTS = list(CAPTIONS.values())


def captioned(folder, name: str) -> list[str]:
    """Write a shard of captioned images as a set; return the files beside it."""
    (shard, items), layout = made(SHAPES[1]), FORMATS[name](CAPTIONED, True)
    folder.mkdir(exist_ok=True)
    layout.write(folder, shard, ((k, i, x) for (k, i), x in items.items()), CAPTIONS)
    return layout.finish(folder, [(shard, CAPTIONS)])


def test_captions_of_a_folder_are_read_by_datasets_and_by_the_kit_itself(tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    assert captioned(tmp_path / "set", "folder") == ["metadata.jsonl"]
    found = datasets.load_dataset("imagefolder", data_dir=str(tmp_path / "set"), split="train", cache_dir=str(tmp_path))
    assert [(row["text"], row["label"]) for row in found] == [(t, t.split()[1]) for t in TEXTS]
    source, _ = open_source(str(tmp_path / "set"), None, "fail")
    assert [own[0] for own in source.captions] == TEXTS and source.classes == ("cat", "cow")


def test_captions_in_tar_shards_are_read_by_webdataset(tmp_path):
    webdataset = pytest.importorskip("webdataset")
    assert captioned(tmp_path, "webdataset") == []
    found = webdataset.WebDataset(str(tmp_path / "train-00000.tar"), shardshuffle=False).decode("pil")
    assert [text for _, text, _ in found.to_tuple("png", "txt", "json")] == TEXTS


def test_captions_in_parquet_are_a_column_of_texts(tmp_path):
    datasets = pytest.importorskip("datasets")
    captioned(tmp_path, "parquet")
    found = datasets.load_dataset(
        "parquet", data_files=str(tmp_path / "*.parquet"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert found["text"] == TEXTS and found.features["label"].names == list(LABELS)
    assert list(found.features) == ["image", "label", "text"]


@pytest.mark.parametrize(("name", "more"), [("folder", 0), ("webdataset", 1024), ("parquet", 100)])
def test_the_room_that_captions_take_is_known_beforehand(name, more):
    sizes = [FORMATS[name](CAPTIONED, captions).bytes_of([100], 4096) for captions in (True, False)]
    assert sizes[0] - sizes[1] == more


def test_images_are_png_without_loss():
    x = np.random.default_rng(0).integers(256, size=(5, 6, 3), dtype=np.uint8)
    assert encode(x)[:8] == b"\x89PNG\r\n\x1a\n"
