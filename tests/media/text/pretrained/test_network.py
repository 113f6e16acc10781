"""A frozen sentence encoder: its features, and the classifier that is multiplied with TF-IDF."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sentences import of_two

from gannb.classifiers.mixture import Mixture, encoded
from gannb.classifiers.training import Recipe, predict, state_of, train
from gannb.data.examples import Examples
from gannb.data.medium import Pretrained
from gannb.media.text import TEXT
from gannb.media.text import pretrained as transfer
from gannb.media.text.classifiers import TfIdf
from gannb.media.text.pretrained import Weights, find
from gannb.media.text.pretrained import network as module
from gannb.media.text.pretrained.network import as_read
from gannb.media.text.tokens import UNKNOWN_HASH, array, word_of
from gannb.utils.errors import InputError


def learnt(weights: Weights, items: Examples, steps: int = 40) -> torch.nn.Module:
    mixture = Mixture(items, None, 0.0)
    start = transfer.starting(weights, mixture, transfer.frozen_features(weights, items.x))
    torch.manual_seed(1)  # of no consequence
    return train(mixture, Recipe(TEXT, "x", steps, 8, TEXT.policy("dropout", ())), 0, start=start)


def test_a_damaged_encoder_is_refused_in_a_sentence(folder, monkeypatch):
    pytest.importorskip("sentence_transformers")
    with pytest.raises(InputError, match=r"^pretrained: .* does not hold a sentence encoder that can be read \("):
        transfer.check(find(str(folder)), 2)


# ---- features ----


def test_it_reads_the_same_of_hashes_as_of_sentences(folder, stand_in):
    weights, x = find(str(folder)), array(["Play JAZZ, now!", "rain", "it's snow"])
    features = transfer.frozen_features(weights, x)
    assert features.dtype == np.float32 and features.shape == (3, transfer.features_width(weights))
    network = module.Encoded(weights, 2, 26).eval()
    assert np.array_equal(network.features(encoded(TEXT, x, "cpu")).numpy(), features)
    assert (
        stand_in.read[:3] == ["play jazz , now !", "rain", "it's snow"]
        and as_read("Play JAZZ, now!") == stand_in.read[0]
    )
    assert len(stand_in.read) == len(set(stand_in.read))  # what was once read is known


def test_words_that_are_left_out_or_unknown_are_not_read(folder, stand_in):
    batch = encoded(TEXT, array(["play jazz now", "rain"]), "cpu")
    batch[0, 1] = 0
    batch[0, 1, 0] = UNKNOWN_HASH
    batch[1] = 0
    assert module.Encoded(find(str(folder)), 2, 26).features(batch).shape == (2, 26)
    assert stand_in.read == ["play now", ""]


def test_a_word_is_known_by_its_hash():
    number = int(TEXT.stored(array(["Jazz"]), "cpu")[0, 0, 0])
    assert word_of(number) == "jazz"


# ---- the classifier ----


def test_it_predicts_the_product_of_both_probabilities(folder, stand_in):
    weights, items = find(str(folder)), of_two(8)
    network = learnt(weights, items)
    test = of_two(10, seed=1)
    batch = encoded(TEXT, test.x, "cpu")
    with torch.no_grad():
        both = network.head(network.features(batch)).softmax(1) * network.words(batch).softmax(1)
    assert np.allclose(predict(TEXT, network, test.x), both / both.sum(1, keepdims=True), atol=1e-6)
    assert (predict(TEXT, network, test.x).argmax(1) == test.y).mean() == 1


def test_tfidf_learns_apart_from_the_encoder_which_stays_as_it_is(folder, stand_in):
    """To the bit as the classifier `tfidf` by itself, so that the two differ in nothing but the factor."""
    weights, items = find(str(folder)), of_two(8)
    network = learnt(weights, items)
    alone = train(Mixture(items, None, 0.0), Recipe(TEXT, "tfidf", 40, 8, TEXT.policy("dropout", ())), 0)
    assert isinstance(network.words, TfIdf)
    assert all(torch.equal(a, b) for a, b in zip(network.words.parameters(), alone.parameters(), strict=True))
    start = transfer.starting(weights, Mixture(items, None, 0.0), transfer.frozen_features(weights, items.x))
    fresh, _ = start(Recipe(TEXT, "x", 1, 8, None), items)
    assert torch.equal(fresh.head.weight, network.head.weight)


def test_alone_the_layer_learns_on_and_there_is_no_tfidf(folder, stand_in):
    weights, items = find(f"alone={folder}"), of_two(8)
    network = learnt(weights, items, steps=5)
    assert network.words is None and set(state_of(network)) == {"head.weight", "head.bias"}
    test = of_two(10, seed=1)
    with torch.no_grad():
        own = network.head(network.features(encoded(TEXT, test.x, "cpu"))).softmax(1).numpy()
    assert np.allclose(predict(TEXT, network, test.x), own, atol=1e-6)
    assert transfer.training_text(weights, 30) == (
        "this layer for 30 steps with the arm's augmentation; the encoder stays as it is."
    )


def test_its_state_is_that_of_the_layer_and_of_tfidf_and_is_taken_up_again(folder, stand_in):
    weights, items = find(str(folder)), of_two(8)
    network = learnt(weights, items)
    start = transfer.starting(weights, Mixture(items, None, 0.0), transfer.frozen_features(weights, items.x))
    again, _ = start(Recipe(TEXT, "x", 1, 8, None), items)
    again.load_state_dict(state_of(network))
    x = of_two(5, seed=2).x
    assert np.array_equal(predict(TEXT, again.eval(), x), predict(TEXT, network, x))
    assert not any("encoder" in name for name in state_of(network))


def test_nothing_deep_learns_from_generated_items():
    assert transfer.layers(SimpleNamespace(alone=False)) == 1


def test_it_has_what_the_protocol_asks_for():
    assert all(hasattr(TEXT.pretrained, name) for name in vars(Pretrained) if not name.startswith("_"))


# ---- with the package ----


def test_a_real_encoder_is_read_pooled_and_multiplied(real_encoder):
    module._encoder.cache_clear()
    weights = find(str(real_encoder))
    features = transfer.frozen_features(weights, array(["play jazz", "will it rain", "Play  JAZZ"]))
    assert features.shape == (3, 16) and np.array_equal(features[0], features[2])
    assert not np.allclose(features[0], features[1])
    transfer.check(weights, 2)
    items, test = of_two(8), of_two(10, seed=1)
    assert (predict(TEXT, learnt(weights, items), test.x).argmax(1) == test.y).mean() == 1
    assert predict(TEXT, learnt(find(f"alone={real_encoder}"), items, 3), test.x).shape == (20, 2)
