"""Reading sentences: forms, duplicates, what is refused in one sentence with file and line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gannb.media.text.reading import read, recognises
from gannb.utils.errors import InputError

A, B = ["play some jazz", "put on a song", "play the blues"], ["will it rain", "is it cold today", "will it snow"]
ROWS = [(text, "music") for text in A] + [(text, "weather") for text in B]


def csv_of(rows=ROWS, header="text,label", delimiter=","):
    return "\n".join([header, *(delimiter.join(row) for row in rows)]) + "\n"


def written(folder, name, content):
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return str(file)


def texts(dataset):
    return dict(zip(dataset.pool.ids.tolist(), dataset.pool.x.tolist(), strict=True))


# ---- forms ----


@pytest.mark.parametrize(
    ("name", "content", "given"),
    [
        ("a.csv", csv_of(), {}),
        ("a.csv", csv_of(delimiter=";", header="text;label"), {}),
        ("a.csv", csv_of(header="Text, LABEL"), {}),
        ("a.csv", csv_of(header="utterance,intent"), {"text_column": "utterance", "label_column": "intent"}),
        ("a.csv", csv_of(header="utterance,intent"), {"text_column": "1", "label_column": "2"}),
        ("a.csv", csv_of(header="utterance,intent"), {"text_column": "1", "label_column": "intent"}),
        ("a.csv", csv_of(header="utterance,label"), {"text_column": "1"}),
        ("a.tsv", csv_of(delimiter="\t", header="text\tlabel"), {}),
        ("a.csv", b"\xef\xbb\xbf" + csv_of().encode(), {}),
        ("a.tsv", csv_of(delimiter="\t", header="text\tlabel").encode("utf-16"), {}),
        ("a.csv", csv_of().replace("\n", "\r\n"), {}),
    ],
)
def test_tables_of_any_kind_give_the_same_sentences_with_their_lines(tmp_path, name, content, given):
    dataset = read(written(tmp_path, name, content), **given)
    assert dataset.pool.classes == ("music", "weather") and dataset.pool.counts().tolist() == [3, 3]
    assert texts(dataset) == {f"{name}:{i}": text for i, (text, _) in enumerate(ROWS, 2)}
    assert "6 rows were read" in dataset.report.brought_to and dataset.medium == "text"


def test_a_table_without_header_is_taken_by_its_column_of_fewer_values_and_that_is_said(tmp_path):
    content = "".join(f"{label}\t{text}\n" for text, label in ROWS)
    dataset = read(written(tmp_path, "a.tsv", content))
    assert dataset.pool.x.tolist() == A + B and dataset.pool.ids[0] == "a.tsv:1"
    assert "its first column, which has 2 different values, is taken for the classes" in dataset.report.brought_to
    other = read(written(tmp_path, "b.csv", csv_of(header="sentence,kind")))
    assert len(other.pool) == 6 and "line 1 for a header" in other.report.brought_to


def test_jsonl_has_its_lines_and_its_names(tmp_path):
    lines = [json.dumps({"text": text, "label": label, "extra": 1}) for text, label in ROWS]
    dataset = read(written(tmp_path, "a.jsonl", "\n".join([lines[0], "", *lines[1:]])))
    assert dataset.pool.ids.tolist()[:2] == ["a.jsonl:1", "a.jsonl:3"] and dataset.pool.x.tolist() == A + B
    renamed = [json.dumps({"q": text, "y": label == "music"} | {"y": int(label == "music")}) for text, label in ROWS]
    found = read(written(tmp_path, "b.jsonl", "\n".join(renamed)), text_column="q", label_column="y")
    assert found.pool.classes == ("0", "1")


def test_train_and_test_files_stay_apart(tmp_path):
    written(tmp_path, "train.csv", csv_of())
    written(tmp_path, "test.csv", csv_of([("a jazz song please", "music"), ("WILL it  rain?", "weather")]))
    dataset = read(str(tmp_path))
    assert dataset.test.x.tolist() == ["a jazz song please", "WILL it rain?"]
    assert dataset.report.removed_from_pool == ["train.csv:5"] and len(dataset.pool) == 5


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_column_of_parts_keeps_the_test_set_apart(tmp_path, name):
    rows = [(text, label, "test" if k in (2, 5) else "Train") for k, (text, label) in enumerate(ROWS)]
    told = [json.dumps(dict(zip(("text", "label", "split"), row, strict=True))) for row in rows]
    content = csv_of(rows, "text,label,split") if name == "a.csv" else "\n".join(told)
    dataset = read(written(tmp_path, name, content))
    assert dataset.test.x.tolist() == [A[2], B[2]] and len(dataset.pool) == 4


def test_folders_of_texts_and_a_file_of_lines_per_class(tmp_path):
    for text, label in ROWS:
        folder = tmp_path / "folders" / label
        folder.mkdir(parents=True, exist_ok=True)
        written(folder, f"{text.replace(' ', '-')}.txt", text + "\n")
    lists = tmp_path / "lists"
    lists.mkdir()
    written(lists, "music.txt", "\n".join(A))
    written(lists, "weather.txt", "\n".join(B))
    assert sorted(read(str(tmp_path / "folders")).pool.x) == sorted(A + B)
    found = read(str(lists))
    assert found.pool.x.tolist() == A + B and found.pool.ids[3] == "weather.txt:1"
    assert recognises(str(lists)) and recognises(str(tmp_path / "folders"))


def test_what_is_of_another_medium_is_not_recognised(tmp_path):
    (tmp_path / "cats").mkdir()
    written(tmp_path / "cats", "a.png", b"")
    written(tmp_path, "captions.txt", "of the images")
    (tmp_path / "images" / "cats").mkdir(parents=True)
    written(tmp_path / "images" / "cats", "a.png", b"")
    assert not recognises(str(tmp_path / "images")) and not recognises("digits")
    assert not recognises(str(tmp_path / "a.npz"))


# ---- what is kept as it is, and what is said ----


def test_sentences_of_the_same_words_stay_together(tmp_path):
    rows = [*ROWS, ("Play  some JAZZ", "music"), ("play some jazz!", "music"), ("will it rain", "music")]
    dataset = read(written(tmp_path, "a.csv", csv_of(rows)))
    group = dict(zip(dataset.pool.ids.tolist(), dataset.pool.groups.tolist(), strict=True))
    assert group["a.csv:2"] == group["a.csv:8"] == group["a.csv:9"] != group["a.csv:4"]
    assert dataset.report.exact_duplicates == [["a.csv:2", "a.csv:8"], ["a.csv:5", "a.csv:10"]]
    assert dataset.report.near_duplicates == [["a.csv:2", "a.csv:9"]]
    assert dataset.report.label_conflicts == [["a.csv:5", "a.csv:10"]]


def test_na_is_a_text_and_a_class_as_any_other(tmp_path):
    rows = [("NA", "NA"), ("null", "NA"), ("nan", "NA"), *[(text, "None") for text in B]]
    dataset = read(written(tmp_path, "a.csv", csv_of(rows)))
    assert dataset.pool.classes == ("NA", "None") and dataset.pool.x[0] == "NA" and len(dataset.pool) == 6


def test_scripts_from_right_to_left_emoji_and_markup_are_kept(tmp_path):
    rows = [("שלום עולם 👩‍👩‍👧", "music"), ("مرحبا بالعالم", "music"), ("<b>rain</b> &amp; snow", "weather")]
    dataset = read(written(tmp_path, "a.csv", csv_of([*ROWS, *rows])))
    assert dataset.pool.x[6:].tolist() == [text for text, _ in rows]
    assert "1 hold HTML entities such as &amp;, which stay as they are" in dataset.report.brought_to


def test_blanks_and_control_characters_are_tidied_and_accents_composed(tmp_path):
    rows = [(" play\x07  some\x0bjazz ", " music "), ("cafe\u0301 music", "music\u00a0"), *ROWS]
    dataset = read(written(tmp_path, "a.csv", csv_of(rows)))
    assert dataset.pool.x[:2].tolist() == ["play some jazz", "caf\u00e9 music"] and dataset.pool.n_classes == 2


def test_longer_sentences_are_cut_after_so_many_tokens_and_that_is_said(tmp_path):
    rows = [*ROWS, ("one two, three four five", "music"), ("x" * 1000, "weather")]
    dataset = read(
        written(tmp_path, "a.csv", csv_of([(t.replace(",", " ,").replace(" ,", ";"), y) for t, y in rows])),
        max_tokens=4,
    )
    assert dataset.pool.x[6] == "one two; three" and len(dataset.pool.x[7]) == 320
    assert "longer ones were cut off there (max_tokens)" in dataset.report.brought_to


def test_a_quote_in_a_tsv_is_a_quote_and_cells_of_several_lines_are_one_sentence(tmp_path):
    rows = [('the "best" song', "music"), ('he said "no', "weather"), *ROWS]
    dataset = read(written(tmp_path, "a.tsv", csv_of(rows, "text\tlabel", "\t")))
    assert len(dataset.pool) == 8 and dataset.pool.x[1] == 'he said "no'
    content = csv_of() + '"play, a\nlong ""song""",music\n' + "it hails,weather\n"
    found = read(written(tmp_path, "b.csv", content))
    assert found.pool.x[-2] == 'play, a long "song"' and found.pool.ids.tolist()[-2:] == ["b.csv:8", "b.csv:10"]


