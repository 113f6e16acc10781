"""Cropped copies: found where they are, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from image_sets import folder_of, group_of, jpeg, photo, write
from PIL import Image, ImageDraw

from gannb.media.image.duplicates import crops
from gannb.media.image.reading import read

# left, top, right, bottom of what is kept, of 96 x 96
KEPT = {
    "centre": (10, 10, 86, 86),
    "a corner": (0, 0, 70, 70),
    "the other corner": (30, 30, 96, 96),
    "a little": (0, 0, 90, 90),
    "a broad part": (5, 15, 90, 80),
    "a high part": (20, 0, 90, 96),
}


def scene(seed: int, side: int = 96) -> Image.Image:
    """A picture with coarse and fine structure."""
    rng = np.random.default_rng(seed)
    layers = [np.asarray(photo(seed, side, side), float)]
    for n in (12, 24):
        grey = Image.fromarray(rng.integers(0, 256, (n, n), dtype=np.uint8)).resize(
            (side, side), Image.Resampling.BICUBIC
        )
        layers.append(np.asarray(grey, float)[..., None] - 128)
    return Image.fromarray((layers[0] + 0.35 * layers[1] + 0.35 * layers[2]).clip(0, 255).astype(np.uint8))


def scenes(root, n: int = 6, side: int = 96):
    for name in ("cat", "dog"):
        for i in range(n):
            write(root / name / f"{name}{i}.png", scene(100 * (name == "dog") + i, side))
    return root


@pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT)
def test_a_cropped_copy_is_found(tmp_path, kept):
    scenes(tmp_path)
    write(tmp_path / "cat" / "holiday.png", scene(0).crop(kept))
    found = read(str(tmp_path), size="32")
    assert found.report.near_duplicates == [["cat/cat0.png", "cat/holiday.png"]]
    assert group_of(found, "cat/cat0.png") == group_of(found, "cat/holiday.png")
    assert [told for told in found.report.remarks if "cropped" in told] == [
        "1 pair of images is a cropped copy; both stay on one side of every split"
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda image: jpeg(image, 75),
        lambda image: image.resize((60, 60), Image.Resampling.LANCZOS),
        lambda image: image.resize((224, 224), Image.Resampling.BICUBIC),
        lambda image: image.point(lambda v: min(255, round(1.1 * v))),
    ],
    ids=["re-encoded", "smaller", "larger", "brighter"],
)
def test_also_when_changed_afterwards(tmp_path, change):
    scenes(tmp_path)
    write(tmp_path / "cat" / "holiday.png", change(scene(0).crop(KEPT["centre"])))
    assert read(str(tmp_path), size="32").report.near_duplicates == [["cat/cat0.png", "cat/holiday.png"]]


def test_a_crop_of_a_test_image_leaves_the_pool(tmp_path):
    scenes(tmp_path / "train")
    for name, seed in (("cat", 50), ("dog", 51)):
        for i in range(3):
            write(tmp_path / "test" / name / f"t{i}.png", scene(1000 + 10 * seed + i))
    write(tmp_path / "train" / "dog" / "other.png", scene(1510).crop(KEPT["a corner"]))
    assert read(str(tmp_path), size="32").report.removed_from_pool == ["train/dog/other.png"]


def test_honest_scenes_are_left_apart(tmp_path):
    scenes(tmp_path, n=40)
    assert read(str(tmp_path), size="32").report.near_duplicates == []


def test_smooth_pictures_hold_too_little_detail_to_tell(tmp_path):
    folder_of(tmp_path, n=40, height=64, width=64)
    assert read(str(tmp_path), size="32").report.near_duplicates == []


def test_small_images_are_not_searched(tmp_path):
    scenes(tmp_path, side=32)
    write(tmp_path / "cat" / "part.png", scene(0, 32).crop((2, 2, 28, 28)))
    assert read(str(tmp_path), size="32").report.near_duplicates == []


def drawn(size: int, colour: str = "black") -> np.ndarray:
    image = Image.new("RGB", (96, 96), "white")
    low, high = 48 - size // 2, 48 + size // 2
    draw = ImageDraw.Draw(image)
    draw.ellipse((low, low, high, high), fill=colour)
    draw.line((low, 48, high, 48), fill="white", width=3)
    return crops.view(np.asarray(image))


def test_a_drawing_on_blank_paper_and_a_larger_one_are_two_drawings():
    assert len(crops.cropped_pairs(np.stack([drawn(40), drawn(50), drawn(30)]))[0]) == 0


def test_the_same_in_another_colour_is_no_copy():
    image = np.asarray(scene(3))
    part = image[10:86, 10:86]
    views = np.stack([crops.view(image), crops.view(part)])
    assert crops.cropped_pairs(views)[0].tolist() == [[1, 0]]
    recoloured = np.stack([views[0], crops.view(np.ascontiguousarray(part[..., [2, 0, 1]]))])
    assert len(crops.cropped_pairs(recoloured)[0]) == 0


def test_too_many_to_search_among_are_left(monkeypatch):
    image = np.asarray(scene(3))
    views = np.stack([crops.view(image), crops.view(image[10:86, 10:86])])
    monkeypatch.setattr(crops, "MOST", 1)
    assert len(crops.cropped_pairs(views)[0]) == 0


@pytest.mark.slow
def test_crops_of_flowers(few_flowers):
    flowers = read(str(few_flowers)).pool.x[::2]  # about 180 photographs of 96 x 96
    rng = np.random.default_rng(1)
    views, cut = [crops.view(x) for x in flowers], 60
    for x in flowers[:cut]:
        height, width = (96 * rng.uniform(0.72, 0.95, 2)).astype(int)
        top, left = rng.integers(0, 97 - height), rng.integers(0, 97 - width)
        views.append(crops.view(x[top : top + height, left : left + width]))
    pairs = crops.cropped_pairs(np.stack(views))[0]
    right = {(len(flowers) + i, i) for i in range(cut)}
    found = set(map(tuple, pairs.tolist()))
    assert len(found & right) >= 0.8 * cut
    assert len({pair for pair in found - right if max(pair) < len(flowers)}) <= 2
