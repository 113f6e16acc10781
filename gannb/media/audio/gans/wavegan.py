"""WaveGAN: networks on the wave itself (Donahue et al. 2019, "Adversarial audio synthesis", arXiv 1802.04208).

A DCGAN in one dimension: filters over 25 samples, four times as many samples a layer. Labels are ours; theirs has none.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gannb.generators.adversarial.randomness import RandomLayer
from gannb.media.audio.logmel import LogMelLayer
from gannb.media.image.gans.layers import LEAK, LabelEmbedding, ProjectionHead
from gannb.media.image.gans.projection import ConvDiscriminator

Shape = tuple[int, ...]  # (T,)
KERNEL, STRIDE = 25, 4
START = 16  # samples that networks start from or end at, about; theirs: 16 for 16,384
MOST_WIDTHS = 16  # times the base: channels of the widest layer
PHASES = 2  # samples by which layers are shuffled, either way


def layers_for(samples: int) -> int:
    """How often the start is quadrupled to reach so many samples: 5 at 8,192 and at 16,384."""
    return max(1, round(math.log(samples / START, STRIDE) + 0.49))


def start_length(samples: int) -> int:
    """Samples at the start, the fewest that cover a clip once quadrupled."""
    return math.ceil(samples / STRIDE ** layers_for(samples))


def widths_from_wave(samples: int, base: int) -> list[int]:
    """Channels from the layer next to the wave on: `base`, doubling up to 16 times that."""
    return [base * min(MOST_WIDTHS, 2**number) for number in range(layers_for(samples))]


class PhaseShuffle(RandomLayer):
    """Shift every clip's activations by a random number of samples, mirrored at the ends (their section 3.3).

    Without it a discriminator learns the phase of the noise that transposed convolutions leave.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, L) -> the same shape; as it is in evaluation."""
        if not self.training or self.rng is None:
            return x
        n, _, length = x.shape
        by = torch.randint(-PHASES, PHASES + 1, (n, 1), generator=self.rng, device=x.device)
        place = (torch.arange(length, device=x.device) - by).abs()
        place = length - 1 - (length - 1 - place).abs()
        return x.gather(2, place[:, None].expand_as(x))


class WaveGenerator(nn.Module):
    """Noise and label -> a few samples of many channels -> transposed convolutions -> wave, cropped, in [-1, 1]."""

    def __init__(
        self, shape: Shape, classes: int, base: int = 8, noise: int = 100, embedding: int = 32, outputs: int = 1
    ) -> None:
        super().__init__()
        self.samples = shape[0]
        self.widths = widths_from_wave(self.samples, base)[::-1]
        self.embedding = LabelEmbedding(classes, embedding)
        self.start = nn.Linear(noise + embedding, self.widths[0] * start_length(self.samples))
        self.norms = nn.ModuleList(nn.Identity() for _ in self.widths)  # as published, there is none with WGAN-GP
        self.ups = nn.ModuleList(
            nn.ConvTranspose1d(a, b, KERNEL, STRIDE, padding=11, output_padding=1)
            for a, b in zip(self.widths, [*self.widths[1:], outputs], strict=True)
        )

    def channels(self, noise: Tensor, labels: Tensor) -> Tensor:
        """noise (N, noise), labels (N,) or the classes' shares (N, K) -> (N, outputs, T)."""
        x = self.start(torch.cat([noise, self.embedding(labels)], dim=1)).unflatten(1, (self.widths[0], -1))
        for norm, up in zip(self.norms, self.ups, strict=True):
            x = up(norm(x).relu())
        spare = (x.shape[2] - self.samples) // 2
        return x[:, :, spare : spare + self.samples]

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """noise (N, noise), labels (N,) or the classes' shares (N, K) -> waves (N, T) in [-1, 1]."""
        return self.channels(noise, labels)[:, 0].tanh()


class GatedGenerator(WaveGenerator):
    """The same with batch norm, and a second channel that says how loud the first one is: silence is easy to make."""

    def __init__(self, shape: Shape, classes: int, base: int = 4) -> None:
        super().__init__(shape, classes, base, outputs=2)
        self.norms = nn.ModuleList(map(nn.BatchNorm1d, self.widths))

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """noise (N, noise), labels (N,) or the classes' shares (N, K) -> waves (N, T) in [-1, 1]."""
        wave, gate = self.channels(noise, labels).unbind(1)
        return wave.tanh() * gate.sigmoid()


class WaveFeatures(nn.Module):
    """The generator mirrored: strided convolutions with phases shuffled between them -> features, (N, T) -> (N, D)."""

    def __init__(self, samples: int, base: int, normalised: bool) -> None:
        super().__init__()
        self.pad = start_length(samples) * STRIDE ** layers_for(samples) - samples
        widths = widths_from_wave(samples, base)
        wrapped = spectral_norm if normalised else nn.Identity()
        self.downs = nn.ModuleList(
            wrapped(nn.Conv1d(a, b, KERNEL, STRIDE, padding=11)) for a, b in zip([1, *widths[:-1]], widths, strict=True)
        )
        self.shuffle = PhaseShuffle()
        self.size = widths[-1] * start_length(samples)

    def forward(self, waves: Tensor) -> Tensor:
        """(N, T) -> (N, D)."""
        x = F.pad(waves[:, None], (self.pad // 2, self.pad - self.pad // 2))
        for number, down in enumerate(self.downs):
            x = F.leaky_relu(down(x), LEAK)
            x = x if number == len(self.downs) - 1 else self.shuffle(x)
        return x.flatten(1)


class WaveCritic(nn.Module):
    """A critic as published, without normalisation, and with a projection on the label (Miyato & Koyama 2018)."""

    def __init__(self, shape: Shape, classes: int, base: int = 8) -> None:
        super().__init__()
        self.features = WaveFeatures(shape[0], base, normalised=False)
        self.score, self.embedding = nn.Linear(self.features.size, 1), nn.Embedding(classes, self.features.size)
        nn.init.normal_(self.embedding.weight, std=self.features.size**-0.5)

    def forward(self, x: Tensor, labels: Tensor) -> tuple[Tensor, None]:
        """x (N, T), labels (N,) -> scores (N,), no logits."""
        h = self.features(x)
        return self.score(h).squeeze(1) + (h * self.embedding(labels)).sum(1), None


class TwoViews(nn.Module):
    """A discriminator that hears the wave and sees its log-mel picture; scores and class logits are the sums of both.

    Of the wave alone a small one learns in minutes little but its noise; the picture alone says nothing of phases,
    which then come out as grains.
    """

    def __init__(self, rate: int, shape: Shape, classes: int, base: int = 8) -> None:
        super().__init__()
        self.heard = WaveFeatures(shape[0], base, normalised=True)
        self.narrowed = spectral_norm(nn.Linear(self.heard.size, 128))
        self.head = ProjectionHead(128, classes)
        self.picture = LogMelLayer(rate, shape[0])
        self.seen = ConvDiscriminator((*self.picture.logmel.shape, 1), classes, base=2 * base)

    def forward(self, x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """x (N, T), labels (N,) -> scores (N,), logits (N, classes)."""
        heard = self.head(F.leaky_relu(self.narrowed(self.heard(x)), LEAK), labels)
        seen = self.seen(self.picture(x).contiguous(memory_format=torch.channels_last), labels)
        return heard[0] + seen[0], heard[1] + seen[1]
