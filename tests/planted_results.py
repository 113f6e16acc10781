"""What studies keep of their results, planted: copies of a reference study with other numbers. Nothing is trained."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from conftest import ROOT

REFERENCE = ROOT / "outputs" / "reference" / "digits"
HELPS = {"answer": "helps", "difference": 0.031, "low": 0.012, "high": 0.05}


def planted(folder: Path, primary: dict | None = None, *, fingerprint: str | None = None, **verdict) -> Path:
    """A copy of the reference study under another name, with another primary contrast and verdict."""
    shutil.copytree(REFERENCE, folder)
    record = json.loads((folder / "study.json").read_text())
    record["parameters"] |= {"name": folder.name, "data": f"/data/{folder.name}"}
    record["fingerprint"] = fingerprint or folder.name
    found = json.loads((folder / "verdict.json").read_text()) | verdict
    found["contrasts"][0] |= {"se": 0.005, "level": 0.95} | (primary or {})
    found["answer"] = found["contrasts"][0]["answer"]
    if "of" not in verdict:
        found["of"] |= {"sketch": [f"{folder.name}-{i}" for i in range(64)]}
    (folder / "study.json").write_text(json.dumps(record))
    (folder / "verdict.json").write_text(json.dumps(found))
    return folder
