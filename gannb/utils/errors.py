"""The exceptions that are told in a sentence: wrong input, and a stop that somebody asked for."""

from __future__ import annotations


class InputError(ValueError):
    """The person's input is wrong.

    The message is one sentence that names the file or the parameter and the way out. The command line prints it
    last on stderr and exits with 2.
    """

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback: where the error was found would not help."""
        return [f"{type(self).__name__}: {self}"]


class Stopped(KeyboardInterrupt):
    """Work was interrupted, by JupyterLab's stop button or Ctrl-C; the message says what is kept."""

    _render_traceback_ = InputError._render_traceback_
