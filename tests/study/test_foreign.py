"""A GAN trained elsewhere as a source: weights that are never unpickled, and functions that only a person may name."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import safetensors.torch
import torch
from tiny_gans import as_examples, digits_draw

from gannb.analysis.evidence import ExternalSource
from gannb.analysis.external import leakage
from gannb.cli import main
from gannb.data.examples import Examples
from gannb.experiment.experiment import Experiment
from gannb.generators.adversarial.gan import Adversarial
from gannb.generators.external import Foreign
from gannb.generators.interface import Condition, Job
from gannb.generators.registry import load
from gannb.measures.comparison import REFERENCE_SETS
from gannb.media.image import IMAGE
from gannb.media.image.gans.families import FAMILIES
from gannb.report.publish import publish
from gannb.study.folder import load_study, open_study
from gannb.study.foreign import find_weights
from gannb.study.model import make_study
from gannb.study.written import read_yaml
from gannb.utils import trust
from gannb.utils.errors import InputError
from gannb.utils.trust import TRUSTED
from gannb.work.store import is_done

BACKWARDS = ",".join(f"{k}={9 - k}" for k in range(10))
UNITS = {"foreign", "foreign-items", "foreign-quality", "real+foreign+classic"}


@pytest.fixture(autouse=True)
def nobody_has_named_a_function(monkeypatch):
    monkeypatch.setenv(TRUSTED, "{}")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(trust, "_loaded", {})


@pytest.fixture(scope="module")
def gan() -> Adversarial:
    """A GAN of digits, hardly trained."""
    draw = digits_draw(4)
    draw = Examples(draw.x, draw.y, tuple(map(str, range(10))), draw.ids, draw.groups)
    return Adversarial(IMAGE, FAMILIES["mlp"]).fit(draw, Job(2, seed=1))


@pytest.fixture
def saved(gan, tmp_path) -> Path:
    gan.save(tmp_path / "gan")
    return tmp_path / "gan"


def describe(folder: Path, **changes) -> Path:
    """Change the description of a saved generator; None takes a line out."""
    file = folder / "generator.json"
    about = json.loads(file.read_text()) | changes
    file.write_text(json.dumps({k: v for k, v in about.items() if v is not None}))
    return folder


def preview(tmp_path: Path, **given) -> Experiment:
    given = {"data": "digits", "preset": "smoke", "name": "s", "output_dir": str(tmp_path / "outputs"), **given}
    return Experiment.preview(make_study(**given))


def missing(experiment: Experiment) -> set[str]:
    todo = [u for u in experiment.plan.all_units() if not is_done(experiment.folder, u)]
    return {u.place.rsplit("/", 1)[-1] for u in todo}


def module(folder: Path, name: str, text: str) -> None:
    """A module of one function `make`, which makes grey squares, or what the text says."""
    (folder / f"{name}.py").write_text(
        "import numpy as np\n"
        "def make(labels, seed):\n"
        "    rng = np.random.default_rng(seed)\n"
        "    x = rng.integers(0, 20, (len(labels), 8, 8, 1)) + 20 * labels[:, None, None, None]\n"
        f"    return {text}\n"
    )


GREY = "x.astype(np.uint8)"


# ---- weights ----


def test_it_makes_what_the_gan_makes_under_this_study_s_numbers_of_the_classes(gan, saved, tmp_path):
    experiment = preview(tmp_path, foreign=str(saved), foreign_classes=BACKWARDS).record()
    folder = experiment.folder / experiment.settings.external["foreign"].folder
    assert {f.name for f in folder.iterdir()} == {"outside.json", "generator.safetensors"}
    generator = Foreign(IMAGE, folder).fit(experiment.dataset.pool.take([0]), Job(1, 0))
    labels = np.array([0, 9, 3, 3, 5])
    assert np.array_equal(generator.sample(Condition(labels), 7), gan.sample(Condition(9 - labels), 7))
    generator.save(experiment.folder / "trials" / "unit")
    experiment.folder.rename(tmp_path / "moved")
    assert np.array_equal(
        load(tmp_path / "moved" / "trials" / "unit", IMAGE).sample(Condition(labels), 7),
        gan.sample(Condition(9 - labels), 7),
    )


def test_a_class_that_it_lacks_is_said_and_one_of_several_names_has_them_in_turn(gan, saved, tmp_path):
    wish = "0=1,8=,9="
    experiment = preview(tmp_path, foreign=str(saved), foreign_classes=wish).record()
    source = experiment.settings.external["foreign"]
    assert (
        "8 of its 10 classes are used; left out: 8, 9. 3 of this study's 10 classes have none (0, 8, 9)"
        in (source.about["text"])
    )
    generator = Foreign(IMAGE, experiment.folder / source.folder)
    assert np.array_equal(
        generator.sample(Condition(np.array([1, 1, 1, 2])), 3), gan.sample(Condition(np.array([0, 1, 0, 2])), 3)
    )
    assert (generator.most == 0).tolist() == [True, *[False] * 7, True, True]
    with pytest.raises(InputError, match="foreign: it makes no items of class '8'"):
        generator.sample(Condition(np.array([8])), 0)


def test_weights_prepared_by_hand_take_a_family_a_shape_and_names(gan, tmp_path):
    network = gan.networks["average"].state_dict()
    safetensors.torch.save_file({k: v.contiguous() for k, v in network.items()}, tmp_path / "theirs.safetensors")
    about = {"generator": "mlp", "shape": [8, 8, 1], "classes": list("9876543210")}
    (tmp_path / "theirs.json").write_text(json.dumps(about))
    experiment = preview(tmp_path, foreign=str(tmp_path / "theirs.safetensors")).record()
    generator = Foreign(IMAGE, experiment.folder / experiment.settings.external["foreign"].folder)
    assert np.array_equal(generator.sample(Condition(np.arange(10)), 0), gan.sample(Condition(9 - np.arange(10)), 0))


def test_another_study_s_folder_gives_its_first_gan_and_says_that_it_knows_these_images(finished, tmp_path):
    experiment = preview(tmp_path, foreign=str(finished)).record()
    source = experiment.settings.external["foreign"]
    theirs = Experiment.preview(load_study(finished)).generator(0)
    assert np.array_equal(
        Foreign(IMAGE, experiment.folder / source.folder).sample(Condition(np.arange(10)), 4),
        theirs.sample(Condition(np.arange(10)), 4),
    )
    assert source.about["same_data"]


def test_a_study_s_gan_of_outliers_is_not_taken_for_its_gan(saved, gan, tmp_path):
    study, made = tmp_path / "theirs", tmp_path / "theirs" / "trials" / "000"
    own, outliers = made / f"mlp-{'0' * 16}", made / f"mlp-of-outliers-0-{'1' * 16}"
    gan.save(own)
    gan.save(outliers)  # later
    (study / "study.json").write_text(json.dumps({"resolved": {"gan": "mlp"}}))
    assert find_weights(study)[0].parent == own


def test_names_that_a_description_lacks_are_numbers(saved, tmp_path):
    describe(saved, classes=None)
    assert (
        "All of its classes are used."
        in preview(tmp_path, foreign=str(saved)).settings.external["foreign"].about["text"]
    )


def test_a_pickle_is_never_opened(tmp_path):
    class Bomb:
        def __reduce__(self):
            return Path.touch, (tmp_path / "opened",)

    for name in ("g.pt", "g.pth", "g.pkl"):
        (tmp_path / name).write_bytes(pickle.dumps(Bomb()))
        with pytest.raises(InputError, match=f"foreign: {name} is of a kind .* never opened here; save the generator"):
            preview(tmp_path, foreign=str(tmp_path / name))
    (tmp_path / "folder").mkdir()
    (tmp_path / "g.pt").rename(tmp_path / "folder" / "g.pt")
    with pytest.raises(InputError, match="never opened here"):
        preview(tmp_path, foreign=str(tmp_path / "folder"))
    (tmp_path / "g.pth").rename(tmp_path / "folder" / "generator.safetensors")  # under a name that lies
    (tmp_path / "folder" / "generator.json").write_text('{"generator": "mlp", "shape": [8, 8, 1], "n_classes": 10}')
    with pytest.raises(InputError, match="cannot be read as safetensors"):
        preview(tmp_path, foreign=str(tmp_path / "folder"))
    assert not (tmp_path / "opened").exists()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"generator": "stylegan"},
            "of a generator 'stylegan', which is no GAN family; it takes projection, projection_r1, mlp",
        ),
        ({"generator": "copies"}, "'copies', which is no GAN family"),
        ({"generator": ["mlp"]}, "is no GAN family"),
        ({"generator": "dcgan"}, "do not fit family dcgan"),
        ({"shape": [10, 8, 1]}, "makes items of 10x8x1, and this study has 8x8x1; set size=10x8"),
        ({"shape": [8, 8, 3]}, "set channels=3"),
        ({"shape": [8, 8]}, "give the height, width and channels"),
        ({"shape": [8, 8, "1"]}, "give the height, width and channels"),
        ({"shape": [10**9, 10**9, 1]}, "makes images of 2 to 32 pixels a side"),
        ({"n_classes": 10**12}, "n_classes 1000000000000; give the number"),
        ({"n_classes": 9}, "says n_classes 9 and 10 names"),
        ({"n_classes": 3, "classes": list("012")}, "do not fit family mlp"),
        ({"classes": list("abcdefghij")}, r"none of its classes .* foreign_classes=a=0"),
        ({"classes": list("0123456788")}, "says n_classes 10 and 9 names"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_in_a_sentence(changes, says, saved, tmp_path):
    with pytest.raises(InputError, match=f"foreign: .*{says}") as caught:
        preview(tmp_path, foreign=str(describe(saved, **changes)))
    assert "\n" not in str(caught.value)


def test_damaged_weights_and_files_that_are_not_there_are_refused(saved, tmp_path):
    file = saved / "generator.safetensors"
    tensors = safetensors.torch.load_file(file)
    tensors["average.layers.0.weight"][0, 0] = torch.nan
    safetensors.torch.save_file(tensors, file)
    with pytest.raises(InputError, match="some of the weights are not finite"):
        preview(tmp_path, foreign=str(saved))
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(InputError, match="cannot be read as safetensors"):
        preview(tmp_path, foreign=str(saved))
    (saved / "generator.json").write_text("[")
    with pytest.raises(InputError, match="generator.json cannot be read"):
        preview(tmp_path, foreign=str(saved))
    (saved / "generator.json").unlink()
    for path in (saved, file, tmp_path / "nowhere", tmp_path / "nowhere.safetensors"):
        with pytest.raises(InputError, match="foreign: there is no .*give the folder of another study"):
            preview(tmp_path, foreign=str(path))
    (tmp_path / "g.npz").write_bytes(b"")
    (tmp_path / "g.json").write_text("{}")
    with pytest.raises(InputError, match="g.npz is no .safetensors file"):
        preview(tmp_path, foreign=str(tmp_path / "g.npz"))


# ---- functions: who may name them ----


def test_a_file_that_may_come_from_somebody_else_cannot_name_a_function(tmp_path, monkeypatch, capsys):
    module(tmp_path, "theirs_in_yaml", GREY)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text("data: digits\nforeign: theirs_in_yaml:make\n")
    with pytest.raises(InputError, match=r"runs Python code, so it is not taken from a file.*--set foreign=theirs_in"):
        read_yaml(tmp_path / "study.yaml")
    assert main(["plan", str(tmp_path / "study.yaml")]) == 2
    assert "theirs_in_yaml" not in sys.modules and "--set foreign=theirs_in_yaml:make" in capsys.readouterr().err


def test_a_study_s_folder_cannot_name_one_and_the_command_line_can(smoke, tmp_path, monkeypatch, capsys):
    module(tmp_path, "named_by_hand", GREY + "\n(__import__('pathlib').Path(__file__).parent / 'ran').touch()")
    monkeypatch.chdir(tmp_path)
    record = json.loads((smoke / "study.json").read_text())
    record["set"]["foreign"] = "named_by_hand:make"
    (smoke / "study.json").write_text(json.dumps(record))
    assert main(["run", str(smoke)]) == 2
    assert "add --set foreign=named_by_hand:make" in capsys.readouterr().err
    assert not (tmp_path / "ran").exists()
    told = lambda study: Experiment.preview(study).settings.external["foreign"].about["text"]  # noqa: E731
    monkeypatch.setattr("gannb.experiment.estimate.plan", told)
    monkeypatch.setattr("gannb.experiment.estimate.plan_text", str)
    assert main(["plan", str(smoke), "--set", "foreign=named_by_hand:make"]) == 0
    assert (tmp_path / "ran").exists() and "The function named_by_hand:make" in capsys.readouterr().out


@pytest.mark.parametrize("path", ["no_such_module:make", "no.such.module:make", "sys:exit", "__main__:make"])
def test_a_function_that_cannot_be_found_is_refused(path, tmp_path):
    with pytest.raises(
        InputError, match="foreign: .*(cannot be imported|there is no Python file|is of the running program)"
    ):
        open_study(tmp_path / "s", foreign=path)


def test_a_module_whose_name_is_taken_is_refused(tmp_path, monkeypatch):
    module(tmp_path, "taken", GREY)
    monkeypatch.chdir(tmp_path)
    trust.trust("taken:make")
    monkeypatch.setitem(sys.modules, "taken", SimpleNamespace(__file__="/elsewhere/taken.py", make=len))
    with pytest.raises(InputError, match="another module taken is in use"):
        preview(tmp_path, foreign="taken:make")


# ---- functions: what they have to do ----


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x / 255", "returned float64; it takes labels"),
        ("x.astype(np.uint8)[1:]", r"returned shape \(19, 8, 8, 1\) for 20 labels"),
        ("x.astype(np.uint8)[..., 0]", r"returned shape \(20, 8, 8\)"),
        ("np.repeat(x, 2, axis=1).astype(np.uint8)", "makes items of 16x8x1, and this study has 8x8x1; set size=16x8"),
        ("(x > 60).astype(np.uint8)", "makes values of 0 to 1; give grey levels of 0 to 255"),
        ("np.random.randint(0, 255, x.shape, dtype=np.uint8)", "other items for the same labels and seed"),
        ("1 / 0", r"failed on 20 labels \(ZeroDivisionError: division by zero\); it takes labels"),
        ("x\nraise ImportError('needs more')", r"cannot be imported \(ImportError: needs more\)"),
        ("x\ndel make", "has no function make"),
    ],
)
def test_a_function_that_breaks_the_contract_is_refused_before_any_work(text, says, tmp_path, monkeypatch, request):
    name = f"breaks_{request.node.callspec.indices['text']}"
    module(tmp_path, name, text)
    monkeypatch.chdir(tmp_path)
    trust.trust(f"{name}:make")
    with pytest.raises(InputError, match=f"foreign: .*{says}"):
        preview(tmp_path, foreign=f"{name}:make")
    assert not (tmp_path / "outputs").exists()


def test_its_classes_have_the_names_that_it_says_or_numbers(tmp_path, monkeypatch):
    module(tmp_path, "says_names", GREY + "\nmake.classes = np.array(['one', '0', '2', 'none'])")
    monkeypatch.chdir(tmp_path)
    trust.trust("says_names:make")
    experiment = preview(tmp_path, foreign="says_names:make", foreign_classes="one=1").record()
    source = experiment.settings.external["foreign"]
    assert source.about["labels"] == [[1], [0], [2], *[[]] * 7]
    items = Foreign(IMAGE, experiment.folder / source.folder).sample(Condition(np.array([0, 1, 2])), 5)
    assert (items.min((1, 2, 3)) // 20).tolist() == [1, 0, 2]  # asked by its own numbers
    module(tmp_path, "says_none", GREY)
    trust.trust("says_none:make")
    assert preview(tmp_path, foreign="says_none:make").settings.external["foreign"].about["labels"] == [
        [k] for k in range(10)
    ]
    photos = as_examples(np.arange(64 * 8 * 8, dtype=np.uint8).reshape(64, 8, 8, 1), np.arange(64) % 2)
    from gannb.study.foreign import _names_of

    with pytest.raises(InputError, match="does not name its classes; .* foreign_classes=0=class 0,1=class 1"):
        _names_of(len, make_study(foreign="says_none:make"), photos.classes)


def test_a_changed_file_is_another_function_and_only_its_units_are_made_anew(smoke, tmp_path, monkeypatch):
    module(tmp_path, "changes", GREY)
    monkeypatch.chdir(tmp_path)
    before = Experiment.open(open_study(smoke, foreign="changes:make"))
    assert missing(before) == UNITS
    first = Foreign(IMAGE, before.folder / before.settings.external["foreign"].folder)
    assert first.sample(Condition(np.array([1])), 0).min() >= 20
    module(tmp_path, "changes", "(x + 100).astype(np.uint8)")
    after = Experiment.open(open_study(smoke, foreign="changes:make"))
    keys = [{u.place: u.key for u in e.plan.all_units()} for e in (before, after)]
    assert {place.rsplit("/", 1)[-1] for place in keys[0] if keys[0][place] != keys[1][place]} == UNITS
    with pytest.raises(InputError, match="has changed since it was checked"):
        first.sample(Condition(np.array([1])), 0)
    assert (
        Foreign(IMAGE, after.folder / after.settings.external["foreign"].folder)
        .sample(Condition(np.array([1])), 0)
        .min()
        >= 120
    )


# ---- in a study ----


@pytest.mark.slow
def test_a_finished_study_shows_them_apart_and_opens_without_the_function(smoke, tmp_path, monkeypatch):
    module(tmp_path, "whole_way", GREY)
    monkeypatch.chdir(tmp_path)
    experiment = Experiment.open(open_study(smoke, foreign="whole_way:make"))
    assert not any(experiment.run(stage).failed for stage in (2, 3, 4))
    page = publish(experiment).read_text()
    unknown, same_data = (leakage(IMAGE.nouns, ExternalSource(same_data=same)) for same in (False, True))
    assert unknown in page and same_data not in page and "GAN trained elsewhere" in page
    assert set(experiment.results.quality()["generator"]) - {*REFERENCE_SETS} == {"mlp", "foreign"}
    monkeypatch.setenv(TRUSTED, "{}")
    (tmp_path / "whole_way.py").unlink()
    again = Experiment.preview(load_study(smoke))
    assert (
        missing(again) == set()
        and again.settings.external["foreign"].key == experiment.settings.external["foreign"].key
    )
    with pytest.raises(InputError, match="add --set foreign=whole_way:make"):
        Experiment.preview(open_study(smoke, n_synthetic=6))
