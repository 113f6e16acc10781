"""Further ways to take items from a GAN, each a source of its own in an arm's name; most are of after training.

What is done after training matters for a classifier as the training itself does (GaFi, arXiv 2305.10118), so none of
it is a hidden choice: every variation has its arms, and they are compared with those of the plain GAN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import entr

from gannb.generators.interface import Condition

if TYPE_CHECKING:
    from gannb.generators.adversarial.gan import Adversarial

# A matter of training: of a GAN of the draw and of the unlabelled items, under the labels that a
# classifier of the draw gives them (pseudo-labels, then a conditional generator: DPT, arXiv 2302.10586, section 3).
UNLABELLED = "unlabelled"
TUNED = "tuned"  # of training, too: of a GAN that has learnt from other items first, and goes on with the draw
OF_TRAINING = (UNLABELLED, TUNED)  # whose items come from another GAN than the plain one's
# Behind a GAN's name, as in `gan.truncated`, with what each adds in words.
VARIATIONS = {
    "averaged": "weights averaged evenly over the last quarter of training",  # GaFi; instead of the EMA
    "truncated": "noise cut off",  # Brock et al. 2019, section 3.1
    "by_discriminator": "items chosen by the discriminator",  # cf. Azadi et al. 2019; Sinha et al. 2020
    "by_classifier": "items in which a classifier of the real ones sees their label",  # GaFi
    "fresh": "items made anew at every pass",  # GaFi
    "half": "half of a training item kept, the rest made anew",
    "full": "made freely, nothing of a training item kept",
    "cool": "made at another temperature",
    "interpolated": "of captions halfway between two of the class",  # Reed et al. 2016, equation 5
    "new_captions": "of new captions",
    UNLABELLED: "learnt from unlabelled ones as well",  # You et al. 2023, DPT
    TUNED: "pretrained, then fine-tuned on the draw",  # Mo et al. 2020, FreezeD
}
FILTERS = ("by_discriminator", "by_classifier", "hard")
ATTEMPTS = 10  # at an item that is not accepted; the last one stays
CALIBRATION = 128  # items per class whose median score is the discriminator's bar
Accept = Callable[[np.ndarray, np.ndarray], np.ndarray]  # items (N, ...), labels (N,) -> (N,) bool
Score = Callable[[np.ndarray, np.ndarray], np.ndarray]  # items (N, ...), labels (N,) -> (N,)


@dataclass(frozen=True, eq=False)
class Chosen:
    """Items that were chosen, and how hard that was."""

    x: np.ndarray  # (M, ...)
    accepted_first: float  # share of items of which the first attempt was accepted
    never_accepted: float  # share of items of which no attempt was accepted


def choose(generator: Adversarial, accept: Accept, condition: Condition, seed: int) -> Chosen:
    """Return an accepted item for each of the M that the condition asks for; after `ATTEMPTS` the last one made stays.

    Item i depends on the weights, the seed, what is asked for there, i and `accept`, and not on how many are asked for.
    Its first attempt is item i of `generator.sample(condition, seed)`: chosen and plain items differ only where one was
    refused. All attempts at an item are at the caption of the first.
    """
    condition = Condition(condition.labels, generator.captions_of(condition, seed))
    pending, left, x = np.arange(len(condition)), [], None
    for attempt in range(ATTEMPTS):
        asked = condition.take(pending)
        made = generator.sample(asked, attempt_seed(seed, attempt), pending)
        x = made.copy() if x is None else x
        x[pending] = made
        pending = pending[~accept(made, asked.labels)]
        left.append(len(pending))
        if not len(pending):
            break
    return Chosen(x, 1 - left[0] / len(condition), left[-1] / len(condition))


def attempt_seed(seed: int, attempt: int) -> int:
    """Return the seed of an attempt: the seed itself for the first, an independent one for each that follows."""
    if attempt == 0:
        return seed
    return int(np.random.SeedSequence([seed, attempt]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def above_median(generator: Adversarial, score: Score, n_classes: int, seed: int) -> Accept:
    """Return what accepts the items that score above the median of their class.

    The medians are those of `CALIBRATION` items per class that the generator makes from the seed. Keeping the better
    half by the discriminator's own opinion (`generator.realness`) is the simplest of the schemes of Azadi et al. 2019
    (which weighs items by the density ratio that the scores estimate) and Sinha et al. 2020 (which keeps the best of a
    batch).
    """
    labels = np.repeat(np.arange(n_classes), CALIBRATION)
    scores = score(generator.sample(Condition(labels), seed), labels)
    medians = np.median(scores.reshape(n_classes, CALIBRATION), axis=1)  # (K,)
    return lambda x, y: score(x, y) > medians[y]


def unsureness(predict: Callable[[np.ndarray], np.ndarray]) -> Score:
    """Return what scores items by how unsure a classifier is of them: the entropy of what it says.

    predict: items (N, ...) -> (N, K) probabilities. A criterion of Askari Hemmat et al. 2023 (arXiv 2310.00158).
    """
    return lambda x, y: entr(_in_whole_batches(predict, x).astype(np.float64)).sum(axis=1)


def recognised(predict: Callable[[np.ndarray], np.ndarray]) -> Accept:
    """Return what accepts the items in which a classifier sees their label (GaFi, arXiv 2305.10118).

    predict: items (N, ...) -> (N, K) probabilities.
    """
    return lambda x, y: _in_whole_batches(predict, x).argmax(1) == y


def _in_whole_batches(predict: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """Predictions for items, filled up to whole batches: none must depend on how many are asked for."""
    from gannb.classifiers.training import PREDICT_BATCH  # takes torch; who names arms must not wait for it

    fill = np.zeros((-len(x) % PREDICT_BATCH, *x.shape[1:]), x.dtype)
    return predict(np.concatenate([x, fill]))[: len(x)]
