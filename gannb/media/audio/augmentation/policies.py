"""What classical augmentation may do to a clip, by name."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gannb.utils.errors import InputError


@dataclass(frozen=True)
class Policy:
    """What may happen to a clip, and how far: each amount is drawn uniformly from its range, per clip.

    An operation whose range is 0 does not exist. They are applied in the order below. Times are in seconds, for which
    a policy knows the rate.
    """

    speed: float = 0.0  # played 1 - speed .. 1 + speed times as fast, pitch and all, about the middle
    shift: float = 0.0  # s, up to this much either way; silence comes in
    time_mask: float = 0.0  # s, up to so much in one piece is silenced
    frequency_mask: float = 0.0  # up to this share of the band, in mel, in one piece is taken out
    noise: tuple[float, float] = (0.0, 0.0)  # dB below the clip's power while it sounds, least and most; white
    gain: float = 0.0  # dB, up to this much either way
    rate: int = 8000  # Hz


SHIFT, SPEED, NOISE, GAIN = 0.1, 0.12, (15.0, 45.0), 6.0
TIME_MASK, FREQUENCY_MASK = 0.12, 0.2
POLICIES: dict[str, Policy] = {
    "none": Policy(),
    "shift": Policy(shift=SHIFT, gain=GAIN),
    "speed": Policy(shift=SHIFT, gain=GAIN, speed=SPEED),
    "noise": Policy(shift=SHIFT, gain=GAIN, noise=NOISE),
    "masks": Policy(shift=SHIFT, gain=GAIN, time_mask=TIME_MASK, frequency_mask=FREQUENCY_MASK),  # SpecAugment
    "full": Policy(SPEED, SHIFT, TIME_MASK, FREQUENCY_MASK, NOISE, GAIN),
}


def default(shape: tuple[int, ...]) -> str:
    """The policy of "auto"."""
    return "full"


def resolve(name: str, shape: tuple[int, ...], rate: int) -> Policy:
    """The policy of that name, or the default one for "auto", for clips at a rate. Raises InputError for another."""
    name = default(shape) if name == "auto" else name
    if name not in POLICIES:
        raise InputError(f"augmentation: {name!r} is none of auto, {', '.join(POLICIES)}.")
    return replace(POLICIES[name], rate=rate)


def strengthened(policy: Policy, factor: float) -> Policy:
    """The policy with its ranges times `factor` (0.5..2), noise so much nearer."""
    ranges = {name: factor * getattr(policy, name) for name in ("shift", "time_mask", "gain")}
    shares = {name: min(0.5, factor * getattr(policy, name)) for name in ("speed", "frequency_mask")}
    least, most = policy.noise
    return replace(policy, **ranges, **shares, noise=(least / factor, most))
