"""The UNet of flows: sides, what it is told, and what it says before it has learnt anything."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gannb.media.image.flows.unet import SPREAD, UNet, square

SHAPES = [(8, 8, 1), (13, 9, 3), (28, 28, 1), (17, 31, 2), (25, 50, 3), (64, 64, 3), (51, 64, 4)]


def learnt(shape: tuple[int, int, int], classes: int = 3) -> UNet:
    """A narrow one, whose weights are no longer those of the start, where layers are 0."""
    network = UNet(shape, classes, base=8, code=16)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(0.2 * torch.randn(weight.shape, generator=generator))
    return network.eval().requires_grad_(False)


def noise(shape: tuple[int, int, int], n: int = 2) -> Tensor:
    return torch.randn(n, shape[2], *shape[:2], generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("shape", SHAPES)
def test_velocities_have_the_shape_of_the_images_whatever_their_sides(shape):
    network, x, times = learnt(shape), noise(shape), torch.tensor([0.0, 1.0])
    made = network(x, times, torch.eye(3)[:2])
    assert made.shape == x.shape and made.isfinite().all()


def test_class_time_and_image_all_count():
    network, x = learnt((16, 16, 1)), noise((16, 16, 1))
    times, shares = torch.full((2,), 0.5), torch.eye(3)[:2]
    made = network(x, times, shares)
    for other in (
        network(x, times, shares.flip(0)),
        network(x, times, 0 * shares),
        network(x, times + 0.01, shares),
        network(x.flip(0), times, shares),
    ):
        assert (made - other).abs().amax((1, 2, 3)).min() > 1e-4


def test_far_pixels_know_of_each_other():
    """Over the whole image, by way of the coarsest grid."""
    network, x = learnt((28, 28, 1)), noise((28, 28, 1), 1)
    other = x.clone()
    other[..., :2, :2] += 1
    asked = torch.tensor([0.5]), torch.eye(3)[:1]
    assert (network(x, *asked) - network(other, *asked))[..., -2:, -2:].abs().max() > 1e-5


def test_it_begins_with_what_is_expected_of_pixels_that_are_normal():
    """The mean of x1 - x0 given x, by regression over many pixels of that spread."""
    times, rng = torch.linspace(0, 1, 6), torch.Generator().manual_seed(2)
    items = SPREAD * torch.randn(6, 1, 64, 64, generator=rng)
    noise_ = torch.randn(items.shape, generator=rng)
    t = times[:, None, None, None]
    x = (1 - t) * noise_ + t * items
    said = UNet((64, 64, 1), 2, base=8, code=16)(x, times, torch.zeros(6, 2))
    slope = ((items - noise_) * x).mean((1, 2, 3)) / x.square().mean((1, 2, 3))
    assert torch.allclose((said / x).mean((1, 2, 3)), slope, atol=0.1)


def test_squares_grow_with_the_side():
    assert [square(side) for side in (8, 16, 28, 32, 64)] == [1, 1, 2, 2, 4]


def test_an_image_depends_on_nothing_beside_it():
    network, x = learnt((28, 28, 1)), noise((28, 28, 1), 4)
    times, shares = torch.full((4,), 0.3), torch.eye(3)[torch.tensor([0, 1, 2, 0])]
    assert torch.allclose(network(x, times, shares)[:1], network(x[:1], times[:1], shares[:1]), atol=1e-5)
