"""What is refused before any work, and how few divisions it takes to know."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gannb.data.examples import Dataset, Examples
from gannb.experiment.checks import check_balance
from gannb.experiment.experiment import Experiment
from gannb.experiment.settings import Settings
from gannb.media.image.reading import read
from gannb.study.model import make_study
from gannb.trials import splits
from gannb.utils.errors import InputError

TRIALS = 400


def saved(folder: Path, counts: tuple[int, ...], triples: int = 0) -> dict[str, str]:
    """Parameters of a study of noise; of its first images so many are there three times."""
    y = np.repeat(np.arange(len(counts)), counts)
    x = np.random.default_rng(0).integers(0, 256, (len(y), 8, 8), np.uint8)
    for first in range(0, 3 * triples, 3):
        x[first + 1 : first + 3] = x[first]
    np.savez(folder / "set.npz", train_images=x, train_labels=y)
    return {"data": str(folder / "set.npz"), "output_dir": str(folder / "outputs"), "preset": "smoke", "trials": TRIALS}


@pytest.fixture
def divided(monkeypatch) -> list[int]:
    """Which repeats were divided into folds, call by call."""
    made, divide = [], splits.fold_numbers

    def counted(y, groups, folds, seed, repeat):
        made.append(repeat)
        return divide(y, groups, folds, seed, repeat)

    monkeypatch.setattr(splits, "fold_numbers", counted)
    return made


@pytest.mark.parametrize(
    ("triples", "given", "passes"),
    [
        (0, {}, 0),
        (10, {}, 1),  # is there room for every trial?
        (0, {"n_synthetic": "balance"}, 1),  # what lacks the smaller class in each?
        (10, {"n_synthetic": "balance", "keep_classes": "1", "gan": "dcgan_per_class"}, 2),
    ],
    ids=str,
)
def test_opening_a_study_of_many_trials_divides_every_repeat_once_or_not_at_all(
    tmp_path, divided, triples, given, passes
):
    experiment = Experiment.preview(make_study(**saved(tmp_path, (60, 30), triples) | given))
    assert len(experiment.plan.draws) == TRIALS and experiment.design.protocol == "folds"
    assert divided.count(TRIALS // 4 - 1) == passes  # the last repeat is asked for with all the others alone
    assert len(divided) - passes * TRIALS // 4 <= 6  # the first one's counts, and draws that a check looks at
    assert len(experiment.plan.all_units()) > 10 * TRIALS and len(divided) - passes * TRIALS // 4 <= 6


def balanced(counts: tuple[int, ...], batch_size: int = 32, mix: str = "added") -> Settings:
    """Settings of a study that is to fill up the smaller classes of a cross-validated set."""
    y = np.repeat(np.arange(len(counts)), counts)
    index, x = np.arange(len(y)), np.zeros((len(y), 8, 8, 1), np.uint8)
    pool = Examples(x, y, tuple(f"class {k}" for k in range(len(counts))), index.astype(str), index)
    dataset: Dataset = replace(read("digits"), pool=pool)
    given = {"data": "noise", "n_synthetic": "balance", "output_dir": "/nowhere", "batch_size": batch_size}
    given["mix"] = mix
    return Settings(make_study(**given), dataset, "0" * 16)


@pytest.mark.parametrize("counts", [(10, 10), (9, 9, 9), (50, 50)])
def test_equal_classes_are_not_balanced_whatever_a_fold_leaves_of_them(counts):
    """(10, 10) and (9, 9, 9) were accepted: some folds leave 8 of one class and 7 of another to train on."""
    with pytest.raises(
        InputError, match="n_synthetic=balance is for classes of unequal size, and these lack less than"
    ):
        check_balance(balanced(counts))


def test_some_folds_of_equal_classes_do_lack_an_item():
    found = balanced((10, 10)).all_draw_counts
    assert {tuple(sorted(counts)) for counts in found.tolist()} & {(7, 8)}


def test_unequal_classes_are_balanced():
    check_balance(balanced((60, 12)))
    check_balance(balanced((160, *[8] * 15), batch_size=4))
    with pytest.raises(InputError, match="leaves no real item in a batch of 4.*mix=added"):
        check_balance(balanced((160, *[8] * 15), batch_size=4, mix="replaced"))


# ---- test items ----


@pytest.mark.parametrize(
    ("alike", "metric", "refused"),
    [((True, True), "balanced_accuracy", True), ((True, False), "balanced_accuracy", False),
     ((True, True), "accuracy", False)],  # of which all test items are one sample, and these are two groups
)  # fmt: skip
def test_test_items_of_which_every_class_is_one_group_are_refused_before_any_work(tmp_path, alike, metric, refused):
    rng = np.random.default_rng(0)
    make = lambda n: rng.integers(0, 256, (n, 16, 16), np.uint8)  # noqa: E731
    tested = [np.repeat(make(1), 6, 0) if same else make(6) for same in alike]
    y = np.repeat([0, 1], 6)
    np.savez(
        tmp_path / "set.npz", train_images=make(24), train_labels=np.repeat([0, 1], 12),
        test_images=np.concatenate(tested), test_labels=y,
    )  # fmt: skip
    given = {"preset": "smoke", "metric": metric, "output_dir": str(tmp_path / "outputs")}
    study = make_study(data=str(tmp_path / "set.npz"), **given)
    if not refused:
        Experiment.preview(study)
        return
    with pytest.raises(
        InputError, match="The test images of each class are one group.*how far balanced accuracy would be another"
    ):
        Experiment.preview(study)


# ---- trials at most ----


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"trials": 9, "trials_most": 8}, "trials=9 is more than trials_most=8; use fewer trials, or trials_most=9"),
        ({"trials": 2, "trials_most": 3}, "trials_most is 3; looks need 4 or more"),
        ({"protocol": "folds", "trials": 8, "trials_most": 9}, "is 9; looks need a multiple of the 4 folds"),
        ({"trials": 4, "trials_most": 6, "n_per_class": 30}, "trials_most=6: n_per_class=30 needs 180 items"),
    ],
    ids=str,
)  # fmt: skip
def test_trials_at_most_that_cannot_be_looked_at_or_have_no_room_are_refused(tmp_path, given, says):
    study = make_study(data="digits", device="cpu", output_dir=str(tmp_path), **given)
    with pytest.raises(InputError, match=says):
        Experiment.preview(study)
    assert not any(tmp_path.iterdir())


def test_trials_up_to_those_at_most_are_allowed(tmp_path):
    study = make_study(data="digits", device="cpu", output_dir=str(tmp_path), trials=6, trials_most=6)
    assert Experiment.preview(study).settings.trials == 6


# ---- ways to use made items ----


def refused(tmp_path: Path, **given) -> str:
    """The sentence that refuses a smoke study of digits, which is previewed alone."""
    with pytest.raises(InputError) as error:
        Experiment.preview(make_study(**{"output_dir": str(tmp_path), "preset": "smoke", "n_per_class": 8} | given))
    assert not any(tmp_path.iterdir()) and "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"arms": "real+gan.mixed+classic", "gan": "dcgan_per_class"},
         "arms: real+gan.mixed+classic: dcgan_per_class has a network of its own for every class, and nothing between"),
        ({"arms": "real+dcgan_per_class.mixed"}, "arms: real+dcgan_per_class.mixed: dcgan_per_class has"),
        ({"arms": "real+gan:25%+classic"},
         "comes to 32 real and 11 made images in a batch, and real+gan+classic has 11"),
    ],
)  # fmt: skip
def test_ways_that_a_study_cannot_have_are_refused_in_a_sentence(tmp_path, given, said):
    assert said in refused(tmp_path, **given)


def test_a_medium_with_nothing_between_two_items_has_nothing_between_two_classes(tmp_path):
    file = tmp_path / "said.csv"
    file.write_text(
        "text,label\n" + "".join(f"{word} number {n},{word}\n" for word in ("one", "two") for n in range(40))
    )
    given = {"data": str(file), "output_dir": str(tmp_path / "out"), "preset": "smoke"}
    for arm, said in {
        "real+gan.mixed+classic": "there are no sentences between two classes; leave out what takes them",
        "real+copies.mixed+classic": "takes sentences between two classes, and there are none; leave it out",
        "real+gan.apart+classic": "takes a classifier with batch normalisation, and tfidf has none; leave it out",
    }.items():
        with pytest.raises(InputError, match=f"arms: .*{said}"):
            Experiment.preview(make_study(**given, arms=arm))
    ways = "real+gan.taught+classic,real+gan.before+classic,real+gan.fading+classic,real+gan.hard+classic"
    assert Experiment.preview(make_study(**given, arms=ways)).plan.all_units()
