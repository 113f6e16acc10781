"""What a family is, whatever its medium."""

from __future__ import annotations

from dataclasses import replace

import pytest
from toy_media import FAMILY

from gannb.generators.adversarial.family import plain_policy
from gannb.media.image.augmentation.policies import Policy
from gannb.utils.errors import InputError


def test_settings_are_numbers_names_and_a_policy_as_json():
    settings = FAMILY.settings()
    assert settings["noise"] == [2, 3] and settings["loss"] == "hinge" and settings["augmentation"] == "none"
    assert not {"name", "steps", "generator", "min_side"} & set(settings)
    assert plain_policy(Policy(flip=0.5))["flip"] == 0.5 and plain_policy("none") == "none"


@pytest.mark.parametrize(("noise", "shape"), [(7, (7,)), ((2, 3), (2, 3))])
def test_noise_is_a_row_or_of_any_shape(noise, shape):
    assert replace(FAMILY, noise=noise).noise_shape == shape


def test_a_family_can_do_every_shape_unless_it_says_otherwise():
    FAMILY.check((5,)), FAMILY.check((2, 3, 4, 5))


def test_where_nothing_lies_between_classes_another_family_of_the_medium_is_named():
    apart = replace(FAMILY, name="apart", one_class_batches=True)
    FAMILY.check_blend({})
    with pytest.raises(InputError, match="gan: apart has a network of its own .* use another family, as gan=vector"):
        apart.check_blend({"apart": apart, "vector": FAMILY})
    with pytest.raises(InputError, match=r"use another family\.$"):
        apart.check_blend({"apart": apart})
