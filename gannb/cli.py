"""The command `gannb`. Thin: it reads arguments and calls the package; `COMMANDS`, at the end, is all it can do.

Exit codes: 0 done; 2 the input is wrong, with one sentence last on stderr; 143 it was told to end (SIGTERM); 1 anything
else. What a command calls is imported when it is called, so that help, completions and errors come at once.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import textwrap
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from gannb.media import MEDIA
from gannb.study.folder import has_study, has_sweep, load_study, sweep_of, trust_given
from gannb.study.help import WIDTH, completions, names_text, parameter_text, table_text
from gannb.study.model import NOTEBOOKS, Study
from gannb.study.written import is_sweep, read_yaml, study_of, value_of
from gannb.utils.console import NORMAL, QUIET, VERBOSE, mute, open_streams, paint, talk, talking
from gannb.utils.doing import doing, ending, telling
from gannb.utils.errors import Failed, InputError, shortage_of
from gannb.utils.naming import nearest

if TYPE_CHECKING:
    from gannb.data.medium import Nouns
    from gannb.experiment.cleanup import Leftover
    from gannb.sweep.definition import Sweep

DONE, FAILED, WRONG_INPUT = 0, 1, 2
SIGNALLED = 128  # and the number of the signal, as shells say it
STATES = {"done": "green", "running": "blue", "failed": "red", "unfinished": "yellow"}
EPILOG = """\
exit codes: 0 done, 2 the input is wrong (one sentence, last on stderr), 143
ended by SIGTERM, 1 else.
`gannb COMMAND --help` says more of a command, `gannb parameters` lists what a
study can be told. Names complete with the tab key once your shell has read
  eval "$(gannb completion bash)"   or zsh; fish: gannb completion fish | source
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    open_streams()
    code = FAILED
    try:
        try:
            code = _main(sys.argv[1:] if arguments is None else list(arguments))
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has had enough, as `| head -1` has
        mute(sys.stdout)
    except OSError as error:
        mute(sys.stdout)
        _complain(f"the output cannot be written ({(error.strerror or str(error)).lower()}); send it elsewhere.")
        code = FAILED
    return code


def _main(arguments: list[str]) -> int:
    try:
        options = _parse(arguments)
        level = getattr(options, "talk", NORMAL)
        with talking(level), telling(silent=level == QUIET):
            return _call(options)
    except InputError as error:
        _complain(str(error))
        return WRONG_INPUT


def _call(options: argparse.Namespace) -> int:
    with ending() as came:
        code = _code_of(options)
    return SIGNALLED + came[0] if came and code != DONE else code


def _code_of(options: argparse.Namespace) -> int:
    try:
        return options.call(options)
    except InputError:
        raise
    except KeyboardInterrupt:
        _complain("stopped; what was finished is kept, and the same command goes on from there.")
    except Failed as error:
        _complain(str(error))
    except BrokenPipeError:
        raise
    except Exception as error:
        if talk() == VERBOSE:
            traceback.print_exc()
        found = shortage_of(error)
        way = found and f"{found.text(getattr(error, 'filename', None))}, and the same command goes on from there."
        _complain(way or f"{type(error).__name__}: {error}")
    return FAILED


def _complain(sentence: str) -> None:
    try:
        print(f"{paint('gannb:', 'red', sys.stderr)} {sentence}", file=sys.stderr, flush=True)
    except OSError:  # nobody reads it
        mute(sys.stderr)


# ---- arguments ----


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are sentences."""

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments as any other wrong input is, with the nearest valid choice."""
        sentence, hint = re.sub(r"^argument ([^:]+): ", r"\1: ", message), f"see `{self.prog} --help`."
        if choice := re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message):
            hint = nearest(choice[1], re.findall(r"[\w-]+", choice[2])) or hint
        raise InputError(f"{sentence}; {hint}")


@dataclass(frozen=True)
class Command:
    """A command: what calls it, what the help says of it, and its arguments, each a function that adds some."""

    call: Callable[[argparse.Namespace], int]
    help: str
    arguments: tuple[Callable[[argparse.ArgumentParser], None], ...]
    epilog: str = ""


