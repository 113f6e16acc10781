"""The exceptions that are told in a sentence: wrong input, a stop that somebody asked for, and what has run out."""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass


class InputError(ValueError):
    """The person's input is wrong.

    The message is one sentence that names the file or the parameter and the way out. The command line prints it
    last on stderr and exits with 2.
    """

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback: where the error was found would not help."""
        return [f"{type(self).__name__}: {self}"]


class ParameterError(InputError):
    """What is said of one parameter of a study is wrong; `parameter` is its name, "" where several do not go together.

    Whoever knows in which file it was said puts that before the sentence.
    """

    def __init__(self, sentence: str, parameter: str = "") -> None:
        super().__init__(sentence)
        self.parameter = parameter


class Failed(RuntimeError):
    """Work failed, by no fault of the input: the message is a sentence that names what failed and the way out."""

    _render_traceback_ = InputError._render_traceback_


class Stopped(KeyboardInterrupt):
    """Work was interrupted, by JupyterLab's stop button or Ctrl-C; the message says what is kept."""

    _render_traceback_ = InputError._render_traceback_


# ---- what has run out ----


@dataclass(frozen=True)
class Shortage:
    """Something that a machine gives, and gave no more: no fault of the files that were to be read or written.

    numbers: of the system's errors. says: what libraries say of it, who pass on no number.
    what: it in words, with ` of FILE` or ` (FILE)` for `{of}` or `{at}` where one is known. way: the way out.
    whole: nothing that a library says beside it helps.
    """

    numbers: frozenset[int]
    says: str
    what: str
    way: str
    whole: bool = False

    def text(self, file: str | None = None) -> str:
        """Return what has run out, of a file where one is known, and the way out."""
        what = self.what.format(of=f" of {file}" if file else "", at=f" ({file})" if file else "")
        return f"{what}; {self.way}"


FULL = "No space left on device|Disk quota exceeded"  # what nothing but a full disk is called
SHORTAGES = (
    Shortage(
        frozenset(), r"(CUDA|HIP)( error:)? out of memory|CU(BLAS|DNN)_STATUS_ALLOC_FAILED|memory of the GPU is full",
        "the memory of the GPU is full", "set fewer workers, smaller items or a smaller batch_size, or device=cpu",
        whole=True,
    ),
    Shortage(
        frozenset({errno.ENOSPC, errno.EDQUOT}),
        rf"{FULL}|\d+ requested and \d+ written",
        "the disk{of} is full", "make room",
    ),
    Shortage(
        frozenset({errno.EMFILE, errno.ENFILE}), "Too many open files",
        "too many files are open at once{at}", "allow more (`ulimit -n 8192`)",
    ),
    Shortage(
        frozenset({errno.ENOMEM}), "[Cc]an(no|')t allocate memory|Unable to allocate|out of memory",
        "there is not enough memory{at}", "close other programs, or set fewer workers or a smaller batch_size",
    ),
    Shortage(
        frozenset({errno.EACCES, errno.EPERM}), "Permission denied|Operation not permitted",
        "permission is denied{at}", "change who may read and write there",
    ),
    Shortage(
        frozenset({errno.EROFS}), "Read-only file system",
        "the disk{of} can only be read", "choose another place (output_dir)",
    ),
    Shortage(frozenset({errno.EIO}), "Input/output error", "the disk{of} reports a fault", "see to the disk"),
)  # fmt: skip


def shortage_of(error: BaseException) -> Shortage | None:
    """Return what has run out where an error is of that kind; None where it is of another."""
    if isinstance(error, MemoryError):
        return next(each for each in SHORTAGES if errno.ENOMEM in each.numbers)
    if isinstance(error, OSError) and error.errno is not None:
        return next((each for each in SHORTAGES if error.errno in each.numbers), None)
    if isinstance(error, OSError | RuntimeError):
        return next((each for each in SHORTAGES if re.search(each.says, str(error))), None)
    if not isinstance(error, InputError):  # libraries have errors of their own; those in Rust end with the number
        numbers = set(map(int, re.findall(r"\(os error (\d+)\)", str(error))))
        full = next(each for each in SHORTAGES if errno.ENOSPC in each.numbers)
        said = re.search(FULL, str(error))
        return full if said else next((each for each in SHORTAGES if each.numbers & numbers), None)
    return None


def unreadable(what: str, error: BaseException, otherwise: str) -> InputError:
    """Return what to raise where something cannot be read: what has run out, else what is wrong with the thing itself.

    what: the thing. otherwise: the rest of the sentence where it is the thing's own fault.
    """
    found = shortage_of(error)
    return InputError(f"{what} cannot be read: {found.text()}." if found else f"{what} {otherwise}")


def said_by(error: BaseException) -> str:
    """Return what a library says went wrong, on one line and no more than fits into a sentence."""
    return " ".join(str(error).split())[:120]


def is_of_the_machine(error: BaseException | None) -> bool:
    """Tell whether an error says nothing of the file that was to be read: files, memory or the disk gave out."""
    found = None if error is None else shortage_of(error)
    return found is not None and errno.EACCES not in found.numbers
