"""Which files below a folder are items: what systems leave, what belongs to another, where links lead."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from text_sets import TEXTS, texts

from gannb.data.files import Walk, is_file, is_folder, is_system, not_read, part_of, path_of, walk
from gannb.data.folders import from_folder
from gannb.media.image.sources.files import FILES
from gannb.utils.errors import InputError

KIND = replace(TEXTS, additions=("gloss", "tr"), originals=("text",))


def found(root: Path, **files: str) -> tuple[list[str], list[tuple[str, str]]]:
    """What is read of a set with further files, and what is left out."""
    source = from_folder(texts(root, **files), KIND, "fail")
    return [id for id in source.ids if id not in ("a/1.txt", "a/2.txt", "b/1.txt")], source.skipped


@pytest.mark.parametrize(
    "name",
    [
        "@eaDir", "@EADIR", "#recycle", "#snapshot", ".thumbnails", ".@__thumb", "__MACOSX", "lost+found",
        "$RECYCLE.BIN",
        "System Volume Information", "@Recycle", "@tmp", ".ipynb_checkpoints", ".Trash-1000", "found.000", "~snapshot",
        "Network Trash Folder", ".AppleDouble", "@Recently-Snapshot", "__pycache__", ".stversions", ".git",
    ],
)  # fmt: skip
@pytest.mark.parametrize("at", ["{}/x.txt", "a/{}/x.txt", "a/deep/{}/1.txt/SMALL.txt"])
def test_what_systems_and_servers_make_is_left_out_and_said(tmp_path, name, at):
    items, left_out = found(tmp_path, **{at.format(name): "x"})
    assert is_system(name) and items == []
    whose = "hidden" if name.startswith(".") else "a system's or a storage server's"
    assert left_out == [(f"{name}/", f"1 utterance, {whose}")]


def test_what_holds_no_items_is_not_told_of(tmp_path):
    assert found(tmp_path, **{"@eaDir/index.db": "", ".DS_Store": ""}) == ([], [])
    assert found(tmp_path, **{"a/recycle/3.txt": "x", "a/thumb.txt": "x"})[0] == ["a/recycle/3.txt", "a/thumb.txt"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (("a/1_gloss.txt",), "*_gloss.txt"),
        (("a/1_gloss_1.txt", "a/1_gloss_2.txt"), "*_gloss*.txt"),
        (("a/1-tr.TXT",), "*-tr.TXT"),
        (("a/1 Gloss (2).txt",), "* Gloss*.txt"),
        (("a/1.gloss.txt",), "*.gloss.txt"),
        (("a/1gloss.txt",), "*gloss.txt"),
        (("a/gloss_1.txt",), "gloss_*.txt"),
        (("a/1_tr_gloss.txt",), "*_tr.txt"),
        (("a/glosses/1.txt", "a/gloss/2.txt"), None),  # another plural: items; the folder of the word: not
        (("a/deep/gloss/1_gloss.txt",), "*_gloss.txt"),
    ],
)
def test_what_belongs_to_another_item_is_left_out_and_said(tmp_path, files, said):
    items, left_out = found(tmp_path, **dict.fromkeys(files, "x"))
    if said is None:
        assert items == ["a/glosses/1.txt"] and left_out[0][0] == "gloss/"
        return
    n = f"{len(files)} file{'s' * (len(files) > 1)}"
    assert items == [] and left_out == [(said, f"{n}, each belonging to the utterance that has the rest of its name")]


def test_it_is_an_item_where_the_one_that_it_would_belong_to_is_not_there(tmp_path):
    files = ("a/9_gloss.txt", "a/gloss_8.txt", "a/gloss/7.txt", "b/2_gloss.txt", "a/1tr.txt", "a/1_glossary.txt")
    assert sorted(found(tmp_path, **dict.fromkeys(files, "x"))[0]) == sorted(files)


def test_the_one_that_it_belongs_to_may_have_a_word_of_its_own(tmp_path):
    items, left_out = found(
        tmp_path, **dict.fromkeys(("a/7_text.txt", "a/7_gloss.txt", "a/text_8.txt", "a/tr_8.txt"), "x")
    )
    assert items == ["a/7_text.txt", "a/text_8.txt"] and [what for what, _ in left_out] == ["*_gloss.txt", "tr_*.txt"]


@pytest.mark.parametrize(
    ("at", "to"),
    [
        ("a/up", "."), ("a/up", ".."), ("a/up", "/"), ("a/other", "b"), ("a/other.txt", "b/1.txt"), ("a/own", "a"),
        ("a/in", "b/deep"), ("a/deep/up", "."),
    ],
)  # fmt: skip
def test_a_link_to_other_files_of_the_set_is_left_out_and_said(tmp_path, at, to):
    root = texts(tmp_path / "set", **{"b/deep/4.txt": "x", "a/deep/5.txt": "x"})
    (root / at).symlink_to(root / to if to != "/" else to)
    source = from_folder(root, KIND, "fail")
    assert source.ids == ["a/1.txt", "a/2.txt", "a/deep/5.txt", "b/1.txt", "b/deep/4.txt"]
    assert source.skipped == [(at, "a link to where other files of the set are")]


@pytest.mark.parametrize("at", ["c", "train"])
@pytest.mark.parametrize(
    ("to", "says"), [("a", "are one folder by a link"), (".", "holds the data"), ("..", "the data")]
)
def test_a_class_that_is_a_link_into_the_set_is_refused(tmp_path, at, to, says):
    root = texts(tmp_path / "set")
    (root / at).symlink_to(root / to)
    with pytest.raises(InputError, match=says):
        from_folder(root, KIND, "fail")


def test_a_test_set_that_is_the_training_set_by_a_link_is_refused(tmp_path):
    texts(tmp_path / "set" / "train")
    (tmp_path / "set" / "test").symlink_to("train")
    with pytest.raises(InputError, match='set/test/a" and ".*set/train/a" are one folder by a link; remove one'):
        from_folder(tmp_path / "set", KIND, "fail")


def test_links_to_elsewhere_are_followed_once_and_never_from_two_classes(tmp_path):
    root, elsewhere = texts(tmp_path / "set"), texts(tmp_path / "more")
    (root / "a" / "m").symlink_to(elsewhere)
    (root / "a" / "n").symlink_to(elsewhere)
    (root / "b" / "same.txt").symlink_to(root / "b" / "1.txt")  # a copy, which stays with its original
    ids = from_folder(root, KIND, "fail").ids
    assert ids[2:] == ["a/m/a/1.txt", "a/m/a/2.txt", "a/m/b/1.txt", "b/1.txt", "b/same.txt"]
    (root / "b" / "deep").symlink_to(elsewhere / "b")
    with pytest.raises(InputError, match='set/b/deep" and ".*set/a/m/b" are one folder by a link'):
        from_folder(root, KIND, "fail")


def test_the_data_may_be_named_by_a_link(tmp_path):
    texts(tmp_path / "set")
    (tmp_path / "link").symlink_to("set")
    assert from_folder(tmp_path / "link", KIND, "fail").ids == ["a/1.txt", "a/2.txt", "b/1.txt"]


def test_walking_meets_each_folder_once(tmp_path):
    root = texts(tmp_path)
    (root / "a" / "up").symlink_to(root)
    assert [path.relative_to(root).as_posix() for path in walk(root)] == ["a/1.txt", "a/2.txt", "b/1.txt"]
    assert Walk(root, KIND, [root]).items(root) == list(walk(root))


def test_words_for_parts():
    assert [part_of(word) for word in ("Train", "valid", " testing ", "seg_train", "")] == [
        "train",
        "val",
        "test",
        "",
        "",
    ]


def test_folders_of_thumbnails_and_thumbnails_by_their_size_belong_to_their_images(tmp_path):
    for name in ("x.png", "x-150x150.png", "_thumbnails/x.png", "y_1.png", "y_1_tn.png", "7x7.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    walk = Walk(tmp_path, FILES)
    assert [path.name for path in walk.items(tmp_path)] == ["7x7.png", "x.png", "y_1.png"]
    assert {name for name, _ in walk.left_out()} == {"*-150x150.png", "_thumbnails/", "*_tn.png"}


def test_links_to_where_one_may_not_look_and_in_a_circle_are_bad_items_and_pipes_are_none(tmp_path, monkeypatch):
    root = texts(tmp_path)
    os.mkfifo(root / "pipe")
    os.symlink("../pipe", root / "a" / "p.txt")
    assert "a/p.txt" not in found(tmp_path)[0]
    os.symlink("c.txt", root / "a" / "c.txt")
    for name in ("a", "b"):
        assert [path.name for path in walk(root / name)][-1] == ("c.txt" if name == "a" else "1.txt")

    class Closed:  # as the system answers for a link into a folder of somebody else's
        name, path = "x.txt", str(root / "a" / "x.txt")

        def is_dir(self):
            raise PermissionError(13, "Permission denied")

        is_file = is_dir

    assert not is_folder(Closed()) and is_file(Closed())


def test_what_is_named_is_there_or_refused_with_what_may_be_given(tmp_path, monkeypatch):
    assert path_of(str(tmp_path), "give a folder") == tmp_path
    for name in ("", str(tmp_path / "none")):
        with pytest.raises(InputError, match="there is no file or folder .*; give a folder"):
            path_of(name, "give a folder")
    (tmp_path / "photos" / "rose").mkdir(parents=True)
    for wrong in ("photo", "fotos/rose", "photos/roze"):
        with pytest.raises(InputError, match=rf"no file or folder '.*{wrong}'; did you mean '.*/photos.*'\?$"):
            path_of(str(tmp_path / wrong), "give a folder")
    monkeypatch.setattr("pathlib.Path.exists", lambda path: os.stat("/dev/null/x"))
    with pytest.raises(InputError, match="cannot be opened .*; check permissions"):
        path_of(str(tmp_path), "give a folder")


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("a.zip", "unpack it"),
        ("a.tar.gz", "unpack it"),
        ("a.XLSX", "save its sheet as CSV"),
        ("a.doc", "give a folder"),
    ],
)
def test_what_to_do_with_a_file_that_is_not_read_is_said(name, way):
    assert f"'{name}' is a file of a kind that is not read; {way}" in str(not_read(name, "give a folder"))
