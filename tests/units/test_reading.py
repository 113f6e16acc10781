"""What units read of each other."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.torch import save_file
from toy_media import FLOAT, INT16
from toy_units import ToyStudy

from gannb.classifiers.training import predict
from gannb.media import MEDIA
from gannb.units.reading import dataset_of, load_classifier, medium_of, read_items
from gannb.work.unit import Task


@pytest.mark.parametrize("medium", [INT16, FLOAT], ids=["int16", "float"])
def test_a_unit_knows_the_medium_of_the_study_s_data(medium, tmp_path, monkeypatch):
    monkeypatch.setitem(MEDIA, "vector", medium)
    study = ToyStudy(tmp_path, medium)
    items = study.items("copies")
    task = Task(items, tmp_path, tmp_path, tmp_path, "cpu", lambda done, total: None)
    assert medium_of(task) is medium and dataset_of(task).pool.x.dtype == medium.dtype
    made = read_items(tmp_path / items.path, study.dataset)
    assert made.x.dtype == medium.dtype and made.classes == study.dataset.pool.classes


def test_a_kept_classifier_says_what_it_said(tmp_path):
    pool = ToyStudy(tmp_path, INT16).dataset.pool
    network = INT16.classifier(INT16.measuring_classifier, pool.shape, 3)
    save_file(network.state_dict(), tmp_path / "kept.safetensors")
    again = load_classifier(INT16, tmp_path / "kept.safetensors", pool)
    assert not again.training and np.array_equal(predict(INT16, again, pool.x), predict(INT16, network.eval(), pool.x))
