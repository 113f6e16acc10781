"""Fine-tuning: finding weights, frozen features, the new head, and the arms of a study."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from huggingface_hub import try_to_load_from_cache
from PIL import Image
from safetensors.torch import load_file, save_file

from gannb.analysis.evidence import read as read_evidence
from gannb.classifiers.heads import head_of
from gannb.classifiers.mixture import Mixture, encoded
from gannb.classifiers.training import Recipe, predict, train
from gannb.data.examples import Examples
from gannb.experiment.cleanup import leftovers
from gannb.experiment.estimate import FEATURES, disk_bytes, plan, plan_text
from gannb.experiment.experiment import Experiment
from gannb.experiment.status import write_status
from gannb.measures.comparison import REFERENCE_SETS
from gannb.media.image import IMAGE
from gannb.media.image import pretrained as transfer
from gannb.media.image.augmentation import Policy
from gannb.media.image.pretrained import Pretrained, Weights, find
from gannb.media.image.reading import read
from gannb.media.weights import INDEX
from gannb.report.page.facts import transfer_text
from gannb.report.publish import publish
from gannb.study.folder import load_study, open_study
from gannb.study.model import make_study
from gannb.trials.tuning import Configuration
from gannb.units import classifiers
from gannb.utils.errors import InputError
from gannb.work.store import is_done
from gannb.work.unit import Task

NETWORK = "test_efficientnet"  # timm's own, for tests: 360,000 parameters
MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.3, 0.4)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in the hub's form, with random weights."""
    folder = tmp_path_factory.mktemp("hub")
    torch.manual_seed(0)
    network = timm.create_model(NETWORK, num_classes=7)
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, folder / "model.safetensors")
    settings = {"input_size": [3, 32, 32], "mean": MEAN, "std": STD, "interpolation": "bicubic", "num_classes": 7}
    about = {"architecture": NETWORK, "model_args": {"num_classes": 7}, "pretrained_cfg": settings}
    (folder / "config.json").write_text(json.dumps(about))
    return folder


@pytest.fixture(scope="session")
def weights(folder) -> Weights:
    found = find(str(folder))
    assert found is not None
    return found


@pytest.fixture(scope="session")
def mobilenet(shared_data) -> Weights:
    """The real MobileNetV2, at a size that is quick."""
    file = shared_data / "mobilenetv2-imagenet" / "mobilenetv2_100_same.safetensors"
    settings = {"mean": [0.5] * 3, "std": [0.5] * 3, "input_size": [3, 128, 128]}
    return Weights("mobilenetv2_100", str(file), "", {"pad_type": "same"}, settings)


def items(n: int, channels: int = 3, side: int = 32, classes: int = 3, seed: int = 0) -> Examples:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (n, side, side, channels), dtype=np.uint8)
    names = tuple("abcdefg"[:classes])
    return Examples(x, np.arange(n) % classes, names, np.arange(n).astype(str), np.arange(n))


# ---- finding weights ----


def test_a_folder_in_the_hubs_form_says_how_its_network_takes_items(weights, folder):
    assert weights.network == NETWORK and weights.file == str(folder / "model.safetensors")
    assert weights.settings["mean"] == list(MEAN) and weights.model_args == {"num_classes": 7}


def test_a_file_is_found_under_the_name_of_its_network(folder):
    found = find(f"{NETWORK}={folder / 'model.safetensors'}")
    assert found.network == NETWORK and found.settings == {}


def test_the_hubs_weights_are_found_in_its_cache_and_nowhere_else(folder, monkeypatch):
    asked = []
    monkeypatch.setattr(transfer, "try_to_load_from_cache", lambda *a: asked.append(a) or str(folder / a[1]))
    assert find("vgg19.tv_in1k").file == str(folder / "model.safetensors")
    assert asked == [("timm/vgg19.tv_in1k", "model.safetensors")]
    monkeypatch.setattr(transfer, "try_to_load_from_cache", lambda *a: None)
    assert find("vgg19") is None and find("inception_v3") is None and find("inception_v4") is None
    assert find("mobilenetv2_100") is None