def _parse(arguments: list[str]) -> argparse.Namespace:
    """Return the arguments' meaning, with the function of their command as `call`.

    Raises:
        InputError: an unknown command or option (with the nearest that exists), or a wrong or missing value.
    """
    parser = make_parser()
    if os.environ.get("_ARGCOMPLETE"):
        import argcomplete

        argcomplete.autocomplete(parser)
    name = arguments[0] if arguments else ""
    if not name.startswith("-") and name not in COMMANDS:
        known = f"the commands are {', '.join(COMMANDS)}."
        problem = f"There is no command {name}" if name else "Name a command"
        raise InputError(f"{problem}; {nearest(name, COMMANDS) or known}")
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        hint = nearest(unknown[0], options.known) or f"see `gannb {options.command} --help`."
        raise InputError(f"gannb {options.command} has no {unknown[0]}; {hint}")
    return options


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all `COMMANDS`."""
    from gannb import __version__

    layout = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}
    items = " or ".join(dict.fromkeys(medium.nouns.many for medium in MEDIA.values()))
    about = f"Would {items} made by a GAN help to train your classifier?"
    parser = _Parser(prog="gannb", description=about, epilog=EPILOG, **layout)
    parser.add_argument("--version", action="version", version=f"gannb {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    for name, command in COMMANDS.items():
        text = textwrap.fill(f"{command.help[0].upper()}{command.help[1:]}.", WIDTH)
        one = commands.add_parser(name, help=command.help, description=text, epilog=command.epilog, **layout)
        for add in command.arguments:
            add(one)
        one.set_defaults(command=name, call=command.call, known=_options(command))
    return parser


def _options(command: Command) -> list[str]:
    """Return the long options of a command."""
    parser = argparse.ArgumentParser()
    for add in command.arguments:
        add(parser)
    return re.findall(r"--[\w-]+", parser.format_usage())


def _one_study(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="outputs/STUDY", help="the folder of a study")


def _which_study(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", nargs="?", metavar="STUDY", help="a YAML file of parameters, or a study's folder")
    parser.add_argument("--data", metavar="DATA", help="digits, FOLDER (a folder per class), FILE.npz or FILE.csv")
    _what_to_set(parser, "parameters, which win over those of STUDY")


def _what_to_set(parser: argparse.ArgumentParser, help_text: str) -> None:
    changes = parser.add_argument(
        "--set", nargs="+", action="extend", default=[], metavar="key=value", dest="changes", help=help_text
    )
    changes.completer = _complete  # type: ignore[attr-defined]


def _complete(prefix: str, **_: Any) -> dict[str, str]:
    return completions(prefix)


def _how_much_talk(parser: argparse.ArgumentParser) -> None:
    level = parser.add_mutually_exclusive_group()
    level.add_argument("-q", "--quiet", dest="talk", action="store_const", const=QUIET, default=NORMAL,
                       help="the result and errors only")  # fmt: skip
    level.add_argument("-v", "--verbose", dest="talk", action="store_const", const=VERBOSE,
                       help="also every unit, and where an error comes from")  # fmt: skip


def _studies(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folders", nargs="+", metavar="outputs/STUDY", help="the folder of a study, or of several")
    parser.add_argument(
        "--to", metavar="FILE.html",
        help="where to write the page that compares several; by default comparison.html in the folder that holds them",
    )  # fmt: skip


def _until(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--until", choices=("settled",),
        help="more trials by themselves, up to trials_most",
    )  # fmt: skip


def _as_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON, for scripts")


def _study_from(options: argparse.Namespace) -> Study:
    """Return the study meant by the arguments: a YAML file or an earlier study, then --data, then --set."""
    given: dict[str, Any] = {}
    file = str(options.study)
    if options.data == "digits" and Path("digits").is_dir() and not Path("digits/study.json").is_file():
        raise InputError(
            "--data digits: a folder is called so too; write ./digits for it, or --set data=digits for ours."
        )
    if options.study is not None and (has_study(Path(options.study)) or has_sweep(Path(options.study))):
        given, file = load_study(options.study).changes(), str(Path(options.study) / "study.json")
    elif options.study is not None:
        given = _written_in(file)
        if is_sweep(given):
            raise InputError(f"{file} holds a sweep, many studies; run it with `gannb sweep {file}`.")
    changes = _changes(options.changes)
    if options.data is not None and "data" in changes:
        raise InputError("--data and --set data both name the data; leave one of them out.")
    if options.data is not None:
        changes["data"] = options.data
    trust_given(changes)
    return study_of(given, changes, file)


def _written_in(file: str) -> dict[str, Any]:
    """Return what a file of parameters says. Raises InputError, which knows items that were named in its place."""
    try:
        return read_yaml(file)
    except InputError:
        if os.path.isdir(file) or (os.path.isfile(file) and Path(file).suffix.lower() not in (".yaml", ".yml", "")):
            raise InputError(f"{file} holds no study; if it holds your items, write --data {file}.") from None
        raise


def _changes(written: Sequence[str]) -> dict[str, Any]:
    """Return the parameters of `--set`, each given once. Raises InputError."""
    changes: dict[str, Any] = {}
    for change in written:
        name, equals, value = change.partition("=")
        name = name.strip()
        if not equals or not name:
            raise InputError(f"--set {change}: write it as key=value, for example --set trials=4.")
        if name in changes:
            raise InputError(f"--set gives {name} twice; leave one of them out.")
        changes[name] = value_of(name, value)
    return changes


# ---- commands ----


def _run(options: argparse.Namespace) -> int:
    study = _study_from(options)
    if options.until:
        from gannb.jupyter.settling import run_until_settled

        return _finish(run_until_settled(study))
    from gannb.jupyter.runner import run_notebooks

    return _finish(run_notebooks(study, NOTEBOOKS))


def _report(options: argparse.Namespace) -> int:
    if len(options.folders) > 1:
        return _compare(options)
    if options.to:
        raise InputError("--to is for a page that compares studies; a study's own page lies in its folder.")
    from gannb.jupyter.runner import run_notebooks

    return _finish(run_notebooks(load_study(options.folders[0]), NOTEBOOKS[4:]))


def _compare(options: argparse.Namespace) -> int:
    from gannb.report.compare import compare

    file, replaced = compare(options.folders, options.to)
    print(f"{'replaced' if replaced else 'written'}: {file}")
    return DONE


def _finish(status: dict[str, Any]) -> int:
    """Print the answer's sentence and the page's path; return the exit code."""
    if remark := status.get("remark"):
        _complain(remark)
    space = "" if talk() == QUIET else "\n"
    print(f"{space}{paint(status['sentence'], 'bold', sys.stdout)}\n{status['page']}")
    for failure in status["failed"]:
        _complain(f"{failure['unit']} failed: {failure['error']}")
    return FAILED if status["failed"] else DONE


def _sweep(options: argparse.Namespace) -> int:
    from gannb.sweep.running import run_sweep

    ran = run_sweep(_sweep_from(options))
    space = "" if talk() == QUIET else "\n"
    print(f"{space}{ran.made:,} units made, {ran.written:,} reports written")
    print(f"{paint(ran.sentence, 'bold', sys.stdout)}\n{ran.page}")
    for study, reason in ran.failed.items():
        _complain(f"{study} failed: {reason}")
    return FAILED if ran.failed else DONE


def _sweep_from(options: argparse.Namespace) -> Sweep:
    """Return the sweep meant by the arguments: a YAML file with --set, or an earlier sweep's folder."""
    from gannb.sweep.definition import read_sweep, sweep_of_file

    changes = _changes(options.changes)
    if has_sweep(Path(options.study)):
        if changes:
            raise InputError("--set goes with a sweep's file, which says what its studies are; give that in its place.")
        return read_sweep(Path(options.study))
    trust_given(changes)
    return sweep_of_file(options.study, changes)


