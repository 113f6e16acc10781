"""The notebook that `make lab` opens: links to the five notebooks, the studies with their answers, how to start one.

It is made anew at every start, into the folder of the studies, and is none of the five: nothing runs it but a person.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gannb.analysis.verdict import read_verdict
from gannb.analysis.wording import ANSWERS, METRIC_NAMES, interval_text, primary_of, typeset, with_reason
from gannb.data.examples import FIRST_MEDIUM
from gannb.media import MEDIA, medium_with
from gannb.report.kept import reason_of
from gannb.study.folder import SWEEP, read_record
from gannb.sweep.mapping import MAP, read_answer
from gannb.utils.errors import InputError
from gannb.utils.files import write_text
from gannb.utils.naming import listed
from gannb.work.locks import is_running

if TYPE_CHECKING:
    from IPython.display import Markdown

FILE = "index.ipynb"
ITEMS = listed(list(dict.fromkeys(medium.nouns.many for medium in MEDIA.values())), "or")
WELCOME = f"""\
# Would GAN {ITEMS} help to train your classifier?

gannb answers with an experiment on your own {ITEMS}. Five notebooks go through it, in order:

| open | what you see there | takes (default study, 2 cores) |
| --- | --- | --- |
| [01_data](../notebooks/01_data.ipynb) | the {ITEMS} as the networks see them, duplicates, the trials | seconds |
| [02_train_gan](../notebooks/02_train_gan.ipynb) | a GAN per trial: losses, samples over time | a minute |
| [03_generate](../notebooks/03_generate.ipynb) | synthetic {ITEMS} beside their nearest real ones, \
quality and copying | half a minute |
| [04_train_classifiers](../notebooks/04_train_classifiers.ipynb) | the same classifier, trained in every way | \
two minutes |
| [05_compare](../notebooks/05_compare.ipynb) | the answer with its interval, and the page to share | seconds |

**New here?** Open 01 and choose *Run › Run All Cells*; then the next one. They start with 1,797 handwritten digits that
come with scikit-learn, so there is nothing to download.

A long cell shows a bar with the time left. The stop button (■) interrupts it: what is finished is kept, and running the
cell again goes on from there."""
STUDIES = """\
## The studies that are here

Run the cell (*Shift+Enter*) to see what has changed since this page was made."""
CODE = """\
from gannb.jupyter import index

index.studies(".")"""
ANOTHER = f"""\
## Start another

In the first code cell of [01_data](../notebooks/01_data.ipynb), give it a folder and name your {ITEMS}; \
the same `study`
in the other four goes on with it:

```python
study = "outputs/photos"
data = "/home/me/photos"  # a folder with one sub-folder of {ITEMS} per class, or a MedMNIST-layout .npz
```

All at once, from a terminal (*File › New › Terminal*), with the time and disk that it needs beforehand:

```
gannb plan --data /home/me/photos
gannb run  --data /home/me/photos
```