def test_the_hubs_file_may_be_a_link_to_one_without_a_suffix(folder, tmp_path, monkeypatch):
    (tmp_path / "blob").write_bytes((folder / "model.safetensors").read_bytes())
    link = tmp_path / "model.safetensors"
    link.symlink_to(tmp_path / "blob")  # as in the hub's cache
    monkeypatch.setattr(transfer, "try_to_load_from_cache", lambda *_: str(link))
    assert find("vgg19").file == str(link)


def test_what_is_missing_is_said_with_the_way_to_get_it():
    said = transfer.missing_sentence("vgg19")
    assert "vgg19" in said and "timm.create_model('vgg19', pretrained=True)" in said


@pytest.fixture
def cache(folder, tmp_path, monkeypatch) -> Path:
    """The folder of vgg19's weights in a hub's cache, as the hub makes it."""
    monkeypatch.setattr(transfer, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(transfer, "try_to_load_from_cache", partial(try_to_load_from_cache, cache_dir=tmp_path))
    of_vgg = tmp_path / "models--timm--vgg19.tv_in1k"
    (of_vgg / "refs").mkdir(parents=True)
    (of_vgg / "refs" / "main").write_text("abc")
    (of_vgg / "snapshots" / "abc").mkdir(parents=True)
    shutil.copy(folder / "model.safetensors", of_vgg / "snapshots" / "abc")
    return of_vgg


def test_a_cache_is_read_as_the_hub_writes_it(cache):
    assert find("vgg19").file == str(cache / "snapshots" / "abc" / "model.safetensors")
    assert "get them once" in transfer.missing_sentence("vgg")  # which is another network


@pytest.mark.parametrize("place", [".", "..", "refs", "snapshots", "snapshots/abc/model.safetensors"])
def test_a_cache_that_may_not_be_read_leaves_fine_tuning_out_and_is_named(cache, place, monkeypatch):
    closed = (cache / place).resolve()

    def refusing(function):
        def call(path, *arguments, **settings):
            if isinstance(path, str | Path) and Path(path).resolve().is_relative_to(closed):
                raise PermissionError(13, "Permission denied", str(path))
            return function(path, *arguments, **settings)

        return call

    monkeypatch.setattr("os.listdir", refusing(os.listdir))
    monkeypatch.setattr("builtins.open", refusing(open))
    assert find("vgg19") is None
    assert re.fullmatch(
        rf"Fine-tuning is left out: {re.escape(str(closed))}\S* cannot be read \(permission denied\); see to that, or "
        "set pretrained to a folder that has the weights of vgg19.",
        transfer.missing_sentence("vgg19"),
    )


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda content: content[:-9], "is cut short"), (lambda content: content[:5], "is damaged"),
        (lambda content: b"", "is damaged"), (lambda content: b"\xff" * 100, "is damaged"),
        (lambda content: content[:8] + b"x" + content[9:], "is damaged"),
    ],
)  # fmt: skip
def test_a_cache_with_a_file_that_is_not_whole_leaves_fine_tuning_out_and_names_it(cache, harm, says):
    file = cache / "snapshots" / "abc" / "model.safetensors"
    file.write_bytes(harm(file.read_bytes()))
    assert find("vgg19") is None
    assert f"Fine-tuning is left out: {file} {says}; see to that" in transfer.missing_sentence("vgg19")


