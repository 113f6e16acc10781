"""Generators of other packages, each with its own networks, losses, optimisers and augmentation, for `gan.py`.

None is a dependency of gannb. Install those to be compared into an environment of their own, beside gannb:

    pip install --no-deps torch-mimicry==0.1.16 torchgan==0.1.0 torchcfm==1.0.7
    pip install pot

Where a default is out of reach of minutes on one core, `setting` says what was changed, always in favour of the
peer: narrower networks and smaller batches, which mean more steps. All train on 32x32 items.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from dataclasses import dataclass
from importlib import metadata
from types import ModuleType

import numpy as np
import torch
from torch import Tensor, nn

from gannb.classifiers.mixture import cycle, encoded
from gannb.data.examples import Examples
from gannb.media.image import IMAGE
from gannb.utils.errors import InputError

SIDE = 32
SAMPLE_BATCH = 100
DECAY_STEPS = 10_000  # resolution of a schedule that follows the share of the budget that is spent


@dataclass(frozen=True)
class Trained:
    """What a training took."""

    seconds: float  # CPU seconds of this process
    steps: int  # of the generator's optimiser
    seen: int  # real items shown to the discriminator, each as often as it was
    parameters: tuple[int, int]  # of the generator, of the discriminator (0: there is none)


def parameters(network: nn.Module) -> int:
    """Number of weights that are trained."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def found(package: str, module: str) -> importlib.machinery.ModuleSpec:
    """Where a module is. Raises InputError, naming the package, where it is not installed."""
    spec = importlib.util.find_spec(module)
    if spec is None:
        raise InputError(f"{package} is not installed; see the head of benchmarks/peers.py for how to.")
    return spec


