"""Images as pretrained networks are shown them: from the files themselves, larger than the study's own."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from image_sets import folder_of, photo, split_folder, write
from PIL import Image

from gannb.media.captioned import CAPTIONED
from gannb.media.image.reading import read
from gannb.media.image.viewing import enlarged, read_view, view_shape
from gannb.study.view import in_view
from gannb.utils.errors import InputError

NETWORK = "test_efficientnet"  # timm's own, for tests


def weights_of(side: int) -> SimpleNamespace:
    return SimpleNamespace(network=NETWORK, settings={"input_size": [3, side, side]})


# ---- which shape ----


@pytest.mark.parametrize(
    ("own", "files", "side", "expected"),
    [
        ((32, 32, 3), {"96x96": 9}, 224, (96, 96, 3)),  # as large as the files are
        ((32, 32, 1), {"500x375": 9}, 224, (224, 224, 1)),  # as large as the network takes
        ((32, 48, 3), {"300x450": 9}, 128, (128, 192, 3)),  # of the study's aspect
        ((32, 32, 3), {"20x20": 4, "64x80": 9}, 224, (64, 64, 3)),  # as most files are
        ((32, 32, 3), {"32x32": 9}, 224, None),
        ((28, 28, 1), {"28x28": 9}, 224, None),
        ((64, 64, 3), {"40x40": 9}, 224, None),  # the files were enlarged as it is
        ((64, 64, 3), {"500x500": 9}, 64, None),  # the network takes no more
        ((64, 64, 3), {"500x500": 9}, 32, None),
    ],
)
def test_the_view_is_as_large_as_the_files_are_and_the_network_takes(own, files, side, expected):
    dataset = SimpleNamespace(pool=SimpleNamespace(shape=own), report=SimpleNamespace(shapes=files))
    assert view_shape(dataset, weights_of(side)) == expected
    assert CAPTIONED.view_shape(dataset, weights_of(side)) is None


# ---- reading it ----


def test_a_view_has_the_items_of_the_study_in_their_order_and_is_what_the_files_hold(tmp_path):
    root = folder_of(tmp_path / "photos", n=4, height=60, width=80)
    write(root / "cat" / "again.png", Image.open(root / "cat" / "cat1.png"))
    dataset = read(str(root), size="16")
    read_view(str(root), dataset, (40, 40, 3), tmp_path, resize=None, on_bad_image="fail")
    seen = in_view(dataset, tmp_path)
    whole = read(str(root), size="40")
    assert seen.pool.ids.tolist() == whole.pool.ids.tolist() == dataset.pool.ids.tolist()
    assert np.array_equal(seen.pool.x, whole.pool.x) and seen.pool.x.dtype == np.uint8
    assert np.array_equal(seen.pool.y, dataset.pool.y) and seen.test is None
    assert seen.prepared == dataset.prepared


def test_a_given_test_set_is_viewed_too_and_items_that_were_left_out_stay_out(tmp_path):
    root = split_folder(tmp_path / "photos")
    write(root / "train" / "cat" / "leak.png", Image.open(root / "test" / "cat" / "0.png"))
    dataset = read(str(root), size="8", channels=1)
    assert dataset.report.removed_from_pool
    read_view(str(root), dataset, (20, 20, 1), tmp_path, resize="stretch", on_bad_image="fail")
    seen = in_view(dataset, tmp_path)
    assert seen.pool.shape == seen.test.shape == (20, 20, 1)
    assert len(seen.pool) == len(dataset.pool) and len(seen.test) == len(dataset.test)
    again = read(str(root), size="20", channels=1, resize="stretch")
    assert np.array_equal(seen.test.x, again.test.x)


def test_damaged_files_are_left_out_as_they_were(tmp_path):
    root = folder_of(tmp_path / "photos", n=4, height=40, width=40)
    (root / "cat" / "bad.png").write_bytes(b"no picture")
    dataset = read(str(root), size="16", on_bad_image="skip")
    read_view(str(root), dataset, (32, 32, 3), tmp_path, resize=None, on_bad_image="skip")
    assert len(in_view(dataset, tmp_path).pool) == len(dataset.pool) == 8


@pytest.mark.parametrize("change", ["other", "more", "fewer", "renamed class"])
def test_files_that_have_changed_since_are_refused(tmp_path, change):
    root = folder_of(tmp_path / "photos", n=4, height=40, width=40)
    dataset = read(str(root), size="16")
    if change == "other":
        write(root / "cat" / "cat0.png", photo(77, 40, 40))
    elif change == "more":
        write(root / "cat" / "cat9.png", photo(78, 40, 40))
    elif change == "fewer":
        (root / "dog" / "dog0.png").unlink()
    else:
        (root / "dog").rename(root / "wolf")
    with pytest.raises(InputError, match="no longer those that the study was made with"):
        read_view(str(root), dataset, (32, 32, 3), tmp_path, resize=None, on_bad_image="fail")


@pytest.mark.parametrize("channels", [1, 3])
def test_made_images_are_enlarged_to_the_view(channels):
    x = np.repeat(np.array([[[[40]], [[200]]]], np.uint8), channels, axis=3).repeat(4, 1).repeat(4, 2)  # (1, 8, 4, C)
    large = enlarged(x, (32, 16, channels))
    assert large.shape == (1, 32, 16, channels) and large.dtype == np.uint8
    assert large[0, 0].mean() == pytest.approx(40, abs=1) and large[0, -1].mean() == pytest.approx(200, abs=1)
    assert enlarged(x[:0], (32, 16, channels)).shape == (0, 32, 16, channels)
