"""The rule itself: short versions of `benchmarks/calibration.py`, with the wrong analyses that must fail it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
import calibration  # noqa: E402
import planted_training  # noqa: E402
from planted import Curve, Nested, Resplit  # noqa: E402

from gannb.media.image.reading import read  # noqa: E402

STUDIES = 500
SHORT = {  # what one study of each takes 1 to 8 ms for
    "the same with 5 classifier seeds",
    "360 test items, each arm likes some",
    "360 test items, an effect of the margin",
    "re-splits 624 / 156, arms see other features",
    "re-splits 150 / 150, an effect of the margin",
    "worth 57 real items",
    "worth 113 real items, the arm likes other test items",
    "worth 640 real items, the curve ends at 160",
}


def slack(share: float) -> float:
    """Three standard errors of a share counted in so many studies: 2.9 points at 5 %, 3.2 at 6 %, 4.0 at 10 %."""
    return 3 * np.sqrt(share * (1 - share) / STUDIES)


@pytest.mark.parametrize("setting", sorted(SHORT))
def test_the_checks_hold_and_the_wrong_analyses_fail(setting):
    for row in calibration.simulated_rows(setting, STUDIES):
        if row["must_fail"]:
            assert not row["holds"], row["what"]
        else:
            assert row["low"] - slack(row["low"]) <= row["share"] <= row["high"] + slack(row["high"]), row["what"]


def test_classifier_seeds_as_trials_answer_wrongly_three_times_as_often():
    rows = {row["what"]: row["share"] for row in calibration.simulated_rows("the same with 5 classifier seeds", 400)}
    assert rows[calibration.REPLICATES.what] > 3 * 0.05


# ---- the planted truths are what they are said to be ----


@pytest.mark.parametrize("model", [Nested(effect=0.01), Nested(effect=-0.03, failing=0.1, failure=2.0)])
def test_a_nested_effect_is_the_mean_over_draws_and_test_items(model):
    means = [model.study(np.random.default_rng(seed)) for seed in range(400)]
    errors = np.array([difference.mean() for difference, _ in means]) - model.effect
    assert abs(errors.mean()) < 3 * errors.std() / np.sqrt(400)
    given_items = np.array([difference.mean() - target for difference, target in means])
    assert abs(given_items.mean()) < 3 * given_items.std() / np.sqrt(400)


def test_a_resplit_effect_is_the_mean_over_sets():
    model = Resplit(items=300, effect=0.05)
    scores = [model.study(np.random.default_rng(seed)) for seed in range(300)]
    gains = np.array([(first - second).mean() for first, second in scores])
    assert abs(gains.mean() - 0.05) < 3 * gains.std() / np.sqrt(300)


def test_an_arm_worth_80_real_items_scores_like_80_real_items():
    model = Curve(worth=80)
    scores = [model.study(np.random.default_rng(seed)) for seed in range(200)]
    gaps = np.array([(arm - curve[:, 1]).mean() for curve, arm in scores])
    assert abs(gaps.mean()) < 3 * gaps.std() / np.sqrt(200)


# ---- real training ----

TINY = planted_training.Size(trials=4, seeds=1, steps=40)


@pytest.mark.slow
def test_a_small_real_study_finds_what_is_planted():
    rows = calibration.study_rows(read("digits"), 1000, TINY, planted_training.CONTRASTS[:3])
    assert [row["planted"] for row in rows] == ["no difference", "helps", "hurts"]
    assert all(calibration.is_right(row["planted"], row["answer"]) for row in rows)
    assert all(row["trials"] == 4 for row in rows)


def test_the_planted_generator_returns_the_reserve_and_the_copier_the_draw():
    trial = next(planted_training.trials(read("digits"), 0, TINY))
    for source, items, others in (("held_out", trial.reserve, trial.draw), ("copies", trial.draw, trial.reserve)):
        made = trial.made_by(source)
        for k in range(10):
            pictures = {x.tobytes() for x in made.x[made.y == k]}
            assert pictures == {x.tobytes() for x in items.x[items.y == k]}
            assert not pictures & {x.tobytes() for x in others.x}


# ---- the table ----


@pytest.mark.parametrize(
    "planted, answer, right",
    [("no difference", "inconclusive", True), ("no difference", "hurts", False), ("helps", "inconclusive", False)],
)
def test_what_counts_as_a_right_answer(planted, answer, right):
    assert calibration.is_right(planted, answer) is right


def test_rows_are_kept_and_a_check_that_does_not_hold_stands_out(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(calibration, "SETTINGS", {"nothing": Nested(liking=0.0, trials=2, items=20)})
    out = tmp_path / "rows.jsonl"
    for _ in range(2):
        assert calibration.main(["simulate", "--studies", "10", "--out", str(out)]) == 0
    rows = out.read_text().splitlines()
    assert len(rows) == 4  # the second run found them there
    broken = rows[0].replace('"holds": true', '"holds": false')
    out.write_text(broken + "\n" + rows[1] + "\n")
    calibration.main(["--table", "--out", str(out)])
    assert "**no**" in capsys.readouterr().out
