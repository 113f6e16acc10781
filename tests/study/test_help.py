"""What is said of parameters: whose they are, which values they take, as text, table and completions."""

from __future__ import annotations

import pytest
from toy_parameters import VECTORS, only

from gannb.media.image import IMAGE
from gannb.study.help import (
    completions,
    markdown,
    marked,
    meaning,
    names_text,
    parameter_text,
    suggestions,
    table_text,
    values,
)  # fmt: skip
from gannb.study.model import General, Study, items_of

OF_IMAGES = list(IMAGE.parameters.model_fields)


def test_each_parameter_of_images_is_marked_as_theirs_and_no_other():
    theirs = {name for name in Study.model_fields if "images" in items_of(name)}
    assert theirs == {*OF_IMAGES, "captions", "new_captions"}
    assert items_of("captions") == "images with captions"
    assert items_of("size") == "images" and items_of("pretrained") != "images"  # which it shares
    assert {items_of(name) for name in General.model_fields} == {""}
    assert marked("size") == f"{meaning('size')} (images)" and marked("trials") == meaning("trials")


def test_the_table_has_a_column_for_whose_a_parameter_is():
    rows = [[cell.strip() for cell in line.split(" | ")] for line in markdown().splitlines()]
    assert rows[0][-1] == "only for |"
    marks = {row[0].strip("| `"): row[-1].strip(" |") for row in rows if row[0].startswith("| `")}
    assert marks == {name: items_of(name) for name in Study.model_fields}


def test_the_help_lists_those_of_images_in_lines_of_their_own():
    lines = names_text().splitlines()
    (of_first_stage,) = [line for line in lines if "on_bad_image" in line]
    assert of_first_stage.split() == ["images", "size", "channels", "resize", "on_bad_image"]
    assert "images with captions  captions" in names_text()


def test_in_the_text_of_all_and_of_one_the_mark_is_there():
    assert "what to do with a damaged image (images) [fail]" in " ".join(table_text(200).split())
    assert parameter_text("size").splitlines()[-1].split() == ["for", "images"]
    assert parameter_text("trials").splitlines()[-1].split() == ["for", "all", "data"]


def test_completions_of_names_come_with_their_meaning_and_mark():
    assert completions("si")["size="] == marked("size")  # the shell leaves out those that do not fit


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("medium", "auto or image"),
        ("augmentation", "auto, none, shift, flip, affine or trivial"),
        ("trials", "whole number, 2 to 1,000"),
    ],
)
def test_values_that_follow_from_the_media_are_listed(name, text):
    with only(IMAGE):
        assert values(name) == text


def test_another_medium_adds_its_values():
    with only(IMAGE, VECTORS):
        assert values("medium") == "auto, image or vector"
        assert "jitter" in suggestions("augmentation")
