"""A sweep whose studies have planted results: three data sets, three sizes, two families. Nothing is trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from planted_results import planted
from sweep_files import written

from gannb.sweep.definition import Sweep, sweep_of_file
from gannb.utils.files import write_json

HALF = 2.131  # t(15) at 95 %: half an interval in standard errors
GAN, BLENDS, CLASSIC = "real+gan+classic", "real+interpolation+classic", "real+classic"


def row(arm: str, against: str, role: str, mean: float, se: float) -> dict[str, Any]:
    """A contrast of a verdict."""
    low, high = mean - HALF * se, mean + HALF * se
    answer = "equivalent" if -0.01 <= low and high <= 0.01 else "helps" if low > 0 else "hurts" if high < 0 else None
    about = {"arm": arm, "against": against, "role": role, "meaning": "", "level": 0.95, "trials": 16}
    answer = (answer or "inconclusive") if role == "primary" else None
    return about | {"difference": mean, "low": low, "high": high, "se": se, "answer": answer}


def grid(folder: Path, sets: int = 3) -> dict[str, Any]:
    """What the sweep's file says."""
    names = [str(folder / name) for name in ("clothes", "flowers", "letters")[:sets]]
    return {"medium": "image", "grid": {"data": names, "n_per_class": [5, 20, 80], "gan": ["mlp", "projection"]}}


def planted_sweep(folder: Path, sets: int = 3, without: tuple[str, ...] = ()) -> Sweep:
    """The sweep, with a help at few items, a harm of `mlp` at many, and no result of the studies `without`."""
    file = written(folder, grid(folder, sets), "planted.yaml")
    sweep = sweep_of_file(file, {"output_dir": str(folder / "outputs")})
    sweep.write()
    reports = {}
    for cell in sweep.cells:
        if cell.name in without:
            continue
        plant(cell, sweep.folder / "studies" / cell.name)
        reports[cell.name] = "0" * 16
    write_json(sweep.folder / "reports.json", reports)
    return sweep


def plant(cell: Any, folder: Path) -> None:
    """Write a study's record and verdict."""
    size, family, data = int(cell.at["n_per_class"]), cell.at["gan"], cell.at["data"]
    rng = np.random.default_rng([size, *data.encode()])
    se = 0.012 / np.sqrt(size)
    blends = {5: 0.025, 20: 0.01, 80: 0.001}[size] + se * rng.normal()
    gan = blends - {"mlp": 0.02, "projection": 0.002}[family] + se * rng.normal()
    rows = [
        row(GAN, CLASSIC, "primary", gan, se), row(BLENDS, CLASSIC, "yardstick", blends, se),
        row(GAN, BLENDS, "yardstick", gan - blends, se),
    ]  # fmt: skip
    planted(folder, fingerprint=data)
    record = json.loads((folder / "study.json").read_text())
    record["parameters"] |= {"data": cell.study.data}
    write_json(folder / "study.json", record)
    verdict = json.loads((folder / "verdict.json").read_text())
    of = verdict["of"] | {"gan": family, "sketch": [f"{data}-{i}" for i in range(64)]}
    write_json(folder / "verdict.json", verdict | {"contrasts": rows, "answer": rows[0]["answer"], "of": of})