def _which_sweep(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="SWEEP", help="a YAML file with a grid or a list of studies, or its folder")
    _what_to_set(parser, "parameters of all studies, which win over those of SWEEP")


def _plan(options: argparse.Namespace) -> int:
    if options.study is not None and _names_sweep(Path(options.study)):
        return _plan_sweep(options)
    with doing("planning"):
        from gannb.experiment.estimate import plan, plan_text

        planned = plan(_study_from(options))
    print(_json(planned) if options.json else plan_text(planned))
    return DONE


def _names_sweep(path: Path) -> bool:
    """Tell whether a path is that of a sweep: its folder, or its file."""
    return has_sweep(path) or (os.path.isfile(path) and is_sweep(_written_in(str(path))))


def _plan_sweep(options: argparse.Namespace) -> int:
    if options.data is not None:
        raise InputError("--data is for one study; a sweep's file names its data.")
    with doing("planning"):
        from gannb.sweep.estimate import plan, plan_text

        sweep = _sweep_from(options)
        planned = plan(sweep)
    print(_json(planned) if options.json else plan_text(planned, MEDIA[sweep.cells[0].study.medium].nouns))
    return DONE


def _status(options: argparse.Namespace) -> int:
    with doing("planning anew, to tell how far it is"):
        if has_sweep(Path(options.folder)):
            from gannb.sweep.status import sweep_status

            status, text = sweep_status(Path(options.folder).resolve())
        else:
            from gannb.jupyter.status import study_status

            status, text = study_status(load_study(options.folder))
    first, *lines = text.splitlines()
    text = "\n".join([paint(first, STATES[status["state"]], sys.stdout), *lines])
    print(_json(status) if options.json else text)
    return DONE


