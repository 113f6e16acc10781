"""Ways to use made items: each has words, a control and a source, and can be had by name."""

from __future__ import annotations

import re

import pytest

from gannb.classifiers.ways import SMALL_SHARES, WAYS
from gannb.generators.variations import VARIATIONS
from gannb.media.image import IMAGE
from gannb.trials.arms import parse_arm


@pytest.mark.parametrize("name", WAYS)
def test_every_way_says_what_it_does_what_its_control_does_and_who_published_it(name):
    way = WAYS[name]
    assert way.label and way.words and "{many}" in way.control and way.words[0].islower()
    assert re.search(r"arXiv \d{4}\.\d{5}", way.source)
    assert name not in VARIATIONS  # the two stand in one place of an arm's name


@pytest.mark.parametrize("amount", [*(f".{name}" for name in WAYS), *(f":{percent}%" for percent in SMALL_SHARES)])
def test_every_way_is_an_arm_beside_the_control_of_its_form(amount):
    arm = parse_arm(f"real+gan{amount}+classic", IMAGE)
    assert arm.is_way and arm.plain().name == "real+gan+classic" and arm.without_items().name == "real+classic"
    assert parse_arm(arm.without_gan().name, IMAGE).name == f"real+copies{amount}+classic"
