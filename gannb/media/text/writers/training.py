"""Training what writes sentences, a step at a time: the loop, its guard and its checkpoints are those of every GAN.

Words cannot be differentiated, so a step is not a step of the other media: the start is learnt by likelihood, and the
actor of MaskGAN is then rewarded by how real the discriminator finds each word (REINFORCE, Fedus et al. 2018, section
2.2), against what its critic expected. What is the same is around it: `adversarial.gan.train` runs it, `Guard` watches
it, a checkpoint holds all of it. Randomness is derived from (seed, step), so that a resumed training needs the step.
"""

from __future__ import annotations

import copy
import math
from itertools import compress
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gannb.data.examples import Examples
from gannb.generators.adversarial.form import AsTheyAre
from gannb.generators.adversarial.randomness import Passes, derive, lent_randomness
from gannb.generators.adversarial.tensors import Resumable, adam, load_tensors
from gannb.generators.interface import GRID, MOMENTS, Job
from gannb.media.text.writers.blanks import lengths_of, spans_of, with_blanks
from gannb.media.text.writers.family import START, TextFamily
from gannb.media.text.writers.networks import Filler, LanguageModel, TokenDiscriminator
from gannb.media.text.writers.sampling import uniforms, write
from gannb.media.text.writers.vocabulary import END, NOTHING, UNKNOWN, Vocabulary

if TYPE_CHECKING:
    from gannb.data.medium import Medium

POINTS = 60  # of the curves, where they are not nearer than
APART = 10  # steps: a look at what is written takes as long as several steps
AHEAD = 25  # steps of the discriminator alone for which sentences are filled at once
CURVES = ("generator_loss", "discriminator_loss", "adversarial_loss", "sureness", "reward")
NETWORKS = ("generator", "discriminator")


def network_of(family: TextFamily, name: str, size: int, n_classes: int) -> nn.Module:
    """Return an untrained network of a family for a vocabulary of so many words: "generator" or "discriminator"."""
    if name == "discriminator":
        return TokenDiscriminator(size, n_classes)
    return (Filler if family.fills else LanguageModel)(size, n_classes)


class Fitted(Protocol):
    """What a training goes on from: a fitted writer; see `writer.Writer`."""

    vocabulary: Vocabulary
    networks: nn.ModuleDict
    draw: tuple[np.ndarray, np.ndarray]  # sentences (N, T) as numbers of words, labels (N,)
    curves: dict[str, list[float]]
    grid_steps: list[int]
    numbers: np.ndarray  # of the grids


