"""How the command line talks."""

from __future__ import annotations

import io
import os
import sys
from types import SimpleNamespace

import pytest

from gannb.utils import console
from gannb.utils.console import TALK, mute, open_streams, paint, talk, talking


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


def test_what_a_process_was_started_without_is_opened(monkeypatch):
    opened = []

    def closed(number: int) -> None:
        if number == 2:
            raise OSError(9, "Bad file descriptor")

    with monkeypatch.context() as patched:
        patched.setattr(console, "os", SimpleNamespace(open=lambda *a: opened.append(a[0]), fstat=closed, **DEVICES))
        patched.setattr("sys.stderr", None)
        open_streams()
        print("lost", file=sys.stderr)
    assert opened == [os.devnull]


DEVICES = {"devnull": os.devnull, "O_RDWR": os.O_RDWR}


def test_what_an_output_s_encoding_lacks_is_written_out(monkeypatch):
    bare = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    monkeypatch.setattr("sys.stdout", bare)
    open_streams()
    print("\u2248 1")
    assert bare.buffer.getvalue() == b"\\u2248 1\n"


def test_a_stream_that_nobody_reads_is_muted(tmp_path):
    read, write = os.pipe()
    os.close(read)
    stream = open(write, "w")
    stream.write("lost")
    mute(stream)
    stream.close()  # which writes what it has kept
    mute(io.StringIO())
