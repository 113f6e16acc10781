"""The protocol of media: what is asked of one, and that images and the tests' vectors have all of it."""

from __future__ import annotations

import inspect

import pytest
from toy_media import FLOAT, INT16

from gannb.data.medium import Medium, Nouns, Pretrained
from gannb.media.image import IMAGE
from gannb.utils.later import Later

EVERYTHING = sorted(
    set(Medium.__annotations__) | {name for name, part in vars(Medium).items() if inspect.isfunction(part)}
)
FUNCTIONS = [name for name in EVERYTHING if inspect.isfunction(vars(Medium).get(name)) and name[0] != "_"]
# What no study of the tests' vectors asks: reading in other shapes, the numbers' range, larger views, and export.
NOT_OF_VECTORS = {
    "read_like", "read_unlabelled", "read_view", "enlarged", "fault_of_shape", "way_to_shape", "levels",
    "fault_of_levels", "suffixes",
    "readable", "files", "hub_feature", "hub_task", "reading_code",
}  # fmt: skip


@pytest.mark.parametrize(
    ("nouns", "said"), [(Nouns("image", "images", "pixels"), "an image"), (Nouns("sound", "sounds", "s"), "a sound")]
)
def test_one_of_them_has_its_article(nouns, said):
    assert nouns.a_one == said


@pytest.mark.parametrize("name", [name for name in EVERYTHING if name[0] != "_"])
def test_images_have_every_part(name):
    assert hasattr(IMAGE, name)


@pytest.mark.parametrize("medium", [INT16, FLOAT], ids=["int16", "float"])
def test_vectors_have_every_part_that_a_study_of_them_asks_for(medium):
    lacking = {name for name in EVERYTHING if name[0] != "_" and not hasattr(medium, name)}
    assert lacking <= NOT_OF_VECTORS


@pytest.mark.parametrize("name", FUNCTIONS)
def test_images_are_asked_as_the_protocol_says(name):
    asked, given = (inspect.signature(getattr(of, name)).parameters for of in (Medium, IMAGE))
    assert [p for p in asked if p != "self"] == list(given)


def test_pretrained_networks_of_images_are_asked_as_the_protocol_says():
    for name, part in vars(Pretrained).items():
        if inspect.isfunction(part) and name[0] != "_":
            given = getattr(IMAGE.pretrained, name)
            given = inspect.signature(given.called if isinstance(given, Later) else given).parameters
            assert [p for p in inspect.signature(part).parameters if p != "self"] == list(given), name
