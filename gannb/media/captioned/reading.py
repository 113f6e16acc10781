"""Reading images with captions: images as ever, each with the sentences that a file beside them tells of it.

Which forms there are stands in `sources`. Images are decoded, brought to one shape and grouped by
`gannb.media.image.reading`; those that have a caption in common stay on one side of every split, see `sentences`.
"""

from __future__ import annotations

from dataclasses import replace

from gannb.data.examples import Dataset
from gannb.data.groups import group_finder
from gannb.media.captioned import sentences
from gannb.media.captioned.parameters import NAME
from gannb.media.captioned.sources import open_source
from gannb.media.image.reading import check_wishes, prepared


def read(
    data: str,
    *,
    captions: str | None = None,
    size: str | None = None,
    channels: int | None = None,
    resize: str | None = None,
    groups: str | None = None,
    on_bad_image: str = "fail",
) -> Dataset:
    """Read, check, resize and group a labelled set of images with captions.

    data: a folder of images.  captions: a file or folder of captions, None where they lie beside the images.  The rest
    is as in `gannb.media.image.reading.read`.  Raises InputError, in a sentence with file and line.
    """
    check_wishes(size, channels, resize, on_bad_image)
    find_groups = group_finder(groups)
    source, told = open_source(data, captions, on_bad_image)
    found = sentences.together(source.captions, source.y, source.is_test)
    source = replace(source, together=found.labels)
    dataset = prepared(data, source, find_groups, size, channels, resize, on_bad_image)
    remarks = sentences.remarks(source.captions, source.y, source.classes, found)
    report = replace(
        dataset.report, remarks=[*dataset.report.remarks, *remarks],
        brought_to=f"{dataset.report.brought_to} {told}: {sentences.about(source.captions)}.",
    )  # fmt: skip
    return replace(dataset, report=report, medium=NAME)
