"""Which classes' items to use: fidelity, diversity, copying and usefulness of each, as a traffic light.

A light is green or red where the 95 % interval over trials lies wholly on that side of its bar, else yellow; grey where
it was not measured. Lights are not adjusted for their number: of many honest classes some look red by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gannb.analysis.claims import ATTRACTION, DISTORTED
from gannb.analysis.evidence import Evidence, test_train_ratio
from gannb.analysis.wording import points
from gannb.stats import outcomes
from gannb.stats.decision import Answer, decide
from gannb.stats.intervals import paired_t

THIN = 0.5  # diversity that this kit's GANs usually end above
LEAST = {"fidelity": -1.0, "diversity": 0.0, "copying": -1.0, "usefulness": -1.0}  # that there can be
MOST = {"fidelity": 1.0, "diversity": np.inf, "copying": 1.0, "usefulness": 1.0}
LEAST_DIVERSE = 0.8  # honest classes of eight trials stay above it, see benchmarks/README.md


@dataclass(frozen=True)
class Criterion:
    """One light: red where the interval lies wholly on the wrong side of `bad`, green where on the right of `good`."""

    good: float
    bad: float
    better: int  # 1: more is better; -1: less is
    meaning: str  # what is measured, in which feature space
    why: str  # the bars, and where they come from

    def light(self, low: float, high: float) -> str:
        """Return the light of an interval."""
        worst, best = (low, high) if self.better > 0 else (-high, -low)
        if best < self.better * self.bad:
            return "red"
        return "green" if worst > self.better * self.good else "yellow"


CRITERIA = {
    "fidelity": Criterion(
        -DISTORTED, -DISTORTED, 1,
        "share of the class' images that the ruler (small_cnn, trained on real images) recognises, less its recall on "
        "real test images of the class",
        f"Green above −{points(DISTORTED)} points, red below: the bar of the claim “small and distorted”.",
    ),
    "diversity": Criterion(
        LEAST_DIVERSE, THIN, 1,
        "mean distance of two images of the class, over that of two of the training set, in pixels",
        f"Green above {LEAST_DIVERSE}, which real images of a class keep to; red below {THIN}, less than what "
        "this kit's GANs usually end with.",
    ),
    "copying": Criterion(
        ATTRACTION, 0.0, -1,
        "excess of the class' images that lie nearer to a training image than to unseen real ones, in pixels: 0% none, "
        "100% copies",
        f"Red above 0%, green below {ATTRACTION:.0%}: the bars of the claim “copies its training set”.",
    ),
    "usefulness": Criterion(
        0.0, 0.0, 1,
        "change of the class' recall, real + GAN + classic against real + classic, in points",
        "Green above 0, red below, unless wholly within the study's margin of practical equivalence.",
    ),
}  # fmt: skip


def class_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """Return a row per class: {"class", "fidelity", "diversity", "copying", "usefulness", "advice"}.

    Each light is {"light", "mean", "low", "high"}, grey and None where fewer than two trials have it. Empty where
    nothing was measured by class.
    """
    table = evidence.classes
    if table is None or table.empty:
        return []
    mine = table[(table["generator"] == evidence.gan) & (table["features"] == "pixels")]
    recalls = _recalls(evidence)
    rows = []
    for name, of_class in mine.groupby("class", sort=False):
        found = {
            "fidelity": of_class["gan_test"] - of_class["ruler_accuracy"],
            "diversity": of_class["diversity"], "copying": of_class["nearer_to_train"],
            "usefulness": recalls.get(name, ()),
        }  # fmt: skip
        if evidence.protocol == "resplit":
            found["fidelity"] = ()  # the ruler has learnt what the GAN has
        lights = {key: _light(key, values, evidence) for key, values in found.items()}
        rows.append({"class": name} | lights | {"advice": advice({key: each["light"] for key, each in lights.items()})})
    return rows


def _recalls(evidence: Evidence) -> dict[str, np.ndarray]:
    """Return the change of each class' recall by the primary contrast, (R,), by class' name."""
    if evidence.predictions is None or not evidence.predictions.y:
        return {}
    arm, against = evidence.predictions.means(outcomes.recall)  # (R, K)
    return dict(zip(evidence.predictions.classes, (arm - against).T, strict=True))


def _light(key: str, values: Any, evidence: Evidence) -> dict[str, Any]:
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return {"light": "grey", "mean": None, "low": None, "high": None}
    estimate = paired_t(values, test_train_ratio(evidence))
    low, high = max(estimate.low, LEAST[key]), min(estimate.high, MOST[key])
    light = CRITERIA[key].light(estimate.low, estimate.high)
    if key == "usefulness" and decide(estimate, evidence.rope) == Answer.EQUIVALENT:
        light = "yellow"
    return {"light": light, "mean": estimate.mean, "low": low, "high": high}


def advice(lights: dict[str, str]) -> str:
    """Return what the lights of a class speak for, in words."""
    red = [key for key in ("fidelity", "diversity", "usefulness") if lights[key] == "red"]
    if red:
        said = f"leave out ({', '.join(red)})"
    elif lights["usefulness"] == "green":
        said = "use"
    else:
        said = "undecided" if lights["usefulness"] != "grey" else "ask the classifier"
    return said + "; keep the images to yourself" * (lights["copying"] == "red")