# ---- what is refused ----

BAD = {
    "no such column": ("a.csv", csv_of(header="sentence,kind,x"), r"a.csv, line 1: there is no column 'text'.*'kind'"),
    "misspelt column": (
        "a.csv",
        csv_of([(*r, "") for r in ROWS], header="texts,label,x"),
        r"a.csv, line 1: there is no column 'text'.*texts",
    ),
    "empty text": ("a.csv", csv_of([*ROWS, (" ", "music")]), r"a.csv:8 cannot be used \(its sentence is empty\)"),
    "empty class": ("a.csv", csv_of([*ROWS, ("hello", " ")]), r"a.csv:8 cannot be used \(its class is empty\)"),
    "an open quote": ("a.csv", csv_of([("play", "music"), ('"oh no', "music"), *ROWS]), r"a.csv, line 3: .*quote"),
    "a quote that swallows rows": (
        "a.csv",
        csv_of([*ROWS, ('"oh no', "music"), ("it rains", "weather"), ('it snows"', "weather")]),
        r"a.csv, line 8: the quote that is opened there swallows 2 further lines",
    ),
    "cp1252": ("a.csv", csv_of([("café", "music"), *ROWS]).encode("cp1252"), r"a.csv, line 2: byte 0xe9 is not UTF-8"),
    "utf-16 without a mark": ("a.csv", csv_of().encode("utf-16-le"), r"a.csv, line 1: .*UTF-16 without a mark"),
    "a NUL": ("a.csv", csv_of([("pl\0ay", "music"), *ROWS]), r"a.csv, line 2: it has a NUL character"),
    "classes by case": (
        "a.csv",
        csv_of([*ROWS, ("hey", "Music")]),
        r"a.csv:8: the class 'Music' differs from 'music' ",
    ),
    "one class": ("a.csv", csv_of(ROWS[:3]), r"has one class only \('music'\)"),
    "a class of one": ("a.csv", csv_of([*ROWS, ("hey", "rare")]), r"class 'rare' of .* has 1 sentence to train on"),
    "a million characters": ("a.csv", csv_of([*ROWS, ("x" * 10**6, "music")]), r"a.csv:8 .*1,000,000 characters"),
    "numbers": (
        "a.csv",
        csv_of([("1.5", "a"), ("2", "a"), ("3", "b"), ("-4", "b")]),
        r"a.csv, line 2 and on: .*without any letter",
    ),
    "another number of cells": ("a.csv", csv_of([*ROWS, ("well, yes", "music")]), r"a.csv:8 .*it has 3 cells"),
    "no rows": ("a.csv", "", r"a.csv holds no rows"),
    "a header alone": ("a.csv", csv_of([]), r"holds no sentences; give some of two classes"),
    "a column number too high": ("a.csv", csv_of(header="a,b,c"), r"there is no column number 9"),
    "json that is none": ("a.jsonl", '{"text": "a", "label": "b"}\n{"text"', r"a.jsonl, line 2: it is no JSON"),
    "json without the name": (
        "a.jsonl",
        '{"txt": "a", "label": "b"}',
        r"a.jsonl, line 1: there is no 'text'.*'txt'|txt",
    ),
    "a column of parts in other words": (
        "a.csv",
        csv_of([(*row, "dev") for row in ROWS], "text,label,split"),
        "column 'split' .* with dev; call it `split`",
    ),
    "json with parts in other words": (
        "a.jsonl",
        '{"text": "a", "label": "b", "split": "dev"}',
        "column 'split' of a.jsonl .* with dev",
    ),
    "two columns of a name": (
        "a.csv",
        csv_of([(*row, "x") for row in ROWS], "text,label,label"),
        "a.csv has two columns 'label' that differ",
    ),
    "a page of a web server": (
        "a.csv",
        "<!DOCTYPE html>\n<p>Not found, sorry",
        "a.csv cannot be used: it is a page or message",
    ),
    "an archive": ("a.csv", b"PK\x03\x04" + bytes(range(256)), "a.csv cannot be used: it is a zip archive; unpack it"),
    "json without an end": ("a.jsonl", '{"text":' + "[" * 100_000, "a.jsonl, line 1: it is no JSON"),
    "a text that is null": ("a.jsonl", '{"text": null, "label": "b"}', r"a.jsonl:1 .*its sentence is null"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_refused_in_one_sentence_with_file_and_line(tmp_path, what):
    name, content, sentence = BAD[what]
    given = {"text_column": "9", "label_column": "1"} if "number too high" in what else {}
    with pytest.raises(InputError, match=sentence) as refused:
        read(written(tmp_path, name, content), **given)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400


def test_bad_rows_may_be_skipped_and_are_listed(tmp_path):
    dataset = read(written(tmp_path, "a.csv", csv_of([("", "music"), *ROWS])), on_bad_text="skip")
    assert len(dataset.pool) == 6 and dataset.report.skipped == [("a.csv:2", "its sentence is empty")]


def test_a_folder_without_a_train_file_names_what_is_there(tmp_path):
    written(tmp_path, "one.csv", csv_of())
    written(tmp_path, "two.csv", csv_of())
    with pytest.raises(InputError, match="one.csv, two.csv and no file called train"):
        read(str(tmp_path))
    with pytest.raises(InputError, match="there is no file or folder"):
        read(str(tmp_path / "gone.csv"))


def test_equal_files_give_equal_fingerprints_whatever_they_are_called(tmp_path):
    one, two = (read(written(tmp_path, name, csv_of())) for name in ("a.csv", "b.csv"))
    three = read(written(tmp_path, "c.csv", csv_of([*ROWS[1:], ("play some funk", "music")])))
    assert one.fingerprint == two.fingerprint != three.fingerprint and np.array_equal(one.pool.x, two.pool.x)


# ---- what the machine does not let be read ----


def denied(*_, **__):
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl"])
def test_a_table_that_may_not_be_read_is_named(tmp_path, name, monkeypatch):
    file = written(tmp_path, name, csv_of())
    monkeypatch.setattr("pathlib.Path.read_bytes", denied)
    with pytest.raises(InputError, match=rf"{name} cannot be read \(Permission denied\); check its name"):
        read(file)


def test_a_place_that_may_not_be_looked_into_is_refused_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("pathlib.Path.exists", denied)
    with pytest.raises(InputError, match="a.csv' cannot be opened .*; check permissions"):
        read(str(tmp_path / "a.csv"))


def test_of_texts_that_may_not_be_read_nobody_is_told_to_remove_them(tmp_path, monkeypatch):
    for name, some in {"music": A, "weather": B}.items():
        (tmp_path / name).mkdir()
        for number, text in enumerate(some):
            written(tmp_path / name, f"{number}.txt", text)
    plain, closed = type(tmp_path).read_bytes, tmp_path / "music" / "1.txt"
    monkeypatch.setattr("pathlib.Path.read_bytes", lambda path: denied() if path == closed else plain(path))
    with pytest.raises(InputError, match=r"music/1.txt cannot be used \(permission is denied\); change who may read"):
        read(str(tmp_path))
    assert read(str(tmp_path), on_bad_text="skip").report.skipped == [("music/1.txt", "permission is denied")]


@pytest.mark.parametrize(("name", "says"), [("a.xlsx", "a kind that is not read"), ("none.csv", "no file or folder")])
def test_what_is_there_and_no_table_and_what_is_not_there_are_told_apart(tmp_path, name, says):
    written(tmp_path, "a.xlsx", b"PK")
    with pytest.raises(InputError, match=says):
        read(str(tmp_path / name))
