"""Files of captions as rows; in which forms they come is tested with `sources`, faults of a whole file here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gannb.media.captioned.tables import CAPTION, CLASS, Told, names_captions, read_table, records
from gannb.utils.errors import InputError


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_row_tells_file_caption_class_part_and_where_it_stands(tmp_path):
    file = written(
        tmp_path, "a.csv", 'Split,Image Name,Comment,Label\ntest,a.png," red, round ",x\n\ntrain,b.png,two,y\n'
    )
    assert read_table(file) == [
        Told("a.png", "red, round", "x", "test", f"{file}, line 2", tmp_path),
        Told("b.png", "two", "y", "train", f"{file}, line 4", tmp_path),
    ]


def test_the_delimiter_is_the_one_that_makes_the_columns(tmp_path):
    flickr = written(tmp_path, "results.csv", "image_name| comment_number| comment\na.jpg| 0| A man, a hat, a dog .\n")
    assert [(told.file, told.caption) for told in read_table(flickr)] == [("a.jpg", "A man, a hat, a dog .")]
    token = written(tmp_path, "Flickr8k.token.txt", "a.jpg#0\tA man, a hat, a dog .\na.jpg#1\tA dog .\n")
    assert [told.file for told in read_table(token)] == ["a.jpg#0", "a.jpg#1"]


def test_what_spreadsheets_write_above_the_header_is_heeded(tmp_path):
    file = written(tmp_path, "a.csv", "sep=|\nfile|caption\na.png|one, two; three\n")
    assert [(told.caption, told.where[-6:]) for told in read_table(file)] == [("one, two; three", "line 3")]


def test_a_table_without_a_header_is_one_of_files_and_captions(tmp_path):
    file = written(tmp_path, "a.csv", "a.png,red,x\nb.png,blue,y\n")
    assert [(told.file, told.caption, told.label) for told in read_table(file)] == [
        ("a.png", "red", "x"), ("b.png", "blue", "y")
    ]  # fmt: skip


def test_a_record_of_json_may_have_several_captions(tmp_path):
    file = written(tmp_path, "a.jsonl", json.dumps({"file": "a.png", "captions": ["one", {"raw": "two"}], "label": 3}))
    assert [(told.caption, told.label) for told in read_table(file)] == [("one", "3"), ("two", "3")]


def test_elements_of_a_list_know_their_lines(tmp_path):
    text = '[\n {"file": "a.png", "caption": "one"},\n {"file": "b.png",\n  "caption": "two"}\n]'
    assert [told.where.rpartition(" ")[2] for told in read_table(written(tmp_path, "a.json", text))] == ["2", "3"]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", "", "a.csv is empty; give the columns file and caption"),
        ("a.csv", "file,caption\n", "a.csv holds no caption"),
        ("a.csv", "file,words\na.png,red\n", "line 1: there is no column 'caption' .the columns are 'file', 'words'."),
        ("a.csv", "picture,caption\na.png,red\n", "line 1: there is no column 'file'"),
        ("a.csv", "file,caption,class\na.png,red\n", "line 2: it has 2 cells and the first line has 3"),
        ("a.jsonl", '{"file": "a.png", "caption": "x"}\n{"file": ', "line 2: it is no JSON"),
        ("a.jsonl", '"a.png"', "line 1: it is no JSON object; write"),
        ("a.jsonl", '{"file": "a.png"}', "line 1: it has no 'caption' .its names are 'file'."),
        ("a.jsonl", '{"caption": "x", "id": 3}', "line 1: it has no 'file'"),
        ("a.jsonl", '{"file": "a.png", "caption": 3}', "line 1: its caption is 3 and no text"),
        ("a.jsonl", '{"file": "a.png", "caption": "x", "class": [1]}', "line 1: its class is .1. and no name"),
        ("a.json", "[1, 2", "line 1: it is no JSON"),
        ("a.json", '{"a.png": "x", "a.png": "y"}', "it is no JSON .the name 'a.png' stands twice in one object"),
        ("a.json", "[" * 100_000, "it is no JSON"),
        ("a.json", "3", "it is neither a list of objects nor one object"),
        ("a.json", '{"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"image_id": 2, "caption": "x"}]}',
         "annotation 0: there is no image of the id 2 in `images`"),
        ("a.json", '{"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"image_id": 1, "bbox": []}]}',
         "the 1th of `annotations` has no `caption` .boxes or outlines of COCO"),
        ("a.json", '{"images": [{"id": 1}], "annotations": [{"image_id": 1, "caption": "x"}]}',
         "the 1th of `images` has no `file_name`"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_file_and_line(tmp_path, name, text, says):
    with pytest.raises(InputError, match=says):
        read_table(written(tmp_path, name, text))


def test_records_of_other_columns_are_read_in_the_same_way(tmp_path):
    file = written(tmp_path, "new.csv", "Class,Caption\nx,a red one\n")
    assert list(records(file, CAPTION, CLASS, "")) == [({"class": "x", "caption": "a red one"}, f"{file}, line 2")]


def test_a_first_line_tells_whether_there_are_captions(tmp_path):
    assert names_captions(written(tmp_path, "a.csv", "file_name,text\n"))
    assert names_captions(written(tmp_path, "a.jsonl", '{"file_name": "a.png", "text": "x"}\n'))
    assert not names_captions(written(tmp_path, "b.csv", "file_name,label\n"))
    assert not names_captions(written(tmp_path, "b.jsonl", '{"file_name": "a.png", "label": 1}\n'))
    assert not names_captions(written(tmp_path, "c.jsonl", "no json\n"))
