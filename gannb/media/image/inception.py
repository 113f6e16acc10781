"""The standard Inception network of the FID, where its weights are at hand. Nothing is ever fetched.

The network and its preprocessing are torch-fidelity's (the extra `gannb[fid]`); the weights are those that
torch-fidelity and pytorch-fid share, converted from TensorFlow's `inception-2015-12-05`. Their file's name carries the
first digits of its SHA-256, which are checked, so that no other network's numbers are called FID.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from gannb.data.medium import FurtherSpace
from gannb.media.image.features import checked
from gannb.utils.errors import InputError
from gannb.utils.files import sha256_of

WEIGHTS = "weights-inception-2015-12-05-6726825d.pth"  # or pytorch-fid's pt_inception-2015-12-05-6726825d.pth
SHA256 = "6726825d"  # as the name says
LEAST = 10_000  # items on either side (Heusel et al.'s own code: fewer underestimate the true FID)
BATCH = 64
LAYER = "2048"


def digest(file: str | Path) -> str:
    """Return the SHA-256 of the weights' file.

    Raises:
        InputError: there is no such file, or it is another one.
    """
    file = Path(file)
    if not file.is_file():
        raise InputError(f"inception: there is no file {file}; give the path of {WEIGHTS}, or leave it out.")
    sha256 = sha256_of(file)
    if not sha256.startswith(SHA256):
        raise InputError(
            f"inception: {file} is not {WEIGHTS} (its SHA-256 begins with {sha256[:8]}, not {SHA256}); give "
            "that file, or leave inception out."
        )
    return sha256


def check(file: str | Path) -> str:
    """Return the SHA-256 of the weights' file, with which something is to be measured.

    Raises:
        InputError: as `digest`; or torch-fidelity is not installed.
    """
    sha256 = digest(file)
    if find_spec("torch_fidelity") is None:
        raise InputError("inception: FID takes the package torch-fidelity; install gannb[fid], or leave inception out.")
    return sha256


def features(file: str | Path, device: str = "cpu") -> Callable[[np.ndarray], np.ndarray]:
    """Return the network's features: (N, H, W, C) uint8 with 1 or 3 channels -> (N, 2048) float32."""
    import torch
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3  # of the extra gannb[fid]

    tensors = io.BytesIO()  # the package would unpickle whatever stands in the file: let in tensors alone
    torch.save(torch.load(file, weights_only=True), tensors)
    tensors.seek(0)
    network = FeatureExtractorInceptionV3("inception-v3-compat", [LAYER], feature_extractor_weights_path=tensors)
    network = network.to(device)

    @torch.inference_mode()
    def extract(x: np.ndarray) -> np.ndarray:
        parts = []
        for start in range(0, len(x), BATCH):
            images = torch.from_numpy(np.array(checked(x[start : start + BATCH]))).permute(0, 3, 1, 2).to(device)
            parts.append(network(images.expand(-1, 3, -1, -1))[0].cpu().numpy())
        return np.concatenate(parts)

    return extract


SPACE = FurtherSpace("inception", "inception", digest, check, features, frechet="fid", least=LEAST)
