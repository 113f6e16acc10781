"""Grids of clips as figures: their log-mel pictures, low frequencies below, with one scale of Hz and of seconds for all."""

from __future__ import annotations

from dataclasses import replace

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from gannb.data.medium import Cell, Grid
from gannb.media.audio.logmel import LogMel
from gannb.media.image.display import Places, draw_with
from gannb.utils.figures import MUTED

COLOURS = "magma"
MARKS = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000)  # Hz


def draw(grid: Grid, rate: int, ax: Axes | None = None) -> Axes:
    """Draw a grid of clips (T,) int16, all of one length; see `gannb.data.medium.Medium.grid`."""
    ...
