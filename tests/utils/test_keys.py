"""Keys and seeds."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np

from gannb.utils.keys import content_of, digest, seed_for
from gannb.work.unit import Unit


def test_keys_seeds_and_digests_are_the_same_in_another_process():
    code = (
        "from gannb.utils.keys import digest, seed_for\nfrom gannb.work.unit import Unit\n"
        "u = Unit(1, 'draw', 'trials/000/draw', print, 1, {'b': [1, None, 'ü'], 'a': .1, 'trial': 0})\n"
        "print(u.key, digest('x', {'b': 1, 'a': 2}), seed_for(3, 'trial', 1, 'ü'))"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True
        ).stdout
        for seed in ("0", "12345")
    ]
    here = Unit(1, "draw", "trials/000/draw", print, 1, {"b": [1, None, "ü"], "a": 0.1, "trial": 0})
    expected = f"{here.key} {digest('x', {'b': 1, 'a': 2})} {seed_for(3, 'trial', 1, 'ü')}\n"
    assert outputs == [expected, expected]


def test_golden_values_of_digest_and_seed():
    # results of finished studies hang on these: a change makes every unit of every study anew
    assert digest("a", 1, None, {"b": 2, "a": [0.5]}) == "9bb3332a66ca44c2"
    assert seed_for(0, "trial", 3, "generator", "mlp") == 3_953_870_407_477_634_805


def test_a_seed_belongs_to_its_names_alone():
    names = [("a",), ("b",), ("a", 0), ("a", 1), ("a", "1"), ("a", "b"), ("b", "a"), ("ab",)]
    seeds = [seed_for(0, *n) for n in names]
    assert len(set(seeds)) == len(names)
    assert [seed_for(0, *n) for n in reversed(names)] == seeds[::-1]
    assert seed_for(1, "a") != seed_for(0, "a")
    assert all(0 <= s < 2**63 for s in seeds)


def test_only_the_same_numbers_have_the_same_content():
    x = np.arange(12, dtype=np.int16).reshape(2, 6)
    assert content_of(x[0]) == content_of(x[0].copy()) != content_of(x[1]) and len(content_of(x[0])) == 16
    assert content_of(x[:, ::2]) == content_of(x[:, ::2].copy())  # however they lie in memory
