"""Trying a study's GAN out: what is asked for, by whom it is made, and the file that shows it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pytest
from captioned_sets import captioned_folder
from PIL import Image

from gannb import cli
from gannb.experiment.experiment import Experiment
from gannb.media.captioned import CAPTIONED
from gannb.report import trying
from gannb.study.data_copy import read_data
from gannb.study.folder import load_study
from gannb.study.model import make_study
from gannb.utils.errors import InputError


def opened(folder: Path) -> Experiment:
    return Experiment.preview(load_study(folder), own_copy=True)


def test_a_class_is_drawn_beside_real_items_and_the_path_is_printed(smoke, capsys):
    assert cli.main(["try", "7", str(smoke), "--number", "9"]) == 0
    said, file = capsys.readouterr().out.splitlines()
    assert said == "class '7', by the GAN of trial 0" and file == str(smoke / "tried" / "class-7-0.png")
    assert Image.open(file).size[0] > 100
    again = trying.try_out(opened(smoke), "7", 9)
    assert [len(row) for row in again.grid.cells] == [8, 1, 4] and again.grid.rows == ["made", "", "real"]
    assert np.array_equal(again.x, trying.try_out(opened(smoke), " 7 ", 9).x) and again.captions is None
    assert not np.array_equal(again.x, trying.try_out(opened(smoke), "7", 9, seed=1).x)


def test_the_final_generator_is_asked_where_it_is_there(helpful):
    assert trying.fitted_generator(opened(helpful)).whose == "the final generator"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["seven"], "There is no class 'seven' in .* and its GAN 'mlp' takes no captions; the classes are '0', '1'"),
        (["7", "--number", "0"], "number=0 is out of range; give 1 to 64 items"),
        (["7", "--number", "65"], "number=65 is out of range"),
    ],
)
def test_what_cannot_be_made_is_refused(finished, arguments, says):
    what, *others = arguments
    with pytest.raises(InputError, match=says):
        trying.try_out(opened(finished), what, *map(int, others[1:]))


def test_a_study_without_a_trained_gan_is_told_to_run_first(smoke):
    for unit in opened(smoke).plan.generator_units.values():
        shutil.rmtree(smoke / unit.path)
    with pytest.raises(InputError, match="has no trained GAN yet; run the study first"):
        trying.try_out(opened(smoke), "7")


def test_what_is_heard_or_read_is_a_page(smoke):
    experiment = opened(smoke)
    tried = replace(trying.try_out(experiment, "7"), remarks=["a remark <b>"])
    with patch.object(type(experiment.settings.medium), "html", lambda self, grid: "<p>players</p>"):
        file = trying.write(experiment, tried)
    page = file.read_text(encoding="utf-8")
    assert file.suffix == ".html" and "<p>players</p>" in page and "a remark &lt;b&gt;" in page


# ---- captions, by a generator that stands in for a GAN of captions


class Echo:
    """Images as bright as their caption is long."""

    def captions_of(self, condition, seed: int) -> np.ndarray:
        if condition.captions is not None:
            return condition.captions
        return np.array([f"drawn {i}" for i in range(len(condition))])

    def sample(self, condition, seed: int) -> np.ndarray:
        lengths = [len(caption) for caption in self.captions_of(condition, seed)]
        return np.array([np.full((16, 16, 3), n, np.uint8) for n in lengths])


@pytest.fixture
def captioned(tmp_path) -> Experiment:
    folder = str(captioned_folder(tmp_path / "shapes"))
    study = make_study(data=folder, preset="smoke", output_dir=str(tmp_path / "out"))
    dataset = read_data(study)
    families = {"echo": SimpleNamespace(takes_captions=True)}
    medium = SimpleNamespace(families=families, captions=CAPTIONED.captions)
    settings = SimpleNamespace(family="echo", medium=medium)
    fitted = trying.Fitted(Echo(), dataset.pool, "the GAN of trial 0")
    with patch.object(trying, "fitted_generator", lambda experiment: fitted):
        yield SimpleNamespace(dataset=dataset, settings=settings, study=study, folder=study.folder)


def test_a_caption_is_asked_for_and_real_items_are_those_most_like_it(captioned):
    tried = trying.try_out(captioned, "a  blue thing at place 12", 3)
    assert tried.what == "“a blue thing at place 12”" and (tried.x == 24).all() and tried.remarks == []
    assert tried.captions.tolist() == ["a blue thing at place 12"] * 3
    assert tried.grid.cells[-1][0].note == "a blue thing\nat place 12" and tried.grid.rows[-1] == "real, most like it"
    assert [cell.note for cell in tried.grid.cells[0]] == [""] * 3


def test_words_that_no_caption_has_are_named(captioned):
    assert trying.try_out(captioned, "a purple zebra thing").remarks == [
        "these words stand in no caption of the training set, and the GAN knows nothing of them: purple, zebra"
    ]
    assert (
        trying.try_out(captioned, "purple zebra").remarks[0].startswith("no word of this caption stands in a caption")
    )


def test_a_class_of_captioned_items_shows_the_captions_that_were_drawn(captioned):
    tried = trying.try_out(captioned, "Circle", 2)
    assert tried.what == "class 'circle'" and [cell.note for cell in tried.grid.cells[0]] == ["drawn 0", "drawn 1"]


@pytest.mark.parametrize("wanted", ["  ", "...", "a.png"])
def test_what_is_no_sentence_is_refused(captioned, wanted):
    with pytest.raises(InputError, match="Nothing can be made of .*; write a sentence, or the name of a class"):
        trying.try_out(captioned, wanted)


def test_long_captions_are_cut_below_their_items():
    long = SimpleNamespace(captions=np.array([["word " * 20]]))
    assert trying._note(long, 0) == "word word\nword word …"
