"""Images as pretrained networks are shown them: from the files themselves, larger than the study's own."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import timm
import torch
from conftest import SMOKE
from image_sets import folder_of, photo, split_folder, write
from PIL import Image
from safetensors.torch import save_file

from gannb.experiment.cleanup import leftovers
from gannb.experiment.experiment import Experiment
from gannb.media.captioned import CAPTIONED
from gannb.media.image import pretrained as transfer
from gannb.media.image.reading import read
from gannb.media.image.viewing import enlarged, read_view, view_shape
from gannb.report.page.facts import transfer_text
from gannb.study.model import make_study
from gannb.study.view import in_view, view_folder
from gannb.units.reading import dataset_of, read_features
from gannb.utils.errors import InputError
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


def weights_of(side: int) -> SimpleNamespace:
    return SimpleNamespace(network=NETWORK, settings={"input_size": [3, side, side]})


# ---- which shape ----


@pytest.mark.parametrize(
    ("own", "files", "side", "expected"),
    [
        ((32, 32, 3), {"96x96": 9}, 224, (96, 96, 3)),  # as large as the files are
        ((32, 32, 1), {"500x375": 9}, 224, (224, 224, 1)),  # as large as the network takes
        ((32, 48, 3), {"300x450": 9}, 128, (128, 192, 3)),  # of the study's aspect
        ((32, 32, 3), {"20x20": 4, "64x80": 9}, 224, (64, 64, 3)),  # as most files are
        ((32, 32, 3), {"32x32": 9}, 224, None),
        ((28, 28, 1), {"28x28": 9}, 224, None),
        ((64, 64, 3), {"40x40": 9}, 224, None),  # the files were enlarged as it is
        ((64, 64, 3), {"500x500": 9}, 64, None),  # the network takes no more
        ((64, 64, 3), {"500x500": 9}, 32, None),
    ],
)
def test_the_view_is_as_large_as_the_files_are_and_the_network_takes(own, files, side, expected):
    dataset = SimpleNamespace(pool=SimpleNamespace(shape=own), report=SimpleNamespace(shapes=files))
    assert view_shape(dataset, weights_of(side)) == expected
    assert CAPTIONED.view_shape(dataset, weights_of(side)) is None


# ---- reading it ----


def test_a_view_has_the_items_of_the_study_in_their_order_and_is_what_the_files_hold(tmp_path):
    root = folder_of(tmp_path / "photos", n=4, height=60, width=80)
    write(root / "cat" / "again.png", Image.open(root / "cat" / "cat1.png"))
    dataset = read(str(root), size="16")
    read_view(str(root), dataset, (40, 40, 3), tmp_path, resize=None, on_bad_image="fail")
    seen = in_view(dataset, tmp_path)
    whole = read(str(root), size="40")
    assert seen.pool.ids.tolist() == whole.pool.ids.tolist() == dataset.pool.ids.tolist()
    assert np.array_equal(seen.pool.x, whole.pool.x) and seen.pool.x.dtype == np.uint8
    assert np.array_equal(seen.pool.y, dataset.pool.y) and seen.test is None
    assert seen.prepared == dataset.prepared


def test_a_given_test_set_is_viewed_too_and_items_that_were_left_out_stay_out(tmp_path):
    root = split_folder(tmp_path / "photos")
    write(root / "train" / "cat" / "leak.png", Image.open(root / "test" / "cat" / "0.png"))
    dataset = read(str(root), size="8", channels=1)
    assert dataset.report.removed_from_pool
    read_view(str(root), dataset, (20, 20, 1), tmp_path, resize="stretch", on_bad_image="fail")
    seen = in_view(dataset, tmp_path)
    assert seen.pool.shape == seen.test.shape == (20, 20, 1)
    assert len(seen.pool) == len(dataset.pool) and len(seen.test) == len(dataset.test)
    again = read(str(root), size="20", channels=1, resize="stretch")
    assert np.array_equal(seen.test.x, again.test.x)


def test_damaged_files_are_left_out_as_they_were(tmp_path):
    root = folder_of(tmp_path / "photos", n=4, height=40, width=40)
    (root / "cat" / "bad.png").write_bytes(b"no picture")
    dataset = read(str(root), size="16", on_bad_image="skip")
    read_view(str(root), dataset, (32, 32, 3), tmp_path, resize=None, on_bad_image="skip")
    assert len(in_view(dataset, tmp_path).pool) == len(dataset.pool) == 8


@pytest.mark.parametrize("change", ["other", "more", "fewer", "renamed class"])
def test_files_that_have_changed_since_are_refused(tmp_path, change):
    root = folder_of(tmp_path / "photos", n=4, height=40, width=40)
    dataset = read(str(root), size="16")
    if change == "other":
        write(root / "cat" / "cat0.png", photo(77, 40, 40))
    elif change == "more":
        write(root / "cat" / "cat9.png", photo(78, 40, 40))
    elif change == "fewer":
        (root / "dog" / "dog0.png").unlink()
    else:
        (root / "dog").rename(root / "wolf")
    with pytest.raises(InputError, match="no longer those that the study was made with"):
        read_view(str(root), dataset, (32, 32, 3), tmp_path, resize=None, on_bad_image="fail")


@pytest.mark.parametrize("channels", [1, 3])
def test_made_images_are_enlarged_to_the_view(channels):
    x = np.repeat(np.array([[[[40]], [[200]]]], np.uint8), channels, axis=3).repeat(4, 1).repeat(4, 2)  # (1, 8, 4, C)
    large = enlarged(x, (32, 16, channels))
    assert large.shape == (1, 32, 16, channels) and large.dtype == np.uint8
    assert large[0, 0].mean() == pytest.approx(40, abs=1) and large[0, -1].mean() == pytest.approx(200, abs=1)
    assert enlarged(x[:0], (32, 16, channels)).shape == (0, 32, 16, channels)


# ---- a study ----


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
