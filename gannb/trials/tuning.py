"""Tuning: the same list of configurations for every arm, tried on draws that no trial uses.

An untuned baseline is the commonest mistake of small-data studies (Brigato et al. 2021), so every arm chooses from one
list, fixed beforehand. The generators are the study's and are not tuned. What does not exist in an arm is left out of
its configurations: an arm without synthetic items has no share of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from gannb.trials.arms import Arm, parse_arm

DRAWS = 2  # of their own, on which configurations are tried; trials -1, -2 in units


@dataclass(frozen=True)
class Configuration:
    """How training departs from the study's parameters."""

    learning_rate: float = 1.0  # times the usual one
    strength: float = 1.0  # times the ranges of the classical augmentation
    policy: str | None = None  # another classical augmentation; None: the study's
    share: float = 1.0  # times the synthetic share of a batch, up to all but an item

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        plain = asdict(Configuration())
        changed = {name: value for name, value in asdict(self).items() if value != plain[name]}
        words = {"learning_rate": "rate x{:g}", "strength": "strength x{:g}", "policy": "{}", "share": "share x{:g}"}
        return ", ".join(words[name].format(value) for name, value in changed.items()) or "as the study has it"


LIST = (
    Configuration(),
    Configuration(learning_rate=0.5),
    Configuration(learning_rate=2.0),
    Configuration(strength=0.5),
    Configuration(strength=2.0),
    Configuration(share=2.0),
    Configuration(learning_rate=0.5, share=2.0),
    Configuration(strength=0.5, share=2.0),
)


def configurations(arm: Arm, policy: str, policies: Sequence[str] = ()) -> list[Configuration]:
    """Return those of the list that exist in an arm, each once, the study's own first.

    policy: the study's classical augmentation. policies: others that are tried as well, besides those of the list.
    """
    others = [Configuration(policy=name) for name in policies if name != policy]
    existing = []
    for each in [*LIST, *others]:
        if not arm.classic:
            each = replace(each, strength=1.0, policy=None)
        if not (arm.real and arm.generator):
            each = replace(each, share=1.0)
        existing.append(each)
    return list(dict.fromkeys(existing))


def tuned_as(name: str) -> str:
    """Return the arm whose tuning an arm takes over: its own, unless it must differ from another in one thing alone.

    The learning curve of real items and half of the budget are those of the real items; wrong labels that of the copies
    they are; doses, variations and ways those of the plain arm. Copies are tuned by themselves: as a control without
    effect they then show what chance in the choice of a configuration does.
    """
    arm = parse_arm(name)
    if not arm.generator:
        return arm.without_items().name
    if arm.generator == "mislabelled":
        return arm.with_source("copies").name
    return arm.plain().name


def best(scores: np.ndarray) -> int:
    """Return the number of the best configuration: scores (T, C) of T trainings in C configurations, larger is better.

    Trainings are paired: those of one row share their draw and their seed. The first configuration, the study's own,
    stays unless the best mean is above its own by more than the standard error of the paired difference: few items must
    not move what no item has shown to be better. nan: the training diverged, and so does its configuration.
    """
    means = np.where(np.isnan(scores).any(axis=0), -np.inf, np.nanmean(scores, axis=0))
    number = int(np.argmax(means))
    gain = scores[:, number] - scores[:, 0]
    if number == 0 or np.isnan(gain).any():
        return number
    return number if gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)) else 0