class WriterTraining(Resumable):
    """Everything that changes while a writer is trained: networks, optimisers, curves, grids, step.

    It has what `adversarial.guard.Guard` and `adversarial.checkpoint` ask of a training.
    """

    adaptive, policy = False, "none"  # the discriminator sees sentences as they are

    def __init__(self, medium: Medium, family: TextFamily, draw: Examples, job: Job) -> None:
        self.medium, self.family, self.job = medium, family, job
        self.form = AsTheyAre(medium)
        self.device = torch.device(job.device)
        self.vocabulary, self.n_classes = Vocabulary.of(draw.x), draw.n_classes
        numbers = self.vocabulary.encode(draw.x, medium.max_tokens)
        longest = int(lengths_of(numbers).max())
        self.x = torch.from_numpy(numbers[:, :longest]).to(self.device)  # (N, T)
        self.y = torch.tensor(draw.y, device=self.device)
        with lent_randomness(derive(job.seed, 2)):
            made = [network_of(family, name, len(self.vocabulary), draw.n_classes) for name in NETWORKS]
        self.generator, self.discriminator = (network.to(self.device) for network in made)
        self.rates = {name: 1.0 for name in NETWORKS}  # times those of the family, which the guard may halve
        self.optimisers = {name: self._optimiser(name) for name in NETWORKS}
        self.batch = min(family.batch, len(draw))
        self.passes = Passes(np.arange(len(draw)), self.batch, job.seed)
        self.rng = torch.Generator(self.device)
        self.store: Any = None  # see `_stored`; no part of a state
        self.step, self.begun, self.lecam, self.strength = 0, 0, 0.0, 1.0
        self.ends = _ends(family, job.steps)
        self.every = max(APART, round(job.steps / POINTS))
        self.moments = sorted({max(1, round(share * job.steps)) for share in MOMENTS})
        self.window = torch.zeros(len(CURVES), device=self.device)
        self.curves: dict[str, list[float]] = {name: [] for name in ("step", *CURVES)}
        self.grids: list[Tensor] = []  # each (classes, columns, T) numbers of words
        self.grid_steps: list[int] = []

    def begin_after(self, start: Fitted) -> None:
        """Go on from what a fitted start has learnt of the same draw in as many steps: the first part is done."""
        if start.vocabulary.words != self.vocabulary.words or not np.array_equal(start.draw[0], self.x.cpu().numpy()):
            raise ValueError("the start was fitted to another draw")
        self.generator.load_state_dict(start.networks["generator"].state_dict())
        self.step = self.begun = self.ends[0]
        before = [step <= self.step for step in start.curves["step"]]
        self.curves = {name: list(compress(values, before)) for name, values in start.curves.items()}
        self.grid_steps = [step for step in start.grid_steps if step <= self.step]
        self.grids = list(torch.from_numpy(start.numbers[: len(self.grid_steps)]))

    def _optimiser(self, name: str) -> torch.optim.Optimizer:
        return adam(getattr(self, name), self.family.rate)

    # ---- a step ----

    def advance(self) -> None:
        """Do one step, and keep what is due after it."""
        self.rng.manual_seed(derive(self.job.seed, 0, self.step))
        chosen = torch.from_numpy(self.passes[self.step])
        x, y = self._trimmed(chosen)
        likelihood, alone, _ = self.ends
        if self.step == likelihood:
            self.optimisers["generator"] = self._optimiser("generator")  # rewards are another loss
        if self.step < likelihood:
            values = self._by_likelihood(x, y)
        elif self.family.name == START:
            values = {}  # it stays what it is, as the start of MaskGAN is what it was
        elif self.step < alone:
            values = self._discriminate(*self._stored(), self.family.rate)
        else:
            filled = x, y, *self._filled(x, y)
            values = self._discriminate(*filled, self.family.adversarial_rate) | self._reward(*filled)
        self.window += torch.stack([torch.as_tensor(values.get(name, 0.0), device=self.device) for name in CURVES])
        self.step += 1
        if self.step % self.every == 0 or self.step == self.job.steps:
            self._record()
        if self.step in self.moments:
            self.grids.append(self._fixed_numbers(GRID[0]))
            self.grid_steps.append(self.step)

    def _by_likelihood(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """Learn the next word of whole sentences, or the blanks of some; only blanks count (section 2.3)."""
        rate = self.family.rate * (1 + math.cos(math.pi * self.step / self.ends[0])) / 2
        if self.family.fills:
            blank = self._blanks(x)
            logits, wanted = self.generator(with_blanks(x, blank), x, y, self.rng), x[blank]
            loss = F.cross_entropy(logits[blank], wanted)
        else:
            wanted = F.pad(x, (0, 1))
            wanted.scatter_(1, lengths_of(x)[:, None], END)
            before = self._some_unknown(F.pad(wanted[:, :-1], (1, 0), value=END))
            there = wanted != NOTHING
            loss = F.cross_entropy(self.generator(before, y, self.rng)[there], wanted[there])
        self._descend("generator", loss, rate)
        return {"generator_loss": loss.detach()}

    def _some_unknown(self, before: Tensor) -> Tensor:
        hidden = torch.rand(before.shape, generator=self.rng, device=self.device) < self.family.unknown
        return torch.where(hidden & (before != NOTHING) & (before != END), UNKNOWN, before)

    def _blanks(self, x: Tensor) -> Tensor:
        uniform = torch.rand((len(x), 3 + x.shape[1]), generator=self.rng, device=self.device)
        return spans_of(lengths_of(x), uniform)

    def _filled(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Sentences of which the actor has filled blanks, and where these were."""
        blank = self._blanks(x)
        uniform = torch.rand(x.shape, generator=self.rng, device=self.device)
        return self.generator.fill(with_blanks(x, blank), y, uniform), blank

    def _trimmed(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Sentences of the draw, as long as the longest of them, and their labels."""
        x = self.x[chosen]
        return x[:, : int(lengths_of(x).max())], self.y[chosen]

    def _stored(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Sentences, labels, filled ones and blanks for a step of the discriminator alone.

        The actor stays as it is meanwhile: fills for `AHEAD` steps are made at once, from numbers of their own.
        """
        block, turn = divmod(self.step - self.ends[0], AHEAD)
        if self.store is None or self.store[0] != block:
            first = self.ends[0] + block * AHEAD
            x, y = self._trimmed(torch.from_numpy(np.concatenate([self.passes[first + i] for i in range(AHEAD)])))
            self.rng.manual_seed(derive(self.job.seed, 5, block))
            self.store = block, (x, y, *self._filled(x, y))
        rows = slice(turn * self.batch, (turn + 1) * self.batch)
        x, y, made, blank = (part[rows] for part in self.store[1])
        return x, y, made, blank

    def _discriminate(self, x: Tensor, y: Tensor, made: Tensor, blank: Tensor, rate: float) -> dict[str, Tensor]:
        """Tell the words of real sentences from those that were filled in, at the same blanks."""
        both = self.discriminator(torch.cat([x, made]), blank.repeat(2, 1), y.repeat(2))
        real, fake = (each[blank] for each in both.chunk(2))
        loss = F.softplus(-real).mean() + F.softplus(fake).mean()
        self._descend("discriminator", loss, rate)
        return {"discriminator_loss": loss.detach(), "adversarial_loss": loss.detach(),
                "sureness": real.detach().sign().mean()}  # fmt: skip

    def _reward(self, x: Tensor, y: Tensor, made: Tensor, blank: Tensor) -> dict[str, Tensor]:
        """Make words likelier that the discriminator takes for real, beyond what the critic expected (equation 3)."""
        with torch.no_grad():
            reward = F.logsigmoid(self.discriminator(made, blank, y)).clamp(min=self.family.least_reward) * blank
        to_come = _discounted(reward, self.family.discount)
        states = self.generator.states(with_blanks(x, blank), made, y)
        expected = self.generator.critic(states.detach()).squeeze(2)
        chance = self.generator.words.logits(states).log_softmax(2).gather(2, made[..., None]).squeeze(2)
        advantage = (to_come - expected).detach()[blank]
        advantage = (advantage - advantage.mean()) / advantage.std().clamp(min=1e-6)
        advantage = advantage.clamp(-self.family.most_advantage, self.family.most_advantage)
        loss = -(advantage * chance[blank]).mean()
        surprise = F.mse_loss(expected[blank], to_come[blank])
        self._descend("generator", loss + surprise, self.family.adversarial_rate)
        return {"generator_loss": loss.detach(), "reward": reward.sum() / blank.sum()}

    def _descend(self, name: str, loss: Tensor, rate: float) -> None:
        optimiser = self.optimisers[name]
        optimiser.param_groups[0]["lr"] = rate * self.rates[name]
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(getattr(self, name).parameters(), 5.0)
        optimiser.step()

    # ---- what is due after a step ----

    def _record(self) -> None:
        start = max([self.begun, *self.curves["step"][-1:]])
        means = (self.window / (self.step - start)).tolist()
        self.window.zero_()
        self.curves["step"].append(self.step)
        for name, mean in zip(CURVES, means, strict=True):
            self.curves[name].append(mean)

    def _fixed_numbers(self, most: int | None = None) -> Tensor:
        """Sentences of the first classes from the same randomness every time, (K, columns, T) numbers of words."""
        labels = np.repeat(np.arange(self.n_classes)[:most], GRID[1])
        random = uniforms(derive(self.job.seed, 3), np.arange(len(labels)), self.x.shape[1])
        made = write(self.family, self.generator, (self.x.cpu().numpy(), self.y.cpu().numpy()), labels, random)
        return torch.from_numpy(made.reshape(-1, GRID[1], made.shape[1]))

    def fixed_samples(self, most: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Items (8 K,), 8 of each class or of the first `most`, and labels."""
        numbers = self._fixed_numbers(most).flatten(0, 1).numpy()
        return self.items(numbers), np.repeat(np.arange(self.n_classes)[:most], GRID[1])

    def items(self, numbers: np.ndarray) -> np.ndarray:
        """Numbers of words (N, T) -> sentences (N,)."""
        return np.array(self.vocabulary.decode(numbers), self.medium.dtype)

    # ---- state ----

    def rate(self, name: str) -> float:
        """The learning rate that a network starts with, as the guard has left it."""
        return self.family.rate * self.rates[name]

    def set_rate(self, name: str, rate: float) -> None:
        """Set the learning rate that a network starts with; later ones change in proportion."""
        self.rates[name] = rate / self.family.rate

    def close(self) -> None:
        """Nothing is kept outside."""

    def _values(self) -> dict[str, Any]:
        return {"step": self.step, "curves": self.curves, "grid_steps": self.grid_steps, "rates": self.rates}

    def _networks(self) -> dict[str, nn.Module]:
        return {name: getattr(self, name) for name in NETWORKS}

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        values = copy.deepcopy(values)
        self.step, self.curves, self.store = values["step"], values["curves"], None
        self.grid_steps, self.rates = values["grid_steps"], values["rates"]
        self.window.copy_(tensors["window"])
        self.grids = load_tensors(tensors, self._networks(), self.optimisers)


def _ends(family: TextFamily, steps: int) -> tuple[int, int, int]:
    """Return after which steps the parts of a training end."""
    shares = np.cumsum(family.parts) / family.steps
    first, second, _ = (max(1, round(share * steps)) for share in shares)
    return first, second, steps


def _discounted(reward: Tensor, discount: float) -> Tensor:
    """Return the rewards from each word on, the later ones discounted: (B, T) -> (B, T) (section 2.2)."""
    total, found = torch.zeros(len(reward), device=reward.device), []
    for column in reward.flip(1).unbind(1):
        total = column + discount * total
        found.append(total)
    return torch.stack(found[::-1], 1)
