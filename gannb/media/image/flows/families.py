"""The families of flows: networks and defaults. A new family is an entry in `FLOWS`, and its network."""

from __future__ import annotations

from dataclasses import dataclass

from gannb.generators.flow.family import FlowFamily
from gannb.media.image.gans.family import ImageFamily
from gannb.media.image.parameters import FLOW_STEPS, GUIDANCE
from gannb.utils.later import Later


@dataclass(frozen=True, kw_only=True)
class ImageFlow(FlowFamily, ImageFamily):
    """A flow of images (H, W, C), whose noise has the shape of what the network takes, (C, H, W)."""

    max_side: int = 64  # pixels: beyond it a CPU takes hours

    def noise_of(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Channels first."""
        height, width, channels = shape
        return channels, height, width


FLOWS: dict[str, ImageFlow] = {
    "flow": ImageFlow(
        name="flow",
        steps=1500,
        velocity=Later("gannb.media.image.flows.unet:UNet"),
        flow_steps=FLOW_STEPS,
        guidance=GUIDANCE,
        learning_rate=4e-3,
        betas=(0.9, 0.99),
        batch=32,
        ema=0.999,
    )
}
