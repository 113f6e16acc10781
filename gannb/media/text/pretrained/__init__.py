"""A sentence encoder trained elsewhere, frozen: the functions of `gannb.data.medium.Pretrained` for sentences.

Those that need torch import it when they are called.
"""

from __future__ import annotations

from gannb.media.text.pretrained.weights import Weights, find, keep, kept, missing_sentence, recall
from gannb.utils.later import names_of

_of_network = names_of("gannb.media.text.pretrained.network")
check, weights_text, training_text = map(_of_network, ("check", "weights_text", "training_text"))
features_width, frozen_features = map(_of_network, ("features_width", "frozen_features"))
layers, starting = map(_of_network, ("layers", "starting"))

__all__ = [
    "Weights", "check", "features_width", "find", "frozen_features", "keep", "kept", "layers", "missing_sentence",
    "recall", "starting", "training_text", "weights_text",
]  # fmt: skip
