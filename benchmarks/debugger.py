"""Speed of the debugger; the last output is a JSON object with all figures.

    python benchmarks/debugger.py

The windows are drawn on the display, or offscreen without one. Figures that are compared are measured in turns.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[1]))  # import this checkout, not an installed gdviewer

from editing import editing
from open_step import open_step
from scrubbing import scrub_frames_per_s
from what_if import what_if

from gdviewer import optimizers, problems
from gdviewer.engine.breakpoints.breakpoint import Breakpoint
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits
from gdviewer.engine.worker.worker import burst
from gdviewer.ui.app.application import create_application

START = (-1.2, 1.0)
UNLIMITED = Limits(tolerance=None, max_steps=10**9)
BREAKPOINTS = (  # none of them is hit, but each is tested at each step
    Breakpoint("loss_rises_running", 1000),
    Breakpoint("move_longer", 1e3),
    Breakpoint("leaves_domain"),
    Breakpoint("non_finite"),
    Breakpoint("expression", "loss > 2*previous.loss and norm(m) > 1 and t > 10"),
)


def breakpoint_cost(pairs: int = 16, rounds: int = 21) -> dict[str, float]:
    """Return the speed of a run with five breakpoints relative to that of a run without, in alternating bursts."""
    problem, rule = problems.get("rosenbrock"), optimizers.get("adam")
    problem.prepare()  # so that the work of SymPy is not measured
    rates: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(rounds):
        runs = {
            watched: Run(problem, rule, START, limits=UNLIMITED, breakpoints=BREAKPOINTS if watched else ())
            for watched in rates
        }
        spent = dict.fromkeys(rates, 0.0)
        for i in range(pairs):
            for watched in (False, True) if i % 2 else (True, False):
                began = perf_counter()
                burst([runs[watched]], 12e-3)
                spent[watched] += perf_counter() - began
        assert not any(run.stop for run in runs.values()), [run.stop for run in runs.values()]
        for watched, run in runs.items():
            rates[watched].append(run.step / spent[watched])
    return {
        "breakpoint_cost": statistics.median(with_ / without for without, with_ in zip(*rates.values(), strict=True)),
        "steps_per_s": statistics.median(rates[False]),
        "steps_per_s_with_five_breakpoints": statistics.median(rates[True]),
    }


def main() -> None:
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as settings:
        os.environ["XDG_CONFIG_HOME"] = settings  # do not read or overwrite the user's layout
        application = create_application()
        application.setQuitOnLastWindowClosed(False)
        figures: dict[str, float] = {}
        for measure in (breakpoint_cost, what_if, editing, scrub_frames_per_s, open_step):
            figures |= (found := measure())
            print(measure.__name__, found, flush=True)
    print(json.dumps({key: float(f"{value:.4g}") for key, value in figures.items()}, indent=2))


if __name__ == "__main__":
    main()