def _doctor(options: argparse.Namespace) -> int:
    from gannb.jupyter.doctor import BAD, REMARK, examine

    colours, bad = {BAD: STATES["failed"], REMARK: STATES["unfinished"]}, False
    for finding in examine(options.output_dir, options.device):
        line = finding.line()
        print(paint(line, colours[finding.state], sys.stdout) if finding.state in colours else line, flush=True)
        bad |= finding.state == BAD
    return FAILED if bad else DONE


def _what_to_examine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="auto", metavar="DEVICE", help="`cuda`: a GPU is needed [auto]")
    parser.add_argument("--output-dir", default="outputs", metavar="FOLDER", help="where studies go [outputs]")


def _generate(options: argparse.Namespace) -> int:
    with doing("making a set"):
        from gannb.export.generate import generate
        from gannb.export.shards import Plan

        manifest = generate(
            options.folder, options.to, per_class=options.per_class, like=options.like, captions=options.captions,
            classes=options.classes.split(",") if options.classes is not None else None, format=options.format,
            no_copies=options.no_copies, anyway=options.anyway, seed=options.seed,
        )  # fmt: skip
    many = MEDIA[Plan.of(manifest).medium].nouns.many
    print(f"\n{manifest['items']:,} {many}; what they are and are not for: {Path(options.to) / 'README.md'}")
    return DONE


def _which_set(parser: argparse.ArgumentParser) -> None:
    number = parser.add_mutually_exclusive_group(required=True)
    number.add_argument("--per-class", type=int, metavar="N", help="items of each class")
    number.add_argument("--like", metavar="CSV", help="a number per class: a CSV with the columns class and count")
    number.add_argument("--captions", metavar="FILE", help="one of each caption of a file of caption,class")
    parser.add_argument("--classes", metavar="A,B", help="these classes alone")
    parser.add_argument("--to", required=True, metavar="FOLDER", help="where the set goes; goes on where it stopped")
    parser.add_argument(
        "--format", default="folder", help="folder (ImageFolder), webdataset, parquet; of texts csv, jsonl [folder]"
    )
    parser.add_argument("--no-copies", action="store_true", help="replace what looks like copies of training items")
    parser.add_argument("--anyway", action="store_true", help="also where the answer is not that it helps")
    parser.add_argument("--seed", type=int, default=0, help="another number, other items [0]")


def _try(options: argparse.Namespace) -> int:
    with doing("making a few items"):
        from gannb.report.trying import tried_in

        file, tried = tried_in(options.folder, options.wanted, options.number, options.seed)
    for remark in tried.remarks:
        _complain(f"remark: {remark}")
    print(f"{tried.what}, by {tried.whose}\n{file}")
    return DONE


