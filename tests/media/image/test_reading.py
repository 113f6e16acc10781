"""Reading, checking, grouping, fingerprint."""

from __future__ import annotations

import gzip
import io
import os
import pickle
from dataclasses import asdict, replace
from json import dumps
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gannb.data.assembly import link
from gannb.data.examples import ARRAYS, Dataset, Examples, concatenate
from gannb.media.image import arrays as array_formats
from gannb.media.image import duplicates, files, reading
from gannb.media.image.arrays import _idx
from gannb.media.image.reading import fingerprint, read
from gannb.utils.errors import InputError


def photo(seed: int, height: int = 32, width: int = 32, channels: int = 3) -> Image.Image:
    """A smooth random picture, unlike those of other seeds; as in photographs, light varies more than hue."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(30, 226, (6, 6, 1)) + rng.integers(-30, 31, (6, 6, 3))
    image = Image.fromarray(pixels.astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
    return image if channels == 3 else image.convert("L")


def write(path: Path, image: Image.Image, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return path


def folder_of(root: Path, classes: tuple[str, ...] = ("cat", "dog"), n: int = 3, **shape: int) -> Path:
    for k, name in enumerate(classes):
        for i in range(n):
            write(root / name / f"{name}{i}.png", photo(1000 * k + i, **shape))
    return root


def split_folder(root: Path, n: int = 4) -> Path:
    for k, part in enumerate(("train", "test")):
        for j, name in enumerate(("cat", "dog")):
            for i in range(n):
                write(root / part / name / f"{i}.png", photo(10_000 * k + 1000 * j + i))
    return root


def arrays(n: int = 12, test: int = 0, **changes: np.ndarray | None) -> dict[str, np.ndarray]:
    """A MedMNIST-like set with two classes; changes replace arrays, None removes one."""
    rng = np.random.default_rng(0)
    found = {
        "train_images": rng.integers(0, 256, (n, 8, 8), dtype=np.uint8),
        "train_labels": np.arange(n)[:, None] % 2,
    }
    if test:
        found |= {
            "test_images": rng.integers(0, 256, (test, 8, 8), dtype=np.uint8),
            "test_labels": np.arange(test)[:, None] % 2,
        }
    return {key: array for key, array in (found | changes).items() if array is not None}


def npz(path: Path, **changes: np.ndarray | None) -> Path:
    np.savez_compressed(path, **arrays(**changes))
    return path


def idx_bytes(values: np.ndarray) -> bytes:
    return bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">i4").tobytes() + values.tobytes()


def idx_folder(root: Path) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    for prefix, n in (("train", 8), ("t10k", 4)):
        images, labels = rng.integers(0, 256, (n, 8, 8), dtype=np.uint8), (np.arange(n) % 2).astype(np.uint8)
        (root / f"{prefix}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(images)))
        (root / f"{prefix}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(labels)))
    return root


# ---- Examples ----------------------------------------------------------------------------------


def some_examples() -> Examples:
    x = np.arange(4 * 8 * 8, dtype=np.uint8).reshape(4, 8, 8, 1)
    return Examples(x, np.array([0, 1, 1, 1]), ("a", "b"), np.array(["p", "q", "r", "s"]), np.array([0, 1, 1, 2]))


def test_examples_count_and_take():
    examples = some_examples()
    assert (len(examples), examples.n_classes, examples.shape) == (4, 2, (8, 8, 1))
    assert examples.counts().tolist() == [1, 3]
    taken = examples.take([3, 0])
    assert taken.ids.tolist() == ["s", "p"] and taken.groups.tolist() == [2, 0]
    assert taken.counts().tolist() == [1, 1] and np.array_equal(taken.x, examples.x[[3, 0]])
    assert examples.take(examples.y == 1).ids.tolist() == ["q", "r", "s"]
    assert len(examples.take([])) == 0


def test_concatenate_undoes_a_split():
    examples = some_examples()
    whole = concatenate([examples.take([0, 1]), examples.take([2, 3])])
    for name in ARRAYS:
        assert np.array_equal(getattr(whole, name), getattr(examples, name))
    assert whole.classes == examples.classes


def test_concatenate_refuses_other_classes_and_nothing():
    with pytest.raises(ValueError, match="same classes"):
        concatenate([some_examples(), replace(some_examples(), classes=("a", "c"))])
    with pytest.raises(ValueError, match="at least one"):
        concatenate([])


def test_examples_refuse_arrays_of_different_lengths():
    with pytest.raises(ValueError, match="one length"):
        replace(some_examples(), y=np.array([0, 1]))


# ---- the four kinds of source --------------------------------------------------------------------


def test_digits():
    found = read("digits")
    assert found.pool.x.shape == (1797, 8, 8, 1) and found.pool.x.dtype == np.uint8
    assert found.pool.x.max() == 255 and found.pool.y.dtype == np.int64
    assert found.pool.classes == tuple("0123456789") and found.pool.counts().min() == 174
    assert found.test is None and found.pool.ids[17] == "digits-17" and len(set(found.pool.ids)) == 1797
    assert found.report.brought_to == "All 1,797 items are 8x8 grey; nothing was resized."
    assert found.report.n_groups == 1797  # alike as they are, no digit is taken for a copy of another
    dumps(asdict(found.report))


def test_folder_of_classes(tmp_path):
    found = read(str(folder_of(tmp_path)))
    assert found.pool.classes == ("cat", "dog") and found.pool.counts().tolist() == [3, 3]
    assert found.pool.x.shape == (6, 32, 32, 3) and found.test is None
    assert found.pool.ids.tolist() == [f"{c}/{c}{i}.png" for c in ("cat", "dog") for i in range(3)]
    assert np.array_equal(found.pool.x[1], np.asarray(photo(1)))
    assert found.report.kind == "folder" and found.report.shapes == {"32x32": 6} and found.report.modes == {"RGB": 6}


@pytest.mark.parametrize("train, val, test", [("train", "val", "test"), ("Training", "validation", "Testing")])
def test_folder_of_train_val_and_test(tmp_path, train, val, test):
    for k, part in enumerate((train, val, test)):
        for j, name in enumerate("ab"):
            for i in range(2):
                write(tmp_path / part / name / f"{i}.png", photo(100 * k + 10 * j + i))
    found = read(str(tmp_path))
    assert found.pool.counts().tolist() == [4, 4] and found.test.counts().tolist() == [2, 2]
    assert {i.split("/")[0] for i in found.pool.ids} == {train, val}
    assert {i.split("/")[0] for i in found.test.ids} == {test}


@pytest.mark.parametrize(
    ("folders", "says"),
    [
        (("seg_train/hill", "seg_train/sea", "seg_test/hill", "seg_test/sea"), r"look like parts .* \(hill, sea\)"),
        (("TrainSet/hill", "TrainSet/sea", "TestSet/hill", "TestSet/sea"), "look like parts of one set"),
        (("train/hill", "train/sea", "val/hill", "val/sea", "pred"), "look like parts .* nothing else beside them"),
        (("train/hill", "train/sea", "pred"), "has train/ with folders of its own beside pred/; move pred/ elsewhere"),
    ],
)
def test_parts_of_a_set_are_not_taken_for_its_classes(tmp_path, folders, says):
    for folder in folders:
        for i in range(2):
            write(tmp_path / folder / f"{i}.png", photo(i))
    with pytest.raises(InputError, match=says):
        read(str(tmp_path))


@pytest.mark.parametrize(
    ("folders", "classes"),
    [
        (("2023/hill", "2023/sea", "2024/hill", "2024/sea"), ("2023", "2024")),  # may be meant; the plan names them
        (("sick/left", "sick/right", "well/left", "well/right"), ("sick", "well")),
        (("train/steam", "train/diesel", "car", "plane"), ("car", "plane", "train")),
        (
            ("test_positive/a", "test_positive/b", "test_negative/a", "test_negative/b"),
            ("test_negative", "test_positive"),
        ),
        (("valid/a", "valid/b", "invalid/a", "invalid/b"), ("invalid", "valid")),
        (("train_station/day", "train_station/night", "port/day", "port/night"), ("port", "train_station")),
    ],
)
def test_class_folders_may_hold_folders(tmp_path, folders, classes):
    for folder in folders:
        for i in range(2):
            write(tmp_path / folder / f"{i}.png", photo(i))
    assert read(str(tmp_path)).pool.classes == classes


def test_a_class_folder_that_is_a_link_to_nowhere_is_refused(tmp_path):
    folder_of(tmp_path / "set")
    (tmp_path / "set" / "cow").symlink_to(tmp_path / "gone")
    with pytest.raises(InputError, match='set/cow" is a link that leads nowhere'):
        read(str(tmp_path / "set"))
    split_folder(tmp_path / "parts")
    os.rename(tmp_path / "parts" / "test", tmp_path / "moved")
    (tmp_path / "parts" / "test").symlink_to(tmp_path / "gone")
    with pytest.raises(InputError, match='parts/test" is a link that leads nowhere'):
        read(str(tmp_path / "parts"))


def test_a_copy_kept_with_accents_in_another_form_has_them_in_the_one(tmp_path):
    read(str(folder_of(tmp_path / "set", classes=("cafe", "tea")))).save(tmp_path / "copy")
    file = tmp_path / "copy" / "dataset.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"cafe"', '"cafe\u0301"'), encoding="utf-8")
    assert Dataset.load(tmp_path / "copy").pool.classes == ("caf\xe9", "tea")


def test_accents_in_class_names_have_one_form(tmp_path):
    folder_of(tmp_path / "set", classes=("cafe\u0301", "tea"))
    assert read(str(tmp_path / "set")).pool.classes == ("caf\xe9", "tea")
    folder_of(tmp_path / "set", classes=("caf\xe9",))
    with pytest.raises(InputError, match="has two folders 'caf\xe9', written differently"):
        read(str(tmp_path / "set"))


def test_file_names_that_are_no_utf8_are_written_out_and_folders_refused(tmp_path):
    root = folder_of(tmp_path / "set")
    os.rename(root / "cat" / "cat0.png", os.fsencode(root / "cat") + b"/caf\xe9.png")
    ids = read(str(root)).pool.ids.tolist()
    assert "cat/caf\\udce9.png" in ids and "\n".join(ids).encode("utf-8")
    os.rename(root / "dog", os.fsencode(root) + b"/d\xf4g")
    with pytest.raises(InputError, match="is not UTF-8; rename it") as error:
        read(str(root))
    assert str(error.value).encode("utf-8")
    os.rename(root, os.fsencode(tmp_path) + b"/s\xe9t")
    with pytest.raises(InputError, match="is not UTF-8; rename it"):
        read(os.fsdecode(os.fsencode(tmp_path) + b"/s\xe9t"))


def test_a_class_may_be_called_train(tmp_path):
    assert read(str(folder_of(tmp_path, ("train", "plane")))).pool.classes == ("plane", "train")


def test_npz_val_joins_the_pool_and_test_stays_apart(tmp_path):
    extra = {"val_images": np.full((2, 8, 8), [[[9]], [[90]]], np.uint8), "val_labels": np.array([0, 1])}
    found = read(str(npz(tmp_path / "set.npz", test=4, **extra)))
    assert len(found.pool) == 14 and len(found.test) == 4 and found.pool.classes == ("0", "1")
    assert found.pool.ids[[0, 12]].tolist() == ["train-0", "val-0"] and found.test.ids[3] == "test-3"
    assert np.array_equal(found.pool.x[:12, ..., 0], arrays()["train_images"])


@pytest.mark.parametrize(
    "images, expected",
    [
        (np.array([0, 32768, 65535], np.uint16), [0, 128, 255]),
        (np.array([0, 0.5, 1], np.float32), [0, 128, 255]),
        (np.array([False, True, True]), [0, 255, 255]),
    ],
)
def test_npz_pixels_are_scaled_by_their_depth(tmp_path, images, expected):
    batch = np.zeros((12, 8, 8), images.dtype)
    batch[:, 0, :3] = images
    found = read(str(npz(tmp_path / "set.npz", train_images=batch)))
    assert found.pool.x[0, 0, :3, 0].tolist() == expected


def test_idx(tmp_path):
    found = read(str(idx_folder(tmp_path)))
    assert len(found.pool) == 8 and len(found.test) == 4 and found.pool.classes == ("0", "1")
    assert found.report.kind == "idx" and found.test.ids[0] == "test-0"
    expected = np.random.default_rng(1).integers(0, 256, (8, 8, 8), dtype=np.uint8)
    assert np.array_equal(found.pool.x[..., 0], expected)


# ---- folders: names, order, what is ignored ------------------------------------------------------


def test_classes_and_files_come_in_natural_order(tmp_path):
    for name in ("class10", "class2", "Class1"):
        for i in (10, 9):
            write(tmp_path / name / f"{i}.png", photo(hash((name, i)) % 10_000))
    found = read(str(tmp_path))
    assert found.pool.classes == ("Class1", "class2", "class10")
    assert found.pool.ids[:2].tolist() == ["Class1/9.png", "Class1/10.png"]


def test_class_names_may_differ_by_case_only_and_be_unicode(tmp_path):
    folder_of(tmp_path, ("rose", "Rose", "żółć", "猫"))
    if len(os.listdir(tmp_path)) == 4:  # not on a file system that ignores case
        assert set(read(str(tmp_path)).pool.classes) == {"rose", "Rose", "żółć", "猫"}


def test_hidden_files_and_other_files_do_not_matter(tmp_path):
    clean = read(str(folder_of(tmp_path)))
    for name in (".hidden/1.png", "__MACOSX/cat/1.png", "cat/._cat0.png", "cat/Thumbs.db", "dog/desktop.ini"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"no image")
    (tmp_path / "cat" / "README.txt").write_text("about cats")
    found = read(str(tmp_path))
    assert found.fingerprint == clean.fingerprint and found.pool.classes == ("cat", "dog")
    assert found.report.skipped == [("*.txt", "1 files without an image extension")]


def test_nested_folders_symlinks_and_upper_case_extensions(tmp_path):
    folder_of(tmp_path / "set")
    write(tmp_path / "set" / "cat" / "deep" / "er" / "x.JPG", photo(50), format="JPEG")
    elsewhere = write(tmp_path / "elsewhere" / "y.png", photo(51))
    (tmp_path / "set" / "dog" / "linked.png").symlink_to(elsewhere)
    (tmp_path / "set" / "dog" / "loop").symlink_to(tmp_path / "set" / "dog")
    found = read(str(tmp_path / "set"))
    assert found.pool.counts().tolist() == [4, 4]
    assert "cat/deep/er/x.JPG" in found.pool.ids and "dog/linked.png" in found.pool.ids


# ---- pixel formats ------------------------------------------------------------------------------


def grey_ramp() -> Image.Image:
    return Image.fromarray(np.tile(np.arange(0, 256, 8, dtype=np.uint8), (32, 1)))


def first_pixels(tmp_path: Path, name: str, image: Image.Image, **options: object) -> tuple[np.ndarray, Dataset]:
    """The prepared pixels of one image, read in a set with others of the same kind."""
    write(tmp_path / "a" / f"0{name}", image, **options)
    for path in ("a/1", "b/0", "b/1"):
        write(tmp_path / f"{path}{name}", image.transpose(Image.Transpose.ROTATE_180), **options)
    found = read(str(tmp_path))
    return found.pool.x[0], found


def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path):
    deep = Image.fromarray(np.asarray(grey_ramp()).astype(np.uint16) * 257)
    x, found = first_pixels(tmp_path, ".png", deep)
    assert np.array_equal(x[..., 0], np.asarray(grey_ramp()))
    assert "16-bit pixels were scaled to 8 bits (4 items)" in found.report.brought_to


@pytest.mark.parametrize("most", [255, 4095])
def test_deep_images_that_would_be_nearly_black_are_refused(tmp_path, most):
    ramp = np.linspace(0, most, 32 * 32).reshape(32, 32).astype(np.uint16)
    for name in ("cat", "dog"):
        for i in range(3):
            write(tmp_path / "set" / name / f"{i}.png", Image.fromarray(np.roll(ramp, 7 * i, 1)))
    with pytest.raises(InputError, match=r"of 6 images with 16 bits none is brighter than \d% .*scale their pixels"):
        read(str(tmp_path / "set"))
    write(tmp_path / "set" / "cat" / "bright.png", Image.fromarray(ramp * np.uint16(65535 // most)))
    assert len(read(str(tmp_path / "set")).pool) == 7  # one that uses the range, and they may be dark


@pytest.mark.parametrize("name", [".png", ".tiff", ".bmp", ".pbm"])
def test_one_bit(tmp_path, name):
    x, _ = first_pixels(tmp_path, name, grey_ramp().point(lambda v: 255 * (v > 99)).convert("1"))
    assert np.array_equal(x[..., 0], np.where(np.asarray(grey_ramp()) > 99, 255, 0))


def test_palette_and_its_transparency(tmp_path):
    indices = Image.fromarray(np.tile(np.array([0, 1], np.uint8), (32, 16))).convert("P")
    indices.putpalette([200, 10, 30, 7, 80, 255])
    x, found = first_pixels(tmp_path, ".gif", indices, transparency=1)
    assert x[0, 0].tolist() == [200, 10, 30] and x[0, 1].tolist() == [255, 255, 255]
    assert found.report.modes == {"P+transparency": 4}
    assert "Transparency was composited on white (4 items)." in found.report.brought_to


def test_alpha_is_composited_on_white(tmp_path):
    rgba = np.zeros((32, 32, 4), np.uint8)
    rgba[:, 1::2] = (10, 20, 30, 255)
    rgba[0, 0] = (0, 0, 0, 128)
    x, found = first_pixels(tmp_path, ".png", Image.fromarray(rgba))
    assert x[1, 0].tolist() == [255, 255, 255] and x[0, 1].tolist() == [10, 20, 30]
    assert x[0, 0].tolist() == [127, 127, 127] and found.report.modes == {"RGBA": 4}


@pytest.mark.parametrize("name", [".jpg", ".tif"])
def test_cmyk(tmp_path, name):
    x, found = first_pixels(tmp_path, name, Image.new("RGB", (32, 32), (200, 40, 90)).convert("CMYK"))
    assert np.abs(x.astype(int) - [200, 40, 90]).max() <= 4 and found.report.modes == {"CMYK": 4}


@pytest.mark.parametrize("name", [".jpg", ".png", ".webp", ".tif"])
def test_exif_orientation_is_applied(tmp_path, name):
    upright = np.zeros((48, 32, 3), np.uint8)
    upright[:24] = 240  # light above, dark below
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side: turn by 90 degrees to show
    stored = Image.fromarray(upright).transpose(Image.Transpose.ROTATE_90)
    for path in ("a/0", "a/1", "b/0", "b/1"):
        write(tmp_path / f"{path}{name}", stored, exif=exif)
    found = read(str(tmp_path))
    assert found.report.shapes == {"48x32": 4} and found.pool.shape == (48, 32, 1)
    assert found.pool.x[0, :20].min() > 200 and found.pool.x[0, 28:].max() < 40


@pytest.mark.parametrize("name", [".jpg", ".png", ".bmp", ".gif", ".webp", ".tif", ".ppm", ".jp2", ".tga", ".pcx"])
def test_common_formats(tmp_path, name):
    x, _ = first_pixels(tmp_path, name, photo(3))
    assert np.abs(x.astype(int) - np.asarray(photo(3))).mean() < 12


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


# ---- size and resize ------------------------------------------------------------------------------


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


# ---- fingerprint ----------------------------------------------------------------------------------


def test_fingerprint_ignores_path_time_compression_and_parameters(tmp_path):
    first = read(str(folder_of(tmp_path / "one"))).fingerprint
    for k, name in reversed(list(enumerate(("cat", "dog")))):
        for i in (2, 0, 1):
            path = write(tmp_path / "two" / name / f"{name}{i}.png", photo(1000 * k + i), compress_level=0)
            os.utime(path, (1, 1))
    two = str(tmp_path / "two")
    assert read(two, size="8", channels=1, resize="pad", groups="([0-9])").fingerprint == first
    assert fingerprint(two) == first


def test_fingerprint_follows_a_pixel_a_label_a_name_and_the_part(tmp_path):
    found = {read(str(folder_of(tmp_path))).fingerprint}
    image = np.array(photo(0))
    image[0, 0, 0] ^= 1
    write(tmp_path / "cat" / "cat0.png", Image.fromarray(image))
    found.add(fingerprint(str(tmp_path)))
    (tmp_path / "cat" / "cat0.png").rename(tmp_path / "dog" / "cat0.png")
    found.add(fingerprint(str(tmp_path)))
    (tmp_path / "dog").rename(tmp_path / "fox")
    found.add(fingerprint(str(tmp_path)))
    images, labels = arrays(n=8).values()
    np.savez(tmp_path / "a.npz", train_images=images, train_labels=labels)
    np.savez(
        tmp_path / "b.npz",
        train_images=images[:4],
        train_labels=labels[:4],
        test_images=images[4:],
        test_labels=labels[4:],
    )
    found |= {fingerprint(str(tmp_path / "a.npz")), fingerprint(str(tmp_path / "b.npz"))}
    assert len(found) == 6


def test_prepared_follows_what_the_study_sees(tmp_path):
    folder = str(folder_of(tmp_path))
    seen = [read(folder, **wish).prepared for wish in ({}, {"size": "16"}, {"channels": 1}, {"groups": "([0-9])"})]
    assert len(set(seen)) == 4 and read(folder).prepared == seen[0]


# ---- duplicates -----------------------------------------------------------------------------------


def group_of(found: Dataset, id: str) -> int:
    return int(found.pool.groups[found.pool.ids == id][0])


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).copy()


def test_exact_duplicates_share_a_group_and_conflicting_labels_are_named(tmp_path):
    folder_of(tmp_path, n=4)
    write(tmp_path / "cat" / "twin.bmp", photo(0))  # another format, the same pixels
    write(tmp_path / "dog" / "stray.png", photo(1))
    found = read(str(tmp_path))
    assert found.report.exact_duplicates == [
        ["cat/cat0.png", "cat/twin.bmp"],
        ["cat/cat1.png", "dog/stray.png"],
    ]
    assert found.report.label_conflicts == [["cat/cat1.png", "dog/stray.png"]]
    assert group_of(found, "cat/cat0.png") == group_of(found, "cat/twin.bmp")
    assert found.report.n_groups == 8 == len(set(found.pool.groups))


@pytest.mark.parametrize(
    "change",
    [
        lambda image: jpeg(image, 75),
        lambda image: jpeg(image, 40),
        lambda image: image.resize((29, 29), Image.Resampling.LANCZOS),
        lambda image: image.resize((35, 35), Image.Resampling.BICUBIC),
        lambda image: image.point(lambda v: min(255, round(1.05 * v))),
        lambda image: jpeg(image.resize((29, 29), Image.Resampling.LANCZOS), 75),
    ],
    ids=[
        "re-encoded",
        "poorly re-encoded",
        "10 % smaller",
        "10 % larger",
        "5 % brighter",
        "smaller and re-encoded",
    ],
)
def test_near_duplicates_are_found(tmp_path, change):
    folder_of(tmp_path, n=5)
    write(tmp_path / "cat" / "copy.png", change(photo(0)))
    found = read(str(tmp_path), size="32")
    assert found.report.near_duplicates == [["cat/cat0.png", "cat/copy.png"]]
    assert group_of(found, "cat/cat0.png") == group_of(found, "cat/copy.png")


def test_the_same_drawing_in_another_colour_is_no_duplicate(tmp_path):
    folder_of(tmp_path, n=4)
    write(tmp_path / "cat" / "recoloured.png", Image.fromarray(np.asarray(photo(0))[..., [2, 0, 1]]))
    assert read(str(tmp_path)).report.near_duplicates == []


def test_a_small_difference_that_matters_is_no_duplicate():
    plain = np.full((16, 16), 40, np.uint8)
    plain[2:14, 4:12] = 200
    printed = plain.copy()
    printed[5:7, 7:9] = 90  # a small print on the shirt
    pairs, _ = duplicates.near_pairs(np.stack([plain, printed, plain + np.uint8(9)])[..., None])
    assert pairs.tolist() == [[0, 2]]


def test_flat_pictures_are_compared_for_identity_only():
    flat = np.stack([np.full((16, 16, 1), v, np.uint8) for v in (0, 1, 2)])
    assert len(duplicates.near_pairs(flat)[0]) == 0


def test_near_pairs_agree_with_brute_force():
    rng = np.random.default_rng(0)
    base = np.stack([np.asarray(photo(i, 16, 16)) for i in range(60)]).astype(int)
    copies = base[rng.integers(0, 60, 90)] + rng.normal(0, rng.uniform(0, 9, (90, 1, 1, 1)), (90, 16, 16, 3))
    thumbs = np.concatenate([base, copies]).clip(0, 255).astype(np.uint8)
    luma = (thumbs @ [0.299, 0.587, 0.114]).reshape(len(thumbs), -1)
    z = (luma - luma.mean(1, keepdims=True)) / luma.std(1, keepdims=True)
    near = np.corrcoef(luma) >= 1 - duplicates.NEAR
    near &= np.abs(z[:, None] - z[None]).max(2) <= duplicates.LOCAL
    near &= np.corrcoef(thumbs.reshape(len(thumbs), -1)) >= 1 - duplicates.COLOUR
    expected = np.argwhere(np.triu(near, 1))
    assert 20 < len(expected) < 2000
    assert duplicates.near_pairs(thumbs)[0].tolist() == expected.tolist()


def test_a_chain_of_look_alikes_is_cut_at_its_weakest_link():
    y = np.zeros(20, np.int64)  # a cluster may hold a fifth of the class: 4
    pairs = np.array([[i, i + 1] for i in range(7)])
    distances = np.array([1, 1, 1, 9, 1, 1, 1]) * 1e-4
    links = link(pairs, distances, y)
    assert links.cut.tolist() == [[3, 4]]
    assert len(set(links.labels[:4])) == 1 == len(set(links.labels[4:8])) and links.labels[3] != links.labels[4]
    assert np.bincount(links.labels).max() == 4


def test_a_slow_film_does_not_swallow_its_class(tmp_path):
    start, end = np.asarray(photo(0)).astype(float), np.asarray(photo(1)).astype(float)
    for i in range(40):
        t = i / 39
        write(
            tmp_path / "cat" / f"{i}.png",
            Image.fromarray(((1 - t) * start + t * end).round().astype(np.uint8)),
        )
        write(tmp_path / "dog" / f"{i}.png", photo(500 + i))
    found = read(str(tmp_path))
    cats = found.pool.groups[found.pool.y == 0]
    assert 1 < np.bincount(cats).max() <= 8  # a fifth of 40
    assert found.report.links_cut > 0


def test_below_16_pixels_only_exact_duplicates_are_linked(tmp_path):
    images = np.random.default_rng(0).integers(50, 200, (12, 15, 15), dtype=np.uint8)
    images[3], images[5] = images[1], images[1] + 1
    found = read(str(npz(tmp_path / "set.npz", train_images=images)))
    assert found.report.exact_duplicates == [["train-1", "train-3"]] and found.report.near_duplicates == []


# ---- groups ---------------------------------------------------------------------------------------


def patients(root: Path) -> Path:
    for k, name in enumerate(("ill", "well")):
        for i in range(6):
            write(root / name / f"patient{i // 2 + 10 * k}_{i}.png", photo(100 * k + i))
    return root


def test_groups_from_a_pattern_on_file_names(tmp_path):
    found = read(str(patients(tmp_path)), groups=r"(patient\d+)_")
    assert found.pool.groups.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5] and found.report.n_groups == 6


def test_groups_from_a_pattern_on_folders(tmp_path):
    for k, name in enumerate("ab"):
        for i in range(4):
            write(tmp_path / name / f"p{i // 2}" / f"{i}.png", photo(10 * k + i))
    found = read(str(tmp_path), groups="/(p[0-9])/")
    assert found.pool.groups.tolist() == [0, 0, 1, 1, 0, 0, 1, 1]


@pytest.mark.parametrize("column, by_path", [("id", True), ("file", True), ("file", False), ("File", False)])
def test_groups_from_a_csv(tmp_path, column, by_path):
    root = patients(tmp_path / "set")
    ids = read(str(root)).pool.ids
    rows = [f"{i if by_path else i.split('/')[1]},x,group {int(k > 2)}" for k, i in enumerate(ids)]
    (tmp_path / "g.csv").write_text("\n".join([f"\ufeff{column},note,group", *rows]), encoding="utf-8")
    found = read(str(root), groups=str(tmp_path / "g.csv"))
    assert found.pool.groups.tolist() == [0] * 3 + [1] * 9


def test_groups_and_duplicates_are_joined(tmp_path):
    patients(tmp_path)
    write(tmp_path / "ill" / "patient99_0.png", photo(0))  # patient 99 is patient 0 once more
    found = read(str(tmp_path), groups=r"(patient\d+)_")
    assert group_of(found, "ill/patient99_0.png") == group_of(found, "ill/patient0_1.png")
    assert found.report.n_groups == 6


# ---- a given test set -----------------------------------------------------------------------------


def test_pool_items_linked_to_a_test_item_are_left_out(tmp_path):
    split_folder(tmp_path)
    write(tmp_path / "train" / "cat" / "exact.png", photo(10_000))
    write(tmp_path / "train" / "dog" / "near.jpg", photo(11_000), quality=80)
    found = read(str(tmp_path))
    assert found.report.removed_from_pool == ["train/cat/exact.png", "train/dog/near.jpg"]
    assert len(found.pool) == 8 and len(found.test) == 8
    assert not set(found.pool.groups) & set(found.test.groups)


def test_the_persons_groups_do_not_cross_into_the_test_set(tmp_path):
    split_folder(tmp_path)
    with pytest.raises(InputError, match="'cat' keeps 0 training images"):
        read(str(tmp_path), groups=r"(\d)\.png")
    for i, part in enumerate(("train", "test")):
        for name in ("cat", "dog"):
            (tmp_path / part / name / "3.png").rename(tmp_path / part / name / "shared.png")
            for k in range(3):
                (tmp_path / part / name / f"{k}.png").rename(tmp_path / part / name / f"{part}{i}{name}{k}.png")
    found = read(str(tmp_path), groups=r"(.+)\.png")
    assert found.report.removed_from_pool == ["train/cat/shared.png", "train/dog/shared.png"]


def test_a_cut_link_leaves_no_copy_of_a_test_item_in_the_pool(tmp_path):
    split_folder(tmp_path, n=4)
    for i in range(6):  # more copies than a cluster may hold
        write(tmp_path / "train" / "cat" / f"copy{i}.jpg", photo(10_000), quality=96 - 2 * i)
    found = read(str(tmp_path))
    assert found.report.links_cut > 0
    assert not [i for i in found.pool.ids if "copy" in i]


# ---- saving ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("test", [0, 4])
def test_save_and_load_round_trip(tmp_path, test):
    found = read(str(npz(tmp_path / "set.npz", test=test)))
    found.save(tmp_path / "saved")
    again = Dataset.load(tmp_path / "saved")
    assert (again.fingerprint, again.prepared, again.report) == (
        found.fingerprint,
        found.prepared,
        found.report,
    )
    assert (again.test is None) == (test == 0)
    for one, other in zip([found.pool, found.test], [again.pool, again.test], strict=True):
        for name in ARRAYS if one else ():
            assert np.array_equal(getattr(one, name), getattr(other, name))
    assert not again.pool.x.flags.writeable and isinstance(again.pool.x.base, np.memmap)
    assert again.pool.classes == found.pool.classes


def test_a_report_with_skipped_files_comes_back_as_it_was(tmp_path):
    folder_of(tmp_path / "set")
    (tmp_path / "set" / "cat" / "bad.jpg").write_bytes(b"no")
    found = read(str(tmp_path / "set"), on_bad_image="skip")
    found.save(tmp_path / "saved")
    assert Dataset.load(tmp_path / "saved").report == found.report


# ---- bad input: one sentence that names the file or the parameter and the way out -------------------


def object_npz(path: Path) -> Path:
    np.savez(path, **arrays(train_labels=np.array([{"never": "unpickled"}] * 12, dtype=object)))
    return path


def pickled_npz(path: Path) -> Path:
    path.write_bytes(pickle.dumps(arrays()))
    return path


def truncated(path: Path, keep: float = 0.5) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    return path


def with_file(root: Path, name: str, content: bytes) -> Path:
    folder_of(root)
    (root / name).write_bytes(content)
    return root


def broken_idx(root: Path, name: str, content: bytes | None) -> Path:
    idx_folder(root)
    (root / name).unlink() if content is None else (root / name).write_bytes(content)
    return root


def bomb(root: Path) -> Path:
    """A PNG whose header declares 30,000 x 30,000 pixels."""
    from struct import pack
    from zlib import crc32

    header = b"IHDR" + pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunk = pack(">I", 13) + header + pack(">I", crc32(header))
    return with_file(root, "cat/bomb.png", b"\x89PNG\r\n\x1a\n" + chunk + pack(">I", 0) + b"IDAT" + pack(">I", 0))


def without(root: Path, name: str) -> Path:
    for file in (root / name).iterdir():
        file.unlink()
    return root


def only_texts(root: Path) -> Path:
    without(folder_of(root), "cat")
    a_file(root / "cat" / "x.txt")
    return root


def an_empty_folder(root: Path) -> Path:
    root.mkdir()
    return root


def a_file(path: Path) -> Path:
    path.write_text("hello")
    return path


def flat_folder(root: Path) -> Path:
    write(root / "1.png", photo(1))
    return root


def extra_part(root: Path, name: str) -> Path:
    split_folder(root)
    write(root / name / "1.png", photo(1))
    return root


def broken_jpeg(root: Path) -> Path:
    folder_of(root)
    truncated(write(root / "cat" / "half.jpg", photo(5, 200, 200), quality=95))
    return root


X, Y = arrays()["train_images"], arrays()["train_labels"]
BAD_DATA = {
    "nothing named": (lambda p: "", "data: .*no file or folder ''"),
    "no such path": (lambda p: p / "nowhere", "data: .*nowhere.*give"),
    "another kind of file": (lambda p: a_file(p / "notes.txt"), "notes.txt.*not read.*give"),
    "empty folder": (lambda p: an_empty_folder(p / "set"), "no class folders and no images.*one sub-folder"),
    "images without class folders": (
        lambda p: flat_folder(p / "set"),
        "images lie directly in.*one sub-folder",
    ),
    "one class": (lambda p: folder_of(p / "set", ("cat",)), "one class folder only.*'cat'"),
    "a class with one image": (lambda p: folder_of(p / "set", n=1), "class 'cat'.*has 1 images.*at least 2"),
    "empty class folder": (lambda p: without(folder_of(p / "set"), "dog"), "dog.*holds no images"),
    "only other files": (lambda p: only_texts(p / "set"), r"cat' holds no images \(found \*\.txt\)"),
    "not an image": (
        lambda p: with_file(p / "set", "cat/x.jpg", b"plain text"),
        "cat/x.jpg.*not an image.*skip",
    ),
    "empty file": (lambda p: with_file(p / "set", "dog/x.png", b""), "dog/x.png.*empty.*skip"),
    "truncated": (lambda p: broken_jpeg(p / "set"), "cat/half.jpg.*truncated.*skip"),
    "unreadable format": (lambda p: with_file(p / "set", "cat/x.HEIC", b"x"), "cat/x.HEIC.*convert"),
    "bomb": (bomb, "cat/bomb.png.*pixels.*smaller"),
    "train and test differ": (
        lambda p: extra_part(p / "set", "test/fox"),
        "class folder 'fox'.*same class folders",
    ),
    "a third folder": (lambda p: extra_part(p / "set", "other"), "also other/"),
    "val twice": (
        lambda p: extra_part(extra_part(p / "set", "val/cat"), "valid/cat"),
        "both val/ and valid/",
    ),
    "test without train": (lambda p: folder_of(p / "set", ("test", "val")), "no train/"),
    "npz is text": (lambda p: a_file(p / "set.npz"), "set.npz is not a readable .npz"),
    "npz is a pickle": (lambda p: pickled_npz(p / "set.npz"), "set.npz is not a readable .npz"),
    "npz cut short": (lambda p: truncated(npz(p / "set.npz")), "set.npz is not a readable .npz"),
    "npz with objects": (lambda p: object_npz(p / "set.npz"), "object arrays.*plain"),
    "npz without labels": (
        lambda p: npz(p / "set.npz", train_labels=None),
        "no array 'train_labels'.*layout",
    ),
    "npz without images": (lambda p: npz(p / "set.npz", train_images=None), "no array 'train_images'"),
    "npz with half a test": (lambda p: npz(p / "set.npz", test_images=X), "no array 'test_labels'"),
    "npz lengths": (lambda p: npz(p / "set.npz", train_labels=Y[:9]), "12 train_images but 9 train_labels"),
    "npz negative label": (lambda p: npz(p / "set.npz", train_labels=Y - 1), "negative label -1"),
    "npz label gap": (
        lambda p: npz(p / "set.npz", train_labels=Y * 2),
        "no item with label 1 but one with 2",
    ),
    "npz float labels": (lambda p: npz(p / "set.npz", train_labels=Y / 2), "train_labels.*float64.*integers"),
    "npz many labels": (
        lambda p: npz(p / "set.npz", train_labels=np.eye(12, dtype=int)),
        r"\(12, 12\).*one label",
    ),
    "npz one class": (lambda p: npz(p / "set.npz", train_labels=Y * 0), "one class only"),
    "npz empty": (
        lambda p: npz(p / "set.npz", train_images=X[:0], train_labels=Y[:0]),
        "train_labels.*empty",
    ),
    "npz flat images": (
        lambda p: npz(p / "set.npz", train_images=X.reshape(12, 64)),
        r"\(12, 64\).*\(N, H, W\)",
    ),
    "npz channels first": (
        lambda p: npz(p / "set.npz", train_images=np.stack([X] * 3, 1)),
        r"\(12, 3, 8, 8\)",
    ),
    "npz int64 images": (lambda p: npz(p / "set.npz", train_images=X.astype(int)), "int64.*uint8"),
    "npz 0..255 floats": (lambda p: npz(p / "set.npz", train_images=X * 1.0), "float64 outside 0..1"),
    "npz NaN": (lambda p: npz(p / "set.npz", train_images=np.full((12, 8, 8), np.nan)), "NaN"),
    "npz test lacks a class": (
        lambda p: npz(p / "set.npz", test=4, test_labels=np.zeros(4, int)),
        "'1'.*test set",
    ),
    "npz too small": (
        lambda p: npz(p / "set.npz", train_images=X[:, :2, :2]),
        "size: 12 items of 2x2.*set size",
    ),
    "idx file missing": (
        lambda p: broken_idx(p / "set", "t10k-labels-idx1-ubyte.gz", None),
        "lacks t10k-labels",
    ),
    "idx not gzip": (
        lambda p: broken_idx(p / "set", "train-images-idx3-ubyte.gz", b"no gzip"),
        "train-images.*damaged",
    ),
    "idx truncated gzip": (
        lambda p: broken_idx(
            p / "set", "train-labels-idx1-ubyte.gz", gzip.compress(idx_bytes(np.zeros(8, np.uint8)))[:20]
        ),
        "train-labels.*damaged or cut short",
    ),
    "idx magic": (
        lambda p: broken_idx(p / "set", "train-images-idx3-ubyte.gz", gzip.compress(b"\0\0\x0d\3" + bytes(99))),
        "not an idx file",
    ),
    "idx too short": (
        lambda p: broken_idx(
            p / "set",
            "train-images-idx3-ubyte.gz",
            gzip.compress(idx_bytes(np.zeros((8, 8, 8), np.uint8))[:-9]),
        ),
        "does not hold the 512 values",
    ),
    "idx too big": (
        lambda p: broken_idx(
            p / "set",
            "train-images-idx3-ubyte.gz",
            gzip.compress(bytes([0, 0, 8, 3]) + b"\x7f\xff\xff\xff" * 3),
        ),
        "impossible shape",
    ),
    "idx counts": (
        lambda p: broken_idx(p / "set", "train-labels-idx1-ubyte.gz", gzip.compress(idx_bytes(np.zeros(7, np.uint8)))),
        "8 images but .* 7 labels",
    ),
}


@pytest.mark.parametrize("make, sentence", BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data_is_refused_in_one_sentence(tmp_path, make, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        read(str(make(tmp_path / "x" if make is bomb else tmp_path)))
    assert "\n" not in str(caught.value)


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


@pytest.mark.parametrize(
    "lines, sentence",
    [
        (["name,group", "cat/1.png,a"], "needs id .or file. and group"),
        (["id,group", "cat/1.png,a"], r"no group for 'cat/2.png' \(3 such items\)"),
        (["id,group", "cat/1.png,a", "cat/1.png,b"], "'cat/1.png' into two groups"),
        (["file,group", "1.png,a", "2.png,b"], "'1.png', which several items are called"),
        (["id,group", "cat/1.png,"], "no group for 'cat/1.png'"),
        ([], "needs id .or file. and group"),
    ],
)
def test_a_csv_that_does_not_fit_is_refused(tmp_path, lines, sentence):
    for k, name in enumerate(("cat", "dog")):
        for i in (1, 2):
            write(tmp_path / "set" / name / f"{i}.png", photo(10 * k + i))
    (tmp_path / "g.csv").write_text("\n".join(lines))
    with pytest.raises(InputError, match=sentence):
        read(str(tmp_path / "set"), groups=str(tmp_path / "g.csv"))


def test_bad_images_can_be_skipped_and_are_listed(tmp_path):
    folder_of(broken_jpeg(tmp_path))
    (tmp_path / "dog" / "empty.png").write_bytes(b"")
    bomb(tmp_path)
    found = read(str(tmp_path), on_bad_image="skip")
    assert [file for file, _ in found.report.skipped] == ["cat/bomb.png", "dog/empty.png", "cat/half.jpg"]
    assert len(found.pool) == 6 and all(reason for _, reason in found.report.skipped)


def test_skipping_must_leave_enough(tmp_path):
    folder_of(tmp_path)
    for i in (1, 2):
        (tmp_path / "cat" / f"cat{i}.png").write_bytes(b"no image")
    with pytest.raises(InputError, match="class 'cat'.*has 1 images"):
        read(str(tmp_path), on_bad_image="skip")


def test_a_test_set_lost_to_skipping_is_an_error(tmp_path):
    split_folder(tmp_path)
    for file in (tmp_path / "test").rglob("*.png"):
        file.write_bytes(b"no image")
    with pytest.raises(InputError, match="no image in the test set"):
        read(str(tmp_path), on_bad_image="skip")


def test_a_bomb_is_refused_before_any_pixel_is_decoded(tmp_path, monkeypatch):
    folder_of(tmp_path)
    monkeypatch.setattr(files, "MAX_PIXELS", 32 * 32 - 1)
    monkeypatch.setattr(files, "decode_file", lambda path: pytest.fail("decoded"))
    with pytest.raises(InputError, match=r"cat/cat0.png.*32x32 pixels.*and 5 more"):
        read(str(tmp_path))


def test_too_much_to_hold_is_refused(tmp_path, monkeypatch):
    folder, archive = folder_of(tmp_path / "set"), npz(tmp_path / "set.npz")
    monkeypatch.setattr(reading, "MAX_BYTES", 700)
    monkeypatch.setattr(array_formats, "MAX_BYTES", 700)
    with pytest.raises(InputError, match="size: 6 items of 32x32 .*set size"):
        read(str(folder))
    with pytest.raises(InputError, match="set.npz unpacks to"):
        read(str(archive))


def test_an_unreadable_folder_is_named(tmp_path, monkeypatch):
    folder_of(tmp_path)
    scandir = os.scandir

    def refuse_dog(path):
        if Path(path).name == "dog":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse_dog)
    with pytest.raises(InputError, match="dog.*Permission denied.*permissions"):
        read(str(tmp_path))


# ---- real data --------------------------------------------------------------------------------------


def test_flowers(shared_data):
    found = read(str(shared_data / "flowers"), size="32")
    assert found.pool.shape == (32, 32, 3) and len(found.test) == 736
    assert found.pool.classes == ("daisy", "dandelion", "roses", "sunflowers", "tulips")
    assert len(found.pool) + len(found.report.removed_from_pool) == 2934
    assert 2 < len(found.report.exact_duplicates) + len(found.report.near_duplicates) < 20
    assert found.report.label_conflicts == [
        ["train/roses/15922772266_1167a06620.jpg", "train/tulips/15922772266_1167a06620.jpg"]
    ]


def test_breastmnist_repeats_scenes_across_its_own_split(shared_data):
    found = read(str(shared_data / "breastmnist" / "breastmnist.npz"))
    assert len(found.test) == 156 and len(found.pool) + len(found.report.removed_from_pool) == 546 + 78
    assert 20 < len(found.report.removed_from_pool) < 90
    assert max(map(len, found.report.near_duplicates)) <= 6


def test_fashion_mnist_look_alikes_are_not_swallowed(shared_data, tmp_path):
    folder = shared_data / "fashion-mnist"
    images = _idx(folder / "t10k-images-idx3-ubyte.gz", 3)
    labels = _idx(folder / "t10k-labels-idx1-ubyte.gz", 1)
    assert images.shape == (10_000, 28, 28)
    np.savez(tmp_path / "set.npz", train_images=images, train_labels=labels)
    found = read(str(tmp_path / "set.npz"))
    assert found.pool.counts().tolist() == [1000] * 10
    assert sum(map(len, found.report.near_duplicates)) < 0.01 * 10_000


@pytest.mark.parametrize(("file", "kept"), [("pool_x.npy", 37), ("dataset.json", 37), ("pool_y.npy", 0)])
def test_a_damaged_copy_of_the_data_is_refused_by_name(file, kept, tmp_path):
    read("digits").save(tmp_path)
    (tmp_path / file).write_bytes((tmp_path / file).read_bytes()[:kept])
    with pytest.raises(
        InputError, match=r"^The copy of the data in .* is damaged \(.*\): remove that folder, and run again"
    ):
        Dataset.load(tmp_path)
