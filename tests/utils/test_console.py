"""How the command line talks."""

from __future__ import annotations

import io
import os

import pytest

from gannb.utils.console import TALK, paint, talk, talking


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "settings", "coloured"),
    [
        (Terminal(), {}, True), (Terminal(), {"NO_COLOR": ""}, True), (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "dumb"}, False), (io.StringIO(), {}, False),
    ],
)  # fmt: skip
def test_colour_is_for_terminals_whose_owner_wants_it(monkeypatch, stream, settings, coloured):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert paint("done", "green", stream) == ("\033[32mdone\033[0m" if coloured else "done")


def test_a_process_talks_as_it_is_told_until_the_block_ends_whatever_happens(monkeypatch):
    monkeypatch.delenv(TALK, raising=False)
    with talking("quiet"):
        assert (talk(), os.environ[TALK]) == ("quiet", "quiet")  # where its kernels find it
        with pytest.raises(RuntimeError), talking("verbose"):
            assert talk() == "verbose"
            raise RuntimeError
        assert talk() == "quiet"
    assert talk() == "normal" and TALK not in os.environ
