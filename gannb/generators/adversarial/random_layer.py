"""A layer that draws at random while it is trained."""

from __future__ import annotations

import torch
from torch import nn


class RandomLayer(nn.Module):
    """A layer of a discriminator that is random in training: it draws from `rng`, the training's own.

    That follows from the seed and the step, so that a resumed training draws the same. Without a training there is no
    `rng`, and a layer in evaluation draws nothing.
    """

    rng: torch.Generator | None = None
