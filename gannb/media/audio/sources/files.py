"""Sound files: which are read, what their headers say, and how they are decoded.

libsndfile, by way of soundfile, reads cut files without a word, and so it does with what no clip should hold: what a
file is and how long it says that it is are looked at before (`contents`, `lengths`), and what was decoded after.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gannb.data.files import FileKind
from gannb.data.groups import Copies
from gannb.data.source import DENIED, BadItem
from gannb.media.audio.parameters import NOUNS, RATES
from gannb.media.audio.sources.contents import what_else
from gannb.media.audio.sources.lengths import missing_bytes

if TYPE_CHECKING:
    import soundfile

EXTENSIONS = frozenset(
    ".wav .wave .rf64 .w64 .flac .mp3 .ogg .oga .opus .aif .aiff .aifc .au .snd .caf .sph .voc".split()
)
# sounds to a person, but not read here: bad clips rather than silently ignored
UNREADABLE = frozenset(
    ".m4a .m4b .m4p .m4r .aac .wma .amr .awb .ape .wv .tta .mka .ac3 .dts .aa .aax .ra .ram .spx .dsf .dff .mid .midi"
    " .adts .alac .mpc .3ga .weba".split()
)
LOCKED = frozenset(".m4p .aa .aax".split())  # protected against copying, mostly
LEAST_SECONDS, MOST_SECONDS = 0.025, 300.0  # of a clip as it lies there
MOST_HEADER = 4096  # bytes of a file without any sound
LOUDEST = 4.0  # above 1, which lossy formats and mixes go beyond a little
SILENT = 1e-4  # 80 dB below full scale: three steps of 16 bits
CANCELLED = 0.02  # level of the mono mix, as a share of that of the channels: 34 dB below
DEPTHS = {"PCM_S8": "8 bits", "PCM_U8": "8 bits", "PCM_16": "16 bits", "PCM_24": "24 bits", "PCM_32": "32 bits",
          "FLOAT": "32-bit float", "DOUBLE": "64-bit float", "MPEG_LAYER_III": "MP3", "VORBIS": "Vorbis",
          "OPUS": "Opus", "ULAW": "u-law", "ALAW": "A-law"}  # fmt: skip


def read_header(path: Path) -> tuple[int, int, int]:
    """Frames, samples a second and channels, from the header alone. Raises BadItem."""
    _check_name(path)
    with _reasons(path):
        _check_contents(path)
        about = _soundfile().info(str(path))
    if about.frames == 0 and (size := path.stat().st_size) > MOST_HEADER:
        raise BadItem(
            f"its header says 0 samples, though it has {size:,} bytes, as a recording that broke off leaves it; repair "
            "its header, or save it anew"
        )
    check_length(about.frames, about.samplerate)
    return about.frames, about.samplerate, about.channels


def check_length(frames: int, rate: int) -> None:
    """Raise BadItem where a clip is too short, too long or too coarse for one."""
    seconds = frames / rate
    if frames == 0:
        raise BadItem("it holds no sound, 0 samples")
    if seconds < LEAST_SECONDS:
        raise BadItem(f"it is {1000 * seconds:.0f} ms long, and a clip needs at least {1000 * LEAST_SECONDS:.0f} ms")
    if seconds > MOST_SECONDS:
        raise BadItem(
            f"it is {_length(seconds)} long, more than the {_length(MOST_SECONDS)} of a clip; cut it into clips"
        )
    if rate < RATES[0]:
        raise BadItem(f"it has {rate:,} samples a second, and a clip needs at least {RATES[0]:,}")


def _length(seconds: float) -> str:
    return f"{seconds / 60:,.0f} minutes" if seconds >= 120 else f"{seconds:.0f} s"


def decode_file(path: Path) -> tuple[np.ndarray, str]:
    """A clip's channels mixed to one, (T,) float32, 1 full scale, and how it was stored. Raises BadItem."""
    _check_name(path)
    with _reasons(path):
        _check_contents(path)
        with _soundfile().SoundFile(str(path)) as file:
            declared, stored = file.frames, DEPTHS.get(file.subtype, file.subtype)
            check_length(declared, file.samplerate)
            channels = file.read(declared, dtype="float32", always_2d=True)  # (T, C)
    if len(channels) < declared:
        raise BadItem(f"it is cut short: {len(channels):,} of {declared:,} samples are there")
    return mono(channels), stored


