"""Forms in between: a walk through a GAN's noise, frame by frame, beside real items and the blend of its two ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gannb.classifiers.training import predict
from gannb.measures.fidelity import nearest
from gannb.utils.keys import seed_for

if TYPE_CHECKING:
    from gannb.data.medium import Medium
    from gannb.experiment.experiment import Experiment

FRAMES = 7
MOST_CLASSES = 4  # evenly chosen


@dataclass(frozen=True, eq=False)
class Interpolations:
    """Walks of S classes in F frames. Items are (S, F, *item), confidences (S, F) in 0..1."""

    classes: tuple[str, ...]  # (S,)
    latent: np.ndarray  # made from noise between two noises
    real: np.ndarray  # the real test item nearest to each frame, in raw features
    blends: np.ndarray | None  # of the first and the last frame, as the medium blends; None where it cannot
    sure: np.ndarray  # what the measuring classifier gives the class in the frames
    sure_of_blends: np.ndarray | None


def trial_interpolations(experiment: Experiment, trial: int) -> Interpolations | None:
    """Return the walks through the noise of a trial's GAN; None where it has no noise to walk through.

    Test items were seen by no generator. The measuring classifier has not seen what the GAN has, except where nothing
    is in reserve: there both have learnt from the training side.
    """
    generator, settings, results = experiment.generator(trial), experiment.settings, experiment.results
    if not hasattr(generator, "between"):
        return None
    classes, medium = experiment.dataset.pool.classes, settings.medium
    shown = np.unique(np.linspace(0, len(classes) - 1, min(MOST_CLASSES, len(classes))).round().astype(int))
    latent = generator.between(shown, seed_for(experiment.study.seed, "trial", trial, "strips"), FRAMES)
    flat = latent.reshape(-1, *latent.shape[2:])
    test = settings.items(results.draw(trial).test)
    real = test.x[nearest(medium.raw_features(flat), medium.raw_features(test.x))[0]].reshape(latent.shape)
    blends, classifier = _blends(medium, latent), results.measuring_classifier(trial)

    def sure(items: np.ndarray) -> np.ndarray:
        p = predict(medium, classifier, items.reshape(flat.shape)).reshape(len(shown), FRAMES, -1)
        return np.take_along_axis(p, shown[:, None, None], axis=2)[..., 0]

    names = tuple(classes[k] for k in shown)
    return Interpolations(names, latent, real, blends, sure(latent), None if blends is None else sure(blends))


def _blends(medium: Medium, frames: np.ndarray) -> np.ndarray | None:
    """Return the blends of the first and the last frame of each walk: (S, F, *item) -> the same, or None."""
    walks, number = frames.shape[:2]
    first, last = (np.repeat(frames[:, end], number, axis=0) for end in (0, -1))
    blends = medium.blend(last, first, np.tile(np.linspace(0, 1, number), walks))
    return None if blends is None else blends.reshape(frames.shape)
