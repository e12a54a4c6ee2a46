"""What a run came to, as text, as plain values, and as a table."""

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

MOST_TOLD = 1000  # components of a point that are told one by one


def summary(result: Result, problem: Problem) -> dict[str, Any]:
    """The result as plain values for JSON, with what the problem has to tell of it; what is not finite is None, and so
    is a point of more than ``MOST_TOLD`` components."""
    told = {name: _plain(part) for name, part in problem.report(result.x).items()}
    return told | {
        "point": [_finite(v) for v in result.x] if len(result.x) <= MOST_TOLD else None,
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
    """What a problem tells, for JSON."""
    if isinstance(part, dict):
        return {name: _plain(each) for name, each in part.items()}
    return _finite(part) if isinstance(part, float) else part


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def report(title: str, result: Result, problem: Problem) -> str:
    """The result as a person reads it, with what the problem has to tell of it in words."""
    point = ", ".join(f"{v:.10g}" for v in result.x[:10]) + (", …" if len(result.x) > 10 else "")
    what = result.message.removesuffix(result.advice).strip()
    told = {
        name.replace("_", " "): f"{part:,}" if isinstance(part, int) else f"{part:.6g}" if _is_number(part) else part
        for name, part in problem.report(result.x).items()
        if isinstance(part, str) or _is_number(part)
    }
    width = max(11, *map(len, told), 0)
    loss = "batch loss" if problem.batchwise and problem.stochastic else "loss"
    facts = {
        **({} if problem.picture == "network" else {"point": point}),
        **told,
        loss: f"{result.fun:.10g}",
        "‖gradient‖": f"{norms(result.jac[None])[0]:.4g}",
        "steps": f"{result.nit:,}",
        "evaluations": f"{result.nfev:,} of the loss, {result.njev:,} of the gradient",
        "stopped": f"{result.reason}: {what}",
        "advice": result.advice,
    }
    return "\n".join([title, *(f"  {name:{width}}  {text}" for name, text in facts.items())])


def _is_number(part: Any) -> bool:
    return isinstance(part, (int, float))


def write_csv(result: Result, path: Path, problem: Problem) -> None:
    """Write the trace: a row for each step whose point is kept, and for the last, with the point, the loss and the norm
    of the gradient, every digit kept. Of points of more than ``MOST_TOLD`` components only loss and norm are written,
    of every step."""
    trace, n = result.trace, problem.dimension
    if n > MOST_TOLD:
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
