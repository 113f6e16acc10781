"""Sounds as pictures and back: the level of 64 mel bands over time, in dB below the clip's own maximum.

A picture says nothing of how loud a clip is, nor of its phases. The way back finds the spectrum of which the mel bands
are the sums, and phases that fit it. All windows are times, so that a picture of one sound looks alike at every rate.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from gannb.media.audio.parameters import FULL
from gannb.media.audio.scale import Scale, edges_of

FLOOR = 60.0  # dB below the maximum, where a picture is black
SMALLEST = 1e-10  # power, of samples in -1..1: far below that of rounding to 16 bits
SPECTRUM_STEPS = 60  # of non-negative least squares
PHASE_STEPS, MOMENTUM = 32, 0.99  # Perraudin et al. 2013, "A fast Griffin-Lim algorithm", which recommends .99
PEAK = 0.9  # of a sound that was made, as of a prepared one


class LogMel(Scale):
    """Log-mel pictures (H, W) of clips (T,), and back; `Scale` says which row and column is what."""

    def levels(self, waves: Tensor) -> Tensor:
        """Waves (N, T) in -1..1 -> (N, H, W) in 0..1, from `FLOOR` below each clip's maximum to it. Differentiable."""
        power = _bands(self.rate, self.frame, waves.device) @ self._spectra(waves)[..., : self.shape[1]]
        loudest = power.amax(dim=(1, 2), keepdim=True).clamp(min=SMALLEST)
        return 1 + 10 / FLOOR * (power / loudest).clamp(min=10 ** (-FLOOR / 10)).log10()

    def _spectra(self, waves: Tensor) -> Tensor:
        """Waves (N, T) -> squared magnitudes (N, F, columns)."""
        return self._transform(waves).abs().square()

    def _transform(self, waves: Tensor) -> Tensor:
        window = _window(self.window, waves.device)
        return torch.stft(waves, self.frame, self.hop, self.window, window, pad_mode="constant", return_complex=True)

    @torch.no_grad()
    def pictures(self, x: np.ndarray) -> np.ndarray:
        """Clips (N, T) int16 -> (N, H, W) uint8, 0 to 255 for `FLOOR` below the clip's maximum to the maximum.

        A clip's picture depends on nothing else. Silence is black.
        """
        made = np.empty((len(x), *self.shape), np.uint8)
        for i in range(len(x)):
            wave = torch.from_numpy(x[i : i + 1].astype(np.float32) / FULL)
            made[i] = (self.levels(wave)[0] * 255).round_().clamp_(0, 255).to(torch.uint8).numpy()
        return made

    @torch.no_grad()
    def sounds(self, pictures: np.ndarray, seed: int = 0) -> np.ndarray:
        """Pictures (N, H, W) uint8 -> clips (N, T) int16 with a peak of `PEAK`; silence of black ones.

        The phases that the search starts from follow from the seed and are the same for all: a clip depends on its
        picture and the seed alone.
        """
        rng = np.random.default_rng(seed)
        columns = 1 + self.samples // self.hop
        angles = rng.uniform(0, 2 * np.pi, (self.frame // 2 + 1, columns)).astype(np.float32)
        start = torch.polar(torch.ones(angles.shape), torch.from_numpy(angles))
        made = np.zeros((len(pictures), self.samples), np.int16)
        for i, picture in enumerate(pictures):
            if picture.any():
                made[i] = _as_samples(self._with_phases(self._magnitudes(picture, columns), start))
        return made

    def _magnitudes(self, picture: np.ndarray, columns: int) -> Tensor:
        """The spectrum, (F, columns) and not negative, whose sums over the bands come nearest to a picture (H, W).

        Multiplicative steps (Lee & Seung 2001, theorem 1) keep what is zero: the floor is no faint noise.
        """
        shown = torch.from_numpy(picture.astype(np.float32) / 255)
        wanted = torch.where(shown > 0, 10 ** (FLOOR / 10 * (shown - 1)), 0.0)  # (H, W)
        bands = _bands(self.rate, self.frame, shown.device)  # (H, F)
        aim = bands.T @ wanted
        power = aim.clone()
        for _ in range(SPECTRUM_STEPS):
            power *= aim / (bands.T @ (bands @ power)).clamp_(min=1e-20)
        return nn.functional.pad(power.sqrt_(), (0, columns - power.shape[1]))

    def _with_phases(self, magnitudes: Tensor, start: Tensor) -> Tensor:
        """A wave (T,) with nearly these magnitudes: (F, columns), and phases to start from as unit numbers."""
        phases, before = start, torch.zeros_like(start)
        for _ in range(PHASE_STEPS):
            found = self._transform(self._wave(magnitudes * phases)[None])[0]
            moved = found + MOMENTUM * (found - before)
            phases, before = moved / moved.abs().clamp_(min=1e-12), found
        return self._wave(magnitudes * phases)

    def _wave(self, spectrum: Tensor) -> Tensor:
        return torch.istft(
            spectrum, self.frame, self.hop, self.window, _window(self.window, spectrum.device), length=self.samples
        )


class LogMelLayer(nn.Module):
    """A layer that gives networks the pictures of waves: (N, T) in -1..1 -> (N, 1, H, W) in -1..1."""

    def __init__(self, rate: int, samples: int) -> None:
        super().__init__()
        self.logmel = LogMel(rate, samples)

    def forward(self, waves: Tensor) -> Tensor:
        """(N, T) -> (N, 1, H, W)."""
        return 2 * self.logmel.levels(waves)[:, None] - 1


def _as_samples(wave: Tensor) -> np.ndarray:
    """A wave (T,) brought to its peak, as int16."""
    loudest = wave.abs().max().clamp(min=SMALLEST)
    return (wave * (PEAK * FULL / loudest)).round_().to(torch.int16).numpy()


@lru_cache
def _window(samples: int, device: torch.device) -> Tensor:
    return torch.hann_window(samples, device=device)


@lru_cache
def _bands(rate: int, frame: int, device: torch.device) -> Tensor:
    """Triangular bands, (H, F) with sums of 1: a band's level is the mean power of its bins."""
    edges, bins = edges_of(rate), np.arange(frame // 2 + 1) * rate / frame
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    triangles = np.minimum(rising, falling).clip(min=0)
    means = (triangles / triangles.sum(axis=1, keepdims=True)).astype(np.float32)
    return torch.from_numpy(means).to(device)
