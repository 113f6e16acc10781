"""Forms in between: a walk through a GAN's noise, frame by frame, beside real images and the blend of its two ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gannb.measures.fidelity import nearest
from gannb.media import MEDIA
from gannb.media.image.features import pixels
from gannb.utils.keys import seed_for

if TYPE_CHECKING:
    from gannb.experiment.experiment import Experiment

FRAMES = 7
MOST_STRIPS = 4  # classes, evenly chosen


@dataclass(frozen=True, eq=False)
class Strips:
    """Walks of S classes in F frames. Images are (S, F, H, W, C) uint8, confidences (S, F) in 0..1."""

    classes: tuple[str, ...]  # (S,)
    latent: np.ndarray  # made from noise between two noises
    real: np.ndarray  # the real test image nearest to each frame, in pixels
    blends: np.ndarray  # of the first and the last frame, pixel by pixel
    sure: np.ndarray  # what the ruler gives the class in the frames
    sure_of_blends: np.ndarray


def trial_strips(experiment: Experiment, trial: int) -> Strips | None:
    """Return the strips of a trial's GAN; None where it has no noise to walk through.

    Test images were seen by no generator. The ruler has not seen what the GAN has, but for re-splits, where both have
    learnt the training side.
    """
    from gannb.classifiers.training import predict

    generator = experiment.generator(trial)
    if not hasattr(generator, "between"):
        return None
    classes = experiment.dataset.pool.classes
    shown = np.unique(np.linspace(0, len(classes) - 1, min(MOST_STRIPS, len(classes))).round().astype(int))
    latent = generator.between(shown, seed_for(experiment.study.seed, "trial", trial, "strips"), FRAMES)
    t = np.linspace(0, 1, FRAMES).reshape(1, -1, 1, 1, 1)
    blends = np.rint((1 - t) * latent[:, :1] + t * latent[:, -1:]).astype(np.uint8)
    test = experiment.items(experiment.draw(trial).test)
    flat = latent.reshape(-1, *latent.shape[2:])
    real = test.x[nearest(pixels(flat), pixels(test.x))[0]].reshape(latent.shape)
    ruler = experiment.ruler(trial)

    def sure(images: np.ndarray) -> np.ndarray:
        p = predict(MEDIA[experiment.dataset.medium], ruler, images.reshape(flat.shape)).reshape(len(shown), FRAMES, -1)
        return np.take_along_axis(p, shown[:, None, None], axis=2)[..., 0]

    names = tuple(classes[k] for k in shown)
    return Strips(names, latent, real, blends, sure(latent), sure(blends))
