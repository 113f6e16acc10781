"""The media that the kit knows: what an item is, in one folder each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gannb.media.audio import AUDIO
from gannb.media.captioned import CAPTIONED
from gannb.media.image import IMAGE
from gannb.media.text import TEXT

if TYPE_CHECKING:
    from gannb.data.examples import Dataset
    from gannb.data.medium import Medium

MEDIA: dict[str, Medium] = {medium.name: medium for medium in (IMAGE, AUDIO, TEXT, CAPTIONED)}


def medium_of(dataset: Dataset) -> Medium:
    """Return the medium of a data set's items, with their traits."""
    return medium_with(dataset.medium, dataset.traits)


def medium_with(name: str, traits: Mapping[str, Any]) -> Medium:
    """Return the medium of a name, of items with such traits; see `gannb.data.medium.Medium.of`."""
    return MEDIA[name].of(traits)
