"""The one exception that means "the input is wrong"."""

from __future__ import annotations


class InputError(ValueError):
    """The person's input is wrong.

    The message is one sentence that names the file or the parameter and the way out. The command line prints it
    last on stderr and exits with 2.
    """
