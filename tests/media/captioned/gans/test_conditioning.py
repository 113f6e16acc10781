"""What networks are told of captions: their own, others', halfway between two, and those of a file."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted_captions import stripes

from gannb.generators.adversarial.randomness import derive
from gannb.generators.interface import Condition, Job, at_hand
from gannb.media.captioned import CAPTIONED
from gannb.media.captioned.encoders import WIDTH
from gannb.media.captioned.gans.conditioning import NO_LIMIT, SCALE, Captions
from gannb.media.captioned.gans.families import FAMILIES
from gannb.utils.errors import InputError

DRAW = stripes()
LABELS = np.array([0, 1, 1, 0] * 30)
INDEX = np.arange(len(LABELS))


def attached(name: str = "gan_cls", steps: int = 4, seed: int = 3) -> Captions:
    made = FAMILIES[name].conditioning(DRAW)
    form = FAMILIES[name].form(CAPTIONED, DRAW.shape)
    made.attach(form, form.stored(DRAW.x, "cpu"), torch.tensor(DRAW.y), Job(steps, seed))
    return made


@pytest.fixture(scope="module")
def learnt() -> Captions:
    made = attached()
    made.learn()
    return made


def distances(codes: torch.Tensor, made: Captions) -> torch.Tensor:
    """Of rows of codes from those of all captions, exact where they are the same."""
    return torch.cdist(codes, made.codes, compute_mode="donot_use_mm_for_euclid_dist")


def said(made: Captions, codes: torch.Tensor) -> list[str]:
    """The captions that rows of codes are of."""
    distance = distances(codes, made)
    assert distance.min(1).values.max() < 1e-3
    return made.sentences.texts[distance.argmin(1).numpy()].tolist()


def test_reals_are_told_their_own_captions_and_fakes_any(learnt):
    rng, index = torch.Generator(), torch.arange(len(DRAW))
    told = said(learnt, learnt.of_reals(index, rng))
    assert all(caption in of for caption, of in zip(told, DRAW.captions.tolist(), strict=True))
    assert len(set(told)) > 9  # either of an image's two
    any_of_all = said(learnt, learnt.of_fakes(learnt.of_reals(index.repeat(20), rng), rng))
    assert set(any_of_all) == set(learnt.sentences.texts.tolist())


def test_others_never_have_a_caption_in_common_with_ones_own(learnt):
    index = torch.arange(len(DRAW)).repeat(20)
    told, found = learnt.of_others(index, torch.Generator())
    own = [DRAW.captions[i].tolist() for i in index]
    assert found.all() and not any(caption in of for caption, of in zip(said(learnt, told), own, strict=True))


def test_where_all_images_say_the_same_there_are_no_others():
    made = attached()
    made.sentences.of[:] = 0
    made.sentences.counts[:] = 1
    assert not made.of_others(torch.arange(5), torch.Generator())[1].any()


def test_a_third_of_what_gan_int_is_asked_lies_halfway_and_none_of_what_gan_cls_is():
    rng, shares = torch.Generator(), {}
    for name in ("gan_cls", "gan_int_cls", "caption_plain"):
        made = attached(name)
        made.learn()
        codes = made.of_fakes(made.codes[:1].expand(900, -1), rng)
        shares[name] = (distances(codes, made).min(1).values > 1e-3).float().mean().item()
        assert made.mismatched == (0 if name == "caption_plain" else 0.5)
    assert shares["gan_cls"] == shares["caption_plain"] == 0
    # of two captions drawn at random one in eighteen is the same twice
    assert shares["gan_int_cls"] == pytest.approx(1 / 3 * 17 / 18, abs=0.06)


def test_codes_are_as_large_as_noise_and_depend_on_the_seed(learnt):
    assert learnt.codes.square().mean().item() == pytest.approx(1, rel=1e-4) and SCALE**2 == WIDTH
    again, other = attached(), attached(seed=4)
    again.learn()
    other.learn()
    assert torch.equal(again.codes, learnt.codes) and not torch.equal(other.codes, learnt.codes)


def test_captions_that_nobody_gives_are_those_of_the_class_by_seed_and_position(learnt):
    asked = Condition(LABELS)
    captions = learnt.captions_of(asked, 7, INDEX)
    for k in (0, 1):
        assert set(captions[LABELS == k]) == set(DRAW.captions[DRAW.y == k].ravel())
    some = np.array([80, 3])
    assert np.array_equal(learnt.captions_of(asked.take(some), 7, some), captions[some])
    assert (learnt.captions_of(asked, 8, INDEX) != captions).any()
    rows = learnt.rows(asked, 7, INDEX)
    assert np.array_equal(rows, learnt.rows(Condition(LABELS, captions), 9, INDEX)) and rows.shape == (120, WIDTH)


def test_halfway_is_between_two_captions_of_the_class(learnt):
    between = learnt.varied("interpolated", {})
    asked = Condition(LABELS)
    words = between.captions_of(asked, 7, INDEX)
    pairs = [caption.removeprefix("halfway between “")[:-1].split("” and “") for caption in words]
    first, second = (learnt.rows(Condition(LABELS, np.array(part)), 0, INDEX) for part in zip(*pairs, strict=True))
    np.testing.assert_allclose(between.rows(asked, 7, INDEX), (first + second) / 2, atol=1e-5)
    assert [a for a, _ in pairs] == learnt.captions_of(asked, 7, INDEX).tolist()
    for label, pair in zip(LABELS, pairs, strict=True):
        assert set(pair) <= set(DRAW.captions[DRAW.y == label].ravel())


def test_new_captions_are_asked_for_by_class_and_no_items_of_a_class_without_any(learnt):
    new = learnt.varied("new_captions", {"new_captions": [["violet on red", 1], ["red on violet", 1]]})
    asked = Condition(np.ones(40, int))
    assert set(new.captions_of(asked, 1, np.arange(40))) == {"violet on red", "red on violet"}
    assert new.most.tolist() == [0, NO_LIMIT] and learnt.most is None
    gan = type("Gan", (), {"most": new.most})
    assert at_hand(gan, np.array([0, 0, 1, 1])).tolist() == [1, 1]
    with pytest.raises(InputError, match="none of class 'one'"):
        new.rows(Condition(np.array([1, 0])), 1, np.arange(2))
    assert learnt.varied("fresh", {}) is learnt


def test_what_was_written_is_read_again_with_the_captions_of_each_class(learnt):
    about = learnt.about() | {"n_classes": 2, "classes": list(DRAW.classes)}
    again = FAMILIES["gan_cls"].kept_conditioning(about)
    again.encoder.load_state_dict(learnt.encoder.state_dict())
    asked = Condition(LABELS)
    assert np.array_equal(again.captions_of(asked, 7, INDEX), learnt.captions_of(asked, 7, INDEX))
    assert np.array_equal(again.rows(asked, derive(7, 1), INDEX), learnt.rows(asked, derive(7, 1), INDEX))
