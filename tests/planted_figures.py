"""What figures are drawn of in the tests: small images, and planted verdicts, scores and histories."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gannb.analysis.interpolations import Interpolations
from gannb.data.examples import Examples


def examples(classes=3, per_class=4, shape=(8, 8, 1)) -> Examples:
    y = np.repeat(np.arange(classes), per_class)
    x = np.random.default_rng(0).integers(0, 256, (len(y), *shape), dtype=np.uint8)
    names = tuple(f"class {k}" for k in range(classes))
    return Examples(x, y, names, np.array([f"item-{i}" for i in range(len(y))]), np.arange(len(y)))


def row(arm, against, role, difference, half, answer=None, **more):
    numbers = {"difference": difference, "low": difference - half, "high": difference + half, "level": 0.95}
    words = {"arm": arm, "against": against, "role": role, "meaning": f"{arm} in words", "answer": answer}
    return words | numbers | more


VERDICT = {
    "metric": "balanced_accuracy",
    "rope": 0.01,
    "contrasts": [
        row("real+gan", "real", "exploratory", -0.002, 0.01),
        row("real+gan+classic", "real+classic", "primary", 0.006, 0.01, "inconclusive"),
        row("transfer", "real+gan+classic", "secondary", 0.05, 0.01, "helps"),
    ],
    "controls": [
        row("real+copies", "real", "control", 0.001, 0.004, expected="no difference", came_out=True),
        row("real+mislabelled", "real+copies", "control", -0.6, 0.02, expected="hurts", came_out=True),
        row("real+more", "real", "control", 0.0, 0.01, expected="helps", came_out=False),
    ],
    "options": [
        row("transfer", "real+classic", "option", 0.06, 0.02, option="fine-tuning a pretrained network"),
        row("real+gan+classic", "real+classic", "option", 0.006, 0.015, option="GAN images"),
    ],
}
WORTH = {
    "arm": "real+gan+classic", "n_real": 80, "mean": 0.92, "worth": 96.0, "low": 82.0, "high": 120.0,
    "curve": [{"arm": "a", "n": 40.0, "mean": 0.88}, {"arm": "b", "n": 80.0, "mean": 0.91},
              {"arm": "c", "n": 160.0, "mean": 0.95}],
}  # fmt: skip


def scores() -> pd.DataFrame:
    arms = {"real+classic": 0.90, "real+gan+classic": 0.92, "real": 0.85}
    rows = [
        {"trial": t, "arm": arm, "seed": s, "balanced_accuracy": level + 0.01 * t + 0.002 * s}
        for t in range(3) for arm, level in arms.items() for s in range(2)
    ]  # fmt: skip
    return pd.DataFrame(rows)


HISTORY = {
    "curves": {"step": [1, 2, 3], "discriminator_loss": [2.0, 1.5, 1.4], "generator_loss": [1.0, 0.8, 0.9],
               "sureness": [0.1, 0.4, 0.5]},
    "diversity": {"step": [1, 3], "ratio": [0.2, 0.9]},
    "log": [{"step": 2, "back_to": 1, "fault": "all look alike", "remedy": "learning rate halved"}],
    "limits": {"sureness": 0.98, "diversity": 0.15},
}  # fmt: skip
COUNTS = pd.DataFrame({"class": ["a", "b"], "part": ["pool", "pool"], "items": [5, 9]})
PAIRS = (examples().x, examples().x[::-1], np.linspace(0, 1, 12), examples().y, ("a", "b", "c"))
GRIDS = np.zeros((4, 3, 2, 8, 8, 1), np.uint8)
BINS = pd.DataFrame({
    "arm": ["real+gan+classic"] * 3 + ["real+classic"] * 2, "confidence": [0.55, 0.7, 0.9, 0.6, 0.95],
    "accuracy": [0.2, 0.6, 0.95, 0.5, 0.8], "share": [0.005, 0.395, 0.6, 0.3, 0.7],
})  # fmt: skip
CONFUSION = pd.DataFrame([[0.02, -0.02], [-0.001, 0.001]], ["ill", "well"], ["ill", "well"])
SUSPECT = dict.fromkeys(("made", "training", "held_out"), examples().x[0]) | {"trial": 0, "suspicion": 0.25}
SUSPECTS = [SUSPECT | {"features": name} for name in ("pixels", "pixels", "small_cnn")]
WALK = np.zeros((2, 5, 8, 8, 1), np.uint8)
WALKS = Interpolations(("a", "b"), WALK, WALK, WALK, np.full((2, 5), 0.9), np.full((2, 5), 0.4))
DOSES = {
    "rows": [{"n_synthetic": n, "difference": 0.01, "low": -0.01, "high": 0.03} for n in (50, 200, 800)],
    "plateau": {"difference": 0.02, "low": 0.0, "high": 0.04, "half_at": 60.0},
}


def texts(ax) -> list[str]:
    """Every text on the Axes, in one list."""
    ax.figure.canvas.draw()
    ticks = [label.get_text() for label in (*ax.get_xticklabels(), *ax.get_yticklabels())]
    return [t.get_text() for t in ax.texts] + ticks + [ax.get_title(loc="left"), ax.get_xlabel(), ax.get_ylabel()]
