"""Arrays of an .npz file."""

from __future__ import annotations

import numpy as np
import pytest

from gannb.data.npz import arrays_of, holds
from gannb.utils.errors import InputError


def test_those_that_are_wanted_are_read_and_the_others_named(tmp_path):
    np.savez_compressed(tmp_path / "set.npz", a=np.arange(3), b=np.eye(2), c=1)
    arrays, others = arrays_of(tmp_path / "set.npz", ["c", "a", "z"])
    assert list(arrays) == ["c", "a"] and arrays["a"].tolist() == [0, 1, 2] and others == ["b"]
    assert holds(tmp_path / "set.npz", ["z", "b"]) and not holds(tmp_path / "set.npz", ["z"])
    assert not holds(tmp_path / "set.npy", ["a"]) and not holds(tmp_path / "none.npz", ["a"])


def test_what_is_no_archive_holds_no_objects_and_not_too_much(tmp_path, monkeypatch):
    (tmp_path / "text.npz").write_text("no archive")
    assert not holds(tmp_path / "text.npz", ["a"])
    with pytest.raises(InputError, match=r"text.npz is not a readable .npz file"):
        arrays_of(tmp_path / "text.npz", ["a"])
    np.savez(tmp_path / "objects.npz", a=np.array([{}]))
    with pytest.raises(InputError, match="objects.npz holds object arrays, never unpickled here; save plain numbers"):
        arrays_of(tmp_path / "objects.npz", ["a"])
    np.savez(tmp_path / "cut.npz", a=np.arange(1000))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "cut.npz").read_bytes()[:500])
    with pytest.raises(InputError, match=r"cut.npz is not a readable .npz file"):
        arrays_of(tmp_path / "cut.npz", ["a"])
    np.savez(tmp_path / "large.npz", a=np.zeros(1000), b=np.zeros(10**5))
    monkeypatch.setattr("gannb.data.npz.MAX_BYTES", 10_000)
    assert len(arrays_of(tmp_path / "large.npz", ["a"])[0]["a"]) == 1000
    with pytest.raises(InputError, match="large.npz unpacks to 0 GiB, too much; save fewer or smaller items"):
        arrays_of(tmp_path / "large.npz", ["a", "b"])
