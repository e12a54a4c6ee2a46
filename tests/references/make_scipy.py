"""Write scipy.json: where SciPy's minimisers end, and what they evaluate on the way.

SciPy is no dependency; run this in an environment of its own with scipy and numpy:

    python tests/references/make_scipy.py
"""

import json
from pathlib import Path

import numpy as np
import scipy
from scipy.optimize import minimize, rosen, rosen_der, rosen_hess

GRADIENT_TOLERANCE = 1e-5


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def rosenbrock_gradient(x):
    return np.array([-2 * (1 - x[0]) - 400 * x[0] * (x[1] - x[0] ** 2), 200 * (x[1] - x[0] ** 2)])


def rosenbrock_hessian(x):
    return np.array([[2 - 400 * (x[1] - 3 * x[0] ** 2), -400 * x[0]], [-400 * x[0], 200]])


def himmelblau(x):
    return (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2


def himmelblau_gradient(x):
    a, b = x[0] ** 2 + x[1] - 11, x[0] + x[1] ** 2 - 7
    return np.array([4 * x[0] * a + 2 * b, 2 * a + 4 * x[1] * b])


def himmelblau_hessian(x):
    mixed = 4 * (x[0] + x[1])
    return np.array([[12 * x[0] ** 2 + 4 * x[1] - 42, mixed], [mixed, 12 * x[1] ** 2 + 4 * x[0] - 26]])


def beale(x):
    return sum((c - x[0] * (1 - x[1] ** k)) ** 2 for k, c in ((1, 1.5), (2, 2.25), (3, 2.625)))


def beale_gradient(x):
    parts = [(c - x[0] * (1 - x[1] ** k), k) for k, c in ((1, 1.5), (2, 2.25), (3, 2.625))]
    return np.array(
        [
            sum(-2 * r * (1 - x[1] ** k) for r, k in parts),
            sum(2 * r * x[0] * k * x[1] ** (k - 1) for r, k in parts),
        ]
    )


def beale_hessian(x):
    H = np.zeros((2, 2))
    for k, c in ((1, 1.5), (2, 2.25), (3, 2.625)):
        r = c - x[0] * (1 - x[1] ** k)
        d = np.array([-(1 - x[1] ** k), x[0] * k * x[1] ** (k - 1)])
        mixed = k * x[1] ** (k - 1)
        bent = x[0] * k * (k - 1) * x[1] ** (k - 2) if k > 1 else 0.0
        H += 2 * np.outer(d, d) + 2 * r * np.array([[0, mixed], [mixed, bent]])
    return H


PROBLEMS = {
    "rosenbrock": (rosenbrock, rosenbrock_gradient, rosenbrock_hessian, [[-1.2, 1.0], [2.0, -1.0]]),
    "himmelblau": (himmelblau, himmelblau_gradient, himmelblau_hessian, [[0.1, 4.0], [4.0, -4.0]]),
    "beale": (beale, beale_gradient, beale_hessian, [[1.0, 1.0], [2.0, -0.5]]),
    # 10 dimensions, SciPy's own
    "rosenbrock_10": (rosen, rosen_der, rosen_hess, [[0.0] * 10, [1.3, 0.7, 0.8, 1.9, 1.2] * 2]),
}
METHODS = {
    "CG": {"gtol": GRADIENT_TOLERANCE},
    "BFGS": {"gtol": GRADIENT_TOLERANCE},
    "L-BFGS-B": {"gtol": GRADIENT_TOLERANCE, "ftol": 0},
    "Newton-CG": {"xtol": GRADIENT_TOLERANCE},
    "trust-exact": {"gtol": GRADIENT_TOLERANCE},
}


def main() -> None:
    cases = []
    for problem, (value, gradient, hessian, starts) in PROBLEMS.items():
        for start in starts:
            for method, options in METHODS.items():
                hess = hessian if method in ("Newton-CG", "trust-exact") else None
                found = minimize(value, np.array(start), jac=gradient, hess=hess, method=method, options=options)
                counts = [int(found.nfev), int(found.njev), int(found.get("nhev", 0))]
                cases.append(
                    {"problem": problem, "start": start, "method": method, "x": found.x.tolist(), "counts": counts}
                )
    target = Path(__file__).with_name("scipy.json")
    rows = ",\n".join(json.dumps(case) for case in cases)
    head = f'"scipy": "{scipy.__version__}", "gradient_tolerance": {GRADIENT_TOLERANCE}'
    target.write_text(f'{{{head}, "cases": [\n{rows}\n]}}\n')
    print(f"{target.name}: {len(cases)} cases from SciPy {scipy.__version__}")


if __name__ == "__main__":
    main()
