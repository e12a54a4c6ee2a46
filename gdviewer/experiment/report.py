"""The result of a run as text, as plain values for JSON, and as a table."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from gdviewer.engine.record.trace import norms
from gdviewer.engine.rules.oracle import Array
from gdviewer.experiment.minimize import Result
from gdviewer.problems.problem import Problem

MAX_COMPONENTS = 1000  # points of more components are left out


def summary(result: Result, problem: Problem) -> dict[str, Any]:
    """Return the result as plain values for JSON, with the values that the problem reports.

    Numbers that are not finite become None, and so does a point of more than ``MAX_COMPONENTS`` components.
    """
    reported = {name: _plain(part) for name, part in problem.report(result.x).items()}
    return reported | {
        "point": [_finite(v) for v in result.x] if len(result.x) <= MAX_COMPONENTS else None,
        "dimension": len(result.x),
        "loss": _finite(result.fun),
        "gradient_norm": _finite(norms(result.jac[None])[0]),
        "steps": result.nit,
        "evaluations": {"value": result.nfev, "gradient": result.njev, "hessian": result.nhev},
        "stop_reason": result.reason,
        "message": result.message,
        "diagnosis": None
        if result.diagnosis is None
        else {
            "kind": result.diagnosis.kind.value,
            "eigenvalues": result.diagnosis.eigenvalues.tolist(),
            "all_eigenvalues": result.diagnosis.whole,
        },
        "advice": result.advice,
        "success": result.success,
    }


def _plain(part: Any) -> Any:
    """Return a value that a problem reports as plain JSON types."""
    if isinstance(part, dict):
        return {name: _plain(each) for name, each in part.items()}
    return _finite(part) if isinstance(part, float) else part


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def report(title: str, result: Result, problem: Problem) -> str:
    """Return the result as readable text, with the facts that the problem reports."""
    point = ", ".join(f"{v:.10g}" for v in result.x[:10]) + (", …" if len(result.x) > 10 else "")
    message = result.message.removesuffix(result.advice).strip()
    reported = {
        name.replace("_", " "): f"{part:,}" if isinstance(part, int) else f"{part:.6g}" if _is_number(part) else part
        for name, part in problem.report(result.x).items()
        if isinstance(part, str) or _is_number(part)
    }
    width = max(11, *map(len, reported), 0)
    loss = "batch loss" if problem.batchwise and problem.stochastic else "loss"
    facts = {
        **({} if problem.picture == "network" else {"point": point}),
        **reported,
        loss: f"{result.fun:.10g}",
        "‖gradient‖": f"{norms(result.jac[None])[0]:.4g}",
        "steps": f"{result.nit:,}",
        "evaluations": f"{result.nfev:,} of the loss, {result.njev:,} of the gradient",
        "stopped": f"{result.reason}: {message}",
        "advice": result.advice,
    }
    return "\n".join([title, *(f"  {name:{width}}  {text}" for name, text in facts.items())])


def _is_number(part: Any) -> bool:
    return isinstance(part, (int, float))


def write_csv(result: Result, path: Path, problem: Problem) -> None:
    """Write the trace as CSV with full precision: the step, the point, the loss and the norm of the gradient.

    There is a row for the last step and for each step whose point is stored. For points of more than
    ``MAX_COMPONENTS`` components, the points are left out, and every step has a row.

    Raises:
        OSError: the file can't be written.
    """
    trace, n = result.trace, problem.dimension
    if n > MAX_COMPONENTS:
        rows: Iterable[tuple[int, Array]] = ((step, result.x[:0]) for step in range(result.nit + 1))
        n = 0
    else:
        kept = zip(trace.kept.tolist(), trace.x, strict=True)
        rows = [*((step, x) for step, x in kept if step < result.nit), (result.nit, result.x)]
    names = problem.axis_names if n <= 2 else [f"x{i}" for i in range(n)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["step", *names[:n], "loss", "gradient_norm"])
        writer.writerows(
            [step, *x.tolist(), float(trace.loss[step]), float(trace.gradient_norm[step])] for step, x in rows
        )
