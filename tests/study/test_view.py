"""The larger view that a pretrained network gets of a study's items: kept, declared, and nobody else's."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from conftest import SMOKE
from image_sets import folder_of
from safetensors.torch import save_file

from gannb.experiment.cleanup import leftovers
from gannb.experiment.experiment import Experiment
from gannb.media.image import pretrained as transfer
from gannb.report.page.facts import transfer_text
from gannb.study.model import make_study
from gannb.study.view import view_folder
from gannb.units.reading import dataset_of, read_features
from gannb.work.store import execute
from gannb.work.unit import Task

NETWORK = "test_efficientnet"  # timm's own, for tests
ARMS = ("real+classic", "real+gan+classic", "transfer", "transfer+gan")


def hub_folder(folder: Path, side: int = 32) -> Path:
    """A network with random weights, in the hub's form, that takes squares of a side."""
    folder.mkdir()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = timm.create_model(NETWORK, num_classes=7)
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, folder / "model.safetensors")
    settings = {"input_size": [3, side, side], "mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic"}
    about = {"architecture": NETWORK, "model_args": {"num_classes": 7}, "pretrained_cfg": settings}
    (folder / "config.json").write_text(json.dumps(about))
    return folder


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """A function that opens a study of photographs of a side, of items of 16 pixels, with some arms."""
    hub = hub_folder(tmp_path / "hub")

    def make(side: int = 48, name: str = "s", **given) -> Experiment:
        root = tmp_path / f"photos{side}"
        if not root.is_dir():
            folder_of(root, n=12, height=side, width=side)
        about = SMOKE | {"data": str(root), "size": "16", "output_dir": str(tmp_path / "out"), "name": name}
        return Experiment.open(make_study(**about | {"arms": ARMS, "pretrained": str(hub), "gan": "mlp"} | given))

    return make


def test_of_photographs_that_are_larger_fine_tuning_sees_them_and_nothing_else_changes(opened):
    larger, small = opened(48), opened(48, "without", arms=ARMS[:2])
    assert larger.settings.view.shape == (32, 32, 3) and small.settings.view is None
    folder = view_folder(larger.folder, larger.settings.view.key)
    assert np.load(folder / "pool.npy", mmap_mode="r").shape == (24, 32, 32, 3)
    assert not list(small.folder.glob("view-*"))
    units = larger.plan.all_units()
    viewing = {u.kind for u in units if "view" in u.parameters}
    assert viewing == {"classifier", "features", "item_features"}
    assert {u.parameters["arm"] for u in units if u.kind == "classifier" and "view" in u.parameters} == set(ARMS[2:])
    keys = {u.path for u in units}
    assert {u.path for u in small.plan.all_units()} <= keys  # GANs, items, plain classifiers
    for unit in larger.plan.in_features_units:  # real items would differ from those made by their size alone
        assert not any("view" in each.parameters for each in unit.closure())


def test_where_the_files_hold_no_more_nothing_is_kept_and_no_key_changes(opened):
    experiment = opened(16)
    assert experiment.settings.view is None and not list(experiment.folder.glob("view-*"))
    assert not any("view" in unit.parameters for unit in experiment.plan.all_units())
    assert experiment.settings.view_text == ""


def test_fine_tuning_trains_and_is_tested_in_the_view_and_made_images_are_enlarged(opened, monkeypatch):
    experiment = opened(48)
    plan, seen = experiment.plan, []
    real = transfer.frozen_features

    def counted(weights, x, *more):
        seen.append(x.shape[1:])
        return real(weights, x, *more)

    monkeypatch.setattr(transfer, "frozen_features", counted)
    unit = plan.trainings[0, "transfer+gan"][0]
    assert [execute(experiment.folder, each, "cpu") for each in unit.closure()] == [None] * len(unit.closure())
    assert seen and set(seen) == {(32, 32, 3)}
    task = Task(unit, experiment.folder, Path(), Path(), "cpu", lambda done, total: None)
    assert dataset_of(task).pool.shape == (32, 32, 3)
    made = plan.item_units[0, "mlp"]
    assert np.load(experiment.folder / made.path / "x.npy", mmap_mode="r").shape[1:] == (16, 16, 3)
    index, features = read_features(experiment.folder / plan.feature_units[0].path)
    assert len(index) == len(features)


def test_the_page_and_the_plan_say_in_which_size_items_are_shown(opened):
    said = transfer_text(opened(48))
    assert "real images come from their files in 32x32, and those made, of 16x16, are enlarged to that" in said
    assert "come from their files" not in transfer_text(opened(16, "small"))


def test_a_study_goes_on_with_the_view_it_has_kept_when_its_files_have_gone(opened, tmp_path):
    before = opened(48)
    (tmp_path / "photos48").rename(tmp_path / "elsewhere")
    again = Experiment.open(before.study, own_copy=True)
    assert again.settings.view == before.settings.view
    assert {u.path for u in again.plan.all_units()} == {u.path for u in before.plan.all_units()}


def test_a_view_that_is_needed_no_more_may_be_removed_and_no_other(opened):
    experiment = opened(48)
    assert not [left for left in leftovers(experiment) if left.path.name.startswith("view-")]
    without = Experiment.open(experiment.study.model_copy(update={"arms": ARMS[:2]}))
    assert [left.path.name for left in leftovers(without) if left.path.name.startswith("view-")] == [
        view_folder(without.folder, experiment.settings.view.key).name
    ]


def test_a_report_goes_by_what_was_made_without_a_view_and_a_run_makes_one(opened):
    experiment = opened(48)
    folder = view_folder(experiment.folder, experiment.settings.view.key)
    folder.rename(folder.with_name("away"))  # as in a study that is older than views
    assert Experiment.preview(experiment.study, own_copy=True).settings.view is None
    assert Experiment.preview(experiment.study).settings.view == experiment.settings.view
    assert not folder.is_dir() and Experiment.open(experiment.study).settings.view and folder.is_dir()
