"""One page that puts studies beside each other: their answers, effects, worth, data and sizes.

It is made from what studies keep (`verdict.json`, `scores.csv`, `study.json`), so that the folders of
`outputs/reference` do, and nothing is trained or decided anew. Each study answers for its own items; of three or more
that share none, the page also says what they say together (`pooling`).
"""

from __future__ import annotations

import html
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from gannb.analysis.wording import ANSWERS as WORDS
from gannb.analysis.wording import METRIC_NAMES, capital, interval_text, percent, row_text, with_reason
from gannb.data.medium import Nouns
from gannb.report import plots, pooling
from gannb.report.kept import Result, read_result
from gannb.report.page.html import ANSWERS, render
from gannb.report.page.pictures import Picture
from gannb.study.folder import PAGE
from gannb.trials.arms import PRIMARY
from gannb.utils.errors import InputError
from gannb.utils.files import write_text
from gannb.utils.naming import listed

FILE = "comparison.html"
GENERATOR = "gannb, comparison of "  # and the studies' names, in the page's head
FEWEST = 2
USUAL_LEVEL = 0.95
MIXED = Nouns("item", "items", "raw features")  # what studies of several media are of


def compare(folders: Sequence[str | Path], to: str | Path | None = None) -> tuple[Path, bool]:
    """Write the page that compares studies; return its file, and whether it replaced an earlier one of theirs.

    By default it is `comparison.html` in the folder that holds all of the studies.

    Raises:
        InputError: fewer than two studies, one without a result, or a file is there that is no comparison of these.
    """
    results = [read_result(folder) for folder in folders]
    if len({result.folder for result in results}) < max(FEWEST, len(results)):
        raise InputError(f"A comparison takes {FEWEST} or more different studies; name another folder.")
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
        said = re.search(r'<meta name="generator" content="([^"]*)">', file.read_text(encoding="utf-8")[:2000])
    except (OSError, UnicodeDecodeError):
        return ""
    return html.unescape(said[1]) if said else ""


# ---- what stands on the page ----


