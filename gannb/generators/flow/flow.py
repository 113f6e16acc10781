"""A flow as a generator: fitted by the one loop of all GANs, watched by their guard, sampled by position."""

from __future__ import annotations

import numpy as np

from gannb.data.examples import Examples
from gannb.generators.adversarial.gan import Trained
from gannb.generators.adversarial.guard import START
from gannb.generators.flow.training import FlowGuard, FlowTraining
from gannb.generators.interface import Condition, Job, check_labels

PART = 1024  # items that are made at once: whole batches


class Flow(Trained):
    """A flow of one family. Fitted, it keeps its network and how the training went.

    curves: {"step": [...], "generator_loss": [...]}, each value the mean of the squared error since the last point;
    part of it is noise that no field can know. The rest is as of a GAN, see `Adversarial`.
    """

    rule = (
        "exponential moving average of the weights after the last step; the guard goes back where they are not finite, "
        f"and from step {START} on where samples stay alike; it looks at the draw and at nothing else"
    )

    def _begin(self, draw: Examples, job: Job) -> FlowGuard:
        return FlowGuard(FlowTraining(self.medium, self.family, draw, job), draw)

    def sample(self, condition: Condition, seed: int, index: np.ndarray | None = None) -> np.ndarray:
        """Items (M, ...), see `Trained.sample`; in parts, since noise takes four times their memory."""
        condition, index = self._asked(condition, index)
        made = []
        for start in range(0, max(1, len(index)), PART):
            part = np.arange(start, min(start + PART, len(index)))
            made.append(super().sample(condition.take(part), seed, index[part]))
        return np.concatenate(made)

    def blend(self, pairs: np.ndarray, share: np.ndarray, seed: int) -> np.ndarray:
        """One item between two classes per row: labels (M, 2), share (M,) of the first -> (M, ...).

        From one noise, along the field for both classes in their shares. An item depends on the seed, its position and
        its row.
        """
        pairs, share = np.asarray(pairs, np.int64), np.asarray(share, np.float32)[:, None]
        check_labels(pairs.ravel(), self.n_classes)
        first, second = (self.conditioning.shares(labels) for labels in pairs.T)
        return self._made(self._noise(seed, np.arange(len(pairs))), share * first + (1 - share) * second)
