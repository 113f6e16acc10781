"""Clips as files: of a synthetic set, which people read in the ways that stand here, and of a page."""

from __future__ import annotations

import io

import numpy as np

READING = {
    "folder": """\
import soundfile
from torchvision.datasets import DatasetFolder

read = lambda file: soundfile.read(file, dtype="float32")[0]
clips = DatasetFolder("{{ folder }}", read, extensions=(".flac",))""",
    "webdataset": """\
import io

import soundfile
import webdataset

read = lambda content: soundfile.read(io.BytesIO(content), dtype="float32")[0]
clips = webdataset.WebDataset("{{ folder }}/{{ urls }}", shardshuffle=False)
clips = clips.shuffle(2000).to_tuple("flac", "cls").map_tuple(read, int)""",
    "parquet": """\
from datasets import load_dataset

clips = load_dataset("{{ folder }}", split="train")  # decoding takes datasets[audio]""",
}
MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


def encode(x: np.ndarray, rate: int) -> bytes:
    """A clip (T,) int16 as FLAC."""
    return _written(x, rate, "FLAC", "PCM_16")


def compressed(x: np.ndarray, rate: int) -> bytes:
    """A clip (T,) int16 as MP3, which every browser plays, at the next rate that it has."""
    from gannb.media.audio.sources.preparation import resampled

    at = next(each for each in MP3_RATES if each >= rate)
    return _written(resampled(x / 32768, rate, at), at, "MP3", "MPEG_LAYER_III")


def _written(x: np.ndarray, rate: int, form: str, subtype: str) -> bytes:
    import soundfile  # loads libsndfile; whoever asks for READING does without

    file = io.BytesIO()
    soundfile.write(file, x, rate, format=form, subtype=subtype)
    return file.getvalue()
