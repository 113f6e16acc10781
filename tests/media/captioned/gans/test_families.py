"""The table of families: three that differ in one thing each, and those of images."""

from __future__ import annotations

from dataclasses import fields

from gannb.media.captioned.gans.families import DEFAULT, FAMILIES, OF_CAPTIONS
from gannb.media.image.flows.families import FLOWS
from gannb.media.image.gans.families import FAMILIES as OF_IMAGES


def test_families_of_captions_differ_in_what_is_compared_and_in_nothing_else():
    plain, aware, interpolated = (OF_CAPTIONS[name] for name in ("caption_plain", "gan_cls", "gan_int_cls"))
    differ = lambda a, b: {f.name for f in fields(a) if getattr(a, f.name) != getattr(b, f.name)}  # noqa: E731
    assert differ(plain, aware) == {"name", "matching_aware"} and differ(aware, interpolated) == {
        "name",
        "interpolated",
    }


def test_the_families_of_images_are_there_as_they_are():
    assert all(FAMILIES[name] is family for name, family in (OF_IMAGES | FLOWS).items())
    assert set(FAMILIES) == {*OF_IMAGES, *FLOWS, *OF_CAPTIONS}
    assert DEFAULT == "gan_cls" and all(family.takes_captions for family in OF_CAPTIONS.values())
