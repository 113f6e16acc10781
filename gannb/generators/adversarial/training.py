"""One training loop for every family of GANs.

Randomness is derived from (seed, step), so that a resumed training needs the step number alone: on the CPU, with one
thread, training killed at any step and resumed ends with the weights of an undisturbed one, bit for bit. On a GPU the
order of sums varies, and with it the last digits.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm as BatchNorm

from gannb.data.examples import Examples
from gannb.generators.adversarial.cuda_graphs import Captured
from gannb.generators.adversarial.family import Family
from gannb.generators.adversarial.losses import (
    auxiliary,
    floor,
    gradient_penalty,
    lecam,
    spread_within,
    squared_gradients,
)
from gannb.generators.adversarial.randomness import Passes, RandomLayer, derive, lent_randomness
from gannb.generators.adversarial.sampling import make, noise_rows
from gannb.generators.adversarial.staged import Staged
from gannb.generators.adversarial.tensors import (
    Resumable,
    adam,
    ema_momentum,
    ema_update,
    float_tensors,
    load_tensors,
    tensors_of,
)
from gannb.generators.interface import GRID, MOMENTS, Condition, Job

if TYPE_CHECKING:
    from gannb.data.medium import Medium

POINTS = 200  # of the curves, or more: a point is the mean over at most 50 steps
TAIL = 0.25  # share of the training, its end, over which weights are averaged uniformly
TAIL_POINTS = 50  # weights in that average
ADA_TARGET, ADA_EVERY = 0.6, 4  # of E[sign D(x)]; steps (Karras et al. 2020, section 3.2)
ADA_ITEMS = 100_000  # over which the chance may rise from 0 to 1: their value for short trainings
LECAM_MOMENTUM = 0.99  # Tseng et al. 2021, section 4
ENCODED = 256  # items that are encoded at once before the first step
CURVES = (
    "discriminator_loss", "adversarial_loss", "generator_loss", "real_score", "fake_score", "sureness",
    "label_agreement", "chance",
)  # fmt: skip
OWN = ("window", "chance", "signs", "usual")  # tensors of a state that belong to no network


class Training(Resumable):
    """Everything that changes while a GAN is trained: networks, optimisers, averages, curves, grids, step.

    policy: the medium's, for what the discriminator sees; adaptive: whether it is applied with a chance that follows
    the discriminator's overfitting (ADA).
    """

    def __init__(
        self, medium: Medium, family: Family, policy: Any, draw: Examples, job: Job, adaptive: bool = False
    ) -> None:
        self.medium, self.family, self.policy, self.job, self.adaptive = medium, family, policy, job, adaptive
        self.device = torch.device(job.device)
        self.form = family.form(medium, draw.shape)
        self.x = self.form.stored(draw.x, job.device)  # (N, ...), not yet encoded
        self.shape, self.n_classes = draw.shape, draw.n_classes
        self.conditioning = family.conditioning(draw)
        self.conditioning.attach(self.form, self.x, torch.tensor(draw.y, device=self.device), job)
        self.half = self.device.type == "cuda" and torch.cuda.get_device_capability(self.device) >= (8, 0)
        with lent_randomness(derive(job.seed, 2)):
            self.generator = self.form.place(family.generator(draw.shape, draw.n_classes), job.device)
            self.discriminator = self.form.place(family.discriminator(draw.shape, draw.n_classes), job.device)
        self.average, self.tail = (copy.deepcopy(self.generator).requires_grad_(False).eval() for _ in range(2))
        self.optimisers = {
            name: adam(getattr(self, name), family.learning_rate, family.betas)
            for name in ("generator", "discriminator")
        }
        # listed once: to walk through the modules at every step takes longer than a small network does
        self.averages = float_tensors(self.average), float_tensors(self.generator)
        self.tails = float_tensors(self.tail), self.averages[1]
        self.learning = list(self.discriminator.parameters())
        # batch statistics over reals and fakes together would tell them apart by their neighbours
        self.apart = any(isinstance(m, BatchNorm) and m.training for m in self.discriminator.modules())
        networks = self.generator, self.discriminator, self.average, self.tail
        self.staged = [network for network in networks if isinstance(network, Staged)]
        self.passes = self._make_passes(draw)
        self.rng = torch.Generator(self.device)
        for layer in self.discriminator.modules():
            if isinstance(layer, RandomLayer):
                layer.rng = self.rng
        self._learn = Captured(self._learn_once, self.device, self.rng, possible=not family.one_class_batches)
        family.acquaint(self.discriminator, self.form.encode(self.x[:: -(-len(self.x) // ENCODED)]))
        self.usual_layouts = self._spread_of_layouts(draw.y) if family.floor else None
        self.grown = False  # networks that grow work at their last level from the first step on
        self.step = 0  # steps done
        self.lecam = family.lecam  # its weight, which the guard may raise
        self.strength = 1.0  # by which R1 and R2 are multiplied, which it may raise too
        self.chance = torch.zeros((), device=self.device)  # of the augmentation, where it is adaptive
        self.signs = torch.zeros((), device=self.device)  # sum of the sureness since the chance last moved
        self.usual = torch.zeros(2, device=self.device)  # moving averages of the scores of reals and fakes
        self.every = max(1, min(50, job.steps // POINTS))  # steps in a point of the curves
        self.moments = {max(1, round(share * job.steps)) for share in MOMENTS}
        self.tail_start = job.steps - max(1, round(TAIL * job.steps))
        self.tail_every = max(1, (job.steps - self.tail_start) // TAIL_POINTS)
        self.names = [n for n in CURVES if self._has(n)]
        self.window = torch.zeros(len(self.names), device=self.device)  # sums since the last point
        self.curves: dict[str, list[float]] = {name: [] for name in ("step", *self.names)}
        self.grids: list[Tensor] = []  # each (classes, columns, ...) items
        self.grid_steps: list[int] = []

    def _make_passes(self, draw: Examples) -> list[Passes]:
        """Batches of the draw, or for each class its own; no larger than there are items, which makes no item twice."""
        classes = range(draw.n_classes) if self.family.one_class_batches else [None]
        positions = [np.arange(len(draw)) if k is None else np.flatnonzero(draw.y == k) for k in classes]
        self.batch = min(self.family.batch, min(map(len, positions)))
        seeds = [self.job.seed if k is None else derive(self.job.seed, 4, k) for k in classes]
        return [Passes(p, self.batch, seed) for p, seed in zip(positions, seeds, strict=True)]

    @torch.no_grad()
    def _spread_of_layouts(self, y: np.ndarray) -> Tensor:
        """The mean spread of the draw's layouts within a class, over all pairs of the draw, a scalar."""
        rows = torch.cat([self.family.layouts(self.form.encode(part)) for part in self.x.split(ENCODED)])
        return spread_within(rows, torch.from_numpy(y).to(self.device), self.n_classes)

    def _has(self, curve: str) -> bool:
        """Tell whether a curve has a meaning in this training."""
        return {"label_agreement": self.family.auxiliary_weight > 0, "chance": self.adaptive}.get(curve, True)

    # ---- a step ----

    def advance(self) -> None:
        """Do one step, and keep what is due after it."""
        if self.step == 0:
            self.conditioning.learn()
        self.rng.manual_seed(derive(self.job.seed, 0, self.step))
        penalise = self.step // len(self.passes) % self.family.penalty_every == 0  # a class's own steps
        self._grow()
        with self._class_known():
            self.window += self._learn(self._index(), penalise, self.lecam > 0)
        ema_update(*self.averages, ema_momentum(self.step, self.family.ema))
        if self.adaptive and self.step % ADA_EVERY == ADA_EVERY - 1:
            self._adapt()
        self.step += 1
        if self.step == self.job.steps:
            self._grow()  # to the end: what is made from here on, as of a GAN that is read from a file
        self._average_tail()
        if self.step % self.every == 0 or self.step == self.job.steps:
            self._record()
        if self.step in self.moments:
            self._keep_grid()

    def _grow(self) -> None:
        """Let networks that grow work as befits this step."""
        before = [(network.level, network.fading) for network in self.staged]
        for network in self.staged:
            network.reach(1.0 if self.grown else self.step / self.job.steps)
        if before != [(network.level, network.fading) for network in self.staged]:
            self._learn.forget()  # what was recorded is of other layers

    @contextmanager
    def _class_known(self) -> Iterator[None]:
        """Tell networks that are separate by class which one this step is about."""
        networks = (self.generator, self.discriminator) if self.family.one_class_batches else ()
        for network in networks:
            network.present = [self.step % len(self.passes)]
        yield
        for network in networks:
            network.present = None

    def _index(self) -> Tensor:
        """Positions (discriminator steps, batch) of the real items of this step."""
        turns, kinds = self.family.discriminator_steps, len(self.passes)
        numbers = [self.step // kinds * turns + turn for turn in range(turns)]
        return torch.from_numpy(np.stack([self.passes[self.step % kinds][number] for number in numbers]))

    def _learn_once(self, index: Tensor, penalise: bool, bounded: bool) -> Tensor:
        """Steps of the discriminator, then one of the generator on the last fakes; a value for each curve.

        index: (T, B) positions of reals; penalise: whether lazy penalties are due; bounded: whether LeCam is on.
        Nothing here waits for the device, or depends on values that live there, so that it can be captured.
        """
        last = len(index) - 1
        for turn, chosen_items in enumerate(index):
            real, told = self.form.encode(self.x[chosen_items]), self.conditioning.of_reals(chosen_items, self.rng)
            wanted = self.conditioning.of_fakes(told, self.rng)
            shape = (self.batch, *self.family.noise_shape)
            noise = torch.randn(shape, generator=self.rng, device=self.device)
            with torch.set_grad_enabled(turn == last):
                fake = self._through(self.generator, noise, wanted)
            mismatched = self._mismatched(chosen_items)
            loss_d, game, *scores = self._discriminate(real, fake.detach(), told, wanted, penalise, bounded, mismatched)
            self._descend("discriminator", loss_d)
        _set_learning(self.learning, False)
        loss_g, agreement = self._deceive(real, fake, told, wanted)
        self._descend("generator", loss_g)
        _set_learning(self.learning, True)
        return self._point(loss_d, game, loss_g, *scores, agreement)

    def _mismatched(self, index: Tensor) -> tuple[Tensor, Tensor] | None:
        """What is not true of the real items at positions (B,); None where the discriminator is not to see that."""
        return self.conditioning.of_others(index, self.rng) if self.conditioning.mismatched else None

    def _through(self, network: nn.Module, *inputs: Tensor) -> Any:
        """The network's output: in bfloat16 on a GPU that computes in it, R1 and R2 included.

        The penalty of WGAN-GP, which holds norms near 1, is computed in float32.
        """
        if not self.half:
            return network(*inputs)
        with torch.autocast("cuda", torch.bfloat16):
            output = network(*inputs)
        return tuple(o if o is None else o.float() for o in output) if isinstance(output, tuple) else output.float()

    def _augment(self, items: Tensor) -> Tensor:
        return self.form.augment(items, self.policy, self.rng, self.chance if self.adaptive else None, clamp=False)

    def _scored(self, both: Tensor, told: Tensor) -> tuple[Tensor, Tensor | None]:
        """Scores (2B,) and class logits of reals followed by fakes: in one pass where that changes nothing."""
        if not self.apart:
            return self._through(self.discriminator, both, told)
        halves = zip(both.chunk(2), told.chunk(2), strict=True)
        scores, logits = zip(*(self._through(self.discriminator, *half) for half in halves), strict=True)
        return torch.cat(scores), None if logits[0] is None else torch.cat(logits)

    def _discriminate(
        self,
        real: Tensor,
        fake: Tensor,
        told: Tensor,
        wanted: Tensor,
        penalise: bool,
        bounded: bool,
        mismatched: tuple[Tensor, Tensor] | None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The discriminator's loss, the adversarial part of it, and the scores of reals and fakes (B,)."""
        family, n = self.family, len(real)
        both = self._augment(torch.cat([real, fake]))
        gradients = penalise and (family.r1 > 0 or family.r2 > 0)
        scores, logits = self._scored(both.requires_grad_(gradients), torch.cat([told, wanted]))
        real_scores, fake_scores = scores.chunk(2)
        loss = game = self._game(real_scores, fake_scores, both[:n], mismatched)
        if family.auxiliary_weight:
            loss = loss + family.auxiliary_weight * auxiliary(logits[:n], told)
        if gradients:
            on_real, on_fake = squared_gradients(scores, both).chunk(2)
            loss = loss + self.strength * family.penalty_every / 2 * (family.r1 * on_real + family.r2 * on_fake).mean()
        if penalise and family.gradient_penalty:
            share = torch.rand(n, generator=self.rng, device=self.device)
            penalty = gradient_penalty(self.discriminator, *both.chunk(2), told, share)
            loss = loss + family.penalty_every * family.gradient_penalty * penalty
        if bounded:
            loss = loss + self.lecam * lecam(real_scores, fake_scores, *self.usual.clone())
        real_scores, fake_scores = real_scores.detach(), fake_scores.detach()
        self.usual.lerp_(torch.stack([real_scores.mean(), fake_scores.mean()]), 1 - LECAM_MOMENTUM)
        return loss, game, real_scores, fake_scores

    def _game(
        self, real_scores: Tensor, fake_scores: Tensor, real: Tensor, mismatched: tuple[Tensor, Tensor] | None
    ) -> Tensor:
        """The adversarial part of the discriminator's loss, matching-aware where it sees mismatched reals as well.

        Algorithm 1 of Reed et al. 2016: log s_r + (log(1 - s_w) + log(1 - s_f)) / 2. A real item for which nothing
        mismatched was found leaves its part to the fakes. Scores (B,), real (B, ...) as the discriminator saw them.
        """
        game = self.family.loss.discriminator(real_scores, fake_scores)
        if mismatched is None:
            return game
        told, found = mismatched
        scores = torch.where(found, self._through(self.discriminator, real, told)[0], fake_scores)
        share = self.conditioning.mismatched
        return (1 - share) * game + share * self.family.loss.discriminator(real_scores, scores)

    def _deceive(self, real: Tensor, fake: Tensor, told: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor | None]:
        """The generator's loss, and the share of fakes in which the class head sees their label."""
        if self.family.loss.paired:
            both = self._augment(torch.cat([real, fake]))
            scores, logits = self._scored(both, torch.cat([told, wanted]))
            real_scores, scores = scores.chunk(2)
            logits = None if logits is None else logits[len(real) :]
        else:
            real_scores, (scores, logits) = None, self._through(self.discriminator, self._augment(fake), wanted)
        loss = self.family.loss.generator(real_scores, scores)
        if self.usual_layouts is not None:
            spread = spread_within(self.family.layouts(fake), wanted, self.n_classes)
            loss = loss + self.family.floor * floor(spread, self.usual_layouts)
        if not self.family.auxiliary_weight:
            return loss, None
        agreement = (logits.detach().argmax(1) == wanted).float().mean()
        return loss + self.family.auxiliary_weight * auxiliary(logits, wanted), agreement

    def _descend(self, name: str, loss: Tensor) -> None:
        self.optimisers[name].zero_grad()
        loss.backward()
        self.optimisers[name].step()

    def _point(
        self, loss_d: Tensor, game: Tensor, loss_g: Tensor, real: Tensor, fake: Tensor, agreement: Tensor | None
    ) -> Tensor:
        """A value for each of the curves, (names,)."""
        sureness = self.family.loss.sureness(real, fake)
        self.signs += sureness
        values = [loss_d, game, loss_g, real.mean(), fake.mean(), sureness, agreement, self.chance]
        kept = [value for name, value in zip(CURVES, values, strict=True) if self._has(name)]
        return torch.stack(kept).detach()

    # ---- what is due after a step ----

    def _adapt(self) -> None:
        """Move the chance of the augmentation towards the target of the sureness (Karras et al. 2020, section 3.2)."""
        direction = (self.signs / ADA_EVERY - ADA_TARGET).sign()
        self.chance.add_(direction * self.batch * ADA_EVERY / ADA_ITEMS).clamp_(0, 1)
        self.signs.zero_()

    def _average_tail(self) -> None:
        """Take the weights into the uniform average over the end of the training (Yazıcı et al. 2019, section 3)."""
        number, rest = divmod(self.step - self.tail_start, self.tail_every)
        if number > 0 and rest == 0:
            ema_update(*self.tails, 1 - 1 / number)

    def _record(self) -> None:
        """Add a point to the curves: the means since the last one."""
        start = self.curves["step"][-1] if self.curves["step"] else 0
        means = (self.window / (self.step - start)).tolist()
        self.window.zero_()
        self.curves["step"].append(self.step)
        for name, mean in zip(self.names, means, strict=True):
            self.curves[name].append(mean)

    def _keep_grid(self) -> None:
        items = self.form.items(self.fixed_samples(GRID[0])[0])
        self.grids.append(torch.from_numpy(items.reshape(-1, GRID[1], *items.shape[1:])))
        self.grid_steps.append(self.step)

    def fixed_samples(self, most: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """What the averaged generator makes, in its form (8 K, ...), 8 of each class or of the first `most`; labels.

        The same noise every time.
        """
        labels, seed = np.repeat(np.arange(self.n_classes)[:most], GRID[1]), derive(self.job.seed, 3)
        index = np.arange(len(labels))
        noise = noise_rows(seed, index, self.family.noise_shape)
        return make(self.form, self.average, noise, self.conditioning.rows(Condition(labels), seed, index)), labels

    # ---- state ----

    def set_rate(self, name: str, rate: float) -> None:
        """Set the learning rate of the generator or of the discriminator."""
        self.optimisers[name].param_groups[0]["lr"] = rate
        self._learn.forget()  # what was captured holds the old one

    def rate(self, name: str) -> float:
        """The learning rate of the generator or of the discriminator."""
        return self.optimisers[name].param_groups[0]["lr"]

    def set_lecam(self, weight: float) -> None:
        """Set the weight of the LeCam penalty."""
        self.lecam = weight
        self._learn.forget()

    def set_strength(self, strength: float) -> None:
        """Set by how much R1 and R2 are multiplied."""
        self.strength = strength
        self._learn.forget()

    def close(self) -> None:
        """Free what a GPU keeps of recorded steps; no step can be done any more."""
        self._learn.close()

    def _values(self) -> dict[str, Any]:
        rates = {name: self.rate(name) for name in self.optimisers}
        values = {"step": self.step, "curves": self.curves, "grid_steps": self.grid_steps, "lecam": self.lecam}
        return values | {"strength": self.strength, "rates": rates}

    def _tensors(self) -> dict[str, Tensor]:
        own = {name: getattr(self, name) for name in OWN}
        return own | tensors_of(self._networks(), self.optimisers, self.grids)

    def _networks(self) -> dict[str, nn.Module]:
        found = {name: getattr(self, name) for name in ("generator", "discriminator", "average", "tail")}
        encoder = self.conditioning.encoder
        return found if encoder is None else found | {"encoder": encoder}

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        values = copy.deepcopy(values)
        self.step, self.curves, self.grid_steps = values["step"], values["curves"], values["grid_steps"]
        for name in OWN:
            getattr(self, name).copy_(tensors[name])
        self.grids = load_tensors(tensors, self._networks(), self.optimisers)
        self.conditioning.restored()
        for name, rate in values["rates"].items():
            self.set_rate(name, rate)
        self.set_lecam(values["lecam"])
        self.set_strength(values.get("strength", 1.0))  # older checkpoints are without
        self._grow()


def _set_learning(parameters: list[Tensor], learning: bool) -> None:
    for parameter in parameters:
        parameter.requires_grad_(learning)
