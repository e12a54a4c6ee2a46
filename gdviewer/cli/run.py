"""``gdviewer run``: execute one optimizer without a window, and print its result."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gdviewer import optimizers, problems, schedules
from gdviewer.cli.arguments import INTERRUPTED, Parser, UsageError, positional, value_of
from gdviewer.engine.breakpoints.breakpoint import conditions
from gdviewer.engine.rules.options import OPTIONS, Options
from gdviewer.engine.rules.parameter import Declared, Parameter, symbol_of
from gdviewer.engine.rules.schedule import Schedule
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import LIMITS, Limits, Reason
from gdviewer.experiment.experiment import default_limits
from gdviewer.experiment.minimize import result_of
from gdviewer.experiment.report import report, summary, write_csv
from gdviewer.experiment.training import batches_an_epoch, train
from gdviewer.experiment.user_rule import rule_of
from gdviewer.problems.networks.dataset import dataset_of
from gdviewer.problems.networks.layer_summary import fitted
from gdviewer.problems.networks.losses import LOSSES
from gdviewer.problems.networks.network import Network
from gdviewer.problems.problem import Problem
from gdviewer.problems.regression_problem import Regression
from gdviewer.problems.table import read_table

_OFF = "off"


def run_command(words: list[str]) -> int:
    """Execute ``gdviewer run`` with these arguments and return its exit code; 130 after Ctrl+C.

    Raises:
        UsageError: invalid use.
    """
    parser, problem, optimizer, schedule = _run_parser(words)
    options = vars(parser.parse_args(words))
    if problem is None or optimizer is None:
        raise UsageError("a problem and an optimizer are required, as in: gdviewer run himmelblau adam")
    try:
        problem = _with_values(problem, _given(options, problem.parameters))
        run = _built(problem, optimizer, schedule, options)
    except ValueError as error:
        raise UsageError(str(error)) from None
    complete = True
    if batches_an_epoch(problem) is None:
        run.advance(run.limits.max_steps)
    else:
        complete = train(run, sys.stderr if sys.stderr.isatty() else None)
    if run.stop and run.stop.reason is Reason.UNFIT:
        raise UsageError(run.stop.message)
    if run.stop and run.stop.reason is Reason.ERROR:
        print(f"gdviewer: {optimizer.title}, after step {run.step:,}: {run.stop.message}", file=sys.stderr)
        return 1
    result = result_of(run)
    if options["json"]:
        print(json.dumps({"problem": problem.name, "optimizer": optimizer.name} | summary(result, problem), indent=2))
    else:
        print(report(f"{optimizer.title} on {problem.title}", result, problem))
    if options["csv"]:
        try:
            write_csv(result, Path(options["csv"]), problem)
        except OSError as error:
            print(f"gdviewer: {options['csv']} can't be written: {error.strerror}", file=sys.stderr)
            return 1
    return 0 if complete else INTERRUPTED


def _built(
    problem: Problem, optimizer: optimizers.Optimizer, schedule: Schedule | None, options: Mapping[str, Any]
) -> Run:
    """Return the run that the flags describe.

    Raises:
        ValueError: a value is out of range, or a condition is not valid.
    """
    start = problem.start if options["start"] is None else _start(options["start"], problem)
    given: dict[str, Any] = {name: None if value == _OFF else value for name, value in _given(options, LIMITS).items()}
    limits = replace(default_limits(problem), **given)
    if options.get("epochs") is not None:
        limits = _in_epochs(limits, options, problem)
    if schedule is not None:
        schedule = schedule.replace(**_given(options, schedule.parameters))
    around = Options(**_given(options, OPTIONS), schedule=schedule)
    hyperparameters = _given(options, optimizer.hyperparameters)
    breakpoints = conditions(options["break_when"], optimizer)
    return Run(problem, optimizer, start, hyperparameters, limits, options["seed"], around, breakpoints=breakpoints)


def _given(options: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return the options with these names that were given on the command line."""
    return {name: value for name, value in options.items() if name in names and value is not None}


def _with_values(problem: Problem, values: dict[str, Any]) -> Problem:
    """Return the problem with these values.

    Settings of a network that are not among them are adapted to its data, and reported.
    """
    if not isinstance(problem, Network):
        return problem.replace(**values)
    other, changed = fitted(problem, lambda **others: problem.replace(**others | values), problem.data_for(**values))
    if adapted := ", ".join(f"{name} {other.values[name]}" for name in changed if name not in values):
        print(f"gdviewer: settings adapted to the data: {adapted}", file=sys.stderr)
    return other


