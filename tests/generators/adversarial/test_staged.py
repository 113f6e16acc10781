"""Networks that grow: level and fade are functions of the share of the training that is done."""

from __future__ import annotations

import copy

import pytest
import torch

from gannb.generators.adversarial.staged import Staged, level_at


@pytest.mark.parametrize("levels", [1, 2, 3, 5])
def test_levels_rise_one_by_one_and_each_fades_in_before_the_next(levels):
    course = [level_at(step / 1000, levels) for step in range(1000)]
    numbers = [level for level, _ in course]
    assert numbers == sorted(numbers) and set(numbers) == set(range(levels))
    for level in range(levels):
        fades = [fade for at, fade in course if at == level]
        assert fades == sorted(fades) and 0 <= fades[0] and fades[-1] == 1.0
        assert (fades[0] < 0.1) == (level > 0)  # the first one stands from the start


@pytest.mark.parametrize("levels", [2, 3, 5])
def test_the_last_level_has_half_of_the_steps_and_the_end_is_whole(levels):
    course = [level_at(step / 1000, levels) for step in range(1000)]
    assert abs(sum(level == levels - 1 for level, _ in course) - 500) <= 1
    assert level_at(1.0, levels) == (levels - 1, 1.0)


def test_a_network_works_at_the_last_level_untouched_and_where_it_is_told_to():
    network = Staged(3)
    assert (network.level, network.fading, float(network.fade)) == (2, False, 1.0)
    network.reach(0.3)
    level, fade = level_at(0.3, 3)
    assert (network.level, network.fading) == (level, True) and float(network.fade) == pytest.approx(fade)
    assert torch.allclose(network.faded(torch.zeros(2), torch.ones(2)), torch.full((2,), fade))


def test_the_level_is_no_part_of_what_a_network_saves():
    network = Staged(2)
    grown = copy.deepcopy(network)
    grown.reach(0.1)
    assert network.state_dict() == grown.state_dict() == {}
