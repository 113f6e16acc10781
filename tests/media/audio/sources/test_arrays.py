"""Sounds that come as arrays."""

from __future__ import annotations

import numpy as np
import pytest
from clip_sets import RATE, arrays, npz, sound

from gannb.data.source import BadItem
from gannb.media.audio.sources.arrays import from_npz, is_npz
from gannb.utils.errors import InputError

LEVELS = np.rint(np.stack([sound(i) for i in range(4)]) * 32767).astype(np.int16)
EQUAL = {"audio": LEVELS, "offsets": None, "labels": np.array([0, 0, 1, 1])}


def test_clips_in_a_row_come_out_with_their_lengths_labels_and_rate(tmp_path):
    made, found = arrays(), from_npz(npz(tmp_path / "set.npz")).source
    assert found.kind == "npz" and found.classes == ("0", "1") and not found.has_test
    assert found.shapes == [(length, RATE, 1) for length in np.diff(made["offsets"])]
    sounds, stored = zip(*map(found.load, range(12)), strict=True)
    assert set(stored) == {"16 bits"} and np.array_equal(np.concatenate(sounds) * 2**15, made["audio"])
    assert found.ids[3] == "train-3" and np.array_equal(found.y, made["labels"])


@pytest.mark.parametrize(
    ("audio", "stored"),
    [
        (LEVELS, "16 bits"),
        ((LEVELS / 32768).astype(np.float32), "32-bit float"),
        (LEVELS / 32768, "64-bit float"),
        (LEVELS.astype(np.int32) * 2**16, "32 bits"),
        ((LEVELS // 256).astype(np.int8), "8 bits"),
        ((LEVELS // 256 + 128).astype(np.uint8), "8 bits"),
    ],
)
def test_clips_of_one_length_are_rows_of_any_depth(tmp_path, audio, stored):
    found = from_npz(npz(tmp_path / "set.npz", **EQUAL | {"audio": audio})).source
    sounds, how = found.load(2)
    assert how == stored and np.allclose(sounds, LEVELS[2] / 32768, atol=1 / 100 if stored == "8 bits" else 1e-6)


def test_classes_and_groups_have_their_names_and_a_test_set_stays_apart(tmp_path):
    given = {
        "class_names": np.array(["wren", "owl"]), "sample_rate": np.array([RATE]), "rate": None,
        "speakers": np.arange(12) % 3, "speaker_names": np.array(["ann", "bo", "cy"]), "is_test": np.arange(12) > 9,
        "take": np.arange(12),
    }  # fmt: skip
    found = from_npz(npz(tmp_path / "set.npz", **given))
    assert found.source.classes == ("owl", "wren") and found.source.y.tolist() == [1, 0] * 6
    assert found.whose == "speakers" and found.groups[:4] == ["ann", "bo", "cy", "ann"]
    assert found.source.ids[0] == "train-0-ann" and found.source.ids[11] == "test-11-cy"
    assert found.source.has_test and found.source.is_test.sum() == 2
    assert found.source.skipped == [("take", "an array that is not read")]


def test_labels_may_be_names(tmp_path):
    found = from_npz(npz(tmp_path / "set.npz", labels=np.array(["class10", "class2"] * 6), groups=np.arange(12) % 5))
    assert found.source.classes == ("class2", "class10") and found.source.y.tolist() == [1, 0] * 6
    assert found.groups[7] == "2" and found.whose == "groups"


BAD = {
    "no audio": ({"audio": None}, "no array 'audio'; it needs `audio`, (N, T)"),
    "no labels": ({"labels": None}, "no array 'labels'"),
    "no rate": ({"rate": None}, "no array 'rate'"),
    "two rates": ({"rate": np.array([8000, 16000])}, "rate of .* is no whole number above 0"),
    "half a rate": ({"rate": np.array(0.5)}, "rate of .* is no whole number above 0"),
    "offsets that fall": ({"offsets": np.array([0, 9, 5])}, "offsets of .* must rise from 0 to"),
    "offsets beyond": ({"offsets": np.arange(13) * 10**6}, "offsets of .* must rise from 0 to"),
    "no offsets": (
        {"offsets": None},
        r"audio of .* has shape \(\d+,\); give (N, T), or one row of samples",
    ),
    "rows and offsets": ({"audio": LEVELS}, r"audio of .* has shape \(4, 4000\); give one row of samples"),
    "complex": ({"audio": arrays()["audio"] * 1j}, "audio of .* has dtype complex128"),
    "int64": ({"audio": arrays()["audio"].astype(np.int64)}, "audio of .* has dtype int64; save int16"),
    "16 bits in 32": (
        {"audio": arrays()["audio"].astype(np.int32)},
        "audio of .* has dtype int32, whose full scale is 2,147,483,648, and goes up to .* only; save it as int16",
    ),
    "too few labels": ({"labels": np.arange(5)}, r"labels of .* has shape \(5,\) beside 12 clips"),
    "a gap": ({"labels": np.arange(12) % 2 * 2}, "labels of .* are 0 to 2, of which 2 occur; number the classes"),
    "a negative label": ({"labels": np.arange(12) % 2 - 1}, "labels of .* are -1 to 0"),
    "half labels": ({"labels": np.arange(12) / 2}, "labels of .* has dtype float64; give whole numbers or names"),
    "names that lack": (
        {"class_names": np.array(["owl"])},
        "class_names of .* must be names, one for each number",
    ),
    "a test of twos": ({"is_test": np.arange(12)}, "is_test of .* must be true or false"),
}


@pytest.mark.parametrize(("changes", "says"), BAD.values(), ids=list(BAD))
def test_what_is_no_such_set_is_told(tmp_path, changes, says):
    says = says.replace("(N, T)", r"\(N, T\)")
    with pytest.raises(InputError, match=says):
        from_npz(npz(tmp_path / "set.npz", **changes))


@pytest.mark.parametrize(
    ("spoilt", "says"),
    [
        (lambda x: np.zeros_like(x), "silent"),
        (lambda x: x * np.nan, "NaN or infinite"),
        (lambda x: x * 100.0, "far beyond full scale"),
        (lambda x: x[:, :80], "10 ms long"),
    ],
)
def test_a_clip_of_a_set_is_looked_at_as_a_file_is(tmp_path, spoilt, says):
    found = from_npz(npz(tmp_path / "set.npz", **EQUAL | {"audio": spoilt(LEVELS / 32768)})).source
    with pytest.raises(BadItem, match=f"^clip 0 of .*set.npz: .*{says}"):
        found.load(0)


def test_it_is_known_by_its_table_of_contents_alone(tmp_path):
    assert is_npz(npz(tmp_path / "set.npz")) and not is_npz(npz(tmp_path / "other.npz", audio=None))
    assert not is_npz(tmp_path / "none.npz")


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["wren", "wren"], "class_names of .* names 'wren' twice"),
        (["wren", "Wren"], "clip 1: the class 'Wren' differs from"),
    ],
)
def test_two_classes_of_one_name_are_refused(tmp_path, names, says):
    with pytest.raises(InputError, match=says):
        from_npz(npz(tmp_path / "set.npz", class_names=np.array(names)))
