"""Curves: functions of x alone."""

import numpy as np

from gdviewer.engine.parameter import Parameter
from gdviewer.problems.formula import FormulaProblem

GROUP = "Curves (1-D)"


def _double_well_minima(tilt: float) -> list[list[float]]:
    """The roots of the derivative 4x³ − 4x + tilt where the second derivative is positive."""
    roots = np.roots([4.0, 0.0, -4.0, tilt])
    return [[r.real] for r in roots if abs(r.imag) < 1e-9 and 12 * r.real**2 > 4]


PROBLEMS = [
    FormulaProblem(
        "parabola", "Parabola", "a*x**2",
        parameters={"a": Parameter(1.0, 0.01, 100, scale="log", meaning="steepness; the curvature is 2a")},
        domain=(-5, 5), start=-4, minima=[[0]], group=GROUP,
        why="One minimum and constant curvature: a learning rate above 1/a makes every step overshoot further.",
        source="textbook",
    ),
    FormulaProblem(
        "quartic_inflection", "x⁴ − 3x³ + 2", "x**4 - 3*x**3 + 2", domain=(-1.5, 3.5), start=-1, minima=[[2.25]],
        group=GROUP, why="A flat inflection at 0 on the way to the minimum at 9/4: plain descent stalls there.",
        source="Wikipedia, Gradient descent (the worked example of its early versions)",
    ),
    FormulaProblem(
        "quartic_two_wells", "x⁴ − 5x² − 3x", "x**4 - 5*x**2 - 3*x", domain=(-3, 3), start=-2.5,
        minima=[[1.7139394361853717], [-1.4017712478412978]], group=GROUP,
        why="A local and a global minimum: from the left, plain descent is trapped in the shallower well.",
        source="textbook",
    ),
    FormulaProblem(
        "tilted_double_well", "Tilted double well", "(x**2 - 1)**2 + tilt*x",
        parameters={"tilt": Parameter(0.3, -3, 3, meaning="how far the right well is lifted above the left")},
        domain=(-2, 2), start=1.8, minima=_double_well_minima, group=GROUP,
        why="Tilt it until the higher well disappears and watch where the descent ends.", source="textbook",
    ),
    FormulaProblem(
        "forrester", "Forrester", "(6*x - 2)**2*sin(12*x - 4)", domain=(0, 1), start=0.35,
        minima=[[0.7572487578418557], [0.14258918932471631]], group=GROUP,
        why="A shallow local minimum beside the deep one, on a short interval: rates need scaling to it.",
        source="Forrester, Sóbester & Keane 2008",
    ),
    FormulaProblem(
        "gramacy_lee", "Gramacy–Lee", "sin(10*pi*x)/(2*x) + (x - 1)**4", domain=(0.5, 2.5), start=2.4,
        minima=[[0.5485634445276052]], group=GROUP,
        why="Many local minima under a quartic: small steps stop in the first one they meet.",
        source="Gramacy & Lee 2012",
    ),
    FormulaProblem(
        "absolute", "Absolute value", "abs(x)", domain=(-3, 3), start=2.55, minima=[[0]], group=GROUP,
        why="The slope never fades: a constant learning rate hops over the kink for ever.", source="textbook",
    ),
    FormulaProblem(
        "log_cosh", "log cosh", "log(cosh(x))", domain=(-6, 6), start=5, minima=[[0]], group=GROUP,
        why="A parabola near the minimum and a straight line far away: gradients are bounded by 1.", source="textbook",
    ),
]  # fmt: skip
