"""Kinds of optimizers and problems, and the cases of a long table that stand for the others.

A table of every optimizer on every problem has thousands of cases, of which most find the same mistakes. The default
run has those that are the first of their kind; the others carry the marker ``all_pairs``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

import pytest

from gdviewer import optimizers, problems, schedules


def representatives(cases: Iterable[Any], *kinds: Callable[..., Hashable]) -> list[Any]:
    """Return the cases of a table for ``parametrize``, with the marker ``all_pairs`` on those that bring no new kind.

    Args:
        cases: The cases; a tuple is one with several values.
        kinds: Functions of the values of a case. A case that is the first with a result of one of them is left
            unmarked, so that the default run has each kind once. Without any, only the first case is unmarked.
    """
    kinds = kinds or (lambda *_: "all of one kind",)
    seen: set[tuple[int, Hashable]] = set()
    marked = []
    for case in cases:
        values = case if isinstance(case, tuple) else (case,)
        found = {(i, kind(*values)) for i, kind in enumerate(kinds)}
        marked.append(pytest.param(*values, marks=pytest.mark.all_pairs if found <= seen else ()))
        seen |= found
    return marked


def family(optimizer: str) -> str:
    """The file of an optimizer of the catalogue: its family."""
    return optimizers.get(optimizer).function.__module__


def problem_kind(name: str) -> tuple[type, str]:
    """Class and group of a problem of the catalogue."""
    problem = problems.get(name)
    return type(problem), problem.group


def control_kinds(schedule: str) -> frozenset[type]:
    """The kinds of controls of a schedule of the catalogue."""
    return frozenset(type(parameter) for parameter in schedules.get(schedule).parameters.values())
