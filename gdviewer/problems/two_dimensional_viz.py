"""The surfaces of lilipads/gradient_descent_viz."""

from math import pi

from gdviewer.problems.formula import FormulaProblem

GROUP = "gradient_descent_viz (2-D)"
_SOURCE = "github.com/lilipads/gradient_descent_viz, surfaces.js"

PROBLEMS = [
    FormulaProblem(
        "lilipads_global_minimum", "Global minimum (lilipads)", "x**2 + y**2",
        domain=[(-2, 2), (-2, 2)], start=(1.5, 1.5), minima=[(0, 0)], group=GROUP,
        why="A round bowl: the gradient points straight at the minimum, and a rate of 0.5 takes one step.",
        source=_SOURCE,
    ),
    FormulaProblem(
        "lilipads_local_minimum", "Local minimum (lilipads)",
        "-2*exp(-((x - 1)**2 + (1.4*y)**2)/0.2) - 6*exp(-((x + 1)**2 + (1.4*y)**2)/0.2) + x**2 + (1.4*y)**2",
        domain=[(-2, 2), (-2, 2)], start=(1.5, 1.5), minima=[(-0.9675774464554597, 0), (0.9053178606008483, 0)],
        group=GROUP,
        why="A shallow well before a deep one: at 0.01, plain descent ends in the first, momentum in the second.",
        source=_SOURCE,
    ),
    FormulaProblem(
        "lilipads_hills", "Hills (lilipads)",
        "2*exp(-((x - 1)**2 + (1.4*y)**2)/0.2) + 6*exp(-((x + 1)**2 + (1.4*y)**2)/0.2)"
        " - 2*exp(-((x - 1)**2 + (1.4*y + 1)**2)/0.2) + x**2 + (1.4*y)**2",
        domain=[(-2, 2), (-2, 2)], start=(1.5, 1.5), group=GROUP,
        minima=[(0.9003065222993073, -0.6534011583039486), (0.04150712569956181, -0.0006403776376543042)],
        why="Two hills and a hollow in a bowl: plain descent and Adam at 0.1 stop above the hollow.",
        source=_SOURCE,
    ),
    FormulaProblem(
        "lilipads_plateau", "Plateau (lilipads)",
        "-sin(10*sqrt(x**2 + y**2) + 0.01)/(10*sqrt(x**2 + y**2) + 0.01) + 0.01*(10*sqrt(x**2 + y**2) + 0.01)**2",
        domain=[(-2, 2), (-2, 2)], start=(1.5, 1.5), minima=[(0, 0)], minima_at="kink", group=GROUP,
        why="A funnel inside a level ring: plain descent stops on the ring, momentum goes on into the funnel.",
        source=_SOURCE,
    ),
    FormulaProblem(
        "lilipads_saddle_point", "Saddle point (lilipads)", "sin(x) + y**2",
        domain=[(-2, 2), (-2, 2)], start=(1.5, 1.5), minima=[(-pi / 2, 0)], group=GROUP,
        why="Beside the maximum of a sine: slowly down to the saddle, then along the valley.", source=_SOURCE,
    ),
    FormulaProblem(
        "lilipads_ecliptic_bowl", "Ecliptic bowl (lilipads)",
        "-exp(-((x/2)**2 + 5*(y/2)**2)) + (x/2)**2 + 0.5*(y/2)**2",
        domain=[(-2, 2), (-2, 2)], start=(1.5, 1.5), minima=[(0, 0)], group=GROUP,
        why="A hollow in an elliptic bowl that is long in the other direction: the path bends.", source=_SOURCE,
    ),
]  # fmt: skip
