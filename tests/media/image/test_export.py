"""Images as files, and the code that reads a set of them."""

from __future__ import annotations

import ast
import io

import numpy as np
import pytest
from jinja2 import Environment, StrictUndefined
from PIL import Image

from gannb.export.formats import formats_of
from gannb.media.image import IMAGE
from gannb.media.image.export import READING, encode


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_gives_the_pixels_back(channels):
    x = np.random.default_rng(0).integers(0, 256, (5, 7, channels), dtype=np.uint8)
    image = Image.open(io.BytesIO(encode(x)))
    assert (image.format, image.mode) == ("PNG", "L" if channels == 1 else "RGB")
    assert np.array_equal(np.asarray(image).reshape(x.shape), x)


def test_equal_images_give_equal_bytes_wherever_they_lie_in_memory():
    x = np.random.default_rng(0).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    assert encode(x) == encode(np.asfortranarray(x)) == encode(x[::-1][::-1])


def test_every_format_has_python_that_reads_it():
    assert set(READING) == set(formats_of(IMAGE))
    environment = Environment(undefined=StrictUndefined)
    for code in READING.values():
        read = environment.from_string(code).render(folder="my-set", urls="train-{00000..00001}.tar")
        assert "my-set" in read and "images" in {n.id for n in ast.walk(ast.parse(read)) if isinstance(n, ast.Name)}