def _what_to_try(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("wanted", metavar="WHAT", help="a class's name, or a caption where the items have captions")


def _how_many_to_try(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--number", type=int, default=8, metavar="N", help="items to make [8]")
    parser.add_argument("--seed", type=int, default=0, help="another number, other items [0]")


def _verify(options: argparse.Namespace) -> int:
    from gannb.export.shards import verify

    problems = verify(options.folder)
    print("\n".join(problems) or "every shard is there and as it was written")
    return FAILED if problems else DONE


def _one_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="the folder of a set that `gannb generate` wrote")


def _work(options: argparse.Namespace) -> int:
    from gannb.sweep.running import help_begun

    folder = Path(options.folder)
    outcome = help_begun(folder, options.workers, options.wait)
    command = "sweep" if has_sweep(folder) else "run"
    elsewhere, failed = len(outcome.elsewhere), len(outcome.failed)
    here = f"{len(outcome.made) - elsewhere:,} units were made here, {elsewhere:,} meanwhile elsewhere"
    here = here if outcome.made or failed else "Every unit was there already"
    way = f"; {failed:,} failed and {len(outcome.blocked):,} need those: `gannb {command} {folder}` tries them again"
    pages = "the notebooks and the page" if command == "run" else "the reports and the map"
    print(f"{here}{way if failed else f'; `gannb {command} {folder}` writes {pages}'}")
    for unit, error in outcome.failed:
        _complain(f"{unit.path} failed: {error}")
    return FAILED if failed else DONE


def _how_to_work(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workers", type=int, metavar="N", help="processes here; 0: one per core [the study's]")
    parser.add_argument(
        "--wait",
        type=float,
        default=0.0,
        metavar="MINUTES",
        help="how long to wait for it to be begun [0]",
    )


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)


def _clean(options: argparse.Namespace) -> int:
    from gannb.experiment.cleanup import leftovers, remove
    from gannb.jupyter.runner import read_experiment
    from gannb.work.locks import study_lock

    folder = Path(options.folder).resolve()
    if sweep := folder if has_sweep(folder) else sweep_of(folder):
        return _clean_sweep(sweep, options)
    experiment = read_experiment(load_study(folder))
    if not options.dry_run:
        with study_lock(experiment.folder):  # or a person would be asked in vain
            pass
    return _remove_if_agreed(
        leftovers(experiment), experiment.settings.medium.nouns, options, lambda found: remove(experiment, found)
    )


def _clean_sweep(folder: Path, options: argparse.Namespace) -> int:
    """Clean the units that all studies of a sweep share; also for one of them, whose siblings may need them."""
    from gannb.sweep.cleaning import all_locked, remove_leftovers, sweep_leftovers

    if not options.dry_run:
        with all_locked(folder):  # or a person would be asked in vain
            pass
    return _remove_if_agreed(*sweep_leftovers(folder), options, lambda found: remove_leftovers(folder, found))


def _remove_if_agreed(
    found: list[Leftover], nouns: Nouns, options: argparse.Namespace, remove: Callable[[list[Leftover]], list[Leftover]]
) -> int:
    """Say what is needed no more, and remove it where that is asked for."""
    from gannb.experiment.cleanup import clean_text

    print(clean_text(found, nouns))
    if found and not options.dry_run and (options.yes or _agreed()):
        print(f"removed {len(remove(found))} of {len(found)}")
    return DONE


def _agreed() -> bool:
    """Ask whether to remove what was listed."""
    if not sys.stdin.isatty():
        raise InputError("Nothing was removed, since nobody is here to be asked; add --yes.")
    return input("Remove all of it? [y/N] ").strip().lower() in ("y", "yes")


def _whether_to_remove(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="only say how much it is")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _parameters(options: argparse.Namespace) -> int:
    print("\n\n".join(map(parameter_text, options.names)) if options.names else table_text())
    return DONE


def _parameter_names(parser: argparse.ArgumentParser) -> None:
    names = parser.add_argument("names", nargs="*", metavar="NAME", help="tell all of these; without: a table of all")
    names.completer = _parameter_completer  # type: ignore[attr-defined]


def _parameter_completer(**_: Any) -> Iterable[str]:
    return list(Study.model_fields)


def _completion(options: argparse.Namespace) -> int:
    import argcomplete

    print(argcomplete.shellcode(["gannb"], shell=options.shell))
    return DONE


def _shell(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="your shell")


STUDY_EPILOG = f"""\
parameters, by stage (`gannb parameters` says what they mean):
{names_text()}

examples:
  --data photos --set preset=smoke            a quick look that everything works
  outputs/photos --set classifier_steps=800   go on with a study, changed
"""

SWEEP_EPILOG = """\
A sweep's file is a study's file with `grid`, several values of some parameters,
of which every combination is a study, or `studies`, a list of parameters each:
  data: photos
  trials: 8
  grid: {n_per_class: [10, 40, 160], gan: [mlp, projection]}
The same command goes on where it stopped, and tries again what failed. The
notebooks of a study: gannb run outputs/SWEEP/studies/STUDY. `plan`, `status`,
`work` and `clean` take a sweep, too.
"""
WORK_EPILOG = """\
As many as you like may be started, at any time, by ssh or as an array job; they
agree through the study's folder alone. `gannb run` begins a study, works on it
as one of them, and writes the notebooks and the page (notebooks/clusters.md).
"""
REPORT_EPILOG = """\
examples:
  gannb report outputs/photos
  gannb report outputs/photos outputs/digits --to both.html
Several studies are compared as they last were reported; nothing is made anew.
A file that is no comparison of studies of these names is never replaced.
"""
CLEAN_EPILOG = """\
Units made with earlier parameters, copies of data and of sources from outside
that are used no more, and what stopped processes left. Going back to an earlier
parameter costs nothing as long as its units are there; afterwards they are
made again. A study that a process is at work on is refused.
"""

TRY_EPILOG = """\
examples:
  gannb try circle outputs/shapes
  gannb try "a red circle above a blue square" outputs/shapes --number 16
The picture, or the page with players, lies in the study's folder, in tried/.
"""

COMMANDS = {
    "run": Command(
        _run, "the five notebooks and the page; goes on where it stopped", (_which_study, _until, _how_much_talk),
        STUDY_EPILOG,
    ),
    "sweep": Command(
        _sweep, "a grid of studies, each distinct piece of work made once, and the map of what they found",
        (_which_sweep, _how_much_talk), SWEEP_EPILOG,
    ),
    "work": Command(
        _work, "make what a study is missing, beside others: on any machine that sees its folder",
        (_one_study, _how_to_work, _how_much_talk), WORK_EPILOG,
    ),
    "plan": Command(
        _plan, "what `run` would do, how long and with how much disk; writes nothing",
        (_which_study, _as_json, _how_much_talk), STUDY_EPILOG,
    ),
    "status": Command(_status, "what is done, running, failed, and the time left", (_one_study, _as_json)),
    "report": Command(
        _report, "notebook 05 and the page again, from the scores; of several studies, a page that compares them",
        (_studies, _how_much_talk), REPORT_EPILOG,
    ),
    "generate": Command(
        _generate, "a large synthetic set, where the answer is that it helps", (_one_study, _which_set)
    ),
    "try": Command(
        _try, "a few items that a study's GAN makes of a class or a caption, to look at or listen to",
        (_what_to_try, _one_study, _how_many_to_try), TRY_EPILOG,
    ),
    "doctor": Command(
        _doctor, "what holds on this machine, a line each, within a minute; exit 1 if something needed is missing",
        (_what_to_examine,),
    ),
    "verify": Command(_verify, "a synthetic set against its manifest", (_one_set,)),
    "clean": Command(
        _clean, "remove what the study's parameters need no more, after saying how much",
        (_one_study, _whether_to_remove), CLEAN_EPILOG,
    ),
    "parameters": Command(_parameters, "what a study can be told, or all about one parameter", (_parameter_names,)),
    "completion": Command(_completion, "print what makes a shell complete names", (_shell,)),
}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