class Peer:
    """A generator trained in a loop of its package's own steps until the CPU seconds are spent.

    Subclasses build `generator` and `discriminator` and do a step; they draw from torch's global randomness,
    which is seeded here and put back afterwards.
    """

    package: str
    setting: str  # width, batch, and what differs from the package's own
    batch: int
    batches_per_step = 1
    generator: nn.Module
    discriminator: nn.Module | None = None

    @property
    def version(self) -> str:
        """The package's name and installed version."""
        return f"{self.package} {metadata.version(self.package)}"

    def train(self, draw: Examples, seconds: float, seed: int) -> Trained:
        """Train on the draw for so many CPU seconds, to the nearest whole step; imports are not counted.

        Raises InputError where the package is missing or the items are not 32x32.
        """
        if draw.shape[:2] != (SIDE, SIDE):
            raise InputError(f"--side: {self.package} is set up for {SIDE}x{SIDE} items, not {draw.shape}.")
        self.x, self.y = encoded(IMAGE, draw.x).contiguous(), torch.from_numpy(draw.y)  # (N, C, 32, 32) in [-1, 1]
        self.queue = cycle(len(draw), self.batch, np.random.default_rng(seed))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.build(draw.shape[2], draw.n_classes)
            spent, steps = self._spend(seconds)
        counts = tuple(parameters(network) if network else 0 for network in (self.generator, self.discriminator))
        return Trained(spent, steps, steps * self.batches_per_step * self.batch, counts)

    def _spend(self, seconds: float) -> tuple[float, int]:
        """Steps until half of another one would be too long: (CPU seconds, steps)."""
        self.generator.train()
        start, spent, steps = time.process_time(), 0.0, 0
        while steps == 0 or spent * (1 + 0.5 / steps) < seconds:
            self.step(spent / seconds)
            steps += 1
            spent = time.process_time() - start
        self.generator.eval()
        return spent, steps

    def next_batch(self) -> tuple[Tensor, Tensor]:
        """Images (B, C, 32, 32) in [-1, 1] and labels (B,), from endless shuffled passes."""
        index = torch.from_numpy(next(self.queue))
        return self.x[index], self.y[index]

    @torch.inference_mode()
    def sample(self, labels: np.ndarray, seed: int) -> np.ndarray:
        """One image per label: (M,) -> (M, 32, 32, C) uint8."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            images = torch.cat([self.images(part) for part in torch.from_numpy(labels).split(SAMPLE_BATCH)])
        pixels = ((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        return pixels.permute(0, 2, 3, 1).numpy()

    def build(self, channels: int, classes: int) -> None:
        """Make networks and optimisers."""
        raise NotImplementedError

    def step(self, share: float) -> None:
        """One step of the generator and what belongs to it; `share` of the budget is spent so far."""
        raise NotImplementedError

    def images(self, labels: Tensor) -> Tensor:
        """Images (M, C, 32, 32) in [-1, 1] for labels (M,)."""
        raise NotImplementedError


class Mimicry(Peer):
    """cGAN-PD for 32x32 of torch-mimicry (Miyato & Koyama 2018), as its CIFAR-10 baseline is trained.

    Hinge, batch 64, five discriminator steps a generator step, Adam 2e-4 (0, .9), falling linearly to 0. Colour
    networks: grey items are repeated in three channels, and the mean of the three comes back.
    """

    package = "torch-mimicry"
    setting = "width 32/16 (own: 256/128)"
    batch, batches_per_step = 64, 5
    noise = 128

    def build(self, channels: int, classes: int) -> None:
        """Networks, optimisers and the linear decay."""
        nets, training = self._modules()
        self.channels = channels
        self.generator = nets.CGANPDGenerator32(num_classes=classes, ngf=32)
        self.discriminator = nets.CGANPDDiscriminator32(num_classes=classes, ndf=16)
        self.optimisers = {
            name: torch.optim.Adam(network.parameters(), 2e-4, betas=(0.0, 0.9))
            for name, network in (("optG", self.generator), ("optD", self.discriminator))
        }
        self.decay = training.LRScheduler(lr_decay="linear", num_steps=DECAY_STEPS, **self.optimisers)
        self.log = _Silent()

    def _modules(self) -> tuple[ModuleType, ModuleType]:
        """Networks and schedule. Parts not needed here ask for TensorFlow and torch._six: they are not run."""
        for name in ("torch_mimicry", "torch_mimicry.training"):
            if name not in sys.modules:
                sys.modules[name] = importlib.util.module_from_spec(found(self.package, name))
        scheduler = importlib.import_module("torch_mimicry.training.scheduler")
        return importlib.import_module("torch_mimicry.nets.cgan_pd"), scheduler

    def step(self, share: float) -> None:
        """Five batches for the discriminator, one step of the generator."""
        about = {"log_data": self.log, "device": torch.device("cpu"), "global_step": 0}
        for _ in range(self.batches_per_step):
            x, y = self.next_batch()
            real = (x if self.channels == 3 else x.expand(-1, 3, -1, -1), y)
            self.discriminator.train_step(real, netG=self.generator, optD=self.optimisers["optD"], **about)
        self.generator.train_step(real, netD=self.discriminator, optG=self.optimisers["optG"], **about)
        self.decay.step(self.log, round(share * DECAY_STEPS))

    def images(self, labels: Tensor) -> Tensor:
        """As `Peer.images`."""
        made = self.generator(torch.randn(len(labels), self.noise), labels)
        return made if self.channels == 3 else made.mean(1, keepdim=True)


class _Silent:
    """A log that keeps nothing."""

    def add_metric(self, *about: object, **more: object) -> None:
        """Keep nothing."""


class TorchGan(Peer):
    """ACGAN of torchgan (Odena et al. 2017): minimax and auxiliary classifier losses in turn, as its trainer does.

    The width is that of its MNIST tutorial, batch 64 as well; Adam 2e-4 (.5, .999) as in its own ACGAN training.
    """

    package = "torchgan"
    setting = "width 32 (own default: 64)"
    batch = 64
    noise = 100

    def build(self, channels: int, classes: int) -> None:
        """Networks, optimisers and the four losses in their order."""
        found(self.package, "torchgan")
        from torchgan import losses, models

        wide = {"num_classes": classes, "step_channels": 32}
        self.generator = models.ACGANGenerator(**wide, encoding_dims=self.noise, out_size=SIDE, out_channels=channels)
        self.discriminator = models.ACGANDiscriminator(**wide, in_size=SIDE, in_channels=channels)
        self.optimisers = [
            torch.optim.Adam(network.parameters(), 2e-4, betas=(0.5, 0.999))
            for network in (self.generator, self.discriminator)
        ]
        self.games = [
            (losses.MinimaxGeneratorLoss(), losses.MinimaxDiscriminatorLoss()),
            (losses.AuxiliaryClassifierGeneratorLoss(), losses.AuxiliaryClassifierDiscriminatorLoss()),
        ]

    def step(self, share: float) -> None:
        """One batch through both games; the discriminator sees it twice, which counts once."""
        x, y = self.next_batch()
        here = torch.device("cpu")
        for generator_loss, discriminator_loss in self.games:
            generator_loss.train_ops(self.generator, self.discriminator, self.optimisers[0], here, self.batch, y)
            discriminator_loss.train_ops(self.generator, self.discriminator, self.optimisers[1], x, here, y)

    def images(self, labels: Tensor) -> Tensor:
        """As `Peer.images`."""
        return self.generator(torch.randn(len(labels), self.noise), labels)


class TorchCfm(Peer):
    """Class-conditional flow matching of torchcfm (Lipman et al. 2023; Tong et al. 2024): no GAN, no discriminator.

    As its conditional MNIST example: its UNet with 32 channels and one residual block, sigma 0, Adam 1e-3. Sampled
    with `EULER` steps from noise, where the example solves the equation adaptively.
    """

    EULER = 10
    package = "torchcfm"
    setting = f"UNet as in its example, batch 32 (own: 128), {EULER} Euler steps"
    batch = 32

    def build(self, channels: int, classes: int) -> None:
        """Network and optimiser."""
        found(self.package, "torchcfm")
        from torchcfm import ConditionalFlowMatcher
        from torchcfm.models.unet import UNetModel

        self.generator = UNetModel(
            dim=(channels, SIDE, SIDE), num_channels=32, num_res_blocks=1, num_classes=classes, class_cond=True
        )
        self.shape = (channels, SIDE, SIDE)
        self.optimiser = torch.optim.Adam(self.generator.parameters())
        self.matcher = ConditionalFlowMatcher(sigma=0.0)

    def step(self, share: float) -> None:
        """One batch: the flow at a random time, towards its target."""
        x, y = self.next_batch()
        time_, between, flow = self.matcher.sample_location_and_conditional_flow(torch.randn_like(x), x)
        loss = (self.generator(time_, between, y) - flow).square().mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()

    def images(self, labels: Tensor) -> Tensor:
        """As `Peer.images`."""
        x = torch.randn(len(labels), *self.shape)
        for k in range(self.EULER):
            x = x + self.generator(torch.full((len(labels),), k / self.EULER), x, labels) / self.EULER
        return x


PEERS: dict[str, type[Peer]] = {peer.package: peer for peer in (Mimicry, TorchGan, TorchCfm)}
