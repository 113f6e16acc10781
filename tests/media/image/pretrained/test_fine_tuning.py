"""Studies that fine-tune a pretrained network, from its weights to the page."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_networks import NETWORK, items

from gannb.analysis.evidence import read as read_evidence
from gannb.experiment.cleanup import leftovers
from gannb.experiment.estimate import FEATURES, disk_bytes, plan, plan_text
from gannb.experiment.experiment import Experiment
from gannb.experiment.status import write_status
from gannb.measures.comparison import REFERENCE_SETS
from gannb.media.image import pretrained as transfer
from gannb.media.image.pretrained import find
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
    for experiment, n in ((fine_tuned, 40), (whole, 1797)):
        unit = next(u for u in experiment.plan.units(4) if u.kind == "features")
        assert disk_bytes(experiment.settings, [unit]) - disk_bytes(experiment.settings, []) == n * FEATURES


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
