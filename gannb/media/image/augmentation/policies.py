"""What classical augmentation may do to an image, by name."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gannb.utils.errors import InputError


@dataclass(frozen=True)
class Policy:
    """What may happen to an image, and how far: each strength is drawn uniformly from its range, per image.

    An operation whose range is 0 does not exist. Across and down count as two operations (shift, shear). `p`
    is the chance of each operation to be applied to an image, independently of the others; with `one_of`,
    exactly one of them or none (that counts as one more) is applied instead, as in TrivialAugment (Müller &
    Hutter 2021, algorithm 1). All geometric operations are one resampling; a policy that only shifts and
    flips moves whole pixels.
    """

    shift: float = 0.0  # up to this share of the side, either way
    flip: float = 0.0  # chance of a mirror image, left to right
    rotation: float = 0.0  # up to this many degrees, either way
    scale: float = 0.0  # size times 1 - scale .. 1 + scale
    shear: float = 0.0  # slope up to this much, either way
    brightness: float = 0.0  # added, up to this much either way, to images that span -1 .. 1
    saturation: float = 0.0  # distance from grey times 1 - saturation .. 1 + saturation; colour images only
    contrast: float = 0.0  # distance from the image's mean times 1 - contrast .. 1 + contrast
    cutout: float = 0.0  # side of a square set to mid grey, as a share of the image's side
    p: float = 1.0
    one_of: bool = False
    padding: str = "border"  # beyond the image its edge is repeated ("border") or mirrored ("reflection")


POLICIES: dict[str, Policy] = {
    "none": Policy(),
    "shift": Policy(shift=1 / 14),  # 2 pixels at 28
    "flip": Policy(shift=1 / 14, flip=0.5),
    "affine": Policy(rotation=8, scale=0.08, shift=1 / 16),  # half a pixel at 8
    "trivial": Policy(shift=0.3, rotation=30, shear=0.3, brightness=0.5, saturation=0.9, contrast=0.9, one_of=True),
    # Zhao et al. 2020 (DiffAugment), except that a shift repeats the edge where theirs fills with mid grey
    "diffaugment": Policy(brightness=0.5, saturation=1.0, contrast=0.5, shift=1 / 8, cutout=0.5),
}


def default(shape: tuple[int, int, int]) -> str:
    """The policy of "auto": "affine" for sides under 16, else "shift" for grey images and "flip" for colour ones."""
    height, width, channels = shape
    return "affine" if min(height, width) < 16 else "flip" if channels >= 3 else "shift"


def resolve(name: str, shape: tuple[int, int, int]) -> Policy:
    """The policy of that name, or `default`'s for "auto", for images of shape (H, W, C).

    Grey images get their edge repeated beyond the border, so that a black background stays black; colour images
    get it mirrored. Raises InputError for an unknown name.
    """
    name, channels = default(shape) if name == "auto" else name, shape[2]
    if name not in POLICIES:
        raise InputError(f"augmentation: {name!r} is none of auto, {', '.join(POLICIES)}.")
    return replace(POLICIES[name], padding="reflection" if channels >= 3 else "border")


def strengthened(policy: Policy, factor: float) -> Policy:
    """The policy with its ranges times `factor` (0.5..2); those that are shares of the whole stay within 0..1.

    The chances, of a mirror image and of each operation, stay.
    """
    ranges = ("shift", "rotation", "scale", "shear", "brightness", "saturation", "contrast", "cutout")
    most = {"rotation": 180.0, "shear": 2.0, "scale": 0.9, "brightness": 2.0}
    return replace(policy, **{name: min(most.get(name, 1.0), factor * getattr(policy, name)) for name in ranges})
