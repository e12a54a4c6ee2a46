"""Problems, rates and file format that the scripts of this folder share."""

import json
from pathlib import Path

STEPS = [1, 2, 3, 5, 10, 20, 50, 100, 101, 102, 150, 200]
GENTLE = ("booth", "log_cosh")  # where a library's default rate does not lead away
RATE_HALVED_AFTER = 100  # so that it shows where a rule has its rate

# Each as a function of a library's functions and the components of the point; where it starts; and rates that suit
# methods whose steps are as long as the gradient, and methods that choose the length of their steps themselves.
PROBLEMS = {
    "rosenbrock": (lambda m, x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2, [-1.2, 1.0], {"long": 3e-4, "set": 0.01}),
    "himmelblau": (
        lambda m, x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2,
        [-0.5, -1.0],
        {"long": 3e-3, "set": 0.03},
    ),
    "beale": (
        lambda m, x, y: (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2,
        [1.1, 0.9],
        {"long": 5e-3, "set": 0.02},
    ),
    "booth": (lambda m, x, y: (x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2, [-7.1, 5.2], {"long": 0.02, "set": 0.07}),
    "log_cosh": (lambda m, x: m.log(m.cosh(x)), [4.9], {"long": 0.3, "set": 0.04}),
}  # fmt: skip


def write(name, versions, optimizers, descend):
    """Write a file of cases: every optimizer on every problem with each of its choices of hyperparameters.

    Args:
        name: the name of the file.
        versions: the versions of the libraries.
        optimizers: for each name the kind of its rate, a factor on that, how the library makes it, and the choices of
            hyperparameters other than the rate; those left out have the library's own defaults, and with the choice
            ``None`` so has the rate.
        descend: called as ``descend(make, function, start, hyperparameters)``; returns the points after each step, and
            more of the state by its name in gdviewer.
    """
    cases = []
    for optimizer, (kind, factor, make, choices) in optimizers.items():
        for problem, (function, start, rates) in PROBLEMS.items():
            for choice in choices:
                if choice is None and problem not in GENTLE:
                    continue
                values = {"learning_rate": float(f"{rates[kind] * factor:.3g}")} | choice if choice is not None else {}
                path = descend(make, function, start, values)
                cases.append(
                    {
                        "optimizer": optimizer,
                        "problem": problem,
                        "start": start,
                        "hyperparameters": values,
                        "after": {key: [rows[step - 1] for step in STEPS] for key, rows in path.items()},
                    }
                )
    head = {"versions": versions, "steps": STEPS, "rate_halved_after": RATE_HALVED_AFTER}
    lines = ",\n".join(json.dumps(case) for case in cases)
    target = Path(__file__).with_name(name)
    target.write_text(json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}\n")
    print(f"{name}: {len(cases)} cases, {target.stat().st_size // 1000} kB, from {versions}")
