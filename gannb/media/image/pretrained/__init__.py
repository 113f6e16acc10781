"""Pretrained networks, and their fine-tuning: the functions of `gannb.data.medium.Pretrained` for images.

Those that need torch import it when they are called: who looks whether weights are there must not wait for it.
"""

from __future__ import annotations

from gannb.media.image.pretrained.weights import Weights, find, keep, kept, missing_sentence, recall
from gannb.utils.later import names_of

_of_network = names_of("gannb.media.image.pretrained.network")
check, weights_text, training_text = map(_of_network, ("check", "weights_text", "training_text"))
features_width, frozen_features, layers = map(_of_network, ("features_width", "frozen_features", "layers"))
input_sides, starting = map(_of_network, ("input_sides", "starting"))

__all__ = [
    "Weights", "check", "features_width", "find", "frozen_features", "input_sides", "keep", "kept", "layers",
    "missing_sentence", "recall", "starting", "training_text", "weights_text",
]  # fmt: skip
