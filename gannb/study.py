"""The study: its parameters (one flat model), their presets, and the folder that holds everything it makes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from gannb.callables import is_import_path, trust
from gannb.errors import InputError
from gannb.words import composed, ended, nearest

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
    "real", "real+classic", "real+gan", "real+gan+classic", "gan",
    "real+gaussian", "real+copies", "real+mislabelled", "real+more", "transfer", "transfer+gan",
)  # fmt: skip

# What a preset sets together. Anything set by hand wins over its preset.
PRESETS: dict[str, dict[str, Any]] = {
    "smoke": {"trials": 2, "n_synthetic": 20, "classifier_seeds": 1},
    "laptop": {"trials": 8, "n_synthetic": 200, "classifier_seeds": 2},
    "gpu": {"trials": 10, "n_synthetic": 1000, "classifier_seeds": 2},
}
# Steps depend on the data as well: a GAN's on its family, a classifier's on the number of items to pass over.
GAN_EFFORT = {"smoke": 0.02, "laptop": 1.0, "gpu": 5.0}  # times the family's own number of steps
CLASSIFIER_EFFORT = {"smoke": (0, 20, 20), "laptop": (40, 400, 3000), "gpu": (100, 1000, 20_000)}  # passes, least, most
TRANSFER_STEPS = {"smoke": 2, "laptop": 30, "gpu": 300}
DOSES = (2, 1_000_000)  # least and most synthetic items per class
PACKAGES = ("gannb", "torch", "torchvision", "timm", "numpy", "scipy", "scikit-learn", "pillow", "papermill")


def _parameter(default: Any, stage: int, meaning: str, **limits: Any) -> Any:
    """Return a pydantic field that knows the stage it belongs to and what it means."""
    return Field(default, description=meaning, json_schema_extra={"stage": stage}, **limits)


class Study(BaseModel):
    """Every parameter of a study: default, range, meaning and owning stage.

    The command line, YAML files, the notebooks' parameter cells and the help table all follow from this model.
    Unknown names and wrong types are refused; use `make_study` to get them as one-sentence `InputError`s.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    data: str = _parameter("digits", 0, "`digits`, a folder of images per class, a MedMNIST-layout .npz, or idx files")
    name: str = _parameter(
        "", 0, "the study's name and folder; empty: taken from the data", pattern=r"^(\.*[\w\-][\w.\-]*)?$"
    )
    output_dir: str = _parameter("outputs", 0, "where the study's folder goes")
    preset: Literal["smoke", "laptop", "gpu"] = _parameter("laptop", 0, "sizes and steps that belong together")
    seed: int = _parameter(0, 0, "the number from which all randomness follows", ge=0, lt=2**32)
    device: str = _parameter(
        "auto", 0, "`auto`, `cpu`, `cuda`, `cuda:1` or `mps`", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$"
    )
    workers: int = _parameter(0, 0, "processes at work at once; 0: one per core", ge=0, le=1024)

    size: str | None = _parameter(None, 1, "side in pixels, or HxW as `96x64`, that items are brought to")
    channels: Literal[1, 3] | None = _parameter(None, 1, "1 grey or 3 colour; by default as the images are")
    resize: Literal["crop", "pad", "stretch"] | None = _parameter(None, 1, "how other shapes are brought to the size")
    groups: str | None = _parameter(None, 1, "a CSV or a pattern on file names: items of a group stay on one side")
    on_bad_image: Literal["fail", "skip"] = _parameter("fail", 1, "what to do with a damaged image")
    held_out: tuple[str, ...] = _parameter(
        (), 1, "classes, by name, that training never sees: are their images recognised as new?"
    )
    protocol: Literal["auto", "draw", "resplit"] = _parameter("auto", 1, "disjoint draws, or repeated splits of all")
    n_per_class: int | None = _parameter(None, 1, "real items per class in a draw; by default chosen by set size", ge=2)
    trials: int = _parameter(8, 1, "independent repetitions of the whole experiment", ge=2, le=1000)
    test_share: float = _parameter(0.25, 1, "share of the items kept for testing", ge=0.05, le=0.5)

    gan: str = _parameter("auto", 2, "the GAN family, or `auto` by size of image")
    gan_steps: int | None = _parameter(
        None, 2, "training steps of each GAN; by default by family and preset", ge=1, le=10_000_000
    )
    gan_augmentation: Literal["auto", "none", "policy", "diffaugment", "ada"] = _parameter(
        "auto", 2, "what the discriminator sees of an image; `auto`: the family's measured default"
    )

    n_synthetic: int | tuple[int, ...] | Literal["balance"] = _parameter(
        200, 3, "synthetic items per class; several as `50,200`; or `balance`: fill every class up to the largest"
    )
    truncation: float = _parameter(
        1.0, 3, "standard deviations beyond which `truncated` sources have no noise", ge=0.1, le=4
    )
    inception: str | None = _parameter(
        None, 3, "file of the standard Inception weights, for FID; needs 10,000 test items and as many made"
    )
    foreign: str | None = _parameter(
        None,
        3,
        "a GAN trained elsewhere: a folder or .safetensors of gannb's; by hand alone also `module:function`",
    )
    foreign_classes: str | None = _parameter(
        None,
        3,
        "which of its classes are which of yours, where names differ; written as in the README",
    )
    related: str | None = _parameter(None, 3, "related real images, as a source beside the GAN: any format of `data`")
    related_classes: str | None = _parameter(
        None, 3, "which of their classes are which of yours, as for `foreign_classes`"
    )

    arms: tuple[str, ...] = _parameter(DEFAULT_ARMS, 4, "the ways to train that are compared")
    keep_classes: tuple[str, ...] = _parameter(
        (), 4, "by name: the only classes that get synthetic items (`3,8`); empty: all do"
    )
    synthetic_share: float = _parameter(0.25, 4, "share of each batch that is synthetic", gt=0, lt=1)
    augmentation: Literal["auto", "none", "shift", "flip", "affine", "trivial"] = _parameter(
        "auto", 4, "the classifier's classical augmentation (`flip` also mirrors)"
    )
    classifier: tuple[str, ...] = _parameter(
        ("small_cnn",), 4, "`small_cnn`, `deep_cnn` or a timm network, untrained; of several the first one counts",
        min_length=1,
    )  # fmt: skip
    classifier_steps: int | None = _parameter(
        None, 4, "optimiser steps of each classifier; by default by preset and number of items", ge=2, le=10_000_000
    )
    classifier_seeds: int = _parameter(2, 4, "classifiers per trial and arm, averaged", ge=1, le=100)
    pretrained: str = _parameter(
        "mobilenetv2_100",
        4,
        "what `transfer` arms fine-tune: a timm name, or weights in a folder or file",
        min_length=1,
    )
    transfer_steps: int | None = _parameter(
        None, 4, "optimiser steps of a fine-tuning; by default by preset", ge=1, le=1_000_000
    )
    batch_size: int = _parameter(32, 4, "items per optimiser step", ge=4, le=65_536)

    tune: bool = _parameter(False, 4, "whether every arm is tuned, from one list, on draws that no trial uses")

    metric: Literal["balanced_accuracy", "accuracy"] = _parameter("balanced_accuracy", 5, "the predeclared metric")
    positive: str | None = _parameter(
        None, 5, "of two classes, by name: the one whose recall is the sensitivity; by default the second"
    )
    rope: float = _parameter(0.01, 5, "differences within +- this are of no practical consequence", gt=0, lt=0.5)

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
        return [name for i, name in enumerate(bare) if name != "" and name not in bare[:i]]

    @field_validator("n_synthetic", mode="before")
    @classmethod
    def _read_doses(cls, given: Any) -> Any:
        """Return a number, several by rising size, or `balance`; whole numbers may be written as text."""
        several = given.split(",") if isinstance(given, str) else given if isinstance(given, list | tuple) else [given]
        if given == "balance":
            return given
        try:
            doses = sorted({_whole(dose) for dose in several})
        except (TypeError, ValueError, OverflowError):
            doses = []
        if not doses or not DOSES[0] <= doses[0] <= doses[-1] <= DOSES[1]:
            raise ValueError(f"it takes whole numbers of {DOSES[0]} to {DOSES[1]:,} (with commas), or balance")
        return doses[0] if len(doses) == 1 else tuple(doses)

    @field_validator("positive", "keep_classes", "held_out")
    @classmethod
    def _compose_names(cls, given: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        """Return names of classes as the data's are."""
        return tuple(map(composed, given)) if isinstance(given, tuple) else given and composed(given)

    @model_validator(mode="after")
    def _name_and_consistency(self) -> Study:
        if not self.data.strip():
            raise ValueError("data is empty; name a folder, a file or digits")
        if not self.name:
            object.__setattr__(self, "name", _name_from(self.data))
        for field in ("data", "groups", "inception", "foreign", "related"):  # paths stay true in other folders
            value = getattr(self, field)
            if value and _is_path(field, value):
                object.__setattr__(self, field, str(Path(value).expanduser().resolve()))
        object.__setattr__(self, "pretrained", _absolute(self.pretrained))
        if self.protocol == "resplit" and self.n_per_class is not None:
            raise ValueError("n_per_class: resplit trains on the whole train side; leave n_per_class out or use draw")
        if not 0 < round(self.synthetic_share * self.batch_size) < self.batch_size:
            raise ValueError(
                f"synthetic_share={self.synthetic_share} of batch_size={self.batch_size} leaves no synthetic or no "
                "real item in a batch; use a larger batch_size or another synthetic_share"
            )
        return self

    @property
    def folder(self) -> Path:
        """The folder of the study: `output_dir/name`, absolute."""
        return Path(self.output_dir).expanduser().resolve() / self.name

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

    def changes(self) -> dict[str, Any]:
        """Return the parameters that differ from what the preset alone would give."""
        plain = Study(preset=self.preset, data=self.data)
        return {"preset": self.preset, "data": self.data} | {
            k: v for k, v in self.model_dump(mode="json").items() if v != plain.model_dump(mode="json")[k]
        }


def _is_path(field: str, value: str) -> bool:
    """Tell whether a parameter that may hold a path holds one, and no word, pattern or function."""
    if field == "groups":
        return value.lower().endswith(".csv")
    return value != "digits" and not (field == "foreign" and is_import_path(value))


def _absolute(pretrained: str) -> str:
    """Return `pretrained` with the path in it, if there is one, made absolute."""
    name, equals, file = pretrained.partition("=")
    if equals:
        return f"{name}={Path(file).expanduser().resolve()}"
    is_path = "/" in pretrained or pretrained.startswith(("~", "."))
    return str(Path(pretrained).expanduser().resolve()) if is_path else pretrained


def _whole(given: Any) -> int:
    """Return a whole number, also one that is written as text or as 200.0; ValueError for anything else."""
    number = float(given)
    if isinstance(given, bool) or number != int(number):
        raise ValueError("not a whole number")
    return int(number)


def _name_from(data: str) -> str:
    """Return a study name made from the data's path: `photos/my flowers.npz` -> `my-flowers`."""
    stem = Path(data).expanduser().resolve().name.removesuffix(".npz") if data != "digits" else data
    return "".join(c if c.isalnum() or c in "._-" else "-" for c in stem) or "study"


def make_study(**given: Any) -> Study:
    """Return the study with the given parameters.

    Raises:
        InputError: an unknown parameter (with the nearest valid name) or a value out of type or range.
    """
    try:
        return Study(**given)
    except ValidationError as error:
        raise InputError(_one_sentence(error)) from None


def _one_sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        hint = nearest(name, Study.model_fields) or f"the parameters are {', '.join(Study.model_fields)}."
        return f"There is no parameter {name}; {hint}"
    if not name:
        return ended(str(first["msg"]).removeprefix("Value error, "))
    meaning, given = Study.model_fields[name].description, first["input"]
    problem = str(first["msg"]).removeprefix("Value error, ").lower()
    hint = nearest(str(given), choices(name)) if first["type"] in ("literal_error", "string_pattern_mismatch") else ""
    return f"{name}={given!r} is not valid: {problem}; {hint or ended(f'it is {meaning}')}"


def choices(name: str) -> list[str]:
    """Return the values of a parameter that have a name: its literal ones, or for a text what its meaning quotes."""
    field = Study.model_fields[name]
    parts = (field.annotation, *get_args(field.annotation))
    named = [str(choice) for part in parts if get_origin(part) is Literal for choice in get_args(part)]
    quoted = re.findall(r"`([^`\s]+)`", str(field.description)) if str in parts else []
    return named or [word for word in quoted if word not in Study.model_fields]


def _names_in(text: str) -> list[str]:
    """Return the names in a YAML text, as often as each stands there."""
    node = yaml.compose(text, yaml.SafeLoader)
    return [str(key.value) for key, _ in node.value] if isinstance(node, yaml.MappingNode) else []


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Return the parameters in a study's YAML file.

    Raises:
        InputError: no such file, broken YAML, something other than names with values, or a function that would run.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"There is no study file {path}; give a YAML file, or name the data with --data.")
    try:
        text = path.read_text(encoding="utf-8")
        names = _names_in(text)
        given = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: no UTF-8, or a date that does not exist
        where = f" at line {error.problem_mark.line + 1}" if getattr(error, "problem_mark", None) else ""
        raise InputError(f"{path} is not valid YAML{where}; write one `name: value` per line.") from None
    if twice := next((name for name in names if names.count(name) > 1), None):  # of which YAML takes the last
        raise InputError(f"{path} says {twice} twice; leave one of them out.")
    if not isinstance(given, dict) or not all(isinstance(k, str) for k in given):
        raise InputError(f"{path} does not hold parameters; write one `name: value` per line.")
    foreign = given.get("foreign")
    if isinstance(foreign, str) and is_import_path(foreign):
        raise InputError(
            f"{path}: foreign: {foreign} runs Python code, so it is not taken from a file, which may be somebody "
            f"else's; leave it out there and add --set foreign={foreign} to the command line."
        )
    return given


