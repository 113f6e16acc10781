"""Errors that are told in a sentence."""

from __future__ import annotations

import pytest

from gannb.utils.errors import InputError, Stopped


@pytest.mark.parametrize("kind", [InputError, Stopped])
def test_a_notebook_shows_the_sentence_in_place_of_a_traceback(kind):
    """As IPython does: it asks an exception for `_render_traceback_`, and joins the lines."""
    assert "\n".join(kind("trials=1 is not valid.")._render_traceback_()) == f"{kind.__name__}: trials=1 is not valid."


def test_a_stop_is_caught_by_what_catches_interrupts_and_wrong_input_is_not():
    assert issubclass(Stopped, KeyboardInterrupt) and not issubclass(Stopped, Exception)
    assert issubclass(InputError, ValueError) and not issubclass(InputError, KeyboardInterrupt)
