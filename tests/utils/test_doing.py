"""What a command is doing is said where it was silent for long, on stderr alone."""

from __future__ import annotations

import contextlib
import io
import re
import signal
import threading
from collections.abc import Iterator

import pytest

from gannb.utils import doing as module
from gannb.utils.doing import Activity, Heard, counter, doing, ending, telling

QUICK = 0.02  # seconds of silence, here


class Listener(io.StringIO):
    """A stderr that tells when something is said on it."""

    def __init__(self) -> None:
        super().__init__()
        self.said = threading.Event()

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        finally:
            self.said.set()


@pytest.fixture
def stderr(monkeypatch) -> Listener:
    listener = Listener()
    monkeypatch.setattr(module, "SILENCE", QUICK)
    monkeypatch.setattr(module, "LONGEST", 2 * QUICK)
    monkeypatch.setattr(module, "_heard", [0.0])  # which the clock of a test below must not stay in
    return listener


@contextlib.contextmanager
def told_to(listener: Listener, silent: bool = False) -> Iterator[None]:
    """Tell a listener what is being done; within a test, since pytest sets a stderr of its own before it."""
    with contextlib.redirect_stderr(listener), telling(silent):
        yield


def test_what_takes_long_is_said_on_stderr_alone_and_how_far_it_is(stderr, capsys):
    with told_to(stderr), doing("reading photos"):
        one_more = counter(2000)
        for _ in range(300):
            one_more()
        stderr.said.wait()
    assert re.match(r"gannb: reading photos, \d+ s, 300 of 2,000 \.\.\.\n", stderr.getvalue())
    assert capsys.readouterr() == ("", "")


def test_the_innermost_activity_is_told(stderr):
    with told_to(stderr), doing("reading photos"), doing("looking for duplicates"):
        stderr.said.wait()
    assert "looking for duplicates" in stderr.getvalue() and "reading" not in stderr.getvalue()


@pytest.mark.parametrize("silent", [True, False])
def test_nothing_is_said_of_what_is_quick_nor_where_it_is_to_be_silent(stderr, monkeypatch, silent):
    monkeypatch.setattr(module, "SILENCE", QUICK if silent else 1000.0)
    with told_to(stderr, silent), doing("reading photos"):
        stderr.said.wait(10 * QUICK)
    with told_to(stderr, silent):  # and nothing where nothing is being done
        stderr.said.wait(10 * QUICK)
    assert stderr.getvalue() == ""


def test_it_is_not_silent_where_something_else_is_said(stderr, monkeypatch):
    monkeypatch.setattr(module, "SILENCE", 1000.0)
    heard, clock = io.StringIO(), [5000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    with told_to(stderr), doing("at work on 05_compare"):
        clock[0] += 999
        Heard(heard).write("a line\n")
        clock[0] += 999
        stderr.said.wait(0.3)
        assert stderr.getvalue() == ""
        clock[0] += 2
        stderr.said.wait()
    assert heard.getvalue() == "a line\n" and "at work on 05_compare, 2000 s" in stderr.getvalue()


def test_a_stderr_that_nobody_reads_any_more_ends_nothing(stderr):
    stderr.close()
    with told_to(stderr), doing("reading photos"):
        stderr.said.wait(10 * QUICK)


def test_without_anybody_who_listens_counting_costs_nothing():
    counter(3)()
    with doing("reading"):
        counter(3)()
    assert module._activities == [] and Activity("reading", 0.0).text(12.4) == "reading, 12 s"


@pytest.mark.parametrize("interrupts", [signal.default_int_handler, signal.SIG_IGN])
def test_being_told_to_end_is_an_interrupt_once_also_where_interrupts_are_ignored(interrupts):
    before = signal.signal(signal.SIGINT, interrupts)
    try:
        with ending() as came:
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGTERM)  # what is cleared up now is not interrupted
            assert came == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGINT, before)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_who_has_a_handler_of_its_own_keeps_it():
    own = lambda *_: None  # noqa: E731
    signal.signal(signal.SIGTERM, own)
    try:
        with ending() as came:
            assert signal.getsignal(signal.SIGTERM) == own
        assert signal.getsignal(signal.SIGTERM) == own and came == []
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
