"""What a file is that is not read as a sound, by its first bytes: names of files say little."""

from __future__ import annotations

from pathlib import Path

from gannb.data.contents import of_a_web_server, of_no_medium

CONVERT = "which is not read here; convert it to WAV or FLAC"
# where a sign stands in a file, the sign, what the file is and the way out
SIGNS = (
    (4, b"ftypM4P", f"MPEG-4 that may be protected against copying, {CONVERT}"),
    (4, b"ftypaax", f"Audible's MPEG-4, protected against copying, {CONVERT}"),
    (4, b"ftyp", f"MPEG-4 (AAC, ALAC or a film), {CONVERT}"),
    (0, b"0&\xb2u", f"Windows Media, {CONVERT}"),
    (0, b"\x1aE\xdf\xa3", f"Matroska or WebM, {CONVERT}"),
    (0, b"#!AMR", f"AMR, {CONVERT}"),
    (0, b"\xff\xf1", f"AAC, {CONVERT}"),
    (0, b"\xff\xf9", f"AAC, {CONVERT}"),
    (0, b"wvpk", f"WavPack, {CONVERT}"),
    (0, b"MAC ", f"Monkey's Audio, {CONVERT}"),
    (0, b"DSD ", f"DSD, {CONVERT}"),
    (0, b"FRM8", f"DSD, {CONVERT}"),
    (0, b"TTA1", f"True Audio, {CONVERT}"),
    (0, b"MPCK", f"Musepack, {CONVERT}"),
    (0, b"MP+", f"Musepack, {CONVERT}"),
    (0, b".RMF", f"RealAudio, {CONVERT}"),
    (0, b"FLV", "a film; save its sound as WAV or FLAC"),
    (8, b"AVI ", "a film; save its sound as WAV or FLAC"),
    (0, b"MThd", "notes without sound (MIDI); play them into a WAV"),
    (0, b"\x89PNG", "an image (PNG), not a sound"),
    (0, b"\xff\xd8\xff", "an image (JPEG), not a sound"),
    (0, b"GIF8", "an image (GIF), not a sound"),
    (8, b"WEBP", "an image (WebP), not a sound"),
    (0, b"%PDF", "a PDF document, not a sound"),
    (0, b"\x93NUMPY", "a NumPy array; save it as WAV, or all of them in one .npz with audio, labels and rate"),
    (0, b"\x89HDF", "an HDF5 file; save its sounds as WAV or FLAC"),
    (0, b"MATLAB", "a MATLAB file; save its sounds as WAV or FLAC"),
)


def what_else(path: Path) -> str:
    """A reason that begins with "it is": what a file holds that is no sound which is read here; "" where it may be."""
    with path.open("rb") as file:
        head = file.read(512)
    if other := of_no_medium(head, "sound"):
        return other
    for at, sign, what in SIGNS:
        if head[at:].startswith(sign):
            return f"it is {what}"
    return of_a_web_server(head, "sound") or _as_text(head)


def _as_text(head: bytes) -> str:
    """Say so where a file begins as text, and how; "" where it does not, or as the header of a sound in words."""
    try:
        first = head[:80].decode("ascii").strip().split("\n", 1)[0].strip()[:30]
    except UnicodeDecodeError:
        return ""
    is_header = head.startswith((b"NIST_1A", b"PVF1"))
    return f'it is text, not a sound ("{first}")' if first.isprintable() and first and not is_header else ""
