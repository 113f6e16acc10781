"""GANs that have learnt from others first, in a study: related items (`pretrain`), or elsewhere (`foreign.tuned`)."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
from image_sets import folder_of_classes
from PIL import Image
from tiny_gans import digits_draw

from gannb.analysis.evidence import gather
from gannb.analysis.external import external, facts
from gannb.analysis.verdict import decide
from gannb.data.examples import Examples
from gannb.experiment.cleanup import leftovers
from gannb.experiment.estimate import copies_bytes, expected_seconds
from gannb.experiment.experiment import Experiment
from gannb.generators.adversarial.gan import Adversarial
from gannb.generators.interface import Condition, Job
from gannb.generators.registry import load
from gannb.media.image import IMAGE
from gannb.media.image.gans.families import FAMILIES
from gannb.study.folder import open_study
from gannb.study.model import make_study
from gannb.utils import trust
from gannb.utils.errors import InputError
from gannb.work.store import execute, is_done

RNG = np.random.default_rng(0)
TEN = tuple(map(str, range(10)))


def scenes(n: int, side: int = 32) -> np.ndarray:
    """Smooth pictures (n, side, side) that differ much from each other."""
    small = [Image.fromarray(item) for item in RNG.integers(0, 256, (n, 4, 4), dtype=np.uint8)]
    return np.stack([np.asarray(item.resize((side, side), Image.Resampling.BICUBIC)) for item in small])


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Path:
    """A data set of three classes of pictures, with a given test set."""
    root = tmp_path_factory.mktemp("own")
    for part in ("train", "test"):
        folder_of_classes(root / part, cat=scenes(8), dog=scenes(8), hen=scenes(8))
    return root


def preview(own: Path, tmp_path: Path, **given) -> Experiment:
    given = {"preset": "smoke", "name": "s", "output_dir": str(tmp_path / "outputs"), **given}
    return Experiment.preview(make_study(data=str(own), **given))


@pytest.fixture(scope="module")
def gan(tmp_path_factory) -> Path:
    """The folder of a GAN of digits, hardly trained."""
    draw, folder = digits_draw(4), tmp_path_factory.mktemp("gan")
    draw = Examples(draw.x, draw.y, TEN, draw.ids, draw.groups)
    Adversarial(IMAGE, FAMILIES["mlp"]).fit(draw, Job(2, seed=1)).save(folder)
    return folder


def digits(tmp_path: Path, **given) -> Experiment:
    return preview("digits", tmp_path, **given)


# ---- what a GAN learns first ----


def test_related_items_of_any_class_are_learnt_and_nothing_that_the_study_has_itself(own, tmp_path):
    tested = np.stack([np.asarray(Image.open(own / "test" / "hen" / f"{n}.png")) for n in range(2)])
    near = np.clip(tested.astype(int) + 3, 0, 255).astype(np.uint8)
    classes = {"cat": scenes(3), "wolf": scenes(2), "car": scenes(4), "bus": np.concatenate([tested, near, scenes(2)])}
    given = {"related": str(folder_of_classes(tmp_path / "r", **classes)), "pretrain": "related", "n_per_class": 4}
    source = preview(own, tmp_path, **given, related_classes="wolf=dog,car=").settings.external["pretrain"]
    assert (source.about["names"], source.about["labels"]) == (["cat", "dog", "bus"], [[0], [1], []])
    assert source.about["items"] == 7 and source.classes == ("cat", "dog", "hen")
    assert "From r, 7 of 15 images, of the classes cat, dog, bus; 2 of this study's 3 classes" in source.about["text"]
    assert "4 that are identical or nearly identical to images of this study were left out" in source.about["text"]
    held = preview(own, tmp_path, **given, related_classes="wolf=dog", held_out="hen").settings.external["pretrain"]
    assert held.about["names"] == ["cat", "dog"]  # a bus may be a hen by another name


def test_what_cannot_be_learnt_first_is_refused_in_a_sentence(own, tmp_path):
    related = {"related": str(folder_of_classes(tmp_path / "r", cat=scenes(5)))}
    with pytest.raises(InputError, match="pretrain=related takes related items; give related=..., or leave"):
        preview(own, tmp_path, pretrain="related")
    with pytest.raises(InputError, match="of the 5 images in r, 5 are left to learn from, of classes: 1; a GAN needs"):
        preview(own, tmp_path, pretrain="related", **related)
    with pytest.raises(InputError, match=r"arms: real\+gan.tuned needs pretrain, and the study has none; give"):
        preview(own, tmp_path, **related, arms=("real", "real+gan.tuned"))
    folder_of_classes(tmp_path / "r", bus=scenes(3))
    for family in ("flow", "dcgan_per_class"):
        with pytest.raises(
            InputError, match=rf"pretrain: {family} cannot learn from others first .* \(gan=projection,"
        ):
            preview(own, tmp_path, pretrain="related", gan=family, **related)


# ---- a GAN trained elsewhere ----


TUNED = {"arms": ("real", "foreign.tuned")}


def test_a_gan_without_its_discriminator_cannot_go_on(gan, tmp_path):
    whole = digits(tmp_path, foreign=str(gan), **TUNED)
    assert whole.settings.external["foreign"].about["goes_on"]
    alone = Path(shutil.copytree(gan, tmp_path / "alone"))
    tensors = safetensors.torch.load_file(alone / "generator.safetensors")
    kept = {name: value for name, value in tensors.items() if name.startswith("average.")}
    for changed in (kept, kept | {"discriminator.layers.1.bias": tensors["grids"]}):  # none, and one that does not fit
        safetensors.torch.save_file(changed, alone / "generator.safetensors")
        with pytest.raises(
            InputError, match=r"arms: foreign.tuned .* beside its generator there is no discriminator of"
        ):
            digits(tmp_path, foreign=str(alone), **TUNED)
        assert digits(tmp_path, foreign=str(alone)).settings.external["foreign"].key  # its items can be had


@pytest.mark.parametrize(
    ("family", "says"), [("flow", "that has no meaning for flow"), ("dcgan_per_class", "no meaning")]
)
def test_a_family_that_cannot_go_on_says_so(family, says, tmp_path):
    draw = digits_draw(4)
    draw = Examples(draw.x, draw.y, TEN, draw.ids, draw.groups)
    IMAGE.trained(family)(IMAGE, IMAGE.families[family]).fit(draw, Job(1, seed=1)).save(tmp_path / "gan")
    with pytest.raises(InputError, match=f"that has no meaning for {family}"):
        digits(tmp_path, foreign=str(tmp_path / "gan"), **TUNED)


def test_a_function_cannot_go_on_and_nothing_does_where_there_is_none(gan, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"arms: foreign.tuned needs foreign, and the study has none"):
        digits(tmp_path, **TUNED)
    (tmp_path / "made_up.py").write_text(
        "import numpy as np\n\ndef make(labels, seed):\n    rng = np.random.default_rng(seed)\n"
        "    return rng.integers(0, 255, (len(labels), 8, 8, 1)).astype(np.uint8)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(trust.TRUSTED, "{}")
    monkeypatch.setattr(trust, "_loaded", {})
    trust.trust("made_up:make")
    with pytest.raises(InputError, match="arms: foreign.tuned .*a function makes images, and has nothing to train"):
        digits(tmp_path, foreign="made_up:make", foreign_classes="0=0,1=1", **TUNED)
    with pytest.raises(InputError, match=r"there is no arm 'foreign.fresh'"):
        digits(tmp_path, foreign=str(gan), arms=("real", "foreign.fresh"))


# ---- in a study ----


MAPPING = ",".join(f"d{k}={k}" for k in range(8))
NEW = {  # units, by the last part of their place
    "foreign", "foreign-items", "foreign-quality", "real+foreign+classic",
    "foreign.tuned", "foreign.tuned-items", "foreign.tuned-quality", "real+foreign.tuned+classic",
    "related", "related-items", "related-quality", "real+related+classic", "real+related.before+classic",
    "mlp.pretrain", "mlp.tuned", "mlp.tuned-items", "mlp.tuned-quality", "real+gan.tuned+classic",
    "copies", "copies-items", "copies-quality", "real+copies.before+classic",
}  # fmt: skip


def missing(experiment: Experiment) -> set[str]:
    todo = [u for u in experiment.plan.all_units() if not is_done(experiment.folder, u)]
    return {u.place.rsplit("/", 1)[-1] for u in todo}


@pytest.fixture(scope="module")
def made(finished, gan, tmp_path_factory) -> Experiment:
    """A smoke study with GANs that go on beside the plain one, all of whose units are made. To be read only."""
    root = tmp_path_factory.mktemp("tuned")
    study, draw = Path(shutil.copytree(finished, root / "outputs" / finished.name)), digits_draw(5)
    noisy = np.clip(draw.x[..., 0].astype(int) + RNG.integers(-30, 30, draw.x.shape[:3]), 0, 255).astype(np.uint8)
    letters = RNG.integers(0, 256, (4, 8, 8), dtype=np.uint8)
    related = folder_of_classes(root / "more", **{f"d{k}": noisy[draw.y == k] for k in range(8)}, letter=letters)
    arms = ("real", "real+gan", "real+gan+classic", "real+foreign.tuned+classic")
    given = {"related": str(related), "related_classes": MAPPING, "pretrain": "related", "foreign": str(gan)}
    experiment = Experiment.open(open_study(study, **given, foreign_classes="3=4,4=3", arms=arms))
    assert missing(experiment) - NEW == set() and NEW - missing(experiment) <= {"copies", "copies-items"}
    todo = [unit for unit in experiment.plan.all_units() if not is_done(experiment.folder, unit)]
    errors = [execute(experiment.folder, unit, "cpu") for unit in todo]
    assert not any(errors), errors
    return experiment


@pytest.mark.slow
def test_the_pretrained_gan_is_one_for_all_trials_and_each_draw_s_goes_on_from_it(made):
    plan = made.plan
    tuned = [plan.generator_units[t, "mlp.tuned"] for t in made.plan.trials]
    (first,) = {need for unit in tuned for need in unit.needs if need.kind == "pretraining"}
    assert first in plan.units(2) and first.parameters["gan_steps"] == tuned[0].parameters["gan_steps"]
    learnt = load(made.folder / first.path, IMAGE)
    assert learnt.classes == (*TEN[:8], "letter") and learnt.n_classes == 9
    assert made.generator(0, "mlp.tuned").n_classes == 10
    assert all(unit.parameters["frozen"] == 0.5 for unit in tuned)
    assert expected_seconds(made.settings, first, {"mlp": 7.0}) == 7.0


@pytest.mark.slow
def test_a_foreign_gan_goes_on_in_the_study_s_classes_with_layers_frozen(made, gan):
    unit = made.plan.generator_units[0, "foreign.tuned"]
    assert [need.kind for need in unit.needs] == ["draw"] and unit.parameters["generator"] == "mlp"
    theirs, ours = load(gan, IMAGE), made.generator(0, "foreign.tuned")
    name = "layers.1.parametrizations.weight.original"  # the lowest layer of three
    before, after = (each.networks["discriminator"].state_dict() for each in (theirs, ours))
    assert np.array_equal(before[name], after[name]) and not np.array_equal(
        before["head.label.bias"], after["head.label.bias"]
    )
    labels = np.array([3, 4, 4])
    kept = load(made.results.generator_folder(0, "foreign"), IMAGE)
    assert np.array_equal(kept.sample(Condition(labels), 5), theirs.sample(Condition(np.array([4, 3, 3])), 5))


@pytest.mark.slow
def test_they_are_compared_with_what_they_learnt_from_and_the_verdict_says_so(made):
    roles = {(c.arm, c.against): c.role for c in made.settings.contrasts}
    gan, foreign = "real+gan.tuned+classic", "real+foreign.tuned+classic"
    assert roles[gan, "real+classic"] == roles[gan, "real+related.before+classic"] == "secondary"
    assert roles[foreign, "real+classic"] == roles[foreign, "real+foreign+classic"] == "secondary"
    assert roles[gan, "real+gan+classic"] == roles[foreign, "real+gan+classic"] == "exploratory"
    evidence = gather(made)
    assert decide(evidence).answer
    said = {row.source: row.sentence for row in external(evidence)}
    assert "Images of a GAN that has learnt from such first made" in said["related"]
    assert "Images of the same GAN, fine-tuned on the draw, made" in said["foreign"]
    told = dict(facts(evidence))
    assert "of the classes 0, 1, 2" in told["GAN pretrained on related ones"] and "FreezeD" in told["Fine-tuned GANs"]
    assert set(made.settings.gans) == {"mlp", "mlp.tuned", "foreign.tuned"} and made.settings.families == ["mlp"]


@pytest.mark.slow
def test_other_choices_change_no_other_unit_and_what_is_kept_is_no_leftover(made):
    before = {u.place: u.key for u in made.plan.all_units()}
    assert not leftovers(made) and copies_bytes(made.settings) > 84 * 64
    other = Experiment.preview(open_study(made.folder, freeze=0.0))
    after = {u.place: u.key for u in other.plan.all_units()}
    changed = {place.rsplit("/", 1)[-1] for place in before if before[place] != after[place]}
    assert changed == {name for name in NEW if ".tuned" in name}
    Path(made.study.related).rename(Path(made.study.related).with_name("elsewhere"))
    assert {u.place: u.key for u in Experiment.preview(open_study(made.folder)).plan.all_units()} == before
    Path(made.study.related).with_name("elsewhere").rename(Path(made.study.related))
