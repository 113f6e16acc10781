"""What a study consists of: which units depend on which parameters, the data's copy, status."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import SMOKE
from image_sets import photos
from PIL import Image
from smoke_study import ARMS, changed

from gannb.experiment.experiment import Experiment
from gannb.generators.variations import OF_TRAINING
from gannb.measures.comparison import REFERENCE_SETS
from gannb.media.image import IMAGE
from gannb.study.data_copy import load_data
from gannb.study.folder import load_study, open_study, save_study
from gannb.study.model import Study, make_study
from gannb.units import classifiers
from gannb.utils.errors import InputError
from gannb.work.store import is_done

ALL = {"draw", "mlp", "mlp-items", "mlp-quality", "ruler", "yardsticks", *ARMS}
GAN_ARMS = {"real+gan", "real+gan+classic"}
CLASSIC_ARMS = {arm for arm in ARMS if "classic" in arm}


def missing(experiment: Experiment) -> set[str]:
    """Names of the units that would have to be made, of all trials."""
    return {u.place.rsplit("/", 1)[-1] for u in experiment.plan.all_units() if not is_done(experiment.folder, u)}


def made(experiment: Experiment) -> Counter[str]:
    """Run all stages; count the units made by their names."""
    outcomes = [experiment.run(stage) for stage in (1, 2, 3, 4)]
    assert not any(o.failed or o.blocked for o in outcomes)
    return Counter(u.place.rsplit("/", 1)[-1] for o in outcomes for u in o.made)


def scores(folder: Path, **changes) -> pd.DataFrame:
    table = changed(folder, **changes).scores().drop(columns="seconds")
    return table.sort_values(["trial", "arm", "seed"], ignore_index=True)


# ---- what opening takes ----


def test_a_study_is_opened_and_media_say_what_there_is_without_torch_which_takes_seconds_to_import(finished):
    code = f"""
import sys
from gannb.experiment.experiment import Experiment
from gannb.media import MEDIA, medium_with
from gannb.study.folder import load_study

assert not Experiment.open(load_study({str(finished)!r})).plan.left_out
for name in MEDIA:
    medium = medium_with(name, {{'rate': 8000}} if name == 'audio' else {{}})
    assert medium.families and medium.policies and medium.controls and medium.pretrained and medium.spaces is not None
print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


# ---- which units depend on what ----


def test_a_finished_study_has_nothing_to_do(finished):
    assert missing(changed(finished)) == set()
    assert {u.place.rsplit("/", 1)[-1] for u in changed(finished).plan.all_units()} == ALL


