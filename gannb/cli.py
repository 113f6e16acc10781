"""The command `gannb`: run, plan, status, report, generate, verify. Thin: it reads arguments and calls the package.

Exit codes: 0 done; 2 the input is wrong, with one sentence last on stderr; 1 anything else.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from gannb.errors import InputError
from gannb.study import NOTEBOOKS, STAGES, Study, load_study, make_study, read_yaml, trust_given

DONE, FAILED, WRONG_INPUT = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return options.call(options)
    except InputError as error:
        print(f"gannb: {error}", file=sys.stderr)
        return WRONG_INPUT
    except KeyboardInterrupt:
        print("gannb: stopped; what was finished is kept, and the same command goes on from there.", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        print(f"gannb: {type(error).__name__}: {error}", file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gannb", description="Would GAN images help to train your classifier?")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, call, help_text in (
        ("run", _run, "the five notebooks and the page; goes on where it stopped"),
        ("plan", _plan, "what `run` would do, how long it takes and how much disk it needs"),
    ):
        command = commands.add_parser(
            name, help=help_text, epilog=parameter_table(), formatter_class=argparse.RawDescriptionHelpFormatter
        )
        command.add_argument("study", nargs="?", metavar="STUDY.yaml", help="a study's parameters, or a study's folder")
        command.add_argument("--data", help="digits, FOLDER or FILE.npz")
        command.add_argument("--set", nargs="+", action="extend", default=[], metavar="key=value", dest="changes")
        command.set_defaults(call=call)
    for name, call, help_text in (
        ("status", _status, "what is done, running, failed, and the time left"),
        ("report", _report, "notebook 05 and the page again, from the scores"),
    ):
        command = commands.add_parser(name, help=help_text)
        command.add_argument("folder", metavar="outputs/STUDY")
        command.set_defaults(call=call)
    _add_generate(commands)
    return parser


def _add_generate(commands: Any) -> None:
    """Add the commands that make a large set and check it."""
    command = commands.add_parser("generate", help="a large synthetic set, where the answer is that it helps")
    command.add_argument("folder", metavar="outputs/STUDY")
    number = command.add_mutually_exclusive_group(required=True)
    number.add_argument("--per-class", type=int, metavar="N", help="images of each class")
    number.add_argument("--like", metavar="CSV", help="a number per class: a CSV with the columns class and count")
    command.add_argument("--classes", metavar="A,B", help="these classes alone")
    command.add_argument("--to", required=True, metavar="FOLDER", help="where the set goes; goes on where it stopped")
    command.add_argument("--format", default="folder", help="folder (ImageFolder), webdataset or parquet [folder]")
    command.add_argument("--no-copies", action="store_true", help="replace what looks like copies of training images")
    command.add_argument("--anyway", action="store_true", help="also where the answer is not that it helps")
    command.add_argument("--seed", type=int, default=0, help="another number, other images [0]")
    command.set_defaults(call=_generate)
    command = commands.add_parser("verify", help="a synthetic set against its manifest")
    command.add_argument("folder", metavar="FOLDER")
    command.set_defaults(call=_verify)


def parameter_table() -> str:
    """Return the parameters as text, by stage, from the model."""
    lines = ["parameters, for --set and STUDY.yaml:"]
    for stage, title in STAGES.items():
        lines.append(f"  {title}")
        for name, field in Study.model_fields.items():
            if field.json_schema_extra["stage"] == stage:
                default = ",".join(field.default) if isinstance(field.default, tuple) else field.default
                lines.append(f"    {name:<18} {field.description} [{'' if default is None else default}]")
    return "\n".join(lines)


def _study_from(options: argparse.Namespace) -> Study:
    """Return the study meant by the arguments: a YAML file or an earlier study, then --data, then --set."""
    given: dict[str, Any] = {}
    if options.study and (Path(options.study) / "study.json").is_file():
        given = load_study(options.study).changes()
    elif options.study:
        given = read_yaml(options.study)
    if options.data:
        given["data"] = options.data
    for change in options.changes:
        name, equals, value = change.partition("=")
        if not equals or not name:
            raise InputError(f"--set {change}: write it as key=value, for example --set trials=4.")
        given[name.strip()] = _value(name, value)
        trust_given({name.strip(): given[name.strip()]})
    return make_study(**given)


def _value(name: str, text: str) -> Any:
    try:
        value = yaml.safe_load(text) if text.strip() else ""
    except yaml.YAMLError:
        raise InputError(f"--set {name}={text}: the value cannot be read; put quotes around it.") from None
    field = Study.model_fields.get(name)
    as_written = field is not None and field.annotation in (str, str | None) and value is not None
    return text.strip() if as_written and not isinstance(value, str) else value  # a class may be called yes, or 001


def _run(options: argparse.Namespace) -> int:
    from gannb.runner import run_notebooks

    return _finish(run_notebooks(_study_from(options), NOTEBOOKS))


def _report(options: argparse.Namespace) -> int:
    from gannb.runner import run_notebooks

    return _finish(run_notebooks(load_study(options.folder), NOTEBOOKS[4:]))


def _finish(status: dict[str, Any]) -> int:
    """Print the answer's sentence and the page's path; return the exit code."""
    print(f"\n{status['sentence']}\n{status['page']}")
    for failure in status["failed"]:
        print(f"gannb: {failure['unit']} failed: {failure['error']}", file=sys.stderr)
    return FAILED if status["failed"] else DONE


def _plan(options: argparse.Namespace) -> int:
    from gannb.planning import plan

    print(plan(_study_from(options)))
    return DONE


def _status(options: argparse.Namespace) -> int:
    from gannb.runner import status_text

    print(status_text(load_study(options.folder)))
    return DONE


def _generate(options: argparse.Namespace) -> int:
    from gannb.generate import generate

    manifest = generate(
        options.folder, options.to, per_class=options.per_class, like=options.like,
        classes=options.classes.split(",") if options.classes is not None else None, format=options.format,
        no_copies=options.no_copies, anyway=options.anyway, seed=options.seed,
    )  # fmt: skip
    print(f"\n{manifest['items']:,} images; what they are and are not for: {Path(options.to) / 'README.md'}")
    return DONE


def _verify(options: argparse.Namespace) -> int:
    from gannb.shards import verify

    problems = verify(options.folder)
    print("\n".join(problems) or "every shard is there and as it was written")
    return FAILED if problems else DONE


if __name__ == "__main__":
    sys.exit(main())
