"""The command line: ``gdviewer`` opens the window, ``gdviewer run`` and ``gdviewer list`` work without one."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from gdviewer.cli.arguments import INTERRUPTED, Parser, UsageError, join_negative
from gdviewer.engine.rules.parameter import nearest
from gdviewer.version import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Returns:
        0 for success, 1 for a failure, 2 for invalid use, 130 after Ctrl+C.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # the code page of a console may lack ‖ or η
    words = join_negative(list(sys.argv[1:] if arguments is None else arguments))
    try:
        return _dispatch(words)
    except UsageError as error:
        print(f"gdviewer: {error}", file=sys.stderr)
        return 2
    except SystemExit as end:  # raised by argparse after --help or --version
        return int(end.code or 0)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python reports an error at exit
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def _dispatch(words: list[str]) -> int:
    parser = Parser(
        prog="gdviewer",
        description="A debugger for optimizers: choose a problem to minimise and watch the descent.",
        epilog="Without a command, the window opens. `gdviewer run PROBLEM OPTIMIZER --help` lists their flags.",
    )
    parser.add_argument("--version", action="version", version=f"gdviewer {__version__}")
    parser.add_argument(
        "--optimizer", action="append", default=[], metavar="FILE",
        help="open the window with the optimizers of this Python file; it is read again when it is saved",
    )  # fmt: skip
    commands = parser.add_subparsers(dest="command", metavar="{run,list}", parser_class=Parser)
    commands.add_parser("run", help="run an optimizer without a window", add_help=False)
    catalogue = commands.add_parser("list", help="list the problems, optimizers and schedules")
    catalogue.add_argument("--markdown", action="store_true", help="print Markdown, with formulas, ranges and sources")
    if words and not words[0].startswith("-") and words[0] not in ("run", "list"):
        hint = nearest(words[0], ["run", "list"]) or "; the commands are run and list"
        raise UsageError(f"there is no command {words[0]!r}{hint}")
    if words[:1] == ["run"]:
        from gdviewer.cli.run import run_command  # loaded here, as the window opens without it

        return run_command(words[1:])
    options = parser.parse_args(words)
    if options.command == "list":
        from gdviewer.experiment.catalogue import markdown, plain

        print(markdown() if options.markdown else plain(), flush=True)
        return 0
    return _open(options.optimizer)


def _open(files: Sequence[str]) -> int:
    """Open the window with the optimizers of these files added to the default experiment."""
    from gdviewer.ui.app.startup import open_window

    if not files:
        return open_window()

    from gdviewer.engine.rules.captured_output import CapturedOutput
    from gdviewer.experiment.experiment import default_experiment
    from gdviewer.experiment.plan import RunPlan
    from gdviewer.experiment.user_rule import RuleError, read_named

    output = CapturedOutput()
    try:
        versions = {Path(file).absolute(): read_named(file, output) for file in files}
    except RuleError as error:
        raise UsageError(str(error)) from None
    plans = [RunPlan(rule) for version in versions.values() for rule in version.rules]
    return open_window(default_experiment().with_more(*plans), versions)
