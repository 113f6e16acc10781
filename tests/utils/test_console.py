"""How the command line talks."""

from __future__ import annotations

import io

import pytest

from gannb.utils.console import paint


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
