"""What is written about the package is true of it: README, architecture page, citation, docstrings.

`python tests/test_documents.py` writes the tables anew: of parameters (docs/parameters.md) from the model; of studies
(README) from the verdicts in `outputs/reference`; of files (the architecture page) from the first line of each; of ways
to use made items (docs/ways.md) from `gannb.classifiers.ways`.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from conftest import ROOT

from gannb.analysis.wording import interval_text
from gannb.classifiers.ways import SHARES_SOURCE, SMALL_SHARES, WAYS
from gannb.cli import COMMANDS
from gannb.report.compare import Result, read_result, study_facts
from gannb.study.help import markdown
from gannb.study.model import NOTEBOOKS, Study
from gannb.study.written import is_sweep, read_yaml
from gannb.sweep.mapping import read_answer
from gannb.trials.arms import PRIMARY, parse_arm

README, ARCHITECTURE, DOCS = ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "docs"
REFERENCE = ROOT / "outputs" / "reference"
OF_WAYS = [REFERENCE / name for name in ("digits-ways", "fashion-mnist-ways", "breastmnist-ways", "flowers-ways")]
SWEEPS = sorted(file.parent for file in REFERENCE.glob("*/map.html"))
KEPT = sorted(folder for folder in REFERENCE.iterdir() if folder not in SWEEPS)
PAGES = [
    page for folder in (".", "docs", "notebooks", "outputs", "benchmarks") for page in (ROOT / folder).glob("*.md")
]
MODULES = sorted((ROOT / "gannb").rglob("*.py"))
ARRAY = re.compile(r"(tuple\[)?(np\.)?(ndarray|Tensor)\b")
SHAPE = re.compile(r"\((\w+( [+*] \w+)?,|[A-Z]\w*\)|\., )")  # as in (N, D), (size,), (N), (., D), (a * b, H), (N + 2,)


def with_tables(text: str, tables: dict[str, str]) -> str:
    """A page's text with its tables, by name, as they are now."""
    for name, table in tables.items():
        before, start, rest = text.partition(f"<!-- {name}:")
        first_line, end = rest.partition("\n")[0], f"<!-- end of {name} -->"
        text = f"{before}{start}{first_line}\n\n{table}\n\n{end}{rest.partition(end)[2]}"
    return text


def tables() -> dict[Path, dict[str, str]]:
    """The tables that are written, by page and name, as the model, the kept verdicts and the modules have them now."""
    return {
        DOCS / "parameters.md": {"parameters": markdown()},
        README: {"studies": studies()},
        ARCHITECTURE: {"files": files()},
        DOCS / "ways.md": {"ways": ways(), "brought": brought()},
    }


def ways() -> str:
    """The table of ways to use made items: what each does, its control, who published it."""
    head = "| in an arm | GAN images | its control, without a GAN | published |"
    rows = [
        f"| `gan.{name}` | {way.words} | {way.control.format(many='images')} | {way.source} |"
        for name, way in WAYS.items()
    ]
    shares = " or ".join(f"`gan:{percent}%`" for percent in SMALL_SHARES)
    rows.append(f"| {shares} | in that share of each batch | real images again in that share | {SHARES_SOURCE} |")
    return "\n".join([head, "|" + " --- |" * 4, *rows])


def brought() -> str:
    """The table of what each way brought in each kept study of ways, and against its control, in points."""
    gains = [gains_of(folder) for folder in OF_WAYS]
    between = [
        {(row["arm"], row["against"]): row for row in read_result(folder).verdict["contrasts"]} for folder in OF_WAYS
    ]
    rows = ["| in an arm | " + " | ".join(f"{link_to(folder)} | against control" for folder in OF_WAYS) + " |"]
    rows.append("|" + " --- |" * (1 + 2 * len(OF_WAYS)))
    ways_of = [arm for arm in map(parse_arm, gains[0]) if arm.source == "gan" and arm.is_way]
    for arm in sorted(ways_of, key=lambda arm: -sum(found[arm.name]["difference"] for found in gains)):
        again = arm.without_gan().name
        pairs = zip(gains, between, strict=True)
        found = [row for gain, each in pairs for row in (gain[arm.name], each[arm.name, again])]
        name = arm.name.removeprefix("real+").removesuffix("+classic")
        rows.append(f"| `{name}` | " + " | ".join(map(interval_text, found)) + " |")
    return "\n".join(rows)


def gains_of(folder: Path) -> dict[str, dict[str, Any]]:
    """What each option of a kept study brought, by its arm."""
    return {row["arm"]: row for row in read_result(folder).verdict["options"]}