Every parameter can be changed in the notebook that it belongs to; what depends on it is made anew, and nothing else.
Parameter files of whole studies are in [notebooks/studies](../notebooks/studies), and the
[README](../README.md) says the rest."""
NONE = "None yet: [01_data](../notebooks/01_data.ipynb) starts the first."
COPIES = {"03_generate": f"the {ITEMS}", "05_compare": "the answer"}  # executed copies worth a link


def write_index(folder: Path) -> Path:
    """Write the index into the folder of the studies; return the file."""
    import nbformat  # takes half a second; a notebook that only lists studies does without
    from ipykernel.ipkernel import IPythonKernel
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

    table = new_output("execute_result", {"text/markdown": table_of(folder)}, execution_count=1)
    listing = new_code_cell(CODE, outputs=[table], execution_count=1)
    cells = [*map(new_markdown_cell, (WELCOME, STUDIES)), listing, new_markdown_cell(ANOTHER)]
    for number, cell in enumerate(cells):
        cell.id = str(number)
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    about = {"kernelspec": kernel, "language_info": IPythonKernel.language_info}  # or it opens as if it were changed
    notebook = new_notebook(cells=cells, metadata=about)
    write_text(folder / FILE, nbformat.writes(notebook))
    return folder / FILE


def studies(folder: str | Path) -> Markdown:
    """Return the studies in a folder, and in its `reference`, as a table for a notebook that lies in the folder."""
    from IPython.display import Markdown  # as above

    return Markdown(table_of(Path(folder)))


def table_of(folder: Path) -> str:
    """Return the same as Markdown text; links are relative to the folder."""
    studies, sweeps = (_folders_with(folder, *names) for names in (("study.json",), (SWEEP, MAP)))
    if not studies and not sweeps:
        return NONE
    lines = ["| study | data | would they help? | look at |", "| --- | --- | --- | --- |"]
    lines += [_line(study, folder) for study in studies]
    return "\n".join([*lines, *(_sweep_line(sweep, folder) for sweep in sweeps)])


def _folders_with(folder: Path, *names: str) -> list[Path]:
    """Return the folders in a folder, then those in its `reference`, that hold a file of one of some names."""
    parents = [
        {file.parent for name in names for file in folder.glob(place + name)} for place in ("*/", "reference/*/")
    ]
    return [each for found in parents for each in sorted(found)]


def _sweep_line(sweep: Path, folder: Path) -> str:
    place, state = sweep.relative_to(folder).as_posix(), " (at work)" if is_running(sweep) else ""
    try:
        studies, answer = read_answer(sweep)
    except InputError:
        return f"| {place} | a sweep | no map yet{state} | |"
    link = f"[the map]({place}/{MAP})" if (sweep / MAP).is_file() else ""
    return f"| {place} | a sweep of {studies} studies | **{answer}**{state} | {link} |"


def _line(study: Path, folder: Path) -> str:
    place = study.relative_to(folder).as_posix()
    pages = {"report.html": "the page"} | {f"{name}.ipynb": f"{said} in {name[:2]}" for name, said in COPIES.items()}
    links = [f"[{said}]({place}/{name})" for name, said in pages.items() if (study / name).is_file()]
    return f"| {place} | {_about(study)} | {_answer(study)} | {', '.join(links)} |"


def _about(study: Path) -> str:
    """Return what a study is about: `10 classes, 8x8, 8 trials`."""
    try:
        record = read_record(study)
        resolved = record["resolved"]
        trials = resolved.get("trials", record["parameters"]["trials"])
        medium = medium_with(resolved.get("medium", FIRST_MEDIUM), resolved.get("traits", {}))
        size = medium.size_text(tuple(resolved["shape"]))
        return f"{len(resolved['classes'])} classes, {size}, {trials} trials"
    except (InputError, KeyError, TypeError):
        return "cannot be read"


def _answer(study: Path) -> str:
    """Return the answer with its number, and how far a study is that has none or has changed since."""
    state = "at work" if is_running(study) else _state(study)
    try:
        verdict = read_verdict(study)
        primary = primary_of(verdict)
        number, metric = interval_text(primary), METRIC_NAMES.get(verdict["metric"], verdict["metric"])
        reason = reason_of(read_record(study), verdict)
        answer = with_reason(ANSWERS["inconclusive" if reason else primary["answer"]], reason)
        said = f"**{answer}**: {typeset(number)} points of {metric}"
    except (InputError, KeyError, StopIteration):
        return f"no answer yet ({state})"
    return said if state == "done" else f"{said} ({state} since)"


def _state(study: Path) -> str:
    """Return what `status.json` says of a study that nobody works at: done, unfinished or failed."""
    try:
        state = json.loads((study / "status.json").read_text(encoding="utf-8"))["state"]
    except (OSError, ValueError, KeyError):
        return "done" if (study / "verdict.json").is_file() else "unfinished"  # kept studies have no status
    return "unfinished" if state == "running" else state  # it was killed


if __name__ == "__main__":
    print(write_index(Path(sys.argv[1])))
