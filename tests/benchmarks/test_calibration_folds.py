"""Short versions of `benchmarks/calibration_folds.py`, with the wrong analyses that must fail it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
import calibration_folds as calibration  # noqa: E402
from planted import linear_discriminant  # noqa: E402
from planted_folds import Blocked, Folded, Learnt  # noqa: E402

STUDIES = 150
SHORT = {  # worlds whose wrong analyses are far off, so that few studies find them out
    "the same, quiet: trainings alike, items not",
    "the same, noisy: trainings differ by 7 points",
    "38 and 112 items, effect +2.7",
    "a given training set, 8 trials, 360 test items",
    "20 test items, baseline 98 %, truth +1.6",
    "planned for an effect of .5 sd",
    "10 studies, true effects differ by 2 points",
}


@pytest.mark.parametrize("setting", sorted(SHORT))
def test_the_checks_hold_and_the_wrong_analyses_fail(setting):
    for row in calibration.simulated_rows(setting, STUDIES):
        assert row["holds"] != row["must_fail"], row


def test_k_fold_is_half_as_wide_as_re_splits_of_as_many_trainings():
    rows = calibration.simulated_rows("195 and 530 items (breast-like), effect -2.6", 100)
    half = {row["what"]: row["half"] for row in rows}
    assert half["K-fold, 8 trainings"] <= 0.55 * half["re-splits (Nadeau-Bengio), 8 trainings"]
    assert half["K-fold, 40 trainings"] < 0.5 * half["K-fold, 8 trainings"]


def test_no_interval_from_one_set_is_one_for_all_such_sets():
    rows = calibration.simulated_rows("this set likes an arm; asked of all such sets", 100)
    assert all(not row["holds"] for row in rows if row["must_fail"])


# ---- the planted truths are what they are said to be ----


GROUPED = Folded(sizes=(60,) * 3, group=5)


@pytest.mark.parametrize("model", [Folded(effect=-0.026), Folded(of_set=0.2), calibration.FAILING, GROUPED])
def test_a_folded_effect_is_the_mean_over_studies(model):
    found = []
    for seed in range(150):
        d, _, truth = model.study(np.random.default_rng(seed), 2)
        found.append(np.mean([d[:, model.y == k].mean() for k in np.unique(model.y)]) - truth)
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(150)


def test_a_failing_gan_loses_12_points():
    model = replace(calibration.FAILING, failing=1.0)
    assert 100 * (model.gain(0.0) - replace(model, failing=0.0).gain(0.0)) == pytest.approx(-12, abs=0.5)


def test_a_linear_classifiers_accuracy_is_what_it_scores_on_new_items():
    model, rng = Learnt(), np.random.default_rng(0)
    x = rng.standard_normal((725, 14)) + model.distance * model.y[:, None]
    y = np.arange(100_000) % 2
    new = rng.standard_normal((100_000, 14)) + model.distance * y[:, None]
    scored = np.mean(linear_discriminant(x, model.y, new) == y)
    assert model._accuracy(x, model.y) == pytest.approx(scored, abs=0.004)


def test_draws_of_a_block_share_items_and_pairs_do_not():
    chosen = Blocked(draws=4)._chosen(np.random.default_rng(0))
    assert chosen.shape == (8, 4, 160)
    assert np.all(chosen.sum(axis=2) == 80)
    assert np.all(chosen[:, 0] + chosen[:, 1] == 1) and np.all(chosen[:, 2] + chosen[:, 3] == 1)
    assert (chosen[:, 0] * chosen[:, 2]).sum(axis=1).mean() == pytest.approx(40, abs=6)


def test_a_blocked_effect_is_the_mean_over_studies():
    model = Blocked(effect=0.01)
    found = [model.study(np.random.default_rng(seed)).mean() - 0.01 for seed in range(150)]
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(150)


# ---- the table ----


def test_rows_are_kept_and_a_check_that_does_not_hold_stands_out(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(calibration, "SETTINGS", {"no effect": calibration.SETTINGS["looks, no effect"]})
    out = tmp_path / "rows.jsonl"
    for _ in range(2):
        assert calibration.main(["--studies", "10", "--out", str(out)]) == 0
    rows = out.read_text().splitlines()
    assert len(rows) == 3  # the second run found them there
    out.write_text(rows[0].replace('"holds": true', '"holds": false') + "\n")
    calibration.main(["--table", "--out", str(out)])
    assert "**no**" in capsys.readouterr().out
