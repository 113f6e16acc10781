"""A folder of class folders, shown on images: names, parts, order, what is ignored."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from image_sets import (
    a_file,
    extra_part,
    folder_of,
    photo,
    split_folder,
    write,
)
from text_sets import TEXTS, texts

from gannb.data.folders import from_folder, from_loose
from gannb.data.source import BadItem, check_counts
from gannb.media.image.reading import read
from gannb.utils.errors import InputError


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
        (("fold1/hill", "fold1/sea", "fold2/hill", "fold2/sea"), r"fold1/ and fold2/ .* look like parts of one set"),
        (("part A/hill", "part A/sea", "part B/hill", "part B/sea"), "look like parts of one set"),
        (("train/hill", "train/sea", "holdout/hill", "holdout/sea"), "look like parts of one set"),
        (
            ("hill", "sea", "test/hill", "test/sea"),
            r"test/ in .* called as those beside it are \(hill, sea\); move those",
        ),
        (("hill", "sea", "lake", "val/hill", "val/sea"), "val/ in .* move those beside it into train/, or rename val/"),
        (("hill/train", "hill/test", "sea/train", "sea/test"), "put the parts above the classes, as train/hill"),
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
    assert found.report.skipped == [
        ("*.txt", "1 file without an image extension"),
        (".*", "1 image, hidden"),
        (".hidden/", "1 image, hidden"),
        ("__MACOSX/", "1 image, a system's or a storage server's"),
    ]


def test_nested_folders_symlinks_and_upper_case_extensions(tmp_path):
    folder_of(tmp_path / "set")
    write(tmp_path / "set" / "cat" / "deep" / "er" / "x.JPG", photo(50), format="JPEG")
    elsewhere = write(tmp_path / "elsewhere" / "y.png", photo(51))
    (tmp_path / "set" / "dog" / "linked.png").symlink_to(elsewhere)
    (tmp_path / "set" / "dog" / "loop").symlink_to(tmp_path / "set" / "dog")
    found = read(str(tmp_path / "set"))
    assert found.pool.counts().tolist() == [4, 4]
    assert "cat/deep/er/x.JPG" in found.pool.ids and "dog/linked.png" in found.pool.ids


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


def flat_folder(root: Path) -> Path:
    write(root / "1.png", photo(1))
    return root


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


BAD_DATA = {
    "empty folder": (lambda p: an_empty_folder(p / "set"), "no class folders and no images.*one sub-folder"),
    "images without class folders": (
        lambda p: flat_folder(p / "set"),
        "images lie directly in.*one sub-folder",
    ),
    "empty class folder": (lambda p: without(folder_of(p / "set"), "dog"), "dog.*holds no images"),
    "only other files": (lambda p: only_texts(p / "set"), r"cat' holds no images \(found \*\.txt\)"),
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
}


@pytest.mark.parametrize("make, sentence", BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data_is_refused_in_one_sentence(tmp_path, make, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        read(str(make(tmp_path)))
    assert "\n" not in str(caught.value)


# ---- files of another kind ----


def test_a_folder_of_any_kind_of_files_is_read_by_what_is_handed_in(tmp_path):
    source = from_folder(texts(tmp_path, **{"a/x.png": ""}), TEXTS, "fail")
    assert source.ids == ["a/1.txt", "a/2.txt", "b/1.txt"] and source.y.tolist() == [0, 0, 1]
    assert source.shapes == [(3,), (5,), (3,)] and bytes(source.load(1)[0]) == b"three"
    assert source.skipped == [("*.png", "1 file without an utterance extension")]
    with pytest.raises(InputError, match="class 'b' .* has 1 utterance to train on; add some, or leave the class out"):
        check_counts(source, str(tmp_path))


def test_items_without_labels_are_read_at_any_depth_with_no_word_of_their_folders(tmp_path):
    root = texts(tmp_path, **{"train/deep/3.txt": "four", "9.txt": "nine", "a/x.png": ""})
    source = from_loose(root, TEXTS, "fail")
    assert source.ids == ["9.txt", "a/1.txt", "a/2.txt", "b/1.txt", "train/deep/3.txt"]
    assert source.y.tolist() == [0] * 5 and source.classes == ("",) and not source.has_test
    assert source.skipped == [("*.png", "1 file without an utterance extension")]
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="none' holds no utterances; give a folder that does"):
        from_loose(tmp_path / "none", TEXTS, "fail")


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"c/x.png": ""}, r"class folder '.*c' holds no utterances \(found \*\.png\); add utterances or"),
        ({"a/3.doc": ""}, "a/3.doc cannot be used .* or set on_bad_utterance=skip"),
    ],
)
def test_what_is_said_of_them_has_their_words(tmp_path, files, says):
    def refuse(path: Path) -> tuple[int, ...]:
        if path.suffix == ".doc":
            raise BadItem("it is a .doc")
        return (1,)

    with pytest.raises(InputError, match=says):
        from_folder(texts(tmp_path, **files), replace(TEXTS, header=refuse), "fail")
