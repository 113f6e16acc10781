"""The tables of the page, as text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from planted_study import Reader

from gannb.analysis.evidence import gather
from gannb.measures.comparison import REFERENCE_SETS
from gannb.media.image import IMAGE
from gannb.report.page.tables import arm_table, generator_table


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
    assert len(rows) == len(planted.settings.arms) and numbers == sorted(numbers, reverse=True)
    lowest, highest = (float(end) for end in rows[0]["range"].split(" to "))
    assert lowest <= numbers[0] <= highest
    assert metric != "accuracy" or all(row["metric"] == row["accuracy"] for row in rows)
