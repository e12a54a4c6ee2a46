"""Conversion of the parts of an experiment to plain JSON types and back.

The parts are problems, optimizers, options, limits and breakpoints. Reading executes no user code: a user's functions
and rules are kept as source code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from typing import Any

import numpy as np

from gdviewer import optimizers, problems, schedules
from gdviewer.engine.breakpoints.breakpoint import Breakpoint
from gdviewer.engine.record.events import Change
from gdviewer.engine.rules.function_source import SourceFunction, source_of
from gdviewer.engine.rules.optimizer import Optimizer
from gdviewer.engine.rules.options import OPTIONS, Options
from gdviewer.engine.rules.parameter import Declared, Numbers, Parameter, Switch, Text, nearest
from gdviewer.engine.rules.schedule import Schedule
from gdviewer.engine.run.stop import LIMITS, Limits
from gdviewer.experiment.json_reader import (
    FieldError,
    Fields,
    at,
    counts,
    flag,
    items,
    number,
    numbers,
    optional,
    plain,
    text,
    whole,
)
from gdviewer.experiment.rule_text import read_function, read_rule
from gdviewer.problems.content import same
from gdviewer.problems.data import Data
from gdviewer.problems.formula import FormulaProblem, formula
from gdviewer.problems.function import FunctionProblem
from gdviewer.problems.problem import Problem
from gdviewer.problems.regression_problem import Regression
from gdviewer.problems.samples import SampledCurve, SampledVector
from gdviewer.problems.source import Given

READINGS = {"curve": SampledCurve, "vector": SampledVector}
# Properties of a rule that are stored beside its source.
_BESIDE: Mapping[str, Callable[[Any, str], Any]] = {"title": text, "broadcasts": flag}


def problem_to_dict(problem: Problem) -> dict[str, Any]:
    """Return a problem as plain JSON types.

    Raises:
        ValueError: a part of the problem can't be stored; the message names it.
    """
    if problem.entry is not None:
        return {"name": problem.name, "values": plain(problem.values)}
    if problem.part_of is not None:
        raise ValueError(f"the problem {problem.title!r} uses only some rows of its data, so it can't be stored")
    if not type(problem).__module__.startswith(problems.__name__ + "."):  # another class may have other data
        raise ValueError(f"the class of the problem {problem.title!r} is not part of gdviewer, so it can't be stored")
    match problem:
        case SampledCurve(positions=positions):
            given = None if problem.axis_names == ("index",) else plain(positions)
            return {"samples": plain(problem.samples), "reading": "curve", "positions": given}
        case SampledVector():
            return {"samples": plain(problem.samples), "reading": "vector", "positions": None}
        case FunctionProblem():
            parts = {name: _function_to_dict(part, name) for name, part in problem.functions.items()}
            return parts | {"start": plain(problem.start), "domain": plain(problem.domain)}
        case FormulaProblem() if problem == formula(problem.formula, **problem.values):
            return {"formula": problem.formula, "values": plain(problem.values)}
        case Regression(data_source=Given(data=data)) | problems.Network(data_source=Given(data=data)):
            stored = {"name": problem.name, "values": plain(problem.values), "data": _data_to_dict(data)}
            if isinstance(problem, problems.Network):
                stored["batches"] = plain(problem.given_batches)
            return stored
    raise ValueError(f"the problem {problem.title!r} is not in the catalogue, so it can't be stored")


def problem_from_dict(given: object, path: str = "problem") -> Problem:
    """Return the problem of a dictionary that :func:`problem_to_dict` has made.

    Raises:
        ValueError: a field is wrong; the message begins with its path.
    """
    stored = Fields(given, path)
    kinds: Mapping[str, Callable[[Fields], Problem]] = {
        "samples": _samples, "fun": _function, "formula": _formula, "name": _named,
    }  # fmt: skip
    read = next((read for field, read in kinds.items() if stored.has(field)), None)
    if read is None:
        raise FieldError(f"{path} must have one of the fields {', '.join(kinds)}")
    problem = read(stored)
    stored.end()
    return problem


def _samples(stored: Fields) -> Problem:
    samples, positions = stored.read("samples", numbers), stored.read("positions", optional(numbers), None)
    reading = stored.read("reading", _one_of(READINGS), "curve")
    if reading == "vector" and positions is not None:
        raise FieldError(f"{stored.path('positions')} must be null: samples read as a vector have no positions")
    with at(stored.path("samples")):
        return SampledVector(samples) if reading == "vector" else SampledCurve(samples, positions)


def _function(stored: Fields) -> Problem:
    fun, hess = stored.read("fun", _source_function), stored.read("hess", optional(_source_function), None)
    jac = stored.read("jac", lambda value, path: value is True or optional(_source_function)(value, path), None)
    start, domain = stored.read("start", numbers), stored.read("domain", optional(numbers), None)
    with at(stored.path("start")):
        problem = FunctionProblem(fun, start, jac, hess, domain)
        if not np.isfinite(start).all():
            raise ValueError("it must contain finite numbers only")
    low, high = problem.domain.T
    if problem.domain.shape != (problem.dimension, 2) or not (np.isfinite(problem.domain).all() and (low < high).all()):
        raise FieldError(f"{stored.path('domain')} must be two finite numbers for each dimension, the lower one first")
    return problem


def _formula(stored: Fields) -> Problem:
    with at(stored.path("formula")):
        problem = formula(stored.read("formula", text))
    return problem.replace(**stored.read("values", _values_of(problem.parameters), {}))


def _named(stored: Fields) -> Problem:
    name = stored.read("name", text)
    with at(stored.path("name")):
        entry = problems.get(name)
    if not stored.has("data"):
        stored.read("data", optional(text), None)
        values = stored.read("values", _values_of(entry.parameters), {})
        with at(stored.path("values")):
            return entry.replace(**values)
    if not isinstance(entry, (Regression, problems.Network)):
        raise FieldError(f"{stored.path('data')} is not a field: {name} is not fitted to data")
    settings = {key: p for key, p in entry.parameters.items() if key not in entry.data_source.parameters}
    values = stored.read("values", _values_of(settings), {})
    if isinstance(entry, Regression):
        data = stored.read("data", _data)
        with at(stored.path("data")):
            return entry.with_data(data, **values)
    dataset = stored.read("data", _dataset)
    batches = stored.read("batches", optional(items(items(whole(0)))), None)
    with at(stored.path("batches" if batches is not None else "data")):
        return entry.with_data(dataset, batches=batches, **values)


def _data_to_dict(data: Any) -> dict[str, Any]:
    return {field.name: plain(getattr(data, field.name)) for field in fields(data)}


def _described(stored: Fields) -> dict[str, Any]:
    return {
        "input_names": stored.read("input_names", items(text)),
        "target_name": stored.read("target_name", text, "y"),
        "origin": stored.read("origin", text, ""),
    }


def _data(given: object, path: str) -> Data:
    from gdviewer.problems.data import data

    stored = Fields(given, path)
    inputs, targets = stored.read("inputs", numbers), stored.read("targets", numbers)
    classes, described = stored.read("classes", items(text), ()), _described(stored)
    stored.end()
    if classes and (len(classes) != 2 or not set(targets.ravel().tolist()) <= {0.0, 1.0}):
        raise FieldError(f"{path}.classes must be two names, and the targets 0 or 1")
    with at(path):
        made = data(inputs, targets, **described)
        return Data(made.inputs, made.targets, made.input_names, made.target_name, classes, made.origin)


def _dataset(given: object, path: str) -> Any:
    from gdviewer.problems.networks.dataset import dataset

    stored = Fields(given, path)
    inputs, classes = stored.read("inputs", numbers), stored.read("classes", items(text), ())
    targets = stored.read("targets", counts if classes else numbers)
    described = _described(stored)
    stored.end()
    with at(path):
        return dataset(inputs, targets, classes, **described)


def _function_to_dict(function: Any, name: str) -> Any:
    if function is None or function is True:
        return function
    try:
        source = source_of(function)
    except ValueError as error:
        raise ValueError(f"problem.{name}: {error}") from None
    return {"text": source.text, "name": source.name}


def _source_function(given: object, path: str) -> SourceFunction:
    stored = Fields(given, path)
    source = stored.read("text", text), stored.read("name", text)
    stored.end()
    with at(path):
        return read_function(*source)


def optimizer_to_dict(rule: Optimizer, path: str) -> Any:
    """Return the name of an optimizer of the catalogue, or the source and name of a user's optimizer.

    The title and the property ``broadcasts`` are stored beside the source if they are not declared in it.

    Raises:
        ValueError: the source can't be stored; the message begins with the path and names the function.
    """
    if rule.built_in:
        return rule.name
    with at(path):
        source = rule.source_function or source_of(rule.function)
        read = read_rule(source.text, source.name)
        beside = {name: getattr(rule, name) for name in _BESIDE if getattr(rule, name) != getattr(read, name)}
        if replace(read, **beside) != rule or not same(_signature(read), _signature(rule)):
            raise ValueError(f"{source.name} is not declared as in its source, so it can't be stored")
    return {"text": source.text, "name": source.name} | beside


def _signature(rule: Optimizer) -> Any:
    declared = {name: (type(p), p, vars(p)) for name, p in rule.hyperparameters.items()}
    return rule.counts_steps, rule.state, declared


def optimizer_from_dict(given: object, path: str) -> Optimizer:
    """Return the optimizer that :func:`optimizer_to_dict` has stored.

    Raises:
        ValueError: a field is wrong; the message begins with its path.
    """
    if isinstance(given, str):
        with at(path):
            return optimizers.get(given)
    stored = Fields(given, path)
    source = stored.read("text", text), stored.read("name", text)
    with at(path):
        rule = read_rule(*source)
    beside: dict[str, Any] = {name: stored.read(name, reader, getattr(rule, name)) for name, reader in _BESIDE.items()}
    stored.end()
    return replace(rule, **beside)


def options_to_dict(options: Options) -> dict[str, Any]:
    """Return the options of a run as plain JSON types.

    Raises:
        ValueError: the schedule is not in the catalogue.
    """
    schedule = options.schedule
    known = schedules.catalogue().get(schedule.name) if schedule else None
    if schedule and (known is None or known.function is not schedule.function):
        raise ValueError(f"the schedule {schedule.title!r} is not in the catalogue, so it can't be stored")
    stored = {name: plain(getattr(options, name)) for name in OPTIONS}
    return stored | {"schedule": schedule and {"name": schedule.name, "values": plain(schedule.values)}}


def options_from_dict(given: object, path: str) -> Options:
    """Return the options that :func:`options_to_dict` has stored.

    Raises:
        ValueError: a field is wrong; the message begins with its path.
    """
    stored = Fields(given, path)
    values = {name: stored.read(name, optional(_checked(p)), None) for name, p in OPTIONS.items()}
    schedule = stored.read("schedule", optional(_schedule), None)
    stored.end()
    return Options(**values, schedule=schedule)


def _schedule(given: object, path: str) -> Schedule:
    stored = Fields(given, path)
    name = stored.read("name", text)
    with at(stored.path("name")):
        entry = schedules.get(name)
    values = stored.read("values", _values_of(entry.parameters), {})
    stored.end()
    with at(stored.path("values")):
        return entry.replace(**values)


def limits_to_dict(limits: Limits) -> dict[str, Any]:
    """Return limits as plain JSON types."""
    return {name: plain(getattr(limits, name)) for name in LIMITS}


def limits_from_dict(given: object, path: str = "limits") -> Limits:
    """Return the limits that :func:`limits_to_dict` has stored.

    Raises:
        ValueError: a field is wrong; the message begins with its path.
    """
    stored, default = Fields(given, path), Limits()
    values: dict[str, Any] = {name: stored.read(name, partial(_limit, name), getattr(default, name)) for name in LIMITS}
    stored.end()
    return Limits(**values)


def _limit(name: str, value: Any, path: str) -> Any:
    if value is not None:
        return _checked(LIMITS[name])(value, path)
    off: dict[str, Any] = {name: None}
    with at(path):
        Limits(**off)  # raises ValueError for a limit that can't be switched off
    return None


def breakpoint_to_dict(watched: Breakpoint) -> dict[str, Any]:
    """Return a breakpoint as plain JSON types."""
    return {"kind": watched.kind, "value": plain(watched.value), "enabled": plain(watched.enabled)}


def breakpoint_from_dict(given: object, path: str) -> Breakpoint:
    """Return the breakpoint that :func:`breakpoint_to_dict` has stored.

    Raises:
        ValueError: a field is wrong; the message begins with its path.
    """
    stored = Fields(given, path)
    kind, enabled = stored.read("kind", text), stored.read("enabled", flag, True)
    value = stored.read("value", lambda value, _: value, None)
    stored.end()
    with at(path):
        return Breakpoint(kind, value, enabled)


def change_to_dict(change: Change) -> dict[str, Any]:
    """Return the change of a hyperparameter as plain JSON types."""
    return {"step": plain(change.step), "name": change.name, "value": plain(change.value)}


def change_reader(rule: Optimizer) -> Callable[[Any, str], Change]:
    """Return a reader of the changes that :func:`change_to_dict` has stored, for a run of an optimizer."""

    def read(given: object, path: str) -> Change:
        stored = Fields(given, path)
        step, name = stored.read("step", whole(1)), stored.read("name", _one_of(rule.hyperparameters))
        value = stored.read("value", _checked(rule.hyperparameters[name]))
        stored.end()
        return Change(step, name, value)

    return read


def hyperparameter_reader(rule: Optimizer) -> Callable[[Any, str], dict[str, Any]]:
    """Return a reader of the hyperparameters of an optimizer."""
    return _values_of(rule.hyperparameters)


def _values_of(parameters: Mapping[str, Declared]) -> Callable[[Any, str], dict[str, Any]]:
    def read(given: object, path: str) -> dict[str, Any]:
        stored = Fields(given, path)
        found = {
            name: stored.read(name, _checked(parameter))
            for name, parameter in parameters.items()
            if isinstance(given, Mapping) and name in given
        }
        for name in parameters:
            stored.read(name, lambda value, _: value, None)
        stored.end()
        return found

    return read


def _checked(parameter: Declared) -> Callable[[Any, str], Any]:
    """Return a reader of the values that a parameter allows."""

    def read(value: Any, path: str) -> Any:
        kinds = {Parameter: number, Switch: flag, Text: text, Numbers: items(number)}
        if type(parameter) in kinds:
            kinds[type(parameter)](value, path)
        try:
            return parameter.check(path, value)
        except (ValueError, TypeError, OverflowError) as error:
            raise FieldError(str(error)) from None

    return read


def _one_of(words: Sequence[str] | Mapping[str, Any]) -> Callable[[Any, str], str]:
    def read(value: Any, path: str) -> str:
        if text(value, path) not in words:
            raise FieldError(f"{path} must be one of {', '.join(words)}; got {value!r}{nearest(value, words)}")
        return str(value)

    return read
