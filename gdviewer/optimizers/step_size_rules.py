"""Gradient descent that chooses the length of each step."""

import numpy as np

from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.parameter import Parameter, count
from gdviewer.optimizers.line_search import backtracked, decrease, exact, shortening


def first_step(default, meaning):
    """A step length α to begin with."""
    return Parameter(default, 0, 1e6, scale="log", open_low=True, slider=(1e-5, 100), meaning=meaning)


@optimizer(
    "Armijo backtracking",
    "Try a long step against the gradient, and shorten it until it lowers the loss enough.",
    source="Armijo 1966; Nocedal & Wright 2006, Algorithm 3.1",
    broadcasts=False,
)
def armijo(
    x,
    f,
    *,
    first_step=first_step(1, "step length tried first in each step"),
    shrink=shortening(0.5),
    c1=decrease(1e-4),
):
    """Enough is f(x − α·g) ≤ f(x) − c₁·α·‖g‖². Trials outside of the domain are too long too."""
    g = f.gradient(x)
    alpha, x = backtracked(f, x, -g, first_step, shrink, c1)
    return x


@optimizer(
    "Exact line search",
    "Step to the minimum along the gradient; each direction is at right angles to the previous one.",
    source="Cauchy 1847; Nocedal & Wright 2006, (3.26)",
    broadcasts=False,
)
def exact_line_search(
    x, f, alpha=0.0, *, first_step=first_step(0.1, "first trial step of the first search, if f is not quadratic")
):
    """On a quadratic function α = gᵀg / gᵀHg, infinite where the line falls for ever; elsewhere the first minimum on
    the line is bracketed, from the last α on, and closed in on by Brent's method.
    """
    g = f.gradient(x)
    found, x = exact(f, x, -g, alpha or first_step)
    alpha = found or alpha
    return x, alpha


def highest(losses, recent):
    """The highest of the recent losses."""
    return np.max(losses[-int(recent) :])


@optimizer(
    "Barzilai–Borwein 1",
    "Step length from the curvature along the last move s: α = sᵀs / sᵀy, y the gradient change. The longer variant.",
    source="Barzilai & Borwein 1988; Raydan 1997",
    broadcasts=False,
)
def barzilai_borwein_1(
    x,
    f,
    t,
    s=0.0,
    g_before=0.0,
    losses=0.0,
    *,
    first_step=first_step(1e-3, "step length of the first step"),
    recent=count(
        10, high=100, meaning="number of recent losses; a new one must be below their maximum", slider=(1, 100)
    ),
    shrink=shortening(0.5),
    c1=decrease(1e-4),
):
    """Made safe: where sᵀy ≤ 0, α = ‖s‖ / ‖y‖ (Dai, Al-Baali & Yang 2015); and the step is shortened until the loss is
    lower than the highest of the recent ones (Grippo, Lampariello & Lucidi 1986), so it may rise on the way.
    """
    g = f.gradient(x)
    if t == 1:
        alpha = first_step
        history = np.full(int(recent), f.value(x))
    else:
        y = g - g_before
        alpha = (s @ s) / (s @ y) if s @ y > 0 else np.linalg.norm(s) / np.linalg.norm(y)
        history = np.append(losses[1:], f.value(x))
    alpha, x_new = backtracked(f, x, -g, min(alpha, 1e10), shrink, c1, above=highest(history, recent))
    if alpha == 0:
        return (x, 0 * g, g, history) if t == 1 else (x, s, g_before, losses)
    s = x_new - x
    return x_new, s, g, history


@optimizer(
    "Barzilai–Borwein 2",
    "Step length from the curvature along the last move s: α = sᵀy / yᵀy, y the gradient change. The shorter variant.",
    source="Barzilai & Borwein 1988; Raydan 1997",
    broadcasts=False,
)
def barzilai_borwein_2(
    x,
    f,
    t,
    s=0.0,
    g_before=0.0,
    losses=0.0,
    *,
    first_step=first_step(1e-3, "step length of the first step"),
    recent=count(
        10, high=100, meaning="number of recent losses; a new one must be below their maximum", slider=(1, 100)
    ),
    shrink=shortening(0.5),
    c1=decrease(1e-4),
):
    """Made safe: where sᵀy ≤ 0, α = ‖s‖ / ‖y‖ (Dai, Al-Baali & Yang 2015); and the step is shortened until the loss is
    lower than the highest of the recent ones (Grippo, Lampariello & Lucidi 1986), so it may rise on the way.
    """
    g = f.gradient(x)
    if t == 1:
        alpha = first_step
        history = np.full(int(recent), f.value(x))
    else:
        y = g - g_before
        alpha = (s @ y) / (y @ y) if s @ y > 0 else np.linalg.norm(s) / np.linalg.norm(y)
        history = np.append(losses[1:], f.value(x))
    alpha, x_new = backtracked(f, x, -g, min(alpha, 1e10), shrink, c1, above=highest(history, recent))
    if alpha == 0:
        return (x, 0 * g, g, history) if t == 1 else (x, s, g_before, losses)
    s = x_new - x
    return x_new, s, g, history


@optimizer(
    "Polyak step",
    "Step to where the tangent reaches the lowest loss: α = (f(x) − f*) / ‖g‖².",
    source="Polyak 1969; Polyak 1987, section 5.3",
    broadcasts=False,
    needs=("lowest",),
)
def polyak_step(x, f):
    """On a convex function each step comes nearer to every minimum. Near a local minimum the slope vanishes and
    f(x) − f* does not, so the step throws it far out.
    """
    g = f.gradient(x)
    above = max(f.value(x) - f.lowest, 0)
    alpha = above / (g @ g) if above else 0
    x = x - alpha * g
    return x
