"""Training a velocity field by conditional flow matching, a step at a time: the loop and checkpoints are those of GANs.

Lipman et al. 2023 (arXiv 2210.02747), equations 22 and 23 at a smallest width of 0: noise x0 and an item x1, drawn
independently of each other (Tong et al. 2023, arXiv 2302.00482, section 3.2.2), lie on the straight line
x_t = (1 - t) x0 + t x1, and the field at (x_t, t) is fitted to x1 - x0 by least squares. Randomness is derived from
(seed, step), so that a resumed training needs the step number alone.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from gannb.data.examples import Examples
from gannb.generators.adversarial.guard import Guard
from gannb.generators.adversarial.randomness import Passes, derive, lent_randomness
from gannb.generators.adversarial.sampling import make, noise_rows
from gannb.generators.adversarial.tensors import (
    Resumable,
    adam,
    ema_momentum,
    ema_update,
    float_tensors,
    load_tensors,
)
from gannb.generators.flow.family import FlowFamily, moments_of
from gannb.generators.interface import GRID, Condition, Job

if TYPE_CHECKING:
    from gannb.data.medium import Medium

POINTS = 100  # of the curves, or more: a point is the mean over at most 50 steps
LOSS = "generator_loss"  # the curve


class FlowTraining(Resumable):
    """Everything that changes while a flow is trained: the network, its average, optimiser, curve, grids, step.

    It has what `adversarial.guard.Guard` and `adversarial.checkpoint` ask of a training.
    """

    adaptive, policy = False, None  # items are seen as they are

    def __init__(self, medium: Medium, family: FlowFamily, draw: Examples, job: Job) -> None:
        self.medium, self.family, self.job = medium, family, job
        self.device, self.n_classes = torch.device(job.device), draw.n_classes
        self.form = family.form(medium, draw.shape)
        self.x = self.form.stored(draw.x, job.device)  # (N, ...), not yet encoded
        self.conditioning = family.conditioning(draw)
        self.conditioning.attach(self.form, self.x, torch.tensor(draw.y, device=self.device), job)
        with lent_randomness(derive(job.seed, 2)):
            self.generator = self.form.place(family.generator(draw.shape, draw.n_classes), job.device)
        self.average = copy.deepcopy(self.generator).requires_grad_(False).eval()
        self.averages = float_tensors(self.average), float_tensors(self.generator)
        self.optimisers = {"generator": adam(self.generator, family.learning_rate, family.betas)}
        self.usual_rate = family.learning_rate
        self.batch = min(family.batch, len(draw))
        self.passes = Passes(np.arange(len(draw)), self.batch, job.seed)
        self.noise_shape = family.noise_of(draw.shape)
        self.rng = torch.Generator(self.device)
        self.step = 0  # steps done
        self.every = max(1, min(50, job.steps // POINTS))  # steps in a point of the curve
        self.moments = moments_of(job.steps) if job.looks else set()
        self.window = torch.zeros((), device=self.device)  # sum since the last point
        self.curves: dict[str, list[float]] = {"step": [], LOSS: []}
        self.grids: list[Tensor] = []  # each (classes, columns, ...) items
        self.grid_steps: list[int] = []
        self.made: tuple[Any, ...] = ()  # what was last made to be looked at; no part of a state

    # ---- a step ----

    def advance(self) -> None:
        """Do one step, and keep what is due after it."""
        if self.step == 0:
            self.conditioning.learn()
        self.rng.manual_seed(derive(self.job.seed, 0, self.step))
        self.optimisers["generator"].param_groups[0]["lr"] = self.usual_rate * self._share_of_rate()
        self.window += self._learn(torch.from_numpy(self.passes[self.step]).to(self.device))
        ema_update(*self.averages, ema_momentum(self.step, self.family.ema))
        self.step += 1
        if self.step % self.every == 0 or self.step == self.job.steps:
            self._record()
        if self.step in self.moments:
            items = self.form.items(self.fixed_samples(GRID[0])[0])
            self.grids.append(torch.from_numpy(items.reshape(-1, GRID[1], *items.shape[1:])))
            self.grid_steps.append(self.step)

    def _share_of_rate(self) -> float:
        falling = (1 + math.cos(math.pi * self.step / self.job.steps)) / 2
        return falling * min(1.0, (self.step + 1) / self.family.warm_up)

    def _learn(self, index: Tensor) -> Tensor:
        """One step on the real items at positions (B,); the loss."""
        items, told = self.form.encode(self.x[index]), self.conditioning.of_reals(index, self.rng)
        noise = torch.randn(items.shape, generator=self.rng, device=self.device)
        # times spread evenly over 0..1, each uniform: the loss varies less (Kingma et al. 2021, appendix I.1)
        turn, count = torch.arange(len(index), device=self.device), len(index)
        times = (turn + torch.rand(count, generator=self.rng, device=self.device)) / count
        t = times.reshape(-1, *[1] * (items.ndim - 1))
        velocity = self.generator.field((1 - t) * noise + t * items, times, self._shares(told))
        loss = (velocity - (items - noise)).square().mean()
        self.optimisers["generator"].zero_grad()
        loss.backward()
        self.optimisers["generator"].step()
        return loss.detach()

    def _shares(self, told: Tensor) -> Tensor:
        """What is told of the items (B, ...) as shares (B, K), of some nothing where guidance has to know that too."""
        shares = self.generator.shares(told)
        if self.family.guidance == 1:
            return shares
        hidden = torch.rand(len(shares), generator=self.rng, device=self.device) < self.family.unlabelled
        return shares.masked_fill(hidden[:, None], 0)

    def _record(self) -> None:
        start = self.curves["step"][-1] if self.curves["step"] else 0
        self.curves[LOSS].append(float(self.window) / (self.step - start))
        self.curves["step"].append(self.step)
        self.window.zero_()

    def fixed_samples(self, most: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """What the averaged flow makes, in its form (8 K, ...), 8 of each class or of the first `most`; labels.

        The same noise every time. What was made after this step is not made again.
        """
        labels, seed = np.repeat(np.arange(self.n_classes)[:most], GRID[1]), derive(self.job.seed, 3)
        if self.made[:2] != (self.step, len(labels)):
            index = np.arange(len(labels))
            noise, told = (
                noise_rows(seed, index, self.noise_shape),
                self.conditioning.rows(Condition(labels), seed, index),
            )
            self.made = self.step, len(labels), make(self.form, self.average, noise, told)
        return self.made[2], labels

    # ---- state ----

    def rate(self, name: str) -> float:
        """The learning rate from which it falls, as the guard has left it."""
        return self.usual_rate

    def set_rate(self, name: str, rate: float) -> None:
        """Set the learning rate from which it falls."""
        self.usual_rate = rate

    def close(self) -> None:
        """Nothing is kept outside."""

    def _values(self) -> dict[str, Any]:
        return {"step": self.step, "curves": self.curves, "grid_steps": self.grid_steps, "rate": self.usual_rate}

    def _networks(self) -> dict[str, torch.nn.Module]:
        encoder = self.conditioning.encoder
        found = {"generator": self.generator, "average": self.average}
        return found if encoder is None else found | {"encoder": encoder}

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        values = copy.deepcopy(values)
        self.step, self.curves, self.grid_steps = values["step"], values["curves"], values["grid_steps"]
        self.usual_rate, self.made = values["rate"], ()
        self.window.copy_(tensors["window"])
        self.grids = load_tensors(tensors, self._networks(), self.optimisers)
        self.conditioning.restored()


class FlowGuard(Guard):
    """A guard that looks at items where the training makes some anyway; at numbers that are not finite, as ever."""

    def is_due(self) -> bool:
        """Tell whether this step is one after which to look at numbers or items."""
        return super().is_due() or self.training.step in self.training.moments

    def check(self) -> bool:
        """Look, and tell whether all is well; between the looks at items what was seen at the last one stands."""
        training = self.training
        if training.step in training.moments or not training.is_finite():
            return super().check()
        if not self.doubts:
            self.good = self.state()
        return not self.doubts
