"""Families of images, on the pictures of clips."""

from __future__ import annotations

import pytest
from planted_clips import RATE

from gannb.media.audio.gans.families import families
from gannb.media.audio.gans.family import STEPS
from gannb.media.image.gans.families import FAMILIES
from gannb.utils.errors import InputError

SPECGAN = families(RATE)["specgan"]


def test_it_is_the_family_of_images_with_the_policies_and_steps_of_sounds():
    of_images = FAMILIES["projection"]
    assert SPECGAN.of_pictures is of_images and SPECGAN.loss is of_images.loss and SPECGAN.steps == STEPS
    assert SPECGAN.augmentation.rate == RATE
    network = SPECGAN.generator((RATE,), 3)
    assert type(network) is type(of_images.generator((64, 63, 1), 3))


def test_a_clip_too_long_for_its_picture_is_refused_with_the_way_out():
    SPECGAN.check((16 * RATE,))
    with pytest.raises(
        InputError, match="specgan makes pictures of at most 1024 columns, and a clip of 30 s has 1875; set"
    ):
        SPECGAN.check((30 * RATE,))