def page_facts(results: Sequence[Result], file: Path) -> dict[str, Any]:
    """Return everything that the template shows of the studies, for a page that will lie at `file`."""
    kinds = Counter(result.answer for result in results)
    nouns = nouns_of(results)
    return {
        "nouns": nouns, "phrases": None if nouns == MIXED else results[0].medium.phrases,
        "title": f"{len(results)} studies compared", "studies": [study_facts(result, file) for result in results],
        "answer": answer(kinds), "answer_class": next(iter(kinds)) if len(kinds) == 1 else "",
        "notes": notes(results, nouns), "brackets": brackets(results), "together": together(results, nouns),
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
    return ", ".join([capital(first), *named[1:]])


def notes(results: Sequence[Result], nouns: Nouns) -> list[str]:
    """Return what a reader has to know before comparing: chance among several, shared items, other metrics."""
    said = [
        f"{listed(names)} {pooling.HOW[how].format(many=nouns.many)}: they do not confirm each other."
        for names, how in pooling.sharing(results)
    ]
    metrics = {METRIC_NAMES[result.metric] for result in results}
    said += [f"The metrics differ ({', '.join(sorted(metrics))})."] * (len(metrics) > 1)
    return [
        *said,
        f"Each study answers for its own {nouns.many}, number of {nouns.many}, GAN and classifier. Each of the "
        f"{len(results)} intervals has its own chance of 1 in 20 to miss, so one striking row among many is weak "
        "evidence.",
    ]


def brackets(results: Sequence[Result]) -> str:
    """Return the level of the studies' intervals in words."""
    if all(result.primary["level"] <= USUAL_LEVEL for result in results):
        return f"the {percent(USUAL_LEVEL)} interval"
    return f"the {percent(USUAL_LEVEL)} interval, wider where an answer was looked at more than once"


def together(results: Sequence[Result], nouns: Nouns) -> list[str]:
    """Return what the studies say together, or why they are not pooled; nothing of two."""
    if len(results) < pooling.FEWEST:
        return []
    if reason := pooling.why_not(results, nouns):
        return [f"Not pooled: {reason}"]
    return pooling.sentences(results, nouns)


def study_facts(result: Result, file: Path) -> dict[str, Any]:
    """Return one study as text: its answer, effect, worth, data and sizes, and the link to its page from `file`."""
    verdict, of = result.verdict, result.verdict["of"]
    with_gan, without = (result.means.loc[arm] for arm in PRIMARY)
    page = result.folder / PAGE
    link = quote(os.path.relpath(page, file.parent).replace(os.sep, "/")) if page.is_file() else ""
    return {
        "study": result.name, "link": link, "answer": result.answer,
        "word": with_reason(WORDS[result.answer], result.reason),
        "change": interval_text(result.primary), "with": f"{100 * with_gan[verdict['metric']]:.1f}%",
        "without": f"{100 * without[verdict['metric']]:.1f}%",
        "worth": worth_text(verdict["worth"]), "controls": controls_text(verdict["controls"]),
        "shape": result.medium.size_text(tuple(of["shape"])), "classes": len(of["classes"]),
        "n_real": f"{without['n_real']:,.0f}", "n_synthetic": f"{with_gan['n_synthetic']:,.0f}",
        "trials": f"{result.primary['trials']} ({verdict['protocol']})", "metric": METRIC_NAMES[verdict["metric"]],
        "gan": f"{of['gan']}, {of['gan_steps']:,} steps",
        "classifier": f"{_listed(of['classifier'])}, {of['classifier_steps']:,} steps",
        "sentences": sentences(verdict, result.reason),
    }  # fmt: skip


def sentences(verdict: Mapping[str, Any], reason: str = "") -> list[str]:
    """Return what a verdict says in sentences; those of earlier versions gave no advice.

    reason: why there is no answer, which an earlier version may have left unsaid.
    """
    first = verdict["sentence"] if reason in verdict["sentence"] else f"{verdict['sentence']} No answer: {reason}."
    worth = verdict["worth"]["sentence"] if verdict["worth"] else ""
    return [text for text in (first, verdict.get("advice", ""), worth, verdict["copying"]) if text]


def _listed(names: str | Sequence[str]) -> str:
    return names if isinstance(names, str) else ", ".join(names)


def worth_text(worth: Mapping[str, Any] | None) -> str:
    """Return the worth in real items with its interval, as `worth_sentence` has it: `76 [59, 97]`, `160 or more`."""
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
    """Return the primary contrast of every study as one figure, with all of them together where they are pooled."""
    rows = [
        dict(result.primary)
        | {"study": result.name, "answer": result.answer, "rope": result.verdict["rope"], "about": _about(result)}
        for result in results
    ]
    said = [row_text(row) for row in rows]
    caption = (
        f"A row is a study: the mean change that GAN {nouns.many} make on top of classical augmentation, and "
        f"{brackets(results)}. A bar across the zero line leaves the direction open."
    )
    pooled = None
    if len(results) >= pooling.FEWEST and not pooling.why_not(results, nouns):
        pooled = pooling.row(results)
        said.append(f"{pooled['study']}: {interval_text(pooled)} points, {pooled['about']}")
        caption += (
            " The diamond is their mean over data sets, as wide as its 95% interval; the thin line is where the change "
            "on the next data set would lie."
        )
    wide, narrow = (
        _embedded(draw(rows, pooled), name)
        for name, draw in (("wide", plots.forest_of_studies), ("narrow", plots.forest_of_studies_narrow))
    )
    return Picture("The studies", caption, f"Forest plot. {'; '.join(said)}.", wide, "chart", narrow)


def _about(result: Result) -> str:
    real = f"{result.means.loc[PRIMARY[1], 'n_real']:,.0f} real {result.medium.nouns.many}"
    return f"{real}, {result.primary['trials']} trials, {METRIC_NAMES[result.verdict['metric']]}"


def _embedded(ax: Axes, name: str) -> str:
    drawing = plots.svg(ax.figure, name)
    plt.close(ax.figure)
    return plots.inline_svg(drawing, name)
