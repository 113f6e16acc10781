"""Networks that grow while they are trained: which level they work at follows from the share of the training done."""

from __future__ import annotations

import torch
from torch import Tensor, nn

FADE = 0.5  # share of a level's steps over which it fades in
LAST = 0.5  # share of all steps that the last level has; those before it share the rest


def level_at(done: float, levels: int) -> tuple[int, float]:
    """The level, 0..levels-1, and how far it has faded in, 0..1, when a share `done` (0..1) of the training is over.

    A level stands for a side, each twice the one before it (Karras et al. 2018, arXiv 1710.10196, section 2). Both are
    functions of the share alone, so that a resumed training is where it was.
    """
    if levels == 1:
        return 0, 1.0
    share = (1 - LAST) / (levels - 1)  # of the steps, of each level but the last
    level = min(levels - 1, int(done / share))
    into, own = done - level * share, share if level < levels - 1 else LAST
    return level, 1.0 if level == 0 else min(1.0, into / (FADE * own))


class Staged(nn.Module):
    """A network with levels. Untouched, and once trained, it works at the last one.

    level: the one that it works at. fading: whether the one before it still has a part. fade: the part of `level`, a
    tensor, so that a recorded step on a GPU sees it change.
    """

    fade: Tensor

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.levels, self.level, self.fading = levels, levels - 1, False
        self.register_buffer("fade", torch.ones(()), persistent=False)

    def reach(self, done: float) -> None:
        """Work as when a share `done` (0..1) of the training is over."""
        self.level, fade = level_at(done, self.levels)
        self.fading = fade < 1
        self.fade.fill_(fade)

    def faded(self, before: Tensor, now: Tensor) -> Tensor:
        """What two levels make, (N, ...) of one shape, each with its part."""
        return torch.lerp(before, now, self.fade.to(now.dtype))
