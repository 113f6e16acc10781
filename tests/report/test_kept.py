"""What is read of a study's result."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from planted_results import HELPS, planted

from gannb.report.kept import read_result
from gannb.trials.arms import PRIMARY
from gannb.utils.errors import InputError


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return planted(tmp_path / "outputs" / "one", HELPS)


def test_a_result_has_its_name_medium_metric_and_answer(study):
    result = read_result(study)
    assert (result.name, result.medium.name, result.metric) == ("one", "image", "balanced_accuracy")
    assert result.primary["answer"] == "helps" and result.primary["role"] == "primary"


def test_means_are_over_the_trials_that_both_arms_have(study):
    result = read_result(study)
    failed = result.scores[(result.scores["arm"] != PRIMARY[0]) | (result.scores["trial"] > 0)]
    change = -float(np.subtract(*replace(result, scores=failed).means.loc[list(PRIMARY[::-1]), "accuracy"]))
    by_trial = result.scores.groupby(["arm", "trial"])["accuracy"].mean()
    expected = (by_trial[PRIMARY[0]] - by_trial[PRIMARY[1]]).drop(0).mean()
    assert change == pytest.approx(expected)


def test_a_verdict_that_does_not_say_what_it_is_of_is_to_be_written_again(study):
    found = json.loads((study / "verdict.json").read_text())
    del found["of"]
    (study / "verdict.json").write_text(json.dumps(found))
    with pytest.raises(InputError, match="of an earlier version; write it again, with `gannb report`"):
        read_result(study)
