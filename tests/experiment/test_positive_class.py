"""The positive class of two, from the parameter to the page: planted predictions, nothing is trained."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from planted_predictions import certain, of

from gannb.analysis.evidence import gather
from gannb.experiment.experiment import Experiment
from gannb.media.image.shifts import SHIFTS
from gannb.report.publish import publish
from gannb.stats import outcomes
from gannb.stats.scores import classification_scores
from gannb.study.folder import load_study, open_study
from gannb.study.model import make_study
from gannb.trials.arms import PRIMARY
from gannb.utils.errors import InputError
from gannb.utils.files import write_json
from gannb.work.store import execute


def ultrasound(root: Path) -> Path:
    """A folder of small images, 16 under `benign` and 12 under `malignant`."""
    rng = np.random.default_rng(0)
    for name, n in (("benign", 16), ("malignant", 12)):
        (root / name).mkdir(parents=True)
        for i in range(n):
            Image.fromarray(rng.integers(0, 256, (8, 8), dtype=np.uint8)).save(root / name / f"{i}.png")
    return root


def plant(experiment: Experiment) -> None:
    """Write draws and predictions as if they had been trained; with GAN images every malignant one is recognised."""
    folder = experiment.folder
    for draw in experiment.plan.draws.values():
        execute(folder, draw, "cpu")
        write_json(folder / draw.path / "unit.json", {"seconds": 1.0})
    for (trial, arm), unit in experiment.plan.classifiers.items():
        y, rng = (
            experiment.settings.items(experiment.results.draw(trial).test).y,
            np.random.default_rng([trial, len(arm)]),
        )
        said = np.where(rng.random(len(y)) < 0.6, y, 1 - y)
        p = certain(np.where(y == 1, 1, said) if arm == PRIMARY[0] else said, sure=0.7 + 0.02 * trial)[None]
        p[..., 0] -= np.linspace(0, 0.1, len(y))  # no two items alike
        p[..., 1] = 1 - p[..., 0]
        n_real = 10 if arm.startswith("fewer") else 20
        about = {"trial": trial, "arm": arm, "seed": 0, "n_real": n_real, "n_synthetic": 0, "train_accuracy": 1.0}
        (folder / unit.path).mkdir(parents=True)
        shifted = np.tile(y, (1, len(SHIFTS), 1))
        np.savez(folder / unit.path / "predictions.npz", p=p, y=y, shifted=shifted, shifted_at=np.arange(len(y)))
        write_json(folder / unit.path / "scores.json", [about | classification_scores(y, p[0])])
        write_json(folder / unit.path / "unit.json", {"seconds": 1.0})


@pytest.fixture(scope="module")
def two_classes(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("two")
    study = make_study(
        data=str(ultrasound(root / "photos")), preset="smoke", output_dir=str(root / "outputs"), device="cpu"
    )
    experiment = Experiment.open(study)
    plant(experiment)
    publish(experiment)
    return experiment.folder


def test_scores_follow_the_positive_class_without_training(two_classes):
    second = Experiment.preview(load_study(two_classes))
    first = Experiment.preview(open_study(two_classes, positive="benign"))
    assert [u.path for u in first.plan.all_units()] == [u.path for u in second.plan.all_units()]
    assert first.results.done(4) == second.results.done(4) == list(range(8))
    before, after = second.scores(), first.scores()
    np.testing.assert_allclose(after[["sensitivity", "specificity"]], before[["specificity", "sensitivity"]])
    assert (before["sensitivity"] != before["specificity"]).any()
    np.testing.assert_allclose(after["auroc"], before["auroc"])
    unchanged = [c for c in before.columns if c not in outcomes.OF_POSITIVE]
    pd.testing.assert_frame_equal(before[unchanged], after[unchanged])


def test_the_second_class_is_positive_unless_another_is_named(two_classes):
    for positive, name in ((None, "malignant"), ("malignant", "malignant"), ("benign", "benign")):
        experiment = Experiment.preview(open_study(two_classes, positive=positive))
        assert (
            experiment.dataset.pool.classes[experiment.settings.positive]
            == experiment.settings.resolved()["positive"]
            == name
        )
        evidence = gather(experiment)
        rows = outcomes.rows(evidence.predictions, evidence.tested)
        assert rows[0].outcome == "sensitivity" and rows[0].class_name == name
    right = of(rows, "specificity", "malignant").arm
    assert (right.mean, right.high) == pytest.approx((1, 1)) and 0.5 < right.low < 1  # twelve of twelve are no proof


@pytest.mark.parametrize("command", ["preview", "open"])
def test_a_class_that_is_not_there_is_refused_before_any_work(tmp_path, command):
    study = make_study(data=str(ultrasound(tmp_path / "photos")), positive="ill", output_dir=str(tmp_path / "outputs"))
    with pytest.raises(InputError) as error:
        getattr(Experiment, command)(study)
    assert str(error.value) == "positive: there is no class 'ill'; use 'benign' or 'malignant'."
    assert not (tmp_path / "outputs").exists()


def test_of_many_classes_none_is_positive(tmp_path):
    with pytest.raises(InputError, match="positive: it is for two classes, and there are 10; leave it out"):
        Experiment.preview(make_study(positive="3", output_dir=str(tmp_path)))
    experiment = Experiment.preview(make_study(output_dir=str(tmp_path)))
    assert experiment.settings.resolved()["positive"] is None


def test_verdict_and_page_have_the_outcomes(two_classes):
    found = json.loads((two_classes / "verdict.json").read_text(encoding="utf-8"))
    assert [(r["outcome"], r["class"]) for r in found["outcomes"]] == [
        ("sensitivity", "malignant"), ("specificity", "benign"),
        *((name, None) for name in ("accuracy", "macro_f1", "auroc", "log_loss", "ece")),
    ]  # fmt: skip
    row = found["outcomes"][0]
    assert {"arm", "against", "difference", "low", "high", "trials"} <= row.keys()
    page = (two_classes / "report.html").read_text(encoding="utf-8")
    assert "The positive class is “malignant”, the second, since the parameter positive names none." in page
    assert (
        "sensitivity: malignant" in page
        and "carry trials and test images" in page
        and "shown without an answer" in page
    )


def test_the_page_follows_the_positive_class(two_classes):
    experiment = Experiment.open(open_study(two_classes, positive="benign"))
    page = publish(experiment).read_text(encoding="utf-8")
    assert "sensitivity: benign" in page and "The positive class is “benign”, as the parameter positive says." in page
    scores = pd.read_csv(two_classes / "scores.csv")
    assert (scores.loc[scores["arm"] == PRIMARY[0], "specificity"] == 1).all()
    assert load_study(two_classes).positive == "benign"
