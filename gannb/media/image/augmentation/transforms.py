"""Classical augmentation of images, differentiable and batched, for classifiers and for discriminators."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from gannb.media.image.augmentation.policies import Policy

_OPERATIONS = {  # operation -> the field that holds its range, in the order in which strengths are drawn
    "shift_x": "shift",
    "shift_y": "shift",
    "flip": "flip",
    "rotation": "rotation",
    "scale": "scale",
    "shear_x": "shear",
    "shear_y": "shear",
    "brightness": "brightness",
    "saturation": "saturation",
    "contrast": "contrast",
    "cutout": "cutout",
}
Strengths = dict[str, Tensor]  # operation -> (N,) in -1..1, as a share of its range; 0 leaves the image as it is


def augment(
    x: Tensor, policy: Policy, rng: torch.Generator, chance: Tensor | None = None, clamp: bool = True
) -> Tensor:
    """Transform each image by its own draw: (N, C, H, W) in [-1, 1] -> the same shape and range.

    Differentiable in x. `rng` must live on the device of x; nothing else is random. An empty policy gives x
    itself. `chance`: a scalar in 0..1, by which each operation is applied more rarely than the policy says; it
    stays on its device, so that it may follow a training (Karras et al. 2020). `clamp`: whether changed colours are
    brought back into the range; a generator learns nothing of pixels beyond it, so a discriminator's are not.
    """
    strengths = _draw(policy, x, rng)
    if strengths and chance is not None:
        strengths = {o: s * (torch.rand(len(x), generator=rng, device=x.device) < chance) for o, s in strengths.items()}
    if not strengths:
        return x
    if strengths.keys() & {"rotation", "scale", "shear_x"}:
        x = _resample(x, policy, strengths)
    elif strengths.keys() & {"shift_x", "flip"}:
        x = _move(x, policy, strengths)
    if strengths.keys() & {"brightness", "saturation", "contrast"}:
        x = _recolour(x, policy, strengths)
        x = x.clamp(-1, 1) if clamp else x
    return _cut_out(x, policy, strengths["cutout"], rng) if "cutout" in strengths else x


def _draw(policy: Policy, x: Tensor, rng: torch.Generator) -> Strengths:
    """Strengths of the operations that exist, 0 where one is not applied to an image."""
    grey = x.shape[1] < 3
    names = [o for o, field in _OPERATIONS.items() if getattr(policy, field) and not (grey and o == "saturation")]
    if not names:
        return {}
    size = (len(names), len(x))
    strengths = torch.rand(size, generator=rng, device=x.device) * 2 - 1
    for row, name in enumerate(names):
        if name == "flip":  # happens or not
            strengths[row] = (strengths[row] < 2 * policy.flip - 1).float()
        if name == "cutout":
            strengths[row] = 1.0
    if policy.one_of:
        chosen = torch.randint(len(names) + 1, (len(x),), generator=rng, device=x.device)
        strengths = strengths * (chosen == torch.arange(len(names), device=x.device)[:, None])
    elif policy.p < 1:
        strengths = strengths * (torch.rand(size, generator=rng, device=x.device) < policy.p)
    return dict(zip(names, strengths, strict=True))


def _get(strengths: Strengths, name: str, limit: float) -> Tensor:
    """An operation's amount (N,): its strength times its limit, 0 where it does not exist."""
    some = next(iter(strengths.values()))
    return strengths[name] * limit if name in strengths else torch.zeros_like(some)


# ---- geometry: where each pixel comes from ----


