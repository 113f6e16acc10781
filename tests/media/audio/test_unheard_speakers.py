"""Whoever speaks in a trial's training clips is never heard in its test: speakers as groups, in every protocol."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from clip_sets import npz, sound, write

from gannb.experiment.experiment import Experiment
from gannb.study.model import make_study
from gannb.trials import splits
from gannb.utils.errors import InputError

RATE, TAKES = 4000, 3
PATTERN = "^([a-z]+)_"  # of names as ann_0.wav


def speaker(number: int) -> str:
    return f"{'abcdefghijklmnopqrstuvwx'[number]}y"


def spoken(root: Path, speakers: range, part: str = "") -> Path:
    """A folder in which each speaker says both words several times: PART/WORD/SPEAKER_TAKE.wav."""
    for k, word in enumerate(("one", "two")):
        for who in speakers:
            for take in range(TAKES):
                clip = sound(1000 * k + 10 * who + take, 0.15, RATE)
                write(root / part / word / f"{speaker(who)}_{take}.wav", clip, RATE)
    return root


def study(data: Path, **given) -> Experiment:
    also = {"device": "cpu", "preset": "smoke", "workers": 1, "output_dir": str(data.with_name("out"))}
    return Experiment.preview(make_study(data=str(data), **also | given))


def heard(experiment: Experiment, items: np.ndarray) -> set[str]:
    """Who speaks, by the names of the files."""
    names = splits.take(experiment.dataset, items).ids if len(items) else []
    return {name.rpartition("/")[2].partition("_")[0] for name in map(str, names)}


def trials(experiment: Experiment) -> Iterator[splits.Draw]:
    """The draws of all trials, those for tuning too."""
    for number in (*experiment.settings.tuning_draws, *range(experiment.settings.trials)):
        yield splits.make_draw(experiment.dataset, experiment.design, number)


@pytest.fixture(scope="module")
def twenty(tmp_path_factory) -> Path:
    return spoken(tmp_path_factory.mktemp("twenty") / "clips", range(20))


@pytest.mark.parametrize(
    "given",
    [
        {"protocol": "draw", "n_per_class": 3, "trials": 4},
        {"protocol": "draw", "n_per_class": 4, "trials": 4},  # no multiple of the takes: of a speaker the rest is left
        {"protocol": "draw", "n_per_class": 3, "trials": 6, "tune": True},
        {"protocol": "folds", "trials": 8},
        {"protocol": "folds", "trials": 6, "test_share": 1 / 3},
    ],
)
def test_no_speaker_is_on_two_sides_of_a_trial(twenty, given):
    experiment = study(twenty, groups=PATTERN, **given)
    for draw in trials(experiment):
        train, reserve, test = (heard(experiment, part) for part in (draw.train, draw.reserve, draw.test))
        assert train and test and not train & test and not train & reserve
        assert draw.test is draw.reserve or not reserve & test  # a draw for tuning is tested on its reserve


def test_trials_of_different_blocks_share_no_speaker_and_all_share_the_test(twenty):
    experiment = study(twenty, groups=PATTERN, protocol="draw", n_per_class=3, trials=4)
    first, second, third, fourth = ((heard(experiment, d.train), heard(experiment, d.test)) for d in trials(experiment))
    assert not (first[0] | second[0]) & (third[0] | fourth[0])
    assert first[1] == second[1] == third[1] == fourth[1]
    final = heard(experiment, splits.final_items(experiment.dataset, experiment.design))
    assert final and not final & first[1]


def test_the_same_by_a_table_of_speakers(twenty):
    lines = [f"{file.relative_to(twenty).as_posix()},{file.name.split('_')[0]}" for file in twenty.rglob("*.wav")]
    table = twenty.with_name("speakers.csv")
    table.write_text("\n".join(["id,group", *lines]))
    experiment = study(twenty, groups=str(table), protocol="folds", trials=8)
    assert all(not heard(experiment, d.train) & heard(experiment, d.test) for d in trials(experiment))


@pytest.mark.parametrize("given", [{}, {"n_per_class": 6}])
def test_of_a_given_test_set_the_speakers_leave_the_rest(tmp_path, given):
    root = spoken(tmp_path / "clips", range(8), "train")
    for word, k in (("one", 0), ("two", 1)):  # two more speakers, and another take of two that are trained on
        for who in (6, 7, 8, 9):
            write(root / "test" / word / f"{speaker(who)}_9.wav", sound(1000 * k + 10 * who + 9, 0.15, RATE), RATE)
    experiment = study(root, groups=PATTERN, trials=3, **given)
    assert experiment.design.protocol == "given" and len(experiment.dataset.report.removed_from_pool) == 2 * 2 * TAKES
    for draw in trials(experiment):
        assert heard(experiment, draw.test) == {speaker(who) for who in (6, 7, 8, 9)}
        assert heard(experiment, draw.train) <= {speaker(who) for who in range(6)}


def test_a_clip_that_two_speakers_share_keeps_both_on_one_side(tmp_path):
    root = spoken(tmp_path / "clips", range(12))
    write(root / "one" / f"{speaker(1)}_7.flac", 0.4 * sound(10 * 5 + 1, 0.15, RATE), RATE)  # what speaker 5 says
    experiment = study(root, groups=PATTERN, protocol="folds", trials=8)
    for draw in trials(experiment):
        test = heard(experiment, draw.test)
        assert (speaker(1) in test) == (speaker(5) in test) and not heard(experiment, draw.train) & test


def test_speakers_of_an_archive_are_groups_without_being_asked_for(tmp_path):
    whose = np.arange(48) // 2 % 12
    data = npz(tmp_path / "set.npz", 48, speakers=whose)
    experiment = study(data, protocol="folds", trials=8)
    for draw in trials(experiment):
        of = {part: {name.rpartition("-")[2] for name in splits.take(experiment.dataset, items).ids} for part, items in
              (("train", draw.train), ("test", draw.test))}  # fmt: skip
        assert of["test"] and not of["train"] & of["test"]


def test_a_speaker_for_each_class_cannot_be_tested_on_another_and_that_is_said(tmp_path):
    root = tmp_path / "clips"
    for k, word in enumerate(("one", "two")):
        for take in range(12):
            write(root / word / f"{speaker(k)}_{take}.wav", sound(100 * k + take, 0.15, RATE), RATE)
    with pytest.raises(InputError, match=r"(?i)class '(one|two)'"):
        study(root, groups=PATTERN, protocol="folds", trials=8)
    with pytest.raises(InputError, match=r"(?i)class '(one|two)'"):
        study(root, groups=PATTERN, protocol="draw", n_per_class=3, trials=2)


def test_a_file_whose_speaker_the_pattern_does_not_find_is_named(tmp_path):
    root = spoken(tmp_path / "clips", range(4))
    write(root / "two" / "7.wav", sound(77, 0.15, RATE), RATE)
    with pytest.raises(InputError, match=r"finds no group in 'two/7.wav'"):
        study(root, groups=PATTERN)
