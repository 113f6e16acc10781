"""The keys of all units of the studies in `notebooks/studies`: what was computed once is found again.

`unit_keys.txt` lists, by study, the key of the answer and the path of every unit. A line that changes means that
everybody who has run such a study computes that unit again; a unit's version must then say why.
`python -m tests.experiment.test_keys` writes the list anew.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from gannb.experiment.experiment import Experiment
from gannb.media.image import reading
from gannb.study.model import make_study
from gannb.study.written import is_sweep, read_yaml

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
LIST = Path(__file__).with_name("unit_keys.txt")
DATA = {  # study -> where its data lie, below the folder of real data sets
    "breastmnist": "breastmnist/breastmnist.npz",
    "breastmnist-balance": "breastmnist/breastmnist.npz",
    "breastmnist-ways": "breastmnist/breastmnist.npz",
    "digits": "",
    "digits-deeper": "",
    "digits-ways": "",
    "digits-1-to-20": "",
    "fashion-mnist": "fashion-mnist",
    "fashion-mnist-open-set": "fashion-mnist",
    "fashion-mnist-unlabelled": "fashion-mnist",
    "fashion-mnist-ways": "fashion-mnist",
    "flowers": "flowers",
    "flowers-ways": "flowers",
    "fsdd": "fsdd/fsdd_8khz_int16.npz",
    "snips": "snips-intents/train.tsv",
    "twemoji": "twemoji-text/twemoji_64.npz",
}
WEIGHTS = "mobilenetv2_100=mobilenetv2-imagenet/mobilenetv2_100_same.safetensors"


def keys_of(name: str, folder: Path) -> list[str]:
    """The key of a study's answer, then the paths of its units, each after what it needs."""
    given = read_yaml(ROOT / "notebooks" / "studies" / f"{name}.yaml")
    given |= {"data": data_of(name, folder), "output_dir": str(folder), "device": "cpu"}
    network, _, file = WEIGHTS.partition("=")
    given |= {"pretrained": f"{network}={SHARED / file}"} if name in ("flowers", "fsdd") else {}
    given |= {"new_captions": str(folder / "emoji-new.csv")} if name == "twemoji" else {}
    given |= {"unlabelled": str(folder / "unlabelled.npz")} if name == "fashion-mnist-unlabelled" else {}
    experiment = Experiment.preview(make_study(**given))
    units = [unit for each in experiment.plan.all_units() for unit in each.closure()]
    return [f"answer-{experiment.plan.answer_key}", *dict.fromkeys(unit.path for unit in units)]


def data_of(name: str, folder: Path) -> str:
    """Where a study's data lie; thinned digits, spoken ones by speaker, emoji with names are made in a folder."""
    if name == "fsdd":
        return _made("by_speaker", str(SHARED / DATA[name]), str(folder / "fsdd.npz"))
    if name == "twemoji":
        return _made("twemoji", str(SHARED / DATA[name]), str(folder / "emoji"))
    if name == "fashion-mnist-unlabelled":
        _made("parted", str(SHARED / DATA[name]), str(folder / "labelled.npz"), str(folder / "unlabelled.npz"))
        return str(folder / "labelled.npz")
    if DATA[name]:
        return str(SHARED / DATA[name])
    if name != "digits-1-to-20":
        return "digits"
    return _made("thinned", str(folder / "digits-1-to-20.npz"))


def _made(benchmark: str, *words: str) -> str:
    """Run one of the benchmarks that write a set; the last word is its file."""
    script = ROOT / "benchmarks" / f"{benchmark}.py"
    subprocess.run([sys.executable, str(script), *words], check=True, capture_output=True)
    return words[-1]


def listed() -> dict[str, list[str]]:
    """The list that is kept, by study."""
    found: dict[str, list[str]] = {}
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            current = found.setdefault(line.removeprefix("# "), [])
        else:
            current.append(line)
    return found


def test_every_kept_study_is_in_the_list():
    given = {file.stem: read_yaml(file) for file in (ROOT / "notebooks" / "studies").glob("*.yaml")}
    studies = {name: each for name, each in given.items() if not is_sweep(each)}
    assert set(studies) == set(listed()) == set(DATA)
    assert all("data" in each for each in studies.values())  # else it would be run on the digits, under its own name


@pytest.fixture(scope="module", autouse=True)
def images_read_once() -> Iterator[None]:
    """Read images once for all studies of them: those of Fashion-MNIST take longer than all the rest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "read", cache(reading.read))
        yield


@pytest.mark.parametrize("name", DATA)
def test_the_keys_are_as_they_were(name, tmp_path):
    if DATA[name] and not SHARED.is_dir():
        pytest.skip(f"real data sets are not at {SHARED}")
    assert keys_of(name, tmp_path) == listed()[name]


def lines() -> Iterator[str]:
    """The list anew."""
    for name in DATA:
        with tempfile.TemporaryDirectory() as folder:
            yield from [f"# {name}", *keys_of(name, Path(folder))]


if __name__ == "__main__":
    LIST.write_text("".join(f"{line}\n" for line in lines()), encoding="utf-8")