# ---- the folder ----


def project_root() -> Path:
    """Return the folder that holds `gannb/` and, in a checkout, `notebooks/`."""
    return Path(__file__).resolve().parent.parent


def notebooks_folder() -> Path:
    """Return the folder of the five notebooks, in a checkout or in an installed package."""
    inside = Path(__file__).resolve().parent / "_notebooks"
    return inside if inside.is_dir() else project_root() / "notebooks"


def find_folder(study: str | Path) -> Path:
    """Return the absolute folder meant by `study`, whatever the working directory.

    A relative path is looked for from the working directory upwards, then in the project; the first that holds a
    `study.json` wins. With none, it is a new study: in the project's folder, without a checkout in the working one.
    """
    path = Path(study).expanduser()
    if path.is_absolute():
        return path
    here = Path.cwd()
    for base in (here, *here.parents, project_root()):
        if (base / path / "study.json").is_file():
            return base / path
    return (project_root() if (project_root() / "notebooks").is_dir() else here) / path


def load_study(folder: str | Path) -> Study:
    """Return the study kept in a folder.

    Raises:
        InputError: the folder holds no study, or its study.json is damaged.
    """
    folder = Path(folder).expanduser().resolve()
    return _study_at(folder, read_record(folder)["set"])


def read_record(folder: Path) -> dict[str, Any]:
    """Return the content of `study.json`; `InputError` when there is none or it cannot be read."""
    file = folder / "study.json"
    if not file.is_file():
        raise InputError(f"There is no study in {folder}; start one with `gannb run`.")
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        return record if isinstance(record["set"], dict) else {}["set"]
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{file} is damaged; move it away and run the study again, its units are kept.") from None


