"""One page that puts studies beside each other: their answers, effects, worth, data and sizes.

It is made from what studies keep (`verdict.json`, `scores.csv`, `study.json`), so that the folders of
`outputs/reference` do, and nothing is trained or decided anew. Studies are not pooled: each answers for its own items.
"""

from __future__ import annotations

import html
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes

from gannb.analysis.verdict import read_verdict
from gannb.analysis.wording import ANSWERS as WORDS
from gannb.analysis.wording import METRIC_NAMES, interval_text, primary_of, row_text
from gannb.data.medium import Nouns
from gannb.media import FIRST_MEDIUM, MEDIA
from gannb.report import plots
from gannb.report.page.html import ANSWERS, inline_svg, render
from gannb.report.page.pictures import Picture
from gannb.study.folder import read_record
from gannb.trials.arms import PRIMARY
from gannb.utils.errors import InputError
from gannb.utils.files import write_text

if TYPE_CHECKING:
    from gannb.data.medium import Medium

FILE = "comparison.html"
GENERATOR = "gannb, comparison of "  # and the studies' names, in the page's head
FEWEST = 2
MIXED = Nouns("item", "items", "raw features")  # what studies of several media are of


@dataclass(frozen=True)
class Result:
    """What one study keeps of its result."""

    folder: Path
    record: Mapping[str, Any]  # study.json
    verdict: Mapping[str, Any]  # verdict.json
    scores: pd.DataFrame  # scores.csv

    @property
    def name(self) -> str:
        """The study's name."""
        return str(self.record["parameters"]["name"])

    @property
    def medium(self) -> Medium:
        """What the study's items are."""
        return MEDIA[self.record["resolved"].get("medium", FIRST_MEDIUM)]

    @property
    def primary(self) -> Mapping[str, Any]:
        """The primary contrast."""
        return primary_of(self.verdict)

    @cached_property
    def means(self) -> pd.DataFrame:
        """By arm of the primary contrast, the mean of every number in the scores over the trials that both have."""
        by_trial = self.scores.groupby(["arm", "trial"]).mean(numeric_only=True).loc[list(PRIMARY)]
        of_both = by_trial.groupby("trial").transform("size") == len(PRIMARY)
        return by_trial[of_both].groupby("arm").mean()


def read_result(folder: str | Path) -> Result:
    """Return what a study's folder keeps of its result.

    Raises:
        InputError: there is no study in the folder, or it has no result yet; names the file.
    """
    folder = Path(folder).expanduser().resolve()
    record, verdict = read_record(folder), read_verdict(folder)
    if "of" not in verdict:
        raise InputError(f"The verdict of {folder} is of an earlier version; write it again, with `gannb report`.")
    try:
        scores = pd.read_csv(folder / "scores.csv")
    except (OSError, ValueError):
        raise InputError(f"{folder / 'scores.csv'} cannot be read; write it again with `gannb report`.") from None
    return Result(folder, record, verdict, scores)


def compare(folders: Sequence[str | Path], to: str | Path | None = None) -> tuple[Path, bool]:
    """Write the page that compares studies; return its file, and whether it replaced an earlier one of theirs.

    By default it is `comparison.html` in the folder that holds all of the studies.

    Raises:
        InputError: fewer than two studies, one without a result, or a file is there that is no comparison of these.
    """
    results = [read_result(folder) for folder in folders]
    if len({result.folder for result in results}) < max(FEWEST, len(results)):
        raise InputError(f"A comparison takes {FEWEST} or more different studies.")
    file = _place(results, to)
    generator = GENERATOR + ", ".join(sorted(result.name for result in results))
    replaced = file.exists()
    if replaced and _generator_of(file) != generator:
        raise InputError(
            f"{file} is there already, and is no comparison of these studies; name another file with --to."
        )
    try:
        write_text(file, render("compare.html", generator=generator, **page_facts(results, file)))
    except OSError as error:
        raise InputError(f"{file} cannot be written ({error.strerror}); name another file with --to.") from None
    return file, replaced


def _place(results: Sequence[Result], to: str | Path | None) -> Path:
    if to is None:
        return Path(os.path.commonpath([result.folder.parent for result in results])) / FILE
    file = Path(to).expanduser().resolve()
    return file / FILE if file.is_dir() else file


def _generator_of(file: Path) -> str:
    """Return what a page says that it was made by; empty for anything else."""
    try:
        found = re.search(r'<meta name="generator" content="([^"]*)">', file.read_text(encoding="utf-8")[:2000])
    except (OSError, UnicodeDecodeError):
        return ""
    return html.unescape(found[1]) if found else ""


# ---- what stands on the page ----


def page_facts(results: Sequence[Result], file: Path) -> dict[str, Any]:
    """Return everything that the template shows of the studies, for a page that will lie at `file`."""
    kinds = Counter(result.verdict["answer"] for result in results)
    nouns = nouns_of(results)
    return {
        "nouns": nouns, "phrases": None if nouns == MIXED else results[0].medium.phrases,
        "title": f"{len(results)} studies compared", "studies": [study_facts(result, file) for result in results],
        "answer": answer(kinds), "answer_class": next(iter(kinds)) if len(kinds) == 1 else "",
        "notes": notes(results, nouns),
        "problems": [f"{r.name}: {problem}" for r in results for problem in r.verdict["problems"]],
        "forest": forest(results, nouns),
    }  # fmt: skip


def nouns_of(results: Sequence[Result]) -> Nouns:
    """Return what the items of the studies are called; those of several media are items."""
    first, *others = {result.medium.name: result.medium.nouns for result in results}.values()
    return MIXED if others else first


