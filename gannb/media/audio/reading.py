"""Reading sounds: checked, brought to one rate and length, grouped, with a fingerprint.

`read` takes a folder with a sub-folder of clips per class (or train/ and test/ of such), or an .npz. The formats are in
`sources`; what becomes of a clip is in `preparation`.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from gannb.data.assembly import assemble, identical, link, linked
from gannb.data.examples import Dataset, Examples, without_labels
from gannb.data.groups import group_finder, proposal
from gannb.data.side_facts import Side
from gannb.data.source import Source, attempt, check_counts, refuse_or_list
from gannb.media.audio import duplicates
from gannb.media.audio.parameters import MOST_RATE, NAME, RATES, SECONDS, USUAL_SECONDS
from gannb.media.audio.sources.files import COPIES, FILES
from gannb.media.audio.sources.formats import open_source, open_unlabelled
from gannb.media.audio.sources.preparation import FADE, MOMENT, PEAK, QUIET, prepared
from gannb.utils.errors import InputError
from gannb.utils.keys import content_of
from gannb.utils.naming import listed

LENGTHS = (0.25, 0.5, USUAL_SECONDS)  # of which the shortest is chosen that is long enough
LONG_ENOUGH = 0.95  # share of the clips that it holds whole
MAX_BYTES = 8 * 2**30  # of all prepared clips together
ON_BAD_CLIP = ("fail", "skip")


def read(
    data: str,
    *,
    rate: int | None = None,
    seconds: float | None = None,
    groups: str | None = None,
    on_bad_clip: str = "fail",
) -> Dataset:
    """Read, check, prepare and group a labelled set of clips.

    data: a folder or an .npz (see the module).
    rate: samples a second, 2,000 to 48,000. None takes the lowest rate among the clips, at most 16,000: then no
    clip has frequencies that another lacks.
    seconds: .1 to 30. None takes the shortest of .25, .5 and 1 that holds 95 % of the clips whole, or else 1.
    groups: as for `gannb.data.groups.group_finder`; None takes the groups of an .npz that has some. Where such a group
    has clips on both sides of the file's own test set, the groups hold and the test set is given up.
    on_bad_clip: "fail" or "skip".

    Channels are mixed to one. Files without a sound's extension are ignored and listed in `report.skipped`. Pool clips
    that share content or a group with a given test set are left out. Raises InputError, before decoding wherever a
    header is enough.
    """
    _check_wish(rate, seconds, on_bad_clip)
    find_groups = group_finder(groups)
    found = open_source(data, on_bad_clip)
    source, own = found.source, groups is None and found.whose != ""
    named = found.groups if own else find_groups(source.ids)
    source, given_up = _without_divided_groups(source, named, found.whose) if own else (source, "")
    check_counts(source, data)
    target = _target(source, rate, seconds)
    source, named, clips = _decode_all(source, named, target, on_bad_clip)
    check_counts(source, data)
    return _assemble(data, source, named, clips, target, given_up)


def read_like(data: str, like: Examples, rate: int, *, on_bad_clip: str = "fail") -> tuple[Examples, str]:
    """Read labelled clips of any of the formats, brought to the rate and length of others; and how, in a sentence.

    rate: of the others. One class is enough, and a given test set counts as the rest. Raises InputError as `read` does.
    """
    return _like(open_source(data, on_bad_clip).source, like, rate, on_bad_clip)


def read_unlabelled(data: str, like: Examples, rate: int, *, on_bad_clip: str = "fail") -> tuple[Examples, str]:
    """The same of clips without their labels: of a folder all that lie in it, at any depth, of one class."""
    found, brought = _like(open_unlabelled(data, on_bad_clip), like, rate, on_bad_clip)
    return without_labels(found), brought


def _like(source: Source, like: Examples, rate: int, on_bad_clip: str) -> tuple[Examples, str]:
    """Return the clips of a source, brought to the rate and length of others; and how, in a sentence."""
    target = _Target(rate, like.shape[0], "as the study's", "as the study's")
    source, _, clips = _decode_all(source, [""] * len(source.ids), target, on_bad_clip)
    x = np.array([clip.levels for clip in clips], np.int16).reshape(-1, *like.shape)
    found = Examples(x, source.y, source.classes, np.array(source.ids, str), np.arange(len(x)))
    return found, _brought_to(source, clips, target) if clips else ""


@dataclass(frozen=True)
class _Target:
    rate: int
    samples: int
    why_rate: str  # how the rate was found
    why_length: str


def _check_wish(rate: int | None, seconds: float | None, on_bad_clip: str) -> None:
    if rate is not None and not RATES[0] <= rate <= RATES[1]:
        raise InputError(f"rate: {rate} is out of range; it goes from {RATES[0]:,} to {RATES[1]:,} samples a second")
    if seconds is not None and not SECONDS[0] <= seconds <= SECONDS[1]:
        raise InputError(f"seconds: {seconds} is out of range; it goes from {SECONDS[0]} to {SECONDS[1]:.0f}")
    if on_bad_clip not in ON_BAD_CLIP:
        raise InputError(f"on_bad_clip: {on_bad_clip!r} is unknown; take fail or skip")


def _without_divided_groups(source: Source, named: list[str], whose: str) -> tuple[Source, str]:
    """The source, its test set joined to the rest where groups lie on both of its sides; and a sentence where so."""
    sides: dict[str, set[bool]] = {}
    for name, tested in zip(named, source.is_test.tolist(), strict=True):
        sides.setdefault(name, set()).add(tested)
    divided = sum(len(each) > 1 for each in sides.values())
    if not divided:
        return source, ""
    said = (
        f" The file's own test set is not kept, since {divided:,} of its {len(sides):,} {whose} have clips on both "
        "sides; set `groups` to `(.+)` to keep it, with each clip a group of its own."
    )
    return replace(source, is_test=np.zeros_like(source.is_test), has_test=False), said


def _target(source: Source, rate: int | None, seconds: float | None) -> _Target:
    """The prepared rate and length, and why. Raises InputError where that is too much to hold."""
    why_rate, why_length = "as asked", "as asked, which "
    lengths = np.array([frames / each for frames, each, _ in source.shapes])
    if rate is None:
        lowest = min(each for _, each, _ in source.shapes)
        rate, many = min(lowest, MOST_RATE), len({each for _, each, _ in source.shapes}) > 1
        why_rate = ("the lowest of theirs" if many else "theirs") if rate == lowest else "enough for most sounds"
    if seconds is None:
        fitting = [each for each in LENGTHS if np.mean(lengths <= each) >= LONG_ENOUGH]
        seconds, why_length = fitting[0] if fitting else USUAL_SECONDS, "which "
    why_length += f"holds {np.mean(lengths <= seconds):.0%} of them whole"
    samples = round(rate * seconds)
    if 2 * samples * len(source.ids) > MAX_BYTES:
        raise InputError(
            f"seconds: {len(source.ids):,} clips of {seconds:g} s at {rate:,} Hz are too much to hold; set seconds or "
            f"rate to less, for example seconds: {USUAL_SECONDS:g}"
        )
    return _Target(rate, samples, why_rate, why_length)


@dataclass(frozen=True)
class _Clip:
    digest: bytes  # of the samples as they were found, and their rate
    stored: str  # how, in a word
    levels: np.ndarray  # prepared, (samples,) int16
    kept: float  # of its power, at the prepared rate


def _decode_all(
    source: Source, named: list[str], target: _Target, on_bad_clip: str
) -> tuple[Source, list[str], list[_Clip]]:
    """The clips that can be decoded, with the source and the group names cut down to them."""

    def clip(i: int) -> _Clip:
        sound, stored = source.load(i)
        rate = source.shapes[i][1]
        digest = hashlib.sha256(f"{rate}".encode() + sound.tobytes()).digest()
        return _Clip(digest, stored, *prepared(sound, rate, target.rate, target.samples))

    threads = min(8, os.cpu_count() or 1)
    clips, bad = attempt(clip, range(len(source.ids)), threads)
    skipped = refuse_or_list([(source.ids[i], reason) for i, reason in bad], on_bad_clip, FILES.on_bad)
    keep = [i for i, found in enumerate(clips) if found is not None]
    source = replace(source.take(keep), skipped=source.skipped + skipped)
    return source, [named[i] for i in keep], [clips[i] for i in keep]


def _assemble(
    data: str, source: Source, named: list[str], clips: list[_Clip], target: _Target, given_up: str
) -> Dataset:
    x = np.stack([clip.levels for clip in clips])  # (N, T)
    same = identical(map(content_of, x))
    first = np.flatnonzero(same == np.arange(len(x)))
    pairs, distances = duplicates.near_pairs(x[first])
    found = linked(source, same, link(first[pairs], distances, source.y), named)
    proposed = "" if any(named) else proposal(source, found.groups, COPIES)
    return assemble(
        NAME, data, source, x, [clip.digest for clip in clips], found,
        shapes=dict(Counter(_format_name(shape) for shape in source.shapes)),
        modes=dict(Counter(clip.stored for clip in clips)),
        brought_to=_brought_to(source, clips, target) + given_up,
        side=lambda i: _side(source, clips[i].stored, i),
        remarks=[each for each in (_on_lost(clips, target.rate), proposed) if each],
        traits={"rate": target.rate},
    )  # fmt: skip


def _on_lost(clips: list[_Clip], rate: int) -> str:
    """A sentence where some clips lose most of what they hold to the rate; else ""."""
    n = sum(clip.kept < 0.5 for clip in clips)
    if not n:
        return ""
    return (
        f"Of {n:,} of {len(clips):,} clips most of the power lies above {rate_text(rate // 2)}, where nothing is kept "
        f"at a rate of {rate_text(rate)}: a higher `rate` keeps it."
    )


def _side(source: Source, stored: str, i: int) -> Side:
    """How a clip was made and stored, as far as that may still be heard once it is prepared; see `side_facts`."""
    _, rate, channels = source.shapes[i]
    kind = source.paths[i].suffix.lower() if source.paths else source.kind
    return {"rate": (float(rate),), "channels": (float(channels),), "format": kind, "kind of samples": stored}


def rate_text(rate: int) -> str:
    """`44.1 kHz`, `8 kHz`."""
    return f"{rate / 1000:g} kHz"


def _format_name(shape: tuple[int, ...]) -> str:
    _, rate, channels = shape
    return f"{rate_text(rate)} {'mono' if channels == 1 else 'stereo' if channels == 2 else f'{channels} channels'}"


def _brought_to(source: Source, clips: list[_Clip], target: _Target) -> str:
    """What was found and done, in sentences."""
    lengths = np.array([frames / rate for frames, rate, _ in source.shapes])
    rates = sorted({rate for _, rate, _ in source.shapes})
    names = listed(list(map(rate_text, rates)))
    at = names if len(rates) == 1 else f"{len(rates)} rates ({names})"
    several = any(channels > 1 for *_, channels in source.shapes)
    how = ", by polyphase resampling" if rates != [target.rate] else ""
    length = f"{target.samples / target.rate:.3g} s ({target.why_length})"
    return (
        f"{len(clips):,} clips of {lengths.min():.2g} to {lengths.max():.3g} s (median {np.median(lengths):.2g}) at "
        f"{at} were brought to {length} at {rate_text(target.rate)} ({target.why_rate}){how}, "
        f"{'their channels mixed to one, ' if several else ''}16 bits: direct current off, both ends trimmed at "
        f"{-QUIET:.0f} dB below the loudest {1000 * MOMENT:.0f} ms, of what is longer the loudest part, faded over "
        f"{1000 * FADE:.0f} ms, brought to a peak of {PEAK:g}, centred. So their level tells nothing."
    )