def open_study(study: str | Path, **changes: Any) -> Study:
    """Return the study of a folder with some parameters changed; those that are None stay as the study has them.

    A folder without a study starts one, named after the folder. Writes nothing.

    Raises:
        InputError: an unknown or ill-typed parameter, or a damaged study.
    """
    trust_given(changes)
    folder = find_folder(study)
    before = read_record(folder)["set"] if (folder / "study.json").is_file() else {}
    return _study_at(folder, before | {k: v for k, v in changes.items() if v is not None})


def trust_given(given: Mapping[str, Any]) -> None:
    """Let a function run that a person has named by hand as `foreign`; see `gannb.callables`."""
    if isinstance(given.get("foreign"), str) and is_import_path(given["foreign"]):
        trust(given["foreign"])


def _study_at(folder: Path, given: dict[str, Any]) -> Study:
    return make_study(**(given | {"name": folder.name, "output_dir": str(folder.parent)}))


def is_saved(study: Study, **facts: Any) -> bool:
    """Tell whether `study.json` says just this of the parameters and the given facts."""
    if not (study.folder / "study.json").is_file():
        return False
    record = read_record(study.folder)
    return record["set"] == _set_by_hand(study) and all(record.get(k) == v for k, v in facts.items())


def _set_by_hand(study: Study) -> dict[str, Any]:
    return {k: v for k, v in study.changes().items() if k not in ("name", "output_dir")}


