"""The media that the kit knows: what an item is, in one folder each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gannb.media.image import IMAGE

if TYPE_CHECKING:
    from gannb.data.examples import Dataset
    from gannb.data.medium import Medium

FIRST_MEDIUM = "image"  # what studies and sets are of that say none: they were made when there was no other
MEDIA: dict[str, Medium] = {medium.name: medium for medium in (IMAGE,)}


def medium_of(dataset: Dataset) -> Medium:
    """Return the medium of a data set's items."""
    return MEDIA[getattr(dataset, "medium", "image")]
