"""Labels in tables: how they may be written, which column is meant, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from text_sets import TEXTS, texts

from gannb.data.folders import from_folder
from gannb.data.label_tables import read_table
from gannb.data.source import Source
from gannb.utils.errors import InputError

LABELS = {"x1": "b", "x2": "a", "x3": "b", "x10": "a"}


def flat(root: Path, table: str | bytes, at: str = "labels.csv", folder: str = "") -> Path:
    """Files without class folders, and a table."""
    for name in LABELS:
        (root / folder / f"{name}.txt").parent.mkdir(parents=True, exist_ok=True)
        (root / folder / f"{name}.txt").write_text(name)
    (root / at).write_bytes(table.encode() if isinstance(table, str) else table)
    return root


def written(header: str = "file,label", name: str = "{}.txt", cell: str = "{name},{label}") -> str:
    lines = [cell.format(name=name.format(key), label=label) for key, label in LABELS.items()]
    return "\n".join([header, *lines]) + "\n"


def labels_of(source: Source) -> dict[str, str]:
    return {
        id.split("/")[-1].removesuffix(".txt"): source.classes[k] for id, k in zip(source.ids, source.y, strict=True)
    }


GOOD = {
    "plain": written(),
    "byte order mark": b"\xef\xbb\xbf" + written().encode(),
    "UTF-16": written().encode("utf-16"),
    "lines of an old Macintosh": written().replace("\n", "\r"),
    "semicolons": written("file;label", cell="{name};{label}"),
    "tabs": written("file\tlabel", cell="{name}\t{label}"),
    "as a spreadsheet": "sep=;\r\n" + written("file;label", cell="{name};{label}").replace("\n", "\r\n"),
    "quotes and spaces": written('"file", "label"', cell='"{name}", {label} '),
    "empty lines": written().replace("\n", "\n\n") + ",\n",
    "without names of columns": written().split("\n", 1)[1],
    "without extensions": written("image_id,dx", "{}"),
    "other case": written(name="{}.TXT"),
    "with the path on another machine": written(name="C:\\data\\set\\{}.txt"),
    "from ./": written(name="./{}.txt"),
    "line numbers first": written(",file,label", cell="7,{name},{label}"),
    "in another order": written("label,file", cell="{label},{name}"),
    "a column that is called otherwise": written("picture,kind"),
    "label among others": written("file,age,label", cell="{name},3,{label}"),
    "its name among words": written("Image Index,Age,Finding Labels", cell="{name},3,{label}"),
    "numbers and names": "file,class_id,class_name\nx1,1,b\nx2,0,a\nx3,1,b\nx10,0,a\n",
    "a column per class": "image,a,b\nx1,0.0,1.0\nx2,1.0,0.0\nx3,0.0,1.0\nx10,1.0,0.0\n",
    "with decimal commas": "image;a;b\nx1;0,0;1,0\nx2;1,0;0,0\nx3;0,0;1,0\nx10;1,0;0,0\n",
    "in words": "image,a,b\nx1,False,True\nx2,True,False\nx3,False,True\nx10,True,False\n",
    "twice the same": written() + "x1.txt,b\n",
}  # fmt: skip


@pytest.mark.parametrize("table", GOOD.values(), ids=GOOD)
def test_a_table_beside_one_folder_of_files_is_read(tmp_path, table):
    source = from_folder(flat(tmp_path, table), TEXTS, "fail")
    assert labels_of(source) == LABELS and source.classes == ("a", "b") and not source.has_test
    assert source.ids == ["x1.txt", "x2.txt", "x3.txt", "x10.txt"] and source.skipped == []


@pytest.mark.parametrize(
    ("at", "folder"),
    [("labels.csv", "all"), ("labels.tsv", "all/deep"), ("all/labels.csv", "all"), ("labels.CSV", "train")],
)
def test_where_table_and_files_may_lie(tmp_path, at, folder):
    assert labels_of(from_folder(flat(tmp_path, written(), at, folder), TEXTS, "fail")) == LABELS


def test_names_that_several_files_have_need_their_paths(tmp_path):
    flat(flat(tmp_path, "", folder="all/one"), written(), folder="all/two")
    with pytest.raises(InputError, match="labels.csv names 'x1.txt', which several files are called; write the path"):
        from_folder(tmp_path, TEXTS, "fail")
    (tmp_path / "labels.csv").write_text(written(name="set/all/two/{}.txt") + written(name="one/{}").split("\n", 1)[1])
    source = from_folder(tmp_path, TEXTS, "fail")
    assert len(source.ids) == 8 and sorted(source.y.tolist()) == [0] * 4 + [1] * 4


def test_a_test_set_by_column_by_folder_and_by_table(tmp_path):
    column = written("file,label,split", cell="{name},{label},train").replace("x3.txt,b,train", "x3.txt,b,TEST")
    source = from_folder(flat(tmp_path / "column", column), TEXTS, "fail")
    assert source.has_test and [id for id, test in zip(source.ids, source.is_test, strict=True) if test] == ["x3.txt"]
    for part in ("train", "test"):
        flat(tmp_path / "folder", written(), f"_{part}.csv", part)
        flat(tmp_path / "both", written(), f"{part}/_classes.csv", part)
    flat(tmp_path / "both", written(), "valid/_classes.csv", "valid")
    assert from_folder(tmp_path / "both", TEXTS, "fail").is_test.tolist() == [True] * 4 + [False] * 8
    assert from_folder(tmp_path / "folder", TEXTS, "fail").is_test.tolist() == [True] * 4 + [False] * 4


def test_what_has_no_label_is_left_out_and_said(tmp_path):
    nan = from_folder(flat(tmp_path / "nan", written().replace("x3.txt,b", "x3.txt,NaN")), TEXTS, "fail")
    assert labels_of(nan) == {key: label for key, label in LABELS.items() if key != "x3"}  # as pandas writes it
    root = flat(tmp_path / "set", "id,breed\nx1,b\nx2,a\n", "train.csv", "train")
    flat(root, written().replace("x3.txt,b", "x3.txt,"), "train.csv", "test/unknown")
    (root / "train.csv").write_text("id,breed\ntrain/x1,b\ntrain/x2,a\ntrain/x3,\n")
    source = from_folder(root, TEXTS, "fail")
    assert labels_of(source) == {"x1": "b", "x2": "a"}
    assert source.skipped == [("test/unknown/x1.txt and 5 more", "without a label in train.csv")]


def test_files_that_are_not_there_are_refused_or_skipped(tmp_path):
    root = flat(tmp_path, written() + "y1.txt,a\ny2.txt,a\n")
    with pytest.raises(
        InputError, match="y1.txt and 1 more are named in labels.csv, but .* or set on_bad_utterance=skip"
    ):
        from_folder(root, TEXTS, "fail")
    source = from_folder(root, TEXTS, "skip")
    assert labels_of(source) == LABELS and source.skipped[0] == ("y1.txt", "named in labels.csv, but not there")


SEVERAL = "several labels .* a study has one per utterance; choose a column: save a table of two"
BAD = {
    "several flags": ("image,a,b\nx1,1,1\nx2,1,0\nx3,0,1\nx10,0,1\n", rf"x1 {SEVERAL}.*as whether it is 'a'"),
    "flags and -1": ("image,a,b\nx1,1,-1\nx2,-1,1\nx3,1,1\nx10,1,-1\n", SEVERAL),
    "no flag": ("image,a,b\nx1,0,1\nx2,0,0\nx3,0,1\nx10,1,0\n", r"for x2 \(1 such lines\) none of the columns a, b"),
    "two lines": (written() + "x1.txt,a\n", rf"x1.txt {SEVERAL}"),
    "a bar": (written().replace("x3.txt,b", "x3.txt,a|b"), SEVERAL),
    "a list": (written().replace("x3.txt,b", "x3.txt,\"['u', 'v']\""), SEVERAL),
    "commas": (written().replace("x3.txt,b", 'x3.txt,"a, b"'), SEVERAL),
    "spaces": (written().replace("x3.txt,b", "x3.txt,a b"), SEVERAL),
    "which column": (written("file,size,shade", cell="{name},3,{label}"), r"which of .* \(size, shade\); call"),
    "two that may be": (
        "file,diagnosis,target\nx1.txt,b,0\nx2.txt,a,0\nx3.txt,b,1\nx10.txt,a,0\n",
        r"which of its columns are the labels \(diagnosis, target\); call the one that is meant `label`",
    ),
    "captions": (written("file,caption"), "no table in .* names its utterances and their labels; give one with"),
    "groups": (written("file,group"), "no table in"),
    "other files": (written(name="y{}"), "no table in"),
    "empty": ("", "no table in"),
    "not UTF-8": (b"file,label\nx1.txt,caf\xe9\n", "labels.csv' cannot .* .it is not UTF-8.; save it as CSV in UTF-8"),
    "zeros": (written().replace("b", "b\0"), "cannot be read .it holds zeros."),
    "which are for testing": (
        "file,label,is_test\nx1.txt,b,0\nx2.txt,a,0\nx3.txt,b,1\nx10.txt,a,1\n",
        "column 'is_test' .* which rows are for testing, with 0, 1; call it `split` and write train, val and test",
    ),
    "parts in other words": (
        "file,label,split\nx1.txt,b,train\nx2.txt,a,train\nx3.txt,b,dev\nx10.txt,a,dev\n",
        "column 'split' .* with dev, train; call it",
    ),
    "parts and blanks": (
        "file,label,subset\nx1.txt,b,train\nx2.txt,a,\nx3.txt,b,train\nx10.txt,a,test\n",
        "column 'subset' .* with a blank, test, train; call it",
    ),
    "parts in short": (
        "file,label,fold\nx1.txt,b,TR\nx2.txt,a,TR\nx3.txt,b,TE\nx10.txt,a,TE\n", "column 'fold' .* with TE, TR; call",
    ),
    "letter case": (
        written().replace("x3.txt,b", "x3.txt,B"), "x3.txt in labels.csv: the class 'B' differs from 'b' .* write both"
    ),
    "wide blanks": (
        "file,label\nx1.txt,a b\nx2.txt,c\nx3.txt,a\u2003b\nx10.txt,c\n", "differs from 'a b' .* by blanks or forms",
    ),
    "two of a name": (
        "file,label,Label\nx1.txt,b,b\nx2.txt,a,a\nx3.txt,b,a\nx10.txt,a,a\n",
        "labels.csv has two columns 'label' that differ; rename",
    ),
    "a quote that is not closed": (
        written("file,label,note", cell="{name},{label},y").replace("x2.txt,a,y", 'x2.txt,a,"y'),
        "labels.csv, line 3: a quote is opened there and not closed",
    ),
    "a quote that swallows rows": (
        written("file,label,note", cell="{name},{label},y").replace("a,y\nx3", 'a,"y\nx3').replace("y\nx10", 'y"\nx10'),
        "labels.csv, line 3: the quote that is opened there swallows 1 further lines",
    ),
    "more cells": ("file,label\nx1.txt,a,b\n", "line 2 of .*labels.csv' has 3 cells and the first 2; put quotes"),
    "more cells far below": ('sep=,\nfile,label\n\n"x\n1",a\nx1.txt,"a\n",b\n', "line 6 of .*labels.csv' has 3 cells"),
}  # fmt: skip


@pytest.mark.parametrize(("table", "says"), BAD.values(), ids=BAD)
def test_what_is_not_clear_is_refused_in_one_sentence(tmp_path, table, says):
    with pytest.raises(InputError, match=says) as caught:
        from_folder(flat(tmp_path, table), TEXTS, "fail")
    assert "\n" not in str(caught.value)


def test_names_may_hold_what_parts_labels_elsewhere(tmp_path):
    table = written().replace(",a", ',"red, dry"').replace(",b", ",white wine")
    assert from_folder(flat(tmp_path, table), TEXTS, "fail").classes == ("red, dry", "white wine")


def test_two_tables_must_be_of_different_parts(tmp_path):
    root = flat(flat(tmp_path, written(), "sample_submission.csv"), written(), "train.csv")
    with pytest.raises(InputError, match="sample_submission.csv and train.csv in .* all give labels; keep the one"):
        from_folder(root, TEXTS, "fail")


@pytest.mark.parametrize(
    ("table", "refused"),
    [
        ("file,label\na/1.txt,A\n2.txt,A\nb/1.txt,B\n", False),  # the folders by other names
        ("file,label\na/1.txt,u\na/2.txt,v\nb/1.txt,u\n", True),
        ("file,patient\na/1.txt,u\na/2.txt,v\nb/1.txt,u\n", False),
        ("file,label\n1.txt,u\n2.txt,v\n", True),  # of either class
        ("name,value\nmean,3\n", False),
        ("file,label\na/1.txt,u\n", False),  # of too few to be meant
        ("file,label\na/1.txt,b\na/2.txt,b\nb/1.txt,a\n", True),  # the same names, each for the other
    ],
)
def test_class_folders_count_unless_a_table_gives_other_labels(tmp_path, table, refused):
    root = texts(tmp_path)
    (root / "table.csv").write_text(table)
    if refused:
        with pytest.raises(
            InputError, match="table.csv in .* gives other labels than the class folders; move it elsewhere"
        ):
            from_folder(root, TEXTS, "fail")
    else:
        assert from_folder(root, TEXTS, "fail").classes == ("a", "b")


def test_a_table_has_its_cells_as_written(tmp_path):
    (tmp_path / "t.csv").write_text("file,label\nx,001\ny,1.0\n")
    table = read_table(tmp_path / "t.csv")
    assert table.columns == ("file", "label") and table.rows == [["x", "001"], ["y", "1.0"]]
