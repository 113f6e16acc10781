"""The media that the kit knows: what an item is, in one folder each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gannb.media.image import IMAGE

if TYPE_CHECKING:
    from gannb.data.examples import Dataset
    from gannb.data.medium import Medium

MEDIA: dict[str, Medium] = {medium.name: medium for medium in (IMAGE,)}


def medium_of(dataset: Dataset) -> Medium:
    """Return the medium of a data set's items."""
    return MEDIA[dataset.medium]