def answer(kinds: Mapping[str, int]) -> str:
    """Return the answers in a few words, by how many studies gave each: `Helps in 1 of 3, undecided in 2`."""
    if len(kinds) == 1:
        return f"{ANSWERS[next(iter(kinds))]}, in all {sum(kinds.values())}"
    named = [f"{WORDS[kind]} in {kinds[kind]}" for kind in WORDS if kinds.get(kind)]
    first = f"{named[0]} of {sum(kinds.values())}"
    return ", ".join([first[0].upper() + first[1:], *named[1:]])


def notes(results: Sequence[Result], nouns: Nouns) -> list[str]:
    """Return what a reader has to know before comparing: chance among several, the same items, other metrics."""
    same: dict[str, list[str]] = {}
    for result in results:
        same.setdefault(str(result.record.get("fingerprint")), []).append(result.name)
    said = [
        f"{' and '.join(names)} are on the same {nouns.many}: they do not confirm each other."
        for names in same.values() if len(names) > 1
    ]  # fmt: skip
    metrics = {METRIC_NAMES[result.verdict["metric"]] for result in results}
    said += [f"The metrics differ ({', '.join(sorted(metrics))})."] * (len(metrics) > 1)
    return [
        *said,
        f"Each study answers for its own {nouns.many}, number of {nouns.many}, GAN and classifier; nothing is pooled "
        f"here. Each of the {len(results)} intervals has its own chance of 1 in 20 to miss, so one striking row among "
        "many is weak evidence.",
    ]


def study_facts(result: Result, file: Path) -> dict[str, Any]:
    """Return one study as text: its answer, effect, worth, data and sizes, and the link to its page from `file`."""
    found, of = result.verdict, result.verdict["of"]
    with_gan, without = (result.means.loc[arm] for arm in PRIMARY)
    page = result.folder / "report.html"
    link = quote(os.path.relpath(page, file.parent).replace(os.sep, "/")) if page.is_file() else ""
    return {
        "study": result.name, "link": link, "answer": found["answer"], "word": WORDS[found["answer"]],
        "change": interval_text(result.primary), "with": f"{100 * with_gan[found['metric']]:.1f}%",
        "without": f"{100 * without[found['metric']]:.1f}%",
        "worth": worth_text(found["worth"]), "controls": controls_text(found["controls"]),
        "shape": "x".join(map(str, of["shape"])), "classes": len(of["classes"]),
        "n_real": f"{without['n_real']:,.0f}", "n_synthetic": f"{with_gan['n_synthetic']:,.0f}",
        "trials": f"{result.primary['trials']} ({found['protocol']})", "metric": METRIC_NAMES[found["metric"]],
        "gan": f"{of['gan']}, {of['gan_steps']:,} steps",
        "classifier": f"{_listed(of['classifier'])}, {of['classifier_steps']:,} steps",
        "sentences": sentences(found),
    }  # fmt: skip


def sentences(found: Mapping[str, Any]) -> list[str]:
    """Return what a verdict says in sentences; those of earlier versions gave no advice."""
    worth = found["worth"]["sentence"] if found["worth"] else ""
    return [text for text in (found["sentence"], found.get("advice", ""), worth, found["copying"]) if text]


def _listed(names: str | Sequence[str]) -> str:
    return names if isinstance(names, str) else ", ".join(names)


def worth_text(worth: Mapping[str, Any] | None) -> str:
    """Return the worth in real images with its interval, as `worth_sentence` has it: `76 [59, 97]`, `160 or more`."""
    if not worth:
        return "not measured"
    if worth["at_least"] and worth["at_most"]:
        return "cannot be told"
    number, (low, high) = worth["worth"], (worth["low"], worth["high"])
    if worth["at_most"]:
        return f"{number:,.0f} [{high:,.0f} or fewer]" if number else f"{worth['curve'][0]['n']:,.0f} or fewer"
    if worth["at_least"]:
        return f"{number:,.0f} [{low:,.0f} or more]" if number else f"{worth['curve'][-1]['n']:,.0f} or more"
    return f"{number:,.0f} [{low:,.0f}, {high:,.0f}]"


def controls_text(controls: Sequence[Mapping[str, Any]]) -> str:
    """Return how many of the controls came out as expected."""
    if not controls:
        return "none"
    passed = sum(control["came_out"] is True for control in controls)
    return f"{passed} of {len(controls)}"


def forest(results: Sequence[Result], nouns: Nouns) -> Picture:
    """Return the primary contrast of every study as one figure."""
    rows = [
        dict(result.primary) | {"study": result.name, "rope": result.verdict["rope"], "about": _about(result)}
        for result in results
    ]
    said = [row_text(row) for row in rows]
    caption = (
        f"A row is a study: the mean change that GAN {nouns.many} make on top of classical augmentation, and its 95% "
        "interval. A bar across the zero line leaves the direction open."
    )
    wide, narrow = (
        _embedded(draw(rows), name)
        for name, draw in (("wide", plots.forest_of_studies), ("narrow", plots.forest_of_studies_narrow))
    )
    return Picture("The studies", caption, f"Forest plot. {'; '.join(said)}.", wide, "chart", narrow)


def _about(result: Result) -> str:
    real = f"{result.means.loc[PRIMARY[1], 'n_real']:,.0f} real {result.medium.nouns.many}"
    return f"{real}, {result.primary['trials']} trials, {METRIC_NAMES[result.verdict['metric']]}"


def _embedded(ax: Axes, name: str) -> str:
    drawing = plots.svg(ax.figure, name)
    plt.close(ax.figure)
    return inline_svg(drawing, name)
