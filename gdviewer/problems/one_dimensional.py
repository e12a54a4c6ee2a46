"""Curves: functions of x alone."""

import numpy as np

from gdviewer.engine.rules.parameter import Parameter
from gdviewer.problems.formula import FormulaProblem

GROUP = "Curves (1-D)"


def _double_well_minima(tilt: float) -> list[list[float]]:
    """Return the roots of the derivative 4x³ − 4x + tilt where the second derivative is positive."""
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
        parameters={"tilt": Parameter(0.3, -3, 3, meaning="height of the right well above the left")},
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
        "absolute", "Absolute value", "abs(x)", domain=(-3, 3), start=2.55, minima=[[0]], minima_at="kink", group=GROUP,
        why="The slope is constant: at a constant rate, descent jumps over the kink for ever.", source="textbook",
    ),
    FormulaProblem(
        "log_cosh", "log cosh", "log(cosh(x))", domain=(-6, 6), start=5, minima=[[0]], group=GROUP,
        why="A parabola near the minimum and a straight line far away: gradients are bounded by 1.", source="textbook",
    ),
    FormulaProblem(
        "quartic", "x⁴", "x**4", domain=(-2, 2), start=-1.8, minima=[[0]], group=GROUP,
        why="The curvature vanishes with the slope: plain descent gets ever slower and never arrives.",
        source="textbook",
    ),
    FormulaProblem(
        "double_well", "Double well", "(x**2 - 1)**2", domain=(-2, 2), start=0.01, minima=[[-1], [1]], group=GROUP,
        why="Two equal wells with a maximum between: from beside it, the descent starts slowly and ends at 1.",
        source="textbook",
    ),
    FormulaProblem(
        "huber", "Huber", "min(abs(x), delta)*(abs(x) - min(abs(x), delta)/2)",
        parameters={"delta": Parameter(1, 0.1, 5, scale="log", meaning="distance at which the lines begin")},
        domain=(-6, 6), start=5, minima=[[0]], group=GROUP,
        why="A parabola near the minimum and straight lines far away: the gradient is at most δ.",
        source="Huber 1964",
    ),
    FormulaProblem(
        "x_minus_log_x", "x − log x", "x - log(x)", domain=(0.01, 5), start=4, minima=[[1]], group=GROUP,
        why="The loss is not defined left of 0: from 4, a learning rate of 6 leaves the domain in the first step.",
        source="textbook",
    ),
    FormulaProblem(
        "rastrigin_1d", "Rastrigin (1-D)", "amplitude + x**2 - amplitude*cos(2*pi*x)",
        parameters={"amplitude": Parameter(10, 0, 30, meaning="height of the ripples; 0 leaves a parabola")},
        domain=(-5.12, 5.12), start=-3.4, minima=[[0]], group=GROUP,
        why="A parabola with ripples: plain descent at 0.001 and Adam at 0.1 stay in the first ripple.",
        source="Rastrigin 1974",
    ),
    FormulaProblem(
        "sin_sum", "sin x + sin 10x/3", "sin(x) + sin(10*x/3)", domain=(2.7, 7.5), start=4.2, group=GROUP,
        minima=[[5.145735290256128], [3.387251718444631], [7.000149116862254]],
        why="Three wells of different depth: from just right of the maximum between two, descent finds the deepest.",
        source="Hansen, Jaumard & Lu 1992",
    ),
    FormulaProblem(
        "gaussian_well", "Gaussian well", "-exp(-x**2/(2*width**2))",
        parameters={"width": Parameter(1, 0.1, 5, scale="log", meaning="distance of the steepest points")},
        domain=(-5, 5), start=-3, minima=[[0]], group=GROUP,
        why="The slope vanishes away from the well: plain descent takes long to reach it, Adam does not.",
        source="textbook",
    ),
    FormulaProblem(
        "sigmoid_cliff", "Sigmoid cliff", "1/(1 + exp(-steepness*x))",
        parameters={"steepness": Parameter(4, 0.5, 50, scale="log", meaning="four times the slope of the cliff")},
        domain=(-5, 5), start=1.5, group=GROUP,
        why="Flat, a cliff, and flat again: descent is slow, then fast, then slow without end; there is no minimum.",
        source="textbook",
    ),
]  # fmt: skip
