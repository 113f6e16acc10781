"""From noise to items: steps, and what guidance means."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gannb.generators.flow.euler import Euler

LABELS = torch.tensor([0, 1, 1])


class Straight(nn.Module):
    """The class's number plus one as velocity, 10 for any class; remembers what it was asked."""

    def __init__(self, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        self.asked: list[float] = []

    def forward(self, x: Tensor, times: Tensor, shares: Tensor) -> Tensor:
        self.asked.append(float(times[0]))
        known = shares.sum(1) > 0
        return torch.where(known, shares[:, 1] + 1, 10.0)[:, None].expand_as(x)


def end(steps: int, guidance: float, told: Tensor = LABELS) -> tuple[list[float], list[float]]:
    flow = Euler(Straight, steps, guidance, (2,), 2)
    return flow(torch.zeros(len(told), 2), told)[:, 0].tolist(), flow.field.asked


@pytest.mark.parametrize("steps", [1, 4])
def test_equal_steps_lead_from_noise_to_items(steps):
    found, asked = end(steps, 1.0)
    assert found == pytest.approx([1, 2, 2]) and asked == [step / steps for step in range(steps)]


@pytest.mark.parametrize(
    ("guidance", "found", "passes"),
    [(0.0, [10, 10, 10], 1), (0.5, [5.5, 6, 6], 2), (1.0, [1, 2, 2], 1), (3.0, [-17, -14, -14], 2)],
)
def test_guidance_leads_from_any_class_at_0_over_the_class_at_1_beyond_it(guidance, found, passes):
    """Twice the passes between and beyond: what it costs is what it says."""
    made, asked = end(2, guidance)
    assert made == pytest.approx(found) and len(asked) == 2 * passes


def test_shares_of_classes_are_taken_as_they_are():
    assert end(3, 1.0, torch.tensor([[0.5, 0.5], [1.0, 0.0]]))[0] == pytest.approx([1.5, 1.0])


def test_how_it_is_followed_is_kept_with_the_weights():
    """Also by whoever has the weights alone."""
    flow, other = Euler(Straight, 7, 2.5, (2,), 2), Euler(Straight, 1, 1.0, (2,), 2)
    other.load_state_dict(flow.state_dict())
    assert (int(other.steps), float(other.guidance)) == (7, 2.5)
    assert np.array_equal(other(torch.zeros(3, 2), LABELS), flow(torch.zeros(3, 2), LABELS))