def _resample(x: Tensor, policy: Policy, strengths: Strengths) -> Tensor:
    """Flip, rotate, scale, shear and shift by one bilinear resampling about the centre."""
    height, width = x.shape[2:]
    angle = _get(strengths, "rotation", math.radians(policy.rotation))
    zoom = 1 + _get(strengths, "scale", policy.scale)
    across, down = _get(strengths, "shear_x", policy.shear), _get(strengths, "shear_y", policy.shear)
    mirror = 1 - 2 * _get(strengths, "flip", 1)
    cos, sin = angle.cos() / zoom, angle.sin() / zoom
    # rows of rotation times shear, in pixels, output to input: (x', y') = [[a, b], [c, d]] (x, y) + (s, t)
    a, b = (cos - sin * down) * mirror, (cos * across - sin) * mirror
    c, d = sin + cos * down, sin * across + cos
    s, t = -2 * _get(strengths, "shift_x", policy.shift), -2 * _get(strengths, "shift_y", policy.shift)
    # grid_sample measures both sides from -1 to 1, hence the aspect ratio
    u = ((2 * torch.arange(width, device=x.device) + 1) / width - 1)[None, None, :]
    v = ((2 * torch.arange(height, device=x.device) + 1) / height - 1)[None, :, None]
    a, b, c, d, s, t = (k[:, None, None] for k in (a, b * height / width, c * width / height, d, s, t))
    grid = torch.stack([a * u + b * v + s, c * u + d * v + t], dim=-1)  # (N, H, W, 2)
    return F.grid_sample(x, grid.to(x.dtype), padding_mode=policy.padding, align_corners=False)


def _move(x: Tensor, policy: Policy, strengths: Strengths) -> Tensor:
    """Shift by whole pixels and flip: a lookup, faster than a resampling, and without its blur."""
    n, channels, height, width = x.shape
    row = torch.arange(height, device=x.device) - _whole(strengths, "shift_y", policy.shift, height)
    column = torch.arange(width, device=x.device) - _whole(strengths, "shift_x", policy.shift, width)
    if "flip" in strengths:
        column = torch.where(strengths["flip"][:, None] > 0, width - 1 - column, column)
    row, column = _inside(row, height, policy.padding), _inside(column, width, policy.padding)
    index = (row[:, :, None] * width + column[:, None, :]).reshape(n, 1, height * width)
    pixels = x.reshape(n, channels, height * width)
    return pixels.gather(2, index.expand(n, channels, height * width)).view_as(x)


def _whole(strengths: Strengths, name: str, share: float, side: int) -> Tensor:
    """Shifts in whole pixels (N, 1), each of -most .. most equally likely, at least one pixel either way."""
    most = max(1, round(share * side)) if share else 0
    steps = (_get(strengths, name, 1) + 1) / 2 * (2 * most + 1)  # 0 .. 2 * most + 1, which rounding may reach
    return steps.floor().clamp(max=2 * most).long()[:, None] - most


def _inside(index: Tensor, side: int, padding: str) -> Tensor:
    """Bring indices back into 0..side-1, to the nearest pixel or to the mirrored one."""
    if padding == "border":
        return index.clamp(0, side - 1)
    index = torch.where(index < 0, -1 - index, index)
    return torch.minimum(index, 2 * side - 1 - index)


# ---- colour and cutout ----


def _recolour(x: Tensor, policy: Policy, strengths: Strengths) -> Tensor:
    """Brightness, saturation and contrast in this order (Zhao et al. 2020), possibly beyond [-1, 1]."""
    if "brightness" in strengths:
        x = x + _get(strengths, "brightness", policy.brightness)[:, None, None, None]
    if "saturation" in strengths:
        grey = x[:, :3].mean(dim=1, keepdim=True)
        factor = 1 + _get(strengths, "saturation", policy.saturation)[:, None, None, None]
        x = torch.cat([(x[:, :3] - grey) * factor + grey, x[:, 3:]], dim=1)
    if "contrast" in strengths:
        mean = x.mean(dim=(1, 2, 3), keepdim=True)
        x = (x - mean) * (1 + _get(strengths, "contrast", policy.contrast)[:, None, None, None]) + mean
    return x


def _cut_out(x: Tensor, policy: Policy, applied: Tensor, rng: torch.Generator) -> Tensor:
    """Set a square at a random place, possibly partly outside, to mid grey (Zhao et al. 2020)."""
    n, _, height, width = x.shape
    centre = torch.rand((2, n), generator=rng, device=x.device)
    hit = []
    for side, where in ((height, centre[0]), (width, centre[1])):
        size = round(policy.cutout * side)
        start = (where * (side + 1 - size % 2)).floor() - size // 2
        pixel = torch.arange(side, device=x.device)
        hit.append((pixel >= start[:, None]) & (pixel < start[:, None] + size))  # (N, side)
    square = hit[0][:, :, None] & hit[1][:, None, :] & (applied > 0)[:, None, None]  # (N, H, W)
    return x.masked_fill(square[:, None], 0.0)
