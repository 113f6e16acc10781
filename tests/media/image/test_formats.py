"""Which format a path holds."""

from __future__ import annotations

import pytest
from image_sets import (
    a_file,
)

from gannb.media.image.reading import read
from gannb.utils.errors import InputError

BAD_DATA = {
    "nothing named": (lambda p: "", "data: .*no file or folder ''"),
    "no such path": (lambda p: p / "nowhere", "data: .*nowhere.*give"),
    "another kind of file": (lambda p: a_file(p / "notes.txt"), "notes.txt.*not read.*give"),
}


@pytest.mark.parametrize("make, sentence", BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data_is_refused_in_one_sentence(tmp_path, make, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        read(str(make(tmp_path)))
    assert "\n" not in str(caught.value)
