"""Grey levels of any type of number brought to 8 bits: one rule for files and arrays.

The whole range of the type counts, so that the images of a set stay comparable: 0 is black, the largest number that
the type holds is white; of floats 1 is white. How much of that range a set uses is looked at when all of it is read.
"""

from __future__ import annotations

import numpy as np

WAY = "scale them to 0..65535 and save uint16"


def from_numbers(values: np.ndarray) -> tuple[np.ndarray, str]:
    """Numbers of any type, (H, W) or (N, H, W, C), as uint8, and how they were stored, in a word such as `I;16`.

    Raises ValueError for what has no rule; the text goes on after the name of what holds the values.
    """
    dtype = values.dtype
    if dtype == np.uint8:
        return values, "L"
    if dtype == np.bool_:
        return values.astype(np.uint8) * 255, "1"
    if dtype.kind == "f":
        return _from_floats(values), "F"
    if dtype.kind not in "iu":
        raise ValueError(f"has dtype {dtype}; save uint8, uint16, bool, or floats in 0..1")
    if dtype.kind == "i" and values.size and values.min() < 0:
        raise ValueError(f"has dtype {dtype} with values below 0 ({values.min():,}), of which no grey is known; {WAY}")
    bits = 8 * dtype.itemsize
    return scaled(values, bits - (dtype.kind == "i")), f"I;{bits}{'S' if dtype.kind == 'i' else ''}"


def scaled(values: np.ndarray, bits: int) -> np.ndarray:
    """Whole numbers of 0 to 2^bits - 1, (H, W) or (N, H, W, C), to uint8, rounded."""
    if bits > 16:
        values, bits = values >> (bits - 16), 16
    most = 2**bits - 1
    return ((values.astype(np.uint32) * 255 + most // 2) // most).astype(np.uint8)


def _from_floats(values: np.ndarray) -> np.ndarray:
    if not np.isfinite(values).all():
        raise ValueError("holds NaN or infinity; replace these values first")
    if values.min() < 0 or values.max() > 1:
        raise ValueError(f"has dtype {values.dtype} outside 0..1; scale it to 0..1 or save uint8")
    return np.rint(values * 255).astype(np.uint8)