def link_to(folder: Path) -> str:
    """A link from a page in `docs` to a kept study's page."""
    return f"[{folder.name}](../{folder.relative_to(ROOT)}/report.html)"


def files() -> str:
    """The table of files: every folder from top to bottom, and what each of its modules is for."""
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = contract["contracts"][0]["layers"]
    inside = sorted((m for m in MODULES if m.parent.name != "gannb"), key=lambda m: (
        layers.index(m.relative_to(ROOT).parts[1]), m.parent, m.name != "__init__.py", m.name
    ))  # fmt: skip
    rows = [f"| {_file_name(m)} | {_first_line(m)} |" for m in (ROOT / "gannb" / "cli.py", *inside)]
    return "\n".join(["| file | what |", "| --- | --- |", *rows])


def _file_name(module: Path) -> str:
    if module.name == "__init__.py":
        return f"**`{module.parent.relative_to(ROOT / 'gannb')}/`**"
    return f"`{module.stem}`"


def _first_line(module: Path) -> str:
    said = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return said.partition("\n\n")[0].replace("\n", " ")


def studies() -> str:
    """The table of the studies that are kept, one of each set: what GAN images changed, and what something else did."""
    head = "| study | real images | GAN | trials | answer | GAN images change, points | best of the rest, points |"
    names = {folder.name for folder in KEPT}
    of_own = [folder for folder in KEPT if not any(folder.name.startswith(f"{name}-") for name in names)]
    rows = [_study_row(read_result(folder)) for folder in of_own]
    return "\n".join([head, "|" + " --- |" * 7, *rows])


def _study_row(result: Result) -> str:
    facts = study_facts(result, README)
    link = f"[{result.name}]({result.folder.relative_to(ROOT)}/report.html)"
    others = [row for row in result.verdict["options"] if row["arm"] != PRIMARY[0]]
    best = f"{others[0]['option']} {interval_text(others[0])}" if others else "not tried"
    cells = link, facts["n_real"], facts["gan"], facts["trials"], facts["word"], facts["change"], best
    return f"| {' | '.join(cells)} |"


@pytest.mark.parametrize(
    "page", [DOCS / "parameters.md", README, ARCHITECTURE, DOCS / "ways.md"], ids=lambda page: page.name
)
def test_the_tables_of_a_page_are_as_the_code_and_the_verdicts_have_them(page):
    text = page.read_text(encoding="utf-8")
    assert text == with_tables(text, tables()[page]), "run: python tests/test_documents.py"


def test_what_the_advice_says_of_the_ways_is_what_the_kept_study_of_them_found():
    for name, way in WAYS.items():
        gains = [gains_of(folder)[f"real+gan.{name}+classic"]["difference"] for folder in OF_WAYS]
        assert way.brought == pytest.approx(np.mean(gains), abs=1e-4)


def test_every_kept_study_has_its_files_and_stands_in_the_outputs_table():
    for folder in KEPT:
        names = {file.name for file in folder.iterdir()}
        assert names == {"page.png", "quality.csv", "report.html", "scores.csv", "study.json", "verdict.json"}
        assert sum(file.stat().st_size for file in folder.iterdir()) < 3_000_000
        assert f"(reference/{folder.name}/report.html)" in (ROOT / "outputs" / "README.md").read_text(encoding="utf-8")
        assert (ROOT / "notebooks" / "studies" / f"{folder.name}.yaml").is_file()  # it runs again from there


def test_every_kept_sweep_has_its_map_and_stands_on_the_pages():
    assert SWEEPS
    for folder in SWEEPS:
        assert {file.name for file in folder.iterdir()} == {"map.csv", "map.html", "page.png"}
        assert sum(file.stat().st_size for file in folder.iterdir()) < 3_000_000
        assert is_sweep(read_yaml(ROOT / "notebooks" / "studies" / f"{folder.name}.yaml"))
        studies, said = read_answer(folder)
        for page in (README, ROOT / "outputs" / "README.md", DOCS / "sweeps.md"):
            before, link, told = page.read_text(encoding="utf-8").partition(f"reference/{folder.name}/map.html)")
            assert link and re.search(rf"\b{studies}\b", before[-60:] + told[:200])
            helps, hurts = re.search(r"in (\d+) of \d+, hurts in (\d+)", said).groups()
            assert re.search(rf"help in {helps}\b[^.]*hurt in {hurts}\b", " ".join(told.split()))


