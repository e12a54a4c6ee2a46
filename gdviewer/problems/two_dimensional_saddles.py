"""Landscapes with a saddle in the middle."""

from gdviewer.problems.formula import FormulaProblem

GROUP = "Saddles (2-D)"

PROBLEMS = [
    FormulaProblem(
        "saddle", "Saddle", "x**2 - y**2", domain=[(-2, 2), (-2, 2)], start=(-1.8, 0.001), group=GROUP,
        why="Down to the saddle along x, then away along y, slowly at first; there is no minimum.",
        source="textbook",
    ),
    FormulaProblem(
        "monkey_saddle", "Monkey saddle", "x**3 - 3*x*y**2", domain=[(-2, 2), (-2, 2)], start=(1.5, 0.05),
        group=GROUP, why="Three valleys meet at a point where the curvature vanishes, too.", source="textbook",
    ),
]  # fmt: skip
