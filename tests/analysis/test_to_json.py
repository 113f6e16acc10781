"""The content of `verdict.json`: as the commit before the dataclasses wrote it, and as plain JSON.

`verdicts.json` was written by that commit, 6b0dbe8, from the two worlds below. After a change of what a verdict says,
write it anew with `python -m analysis.test_to_json` in the folder of the tests, and read the difference.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from planted_evidence import TRIALS, WOBBLE, Y, evidence

from gannb.analysis.evidence import Evidence, ExternalSource
from gannb.analysis.to_json import to_json
from gannb.analysis.verdict import Verdict, decide
from gannb.stats.estimate import Interval
from gannb.stats.outcomes import Predictions
from gannb.trials.arms import PRIMARY

FILE = Path(__file__).with_name("verdicts.json")
BALANCING = {"real__oversampled__classic": 0.85, "real__weighted__classic": 0.86}


def drawn() -> Evidence:
    """Draws with everything that they can have: doses, shifts, fine-tuning, sources, blends, depth, lights."""
    world = evidence(
        doses={50: 0.85, 200: 0.87, 800: 0.88}, shifted={PRIMARY[0]: 0.7, PRIMARY[1]: 0.6}, transfer=0.9,
        transfer__gan=0.905, real__related__classic=0.9, real__foreign__classic=0.86, real__interpolation__classic=0.89,
        minutes={"transfer": 3.2, PRIMARY[0]: 0.4}, left_out="A sentence.",
        **{"real__gan__classic@deep_cnn": 0.9, "real__classic@deep_cnn": 0.85, "real__classic@deep_cnn@half": 0.85},
    )  # fmt: skip
    sources = {"foreign": ExternalSource(same_data=True), "related": ExternalSource()}
    return replace(
        world, classifiers={"small_cnn": 60_000, "deep_cnn": 280_000}, external=sources, keep_classes=("ill",),
        failures=("trials/006/mlp-abc: TrainingError: nan",), classes=measured(), predictions=predictions(),
    )  # fmt: skip


def folds() -> Evidence:
    """Folds of classes of unequal size that are filled up, one of its controls too wide to tell; without an answer."""
    world = evidence("folds", wobble=4.0, **BALANCING)
    return replace(
        world,
        class_counts={"well": 100, "ill": 20},
        filled_up=True,
        small_copying={t: 0.8 + 0.1 * (t % 2) for t in range(TRIALS)},
        preset="smoke",
    )


def measured() -> pd.DataFrame:
    """Quality by class: one class is well made, of the other too few are recognised."""
    return pd.DataFrame([
        {"trial": t, "generator": "mlp", "features": space, "class": name, "gan_test": gan_test + 0.001 * (t % 2),
         "ruler_accuracy": 0.9, "diversity": 0.95 - 0.001 * t,
         "exact_duplicates": 0.0, "nearer_to_train": 0.3 * (name == "ill") - 0.02 + 0.001 * t}
        for t in range(TRIALS) for space in ("pixels", "small_cnn") for name, gan_test in (("well", 0.9), ("ill", 0.7))
    ])  # fmt: skip


def predictions() -> Predictions:
    """Classifiers of two classes, of which the first arm's are right more often, and too sure of themselves."""
    arms = ({t: said(sure, t, wrong) for t in range(TRIALS)} for sure, wrong in ((0.998, 6), (0.8, 8)))
    return Predictions(("well", "ill"), 1, dict.fromkeys(range(TRIALS), Y), *arms, PRIMARY)


def said(sure: float, trial: int, wrong: int) -> np.ndarray:
    """(1, I, 2) probabilities of a classifier that is as sure of all and errs on the first `wrong` of a class."""
    right = np.arange(len(Y)) % 50 >= wrong
    sure += WOBBLE[trial] / 5
    p = np.where(right == (Y == 1), sure, 1 - sure)
    return np.stack([1 - p, p], axis=1)[None]


WORLDS = {"drawn": drawn, "folds": folds}


def assert_same(found: Any, kept: Any, place: str) -> None:
    """The same keys in the same order, the same texts, and numbers that differ by rounding at the most."""
    if isinstance(kept, dict):
        assert list(found) == list(kept), place
        for key in kept:
            assert_same(found[key], kept[key], f"{place}/{key}")
    elif isinstance(kept, list):
        assert len(found) == len(kept), place
        for number, (one, other) in enumerate(zip(found, kept, strict=True)):
            assert_same(one, other, f"{place}/{number}")
    elif isinstance(kept, float):
        assert found == pytest.approx(kept, rel=1e-9, abs=1e-12, nan_ok=True), place
    else:
        assert found == kept and type(found) is type(kept), place


@pytest.mark.parametrize("name", WORLDS)
def test_the_file_is_the_one_that_was_written_before_there_were_dataclasses(name):
    kept = json.loads(FILE.read_text(encoding="utf-8"))[name]
    assert_same(written(WORLDS[name]()), kept, name)


def written(world: Evidence) -> dict[str, Any]:
    """The verdict on a world, as it comes back from a file."""
    return json.loads(json.dumps(to_json(decide(world))))


def test_no_part_of_the_two_worlds_is_empty_in_both():
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    empty = {key for key, value in kept["drawn"].items() if value in (None, [], "")}
    assert not [key for key in empty if kept["folds"][key] in (None, [], "")]


def test_every_field_of_a_verdict_has_its_key():
    found: Verdict = decide(evidence())
    assert len(to_json(found)) == len(found.__dataclass_fields__)
    assert to_json(Interval(1.0, 0.5, np.nan)) == pytest.approx({"mean": 1.0, "low": 0.5, "high": np.nan}, nan_ok=True)


if __name__ == "__main__":
    FILE.write_text(json.dumps({name: written(make()) for name, make in WORLDS.items()}, indent=1) + "\n")
