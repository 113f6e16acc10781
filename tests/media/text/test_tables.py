"""Files of sentences as rows: what parts cells, what is a header, how quotes are read."""

from __future__ import annotations

import pytest

from gannb.media.text.tables import Columns, is_table, read_table, read_texts
from gannb.utils.errors import InputError


def rows(tmp_path, name, content, **columns):
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    return [(row.id, row.text, row.label) for row in read_table(file, Columns(**columns)).rows]


def test_a_column_that_is_named_by_a_number_may_have_a_header_or_none(tmp_path):
    with_header = "id,said,kind\n1,hello there,a\n2,good bye,b\n3,hi,a\n4,so long,b\n"
    found = rows(tmp_path, "a.csv", with_header, text="2", label="3")
    assert found[0] == ("a.csv:2", "hello there", "a") and len(found) == 4
    without = with_header.partition("\n")[2]
    assert rows(tmp_path, "b.csv", without, text="2", label="3")[0] == ("b.csv:1", "hello there", "a")


def test_a_column_may_be_called_by_a_number(tmp_path):
    assert rows(tmp_path, "a.csv", "1,2\nhello,a\nbye,b\n", text="1", label="2")[0] == ("a.csv:2", "hello", "a")


def test_quotes_around_every_cell_of_a_tsv_are_no_part_of_it(tmp_path):
    content = '"text"\t"label"\n"say ""hi"""\t"a"\n"bye"\t"b"\n'
    assert rows(tmp_path, "a.tsv", content) == [("a.tsv:2", 'say "hi"', "a"), ("a.tsv:3", "bye", "b")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'text|label\n"so, it is"|a\nis it|b\n'),
        ("a.csv", 'sep=;\ntext;label\n"so, it is";a\nis it;b\n'),
        ("a.csv", "SEP=\t\ntext\tlabel\nso, it is\ta\nis it\tb\n"),
        ("a.tsv", 'text,label\n"so, it is",a\nis it,b\n'),
        ("a.tsv", "sep=\t\ntext\tlabel\nso, it is\ta\nis it\tb\n"),
    ],
)
def test_cells_are_parted_by_what_programs_part_them_with(tmp_path, name, content):
    assert [row[1:] for row in rows(tmp_path, name, content)] == [("so, it is", "a"), ("is it", "b")]


def test_two_columns_of_which_neither_is_one_of_classes_are_refused(tmp_path):
    with pytest.raises(InputError, match="line 1: it names no columns"):
        rows(tmp_path, "a.tsv", "".join(f"one {i}\ttwo {i}\n" for i in range(9)))


@pytest.mark.parametrize(
    ("settable", "way"), [(True, r"set text_column \(did you mean"), (False, r"call it 'text' there \(did you mean")]
)
def test_the_way_out_is_a_parameter_where_one_speaks_of_the_table(tmp_path, settable, way):
    with pytest.raises(InputError, match=f"there is no column 'text'; {way}"):
        rows(tmp_path, "a.csv", "id,texts,label\n1,fine,good\n", settable=settable)
    with pytest.raises(InputError, match=f"without any letter; if the sentences are in another column, {way[:8]}"):
        rows(tmp_path, "b.csv", "text,label,said\n1,good,fine\n", settable=settable)


def test_suffixes_tell_tables():
    assert all(map(is_table, ("a.CSV", "b.tsv", "c.jsonl"))) and not any(map(is_table, ("a.txt", "a.npz", "a")))


@pytest.mark.parametrize(
    ("name", "content", "texts"),
    [
        ("a.csv", 'id,Text\n1,"so, it is"\n2,is it\n', ["so, it is", "is it"]),
        ("a.csv", "id;text\n1;so it is\n", ["so it is"]),
        ("a.csv", "text\nso it is\n", ["so it is"]),
        ("a.csv", "so it is\nis it\n", ["so it is", "is it"]),
        ("a.tsv", 'text\tlabel\nso "it" is\tx\n', ['so "it" is']),
        ("a.jsonl", '{"text": "so it is", "more": 1}\n', ["so it is"]),
        ("a.tsv", "so, it is\nis it\n", ["so, it is", "is it"]),
        ("a.csv", "", []),
    ],
)
def test_sentences_are_read_without_labels(tmp_path, name, content, texts):
    (tmp_path / name).write_text(content)
    assert [row.text for row in read_texts(tmp_path / name).rows] == texts


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", "id,said\n1,so it is\n"), ("a.jsonl", '{"said": "so it is"}\n')]
)
def test_sentences_that_no_column_is_called_for_are_refused(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=f"{name}, line 1: there is no .*'text'; call .*so"):
        read_texts(tmp_path / name)


def test_a_row_of_another_width_is_a_faulty_one(tmp_path):
    (tmp_path / "a.csv").write_text("id,text\n1,so it is\n2,well, it is\n")
    assert [row.fault[:17] for row in read_texts(tmp_path / "a.csv").rows] == ["", "it has 3 cells an"]
