"""Numbers of any type as grey levels."""

from __future__ import annotations

import numpy as np
import pytest

from gannb.media.image.sources.levels import from_numbers, scaled

WANTED = [0, 128, 255]
NUMBERS = {
    "uint8": np.array(WANTED, np.uint8),
    "int8": np.array([0, 64, 127], np.int8),
    "uint16": np.array([0, 32768, 65535], np.uint16),
    "int16": np.array([0, 16384, 32767], np.int16),
    "uint32": np.array([0, 2**31, 2**32 - 1], np.uint32),
    "int32": np.array([0, 2**30, 2**31 - 1], np.int32),
    "uint64": np.array([0, 2**63, 2**64 - 1], np.uint64),
    "int64": np.array([0, 2**62, 2**63 - 1], np.int64),
    "float16": np.array([0, 0.5, 1], np.float16),
    "float32": np.array([0, 0.5, 1], np.float32),
    "float64": np.array([0, 0.5, 1]),
}
WORDS = ["L", "I;8S", "I;16", "I;16S", "I;32", "I;32S", "I;64", "I;64S", "F", "F", "F"]


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("values, word", zip(NUMBERS.values(), WORDS, strict=True), ids=NUMBERS)
def test_the_whole_range_of_a_type_counts_in_either_byte_order(values, word, order):
    levels, stored = from_numbers(values.astype(values.dtype.newbyteorder(order)))
    assert levels.dtype == np.uint8 and stored == word
    assert np.abs(levels.astype(int) - WANTED).max() <= 1  # 7 bits have no middle


def test_yes_and_no():
    assert from_numbers(np.array([False, True]))[0].tolist() == [0, 255]


def test_16_bits_are_rounded():
    values = np.arange(65536, dtype=np.uint16)
    assert np.array_equal(scaled(values, 16), np.rint(values / 257).astype(np.uint8))
    assert np.array_equal(scaled(np.arange(4096), 12), np.rint(np.arange(4096) * 255 / 4095).astype(np.uint8))


@pytest.mark.parametrize(
    "values, sentence",
    [
        (np.array([-1, 5], np.int16), r"int16 with values below 0 \(-1\).*0..65535"),
        (np.array([0.0, 255.0]), "float64 outside 0..1"),
        (np.array([-0.5, 1.0], np.float32), "float32 outside 0..1"),
        (np.array([0.0, np.inf]), "NaN or infinity"),
        (np.array([1j]), "complex128.*uint8"),
        (np.array(["a"]), "<U1.*uint8"),
        (np.zeros(2, [("r", "u1")]), "dtype .*uint8"),
    ],
)
def test_what_has_no_rule_is_refused(values, sentence):
    with pytest.raises(ValueError, match=sentence):
        from_numbers(values)
