"""Entries of the lists of optimizers, schedules and problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial

from gdviewer import optimizers, problems, schedules
from gdviewer.engine.notation.notation import expression, formulas, name_text
from gdviewer.engine.rules.optimizer import Optimizer
from gdviewer.engine.rules.oracle import Minimisable
from gdviewer.engine.rules.parameter import Choice, Declared, Parameter
from gdviewer.experiment.catalogue import domain_text, group_of, minima_lines, minima_text, network_facts
from gdviewer.problems.networks.network import Network
from gdviewer.problems.problem import Problem
from gdviewer.text import tr
from gdviewer.ui.catalogue.choice_list import ListEntry
from gdviewer.ui.session.user_rules import key_of

_MAX_MINIMA = 6  # in a description


def optimizer_choices(problem: Minimisable, user_rules: Sequence[Optimizer] = ()) -> list[ListEntry]:
    """Return an entry for each user rule and each optimizer; it is refused if the problem does not suit it."""
    return [
        ListEntry(
            key_of(o), o.title, tr(group_of(o) if o.built_in else "Your own"), tr(o.summary), o.source,
            formula=partial(_rule_lines, o.function), facts=partial(_meanings, o.hyperparameters),
            refusal=o.lacks(problem),
        )
        for o in (*user_rules, *optimizers.catalogue().values())
    ]  # fmt: skip


def problem_choices() -> list[ListEntry]:
    """Return an entry for each problem of the catalogue, with its formula, dimensions and minima."""
    return [
        ListEntry(
            p.name, p.title, tr(p.group), tr(p.why), p.source,
            formula=partial(_formula, p), facts=partial(_facts, p), words=" ".join(_words(p.parameters)),
        )
        for p in problems.catalogue().values()
    ]  # fmt: skip


def schedule_choices() -> list[ListEntry]:
    """Return an entry for each schedule of the catalogue, with its rule and its parameters."""
    return [
        ListEntry(
            s.name, s.title, tr(group_of(s)), tr(s.summary), s.source,
            formula=partial(_rule_lines, s.function), facts=partial(_meanings, s.parameters),
        )
        for s in schedules.catalogue().values()
    ]  # fmt: skip


def _words(parameters: Mapping[str, Declared]) -> Iterator[str]:
    """Yield the names of parameters and the words of choices, such as the names of data."""
    for name, parameter in parameters.items():
        yield name
        yield from parameter.words if isinstance(parameter, Choice) else ()


_rule_lines = lru_cache(maxsize=256)(formulas)


def _meanings(parameters: Mapping[str, Declared]) -> list[str]:
    return [_parameter_text(name_text(name), parameter, name) for name, parameter in parameters.items()]


def _parameter_text(symbol: str, parameter: Declared, name: str) -> str:
    default = expression(parameter.text) if isinstance(parameter, Parameter) else parameter.text
    return f"{symbol} = {default}, {tr(parameter.meaning) or name}"


def _formula(p: Problem) -> list[str]:
    point = ", ".join(p.axis_names[: p.dimension]) if p.dimension <= 2 else "x"
    return [f"f({point}) = {expression(p.formula)}"]


def _facts(p: Problem) -> list[str]:
    if isinstance(p, Network):  # the panel shows its many parameters
        return network_facts(p)
    dimensions = tr("1 dimension") if p.dimension == 1 else tr("{n} dimensions", n=f"{p.dimension:,}")
    numbers = [f"{dimensions}, {domain_text(p)}", minima_text(p), *minima_lines(p, _MAX_MINIMA)]
    parameters = [_parameter_text(expression(name), parameter, name) for name, parameter in p.parameters.items()]
    return [*parameters, *(text.replace("-", "−") for text in numbers)]
