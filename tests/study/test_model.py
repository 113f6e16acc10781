"""The study: parameters, presets, files."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from toy_parameters import VECTORS, only

from gannb.media import MEDIA
from gannb.media.image import IMAGE
from gannb.study.folder import open_study, save_study
from gannb.study.model import PRESETS, STAGES, General, Study, choices, make_study, recognised, study_model
from gannb.utils.errors import InputError


def message(**given) -> str:
    """The sentence with which a study is refused."""
    with pytest.raises(InputError) as error:
        make_study(**given)
    return str(error.value)


# ---- defaults and presets ----


def test_without_parameters_it_is_the_default_study_of_digits():
    study = make_study()
    assert (study.data, study.name, study.preset) == ("digits", "digits", "laptop")
    assert (study.trials, study.classifier_seeds) == (None, 1)
    assert (study.metric, study.rope, study.synthetic_share) == ("balanced_accuracy", 0.01, 0.25)
    assert study.protocol == study.gan == study.augmentation == study.device == "auto"
    assert study.n_per_class is study.gan_steps is study.classifier_steps is None  # by the data


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_sets_sizes_and_steps_together(preset):
    study = make_study(preset=preset)
    assert {name: getattr(study, name) for name in PRESETS[preset]} == PRESETS[preset]


def test_the_defaults_of_the_fields_are_those_of_the_default_preset():
    assert {name: Study.model_fields[name].default for name in PRESETS["laptop"]} == PRESETS["laptop"]


def test_what_is_set_by_hand_wins_over_the_preset():
    study = make_study(preset="smoke", trials=5)
    assert study.trials == 5
    assert study.n_synthetic == PRESETS["smoke"]["n_synthetic"]


def test_switching_the_preset_later_keeps_what_was_set_by_hand(tmp_path):
    save_study(make_study(output_dir=str(tmp_path), preset="smoke", trials=5))
    later = open_study(tmp_path / "digits", preset="laptop")
    assert later.trials == 5
    assert later.n_synthetic == PRESETS["laptop"]["n_synthetic"]


def test_a_parameter_that_is_none_is_as_if_it_were_not_given():
    assert make_study(n_synthetic=None, preset="smoke").n_synthetic == PRESETS["smoke"]["n_synthetic"]


def test_every_parameter_has_a_stage_and_a_meaning():
    for name, field in Study.model_fields.items():
        assert field.json_schema_extra["stage"] in STAGES, name
        assert field.description, name


def test_a_study_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        make_study().trials = 3


# ---- refusals ----


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("gan_step", "gan_steps"), ("trial", "trials"), ("classifer", "classifier"), ("n_per_clas", "n_per_class")],
)
def test_an_unknown_parameter_is_refused_with_the_nearest_name(wrong, right):
    assert message(**{wrong: 3}) == f"There is no parameter {wrong}; did you mean {right}?"


@pytest.mark.parametrize("name", Study.model_fields)
def test_a_refusal_ends_as_a_sentence_does(name):
    text = message(**{name: {"a": 1}})
    assert re.search(r"[^.?][.?]$", text), text


def test_an_unknown_parameter_like_no_other_is_refused_with_where_all_names_are_told():
    assert message(zzzzqqq=1) == (
        "There is no parameter zzzzqqq; `gannb parameters` lists those that this version has."
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("trials", "many"), ("trials", 1), ("trials", 2.5), ("trials", [3]), ("seed", -1), ("seed", 2**32),
        ("test_share", 0.9), ("test_share", "half"), ("synthetic_share", 0), ("synthetic_share", 1),
        ("classifier", []), ("pretrained", ""), ("transfer_steps", 0),
        ("gan_steps", 0), ("n_synthetic", 0), ("n_per_class", 1), ("classifier_steps", 1), ("batch_size", 1),
        ("rope", 0), ("rope", float("nan")), ("workers", -1), ("preset", "huge"), ("preset", ["smoke"]),
        ("metric", "f1"), ("channels", 2), ("resize", "squash"), ("protocol", "bootstrap"), ("on_bad_image", "ignore"),
        ("augmentation", "strong"), ("gan_augmentation", "strong"), ("device", "gpu"), ("device", "cuda:x"),
        ("data", ["digits"]), ("arms", 3), ("arms", {"real": 1}), ("seed", True), ("name", "a/b"),
        ("name", ".."), ("name", "."), ("name", " a"), ("name", "a" * 201), ("name", "\udcff"), ("name", "a\nb"),
        ("data", "~nobody-here/x"), ("output_dir", "a\0b"), ("held_out", [True]), ("arms", [None]),
        ("gan_steps", "1e400"), ("trials", "0x10"), ("gan_steps", "1.5"), ("trials", "12:30"), ("channels", "2"),
    ],
)  # fmt: skip
def test_an_ill_typed_or_impossible_value_is_refused_in_one_sentence_that_names_it(name, value):
    text = message(**{name: value})
    assert name in text
    assert "\n" not in text and text.endswith((".", "?")) and len(text) < 400
    assert not re.search("[Ii]nput should|[Ss]tring should|pattern|tuple|integer|unable to", text), text


def test_a_refusal_says_what_the_parameter_is():
    assert Study.model_fields["trials"].description in message(trials="many")


def test_cross_validation_takes_no_n_per_class():
    text = message(protocol="folds", n_per_class=8)
    assert "n_per_class" in text and "cross-validation" in text


@pytest.mark.parametrize("size", [64, "64", "96x64"])
def test_a_size_may_be_written_as_a_number_or_as_text(size):
    assert make_study(size=size).size == str(size)


def test_arms_may_be_written_with_commas():
    assert make_study(arms="real, real+gan").arms == make_study(arms=["real", "real+gan"]).arms == ("real", "real+gan")


@pytest.mark.parametrize(
    ("share", "mix", "has"),
    [(0.01, "replaced", "4 real and 0"), (0.99, "replaced", "0 real and 4"), (0.01, "added", "4 real and 1")],
)
def test_a_share_that_whole_items_of_a_batch_cannot_have_is_refused(share, mix, has):
    assert has in message(synthetic_share=share, batch_size=4, mix=mix)
    assert make_study(synthetic_share=0.99, batch_size=4).mix == "added"
    assert make_study(synthetic_share=share, batch_size=128, mix=mix)


# ---- media and their parameters ----


@pytest.fixture
def two_media() -> Iterator[type[General]]:
    """The model of a study where there are vectors as well as images."""
    with only(IMAGE, VECTORS):
        yield study_model(MEDIA.values())


def test_with_one_medium_a_study_is_of_that_whatever_its_data_are():
    assert make_study(data="no/such/folder").medium == make_study(medium="image").medium == "image"


def test_a_study_has_the_general_parameters_and_those_of_every_medium_at_one_level(two_media):
    own = [*IMAGE.parameters.model_fields, *VECTORS.parameters.model_fields]
    assert sorted(two_media.model_fields) == sorted([*General.model_fields, *own])
    assert not set(own) & set(General.model_fields)
    study = two_media(data="a.vec", length=3)
    assert (study.length, study.scale, study.medium, study.classifier) == (3, "none", "vector", ("tiny_mlp",))
    assert [arm for arm in make_study().arms if arm not in study.arms] == [  # of which it has no such items
        "real+interpolation+classic", "real+mislabelled+classic",
    ]  # fmt: skip
    assert two_media.model_fields["length"].json_schema_extra["stage"] == 1
    assert two_media(**study.changes()) == study  # as study.json keeps it
    assert sorted(study.applying()) == sorted([*General.model_fields, *VECTORS.parameters.model_fields])
    names = study.applying()
    assert names.index("test_share") < names.index("length") < names.index("gan")  # by stage
    with pytest.raises(ValueError, match="greater than or equal to 2"):
        two_media(data="a.vec", length=1)


def test_a_medium_says_behind_a_general_parameter_what_it_takes(two_media):
    plain, both = General.model_fields["data"].description, two_media.model_fields["data"].description
    assert both == f"{plain}; images: {IMAGE.meanings['data']}; vectors: a .vec file"
    assert General.model_fields["data"].description == plain


@pytest.mark.parametrize(
    ("data", "medium"), [("digits", "image"), ("two moons", "vector"), ("a.vec", "vector"), ("nowhere", "image")]
)
def test_the_medium_is_recognised_from_the_data(two_media, data, medium):
    assert recognised(data).name == two_media(data=data).medium == medium
    assert two_media(data=data, medium="vector").medium == "vector"


def test_data_that_a_medium_brings_are_no_path(two_media):
    study = two_media(data="two moons")
    assert (study.data, study.name) == ("two moons", "two-moons")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"data": "digits", "length": 3}, "length: it is for vectors alone, and this study is of images; leave it out"),
        (
            {"data": "a.vec", "size": "8"},
            "size: it is for images alone, and this study is of vectors; leave it out",
        ),
        ({"data": "a.vec", "on_bad_image": "skip"}, "on_bad_image: .* set medium=image if that is what they are"),
        ({"data": "digits", "medium": "vector", "resize": "pad"}, "resize: it is for images alone"),
        (
            {"data": "a.vec", "augmentation": "flip"},
            "='flip' is not for vectors; it takes auto, none, jitter",
        ),
        (
            {"data": "a.vec", "gan_augmentation": "diffaugment"},
            "='diffaugment' is not for vectors; it takes auto, none",
        ),
    ],
)
def test_a_parameter_of_one_medium_is_refused_by_name_for_data_of_another(two_media, given, says):
    with pytest.raises(ValueError, match=says):
        two_media(**given)
    assert two_media(data="a.vec", size=None).medium == "vector"  # as a notebook's cell has it


def test_what_augmentations_there_are_the_media_say(two_media):
    assert two_media(data="a.vec", augmentation="jitter").augmentation == "jitter"
    assert choices("augmentation") == ["auto", "none", "shift", "flip", "affine", "trivial", "jitter"]
    assert choices("medium") == ["auto", "image", "vector"]


def test_without_other_media_the_choices_are_those_of_images():
    with only(IMAGE):
        assert choices("augmentation") == ["auto", *IMAGE.policy_names]
        assert choices("gan_augmentation") == ["auto", "none", "policy", "diffaugment", "ada"]
        assert message(augmentation="jitter").startswith("augmentation='jitter' is not valid: it takes auto, none, ")
        assert message(gan_augmentation="difaugment").endswith("did you mean diffaugment?")
        assert message(medium="imgae") == "medium='imgae' is not valid: it takes auto or image; did you mean image?"


# ---- YAML ----


def test_names_of_classes_are_one_however_their_accents_were_typed():
    study = make_study(positive="cafe\u0301", keep_classes="cafe\u0301,te", held_out=["cafe\u0301", "caf\xe9"])
    assert (study.positive, study.keep_classes, study.held_out) == ("caf\xe9", ("caf\xe9", "te"), ("caf\xe9",))


@pytest.mark.parametrize("name", ["held_out", "keep_classes"])
@pytest.mark.parametrize("given", ["1,b,1", [1, "1", "b"], ("1", "b", "b "), "1, b,,1"])
def test_a_name_that_is_given_twice_counts_once(name, given):
    assert getattr(make_study(**{name: given}), name) == ("1", "b")


@pytest.mark.parametrize(
    ("text", "number"), [("1e3", 1000), ("1000.0", 1000), ("0100", 100), ("1_000", 1000), (" 64 ", 64), (1e3, 1000)]
)
def test_a_whole_number_is_taken_as_it_is_written(text, number):
    study = make_study(gan_steps=text, n_synthetic=text, batch_size=text)
    assert (study.gan_steps, study.n_synthetic, study.batch_size) == (number,) * 3


def test_every_whole_number_may_be_written_as_text():
    for name, given in {"channels": "3", "seed": "1e3", "workers": "02", "trials": "8.0"}.items():
        assert getattr(make_study(**{name: given}), name) == int(float(given))


# ---- names and paths ----


@pytest.mark.parametrize(
    "name", ["data8 - Copy", "data8 (2)", "Kopie von bl\xfcten", "a+b", "x & y", "it's", "-a", "\u6570"]
)
def test_a_study_may_be_called_as_a_copied_folder_is(name):
    assert make_study(name=name).folder.name == name


def test_a_name_from_data_is_cut_to_what_a_folder_takes():
    assert make_study(data="\xfc" * 150).name == "\xfc" * 100


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("digits", "digits"), ("photos/flowers", "flowers"), ("photos/flowers/", "flowers"),
        ("sets/breast.npz", "breast"), ("said.CSV", "said"), ("a/v1.2.jsonl", "v1.2"), ("v1.2", "v1.2"),
        ("my photos", "my-photos"), ("Blüten & Co", "Blüten---Co"),
    ],
)  # fmt: skip
def test_a_study_without_a_name_is_called_after_its_data(data, name):
    assert make_study(data=data).name == name


def test_paths_become_absolute_when_the_study_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = make_study(data="photos", groups="patients.csv", output_dir="results")
    assert (study.data, study.groups) == (str(tmp_path / "photos"), str(tmp_path / "patients.csv"))
    assert study.folder == tmp_path / "results" / "photos"


def test_a_pattern_of_groups_is_no_path():
    assert make_study(groups=r"^(\d+)_").groups == r"^(\d+)_"


# ---- study.json ----


# ---- files ----


# ---- how many items are made ----


@pytest.mark.parametrize(
    ("given", "kept", "doses"),
    [
        (200, 200, (200,)), ("200", 200, (200,)), ((7,), 7, (7,)), (1_000_000, 1_000_000, (10**6,)),
        ("50,200", (50, 200), (50, 200)), ([200, 50, 50], (50, 200), (50, 200)), ("50, 200.0", (50, 200), (50, 200)),
        ("balance", "balance", ()),
    ],
)  # fmt: skip
def test_items_are_a_number_several_or_balance(given, kept, doses):
    study = make_study(n_synthetic=given)
    assert study.n_synthetic == kept and study.doses == doses


@pytest.mark.parametrize("given", ["", ",", "50,", "1.5", [], [True], True, "bal", 10**7, [5, -1], {"a": 1}, "inf"])
def test_other_numbers_of_items_are_refused(given):
    with pytest.raises(InputError, match="n_synthetic=.* is not valid"):
        make_study(n_synthetic=given)


def test_a_folder_of_images_and_clips_is_refused_unless_the_medium_is_said(tmp_path):
    for name in ("a/x.png", "a/y.png", "b/x.wav", "b/y.m4a"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=r"holds images and clips, and a study is of one of them; move the others "):
        make_study(data=str(tmp_path))
    assert make_study(data=str(tmp_path), medium="audio").medium == "audio"
    assert make_study(data=str(tmp_path), medium="image").medium == "image"
    assert make_study(data=str(tmp_path / "b")).medium == "audio"


@pytest.mark.parametrize(
    "beside", ["labels.csv", "metadata.jsonl", "a/README.txt", "train.csv test.csv", "one.csv two.csv"]
)
@pytest.mark.parametrize(("item", "medium"), [("a/1.png", "image"), ("a/1.wav", "audio")])
def test_tables_and_texts_beside_images_or_clips_are_theirs(tmp_path, beside, item, medium):
    for name in (item, *beside.split()):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("file,label\n")
    assert make_study(data=str(tmp_path)).medium == medium
    (tmp_path / item).unlink()
    if beside != "one.csv two.csv":
        assert make_study(data=str(tmp_path)).medium == "text"
