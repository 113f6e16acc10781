"""Grids of clips as HTML: pictures, scales, players."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile
from browsing import browser_page, in_browser, played
from PIL import Image
from planted_clips import RATE, clips, tone

from gannb.data.medium import Cell, Grid
from gannb.media.audio import players
from gannb.media.audio.display import coloured, levels
from gannb.media.audio.players import html

CLIPS = clips(n=2, classes=2, samples=4096).x
GRID = Grid(
    [[Cell(CLIPS[0], "#d55e00", "0.41 copy?"), Cell(CLIPS[1])], [Cell(CLIPS[2]), Cell(None)]], ["a < b", "owl"],
    together=2, columns=["real & made"], title="Two <owls>",
)  # fmt: skip


class Elements(HTMLParser):
    """Every element of a text with its attributes; fails where one is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.found = [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for each, attributes in self.found if each == tag]


def content(address: str, kind: str) -> bytes:
    return base64.b64decode(address.removeprefix(f"data:{kind};base64,"))


def test_each_clip_has_its_picture_and_a_player_with_its_sound():
    found = Elements(html(GRID, RATE))
    assert len(found.of("audio")) == len(found.of("img")) == 3 and len(found.of("tr")) == 5
    for clip, image, player in zip(CLIPS, found.of("img"), found.of("audio"), strict=False):
        picture = Image.open(io.BytesIO(content(image["src"], "image/png"))).convert("RGB")
        wanted = coloured(levels(clip, RATE))
        assert picture.size == wanted.shape[1::-1] and np.abs(np.asarray(picture).astype(int) - wanted).max() < 16
        sound, rate = soundfile.read(io.BytesIO(content(player["src"], "audio/mpeg")))
        assert rate == RATE and abs(len(sound) - len(clip)) < 1200
        assert np.corrcoef(sound[:4096], clip[: len(sound)])[0, 1] > 0.9
    assert found.of("audio")[0] | {"src": ""} == {
        "controls": None, "controlslist": "nodownload noplaybackrate", "preload": "none", "src": "",
        "aria-label": "a < b, 1",
    }  # fmt: skip
    assert found.of("img")[0]["style"] == "border: 2px solid #d55e00" and "style" not in found.of("img")[1]


def test_names_notes_and_scales_are_there_and_escaped():
    text = re.sub(r"<style>.*?</style>", "", html(GRID, RATE), flags=re.S)
    said = re.sub(r"<[^>]*>", " ", text)
    for part in ("a &lt; b", "real &amp; made", "Two &lt;owls&gt;", "0.41 copy?", "1 kHz", "0.512 s"):
        assert part in said
    assert "http" not in text and "<script" not in text


def test_a_rate_that_mp3_lacks_is_played_at_the_next(tmp_path):
    clip = tone(500, 10_000, 10_000)
    player = Elements(html(Grid([[Cell(clip)]], ["a"]), 10_000)).of("audio")[0]
    sound, rate = soundfile.read(io.BytesIO(content(player["src"], "audio/mpeg")))
    assert rate == 11_025 and abs(len(sound) / rate - 1) < 0.1
    assert abs(np.abs(np.fft.rfft(sound)).argmax() * rate / len(sound) - 500) < 3


def test_of_many_long_clips_the_first_of_each_row_have_players(monkeypatch):
    whole = html(GRID, RATE)
    monkeypatch.setattr(players, "MOST_SOUND", 2 * len(Elements(whole).of("audio")[0]["src"]) + 500)
    found = html(GRID, RATE)
    labels = [player["aria-label"] for player in Elements(found).of("audio")]
    assert labels == ["a < b, 1", "a < b, 2"] and len(Elements(found).of("img")) == 3
    assert "1 clip has no player here" in found and "no player" not in whole
    apart = Grid(GRID.cells, GRID.rows)
    assert [p["aria-label"] for p in Elements(html(apart, RATE)).of("audio")] == ["a < b, 1", "owl, 1"]


def test_nothing_to_hear_is_nothing():
    assert html(Grid([[Cell(None)]], ["a"]), RATE) == ""


@in_browser
@pytest.mark.parametrize("rate", [8000, 44100])
def test_a_browser_decodes_every_player(tmp_path, rate):
    sounds = [[Cell(tone(440, rate, rate)), Cell(tone(880, rate, rate))]]
    file = tmp_path / "page.html"
    file.write_text(
        '<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src '
        "'none'; img-src data:; media-src data:; style-src 'unsafe-inline'\">" + html(Grid(sounds, ["a"]), rate)
    )
    with browser_page(file.as_uri()) as page:
        heard = played(page)
    assert [error for error, _ in heard] == [None, None]
    assert all(abs(seconds - 1) < 0.1 for _, seconds in heard)
