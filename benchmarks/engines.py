"""A study on other machines: Dask workers beside this machine's processes, with what goes wrong on a cluster.

    export OMP_NUM_THREADS=1
    python benchmarks/engines.py /tmp/engines              # all of them, some ten minutes of two cores
    python benchmarks/engines.py /tmp/engines late two     # some

A tiny study of the digits is made by this machine's processes, then in each of the ways below by a scheduler and
workers on loopback, all real processes. Every file of every unit is compared with the first, but for the seconds that
it took.

    same          two workers
    killed        two workers, of which one is killed with -9 in the middle of a GAN
    late          one worker, and a second that joins when a third of the units is there
    scheduler     the scheduler is killed at a third; another takes its place, and the same command goes on
    two           two launchers at once
    sweep         nothing goes wrong, with the eight studies of a 2x2x2 grid
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from dask_cluster import Cluster  # noqa: E402
from gan import markdown  # noqa: E402
from pace import end_of, wait_for  # noqa: E402

TAKEN = re.compile(rb'"(seconds|items_per_second|quality\.json)": [0-9.]+')  # that file's size follows from seconds
STUDY = {"data": "digits", "preset": "smoke", "arms": ["real+classic", "real+gan+classic", "gan"], "gan_steps": 150}
GRID = "data: digits\npreset: smoke\ngrid: {gan_steps: [20, 40], n_synthetic: [10, 20], synthetic_share: [0.2, 0.4]}\n"
LAUNCH = """
import sys
from gannb.experiment.experiment import Experiment
from gannb.study.folder import open_study
study = Experiment.open(open_study(sys.argv[1], **eval(sys.argv[2])))
failed = [unit.path for stage in (1, 2, 3, 4) for unit, _ in study.run(stage).failed]
sys.exit(f"failed: {failed}" if failed else 0)
"""
LONG = 3600.0


def launch(folder: Path, engine: str) -> subprocess.Popen:
    """Start what makes all units of the study in a folder, on an engine."""
    command = [sys.executable, "-c", LAUNCH, str(folder), repr(STUDY | {"engine": engine})]
    return subprocess.Popen(command, cwd=folder.parent, env=os.environ | {"PYTHONPATH": str(ROOT)})


def end(process: subprocess.Popen) -> None:
    """Wait for a launcher's end. Raises RuntimeError where it has failed."""
    end_of(process, LONG)
    if process.returncode:
        raise RuntimeError(f"the launcher ended with {process.returncode}")


def made(folder: Path) -> list[Path]:
    """Return the records of all units that are there."""
    return sorted(folder.glob("trials/*/*/unit.json"))


def contents(folder: Path) -> dict[str, str]:
    """Return by file of every unit a hash of what it holds, without how long the unit took."""
    files = [file for file in (folder / "trials").rglob("*") if file.is_file()]
    return {str(f.relative_to(folder)): hashlib.sha256(TAKEN.sub(b"", f.read_bytes())).hexdigest() for f in files}


def left(folder: Path) -> list[str]:
    """Return what is temporary of what a study's folder holds."""
    names = [path.name for path in folder.rglob("*")]
    return [name for name in names if name.endswith((".running", ".failed", ".mark")) or name.startswith(".")]


def same(folder: Path, cluster: Cluster, units: int) -> None:
    """Two workers, and nothing goes wrong."""
    cluster.add("alpha")
    cluster.add("beta")
    end(launch(folder, cluster.engine))


def killed(folder: Path, cluster: Cluster, units: int) -> None:
    """A worker is killed in the middle of a GAN."""
    process = launch(folder, cluster.engine)
    cluster.add("alpha")
    wait_for(lambda: list(folder.glob("trials/*/mlp-*.running/progress")), "a GAN at work", LONG)
    cluster.add("beta")
    cluster.kill("alpha")
    end(process)


