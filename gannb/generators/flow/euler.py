"""From noise to items: Euler steps along a field of velocities, guided by the class or not."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gannb.generators.adversarial.family import Network


class Euler(nn.Module):
    """Carries noise at time 0 to items at time 1 in equal steps of a velocity field.

    field: (items at a time (N, ...), times (N,), the classes' shares (N, K)) -> velocities (N, ...), where shares that
    are all 0 ask for an item of any class. How many steps there are and how far they are guided is kept with the
    weights: it is what the generator makes.

    guidance: w of v(x, any class) + w (v(x, class) - v(x, any class)), classifier-free guidance (Ho & Salimans 2022,
    arXiv 2207.12598, equation 6, whose w is smaller by 1; for velocities Zheng et al. 2023, arXiv 2311.13443). 1: as
    the class has it, at one pass a step; above: two passes, clearer and less varied items; 0: the class is not heeded.
    """

    def __init__(self, make: Network, steps: int, guidance: float, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        self.field, self.classes = make(shape, classes), classes
        self.register_buffer("steps", torch.tensor(steps))
        self.register_buffer("guidance", torch.tensor(guidance, dtype=torch.float64))

    def shares(self, told: Tensor) -> Tensor:
        """Labels (N,) as the classes' shares (N, K); shares as they are."""
        return told if told.is_floating_point() else F.one_hot(told, self.classes).float()

    def velocity(self, x: Tensor, time: float, shares: Tensor) -> Tensor:
        """The guided velocity of all x (N, ...) at one time."""
        guidance, times = float(self.guidance), x.new_full((len(x),), time)
        if guidance == 1:
            return self.field(x, times, shares)
        free = self.field(x, times, torch.zeros_like(shares))
        return free if guidance == 0 else torch.lerp(free, self.field(x, times, shares), guidance)

    def forward(self, noise: Tensor, told: Tensor) -> Tensor:
        """noise (N, ...), labels (N,) or the classes' shares (N, K) -> items (N, ...), not cut off at their range."""
        steps, shares, x = int(self.steps), self.shares(told), noise
        for step in range(steps):
            x = x + self.velocity(x, step / steps, shares) / steps
        return x
