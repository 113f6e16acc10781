"""The tables of the page, as text."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest
from planted_evidence import evidence
from planted_study import Reader

from gannb.analysis.class_lights import CRITERIA
from gannb.analysis.evidence import gather
from gannb.measures.comparison import REFERENCE_SETS
from gannb.media.image import IMAGE
from gannb.report.page.tables import arm_table, class_table, generator_table, parameter_table, shift_table
from gannb.study.model import make_study


def test_every_measure_stands_beside_its_feature_space_and_what_others_get(published, planted):
    rows = generator_table(gather(planted), IMAGE)
    assert [row["features"] for row in rows[:2]] == ["pixels", "small_cnn"]
    assert set(REFERENCE_SETS) < {row["generator"] for row in rows}
    ruled = [row for row in rows if row["features"] == "small_cnn"]
    assert ruled[0]["gan_test"] == "50.0%" and ruled[0]["gan_train"].endswith("%") and rows[0]["gan_test"] == "–"
    text = Reader(published.read_text(encoding="utf-8")).text
    assert "Which classes to use" in text and "altered copies" in text


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy"])
def test_arms_are_listed_best_first_by_the_metric_of_the_study(planted, metric):
    rows = arm_table(replace(gather(planted), metric=metric))
    numbers = [float(row["metric"]) for row in rows]
    assert len(rows) == len(planted.settings.arms) + len(planted.settings.half_arms) and numbers == sorted(
        numbers, reverse=True
    )
    lowest, highest = (float(end) for end in rows[0]["range"].split(" to "))
    assert lowest <= numbers[0] <= highest
    assert metric != "accuracy" or all(row["metric"] == row["accuracy"] for row in rows)


def test_what_a_feature_space_does_not_touch_is_a_dash():
    quality = pd.DataFrame([
        {"trial": t, "generator": "mlp", "features": space, "kid": 0.1 * (t + 1), "gan_test": 0.5, "fid": math.nan}
        for t in (0, 1) for space in ("pixels", "small_cnn")
    ])  # fmt: skip
    found = replace(evidence(), quality=quality)
    pixels, ruled = generator_table(found, IMAGE)
    assert (pixels["generator"], pixels["kid"], pixels["gan_test"], pixels["fid"]) == ("GAN (mlp)", "0.150", "–", "–")
    assert (ruled["gan_test"], ruled["gan_train"]) == ("50.0%", "70.0%")  # the arm `gan` of the planted world
    assert generator_table(replace(found, quality=pd.DataFrame()), IMAGE) == []


def test_a_class_has_its_lights_as_words_and_numbers():
    light = {"light": "red", "mean": 0.4, "low": 0.39, "high": 0.41}
    (found,) = class_table({"classes": [{"class": "ill", "advice": "leave out"} | dict.fromkeys(CRITERIA, light)]})
    assert found["diversity"] == ("red", "0.40 [0.39, 0.41]")
    assert (found["class"], found["advice"]) == ("ill", "leave out")


def test_a_shift_has_both_arms_and_their_difference():
    numbers = {"arm": 0.812, "against": 0.8, "difference": 0.012, "low": 0.0, "high": 0.024}
    (found,) = shift_table({"shifts": [{"shift": "noise", "meaning": "2% noise"} | numbers]})
    assert (found["arm"], found["against"], found["change"]) == ("81.2", "80.0", "+1.2 [0.0, 2.4]")


def test_parameters_say_what_auto_stood_for_and_what_was_set(tmp_path):
    study = make_study(data="digits", trials=3, output_dir=str(tmp_path), groups=str(tmp_path / "patients.csv"))
    rows = {r["name"]: r for r in parameter_table(study, {"gan": "mlp", "protocol": "draw"}, study.changes())}
    assert (rows["gan"]["value"], rows["gan"]["set"]) == ("auto: mlp", "")
    assert (rows["trials"]["value"], rows["trials"]["set"]) == ("3", "set")
    assert (rows["device"]["value"], rows["n_per_class"]["value"]) == ("auto", "–")
    assert rows["groups"]["value"] == "patients.csv" and "output_dir" not in rows and "`" not in str(rows)
