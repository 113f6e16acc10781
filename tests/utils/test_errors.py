"""Errors that are told in a sentence."""

from __future__ import annotations

import errno
import pickle
import re

import pytest
from safetensors import SafetensorError

from gannb.utils.errors import (
    Failed,
    InputError,
    ParameterError,
    Stopped,
    is_of_the_machine,
    said_by,
    shortage_of,
    unreadable,
)


@pytest.mark.parametrize("kind", [InputError, ParameterError, Failed, Stopped])
def test_a_notebook_shows_the_sentence_in_place_of_a_traceback(kind):
    """As IPython does: it asks an exception for `_render_traceback_`, and joins the lines."""
    assert "\n".join(kind("trials=1 is not valid.")._render_traceback_()) == f"{kind.__name__}: trials=1 is not valid."


def test_a_stop_is_caught_by_what_catches_interrupts_and_wrong_input_is_not():
    assert issubclass(Stopped, KeyboardInterrupt) and not issubclass(Stopped, Exception)
    assert issubclass(InputError, ValueError) and not issubclass(InputError, KeyboardInterrupt)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.ENOSPC, "x", "/a"), "the disk of /a is full; make room"),
        (OSError("115008 requested and 61312 written"), "the disk is full; make room"),
        (RuntimeError("01_data: OSError: [Errno 28] No space left on device; x shows where"), "the disk is full"),
        (SafetensorError("I/O error: No space left on device (os error 28)"), "the disk is full"),
        (Exception("cannot write (os error 122)"), "the disk is full; make room"),
        (ValueError("IO error: No space left on device"), "the disk is full; make room"),
        (Exception("cannot open (os error 24)"), "too many files are open at once; allow more"),
        (OSError(errno.EMFILE, "x", "/a"), "too many files are open at once (/a); allow more (`ulimit -n 8192`)"),
        (OSError(errno.ENOMEM, "x"), "there is not enough memory; close other programs, or set fewer workers"),
        (MemoryError(), "there is not enough memory"),
        (RuntimeError("CUDA out of memory. Tried"), "the memory of the GPU is full"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "there is not enough memory"),
        (PermissionError(errno.EACCES, "x", "/a"), "permission is denied (/a); change who may read and write there"),
        (OSError(errno.EROFS, "x", "/a"), "the disk of /a can only be read; choose another place"),
        (OSError(errno.EIO, "x"), "the disk reports a fault; see to the disk"),
    ],
)  # fmt: skip
def test_what_has_run_out_is_named_as_that_and_nobody_is_told_to_remove_anything(error, says):
    found = shortage_of(error)
    said = found.text(getattr(error, "filename", None))
    assert says in said and not re.search("remove|delete|damaged", said)
    assert str(unreadable("a.json", error, "is damaged: remove it.")).startswith("a.json cannot be read: ")


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(2, "x"),
        ValueError("too many open files"),
        OSError("cut short"),
        InputError("a: No space left on device"),
        Exception("no file (os error 2)"),
    ],
)
def test_a_thing_that_is_at_fault_itself_is_called_so(error):
    assert shortage_of(error) is None and not is_of_the_machine(error)
    assert str(unreadable("a.json", error, "is damaged: remove it.")) == "a.json is damaged: remove it."


def test_rights_are_said_of_a_file_and_the_rest_of_the_machine():
    assert not is_of_the_machine(PermissionError(errno.EACCES, "x")) and not is_of_the_machine(None)
    assert is_of_the_machine(OSError(errno.EMFILE, "x")) and is_of_the_machine(MemoryError())


def test_what_is_wrong_with_a_parameter_keeps_its_name_between_processes():
    error = pickle.loads(pickle.dumps(ParameterError("trials=1 is not valid.", "trials")))
    assert (str(error), error.parameter) == ("trials=1 is not valid.", "trials") and isinstance(error, InputError)


def test_what_a_library_says_is_told_on_one_line_that_fits_into_a_sentence():
    assert said_by(ValueError("two\n  lines")) == "two lines" and len(said_by(ValueError("long " * 99))) == 120