def at_a_third(folder: Path, cluster: Cluster, units: int) -> subprocess.Popen:
    """Return a launcher with one worker, when a third of the units is there."""
    cluster.add("alpha")
    process = launch(folder, cluster.engine)
    wait_for(lambda: len(made(folder)) >= units // 3, "a third of the units", LONG)
    return process


def late(folder: Path, cluster: Cluster, units: int) -> None:
    """A worker joins when a third of the units is there."""
    process = at_a_third(folder, cluster, units)
    cluster.add("beta")
    end(process)


def scheduler(folder: Path, cluster: Cluster, units: int) -> None:
    """The scheduler is killed when a third of the units is there."""
    process = at_a_third(folder, cluster, units)
    cluster.scheduler.kill()
    end_of(process, LONG)
    cluster.start()
    cluster.add("beta")
    end(launch(folder, cluster.engine))


def two(folder: Path, cluster: Cluster, units: int) -> None:
    """Two launchers begin at once; a study has one run at a time, so the second is one that helps."""
    cluster.add("alpha")
    process = launch(folder, cluster.engine)
    wait_for(lambda: made(folder), "the first unit", LONG)
    command = [sys.executable, "-m", "gannb.cli", "work", str(folder), "--workers", "1"]
    helper = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)})
    end(process)
    end(helper)


WAYS: dict[str, Callable[[Path, Cluster, int], None]] = {
    "same": same, "killed": killed, "late": late, "scheduler": scheduler, "two": two,
}  # fmt: skip


def row(name: str, folder: Path, there: dict[str, str], seconds: float) -> dict[str, object]:
    """Return what came out in a way: how many files differ from those made here, and what is left over."""
    found = contents(folder)
    differing = [file for file in there.keys() | found.keys() if found.get(file) != there.get(file)]
    return {"way": name, "units": len(made(folder)), "files": len(found), "differing": len(differing),
            "left over": len(left(folder)), "seconds": round(seconds)}  # fmt: skip


def table(rows: list[dict[str, object]]) -> str:
    """Return the rows as a Markdown table."""
    return markdown([list(rows[0]), *([str(cell) for cell in one.values()] for one in rows)])


def sweep(folder: Path) -> dict[str, object]:
    """Run a sweep of eight studies here and on two workers; compare all units."""
    file, at = folder / "sweep.yaml", folder / "there"
    file.write_text(GRID)
    command = [sys.executable, "-m", "gannb.cli", "sweep", str(file), "-q", "--set"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([*command, f"output_dir={folder / 'here'}"], check=True, env=environment)
    begun, cluster = time.monotonic(), Cluster(folder)
    try:
        cluster.add("alpha")
        cluster.add("beta")
        subprocess.run([*command, f"output_dir={at}", f"engine={cluster.engine}"], check=True, env=environment)
    finally:
        cluster.close()
    here, there = (folder / name / "sweep" / "units" for name in ("here", "there"))
    return row("sweep", there, contents(here), time.monotonic() - begun)


def main(arguments: Sequence[str] | None = None) -> int:
    """Go through the ways; print a row of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a folder for all of it, which is emptied")
    parser.add_argument("ways", nargs="*", choices=[*WAYS, "sweep", []], help="which ones; all if none is named")
    options = parser.parse_args(arguments)
    shutil.rmtree(options.folder, ignore_errors=True)
    (options.folder / "sweep").mkdir(parents=True)
    rows: list[dict[str, object]] = []
    here = options.folder / "here" / "tiny"
    here.parent.mkdir()
    begun = time.monotonic()
    end(launch(here, "local"))
    rows.append(row("here", here, contents(here), time.monotonic() - begun))
    for name in options.ways or [*WAYS, "sweep"]:
        print(table(rows), flush=True)
        if name == "sweep":
            rows.append(sweep(options.folder / "sweep"))
            continue
        folder, begun = options.folder / name, time.monotonic()
        folder.mkdir()
        cluster = Cluster(folder)
        try:
            WAYS[name](folder / "tiny", cluster, len(made(here)))
        finally:
            cluster.close()
        rows.append(row(name, folder / "tiny", contents(here), time.monotonic() - begun))
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
