"""Units that measure, on vectors of int16 and of float32: what they measure is in the medium's own features."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from toy_media import FLOAT, INT16, Vectors
from toy_units import N_PER_CLASS, ToyStudy

from gannb.data.medium import FurtherSpace
from gannb.measures.comparison import REFERENCE_SETS
from gannb.media import MEDIA
from gannb.trials import splits
from gannb.units.measures import identical_by_chance
from gannb.units.reading import note_spaces, read_draw

SIDES = ["int16", "float"]


@pytest.fixture(params=[INT16, FLOAT], ids=SIDES)
def study(request, tmp_path, monkeypatch):
    monkeypatch.setitem(MEDIA, "vector", request.param)
    return ToyStudy(tmp_path, request.param)


def test_copies_and_altered_copies_are_told_from_real_items(study):
    rows = {(row["generator"], row["features"]): row for row in study.read(study.reference_sets(), "quality.json")}
    assert set(rows) == {(name, space) for name in REFERENCE_SETS for space in ("values", "two_layers")}
    honest, exact, altered = (rows[name, "values"] for name in REFERENCE_SETS)
    shares = [(row["exact_duplicates"], row["near_duplicates"]) for row in (honest, exact, altered)]
    assert shares == [(0, 0), (1, 0), (0, 1)]
    assert exact["nn_ratio"] == 0 < altered["nn_ratio"] < 0.2 and 0.7 < honest["nn_ratio"] < 1.5
    assert [row["flagged"] for row in (honest, exact, altered)] == [0, 1, 1]
    assert honest["gan_test"] > 0.75 and honest["ruler_accuracy"] > 0.75  # chance: a third


def test_distances_are_those_of_the_raw_features(study):
    unit = study.quality("gaussian")
    draw, made = read_draw(study.folder / study.draw.path), study.read(study.items("gaussian"), "x.npy")
    train = study.medium.raw_features(splits.take(study.dataset, draw.train).x).astype(float)
    suspects = [row for row in study.read(unit, "suspects.json") if row["features"] == "values"]
    for row in suspects:
        away = np.linalg.norm(study.medium.raw_features(made[[row["item"]]]).astype(float) - train, axis=1)
        assert row["training"] == away.argmin() and row["to_train"] == pytest.approx(away.min(), rel=1e-6)
    assert suspects and {row["features"] for row in study.read(unit, "classes.json")} == {"values", "two_layers"}


def test_a_gan_s_items_are_measured_as_the_others_are(study):
    rows = study.read(study.quality("vector"), "quality.json")
    assert [row["features"] for row in rows] == ["values", "two_layers"]
    for row in rows:
        assert np.isfinite(
            [row["kid"], row["coverage"], row["copying_p"], row["between"], row["between_of_real"]]
        ).all()
        assert row["exact_duplicates"] == 0 and "fid" not in row


@pytest.mark.parametrize("seen", [True, False])
def test_a_copy_in_a_form_that_the_study_s_augmentation_does_not_tell_apart_is_a_copy(tmp_path, monkeypatch, seen):
    medium, asked = Vectors(np.int16), []

    def alike_forms(policy: str, shape: tuple[int, ...]):
        asked.append((policy, shape))
        return [lambda x: x[:, ::-1]] if seen else []

    medium.alike_forms, medium.alter = alike_forms, lambda x, seed=0: x[:, ::-1]
    monkeypatch.setitem(MEDIA, "vector", medium)
    study = ToyStudy(tmp_path, medium)
    rows = {(row["generator"], row["features"]): row for row in study.read(study.reference_sets(), "quality.json")}
    reversed_copies = rows["altered copies", "values"]
    assert reversed_copies["exact_duplicates"] == 0 and asked[0] == ("noise", (5,))
    assert (reversed_copies["nn_ratio"] == 0) == (reversed_copies["copying_p"] <= 0.05) == seen


def test_nothing_is_said_of_blends_where_there_is_nothing_between_two_items(tmp_path, monkeypatch):
    medium = Vectors(np.int16)
    medium.controls = {name: kind for name, kind in INT16.controls.items() if name != "interpolation"}
    monkeypatch.setitem(MEDIA, "vector", medium)
    study = ToyStudy(tmp_path, medium)
    [row, _] = study.read(study.quality("copies"), "quality.json")
    assert {"between", "between_of_real"} < set(row) and "between_of_blends" not in row


@pytest.mark.parametrize(("least", "has_it"), [(3 * N_PER_CLASS, True), (3 * N_PER_CLASS + 1, False)])
def test_a_medium_s_further_space_names_its_weights_its_least_number_and_its_distance(
    tmp_path, monkeypatch, least, has_it
):
    used = []

    def features(file: str, device: str):
        used.append((file, device))
        return lambda x: x[:, :2] / 100.0

    medium = Vectors(np.int16)
    further = FurtherSpace("halves", "weights_of_halves", str, str, features, frechet="halves_distance", least=least)
    medium.spaces = {"halves": further}
    monkeypatch.setitem(MEDIA, "vector", medium)
    study = ToyStudy(tmp_path, medium)
    note_spaces(tmp_path, {"digest": "/w/halves"})
    made = study.quality("gaussian", halves="digest")  # as the plan declares it, by the name of the space
    rows = {row["features"]: row for row in study.read(made, "quality.json")}
    assert used == [("/w/halves", "cpu")] and set(rows) == {"values", "two_layers", "halves"}
    assert ("halves_distance" in rows["halves"]) == has_it and "halves_distance" not in rows["values"]
    assert "halves" not in {row["features"] for row in study.read(study.quality("gaussian"), "quality.json")}


def test_identical_by_chance_are_as_many_as_other_items_of_the_data_are():
    """Of 10 other items 2 say what "a" says, and one what "d" says; "x" and "y" are no training items."""
    same = [["a", "b", "c"], ["d", "e"], ["x", "y"]]
    dataset = SimpleNamespace(pool=range(11), report=SimpleNamespace(exact_duplicates=same))
    assert identical_by_chance(dataset, SimpleNamespace(ids=np.array(["a", "b", "d", "z"]))) == pytest.approx(0.3)
    assert identical_by_chance(dataset, SimpleNamespace(ids=np.array(["z"]))) == 0
