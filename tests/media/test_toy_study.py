"""A whole study of a medium that is no image, from the draw to the page, without a line changed for it elsewhere.

The medium (`tests/toy_media.py`) is vectors of int16: far beyond 0 to 255, and most of them negative.
"""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from planted_study import Reader
from toy_media import INT16

from gannb.analysis.evidence import read
from gannb.analysis.verdict import decide
from gannb.data.examples import Dataset
from gannb.experiment.experiment import Experiment
from gannb.export.shards import Plan, copy_rule
from gannb.jupyter.index import table_of
from gannb.media import MEDIA, medium_of
from gannb.report.kept import read_result
from gannb.report.publish import publish
from gannb.study.folder import load_study
from gannb.study.model import make_study
from gannb.units import reading
from gannb.utils.errors import InputError
from gannb.work.store import execute
from gannb.work.unit import Task

pytestmark = pytest.mark.slow

ARMS = ("real", "real+gan", "gan", "real+gaussian", "real+copies", "real+mislabelled", "real+more",
        "real+interpolation+classic", "real+gan.averaged+classic")  # fmt: skip
GIVEN = {
    "data": "vectors", "medium": "vector", "n_per_class": 5, "trials": 3, "gan_steps": 30, "n_synthetic": 20,
    "classifier_steps": 300, "classifier_steps_most": 300, "classifier_seeds": 1, "device": "cpu", "name": "toy",
    "arms": ARMS,
}  # fmt: skip


@pytest.fixture(scope="module")
def toy(tmp_path_factory) -> Experiment:
    """A study of vectors whose units are made; in this process, since others know of no such medium."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MEDIA, INT16.name, INT16)
        patch.delenv("GANNB_LAUNCHER", raising=False)
        experiment = Experiment.open(make_study(**GIVEN, output_dir=str(tmp_path_factory.mktemp("toy"))))
        for stage in (1, 2, 3, 4):
            errors = [execute(experiment.folder, unit, "cpu") for unit in experiment.plan.units(stage)]
            assert set(errors) == {None}
        publish(experiment)
        yield experiment


def test_it_ends_with_a_verdict(toy):
    verdict = json.loads((toy.folder / "verdict.json").read_text(encoding="utf-8"))
    assert verdict["answer"] in ("helps", "hurts", "equivalent", "inconclusive")
    assert "GAN vectors changed balanced accuracy by" in verdict["sentence"]
    assert {row["arm"] for row in verdict["controls"]} >= {"real+copies", "real+mislabelled", "real+more"}


def test_its_items_have_the_mediums_dtype_and_range(toy):
    for source in toy.settings.sources:
        items = toy.synthetic(0, source)
        assert items.x.dtype == np.int16 and items.x.min() < -2000
    draw = toy.settings.items(toy.results.draw(0).train)
    copies = toy.synthetic(0, "copies")
    assert {item.tobytes() for item in copies.x} <= {item.tobytes() for item in draw.x}


def test_its_quality_is_measured_in_its_own_spaces(toy):
    measured = toy.results.quality()
    assert set(measured["features"]) == {"values", "two_layers"}
    exact = measured[measured["generator"] == "copies"]["exact_duplicates"]
    assert (exact == 1).all()


def test_its_classifiers_learn_and_wrong_labels_harm_them(toy):
    scores = toy.scores().groupby("arm")[["accuracy", "log_loss"]].mean()
    assert scores.loc["real", "accuracy"] > 0.9
    assert scores.loc["real+mislabelled", "log_loss"] > 1.5 * scores.loc["real+copies", "log_loss"]


def test_its_page_speaks_of_vectors_and_of_no_image(toy):
    text = Reader((toy.folder / "report.html").read_text(encoding="utf-8")).text
    assert "vectors" in text
    assert [said for said in text.split(".") if re.search(r"\b(?:images?|pictures?|photos?|pixels?)\b", said)] == []


def test_a_medium_may_have_no_way_to_shift_test_items(toy, tmp_path, monkeypatch):
    monkeypatch.setattr(type(INT16), "shifts", {})
    unit = toy.plan.classifiers[0, "real+classic"]
    unit.make(Task(unit, toy.folder, tmp_path, tmp_path / "checkpoint", "cpu", lambda done, total: None))
    with np.load(tmp_path / "predictions.npz") as stored:
        assert stored["shifted"].size == 0 and len(stored["p"]) == 1
    verdict = decide(read(toy))
    assert verdict.shifts == () and verdict.claims[-1].found.number == ""
    assert "no way to make test vectors" in verdict.claims[-1].found.why


def test_it_opens_again_from_its_folder(toy):
    again = Experiment.open(load_study(toy.folder))
    assert again.settings.medium.dtype == INT16.dtype and again.results.done(4) == [0, 1, 2]


def test_its_medium_knows_the_traits_of_its_data_wherever_it_is_asked_for(toy, tmp_path):
    copy = Dataset.load(toy.folder / f"data-{toy.settings.data_key}")
    unit = toy.plan.classifiers[0, "real"]
    task = Task(unit, toy.folder, tmp_path, tmp_path / "checkpoint", "cpu", lambda done, total: None)
    sets = Plan("webdataset", ("a", "b"), (1, 1), (5,), 0, False, "key", copy.medium, ("a", "b"), copy.traits)
    record = json.loads((toy.folder / "study.json").read_text(encoding="utf-8"))
    assert record["resolved"]["traits"] == {"unit": "mV"}
    for medium in (
        medium_of(copy), toy.settings.medium, reading.medium_of(task), read_result(toy.folder).medium, sets.of_items,
        copy_rule(toy.folder / f"data-{toy.settings.data_key}", toy.folder / toy.plan.draws[0].path).features.__self__,
    ):  # fmt: skip
        assert medium.unit == "mV" and medium == INT16.of({"unit": "mV"}) != INT16
    assert "2 classes, 5 mV, 3 trials" in table_of(toy.folder.parent)


def test_a_parameter_of_images_is_refused_by_name(toy):
    with pytest.raises(InputError, match="size"):
        make_study(**GIVEN, size="32")
