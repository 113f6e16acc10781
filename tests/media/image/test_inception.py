"""FID: only with the standard weights at hand, and never with others. The tests do not have them."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import SMOKE

from gannb.experiment.experiment import Experiment
from gannb.jupyter.status import study_status
from gannb.media.image import IMAGE, inception
from gannb.media.image.inception import WEIGHTS, check, features
from gannb.study.folder import load_study, open_study
from gannb.study.model import make_study
from gannb.utils.errors import InputError
from gannb.work.store import execute


def test_what_is_not_the_standard_network_is_refused(tmp_path):
    with pytest.raises(InputError, match="there is no file"):
        check(tmp_path / "none.pth")
    other = tmp_path / WEIGHTS
    other.write_bytes(b"another network")
    with pytest.raises(InputError, match="is not weights-inception-2015-12-05-6726825d.pth"):
        check(other)


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A file that passes for the standard weights."""
    pytest.importorskip("torch_fidelity")
    file = tmp_path / "weights.pth"
    file.write_bytes(b"stand-in")
    monkeypatch.setattr(inception, "SHA256", hashlib.sha256(b"stand-in").hexdigest()[:8])
    return file


@pytest.fixture
def stand_in(monkeypatch):
    """Call it with the least number of items: another network stands for the standard one."""

    def put(least: int) -> None:
        monkeypatch.setattr(inception, "LEAST", least)
        extractor = lambda file, device: lambda x: x.reshape(len(x), -1)[:, :20] / 255  # noqa: E731
        monkeypatch.setitem(IMAGE.spaces, "inception", replace(inception.SPACE, features=extractor, least=least))

    return put


def test_too_few_items_are_refused_before_anything_runs(weights, tmp_path):
    study = make_study(**SMOKE | {"inception": str(weights), "output_dir": str(tmp_path)})
    with pytest.raises(InputError, match="FID takes 10,000 test items and as many made, and there are 450 and 50"):
        Experiment.preview(study)


def test_an_empty_text_takes_it_back(tmp_path):
    experiment = Experiment.preview(make_study(**SMOKE | {"inception": "", "output_dir": str(tmp_path)}))
    assert not experiment.settings.spaces


def test_the_network_is_a_further_feature_space_with_a_fid(weights, tmp_path, stand_in):
    stand_in(10)
    study = make_study(**SMOKE | {"inception": str(weights), "output_dir": str(tmp_path), "workers": 1})
    experiment = Experiment.open(study)
    unit = experiment.plan.quality_units[0, "mlp"]
    assert unit.parameters["inception"] == check(weights)  # by content, not by place
    experiment.run(3)  # in other processes, which know nothing of the stand-in: only what needs none succeeds
    assert execute(experiment.folder, unit, "cpu") is None
    table = experiment.results.quality().set_index(["generator", "features"])
    assert table.loc[("mlp", "inception"), "fid"] > 0 and np.isnan(table.loc[("mlp", "pixels"), "fid"])
    stand_in(51)  # one more than were made, as where a source has fewer than the GAN
    assert execute(experiment.folder, experiment.plan.quality_units[1, "mlp"], "cpu") is None
    table = experiment.results.quality().set_index(["generator", "features", "trial"])
    assert np.isnan(table.loc[("mlp", "inception", 1), "fid"])


def test_a_finished_study_needs_the_file_no_more_and_an_unfinished_one_does(weights, tmp_path, monkeypatch, stand_in):
    stand_in(10)
    study = make_study(**SMOKE | {"inception": str(weights), "output_dir": str(tmp_path), "workers": 1})
    experiment = Experiment.open(study)
    measuring = [each.closure() for each in experiment.plan.units(3) if "inception" in each.parameters]
    for unit in dict.fromkeys(need for needs in measuring for need in needs):
        assert execute(experiment.folder, unit, "cpu") is None
    weights.unlink()
    monkeypatch.setattr(inception, "find_spec", lambda name: None)  # nor is the package there
    again = Experiment.open(load_study(experiment.folder))
    assert again.results.quality().equals(experiment.results.quality()) and "fid" in again.results.quality()
    assert [unit.path for unit in again.plan.all_units()] == [unit.path for unit in experiment.plan.all_units()]
    assert study_status(again.study)[0]["state"] == "unfinished"
    with pytest.raises(InputError, match="inception: there is no file"):
        Experiment.open(open_study(experiment.folder, gan_steps=6))


def test_weights_are_read_as_tensors_and_nothing_else(tmp_path):
    network = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")
    file = tmp_path / "weights.pth"
    real_load, kept = torch.load, {}
    torch.save({"a": print}, file)  # a pickle that holds something callable
    with pytest.raises(Exception, match="weights_only|Unsupported|GLOBAL"):
        features(file)
    shapes = {}
    with pytest.MonkeyPatch.context() as patch:  # the network's own shapes, without its weights
        patch.setattr(
            network.FeatureExtractorInceptionV3, "load_state_dict", lambda self, state: kept.update(self=self)
        )
        patch.setattr(torch, "load", lambda *_, **__: shapes)
        network.FeatureExtractorInceptionV3("x", ["2048"], feature_extractor_weights_path="x")
    torch.save(kept["self"].state_dict(), file)
    assert torch.load is real_load
    found = features(file)(np.zeros((1, 8, 8, 1), np.uint8))
    assert found.shape == (1, 2048) and np.isfinite(found).all()
