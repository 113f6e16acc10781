"""Losses and penalties, against hand values, torch's own losses and known gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gannb.generators.adversarial import losses
from gannb.generators.adversarial.family import HINGE, NON_SATURATING, RELATIVISTIC, WASSERSTEIN

REAL, FAKE = [2.0, 0.5, -1.0], [-2.0, 0.25, 1.0]


def scores() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor(REAL, requires_grad=True), torch.tensor(FAKE, requires_grad=True)


def slopes(value: torch.Tensor, *inputs: torch.Tensor) -> list[list[float]]:
    return [g.tolist() for g in torch.autograd.grad(value, inputs)]


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


# ---- the two sides of each game ----


def test_hinge():
    real, fake = scores()
    loss = HINGE.discriminator(real, fake)
    assert loss.item() == pytest.approx((0 + 0.5 + 2) / 3 + (0 + 1.25 + 2) / 3)
    on_real, on_fake = slopes(loss, real, fake)
    assert on_real == pytest.approx([0, -1 / 3, -1 / 3]) and on_fake == pytest.approx([0, 1 / 3, 1 / 3])


@pytest.mark.parametrize("loss", [HINGE, WASSERSTEIN], ids=lambda loss: loss.name)
def test_the_linear_side_of_the_generator(loss):
    _, fake = scores()
    value = loss.generator(None, fake)
    assert value.item() == pytest.approx(0.25)
    assert slopes(value, fake)[0] == pytest.approx([-1 / 3] * 3)


def test_non_saturating_is_binary_cross_entropy():
    real, fake = scores()
    bce, one, zero = F.binary_cross_entropy_with_logits, torch.ones(3), torch.zeros(3)
    for value, expected in (
        (NON_SATURATING.discriminator(real, fake), bce(real, one) + bce(fake, zero)),
        (NON_SATURATING.generator(None, fake), bce(fake, one)),
    ):
        assert value.item() == pytest.approx(expected.item())
        assert slopes(value, fake)[0] == pytest.approx(slopes(expected, fake)[0])
    assert slopes(NON_SATURATING.discriminator(real, fake), real)[0] == pytest.approx([-sigmoid(-r) / 3 for r in REAL])


def test_wasserstein_is_a_difference_of_means():
    real, fake = scores()
    value = WASSERSTEIN.discriminator(real, fake)
    assert value.item() == pytest.approx(-0.25 - 0.5)
    assert slopes(value, real, fake) == [pytest.approx([-1 / 3] * 3), pytest.approx([1 / 3] * 3)]


def test_relativistic_depends_on_differences_alone_and_its_sides_are_mirrored():
    real, fake = scores()
    pairs = list(zip(REAL, FAKE, strict=True))
    value = RELATIVISTIC.discriminator(real, fake)
    assert value.item() == pytest.approx(np.mean([math.log1p(math.exp(-(r - f))) for r, f in pairs]))
    expected = [-sigmoid(-(r - f)) / 3 for r, f in pairs]
    assert slopes(value, real, fake) == [pytest.approx(expected), pytest.approx([-e for e in expected])]
    assert RELATIVISTIC.discriminator(real + 7, fake + 7).item() == pytest.approx(value.item(), rel=1e-5)
    assert RELATIVISTIC.generator(real, fake).item() == RELATIVISTIC.discriminator(fake, real).item()
    assert RELATIVISTIC.paired and not any(loss.paired for loss in (HINGE, NON_SATURATING, WASSERSTEIN))


def test_auxiliary_is_the_cross_entropy_of_the_class():
    logits = torch.tensor([[1.0, 2.0], [0.0, -1.0]], requires_grad=True)
    value = losses.auxiliary(logits, torch.tensor([0, 1]))
    probability = [math.exp(1) / (math.exp(1) + math.exp(2)), math.exp(-1) / (1 + math.exp(-1))]
    assert value.item() == pytest.approx(-np.log(probability).mean())
    expected = [(probability[0] - 1) / 2, (1 - probability[1]) / 2]  # softmax less one-hot, over N
    assert [row[0] for row in slopes(value, logits)[0]] == pytest.approx(expected)


# ---- sureness ----


def test_sureness_is_the_mean_sign_of_reals_or_of_differences():
    real, fake = scores()
    for loss in (HINGE, NON_SATURATING):
        assert loss.sureness(real, fake).item() == pytest.approx(1 / 3)  # + + -
    for loss in (WASSERSTEIN, RELATIVISTIC):
        assert loss.sureness(real, fake).item() == pytest.approx(1 / 3)  # 4, 0.25, -2
        assert loss.sureness(fake, real).item() == pytest.approx(-1 / 3)
        assert loss.sureness(real - 9, fake - 9).item() == pytest.approx(1 / 3)
    assert HINGE.sureness(real - 9, fake - 9).item() == -1


# ---- penalties ----


class Linear(nn.Module):
    """Score <w, x>, and no class head."""

    def __init__(self, w: torch.Tensor) -> None:
        super().__init__()
        self.w = nn.Parameter(w)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, None]:
        return (x * self.w).sum(dim=(1, 2, 3)), None


def images(n: int = 4, seed: int = 0) -> torch.Tensor:
    return torch.rand((n, 2, 3, 3), generator=torch.Generator().manual_seed(seed)) * 2 - 1


def direction(length: float) -> torch.Tensor:
    w = images(1, seed=9)[0]
    return w / w.norm() * length


def test_squared_gradients_of_a_linear_map_are_its_squared_norm_and_can_be_descended():
    x, network = images().requires_grad_(), Linear(direction(1.5))
    value = losses.squared_gradients(network(x, torch.zeros(4))[0], x)
    assert value.tolist() == pytest.approx([2.25] * 4, rel=1e-5)
    (on_w,) = torch.autograd.grad(value.mean(), network.w)
    assert torch.allclose(on_w, 2 * network.w, atol=1e-6)


def test_squared_gradients_are_those_of_each_image_alone():
    x = images().requires_grad_()
    value = losses.squared_gradients((x**3).sum(dim=(1, 2, 3)), x)
    assert torch.allclose(value, (9 * x**4).sum(dim=(1, 2, 3)), atol=1e-5)
    assert torch.allclose(torch.autograd.grad(value.sum(), x)[0], 36 * x**3, atol=1e-4)


@pytest.mark.parametrize("length", [0.25, 1.0, 3.0])
def test_gradient_penalty_of_a_linear_map_is_the_squared_distance_of_its_norm_from_1(length):
    network, share = Linear(direction(length)), torch.rand(4)
    value = losses.gradient_penalty(network, images(), images(seed=1), torch.zeros(4), share)
    assert value.item() == pytest.approx((length - 1) ** 2, abs=1e-5)
    (on_w,) = torch.autograd.grad(value, network.w)
    assert torch.allclose(on_w, 2 * (length - 1) * direction(1), atol=1e-4)


def test_gradient_penalty_looks_between_the_real_and_the_fake_image():
    seen = []

    def spy(x: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, None]:
        seen.append((x.detach(), labels))
        return x.sum(dim=(1, 2, 3)), None

    real, fake, labels = images(), images(seed=1), torch.arange(4)
    share = torch.tensor([0.0, 1.0, 0.25, 0.5])
    losses.gradient_penalty(spy, real, fake, labels, share)
    between, given = seen[0]
    assert torch.equal(between[0], fake[0]) and torch.equal(between[1], real[1])
    assert torch.allclose(between[2], 0.25 * real[2] + 0.75 * fake[2]) and torch.equal(given, labels)


def test_a_flat_discriminator_has_a_finite_gradient_penalty():
    network = Linear(torch.zeros(2, 3, 3))
    value = losses.gradient_penalty(network, images(), images(seed=1), torch.zeros(4), torch.rand(4))
    assert value.item() == pytest.approx(1, abs=1e-4)
    assert torch.isfinite(torch.autograd.grad(value, network.w)[0]).all()


def test_lecam_by_hand():
    real, fake = scores()
    value = losses.lecam(real, fake, torch.tensor(0.5), torch.tensor(-0.5))
    on_real, on_fake = [2.5, 1.0, 0.0], [2.5, 0.25, 0.0]  # max(0, D(x) + 0.5), max(0, 0.5 - D(G(z)))
    assert value.item() == pytest.approx((2.5**2 + 1 + 0) / 3 + (2.5**2 + 0.25**2 + 0) / 3)
    expected = [[2 * v / 3 for v in on_real], [-2 * v / 3 for v in on_fake]]
    assert slopes(value, real, fake) == [pytest.approx(e) for e in expected]


@pytest.mark.parametrize("shape", [(5,), (7, 2), (2, 3, 3), (2, 2, 2, 3)])
def test_penalties_take_items_of_any_shape(shape):
    rng = torch.Generator().manual_seed(0)
    real, fake, w = (torch.randn((4, *shape), generator=rng) for _ in range(3))
    w = w[0] / w[0].norm() * 3

    def linear(x: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, None]:
        return (x * w).flatten(1).sum(1), None

    x = real.clone().requires_grad_()
    assert losses.squared_gradients(linear(x, None)[0], x).tolist() == pytest.approx([9.0] * 4, rel=1e-5)
    penalty = losses.gradient_penalty(linear, real, fake, torch.zeros(4), torch.rand(4, generator=rng))
    assert penalty.item() == pytest.approx(4, rel=1e-5)
