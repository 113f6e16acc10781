"""Classes held out: that what is measured is what was planted, and what is said of it."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from conftest import SMOKE
from planted_study import Reader, plant

from gannb.analysis.open_set import NO_OTHER_SIDE, SEEN, decide, examples_of, notes, rows
from gannb.analysis.to_json import to_json
from gannb.experiment.experiment import Experiment
from gannb.media.image import IMAGE
from gannb.report.publish import publish
from gannb.report.tables.open_set import table
from gannb.study.model import make_study
from gannb.trials import splits

HELD = ("8", "9")
TRIALS = 4
NOISE = 0.02 * np.array([1, -1, 1, -1])


def probabilities(y: np.ndarray, certain: np.ndarray, other: np.ndarray | None) -> np.ndarray:
    """(1, N, K or K + 1): class y with this certainty, `other` with that, the rest evenly."""
    left = 1 - certain - (0 if other is None else other)
    p = np.repeat(left[:, None] / 7, 8, axis=1)
    p[np.arange(len(y)), y] = certain
    return (p if other is None else np.column_stack([p, other]))[None]


def plant_unit(found: Experiment, unit, shift: float) -> None:
    """Write a unit of which the unseen items' certainty lies lower by `shift`, and a little otherwise in each trial."""
    trial = unit.parameters["trial"]
    rng = np.random.default_rng([trial, 7])  # the same items in all methods
    test = found.settings.items(found.results.draw(trial).test)
    unseen = splits.take(found.dataset.held_out, splits.make_draw(found.dataset.held_out, found.design, trial).test)
    sure, unsure = rng.uniform(0.5, 0.7, len(test)), rng.uniform(0.5, 0.7, len(unseen)) - shift - NOISE[trial]
    other = [None, None] if unit.parameters["method"] == "max_softmax" else [np.full(len(test), 0.1), 0.1 + 0 * unsure]
    p, unseen_p = (probabilities(y, c, o) for y, c, o in zip((test.y, unseen.y), (sure, unsure), other, strict=True))
    place = found.folder / unit.path
    np.savez(place / "predictions.npz", p=p, y=test.y, unseen_p=unseen_p, unseen_y=unseen.y)
    np.save(place / "other.npy", test.x[:3])


@pytest.fixture(scope="module")
def planted(tmp_path_factory) -> Experiment:
    """A study whose oracle tells new classes apart, whose GAN of outliers hurts and whose items between do nothing."""
    given = SMOKE | {"held_out": HELD, "trials": TRIALS, "workers": 1, "name": "planted"}
    found = Experiment.open(make_study(**given, output_dir=str(tmp_path_factory.mktemp("outputs"))))
    for trial in range(TRIALS):
        plant(found, trial)
    shifts = {"max_softmax": 0.05, "between": 0.05, "gan_of_outliers": -0.05, "outliers": 0.15}
    for (_, method, _), unit in found.plan.open_set.classifiers.items():
        plant_unit(found, unit, shifts[method])
    return found


def test_rows_say_what_was_planted_and_are_recomputed_by_hand(planted):
    found = {(row.method, row.score): row for row in rows(planted)}
    assert found["outliers", "known"].change.auroc.low > 0
    assert found["outliers", "known"].change.far.high < 0
    assert found["gan_of_outliers", "known"].change.auroc.high < 0
    assert found["between", "known"].change.auroc.mean == pytest.approx(0, abs=1e-6)
    assert found["between", "other"].level.auroc.mean == pytest.approx(0.5)  # the same for all items
    assert found["max_softmax", "known"].trials == TRIALS and found["max_softmax", "known"].change is None
    turns = []
    for trial in range(TRIALS):
        for side, tested in ((0, 1), (1, 0)):  # outliers of a side, test items of the other
            said = planted.results.open_set_predictions(trial, "outliers", side)
            known = 1 - said["p"][0, :, :8].max(1)
            unknown = 1 - said["unseen_p"][0, said["unseen_y"] == tested, :8].max(1)
            turns.append((unknown[:, None] > known).mean())
    assert found["outliers", "known"].level.auroc.mean == pytest.approx(np.mean(turns), abs=1e-9)


def test_a_trial_without_both_turns_does_not_count(planted):
    unit = planted.plan.open_set.classifiers[3, "outliers", 1]
    record = planted.folder / unit.path / "unit.json"
    kept = record.read_text()
    record.unlink()
    try:
        found = {(row.method, row.score): row for row in rows(planted)}
    finally:
        record.write_text(kept)
    assert found["outliers", "known"].trials == TRIALS - 1 == found[SEEN, "other"].trials
    assert found["between", "known"].trials == TRIALS


def test_one_held_out_class_has_no_method_that_needs_outliers_and_says_why(tmp_path):
    found = Experiment.open(make_study(**SMOKE | {"held_out": "9", "output_dir": str(tmp_path)}))
    assert notes(found, "")[0] == NO_OTHER_SIDE
    assert [row.method for row in rows(found)] == ["max_softmax", "between", "between"]
    part = decide(found, "")
    assert part.held_out == ("9",) and part.sentence.startswith("Not measured") and part.cost == ""


def test_the_part_of_the_verdict_has_the_keys_it_always_had(planted):
    part = to_json(decide(planted, "What intervals carry."))
    assert list(part) == ["held_out", "sentence", "cost", "notes", "rows"]
    first, *others = part["rows"]
    assert list(first) == ["method", "score", "trials", "auroc", "far", "known"]
    assert all(list(row) == [*first, "change"] for row in others)
    assert list(first["auroc"]) == ["mean", "low", "high"]
    assert list(others[0]["change"]["far"]) == ["difference", "low", "high"]
    assert part["notes"][2].endswith("What intervals carry.")


def test_examples_are_those_that_were_kept_and_unseen_test_items(planted):
    found = examples_of(planted, 0, 2)
    named = ["between classes", "GAN given 8", "GAN given 9", "never seen: 8", "never seen: 9"]
    assert list(found) == named and all(len(items) == 2 for items in found.values())


def test_the_page_has_a_section_on_classes_never_seen(planted):
    html = publish(planted).read_text(encoding="utf-8")
    page = Reader(html)
    assert {"open-set", "figure-open_set"} <= set(page.ids) and len(page.ids) == len(set(page.ids))
    found = json.loads((planted.folder / "verdict.json").read_text())["open_set"]
    assert found["held_out"] == ["8", "9"] and len(found["rows"]) == 9
    assert re.search(r"; real outliers \(the oracle\) \+\S+ \[[\d., ]+\] \(better\) or ", found["sentence"])
    assert re.search(r"given outliers -\S+ \[[-\d., ]+\] \(worse\) or ", found["sentence"])
    assert "those of 8 serve against 9" in page.text and "real outliers (the oracle)" in page.text
    assert (planted.folder / "figures" / "open_set.png").is_file() and (planted.folder / "open_set.csv").is_file()
    assert table(found, IMAGE.nouns).shape == (9, 5)
