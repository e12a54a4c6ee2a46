"""Quasi-Newton methods: curvature estimated from past gradients."""

import numpy as np

from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.parameter import count
from gdviewer.optimizers.line_search import decrease, flatness, strong_wolfe


def curved(s, y):
    """True if the slope has increased along the move s, so that the curvature is positive."""
    return s @ y > 1e-15 * np.linalg.norm(s) * np.linalg.norm(y)


@optimizer(
    "BFGS",
    "Newton's direction with an approximate inverse Hessian H, updated from the change of the gradient in each step.",
    source="Broyden, Fletcher, Goldfarb & Shanno 1970; Nocedal & Wright 2006, Algorithm 6.1",
    broadcasts=False,
)
def bfgs(x, f, H=0.0, *, c1=decrease(1e-4), c2=flatness(0.9)):
    """H is 0 while nothing is known: the step is then down the slope, first tried no longer than 1, and the curvature
    it meets scales H (Nocedal & Wright, (6.20); SciPy begins with I). A step ends where the strong Wolfe conditions
    hold; where none is found, H is forgotten.
    """
    n = x.size
    g = f.gradient(x)
    H = H + np.zeros((n, n))
    fresh = not H.any()
    p = -g / max(1, np.linalg.norm(g)) if fresh else -H @ g
    alpha, x_new = strong_wolfe(f, x, p, 1.0, c1, c2)
    if alpha == 0:
        return x, np.zeros((n, n))
    s = x_new - x
    y = f.gradient(x_new) - g
    if curved(s, y):
        if fresh:
            H = (y @ s) / (y @ y) * np.eye(n)
        rho = 1 / (y @ s)
        V = np.eye(n) - rho * np.outer(s, y)
        H = V @ H @ V.T + rho * np.outer(s, s)
    return x_new, H


@optimizer(
    "L-BFGS",
    "BFGS with the last m moves (rows of S) and gradient changes (rows of Y) instead of a matrix.",
    source="Nocedal 1980; Nocedal & Wright 2006, Algorithms 7.4 and 7.5",
    broadcasts=False,
)
def l_bfgs(
    x,
    f,
    S=0.0,
    Y=0.0,
    *,
    history_size=count(10, high=100, meaning="number of moves that are kept", slider=(1, 30)),
    c1=decrease(1e-4),
    c2=flatness(0.9),
):
    """The newest is the last row; a row of zeros is empty. H₀ is scaled by the newest. A step ends where the strong
    Wolfe conditions hold; where none is found, all is forgotten. More moves than at the first step are not kept.
    """
    if np.ndim(S) == 0:
        S = Y = np.zeros((int(history_size), x.size))
    g = f.gradient(x)
    p = -two_loops(g, S, Y, history_size)
    alpha, x_new = strong_wolfe(f, x, p, 1.0, c1, c2)
    if alpha == 0:
        return x, np.zeros_like(S), np.zeros_like(Y)
    s = x_new - x
    y = f.gradient(x_new) - g
    if curved(s, y):
        S = np.vstack([S[1:], s])
        Y = np.vstack([Y[1:], y])
    return x_new, S, Y


def two_loops(g, S, Y, history_size):
    """Return H·g, with H = γI updated by each of the last pairs of rows (s, y); without any, g of length ≤ 1."""
    last = slice(-int(history_size), None)
    pairs = [(s, y, 1 / (s @ y)) for s, y in zip(S[last], Y[last], strict=True) if y.any()]
    if not pairs:
        return g / max(1, np.linalg.norm(g))
    q, steps = g, []
    for s, y, rho in reversed(pairs):
        a = rho * (s @ q)
        q = q - a * y
        steps.append(a)
    s, y, rho = pairs[-1]
    r = (s @ y) / (y @ y) * q
    for (s, y, rho), a in zip(pairs, reversed(steps), strict=True):
        b = rho * (y @ r)
        r = r + (a - b) * s
    return r
