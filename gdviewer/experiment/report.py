"""What a run came to, as text, as plain values, and as a table."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from gdviewer.engine.trace import norms
from gdviewer.experiment.minimize import Result
from gdviewer.problems.problem import Problem


def summary(result: Result, problem: Problem) -> dict[str, Any]:
    """The result as plain values for JSON, with what the problem has to tell of it; what is not finite is None."""
    told = {
        name: {key: _finite(number) for key, number in part.items()} if isinstance(part, dict) else part
        for name, part in problem.report(result.x).items()
    }
    return told | {
        "point": [_finite(v) for v in result.x],
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


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def report(title: str, result: Result, problem: Problem) -> str:
    """The result as a person reads it, with what the problem has to tell of it in words."""
    point = ", ".join(f"{v:.10g}" for v in result.x[:10]) + (", …" if len(result.x) > 10 else "")
    what = result.message.removesuffix(result.advice).strip()
    return "\n".join(
        [
            title,
            f"  point        {point}",
            *(f"  {name:11}  {text}" for name, text in problem.report(result.x).items() if isinstance(text, str)),
            f"  loss         {result.fun:.10g}",
            f"  ‖gradient‖   {norms(result.jac[None])[0]:.4g}",
            f"  steps        {result.nit:,}",
            f"  evaluations  {result.nfev:,} of the loss, {result.njev:,} of the gradient",
            f"  stopped      {result.reason}: {what}",
            f"  advice       {result.advice}",
        ]
    )


def write_csv(result: Result, path: Path, problem: Problem) -> None:
    """Write the trace: a row for each step whose point is kept, and for the last, with the point, the loss and the norm
    of the gradient, every digit kept."""
    trace = result.trace
    kept = [(int(step), x) for step, x in zip(trace.kept, trace.x, strict=True) if step < result.nit]
    names = problem.axis_names if problem.dimension <= 2 else [f"x{i}" for i in range(problem.dimension)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["step", *names[: problem.dimension], "loss", "gradient_norm"])
        writer.writerows(
            [step, *x.tolist(), float(trace.loss[step]), float(trace.gradient_norm[step])]
            for step, x in [*kept, (result.nit, result.x)]
        )
