"""A frozen sentence encoder: its features of sentences, and the classifier on these.

It is read by sentence-transformers (Reimers & Gurevych 2019, "Sentence-BERT"), which knows how each encoder pools the
states of its words; that package is optional, and imported where an encoder is at work.

The classifier is a layer on the encoder's features, and its class probabilities are multiplied with those of `tfidf`,
which was the best way measured: words that tell classes apart and meanings that do so are different evidence.
`alone=NAME` has the layer without TF-IDF.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from gannb.classifiers.heads import RATE, fitted_head, set_head
from gannb.classifiers.mixture import Mixture
from gannb.classifiers.training import LEARNING_RATE, Recipe, Start
from gannb.media.text.classifiers import TfIdf
from gannb.media.text.pretrained.weights import EXTRA, PACKAGE, Weights
from gannb.media.text.tokens import UNKNOWN_HASH, tokens, word_of
from gannb.utils.errors import InputError, said_by

if TYPE_CHECKING:
    from gannb.data.examples import Examples

AT_ONCE = 64  # sentences in a forward pass
MOST_KNOWN = 50_000  # sentences whose features a process keeps
Summary = dict[str, Any]


class Encoder:
    """A frozen encoder on a device: texts -> features. What it has once read it knows."""

    def __init__(self, folder: str, device: str) -> None:
        self.model, self.known = _load(folder, device), {}

    def __call__(
        self, texts: Sequence[str], progress: Callable[[int, int], None] = lambda done, total: None
    ) -> np.ndarray:
        """N texts -> (N, D) float32."""
        if len(self.known) > MOST_KNOWN:
            self.known.clear()
        new = list(dict.fromkeys(text for text in texts if text not in self.known))
        for start in range(0, len(new), AT_ONCE):
            part = new[start : start + AT_ONCE]
            features = self.model.encode(part, batch_size=AT_ONCE, show_progress_bar=False, convert_to_numpy=True)
            self.known |= zip(part, np.asarray(features, np.float32), strict=True)
            progress(start + len(part), len(new))
        return np.stack([self.known[text] for text in texts])


def _load(folder: str, device: str) -> Any:
    """Return what sentence-transformers reads. Raises InputError where the package is missing, or it cannot."""
    if find_spec(PACKAGE) is None:
        raise InputError(f"pretrained: a sentence encoder needs sentence-transformers; pip install '{EXTRA}'.")
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as said

    said.disable_progress_bar()
    said.set_verbosity_error()
    logging.getLogger(PACKAGE).setLevel(logging.ERROR)
    try:
        safe = {"use_safetensors": True}
        return SentenceTransformer(folder, device=device, local_files_only=True, model_kwargs=safe).eval()
    except Exception as error:  # the libraries below raise many kinds for files that do not fit
        raise InputError(
            f"pretrained: {folder} does not hold a sentence encoder that can be read ({said_by(error)}); save it "
            "again with sentence-transformers."
        ) from None


@lru_cache(maxsize=2)
def _encoder(folder: str, digest: str, device: str) -> Encoder:
    """One encoder for all networks of a process that take it. digest: of its files, which may change."""
    return Encoder(folder, device)


def _encoder_of(weights: Weights, device: str) -> Encoder:
    return _encoder(weights.folder, weights.digest, device)


def as_read(text: str) -> str:
    """Return a sentence as the encoder is given it, and as hashes can give it again: words in small letters."""
    return " ".join(tokens(text))


def frozen_features(
    weights: Weights,
    x: np.ndarray,
    device: str = "cpu",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """Return what the encoder makes of sentences: (N,) -> (N, D) float32."""
    return _encoder_of(weights, device)([as_read(str(text)) for text in x], progress)


def features_width(weights: Weights) -> int:
    """Return D, the number of features of a sentence."""
    return frozen_features(weights, np.array(["a"])).shape[1]


def check(weights: Weights, n_classes: int) -> None:
    """Read the encoder. Raises InputError where that cannot be done."""
    features_width(weights)


def layers(weights: Weights) -> int:
    """Return 1: of the items that are generated nothing learns but the layer on the frozen features."""
    return 1


def weights_text(weights: Weights) -> str:
    """Return in words what encoder it is and how it is used."""
    way = "alone" if weights.alone else "its class probabilities multiplied with those of tfidf"
    return f"the sentence encoder {weights.network}, frozen, {way}"


def training_text(weights: Weights, steps: int) -> str:
    """Return what follows after the layer on frozen features has been fitted."""
    what = "this layer" if weights.alone else "tfidf beside it"
    return f"{what} for {steps:,} steps with the arm's augmentation; the encoder stays as it is."


class Encoded(nn.Module):
    """A layer on the features of a frozen encoder, by itself or with `tfidf`: hashes (N, T, W) -> (N, K) logits.

    With `tfidf` the two are trained apart, and their class probabilities multiplied where it predicts. The encoder is
    no part of the network's state.
    """

    def __init__(self, weights: Weights, n_classes: int, width: int) -> None:
        super().__init__()
        self.weights = weights
        self.head = nn.utils.skip_init(nn.Linear, width, n_classes)  # it is given its values; `tfidf` draws its own
        self.words = None if weights.alone else TfIdf(n_classes)

    def features(self, x: Tensor) -> Tensor:
        """Return what the encoder makes of sentences: (N, T, W) -> (N, D)."""
        encoder = _encoder_of(self.weights, str(x.device))
        return torch.from_numpy(encoder([_as_text(row) for row in x[..., 0].tolist()])).to(x.device)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits: hashes (N, T, W) -> (N, K); of `tfidf` alone while that is trained."""
        if self.words is None:
            return self.head(self.features(x))
        if self.training:
            return self.words(x)
        return self.head(self.features(x)).log_softmax(1) + self.words(x).log_softmax(1)

    def groups(self, rate: float) -> list[Summary]:
        """Return the parameters that are trained on, with their rate. rate: times the usual one."""
        if self.words is None:
            return [{"params": list(self.head.parameters()), "lr": rate * RATE}]
        return [{"params": list(self.words.parameters()), "lr": rate * LEARNING_RATE}]


def _as_text(hashes: Sequence[int]) -> str:
    """Return a sentence of the hashes of its words: without those that are left out or unknown."""
    return " ".join(word_of(number) for number in hashes if number not in (0, UNKNOWN_HASH))


def starting(weights: Weights, mixture: Mixture, features: np.ndarray) -> Start:
    """Return what gives the classifier to train on: with a layer fitted to frozen features, by logistic regression.

    features: (N, D) of the mixture's items, the real ones first.
    """
    head = fitted_head(mixture, features)

    def start(recipe: Recipe, items: Examples) -> tuple[nn.Module, list[Summary]]:
        network = Encoded(weights, items.n_classes, features.shape[1])
        set_head(network.head, head)
        if network.words is not None:
            network.words.prepare(recipe.medium.stored(items.x, "cpu"))
        return network, network.groups(recipe.rate)

    return start
