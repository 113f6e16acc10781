"""Clips as files, and the code that reads a set of them."""

from __future__ import annotations

import ast
import io

import numpy as np
import pytest
import soundfile
from clip_sets import sound
from jinja2 import Environment, StrictUndefined

from gannb.export.formats import FORMATS, formats_of
from gannb.media.audio import AUDIO
from gannb.media.audio.export import READING, compressed, encode

X = np.rint(sound(0) * 32767).astype(np.int16)


@pytest.mark.parametrize("rate", [2000, 8000, 44100])
def test_a_flac_gives_every_sample_and_the_rate_back(rate):
    found, at = soundfile.read(io.BytesIO(encode(X, rate)), dtype="int16")
    assert at == rate and np.array_equal(found, X)
    assert encode(X, rate) == encode(X.copy(), rate) != encode(-X, rate)


def test_an_mp3_is_small_and_sounds_alike():
    content = compressed(X, 8000)
    found, at = soundfile.read(io.BytesIO(content), dtype="int16")
    assert at == 8000 and len(content) < len(X) and np.corrcoef(found[: len(X)], X[: len(found)])[0, 1] > 0.9


def test_every_format_has_python_that_reads_it():
    assert set(READING) == set(formats_of(AUDIO))
    environment = Environment(undefined=StrictUndefined)
    for code in READING.values():
        read = environment.from_string(code).render(folder="my-set", urls="train-{00000..00001}.tar")
        assert "my-set" in read and "clips" in {n.id for n in ast.walk(ast.parse(read)) if isinstance(n, ast.Name)}


def made(folder, format: str):
    """A set of two classes, two clips each, in a format."""
    from gannb.export.formats import Shard
    from gannb.media.audio.medium import Sounds

    folder.mkdir()
    shard = Shard(0, ((0, 0, 2), (1, 0, 2)), ("owl", "wren"), ("owl", "wren"))
    clips = {(k, i): np.roll(X, 100 * (2 * k + i)) for k in range(2) for i in range(2)}
    FORMATS[format](Sounds(8000)).write(folder, shard, [(k, i, x) for (k, i), x in clips.items()])
    return [clips[k, i] for k in range(2) for i in range(2)]


@pytest.mark.parametrize("format", ["folder", "webdataset"])
def test_the_code_that_is_given_reads_what_was_written(tmp_path, format):
    if format == "webdataset":
        pytest.importorskip("webdataset")
    wanted = made(tmp_path / "set", format)
    names: dict = {}
    template = Environment(undefined=StrictUndefined).from_string(READING[format])
    exec(template.render(folder=str(tmp_path / "set"), urls="train-00000.tar"), names)
    found = sorted(((y, np.rint(x * 32768).astype(np.int16)) for x, y in names["clips"]), key=lambda pair: pair[0])
    assert [y for y, _ in found] == [0, 0, 1, 1]
    assert {x.tobytes() for _, x in found} == {x.tobytes() for x in wanted}


def test_a_hub_s_reader_knows_parquet_as_audio(tmp_path):
    datasets = pytest.importorskip("datasets")
    wanted = made(tmp_path / "set", "parquet")
    found = datasets.load_dataset(str(tmp_path / "set"), split="train", cache_dir=str(tmp_path / "cache"))
    assert found.features["audio"] == datasets.Audio(sampling_rate=8000)
    assert found.features["label"].names == ["owl", "wren"]
    rows = found.cast_column("audio", datasets.Audio(decode=False))
    heard = [soundfile.read(io.BytesIO(row["audio"]["bytes"]), dtype="int16")[0] for row in rows]
    assert all(np.array_equal(x, y) for x, y in zip(heard, wanted, strict=True))
