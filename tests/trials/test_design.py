"""Which protocol a study gets, with how large draws and how many trials; and what is said where none is possible."""

from __future__ import annotations

import re

import numpy as np
import pytest
from planted_sets import bursts, dataset, digits, refusal

from gannb.stats.settling.floor import LEAST_TRIALS
from gannb.study.model import make_study
from gannb.trials.design import settle
from gannb.trials.splits import make_draw
from gannb.trials.tuning import DRAWS
from gannb.utils.errors import InputError


def test_digits_are_drawn_eight_per_class():
    design = settle(digits(), make_study())
    assert (design.protocol, design.n_per_class) == ("draw", 8)
    make_draw(digits(), design, 7)  # the last trial finds its items


def test_a_small_set_is_cross_validated_in_whole_repeats():
    design = settle(dataset([120, 399]), make_study(data="photos"))
    assert (design.protocol, design.n_per_class, design.folds, design.trials) == ("folds", None, 4, 8)
    assert settle(dataset([120, 399]), make_study(data="photos", test_share=0.1)).trials == 20


@pytest.mark.parametrize(("trials", "way"), [(4, 8), (7, 8), (9, 12), (10, 12)])
def test_trials_that_are_no_whole_repeats_are_refused_with_the_next_number_that_is(trials, way):
    text = refusal(dataset([120, 399]), data="photos", trials=trials)
    assert f"trials={trials}" in text and f"use trials={way}." in text
    assert settle(dataset([120, 399]), make_study(data="photos", trials=way)).trials == way


@pytest.mark.parametrize(("share", "ways"), [(0.4, ("0.333", "0.5")), (0.3, ("0.25", "0.333"))])
def test_a_test_share_that_is_no_fold_is_refused_with_those_that_are(share, ways):
    text = refusal(dataset([120, 399]), data="photos", test_share=share)
    for way in ways:
        assert way in text
        settle(dataset([120, 399]), make_study(data="photos", test_share=float(way)))


@pytest.mark.parametrize(("counts", "n"), [([400, 500], 15), ([3000, 6000], 100), ([1000, 1000], 37)])
def test_a_large_set_is_drawn_as_large_as_disjoint_draws_allow_up_to_a_hundred(counts, n):
    data, study = dataset(counts), make_study(data="photos")
    design = settle(data, study)
    assert (design.protocol, design.n_per_class) == ("draw", n)
    make_draw(data, design, design.trials - 1)
    assert design.trials == 16 and design.most_trials >= 20


def test_more_trials_do_not_change_the_size_of_draws():
    sizes = {settle(dataset([800, 900]), make_study(data="photos", trials=t)).n_per_class for t in (2, 8, 10)}
    assert len(sizes) == 1


def test_half_of_a_draw_is_not_the_half_that_comes_first_in_the_set():
    data = dataset([400, 400])
    draws = [make_draw(data, settle(data, make_study(data="photos", n_per_class=15)), t) for t in range(8)]
    first = [np.mean(draw.fewer(data.pool.y)) / np.mean(draw.train) for draw in draws]
    assert np.mean(first) == pytest.approx(1, abs=0.1)


def test_a_given_test_set_leaves_the_whole_pool_for_draws_that_are_asked_for():
    design = settle(dataset([400, 400], test=[50, 50]), make_study(data="photos", protocol="draw"))
    assert (design.protocol, design.n_per_class) == ("draw", 20)


def test_asking_for_items_per_class_is_asking_for_draws():
    design = settle(dataset([120, 130]), make_study(data="photos", n_per_class=5))
    assert (design.protocol, design.n_per_class) == ("draw", 5)


def test_a_protocol_that_is_asked_for_is_used():
    assert settle(digits(), make_study(protocol="folds")).protocol == "folds"
    assert settle(dataset([120, 130]), make_study(data="photos", protocol="draw")).n_per_class == 4


def test_the_choice_is_explained():
    assert "8 items per class of its own" in settle(digits(), make_study()).why
    assert "divided into 4 parts" in settle(dataset([50, 50]), make_study(data="photos")).why
    assert "given test set" in settle(dataset([50, 50], test=[9, 9]), make_study(data="photos")).why


def test_a_protocol_of_earlier_versions_says_what_has_become_of_it():
    with pytest.raises(InputError, match="protocol=folds"):
        make_study(data="photos", protocol="resplit")