def _in_epochs(limits: Limits, options: Mapping[str, Any], problem: Problem) -> Limits:
    if options["max_steps"] is not None:
        raise UsageError("--epochs and --max-steps both set the number of steps; use only one of them")
    steps = options["epochs"] * (batches_an_epoch(problem) or 1)
    if not 1 <= steps <= LIMITS["max_steps"].high:
        raise UsageError(
            f"--epochs must be above 0 and give at most {LIMITS['max_steps'].high:g} steps; got {options['epochs']:g}, "
            f"which is {steps:g} steps"
        )
    return replace(limits, max_steps=max(1, round(steps)))


def _run_parser(
    words: list[str],
) -> tuple[Parser, Problem | None, optimizers.Optimizer | None, Schedule | None]:
    """Return the parser of `run`, and the problem, the optimizer and the schedule that the words name.

    The parser has the flags of these three.
    """
    problem, optimizer, schedule = _named(words)
    limits = Limits() if problem is None else default_limits(problem)
    parser = Parser(
        prog="gdviewer run",
        description="Run an optimizer without a window and print the result.",
        epilog="The parameters of the problem, the optimizer and the schedule are flags too: write their names before "
        "--help to list them.",
        usage="gdviewer run PROBLEM OPTIMIZER [--start=X,Y] [flags]\n"
        "       gdviewer run --formula TEXT OPTIMIZER [flags]\n"
        "       gdviewer run PROBLEM --optimizer FILE [flags]\n"
        "       gdviewer run NETWORK --optimizer NAME --epochs N [flags]",
    )
    flags = parser.add_argument_group("run")
    flags.add_argument("--start", metavar="X,Y", help="the start point (default: the start of the problem)")
    for name, parameter in LIMITS.items():
        optional = name not in ("max_steps", "divergence")
        off = f"; {_OFF!r} switches it off" if optional else ""
        default = f"{parameter:g}" if getattr(limits, name) is not None else _OFF
        flags.add_argument(
            _flag(name), type=_whole if name == "max_steps" else _number_or_off if optional else _number, metavar="N",
            help=f"{parameter.meaning}{off} (default {default})",
        )  # fmt: skip
    flags.add_argument("--seed", type=_whole, default=0, metavar="N", help="seed of the random numbers (default 0)")
    for name, parameter in OPTIONS.items():
        flags.add_argument(_flag(name), type=_number, metavar="N", help=f"{parameter.meaning} (default {_OFF})")
    flags.add_argument(
        "--schedule",
        metavar="NAME",
        help=f"schedule of the learning rate: {', '.join(schedules.names())} (default {_OFF})",
    )
    flags.add_argument(
        "--break-when", action="append", default=[], metavar="CONDITION",
        help='stop when a condition on the step becomes true, such as "loss > 2*previous.loss"; may be repeated',
    )  # fmt: skip
    flags.add_argument("--csv", metavar="FILE", help="write the trace to this CSV file")
    flags.add_argument("--json", action="store_true", help="print the result as JSON")
    flags.add_argument("--formula", metavar="TEXT", help="a formula in x and y, instead of a problem of the catalogue")
    flags.add_argument(
        "--optimizer",
        metavar="NAME",
        help="the same as OPTIMIZER, or an optimizer of a Python file: FILE.py or FILE:NAME",
    )
    flags.add_argument("--data-file", metavar="FILE", help="a table (CSV) to which a regression or a network is fitted")
    flags.add_argument("--target", metavar="NAME", help="the column to predict (default: the last that is possible)")
    flags.add_argument(
        "--features", metavar="A,B", help="the columns to predict it from (default: all columns of numbers)"
    )
    if value_of("--formula", words) is None:
        parser.add_argument("problem", metavar="PROBLEM", help="a name from `gdviewer list`")
    if value_of("--optimizer", words) is None:
        parser.add_argument("optimizer", metavar="OPTIMIZER", help="a name from `gdviewer list`")
    if batches_an_epoch(problem) is not None:
        flags.add_argument(
            "--epochs", type=_number, metavar="N", help="number of passes over the data, instead of --max-steps"
        )
    if problem is not None:
        _add_flags(parser, f"problem {problem.name}", problem.parameters)
    if optimizer is not None:
        taken = set(problem.parameters) if problem else set()
        if both := taken & set(optimizer.hyperparameters):
            raise UsageError(
                f"{both.pop()!r} names a parameter of the formula and of {optimizer.name}; rename one of them"
            )
        _add_flags(parser, f"optimizer {optimizer.name}", optimizer.hyperparameters)
    if schedule is not None:
        _add_flags(parser, f"schedule {schedule.name}", schedule.parameters)
    return parser, problem, optimizer, schedule