def mono(channels: np.ndarray) -> np.ndarray:
    """(T, C) float -> (T,) float32, the channels' mean. Raises BadItem where there is nothing to be heard in it."""
    check_values(channels)
    mixed = channels.mean(axis=1, dtype=np.float64)
    levels = np.sqrt((channels.astype(np.float64) - channels.mean(0, dtype=np.float64)).var(0))  # (C,)
    if levels.max() > 0 and mixed.std() < CANCELLED * levels.max():
        raise BadItem("its channels cancel each other out, so that nothing is left in mono; save one channel of it")
    return mixed.astype(np.float32)


def check_values(samples: np.ndarray) -> None:
    """Raise BadItem where samples (T,), 1 full scale, are no numbers, far too large, or silence."""
    if not np.isfinite(samples).all():
        raise BadItem("it holds NaN or infinite samples; replace them, or save it anew")
    peak = float(np.abs(samples).max())
    if peak > LOUDEST:
        shown = f"{peak:,.0f}" if peak < 1e9 else f"{peak:.0e}"
        raise BadItem(f"its samples go up to {shown}, far beyond full scale, which is 1; scale them to -1..1")
    centred = samples - samples.mean(axis=0, dtype=np.float64)
    if np.abs(centred).max() < SILENT:
        raise BadItem("it is silent")


def _soundfile() -> soundfile:
    import soundfile  # loads libsndfile, which whoever asks for a name does without

    return soundfile


def _check_name(path: Path) -> None:
    suffix = path.suffix.lower()
    if suffix in UNREADABLE:
        locked = ", and may be protected against copying" if suffix in LOCKED else ""
        raise BadItem(f"{suffix} files are not read here{locked}; convert it to WAV or FLAC")


@contextmanager
def _reasons(path: Path) -> Iterator[None]:
    """Turns whatever libsndfile says into a BadItem with a short reason."""
    try:
        yield
    except PermissionError as error:
        raise BadItem(DENIED) from error
    except OSError as error:
        raise BadItem(error.strerror or str(error)) from error
    except RuntimeError as error:  # soundfile's errors are
        raise BadItem(_reason(str(error))) from error


def _reason(said: str) -> str:
    if "unimplemented" in said or "'fmt '" in said:  # of a codec that it does not know it says that the head is broken
        return "its sound is coded in a way that is not read here; convert it to WAV or FLAC with 16 bits"
    if "not recognised" in said or "not a regular file" in said:  # the latter of MP3
        return "it is cut short, or no sound file whatever its name says"
    return f"it is cut short or damaged: {said.rpartition(': ')[2].strip(' .')}"


def _check_contents(path: Path) -> None:
    """Raise BadItem where a file is none that is read here, or shorter than it says itself."""
    if other := what_else(path):
        raise BadItem(other)
    if missing := missing_bytes(path):
        raise BadItem(f"it is cut short: {missing:,} of the bytes that it declares are not there")


COPIES = (
    Copies(  # as augmentation on a disk leaves them
        r"(?:[ _.-]+(?i:WORDS)(?:[ _-]?[0-9.]*[0-9])?)+",
        tuple(
            "aug augmented augmentation noise noisy pitch pitched transposed speed fast faster slow slower stretch "
            "stretched shift shifted reverb echo gain loud louder quiet quieter normalized normalised resampled "
            "filtered lowpass highpass bandpass reversed mono left right mp3 compressed copy".split()
        ),
    ),
)
FILES = FileKind(NOUNS, EXTENSIONS, UNREADABLE, read_header, decode_file, on_bad="on_bad_clip")
