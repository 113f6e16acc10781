"""Units about classes held out, on vectors of int16 and of float32."""

from __future__ import annotations

import numpy as np
import pytest
from planted_captions import stripes
from toy_media import FLOAT, INT16
from toy_units import ToyStudy

from gannb.data.examples import concatenate
from gannb.media import MEDIA
from gannb.units.open_set import SHOWN, with_other


@pytest.fixture(params=[INT16, FLOAT], ids=["int16", "float"])
def study(request, tmp_path, monkeypatch):
    monkeypatch.setitem(MEDIA, "vector", request.param)
    return ToyStudy(tmp_path, request.param)


def test_what_other_is_trained_on_are_items_of_the_medium(study):
    gan = study.outlier_gan()
    methods = {
        "max_softmax": ((), 3),
        "between": ((study.generator("vector"),), 4),
        "gan_of_outliers": ((gan,), 4),
        "outliers": ((), 4),
    }
    for method, (needs, classes) in methods.items():
        unit = study.open_set(method, *needs, **({"side": 0} if "outliers" in method else {}))
        said, other = study.read(unit, "predictions.npz"), study.read(unit, "other.npy")
        assert said["p"].shape[::2] == (2, classes) and len(said["unseen_p"][0]) == len(said["unseen_y"])
        assert other.dtype == study.medium.dtype and other.shape[1:] == (5,) and len(other) <= SHOWN
        assert len(other) == {"max_softmax": 0, "outliers": 8}.get(method, 10)


def test_outliers_keep_their_captions_where_a_generator_learns_of_them():
    known, outliers = stripes(leave_out=("red on red",)), stripes()
    given = concatenate(with_other(known, outliers.x, outliers.captions))
    assert given.classes[-1] == "other" and given.captions[-len(outliers) :].tolist() == outliers.captions.tolist()
    assert concatenate(with_other(known, outliers.x)).captions[-1].tolist() == ["", ""]


def test_real_outliers_are_those_of_the_side(study):
    held_out = study.dataset.held_out.pool
    other = study.read(study.open_set("outliers", side=1), "other.npy")
    of_side = {item.tobytes() for item in held_out.x[held_out.y == 1]}
    assert {item.tobytes() for item in other} < of_side and not np.isin(other, held_out.x[held_out.y == 0]).all(1).any()