def _named(words: Sequence[str]) -> tuple[Problem | None, optimizers.Optimizer | None, Schedule | None]:
    """Return the problem, the optimizer and the schedule that the words name; None for each that is not named."""
    formula, scheduled = value_of("--formula", words), value_of("--schedule", words)
    names, rule_file = positional(words), value_of("--optimizer", words)
    problem: Problem | None = None
    optimizer: optimizers.Optimizer | None = None
    schedule: Schedule | None = None
    try:
        if formula is not None:
            problem = problems.formula(formula)
        elif names:
            problem = _on_table(problems.get(names.pop(0)), words)
        if rule_file is not None:
            optimizer = _optimizer_of(rule_file)
        elif names:
            optimizer = optimizers.get(names.pop(0))
        if scheduled is not None:
            schedule = schedules.get(scheduled)
    except ValueError as error:
        raise UsageError(str(error)) from None
    return problem, optimizer, schedule


def _optimizer_of(text: str) -> optimizers.Optimizer:
    """Return the optimizer of the catalogue, or of a file, that ``--optimizer`` names."""
    is_file = Path(text).exists() or any(mark in text for mark in (".", ":", "/", "\\"))
    return rule_of(text) if is_file else optimizers.get(text)


def _on_table(problem: Problem, words: Sequence[str]) -> Problem:
    """Return the problem with the data of ``--data-file``, or unchanged without this flag.

    Raises:
        ValueError: the table or the choice of columns can't be used.
    """
    path, target, features = (value_of(flag, words) for flag in ("--data-file", "--target", "--features"))
    if path is None:
        if target is not None or features is not None:
            raise ValueError("--target and --features choose columns of a --data-file; give that flag too")
        return problem
    if not isinstance(problem, Network | Regression):
        raise ValueError(f"--data-file is for regressions and networks; {problem.name} is neither")
    try:
        table = read_table(path)
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from None
    default = table.default_columns(None if isinstance(problem, Network) else problem.model.classes)
    chosen = target or default[0]
    numeric = [name for name in table.names if table.is_numeric(name) and name != chosen]
    inputs = numeric if features is None else features.split(",")
    if isinstance(problem, Regression):
        return problem.with_data(table.data(chosen, inputs))
    network = problem
    loss = LOSSES.get(value_of("--loss", words) or "")  # a loss that is named decides if the target is classes
    given = dataset_of(table, chosen, inputs, loss.classes if loss else None)
    return fitted(network, lambda **values: network.with_data(given, **values), given)[0]


def _add_flags(parser: Parser, title: str, parameters: Mapping[str, Declared]) -> None:
    group = parser.add_argument_group(title)
    for name, parameter in parameters.items():
        text = ", ".join(filter(None, [symbol_of(name), parameter.meaning, f"in {parameter.range_text}"]))
        if any(name == action.dest for action in parser._actions):
            raise UsageError(f"the parameter {name!r} has the name of a flag of `gdviewer run`; rename it")
        group.add_argument(
            _flag(name), dest=name, type=_number if isinstance(parameter, Parameter) else str, metavar="V",
            help=f"{text} (default {parameter.text})",
        )  # fmt: skip


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def _number_or_off(text: str) -> float | str:
    return text if text == _OFF else _number(text)


def _whole(text: str) -> int:
    try:
        return int(float(text)) if float(text).is_integer() else int(text)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def _start(text: str, problem: Problem) -> list[float]:
    try:
        point = [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"--start: {text!r} is not a list of numbers such as 1,2") from None
    if len(point) != problem.dimension:
        raise UsageError(f"--start: {problem.name} needs {problem.dimension} numbers; got {len(point)}")
    return point
