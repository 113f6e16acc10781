"""The study: its parameters (one flat model: the general ones and each medium's own), their presets, its folder."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from copy import copy
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from gannb.data.counts import in_batch
from gannb.data.medium import Medium
from gannb.media import MEDIA
from gannb.utils.errors import InputError, ParameterError
from gannb.utils.files import absolute
from gannb.utils.naming import composed, ended, listed, nearest, printable, shortened
from gannb.utils.parameters import checked_choice, parameter, values_in_words, whole_number
from gannb.utils.trust import is_import_path
from gannb.work.engines import NAMES

STAGES = {
    0: "study",
    1: "01 data",
    2: "02 train_gan",
    3: "03 generate",
    4: "04 train_classifiers",
    5: "05 compare",
}
NOTEBOOKS = ("01_data", "02_train_gan", "03_generate", "04_train_classifiers", "05_compare")
DEFAULT_ARMS = (
    "real", "real+classic", "real+gan", "real+gan+classic", "gan", "gaussian", "real+interpolation+classic",
    "real+gaussian+classic", "real+copies+classic", "real+mislabelled+classic", "real+more+classic", "transfer",
    "transfer+gan",
)  # fmt: skip
ARM_WORDS = ("real", "transfer", "classic", "gan", "more")  # of the default arms; the others are controls of a medium
# What a preset sets together. Anything set by hand wins over its preset.
PRESETS: dict[str, dict[str, Any]] = {
    "smoke": {"n_synthetic": 20, "classifier_seeds": 1},
    "laptop": {"n_synthetic": 200, "classifier_seeds": 1},
    "gpu": {"n_synthetic": 1000, "classifier_seeds": 2},
}
# Trials depend on the protocol, too: draws of a pool, trials on a given training set, repeats of cross-validation.
TRIALS = {"smoke": 2, "laptop": 16, "gpu": 16}
TRIALS_ON_GIVEN = {"smoke": 2, "laptop": 8, "gpu": 10}
REPEATS = {"smoke": 2, "laptop": 2, "gpu": 3}
# Steps depend on the data as well: a GAN's on its family, a classifier's on the number of items to pass over.
GAN_EFFORT = {"smoke": 0.02, "laptop": 1.0, "gpu": 5.0}  # times the family's own number of steps
CLASSIFIER_EFFORT = {"smoke": (0, 20, 20), "laptop": (20, 140, 1500), "gpu": (100, 1000, 20_000)}  # passes, least, most
TRANSFER_STEPS = {"smoke": 2, "laptop": 30, "gpu": 300}
STEPS_MOST = {"smoke": 1, "laptop": 8, "gpu": 8}  # times the first steps that classifiers may be trained for
DOSES = (2, 1_000_000)  # least and most synthetic items per class


SHARE_OFF = 0.05  # by which whole items may make the synthetic share of a batch another one
OTHERWISE = {"gpu": "cuda"}  # what people write -> what it is called here
# Extensions that no name of a study keeps.
DATA_FILES = frozenset({".npz", ".csv", ".tsv", ".tab", ".jsonl", ".ndjson"})
LONGEST_NAME = 200  # bytes; file systems take 255, and what is being written has a longer name for a while
SLIP = 0.85  # likeness of names from which on one is taken for a slip of the other: `gan_stepz`
OFFERED = ("medium", "augmentation", "gan_augmentation")  # parameters whose values follow from the media


def offered(name: str, media: Iterable[Medium] | None = None) -> tuple[str, ...]:
    """Return the values of a parameter in `OFFERED`, with the media that there are, or with some of them."""
    media = list(MEDIA.values() if media is None else media)
    classical = [policy for medium in media for policy in medium.policy_names]
    of_gans = [policy for medium in media for policy in medium.gan_policies]
    values = {
        "medium": ["auto", *(medium.name for medium in media)],
        "augmentation": ["auto", *classical],
        "gan_augmentation": ["auto", "none", "policy", *of_gans, "ada"],
    }
    return tuple(dict.fromkeys(values[name]))


class General(BaseModel):
    """The parameters that every study has, whatever its items are; see `Study`."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True, defer_build=True)

    data: str = parameter("digits", 0, "where the labelled items are")
    medium: str = parameter("auto", 0, "what an item is; `auto`: recognised from the data")
    name: str = parameter("", 0, "the study's name and folder; empty: taken from the data")
    output_dir: str = parameter("outputs", 0, "where the study's folder goes")
    preset: Literal["smoke", "laptop", "gpu"] = parameter("laptop", 0, "sizes and steps that belong together")
    seed: int = parameter(0, 0, "the number from which all randomness follows", ge=0, lt=2**32)
    device: str = parameter("auto", 0, "`auto`, `cpu`, `cuda` or `cuda:1`", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    engine: str = parameter(
        "local", 0, "where the work is done: `local`, `dask://HOST:PORT` or `slurm`; see notebooks/clusters.md",
        pattern=NAMES,
    )  # fmt: skip
    workers: int = parameter(0, 0, "processes at work at once; 0: one per core", ge=0, le=1024)

    groups: str | None = parameter(None, 1, "a CSV or a pattern on file names: items of a group stay on one side")
    held_out: tuple[str, ...] = parameter(
        (), 1, "classes, by name, that training never sees: are their items recognised as new?"
    )
    protocol: Literal["auto", "given", "draw", "folds"] = parameter(
        "auto", 1, "your own train and test sets as they are, disjoint draws, or cross-validation of the whole set"
    )
    n_per_class: int | None = parameter(None, 1, "real items per class in a draw; by default chosen by set size", ge=2)
    trials: int | None = parameter(
        None,
        1,
        f"repetitions of the whole experiment; by default {TRIALS['laptop']} draws, {TRIALS_ON_GIVEN['laptop']} on a "
        f"given training set, of a cross-validation {REPEATS['laptop']} repeats, each of whose parts counts as one",
        ge=2,
        le=1000,
    )
    trials_most: int | None = parameter(
        None, 1, "with `--until settled`: most trials; by default 32, or 10 repeats of cross-validation", ge=2, le=1000
    )
    test_share: float = parameter(0.25, 1, "share of the items kept for testing", ge=0.05, le=0.5)

    gan: str = parameter("auto", 2, "the GAN family, or `auto` by size of an item")
    gan_steps: int | None = parameter(
        None, 2, "training steps of each GAN; by default by family and preset", ge=1, le=10_000_000
    )
    gan_augmentation: str = parameter(
        "auto", 2, "what the discriminator sees of an item; `auto`: the family's measured default"
    )

    unlabelled: str | None = parameter(
        None, 2, "a folder of items without labels: a classifier of the draw labels them, a GAN learns of them"
    )
    confidence: float = parameter(
        0.95, 2, "how sure that classifier has to be of an unlabelled item to label it", gt=0, lt=1
    )

    pretrain: Literal["related"] | None = parameter(
        None,
        2,
        "`related`: a GAN learns the related items first, then goes on with each draw, beside the plain one",
    )
    freeze: float = parameter(
        0.5, 2, "of a GAN that goes on (`tuned`): share of its discriminator's layers that stay frozen", ge=0, le=0.9
    )

    n_synthetic: int | tuple[int, ...] | Literal["balance"] = parameter(
        200, 3, "synthetic items per class; several as `50,200`; or `balance`: fill every class up to the largest"
    )
    truncation: float = parameter(
        1.0, 3, "standard deviations beyond which `truncated` sources have no noise", ge=0.1, le=4
    )
    foreign: str | None = parameter(
        None,
        3,
        "a GAN trained elsewhere: a folder or .safetensors of gannb's; by hand alone also `module:function`",
    )
    foreign_classes: str | None = parameter(
        None,
        3,
        "which of its classes are which of yours, where names differ; written as in docs/sources.md",
    )
    related: str | None = parameter(None, 3, "related real items, as a source beside the GAN: any format of `data`")
    related_classes: str | None = parameter(
        None, 3, "which of their classes are which of yours, as for `foreign_classes`"
    )

    arms: tuple[str, ...] = parameter(DEFAULT_ARMS, 4, "the ways to train that are compared")
    keep_classes: tuple[str, ...] = parameter(
        (), 4, "by name: the only classes that get synthetic items (`3,8`); empty: all do"
    )
    mix: Literal["added", "replaced"] = parameter(
        "added", 4, "synthetic items are added to each batch of real ones, or `replaced`: take the places of some"
    )
    synthetic_share: float = parameter(0.25, 4, "share of each batch that is synthetic", ge=0.001, le=0.99)
    augmentation: str = parameter("auto", 4, "the classifier's classical augmentation")
    classifier: tuple[str, ...] = parameter(
        (), 4, "networks, untrained, of which the first one counts; by default the medium's usual one", min_length=1
    )
    classifier_steps: int | None = parameter(
        None,
        4,
        "optimiser steps of each classifier at first; by default by preset and number of items",
        ge=2,
        le=10_000_000,
    )
    classifier_steps_most: int | None = parameter(
        None,
        4,
        "how far they double until training has converged; by default 8 times the first",
        ge=2,
        le=100_000_000,
    )
    classifier_seeds: int = parameter(1, 4, "classifiers per trial and arm, averaged", ge=1, le=100)
    transfer_steps: int | None = parameter(
        None,
        4,
        "optimiser steps of a fine-tuning at first, doubled as the others; by default by preset",
        ge=2,
        le=1_000_000,
    )
    batch_size: int = parameter(32, 4, "real items per optimiser step", ge=4, le=65_536)

    tune: bool = parameter(False, 4, "whether every arm is tuned, from one list, on draws that no trial uses")

    metric: Literal["balanced_accuracy", "accuracy"] = parameter("balanced_accuracy", 5, "the predeclared metric")
    positive: str | None = parameter(
        None, 5, "of two classes, by name: the one whose recall is the sensitivity; by default the second"
    )
    rope: float = parameter(0.01, 5, "differences within +- this are of no practical consequence", gt=0, lt=0.5)

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, given: Any) -> Any:
        given = {k: v for k, v in dict(given).items() if v is not None}
        preset = given.get("preset", "laptop")
        return {**(PRESETS.get(preset, {}) if isinstance(preset, str) else {}), **given}

    @field_validator("*", mode="before")
    @classmethod
    def _no_boolean(cls, value: Any, about: ValidationInfo) -> Any:
        if isinstance(value, bool) and about.field_name != "tune":  # which Python counts as 0 and 1
            raise ValueError("yes and no are no value for it (a text needs quotes)")
        return value

    @field_validator("*", mode="before")
    @classmethod
    def _whole_as_written(cls, value: Any, about: ValidationInfo) -> Any:
        """Return a whole number that is written as text, as 1e3 or 010, as the number that it is."""
        if isinstance(value, str) and _takes_whole_numbers(cls.model_fields[str(about.field_name)].annotation):
            with contextlib.suppress(ValueError, OverflowError):
                return whole_number(value)
        return value

    @field_validator("name")
    @classmethod
    def _can_be_a_folder(cls, name: str) -> str:
        if fault := _fault_of_name(name):
            raise ValueError(fault)
        return name

    @field_validator("protocol", mode="before")
    @classmethod
    def _say_what_has_become_of_it(cls, given: Any) -> Any:
        if given == "resplit":
            raise ValueError("re-splits have become whole repeats of cross-validation, protocol=folds")
        return given

    @field_validator("arms", "classifier", mode="before")
    @classmethod
    def _split(cls, names: Any) -> Any:
        """Return names that are separated by commas, or listed, each once."""
        names = names.split(",") if isinstance(names, str) else names
        if not isinstance(names, list | tuple) or not all(isinstance(name, str) and name.strip() for name in names):
            return names
        return tuple(dict.fromkeys(name.strip() for name in names))

    @field_validator("keep_classes", "held_out", mode="before")
    @classmethod
    def _split_classes(cls, names: Any) -> Any:
        """Return names of classes as `_split` does; they may be numbers, and an empty text names none."""
        several = names.split(",") if isinstance(names, str) else names if isinstance(names, list | tuple) else [names]
        bare = [name.strip() if isinstance(name, str) else name for name in several]
        return [name for name in bare if name != ""]

    @field_validator("n_synthetic", mode="before")
    @classmethod
    def _read_doses(cls, given: Any) -> Any:
        """Return a number, several by rising size, or `balance`; whole numbers may be written as text."""
        several = given.split(",") if isinstance(given, str) else given if isinstance(given, list | tuple) else [given]
        if given == "balance":
            return given
        try:
            doses = sorted({whole_number(dose) for dose in several})
        except (TypeError, ValueError, OverflowError):
            doses = []
        if not doses or not DOSES[0] <= doses[0] <= doses[-1] <= DOSES[1]:
            raise ValueError(f"it takes whole numbers of {DOSES[0]} to {DOSES[1]:,} (with commas), or balance")
        return doses[0] if len(doses) == 1 else tuple(doses)

    @field_validator("positive", "keep_classes", "held_out")
    @classmethod
    def _compose_names(cls, given: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        """Return names of classes as the data's are, each once."""
        return tuple(dict.fromkeys(map(composed, given))) if isinstance(given, tuple) else given and composed(given)

    @field_validator(*OFFERED)
    @classmethod
    def _is_offered(cls, given: str, about: ValidationInfo) -> str:
        return checked_choice(given, offered(str(about.field_name)))

    @model_validator(mode="after")
    def _name_and_paths(self) -> General:
        if not self.data.strip():
            raise ValueError("data is empty; name a folder, a file or digits")
        if self.pretrain and not self.related:
            raise ValueError("pretrain=related takes related items; give related=..., or leave pretrain out")
        if not self.name:
            object.__setattr__(self, "name", name_from(self.data))
        for field in ("data", "groups", "foreign", "related", "unlabelled"):  # paths stay true in other folders
            value = getattr(self, field)
            if value and _is_path(field, value):
                object.__setattr__(self, field, str(absolute(value, field)))
        absolute(self.output_dir, "output_dir")  # refused here where it is none
        return self

    @model_validator(mode="after")
    def _settle_medium(self) -> General:
        medium = self._recognised() if self.medium == "auto" else MEDIA[self.medium]
        object.__setattr__(self, "medium", medium.name)
        if not self.classifier:
            object.__setattr__(self, "classifier", medium.classifiers[:1])
        for name, meant in medium.usual.items():
            if getattr(self, name) == "auto":
                object.__setattr__(self, name, meant)
        if "arms" not in self.model_fields_set:
            there = tuple(arm for arm in DEFAULT_ARMS if set(arm.split("+")) <= {*ARM_WORDS, *medium.controls})
            object.__setattr__(self, "arms", (*there, *medium.arms_beside(self.gan)))
        return self

    def _recognised(self) -> Medium:
        """Return the medium of the data, or the special case of it that a given parameter belongs to alone."""
        found = recognised(self.data)
        for name in self.model_fields_set:
            owners = owners_of(name)
            special = len(owners) == 1 and issubclass(owners[0].parameters, found.parameters)
            if special and getattr(self, name) is not None:
                return owners[0]
        return found

    @model_validator(mode="after")
    def _refuse_what_is_of_other_media(self) -> General:
        medium = MEDIA[self.medium]
        many = medium.nouns.many
        for name in sorted(self.model_fields_set):
            owners, default = owners_of(name), type(self).model_fields[name].default
            if owners and medium not in owners and getattr(self, name) != default:  # a study written out has them all
                raise ValueError(
                    f"{name}: it is for {items_of(name)} alone, and this study is of {medium.nouns.apart}; leave it "
                    f"out, or set medium={owners[0].name} if that is what they are."
                )
        for name in OFFERED:
            names = offered(name, (medium,))
            if getattr(self, name) not in names:
                raise ValueError(f"{name}={getattr(self, name)!r} is not for {many}; it takes {', '.join(names)}.")
        return self

    @model_validator(mode="after")
    def _consistency(self) -> General:
        if self.protocol == "folds" and self.n_per_class is not None:
            raise ValueError(
                "n_per_class: cross-validation trains on all items but a fold; leave n_per_class out or use draw"
            )
        real, synthetic = in_batch(self.mix, self.synthetic_share, self.batch_size)
        if not real or not synthetic or abs(synthetic / (real + synthetic) - self.synthetic_share) > SHARE_OFF:
            raise ValueError(
                f"synthetic_share={self.synthetic_share}: with batch_size={self.batch_size} a batch has {real:,} real "
                f"and {synthetic:,} synthetic items, which is another share; use a larger batch_size or another "
                "synthetic_share"
            )
        return self

    @property
    def folder(self) -> Path:
        """The folder of the study: `output_dir/name`, absolute."""
        return absolute(self.output_dir, "output_dir") / self.name

    @property
    def first_classifier(self) -> str:
        """The classifier that the verdict is about; the others only repeat the primary contrast."""
        return self.classifier[0]

    @property
    def doses(self) -> tuple[int, ...]:
        """Synthetic items per class, by rising number; none where the data say how many (`balance`)."""
        if isinstance(self.n_synthetic, int):
            return (self.n_synthetic,)
        return () if self.n_synthetic == "balance" else self.n_synthetic

    def applying(self) -> list[str]:
        """Return the names of the parameters that mean something here, general or of its medium, by stage."""
        fields, medium = type(self).model_fields, MEDIA[self.medium]
        names = [name for name in fields if not (owners := owners_of(name)) or medium in owners]
        return sorted(names, key=lambda name: fields[name].json_schema_extra["stage"])

    def changes(self) -> dict[str, Any]:
        """Return the parameters that differ from what the preset alone would give."""
        plain = type(self)(preset=self.preset, data=self.data, medium=self.medium).model_dump(mode="json")
        always = {"preset": self.preset, "data": self.data}
        if self.medium != next(iter(MEDIA)):  # which is what is taken where the data are no longer there
            always["medium"] = self.medium
        return always | {k: v for k, v in self.model_dump(mode="json").items() if v != plain[k]}


def study_model(media: Iterable[Medium]) -> type[General]:
    """Return the model of a study's parameters: the general ones, then each medium's own, all at one level.

    Where a medium has something to say of a general one (`Medium.meanings`), it stands behind what that means.
    """
    media = list(media)
    fields = {}
    for name, field in General.model_fields.items():
        said = [f"{medium.nouns.apart}: {medium.meanings[name]}" for medium in media if name in medium.meanings]
        if said:
            fields[name] = (field.annotation, field := copy(field))
            field.description = "; ".join([str(field.description), *said])
    own = dict.fromkeys(medium.parameters for medium in media)  # once, where two media share them
    own = [each for each in own if not any(issubclass(other, each) and other is not each for other in own)]
    return create_model("StudyParameters", __base__=(*own, General), **fields)


class Study(study_model(MEDIA.values())):
    """Every parameter of a study: default, range, meaning and owning stage.

    The command line, YAML files, the notebooks' parameter cells and the help table all follow from this model.
    Unknown names and wrong types are refused; use `make_study` to get them as one-sentence `InputError`s.
    """


def check_spelling(names: Iterable[str]) -> None:
    """Raise InputError where one of some names is nearly, but not, that of a parameter."""
    for name in names:
        alike = get_close_matches(name.lower(), list(Study.model_fields), 1, SLIP)
        if alike and name not in Study.model_fields:
            raise InputError(f"There is no parameter {name}; did you mean {alike[0]}?")


def owners_of(name: str) -> list[Medium]:
    """Return the media to which a parameter belongs alone; none where it is general, or there is no such."""
    return [medium for medium in MEDIA.values() if name in medium.parameters.model_fields]


def items_of(name: str) -> str:
    """Return what items of the media are called that a parameter belongs to, as `images`; empty for a general one.

    A medium that is a special case of another of them goes without saying.
    """
    owners = owners_of(name)
    known = {owner.name for owner in owners}
    return listed([owner.nouns.apart for owner in owners if not known & set(owner.before)])


def recognised(data: str) -> Medium:
    """Return the medium of what lies at `data`: the one that recognises it, else the first.

    Others give way to a special case of them (`Medium.before`), and what also lies beside items of any medium, as
    tables of labels do, to all of them (`Medium.in_any_folder`). Of what cannot be looked at it is the first, whose
    reading says why.

    Raises:
        InputError: several do, as of a folder with images and clips.
    """
    first = next(iter(MEDIA.values()))
    if embedded := [medium for medium in MEDIA.values() if data in medium.embedded]:
        return embedded[0]
    try:
        found = _recognised_by(data, in_any_folder=False) or _recognised_by(data, in_any_folder=True)
    except OSError:
        return first
    found = [medium for medium in found if not any(medium.name in other.before for other in found)]
    if len(found) > 1:
        raise InputError(
            f"data: {data!r} holds {listed([medium.nouns.apart for medium in found])}, and a study is of one of them; "
            f"move the others elsewhere, or set {listed([f'medium={medium.name}' for medium in found], 'or')} to leave "
            "them out."
        )
    return found[0] if found else first


def _recognised_by(data: str, in_any_folder: bool) -> list[Medium]:
    asked = [medium for medium in MEDIA.values() if medium.in_any_folder == in_any_folder]
    return [medium for medium in asked if medium.recognises(data)] if len(MEDIA) > 1 else []


def is_embedded(data: str) -> bool:
    """Tell whether `data` is the name of a set that comes with the kit."""
    return any(data in medium.embedded for medium in MEDIA.values())


def _is_path(field: str, value: str) -> bool:
    """Tell whether a parameter that may hold a path holds one, and no word, pattern or function."""
    if field == "groups":
        return value.lower().endswith(".csv")
    return not is_embedded(value) and not (field == "foreign" and is_import_path(value))


def _takes_whole_numbers(annotation: Any) -> bool:
    """Tell whether a parameter is a whole number, or one of several."""
    parts = (annotation, *get_args(annotation))
    choices = [choice for part in parts if get_origin(part) is Literal for choice in get_args(part)]
    return annotation in (int, int | None) or any(isinstance(choice, int) for choice in choices)


def _fault_of_name(name: str) -> str:
    """Return why a name cannot be that of a study's folder; empty where it can, or is left open."""
    if not name:
        return ""
    if name in (".", "..") or re.search(r"[/\\\x00-\x1f\x7f]", name):
        return "it names one folder, without / or \\ in it; where that lies says output_dir"
    if name != name.strip():
        return "it begins or ends with a blank"
    if printable(name) != name:
        return "it is not UTF-8"
    if len(name.encode()) > LONGEST_NAME:
        return f"it is {len(name.encode())} bytes long, and a folder's name takes {LONGEST_NAME} of them here"
    return ""


def name_from(data: str) -> str:
    """Return a study name made from the data's path: `photos/my flowers.npz` -> `my-flowers`."""
    path = Path(data) if is_embedded(data) else absolute(data, "data")
    stem = path.stem if path.suffix.lower() in DATA_FILES else path.name
    plain = "".join(c if c.isalnum() or c in "._-" else "-" for c in stem)
    return plain.encode()[:LONGEST_NAME].decode(errors="ignore") or "study"


def make_study(**given: Any) -> Study:
    """Return the study with the given parameters.

    Raises:
        ParameterError: an unknown parameter (with the nearest valid name), a value out of type or range, or a
            parameter of another medium than the data's.
    """
    try:
        return Study(**given)
    except ValidationError as error:
        raise _in_a_sentence(error) from None


def _in_a_sentence(error: ValidationError) -> ParameterError:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        hint = nearest(name, Study.model_fields) or "`gannb parameters` lists those that this version has."
        return ParameterError(f"There is no parameter {name}; {hint}", name)
    if not name:
        return ParameterError(ended(str(first["msg"]).removeprefix("Value error, ")))
    given, meaning = shortened(repr(first["input"])), Study.model_fields[name].description
    is_choice = first["type"] in ("literal_error", "string_pattern_mismatch")
    meant = OTHERWISE.get(str(first["input"]).lower(), str(first["input"]))
    hint = nearest(meant, choices(name)) if is_choice else ""
    sentence = f"{name}={given} is not valid: {_problem(first, name)}; {hint or ended(f'it is {meaning}')}"
    return ParameterError(sentence, name)


def _problem(error: ErrorDetails, name: str) -> str:
    """Return what is wrong with a value, in the words of this package."""
    if error["type"] == "value_error":
        return str(error["msg"]).removeprefix("Value error, ")
    if error["type"] in ("too_short", "string_too_short"):
        return "it is empty"
    if name in OFFERED or error["type"] == "string_pattern_mismatch":
        return f"it takes {listed(choices(name), 'or')}"
    values = values_in_words(Study.model_json_schema()["properties"][name])
    return f"it takes {'a ' * values.startswith(('whole number', 'number', 'text'))}{values}"


def choices(name: str) -> list[str]:
    """Return the values of a parameter that have a name: those offered, or for a text what its meaning quotes."""
    if name in OFFERED:
        return list(offered(name))
    field = Study.model_fields[name]
    parts = (field.annotation, *get_args(field.annotation))
    named = [str(choice) for part in parts if get_origin(part) is Literal for choice in get_args(part)]
    quoted = re.findall(r"`([^`\s]+)`", str(field.description)) if str in parts else []
    return named or [word for word in quoted if word not in Study.model_fields]
