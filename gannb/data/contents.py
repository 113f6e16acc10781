"""What a file is that holds an item of no medium, by its first bytes: names of files say little."""

from __future__ import annotations

TAR = 257  # where the sign of a tar archive stands
ARCHIVES = {
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
}
PAGES = b"<!doctype html", b"<html", b"<?xml", b"<head", b"{"


def of_no_medium(head: bytes, one: str) -> str:
    """A reason that begins with "it is", and the way out, of a file's first bytes; "" where it may be of some medium.

    one: what it was taken for, in the singular.
    """
    if not head.strip(b"\0"):
        again = f"download the {one} again"
        return f"it is full of zeros, as after a download that broke off; {again}" if head else "it is empty"
    if head.startswith(b"version https://git-lfs"):
        return f"it is a pointer of Git LFS in the place of the {one}; fetch it with `git lfs pull`"
    if head.startswith(b"/annex/objects/"):
        return f"it is a pointer of git-annex in the place of the {one}; fetch it with `git annex get`"
    archive = next((name for sign, name in ARCHIVES.items() if head.startswith(sign)), "")
    archive = "a tar archive" if head[TAR:].startswith(b"ustar") else archive
    return f"it is {archive}; unpack it" if archive else ""


def of_a_web_server(head: bytes, one: str) -> str:
    """The same of what a web server sent instead; "" where it does not look so."""
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(PAGES):
        return f"it is a page or message of a web server in the place of the {one}; download the {one} again"
    return ""
