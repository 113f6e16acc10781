"""Classical augmentation of waves, differentiable and batched, for classifiers and for discriminators."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from gannb.media.audio.augmentation.policies import Policy

FADE = 0.005  # s, at the edges of what is silenced, which would click
SOUNDING = 0.1  # of the peak: samples above it are taken for sound, in which noise has its level
LOWEST_MEL = 61.0  # of 40 Hz


def augment(
    waves: Tensor, policy: Policy, rng: torch.Generator, chance: Tensor | None = None, clamp: bool = True
) -> Tensor:
    """Transform each clip by its own draw: (N, T) in [-1, 1] -> the same shape.

    Differentiable in the waves. `rng` must live on their device; nothing else is random. An empty policy gives them
    back. `chance`: a scalar in 0..1, by which each operation is applied more rarely. `clamp`: whether what noise and
    gain lift beyond the range is cut off.
    """
    drawn = Draws(len(waves), rng, waves.device, chance)
    if policy.speed or policy.shift:
        waves = _moved(waves, drawn.both_ways(policy.speed), drawn.both_ways(policy.shift * policy.rate))
    if policy.time_mask:
        waves = waves * _time_mask(waves, drawn.share(policy.time_mask * policy.rate), drawn.place(), policy.rate)
    if policy.frequency_mask:
        waves = _without_band(waves, drawn.share(policy.frequency_mask), drawn.place(), policy.rate)
    if policy.noise[1]:
        waves = waves + _noise(waves, policy.noise, drawn)
    if policy.gain:
        waves = waves * 10 ** (drawn.both_ways(policy.gain)[:, None] / 20)
    return waves.clamp(-1, 1) if clamp and (policy.gain or policy.noise[1]) else waves


class Draws:
    """Amounts of operations for n clips, 0 for those which an operation leaves as they are."""

    def __init__(self, n: int, rng: torch.Generator, device: torch.device, chance: Tensor | None) -> None:
        self.n, self.rng, self.device, self.chance = n, rng, device, chance

    def place(self) -> Tensor:
        """0 to 1, (n,)."""
        return torch.rand(self.n, generator=self.rng, device=self.device)

    def share(self, most: float) -> Tensor:
        """0 to `most`, (n,)."""
        return self.place() * most * self.applied()

    def both_ways(self, most: float) -> Tensor:
        """-most to most, (n,)."""
        return (self.place() * 2 - 1) * most * self.applied()

    def applied(self) -> Tensor:
        """1 for the clips to which an operation is applied, 0 for the others, (n,)."""
        if self.chance is None:
            return torch.ones(self.n, device=self.device)
        return (self.place() < self.chance).float()

    def normal(self, size: int) -> Tensor:
        """Standard normal noise, (n, size)."""
        return torch.randn((self.n, size), generator=self.rng, device=self.device)


def _moved(waves: Tensor, faster: Tensor, later: Tensor) -> Tensor:
    """Play each clip (N, T) 1 + faster (N,) times as fast about the middle, and so many samples later, (N,).

    Between the samples along cubics; silence comes in from beyond the ends.
    """
    last = waves.shape[1] - 1  # `grid_sample` measures from -1 to 1, and takes the wave for a picture of one row
    place = torch.linspace(-1, 1, last + 1, device=waves.device) - 2 / last * later[:, None]
    place = place * (1 + faster[:, None])
    grid = torch.stack([place, torch.zeros_like(place)], dim=-1)[:, None]  # (N, 1, T, 2)
    return F.grid_sample(waves[:, None, None], grid, mode="bicubic", align_corners=True)[:, 0, 0]


def _time_mask(waves: Tensor, length: Tensor, where: Tensor, rate: int) -> Tensor:
    """What to multiply clips (N, T) by so that a piece of each, (N,) samples long, is silent; where: 0..1, (N,)."""
    samples = waves.shape[1]
    start = where * (samples - length)
    n = torch.arange(samples, device=waves.device)
    beyond = torch.maximum(start[:, None] - n, n - (start + length)[:, None])  # samples outside, below 0 inside
    return (beyond / (FADE * rate)).clamp(0, 1).where(length[:, None] > 0, 1.0)


def _without_band(waves: Tensor, width: Tensor, where: Tensor, rate: int) -> Tensor:
    """Clips (N, T) without a band of each: width and place (N,) as shares of the mel scale from 40 Hz up."""
    samples = waves.shape[1]
    hertz = torch.fft.rfftfreq(samples, 1 / rate, device=waves.device)
    mel = 2595 * torch.log10(1 + hertz / 700)
    place = (mel - LOWEST_MEL) / (mel[-1] - LOWEST_MEL)
    low = (where * (1 - width))[:, None]
    kept = (place < low) | (place > low + width[:, None]) | (width == 0)[:, None]
    return torch.fft.irfft(torch.fft.rfft(waves) * kept, n=samples)


def _noise(waves: Tensor, below: tuple[float, float], drawn: Draws) -> Tensor:
    """White noise (N, T) so many dB below the clips' power while they sound; it has no gradient."""
    wave = waves.detach()
    loud = wave.abs() > SOUNDING * wave.abs().amax(dim=1, keepdim=True)
    power = (wave.square() * loud).sum(dim=1) / loud.sum(dim=1).clamp(min=1)
    decibels = below[0] + drawn.place() * (below[1] - below[0])
    amplitude = (power * 10 ** (-decibels / 10)).sqrt() * drawn.applied()
    return amplitude[:, None] * drawn.normal(waves.shape[1])
