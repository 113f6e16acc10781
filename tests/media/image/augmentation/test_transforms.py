"""The augmentation policy: what it promises of every policy, and what each operation does."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import ndimage

from gannb.media.image.augmentation.policies import POLICIES, Policy, resolve
from gannb.media.image.augmentation.transforms import augment

SHAPES = [(8, 1, 8, 8), (8, 3, 20, 13), (8, 4, 9, 17)]  # (N, C, H, W)
REAL = [name for name in POLICIES if name != "none"]


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=rng(seed)) * 2 - 1


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", REAL)
def test_every_policy_changes_pixels_and_keeps_shape_and_range(name, shape):
    x = images(*shape)
    y = augment(x, resolve(name, (*shape[2:], shape[1])), rng())
    assert y.shape == x.shape and y.dtype == x.dtype
    assert y.abs().max() <= 1 + 1e-6
    changed = (y - x).abs().flatten(1).max(dim=1).values > 1e-3
    assert changed.float().mean() >= 0.5  # a shift may be of 0 pixels, and "trivial" may do nothing


@pytest.mark.parametrize("name", REAL)
def test_every_policy_is_differentiable_in_the_image(name):
    x = (images(6, 3, 12, 12, seed=1) * 0.3).requires_grad_()  # far from where values are clipped
    augment(x, resolve(name, (12, 12, 3)), rng()).sum().backward()
    assert x.grad is not None and torch.isfinite(x.grad).all()
    assert (x.grad.flatten(1).abs().sum(dim=1) > 0).all()


@pytest.mark.parametrize("name", REAL)
def test_every_policy_is_reproducible_from_its_generator_alone(name):
    x, policy = images(8, 3, 16, 16), resolve(name, (16, 16, 3))
    torch.manual_seed(1)
    first = augment(x, policy, rng(5))
    torch.manual_seed(2)
    assert torch.equal(first, augment(x, policy, rng(5)))
    assert not torch.equal(first, augment(x, policy, rng(6)))


def test_none_gives_the_very_images():
    x = images(2, 1, 8, 8)
    assert augment(x, POLICIES["none"], rng()) is x


@pytest.mark.parametrize("padding", ["border", "reflection"])
def test_whole_pixel_moves_are_those_of_a_padded_image(padding):
    x = images(16, 3, 10, 14)
    moved = augment(x, Policy(shift=0.2, flip=0.5, padding=padding), rng())
    u = torch.rand((3, 16), generator=rng()) * 2 - 1
    for i in range(16):
        across, down = (math.floor((u[row, i] + 1) / 2 * (2 * most + 1)) - most for row, most in ((0, 3), (1, 2)))
        mirrored = x[i].flip(2) if u[2, i] < 0 else x[i]
        mode = {"border": "edge", "reflection": "symmetric"}[padding]
        wide = np.pad(mirrored.numpy(), ((0, 0), (3, 3), (3, 3)), mode=mode)
        assert np.array_equal(moved[i].numpy(), wide[:, 3 - down : 13 - down, 3 - across : 17 - across])


def test_shifts_reach_two_pixels_at_28_and_each_is_equally_likely():
    x = torch.zeros(4000, 1, 28, 28)
    x[:, :, 14, 14] = 1
    y = augment(x, resolve("shift", (28, 28, 1)), rng())
    column = y.flatten(2).argmax(dim=2).flatten() % 28 - 14
    counts = torch.bincount(column + 2, minlength=5)
    assert len(counts) == 5 and counts.min() > 700  # 800 expected


def test_rotation_turns_pixels_not_shares_of_the_sides():
    x = np.zeros((1, 1, 21, 41), np.float32)
    x[0, 0, 4:17, 14:27] = ndimage.gaussian_filter(np.random.default_rng(0).random((13, 13)), 1.0)
    policy = Policy(rotation=30)
    turned = augment(torch.from_numpy(x), policy, rng(3))[0, 0].numpy()
    degrees = float(torch.rand((1, 1), generator=rng(3)) * 2 - 1) * 30
    oracle = {s: ndimage.rotate(x[0, 0], s * degrees, reshape=False, order=1) for s in (1, -1)}
    assert abs(degrees) > 5
    assert min(np.abs(turned - o).max() for o in oracle.values()) < 1e-4


def test_scale_and_shear_follow_their_formulae():
    x = images(4, 1, 9, 9)
    for policy, matrix in (
        (Policy(scale=0.3), lambda u: [[1 / (1 + 0.3 * u[0]), 0.0], [0.0, 1 / (1 + 0.3 * u[0])]]),
        (Policy(shear=0.3), lambda u: [[1.0, 0.3 * u[0]], [0.3 * u[1], 1 + 0.0]]),
    ):
        y = augment(x, policy, rng())
        u = (torch.rand((1 if policy.scale else 2, 4), generator=rng()) * 2 - 1).tolist()
        theta = torch.zeros(4, 2, 3)
        for i in range(4):
            theta[i, :, :2] = torch.tensor(matrix([row[i] for row in u]))
        grid = F.affine_grid(theta, list(x.shape), align_corners=False)
        assert torch.allclose(y, F.grid_sample(x, grid, padding_mode="border", align_corners=False), atol=1e-5)


def test_colour_operations_follow_their_formulae():
    x = images(3, 3, 4, 4) * 0.2
    u = torch.rand((3, 3), generator=rng())[:, :, None, None, None] * 2 - 1
    expected = x + 0.1 * u[0]
    grey = expected.mean(dim=1, keepdim=True)
    expected = grey + (expected - grey) * (1 + 0.5 * u[1])
    mean = expected.mean(dim=(1, 2, 3), keepdim=True)
    expected = mean + (expected - mean) * (1 + 0.5 * u[2])
    y = augment(x, Policy(brightness=0.1, saturation=0.5, contrast=0.5), rng())
    assert torch.allclose(y, expected, atol=1e-6)


def test_colours_beyond_the_range_are_brought_back_unless_a_generator_is_to_learn_from_them():
    x = images(64, 1, 4, 4).requires_grad_()
    kept, free = (augment(x, Policy(brightness=0.9), rng(), clamp=clamp) for clamp in (True, False))
    assert torch.equal(kept, free.clamp(-1, 1)) and free.abs().max() > 1
    for y, everywhere in ((kept, False), (free, True)):
        (gradients,) = torch.autograd.grad(y.sum(), x)
        assert bool((gradients == 1).all()) == everywhere


def test_saturation_is_left_out_for_grey_images():
    x = images(4, 1, 8, 8)
    assert augment(x, Policy(saturation=0.5), rng()) is x


def test_cutout_covers_a_quarter_at_most_and_somewhere_else_each_time():
    x = torch.ones(200, 1, 16, 16)
    cut = augment(x, Policy(cutout=0.5), rng()) == 0
    areas = cut.flatten(1).sum(dim=1)
    assert areas.max() == 64 and areas.min() >= 16
    assert len({tuple(row.flatten().tolist()) for row in cut}) > 50


def test_p_is_the_chance_of_each_operation():
    x = images(4000, 1, 4, 4)
    y = augment(x, Policy(brightness=0.1, p=0.7), rng())
    share = ((y - x).abs().flatten(1).max(dim=1).values > 0).float().mean()
    assert abs(share - 0.7) < 4 * math.sqrt(0.21 / 4000)


def test_trivial_applies_one_operation_at_most():
    x = torch.zeros(3000, 1, 15, 15)
    x[:, :, 7, 7] = 0.5
    y = augment(x, Policy(shift=0.3, brightness=0.4, one_of=True), rng())
    centre, corners = y[:, 0, 7, 7], torch.stack([y[:, 0, 0, 0], y[:, 0, 14, 14]])
    brighter = (corners != 0).all(dim=0)
    assert torch.allclose(centre[brighter] - corners[0, brighter], torch.tensor(0.5))  # and the dot has not moved
    # shift across, shift down, brightness and nothing share the images equally (a shift may be of 0 pixels)
    assert 0.2 < brighter.float().mean() < 0.3
    assert 0.25 < (y == x).flatten(1).all(dim=1).float().mean() < 0.36


@pytest.mark.parametrize("name", ["shift", "flip", "affine"])
def test_a_black_background_stays_black(name):
    x = torch.full((16, 1, 12, 12), -1.0)
    x[:, :, 4:8, 4:8] = 1
    y = augment(x, resolve(name, (12, 12, 1)), rng())
    frame = torch.cat([y[:, :, 0].flatten(), y[:, :, -1].flatten(), y[:, :, :, 0].flatten()])
    assert torch.allclose(frame, torch.full_like(frame, -1.0))


# ---- a chance that may follow a training ----


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", REAL)
def test_with_chance_0_nothing_happens(name, shape):
    x = images(*shape)
    y = augment(x, resolve(name, (*shape[2:], shape[1])), rng(), torch.tensor(0.0))
    assert torch.allclose(y, x, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", REAL)
def test_with_chance_1_what_happens_is_the_policys(name, shape):
    x, policy = images(*shape), resolve(name, (*shape[2:], shape[1]))
    policy = replace(policy, cutout=0.0)  # its places are drawn after the chance
    assert torch.equal(augment(x, policy, rng(), torch.tensor(1.0)), augment(x, policy, rng()))


@pytest.mark.parametrize(("p", "chance"), [(1.0, 0.3), (0.7, 0.3), (0.7, 1.0)])
@pytest.mark.parametrize("operation", ["brightness", "cutout"])
def test_each_operation_happens_by_the_policys_chance_times_the_given_one(operation, p, chance):
    x = torch.full((4000, 1, 6, 6), 0.5)
    y = augment(x, Policy(**{operation: 0.4}, p=p), rng(), torch.tensor(chance))
    share = (y != x).flatten(1).any(dim=1).float().mean()
    expected = p * chance
    assert abs(share - expected) < 4 * math.sqrt(expected * (1 - expected) / 4000)


def test_operations_are_left_out_independently_of_each_other():
    x = torch.full((4000, 1, 6, 6), 0.5)
    x[:, :, 0, 0] = 0.4
    y = augment(x, Policy(brightness=0.1, cutout=0.5), rng(), torch.tensor(0.5))
    cut = (y == 0).flatten(1).any(dim=1)
    brighter = (y.flatten(1).amax(dim=1) - 0.5).abs() > 1e-6
    assert 0.22 < (cut & brighter).float().mean() < 0.28


def test_nothing_waits_for_a_chance_where_the_policy_is_empty():
    x = images(2, 1, 8, 8)
    assert augment(x, POLICIES["none"], rng(), torch.tensor(0.5)) is x


def test_with_a_chance_it_is_still_differentiable_in_the_image_and_not_in_the_chance():
    x = (images(6, 3, 12, 12, seed=1) * 0.3).requires_grad_()
    y = augment(x, resolve("trivial", (12, 12, 3)), rng(), torch.tensor(0.5))
    y.sum().backward()
    assert torch.isfinite(x.grad).all() and (x.grad.flatten(1).abs().sum(dim=1) > 0).all()


@pytest.mark.gpu
@pytest.mark.parametrize("name", REAL)
def test_every_policy_runs_on_a_gpu(name):
    x = images(8, 3, 16, 16).cuda()
    y = augment(x, resolve(name, (16, 16, 3)), torch.Generator("cuda").manual_seed(0))
    assert y.device == x.device and not torch.equal(x, y)
