"""The catalogue as text: problems, optimizers and schedules with their formulas, parameters and sources."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeVar

from gdviewer import optimizers, problems, schedules
from gdviewer.engine.notation.notation import expression, formulas, name_text
from gdviewer.engine.rules.optimizer import Optimizer
from gdviewer.engine.rules.parameter import Declared
from gdviewer.engine.rules.schedule import Schedule
from gdviewer.problems.networks.network import Network
from gdviewer.problems.problem import Problem

Entry = TypeVar("Entry")
_MAX_MINIMA = 24  # longer lists are cut
_MAX_DIMENSIONS = 3  # points of more dimensions are not listed


def group_of(entry: Optimizer | Schedule) -> str:
    """Return the heading of the group of an optimizer or schedule: the name of its file, as words."""
    return entry.function.__module__.rpartition(".")[2].replace("_", " ").capitalize()


def by_group(entries: Iterable[Entry], group: Callable[[Entry], str]) -> dict[str, list[Entry]]:
    """Return the entries by the heading of their group, in the order of the catalogue."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(group(entry), []).append(entry)
    return found


def minima_text(problem: Problem) -> str:
    """Return the number and the kinds of the known minima, as in ``4 minima: 1 global, 3 local``."""
    count = len(problem.minima)
    if not count:
        return "no known minimum"
    kinds = Counter(kind.partition(", ") for kind in problem.minimum_kinds)
    parts = [f"{n} {kind}" + (f" ({mark})" if mark else "") for (kind, _, mark), n in kinds.items()]
    if count == 1:
        parts = [text.removeprefix("1 ") for text in parts]
    return f"{count} {'minimum' if count == 1 else 'minima'}" + (": " + ", ".join(parts) if parts else "")


def minima_lines(problem: Problem, most: int = _MAX_MINIMA) -> list[str]:
    """Return a line for each known minimum, as in ``f(3, 2) = 0, global``; none above three dimensions."""
    if problem.dimension > _MAX_DIMENSIONS:
        return []
    found = problem.minima
    kinds = problem.minimum_kinds
    lines = [
        f"f({_point(x)}) = {round(float(problem.value(x)), 12):.10g}" + f", {kind}"
        for x, kind in zip(found[:most], kinds, strict=False)
    ]
    return lines + ([f"and {len(found) - most} more"] if len(found) > most else [])


def domain_text(problem: Problem) -> str:
    """Return the region in which a problem is shown, as in ``x ∈ [-2, 2], y ∈ [-1, 3]``."""
    ranges = [f"[{low:.6g}, {high:.6g}]" for low, high in problem.domain]
    if len(set(ranges)) == 1 and len(ranges) > 2:
        return f"{ranges[0]} in each of {len(ranges)} dimensions"
    return ", ".join(f"{name} ∈ {text}" for name, text in zip(problem.axis_names, ranges, strict=False))


def network_facts(network: Network) -> list[str]:
    """Return lines on the layers, the weights, the data and the batches of a network."""
    return [
        f"Layers: {network.shape_text}, {network.dimension:,} weights",
        f"Trained on {network.train.origin}",
        network.batch_text,
    ]


def plain() -> str:
    """Return the catalogue as plain text, one line for each entry."""
    lines = ["Problems"]
    for group, members in _problem_groups().items():
        lines += ["", f"  {group}", *(f"    {p.name:22} {p.formula}" for p in members)]
    for heading, groups in _rule_groups().items():
        lines += ["", heading]
        for group, rules in groups.items():
            lines += ["", f"  {group}", *(f"    {rule.name:22} {rule.summary}" for rule in rules)]
    return "\n".join(lines)


def markdown() -> str:
    """Return the whole catalogue as Markdown, one section for each entry."""
    rules = (_rules(heading, groups) for heading, groups in _rule_groups().items())
    return "\n\n".join(["# The catalogue", *chain(*rules), *_problems()])


def _rule_groups() -> dict[str, dict[str, list[Optimizer | Schedule]]]:
    return {
        "Optimizers": by_group(optimizers.catalogue().values(), group_of),
        "Learning-rate schedules": by_group(schedules.catalogue().values(), group_of),
    }


def _problem_groups() -> dict[str, list[Problem]]:
    return by_group(problems.catalogue().values(), lambda problem: problem.group)


def _rules(heading: str, groups: Mapping[str, Sequence[Optimizer | Schedule]]) -> Iterator[str]:
    yield f"## {heading}"
    for group, members in groups.items():
        yield f"### {escaped(group)}"
        for rule in members:
            yield from _entry(rule.title, rule.name, rule.summary, formulas(rule.function))
            if isinstance(rule, Optimizer):
                yield from _table("hyperparameter", rule.hyperparameters, name_text)
            else:
                yield from _table("parameter", rule.parameters, name_text)
            yield from _source(rule.source)


def _problems() -> Iterator[str]:
    yield "## Problems"
    for group, members in _problem_groups().items():
        yield f"### {escaped(group)}"
        for p in members:
            yield from _entry(p.title, p.name, p.why, [f"f = {expression(p.formula)}"])
            points = "".join(f"\n  - {escaped(line)}" for line in minima_lines(p))
            yield "\n".join(f"- {escaped(fact)}" for fact in _facts(p)) + points
            yield from _table("parameter", p.parameters, expression)
            yield from _source(p.source)


def _facts(problem: Problem) -> list[str]:
    if isinstance(problem, Network):
        return network_facts(problem)
    start = f"Start: ({_point(problem.start)})"
    return [f"Domain: {domain_text(problem)}", start, minima_text(problem).capitalize()]


def _entry(title: str, name: str, sentence: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"#### {escaped(title)} (`{name}`)"
    if sentence:
        yield escaped(sentence)
    if shown := "\n".join(lines):
        yield f"```text\n{shown}\n```"


def _table(what: str, parameters: Mapping[str, Declared], symbol: Callable[[str], str]) -> Iterator[str]:
    """Yield a table with the symbol, name, default, range and meaning of each parameter."""
    if parameters:
        rows = [("", what, "default", "range", "meaning"), ("---",) * 5]
        for name, parameter in parameters.items():
            words = (symbol(name), parameter.text, parameter.range_text, parameter.meaning)
            sign, default, allowed, meaning = map(escaped, words)
            rows.append((sign, f"`{name}`", default, allowed, meaning))
        yield "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _source(text: str) -> Iterator[str]:
    if text:
        yield f"Source: {escaped(text)}"


def escaped(text: str) -> str:
    """Return a text with escapes, so that Markdown shows it unchanged, also in a table."""
    return re.sub(r"([\\`*_\[\]<>|~#])", r"\\\1", " ".join(text.split()))


def _point(x: Iterable[float]) -> str:
    numbers = [f"{float(v):.10g}" for v in x]
    return ", ".join(numbers if len(numbers) <= 4 else [*numbers[:3], "…"])
