"""Reading images: channels, size, resize, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from image_sets import (
    folder_of,
    npz,
    photo,
    write,
)
from PIL import Image

from gannb.media.image import reading
from gannb.media.image.reading import read
from gannb.media.image.sources import arrays as array_formats
from gannb.utils.errors import InputError


def test_grey_and_colour_mixed_become_colour(tmp_path):
    folder_of(tmp_path)
    write(tmp_path / "cat" / "grey.png", photo(70, channels=1))
    found = read(str(tmp_path))
    assert found.pool.shape == (32, 32, 3) and found.report.modes == {"RGB": 6, "L": 1}
    grey = found.pool.x[found.pool.ids == "cat/grey.png"][0]
    assert np.array_equal(grey, np.repeat(np.asarray(photo(70, channels=1))[..., None], 3, axis=2))


def test_grey_pictures_saved_as_colour_count_as_grey(tmp_path):
    for k, name in enumerate("ab"):
        for i in range(2):
            write(tmp_path / name / f"{i}.png", photo(10 * k + i, channels=1).convert("RGB"))
    assert read(str(tmp_path)).pool.shape == (32, 32, 1)
    assert read(str(tmp_path), channels=3).pool.shape == (32, 32, 3)


def test_channels_1_takes_the_luminance(tmp_path):
    found = read(str(folder_of(tmp_path)), channels=1)
    assert np.array_equal(found.pool.x[0, ..., 0], np.asarray(photo(0).convert("L")))


def test_size_is_a_side_or_height_and_width(tmp_path):
    folder = str(folder_of(tmp_path))
    assert read(folder, size="16").pool.shape == (16, 16, 3)
    found = read(folder, size="24x16")
    assert found.pool.shape == (24, 16, 3) and "as `size` asks" in found.report.brought_to
    assert read(folder, size="32").report.brought_to == "All 6 items are 32x32 colour; nothing was resized."


def test_mixed_shapes_get_a_stated_size(tmp_path):
    folder_of(tmp_path, height=50, width=70)
    write(tmp_path / "cat" / "wide.png", photo(9, 30, 90))
    found = read(str(tmp_path))
    assert found.pool.shape == (48, 48, 3)  # the median short side, 50, in steps of 8
    assert "2 shapes (30x90 to 50x70) were brought to 48x48" in found.report.brought_to
    assert "median short side" in found.report.brought_to and "centre crop" in found.report.brought_to


def test_an_odd_shape_is_named(tmp_path):
    root = folder_of(tmp_path, n=4)
    write(root / "cat" / "long.png", photo(90, 8, 4000))
    write(root / "dog" / "dot.png", photo(91, 1, 1))
    write(root / "dog" / "wide.png", photo(92, 30, 44))
    text = read(str(root)).report.brought_to
    assert "4 shapes (1x1 to 8x4000)" in text
    assert text.endswith("Far from the usual 32x32: cat/long.png of 8x4000, dog/dot.png of 1x1.")
    for i in range(4):
        write(root / "dog" / f"long{i}.png", photo(80 + i, 8, 2000))
    assert (
        "cat/long.png of 8x4000, dog/long0.png of 8x2000, dog/long1.png of 8x2000 and 3 more."
        in read(str(root)).report.brought_to
    )


def test_resize_rules(tmp_path):
    wide = np.zeros((20, 40, 3), np.uint8)
    wide[:, :10], wide[:, 10:30], wide[:, 30:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    for path in ("a/0", "a/1", "b/0", "b/1"):
        write(tmp_path / f"{path}.png", Image.fromarray(wide))
    crop, pad, stretch = (read(str(tmp_path), size="20", resize=r).pool.x[0] for r in ("crop", "pad", "stretch"))
    assert (crop[:, 2:-2] == (0, 255, 0)).all()  # only the middle is left
    assert (pad[:5] == 0).all() and (pad[-5:] == 0).all() and pad[10, 1].tolist() == [255, 0, 0]
    assert stretch[0, 1].tolist() == [255, 0, 0] and stretch[0, -2].tolist() == [0, 0, 255]
    assert np.array_equal(read(str(tmp_path), size="20").pool.x[0], crop)


def test_resizing_is_pillows_antialiased_lanczos(tmp_path):
    found = read(str(folder_of(tmp_path)), size="12")
    assert np.array_equal(found.pool.x[0], np.asarray(photo(0).resize((12, 12), Image.Resampling.LANCZOS)))


@pytest.mark.parametrize(
    "wish, sentence",
    [
        ({"size": "big"}, "size: 'big' is not a side"),
        ({"size": "28x"}, "size: '28x'"),
        ({"size": "-28"}, "size: '-28'"),
        ({"size": "3"}, "size: 3 is out of range"),
        ({"size": "28x5000"}, "size: 28x5000 is out of range"),
        ({"channels": 2}, "channels: 2"),
        ({"channels": 4}, "channels: 4"),
        ({"resize": "squash"}, "resize: 'squash'.*crop, pad or stretch"),
        ({"on_bad_image": "ignore"}, "on_bad_image: 'ignore'.*fail or skip"),
        ({"groups": "(patient"}, "groups: .*regular expression"),
        ({"groups": "patient"}, "groups: 'patient' has 0 capture groups"),
        ({"groups": "(a)(b)"}, "groups: .*has 2 capture groups"),
        ({"groups": "(zebra)"}, "groups: .*finds no group in 'cat/cat0.png'"),
        ({"groups": "nowhere.csv"}, "groups: 'nowhere.csv' cannot be read"),
    ],
)
def test_bad_parameters_are_refused(tmp_path, wish, sentence):
    with pytest.raises(InputError, match=sentence):
        read(str(folder_of(tmp_path)), **wish)


def test_too_much_to_hold_is_refused(tmp_path, monkeypatch):
    folder, archive = folder_of(tmp_path / "set"), npz(tmp_path / "set.npz")
    monkeypatch.setattr(reading, "MAX_BYTES", 700)
    monkeypatch.setattr(array_formats, "MAX_BYTES", 700)
    with pytest.raises(InputError, match="size: 6 items of 32x32 .*set size"):
        read(str(folder))
    with pytest.raises(InputError, match="set.npz unpacks to"):
        read(str(archive))


def test_flowers(shared_data):
    found = read(str(shared_data / "flowers"), size="32")
    assert found.pool.shape == (32, 32, 3) and len(found.test) == 736
    assert found.pool.classes == ("daisy", "dandelion", "roses", "sunflowers", "tulips")
    assert len(found.pool) + len(found.report.removed_from_pool) == 2934
    assert 2 < len(found.report.exact_duplicates) + len(found.report.near_duplicates) < 20
    assert found.report.label_conflicts == [
        ["train/roses/15922772266_1167a06620.jpg", "train/tulips/15922772266_1167a06620.jpg"]
    ]
