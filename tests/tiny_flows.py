"""Flows small enough for tests: of vectors (D,), and of images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from toy_media import Vectors

from gannb.data.examples import Examples
from gannb.generators.flow.family import FlowFamily
from gannb.generators.flow.flow import Flow
from gannb.media.image.flows.families import FLOWS
from gannb.media.image.flows.unet import UNet


class Field(nn.Module):
    """Vectors (N, D) at times (N,), the classes' shares (N, K) -> velocities (N, D)."""

    def __init__(self, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        d = shape[0]
        self.layers = nn.Sequential(nn.Linear(d + 1 + classes, 32), nn.SiLU(), nn.Linear(32, d))

    def forward(self, x: Tensor, times: Tensor, shares: Tensor) -> Tensor:
        return self.layers(torch.cat([x, times[:, None], shares], 1))


@dataclass(frozen=True, kw_only=True)
class VectorFlow(FlowFamily):
    """A flow of vectors."""

    def noise_of(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape


FAMILY = VectorFlow(
    name="flow", steps=200, velocity=Field, flow_steps=4, guidance=1.0, learning_rate=1e-2, betas=(0.9, 0.99), batch=8
)


class FlowVectors(Vectors):
    """Vectors of which a flow is the only family."""

    families = {"flow": FAMILY}

    def trained(self, family: str) -> type[Flow]:
        return Flow


VECTORS = FlowVectors(np.float32)
OF_IMAGES = replace(FLOWS["flow"], velocity=partial(UNet, base=8, code=16), flow_steps=3, batch=8)


def two_classes(n: int = 12) -> Examples:
    """Vectors near -.5 and near +.5."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], n)
    x = (y[:, None] - 0.5 + 0.1 * rng.standard_normal((2 * n, 3))).astype(np.float32)
    return Examples(x, y, ("low", "high"), np.arange(2 * n).astype(str), np.arange(2 * n))
