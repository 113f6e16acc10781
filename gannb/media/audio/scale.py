"""Which row of a log-mel picture is which frequency, and which column which time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

BANDS = 64
LOWEST = 40.0  # Hz; the highest is half of the rate
FRAME = 0.064  # s, of a transform: shorter ones have no bin for some of the low bands
WINDOW, HOP = 0.040, 0.016  # s
LEAST_COLUMNS = 16  # of a short clip, whose steps in time are shorter


@dataclass(frozen=True)
class Scale:
    """Of log-mel pictures (H, W) of clips (T,) at a rate (Hz), T being `samples`; the first row is the lowest band."""

    rate: int
    samples: int

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of a picture."""
        return BANDS, math.ceil(self.samples / self.hop)

    @property
    def hop(self) -> int:
        """Samples from one column to the next."""
        return max(1, min(round(HOP * self.rate), self.samples // LEAST_COLUMNS))

    @property
    def window(self) -> int:
        """Samples that a column is made of."""
        return round(WINDOW * self.rate)

    @property
    def frame(self) -> int:
        """Samples of the transform, even; beyond the window they are zero."""
        from scipy.fft import next_fast_len  # takes a tenth of a second

        return 2 * next_fast_len(round(FRAME * self.rate / 2), real=True)

    @cached_property
    def frequencies(self) -> np.ndarray:
        """Centres of the bands, (H,) Hz."""
        return edges_of(self.rate)[1:-1]

    @cached_property
    def seconds(self) -> np.ndarray:
        """Centres of the columns, (W,) s."""
        return np.arange(self.shape[1]) * self.hop / self.rate


def edges_of(rate: int) -> np.ndarray:
    """Where the bands begin, have their centres and end, (BANDS + 2,) Hz: evenly on the mel scale.

    mel = 2595 log10(1 + f / 700) (O'Shaughnessy 1987).
    """
    mel = np.linspace(*(2595 * math.log10(1 + f / 700) for f in (LOWEST, rate / 2)), BANDS + 2)
    return 700 * (10 ** (mel / 2595) - 1)
