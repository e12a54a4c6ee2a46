"""Conversion of the plans of runs to plain JSON types and back."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from gdviewer.engine.rules.options import Options
from gdviewer.experiment.json_parts import (
    change_reader,
    change_to_dict,
    hyperparameter_reader,
    optimizer_from_dict,
    optimizer_to_dict,
    options_from_dict,
    options_to_dict,
)
from gdviewer.experiment.json_reader import FieldError, Fields, flag, items, numbers, optional, plain, whole
from gdviewer.experiment.plan import Branch, Point, RunPlan

_MAX_DEPTH = 100  # of branches of branches; a limit for malformed files


def plan_to_dict(plan: RunPlan, path: str) -> dict[str, Any]:
    """Return the plan of a run as plain JSON types.

    Raises:
        ValueError: the rule can't be stored; the message begins with ``path``.
    """
    return {
        "optimizer": optimizer_to_dict(plan.optimizer, f"{path}.optimizer"),
        "hyperparameters": plain(plan.hyperparameters),
        "start": plain(plan.start),
        "color": plain(plan.color),
        "visible": plain(plan.visible),
        "options": options_to_dict(plan.options),
        "branch": plan.branch and _branch_to_dict(plan.branch, f"{path}.branch"),
    }


def _branch_to_dict(branch: Branch, path: str) -> dict[str, Any]:
    changes = [change_to_dict(change) for change in branch.changes]
    return {"plan": plan_to_dict(branch.plan, f"{path}.plan"), "step": plain(branch.step), "changes": changes}


def plan_from_dict(given: object, path: str, dimension: int, depth: int = 0) -> RunPlan:
    """Return the plan that :func:`plan_to_dict` has stored, for points of n dimensions.

    Raises:
        ValueError: a field is wrong; the message begins with its path.
    """
    if depth > _MAX_DEPTH:
        raise FieldError(f"{path} is nested too deeply: at most {_MAX_DEPTH} branches of branches can be read")
    stored = Fields(given, path)
    rule = stored.read("optimizer", optimizer_from_dict)
    plan = RunPlan(
        rule,
        stored.read("hyperparameters", hyperparameter_reader(rule), {}),
        stored.read("start", optional(partial(point_from_list, dimension=dimension)), None),
        stored.read("color", whole(0), 0),
        stored.read("visible", flag, True),
        stored.read("options", options_from_dict, Options()),
        stored.read("branch", optional(partial(_branch_from_dict, dimension=dimension, depth=depth + 1)), None),
    )
    stored.end()
    if plan.options.schedule and "learning_rate" not in rule.hyperparameters:
        raise FieldError(f"{path}.options.schedule must be null: {rule.name} has no learning_rate to set")
    return plan


def _branch_from_dict(given: object, path: str, dimension: int, depth: int) -> Branch:
    stored = Fields(given, path)
    plan = stored.read("plan", partial(plan_from_dict, dimension=dimension, depth=depth))
    step = stored.read("step", whole(0))
    changes = stored.read("changes", items(change_reader(plan.optimizer)), ())
    stored.end()
    for i, change in enumerate(changes):
        if change.step > step:
            raise FieldError(f"{path}.changes[{i}].step must be at most {step}, the step of the branch")
    return Branch(plan, step, changes)


def point_from_list(given: object, path: str, dimension: int) -> Point:
    """Return a start of n finite numbers.

    Raises:
        ValueError: it is something else; the message begins with its path.
    """
    point = numbers(given, path)
    if point.shape != (dimension,) or not np.isfinite(point).all():
        raise FieldError(f"{path} must be {dimension} finite numbers, one for each dimension")
    return tuple(point.tolist())
