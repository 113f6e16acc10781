"""What the medium of sentences says of itself, beside what its modules do."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted_evidence import evidence

from gannb.analysis.claims import claims
from gannb.analysis.evidence import words_of
from gannb.media import MEDIA
from gannb.media.text import TEXT
from gannb.media.text.tokens import WIDTH, array
from gannb.trials.arms import PRIMARY, parse_arm


def test_it_is_one_medium_for_equal_traits():
    assert MEDIA["text"] is TEXT and TEXT.of({}) is TEXT
    short = TEXT.of({"max_tokens": 5})
    assert short is TEXT.of({"max_tokens": 5}) != TEXT and hash(short) != hash(TEXT)
    assert short.stored(array(["a b c d e f g"]), "cpu").shape == (1, 5, WIDTH)


def test_every_name_that_it_gives_is_one_that_it_has():
    assert set(TEXT.policy_names) == set(TEXT.policies) and set(TEXT.gan_policies) <= set(TEXT.policies)
    assert TEXT.default_family(()) in TEXT.families and TEXT.measuring_classifier in TEXT.classifiers
    assert all(parse_arm(arm, TEXT).name == arm for arm in TEXT.arms_beside("auto"))
    assert not any(parse_arm(arm, TEXT).source in ("gaussian", "interpolation") for arm in TEXT.arms_beside("auto"))


def test_content_copies_and_blends():
    a, b = array(["Play  JAZZ", "play jazz!"])
    assert TEXT.content(a) == TEXT.content("play jazz") != TEXT.content(b) and len(TEXT.content(a)) == 16
    assert TEXT.copies_of(array(["play jazz!"]), array(["play jazz"])).all()
    assert TEXT.blend(array(["a"]), array(["b"]), np.array([0.5])) is None


def test_hashes_are_what_networks_take_and_no_sentence_is_read_from_them():
    stored = TEXT.stored(array(["a b"]), "cpu")
    assert TEXT.encode(stored) is stored and stored.dtype == torch.int32
    with pytest.raises(TypeError, match="cannot be read"):
        TEXT.decode(stored)


def test_words_about_shapes():
    assert TEXT.size_text(()) == "up to 32 words" and TEXT.fault_of_shape([]) == ""
    assert "give []" in TEXT.fault_of_shape([8, 8, 1]) and TEXT.way_to_smaller(()) == "max_tokens=16"
    assert TEXT.fault_of_levels(array(["", " "])) and not TEXT.fault_of_levels(array(["a"]))


def test_all_its_arms_without_a_gan_are_named_where_none_was_tried():
    world = evidence(words=words_of(TEXT), shifted={PRIMARY[0]: 0.7, PRIMARY[1]: 0.6})
    why = next(each.found.why for each in claims(world) if "outside its training" in each.claim)
    arms = [f"real+{name}+classic" for name in ("maskgan_start", "language_model", "bag_of_words", "bigram")]
    assert f"without {', '.join(arms[:-1])} or {arms[-1]} in the study that cannot be told" in why
