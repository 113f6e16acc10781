"""Small sets of images, written as files: whole ones, and damaged ones."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
from PIL import Image

from gannb.data.examples import Dataset


def photo(seed: int, height: int = 32, width: int = 32, channels: int = 3) -> Image.Image:
    """A smooth random picture, unlike those of other seeds; as in photographs, light varies more than hue."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(30, 226, (6, 6, 1)) + rng.integers(-30, 31, (6, 6, 3))
    image = Image.fromarray(pixels.astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
    return image if channels == 3 else image.convert("L")


def write(path: Path, image: Image.Image, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return path


def folder_of(root: Path, classes: tuple[str, ...] = ("cat", "dog"), n: int = 3, **shape: int) -> Path:
    for k, name in enumerate(classes):
        for i in range(n):
            write(root / name / f"{name}{i}.png", photo(1000 * k + i, **shape))
    return root


def split_folder(root: Path, n: int = 4) -> Path:
    for k, part in enumerate(("train", "test")):
        for j, name in enumerate(("cat", "dog")):
            for i in range(n):
                write(root / part / name / f"{i}.png", photo(10_000 * k + 1000 * j + i))
    return root


def arrays(n: int = 12, test: int = 0, **changes: np.ndarray | None) -> dict[str, np.ndarray]:
    """A MedMNIST-like set with two classes; changes replace arrays, None removes one."""
    rng = np.random.default_rng(0)
    found = {
        "train_images": rng.integers(0, 256, (n, 8, 8), dtype=np.uint8),
        "train_labels": np.arange(n)[:, None] % 2,
    }
    if test:
        found |= {
            "test_images": rng.integers(0, 256, (test, 8, 8), dtype=np.uint8),
            "test_labels": np.arange(test)[:, None] % 2,
        }
    return {key: array for key, array in (found | changes).items() if array is not None}


def npz(path: Path, **changes: np.ndarray | None) -> Path:
    np.savez_compressed(path, **arrays(**changes))
    return path


def idx_bytes(values: np.ndarray) -> bytes:
    return bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">i4").tobytes() + values.tobytes()


def idx_folder(root: Path) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    for prefix, n in (("train", 8), ("t10k", 4)):
        images, labels = rng.integers(0, 256, (n, 8, 8), dtype=np.uint8), (np.arange(n) % 2).astype(np.uint8)
        (root / f"{prefix}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(images)))
        (root / f"{prefix}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(labels)))
    return root


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).copy()


def patients(root: Path) -> Path:
    for k, name in enumerate(("ill", "well")):
        for i in range(6):
            write(root / name / f"patient{i // 2 + 10 * k}_{i}.png", photo(100 * k + i))
    return root


def bomb(root: Path) -> Path:
    """A PNG whose header declares 30,000 x 30,000 pixels."""
    from struct import pack
    from zlib import crc32

    header = b"IHDR" + pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunk = pack(">I", 13) + header + pack(">I", crc32(header))
    return with_file(root, "cat/bomb.png", b"\x89PNG\r\n\x1a\n" + chunk + pack(">I", 0) + b"IDAT" + pack(">I", 0))


def truncated(path: Path, keep: float = 0.5) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    return path


def broken_jpeg(root: Path) -> Path:
    folder_of(root)
    truncated(write(root / "cat" / "half.jpg", photo(5, 200, 200), quality=95))
    return root


def with_file(root: Path, name: str, content: bytes) -> Path:
    folder_of(root)
    (root / name).write_bytes(content)
    return root


def extra_part(root: Path, name: str) -> Path:
    split_folder(root)
    write(root / name / "1.png", photo(1))
    return root


def a_file(path: Path) -> Path:
    path.write_text("hello")
    return path


def group_of(found: Dataset, id: str) -> int:
    return int(found.pool.groups[found.pool.ids == id][0])


def photos(root: Path, n: int = 12, seed: int = 0) -> Path:
    """A folder of n different colour images of each of two classes."""
    rng = np.random.default_rng(seed)
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        for i in range(n):
            Image.fromarray(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)).save(root / name / f"{i}.png")
    return root


def folder_of_classes(root: Path, **classes: np.ndarray) -> Path:
    """A folder of PNG files per class, from items (N, H, W) or (N, H, W, 3) uint8."""
    for name, items in classes.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        for number, item in enumerate(items):
            Image.fromarray(item).save(root / name / f"{number}.png")
    return root
