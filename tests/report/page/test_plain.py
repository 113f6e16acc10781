"""What may leave the machine."""

from __future__ import annotations

import numpy as np
import pytest

from gannb.report.page.plain import plain, without_paths


def test_plain_values_are_ready_for_json():
    given = {"a": np.float64(1.5), "b": [float("nan"), np.int64(3)], "c": (float("inf"), None), "d": np.bool_(True)}
    assert plain(given) == {"a": 1.5, "b": [None, 3], "c": [None, None], "d": True}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cannot read /home/ann/photos/dog.png: truncated", "cannot read dog.png: truncated"),
        (r"cannot read C:\Users\ann\dog.png", "cannot read dog.png"),
        ("trials/000/real+gan-0123: boom", "trials/000/real+gan-0123: boom"),
        ("help and/or hurt, train/ and test/", "help and/or hurt, train/ and test/"),
    ],
)
def test_absolute_paths_are_cut_to_their_last_part(text, shown):
    assert without_paths(text) == shown
