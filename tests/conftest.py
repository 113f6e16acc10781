"""Fixtures shared by all tests."""

from __future__ import annotations

import contextlib
import os
import pickle
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from filelock import FileLock

if TYPE_CHECKING:
    from gannb.experiment.experiment import Experiment

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported: small networks are fastest on one thread
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ["HF_HUB_CACHE"] = os.devnull  # what weights this machine happens to have must not change a test

ROOT = Path(__file__).resolve().parent.parent

# A study as small as one can be that still goes all the way.
SMOKE = {
    "data": "digits", "preset": "smoke", "trials": 2, "gan_steps": 5, "n_synthetic": 5, "classifier_steps": 5,
    "n_per_class": 4, "workers": 1, "arms": ("real", "real+gan", "real+gan+classic"),
}  # fmt: skip


GPU = "gpu"  # the marker of tests that take a GPU, and the only ones that do


def pytest_configure(config: pytest.Config) -> None:
    """Hide GPUs from every process of the tests, unless those marked `gpu` are asked for (`pytest -m gpu`)."""
    if not re.search(rf"(?<!not )\b{GPU}\b", config.getoption("markexpr")):
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # heeded by torch when it first looks for one


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring files with slow tests forward: one that is begun last keeps one process at work while the others idle."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what takes a GPU where none is to be seen."""
    if item.get_closest_marker(GPU):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("needs a GPU: pytest -m gpu")


TOKEN = "GANNB_TEST_RUN"  # in the environment of every process that a test starts, whatever its session


def at_work(token: str) -> list[psutil.Process]:
    """Return every process that was started with a token, and what these have started: launchers, kernels, workers."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(TOKEN) == token:
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture(autouse=True)
def no_word_of_what_takes_long(monkeypatch: pytest.MonkeyPatch):
    """Let no command say what it is doing, which a test does not ask for and a busy machine would bring about."""
    from gannb.utils import doing

    monkeypatch.setattr(doing, "SILENCE", 1e6)


@pytest.fixture(autouse=True)
def close_figures():
    """Close the figures that a test has drawn, where it has drawn any."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets beside the checkout; tests that need it skip where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"real data sets are not at {folder}")
    return folder


def made_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Any]) -> Any:
    """What a function returns that makes something in a folder; the processes of `pytest -n` share it."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    kept = base / f"{name}.pickle"
    with FileLock(base / f"{name}.lock"):
        if not kept.exists():
            shutil.rmtree(base / name, ignore_errors=True)  # what one that failed has left
            (base / name).mkdir()
            kept.write_bytes(pickle.dumps(make(base / name)))
    return pickle.loads(kept.read_bytes())


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a smoke study of which everything is done. To be read only: `smoke` is a copy to change."""
    return made_once(tmp_path_factory, "finished", _finished)


def _finished(outputs: Path) -> Path:
    from gannb.experiment.experiment import Experiment
    from gannb.report.publish import publish
    from gannb.study.model import make_study

    with _no_launcher():
        experiment = Experiment.open(make_study(**SMOKE, output_dir=str(outputs)))
        outcomes = [experiment.run(stage) for stage in (1, 2, 3, 4)]
        assert not any(outcome.failed for outcome in outcomes)
        publish(experiment)
    return experiment.folder


@pytest.fixture
def smoke(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished smoke study, to be changed."""
    return Path(shutil.copytree(finished, tmp_path / "outputs" / finished.name))


@pytest.fixture(scope="session")
def helpful(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a study that says that GAN images help, with its final generator. To be read only.

    The answer is planted: nothing but the final generator was trained.
    """
    return made_once(tmp_path_factory, "helpful", lambda outputs: _helpful(SMOKE | {"output_dir": str(outputs)}))


@pytest.fixture(scope="session")
def captioned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of images with captions, by a GAN that takes captions. To be read only."""
    from captioned_sets import captioned_folder

    place = tmp_path_factory.mktemp("captioned")
    return _helpful(SMOKE | {"data": str(captioned_folder(place / "shapes", 16)), "output_dir": str(place / "outputs")})


def _helpful(given: dict) -> Path:
    """Train the final generator of a study, and plant an answer."""
    from gannb.experiment.experiment import Experiment
    from gannb.study.model import make_study
    from gannb.utils.files import write_json
    from gannb.work.store import execute

    with _no_launcher():
        experiment = Experiment.open(make_study(**given | {"preset": "laptop", "workers": 1}))
        assert [execute(experiment.folder, unit, "cpu") for unit in experiment.plan.final_generator.closure()] == [
            None,
            None,
        ]
    verdict = {"answer": "helps", "sentence": "They help.", "gan": experiment.family, "metric": "accuracy"}
    verdict |= {"protocol": "draw", "problems": ["A control did not come out."], "copying": "The GAN copies."}
    verdict |= {"answer_key": experiment.plan.answer_key, "reason": ""}
    write_json(experiment.folder / "verdict.json", verdict)
    return experiment.folder


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """A study whose units are planted, as if everything had been trained. To be read only."""
    from planted_study import planted_study

    with _no_launcher():
        return planted_study(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="session")
def published(planted: Experiment) -> Path:
    """The page of the planted study, with the files beside it. To be read only."""
    from gannb.report.publish import publish

    with _no_launcher():
        return publish(planted)


@pytest.fixture(scope="session")
def two_families(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """A study of two families of GANs, of which the GANs are trained. To be read only."""
    from gannb.experiment.experiment import Experiment
    from gannb.study.model import make_study

    given = SMOKE | {"arms": ("real", "real+projection+classic"), "output_dir": str(tmp_path_factory.mktemp("two"))}
    with _no_launcher():
        experiment = Experiment.open(make_study(**given))
        assert not experiment.run(2).failed
    return experiment


@contextlib.contextmanager
def _no_launcher():
    """Tests may themselves run below a `gannb run`; studies made here are not its own."""
    before = os.environ.pop("GANNB_LAUNCHER", None)
    try:
        yield
    finally:
        if before is not None:
            os.environ["GANNB_LAUNCHER"] = before
