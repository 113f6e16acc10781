"""The kinds of units: what people call them, and how long one takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass

DEFAULT_SECONDS = {
    "draw": 0.1,
    "gan": 20.0,
    "generator": 0.2,
    "items": 0.5,
    "ruler": 2.0,
    "judge": 2.0,
    "quality": 1.0,
    "yardsticks": 1.0,
    "classifier": 3.0,
    "tuning": 15.0,
    "choice": 0.1,
    "fresh": 6.0,
    "open_set": 3.0,
    "features": 10.0,
    "in_features": 20.0,
    "item_features": 10.0,
    "transfer": 90.0,
}
UNITS = {  # by kind, what people call them
    "draw": "drawing the trials",
    "generator": "training generators",
    "items": "making images",
    "ruler": "training the measuring classifier",
    "judge": "training the choosing classifier",
    "quality": "measuring quality",
    "yardsticks": "measuring real images and copies",
    "classifier": "training classifiers",
    "tuning": "tuning arms",
    "choice": "choosing configurations",
    "outlier_gan": "training GANs of outliers",
    "open_set": "training to recognise new classes",
    "in_features": "measuring in frozen features",
    "features": "frozen features of real images",
    "item_features": "frozen features of made images",
}
