"""Captions as numbers, as vectors, and the pairs that both encoders learn from."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from planted_captions import stripes
from scipy.spatial.distance import pdist

from gannb.media.captioned.encoders import (
    MOST_LETTERS,
    MOST_WORDS,
    PIECES,
    WIDTH,
    CaptionEncoder,
    Sentences,
    both_ways,
    learn_pairs,
    new_encoders,
    pieces,
    vectors,
)
from gannb.media.image.tensors import encode, stored


def test_words_are_pieces_of_themselves_in_order_whatever_their_case():
    numbers = pieces(["a red cat", "A cat, red!", ""], longest=5)
    assert numbers.shape == (3, 5, PIECES) and (numbers[0, 3:] == 0).all() and (numbers[2] == 0).all()
    assert (numbers[0, 1] == numbers[1, 2]).all() and (numbers[0, 2] == numbers[1, 1]).all()
    assert len(set(numbers[0, :3, 0])) == 3


def test_unknown_words_share_pieces_with_known_ones_of_the_same_letters():
    known, near, far = pieces(["triangle", "triangles", "quomodo"], 1)[:, 0]
    shared = [len(set(known[known > 0]) & set(other[other > 0])) for other in (near, far)]
    assert shared[0] >= 6 and shared[1] == 0


@pytest.mark.parametrize(
    "caption", ["x" * 500, "一只猫坐在垫子上看着窗外的鸟" * 3, "😀 !", "naïve café", "word " * 300]
)
def test_any_caption_has_pieces_and_is_no_longer_than_there_is_room(caption):
    numbers = pieces([caption])
    assert numbers.shape == (1, MOST_WORDS, PIECES) and (numbers[0, 0] > 0).any()
    assert MOST_LETTERS < PIECES and np.isfinite(vectors(CaptionEncoder(), np.array([caption]))).all()


def test_all_orders_of_words_are_told_apart_even_before_training():
    """All 120 towers of one to four blocks of three colours, which short runs of words do not tell apart."""
    towers = [" on ".join(c) for n in range(1, 5) for c in product(("red", "green", "blue"), repeat=n)]
    codes = vectors(new_encoders((16, 16, 3), 0, "cpu")[0], np.array(towers)).astype(float)
    assert len(towers) == 120 and codes.shape == (120, WIDTH)
    assert pdist(codes).min() > 1e-3  # a bag of words has 0, and vectors of one caption differ by nothing


def test_a_vector_depends_on_its_caption_alone():
    encoder, captions = CaptionEncoder(), np.array([f"sentence number {i} of all" for i in range(70)])
    whole = vectors(encoder, captions)
    assert np.array_equal(vectors(encoder, captions[[69, 3]]), whole[[69, 3]])
    assert np.array_equal(vectors(encoder, captions[[3, 3, 69]])[:2], whole[[3, 3]])
    assert vectors(encoder, captions[:0]).shape == (0, WIDTH)
    np.testing.assert_allclose(np.linalg.norm(whole, axis=1), 1, rtol=1e-5)


def test_an_item_has_one_of_its_own_captions_at_random_and_never_an_empty_one():
    found = Sentences(np.array([["a", "b", ""], ["", "c", ""], ["b", "d", "e"]]))
    assert found.texts.tolist() == ["a", "b", "c", "d", "e"] and found.counts.tolist() == [2, 1, 3]
    rng = torch.Generator()
    drawn = found.texts[found.one_of(torch.tensor([0, 1, 2] * 200), rng).numpy()].reshape(-1, 3)
    assert [set(column) for column in drawn.T] == [{"a", "b"}, {"c"}, {"b", "d", "e"}]
    with pytest.raises(ValueError, match="must have a caption"):
        Sentences(np.array([["a"], [""]]))


def test_images_share_a_caption_or_not():
    found = Sentences(np.array([["a", "b", ""], ["", "c", ""], ["b", "d", "e"]]))
    shared = found.share_one(torch.arange(3), torch.arange(3).expand(3, -1))
    assert shared.tolist() == [[True, False, True], [False, True, False], [True, False, True]]


def test_the_loss_is_that_of_clip_where_no_captions_are_alike():
    images, captions = (torch.nn.functional.normalize(torch.randn(5, 8), dim=1) for _ in range(2))
    logits, own = 7.0 * images @ captions.T, torch.arange(5)
    expected = (torch.nn.functional.cross_entropy(logits, own) + torch.nn.functional.cross_entropy(logits.T, own)) / 2
    assert both_ways(images, captions, torch.eye(5) > 0, torch.tensor(7.0)).item() == pytest.approx(expected.item())


def test_pairs_are_learnt_the_same_from_the_same_seed_and_tell_the_order_of_words():
    draw = stripes()
    x, sentences = stored(draw.x, "cpu"), Sentences(draw.captions)
    found = []
    for _ in range(2):
        caption_encoder, image_encoder = new_encoders(draw.shape, 3, "cpu", base=8)
        learn_pairs(caption_encoder, image_encoder, sentences, lambda i, rng: encode(x[i]), 150, 3)
        found.append((vectors(caption_encoder, sentences.texts), image_encoder))
    assert np.array_equal(found[0][0], found[1][0])
    other = stripes(seed=5)
    scores = found[0][1](encode(stored(other.x, "cpu"))).detach().numpy() @ found[0][0].T  # (N, U)
    right = np.isin(sentences.texts[scores.argmax(1)], other.captions)
    own = [best in of for best, of in zip(sentences.texts[scores.argmax(1)], other.captions.tolist(), strict=True)]
    assert right.all() and np.mean(own) > 0.9