@pytest.mark.parametrize(
    ("change", "units"),
    [
        # the measuring classifier does not follow the classifiers' steps and batches: 05 after 04 alone would have no
        # quality to show
        ({"classifier_steps": 6}, {*ARMS}),
        ({"classifier_seeds": 2}, {*ARMS}),
        ({"classifier": "resnet10t"}, {*ARMS}),
        ({"batch_size": 16}, {*ARMS}),
        ({"gan_steps": 6}, {"mlp", "mlp-items", "mlp-quality", *GAN_ARMS}),
        ({"gan_augmentation": "none"}, {"mlp", "mlp-items", "mlp-quality", *GAN_ARMS}),
        ({"n_synthetic": 6}, {"mlp-items", "mlp-quality", *GAN_ARMS}),
        ({"synthetic_share": 0.5}, GAN_ARMS),
        ({"mix": "replaced"}, GAN_ARMS),
        ({"classifier_steps_most": 5}, set()),  # how far they may go changes none that is there
        ({"augmentation": "none"}, {*CLASSIC_ARMS, "mlp-quality", "yardsticks"}),  # what passes for a copy follows it
        ({"gan": "mlp"}, set()),  # what `auto` stands for
        ({"augmentation": "affine"}, set()),  # likewise
        ({"protocol": "draw"}, set()),
        ({"truncation": 0.5}, set()),  # no arm is truncated
        ({"flow_steps": 9}, set()),  # the GAN is no flow; of one see test_plan.py
        ({"guidance": 2.0}, set()),
        ({"metric": "accuracy"}, set()),
        ({"rope": 0.02}, set()),
        ({"workers": 2}, set()),
        ({"device": "cpu"}, set()),
        ({"seed": 1}, ALL),
        ({"n_per_class": 5}, ALL),
        ({"test_share": 0.3}, ALL),
        ({"size": "12"}, ALL),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_changed_parameter_makes_anew_what_depends_on_it_and_nothing_else(finished, change, units):
    assert missing(changed(finished, **change)) == set(units)


def test_every_parameter_of_the_study_is_covered_above_or_below():
    covered = {
        "classifier_steps", "classifier_seeds", "classifier", "batch_size", "gan_steps", "gan_augmentation",
        "n_synthetic", "synthetic_share", "augmentation", "gan", "protocol", "metric", "rope", "workers", "device",
        "seed", "n_per_class", "test_share", "size", "trials", "arms", "data", "name", "output_dir", "preset",
        "channels", "resize", "groups", "on_bad_image", "truncation", "flow_steps", "guidance", "tune",
        "pretrained", "transfer_steps", "mix", "classifier_steps_most",  # see image/pretrained/test_fine_tuning.py
        "trials_most",  # see test_checks.py
        "positive",  # see test_positive_class.py
        "foreign", "foreign_classes", "related", "related_classes",  # see study/test_external.py
        "unlabelled", "confidence",  # see study/test_unlabelled.py
        "pretrain", "freeze",  # see study/test_tuned.py
        "keep_classes",  # above
        "inception",  # see media/image/test_inception.py
        "held_out",  # see test_open_set.py
        "medium",  # see study/test_model.py
        "engine",  # see work/test_engines.py
        "captions", "new_captions",  # see media/captioned/test_parameters.py
        "rate", "seconds", "on_bad_clip",  # see media/audio/test_parameters.py
        "text_column", "label_column", "max_tokens", "on_bad_text", "temperature",  # see media/text/test_parameters.py
    }  # fmt: skip
    assert set(Study.model_fields) == covered


def test_more_trials_add_trials_and_change_none(finished):
    more = changed(finished, trials=3)
    todo = [u for u in more.plan.all_units() if not is_done(finished, u)]
    assert {u.parameters["trial"] for u in todo} == {2}
    assert {u.place.rsplit("/", 1)[-1] for u in todo} == ALL


@pytest.mark.parametrize(
    ("arm", "units"),
    [
        ("gan", {"gan"}),
        ("real+more", {"real+more"}),
        ("gaussian", {"gaussian", "gaussian-items", "gaussian-quality"}),
        ("real+gaussian", {"real+gaussian", "gaussian", "gaussian-items", "gaussian-quality"}),
        ("real+copies", {"real+copies", "copies", "copies-items", "copies-quality"}),
        ("real+mislabelled", {"real+mislabelled", "mislabelled", "mislabelled-items", "real+copies", "copies",
                              "copies-items", "copies-quality"}),
        ("real+interpolation+classic", {"real+interpolation+classic", "interpolation", "interpolation-items",
                                        "interpolation-quality"}),
    ],
)  # fmt: skip
def test_a_further_arm_makes_only_what_it_needs(finished, arm, units):
    assert missing(changed(finished, arms=(*SMOKE["arms"], arm))) == units


@pytest.mark.parametrize(
    ("change", "units"),
    [
        # a variation is made from the same trained GAN, and measured by itself
        ({"arms": ("real+gan.averaged",)}, {"real+gan.averaged", "mlp.averaged-items", "mlp.averaged-quality"}),
        ({"arms": ("real+gan.by_classifier",)},
         {"real+gan.by_classifier", "judge", "mlp.by_classifier-items", "mlp.by_classifier-quality"}),
        ({"arms": ("gan.fresh",)}, {"gan.fresh"}),
        # smaller doses are a part of the items that are there
        ({"n_synthetic": (2, 5)}, {"real+gan:2+classic"}),
        ({"arms": ("gan:3", "real+gan:3")}, {"gan:3", "real+gan:3"}),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_variations_and_doses_train_no_gan(finished, change, units):
    change = change | {"arms": (*SMOKE["arms"], *change.get("arms", ()))}
    assert missing(changed(finished, **change)) == units


def test_truncation_makes_anew_what_is_truncated(finished):
    arms = ("real", "real+gan.truncated")
    todo = [missing(changed(finished, arms=arms, truncation=t)) for t in (0.5, 1.0)]
    assert todo[0] == todo[1] == {"real+gan.truncated", "mlp.truncated-items", "mlp.truncated-quality"}
    paths = [{u.path for u in changed(finished, arms=arms, truncation=t).plan.all_units()} for t in (0.5, 1.0)]
    assert len(paths[0] ^ paths[1]) == 2 * 2 * 3  # in two trials and two studies


def test_an_arm_left_out_makes_nothing_and_is_no_longer_scored(finished):
    fewer = changed(finished, arms=("real", "real+gan+classic"))
    assert missing(fewer) == set()
    assert "real+gan" not in set(fewer.scores()["arm"])


# ---- the same for real ----


def test_other_classifier_steps_train_no_gan_and_going_back_costs_nothing(smoke):
    before = scores(smoke)
    assert made(Experiment.open(open_study(smoke, classifier_steps=6))) == Counter(dict.fromkeys(ARMS, 2))
    assert not scores(smoke).equals(before)
    assert made(Experiment.open(open_study(smoke, classifier_steps=5))) == Counter()
    pd.testing.assert_frame_equal(scores(smoke), before, check_exact=True)


def test_other_gan_steps_and_a_further_arm_make_what_depends_on_them(smoke):
    expected = {"mlp", "mlp-items", "mlp-quality", *GAN_ARMS, "gan"}
    experiment = Experiment.open(open_study(smoke, gan_steps=6, arms=(*SMOKE["arms"], "gan")))
    assert made(experiment) == Counter(dict.fromkeys(expected, 2))
    assert set(experiment.scores()["arm"]) == {*ARMS, "gan", *(arm.name for arm in experiment.settings.half_arms)}


@pytest.mark.slow
def test_the_same_seed_gives_the_same_scores_in_another_folder_and_with_other_workers(finished, tmp_path):
    study = make_study(**SMOKE | {"workers": 2, "name": "again"}, output_dir=str(tmp_path))
    made(Experiment.open(study))
    first, again = scores(finished), scores(study.folder)
    pd.testing.assert_frame_equal(first.drop(columns="study"), again.drop(columns="study"), check_exact=True)
    for arm in ("real", "real+gan+classic"):
        assert np.array_equal(
            changed(finished).results.probabilities(1, arm), changed(study.folder).results.probabilities(1, arm)
        )


@pytest.mark.slow
def test_every_variation_and_dose_is_trained_and_scored(smoke):
    ways = [way for way in IMAGE.families["mlp"].variations if way not in OF_TRAINING]  # the study has no such items
    arms = [f"real+gan.{way}" for way in ways] + ["gan.fresh", "gan:3"]
    experiment = Experiment.open(open_study(smoke, arms=(*SMOKE["arms"], *arms), n_synthetic=(2, 5)))
    made(experiment)
    table = experiment.scores().groupby("arm").first()
    halves = {arm.name for arm in experiment.settings.half_arms}
    assert set(table.index) == {*ARMS, *arms, "real+gan:2+classic", *halves}
    assert {arm: int(table.loc[arm, "n_synthetic"]) for arm in ("gan:3", "real+gan:2+classic", "gan.fresh")} == {
        "gan:3": 30, "real+gan:2+classic": 20, "gan.fresh": 50
    }  # fmt: skip
    sources = {f"mlp.{way}" for way in ways if way != "fresh"} | {"mlp"}
    assert set(experiment.results.quality()["generator"]) == sources | set(REFERENCE_SETS)
    plain, fewer = experiment.synthetic(0), experiment.synthetic(0, "mlp.truncated")
    assert np.array_equal(plain.y, fewer.y) and not np.array_equal(plain.x, fewer.x)


def test_kept_classes_train_only_the_arms_with_synthetic_items_again(smoke):
    experiment = Experiment.open(open_study(smoke, keep_classes=("8", "3")))
    assert experiment.settings.keep_classes == ("3", "8") and missing(experiment) == GAN_ARMS
    made(experiment)
    table = experiment.scores().set_index("arm")["n_synthetic"]
    assert set(table["real+gan"]) == {10} and set(table["real"]) == {0}
    assert missing(changed(smoke, keep_classes=tuple(map(str, range(10))))) == set()  # all of them: as without


def mixture_of(experiment, arm, root):
    """What an arm's classifiers of the first trial are trained on, and the draw's items."""
    from gannb.trials import splits
    from gannb.work.unit import Task

    unit, draw = experiment.plan.classifiers[0, arm], experiment.results.draw(0)
    task = Task(unit, experiment.folder, root, root, "cpu", lambda done, total: None)
    return classifiers.arm_mixture(task, experiment.dataset, draw)[0], splits.take(experiment.dataset, draw.train)


def test_a_class_that_gets_no_synthetic_items_has_its_own_in_their_places(finished, tmp_path):
    experiment = changed(finished, keep_classes="3")
    mixture, real = mixture_of(experiment, "real+gan", tmp_path)
    made, kept = experiment.synthetic(0), mixture.synthetic.y == 3
    assert np.array_equal(mixture.synthetic.y, made.y) and np.array_equal(mixture.synthetic.x[kept], made.x[kept])
    for k in {0, 9}:
        own = {item.tobytes() for item in real.x[real.y == k]}
        assert {item.tobytes() for item in mixture.synthetic.x[made.y == k]} == own


def test_items_made_anew_for_every_pass_leave_the_other_classes_their_own(finished, tmp_path):
    mixture, _ = mixture_of(changed(finished, keep_classes="3", arms=("real+gan.fresh",)), "real+gan.fresh", tmp_path)
    kept, passes = mixture.synthetic.y == 3, [mixture.synthetic.x, mixture.fresh(1), mixture.fresh(2)]
    for one, other in zip(passes, passes[1:], strict=False):
        assert np.array_equal(one[~kept], other[~kept]) and (one[kept] != other[kept]).any(axis=(1, 2, 3)).all()


@pytest.mark.parametrize(
    ("data", "kept", "says"),
    [
        ("digits", "33", "keep_classes: there is no class '33'; did you mean '3'?"),
        ("digits", "cat", "keep_classes: there is no class 'cat'; the classes are '0', '1', "),
    ],
)
def test_kept_classes_that_are_not_there_are_refused(tmp_path, data, kept, says):
    study = make_study(**SMOKE | {"data": data, "keep_classes": kept, "output_dir": str(tmp_path)})
    with pytest.raises(InputError, match=re.escape(says)):
        Experiment.preview(study)


# ---- data ----


def test_previewing_writes_nothing(tmp_path):
    Experiment.preview(make_study(**SMOKE, output_dir=str(tmp_path / "outputs")))
    assert list(tmp_path.iterdir()) == []


def test_a_name_in_use_with_other_data_is_refused(tmp_path):
    first = make_study(data=str(photos(tmp_path / "a")), name="mine", output_dir=str(tmp_path / "outputs"))
    Experiment.open(first)
    before = (first.folder / "study.json").read_text()
    with pytest.raises(InputError, match="other data") as error:
        Experiment.open(make_study(data=str(photos(tmp_path / "b", seed=1)), name="mine", output_dir=first.output_dir))
    assert "'mine'" in str(error.value) and "name=" in str(error.value)
    assert (first.folder / "study.json").read_text() == before


def test_the_same_images_in_another_place_are_the_same_data(tmp_path):
    first = make_study(data=str(photos(tmp_path / "a")), name="mine", output_dir=str(tmp_path / "outputs"))
    key = Experiment.open(first).settings.data_key
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    second = make_study(data=str(tmp_path / "b"), name="mine", output_dir=first.output_dir)
    assert Experiment.open(second).settings.data_key == key


def test_images_added_to_the_folder_are_other_data(tmp_path):
    study = make_study(data=str(photos(tmp_path / "a")), output_dir=str(tmp_path / "outputs"))
    Experiment.open(study)
    shutil.copy(tmp_path / "a/cat/0.png", tmp_path / "a/dog/new.png")
    with pytest.raises(InputError, match="other data"):
        Experiment.open(study)


def test_images_added_behind_a_link_are_other_data(tmp_path):
    photos(tmp_path / "store")
    (tmp_path / "linked").mkdir()
    for name in ("cat", "dog"):
        (tmp_path / "linked" / name).symlink_to(tmp_path / "store" / name)
    (tmp_path / "store" / "cat" / "back").symlink_to(tmp_path / "store")  # which must not be walked for ever
    study = make_study(data=str(tmp_path / "linked"), output_dir=str(tmp_path / "outputs"))
    Experiment.open(study)
    shutil.copy(tmp_path / "store/cat/0.png", tmp_path / "store/dog/new.png")
    with pytest.raises(InputError, match="other data"):
        Experiment.open(study)


@pytest.mark.parametrize("place", ["a/.gannb", "b"])
def test_a_study_beside_its_data_or_hidden_in_them_is_not(tmp_path, place):
    study = make_study(data=str(photos(tmp_path / "a")), output_dir=str(tmp_path / place))
    key = Experiment.open(study).settings.data_key
    assert Experiment.open(study).settings.data_key == key


@pytest.mark.parametrize("place", ["a", "a/outputs", "a/cat/outputs"])
def test_a_study_within_its_own_data_is_refused(tmp_path, place):
    photos(tmp_path / "a")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=r"within its own data; choose a folder outside of .*output_dir"):
        Experiment.open(make_study(data=str(tmp_path / "a"), output_dir=str(tmp_path / place)))
    assert sorted(tmp_path.rglob("*")) == before


def test_the_copy_is_used_again_without_reading_the_source(tmp_path, monkeypatch):
    study = make_study(data=str(photos(tmp_path / "a")), output_dir=str(tmp_path / "outputs"))
    key = Experiment.open(study).settings.data_key
    monkeypatch.setattr("gannb.media.image.reading.read", lambda *a, **k: pytest.fail("the source was read again"))
    assert Experiment.open(study).settings.data_key == key


def test_a_study_whose_source_is_gone_still_opens(tmp_path):
    study = make_study(data=str(photos(tmp_path / "a")), output_dir=str(tmp_path / "outputs"))
    experiment = Experiment.open(study)
    shutil.rmtree(tmp_path / "a")
    again = Experiment.open(load_study(study.folder))
    assert again.settings.data_key == experiment.settings.data_key
    assert np.array_equal(again.dataset.pool.x, experiment.dataset.pool.x)


def test_a_source_that_is_gone_cannot_be_read_in_another_way(tmp_path):
    study = make_study(data=str(photos(tmp_path / "a")), output_dir=str(tmp_path / "outputs"))
    Experiment.open(study)
    shutil.rmtree(tmp_path / "a")
    with pytest.raises(InputError, match="data"):  # the copy at hand is not of that size
        Experiment.open(open_study(study.folder, size="16"))


def test_a_mistyped_path_is_not_taken_for_a_source_that_is_gone(tmp_path):
    study = make_study(data=str(photos(tmp_path / "a")), name="mine", output_dir=str(tmp_path / "outputs"))
    Experiment.open(study)
    with pytest.raises(InputError, match="no file or folder"):
        Experiment.open(make_study(data=str(tmp_path / "typo"), name="mine", output_dir=study.output_dir))


def test_another_size_keeps_both_copies(tmp_path):
    study = make_study(data=str(photos(tmp_path / "a")), output_dir=str(tmp_path / "outputs"))
    first = Experiment.open(study).settings.data_key
    second = Experiment.open(open_study(study.folder, size="16"))
    assert second.settings.shape == (16, 16, 3) and second.settings.data_key != first
    assert load_data(study)[1] == first


def test_colour_images_have_a_study_too(tmp_path):
    experiment = Experiment.preview(make_study(data=str(photos(tmp_path / "a")), output_dir=str(tmp_path / "outputs")))
    assert (experiment.design.protocol, experiment.settings.shape) == ("folds", (12, 12, 3))
    assert experiment.settings.resolved()["augmentation"] == "affine"
    large = Experiment.preview(make_study(data=str(tmp_path / "a"), size="32", output_dir=str(tmp_path / "outputs")))
    assert large.settings.resolved()["augmentation"] == "flip"
    assert large.family == "projection"


# ---- refused before any work ----


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"gan": "nope"}, "gan: there is no family 'nope'"),
        ({"gan": "mlp", "size": "40"}, "mlp makes images of 2 to 32"),
        ({"arms": ("real", "real+gna")}, "did you mean real\\+gan"),
        ({"classifier": "resnet10x"}, "there is no network 'resnet10x'"),
        ({"n_per_class": 22, "trials": 8}, "class '8' has 174"),
        ({"gan_augmentation": "ada", "augmentation": "none"}, "ada applies the study's augmentation, which is none"),
        ({"device": "cuda:9"}, "device=cuda:9 is not on this machine"),
        ({"arms": ("real+gan:5",)}, "real\\+gan:5 is real\\+gan, since n_synthetic is 5"),
        ({"arms": ("real+gan:50",)}, "takes 50 items per class and the study makes 5; use n_synthetic=5,50"),
        ({"n_synthetic": "balance"}, "n_synthetic=balance is for classes of unequal size"),
        ({"n_synthetic": "many"}, "n_synthetic='many' is not valid"),
        ({"n_synthetic": "5,1"}, "n_synthetic='5,1' is not valid"),
        ({"synthetic_share": 0.05, "batch_size": 4, "mix": "replaced"}, "synthetic_share"),  # no synthetic item in any
        ({"synthetic_share": 0.95, "batch_size": 4, "mix": "replaced"}, "synthetic_share"),  # batch, or no real one
        ({"arms": ("real", "real+classic@half")}, "real\\+classic@half comes with real\\+classic, which is also"),
        ({"classifier_steps_most": 4}, "classifier_steps_most=4 is below the 5 steps"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_what_would_fail_later_is_refused_before_any_work(tmp_path, change, says):
    with pytest.raises(InputError, match=says) as error:
        Experiment.open(make_study(**SMOKE | change, output_dir=str(tmp_path / "outputs")))
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


# ---- its record ----


def test_a_study_says_in_its_folder_what_auto_stood_for(finished):
    record = json.loads((finished / "study.json").read_text())
    assert record["device"] in ("cpu", "cuda") and len(record["fingerprint"]) == 64
    resolved = record["resolved"]
    assert (resolved["protocol"], resolved["n_per_class"], resolved["gan"]) == ("draw", 4, "mlp")
    assert set(resolved["arms"]) == set(ARMS)


def test_opening_again_keeps_the_record_of_the_data(smoke):
    before = json.loads((smoke / "study.json").read_text())["fingerprint"]
    save_study(load_study(smoke))
    assert json.loads((smoke / "study.json").read_text())["fingerprint"] == before


def test_results_go_by_the_studys_own_copy_where_the_source_has_changed(tmp_path, monkeypatch):
    monkeypatch.delenv("GANNB_LAUNCHER", raising=False)
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for i in range(12):
            Image.fromarray(rng.integers(0, 256, (8, 8), np.uint8)).save(tmp_path / "set" / name / f"{i}.png")
    given = {"data": str(tmp_path / "set"), "preset": "smoke", "arms": ("real", "real+gan"), "workers": 1}
    made = Experiment.open(make_study(**given, output_dir=str(tmp_path / "outputs")))
    assert Experiment.open(load_study(made.folder), own_copy=True).remark == ""
    Image.fromarray(rng.integers(0, 256, (8, 8), np.uint8)).save(tmp_path / "set" / "a" / "new.png")
    with pytest.raises(InputError, match="was made with other data"):
        Experiment.open(load_study(made.folder))
    again = Experiment.open(load_study(made.folder), own_copy=True)
    assert "have changed since they were read" in again.remark and len(again.dataset.pool) == 24
    assert [u.key for u in again.plan.all_units()] == [u.key for u in made.plan.all_units()]
    other = load_study(made.folder).model_copy(update={"size": "12"})
    with pytest.raises(InputError, match="was made with other data"):  # no copy was read in that way
        Experiment.preview(other, own_copy=True)
