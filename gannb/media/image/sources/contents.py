"""What a file is that is not read as an image, by its first bytes: names of files say little."""

from __future__ import annotations

from pathlib import Path

from gannb.data.contents import of_a_web_server, of_no_medium

CONVERT = "convert it to PNG or JPEG"
HEIF_BRANDS = frozenset(b"heic heix heim heis hevc hevx hevm hevs mif1 msf1 mif2".split())
HEIF_WAY = "`pip install 'gannb[heic]'` reads it, or convert it to JPEG or PNG"
# first bytes -> what it is, and the way out
SIGNATURES = (
    (b"\xff\x0a", "a JPEG XL image", CONVERT),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL image", CONVERT),
    (b"II\xbc", "a JPEG XR image", CONVERT),
    (b"8BPS", "a Photoshop document", CONVERT),
    (b"gimp xcf", "a GIMP document", CONVERT),
    (b"%PDF", "a PDF document", CONVERT),
    (b"%!PS", "a PostScript document", CONVERT),
    (b"v/1\x01", "an OpenEXR image", CONVERT),
    (b"#?RADIANCE", "a Radiance HDR image", CONVERT),
    (b"#?RGBE", "a Radiance HDR image", CONVERT),
    (b"SIMPLE  =", "a FITS image", CONVERT),
    (b"qoif", "a QOI image", CONVERT),
    (b"DDS ", "a DDS texture", CONVERT),
    (b"P7\n", "a PAM image", CONVERT),
    (b"PF\n", "a PFM image of colour floats", CONVERT),
    (b"FLIF", "a FLIF image", CONVERT),
    (b"\xd7\xcd\xc6\x9a", "a WMF drawing", CONVERT),
    (b"\xc5\xd0\xd3\xc6", "an EPS drawing", CONVERT),
    (b"AT&TFORM", "a DjVu document", CONVERT),
    (b"\xd0\xcf\x11\xe0", "a document of an office program", "save its pictures as PNG"),
    (b"NRRD", "an NRRD volume", "save its slices as PNG"),
    (b"\x93NUMPY", "a NumPy array", "save it as PNG, or all of them in one .npz with train_images and train_labels"),
    (b"\x89HDF", "an HDF5 file", "save its images as PNG"),
    (b"MATLAB", "a MATLAB file", "save its images as PNG"),
    (b"SQLite format 3", "a database of SQLite", "save its images as PNG"),
    (b"data:image/", "an image written as text in base64", "save the bytes that it stands for"),
    (b"iVBORw0KGgo", "an image written as text in base64", "save the bytes that it stands for"),
    (b"/9j/", "an image written as text in base64", "save the bytes that it stands for"),
    (b"RIFF....AVI ", "a film", "save its frames as PNG"),
    (b"\x1aE\xdf\xa3", "a film", "save its frames as PNG"),
)
AGAIN = "download the image again"


def what_it_is(path: Path) -> str:
    """A reason that begins with "it is": what a file holds that no reader took, and the way out."""
    head = head_of(path)
    if other := of_no_medium(head, "image"):
        return other
    for start, name, way in SIGNATURES:
        if all(a == b or b == ord(".") for a, b in zip(head.ljust(len(start)), start, strict=False)):
            return f"it is {name}; {way}"
    return _by_structure(head) or _as_text(head) or "it is cut short or not an image"


def _as_text(head: bytes) -> str:
    """Say so where the first bytes are text, and what it begins with; else ""."""
    try:
        text = head[:80].decode("utf-8").strip()
    except UnicodeDecodeError:
        return ""
    first = text.split("\n", 1)[0].strip()[:30]
    return f'it is text, not an image ("{first}"); {AGAIN}' if first.isprintable() and first else ""


def head_of(path: Path) -> bytes:
    """The first 4 KiB of a file."""
    with path.open("rb") as file:
        return file.read(4096)


def is_heif(head: bytes) -> bool:
    """Tell whether a file begins as HEIC and HEIF images do, whatever it is called."""
    compatible = head[16 : int.from_bytes(head[:4], "big")]
    return head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS and b"avif" not in compatible


def coded_colours(head: bytes) -> tuple[int, int] | None:
    """The numbers of primaries and transfer that a PNG (cICP), AVIF or HEIC (colr) tells; None where it tells none.

    What they stand for: ITU-T H.273.
    """
    for chunk, at, size in ((b"\0\0\0\x04cICP", 8, 1), (b"colrnclx", 8, 2)):
        start = head.find(chunk) + at
        if start >= at and len(head) >= start + 2 * size:
            return int.from_bytes(head[start : start + size], "big"), int.from_bytes(head[start + size :][:size], "big")
    return None


def colour_bits_of_jpeg2000(head: bytes) -> int:
    """Bits of a channel where a JPEG 2000 image has more than two of them, else 0; by its SIZ marker (ISO 15444-1)."""
    at = head.find(b"\xff\x4f\xff\x51")
    if at < 0 or len(head) < at + 43:
        return 0
    channels = int.from_bytes(head[at + 40 : at + 42], "big")
    return (head[at + 42] & 0x7F) + 1 if channels > 2 else 0


def profile_of_jpeg2000(path: Path) -> bytes:
    """The ICC profile in the colour box of a JPEG 2000 file, which Pillow passes over (ISO 15444-1, I.5.3.3)."""
    head = head_of(path)
    at = head.find(b"colr\x02")
    if head[4:8] != b"jP  " or at < 0:
        return b""
    with path.open("rb") as file:
        file.seek(at + 7)
        return file.read(max(0, int.from_bytes(head[at - 4 : at], "big") - 11))


def exif_of_png(path: Path) -> bytes:
    """The EXIF data of a PNG, which may come behind its pixels; empty where there are none, or the file is damaged."""
    with path.open("rb") as file:
        file.seek(8)
        while len(head := file.read(8)) == 8:
            length = int.from_bytes(head[:4], "big")
            if head[4:] == b"eXIf":
                return file.read(length)
            file.seek(length + 4, 1)
    return b""


def _by_structure(head: bytes) -> str:
    """What no plain signature tells; "" where nothing does."""
    if is_heif(head):
        return f"it is a HEIC image, as telephones take them; {HEIF_WAY}"
    if head[4:8] == b"ftyp":
        is_avif = head[8:12] in (b"avif", b"avis", b"mif1")
        return f"it is an AVIF image that cannot be decoded; {CONVERT}" if is_avif else "it is a film; save its frames"
    if head[344:348] in (b"n+1\0", b"ni1\0"):
        return "it is a NIfTI volume; save its slices as PNG"
    if head[128:132] == b"DICM":
        return f"it is a DICOM file; {CONVERT}"
    if head.startswith(b"\xff\xd8\xff"):
        return _kind_of_jpeg(head)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<svg", b"<?xml")) and b"<svg" in text:
        return f"it is an SVG drawing; {CONVERT}"
    return of_a_web_server(head, "image")


def _kind_of_jpeg(head: bytes) -> str:
    """Why a JPEG is not read, by its frame header: marker, length, bits, height, width, channels (ITU-T T.81)."""
    at = 2
    while at + 10 <= len(head) and head[at] == 0xFF:
        marker, length = head[at + 1], int.from_bytes(head[at + 2 : at + 4], "big")
        if marker == 0xF7:
            return f"it is a JPEG-LS image; {CONVERT}"
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            kind = "lossless JPEG" if marker in (0xC3, 0xC7, 0xCB, 0xCF) else "JPEG"
            return f"it is a {kind} of {head[at + 4]} bits (channels: {head[at + 9]}), not read here; {CONVERT}"
        at += 2 + length
    return ""
