"""Which images of a set are copies of others: the same, nearly the same, mirrored, turned or cropped."""

from __future__ import annotations

from gannb.media.image.duplicates.copies import copies_of
from gannb.media.image.duplicates.crops import MOST, VIEW, cropped_pairs, view
from gannb.media.image.duplicates.near import THUMB, among, near_pairs, thumbnail, turned_pairs

__all__ = [
    "MOST", "THUMB", "VIEW", "among", "copies_of", "cropped_pairs", "near_pairs", "thumbnail",
    "turned_pairs", "view",
]  # fmt: skip