@pytest.mark.parametrize("tune", [False, True])
def test_blocks_are_those_that_whole_groups_fill(tune):
    """Where groups of three fill draws of four, the numbers alone promise eleven blocks and no study could be made."""
    data, study = dataset([120, 120], groups=bursts(240, 3)), make_study(data="photos", n_per_class=4, tune=tune)
    design = settle(data, study)
    assert LEAST_TRIALS <= design.blocks < 9 and design.trials == 16
    draws = [make_draw(data, design, t) for t in range(32)]
    assert all(np.bincount(data.pool.y[draw.train]).tolist() == [4, 4] for draw in draws[: design.most_trials])
    used = np.unique(np.concatenate([draw.train for draw in draws]))
    for_tuning = [make_draw(data, design, -1 - t) for t in range(DRAWS * tune)]
    for draw in for_tuning:
        assert not np.isin(data.pool.groups[np.append(draw.train, draw.reserve)], data.pool.groups[used]).any()


# ---- too few items: the sentence, and whether its ways out lead anywhere ----


def test_too_few_items_for_the_draws_asked_for():
    data, given = dataset([50, 60]), {"data": "photos", "n_per_class": 10, "trials": 4}
    text = refusal(data, **given)
    assert "class 'class 0'" in text and "40 items of each class" in text and "\n" not in text
    room = int(re.search(r"at most n_per_class=(\d+)", text)[1])
    design = settle(data, make_study(**given | {"n_per_class": room}))
    make_draw(data, design, 3)  # does what the sentence says


def test_of_a_class_that_is_one_group_is_said_so_and_no_way_that_leads_nowhere():
    y = dataset([500, 600]).pool.y
    text = refusal(dataset([500, 600], groups=np.where(y == 1, 5000, np.arange(1100))), data="photos")
    assert "class 'class 1' has 600 in 1 group, kept whole; use finer groups." in text


def test_too_few_whole_groups_for_the_draws_asked_for():
    data, given = dataset([40, 40], groups=bursts(80, 8)), {"data": "photos", "n_per_class": 5}
    text = refusal(data, **given)
    assert "has 40 in 10 groups, kept whole; use at most n_per_class=" in text
    assert "use finer groups, or protocol=folds without n_per_class" in text
    room = int(re.search(r"at most n_per_class=(\d+)", text)[1])
    design = settle(data, make_study(**given | {"n_per_class": room}))
    make_draw(data, design, design.trials - 1)
    refusal(data, **given | {"n_per_class": room + 1})  # and no more is possible


def test_cross_validation_instead_of_draws_really_works():
    data, given = dataset([50, 60]), {"data": "photos", "n_per_class": 10, "trials": 4}
    text = refusal(data, **given)
    # n_per_class is still set: the sentence must say that it has to go, since folds refuses it
    assert "protocol=folds without n_per_class" in text
    make_draw(data, settle(data, make_study(data="photos", protocol="folds")), 3)


def test_more_trials_of_digits_than_there_are_items_are_several_a_block():
    design = settle(digits(), make_study(trials=40))
    assert design.most_trials == 16 and "each divided anew for several trials" in design.why
    make_draw(digits(), design, 39)


def test_blocks_for_tuning_are_kept_apart():
    plain, tuned = (settle(digits(), make_study(tune=tune)) for tune in (False, True))
    assert (plain.blocks, tuned.blocks) == (8, 6)
    used = [make_draw(digits(), tuned, t) for t in range(16)]
    for t in (-1, -2):
        draw = make_draw(digits(), tuned, t)
        for other in used:
            assert not {*draw.train, *draw.reserve} & {*other.train, *other.reserve, *other.test}


def test_a_set_too_small_for_any_draw_is_told_so_in_true_numbers():
    text = refusal(dataset([10, 300]), data="photos", protocol="draw")
    assert "n_per_class=0" not in text and "needs 0 items" not in text
    assert "protocol=folds" in text
    settle(dataset([10, 300]), make_study(data="photos", protocol="folds"))


@pytest.mark.parametrize("test_share", [0.1, 0.25, 0.5])
def test_a_class_too_small_to_divide_is_named_with_the_number_that_suffices(test_share):
    text = refusal(dataset([3, 50]), data="photos", test_share=test_share)
    assert "'class 0' has 3 images" in text
    need = int(re.search(r"at least (\d+)", text)[1])
    data = dataset([need, 50])
    design = settle(data, make_study(data="photos", test_share=test_share))
    for t in range(5):
        make_draw(data, design, t)