def save_study(study: Study, **facts: Any) -> None:
    """Write `study.json`: every parameter, what was set by hand, versions, git revision, and further facts."""
    file = study.folder / "study.json"
    before = read_record(study.folder) if file.is_file() else {}
    kept = {k: before[k] for k in ("fingerprint", "device", "resolved") if k in before}
    record = {
        "set": _set_by_hand(study),
        "parameters": study.model_dump(mode="json", exclude={"output_dir"}),
        "versions": versions(),
        "git": git_revision(),
        **kept,
        **facts,
    }
    write_json(file, record)


def write_json(file: Path, value: Any) -> None:
    """Write JSON so that a reader finds the old content or the new, never a part."""
    write_text(file, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def write_text(file: Path, text: str) -> None:
    """Write a text file by a temporary name, a sync and a rename."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}-{time.monotonic_ns()}")
    try:
        with open(temporary, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)


def versions() -> dict[str, str]:
    """Return the versions of the packages that results depend on."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def git_revision() -> str | None:
    """Return the checkout's commit, with `+changes` when files differ from it; None outside a checkout."""
    root = project_root()
    if not (root / ".git").exists():
        return None
    try:
        run = lambda *a: subprocess.run(["git", "-C", root, *a], capture_output=True, text=True, timeout=10)  # noqa: E731
        head = run("rev-parse", "--short=12", "HEAD")
        dirty = run("status", "--porcelain", "--untracked-files=no").stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return None
    return (head.stdout.strip() + ("+changes" if dirty else "")) if head.returncode == 0 else None
