"""The parameters of sentences."""

from __future__ import annotations

import pytest

from gannb.media.text.parameters import NOUNS, TextParameters


def test_defaults_and_limits():
    given = TextParameters()
    assert given.max_tokens == 32 and given.on_bad_text == "fail" and given.text_column is None
    assert NOUNS.a_one == "a sentence"
    for wrong in ({"max_tokens": 1}, {"max_tokens": 33}, {"temperature": 0}, {"on_bad_text": "maybe"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            TextParameters(**wrong)
