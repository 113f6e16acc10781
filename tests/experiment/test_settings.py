"""What a study's parameters come to: without asking a disk."""

from __future__ import annotations

import builtins
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from gannb.experiment.plan import Plan
from gannb.experiment.settings import Settings
from gannb.media.image.reading import read
from gannb.study.model import make_study
from gannb.trials import splits
from gannb.utils.errors import InputError
from tests.conftest import SMOKE

NOWHERE = {"output_dir": "/nowhere/at/all", "name": "none"}


def settings(**given) -> Settings:
    """Those of a study of the digits, of whose folder nothing is there."""
    return Settings(make_study(**SMOKE | NOWHERE | given), read("digits"), "0" * 16)


@contextmanager
def no_disk() -> Iterator[None]:
    """Whoever asks the disk for a file meanwhile fails."""

    def refuse(*args, **_):
        raise AssertionError(f"the disk was asked: {args[:1]}")

    with pytest.MonkeyPatch.context() as patch:
        for name in ("exists", "is_file", "is_dir", "stat", "glob", "rglob", "iterdir", "open", "read_text", "mkdir"):
            patch.setattr(Path, name, refuse)
        for name in ("stat", "listdir", "scandir", "open", "mkdir"):
            patch.setattr(os, name, refuse)
        patch.setattr(os.path, "exists", refuse)
        patch.setattr(builtins, "open", refuse)
        yield


@pytest.mark.parametrize(
    "given",
    [{}, {"tune": True, "augmentation": "auto"}, {"protocol": "folds", "n_per_class": None, "trials": None}],
    ids=str,
)
def test_settings_and_plan_ask_no_disk(given):
    warm = settings(**given)  # imports are over, and the medium's tables there
    _ = warm.resolved(), warm.classifier_sizes(), warm.classifier_layers(), Plan(warm).all_units()
    found = settings(**given)
    with no_disk():
        plan = Plan(found)
        for part in (found, plan):
            asked = {name: getattr(part, name) for name in vars(type(part)) if not name.startswith("_")}
        keys = [unit.key for unit in plan.all_units()]
        said = found.resolved(), found.classifier_sizes(), found.classifier_layers(), plan.answer_key
    assert {"answer_key", "final_generator", "left_out", "units"} <= set(asked)
    assert keys == [unit.key for unit in Plan(warm).all_units()] and said[0]["gan"] == "mlp"


def test_real_items_of_draws_are_counted_as_they_are_drawn():
    drawn, split = settings(), settings(protocol="folds", n_per_class=None, trials=None)
    assert drawn.draw_counts.tolist() == [4] * 10 and drawn.all_draw_counts.tolist() == [[4] * 10] * 2
    y = split.dataset.pool.y
    for trial, counts in enumerate(split.all_draw_counts):
        assert counts.tolist() == np.bincount(y[splits.make_draw(split.dataset, split.design, trial).train]).tolist()
    assert split.draw_counts.tolist() == split.all_draw_counts[0].tolist()


def test_layers_are_counted_of_the_study_s_networks_and_of_the_medium_s_own():
    assert settings().classifier_layers() == {"small_cnn": 4, "deep_cnn": 20}
    assert settings(classifier=("resnet10t", "small_cnn")).classifier_layers()["resnet10t"] > 8


def test_what_auto_stands_for_is_the_medium_s():
    found = settings()
    assert (found.family, found.policy_name) == (found.medium.default_family((8, 8, 1)), "affine")
    assert settings(gan="projection", augmentation="shift").policy_name == "shift"
    assert found.medium.nouns.many == "images"


def test_an_arm_of_a_generator_that_the_medium_has_not_is_refused():
    with pytest.raises(InputError, match="arms: there is no arm 'real\\+wavegan'"):
        _ = settings(arms=("real+wavegan",)).arms


def test_a_study_of_a_medium_without_pretrained_networks_has_no_arms_that_fine_tune(monkeypatch):
    found = settings(arms=("real", "transfer", "transfer+gan"))
    monkeypatch.setitem(vars(found.medium), "pretrained", None)
    assert not found.wants_pretrained and not any(arm.pretrained for arm in found.arms)
    assert Plan(found).left_out == ""