def test_kept_studies_name_no_folder_of_the_machine_that_ran_them():
    for file in (file for folder in REFERENCE.iterdir() for file in folder.iterdir() if file.suffix != ".png"):
        assert not re.search(r"(?<![\w.:/<])/(home|work|tmp|root|Users)/", file.read_text(encoding="utf-8")), file


def test_the_table_has_every_parameter_with_its_meaning():
    rows = [line for line in markdown().splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == sorted(
        Study.model_fields, key=lambda name: Study.model_fields[name].json_schema_extra["stage"]
    )
    assert all(str(Study.model_fields[row.split("`")[1]].description) in row.replace("\\|", "|") for row in rows)
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1  # none breaks the table


def test_every_notebook_command_and_family_has_its_place():
    pages = README, DOCS / "commands.md", DOCS / "families.md"
    readme, commands, families = (page.read_text(encoding="utf-8") for page in pages)
    assert all(f"notebooks/{name}.ipynb" in readme for name in NOTEBOOKS)
    assert all(f"`gannb {name}" in commands for name in COMMANDS)
    assert all(f"| `{name}` |" in families for name in known_families())


def known_families() -> set[str]:
    """The names of the families of every medium."""
    from gannb.media import MEDIA

    return {name for medium in MEDIA.values() for name in medium.families}


def test_the_readme_leads_to_every_page_and_is_read_in_a_minute_or_two():
    text = README.read_text(encoding="utf-8")
    assert all(f"(docs/{page.name})" in text for page in DOCS.glob("*.md"))
    assert len(text.splitlines()) <= 110


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_project_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        if re.match(r"\w+:", link):
            continue
        target = page.parent / path if path else page
        assert target.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in anchors(target), f"{page.name}: {link}"


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
    assert citation["keywords"] == project["keywords"][: len(citation["keywords"])]


# ---- docstrings ----


def public(module: Path) -> Iterator[tuple[str, ast.ClassDef | ast.FunctionDef]]:
    """The public classes, functions and methods of a module, with their names."""

    def walk(node: ast.Module | ast.ClassDef, prefix: str) -> Iterator[tuple[str, ast.ClassDef | ast.FunctionDef]]:
        for child in node.body:
            if isinstance(child, ast.ClassDef | ast.FunctionDef) and not child.name.startswith("_"):
                yield f"{prefix}{child.name}", child
                if isinstance(child, ast.ClassDef):
                    yield from walk(child, f"{prefix}{child.name}.")

    yield from walk(ast.parse(module.read_text(encoding="utf-8")), f"{module.relative_to(ROOT)}: ")


NAMES = [pair for module in MODULES for pair in public(module)]


def test_every_module_and_public_name_says_what_it_is():
    silent = [name for name, node in NAMES if not ast.get_docstring(node)]
    silent += [str(m) for m in MODULES if not ast.get_docstring(ast.parse(m.read_text(encoding="utf-8")))]
    assert silent == [] and len(NAMES) > 300


def test_what_refuses_input_says_so():
    def refuses(node: ast.AST) -> bool:
        raised = [each.exc for each in ast.walk(node) if isinstance(each, ast.Raise)]
        return any(isinstance(e, ast.Call) and getattr(e.func, "id", "") == "InputError" for e in raised)

    functions = [(name, node) for name, node in NAMES if isinstance(node, ast.FunctionDef)]
    silent = [name for name, node in functions if refuses(node) and "InputError" not in (ast.get_docstring(node) or "")]
    assert silent == []


def test_what_takes_or_gives_an_array_says_its_shape():
    """In its own docstring, or for a module of functions of the same arrays in the module's."""
    missing = []
    for module in MODULES:
        about = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
        for name, node in public(module):
            if isinstance(node, ast.FunctionDef) and _has_array(node):
                missing += [] if SHAPE.search(about) or SHAPE.search(ast.get_docstring(node) or "") else [name]
    assert missing == []


def _has_array(node: ast.FunctionDef) -> bool:
    given = [argument.annotation for argument in (*node.args.args, *node.args.kwonlyargs)] + [node.returns]
    texts = [ast.unparse(annotation) for annotation in given if annotation is not None]
    return any(ARRAY.match(text) for text in texts)


if __name__ == "__main__":
    for page, of_page in tables().items():
        page.write_text(with_tables(page.read_text(encoding="utf-8"), of_page), encoding="utf-8")
    sys.stdout.write(f"{markdown()}\n\n{studies()}\n")
