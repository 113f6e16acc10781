"""The tree of the tests is the tree of the package, and the package keeps its rules of folders.

A test of `gannb/a/b.py` stands in `tests/a/test_b.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ROOT

PACKAGE, TESTS = ROOT / "gannb", ROOT / "tests"
MOST_MODULES = 14  # of a folder, besides __init__
WITHOUT: dict[str, str] = {}  # modules that have no test file -> why, in a sentence
BESIDE = {  # test files of no single module -> what they are about
    "tests/benchmarks/test_benchmarks.py": "The scripts of the folder benchmarks/ beside the package.",
    "tests/benchmarks/test_calibration.py": "How often the intervals hold in worlds of which the truth is known.",
    "tests/benchmarks/test_calibration_folds.py": "The same of folds, given sets, looks, planning and pooling.",
    "tests/experiment/test_keys.py": "The keys of all units of the kept studies, so that no work is ever lost.",
    "tests/experiment/test_older_studies.py": "A study's folder as earlier versions left it.",
    "tests/experiment/test_positive_class.py": "One parameter from the study to the page: the positive of two classes.",
    "tests/media/audio/test_sound_study.py": "A whole study of clips.",
    "tests/media/audio/test_unheard_speakers.py": "Speakers as groups, from the names of files to every split.",
    "tests/media/image/pretrained/test_fine_tuning.py": "Studies that fine-tune, from the weights to the page.",
    "tests/media/test_captioned_study.py": "A whole study of images with captions.",
    "tests/media/test_text_study.py": "A whole study of sentences, from a csv to the page.",
    "tests/media/text/pretrained/test_encoded_study.py": "Studies with a sentence encoder.",
    "tests/media/test_toy_study.py": "A whole study of a medium that is no image.",
    "tests/report/page/test_page.py": "The page as its reader has it, whatever module wrote which part.",
    "tests/report/plots/test_plots.py": "What every figure does, whatever it shows.",
    "tests/study/test_tuned.py": "GANs that have learnt from others first, from what these are to the page.",
    "tests/study/test_unlabelled.py": "Items without labels, from the folder they lie in to the page.",
    "tests/test_documents.py": "README, CONTRIBUTING and the notes, against what the code says.",
    "tests/test_interruption.py": "Real processes, killed and stopped at work.",
    "tests/test_jupyterlab.py": "The notebooks in JupyterLab, in a browser.",
    "tests/test_notebooks.py": "The five notebooks: their sources, and all of them from end to end.",
    "tests/test_pace.py": "How the tests wait (`pace`): as long as a busy machine takes.",
    "tests/test_tree.py": "This file.",
    "tests/test_wheel.py": "The package as it is installed, without the tree.",
}
MODULES = sorted(file for file in PACKAGE.rglob("*.py") if file.name != "__init__.py")
FILES = sorted(TESTS.rglob("test_*.py"))


def name(file: Path) -> str:
    """A file's path in the checkout."""
    return file.relative_to(ROOT).as_posix()


def mirrored(module: Path) -> Path:
    """Where the tests of a module stand."""
    return TESTS / module.relative_to(PACKAGE).with_name(f"test_{module.name}")


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_a_module_has_its_test_file_or_a_sentence_why_not(module):
    assert mirrored(module).is_file() != (name(module) in WITHOUT)


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_test_file_has_its_module_or_a_sentence_what_it_is_about(file):
    assert (file in set(map(mirrored, MODULES))) != (name(file) in BESIDE)


def test_exceptions_are_few_there_and_said_in_sentences():
    assert len(WITHOUT) <= 6
    assert set(WITHOUT) <= set(map(name, MODULES)) and set(BESIDE) <= set(map(name, FILES))
    assert all(text.endswith(".") for text in (*WITHOUT.values(), *BESIDE.values()))


@pytest.mark.parametrize("folder", [PACKAGE, *(f.parent for f in PACKAGE.rglob("__init__.py"))], ids=name)
def test_a_folder_has_no_more_modules_than_one_can_overlook(folder):
    modules = [file.name for file in folder.glob("*.py") if file.name != "__init__.py"]
    assert len(modules) <= MOST_MODULES, modules


def test_every_folder_with_modules_is_a_package():
    assert all((module.parent / "__init__.py").is_file() for module in MODULES)


def test_beside_its_folders_the_package_has_the_command_line_alone():
    assert sorted(file.name for file in PACKAGE.iterdir() if file.is_file()) == ["__init__.py", "cli.py"]
