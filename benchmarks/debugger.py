"""How fast the debugger is: prints one JSON object last.

    python benchmarks/debugger.py

Figures that are compared with each other are measured in turns.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[1]))  # this checkout, whatever is installed

from open_step import open_step

from gdviewer import optimizers, problems
from gdviewer.engine.breakpoint import Breakpoint
from gdviewer.engine.run import Run
from gdviewer.engine.stop import Limits
from gdviewer.engine.worker import burst

START = (-1.2, 1.0)
UNLIMITED = Limits(tolerance=None, max_steps=10**9)
BREAKPOINTS = (  # none of them is hit, but each step is judged by all
    Breakpoint("loss_rises_running", 1000),
    Breakpoint("move_longer", 1e3),
    Breakpoint("leaves_domain"),
    Breakpoint("non_finite"),
    Breakpoint("expression", "loss > 2*previous.loss and norm(m) > 1 and t > 10"),
)


def breakpoint_cost(seconds: float = 0.4, rounds: int = 15) -> dict[str, float]:
    """The full-speed rate of bursts with five breakpoints over the rate without, of two runs in turns."""

    def rate(run: Run) -> float:
        before, began = run.step, perf_counter()
        while perf_counter() < began + seconds:
            burst([run], 12e-3)
        return (run.step - before) / (perf_counter() - began)

    problem, rule = problems.get("rosenbrock"), optimizers.get("adam")
    problem.prepare()  # SymPy's work is not a step's
    ratios, plain, watched = [], [], []
    for i in range(rounds):
        runs = [Run(problem, rule, START, limits=UNLIMITED, breakpoints=b) for b in ((), BREAKPOINTS)]
        rates = {run: rate(run) for run in (runs if i % 2 else runs[::-1])}
        assert not any(run.stop for run in runs), [run.stop for run in runs]
        plain.append(rates[runs[0]])
        watched.append(rates[runs[1]])
        ratios.append(watched[-1] / plain[-1])
    return {
        "breakpoint_cost": statistics.median(ratios),
        "steps_per_s": statistics.median(plain),
        "steps_per_s_with_five_breakpoints": statistics.median(watched),
    }


def main() -> None:
    figures = breakpoint_cost() | open_step()
    print(json.dumps({key: float(f"{value:.4g}") for key, value in figures.items()}, indent=2))


if __name__ == "__main__":
    main()
