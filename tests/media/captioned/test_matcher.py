"""The matcher: trained apart, it finds captions of real images, and by chance those of images that ignore them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planted_captions import stripes

from gannb.media.captioned import CAPTIONED, matcher
from gannb.media.captioned.matcher import FILE, Matcher, retrieved


@pytest.fixture(scope="module")
def fitted():
    return Matcher(stripes().shape, seed=1).fit(stripes(per_caption=8, seed=9), steps=150)


def test_captions_of_real_images_are_found_and_those_of_others_by_chance(fitted):
    real = stripes(per_caption=6, seed=2)
    own = real.captions[:, 1]
    assert retrieved(fitted, real.x, own, real.captions, 10, 0).mean() > 0.9
    shuffled = np.random.default_rng(0).permutation(own)
    different = np.array([a not in b for a, b in zip(shuffled, real.captions.tolist(), strict=True)])
    assert retrieved(fitted, real.x[different], shuffled[different], real.captions, 10, 0).mean() < 0.2


def test_what_says_the_same_is_never_among_the_others_and_too_few_are_refused(fitted):
    real = stripes()
    for among in (17, 10, 2):
        retrieved(fitted, real.x, real.captions[:, 0], real.captions, among, 0)
    with pytest.raises(ValueError, match="16 other captions are too few for 1 of 18"):  # of 18 two say the same
        retrieved(fitted, real.x, real.captions[:, 0], real.captions, 18, 0)


def test_retrieval_is_the_same_for_the_same_seed(fitted):
    real = stripes()
    once, again, other = (retrieved(fitted, real.x[::-1], real.captions[:, 0], real.captions, 3, s) for s in (4, 4, 5))
    assert np.array_equal(once, again) and not np.array_equal(once, other)


def test_the_mediums_measures_are_of_seen_and_of_new_captions_and_only_where_they_can_be(tmp_path, monkeypatch):
    monkeypatch.setattr(matcher, "STEPS", 2)
    train, unseen = stripes(leave_out=("red on blue",)), stripes(seed=3)
    said = {"captions": unseen.captions[:, :1]}
    made = replace(unseen, **said)
    assert CAPTIONED.measured(made, unseen, train, None) == {}
    CAPTIONED.learn_to_measure(stripes(per_caption=2, seed=8), tmp_path, 30, 2**64 - 1, "cpu")  # too few
    assert CAPTIONED.measured(made, unseen, train, tmp_path) == {} and not (tmp_path / FILE).exists()
    CAPTIONED.learn_to_measure(stripes(per_caption=8, seed=8), tmp_path, 30, 2**64 - 1, "cpu")
    found = CAPTIONED.measured(made, unseen, train, tmp_path)
    assert set(found) == {"caption_10", "new_caption_10"} < set(CAPTIONED.measures)  # there are no 50
    assert all(0 <= value <= 1 for value in found.values())
    assert set(CAPTIONED.measured(train, unseen, train, tmp_path)) == {"caption_10"}
    assert CAPTIONED.measured(replace(made, captions=None), unseen, train, tmp_path) == {}
