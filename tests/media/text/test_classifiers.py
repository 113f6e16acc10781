"""Networks that classify sentences, against scikit-learn where it has the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sentences import sentences
from sklearn.feature_extraction.text import TfidfVectorizer

from gannb.classifiers.mixture import Mixture
from gannb.classifiers.training import Recipe, predict, train
from gannb.media.text import TEXT
from gannb.media.text.classifiers import OWN, build
from gannb.media.text.tokens import array, tokens
from gannb.utils.errors import InputError


def prepared(name: str, x: np.ndarray) -> torch.nn.Module:
    network = TEXT.classifier(name, (), 3)
    TEXT.prepare(network, x)
    return network.eval()


def test_tfidf_of_words_is_that_of_scikit_learn():
    x, y = sentences(20).x, sentences(20, seed=5).x
    network = prepared("tfidf", x)
    row, at, value = network.features(TEXT.encode(TEXT.stored(y, "cpu")))
    ours = torch.zeros(len(y), len(network.idf)).index_put((row, at), value)[:, : len(network.words)].numpy()
    theirs = TfidfVectorizer(analyzer=lambda text: tokens(str(text)), sublinear_tf=True).fit(x).transform(y).toarray()
    assert ours.shape == theirs.shape
    assert np.allclose(ours @ ours.T, theirs @ theirs.T, atol=1e-5)


@pytest.mark.parametrize("name", OWN)
def test_words_that_no_training_item_holds_are_unknown(name):
    network = prepared(name, array(["play jazz", "will it rain"]))
    seen, unseen, other = (network(TEXT.encode(TEXT.stored(array([t]), "cpu"))) for t in ("jazz", "qqq", "zzz"))
    assert torch.equal(unseen, other) and seen.shape == (1, 3)


@pytest.mark.parametrize("name", OWN)
def test_a_prediction_depends_on_no_other_sentence_of_the_batch(name):
    x = sentences(20).x
    network = prepared(name, x)
    with torch.no_grad():
        alone = torch.cat([network(TEXT.stored(x[i : i + 1], "cpu")) for i in range(len(x))])
        assert torch.allclose(alone, network(TEXT.stored(x, "cpu")), atol=1e-5)


@pytest.mark.parametrize("name", OWN)
def test_it_learns_and_its_state_is_read_again(name):
    draw, test = sentences(15), sentences(30, seed=9)
    recipe = Recipe(TEXT, name, 60, 16, TEXT.policy("dropout", ()))
    network = train(Mixture(draw, None, 0.0), recipe, 0)
    said = predict(TEXT, network, test.x)
    assert (said.argmax(1) == test.y).mean() > 0.9
    again = prepared(name, draw.x)
    again.load_state_dict(network.state_dict())
    assert np.array_equal(predict(TEXT, again, test.x), said)


def test_the_measuring_classifier_is_read_without_its_training_items():
    network, empty = prepared("word_cnn", sentences(9).x), TEXT.classifier("word_cnn", (), 3)
    empty.load_state_dict(network.state_dict())
    batch = TEXT.stored(sentences(9).x, "cpu")
    assert torch.equal(TEXT.classifier_features(empty.eval(), batch), TEXT.classifier_features(network, batch))
    assert TEXT.classifier_head(network).out_features == 3


def test_a_network_that_there_is_not_is_refused():
    with pytest.raises(InputError, match="there is no network 'tfidff' for sentences; did you mean tfidf"):
        build("tfidff", 2)