def test_weights_that_are_given_and_may_not_be_read_are_refused(folder, monkeypatch):
    def refused(file: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(transfer, "sha256_once", refused)
    with pytest.raises(InputError, match="model.safetensors cannot be read: permission is denied; change who may"):
        find(str(folder))


@pytest.mark.parametrize(
    ("pretrained", "part"),
    [
        ("mobilenet_v2", "did you mean mobilenetv"), ("vgg19.nonsense", "no weights for a network 'vgg19.nonsense'"),
        ("mobilenetv2_100=/no/such/file.safetensors", "there is no file"), ("nope=x.safetensors", "'nope'"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_named(pretrained, part):
    with pytest.raises(InputError, match="^pretrained: .*") as error:
        find(pretrained)
    assert part in str(error.value)


@pytest.mark.parametrize(
    ("content", "part"),
    [(None, "has no config.json"), ("{", "cannot be read"), ('{"x": 1}', "cannot be read"), ("[]", "cannot be read"),
     ('{"architecture": "nope"}', "'nope'"), (f'{{"architecture": "{NETWORK}"}}', "there is no file")],
)  # fmt: skip
def test_a_folder_that_is_not_in_the_hubs_form_is_refused(tmp_path, content, part):
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(InputError, match="^pretrained: ") as error:
        find(str(tmp_path))
    assert part in str(error.value)


def test_pickled_weights_are_not_opened(tmp_path):
    (tmp_path / "w.pth").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(InputError, match=r"no .safetensors file"):
        find(f"{NETWORK}={tmp_path / 'w.pth'}")


@pytest.mark.parametrize("content", [b"", b"not safetensors at all"])
def test_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "w.safetensors").write_bytes(content)
    with pytest.raises(InputError, match="does not hold the weights of test_efficientnet"):
        transfer.check(find(f"{NETWORK}={tmp_path / 'w.safetensors'}"), 3)


def test_the_weights_of_another_network_are_refused(folder):
    with pytest.raises(InputError, match="does not hold the weights of resnet10t"):
        transfer.check(find(f"resnet10t={folder / 'model.safetensors'}"), 3)


def test_weights_that_change_during_a_study_are_noticed(tmp_path, folder):
    file = tmp_path / "w.safetensors"
    file.write_bytes((folder / "model.safetensors").read_bytes())
    found = find(f"{NETWORK}={file}")
    transfer.keep(tmp_path, found)
    assert transfer.kept(tmp_path, found.digest) == found
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match="has changed"):
        transfer.kept(tmp_path, found.digest)


# ---- the network ----


def test_items_reach_the_network_in_its_own_normalisation(weights):
    network, x = Pretrained(weights, 3).eval(), items(5).x
    own = timm.create_model(NETWORK, num_classes=7).eval()
    own.load_state_dict(load_file(weights.file))
    scaled = torch.from_numpy(x / 255.0).float().permute(0, 3, 1, 2)
    wanted = (scaled - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
    with torch.no_grad():
        expected = own.forward_head(own.forward_features(wanted), pre_logits=True)
        assert torch.allclose(network.features(encoded(IMAGE, x)), expected, atol=1e-4)


def test_grey_items_fill_three_channels_and_of_four_the_first_three_are_taken(weights):
    network = Pretrained(weights, 3).eval()
    grey = items(4, channels=1).x
    with_a_fourth = np.concatenate([grey, grey, grey, 255 - grey], axis=3)
    with torch.no_grad():
        expected = network(encoded(IMAGE, np.repeat(grey, 3, axis=3)))
        assert torch.allclose(network(encoded(IMAGE, grey)), expected, atol=1e-5)
        assert torch.allclose(network(encoded(IMAGE, with_a_fourth)), expected, atol=1e-5)


def test_items_are_upsampled_to_the_networks_size(weights):
    network = Pretrained(weights, 3)
    assert network.prepared(encoded(IMAGE, items(2, side=9).x)).shape == (2, 3, 32, 32)
    assert "upsampled to 32x32 (bicubic)" in transfer.weights_text(weights)


def test_a_network_without_a_linear_last_layer_is_refused(weights, monkeypatch):
    network = timm.create_model(NETWORK)
    network.get_classifier = lambda: torch.nn.Identity()
    monkeypatch.setattr(transfer, "_load", lambda _: network)
    with pytest.raises(InputError, match="does not end in one linear layer"):
        Pretrained(weights, 3)


def test_lower_layers_learn_ever_more_slowly(weights):
    groups = Pretrained(weights, 3).groups(1.0)
    rates = sorted({round(group["lr"], 9) for group in groups}, reverse=True)
    assert rates[0] == 1.0 and len(rates) > 3
    assert np.allclose(np.array(rates[1:]) / rates[:-1], transfer.LAYER_DECAY)
    assert sum(len(group["params"]) for group in groups) == len(list(Pretrained(weights, 3).parameters()))


# ---- the head ----


def test_fine_tuning_starts_from_the_head_and_leaves_batch_normalisations_statistics(weights):
    real, recipe = items(24), Recipe(IMAGE, NETWORK, 1, 8, Policy(), rate=1e-12)
    features = transfer.frozen_features(weights, real.x)
    start = transfer.starting(weights, Mixture(real, None, 0.0), features)
    network = train(Mixture(real, None, 0.0), recipe, 0, start=start)
    matrix, bias = head_of(features, real.y, np.ones(24))
    assert np.array_equal(predict(IMAGE, network, real.x).argmax(1), (features @ matrix.T + bias).argmax(1))
    before, after = load_file(weights.file), network.network.state_dict()
    statistics = [name for name in before if "running_" in name]
    assert statistics and all(torch.equal(before[name], after[name]) for name in statistics)
    longer = train(Mixture(real, None, 0.0), replace(recipe, rate=1.0, steps=3), 0, start=start)
    assert not torch.equal(longer.network.conv_stem.weight, network.network.conv_stem.weight)


# ---- the arms of a study ----


SMALL = {
    "data": "digits", "preset": "smoke", "trials": 2, "gan_steps": 5, "n_synthetic": 5, "classifier_steps": 5,
    "n_per_class": 4, "transfer_steps": 2, "arms": ("real", "transfer", "transfer+gan"),
}  # fmt: skip


@pytest.mark.slow
def test_without_weights_the_arms_are_left_out_with_a_sentence(tmp_path):
    experiment = Experiment.preview(make_study(**SMALL, output_dir=str(tmp_path)))
    assert not any(arm.pretrained for arm in experiment.settings.arms)
    assert "mobilenetv2_100" in experiment.plan.left_out and experiment.plan.left_out in plan_text(
        plan(experiment.study)
    )


def test_a_study_without_such_arms_says_nothing_of_weights(tmp_path):
    experiment = Experiment.preview(make_study(**SMALL | {"arms": ("real",)}, output_dir=str(tmp_path)))
    assert experiment.settings.weights is None and experiment.plan.left_out == ""


@pytest.fixture
def coloured(tmp_path) -> Path:
    """A set of colour images that a family which looks through a network can make."""
    made = items(60, side=32)
    np.savez(tmp_path / "coloured.npz", train_images=made.x, train_labels=made.y)
    return tmp_path / "coloured.npz"


@pytest.mark.slow
def test_a_family_that_looks_through_a_network_is_trained_with_its_weights(coloured, folder, tmp_path):
    given = SMALL | {"data": str(coloured), "arms": ("real", "real+gan"), "gan": "projected", "gan_steps": 2}
    study = make_study(**given, pretrained=str(folder), output_dir=str(tmp_path / "outputs"))
    experiment = Experiment.open(study)
    trunk = find(str(folder))
    assert experiment.settings.weights is None  # no arm fine-tunes
    fitting = experiment.plan.generator_units[0, "projected"].parameters
    assert fitting["trunk"] == trunk.digest and Path(trunk.file) in experiment.place.seen
    assert "GAN family projected" in plan_text(plan(study))
    for stage in (1, 2, 3):
        assert not experiment.run(stage).failed
    assert experiment.synthetic(0).x.shape[1:] == (32, 32, 3)
    other = Experiment.preview(make_study(**given | {"gan": "style"}, output_dir=str(tmp_path / "outputs")))
    assert other.settings.trunk is None and "trunk" not in other.plan.generator_units[0, "style"].parameters


def test_a_family_that_looks_through_a_network_is_refused_without_it(coloured, tmp_path):
    given = SMALL | {"data": str(coloured), "gan": "projected", "output_dir": str(tmp_path / "outputs")}
    with pytest.raises(InputError, match="projected looks through a pretrained network: the weights of mobilenetv2"):
        Experiment.open(make_study(**given))


@pytest.fixture(scope="module")
def fine_tuned(folder, tmp_path_factory) -> Experiment:
    """A finished study with arms that fine-tune."""
    study = make_study(**SMALL, pretrained=str(folder), output_dir=str(tmp_path_factory.mktemp("outputs")))
    experiment = Experiment.open(study)
    for stage in (1, 2, 3, 4):
        assert not experiment.run(stage).failed
    return experiment


def changed(experiment: Experiment, **changes) -> Experiment:
    return Experiment.preview(make_study(**experiment.study.model_dump() | changes))


def test_arms_that_fine_tune_are_scored_like_the_others(fine_tuned):
    scores = fine_tuned.scores()
    assert {"transfer", "transfer+gan"} <= set(scores["arm"])
    assert (
        fine_tuned.results.probabilities(0, "transfer+gan").shape == fine_tuned.results.probabilities(0, "real").shape
    )
    rows = scores[scores["arm"] == "transfer+gan"]
    assert (rows["n_real"] == 40).all() and (rows["n_synthetic"] == 50).all()


def test_layers_of_the_network_that_gets_gan_images_are_counted_without_its_file(fine_tuned, folder, weights):
    layers = fine_tuned.settings.classifier_layers()
    assert layers["small_cnn"] == 4 and layers[weights.network] == transfer.layers(weights) > 8
    gone = replace(weights, file="/nowhere/model.safetensors")
    assert transfer.layers(gone) == layers[weights.network]
    without = changed(fine_tuned, arms=("real", "transfer"))
    assert weights.network not in without.settings.classifier_layers()


def test_evidence_names_the_network_that_is_fine_tuned(fine_tuned):
    found = read_evidence(fine_tuned)
    assert found.pretrained == NETWORK and found.layers == fine_tuned.settings.classifier_layers()


def test_frozen_features_are_computed_once_per_item(fine_tuned):
    kinds = [unit.kind for unit in fine_tuned.plan.units(4)]
    assert kinds.count("features") == 2 and kinds.count("item_features") == 2
    whole = changed(fine_tuned, n_per_class=None, protocol="folds", trials=None, name="whole")
    assert [unit.kind for unit in whole.plan.units(4)].count("features") == 1


def test_the_gans_items_are_measured_in_its_features_beside_real_ones_and_copies(fine_tuned):
    table = fine_tuned.results.quality()
    rows = table[table["features"] == NETWORK].set_index(["generator", "trial"])
    assert set(rows.index.get_level_values(0)) == {"mlp", *REFERENCE_SETS}
    for trial in (0, 1):
        assert rows.loc["exact copies", trial]["nn_ratio"] == 0 < rows.loc["held-out real", trial]["nn_ratio"]
        assert rows.loc["exact copies", trial]["authenticity"] == 0
    assert set(table[table["features"] == "pixels"]["flagged"]) <= {0.0, 1.0}


def test_what_is_measured_without_weights_stays_where_they_go(fine_tuned):
    without = changed(fine_tuned, pretrained="vgg19")
    assert without.settings.weights is None
    assert all(is_done(without.folder, unit) for stage in (1, 2, 3) for unit in without.plan.units(stage))
    assert NETWORK not in set(without.results.quality()["features"])


def test_classes_that_get_no_synthetic_items_bring_the_features_of_their_own(fine_tuned, tmp_path):
    experiment = changed(fine_tuned, keep_classes=("3",))
    unit = experiment.plan.classifiers[0, "transfer+gan"]
    task = Task(unit, experiment.folder, tmp_path, tmp_path, "cpu", lambda done, total: None)
    dataset, draw = experiment.dataset, experiment.results.draw(0)
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transfer, "starting", lambda weights, mixture, features: found.append(features))
        mixture, _, _ = classifiers.training_of(task, dataset, draw, Configuration())
    x = np.concatenate([mixture.real.x, mixture.synthetic.x])
    expected = transfer.frozen_features(find(experiment.study.pretrained), x)
    assert np.allclose(found[0], expected, atol=1e-4)


def test_other_settings_of_fine_tuning_touch_no_other_unit(fine_tuned):
    later = changed(fine_tuned, transfer_steps=3)
    missing = [u for u in later.plan.all_units() if not is_done(later.folder, u)]
    assert {u.parameters["arm"] for u in missing} == {"transfer", "transfer+gan"}
    assert all(u.kind == "classifier" for u in missing)


@pytest.mark.parametrize("arm", ["transfer+mislabelled", "transfer+gan.truncated"])
def test_an_arm_that_is_tuned_as_another_one_has_its_frozen_features(fine_tuned, arm):
    tuned = changed(fine_tuned, arms=("real", arm), tune=True, name="tuned")
    assert {unit.kind for unit in tuned.plan.units(4)} == {
        "features",
        "item_features",
        "tuning",
        "choice",
        "classifier",
    }


def test_the_plan_says_what_is_fine_tuned(fine_tuned):
    text = plan_text(plan(changed(fine_tuned, name="another").study))
    assert f"Arms named transfer: {NETWORK}, items upsampled to 32x32 (bicubic); 2 steps." in text
    assert "frozen features of real images" in text


def test_the_plan_counts_the_disk_of_every_item_s_features(fine_tuned):
    whole = changed(fine_tuned, n_per_class=None, protocol="folds", trials=None, name="whole")
    for experiment, items in ((fine_tuned, 40), (whole, 1797)):
        unit = next(u for u in experiment.plan.units(4) if u.kind == "features")
        assert disk_bytes(experiment.settings, [unit]) - disk_bytes(experiment.settings, []) == items * FEATURES


# ---- weights that have gone ----


@pytest.fixture
def moved(fine_tuned, folder, tmp_path) -> Path:
    """A copy of the finished study, to be changed, as on a machine without its weights."""
    copy = shutil.copytree(fine_tuned.folder, tmp_path / "outputs" / fine_tuned.folder.name)
    for file in (copy / "study.json", copy / INDEX):
        file.write_text(file.read_text().replace(str(folder), str(tmp_path / "gone")))
    return copy


def test_what_was_fine_tuned_is_found_where_the_weights_have_gone(fine_tuned, moved):
    found = Experiment.open(load_study(moved))
    assert not found.settings.can_fine_tune and found.plan.left_out == ""
    assert [unit.path for unit in found.plan.all_units()] == [unit.path for unit in fine_tuned.plan.all_units()]
    assert found.scores().drop(columns="study").equals(fine_tuned.scores().drop(columns="study"))
    assert write_status(found.results)["state"] == "done" and leftovers(found) == []
    assert transfer_text(found) == transfer_text(fine_tuned)
    assert plan(found.study)["fine_tuning"] == plan(fine_tuned.study)["fine_tuning"]


@pytest.mark.slow
def test_the_trials_that_lack_the_weights_are_left_out_with_a_sentence_and_the_others_stay(moved):
    found = Experiment.open(open_study(moved, trials=3))
    assert found.plan.left_out.startswith("Fine-tuning stays as far as it is: the weights of ")
    assert "put them back" in found.plan.left_out and plan(found.study)["fine_tuning"][-1] == found.plan.left_out
    for stage in (1, 2, 3, 4):
        assert found.run(stage).failed == () and found.results.done(stage) == [0, 1, 2]
    scores = found.scores()
    assert set(scores[scores["arm"] == "transfer"]["trial"]) == {0, 1} and set(scores["trial"]) == {0, 1, 2}
    assert "Fine-tuning stays as far as it is" in publish(found).read_text()


def test_a_fine_tuning_that_has_not_converged_goes_on_and_stays_as_it_is_where_the_weights_have_gone(fine_tuned, moved):
    late = {"classifier_steps_most": 10, "rope": 1e-6, "arms": ("real", "transfer")}
    gone = Experiment.open(open_study(moved, **late))
    assert "transfer" not in gone.plan.doublings and gone.results.probabilities(0, "transfer") is not None
    more = changed(fine_tuned, **late | {"output_dir": str(moved.parent), "name": "late"}).record()
    assert not more.run(4).failed
    first, *_ = more.plan.trainings[0, "transfer"]
    assert first.parameters["cycles"] == [1, 1] and "transfer@half" in set(more.scores()["arm"])
    for unit in more.plan.trainings[0, "transfer"][1:]:
        assert unit.parameters["cycles"] == [1, 1, 2] and unit.need("classifier") is first


def test_where_nothing_was_fine_tuned_in_this_way_all_of_it_is_left_out(moved):
    found = Experiment.open(open_study(moved, transfer_steps=3))
    assert found.plan.left_out.startswith("Fine-tuning is left out: ")
    assert not any(unit.parameters.get("arm", "").startswith("transfer") for unit in found.plan.units(4))


def test_weights_of_the_hub_are_recalled_by_name_and_files_by_place(tmp_path):
    mine = [
        Weights("vgg19", "/cache/model.safetensors", "a", {}, {}), Weights("vgg19", "/w/v.safetensors", "b", {}, {}),
        Weights(NETWORK, "/hub/model.safetensors", "c", {"num_classes": 7}, {}),
    ]  # fmt: skip
    for weights in (mine[1], mine[2], mine[0]):
        transfer.keep(tmp_path, weights)
    names = ("vgg19", "vgg19=/w/v.safetensors", "/hub", "vgg16", "vgg16=/w/v.safetensors", "/other")
    assert [transfer.recall(tmp_path, name) for name in names] == [*mine, None, None, None]
    transfer.keep(tmp_path, changed := replace(mine[0], digest="d"))
    assert transfer.recall(tmp_path, "vgg19") == changed
    transfer.keep(tmp_path, mine[0])  # those in use now
    assert transfer.recall(tmp_path, "vgg19") == mine[0] and transfer.recall(tmp_path / "none", "vgg19") is None


# ---- the real network ----


def test_real_weights_tell_a_cat(mobilenet, shared_data):
    photo = Image.open(shared_data / "mobilenetv2-imagenet" / "test_cat_ccby2_openimages.jpg").convert("RGB")
    x = np.asarray(photo.resize((224, 224), Image.Resampling.BICUBIC))[None]
    at_its_size = replace(mobilenet, settings=mobilenet.settings | {"input_size": [3, 224, 224]})
    with torch.no_grad():
        logits = transfer._load(at_its_size)(Pretrained(at_its_size, 5).prepared(encoded(IMAGE, x)))
    assert 281 <= int(logits.argmax()) <= 285  # ImageNet's cats


@pytest.mark.slow
def test_frozen_features_of_real_weights_tell_flowers_apart(mobilenet, few_flowers):
    """20 photographs per class suffice for more than twice what chance gives on others."""
    pool = read(str(few_flowers), size="48").pool
    rng = np.random.default_rng(0)
    order = [rng.permutation(np.flatnonzero(pool.y == k)) for k in range(5)]
    drawn, unseen = (pool.take(np.concatenate([o[part] for o in order])) for part in (slice(20), slice(20, 40)))
    matrix, bias = head_of(transfer.frozen_features(mobilenet, drawn.x), drawn.y, np.ones(100))
    right = (transfer.frozen_features(mobilenet, unseen.x) @ matrix.T + bias).argmax(1) == unseen.y
    assert right.mean() > 0.45
