"""All forms in which captions lie with images, and what is refused of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from captioned_sets import captioned_folder, images, lines, table
from image_sets import photo, write

from gannb.media import MEDIA
from gannb.media.captioned.sources import open_source, recognises
from gannb.study.model import recognised
from gannb.utils.errors import InputError


def told(root: Path, captions: str | None = None, on_bad: str = "fail") -> dict[str, tuple[str, ...]]:
    """The captions of each image, by its id."""
    source = open_source(str(root), captions, on_bad)[0]
    return dict(zip(source.ids, source.captions, strict=True))


# ---- the forms ----


def with_csv(root: Path, rows: list[tuple[str, str, str]]) -> None:
    table(root / "captions.csv", rows)


def with_semicolons(root: Path, rows: list[tuple[str, str, str]]) -> None:
    text = "File;Caption\n" + "".join(f"{file};{caption}\n" for file, caption, _ in rows)
    (root / "captions.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())


def with_tabs(root: Path, rows: list[tuple[str, str, str]]) -> None:
    text = "".join(f"{file}#0\t{caption}, indeed\n" for file, caption, _ in rows).replace(", indeed", "")
    (root / "captions.token").write_text(text, encoding="utf-16")


def with_json_lines(root: Path, rows: list[tuple[str, str, str]]) -> None:
    lines(root / "captions.jsonl", [{"file": file, "caption": caption} for file, caption, _ in rows])


def with_json_list(root: Path, rows: list[tuple[str, str, str]]) -> None:
    (root / "captions.json").write_text(json.dumps([{"image": f, "text": [c]} for f, c, _ in rows]), encoding="utf-8")


def with_json_names(root: Path, rows: list[tuple[str, str, str]]) -> None:
    (root / "captions.json").write_text(json.dumps({file: caption for file, caption, _ in rows}), encoding="utf-8")


def with_hugging_face(root: Path, rows: list[tuple[str, str, str]]) -> None:
    lines(root / "metadata.jsonl", [{"file_name": file, "text": caption} for file, caption, _ in rows])


def with_hugging_face_csv(root: Path, rows: list[tuple[str, str, str]]) -> None:
    table(root / "metadata.csv", rows, ("file_name", "text"))


def with_texts_beside(root: Path, rows: list[tuple[str, str, str]]) -> None:
    for file, caption, _ in rows:
        (root / file).with_suffix(".txt").write_text(f"{caption}\n", encoding="utf-8")


def with_coco(root: Path, rows: list[tuple[str, str, str]]) -> None:
    about = {
        "images": [{"id": 7 + i, "file_name": Path(file).name} for i, (file, _, _) in enumerate(rows)],
        "annotations": [{"id": 90 + i, "image_id": 7 + i, "caption": c} for i, (_, c, _) in enumerate(rows)],
    }
    (root / "captions_train2017.json").write_text(json.dumps(about), encoding="utf-8")


def with_karpathy(root: Path, rows: list[tuple[str, str, str]]) -> None:
    about = {"images": [{"filename": Path(f).name, "sentences": [{"raw": c}], "split": "train"} for f, c, _ in rows]}
    (root / "captions.json").write_text(json.dumps(about), encoding="utf-8")


def with_cub(root: Path, rows: list[tuple[str, str, str]]) -> None:
    for name in ("circle", "square"):
        shutil.move(root / name, root / "images" / name)
    for file, caption, _ in rows:
        text = (root / "text_c10" / file).with_suffix(".txt")
        text.parent.mkdir(parents=True, exist_ok=True)
        text.write_text(f"{caption}\n", encoding="utf-8")


def with_a_table_in_each_class(root: Path, rows: list[tuple[str, str, str]]) -> None:
    for name in ("circle", "square"):
        table(root / name / "captions.csv", [(Path(f).name, c) for f, c, label in rows if label == name])


FORMS = [
    with_csv, with_semicolons, with_tabs, with_json_lines, with_json_list, with_json_names, with_hugging_face,
    with_hugging_face_csv, with_texts_beside, with_coco, with_karpathy, with_cub, with_a_table_in_each_class,
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__.removeprefix("with_"))
def test_captions_are_read_in_every_form_and_classes_are_the_folders(tmp_path, form):
    rows = images(tmp_path)
    form(tmp_path, rows)
    assert recognises(str(tmp_path)) and recognised(str(tmp_path)).name == "captioned"
    source = open_source(str(tmp_path), None, "fail")[0]
    assert source.classes == ("circle", "square") and source.y.tolist() == [0] * 4 + [1] * 4
    assert dict(zip(source.ids, source.captions, strict=True)) == {file: (caption,) for file, caption, _ in rows}
    assert source.skipped == [] or all(what in ("*.csv", "*.jsonl") for what, _ in source.skipped)


@pytest.mark.parametrize("flat", [False, True])
def test_classes_may_stand_in_a_column(tmp_path, flat):
    rows = images(tmp_path, folders=not flat)
    table(tmp_path / "captions.csv", rows, ("file", "caption", "class"))
    source = open_source(str(tmp_path), None, "fail")[0]
    assert source.classes == ("circle", "square") and source.y.tolist() == [0] * 4 + [1] * 4
    assert source.captions == [(caption,) for _, caption, _ in rows]


def test_hugging_face_labels_are_classes_and_parts_are_told_by_folders(tmp_path):
    for part, seed in (("train", 0), ("test", 50_000)):
        rows = images(tmp_path / part, folders=False, seed=seed)
        about = [{"file_name": f, "text": f"{c} {part}", "label": int(n == "square")} for f, c, n in rows]
        lines(tmp_path / part / "metadata.jsonl", about)
    source = open_source(str(tmp_path), None, "fail")[0]
    assert source.classes == ("0", "1") and source.has_test and source.is_test.tolist() == [True] * 8 + [False] * 8
    assert [own[0].split()[-1] for own in source.captions] == ["test"] * 8 + ["train"] * 8


def test_a_column_of_parts_tells_the_test_set(tmp_path):
    rows = [(*row, "test" if i % 2 else "train") for i, row in enumerate(images(tmp_path))]
    table(tmp_path / "captions.csv", rows, ("file", "caption", "class", "split"))
    assert open_source(str(tmp_path), None, "fail")[0].is_test.tolist() == [False, True] * 4


def test_classes_of_coco_are_its_categories(tmp_path):
    rows = images(tmp_path, folders=False)
    about = {
        "images": [{"id": i, "file_name": file} for i, (file, _, _) in enumerate(rows)],
        "annotations": [
            {"image_id": i, "caption": c, "category_id": 1 + (n == "square")} for i, (_, c, n) in enumerate(rows)
        ],
        "categories": [{"id": 1, "name": "circle"}, {"id": 2, "name": "square"}],
    }
    (tmp_path / "captions.json").write_text(json.dumps(about), encoding="utf-8")
    assert open_source(str(tmp_path), None, "fail")[0].y.tolist() == [0] * 4 + [1] * 4


def test_an_image_has_as_many_captions_as_rows_or_lines_and_each_once(tmp_path):
    rows = images(tmp_path)
    table(tmp_path / "captions.csv", rows + [(rows[0][0], "another one"), (rows[0][0], "Another  one.")])
    assert told(tmp_path)[rows[0][0]] == (rows[0][1], "another one")
    (tmp_path / "captions.csv").unlink()
    with_texts_beside(tmp_path, rows)
    (tmp_path / "circle/circle0.txt").write_text("one line\n\nand another\n", encoding="utf-8")
    assert told(tmp_path)[rows[0][0]] == ("one line", "and another")


@pytest.mark.parametrize("suffix", [".csv", ".txt", ".json"])
def test_captions_may_lie_elsewhere(tmp_path, suffix):
    rows = images(tmp_path / "set")
    place = table(tmp_path / "elsewhere" / f"words{suffix}", rows)
    if suffix == ".json":
        place.write_text(json.dumps({Path(file).stem: caption for file, caption, _ in rows}), encoding="utf-8")
    assert told(tmp_path / "set", str(place)) == {file: (caption,) for file, caption, _ in rows}


def test_captions_given_count_instead_of_those_that_lie_beside(tmp_path):
    rows = images(tmp_path / "set")
    with_csv(tmp_path / "set", [(file, "old", "") for file, _, _ in rows])
    place = table(tmp_path / "new.csv", rows)
    assert told(tmp_path / "set", str(place)) == {file: (caption,) for file, caption, _ in rows}


def test_a_folder_of_texts_may_lie_elsewhere(tmp_path):
    rows = images(tmp_path / "set")
    for file, caption, _ in rows:
        text = (tmp_path / "texts" / file).with_suffix(".txt")
        text.parent.mkdir(parents=True, exist_ok=True)
        text.write_text(caption, encoding="utf-8")
    assert told(tmp_path / "set", str(tmp_path / "texts")) == {file: (caption,) for file, caption, _ in rows}


def test_a_table_of_labels_beside_that_of_captions_tells_the_classes(tmp_path):
    rows = images(tmp_path, folders=False)
    with_csv(tmp_path, rows)
    table(tmp_path / "labels.csv", [(file, name) for file, _, name in rows], ("file", "label"))
    assert open_source(str(tmp_path), None, "fail")[0].y.tolist() == [0] * 4 + [1] * 4


def test_paths_of_windows_accents_and_capitals_find_their_images(tmp_path):
    rows = images(tmp_path)
    write(tmp_path / "circle" / "caf\u00e9.png", photo(77))
    others = [("CIRCLE\\CIRCLE0.PNG", rows[0][1]), ("./circle/cafe\u0301.png", "a cup")]
    table(tmp_path / "captions.csv", others + rows[1:])
    assert told(tmp_path)["circle/caf\u00e9.png"] == ("a cup",)


# ---- what is no captioned image ----


def test_labels_outlines_and_plain_folders_are_not_taken_for_captions(tmp_path):
    rows = images(tmp_path)
    assert not recognises(str(tmp_path)) and recognised(str(tmp_path)).name == "image"
    for file, _, _ in rows:  # as detectors of objects have them
        (tmp_path / file).with_suffix(".txt").write_text("0 0.51 0.5 0.2 0.1\n", encoding="utf-8")
    assert not recognises(str(tmp_path))
    lines(tmp_path / "metadata.jsonl", [{"file_name": file, "label": 1} for file, _, _ in rows])
    assert not recognises(str(tmp_path))
    assert not recognises("digits") and not recognises(str(tmp_path / "nothing"))


def test_a_csv_of_sentences_alone_stays_one_of_sentences(tmp_path):
    table(tmp_path / "captions.csv", [("a red thing", "x"), ("a blue thing", "y")], ("text", "label"))
    assert recognised(str(tmp_path)) is MEDIA["text"]


# ---- what is refused ----


def refusal(root: Path, captions: str | None = None) -> str:
    with pytest.raises(InputError) as refused:
        open_source(str(root), captions, "fail")
    assert str(refused.value).count("\n") == 0
    return str(refused.value)


def changed(root: Path, changes: dict[int, tuple], header: tuple[str, ...] = ("file", "caption")) -> list[tuple]:
    """The usual set, some rows of its table replaced: the first row stands in line 2."""
    rows = [changes.get(i, row) for i, row in enumerate(images(root))]
    table(root / "captions.csv", rows, header)
    return rows


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (("circle/gone.png", "a thing"), r"line 4 cannot be used \(the image 'circle/gone.png', which it names, is"),
        (("square/circle2.png", "a thing"), "'square/circle2.png', which it names, is not there"),
        (("circle/circle2.png", "  "), r"line 4 cannot be used \(its caption is empty\)"),
        (("circle/circle2.png", "circle2.png"), "line 4.*its caption is the name of a file, 'circle2.png'"),
        (("circle/circle2.png", "circle2"), "line 4.*its caption is the name of a file"),
        (("circle/circle2.png", "IMG_0001.JPG"), "line 4.*its caption is the name of a file"),
        (("circle/circle2.png", "NaN"), "line 4.*its caption is 'NaN', as programs write that there is none"),
        (("circle/circle2.png", "..."), r"line 4.*its caption '\.\.\.' has no word"),
        (("circle/circle2.png", "a caf\u00c3\u00a9"), "line 4.*was UTF-8 and has been read as something else"),
        (("circle/circle2.png", "it\u00e2\u20ac\u2122s red"), "line 4.*read as something else"),
        (("circle/circle2.png", "a \ufffd"), "line 4.*read as something else"),
        (("circle/circle2.png", "red " * 600), "line 4.*has 2,399 characters"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_used_is_named_with_its_line_and_can_be_left_out(tmp_path, row, says):
    changed(tmp_path, {2: row})
    with pytest.raises(InputError, match=says) as refused:
        open_source(str(tmp_path), None, "fail")[0]
    assert "or set on_bad_image=skip" in str(refused.value)
    source = open_source(str(tmp_path), None, "skip")[0]
    assert len(source.ids) == 7 and "circle/circle2.png" not in source.ids
    assert [what for what, _ in source.skipped][-1] == "circle/circle2.png"


def test_names_made_of_words_may_be_captions(tmp_path):
    for k, name in enumerate(("circle", "square")):
        for i, word in enumerate(("grinning face", "dog", "red heart")):
            write(tmp_path / name / f"{word}.png", photo(10 * k + i))
            (tmp_path / name / f"{word}.txt").write_text(word, encoding="utf-8")
    assert told(tmp_path)["circle/red heart.png"] == ("red heart",)


def test_images_without_a_caption_are_named(tmp_path):
    rows = images(tmp_path)
    with_csv(tmp_path, rows[2:])
    said = refusal(tmp_path)
    assert "circle/circle0.png cannot be used (it has no caption in captions.csv), nor can circle/circle1.png;" in said
    assert len(open_source(str(tmp_path), None, "skip")[0].ids) == 6


def test_a_name_that_may_mean_several_images_is_refused(tmp_path):
    rows = images(tmp_path)
    shutil.copy(tmp_path / "circle/circle0.png", tmp_path / "square/circle0.png")
    table(tmp_path / "captions.csv", [("circle0.png", "a thing"), *rows[1:]])
    said = refusal(tmp_path)
    assert "captions.csv, line 2: 'circle0.png' may be any of circle/circle0.png, square/circle0.png; write" in said


def test_a_text_that_may_be_of_two_images_is_refused(tmp_path):
    rows = images(tmp_path)
    with_texts_beside(tmp_path, rows)
    write(tmp_path / "circle/circle0.jpg", photo(3))
    assert "circle0.txt: it may be the text of circle0.jpg and circle0.png" in refusal(tmp_path)


def test_a_comma_without_quotes_is_refused_by_its_line(tmp_path):
    rows = images(tmp_path)
    text = "file,caption\n" + "".join(f"{file},{caption}\n" for file, caption, _ in rows)
    (tmp_path / "captions.csv").write_text(text.replace("place 3", "place 3, right"), encoding="utf-8")
    said = refusal(tmp_path)
    assert "captions.csv, line 5: it has 3 cells and the first line has 2, parted by ','; put quotes around" in said


def test_a_comma_that_has_made_a_class_of_its_own_is_refused_by_its_line(tmp_path):
    rows = [(*row[:2], row[2]) for row in images(tmp_path, folders=False)]
    rows[3] = (rows[3][0], "a thing", " dark and round")
    table(tmp_path / "captions.csv", rows, ("file", "caption", "class"))
    said = refusal(tmp_path)
    assert "line 5: the class 'dark and round' has this image alone (a comma in a caption that has no quotes" in said


def test_an_open_quote_is_refused(tmp_path):
    rows = images(tmp_path)
    text = "file,caption\n" + "".join(f"{file},{caption}\n" for file, caption, _ in rows)
    (tmp_path / "captions.csv").write_text(text.replace("a blue", '"a blue', 1), encoding="utf-8")
    assert "captions.csv, line 4" in refusal(tmp_path) and "quote" in refusal(tmp_path)


def test_another_encoding_is_refused_by_its_line(tmp_path):
    rows = images(tmp_path)
    text = "file,caption\n" + "".join(f"{file},{caption} caf\u00e9\n" for file, caption, _ in rows)
    (tmp_path / "captions.csv").write_bytes(text.encode("cp1252"))
    assert "captions.csv, line 2: byte 0xe9 is not UTF-8" in refusal(tmp_path)
    (tmp_path / "captions.csv").unlink()
    with_texts_beside(tmp_path, rows)
    (tmp_path / "circle/circle0.txt").write_bytes("caf\u00e9".encode("cp1252"))
    assert "circle0.txt, line 1: byte 0xe9 is not UTF-8" in refusal(tmp_path)


def test_one_caption_for_all_is_refused(tmp_path):
    table(tmp_path / "captions.csv", [(file, "A photo." if i else "a photo") for i, (file, *_) in
                                      enumerate(images(tmp_path))])  # fmt: skip
    assert "all 8 images have one caption, 'a photo', in captions.csv; give each image" in refusal(tmp_path)


def test_an_image_of_two_parts_or_two_classes_is_refused(tmp_path):
    rows = [(*row, "train") for row in images(tmp_path)]
    twice = (rows[0][0], "another sentence", "circle", "test")
    table(tmp_path / "captions.csv", [*rows, twice], ("file", "caption", "class", "split"))
    said = refusal(tmp_path)
    assert "line 10: circle/circle0.png has the part 'test' there and 'train' in" in said
    table(tmp_path / "captions.csv", [*rows, (*twice[:2], "square")], ("file", "caption", "class"))
    assert "line 10: circle/circle0.png has the class 'square' there and 'circle' in" in refusal(tmp_path)


def test_classes_that_are_others_than_the_folders_are_refused(tmp_path):
    rows = images(tmp_path)
    rows[0] = (*rows[0][:2], "square")
    table(tmp_path / "captions.csv", rows, ("file", "caption", "class"))
    assert "circle/circle0.png lies in the folder of 'circle', and captions.csv gives it the class" in refusal(tmp_path)


def test_classes_that_differ_by_letter_case_or_are_missing_are_refused(tmp_path):
    rows = images(tmp_path, folders=False)
    table(tmp_path / "captions.csv", [(*rows[0][:2], "Circle"), *rows[1:]], ("file", "caption", "class"))
    assert "the class 'circle' differs from 'Circle'" in refusal(tmp_path)
    table(tmp_path / "captions.csv", [(*rows[0][:2], ""), *rows[1:]], ("file", "caption", "class"))
    assert "captions.csv, line 2 cannot be used (it has no class, unlike other rows)" in refusal(tmp_path)


def test_a_set_without_any_class_is_told_both_ways_out(tmp_path):
    with_csv(tmp_path, images(tmp_path, folders=False))
    said = refusal(tmp_path)
    assert (
        "captions.csv tells no class and the images lie directly in" in said and "give each row a class, or lay" in said
    )


def test_two_sets_of_captions_are_refused(tmp_path):
    rows = images(tmp_path)
    with_csv(tmp_path, rows)
    with_texts_beside(tmp_path, rows)
    said = refusal(tmp_path)
    assert "holds captions in captions.csv and .txt files beside the images; keep one of them, or set captions" in said
    with_json_lines(tmp_path, rows)
    assert "captions.csv, captions.jsonl and .txt" in refusal(tmp_path)


def test_an_unknown_part_is_refused(tmp_path):
    rows = [(*row, "dev") for row in images(tmp_path)]
    table(tmp_path / "captions.csv", rows, ("file", "caption", "class", "split"))
    assert "captions.csv, line 2: its part 'dev' is none; write train, val or test there" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("gone.csv", "captions: there is no file or folder '.*gone.csv'; name the one"),
        ("words.docx", "captions: '.*words.docx' is of a kind that is not read; give .csv, .tsv"),
    ],
)
def test_captions_that_are_not_there_or_of_another_kind_are_refused(tmp_path, given, says):
    images(tmp_path / "set")
    (tmp_path / "words.docx").write_bytes(b"PK")
    with pytest.raises(InputError, match=says):
        open_source(str(tmp_path / "set"), str(tmp_path / given), "fail")[0]


def test_what_is_no_folder_or_has_no_captions_is_told_the_forms(tmp_path):
    images(tmp_path / "set")
    np.savez(tmp_path / "set.npz", x=np.zeros(3))
    assert "is a file, and captions go with files of images; give a folder" in refusal(tmp_path / "set.npz")
    assert "there are no captions in" in refusal(tmp_path / "set") and "set captions to where" in refusal(
        tmp_path / "set"
    )
    assert "there is no file or folder" in refusal(tmp_path / "nothing")


def test_a_table_in_the_place_of_its_images_is_told_the_way(tmp_path):
    captioned_folder(tmp_path)
    assert recognised(str(tmp_path / "captions.csv")).name == "captioned"
    assert "is a file of captions; give the folder of its images as data, and this file as capt" in refusal(
        tmp_path / "captions.csv"
    )
    table(tmp_path / "other" / "sentences.csv", [("a", "x")], ("text", "label"))
    assert recognised(str(tmp_path / "other" / "sentences.csv")).name == "text"


def test_parts_without_classes_are_told_both_ways_out(tmp_path):
    for part in ("train", "test"):
        rows = images(tmp_path / part, folders=False)
        lines(tmp_path / part / "metadata.jsonl", [{"file_name": f, "text": f"{c} {part}"} for f, c, _ in rows])
    said = refusal(tmp_path)
    assert "train/metadata.jsonl tells no class and the images lie directly" in said


def test_where_captions_and_classes_stand_is_said(tmp_path):
    rows = images(tmp_path)
    with_csv(tmp_path, rows)
    assert open_source(str(tmp_path), None, "fail")[1] == "Captions are those of captions.csv"
    table(tmp_path / "captions.csv", rows, ("file", "caption", "class"))
    assert open_source(str(tmp_path), None, "fail")[1] == "Captions and classes are those of captions.csv"


def test_a_captioned_folder_is_the_usual_form(tmp_path):
    assert len(told(captioned_folder(tmp_path))) == 8
