"""Directories of tags, as they stand in a file."""

from __future__ import annotations

import io

import pytest
from image_bytes import exif, ramp, tiff

from gannb.media.image.sources.tags import Damaged, directories, is_whole


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", "<>")
def test_all_directories_are_found_in_either_byte_order_and_width(order, big):
    content = tiff(ramp(16), (ramp(8), {262: (0,), 270: b"a text\0"}), order=order, big=big)
    (first, found_order), (second, _) = directories(io.BytesIO(content))
    assert found_order == order
    assert [first[tag].values for tag in (256, 258, 262)] == [(32,), (16,), (1,)]
    assert second[262].values == (0,) and second[270].values == b"a text\0"
    assert second[262].first() == 0 and content[second[262].at : second[262].at + 2] == bytes(2)


def test_what_is_cut_short_or_runs_in_a_circle_is_damaged():
    content = tiff(ramp(8), ramp(8))
    for end in (3, 6, len(content) - 2, len(content) - 100):
        with pytest.raises(Damaged):
            list(directories(io.BytesIO(content[:end])))
    first = content[4:8]
    with pytest.raises(Damaged):
        list(directories(io.BytesIO(content[:-4] + first)))  # the last points to the first


def test_exif_is_whole_or_not():
    assert is_whole(exif(6)) and is_whole(exif(6)[6:])
    assert not any(map(is_whole, (exif(6, count=9), exif(6, cut=12), b"Exif\0\0", b"Exif\0\0nonsense", b"")))
