"""Memory of this process and of the machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psutil

from gannb.utils import memory

MORE = 2**26  # bytes; the system counts in steps of a few hundred kilobytes


def test_the_most_that_a_process_had_stays_when_it_is_given_back():
    before, now = memory.peak_bytes(), psutil.Process().memory_info().rss
    block = np.ones((max(0, before - now) + 2 * MORE) // 8)
    with_block = memory.peak_bytes()
    del block
    assert with_block > before + MORE and memory.peak_bytes() > with_block - MORE


def test_where_the_system_does_not_tell_the_most_it_is_what_there_is_now(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "STATUS", Path(tmp_path / "nothing"))
    now = psutil.Process().memory_info().rss
    assert 0.5 * now < memory.peak_bytes() < 2 * now


def test_no_more_is_free_than_there_is():
    assert 0 < memory.free_bytes() < psutil.virtual_memory().total
