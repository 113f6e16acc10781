"""Items and prepared sets: counted, taken, joined, saved, read again."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from image_sets import (
    folder_of,
    npz,
)

from gannb.data.examples import ARRAYS, Dataset, Examples, concatenate, prepared_digest
from gannb.media.image.reading import read
from gannb.utils.errors import InputError


def some_examples() -> Examples:
    x = np.arange(4 * 8 * 8, dtype=np.uint8).reshape(4, 8, 8, 1)
    return Examples(x, np.array([0, 1, 1, 1]), ("a", "b"), np.array(["p", "q", "r", "s"]), np.array([0, 1, 1, 2]))


def test_examples_count_and_take():
    examples = some_examples()
    assert (len(examples), examples.n_classes, examples.shape) == (4, 2, (8, 8, 1))
    assert examples.counts().tolist() == [1, 3]
    taken = examples.take([3, 0])
    assert taken.ids.tolist() == ["s", "p"] and taken.groups.tolist() == [2, 0]
    assert taken.counts().tolist() == [1, 1] and np.array_equal(taken.x, examples.x[[3, 0]])
    assert examples.take(examples.y == 1).ids.tolist() == ["q", "r", "s"]
    assert len(examples.take([])) == 0


def test_concatenate_undoes_a_split():
    examples = some_examples()
    whole = concatenate([examples.take([0, 1]), examples.take([2, 3])])
    for name in ARRAYS:
        assert np.array_equal(getattr(whole, name), getattr(examples, name))
    assert whole.classes == examples.classes


def test_concatenate_refuses_other_classes_and_nothing():
    with pytest.raises(ValueError, match="same classes"):
        concatenate([some_examples(), replace(some_examples(), classes=("a", "c"))])
    with pytest.raises(ValueError, match="at least one"):
        concatenate([])


def test_examples_refuse_arrays_of_different_lengths():
    with pytest.raises(ValueError, match="one length"):
        replace(some_examples(), y=np.array([0, 1]))
    with pytest.raises(ValueError, match="one length"):
        replace(some_examples(), captions=np.array([["a"]]))


def with_captions() -> Examples:
    return replace(some_examples(), captions=np.array([["one", ""], ["two", "2"], ["three", ""], ["four", "4"]]))


def test_captions_are_taken_and_joined_with_their_items():
    examples = with_captions()
    assert examples.take([3, 0]).captions.tolist() == [["four", "4"], ["one", ""]]
    assert examples.take([]).captions.shape == (0, 2)
    whole = concatenate([examples.take([0, 1]), examples.take([2, 3])])
    assert np.array_equal(whole.captions, examples.captions)


def test_joining_fills_up_parts_with_fewer_captions_or_none():
    one = replace(some_examples(), captions=np.array([["a longer sentence"]] * 4))
    joined = concatenate([with_captions(), one, some_examples()]).captions
    assert joined[[1, 4, 8]].tolist() == [["two", "2"], ["a longer sentence", ""], ["", ""]]
    assert concatenate([some_examples(), some_examples()]).captions is None


def test_what_a_study_sees_follows_captions_and_is_what_it_was_without_them():
    plain = prepared_digest(some_examples(), None, {})
    assert plain == "bda7364d30799ab11d1739a4ecfcee8fc53571c43a191327bca17fb9e18d4ec5"
    some = prepared_digest(with_captions(), None, {})
    other = prepared_digest(replace(with_captions(), captions=np.array([["one"]] * 4)), None, {})
    assert len({plain, some, other}) == 3


def test_a_copy_kept_with_accents_in_another_form_has_them_in_the_one(tmp_path):
    read(str(folder_of(tmp_path / "set", classes=("cafe", "tea")))).save(tmp_path / "copy")
    file = tmp_path / "copy" / "dataset.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"cafe"', '"cafe\u0301"'), encoding="utf-8")
    assert Dataset.load(tmp_path / "copy").pool.classes == ("caf\xe9", "tea")


def test_a_copy_kept_before_there_were_remarks_opens(tmp_path):
    read(str(folder_of(tmp_path / "set"))).save(tmp_path / "copy")
    file = tmp_path / "copy" / "dataset.json"
    about = json.loads(file.read_text(encoding="utf-8"))
    del about["report"]["remarks"]
    file.write_text(json.dumps(about), encoding="utf-8")
    assert Dataset.load(tmp_path / "copy").report.remarks == []


def test_prepared_follows_what_the_study_sees(tmp_path):
    folder = str(folder_of(tmp_path))
    seen = [read(folder, **wish).prepared for wish in ({}, {"size": "16"}, {"channels": 1}, {"groups": "([0-9])"})]
    assert len(set(seen)) == 4 and read(folder).prepared == seen[0]


def test_captions_are_saved_in_a_file_of_their_own_where_there_are_some(tmp_path):
    dataset = read(str(folder_of(tmp_path / "set")))
    dataset.save(tmp_path / "plain")
    assert not (tmp_path / "plain" / "pool_captions.npy").exists()
    pool = replace(dataset.pool, captions=np.array([[f"a {i}", ""] for i in range(6)]))
    replace(dataset, pool=pool).save(tmp_path / "copy")
    assert np.array_equal(Dataset.load(tmp_path / "copy").pool.captions, pool.captions)
    assert Dataset.load(tmp_path / "plain").pool.captions is None
    (tmp_path / "copy" / "pool_captions.npy").unlink()
    with pytest.raises(InputError, match="is damaged"):
        Dataset.load(tmp_path / "copy")


@pytest.mark.parametrize("test", [0, 4])
def test_save_and_load_round_trip(tmp_path, test):
    found = read(str(npz(tmp_path / "set.npz", test=test)))
    found.save(tmp_path / "saved")
    again = Dataset.load(tmp_path / "saved")
    assert (again.fingerprint, again.prepared, again.report) == (
        found.fingerprint,
        found.prepared,
        found.report,
    )
    assert (again.test is None) == (test == 0)
    for one, other in zip([found.pool, found.test], [again.pool, again.test], strict=True):
        for name in ARRAYS if one else ():
            assert np.array_equal(getattr(one, name), getattr(other, name))
    assert not again.pool.x.flags.writeable and isinstance(again.pool.x.base, np.memmap)
    assert again.pool.classes == found.pool.classes


def test_traits_are_kept_and_a_set_that_has_none_is_saved_and_hashed_as_ever(tmp_path):
    plain, data = prepared_digest(some_examples(), None, {}), read("digits")
    assert plain == "bda7364d30799ab11d1739a4ecfcee8fc53571c43a191327bca17fb9e18d4ec5"
    assert len({plain, *(prepared_digest(some_examples(), None, {"rate": rate}) for rate in (8000, 16000))}) == 3
    for folder, traits in (("with", {"rate": 8000}), ("without", {})):
        replace(data, traits=traits).save(tmp_path / folder)
        assert Dataset.load(tmp_path / folder).traits == traits
    assert "traits" not in (tmp_path / "without" / "dataset.json").read_text(encoding="utf-8")


def test_a_report_with_skipped_files_comes_back_as_it_was(tmp_path):
    folder_of(tmp_path / "set")
    (tmp_path / "set" / "cat" / "bad.jpg").write_bytes(b"no")
    found = read(str(tmp_path / "set"), on_bad_image="skip")
    found.save(tmp_path / "saved")
    assert Dataset.load(tmp_path / "saved").report == found.report


@pytest.mark.parametrize(("file", "kept"), [("pool_x.npy", 37), ("dataset.json", 37), ("pool_y.npy", 0)])
def test_a_damaged_copy_of_the_data_is_refused_by_name(file, kept, tmp_path):
    read("digits").save(tmp_path)
    (tmp_path / file).write_bytes((tmp_path / file).read_bytes()[:kept])
    with pytest.raises(
        InputError, match=r"^The copy of the data in .* is damaged \(.*\): move that folder away, and run again"
    ):
        Dataset.load(tmp_path)
